# Attacks: every attempt of the attacks program, outside, where it has to succeed, and behind policies,
# where nothing of it may be seen; and the same on machines that lack a layer.
#
# In: the attacks program (as --target), whose list says what each attempt leaves to be seen, which
# policies hold it, and what it needs. Out: cases, one per machine; an attempt that gets through is
# named with its policy, and so is one that does not succeed outside.
# Neighbours: world.py, attack.h, tests/kernel/profiles/harness.py.
import ctypes
import os
import subprocess
import sys

from harness import Skipped, case
from world import INHERITED, World

FOLDERS = "/usr/**, /etc/**, /lib/**?, /lib64/**?"


class Attempt:
    def __init__(self, line):
        self.name, self.effect, held, conditions = line.split("\t")
        self.held = set(filter(None, held.split(",")))
        self.conditions = set(filter(None, conditions.split(",")))


def attempts(bench):
    done = bench.expect(bench.outside(bench.target, "list"))
    return [Attempt(line) for line in done.stdout.splitlines()]


def landlock_version():
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


# ---- one attempt ----------------------------------------------------------------------------------

class Run:
    """What came of an attempt: its status, what it printed, and what was seen of it."""

    def __init__(self, world, attempt, *prefix):
        command = [*prefix, world.program, *world.arguments(attempt.name)]
        terminal = None
        if "terminal" in attempt.conditions:
            terminal = world.open_terminal()
            command = [world.program, "at-terminal", *command]
        with open(world.folder / "in/picture") as picture:
            done = subprocess.run(
                command, stdin=terminal[1] if terminal else picture, capture_output=True,
                cwd="/", env={}, pass_fds=INHERITED.values(), start_new_session=True, timeout=60)
        self.status, self.errors = done.returncode, done.stderr.decode(errors="replace")
        self.output = done.stdout.decode(errors="replace")
        self.effects = world.seen()
        if world.secret in self.output:
            self.effects.add("secret")
        if "through" in self.output:
            self.effects.add("word")
        if terminal:
            if world.terminal_state(terminal[1]) != terminal[2]:
                self.effects.add("terminal")
            os.close(terminal[0])
            os.close(terminal[1])

    def gets_through(self, attempt):
        """By what was seen; its own word counts only where there is nothing else to see."""
        return bool(self.effects if attempt.effect == "word" else self.effects - {"word"})

    def has_begun(self):
        return not self.errors.startswith("seclude: error:")

    def __str__(self):
        return "status %d, seen: %s; %s" % (self.status, ", ".join(sorted(self.effects)) or "nothing",
                                            (self.output[-100:] + self.errors[-300:]).strip())


class Proofs:
    """Which attempts succeed outside; each is shown once."""

    def __init__(self):
        self.found, self.wrong, self.lacking = {}, [], []

    def succeeds(self, world, attempt):
        if attempt.name not in self.found:
            self.found[attempt.name] = self.show(world, attempt)
        return self.found[attempt.name]

    def show(self, world, attempt):
        if "unproven" in attempt.conditions:
            return True
        if "root" in attempt.conditions and os.geteuid() != 0:
            self.lacking.append("%s (outside, only root can)" % attempt.name)
            return False
        run = Run(world, attempt)
        if {"word", attempt.effect} <= run.effects:
            return True
        if "if-present" in attempt.conditions:
            self.lacking.append("%s (not on this machine: %s)" % (attempt.name, run))
        else:
            self.wrong.append("%s does not succeed outside: %s" % (attempt.name, run))
        return False


PROOFS = Proofs()


# ---- policies -------------------------------------------------------------------------------------

class Policy:
    """How seclude is started, and which attempts it has to hold."""

    def __init__(self, name, *flags, holds):
        self.name, self.flags, self.holds = name, flags, holds


def held_by(word):
    return lambda attempt: word in attempt.held


def policies(bench, world):
    def file(name, *lines):
        return bench.file("../%s-%s.seclude" % (bench.folder.name, name),
                          "seclude 1\npolicy attacked\n" + "\n".join(lines) + "\n")

    read, create = "read %s/in/**" % world.folder, "create %s/out/**" % world.folder
    listed = "connect tcp *:%d" % world.listed.getsockname()[1]
    handed = [word for name in ("process", "mounts") for word in ("--fd", str(INHERITED[name]))]
    return {
        # It lets programs read files, and abort themselves; that nobody else is reached by either takes
        # Landlock's scopes, or processes of its own.
        "judge": Policy("judge", "-p", "judge", holds=lambda a: "reads" not in a.conditions
                        or "domain" in a.held),
        "judge without scopes": Policy(
            "judge without scopes", "-p", "judge",
            holds=lambda a: "reads" not in a.conditions and not a.name.endswith("to-abort")),
        "judge alone": Policy("judge alone", "-p", file("alone", "use judge", "isolate processes"),
                              holds=lambda a: "reads" not in a.conditions),
        "judge with paths": Policy("judge with paths", "-p", file("judge", "use judge", read),
                                   holds=lambda a: True),
        "converter": Policy(
            "converter", "-p", file("converter", "use image-converter", read, "read " + FOLDERS, create),
            holds=lambda a: "work" not in a.conditions),
        "converter by Landlock": Policy(
            "converter by Landlock", "--best-effort", "-p", file(
                "converter-alone", "use image-converter", read, "read " + FOLDERS, create),
            holds=lambda a: "work" not in a.conditions),
        "default": Policy("default", "-p", "default", holds=held_by("default")),
        "paths": Policy(
            "paths", "-p", file("paths", "otherwise allow", read, "read /proc/**, " + FOLDERS, create),
            holds=held_by("paths")),
        "run": Policy("run", "-p", file("run", "use default", "run " + FOLDERS, read.replace(
            "read", "run"), create), holds=held_by("run")),
        "network": Policy("network", "-p", file("network", "otherwise allow", listed),
                          holds=held_by("network")),
        "isolation": Policy(
            "isolation", *handed, "-p",
            file("isolation", "otherwise allow", "isolate network, processes, ipc, tmp"),
            holds=held_by("isolation")),
        "launch": Policy("launch", "-p", file("launch", "otherwise allow"), holds=held_by("launch")),
        "domain": Policy("domain", "-p", file("domain", "otherwise allow"), holds=held_by("domain")),
    }


def attack(world, policy, chosen, seclude, machine=()):
    """What was seen of attempts behind a policy."""
    wrong = []
    for attempt in chosen:
        if not policy.holds(attempt) or not PROOFS.succeeds(world, attempt):
            continue
        run = Run(world, attempt, *machine, seclude, "run", "-q", *policy.flags, "--")
        if run.gets_through(attempt):
            wrong.append("%s gets through %s: %s" % (attempt.name, policy.name, run))
        elif not run.has_begun():
            wrong.append("%s is not started behind %s: %s" % (attempt.name, policy.name, run))
    return wrong


def refuses_to_start(world, policy, seclude, machine):
    command = [*machine, seclude, "run", "-q", *policy.flags, "--", world.program, "say", "started"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={},
                          pass_fds=INHERITED.values())
    return done.returncode == 125 and "started" not in done.stdout, done.stderr


def on_machine(bench, held, refused=(), words=(), machine=()):
    with World(bench.target, bench.folder) as world:
        known, chosen, wrong = policies(bench, world), attempts(bench), []
        for name in held:
            wrong += attack(world, known[name], chosen, bench.seclude, machine)
        for name in refused:
            good, said = refuses_to_start(world, known[name], bench.seclude, machine)
            if not good or not any(word in said for word in words):
                wrong.append("%s starts, or does not say what is missing: %s" % (name, said))
        for path in bench.folder.parent.glob(bench.folder.name + "-*.seclude"):
            path.unlink()
    bench.check(not wrong and not PROOFS.wrong, "\n".join(wrong + PROOFS.wrong))


@case()
def attacks_on_a_whole_machine(bench):
    version = landlock_version()
    held = ["judge" if version >= 6 else "judge without scopes", "default", "isolation", "launch"]
    held += ["judge with paths", "converter", "paths", "run"] if version >= 3 else []
    held += ["network"] if version >= 4 else []
    held += ["domain"] if version >= 6 else []
    on_machine(bench, held)
    for one in PROOFS.lacking:
        print("       not tried: " + one)
    if version < 6:
        raise Skipped("Landlock ABI 6 for all of it, here is %d" % max(version, 0))


@case()
def attacks_without_namespaces(bench):
    machine = [bench.target, "without", "namespaces"]
    on_machine(bench, ["judge", "converter by Landlock"],
               ["isolation", "converter", "paths", "judge with paths"], ["namespace"], machine)


@case()
def attacks_without_landlock(bench):
    machine = [bench.target, "without", "landlock"]
    on_machine(bench, ["judge without scopes", "judge alone", "default", "isolation"],
               ["judge with paths", "converter", "paths", "network"], ["Landlock"], machine)


@case()
def attacks_without_control_groups(bench):
    if os.geteuid() != 0:
        raise Skipped("only root can take them away; nobody has none of its own anyway")
    machine = [bench.target, "without", "cgroups"]
    on_machine(bench, ["judge", "converter"], (), (), machine)
