# Isolation attacks: one attempt each to get at what is outside the program's own namespaces.
#
# usage: python3 -c "$(cat isolation_attacks.py)" NAME FOLDER PID PORT SHM
# In: a folder below /tmp with `secret`, `stream` (a socket) and `hidden/secret`; a process outside of
# the same user; a port of 127.0.0.1 that listens; a System V segment that says "outside"; descriptors
# 208 (a pidfd of that process) and 209 (its mount namespace). Out: the word "through" when the attempt
# succeeded, else the error's name.
# Neighbours: isolation_cases.py runs each outside first, where it has to succeed.
import ctypes
import errno
import os
import signal
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NAME, FOLDER = sys.argv[1], sys.argv[2]
PID, PORT, SEGMENT = map(int, sys.argv[3:6])
SECRET = FOLDER + "/secret"
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
SYS_PIDFD_SEND_SIGNAL, SYS_PIDFD_GETFD, SYS_OPEN_TREE, SYS_PTRACE = 424, 438, 428, 101


def call(function, *arguments):
    function = getattr(LIBC, function)
    function.restype = ctypes.c_void_p if function is LIBC.shmat else ctypes.c_int
    result = function(*arguments)
    if function is LIBC.shmat:
        result = -1 if result == ctypes.c_void_p(-1).value else result
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read(path):
    with open(path, "rb") as file:
        assert b"outside" in file.read(1000)


def fail_unless(condition):
    if not condition:
        raise OSError(errno.ENOENT, "not seen")


# ---- processes ------------------------------------------------------------------------------------

def cheap_kill():
    os.kill(PID, 0)
    os.kill(PID, signal.SIGURG)


def seen():
    fail_unless(os.path.exists("/proc/%d/status" % PID))


def trace():
    call("ptrace", 16, PID, None, None)  # PTRACE_ATTACH
    os.waitpid(PID, 0)
    call("ptrace", 17, PID, None, None)


def read_memory():
    with open("/proc/%d/maps" % PID) as maps:
        start = int(maps.readline().split("-")[0], 16)
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 16)
    remote = (ctypes.c_size_t * 2)(start, 16)
    call("process_vm_readv", PID, local, 1, remote, 1, 0)


def priority():
    os.setpriority(os.PRIO_PROCESS, PID, os.getpriority(os.PRIO_PROCESS, PID) + 1)


def limits():
    import resource
    resource.prlimit(PID, resource.RLIMIT_CORE, (0, 0))


def by_descriptor_of_process():
    call("syscall", SYS_PIDFD_SEND_SIGNAL, 208, signal.SIGURG, None, 0)


def steal_descriptor():
    call("syscall", SYS_PIDFD_GETFD, 208, 0, 0)


def first_process():
    """Of this process namespace: the guard inside, init outside."""
    fail_unless(os.listdir("/proc/1/fd"))


# ---- mounts ---------------------------------------------------------------------------------------

def enter_mounts():
    call("setns", 209, CLONE_NEWNS)
    read(SECRET)


def enter_by_process():
    call("setns", 208, CLONE_NEWNS)
    read(SECRET)


def with_own_mounts(work):
    """As root of a user namespace of the attacker's own."""
    user, group = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % user),
                       ("gid_map", "0 %d 1" % group)):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    call("mount", b"none", b"/", None, 0x44000, None)  # MS_REC | MS_PRIVATE
    work()


def take_away():
    call("umount2", b"/tmp", 2)
    read(SECRET)


def clone_tree(recursive=0x8000):
    tree = call("syscall", SYS_OPEN_TREE, -100, b"/", 1 | recursive)
    read("/proc/self/fd/%d%s" % (tree, SECRET))


def bind_root():
    call("mount", b"/", b"/mnt", None, 0x5000, None)  # MS_BIND | MS_REC
    read("/mnt" + SECRET)


def other_root():
    call("mount", b"none", b"/mnt", b"tmpfs", 0, None)
    os.mkdir("/mnt/old")
    call("syscall", 155, b"/mnt", b"/mnt/old")
    read("/old" + SECRET)


def hop_out():
    """The classic way out of a chroot."""
    os.chroot("/usr")
    for _ in range(20):
        os.chdir("..")
    os.chroot(".")
    read(SECRET)


def race():
    """A folder that turns into a symbolic link and back, while it is read through."""
    place = "/tmp/race-%d" % os.getpid()
    os.mkdir(place)
    if os.fork() == 0:
        for _ in range(5000):
            os.symlink(FOLDER, place + "/x")
            os.unlink(place + "/x")
        os.rmdir(place)
        os._exit(0)
    for _ in range(5000):
        try:
            return read(place + "/x/secret")
        except OSError as error:
            last = error
    raise last


def by_working_directory():
    os.chdir("/proc/self/cwd")
    for _ in range(3):
        try:
            return read("secret")
        except OSError as error:
            last = error
            os.chdir("..")
    raise last


# ---- sockets, IPC ---------------------------------------------------------------------------------

def connect(address, family, kind=socket.SOCK_STREAM):
    client = socket.socket(family, kind)
    client.settimeout(20)
    client.connect(address)


def datagram():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", PORT))
    client.send(b"x")
    client.settimeout(0.5)
    client.recv(1)  # of the one who answers


def neighbours():
    """Who else is there, as the kernel's table of sockets tells."""
    with open("/proc/net/tcp") as table:
        fail_unless(":%04X " % PORT in table.read())


def abstract_names():
    with open("/proc/net/unix") as table:
        fail_unless("@" + FOLDER in table.read())


def segment():
    address = call("shmat", SEGMENT, None, 0o10000)
    fail_unless(ctypes.string_at(address, 7) == b"outside")


def queue():
    call("mq_open", b"/seclude-outside-%d" % PID, os.O_RDONLY)


ATTACKS = {
    "kill": cheap_kill, "seen": seen, "trace": trace,
    "read-memory": read_memory, "environment": lambda: os.listdir("/proc/%d/fd" % PID),
    "priority": priority, "limits": limits,
    "pidfd-kill": by_descriptor_of_process, "pidfd-getfd": steal_descriptor,
    "first-descriptors": first_process,
    "secret": lambda: read(SECRET),
    "secret-dotdot": lambda: read("/usr/..%s" % SECRET),
    "secret-root": lambda: read("/proc/self/root" + SECRET),
    "secret-outside-root": lambda: read("/proc/%d/root%s" % (PID, SECRET)),
    "secret-outside-cwd": lambda: read("/proc/%d/cwd/secret" % PID),
    "secret-first-root": lambda: read("/proc/1/root" + SECRET),
    "secret-descriptor": lambda: read("/proc/%d/fd/7" % PID),
    "secret-cwd": by_working_directory,
    "secret-race": race,
    "setns": enter_mounts, "setns-process": enter_by_process,
    "umount": lambda: with_own_mounts(take_away), "umount-plainly": take_away,
    "open-tree": lambda: with_own_mounts(clone_tree), "open-tree-plainly": clone_tree,
    "open-tree-bare": lambda: with_own_mounts(lambda: clone_tree(0)),
    "bind": lambda: with_own_mounts(bind_root), "pivot": lambda: with_own_mounts(other_root),
    "chroot": hop_out,
    "abstract": lambda: connect("\0" + FOLDER, socket.AF_UNIX),
    "socket-file": lambda: connect(FOLDER + "/stream", socket.AF_UNIX),
    "loopback": lambda: connect(("127.0.0.1", PORT), socket.AF_INET),
    "datagram": datagram, "neighbours": neighbours, "abstract-names": abstract_names,
    "segment": segment, "queue": queue,
    "shared-file": lambda: read("/dev/shm/seclude-outside-%d" % PID),
    "hidden": lambda: read(FOLDER + "/hidden/secret"),
}

try:
    ATTACKS[NAME]()
    print("through")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
