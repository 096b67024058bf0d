# Tasks: whole tasks behind whole policies, of paths, ports, limits and namespaces: pictures that are
# bombs, a build, a script of node's, redis, git, a session of an agent. Each does its work, and what its
# input talks it into fails, where the same succeeds outside.
#
# In: Debian's programs, servers on loopback. Out: cases; lines that take a control group are left out
# of those cases that have them beside others where none can be made, and skip the cases about them.
# Neighbours: harness.py; hostile_picture_cases.py, ../judge_cases.py, agent_cases.py.
import json
import os
import signal
import socket
import struct
import subprocess
import zlib
from pathlib import Path

from harness import SEARCH, Failure, Server, Skipped, case, find, free_port, poll
from layer_support import needs_landlock

EXAMPLE = (Path(__file__).resolve().parents[3] / "examples/convert.seclude").read_text()
CONVERT = "convert-im6.q16|convert|magick"
SYSTEM = "/usr/**, /lib/**?, /lib64/**?"
ISOLATED = "isolate network, processes, ipc, tmp"


def held(bench, *lines):
    """Those of the limit lines that this user may have."""
    return [line for line in lines if bench.layer(line) is not None]


def secret(bench):
    """A file beside the task's folder; everybody outside may read and change it."""
    path = bench.file("secret", "verysecret\n")
    os.chmod(path, 0o666)
    return path


def reported(bench, policy, *command, **options):
    report = bench.folder / "report.json"
    report.unlink(missing_ok=True)
    done = bench.outside(bench.seclude, "run", "-q", "-p", policy, "--report", str(report), "--",
                         *command, **options)
    bench.check(report.exists(), "no report: " + done.stderr)
    return done, json.loads(report.read_text())


# ---- pictures -------------------------------------------------------------------------------------

GREEDY = """<policymap>%s
</policymap>
""" % "".join('\n<policy domain="resource" name="%s" value="%s"/>' % one for one in (
    ("width", "200KP"), ("height", "200KP"), ("area", "64GP"), ("memory", "%s"), ("map", "0"),
    ("disk", "64GiB")))


def bomb(side):
    """A picture of few bytes, and 8 for each of its points in ImageMagick's memory."""
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content +
                struct.pack(">I", zlib.crc32(kind + content)))
    rows = zlib.compress((b"\0" + b"\0" * (side // 8)) * side, 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)) +
            chunk(b"IDAT", rows) + chunk(b"IEND", b""))


class Pictures:
    """A picture, a bomb and an endless drawing, and a converter that minds no limits of its own."""

    def __init__(self, bench, side, memory):
        self.bench = bench
        bench.file("in/bomb.png", bomb(side))
        bench.file("in/endless.mvg", "viewbox 0 0 1000 1000\n" + "circle 500,500 10,10\n" * 50000)
        bench.file("config/policy.xml", GREEDY % memory)
        (bench.folder / "out").mkdir(exist_ok=True)
        self.environment = {"MAGICK_CONFIGURE_PATH": str(bench.folder / "config"),
                            "MAGICK_TEMPORARY_PATH": str(bench.folder / "out")}
        bench.expect(bench.outside(find(CONVERT), "-size", "64x64", "plasma:red-blue", "in/a.png"))

    def policy(self, *lines):
        """examples/convert.seclude with other limits, and this converter's configuration."""
        text = EXAMPLE.replace("/srv", str(self.bench.folder))
        kept = [line for line in text.split("\n") if not line.startswith("limit")]
        return self.bench.file("convert.seclude", "\n".join(
            (*kept, "read %s/config/**" % self.bench.folder, *lines, "")))

    def convert(self, policy, name):
        return reported(self.bench, policy, find(CONVERT), name, "-resize", "50%", "out/a.jpg",
                        environment=self.environment)

    def ends(self, policy, name, outcome, status):
        done, told = self.convert(policy, name)
        self.bench.check((told["outcome"], done.returncode) == (outcome, status),
                         "%s: %s %s" % (name, json.dumps(told), done.stderr))
        return told

    def works_outside(self, name):
        self.bench.expect(self.bench.outside(find(CONVERT), name, "-resize", "50%", "out/a.jpg",
                                             environment=self.environment))


@case(CONVERT)
def a_bomb_of_memory_and_an_endless_drawing_end_at_their_limits(bench):
    needs_landlock(3)
    lines = ["limit memory 64M", "limit cpu-time 1s"]
    if held(bench, *lines) != lines:
        raise Skipped("no control group can be made")
    pictures = Pictures(bench, side=4000, memory="64GiB")
    pictures.works_outside("in/bomb.png")
    policy = pictures.policy(*lines, "limit threads 32", "limit time 100s")
    bench.expect(pictures.convert(policy, "in/a.png")[0])
    told = pictures.ends(policy, "in/bomb.png", "memory", 137)
    bench.check(told["usage"]["peak_memory_bytes"] < 66 << 20, json.dumps(told["usage"]))
    pictures.ends(policy, "mvg:in/endless.mvg", "cpu_time", 124)


@case(CONVERT)
def a_bomb_on_disk_and_an_endless_drawing_end_without_a_group(bench):
    needs_landlock(3)
    pictures = Pictures(bench, side=2000, memory="4MiB")  # the rest goes to the disk
    pictures.works_outside("in/bomb.png")
    policy = pictures.policy("limit file-size 16M", "limit time 3s")
    bench.expect(pictures.convert(policy, "in/a.png")[0])
    (bench.folder / "out/a.jpg").unlink()
    # ImageMagick handles SIGXFSZ, and ends with its number.
    pictures.ends(policy, "in/bomb.png", "exited", signal.SIGXFSZ)
    left = [path.stat().st_size for path in (bench.folder / "out").iterdir()]
    bench.check(max(left, default=0) <= 16 << 20, "%r" % left)
    pictures.ends(policy, "mvg:in/endless.mvg", "timeout", 124)


# ---- a build --------------------------------------------------------------------------------------

MAKEFILE = """
all: hello ; ./hello | grep -q 42 && echo checked
hello: main.c libx.a ; gcc -O2 -o $@ main.c -L. -lx
libx.a: x.c ; gcc -O2 -c x.c && ar rcs $@ x.o
"""
MAIN = '#include <stdio.h>\nint x(void);\nint main(void) { printf("%d\\n", x()); return 0; }\n'
# What a poisoned project would like to do while it is built; each a command that succeeds outside.
POISON = {
    "read a secret": "cat $(OUT)/secret",
    "look at a file": "stat $(OUT)/secret",
    "see the home": "ls -d $(OUT)/home/.ssh",
    "see who runs it": "kill -0 $(PARENT)",
    "change a file": "echo changed >> $(OUT)/secret",
    "make a file beside": "echo made > $(OUT)/made",
    "leave something in /tmp": "echo left > $(LEFT)",
}
# In a /tmp of the build's own these succeed: only the effect counts.
SEEMING = ("change a file", "make a file beside", "leave something in /tmp")
ROOTS_POISON = {  # what only root can do outside
    "change the toolchain": "touch /usr/lib/gcc/poisoned && rm /usr/lib/gcc/poisoned",
    "change a header": "touch -c /usr/include/stdio.h",
}


@case("gcc", "make", "ar", "grep")
def a_project_is_built_with_a_toolchain_it_cannot_change(bench):
    needs_landlock(3)
    for name, text in (("Makefile", MAKEFILE), ("main.c", MAIN), ("x.c", "int x(void) { return 42; }\n")):
        bench.file("work/" + name, text)
    secret(bench)
    (bench.folder / "home/.ssh").mkdir(parents=True)
    work, left = str(bench.folder / "work"), "/tmp/seclude-left-%d" % os.getpid()
    poison = dict(POISON, **(ROOTS_POISON if os.getuid() == 0 else {}))
    bench.file("work/poison.mk", "OUT = %s\nLEFT = %s\nPARENT = %d\n" % (bench.folder, left, os.getpid()) +
               "".join("p%d: ; %s\n" % (i, text) for i, text in enumerate(poison.values())))
    policy = bench.policy("use build", "run %s, %s/**" % (SYSTEM, work), "read /etc/**",
                          "create %s/**, /tmp/**" % work, "write /dev/null", ISOLATED,
                          *held(bench, "limit memory 1G", "limit processes 64"), "limit time 100s")
    make = [find("make"), "-C", work]
    bench.expect(bench.run(policy, *make, "-j2"), output="checked")
    bench.expect(bench.outside(work + "/hello"), output="42")
    for i, name in enumerate(poison):
        attempt = [*make, "-s", "-f", "poison.mk", "p%d" % i]
        bench.expect(bench.outside(*attempt))
        for path in (left, bench.folder / "made"):
            Path(path).unlink(missing_ok=True)
        secret(bench)
        done = bench.run(policy, *attempt)
        bench.check(done.returncode != 0 or name in SEEMING, "it could " + name)
        bench.check("verysecret" not in done.stdout, "it could " + name)
        bench.check(Path(bench.folder, "secret").read_text() == "verysecret\n", "it could " + name)
        bench.check(not Path(left).exists() and not (bench.folder / "made").exists(), "it could " + name)


# ---- node -----------------------------------------------------------------------------------------

SCRIPT = r"""
const fs = require('fs'), zlib = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');
if (!isMainThread) { parentPort.postMessage(40 + 2); return; }
const lines = JSON.parse(fs.readFileSync('in.json')).map((n) => n * 2);
fs.mkdirSync('made/deep', { recursive: true });
fs.writeFileSync('made/deep/out.gz', zlib.gzipSync(lines.join('\n')));
fs.renameSync('made/deep/out.gz', 'made/out.gz'); fs.rmSync('made/deep', { recursive: true });
new Worker(__filename).on('message', (n) => console.log('worker', n, fs.readdirSync('made').join()));
"""
PACKAGE = r"""
const fs = require('fs'), net = require('net'), { execFileSync } = require('child_process');
const [what, folder, port] = process.argv.slice(2);
const attempts = {
  read: () => console.log(fs.readFileSync(folder + '/secret', 'utf8')),
  list: () => console.log(fs.readdirSync(folder).includes('secret')),
  look: () => fs.statSync(folder + '/secret'),
  change: () => fs.appendFileSync(folder + '/secret', 'changed'),
  beside: () => fs.writeFileSync(folder + '/made', 'made'),
  start: () => console.log(execFileSync('/bin/cat', [folder + '/secret'], { encoding: 'utf8' })),
  connect: () => net.connect(port, '127.0.0.1').on('connect', () => process.exit(0))
    .on('error', () => process.exit(1)),
};
attempts[what]();
"""


@case("node")
def node_works_in_its_folder_and_nowhere_else(bench):
    needs_landlock(3)
    bench.file("work/in.json", json.dumps(list(range(1000))))
    script, package = bench.file("work/work.js", SCRIPT), bench.file("work/package.js", PACKAGE)
    work = str(bench.folder / "work")
    policy = bench.policy("use node", "run %s" % SYSTEM, "read /etc/ssl/**?", "create %s/**" % work,
                          ISOLATED, *held(bench, "limit memory 1G", "limit threads 64"), "limit time 100s")
    command = [bench.seclude, "run", "-q", "-p", policy, "--chdir", work, "--", find("node")]
    bench.expect(bench.outside(*command, script), output="worker 42 out.gz")
    with socket.create_server(("127.0.0.1", 0)) as server:
        for what in ("read", "list", "look", "change", "beside", "start", "connect"):
            words = [package, what, str(bench.folder), str(server.getsockname()[1])]
            secret(bench)
            bench.expect(bench.outside(find("node"), *words))
            (bench.folder / "made").unlink(missing_ok=True)
            secret(bench)
            done = bench.outside(*command, *words)
            bench.check(done.returncode != 0 or what == "list" and "false" in done.stdout,
                        "%s: %s" % (what, done.stdout + done.stderr))
            bench.check(Path(bench.folder, "secret").read_text() == "verysecret\n" and
                        not (bench.folder / "made").exists() and "verysecret" not in done.stdout, what)


# ---- a server -------------------------------------------------------------------------------------

def client(bench, port, *words):
    return bench.outside(find("redis-cli"), "-p", str(port), *words)


class Redis(Server):
    """Configured to let clients do all that it can."""

    def __init__(self, bench, policy, port, *words):
        super().__init__(bench, policy, port, find("redis-server"), "--port", str(port), "--bind",
                         "127.0.0.1", "--dir", str(bench.folder / "data"), "--save", "",
                         "--enable-protected-configs", "yes", "--enable-module-command", "yes", *words)
        if policy is None:
            self.command = self.command[self.command.index("--") + 1:]


def taken_over(bench, port, master):
    """What clients have made redis do on other people's servers: {what: whether it worked}."""
    script = bench.folder / "elsewhere"
    script.mkdir(exist_ok=True)
    script.chmod(0o777)
    client(bench, port, "set", "x", "\n* * * * * root id\n")
    client(bench, port, "config", "set", "dir", str(script))
    client(bench, port, "save")
    worked = {"save elsewhere": (script / "dump.rdb").exists()}
    (script / "dump.rdb").unlink(missing_ok=True)
    client(bench, port, "config", "set", "dir", str(bench.folder / "data"))
    client(bench, port, "replicaof", "127.0.0.1", str(master.getsockname()[1]))
    try:
        master.accept()[0].close()
        worked["connect"] = True
    except TimeoutError:
        worked["connect"] = False
    client(bench, port, "replicaof", "no", "one")
    client(bench, port, "module", "load", str(bench.folder / "data/module.so"))
    worked["load code"] = (bench.folder / "data/loaded").exists()
    (bench.folder / "data/loaded").unlink(missing_ok=True)
    said = client(bench, port, "config", "set", "port", str(free_port())).stdout
    worked["listen elsewhere"] = said == "OK\n"
    return worked


MODULE = """#include <fcntl.h>
int RedisModule_OnLoad(void *context, void **arguments, int count) {
  open("loaded", O_CREAT | O_WRONLY, 0600);
  return 1;
}
"""


@case("redis-server", "redis-cli", "gcc")
def redis_listens_at_one_port_and_is_not_taken_over(bench):
    needs_landlock(4)
    (bench.folder / "data").mkdir()
    source = bench.file("module.c", MODULE)
    bench.expect(bench.outside(find("gcc"), "-shared", "-o", str(bench.folder / "data/module.so"), source))
    port = free_port()
    # `run` lines keep code out of data/, and bring execve.
    policy = bench.policy("use network-server", "listen tcp 127.0.0.1:%d" % port,
                          "run %s" % SYSTEM, "deny execve, execveat with EPERM", "read /etc/**",
                          "create %s/data/**" % bench.folder, "write /dev/null", "isolate ipc",
                          *held(bench, "limit memory 1G"))
    with socket.create_server(("127.0.0.1", 0)) as master:
        master.settimeout(5)
        with Redis(bench, None, port):
            outside = taken_over(bench, port, master)
        bench.check(all(outside.values()), "not outside: %r" % outside)
        with Redis(bench, policy, port):
            bench.check(client(bench, port, "set", "a", "42").stdout == "OK\n", "it does not serve")
            inside = taken_over(bench, port, master)
            bench.check(client(bench, port, "save").stdout == "OK\n" and
                        (bench.folder / "data/dump.rdb").exists(), "it does not save")
        bench.check(not any(inside.values()), "%r" % inside)
    for words in (["--bind", "0.0.0.0"], ["--port", str(free_port())]):
        try:
            with Redis(bench, policy, port, *words):
                bench.check(False, "it listens with %r" % words)
        except Failure as failure:
            bench.check("Permission denied" in str(failure), str(failure))


# ---- git ------------------------------------------------------------------------------------------

def git(bench, *words):
    bench.expect(bench.outside(find("git"), *words))


class Upstream:
    """A repository, served on two ports."""

    def __init__(self, bench):
        path = subprocess.run([find("git"), "--exec-path"], capture_output=True, text=True).stdout.strip()
        if not Path(path, "git-daemon").exists():
            raise Skipped("git-daemon is not installed")
        self.bench, self.daemons, self.ports = bench, [], [free_port(), free_port()]
        for name in ("served/upstream", "private"):
            git(bench, "init", "-q", name)
            bench.file(name + "/file", "content of %s\n" % name)
            git(bench, "-C", name, "add", ".")
            git(bench, "-C", name, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q",
                "-m", "first")

    def __enter__(self):
        for port in self.ports:
            self.daemons.append(subprocess.Popen(
                [find("git"), "daemon", "--reuseaddr", "--listen=127.0.0.1", "--port=%d" % port,
                 "--export-all", "--base-path=%s/served" % self.bench.folder], env={"PATH": SEARCH},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))
            poll(lambda: self.bench.outside(find("git"), "ls-remote", self.url(port)).returncode == 0, "git")
        return self

    def url(self, port):
        return "git://127.0.0.1:%d/upstream" % port

    def __exit__(self, *unused):
        for daemon in self.daemons:
            os.killpg(daemon.pid, signal.SIGKILL)  # git starts git-daemon
            daemon.wait()


@case("git")
def git_clones_into_its_folder_from_one_port(bench):
    needs_landlock(4)
    (bench.folder / "work").mkdir()
    work = str(bench.folder / "work")
    with Upstream(bench) as upstream:
        policy = bench.policy("use shell, network-client", "connect tcp *:%d" % upstream.ports[0],
                              "run %s" % SYSTEM, "read /etc/**", "create %s/**" % work, "write /dev/null",
                              "read /dev/urandom", "isolate processes, ipc", "limit time 100s",
                              *held(bench, "limit memory 1G", "limit processes 32"))
        command = [bench.seclude, "run", "-q", "-p", policy, "--chdir", work, "--", find("git")]
        bench.expect(bench.outside(*command, "clone", "-q", upstream.url(upstream.ports[0]), "copy"))
        bench.check(Path(work, "copy/file").read_text() == "content of served/upstream\n", "no clone")
        bench.expect(bench.outside(*command, "-C", "copy", "log", "--oneline"), output="first")
        bench.expect(bench.outside(*command, "-C", "copy", "fetch", "-q"))
        for name, words in {
                "from another port": [upstream.url(upstream.ports[1]), work + "/second"],
                "what it may not read": [str(bench.folder / "private"), work + "/third"],
                "to elsewhere": [upstream.url(upstream.ports[0]), str(bench.folder / "fourth")]}.items():
            bench.expect(bench.outside(find("git"), "clone", "-q", words[0], words[1] + "-outside"))
            done = bench.outside(*command, "clone", "-q", *words)
            bench.check(done.returncode != 0 and not Path(words[1], "file").exists(), "it cloned " + name)
