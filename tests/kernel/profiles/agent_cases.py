# Agents: a coding agent's session behind `agent`: shells, version control, compilers, interpreters and
# a test server, on one port.
#
# In: Debian's programs. Out: cases.
# Neighbours: harness.py; toolchain_cases.py, server_cases.py for narrower profiles.
import os
import shutil
import socket
import threading
from pathlib import Path

from harness import case, find, free_port
from layer_support import needs_landlock

BEGIN = """
git init -q work
git -C work config user.email a@example.org; git -C work config user.name A
"""
SESSION = r"""
set -e; cd work
printf '#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n' > a.c
printf 'all: a\na: a.c ; gcc -O1 -o $@ $<\n' > Makefile
make -s 2>&1; ./a
git add a.c Makefile; git commit -q -m first; git log --oneline | wc -l
python3 -I -c 'import json, subprocess; print(json.dumps(subprocess.check_output(["echo", "python"], text=True)))'
node -e 'console.log([1, 2, 3].map((n) => n * 2).join())'
echo page > page; python3 -I -m http.server $PORT --bind 127.0.0.1 > log 2>&1 & server=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  curl -sS http://127.0.0.1:$PORT/page 2> /dev/null && break; sleep 0.25
done
kill $server; wait $server || echo "the server ended with $?"
grep -rn built --include='*.c' . | sed 's/.*puts/puts/'; find . -name '*.c' | xargs wc -l
tar czf $ARCHIVE --exclude log . ; tar tzf $ARCHIVE | grep -cx ./a.c
"""
SAID = ['built', '1', '"python\\n"', '2,4,6', 'page', 'the server ended with 143',
        'puts("built"); return 0; }', '2 ./a.c', '1']
TOOLS = ("bash", "git", "gcc", "make", "python3", "node", "curl", "tar")
TRIES = """import socket, sys
for what in sys.argv[1:]:
    kind, port = what.split(":")
    try:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.connect(("127.0.0.1", int(port))) if kind == "connect" else s.bind(("0.0.0.0", int(port)))
        print(what, "through")
    except OSError as error:
        print(what, error.errno)
"""


def session(bench, policy, port, begin=BEGIN):
    archive = str(bench.folder / "work.tar.gz") if begin else "/tmp/work.tar.gz"
    done = bench.run(policy, find("bash"), "-c", begin + SESSION,
                     environment={"PORT": str(port), "ARCHIVE": archive})
    bench.expect(done)
    bench.check([line.strip() for line in done.stdout.splitlines()] == SAID, done.stdout + done.stderr)


@case(*TOOLS)
def a_session_of_an_agent_works(bench):
    policy = bench.policy("use agent", "otherwise deny with EPERM")
    session(bench, policy, free_port())


@case(*TOOLS)
def a_session_of_an_agent_is_held_to_its_ports(bench):
    needs_landlock(4)
    port, other = free_port(), free_port()
    policy = bench.policy("use agent", "otherwise deny with EPERM", "listen tcp *:%d" % port,
                          "connect tcp *:%d" % port)
    session(bench, policy, port)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.accept, daemon=True).start()
        tries = ["connect:%d" % server.getsockname()[1], "bind:%d" % other, "bind:%d" % port]
        command = [find("python3"), "-I", "-c", TRIES, *tries]
        bench.expect(bench.outside(*command), output="\n".join(one + " through" for one in tries))
        done = bench.expect(bench.run(policy, *command))
        bench.check(done.stdout == "%s 13\n%s 13\n%s through\n" % tuple(tries), done.stdout)


# What instructions in a file that it reads could talk an agent into; each succeeds outside.
TALKED_INTO = {
    "plant a hook": "echo 'echo planted' > work/.git/hooks/pre-commit && chmod +x work/.git/hooks/pre-commit",
    "plant an alias": "git -C work config alias.status '!echo planted'",
    "put another repository there": "mv work/.git work/.old && mkdir -p work/.git/hooks",
    "read a key": "cat home/.ssh/key",
    "see that there is a key": "ls home/.ssh/key",
    "change the shell's start": "echo planted >> home/.bashrc",
    "connect elsewhere": "exec 3<> /dev/tcp/127.0.0.1/$OTHER",
    "send to elsewhere": "exec 3<> /dev/udp/127.0.0.1/$OTHER; echo x >&3",
    "signal outside": "kill -0 $OUTSIDE",
    "look at others": "test -e /proc/$OUTSIDE/cmdline",
    "leave something in /tmp": "echo left > $LEFT",
}


def begin_work(bench):
    """The owner's repository and home, as they were before the agent came."""
    for name in ("work", "home"):
        shutil.rmtree(bench.folder / name, ignore_errors=True)
    bench.expect(bench.outside(find("bash"), "-c", BEGIN))
    bench.file("home/.ssh/key", "verysecret\n")
    bench.file("home/.bashrc", "# nothing\n")


def traces(bench, left):
    """What of the owner's was changed."""
    hook, head = bench.folder / "work/.git/hooks/pre-commit", bench.folder / "work/.git/HEAD"
    return (hook.exists(), "planted" in Path(bench.folder, "work/.git/config").read_text()
            if head.exists() else "moved", (bench.folder / "home/.bashrc").read_text(), left.exists())


@case(*TOOLS)
def a_session_of_an_agent_is_held_to_its_work(bench):
    needs_landlock(4)
    begin_work(bench)
    port, folder, left = free_port(), str(bench.folder), Path("/tmp/seclude-left-%d" % os.getpid())
    limits = [line for line in ("limit memory 4G", "limit processes 128") if bench.layer(line)]
    policy = bench.policy(
        "use agent", "otherwise deny with EPERM", "run /usr/**, /lib/**?, /lib64/**?, %s/work/**" % folder,
        "read /etc/**, /proc/**, /dev/urandom", "write /dev/null",
        "create %s/work/**, /tmp/**" % folder,
        "protect %s/work/.git/hooks/**, %s/work/.git/config" % (folder, folder),
        "read %s/home/**" % folder, "hide %s/home/.ssh/**" % folder,
        "connect tcp *:%d" % port, "listen tcp *:%d" % port, "isolate processes, ipc, tmp", *limits)
    session(bench, policy, port, begin="")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.accept, daemon=True).start()
        environment = {"OTHER": str(server.getsockname()[1]), "OUTSIDE": str(os.getpid()), "LEFT": str(left)}
        for name, text in TALKED_INTO.items():
            begin_work(bench)
            before = traces(bench, left)
            bench.expect(bench.outside(find("bash"), "-c", text, environment=environment))
            left.unlink(missing_ok=True)
            begin_work(bench)
            done = bench.run(policy, find("bash"), "-c", text, environment=environment)
            bench.check(traces(bench, left) == before, name + " has its effect")
            bench.check(done.returncode != 0 or name.startswith("leave"), name + " succeeds: " + done.stdout)
            bench.check("verysecret" not in done.stdout, name)


@case("gcc")
def what_no_tool_needs_is_refused(bench):
    policy = bench.policy("use agent", "otherwise deny with EPERM")
    refused = ["ptrace", "process_vm_readv", "mount", "umount2", "unshare", "setns", "clone-newuser",
               "keyctl", "add_key", "bpf", "perf_event_open", "io_uring_setup", "userfaultfd",
               "finit_module", "tiocsti", "tioclinux", "reboot"]
    answers = bench.probe(policy, *refused, "socket-packet", "socket-alg")
    bench.check({answers.pop("socket-packet"), answers.pop("socket-alg")} == {97}, "sockets")
    bench.check(set(answers.values()) == {1}, "%r" % answers)
