# Hygiene: nothing is left behind, however a run ends and whoever is killed.
#
# In: target.cc's program, sh, setsid. Out: cases. This process becomes the one that orphans are given
# to, so whatever is left is its child: that counts processes exactly, also those that nobody may look
# into. Files are compared in folders that nobody else sees (a mount namespace of our own, as root).
# Neighbours: ending_cases.py for what the endings are; step_cases.py kills at every step of a launch.
import os
import signal
import subprocess
import time

from harness import Skipped, case, end, find, poll
from offspring import become_reaper, collect, offspring, processes
from traces import enter_private_folders, listing

DELAYS = [number / 1000 for number in range(0, 21)]


def marked(mark):
    """The processes whose environment holds the mark, of those that may be looked into."""
    found = []
    for pid in processes():
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                if mark.encode() in file.read():
                    found.append(pid)
        except OSError:
            pass
    return [pid for pid in found if pid != os.getpid()]


class Bystander:
    """Starts runs, and knows what they leave."""

    def __init__(self, bench, *flags):
        self.bench, self.mark = bench, "SECLUDE_MARK=%d-%d" % (os.getpid(), time.monotonic_ns())
        self.prefix = [bench.seclude, "run", "-p", "default", *flags, "--"]
        become_reaper()

    def start(self, *command):
        return subprocess.Popen([*self.prefix, *command], cwd=self.bench.folder,
                                env=dict([self.mark.split("=")]), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def left(self):
        collect()
        return offspring() or marked(self.mark)

    def expect_nothing(self, when):
        try:
            poll(lambda: not self.left(), "somebody is left")
        finally:
            left = self.left()
            for pid in left:
                end(pid)
            self.bench.check(not left, "%s: left behind: %r" % (when, left))


def told(bench):
    """What the program's script wrote once it had started everything."""
    return (bench.folder / "told").exists()


# A child, one in a session of its own, and one whose parent has gone.
FAMILY = """sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &)
    echo > told; wait"""
WITH_HELPER, WITHOUT = (), ("--no-explain",)


def family(bench, bystander):
    if told(bench):
        os.unlink(bench.folder / "told")
    process = bystander.start(find("bash"), "-c", FAMILY)
    poll(lambda: told(bench), "the family is not complete")
    poll(lambda: sum(name == "sleep" for name in offspring().values()) == 3, "three sleepers")
    return process


# ---- processes -----------------------------------------------------------------------------------

@case("sh")
def nobody_is_left_after_success_failure_and_signals(bench):
    for flags in (WITH_HELPER, WITHOUT):
        bystander = Bystander(bench, *flags)
        for script in ("exit 0", "exit 7", "kill -SEGV $$", "kill -KILL $$", "kill -SYS $$",
                       "unshare -U true", "(sleep 0.2 &)"):
            bystander.start(find("sh"), "-c", script).wait(60)
            bystander.expect_nothing("%s %r" % (flags, script))
        bystander.start("/no/such/program").wait(60)
        bystander.expect_nothing("a missing program")


@case()
def nobody_is_left_when_the_launcher_ends_at_any_moment(bench):
    for flags in (WITH_HELPER, WITHOUT):
        bystander = Bystander(bench, *flags)
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            for delay in DELAYS:
                process = bystander.start(bench.target, "wait", "1")
                time.sleep(delay)
                process.send_signal(number)
                process.wait(60)
                bystander.expect_nothing("%s signal %d after %g s" % (flags, number, delay))


@case()
def nobody_is_left_when_the_helper_or_the_program_is_killed_at_any_moment(bench):
    bystander = Bystander(bench)
    for victim in ("seclude-explain", os.path.basename(bench.target)):
        hits = 0
        for delay in DELAYS * 2:
            process = bystander.start(bench.target, "wait", "1")
            time.sleep(delay)
            hit = kill_offspring(victim)
            if not hit:
                process.kill()  # too early: there was nobody yet
            hits += hit
            process.wait(60)
            bystander.expect_nothing("%s killed after %g s" % (victim, delay))
        bench.check(hits > 0, "never hit " + victim)


def kill_offspring(name):
    """How many of that name there were."""
    found = [pid for pid, other in offspring().items() if other == name]
    for pid in found:
        end(pid)
    return len(found)


@case("bash", "setsid", "sleep")
def the_whole_family_ends_with_the_launcher_or_its_helper(bench):
    bystander = Bystander(bench)
    for victim in ("seclude", "seclude-explain"):
        process = family(bench, bystander)
        kill_offspring(victim)
        poll(lambda: process.poll() is not None, "the launcher stays")
        bystander.expect_nothing("the family after the death of " + victim)


@case("bash", "setsid", "sleep")
def without_a_helper_only_the_program_itself_ends_with_the_launcher(bench):
    # What the guide says, so that it stays true or gets better: the kernel's PR_SET_PDEATHSIG is for
    # one process and is not inherited.
    bystander = Bystander(bench, *WITHOUT)
    process = family(bench, bystander)
    process.kill()
    process.wait()
    poll(lambda: "bash" not in offspring().values(), "the program outlives its launcher")
    names = sorted(offspring().values())
    kill_offspring("sleep")
    bystander.expect_nothing("after this test killed them itself")
    bench.check(names == ["sleep"] * 3, "left are %r" % names)


@case("bash", "setsid", "sleep")
def what_a_program_leaves_running_when_it_ends_goes_on_as_without_seclude(bench):
    for flags in (WITH_HELPER, WITHOUT):
        bystander = Bystander(bench, *flags)
        bystander.start(find("bash"), "-c", "(setsid sleep 1000 &) ; exit 3").wait(60)
        names = poll(lambda: "sleep" in offspring().values() and sorted(offspring().values()),
                     "the one left running has ended")
        bench.check(names == (["seclude-explain", "sleep"] if flags == WITH_HELPER else ["sleep"]),
                    "%s: there are %r" % (flags, names))
        kill_offspring("sleep")
        bystander.expect_nothing("%s: once it has ended" % (flags,))


# ---- files ---------------------------------------------------------------------------------------

def alone(bench, work):
    """Runs `work` in a child that sees folders of its own, and returns what it says."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.close(ours)
            os.write(theirs, work().encode())
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    with open(ours) as answer:
        said = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    bench.check(status == 0, "the child ended with %d" % status)
    return said


@case("sh")
def no_file_is_left(bench):
    if os.geteuid() != 0:
        raise Skipped("needs root for folders that nobody else writes to")
    programs = {name: open(path, "rb").read()
                for name, path in (("seclude", bench.seclude), ("target", bench.target))}

    def work():
        if not enter_private_folders():
            return "skip"
        os.mkdir("/tmp/work")
        os.chmod("/tmp/work", 0o777)
        for name, content in programs.items():
            with open("/tmp/work/" + name, "wb") as file:
                file.write(content)
            os.chmod("/tmp/work/" + name, 0o755)
        os.chdir("/tmp/work")
        problems = ""
        for user in (0, 65534):
            before = listing()
            for flags in (WITH_HELPER, WITHOUT):
                problems += "".join(runs_in_private(flags, user))
            if listing() != before:
                problems += "as %d: %r\n" % (user, listing() ^ before)
        os.mknod("/tmp/witness")  # the comparison must be able to fail
        return problems if "/tmp/witness" in listing() - before else "the listing sees nothing"
    said = alone(bench, work)
    if said == "skip":
        raise Skipped("may not make a mount namespace")
    bench.check(said == "", said)


def runs_in_private(flags, user):
    """Runs of every kind; yields what was not as expected."""
    run = ["/tmp/work/seclude", "run", "-p", "default", *flags, "--"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
             "env": {"PATH": "/usr/bin:/bin"}, "user": user, "group": user, "extra_groups": []}
    for script, status in (("exit 0", 0), ("exit 5", 5), ("kill -9 $$", 137), ("unshare -U true", 1),
                           ("exec /no/such", 127)):
        done = subprocess.run([*run, find("sh"), "-c", script], **quiet)
        if done.returncode != status:
            yield "%r ended with %d\n" % (script, done.returncode)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        for delay in DELAYS[::4]:
            process = subprocess.Popen([*run, "/tmp/work/target", "wait", "1"], **quiet)
            time.sleep(delay)
            process.send_signal(number)
            process.wait()
    failed = subprocess.run(["/tmp/work/seclude", "run", "-q", "--report", "/dev/full", "true"], **quiet)
    if failed.returncode != 125:
        yield "a full report ended with %d\n" % failed.returncode


@case("sh")
def a_report_that_cannot_be_written_leaves_no_piece(bench):
    os.mkdir(bench.folder / "made")
    target = str(bench.folder / "made" / "report.json")
    # A file-size limit stops the report in its middle, as a full disk does.
    script = 'trap "" XFSZ; ulimit -f 0; exec "$@"'
    done = bench.outside(find("sh"), "-c", script, "sh", bench.seclude, "run", "-q", "--report", target,
                         "true")
    bench.expect(done, status=125)
    bench.check("cannot write" in done.stderr, "it said %r" % done.stderr)
    bench.check(os.listdir(bench.folder / "made") == [], "left: %r" % os.listdir(bench.folder / "made"))
