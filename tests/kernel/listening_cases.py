# Listening: `listen` lines against programs that try to listen elsewhere.
#
# In: listening_attacks.py, whose every attempt first has to succeed outside; programs/listener.c, whose
# threads race the helper. Out: cases.
# Neighbours: layer_cases.py for what else network lines hold; profiles/harness.py.
import os
import socket
import subprocess
import threading
from pathlib import Path

from harness import SEARCH, case, end, find, free_port, poll
from layer_support import needs_landlock
from offspring import become_reaper, offspring

ATTACKS = (Path(__file__).resolve().parent / "listening_attacks.py").read_text()
REFUSED = [
    "unbound", "unbound-6", "other-port", "any-port", "after-a-connection", "after-listening",
    "in-a-child", "high-bits", "inherited", "inherited-local", "local", "range-of-ports"]
OTHER_ADDRESSES = ["other-address", "all-addresses", "all-addresses-6", "loopback-6"]
ALLOWED = ["allowed", "allowed-mapped", "allowed-in-a-child", "errors"]


class Ports:
    """One that may be listened on, one that may not, and a server that may be connected to."""

    def __init__(self):
        self.listed, self.other = free_port(), free_port()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.connected = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                self.server.accept()[0].close()
        except OSError:
            pass

    def lines(self):
        return ["listen tcp *:%d" % self.listed, "connect tcp *:%d, tcp *:%d" % (
            self.connected, self.listed)]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


def attempt(bench, policy, name, ports):
    command = [find("python3"), "-I", "-c", ATTACKS, name, str(bench.folder), str(ports.listed),
               str(ports.other), str(ports.connected)]
    if policy:
        command = [bench.seclude, "run", *policy, "--fd", "208", "--fd", "209", "--", *command]
    inherited, local = socket.socket(), socket.socket(socket.AF_UNIX)
    place = bench.folder / "local"
    local.bind(str(place))
    os.dup2(inherited.fileno(), 208)
    os.dup2(local.fileno(), 209)
    try:
        done = bench.outside(*command, pass_fds=(208, 209))
    finally:
        place.unlink()
        os.close(208)
        os.close(209)
    return bench.expect(done).stdout.strip()


def try_all(bench, policy, ports, refused, allowed):
    wrong = []
    for name in refused:
        outside, inside = attempt(bench, None, name, ports), attempt(bench, policy, name, ports)
        if outside != "through" or inside != "EACCES":
            wrong.append("%s: outside %s, inside %s" % (name, outside, inside))
    for name in allowed:
        inside = attempt(bench, policy, name, ports)
        if inside != "through":
            wrong.append("%s: %s" % (name, inside))
    bench.check(not wrong, "%s\n%s" % (policy, "\n".join(wrong)))


@case("python3")
def listen_lines_hold_against_attacks(bench):
    needs_landlock(4)
    with Ports() as ports:
        for base, flags in (("use default", ["-q"]), ("otherwise allow", ["--no-explain"]),
                            ("use default", [])):
            policy = [*flags, "-p", bench.policy(base, *ports.lines())]
            try_all(bench, policy, ports, REFUSED, [*ALLOWED, *OTHER_ADDRESSES, "allowed-serves"])


@case("python3")
def addresses_of_listen_lines_hold_against_attacks(bench):
    needs_landlock(4)
    with Ports() as ports:
        policy = ["-q", "-p", bench.policy("use default", "listen tcp 127.0.0.1:%d" % ports.listed)]
        try_all(bench, policy, ports, [*REFUSED, *OTHER_ADDRESSES], ALLOWED)


def raced(bench, ports, listed, *words):
    """What listener.c says behind a policy, to be called; outside, something gets through."""
    program = bench.build("listener.c", "gcc", "-pthread")
    policy = bench.policy("use default", "listen tcp *:%s" % listed,
                          "connect tcp *:%d" % ports.connected)
    outside = bench.expect(bench.outside(program, *words)).stdout
    bench.check("through 0" not in outside, "nothing races outside: " + outside)
    return lambda: bench.expect(bench.run(policy, program, *words)).stdout


@case("gcc")
def another_socket_in_the_descriptors_place_does_not_listen(bench):
    needs_landlock(4)
    with Ports() as ports:
        inside = raced(bench, ports, ports.listed, "swap", str(ports.listed))
        said = inside()
    bench.check("listened 0" not in said and "through 0" in said, said)


@case("gcc")
def a_socket_that_is_unbound_meanwhile_does_not_listen_elsewhere(bench):
    """The kernel binds it for a connection, perhaps to one of the listed ports, the upper half of
    those that it gives away, and for listening to the lower half, once the connection has ended."""
    needs_landlock(4)
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    middle = (low + high) // 2
    with Ports() as ports:
        inside = raced(bench, ports, "%d..%d" % (middle, high), "unbind", str(middle), str(high),
                       str(ports.connected))
        said = [inside() for _ in range(2)]
    bench.check(all("through 0" in one for one in said), "".join(said))
    bench.check(any("listened 0" not in one for one in said), "".join(said))


@case("gcc")
def a_thread_with_descriptors_of_its_own_listens_on_its_own(bench):
    needs_landlock(4)
    with Ports() as ports:
        program = bench.build("listener.c", "gcc", "-pthread")
        policy = bench.policy("otherwise allow", "listen tcp *:%d" % ports.listed)
        done = bench.expect(bench.run(policy, program, "table", str(ports.listed)))
    bench.check(done.stdout.startswith("table: listens\n"), done.stdout)


@case("python3")
def a_refused_socket_is_explained(bench):
    needs_landlock(4)
    with Ports() as ports:
        policy = bench.policy("use default", "listen tcp 127.0.0.1:%d" % ports.listed)
        report = bench.folder / "report"
        script = "import socket; s = socket.socket(); s.bind(('0.0.0.0', %d)); s.listen()" % ports.listed
        done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report), "--",
                             find("python3"), "-c", script)
        bench.check("listen(fd: 3 (bound to 0.0.0.0:%d), backlog: " % ports.listed in done.stderr,
                    done.stderr)
        bench.check("no `listen` line names what the socket is bound to" in done.stderr, done.stderr)
        denial = bench.document(report)["denials"][0]
        bench.check(denial["action"] == "errno:EACCES", str(denial))
        done = bench.outside(bench.seclude, "run", "--no-explain", "-p", policy, "--",
                             find("python3"), "-c", script)
        bench.check("denied:" not in done.stderr and done.returncode == 1, done.stderr)


@case("python3", "sh")
def without_the_helper_nobody_listens(bench):
    """A program that may trace is not followed, and goes on when the helper has died."""
    needs_landlock(4)
    become_reaper()
    script = ("import os, socket, sys, time\nopen('there', 'w').close()\n"
              "while not os.path.exists('go'): time.sleep(0.01)\n"
              "s = socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1])))\n"
              "try: s.listen(); print('listens')\nexcept OSError as e: print(e.strerror)\n")
    with Ports() as ports:
        policy = bench.policy("otherwise allow", *ports.lines())
        process = subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", find("python3"),
                                    "-c", script, str(ports.listed)], cwd=bench.folder,
                                   env={"PATH": SEARCH}, stdout=subprocess.PIPE, text=True)
        poll(lambda: (bench.folder / "there").exists(), "the program")
        for pid, name in offspring().items():
            if name == "seclude-explain":
                end(pid)
        poll(lambda: "seclude-explain" not in offspring().values(), "the helper lives")
        bench.file("go")
        bench.check(process.communicate(timeout=60)[0] == "Function not implemented\n", "it listens")


@case("true")
def where_there_can_be_no_helper_nothing_is_started(bench):
    needs_landlock(4)
    policy = bench.policy("use default", "listen tcp *:80")
    outer = [bench.seclude, "run", "-q", "-p", "default", "--"]
    done = bench.outside(*outer, bench.seclude, "run", "-p", policy, "--", find("true"))
    bench.expect(done, status=125)
    bench.check("hold `listen` lines" in done.stderr and "run without that" in done.stderr,
                done.stderr)
    everywhere = bench.policy("use default", "listen tcp *:*")
    bench.expect(bench.outside(*outer, bench.seclude, "run", "-q", "-p", everywhere, "--", find("true")))
