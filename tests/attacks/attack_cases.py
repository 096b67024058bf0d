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

from harness import Skipped, case
from world import INHERITED, World

ISOLATED = ("processes", "network", "ipc", "tmp")
LIMITS = {"limit processes": "20", "limit threads": "20", "limit memory": "64M",
          "limit file-size": "1M", "limit open-files": "100", "limit output": "1M",
          "limit cpu-time": "300ms", "limit time": "500ms"}
# Those that processes and threads of a run have together take a control group.
WITHOUT_GROUPS = ("limit file-size", "limit open-files", "limit output")
FOLDERS = "/usr/**, /etc/**, /lib/**?, /lib64/**?"


class Attempt:
    def __init__(self, line):
        self.name, self.effect, held, conditions = line.split("\t")
        self.held = set(filter(None, held.split(",")))
        self.conditions = set(filter(None, conditions.split(",")))
        self.is_allowed = "allowed" in self.conditions
        self.is_limited = "limits" in self.conditions


def attempts(bench):
    done = bench.expect(bench.outside(bench.target, "list"))
    return [Attempt(line) for line in done.stdout.splitlines()]


def landlock_version():
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


# ---- one attempt ----------------------------------------------------------------------------------

FLOOD = (1 << 20) + 1000  # a little more than the line lets through: seclude's own words
HUNG = "seclude: error: it did not end in time"


def in_time(command, **options):
    """As subprocess.run; one that does not end is ended, and said to have been."""
    try:
        return subprocess.run(command, timeout=30, **options)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, -1, late.stdout or b"", HUNG.encode())


class Run:
    """What came of an attempt: its status, what it printed, and what was seen of it."""

    def __init__(self, world, attempt, *prefix):
        command = [*prefix, world.program, *world.arguments(attempt.name)]
        terminal = None
        if "terminal" in attempt.conditions:
            terminal = world.open_terminal()
            command = [world.program, "at-terminal", *command]
        with open(world.folder / "in/picture") as picture:
            done = in_time(
                command, stdin=terminal[1] if terminal else picture, capture_output=True,
                cwd=world.folder, env={}, pass_fds=INHERITED.values(), start_new_session=True)
        self.status, self.errors = done.returncode, done.stderr.decode(errors="replace")
        self.output = done.stdout.decode(errors="replace")
        self.effects = world.seen()
        if world.secret in self.output:
            self.effects.add("secret")
        if "through" in self.output:
            self.effects.add("word")
        if len(done.stdout) + len(done.stderr) > FLOOD:
            self.effects.add("flood")
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

    def concerns(self, attempt):
        """What is allowed concerns only policies that list it, and what is limited likewise."""
        if attempt.is_allowed or attempt.is_limited:
            return self.name.split(",")[0] in attempt.held
        return self.holds(attempt)


def held_by(word):
    return lambda attempt: word in attempt.held


def policies(bench, world):
    def file(name, *lines):
        text = "seclude 1\npolicy attacked\n" + "\n".join(lines) + "\n"
        return bench.file("../%s-%s.seclude" % (bench.folder.name, name.replace(" ", "-")), text)

    def made(name, *lines, holds, flags=()):
        known[name] = Policy(name, *flags, "-p", file(name, *lines), holds=holds)

    def made_for_both(name, *lines, word, flags=()):
        """With everything else allowed, so that only the lines hold, and as they are used."""
        made(name, "otherwise allow", *lines, holds=held_by(word), flags=flags)
        made(name + ", default", "use default", *lines, holds=held_by(word), flags=flags)

    def handed(*names):
        return [word for name in names for word in ("--fd", str(INHERITED[name]))]

    def reads_no_file(attempt):
        return "reads" not in attempt.conditions

    known = {}
    read, create = "read %s/in/**" % world.folder, "create %s/out/**" % world.folder
    # It lets programs read files, and abort themselves; that nobody else is reached by either takes
    # Landlock's scopes, or processes of its own.
    known["judge"] = Policy("judge", "-p", "judge",
                            holds=lambda a: reads_no_file(a) or "domain" in a.held)
    known["judge without scopes"] = Policy(
        "judge without scopes", "-p", "judge",
        holds=lambda a: reads_no_file(a) and not a.name.endswith("to-abort"))
    made("judge alone", "use judge", "isolate processes", holds=reads_no_file)
    made("judge with paths", "use judge", read, holds=lambda a: True)
    made("converter", "use image-converter", read, "read " + FOLDERS, create,
         holds=lambda a: "work" not in a.conditions)
    known["converter by Landlock"] = Policy(
        "converter by Landlock", "--best-effort", *known["converter"].flags,
        holds=known["converter"].holds)
    known["default"] = Policy("default", "-p", "default", holds=held_by("default"))
    for name in ("launch", "domain"):
        made(name, "otherwise allow", holds=held_by(name))
    made_for_both("paths", read, "read /proc/**, " + FOLDERS, create, word="paths",
                  flags=handed("folder"))
    made("run", "use default", "run %s/in/**, /proc/**, %s" % (world.folder, FOLDERS), create,
         holds=held_by("run"))
    made_for_both("connect", "connect tcp *:%d" % world.listed.getsockname()[1], word="connect")
    for thing in ISOLATED:
        made_for_both(thing, "isolate " + thing, word=thing, flags=handed("process", "mounts"))
    for line, amount in LIMITS.items():
        made_for_both(line, line + " " + amount, word=line)
    made("isolation", "otherwise allow", "isolate " + ", ".join(ISOLATED),
         holds=lambda a: a.held & set(ISOLATED), flags=handed("process", "mounts"))
    return known


def attack(world, policy, chosen, seclude, machine=(), flags=()):
    """What went wrong with attempts behind a policy: they left a trace, or what is allowed did not."""
    wrong = []
    for attempt in chosen:
        if not policy.concerns(attempt) or not PROOFS.succeeds(world, attempt):
            continue
        run = Run(world, attempt, *machine, seclude, "run", "-q", *flags, *policy.flags, "--")
        if attempt.is_allowed and not run.gets_through(attempt):
            wrong.append("%s is refused by %s: %s" % (attempt.name, policy.name, run))
        elif run.gets_through(attempt) and not attempt.is_allowed:
            wrong.append("%s gets through %s: %s" % (attempt.name, policy.name, run))
        elif not run.has_begun():
            wrong.append("%s is not really tried behind %s: %s" % (attempt.name, policy.name, run))
    return wrong


def refuses_to_start(world, policy, seclude, machine):
    command = [*machine, seclude, "run", "-q", *policy.flags, "--", world.program, "say", "started"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={},
                          pass_fds=INHERITED.values())
    return done.returncode == 125 and "started" not in done.stdout, done.stderr


def on_machine(bench, held, refused=(), words=(), machine=(), flags=()):
    with World(bench.target, bench.folder) as world:
        known, chosen, wrong = policies(bench, world), attempts(bench), []
        for name in held:
            wrong += attack(world, known[name], chosen, bench.seclude, machine, flags)
        for name in refused:
            good, said = refuses_to_start(world, known[name], bench.seclude, machine)
            if not good or not any(word in said for word in words):
                wrong.append("%s starts, or does not say what is missing: %s" % (name, said))
        for path in bench.folder.parent.glob(bench.folder.name + "-*.seclude"):
            path.unlink()
    bench.check(not wrong and not PROOFS.wrong, "\n".join(wrong + PROOFS.wrong))


def with_landlock(*names):
    """Those of the names that the kernel's Landlock is new enough for."""
    needed = {"domain": 6, "connect": 4, "connect, default": 4}
    return [name for name in names if landlock_version() >= needed.get(name, 3)]


def lacks_are_told():
    for one in PROOFS.lacking:
        print("       not tried: " + one)
    if landlock_version() < 6:
        raise Skipped("Landlock ABI 6 for all of it, here is %d" % max(landlock_version(), 0))


def groups_here(bench):
    return bench.layer("limit processes 20") is not None


def judge_here():
    return "judge" if landlock_version() >= 6 else "judge without scopes"


@case()
def attacks_on_whole_policies(bench):
    on_machine(bench, [judge_here(), "default"] + with_landlock("judge with paths", "converter"))
    lacks_are_told()


@case()
def attacks_on_one_layer(bench):
    isolated = [thing + base for thing in ISOLATED for base in ("", ", default")]
    on_machine(bench, ["launch", "isolation", *isolated] + with_landlock(
        "domain", "paths", "paths, default", "run", "connect", "connect, default"))


def limits_here(bench):
    """Those that can be held, and those that have to be refused."""
    held = list(LIMITS) if groups_here(bench) else list(WITHOUT_GROUPS)
    return held, [line for line in LIMITS if line not in held]


@case()
def attacks_on_limits(bench):
    held, refused = limits_here(bench)
    on_machine(bench, [line + base for line in held for base in ("", ", default")], refused,
               ["control group"])


@case()
def attacks_without_a_helper(bench):
    """With whoever explains, all other cases are; he answers calls, so that without him the filter
    itself has to."""
    held, _ = limits_here(bench)
    on_machine(bench, [judge_here(), "default", "launch", "network", *held] + with_landlock(
        "domain", "converter", "paths", "connect"), flags=["--no-explain"])


@case()
def attacks_without_namespaces(bench):
    machine = [bench.target, "without", "namespaces"]
    on_machine(bench, [judge_here()] + with_landlock("converter by Landlock"),
               ["isolation", *ISOLATED] + with_landlock("converter", "paths", "judge with paths"),
               ["namespace"], machine)


@case()
def attacks_without_landlock(bench):
    machine = [bench.target, "without", "landlock"]
    on_machine(bench, ["judge without scopes", "judge alone", "default", "isolation"],
               ["judge with paths", "converter", "paths", "connect"], ["Landlock"], machine)


@case()
def attacks_without_control_groups(bench):
    if os.geteuid() != 0:
        raise Skipped("only root can take them away; nobody has none of its own anyway")
    machine = [bench.target, "without", "cgroups"]
    on_machine(bench, [judge_here(), *WITHOUT_GROUPS] + with_landlock("converter"),
               [line for line in LIMITS if line not in WITHOUT_GROUPS], ["control group"], machine)
