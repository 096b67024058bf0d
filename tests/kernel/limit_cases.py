# Limits: each `limit` line against programs that try to break it, how such runs end, and what they
# leave. As root, as nobody, and as nobody in a group that was delegated to him.
#
# In: limit_attacks.py, whose attempts first have to succeed outside; real interpreters and compilers.
# Out: cases. Where the machine gives no control group, the same lines have to be refused.
# Neighbours: profiles/harness.py; judge_cases.py has submissions.
import glob
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from harness import Skipped, case, find, poll
from traces import abandoned_groups, groups_of

ATTACKS = (Path(__file__).resolve().parent / "limit_attacks.py").read_text()
PYTHON = ("python3", "-I", "-S", "-c")
# Two levels of processes that have left their session and ignore what can be ignored.
FUGITIVES = """trap '' TERM INT HUP
for i in 1 2 3; do (setsid sh -c 'trap "" TERM; while :; do sleep %s; done' &); done; sleep 100"""


def running(mark):
    """Processes with this word in their command line."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if mark.encode() in Path(path).read_bytes() and str(os.getpid()) not in path:
                found.append(path)
        except OSError:
            pass
    return found


def starts(path, text):
    try:
        return Path(path).read_text().startswith(text)
    except OSError:
        return False


class Run:
    """How a run ended, by its report."""

    def __init__(self, bench, lines, *command, flags=(), **options):
        policy = bench.policy("otherwise allow", *lines)
        report = bench.folder / "report.json"
        program = [find(command[0]) or command[0], *command[1:]]
        self.done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report),
                                  *flags, "--", *program, **options)
        self.report = json.loads(report.read_text())
        self.outcome = self.report["outcome"]
        self.usage = self.report["usage"]

    def told(self):
        return "%s\n%s%s" % (json.dumps(self.report), self.done.stdout[-500:],
                             self.done.stderr[-1500:])


def needs_group(bench, line):
    """Skips after making sure that the line is refused with a reason and a fix."""
    if bench.layer(line):
        return
    refused = Run(bench, [line], "true")
    bench.check(refused.outcome == "setup_error" and refused.done.returncode == 125,
                refused.told())
    for word in ("this limit cannot be held here", "control group", "help:", line.split()[1]):
        bench.check(word in refused.done.stderr, "%r is missing: %s" % (word, refused.told()))
    warned = Run(bench, [line], "true", flags=("--best-effort",))
    bench.check(warned.outcome == "exited" and "warning" in warned.done.stderr, warned.told())
    raise Skipped("no control group here; refused and warned of as it should be")


def ended(bench, run, outcome, status):
    bench.check(run.outcome == outcome and run.done.returncode == status, run.told())
    bench.check(run.report["exit_status"] == status, run.told())


@case("python3")
def memory_of_one_process(bench):
    needs_group(bench, "limit memory 64M")
    run = Run(bench, ["limit memory 64M"], *PYTHON, "x = bytearray(300 << 20)")
    ended(bench, run, "memory", 137)
    bench.check(32 << 20 < run.usage["peak_memory_bytes"] <= 64 << 20, run.told())
    run = Run(bench, ["limit memory 64M"], *PYTHON, "x = bytearray(30 << 20); print(len(x))")
    ended(bench, run, "exited", 0)
    bench.check(run.usage["peak_memory_bytes"] > 30 << 20 and run.usage["peak_memory_exact"],
                run.told())


@case("python3")
def memory_of_many_processes(bench):
    needs_group(bench, "limit memory 64M")
    program = """import os, time
for i in range(8):
    if os.fork() == 0:
        x = bytearray(16 << 20); time.sleep(30); os._exit(0)
for i in range(8): os.wait()
"""
    ended(bench, Run(bench, ["limit memory 64M"], *PYTHON, program), "memory", 137)
    # What it makes of the loss of a child does not matter.
    careless = "import os\nif os.fork() == 0: bytearray(300 << 20)\nos.wait()\nos._exit(0)"
    ended(bench, Run(bench, ["limit memory 64M"], *PYTHON, careless), "memory", 137)


@case("python3")
def memory_by_other_sigkills_is_told_apart(bench):
    needs_group(bench, "limit memory 64M")
    run = Run(bench, ["limit memory 64M"], *PYTHON, "import os; os.kill(os.getpid(), 9)")
    ended(bench, run, "signaled", 137)


@case("python3")
def processes_are_counted(bench):
    needs_group(bench, "limit processes 12")
    program = """import os, time
count = 0
while True:
    try:
        if os.fork() == 0: time.sleep(30); os._exit(0)
        count += 1
    except BlockingIOError: break
print(count)"""
    run = Run(bench, ["limit processes 12"], *PYTHON, program)
    ended(bench, run, "exited", 0)
    bench.check(run.done.stdout == "11\n", run.told())
    bench.check(run.report["limits_reached"] == ["processes"], run.told())


@case("python3")
def threads_are_counted(bench):
    needs_group(bench, "limit threads 20")
    program = """import threading, time
count = 0
while True:
    try:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        count += 1
    except RuntimeError: break
print(count, flush=True)
import os; os._exit(0)"""
    run = Run(bench, ["limit threads 20"], *PYTHON, program)
    bench.check(run.done.stdout == "19\n", run.told())


@case()
def a_fork_bomb_ends_with_its_time(bench):
    needs_group(bench, "limit processes 30")
    mark = "7%d.25" % os.getpid()
    # The shell that waits has forked before there is no place left: else it would end by that.
    bomb = "b() { sleep %s & b | b & }; sleep 100 & kept=$!; (b; b) & wait $kept" % mark
    run = Run(bench, ["limit processes 30", "limit time 1s"], "sh", "-c", bomb)
    ended(bench, run, "timeout", 124)
    bench.check(not running(mark), "left: %r" % running(mark))


@case()
def time_ends_all_that_hides(bench):
    needs_group(bench, "limit time 400ms")
    mark = "8%d.25" % os.getpid()
    run = Run(bench, ["limit time 400ms"], "sh", "-c", FUGITIVES % mark)
    ended(bench, run, "timeout", 124)
    bench.check(0.4 <= run.usage["wall_seconds"] < 5, run.told())
    bench.check(not running(mark), "left: %r" % running(mark))


@case()
def time_needs_no_group_in_a_process_namespace(bench):
    mark = "9%d.25" % os.getpid()
    lines = ["limit time 400ms", "isolate processes"]
    run = Run(bench, lines, "sh", "-c", FUGITIVES % mark)
    if run.outcome == "setup_error" and "namespaces" in run.told():
        raise Skipped("no namespaces here")
    ended(bench, run, "timeout", 124)
    poll(lambda: not running(mark), "what was left goes on")


@case("python3")
def cpu_time_of_one_and_of_many(bench):
    needs_group(bench, "limit cpu-time 500ms")
    spin = "while True: pass"
    many = "import os\nfor i in range(3): os.fork()\n" + spin
    # A grandchild that nobody waits for.
    hidden = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  while True: pass\n os._exit(0)\ntime.sleep(100)"
    for program in (spin, many, hidden):
        run = Run(bench, ["limit cpu-time 500ms"], *PYTHON, program)
        ended(bench, run, "cpu_time", 124)
        used = run.usage["user_seconds"] + run.usage["system_seconds"]
        bench.check(0.4 <= used < 1.5, run.told())
    ended(bench, Run(bench, ["limit cpu-time 500ms"], "sh", "-c", "sleep 1"), "exited", 0)


@case("python3")
def file_size_is_never_more(bench):
    run = Run(bench, ["limit file-size 100K"], "dd", "if=/dev/zero", "of=big", "bs=7k", "count=99")
    ended(bench, run, "file_size", 153)
    bench.check((bench.folder / "big").stat().st_size == 100 << 10, run.told())
    ignoring = """import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = os.open("big", os.O_RDWR | os.O_CREAT)
for what in (lambda: os.ftruncate(file, 200000), lambda: os.posix_fallocate(file, 0, 200000),
             lambda: os.pwrite(file, b"x", 150000)):
    try: what(); print("through")
    except OSError as error: print(error.errno)
"""
    run = Run(bench, ["limit file-size 100K"], *PYTHON, ignoring)
    bench.check(run.done.stdout == "27\n27\n27\n", run.told())
    bench.check((bench.folder / "big").stat().st_size == 100 << 10, "it grew")


@case("python3")
def open_files_are_counted(bench):
    program = """import os
try:
    while True: last = os.open("/dev/null", 0)
except OSError as error: os.write(1, b"%d %d" % (last, error.errno))"""
    for explain in ((), ("--no-explain",)):
        run = Run(bench, ["limit open-files 40"], *PYTHON, program, flags=explain)
        bench.check(run.done.stdout == "39 24", run.told())


@case("python3")
def output_is_never_more(bench):
    endless = "import os, signal\nsignal.signal(signal.SIGPIPE, signal.SIG_IGN)\nwhile True:\n" \
              " try: os.write(%s, b'x' * 1000)\n except OSError: pass"
    run = Run(bench, ["limit output 50K"], *PYTHON, endless % "1")
    ended(bench, run, "output", 137)
    bench.check(run.done.stdout == "x" * (50 << 10), run.told())
    run = Run(bench, ["limit output 50K"], *PYTHON, endless % "1 + os.getpid() % 1 or 2",
              flags=("-q",))
    bench.check(len(run.done.stdout) + len(run.done.stderr) == 50 << 10, run.told())
    run = Run(bench, ["limit output 50K"], *PYTHON, endless % "1", flags=("--stdout", "out"))
    ended(bench, run, "output", 137)
    bench.check((bench.folder / "out").stat().st_size == 50 << 10, run.told())
    both = "import os\nfor i in range(40): os.write(1 + i % 2, b'x' * 1024)"
    run = Run(bench, ["limit output 40K"], *PYTHON, both, flags=("-q",))
    ended(bench, run, "exited", 0)
    bench.check(len(run.done.stdout) == len(run.done.stderr) == 20 << 10, run.told())
    run = Run(bench, ["limit output 40959"], *PYTHON, both, flags=("-q",))
    ended(bench, run, "output", 137)
    none = Run(bench, ["limit output 0"], *PYTHON, "print(1)")
    ended(bench, none, "output", 137)
    bench.check(none.done.stdout == "", none.told())


@case("python3")
def output_below_the_limit_is_as_ever(bench):
    lines = ["limit output 8M"]
    # In order where both go to one place, and whole.
    program = "import os\nfor i in range(5000): os.write(1 + i % 2, b'%d\\n' % i)\nos._exit(7)"
    policy = bench.policy("otherwise allow", *lines)
    done = subprocess.run([bench.seclude, "run", "-q", "-p", policy, "--", find("python3"), "-c",
                           program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    bench.check(done.returncode == 7, "status %d" % done.returncode)
    bench.check(done.stdout == "".join("%d\n" % i for i in range(5000)), "not in order, or not whole")
    # A reader that is slow gets all, one that leaves ends the program by SIGPIPE.
    big = ["sh", "-c", "head -c 3000000 /dev/zero"]
    slow = subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", *big],
                            stdout=subprocess.PIPE)
    time.sleep(0.3)
    bench.check(len(slow.stdout.read()) == 3000000 and slow.wait() == 0, "lost for a slow reader")
    # Also behind nohup, when the terminal goes away after the program has ended.
    size = 120000 + os.getpid() % 1000
    command = [find("head"), "-c", str(size), "/dev/zero"]
    ignoring = subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", *command],
                                stdout=subprocess.PIPE,
                                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    bench.check(ignoring.stdout.read(1) == b"\0", "it does not begin")
    alone = "\0".join(command)
    poll(lambda: not any(starts(path, alone) for path in running(alone)), "the program goes on", 20)
    ignoring.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    bench.check(ignoring.poll() is None, "it does not wait for its reader")
    bench.check(len(ignoring.stdout.read()) == size - 1 and ignoring.wait() == 0, "lost behind nohup")
    gone = subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", "yes"],
                            stdout=subprocess.PIPE)
    gone.stdout.read(10)
    gone.stdout.close()
    bench.check(gone.wait(30) == 128 + signal.SIGPIPE, "status %d" % gone.returncode)


@case()
def time_goes_on_while_a_reader_sleeps(bench):
    needs_group(bench, "limit time 500ms")
    policy = bench.policy("otherwise allow", "limit time 500ms", "limit output 100M")
    command = [find("yes"), "yes-%d" % os.getpid()]
    # The launcher stays until its reader is done.
    run = subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", *command],
                           stdout=subprocess.PIPE)
    alone = "\0".join(command)
    bench.check(run.stdout.read(2) == b"ye", "it does not begin")
    poll(lambda: not any(starts(path, alone) for path in running(alone)), "the program goes on", 20)
    run.stdout.read()
    bench.check(run.wait(30) == 124, "status %d" % run.returncode)


@case("python3")
def nobody_leaves_his_limits(bench):
    line = "limit memory 256M"
    needs_group(bench, line)
    names = ("leave", "raise_own", "clone_into", "make_below", "mount_again", "remount", "uncover",
             "through_others", "raise_rlimits")
    where = [item.split(":") for item in Path("/proc/self/cgroup").read_text().split()]
    path = [one[2] for one in where if one[1] in ("memory", "")][0]
    own = [root + path for root in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup")
           if os.path.exists(root + path + "/cgroup.procs")][0].rstrip("/")
    command = [find("python3"), "-I", "-c", ATTACKS]
    answers = {name: bench.outside(*command, name, own).stdout.strip() for name in names}
    bench.check(answers["leave"] == answers["make_below"] == "through", "outside: %r" % answers)
    for lines in ([], ["read /**"], ["isolate processes"]):
        policy = bench.policy("otherwise allow", line, "limit file-size 1M", "limit open-files 90",
                              "limit cpu-time 100s", *lines)
        for name in names:
            done = bench.outside(bench.seclude, "run", "-q", "-p", policy, "--", *command, name, own)
            if "Landlock ABI" in done.stderr:
                break  # path lines cannot be held on this kernel
            bench.check(done.stdout.strip() not in ("through", ""),
                        "%s with %r: %s%s" % (name, lines, done.stdout, done.stderr[-800:]))
    poll(lambda: not abandoned_groups(), "groups are left")


@case()
def the_smallest_of_several_limits_holds(bench):
    bench.file("small.seclude", "seclude 1\nlimit file-size 1000\nlimit open-files 100\n")
    show = [find("sh"), "-c", "ulimit -n; head -c 3000 /dev/zero >big; wc -c <big"]
    lines = ["use ./small.seclude", "limit file-size 5000", "limit open-files 50"]
    run = Run(bench, lines, *show)
    bench.check(run.done.stdout.split() == ["50", "1000"], run.told())
    done = bench.outside(bench.seclude, "run", "-q", "-p", "default", "-p", "./small.seclude",
                         "--limit", "file-size=4000", "--limit", "open-files=30", "--", *show)
    bench.check(done.stdout.split() == ["30", "1000"], done.stdout + done.stderr)


@case("strace")
def without_limits_nothing_is_looked_at(bench):
    policy = bench.policy("otherwise allow")
    trace = bench.folder / "trace"
    bench.outside(find("strace"), "-o", str(trace), bench.seclude, "run", "-q", "-p", policy, "--",
                  find("true"))
    for word in ("cgroup", "mountinfo", "pipe", "eventfd", "flock"):
        bench.check(word not in trace.read_text(), "%s in %s" % (word, trace.read_text()[-3000:]))


@case()
def a_plan_names_what_holds_each_line(bench):
    bench.check(bench.layer("limit file-size 1M") == "rlimit", "file-size")
    bench.check(bench.layer("limit open-files 30") == "rlimit", "open-files")
    bench.check(bench.layer("limit output 1M") == "launcher", "output")
    alone = ["kill fork, vfork, clone, clone3"]
    for line, by in (("limit memory 1G", "rlimit"), ("limit processes 3", "seccomp"),
                     ("limit threads 3", "seccomp"), ("limit time 3s", "launcher"),
                     ("limit cpu-time 3s", "launcher and rlimit")):
        got = bench.layer(line, *alone)
        bench.check(got == by, "%s: %s" % (line, got))


def killed(bench, seconds, everybody):
    mark = "6%d.25" % os.getpid()
    policy = bench.policy("otherwise allow", "limit processes 40", "limit time 100s")
    explain = random.choice(([], ["--no-explain"]))
    run = subprocess.Popen([bench.seclude, "run", "-q", *explain, "-p", policy, "--", find("sh"), "-c",
                            FUGITIVES % mark], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    if everybody:  # also whoever would clean up
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = Path(path).read_text()
            except OSError:
                continue
            if "(seclude-" in fields and fields.rsplit(") ", 1)[1].split()[1] == str(run.pid):
                os.kill(int(fields.split()[0]), signal.SIGKILL)
    run.kill()
    run.wait()
    return run.pid, mark


@case()
def a_killed_launcher_leaves_nothing(bench):
    needs_group(bench, "limit processes 40")
    for _ in range(40):
        pid, mark = killed(bench, random.random() * 0.08, False)
        poll(lambda: not groups_of(pid), "groups: %r" % groups_of(pid), 20)
        poll(lambda: not running(mark), "processes: %r" % running(mark), 20)


@case()
def the_next_launch_removes_what_the_guardian_could_not(bench):
    needs_group(bench, "limit processes 40")
    for _ in range(15):
        pid, mark = killed(bench, random.random() * 0.08, True)

        def launch():
            Run(bench, ["limit processes 40", "limit time 100s"], "true")
            return not groups_of(pid)
        # Not the very next one where what was killed has not quite gone.
        poll(launch, "groups: %r" % groups_of(pid), 20)
        poll(lambda: not running(mark), "processes: %r" % running(mark), 20)


@case()
def many_at_once_leave_nothing(bench):
    needs_group(bench, "limit processes 40")
    policy = bench.policy("otherwise allow", "limit processes 40", "limit memory 100M")
    runs = [subprocess.Popen([bench.seclude, "run", "-q", "-p", policy, "--", find("sh"), "-c",
                              "true | true"]) for _ in range(60)]
    bench.check(all(run.wait() == 0 for run in runs), "not all succeeded")
    left = [path for run in runs for path in groups_of(run.pid)]
    bench.check(not left, "left: %r" % left)
