# Attempts to get out of a limit, run by limit_cases.py behind a policy: each prints what became of it.
#
# In: the attempt's name, a folder of a control group outside. Out: "through", or the errno's name.
import ctypes
import errno
import os
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE3, CLONE_INTO_CGROUP, SIGCHLD = 435, 0x200000000, 17
NEWUSER, NEWNS, NEWCGROUP = 0x10000000, 0x20000, 0x2000000
MS_REMOUNT, MS_BIND, MNT_DETACH = 32, 4096, 2


def called(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def write(path, text):
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text)
    finally:
        os.close(file)


def leave(group):
    """Moves this process to a group outside of its own."""
    write(group + "/cgroup.procs", b"0")


def raise_own(group):
    """Changes what its own groups hold."""
    done = 0
    for line in open("/proc/self/cgroup"):
        _, names, path = line.strip().split(":", 2)
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/" + names):
            for name, value in (("memory.max", b"max"), ("memory.limit_in_bytes", b"-1"),
                                ("pids.max", b"max")):
                path_of = root + path + "/" + name
                if "seclude-" in path and os.path.exists(path_of):
                    done += 1
                    write(path_of, value)
    if not done:
        raise OSError(errno.ENOENT, "no group of its own")


def clone_into(group):
    """A child in a group outside; that takes no write through a mount."""
    folder = os.open(group, os.O_PATH | os.O_DIRECTORY)
    arguments = (ctypes.c_uint64 * 11)(CLONE_INTO_CGROUP, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, folder)
    child = called(LIBC.syscall(CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments)))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def make_below(group):
    os.mkdir(group + "/made-inside")
    os.rmdir(group + "/made-inside")


def mount_again(group):
    """The hierarchy once more, in namespaces of its own."""
    called(LIBC.unshare(NEWUSER | NEWNS | NEWCGROUP))
    os.mkdir("again")
    called(LIBC.mount(b"none", b"again", b"cgroup2", 0, None))


def remount(group):
    called(LIBC.unshare(NEWUSER | NEWNS))
    called(LIBC.mount(None, b"/sys/fs/cgroup", None, MS_REMOUNT | MS_BIND, None))


def uncover(group):
    called(LIBC.unshare(NEWUSER | NEWNS))
    called(LIBC.umount2(b"/sys/fs/cgroup", MNT_DETACH))


def through_others(group):
    """Another process' view of the files."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                write("/proc/%s/root%s/cgroup.procs" % (entry, group), b"0")
                return
            except OSError:
                continue
    raise OSError(errno.EACCES, "")


def raise_rlimits(group):
    import resource
    for name in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
        resource.setrlimit(name, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


try:
    globals()[sys.argv[1]](sys.argv[2])
    print("through")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
except ValueError:
    print("EPERM")  # setrlimit
