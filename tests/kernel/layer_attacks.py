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


def fail(number):
    raise OSError(number, "")


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


def by_handle():
    """As root: a handle leads to any file of the file system, whatever a mount shows of it."""
    class Handle(ctypes.Structure):
        _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("bytes", ctypes.c_ubyte * 128)]
    handle = Handle.from_buffer_copy(open(FOLDER + "/out/handle", "rb").read())
    if NAME == "handle-to-change":
        place = call("open_by_handle_at", os.open(OUT, os.O_RDONLY), ctypes.byref(handle), os.O_PATH)
        os.chmod("/proc/self/fd/%d" % place, 0o777)
    else:
        place = call("open_by_handle_at", os.open(OUT, os.O_RDONLY), ctypes.byref(handle), 0)
        assert os.read(place, 1)


def name_handle():
    call("name_to_handle_at", -100, SECRET.encode(), ctypes.create_string_buffer(b"\x80", 136),
         ctypes.byref(ctypes.c_int()), 0)


def look_by_name_of_folder():
    here = os.open(OUT, os.O_RDONLY)
    os.stat("../secret", dir_fd=here)


def look_from_above():
    for _ in range(3):
        os.chdir("..")
    os.stat("." + SECRET)


def stat_file_system():
    os.statvfs(SECRET)


def watch_secret():
    call("inotify_add_watch", call("inotify_init"), SECRET.encode(), 0x100)


def of_parent(what):
    return "/proc/%d/%s" % (os.getppid(), what)


def connect_secret():
    socket.socket(socket.AF_UNIX).connect(FOLDER + "/stream")


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


def copy_of(source, name="copy"):
    with open(source, "rb") as file, open(OUT + "/" + name, "wb") as copy:
        copy.write(file.read())
    return OUT + "/" + name


def copy_and_load():
    loaders = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
    execute(next(filter(os.path.exists, loaders)), copy_of("/bin/true"))


def map_to_execute(path, protection):
    length = 4096
    LIBC.mmap.restype = ctypes.c_void_p
    place = LIBC.mmap(None, ctypes.c_size_t(length), protection, 2, os.open(path, os.O_RDONLY),
                      ctypes.c_long(0))
    if place == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "")
    return place, length


def map_later():
    place, length = map_to_execute(copy_of("/bin/true"), 1)
    call("mprotect", ctypes.c_void_p(place), ctypes.c_size_t(length), 5)


def open_library():
    with open("/proc/self/maps") as maps:
        libc = next(line.split()[-1] for line in maps if "/libc.so" in line or "/libc-" in line)
    try:
        ctypes.CDLL(copy_of(libc, "library.so"))
    except OSError as error:
        if "failed to map segment" not in str(error):
            raise
        raise OSError(errno.EPERM, "")


def link_and_execute():
    os.symlink(copy_of("/bin/true"), OUT + "/link")
    os.chmod(OUT + "/copy", 0o755)
    execute(OUT + "/link")


def run_after(*steps):
    """The copy, once the steps have taken away what keeps it from running."""
    path = copy_of("/bin/true")
    for step in steps:
        step()
    os.chmod(path, 0o755)
    execute(path)


MS_REMOUNT, MS_BIND = 32, 4096


def remount():
    call("mount", None, OUT.encode(), None, MS_REMOUNT | MS_BIND, None)


def own_namespaces():
    call("unshare", 0x10000000 | 0x20000)
    # A thread of one's own is not needed to become root in there.
    for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % os.getuid()),
                       ("gid_map", "0 %d 1" % os.getgid())):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def bind_again():
    call("mount", OUT.encode(), OUT.encode(), None, MS_BIND, None)
    remount()


def move_mount():
    tree = call("syscall", 428, -100, OUT.encode(), 1)
    call("syscall", 442, tree, b"", 0x1000, (ctypes.c_uint64 * 4)(0, 8, 0, 0), 32)
    copy = os.open("copy", os.O_RDONLY, dir_fd=tree)
    execute("/proc/self/fd/%d" % copy)


def interpret():
    with open(OUT + "/script", "w") as script:
        script.write("exit 0")
    execute("/bin/sh", OUT + "/script")


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
    "copy-and-load": copy_and_load,
    "copy-and-map": lambda: map_to_execute(copy_of("/bin/true"), 5),
    "copy-and-map-later": map_later,
    "copy-and-open": open_library,
    "link-and-execute": link_and_execute,
    "remount": lambda: run_after(remount),
    "unmount": lambda: run_after(lambda: call("umount2", OUT.encode(), 2)),
    "remount-in-namespace": lambda: run_after(own_namespaces, remount),
    "bind-again": lambda: run_after(bind_again),
    "move-mount": lambda: (copy_of("/bin/true"), move_mount()),
    "interpret": interpret,
    # looking, which Landlock does not see
    "look": lambda: os.stat(SECRET),
    "look-at-link": lambda: os.lstat(FOLDER + "/link"),
    "follow-link": lambda: os.readlink(FOLDER + "/link"),
    "ask": lambda: os.access(SECRET, os.F_OK) or fail(errno.ENOENT),
    "ask-folder": lambda: os.stat(FOLDER + "/hidden"),
    "look-dotdot": lambda: os.stat(FOLDER + "/in/../secret"),
    "look-listed-link": lambda: os.stat(FOLDER + "/in/link"),
    "look-from-folder": look_by_name_of_folder,
    "look-from-above": look_from_above,
    "look-root": lambda: os.stat("/proc/self/root" + SECRET),
    "look-parent-root": lambda: os.stat(of_parent("root") + SECRET),
    "look-elsewhere": lambda: os.stat("/home"),
    "file-system": stat_file_system,
    "attribute-read": lambda: os.listxattr(SECRET),
    "place": lambda: os.open(SECRET, os.O_PATH),
    "handle": name_handle,
    "enter": lambda: os.chdir(FOLDER + "/hidden"),
    "watch-secret": watch_secret,
    "connect-secret": connect_secret,
    # changing what may only be read, and what is not listed, without opening it
    "owner-unlisted": lambda: os.chown(SECRET, os.getuid(), os.getgid()),
    "times-unlisted": lambda: os.utime(SECRET, (1, 1)),
    "attribute-unlisted": lambda: os.setxattr(SECRET, "user.x", b"1"),
    "mode-through-link": lambda: (os.symlink(SECRET, OUT + "/to"), os.chmod(OUT + "/to", 0o777)),
    "mode-through-root": lambda: os.chmod("/proc/self/root" + SECRET, 0o777),
    "mode-through-parent": lambda: os.chmod(of_parent("root") + SECRET, 0o777),
    "mode-dotdot": lambda: os.chmod(OUT + "/../secret", 0o777),
    "mode-of-folder": lambda: os.chmod(FOLDER, 0o777),
    "mode-of-place": lambda: os.chmod("/proc/self/fd/%d" % os.open(INPUT, os.O_PATH), 0o777),
    "mode-of-device": lambda: os.chmod("/dev/null", 0o666),
    "mode-linked": lambda: (os.link(INPUT, OUT + "/hard"), os.chmod(OUT + "/hard", 0o777)),
    "mode-inherited": lambda: os.chmod("secret", 0o777, dir_fd=9),
    "handle-to-change": by_handle,
    "handle-to-read": by_handle,
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
    "allowed-mode": lambda: (write(OUT + "/new", os.O_CREAT | os.O_WRONLY), os.chmod(OUT + "/new", 0o700),
                             os.utime(OUT + "/new", (1, 1)), os.chmod(OUT, 0o755)),
    "allowed-make": lambda: write(OUT + "/new", os.O_CREAT | os.O_WRONLY),
    "allowed-connect": lambda: connect(("127.0.0.1", PORTS[0])),
    "allowed-pair": lambda: socket.socketpair(),
}

try:
    ATTACKS[NAME]()
    print("through")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
