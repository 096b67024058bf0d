# Postures: launches of every kind, and a place where all that they leave behind is seen.
#
# In: a bench. Out: lines of policies; command lines; a child with folders that nobody else writes to
# (as root; as others only the case's own folder is looked at); what is left.
# Neighbours: step_cases.py, launch_cases.py; traces.py and offspring.py look.
import os
import random
import time

from harness import Skipped, end, find, poll
from offspring import become_reaper, collect, offspring
from traces import enter_private_folders, files_below, groups_of, listing, mounts

PATIENCE = 20  # seconds until nothing is left; it takes milliseconds
# Something to explain, something that stays when the program has ended, an exit status.
FAMILY = "unshare -U true 2>/dev/null; (setsid sleep 1000 &); exit 3"
PLAIN = "unshare -U true 2>/dev/null; exit 3"

OWN_ROOT = ("read /usr/**, /etc/**, /lib/**?, /lib64/**?", "write /dev/null", "run /usr/**",
            "isolate processes, network, ipc, tmp")
LIMITS = ("limit memory 200M", "limit processes 40", "limit time 60s", "limit output 1M",
          "limit file-size 10M")
THAT_TAKE_GROUPS = 2


def has_groups(bench):
    return bench.layer("limit processes 40") is not None


def limits(bench):
    return LIMITS if has_groups(bench) else LIMITS[THAT_TAKE_GROUPS:]


def needs_own_root(bench):
    done = bench.run(bench.policy("use default", *OWN_ROOT), find("true"))
    if done.returncode == 125:
        raise Skipped(done.stderr.splitlines()[0])


def command_of(bench, lines, flags, script, name="posture"):
    """Runs the script behind `default` with these lines."""
    policy = bench.file(name + ".seclude", "\n".join(
        ("seclude 1", "policy posture", "use default", *lines, "")))
    return [bench.seclude, "run", "-p", policy, *flags, "--", find("sh"), "-c", script]


def own_files(bench):
    return [*bench.folder.glob("*.seclude"), bench.folder / "report"]


def left_behind(bench, pids, mounts_before):
    """Processes, mounts, files of the case's folder, control groups of these launchers."""
    collect()
    ours = {str(path) for path in own_files(bench)}
    # Only in a mount namespace of our own nobody else mounts; others than root cannot outside theirs.
    mounted = sorted(mounts() - mounts_before) if os.geteuid() == 0 else []
    return (list(offspring().values()) + mounted +
            sorted(files_below(bench.folder) - ours) +
            [group for pid in pids for group in groups_of(pid)])


def expect_nothing(bench, what, look):
    try:
        poll(lambda: not look(), "somebody is left", PATIENCE)
    except Exception:
        still = look()
        for one in offspring():
            end(one)
        bench.check(False, "%s: left behind: %r" % (what, still))


def in_private(bench, work):
    """In a child, in folders that nobody else writes to if that can be had."""
    seed = int(os.environ.get("SECLUDE_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            become_reaper()
            watch_files(bench, work)
            status = 0
        except BaseException as error:  # what is wrong is said here, and the parent only fails
            print("       SECLUDE_SEED=%d: %s" % (seed, error), flush=True)
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    bench.check(status == 0, "the child ended with %d" % status)


def watch_files(bench, work):
    if os.geteuid() != 0 or not enter_with_programs(bench):
        return work()
    before = listing()
    work()
    for path in own_files(bench):
        path.unlink(missing_ok=True)
    bench.check(listing() == before, "left: %r" % (listing() ^ before))


def enter_with_programs(bench):
    """The programs and the folder are in a place that is about to be private."""
    held = {}
    for path in filter(None, (bench.seclude, bench.target)):
        with open(path, "rb") as file:
            held[path] = file.read()
    if not enter_private_folders():
        return False
    for path, content in held.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o755)
    os.makedirs(bench.folder)
    return True
