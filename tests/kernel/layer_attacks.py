# Layer attacks: one attempt each to get around a path or network line.
#
# usage: python3 layer_attacks.py NAME FOLDER [PORT OTHER_PORT]
# In: a folder with in/ (may be read), out/ (may be written) and the rest (may not be reached);
# ports to connect to. Out: the word "through" when the attempt succeeded, else the error's name.
# Neighbours: layer_cases.py runs each outside first, where it has to succeed.
import ctypes
import errno
import os
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NAME, FOLDER = sys.argv[1], sys.argv[2]
PORTS = [int(word) for word in sys.argv[3:]]
SECRET, INPUT, OUT = FOLDER + "/secret", FOLDER + "/in/a", FOLDER + "/out"
FAST_OPEN, MPTCP = 0x20000000, 262


def call(function, *arguments):
    result = getattr(LIBC, function)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read(path):
    with open(path, "rb") as file:
        assert file.read()


def write(path, flags=os.O_WRONLY):
    os.write(os.open(path, flags), b"x")


def by_symlink():
    os.symlink(SECRET, OUT + "/link")
    read(OUT + "/link")


def by_hard_link():
    os.link(SECRET, OUT + "/hard")
    read(OUT + "/hard")


def hard_link_to_write():
    os.link(INPUT, OUT + "/writable")
    write(OUT + "/writable")


def rename_out():
    open(OUT + "/mine", "w").close()
    os.rename(OUT + "/mine", FOLDER + "/mine")


def rename_in():
    os.rename(SECRET, OUT + "/moved")
    read(OUT + "/moved")


def exchange():
    open(OUT + "/mine", "w").close()
    call("renameat2", -100, (OUT + "/mine").encode(), -100, SECRET.encode(), 2)


def by_working_directory():
    os.chdir(FOLDER)
    read("/proc/self/cwd/secret")


def by_place():
    read("/proc/self/fd/%d" % os.open(SECRET, os.O_PATH))


def by_folder_place():
    read(os.path.join("/proc/self/fd/%d" % os.open(FOLDER, os.O_PATH), "secret"))


def reopen_to_write():
    write("/proc/self/fd/%d" % os.open(INPUT, os.O_RDONLY))


def by_other_root():
    read("/proc/%d/root%s" % (os.getppid(), SECRET) if os.getuid() == 0 else "/proc/self/root" + SECRET)


def bind_file():
    socket.socket(socket.AF_UNIX).bind(FOLDER + "/socket-made")


def watch():
    call("inotify_add_watch", call("inotify_init"), FOLDER.encode(), 0x100)


def flags():
    command, file = 0x40086602, os.open(INPUT, os.O_RDONLY)  # FS_IOC_SETFLAGS
    call("ioctl", file, ctypes.c_ulong(command), ctypes.byref(ctypes.c_int(0x40)))  # FS_NODUMP_FL


def change_mode():
    os.fchmod(os.open(INPUT, os.O_RDONLY), 0o777)


def change_times():
    os.utime(os.open(INPUT, os.O_RDONLY), (1, 1))


def change_attribute():
    os.setxattr(os.open(INPUT, os.O_RDONLY), "user.x", b"1")


def execute(*command):
    child = os.fork()
    if child == 0:
        try:
            os.execv(command[0], command)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 127:
        status = errno.EACCES  # the loader's own answer to a file that it cannot open
    if status:
        raise OSError(status, "")


def execute_memory():
    memory = os.memfd_create("program", 0)
    with open("/bin/true", "rb") as file:
        os.write(memory, file.read())
    execute("/proc/self/fd/%d" % memory)


def load_memory():
    memory = os.memfd_create("program", 0)
    with open("/bin/true", "rb") as file:
        os.write(memory, file.read())
    os.set_inheritable(memory, True)
    execute("/lib64/ld-linux-x86-64.so.2", "/proc/self/fd/%d" % memory)


def copy_and_execute():
    with open("/bin/true", "rb") as file, open(OUT + "/copy", "wb") as copy:
        copy.write(file.read())
    os.chmod(OUT + "/copy", 0o755) if not os.access(OUT + "/copy", os.X_OK) else None
    execute(OUT + "/copy")


# ---- network --------------------------------------------------------------------------------------

def connect(address, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
    client = socket.socket(family, kind, protocol)
    client.settimeout(20)
    client.connect(address)


def fast_open():
    socket.socket().sendto(b"x", FAST_OPEN, ("127.0.0.1", PORTS[1]))


def fast_open_message():
    socket.socket().sendmsg([b"x"], [], FAST_OPEN, ("127.0.0.1", PORTS[1]))


def fast_open_option():
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
    client.connect(("127.0.0.1", PORTS[1]))


def datagram():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORTS[1]))


def datagram_pair():
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", FOLDER + "/datagrams")


def listen_unbound():
    socket.socket().listen()


def bind_port():
    socket.socket().bind(("127.0.0.1", 0))


def connect_after_reset():
    client = socket.socket()
    client.connect(("127.0.0.1", PORTS[0]))
    raw = struct.pack("H14x", 0)  # AF_UNSPEC
    call("connect", client.fileno(), raw, len(raw))
    client.connect(("127.0.0.1", PORTS[1]))


def ring():
    call("syscall", 425, 1, ctypes.create_string_buffer(120))


ATTACKS = {
    # paths
    "read": lambda: read(SECRET),
    "dotdot": lambda: read(FOLDER + "/in/../secret"),
    "listed-symlink": lambda: read(FOLDER + "/in/link"),
    "symlink": by_symlink,
    "hard-link": by_hard_link,
    "hard-link-to-write": hard_link_to_write,
    "rename-out": rename_out,
    "rename-in": rename_in,
    "exchange": exchange,
    "proc-root": lambda: read("/proc/self/root" + SECRET),
    "proc-parent-root": by_other_root,
    "proc-cwd": by_working_directory,
    "o-path": by_place,
    "o-path-folder": by_folder_place,
    "reopen-to-write": reopen_to_write,
    "inherited-folder": lambda: read("/proc/self/fd/9/secret"),
    "inherited-at": lambda: os.open("secret", os.O_RDONLY, dir_fd=9),
    "list": lambda: os.listdir(FOLDER),
    "write": lambda: write(INPUT),
    "append": lambda: write(INPUT, os.O_WRONLY | os.O_APPEND),
    "truncate": lambda: os.truncate(INPUT, 0),
    "truncate-unlisted": lambda: os.truncate(SECRET, 0),
    "open-truncating": lambda: os.open(INPUT, os.O_RDONLY | os.O_TRUNC),
    "remove": lambda: os.unlink(INPUT),
    "remove-unlisted": lambda: os.unlink(SECRET),
    "make": lambda: os.open(FOLDER + "/in/new", os.O_CREAT | os.O_WRONLY),
    "make-nameless": lambda: os.open(FOLDER, os.O_TMPFILE | os.O_WRONLY),
    "make-folder": lambda: os.mkdir(FOLDER + "/in/folder"),
    "make-fifo": lambda: os.mkfifo(FOLDER + "/fifo"),
    "make-symlink": lambda: os.symlink("a", FOLDER + "/in/other"),
    "make-socket": bind_file,
    "watch": watch,
    "mode": lambda: os.chmod(INPUT, 0o777),
    "mode-by-descriptor": change_mode,
    "mode-unlisted": lambda: os.chmod(SECRET, 0o777),
    "owner": lambda: os.chown(INPUT, os.getuid(), os.getgid()),
    "times": change_times,
    "attribute": change_attribute,
    "flags": flags,
    "ring": ring,
    # programs
    "execute": lambda: execute("/bin/true"),
    "execute-unlisted": lambda: execute(FOLDER + "/program"),
    "load-unlisted": lambda: execute("/lib64/ld-linux-x86-64.so.2", FOLDER + "/program"),
    "execute-memory": execute_memory,
    "load-memory": load_memory,
    "copy-and-execute": copy_and_execute,
    # network
    "connect": lambda: connect(("127.0.0.1", PORTS[1])),
    "connect-6": lambda: connect(("::1", PORTS[1]), socket.AF_INET6),
    "connect-mapped": lambda: connect(("::ffff:127.0.0.1", PORTS[1]), socket.AF_INET6),
    "connect-multipath": lambda: connect(("127.0.0.1", PORTS[1]), protocol=MPTCP),
    "connect-after-reset": connect_after_reset,
    "connect-file": lambda: connect(FOLDER + "/stream", socket.AF_UNIX),
    "connect-abstract": lambda: connect("\0" + FOLDER, socket.AF_UNIX),
    "fast-open": fast_open,
    "fast-open-message": fast_open_message,
    "fast-open-option": fast_open_option,
    "datagram": datagram,
    "datagram-pair": datagram_pair,
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "listen-unbound": listen_unbound,
    "bind": bind_port,
    # what is allowed stays so
    "allowed-read": lambda: read(INPUT),
    "allowed-make": lambda: write(OUT + "/new", os.O_CREAT | os.O_WRONLY),
    "allowed-connect": lambda: connect(("127.0.0.1", PORTS[0])),
    "allowed-pair": lambda: socket.socketpair(),
}

try:
    ATTACKS[NAME]()
    print("through")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
