# Harness: what the cases of this folder and of the one above share.
#
# In: the seclude program, this folder's programs/. Out: `Bench`: builds test programs once, runs
# commands behind policies in a fresh folder per case, and judges what came out; `case` registers a
# case with what it needs installed. A case whose needs are missing is skipped, loudly, by name.
# Neighbours: *_cases.py here and in tests/kernel hold the cases, run.py runs them.
import errno
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The distribution's own programs, not a developer's wrappers in /usr/local or a home directory.
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
TIME_LIMIT = 120
CASES = []


class Failure(Exception):
    """What was expected and what happened instead."""


class Skipped(Exception):
    """What the machine lacks."""


def poll(condition, message, seconds=60):
    """Waits until the condition yields something, and returns that; the deadline is no measurement."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise Failure("waited %d s in vain: %s" % (seconds, message))


def free_port():
    """A TCP port to serve on. Below those that the kernel gives away, or a connection of somebody
    else's may have it by the time the server starts."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


def find(program):
    """The program's full path in the system's folders, or None. `a|b`: whichever exists."""
    for name in program.split("|"):
        path = shutil.which(name, path=SEARCH + ":" + os.path.expanduser("~/.cargo/bin"))
        if path:
            return path
    return None


def case(*needs):
    """Registers a function of one Bench as a case; `needs` are programs it cannot do without."""
    def register(function):
        CASES.append((function.__name__, needs, function))
        return function
    return register


def end(pid):
    """Kills a process that may have ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Bench:
    """One case's folder, and the means to build, run and judge in it."""

    built = {}  # shared between cases: (source, command) -> program

    def __init__(self, seclude, target, store):
        self.seclude = seclude
        self.target = target  # the program of target.cc, where a case needs it
        self.store = Path(store)
        self.folder = Path(tempfile.mkdtemp(prefix="seclude-profiles-"))
        self.folder.chmod(0o755)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- making things ------------------------------------------------------------------------

    def build(self, source, *command):
        """Builds programs/SOURCE with the given compiler and flags; returns the program's path."""
        key = (source, command)
        if key not in self.built:
            output = self.store / re.sub(r"[^a-z0-9]+", "-", " ".join((source, *command)))
            line = [find(command[0]), *command[1:], "-o", str(output),
                    str(self.store / "programs" / source)]
            done = subprocess.run(line, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure("cannot build %s: %s" % (source, done.stderr))
            self.built[key] = str(output)
        return self.built[key]

    def file(self, name, content=""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
        return str(path)

    def policy(self, *lines):
        """A policy file of these statements; returns its path."""
        return self.file("policy.seclude", "seclude 1\npolicy case\n" + "\n".join(lines) + "\n")

    # ---- running ------------------------------------------------------------------------------

    def outside(self, *command, **options):
        environment = {"PATH": SEARCH, "HOME": str(self.folder), "LANG": "C.UTF-8",
                       "TERM": "xterm", "SHELL": "/bin/sh", **options.pop("environment", {})}
        return subprocess.run(command, cwd=self.folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIME_LIMIT, **options)

    def run(self, policy, *command, **options):
        """Runs the command behind a profile's name or a policy's path."""
        return self.outside(self.seclude, "run", "-q", "-p", policy, "--", *command, **options)

    def document(self, path):
        """The JSON in a file."""
        return json.loads(Path(path).read_text())

    def prefixes(self):
        """One command line bare, behind a policy, behind one with denials explained, and both in
        namespaces of its own."""
        run, isolated = [self.seclude, "run", "-p", "default"], ["--isolate", "processes,ipc"]
        return {"bare": [],
                "quiet": [*run, "-q", "--"],
                "explained": [*run, "--"],
                "isolated": [*run, "-q", *isolated, "--"],
                "isolated and explained": [*run, *isolated, "--"]}

    def same_for_all(self, of):
        """What `of` makes of the bare prefix, after comparing it with what it makes of the others."""
        results = {name: of(prefix) for name, prefix in self.prefixes().items()}
        for name in results:
            if results[name] != results["bare"]:
                self.check(False, "bare: %r\n%s: %r" % (results["bare"], name, results[name]))
        return results["bare"]

    def layer(self, line, *others):
        """What holds the line of a policy here, by the plan; None: it is refused."""
        policy = self.file("layer.seclude", "\n".join(
            ("seclude 1", "policy case", "otherwise allow", line, *others, "")))
        done = self.outside(self.seclude, "run", "-q", "-p", policy, "--plan", "--json", "--",
                            find("true"))
        if done.returncode == 125:
            return None
        [held] = [one for one in json.loads(done.stdout)["lines"] if one["text"] == line]
        return held["layer"]

    # ---- judging ------------------------------------------------------------------------------

    def expect(self, done, status=0, output=None):
        said = "\n--- stdout\n%s--- stderr\n%s" % (done.stdout[-2000:], done.stderr[-2000:])
        if done.returncode != status:
            raise Failure("exit status %d, expected %d%s" % (done.returncode, status, said))
        if output is not None and output not in done.stdout:
            raise Failure("stdout lacks %r%s" % (output, said))
        return done

    def check(self, condition, message):
        if not condition:
            raise Failure(message)

    def probe(self, policy, *names):
        """What probe.c's calls answer behind a policy: {name: errno}, 0 when they went through."""
        program = self.build("probe.c", "gcc")
        command = [program, *names]
        done = self.run(policy, *command) if policy else self.outside(*command)
        self.expect(done)
        return {name: int(errno) for name, errno in (line.split() for line in
                                                     done.stdout.splitlines())}


class Server:
    """A server behind a policy, for the length of a `with`; waits until its port answers."""

    def __init__(self, bench, policy, port, *command):
        self.port = port
        self.command = [bench.seclude, "run", "-q", "-p", policy, "--", *command]
        self.bench = bench

    def __enter__(self):
        log = open(self.bench.folder / "server.log", "w")
        self.process = subprocess.Popen(self.command, cwd=self.bench.folder, stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, env={"PATH": SEARCH, "HOME": "/tmp"})
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        log = (self.bench.folder / "server.log").read_text()
        self.__exit__()
        raise Failure("the server did not start: %s\n%s" % (self.command, log))

    def __exit__(self, *unused):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
