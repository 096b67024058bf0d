# Launches: many of them, one after the other and at once, leave nothing behind: no process, no control
# group, no mount, no file, no key, no filter.
#
# In: programs of the system. Out: cases. A few launches by default, 10,000 and 200 at once where
# SECLUDE_ROUNDS asks for 100,000 rounds or more (`make verify`).
# More at once are not tried: kernels up to 6.18 at least lock up for good when over a thousand
# filters are freed at the same moment.
# Neighbours: postures.py; step_cases.py for launches that are killed.
import os
import subprocess
from pathlib import Path

from harness import case
from postures import (FAMILY, OWN_ROOT, PLAIN, command_of, expect_nothing, has_groups, in_private,
                      left_behind, limits, needs_own_root)
from traces import mounts

MANY = int(os.environ.get("SECLUDE_ROUNDS", 0)) >= 100_000
IN_SEQUENCE = 10_000 if MANY else 60
AT_ONCE = 200 if MANY else 40
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def postures(bench):
    """Command lines of every kind that can be had here; with what the program leaves running only
    where something ends it."""
    kinds = [((), PLAIN)]
    if has_groups(bench):
        kinds.append((limits(bench), FAMILY))
    try:
        needs_own_root(bench)
        kinds.append(((*OWN_ROOT, *limits(bench)), FAMILY))
    except Exception as lack:
        print("       without namespaces: %s" % lack)
    for number, (lines, script) in enumerate(kinds):
        for flags in ((), ("--no-explain",)):
            yield lines, flags, script, "posture-%d" % number


def in_kernel():
    """What the kernel keeps for runs, as root sees it: keys of this user, memory of filters."""
    keys = len(Path("/proc/keys").read_text().splitlines())
    try:
        filters = Path("/proc/vmallocinfo").read_text().count("bpf")
    except OSError:
        filters = 0
    return {"keys": keys, "filters": filters}


def launch_many(bench, count, together):
    kinds = list(postures(bench))

    def work():
        commands = [command_of(bench, *kind) for kind in kinds]
        # The first of each kind shows what stays for good: the kernel's own caches.
        for command in commands:
            subprocess.run(command, cwd=bench.folder, **QUIET)
        before, kernel = mounts(), in_kernel()
        wrong, pids = {}, []
        for first in range(0, count, together):
            runs = [subprocess.Popen(commands[number % len(commands)], cwd=bench.folder, **QUIET)
                    for number in range(first, min(first + together, count))]
            for run in runs:
                status = run.wait(600)
                wrong[status] = wrong.get(status, 0) + (status != 3)
            pids += [run.pid for run in runs]
        bench.check(set(wrong) == {3}, "statuses: %r" % wrong)

        def look():
            left = left_behind(bench, pids[-together:], before)
            for what, number in in_kernel().items():
                # Others of this machine have theirs.
                if number > kernel[what] + count // 2:
                    left.append("%s: %d, before %d" % (what, number, kernel[what]))
            return left
        expect_nothing(bench, "%d launches, %d at once" % (count, together), look)
        print("       %d launches, %d at once: nothing left; in the kernel %r, before %r" % (
            count, together, in_kernel(), kernel), flush=True)
    in_private(bench, work)


@case("sh", "setsid", "sleep", "unshare")
def launches_in_sequence_leave_nothing(bench):
    launch_many(bench, IN_SEQUENCE, 1)


@case("sh", "setsid", "sleep", "unshare")
def launches_at_once_leave_nothing(bench):
    launch_many(bench, AT_ONCE, AT_ONCE)
