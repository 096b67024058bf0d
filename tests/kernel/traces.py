# Traces: what a run may leave behind on the machine, besides processes (offspring.py).
#
# In: nothing. Out: listings to compare; folders that nobody else writes to, where that can be made.
# Neighbours: hygiene_cases.py, step_cases.py, limit_cases.py.
import ctypes
import glob
import os

CLONE_NEWNS, CLONE_NEWIPC = 0x00020000, 0x08000000
MS_REC, MS_PRIVATE = 16384, 1 << 18
FOLDERS = ("/tmp", "/dev/shm", "/run", "/var/tmp")
LIBC = ctypes.CDLL(None, use_errno=True)


def mounts():
    with open("/proc/self/mountinfo") as file:
        return set(file.readlines())


def files_below(*tops):
    found = set()
    for top in tops:
        for folder, folders, files in os.walk(top):
            found |= {os.path.join(folder, name) for name in folders + files}
    return found


def listing():
    found = files_below(*FOLDERS) | mounts()
    for kind in ("shm", "sem", "msg"):
        with open("/proc/sysvipc/" + kind) as file:
            found |= {"%s %s" % (kind, line) for line in file.readlines()[1:]}
    return found


def enter_private_folders():
    """False where that may not be done. Call it in a child of your own."""
    if LIBC.unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0:
        return False
    if LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return False
    return all(LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, b"mode=1777") == 0
               for folder in FOLDERS)


def groups():
    """Control groups of runs."""
    return [path for path in glob.glob("/sys/fs/cgroup/**/seclude-*", recursive=True)
            if os.path.isdir(path)]


def groups_of(pid):
    return [path for path in groups() if "/seclude-%d-" % pid in path]


def abandoned_groups():
    """Those whose launcher has gone."""
    return [path for path in groups()
            if not os.path.exists("/proc/" + os.path.basename(path).split("-")[1])]
