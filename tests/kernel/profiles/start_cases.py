# Start: programs of three languages and two libcs start, print and end under `otherwise kill`, with
# nothing but static-program or dynamic-program; strict, stdio, threads, subprocess, terminal, files.
#
# In: programs/hello.*, bare.c, threaded.c, terminal.c. Out: cases.
# Neighbours: harness.py; seal_cases.py for programs that seal themselves.
import os
import pty
import subprocess

from harness import SEARCH, case

KILLED = 159  # 128 + SIGSYS
ABORTED = 134  # 128 + SIGABRT


def starts(bench, profile, program):
    policy = bench.policy("use " + profile, "otherwise kill")
    bench.expect(bench.run(policy, program), output="hello")
    # Printing to a file and to nowhere takes other calls than to a pipe.
    with open(bench.folder / "out", "w") as file:
        line = [bench.seclude, "run", "-q", "-p", policy, "--", program]
        status = subprocess.run(line, stdout=file, stdin=subprocess.DEVNULL).returncode
    bench.check(status == 0 and "hello" in (bench.folder / "out").read_text(), "printing to a file")
    # abort() is a death by SIGABRT, not by the policy.
    bench.expect(bench.run(policy, program, "abort"), status=ABORTED)


@case("gcc")
def c_dynamic_glibc(bench):
    starts(bench, "dynamic-program", bench.build("hello.c", "gcc"))


@case("gcc")
def c_static_glibc(bench):
    program = bench.build("hello.c", "gcc", "-static")
    starts(bench, "static-program", program)
    starts(bench, "dynamic-program", program)


@case("gcc")
def c_static_position_independent_glibc(bench):
    starts(bench, "static-program", bench.build("hello.c", "gcc", "-static-pie"))


@case("gcc")
def c_dynamic_is_killed_by_static_program(bench):
    policy = bench.policy("use static-program", "otherwise kill")
    bench.expect(bench.run(policy, bench.build("hello.c", "gcc")), status=KILLED)


@case("musl-gcc")
def c_dynamic_musl(bench):
    starts(bench, "dynamic-program", bench.build("hello.c", "musl-gcc"))


@case("musl-gcc")
def c_static_musl(bench):
    starts(bench, "static-program", bench.build("hello.c", "musl-gcc", "-static"))


@case("g++")
def cxx_dynamic_glibc(bench):
    starts(bench, "dynamic-program", bench.build("hello.cc", "g++"))


@case("g++")
def cxx_static_glibc(bench):
    starts(bench, "static-program", bench.build("hello.cc", "g++", "-static"))


@case("rustc")
def rust_dynamic_glibc(bench):
    starts(bench, "dynamic-program", bench.build("hello.rs", "rustc"))


@case("rustc")
def rust_static_glibc(bench):
    starts(bench, "static-program",
           bench.build("hello.rs", "rustc", "-C", "target-feature=+crt-static"))


@case("gcc")
def strict_runs_what_has_no_libc(bench):
    program = bench.build("bare.c", "gcc", "-static", "-nostdlib", "-O2", "-fno-stack-protector")
    bench.expect(bench.run("strict", program), status=7, output="bare")
    bench.expect(bench.run("strict", program, "more"), status=KILLED, output="bare")
    bench.expect(bench.run("strict", bench.build("hello.c", "gcc", "-static")), status=KILLED)


@case("gcc")
def threads_but_no_processes(bench):
    program = bench.build("threaded.c", "gcc", "-pthread")
    policy = bench.policy("use dynamic-program, threads", "otherwise kill")
    bench.expect(bench.run(policy, program), output="threads ok 1")
    bench.expect(bench.run(policy, program, "fork"), status=KILLED)
    alone = bench.policy("use dynamic-program", "otherwise kill")
    bench.expect(bench.run(alone, program), status=KILLED)


@case("sh", "ls", "wc", "sleep", "env")
def subprocess_runs_a_shell(bench):
    policy = bench.policy("use dynamic-program, stdio, files, subprocess", "otherwise kill")
    script = "ls / | wc -l; (exit 3); echo status $?; sleep 5 & kill $!; wait; env | wc -l; echo done"
    bench.expect(bench.run(policy, "/bin/sh", "-c", script), output="status 3")
    alone = bench.policy("use dynamic-program, stdio, files", "otherwise kill")
    bench.expect(bench.run(alone, "/bin/sh", "-c", "ls /; echo done"), status=KILLED)


@case("cp", "mv", "ln", "rm", "find", "mkdir", "touch", "chmod", "mkfifo", "grep")
def files_are_made_moved_and_removed(bench):
    policy = bench.policy("use dynamic-program, stdio, files", "otherwise kill")
    bench.file("a/one", "content\n")
    for line in ("cp -r a b", "mv b c", "ln -s one c/link", "ln c/one c/hard", "mkdir -p d/e/f",
                 "touch -d 2001-02-03 d/e/f/g", "chmod 600 d/e/f/g", "mkfifo d/pipe",
                 "grep -r content c", "find . -type f -newer a", "rm -r d"):
        bench.expect(bench.run(policy, *line.split()))
    bench.check((bench.folder / "c/hard").read_text() == "content\n", "the copy's content")
    bench.check(not (bench.folder / "d").exists(), "d is still there")


@case("seq", "sort", "tr", "md5sum", "dd", "timeout")
def stdio_filters(bench):
    policy = bench.policy("use dynamic-program, stdio", "otherwise kill")
    text = "".join("%d\n" % (i * 7919 % 1009) for i in range(1000))
    bench.expect(bench.run(policy, "tr", "0-9", "a-j", input=text), output="a\n")
    bench.expect(bench.run(policy, "md5sum", input=text))
    bench.expect(bench.run(policy, "dd", "bs=64", "status=none", input=text), output="1")
    bench.expect(bench.run(policy, "touch", "made"), status=KILLED)


@case("gcc")
def terminal_is_asked_and_set_but_not_typed_into(bench):
    program = bench.build("terminal.c", "gcc")
    policy = bench.policy("use dynamic-program, terminal", "otherwise kill")
    parent, child = pty.openpty()
    try:
        done = subprocess.run([bench.seclude, "run", "-q", "-p", policy, "--", program],
                              stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={"PATH": SEARCH}, start_new_session=True)
    finally:
        os.close(parent)
        os.close(child)
    bench.expect(done, output="asked 0 set 0 sized 0 typed -1 errno 1")
