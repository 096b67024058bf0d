# Toolchains: shells, builds and compilers at work behind `shell`, `build` and `judge-compile`.
#
# In: Debian's bash, make, cmake, ninja and gcc. Out: cases.
# Neighbours: harness.py; default_cases.py for the same programs behind `default`.
import os
import pty
import select
from pathlib import Path

from harness import SEARCH, Failure, case, end, find, poll
from layer_support import needs_landlock

EXAMPLE = (Path(__file__).resolve().parents[3] / "examples/submission.seclude").read_text()
SCRIPT = r"""
seq 5 | sort -r | head -2 | tee t.txt
(sleep 0.1; echo background) & wait
for f in *; do echo "$f"; done | wc -l
tar cf - t.txt | gzip | gunzip | tar tf -
find . -name 't.*' -exec grep -l 5 {} +
cat <(echo substituted)
mkfifo pipe; echo through > pipe & cat pipe; wait
ls -la | awk 'NR == 1 { print $1 }'; date > /dev/null; id -u > /dev/null
trap 'echo trapped' USR1; kill -USR1 $$
xargs -P2 -n1 echo < t.txt | sort
set -m; sleep 100 & jobs -p > /dev/null; kill %1; wait %1 2>/dev/null; echo "ended with $?"
cp -p t.txt copy.txt; mv copy.txt moved.txt; ln -s moved.txt link; chmod 600 moved.txt; rm pipe link
"""
SAID = "5\n4\nbackground\n1\nt.txt\n./t.txt\nsubstituted\nthrough\ntotal\ntrapped\n4\n5\nended with 143\n"


@case("bash", "tar", "awk")
def a_shell_pipes_substitutes_and_traps(bench):
    done = bench.expect(bench.run("shell", find("bash"), "-c", SCRIPT))
    bench.check(done.stdout == SAID, "it said:\n" + done.stdout + done.stderr)


class Typist:
    """A terminal with somebody at it."""

    def __init__(self, bench, *command):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(bench.folder)
            os.execve(command[0], command, {"PATH": SEARCH, "TERM": "dumb", "PS1": "> "})
        self.seen = ""

    def type(self, text, until):
        os.write(self.terminal, text.encode())
        before = len(self.seen)

        def answered():
            if select.select([self.terminal], [], [], 0)[0]:
                self.seen += os.read(self.terminal, 4096).decode()
            return until in self.seen[before:]
        poll(answered, "%r after %r in %r" % (until, text, self.seen))

    def wait_for(self, program):
        """Until the terminal's signals are for it: what is typed before goes to the shell."""
        poll(lambda: Path("/proc/%d/comm" % os.tcgetpgrp(self.terminal)).read_text() == program + "\n",
             "%s in the foreground" % program)


def types_in_a_shell(bench, policy):
    typist = Typist(bench, bench.seclude, "run", "-q", "-p", policy, "--", find("bash"), "--norc", "-i")
    try:
        typist.type("", "> ")
        typist.type("sleep 1000\n", "sleep 1000\r\n")
        typist.wait_for("sleep")
        typist.type("\x1a", "Stopped")
        typist.type("bg\n", "sleep 1000 &")
        typist.type("fg\n", "sleep 1000\r\n")
        typist.wait_for("sleep")
        typist.type("\x03", "> ")
        typist.type("echo \"it ended with $?\"\n", "it ended with 130")
        os.write(typist.terminal, b"exit 7\n")
        status = os.waitstatus_to_exitcode(os.waitpid(typist.child, 0)[1])
        bench.check(status == 7, "ended with %d: %s" % (status, typist.seen))
    except (Failure, OSError):
        end(typist.child)
        raise


@case("bash", "sleep")
def job_control_works_in_a_shell(bench):
    types_in_a_shell(bench, "shell")


@case("bash", "sleep")
def job_control_works_in_an_agents_shell(bench):
    needs_landlock(4)
    types_in_a_shell(bench, bench.policy(
        "use agent", "otherwise deny with EPERM", "run /usr/**, /lib/**?, /lib64/**?", "read /etc/**, /proc/**",
        "create %s/**, /tmp/**" % bench.folder, "write /dev/null, /dev/tty", "connect tcp *:443",
        "listen tcp *:8000", "isolate processes, ipc, tmp"))


@case("bash", "gcc")
def a_shell_has_no_network_and_no_code_of_its_own(bench):
    script = "exec 3<>/dev/tcp/127.0.0.1/9"
    outside = bench.outside(find("bash"), "-c", script)
    bench.check("refused" in outside.stderr, outside.stderr)
    done = bench.run("shell", find("bash"), "-c", script)
    bench.check("not supported by protocol" in done.stderr, done.stderr)
    for profile in ("shell", "build"):
        answers = bench.probe(profile, "mmap-write-exec", "mprotect-exec", "ptrace", "mount", "unshare",
                              "keyctl", "bpf", "tiocsti", "clone-newuser", "io_uring_setup")
        bench.check(set(answers.values()) == {1}, "%s: %r" % (profile, answers))


MAKEFILE = """
all: hello check
hello: main.o libx.a ; gcc -o $@ main.o libx.a
libx.a: x.o ; ar rcs $@ x.o
%.o: %.c ; gcc -O2 -c -o $@ $<
check: hello ; ./hello | grep -q 42 && echo checked
install: hello ; install -D -m 755 hello root/bin/hello
"""
MAIN = '#include <stdio.h>\nint x(void);\nint main(void) { printf("%d\\n", x()); return 0; }\n'


def project(bench):
    bench.file("Makefile", MAKEFILE)
    bench.file("main.c", MAIN)
    bench.file("x.c", "int x(void) { return 42; }\n")
    bench.file("CMakeLists.txt", "cmake_minimum_required(VERSION 3.10)\nproject(p C)\n"
               "add_executable(hello main.c x.c)\nenable_testing()\nadd_test(NAME t COMMAND hello)\n")


@case("make", "gcc")
def make_builds_checks_and_installs(bench):
    project(bench)
    bench.expect(bench.run("build", find("make"), "-j4"), output="checked")
    bench.expect(bench.run("build", find("make"), "install"))
    bench.expect(bench.outside(str(bench.folder / "root/bin/hello")), output="42")


@case("cmake", "ninja", "gcc")
def cmake_ninja_and_ctest_build_and_test(bench):
    project(bench)
    script = "cmake -G Ninja -S . -B b && ninja -C b && ctest --test-dir b"
    bench.expect(bench.run("build", find("sh"), "-c", script), output="100% tests passed")


@case("g++", "gcc")
def compilers_compile_and_link_for_a_judge(bench):
    bench.file("a.cc", "#include <iostream>\n#include <vector>\n"
               "int main() { std::vector<int> v{40, 2}; std::cout << v[0] + v[1] << '\\n'; }\n")
    bench.file("a.c", '#include <stdio.h>\nint main(void) { puts("42"); return 0; }\n')
    for command in (["g++", "-O2", "-o", "answer", "a.cc"], ["gcc", "-o", "answer", "a.c"],
                    ["g++", "-O2", "-flto", "-static", "-pipe", "-o", "answer", "a.cc"]):
        bench.expect(bench.run("judge-compile", find(command[0]), *command[1:]))
        bench.expect(bench.run("judge", "./answer"), output="42")
    bench.file("a.c", "int main(void) { return undeclared; }\n")
    done = bench.expect(bench.run("judge-compile", find("gcc"), "-o", "answer", "a.c"), status=1)
    bench.check("undeclared" in done.stderr, done.stderr)


HOSTILE = {  # what gets into the output or the messages, from a file that is no source
    "include": '#include "%s"\n',
    "incbin": 'asm(".section .rodata\\n.incbin \\"%s\\"\\n");\nint main(void) { return 0; }\n',
    "embed-by-assembler-include": 'asm(".include \\"%s\\"\\n");\nint main(void) { return 0; }\n',
}


@case("gcc")
def hostile_sources_read_nothing_but_sources(bench):
    secret = bench.file("secret", "verysecret;\n")
    work = bench.folder / "work"
    policy = bench.file("submission.seclude", EXAMPLE.replace("/srv/submission", str(work)))
    for name, text in HOSTILE.items():
        bench.file("work/a.c", text % secret)
        command = [find("gcc"), "-o", "work/a", "work/a.c"]

        def leaked(done):
            made = Path(work, "a").read_bytes() if Path(work, "a").exists() else b""
            Path(work, "a").unlink(missing_ok=True)
            return "verysecret" in done.stderr or b"verysecret" in made
        bench.check(leaked(bench.outside(*command)), name + " reveals nothing outside")
        done = bench.run(policy, *command, environment={"TMPDIR": str(work)})
        bench.check(not leaked(done) and done.returncode != 0, name + ": " + done.stderr)
    bench.file("work/a.c", MAIN.replace("x()", "42").replace("int x(void);", ""))
    bench.expect(bench.run(policy, *command, environment={"TMPDIR": str(work)}))


@case("gcc")
def what_no_compiler_needs_is_refused(bench):
    refused = ["socket-inet", "socket-unix", "kill", "ptrace", "mount", "unshare", "clone-newuser",
               "keyctl", "bpf", "mmap-write-exec", "mprotect-exec", "chown", "tiocsti", "io_uring_setup"]
    answers = bench.probe("judge-compile", *refused)
    bench.check(set(answers.values()) == {1}, "%r" % answers)
    before = bench.probe(None, "socket-inet", "socket-unix", "kill", "mmap-write-exec", "mprotect-exec")
    bench.check(1 not in before.values(), "the probe proves nothing: %r" % before)
