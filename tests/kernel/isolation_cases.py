# Isolation: what `isolate` lines show and hide, what they leave, and what they are refused with where
# the machine does not let namespaces be made. Attempts to get out are in tests/attacks.
#
# In: programs of the system, target.cc's program. Out: cases. Endings, signals and terminals in namespaces are in ending_cases.py and job_control_cases.py.
# Neighbours: profiles/harness.py.
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from harness import case, end, find, poll
from offspring import become_reaper, collect, offspring

EVERYTHING = "isolate network, processes, ipc, tmp"


def policies(bench, line):
    """One that allows little and one that allows everything."""
    for base in ("use default", "otherwise allow"):
        yield bench.policy(base, line)


@case("python3")
def loopback_works_in_a_network_of_its_own(bench):
    script = ("import socket; s = socket.create_server(('127.0.0.1', 0));"
              "c = socket.create_connection(s.getsockname()); c.send(b'x'); print(s.accept()[0].recv(1))")
    policy = bench.policy("use default", "isolate network")
    bench.expect(bench.run(policy, find("python3"), "-c", script), output="b'x'")


@case("readlink")
def a_network_that_a_used_text_asks_for_is_the_programs_own(bench):
    """One that the text itself asks for is begun before what it uses has been read."""
    bench.file("network.seclude", "seclude 1\nisolate network\n")
    policy = bench.policy("use default, ./network.seclude")
    outside = bench.outside(find("readlink"), "/proc/self/ns/net").stdout
    done = bench.expect(bench.run(policy, find("readlink"), "/proc/self/ns/net"))
    bench.check(done.stdout != outside, done.stdout)


@case("sh", "readlink")
def only_what_is_asked_for_is_isolated(bench):
    names = {"network": {"net", "uts"}, "processes": {"pid", "mnt", "cgroup"}, "ipc": {"ipc", "mnt"},
             "tmp": {"mnt"}}
    wanted = ["net", "pid", "ipc", "mnt", "uts", "cgroup"]
    script = "readlink " + " ".join("/proc/self/ns/" + name for name in wanted)
    outside = bench.outside(find("sh"), "-c", script).stdout.split()
    for thing, allowed in names.items():
        done = bench.run(bench.policy("use default", "isolate " + thing), find("sh"), "-c", script)
        inside = bench.expect(done).stdout.split()
        changed = {name for name, a, b in zip(wanted, outside, inside) if a != b}
        bench.check(changed == allowed, "isolate %s: %r" % (thing, changed))


@case("unshare", "hostname", "python3")
def names_that_are_given_inside_stay_there(bench):
    """Where root may: in a namespace of the test's own, whose name would change without the line."""
    script = "import socket; socket.sethostname('inside'); print(socket.gethostname())"
    for line, after in (("isolate network", "outside"), ("isolate ipc", "inside")):
        policy = bench.policy("otherwise allow", "allow sethostname", line)
        command = [bench.seclude, "run", "-q", "-p", policy, "--", find("python3"), "-I", "-c", script]
        own = ["-u"] if os.getuid() == 0 else ["-u", "-r"]
        done = bench.outside(find("unshare"), *own, find("sh"), "-c",
                             'hostname outside; "$@"; hostname', "sh", *command)
        bench.check(done.stdout == "inside\n%s\n" % after, "%s: %s" % (line, done.stdout + done.stderr))


@case("cat")
def the_machines_control_groups_are_not_told(bench):
    def groups(done):
        return {line.split(":", 2)[2] for line in bench.expect(done).stdout.splitlines()}
    lines = ["isolate processes"]
    for limit in ("limit processes 20", "limit memory 200M"):
        if bench.layer(limit):
            lines.append("isolate processes\n" + limit)
    for line in lines:
        done = bench.run(bench.policy("use default", line), find("cat"), "/proc/self/cgroup")
        bench.check(groups(done) <= {"/"}, "%s: %s" % (line, done.stdout))
    if len(lines) > 1:  # without the line, that of the run is told
        done = bench.run(bench.policy("use default", lines[-1].split("\n")[1]), find("cat"),
                         "/proc/self/cgroup")
        bench.check("seclude-" in done.stdout, done.stdout)


@case("python3")
def nothing_gives_capabilities_back(bench):
    """In a user namespace: being root gives none, and none is handed down. Root outside keeps its own."""
    script = ("import ctypes; c = ctypes.CDLL(None, use_errno=True); print(hex(c.prctl(27, 0, 0, 0, 0)));"
              "print(c.prctl(28, 0, 0, 0, 0), ctypes.get_errno(), c.prctl(47, 2, 0, 0, 0))")
    for policy in policies(bench, "isolate network"):
        done = bench.expect(bench.run(policy, find("python3"), "-I", "-c", script))
        bits, rest = done.stdout.split("\n", 1)
        noroot_and_no_ambient_locked = "0xc3"
        bench.check(bits == ("0x0" if os.getuid() == 0 else noroot_and_no_ambient_locked), done.stdout)
        bench.check(os.getuid() == 0 or rest == "-1 1 -1\n", done.stdout)


@case("sh")
def nothing_is_gained_in_a_user_namespace(bench):
    """Neither ids nor capabilities change, but for what root gives up."""
    script = "id -u; id -g; grep -e CapEff -e CapPrm -e CapInh -e CapAmb -e NoNew /proc/self/status"
    plain = bench.expect(bench.run(bench.policy("use default"), find("sh"), "-c", script)).stdout
    inside = bench.expect(bench.run(bench.policy("use default", EVERYTHING), find("sh"), "-c",
                                    script)).stdout
    bench.check(plain == inside, "plain:\n%sinside:\n%s" % (plain, inside))


@case("python3")
def the_program_starts_where_it_started_and_sees_only_itself(bench):
    (bench.folder / "beside").write_text("x")
    policy = bench.policy("use default", "isolate tmp")
    script = "import os; print(os.getcwd(), os.listdir('.'), sorted(os.listdir('/var/tmp')))"
    bench.expect(bench.run(policy, find("python3"), "-c", script), output="%s [] []" % bench.folder)
    # A program in /tmp is there, at its place, and cannot be changed.
    bench.expect(bench.run(policy, bench.target, "exit", "9"), status=9)
    script = "import os, sys; os.truncate(sys.argv[1], 0)"
    new = "/tmp/new-%d" % os.getpid()
    done = bench.run(policy, find("env"), find("sh"), "-c", "echo x > $0 && cat $0", new)
    bench.expect(done, output="x")
    bench.check(not Path(new).exists(), "a file was made outside")


@case("python3")
def path_lines_show_what_they_list_in_a_tmp_of_its_own(bench):
    bench.file("in/a", "input")
    (bench.folder / "out").mkdir()
    policy = bench.policy(
        "use default", "isolate tmp, processes", "read /usr/**, /etc/**, /lib/**?, /lib64/**?",
        "read %s/in/**, /proc/**" % bench.folder, "create %s/out/**, /tmp/**" % bench.folder)
    new = "/tmp/new-%d" % os.getpid()
    script = ("import os, sys; a = open('in/a').read(); open('out/b', 'w').write(a); new = sys.argv[1];"
              "open(new, 'w').write(a); print(a, open(new).read(), os.listdir('.'));"
              "print(open('/proc/2/comm').read()); open('in/a', 'w')")
    done = bench.run(policy, find("python3"), "-I", "-c", script, new)
    bench.check(done.stdout.startswith("input input "), done.stdout + done.stderr)
    bench.check("python3" in done.stdout, done.stdout + done.stderr)
    bench.check((bench.folder / "out/b").read_text() == "input", "nothing was written")
    bench.check((bench.folder / "in/a").read_text() == "input", "the input was changed")
    bench.check(not Path(new).exists(), "a file was made outside")


# ---- ends -----------------------------------------------------------------------------------------

def inhabitants(mark):
    """Processes with the mark among their arguments, but for launchers."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc/%s/cmdline" % entry).read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words and b"--" not in words:
            found.append(int(entry))
    return found


FAMILY = "sleep $0 & setsid sleep $0 & (setsid sleep $0 &) ; echo started; "


def start_family(bench, mark, *flags, then="wait", complete=True):
    policy = bench.policy("use default", EVERYTHING)
    process = subprocess.Popen(
        [bench.seclude, "run", *flags, "-p", policy, "--", find("sh"), "-c", FAMILY + then, mark],
        cwd=bench.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    process.stdout.readline()
    if complete:
        poll(lambda: len(inhabitants(mark)) >= 3, "the family is not complete")
    return process


def nobody_is_left(bench, mark, when):
    try:
        poll(lambda: not inhabitants(mark), "somebody is left", 20)
    finally:
        left = inhabitants(mark)
        for pid in left:
            end(pid)
        bench.check(not left, "%s: %d are left" % (when, len(left)))


@case("sh", "setsid", "sleep")
def the_whole_tree_ends_with_the_launcher(bench):
    for number, flags in enumerate(((), ("--no-explain",), ("-q",))):
        mark = "1000.%d%d" % (os.getpid(), number)
        process = start_family(bench, mark, *flags)
        process.kill()
        process.wait()
        nobody_is_left(bench, mark, "launcher killed, %r" % (flags,))


@case("sh", "setsid", "sleep")
def the_whole_tree_ends_with_the_program(bench):
    for number, flags in enumerate(((), ("-q",))):
        mark = "1001.%d%d" % (os.getpid(), number)
        process = start_family(bench, mark, *flags, then="sleep 0.2; exit 5",
                               complete=False)
        bench.check(process.wait(60) == 5, "ended with %r" % process.returncode)
        bench.check(not inhabitants(mark), "somebody is left after the launcher")


@case("sh", "setsid", "sleep")
def the_whole_tree_ends_with_its_first_process(bench):
    mark = "1002.%d" % os.getpid()
    process = start_family(bench, mark, "-q")
    first = [int(entry) for entry in filter(str.isdigit, os.listdir("/proc"))
             if guards(entry, process.pid)]
    bench.check(len(first) == 1, "first processes: %r" % first)
    os.kill(first[0], signal.SIGKILL)
    bench.check(process.wait(60) == 137, "ended with %r" % process.returncode)
    nobody_is_left(bench, mark, "first process killed")


def guards(entry, launcher):
    try:
        status = Path("/proc/%s/status" % entry).read_text()
    except OSError:
        return False
    return status.startswith("Name:\tseclude-init\n") and "\nPPid:\t%d\n" % launcher in status


def memory_of_its_own(process):
    """In KiB: of a process, without what is in files."""
    status = Path("/proc/%d/status" % process).read_text()
    return int(status.split("\nRssAnon:", 1)[1].split()[0])


@case("sh", "setsid", "sleep")
def the_first_process_has_no_copy_of_what_the_launcher_keeps(bench):
    """The static program's, which has its own place for that."""
    if b"/ld-" in Path(bench.seclude).read_bytes()[:4096]:
        return
    mark = "1003.%d" % os.getpid()
    process = start_family(bench, mark, "-q")
    [first] = [int(entry) for entry in filter(str.isdigit, os.listdir("/proc"))
               if guards(entry, process.pid)]
    copied, kept = memory_of_its_own(first), memory_of_its_own(process.pid)
    process.kill()
    process.wait()
    nobody_is_left(bench, mark, "looked at")
    bench.check(copied * 3 < kept, "%d KiB of %d" % (copied, kept))


@case("sh")
def the_first_process_cannot_be_ended_from_inside(bench):
    script = "for s in 9 15 19 1 2 6 11; do kill -$s 1; done 2>/dev/null; sleep 0.1; echo alive"
    for policy in policies(bench, "isolate processes"):
        bench.expect(bench.run(policy, find("sh"), "-c", script), output="alive")


@case("sh")
def orphans_are_collected(bench):
    script = ("for i in 1 2 3 4 5 6 7 8; do (sleep 0 &) ; done; sleep 0.3; i=0; "
              "while left=$(ps -e -o stat= | grep -c Z) && [ $i -lt 100 ]; do "
              "i=$((i + 1)); sleep 0.1; done; echo $left")
    done = bench.run(bench.policy("use default", "isolate processes"), find("sh"), "-c", script)
    bench.check(done.stdout == "0\n", "zombies: %s" % done.stdout + done.stderr)


def mounts():
    return Path("/proc/self/mountinfo").read_text()


def nothing_is_left(bench, before):
    """No process of ours, no mount, no folder in memory."""
    def quiet():
        collect()
        return not offspring()
    try:
        poll(quiet, "somebody is left", 30)
    finally:
        left = offspring()
        for pid in left:
            end(pid)
        bench.check(not left, "left: %r" % left)
    bench.check(mounts() == before, "mounts are left: %s" % mounts())


@case()
def many_launches_leave_nothing(bench):
    become_reaper()
    before = mounts()
    policy = bench.policy("use default", EVERYTHING)
    command = [bench.seclude, "run", "-q", "-p", policy, "--", bench.target, "exit", "3"]
    count = int(os.environ.get("SECLUDE_LAUNCHES", "100"))
    for number in range(count):
        done = bench.outside(*command)
        bench.check(done.returncode == 3, "launch %d ended with %d: %s" % (
            number, done.returncode, done.stderr))
    at_once = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(100)]
    ends = [(one.communicate()[1], one.returncode) for one in at_once]
    bench.check(all(status == 3 for _, status in ends), "%r" % [e for e in ends if e[1] != 3][:3])
    nothing_is_left(bench, before)


@case()
def launchers_killed_at_any_moment_leave_nothing(bench):
    become_reaper()
    before = mounts()
    policy = bench.policy("use default", EVERYTHING)
    dice = random.Random(5)
    for flags in (("-q",), ()):
        for _ in range(60):
            process = subprocess.Popen(
                [bench.seclude, "run", *flags, "-p", policy, "--", bench.target, "wait", "1"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, 0.03))
            process.kill()
            process.wait()
    nothing_is_left(bench, before)


# ---- explanations ---------------------------------------------------------------------------------

@case("mkdir")
def denials_are_explained_in_namespaces(bench):
    policy = bench.policy("use default", "deny mkdir, mkdirat with EPERM", EVERYTHING)
    report = bench.folder / "report"
    done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report), "--",
                         find("mkdir"), "/tmp/new")
    bench.expect(done, status=1)
    bench.check('denied: mkdir' in done.stderr and '"/tmp/new"' in done.stderr, done.stderr)
    policy = bench.policy("use default", "kill mkdir, mkdirat", EVERYTHING)
    done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report), "--",
                         find("mkdir"), "/tmp/new")
    bench.expect(done, status=159)
    bench.check('denied: mkdir' in done.stderr and '"/tmp/new"' in done.stderr, done.stderr)
    bench.check(bench.document(report)["outcome"] == "denied", "the report says otherwise")


# ---- lacks ----------------------------------------------------------------------------------------

def refused(bench, done, *words):
    bench.expect(done, status=125)
    for word in words:
        bench.check(word in done.stderr, "%r is missing in: %s" % (word, done.stderr))


@case("true")
def a_machine_that_refuses_namespaces_is_named_with_the_fix(bench):
    policy = bench.policy("use default", "isolate tmp")
    outer = [bench.seclude, "run", "-q", "--deny", "unshare", "--"]
    done = bench.outside(*outer, bench.seclude, "run", "-p", policy, "--", find("true"))
    refused(bench, done, "make namespaces of its own", "isolate tmp (", "policy.seclude:4",
            "a container or filter outside refuses them")
    done = bench.outside(*outer, bench.seclude, "run", "-p", policy, "--best-effort", "--", find("true"))
    if os.getuid() != 0:
        bench.check(done.returncode == 125 or "is not held" in done.stderr, done.stderr)


@case()
def who_may_open_too_few_files_is_told_before_the_program_runs(bench):
    policy = bench.policy("otherwise allow", "isolate processes, ipc")
    started = 0
    for flags in ((), ("--no-explain",)):
        for most in range(3, 24):
            done = bench.outside(bench.seclude, "run", *flags, "-p", policy, "--", bench.target, "echo",
                                 stdin=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(
                                     resource.RLIMIT_NOFILE, (most, most)))
            started += done.returncode == 0
            told = re.fullmatch("seclude: error: cannot [^\n]*: EMFILE [^\n]*\n.*", done.stderr, re.S)
            # There is none for the program: that would be said when it runs already.
            bench.check(done.returncode == 0 or done.returncode == 125 and told and
                        "for process" not in done.stderr,
                        "%d files: %d: %s" % (most, done.returncode, done.stderr))
    bench.check(started > 0, "it does not run with 23 files either")


@case()
def a_program_in_tmp_is_found_by_any_name(bench):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (folder / "real").mkdir()
        shutil.copy(bench.target, folder / "real/program")
        (folder / "link").symlink_to("real/")
        (folder / "program").symlink_to("link/program")
        (folder / "outside").symlink_to(bench.target)
        folder.chmod(0o755)
        names = ("real/program", "link/program", "program", "link/../link/program", "outside")
        paths = "read /usr/**, /etc/**, /lib/**?, /lib64/**?"
        for lines in ((EVERYTHING,), (EVERYTHING, paths)):
            policy = bench.policy("use default", *lines)
            for name in names:
                for begin in ("%s/" % folder, "./"):
                    done = bench.outside("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder),
                                         bench.seclude, "run", "-q", "-p", policy, "--", begin + name,
                                         "exit", "3")
                    bench.expect(done, 3)
    finally:
        shutil.rmtree(folder)
