# Runtimes: Java behind `jvm`, Go programs behind `go`.
#
# In: programs/Hello.java and hello.go, built where the compilers are installed. Out: cases.
# Neighbours: harness.py; interpreter_cases.py for python and node.
import os
import shutil
import subprocess

from harness import Failure, case, find
from layer_support import needs_landlock

REFUSED = ["ptrace", "mount", "unshare", "keyctl", "bpf", "io_uring_setup", "userfaultfd", "tiocsti",
           "clone-newuser"]


@case("java", "javac")
def java_runs_classes_and_jars(bench):
    shutil.copy(bench.store / "programs/Hello.java", bench.folder)
    # Its own compiler is a Java program as well.
    bench.expect(bench.run("jvm", find("javac"), "-d", "out", "Hello.java"))
    done = bench.expect(bench.run("jvm", find("java"), "-cp", "out", "Hello"), output="sum 8999994")
    bench.check("from a child\nended with 0" in done.stdout, done.stdout)
    jar = find("jar")
    if jar:
        bench.expect(bench.run("jvm", jar, "-c", "-f", "hello.jar", "-e", "Hello", "-C", "out", "."))
        bench.expect(bench.run("jvm", find("java"), "-jar", "hello.jar"), output="sum 8999994")
    for collector in ("-XX:+UseSerialGC", "-XX:+UseZGC"):
        bench.expect(bench.run("jvm", find("java"), collector, "-cp", "out", "Hello"), output="sum")


@case("java", "javac")
def java_works_in_its_folder(bench):
    needs_landlock(3)
    shutil.copy(bench.store / "programs/Hello.java", bench.folder)
    work = str(bench.folder / "out")
    os.mkdir(work)
    system = "/usr/**, /lib/**?, /lib64/**?"
    policy = bench.policy("use jvm", "run %s" % system, "create %s/**, /tmp/**" % work, "write /dev/null",
                          "read /etc/**, /proc/**, /sys/fs/cgroup/**, /dev/urandom, /dev/random",
                          "read %s/Hello.java" % bench.folder, "isolate network, processes, ipc, tmp")
    bench.expect(bench.run(policy, find("javac"), "-d", work, "Hello.java"))
    done = bench.expect(bench.run(policy, find("java"), "-cp", work, "Hello"), output="sum 8999994")
    bench.check("from a child\nended with 0" in done.stdout, done.stdout)
    done = bench.run(policy, find("javac"), "-d", str(bench.folder), "Hello.java")
    bench.check(done.returncode != 0 and not (bench.folder / "Hello.class").exists(), done.stdout)


def built(bench, cgo):
    program = bench.store / ("hello-go-%d" % cgo)
    if not program.exists():
        environment = {**os.environ, "CGO_ENABLED": str(cgo), "GOCACHE": str(bench.store / "go-cache"),
                       "GOPATH": str(bench.store / "go"), "GOFLAGS": "-p=2", "GO111MODULE": "off"}
        done = subprocess.run([find("go"), "build", "-o", str(program), "hello.go"], env=environment,
                              cwd=bench.store / "programs", capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure("cannot build hello.go: " + done.stderr)
    return str(program)


@case("go", "gcc")
def go_runs_with_cgo(bench):
    bench.expect(bench.run("go", built(bench, 1)), output="sum 59999997\ntrue")


@case("go")
def go_runs_without_cgo(bench):
    bench.expect(bench.run("go", built(bench, 0)), output="sum 59999997\ntrue")


@case("gcc")
def what_runtimes_do_not_need_is_refused(bench):
    for profile in ("jvm", "go"):
        answers = bench.probe(profile, *REFUSED)
        bench.check(set(answers.values()) == {1}, "%s: %r" % (profile, answers))
    code = ["mmap-write-exec", "mprotect-exec"]
    bench.check(set(bench.probe("go", *code).values()) == {1}, "go may write code")
    bench.check(set(bench.probe("jvm", *code).values()) == {0}, "Java cannot compile")
