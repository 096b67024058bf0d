# Judge: submissions in C++ and Python behind the profile `judge`, and how a judge tells their ends
# apart: by the report alone.
#
# In: a compiler and an interpreter. Out: cases; where no control group can be had, memory is an
# rlimit, and a submission that asks for too much is told so.
# Neighbours: limit_cases.py has the limits one by one.
import json
import os
import subprocess

from harness import case, find

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
}
TOLD = {
    "right": ("exited", 0), "wrong": ("exited", 3), "spins": ("cpu_time", 124),
    "sleeps": ("timeout", 124), "grows": ("memory", 137), "asks": ("memory", 137),
    "talks": ("output", 137), "forks": ("denied", 159), "clones": ("denied", 159),
    "writes": ("denied", 159), "crashes": ("signaled", 134), "recurses": ("signaled", 139),
}
# With an rlimit the program learns that there is no more, and does what its language does then.
UNGROUPED = {"cpp": ("signaled", 134), "python": ("exited", 1)}
HEAD = "#include <unistd.h>\n#include <cstdio>\n#include <cstring>\n#include <iostream>\n" \
       "#include <string>\n#include <thread>\n#include <vector>\n" \
       "int main(int, char** argv) { std::string name = argv[1];\n%s}\n"


def judged(bench, policy, time, *command):
    report = bench.folder / "report.json"
    done = subprocess.run([bench.seclude, "run", "-q", "--no-explain", "-p", policy, *LIMITS,
                           "--limit", "time=" + time, "--report", str(report), "--", *command], cwd=bench.folder, input="21\n",
                          text=True, capture_output=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    told = json.loads(report.read_text())
    bench.check(told["exit_status"] == done.returncode, "%r %r" % (told, done))
    return told, done


def tell_apart(bench, language, policy, programs, grouped):
    for name, command in programs.items():
        told, done = judged(bench, policy, "500ms" if name == "sleeps" else "30s", *command)
        wanted = TOLD[name]
        if wanted[0] == "memory" and not grouped:
            wanted = UNGROUPED[language]
        bench.check((told["outcome"], done.returncode) == wanted,
                    "%s: %s %s" % (name, json.dumps(told), done.stderr[-500:]))
        bench.check(name != "right" or done.stdout == "42\n", "answer: %r" % done.stdout)
        bench.check(name != "talks" or len(done.stdout) == 64 << 10, "%d" % len(done.stdout))
        bench.check(not (bench.folder / "made").exists(), "it wrote a file")


@case("g++")
def submissions_in_cpp(bench):
    bodies = ["if (name == \"%s\") { %s }\n" % item for item in CPP.items()]
    source = bench.file("submission.cc", HEAD % "".join(bodies))
    subprocess.run([find("g++"), "-O0", "-pthread", "-o", source[:-3], source], check=True)
    programs = {name: [source[:-3], name] for name in CPP}
    tell_apart(bench, "cpp", "judge", programs, bench.layer("limit memory 64M") is not None)


@case("python3")
def submissions_in_python(bench):
    policy = bench.file("python.seclude",
                        "seclude 1\npolicy judge-python\nuse judge\nallow getdents64\n")
    programs = {name: [find("python3"), "-I", "-S", "-c", body] for name, body in PYTHON.items()}
    tell_apart(bench, "python", policy, programs, bench.layer("limit memory 64M") is not None)


@case("python3")
def without_a_report_memory_takes_no_group(bench):
    plan = [bench.seclude, "run", "-q", "-p", "judge", "--plan", "--", find("true")]
    text = bench.outside(*plan).stdout
    bench.check("limit address-space to 1073741824 bytes" in text and "group" not in text, text)
    if os.access("/sys/fs/cgroup", os.W_OK):
        text = bench.outside(*plan[:-2], "--report", "unused", "--", find("true")).stdout
        bench.check("address-space" not in text and "join a control group" in text, text)
