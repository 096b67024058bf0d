# Offspring: the processes that descend from this one, counted exactly.
#
# In: nothing. Out: who there is. Once this process is the one that orphans are given to, whatever is
# left of a run is its child, also what nobody may look into.
# Neighbours: hygiene_cases.py, isolation_cases.py.
import ctypes
import os

from harness import Skipped

PR_SET_CHILD_SUBREAPER = 36


def become_reaper():
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise Skipped("no PR_SET_CHILD_SUBREAPER")


def processes():
    """{pid: (parent, state, command)} of all there are."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as file:
                head, rest = file.read().rsplit(") ", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = rest.split()[:2]
        found[int(entry)] = (int(parent), state, head.split("(", 1)[1])
    return found


def offspring():
    """What descends from this process and lives, as {pid: command}."""
    everybody, mine, size = processes(), {os.getpid()}, 0
    while size != len(mine):
        size = len(mine)
        mine |= {pid for pid, (parent, _, _) in everybody.items() if parent in mine}
    return {pid: everybody[pid][2] for pid in mine - {os.getpid()} if everybody[pid][1] != "Z"}


def collect():
    """Takes the orphans that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
