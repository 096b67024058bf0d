# Chains: policies that are too long for one filter, in force.
#
# In: generated policies; Python, whose ctypes makes the calls. Out: cases: every filter of a chain is
# in force, a pair of values that a line lists passes and its neighbour does not, wherever in the
# chain the call is decided. Neighbours: tests/exhaustive/kernel_agree_test.cc has random chains.
import json
import os
import random
import re

from harness import Failure, Skipped, case, find

# Calls that a Python program does not need, with two arguments that the kernel refuses harmlessly.
TESTED = {"setregid": (114, "rgid", "egid"), "setreuid": (113, "ruid", "euid"),
          "setresgid": (119, "rgid", "egid"), "setresuid": (117, "ruid", "euid"),
          "pidfd_getfd": (438, "pidfd", "fd"), "fanotify_init": (300, "flags", "event_f_flags"),
          "ioprio_get": (252, "which", "who")}
EACCES = 13
PROGRAM = """
import ctypes, json, sys
library = ctypes.CDLL(None, use_errno=True)
def answer(number, *arguments):
    ctypes.set_errno(0)
    library.syscall(number, *[ctypes.c_ulong(one) for one in arguments])
    return ctypes.get_errno()
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({"filters": int(status["Seccomp_filters"]),
                  "answers": [answer(*call) for call in json.load(open(sys.argv[1]))]}))
"""


def long_policy(bench, pairs, names=tuple(TESTED), more=()):
    """A policy whose calls take that many pairs of values each, and these pairs by call."""
    if os.uname().machine != "x86_64":
        raise Skipped("the numbers are those of x86_64")
    chance = random.Random(11)
    values = {name: [(chance.randrange(1 << 30, 1 << 31), chance.randrange(1 << 30, 1 << 31))
                     for _ in range(pairs)] for name in names}
    lines = ["use python", "architectures x86_64"]
    for name in names:
        _, first, second = TESTED[name]
        lines += ["allow %s where %s == %d and %s == %d" % (name, first, a, second, b)
                  for a, b in values[name]]
    return bench.policy(*lines, *more, "otherwise deny with EACCES"), values


def run_chain(bench, flags, policy, calls):
    """What was said, and what the program saw."""
    program, listed = bench.file("calls.py", PROGRAM), bench.file("calls.json", json.dumps(calls))
    done = bench.outside(bench.seclude, "run", *flags, "-p", policy, "--", find("python3"), program,
                         listed)
    bench.expect(done)
    return done.stderr, json.loads(done.stdout)


@case("python3")
def every_filter_of_a_chain_is_in_force(bench):
    policy, values = long_policy(bench, 600)
    listed = [(TESTED[name][0], a, b) for name, pairs in values.items() for a, b in pairs[::50]]
    beside = [(number, a, b ^ 1) for number, a, b in listed] + [(number, a ^ 1, b)
                                                               for number, a, b in listed]
    for flags in ((), ("-q",), ("--no-explain",)):
        said, seen = run_chain(bench, flags, policy, listed + beside)
        if seen["filters"] < 3:
            raise Failure("%d filters" % seen["filters"])
        if EACCES in seen["answers"][:len(listed)]:
            raise Failure("a listed pair is refused: %s" % seen["answers"][:len(listed)])
        if any(one != EACCES for one in seen["answers"][len(listed):]):
            raise Failure("a pair that no line lists passes: %s" % seen["answers"][len(listed):])
        note = "seclude: denials are not explained: the policy takes more than one filter\n"
        if said != ("" if flags else note):
            raise Failure("said %r after %s" % (said, flags))


# There the child begins before it is known that the policy takes a chain.
@case("python3")
def every_filter_of_a_chain_is_in_force_in_namespaces(bench):
    policy, values = long_policy(bench, 600, more=("isolate processes, ipc",))
    number, (a, b) = TESTED["setregid"][0], values["setregid"][17]
    said, seen = run_chain(bench, (), policy, [(number, a, b), (number, a, b ^ 1)])
    if seen["filters"] < 3 or seen["answers"][0] == EACCES or seen["answers"][1] != EACCES:
        raise Failure("%s" % seen)
    if "the policy takes more than one filter" not in said:
        raise Failure("said %r" % said)


# The launcher loads the second filter behind the first one; the program may load none.
@case("python3")
def the_launch_of_a_chain_leaves_no_way_to_load_filters(bench):
    policy, _ = long_policy(bench, 600)
    _, seen = run_chain(bench, ("-q",), policy, [(317, 1, 0, 0), (317, 1, 0, 0, 1, 2, 3)])
    if seen["answers"] != [EACCES, EACCES]:
        raise Failure("seccomp answers %s" % seen["answers"])


@case("python3")
def what_no_chain_holds_is_refused_with_the_figures(bench):
    for flags, names, pairs, pattern in (
            ((), ["setregid"], 1500, r"cannot compile the filter: the rules of setregid on x86_64 "
                                     r"alone need at least \d+ instructions, the kernel takes 4096 in a filter"),
            (("--audit",), TESTED, 600,
             r"cannot watch the program: its policy takes more than one filter")):
        policy, _ = long_policy(bench, pairs, names)
        done = bench.outside(bench.seclude, "run", *flags, "-p", policy, "--", bench.target, "exit",
                             "0")
        if done.returncode != 125 or not re.search(pattern, done.stderr):
            raise Failure("%d: %s" % (done.returncode, done.stderr))
