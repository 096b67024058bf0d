# Listening attacks: one attempt each to listen where no line lets a program listen.
#
# usage: python3 listening_attacks.py NAME FOLDER LISTED OTHER SERVER
# In: a port that may be listened on at 127.0.0.1, one that may not, one that may be connected to;
# descriptors 208 (a TCP socket that is not bound) and 209 (a local socket that is). Out: the word
# "through" when the attempt succeeded, else the error's name.
# Neighbours: listening_cases.py runs each outside first, where it has to succeed.
import ctypes
import errno
import os
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NAME, FOLDER = sys.argv[1], sys.argv[2]
LISTED, OTHER, SERVER = map(int, sys.argv[3:6])
HERE = ("127.0.0.1", LISTED)


def call(function, *arguments):
    result = getattr(LIBC, function)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def tcp(address=None, family=socket.AF_INET, reuse=True):
    made = socket.socket(family)
    if reuse:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address:
        made.bind(address)
    return made


def listen(made):
    made.listen(5)
    assert made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def unconnect(made):
    raw = struct.pack("H14x", socket.AF_UNSPEC)
    call("connect", made.fileno(), raw, len(raw))


def after_a_connection():
    made = tcp()
    made.connect(("127.0.0.1", SERVER))
    unconnect(made)
    listen(made)


def after_listening():
    made = tcp(HERE)
    listen(made)
    unconnect(made)
    listen(made)
    made.close()
    listen(tcp())


def high_bits():
    made = tcp()
    call("syscall", 50, ctypes.c_long(made.fileno() | 1 << 40), ctypes.c_long(5 | 1 << 40))


def local():
    made = socket.socket(socket.AF_UNIX)
    made.bind(FOLDER + "/made-%d" % os.getpid())
    listen(made)


def range_of_ports():
    """From which the kernel would choose, so that the helper finds a listed one."""
    tcp().setsockopt(socket.IPPROTO_IP, 51, LISTED << 16 | LISTED)


def in_a_child(made):
    child = os.fork()
    if child == 0:
        try:
            listen(made)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(status, "in a child")


def errors_stay():
    """What listening fails with is the kernel's own."""
    first = tcp(HERE)
    listen(first)
    first.listen(7)  # once more
    for descriptor, number in ((999, errno.EBADF), (os.open("/dev/null", 0), errno.ENOTSOCK)):
        if LIBC.listen(descriptor, 5) == 0 or ctypes.get_errno() != number:
            raise OSError(ctypes.get_errno() or errno.EIO, "of %d" % descriptor)


def serves():
    server = tcp(HERE)
    listen(server)
    client = socket.create_connection(("127.0.0.1", SERVER))
    client.close()
    assert server.getsockname() == HERE
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import socket, sys; s = socket.socket();"
                                  "s.connect(('127.0.0.1', int(sys.argv[1])))", str(LISTED)])
    server.accept()
    os.wait()


ATTACKS = {
    "unbound": lambda: listen(tcp()),
    "unbound-6": lambda: listen(tcp(family=socket.AF_INET6)),
    "other-port": lambda: listen(tcp(("127.0.0.1", OTHER))),
    "any-port": lambda: listen(tcp(("127.0.0.1", 0))),
    "other-address": lambda: listen(tcp(("127.0.0.2", LISTED))),
    "all-addresses": lambda: listen(tcp(("0.0.0.0", LISTED))),
    "all-addresses-6": lambda: listen(tcp(("::", LISTED), socket.AF_INET6)),
    "loopback-6": lambda: listen(tcp(("::1", LISTED), socket.AF_INET6)),
    "after-a-connection": after_a_connection,
    "after-listening": after_listening,
    "in-a-child": lambda: in_a_child(tcp()),
    "high-bits": high_bits,
    "inherited": lambda: listen(socket.socket(fileno=208)),
    "inherited-local": lambda: listen(socket.socket(fileno=209)),
    "local": local,
    "range-of-ports": range_of_ports,
    # what is allowed stays so
    "allowed": lambda: listen(tcp(HERE)),
    "allowed-mapped": lambda: listen(tcp(("::ffff:127.0.0.1", LISTED), socket.AF_INET6)),
    "allowed-in-a-child": lambda: in_a_child(tcp(HERE)),
    "allowed-serves": serves,
    "errors": errors_stay,
}

try:
    ATTACKS[NAME]()
    print("through")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
