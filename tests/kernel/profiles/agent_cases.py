# Agents: a coding agent's session behind `agent`: shells, version control, compilers, interpreters and
# a test server, on one port.
#
# In: Debian's programs. Out: cases.
# Neighbours: harness.py; toolchain_cases.py, server_cases.py for narrower profiles.
import socket
import threading

from harness import case, find, free_port
from layer_support import needs_landlock

SESSION = r"""
set -e
git init -q work; cd work
git config user.email a@example.org; git config user.name A
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
tar czf ../work.tar.gz . ; tar tzf ../work.tar.gz | grep -cx ./a.c
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


def session(bench, policy, port):
    done = bench.run(policy, find("bash"), "-c", SESSION, environment={"PORT": str(port)})
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


@case("gcc")
def what_no_tool_needs_is_refused(bench):
    policy = bench.policy("use agent", "otherwise deny with EPERM")
    refused = ["ptrace", "process_vm_readv", "mount", "umount2", "unshare", "setns", "clone-newuser",
               "keyctl", "add_key", "bpf", "perf_event_open", "io_uring_setup", "userfaultfd",
               "finit_module", "tiocsti", "tioclinux", "reboot"]
    answers = bench.probe(policy, *refused, "socket-packet", "socket-alg")
    bench.check({answers.pop("socket-packet"), answers.pop("socket-alg")} == {97}, "sockets")
    bench.check(set(answers.values()) == {1}, "%r" % answers)
