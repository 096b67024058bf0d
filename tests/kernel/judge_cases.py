# Judge: submissions in C++ and Python behind the profile `judge`, and how a judge tells their ends
# apart: by the report alone.
#
# In: a compiler and an interpreter. Out: cases; where no control group can be had, memory is an
# rlimit, and a submission that asks for too much is told so.
# Neighbours: limit_cases.py has the limits one by one.
import json
import os
import subprocess

from harness import Skipped, case, find
from layer_support import needs_landlock

LIMITS = ("--limit", "memory=64M", "--limit", "cpu-time=300ms", "--limit", "output=64K")
CPP = {
    "right": "int n; std::cin >> n; std::cout << n * 2 << std::endl;",
    "wrong": "std::cout << 1 << std::endl; return 3;",
    "spins": "for (volatile long i = 0;; i = i + 1) {}",
    "sleeps": "::sleep(100);",
    "grows": "std::vector<char*> all; for (;;) { char* p = new char[1 << 20]; std::memset(p, 1, 1 << 20);"
             " all.push_back(p); }",
    "asks": "char* p = new char[size_t{200} << 20]; std::memset(p, 1, size_t{200} << 20);"
            " std::cout << p[5];",
    "recurses": "struct R { static int go(int n) { volatile char b[4096]; b[n % 4096] = 1;"
                " return go(n + 1) + b[0]; } }; return R::go(0);",
    "talks": "for (;;) std::cout << \"0123456789\" << '\\n';",
    "forks": "if (::fork() == 0) ::sleep(100);",
    "clones": "std::thread([] { ::sleep(100); }).join();",
    "writes": "FILE* f = std::fopen(\"made\", \"w\"); return f ? 0 : 9;",
    "crashes": "std::abort();",
    "peeks": "FILE* f = std::fopen(\"answers/1\", \"r\"); return f ? 0 : 4;",
    "reads": "FILE* f = std::fopen(\"task/data\", \"r\"); return f ? 0 : 4;",
}
PYTHON = {
    "right": "print(int(input()) * 2)",
    "wrong": "print(1); import os; os._exit(3)",
    "spins": "while True: pass",
    "sleeps": "import time; time.sleep(100)",
    "grows": "all = []\nwhile True: all.append(bytearray(1 << 20))",
    "asks": "x = bytearray(200 << 20); print(x[5])",
    "talks": "while True: print('0123456789')",
    "forks": "import os; os.fork()",
    "clones": "import _thread, time; _thread.start_new_thread(time.sleep, (100,)); time.sleep(1)",
    "writes": "open('made', 'w')",
    "peeks": "import os; os._exit(0 if os.path.exists('answers/1') else 4)",
    "reads": "open('task/data')",
}
TOLD = {
    "right": ("exited", 0), "wrong": ("exited", 3), "spins": ("cpu_time", 124),
    "sleeps": ("timeout", 124), "grows": ("memory", 137), "asks": ("memory", 137),
    "talks": ("output", 137), "forks": ("denied", 159), "clones": ("denied", 159),
    "writes": ("denied", 159), "crashes": ("signaled", 134), "recurses": ("signaled", 139),
    "peeks": ("exited", 0), "reads": ("exited", 0),
}
# With an rlimit the program learns that there is no more, and does what its language does then.
UNGROUPED = {"cpp": ("signaled", 134), "python": ("exited", 1)}
# Where paths are listed, those decide what opening gets, and the program learns it.
LISTED = {("cpp", "peeks"): ("exited", 4), ("python", "peeks"): ("exited", 4),
          ("cpp", "writes"): ("exited", 9), ("python", "writes"): ("exited", 1)}
HEAD = "#include <unistd.h>\n#include <cstdio>\n#include <cstring>\n#include <iostream>\n" \
       "#include <string>\n#include <thread>\n#include <vector>\n" \
       "int main(int, char** argv) { std::string name = argv[1];\n%s}\n"


def judged(bench, policy, time, *command):
    report = bench.folder / "report.json"
    done = subprocess.run([bench.seclude, "run", "-q", "--no-explain", "-p", policy, *LIMITS,
                           "--limit", "time=" + time, "--report", str(report), "--", *command],
                          cwd=bench.folder, input="21\n",
                          text=True, capture_output=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    told = json.loads(report.read_text())
    bench.check(told["exit_status"] == done.returncode, "%r %r" % (told, done))
    return told, done


def tell_apart(bench, language, policy, programs, listed=False):
    """Where paths are listed, answers are not among them."""
    grouped = bench.layer("limit memory 64M") is not None
    bench.file("answers/1", "42")
    bench.file("task/data", "21")
    for name, command in programs.items():
        told, done = judged(bench, policy, "500ms" if name == "sleeps" else "30s", *command)
        wanted = TOLD[name]
        if wanted[0] == "memory" and not grouped:
            wanted = UNGROUPED[language]
        wanted = LISTED.get((language, name), wanted) if listed else wanted
        bench.check((told["outcome"], done.returncode) == wanted,
                    "%s: %s %s" % (name, json.dumps(told), done.stderr[-500:]))
        bench.check(name != "right" or done.stdout == "42\n", "answer: %r" % done.stdout)
        bench.check(name != "talks" or len(done.stdout) == 64 << 10, "%d" % len(done.stdout))
        bench.check(not (bench.folder / "made").exists(), "it wrote a file")


def cpp(bench):
    bodies = ["if (name == \"%s\") { %s }\n" % item for item in CPP.items()]
    source = bench.file("submission.cc", HEAD % "".join(bodies))
    subprocess.run([find("g++"), "-O0", "-pthread", "-o", source[:-3], source], check=True)
    return {name: [source[:-3], name] for name in CPP}


def python():
    return {name: [find("python3"), "-I", "-S", "-c", body] for name, body in PYTHON.items()}


@case("g++")
def submissions_in_cpp(bench):
    tell_apart(bench, "cpp", "judge", cpp(bench))


@case("g++")
def submissions_in_cpp_read_what_is_listed(bench):
    needs_landlock(3)
    policy = bench.policy("use judge", "read %s/task/**" % bench.folder, "isolate network, processes, ipc")
    tell_apart(bench, "cpp", policy, cpp(bench), listed=True)


@case("python3")
def submissions_in_python(bench):
    tell_apart(bench, "python", bench.policy("use judge", "allow getdents64"), python())


@case("python3")
def submissions_in_python_read_what_is_listed(bench):
    needs_landlock(3)
    policy = bench.policy("use judge", "read /usr/**, /lib/**?, /lib64/**?, /etc/localtime?",
                          "read %s/task/**" % bench.folder, "isolate network, processes, ipc")
    tell_apart(bench, "python", policy, python(), listed=True)


FORKING = """import os, time
made = 0
while True:
    try:
        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
        made += 1
    except BlockingIOError:
        print(made, flush=True)
        os._exit(5)
"""


@case("python3")
def a_fork_bomb_where_processes_are_let_ends_with_its_own_status(bench):
    """Of a submission that may start processes: how many is told as well."""
    needs_landlock(3)
    if bench.layer("limit processes 8") is None:
        raise Skipped("no control group can be made")
    policy = bench.policy("use python", "read /usr/**, /lib/**?, /lib64/**?", "limit processes 8",
                          "isolate network, processes, ipc")
    told, done = judged(bench, policy, "30s", find("python3"), "-I", "-S", "-c", FORKING)
    bench.check((told["outcome"], done.returncode) == ("exited", 5), json.dumps(told))
    bench.check(told["limits_reached"] == ["processes"] and done.stdout == "7\n",
                "%r %s" % (done.stdout, json.dumps(told)))


@case("python3")
def without_a_report_memory_takes_no_group(bench):
    plan = [bench.seclude, "run", "-q", "-p", "judge", "--plan", "--", find("true")]
    text = bench.outside(*plan).stdout
    bench.check("limit address-space to 1073741824 bytes" in text and "group" not in text, text)
    if os.access("/sys/fs/cgroup", os.W_OK):
        text = bench.outside(*plan[:-2], "--report", "unused", "--", find("true")).stdout
        bench.check("address-space" not in text and "join a control group" in text, text)
