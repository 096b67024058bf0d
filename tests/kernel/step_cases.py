# Steps: whoever of a launch is killed, at whichever system call of whomever, nothing is left behind:
# no process, no control group, no mount, no file.
#
# In: the step_killer program (as --target); launches of four postures. Out: cases. A sample of the
# steps by default, all of them where SECLUDE_ROUNDS asks for 100,000 rounds or more (`make verify`);
# what failed is named with its step, and SECLUDE_SEED repeats a sample.
# Neighbours: step_killer.cc; hygiene_cases.py kills by the clock.
import os
import random
import subprocess
import time

from harness import Skipped, case
from postures import (FAMILY, OWN_ROOT, PLAIN, command_of, expect_nothing, has_groups, in_private,
                      left_behind, limits, needs_own_root)
from traces import mounts

ALL = int(os.environ.get("SECLUDE_ROUNDS", 0)) >= 100_000
SAMPLE = 12


class Posture:
    def __init__(self, bench, lines, flags, script):
        self.bench, self.report = bench, bench.folder / "report"
        flags = (*flags, "--report", str(self.report))
        self.command = command_of(bench, lines, flags, script)

    def run(self, traced, victims, step):
        """{word: numbers} of what step_killer says."""
        command = [self.bench.target, traced, victims, str(step), *self.command]
        done = subprocess.run(command, cwd=self.bench.folder, stdin=subprocess.DEVNULL, timeout=60,
                              env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        said = {}
        for line in done.stdout.splitlines():
            word, *numbers = line.split()
            said[word] = [int(number) for number in numbers]
        if done.returncode != 0 or not {"killed", "nobody", "over"} & set(said):
            raise RuntimeError("step_killer: %d %r %r" % (done.returncode, done.stdout, done.stderr))
        return said

    def launch(self):
        subprocess.run(self.command, capture_output=True, cwd=self.bench.folder)


def steps_of(posture, traced, victim):
    """How many there are, and the first one at which the victim is there. On a busy machine a guardian
    may not get to run at all before the launch is over, so the most of a few are taken."""
    last, first = 0, 0
    for attempt in range(20):
        told = posture.run(traced, "launcher", 0)
        posture.bench.check(told.get("over", [0, 0])[1] == 3, "it does not work unharmed: %r" % told)
        born = 0 if victim == "launcher" else told.get(victim, [0])[0]
        if told["over"][0] > last:
            last, first = told["over"][0], born + 1
        if attempt >= 2 and last:
            break
    return last, first


def chosen(first, last):
    steps = range(first, last + 1)
    if ALL or len(steps) <= SAMPLE:
        return steps
    return sorted(random.sample(steps, SAMPLE))


def kill_at(bench, posture, traced, victims, step):
    """Whether the victim was hit, and how long something was left."""
    before = mounts()
    # A report takes the place of an older one, or of none.
    if step % 2:
        posture.report.unlink(missing_ok=True)
    told = posture.run(traced, victims, step)
    began = time.monotonic()

    def look():
        left = left_behind(bench, told["launcher"], before)
        # What no guardian could take away, the next launch does, with all that is in there.
        if left and victims == "launcher+guardian":
            posture.launch()
        return left
    expect_nothing(bench, "%s killed at step %d of %s (call %s)" % (
        victims, step, traced, told.get("killed")), look)
    return "killed" in told, time.monotonic() - began


def kill_at_steps(bench, posture, traced, victims):
    last, first = steps_of(posture, traced, victims.split("+")[0])
    results = []
    # On a busy machine others come and go at other steps each time, so a whole sample may miss.
    while len(results) < 10 * SAMPLE and not any(hit for hit, _ in results):
        results += [kill_at(bench, posture, traced, victims, step) for step in chosen(first, last)]
    hits = sum(hit for hit, _ in results)
    bench.check(hits > 0, "%s was never there at a step of %s" % (victims, traced))
    print("       %-17s at steps of %-8s: %4d of %d hit, nothing left after %3.0f ms at most" % (
        victims, traced.split("+")[0], hits, last, max(late for _, late in results) * 1000),
        flush=True)


def kill_all(bench, lines, flags, script, plan):
    """`plan`: (whose steps, [who is killed there])."""
    def work():
        posture = Posture(bench, lines, flags, script)
        for traced, victims in plan:
            for victim in victims:
                kill_at_steps(bench, posture, traced, victim)
    in_private(bench, work)


@case("sh", "setsid", "sleep", "unshare")
def whoever_is_killed_at_any_step_of_a_full_launch(bench):
    needs_own_root(bench)
    guarded = ["guardian", "launcher+guardian"] if has_groups(bench) else []
    kill_all(bench, (*OWN_ROOT, *limits(bench)), (), FAMILY, [
        ("launcher+helper+child", ["launcher", "helper", "init", "rest", *guarded]),
        ("child", ["launcher", "helper", "child"]),
        ("init+helper+child", ["launcher", "helper", "init"]),
        ("rest+helper+child", ["launcher", "helper", "init", "rest"]),
        ("helper+child", ["launcher", "helper", "init"]),
        ("guardian+child", ["launcher", "guardian"] if guarded else [])])


@case("sh", "setsid", "sleep", "unshare")
def whoever_is_killed_at_any_step_without_a_helper(bench):
    needs_own_root(bench)
    guarded = ["guardian", "launcher+guardian"] if has_groups(bench) else []
    kill_all(bench, (*OWN_ROOT, *limits(bench)), ("--no-explain",), FAMILY, [
        ("launcher+child", ["launcher", "init", "rest", *guarded]),
        ("init+child", ["launcher", "init"]),
        ("rest+child", ["launcher", "init", "rest"])])


@case("sh", "unshare")
def whoever_is_killed_at_any_step_of_an_explained_launch(bench):
    kill_all(bench, (), (), PLAIN, [("launcher", ["launcher", "helper"]),
                                    ("helper", ["launcher", "helper"])])


@case("sh", "setsid", "sleep", "unshare")
def whoever_is_killed_at_any_step_of_a_launch_with_limits(bench):
    if not has_groups(bench):
        raise Skipped("no control groups here")
    kill_all(bench, limits(bench), (), FAMILY, [
        ("launcher", ["launcher", "helper", "guardian", "launcher+guardian"]),
        ("guardian", ["launcher"])])
    # Without a helper nobody else follows the child up to where it is the program.
    kill_all(bench, limits(bench), ("--no-explain",), FAMILY, [
        ("launcher", ["launcher", "guardian", "launcher+guardian"]),
        ("guardian", ["launcher"]),
        ("child", ["launcher", "guardian", "child"])])


# It leaves the rest of the launch to another process, which goes on in the launcher's memory.
@case("sh", "unshare")
def a_child_that_is_killed_takes_the_rest_of_the_launch_with_it(bench):
    needs_own_root(bench)
    for flags in ((), ("--no-explain",)):
        posture = Posture(bench, OWN_ROOT, flags, "exit 3")
        last, first = steps_of(posture, "rest+child", "rest")
        hits = 0
        for step in chosen(first, last):
            done = subprocess.run([bench.target, "rest+child", "child", str(step), *posture.command],
                                  cwd=bench.folder, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60)
            if "killed" not in done.stdout:
                continue
            hits += 1
            bench.check("cannot start the program: who was to do it ended by signal 9" in done.stderr,
                        "at step %d: %r" % (step, done.stderr))
        bench.check(hits > 0, "the child was never there")
