# Early: what a launch begins before it has parsed its policy, a helper and namespaces, gets into
# nobody's way: no descriptor of theirs is the program's, neither stays without a use, and the program
# may use the processors that they were kept off.
#
# In: sh, readlink, taskset, chroot; a FIFO for a policy that comes slowly. Out: cases. As root the
# namespaces are begun early; others have the helper alone. Neighbours: isolation_cases.py,
# explain_test.cc.
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import Skipped, case, end, find, poll
from offspring import processes

NETWORK = ("otherwise allow", "isolate network")
BOTH = ("otherwise allow", "isolate network, processes")


def children(parent):
    """Of a process: {command} of those that live, and of those that nobody has collected."""
    found = [(state, command) for mother, state, command in processes().values() if mother == parent]
    return ({command for state, command in found if state != "Z"},
            {command for state, command in found if state == "Z"})


class Waiting:
    """A run whose program waits, for the length of a `with`."""

    def __init__(self, bench, *command):
        self.bench, self.command = bench, [*command, find("sh"), "-c", "echo here; read line"]

    def __enter__(self):
        self.run = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, cwd=self.bench.folder)
        self.bench.check(self.run.stdout.readline() == b"here\n", "the program does not run")
        return self.run

    def __exit__(self, *problem):
        self.run.communicate(b"\n", timeout=60)


@case("sh", "readlink")
def closed_streams_are_nothing_for_the_program(bench):
    policy = bench.policy(*NETWORK)
    for number in (0, 1, 2) * 4:
        inside = "stream=$(readlink /proc/$$/fd/%d); echo $stream >found" % number
        bench.outside(find("sh"), "-c", 'exec "$@" %d>&-' % number, "sh", bench.seclude, "run", "-q", "-p",
                      policy, "--", find("sh"), "-c", inside, stdin=subprocess.DEVNULL)
        found = (bench.folder / "found").read_text()
        bench.check(found == "/dev/null\n", "%d: %s" % (number, found))


@case("true")
def a_descriptor_to_keep_that_is_not_open_is_none_of_the_launchers(bench):
    policy = bench.policy(*NETWORK)
    for number in range(3, 12):
        done = bench.outside(bench.seclude, "run", "--fd", str(number), "-p", policy, "--", find("true"))
        bench.expect(done, 125)
        bench.check("cannot keep descriptor %d: EBADF" % number in done.stderr, done.stderr)


@case("chroot", "mount", "unshare", "sh")
def a_launcher_in_a_chroot_starts_the_program_in_there(bench):
    """Whoever joins mounts finds himself at their root."""
    if os.geteuid() != 0:
        raise Skipped("chroot takes root")
    jail = bench.folder / "jail"
    for folder in (jail, jail / "proc", jail / "dev", jail / "tmp"):
        folder.mkdir()
    (jail / "dev/null").touch()
    shutil.copy(bench.seclude, jail / "seclude")
    shutil.copy(bench.target, jail / "target")  # is nowhere else
    shutil.copy(bench.policy(*BOTH), jail / "own.seclude")
    shutil.copy(bench.policy("otherwise allow", "read /target, /proc/**", "run /target", "isolate processes"),
                jail / "root.seclude")
    inside = "mount -t proc proc jail/proc && mount --bind /dev/null jail/dev/null && exec chroot jail \"$@\""
    for mounting, status in (("mount --bind jail jail && ", 7), ("", 125)):
        for policy in ("own", "root"):
            for flags in ((), ("--no-explain",)):
                done = bench.outside(find("unshare"), "-m", find("sh"), "-c", mounting + inside, "sh", "/seclude",
                                     "run", *flags, "-p", "/%s.seclude" % policy, "--", "/target", "exit", "7")
                bench.expect(done, status)
                bench.check(status != 125 or "no mount: start the launcher outside of a chroot" in done.stderr,
                            done.stderr)
                bench.check(status == 125 or not done.stderr, done.stderr)


@case("sh")
def processors_that_its_control_group_gets_later_are_the_programs_too(bench):
    group = Path("/sys/fs/cgroup/cpuset/seclude-test-%d" % os.getpid())
    try:
        group.mkdir()
    except OSError:
        raise Skipped("no group of processors can be made here")
    try:
        both = (group.parent / "cpuset.cpus").read_text()
        (group / "cpuset.mems").write_text((group.parent / "cpuset.mems").read_text())
        (group / "cpuset.cpus").write_text("0")
        ask = "grep Cpus_allowed: /proc/$$/status; read line; grep Cpus_allowed: /proc/$$/status"
        run = subprocess.Popen([bench.seclude, "run", "-q", "-p", bench.policy(*BOTH), "--", find("sh"), "-c",
                                ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: (group / "tasks").write_text(str(os.getpid())))
        one = run.stdout.readline()
        (group / "cpuset.cpus").write_text(both)
        rest, _ = run.communicate("\n", timeout=20)
        bench.check(one != rest or os.cpu_count() == 1, "still %s" % rest)
    finally:
        poll(lambda: not (group / "tasks").read_text(), "the program does not end")
        group.rmdir()


@case("true")
def namespaces_that_may_not_be_joined_are_made_by_the_child(bench):
    outer = bench.file("outer.seclude", "seclude 1\npolicy outer\notherwise allow\nallow @mount, unshare\ndeny setns\n")
    for lines in (NETWORK, BOTH):
        policy = bench.policy(*lines)
        bench.expect(bench.run(outer, bench.seclude, "run", "-q", "-p", policy, "--", find("true")))


@case("sh", "taskset")
def the_program_may_use_every_processor_that_its_launcher_may(bench):
    ask = ["-c", "grep Cpus_allowed: /proc/$$/status"]
    for outside in ([], [find("taskset"), "-c", "0"]):
        wanted = bench.outside(*outside, find("sh"), *ask).stdout
        for lines in (NETWORK, BOTH, (*BOTH, "deny mkdir")):
            for flags in (["-q"], ["--no-explain"]):
                done = bench.outside(*outside, bench.seclude, "run", *flags, "-p", bench.policy(*lines),
                                     "--", find("sh"), *ask)
                bench.expect(done)
                bench.check(done.stdout == wanted, "%r: %s, not %s" % (lines, done.stdout, wanted))


@case("sh")
def namespaces_that_only_a_comment_asks_for_are_gone_before_the_program_runs(bench):
    for line in ("# isolate network", "# isolate processes"):
        policy = bench.policy("otherwise allow", line)
        with Waiting(bench, bench.seclude, "run", "--no-explain", "-p", policy, "--") as run:
            living, dead = children(run.pid)
            bench.check(living == {"sh"} and not dead, "%r, %r" % (living, dead))


@case("sh", "true")
def a_launcher_that_was_started_with_sigchld_ignored_follows_its_program(bench):
    policy = bench.policy(*BOTH, "deny mkdir")
    for flags in ([], ["--no-explain"]):
        done = bench.outside(bench.seclude, "run", *flags, "-p", policy, "--", find("sh"), "-c",
                             "mkdir new; %s; echo on" % find("true"),
                             preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        bench.expect(done, output="on\n")
        bench.check(("denied: mkdir" in done.stderr) == (not flags), done.stderr)


@case("sh")
def a_helper_that_cannot_help_is_gone_before_the_program_runs(bench):
    """A launch inside another has none: a program has one listener."""
    policy = bench.policy("otherwise allow", "deny mkdir")
    with Waiting(bench, bench.seclude, "run", "-q", "-p", policy, "--", bench.seclude, "run", "-p", policy,
                 "--") as run:
        inner = [pid for pid, (parent, _, _) in processes().items() if parent == run.pid]
        bench.check(len(inner) == 1, "%r" % inner)
        living, dead = children(inner[0])
        bench.check(living == {"sh"} and not dead, "%r, %r" % (living, dead))


@case("sh")
def namespaces_whose_maker_somebody_ended_are_made_by_the_child(bench):
    slow = bench.folder / "slow.seclude"
    os.mkfifo(slow)
    policy = bench.policy(*BOTH, "use ./slow.seclude")
    for flags in ([], ["--no-explain"]):
        run = subprocess.Popen([bench.seclude, "run", "-q", *flags, "-p", policy, "--", find("sh"), "-c",
                                "echo $$"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            def begun():
                return [pid for pid, (parent, _, command) in processes().items()
                        if parent == run.pid and command == "seclude-init"]
            if os.getuid() == 0:
                end(poll(begun, "nobody makes namespaces")[0])
            slow.write_text("seclude 1\ndeny mkdir\n")
            said, _ = run.communicate(timeout=20)
            bench.check(run.returncode == 0 and said == b"2\n", "%d %r" % (run.returncode, said))
        finally:
            end(run.pid)


@case("sh", "sleep")
def what_the_program_leaves_behind_ends_with_it_also_while_the_launcher_is_stopped(bench):
    bench.file("part.seclude", "seclude 1\nisolate processes\n")
    for lines in (BOTH, ("otherwise allow", "isolate processes"), (*NETWORK, "use ./part.seclude")):
        run = subprocess.Popen([bench.seclude, "run", "-q", "-p", bench.policy(*lines), "--", find("sh"), "-c",
                                "%s 1000 & echo here; read line" % find("sleep")],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            bench.check(run.stdout.readline() == b"here\n", "the program does not run")
            program = [pid for pid, (parent, _, command) in processes().items()
                       if parent == run.pid and command == "sh"]

            def left():
                return [pid for pid, (parent, _, command) in processes().items()
                        if command == "sleep" and (parent in program or pid in known)]
            known = []
            known += poll(left, "nothing is left behind")
            os.kill(run.pid, signal.SIGSTOP)
            run.stdin.write(b"\n")
            run.stdin.close()
            poll(lambda: not left(), "it goes on")
        finally:
            end(run.pid)


@case("sh")
def signals_while_the_filter_is_made_are_nothing_to_the_helper(bench):
    """The child waits for it, which it follows already, and whose calls are not the program's yet."""
    arguments = ("ioctl where cmd", "fcntl where cmd", "prctl where option", "lseek where whence",
                 "socket where protocol")
    for number_of_lines, more in ((900, "deny futex with EPERM"), (7000, "deny mkdir")):
        slow = ["deny %s == %d" % (arguments[n // 1400], n * 2654435761 % (1 << 31)) for n in range(number_of_lines)]
        policy = bench.policy("use default", "isolate processes", more, *slow)
        for _ in range(3):
            run = subprocess.Popen([bench.seclude, "run", "-p", policy, "--", find("sh"), "-c", "echo on"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
            try:
                until = time.monotonic() + 30
                while run.poll() is None and time.monotonic() < until:
                    os.killpg(run.pid, signal.SIGWINCH)
                    time.sleep(0.001)
                bench.check(run.poll() == 0, "it does not end: %r" % run.poll())
                bench.check(run.stdout.read() == b"on\n", "nothing is written")
                said = run.stderr.read()
                bench.check(b"denied" not in said, "%r" % said)
            finally:
                end(run.pid)


@case("sh")
def a_helper_is_told_of_a_policy_of_any_length(bench):
    """Where it is longer than what a socket holds, the launcher waits until it is heard."""
    for lines in (1, 1000, 40000):
        policy = bench.policy("otherwise allow", "isolate processes", "deny mkdir",
                              *["# %d: nothing of interest" % line for line in range(lines)])
        bench.expect(bench.run(policy, find("sh"), "-c", "exit 0"))
        done = bench.outside(bench.seclude, "run", "-p", policy, "--", find("sh"), "-c", "mkdir new; echo on")
        bench.check(done.stdout.endswith("on\n") and "denied: mkdir" in done.stderr, done.stdout + done.stderr)


@case("true")
def a_helper_that_somebody_stopped_does_not_hold_up_who_reads_of_an_error(bench):
    """It is begun when the policy has been read, before what that uses."""
    slow = bench.folder / "slow.seclude"
    os.mkfifo(slow)
    policy = bench.policy("otherwise allow", "isolate processes", "use ./slow.seclude")
    run = subprocess.Popen([bench.seclude, "run", "-p", policy, "--", find("true")],
                           stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def begun():
        return [pid for pid, (parent, _, command) in processes().items()
                if parent == run.pid and command == "seclude-explain"]
    helper = poll(begun, "no helper is begun")[0]
    os.kill(helper, signal.SIGSTOP)
    try:
        slow.write_text("nothing\n")
        _, said = run.communicate(timeout=20)
        bench.check(run.returncode == 125 and b"unknown statement" in said, "%d %r" % (run.returncode, said))
    finally:
        end(helper)
        end(run.pid)
