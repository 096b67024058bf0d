# Layers: path and network lines against programs that try to get around them, and real programs
# behind such lines.
#
# In: layer_attacks.py, whose every attempt first has to succeed outside. Out: cases. What needs a
# newer Landlock than the kernel has is skipped, by name.
# Neighbours: layer_support.py, profiles/harness.py.
import os
import shutil
import socket
import subprocess
from pathlib import Path

from harness import case, find
from layer_support import PROGRAMS, attempt, furnish, needs_landlock, path_policy, try_all

PATH_ATTACKS = [
    "read", "dotdot", "listed-symlink", "symlink", "hard-link", "hard-link-to-write", "rename-out",
    "rename-in", "exchange", "proc-root", "proc-parent-root", "proc-cwd", "o-path",
    "o-path-folder", "reopen-to-write", "inherited-folder", "inherited-at", "list", "write",
    "append", "truncate", "truncate-unlisted", "open-truncating", "remove", "remove-unlisted",
    "make", "make-nameless", "make-folder", "make-fifo", "make-symlink", "make-socket", "watch",
    "mode", "mode-by-descriptor", "mode-unlisted", "owner", "times", "attribute", "flags", "ring",
    "execute", "execute-memory", "load-memory", "execute-unlisted", "load-unlisted",
    "copy-and-execute"]
# Of file systems and kernels that have them.
PATH_OPTIONAL = ["make-nameless", "attribute", "flags", "ring"]


@case("python3", "sh")
def path_lines_hold_against_attacks(bench):
    needs_landlock(3)
    try_all(bench, path_policy(bench), PATH_ATTACKS, optional=PATH_OPTIONAL)


@case("python3", "sh")
def path_lines_hold_with_everything_else_allowed(bench):
    needs_landlock(3)
    policy = bench.policy(
        "otherwise allow", "read %s, %s/in/**, %s/attacks.py, /proc/**" % (
            PROGRAMS, bench.folder, bench.folder),
        "create %s/out/**" % bench.folder)
    try_all(bench, ["-p", policy], PATH_ATTACKS, optional=PATH_OPTIONAL)


@case("python3", "sh")
def listed_paths_are_open(bench):
    needs_landlock(3)
    for name in ("allowed-read", "allowed-make"):
        bench.check(attempt(bench, path_policy(bench), name) == "through", name)


@case("python3", "sh")
def run_lines_hold_against_attacks(bench):
    needs_landlock(3)
    policy = ["-p", bench.policy(
        "use default", "run %s, %s/in/**, %s/attacks.py" % (
            PROGRAMS, bench.folder, bench.folder), "run /proc/**")]
    bench.check(attempt(bench, policy, "execute") == "through", "a listed program does not start")
    try_all(bench, policy, ["execute-unlisted", "load-unlisted", "execute-memory", "load-memory",
                            "read", "write", "make"])


@case("sh", "sort")
def a_run_line_brings_loader_and_libraries(bench):
    needs_landlock(3)
    policy = bench.policy("use default", "run %s" % find("sort"))
    script = "echo b | %s; %s /etc/hostname; %s" % (find("sort"), find("sort"), find("cat"))
    done = bench.run(policy, "/bin/sh", "-c", script)
    bench.check(done.stdout == "b\n", done.stdout + done.stderr)
    for words in ("/etc/hostname: No such file", "cat: not found"):
        bench.check(words in done.stderr, done.stderr)


# Beside `run` lines: trees that may be read or changed, where nothing is to be started.
STARTING_ATTACKS = [
    "copy-and-execute", "copy-and-load", "copy-and-map", "copy-and-map-later", "copy-and-open",
    "link-and-execute", "remount", "unmount", "remount-in-namespace", "bind-again", "move-mount"]
STARTING_UNPROVEN = ["remount", "unmount", "remount-in-namespace", "bind-again", "move-mount"]


@case("python3", "sh")
def nothing_runs_that_is_not_listed(bench):
    needs_landlock(3)
    for base in ("use default", "otherwise allow"):
        furnish(bench)
        policy = ["-p", bench.policy(base, "run %s" % PROGRAMS, "read %s/attacks.py, /proc/**" % (
            bench.folder), "create %s/out/**" % bench.folder)]
        bench.check(attempt(bench, policy, "execute") == "through", "a listed program does not start")
        bench.check(attempt(bench, policy, "interpret") == "through", "a script cannot be read")
        try_all(bench, policy, STARTING_ATTACKS, unproven=STARTING_UNPROVEN)


@case("sh")
def the_program_itself_runs_from_where_nothing_may_run(bench):
    needs_landlock(3)
    furnish(bench)
    shutil.copy("/bin/sh", bench.folder / "out/shell")
    policy = bench.policy("use default", "run %s" % PROGRAMS, "create %s/out/**" % bench.folder)
    done = bench.run(policy, str(bench.folder / "out/shell"), "-c",
                     "echo runs; echo > out/new && echo makes; echo > out/shell || echo keeps; "
                     "cp out/shell out/copy; out/copy -c 'echo wrong'")
    bench.check(done.stdout == "runs\nmakes\nkeeps\n", done.stdout + done.stderr)


# ---- network --------------------------------------------------------------------------------------

class Server:
    """Listens on two ports (of IPv4 and IPv6 alike) and on local sockets in a folder."""

    def __init__(self, folder):
        self.sockets = []
        for _ in range(2):
            server = socket.socket(socket.AF_INET6)
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            server.bind(("::", 0))
            self.add(server)
        self.ports = [server.getsockname()[1] for server in self.sockets]
        for address in (str(folder / "stream"), "\0" + str(folder)):
            server = socket.socket(socket.AF_UNIX)
            server.bind(address)
            self.add(server)
        self.sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.sockets[-1].bind(str(folder / "datagrams"))

    def add(self, server):
        server.listen(100)
        self.sockets.append(server)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for server in self.sockets:
            server.close()


NETWORK_ATTACKS = [
    "connect", "connect-6", "connect-mapped", "connect-multipath", "connect-after-reset",
    "connect-file", "connect-abstract", "fast-open", "fast-open-message", "fast-open-option",
    "datagram", "datagram-pair", "netlink", "listen-unbound", "bind", "ring"]
NETWORK_OPTIONAL = ["connect-multipath", "connect-6", "connect-mapped", "ring"]


@case("python3", "sh")
def connect_lines_hold_against_attacks(bench):
    needs_landlock(4)
    with Server(bench.folder) as server:
        for base in ("use default", "otherwise allow"):
            policy = ["-p", bench.policy(base, "connect tcp *:%d" % server.ports[0])]
            for name in ("allowed-connect", "allowed-pair"):
                answer = attempt(bench, policy, name, *server.ports)
                bench.check(answer == "through", "%s: %s" % (name, answer))
            try_all(bench, policy, NETWORK_ATTACKS, *server.ports, optional=NETWORK_OPTIONAL)


# ---- real programs --------------------------------------------------------------------------------

@case("sqlite3")
def sqlite3_writes_one_file(bench):
    needs_landlock(3)
    database = bench.file("one.db")
    policy = bench.policy("use default", "read %s" % PROGRAMS,
                          "write %s" % database)
    program = "PRAGMA journal_mode=memory; create table t(a); insert into t values(6*7);"
    bench.expect(bench.run(policy, find("sqlite3"), "-batch", database, program))
    done = bench.expect(bench.run(policy, find("sqlite3"), database, "select a from t"), output="42")
    other = bench.file("other.db")
    done = bench.run(policy, find("sqlite3"), other, "create table t(a)")
    bench.check(done.returncode != 0, "another file was written")
    bench.check(Path(other).stat().st_size == 0, "another file was written")


@case("gcc")
def gcc_builds_with_a_toolchain_it_cannot_change(bench):
    needs_landlock(3)
    (bench.folder / "work").mkdir()
    bench.file("work/hello.c", '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    policy = bench.policy("use default", "run %s, %s/work/**" % (
        PROGRAMS, bench.folder), "create %s/work/**" % bench.folder,
        "write /dev/null")
    work = str(bench.folder / "work")
    bench.expect(bench.run(policy, find("gcc"), "-O1", "-o", work + "/hello", work + "/hello.c",
                           environment={"TMPDIR": work}))
    # Modes are not the program's to change behind path lines, not even the linker's.
    Path(work, "hello").chmod(0o755)
    bench.expect(bench.run(policy, work + "/hello"), output="hello")
    done = bench.run(policy, find("gcc"), "-o", str(bench.folder / "hello"), work + "/hello.c",
                     environment={"TMPDIR": work})
    bench.check(done.returncode != 0, "gcc wrote outside its folder")
    bench.check(not (bench.folder / "hello").exists(), "gcc wrote outside its folder")


@case("curl", "python3")
def curl_reaches_one_port(bench):
    needs_landlock(4)
    bench.file("page", "the page")
    servers = [subprocess.Popen([find("python3"), "-u", "-m", "http.server", "0", "--bind",
                                 "127.0.0.1"], cwd=bench.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True) for _ in range(2)]
    try:
        ports = [server.stdout.readline().split("port ")[1].split()[0] for server in servers]
        policy = bench.policy("use default", "connect tcp *:%s" % ports[0])
        urls = ["http://127.0.0.1:%s/page" % port for port in ports]
        bench.expect(bench.outside(find("curl"), "-sS", urls[1]), output="the page")
        bench.expect(bench.run(policy, find("curl"), "-sS", urls[0]), output="the page")
        done = bench.run(policy, find("curl"), "-sS", urls[1])
        bench.check(done.returncode == 7, "curl ended with %d" % done.returncode)
    finally:
        for server in servers:
            server.kill()
            server.wait()
            server.stdout.close()


# ---- what is missing ------------------------------------------------------------------------------

@case("python3")
def a_missing_path_is_named(bench):
    needs_landlock(3)
    policy = bench.policy("use default", "read /no/such/place")
    done = bench.expect(bench.outside(bench.seclude, "run", "-p", policy, "--", "/bin/true"), 125)
    bench.check("`/no/such/place` does not exist" in done.stderr, done.stderr)
    bench.check("policy.seclude:4:6" in done.stderr, done.stderr)
    policy = bench.policy("use default", "read /no/such/place?")
    bench.expect(bench.run(policy, "/bin/true"))


@case("sh")
def paths_of_the_launcher_itself_are_not_granted(bench):
    needs_landlock(3)
    for path in ("/proc/self/**", "/proc/thread-self/**"):
        policy = bench.policy("use default", "read %s" % path)
        done = bench.outside(bench.seclude, "run", "-p", policy, "--", "/bin/true")
        bench.expect(done, status=125)


@case("unshare", "mount", "python3")
def mounts_alone_do_not_hold_path_lines(bench):
    """Why Landlock is asked for: a read-only mount lets both through, and Landlock neither."""
    (bench.folder / "in").mkdir()
    os.mkfifo(bench.folder / "in/pipe")
    bench.file("given", "as it was")
    script = ("import os; pipe = os.open('in/pipe', os.O_RDWR); os.write(pipe, b'x');"
              "os.write(os.open('/proc/self/fd/0', os.O_WRONLY), b'is'); print('through')")
    program = [find("python3"), "-I", "-c", script]
    read_only = "mount --bind in in && mount -o remount,bind,ro in && mount --bind . /mnt && "
    read_only += 'mount -o remount,bind,ro /mnt && cd /mnt && exec "$@"'
    with open(bench.folder / "given") as given:
        done = bench.outside(find("unshare"), *([] if os.getuid() == 0 else ["-r"]), "-m", find("sh"), "-c",
                             read_only, "sh", *program, stdin=given)
    bench.expect(done, output="through")
    bench.check((bench.folder / "given").read_text() == "is it was", "it was not changed")
    needs_landlock(3)
    policy = bench.policy("use default", "read %s, /proc/**, %s/in/**" % (PROGRAMS, bench.folder))
    for tried in ("import os; os.open('in/pipe', os.O_RDWR)",
                  "import os; os.open('/proc/self/fd/0', os.O_WRONLY)"):
        with open(bench.folder / "given") as given:
            done = bench.run(policy, find("python3"), "-I", "-c", tried, stdin=given)
        bench.check("PermissionError" in done.stderr, done.stdout + done.stderr)


@case("python3", "sh")
def without_landlock_the_run_is_refused(bench):
    lines = {"read /etc/**": "ABI 3 (Linux 6.2)", "connect tcp *:80": "ABI 4 (Linux 6.7)"}
    outer = [bench.seclude, "run", "-q", "--deny", "landlock_create_ruleset with ENOSYS", "--"]
    for line, needed in lines.items():
        inner = [bench.seclude, "run", "-p", bench.policy("use default", line)]
        done = bench.outside(*outer, *inner, "--", "/bin/echo", "reached")
        bench.expect(done, status=125)
        for words in ("this kernel has no Landlock", needed, "policy.seclude:4:1", "seclude doctor"):
            bench.check(words in done.stderr, "%r is missing in: %s" % (words, done.stderr))
        bench.check(("mounts alone" in done.stderr) == line.startswith("read"), done.stderr)
        done = bench.outside(*outer, *inner, "--best-effort", "--", "/bin/echo", "reached")
        bench.expect(done, output="reached")
        bench.check("warning: " in done.stderr, done.stderr)


@case("sh")
def the_plan_names_each_lines_layer(bench):
    needs_landlock(4)
    policy = bench.policy("use default", "read /etc/**", "connect tcp *:80", "environment A")
    done = bench.expect(bench.outside(
        bench.seclude, "run", "-p", policy, "--plan", "--json", "--", "/bin/true"))
    bench.file("plan.json", done.stdout)
    lines = {line["text"]: line["layer"] for line in
             bench.document(bench.folder / "plan.json")["lines"]}
    wanted = {"read /etc/**": "mounts, landlock and seccomp", "connect tcp *:80": "landlock and seccomp",
              "environment A": "launch"}
    for text, layer in wanted.items():
        bench.check(lines.get(text) == layer, "%s: %s" % (text, lines.get(text)))
    bench.check("seccomp" in lines.values(), "no line is held by seccomp")
