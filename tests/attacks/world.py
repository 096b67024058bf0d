# World: what attempts are aimed at, and what can be seen of it.
#
# In: the attacks program and a fresh folder. Out: a folder with `in`, `out` and a secret, a process of
# the same user (victim.cc), sockets, IPC objects, inherited descriptors, a terminal; `seen` names the
# effects of what ran since it was asked last, and puts right what has changed.
# Neighbours: attack.h describes the same world from inside; attack_cases.py.
import ctypes
import fcntl
import os
import secrets
import select
import shutil
import socket
import stat
import subprocess
import termios
from pathlib import Path

from harness import end, find

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_void_p
KEYCTL = {"x86_64": 250}.get(os.uname().machine, 219)
IPC_PRIVATE, IPC_RMID, IPC_STAT, TIOCGEXCL = 0, 0, 2, 0x80045440
# As in attack.h.
INHERITED = {"folder": 209, "file": 210, "process": 211, "mounts": 212, "socket": 213, "program": 214}


class World:
    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        self.secret = "secret-" + secrets.token_hex(8)
        self.victim = None
        self.ipc = None
        self.share_keys()
        self.furnish()
        self.listen()
        self.make_ipc()
        self.start_victim()
        self.base = self.files()

    def share_keys(self):
        """A session keyring for all that is started here, with the user's keys, as logging in makes it:
        KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_LINK."""
        LIBC.syscall(KEYCTL, 1, None)
        LIBC.syscall(KEYCTL, 8, -4, -3)

    # ---- files ------------------------------------------------------------------------------------

    def furnish(self):
        """A fresh folder; what was in it is gone."""
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif not entry.is_socket() or entry.name == "made":
                entry.unlink()
        for name in ("in", "out"):
            (self.folder / name).mkdir()
        (self.folder / "in/picture").write_text("picture")
        shutil.copy(self.program, self.folder / "in/program")
        (self.folder / "in/link").symlink_to("../secret")
        if os.geteuid() == 0:
            os.mknod(self.folder / "in/device", 0o644 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
        (self.folder / "secret").write_text(self.secret)
        (self.folder / "script").write_text("#!/bin/sh\necho through\n")
        shutil.copy(self.program, self.folder / "program")
        shutil.copy(find("echo"), self.folder / "dynamic")
        for name in ("script", "program", "dynamic"):
            (self.folder / name).chmod(0o755)

    def files(self):
        """Everything that can be told of the folder but for what is in out/."""
        told = []
        for folder in (self.folder, self.folder / "in"):
            for entry in os.scandir(folder) if folder.exists() else ():
                about = entry.stat(follow_symlinks=False)
                if entry.name not in ("out", "stream", "datagrams", "giver"):
                    told.append((entry.path, about.st_mode, about.st_size, about.st_uid, about.st_nlink,
                                 about.st_mtime_ns, about.st_ctime_ns, about.st_ino))
        return sorted(told), self.ipc_state()

    # ---- sockets ----------------------------------------------------------------------------------

    def listen(self):
        self.listed = socket.create_server(("127.0.0.1", 0))
        self.listeners = [socket.socket(socket.AF_INET6), socket.socket(socket.AF_UNIX),
                          socket.socket(socket.AF_UNIX)]
        self.listeners[0].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for server, address in zip(self.listeners, (("::", 0), str(self.folder / "stream"),
                                                    "\0" + str(self.folder))):
            server.bind(address)
            server.listen(100)
        self.port = self.listeners[0].getsockname()[1]
        self.receivers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                          socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)]
        self.receivers[0].bind(("127.0.0.1", self.port))
        self.receivers[1].bind(str(self.folder / "datagrams"))
        ours, theirs = socket.socketpair()
        self.receivers.append(ours)
        self.handed = theirs
        for one in (self.listed, *self.listeners, *self.receivers):
            one.setblocking(False)

    def contacts(self):
        count = 0
        ready = select.select([*self.listeners, *self.receivers, self.listed], [], [], 0)[0]
        for one in ready:
            count += one is not self.listed
            if one in self.receivers:
                one.recv(100)
            else:
                one.accept()[0].close()
        return count

    # ---- IPC --------------------------------------------------------------------------------------

    def make_ipc(self):
        self.segment = LIBC.shmget(IPC_PRIVATE, 4096, 0o600)
        address = LIBC.shmat(self.segment, None, 0)
        ctypes.memmove(address, self.secret.encode(), len(self.secret))
        LIBC.shmdt(ctypes.c_void_p(address))

    def name_ipc(self):
        """The queue and the shared memory that are named after the victim."""
        self.drop_names()
        self.ipc = "seclude-attacks-%d" % self.victim.pid
        os.close(LIBC.mq_open(("/" + self.ipc).encode(), os.O_CREAT | os.O_RDWR, 0o600, None))
        Path("/dev/shm", self.ipc).write_text(self.secret)

    def drop_names(self):
        if self.ipc:
            LIBC.mq_unlink(("/" + self.ipc).encode())
            Path("/dev/shm", self.ipc).unlink(missing_ok=True)

    def ipc_state(self):
        if not self.ipc:
            return None
        queue = LIBC.mq_open(("/" + self.ipc).encode(), os.O_RDONLY)
        if queue >= 0:
            os.close(queue)
        about = ctypes.create_string_buffer(256)
        return (queue >= 0, LIBC.shmctl(self.segment, IPC_STAT, about) >= 0,
                Path("/dev/shm", self.ipc).stat().st_mtime_ns)

    # ---- the process outside ----------------------------------------------------------------------

    def start_victim(self):
        self.end_victim()
        (self.folder / "giver").unlink(missing_ok=True)
        self.victim = subprocess.Popen(
            [self.program, "victim", str(self.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True, env={"SECRET": self.secret}, bufsize=0)
        self.address = self.answer()
        self.name_ipc()
        self.connections, self.state = 0, None
        self.state = self.victim_state()
        for number, fd in self.inheritance().items():
            os.dup2(fd, number)
            os.close(fd)

    def inheritance(self):
        there = {"folder": os.open(self.folder, os.O_RDONLY), "process": os.pidfd_open(self.victim.pid),
                 "file": os.open(self.folder / "secret", os.O_RDWR),
                 "mounts": os.open("/proc/self/ns/mnt", os.O_RDONLY),
                 "socket": os.dup(self.handed.fileno()),
                 "program": os.open(self.folder / "program", os.O_RDONLY)}
        return {INHERITED[name]: fd for name, fd in there.items()}

    def end_victim(self):
        if self.victim:
            self.victim.kill()
            self.victim.wait()
            self.victim.stdin.close()
            self.victim.stdout.close()

    def answer(self):
        """A line from the victim, or None when it does not answer."""
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.victim.stdout], [], [], 3)[0]:
                return None
            part = os.read(self.victim.stdout.fileno(), 1000)
            if not part:
                return None
            line += part
        return line.decode(errors="replace").strip()

    def victim_state(self):
        try:
            os.write(self.victim.stdin.fileno(), b"?")
        except BrokenPipeError:
            return None
        return self.answer()

    # ---- a terminal -------------------------------------------------------------------------------

    def open_terminal(self):
        master, slave = os.openpty()
        return master, slave, self.terminal_state(slave)

    def terminal_state(self, slave):
        """Input, size, modes, exclusive use; None for one that was hung up."""
        questions = (termios.FIONREAD, termios.TIOCGWINSZ, termios.TCGETS, TIOCGEXCL)
        try:
            return [fcntl.ioctl(slave, question, b"\0" * 64) for question in questions]
        except OSError:
            return None

    # ---- all together -----------------------------------------------------------------------------

    def arguments(self, name):
        return [name, str(self.folder), str(self.victim.pid), self.address, str(self.port),
                str(self.listed.getsockname()[1]), str(self.segment)]

    def left(self):
        """Processes that stay (attacks stay FOLDER); they are ended."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[1:3] == [b"stay", str(self.folder).encode()]:
                found.append(int(entry))
        for pid in found:
            end(pid)
        return found

    def seen(self):
        """The effects since this was asked last; afterwards everything is as it was."""
        effects = {"left"} if self.left() else set()
        if self.contacts():
            effects.add("contact")
        state = self.victim_state()
        if state != self.state:
            effects.add("contact" if state and self.only_connected(state) else "victim")
        changed = self.files() != self.base
        if changed:
            effects.add("files")
        for entry in os.scandir(self.folder / "out") if not changed else ():
            os.unlink(entry) if not entry.is_dir(follow_symlinks=False) else shutil.rmtree(entry)
        if changed or state != self.state:
            self.restore()
        return effects

    def only_connected(self, state):
        def without(line):
            words = line.split()
            return words[:3] + words[4:]
        return without(state) == without(self.state)

    def restore(self):
        if not self.ipc_state()[1]:
            self.make_ipc()
        self.furnish()
        self.start_victim()
        self.base = self.files()

    def close(self):
        self.end_victim()
        self.drop_names()
        LIBC.shmctl(self.segment, IPC_RMID, None)
        for one in (self.listed, self.handed, *self.listeners, *self.receivers):
            one.close()
        for number in INHERITED.values():
            os.close(number)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
