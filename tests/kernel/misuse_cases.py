# Misuse: machines, files and policies that a launch cannot work with. Each condition is made for real.
#
# In: unshare, mount and setpriv, with which a namespace of the test's own lacks what the machine has.
# Out: cases: status 125, a sentence that names the thing, one that says what to do, and nothing left.
# Neighbours: layer_cases.py for no Landlock, root_cases.py and isolation_cases.py for refused namespaces,
# limit_cases.py for who has no groups.
import os
import shutil
import subprocess
import time
from pathlib import Path

from harness import case, find, poll
from offspring import become_reaper, collect, offspring
from traces import files_below, mounts

PROGRAMS = "read /usr/**, /etc/**, /lib/**?, /lib64/**?"
# Of a user namespace's own, whose limits and mounts these are; then without its powers, or as a user
# of a further one, who has none.
ALTERED = ("unshare", "mount", "setpriv")
POWERLESS = 'exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
ANOTHER = 'exec unshare -U --map-user=1000 --map-group=1000 "$@"'


def left(bench):
    """Everything there is to leave behind."""
    collect()
    return offspring(), mounts(), files_below(bench.folder)


class Traces:
    """That nothing is left behind, for the length of a `with`."""

    def __init__(self, bench):
        self.bench = bench

    def __enter__(self):
        become_reaper()
        self.before = left(self.bench)

    def __exit__(self, kind, *unused):
        if kind is None:
            poll(lambda: left(self.bench) == self.before, "left: %r" % (left(self.bench),), 20)


def altered(bench, how, *command):
    """Runs a command in namespaces of the test's own, once `how` has changed something there."""
    return bench.outside(find("unshare"), "-U", "-r", "-m", find("sh"), "-c", "set -e; " + how, "sh",
                         *command)


def refused(bench, done, *words, status=125):
    bench.expect(done, status=status)
    for word in words:
        bench.check(word in done.stderr, "%r is missing in: %s" % (word, done.stderr))
    bench.check("reached" not in done.stdout, "it was started: %s" % done.stdout)


def start(bench, policy, *flags):
    return [bench.seclude, "run", *flags, "-p", policy, "--", find("echo"), "reached"]


# ---- namespaces -----------------------------------------------------------------------------------

@case(*ALTERED)
def user_namespaces_that_are_switched_off_are_named_with_the_fix(bench):
    off = "echo 0 > /proc/sys/user/max_user_namespaces; " + POWERLESS
    for line, words in (("isolate tmp", "isolate tmp ("), (PROGRAMS, "path lines")):
        policy = bench.policy("use default", line)
        with Traces(bench):
            refused(bench, altered(bench, off, *start(bench, policy)), "make namespaces of its own: user",
                    words, "sysctl user.max_user_namespaces")
            done = altered(bench, off, *start(bench, policy, "--best-effort"))
            bench.expect(done, output="reached")
            bench.check("warning: " in done.stderr and "max_user_namespaces" in done.stderr, done.stderr)


@case(*ALTERED)
def a_limit_of_namespaces_that_is_reached_is_named_with_the_fix(bench):
    policy = bench.policy("use default", "isolate network, processes, ipc, tmp")
    for kind in ("mnt", "net", "pid", "ipc"):
        for then in ('exec "$@"', POWERLESS):
            how = "echo 0 > /proc/sys/user/max_%s_namespaces; %s" % (kind, then)
            with Traces(bench):
                refused(bench, altered(bench, how, *start(bench, policy)), "make namespaces of its own",
                        "the limit of namespaces is reached", "sysctl user.max_")


@case(*ALTERED)
def a_security_module_that_refuses_user_namespaces_is_named_with_the_fix(bench):
    """As Ubuntu's does: by EACCES, and a setting that says so."""
    setting = ("mount -t tmpfs none /proc/sys/kernel; "
               "echo 1 > /proc/sys/kernel/apparmor_restrict_unprivileged_userns; " + POWERLESS)
    policy = bench.policy("use default", "isolate tmp")
    for error in ("EACCES", "EPERM"):
        outer = [bench.seclude, "run", "-q", "--deny", "unshare with " + error, "--"]
        with Traces(bench):
            refused(bench, altered(bench, setting, *outer, *start(bench, policy)), error,
                    "make namespaces of its own: user", "isolate tmp (",
                    "sysctl kernel.apparmor_restrict_unprivileged_userns=0", "`userns,`")


@case(*ALTERED)
def root_that_cannot_take_its_number_along_is_named_with_the_fix(bench):
    policy = bench.policy("use default", "isolate tmp")
    with Traces(bench):
        refused(bench, altered(bench, POWERLESS, *start(bench, policy)), "make namespaces of its own: user",
                "root without CAP_SETFCAP", "start it as another user")


@case(*ALTERED)
def a_missing_proc_is_named_with_the_fix(bench):
    gone = "mount -t tmpfs none /proc; " + POWERLESS
    policy = bench.policy("use default", "isolate tmp")
    with Traces(bench):
        refused(bench, altered(bench, gone, *start(bench, policy)), "make namespaces of its own: user",
                "isolate tmp (", "mount -t proc proc /proc")
    policy = bench.policy("use default", "limit processes 5")
    with Traces(bench):
        refused(bench, altered(bench, gone, *start(bench, policy)), "this limit cannot be held here",
                "policy.seclude:4:1", "mount -t proc proc /proc")


@case(*ALTERED)
def a_proc_with_covered_parts_is_named_with_the_fix(bench):
    policy = bench.policy("use default", "isolate processes")
    with Traces(bench):
        done = altered(bench, "mount -t tmpfs none /proc/sys; " + ANOTHER, *start(bench, policy))
        refused(bench, done, "mount /proc of the process namespace", "parts of /proc are covered",
                "systempaths=unconfined")


# ---- places ---------------------------------------------------------------------------------------

def after_planning(bench, policy, change):
    """Makes a change when the policy has been read, and before anything is mounted."""
    held = bench.folder / "held"
    os.mkfifo(held)
    command = start(bench, policy, "-q", "--stdin", str(held))
    process = subprocess.Popen(command, cwd=bench.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        # It waits for somebody to write, and nowhere else: then the plan is made.
        poll(lambda: sleeps(process.pid), "it does not wait")
        change()
        os.close(os.open(held, os.O_WRONLY))
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        held.unlink()
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def sleeps(pid):
    """And has for a while."""
    before = Path("/proc/%d/stat" % pid).read_text()
    time.sleep(0.3)
    return before == Path("/proc/%d/stat" % pid).read_text() and ") S " in before


@case("echo")
def a_place_that_goes_before_it_is_mounted_is_named(bench):
    place, other = bench.folder / "tree/place", bench.folder / "tree/other"

    def removed():
        shutil.rmtree(place)

    def replaced_by_a_link():
        place.rename(other)
        place.symlink_to("/etc")

    def replaced_by_a_file():
        place.rename(other)
        place.write_text("")

    lines = {("read %s/**" % place,): ("show %s in the root directory" % place, "open %s" % place),
             ("read %s/**" % place.parent, "hide %s/**" % place): ("hide the folder %s" % place,)}
    for these, sentences in lines.items():
        for change in (removed, replaced_by_a_link, replaced_by_a_file):
            shutil.rmtree(place.parent, ignore_errors=True)
            place.mkdir(parents=True)
            (place / "file").write_text("x")
            policy = bench.policy("use default", PROGRAMS, *these)
            done = after_planning(bench, policy, change)
            refused(bench, done)
            bench.check(any(sentence in done.stderr for sentence in sentences),
                        "%s, %s: %s" % (these, change.__name__, done.stderr))
            bench.check("was there when the policy was read" in done.stderr,
                        "%s, %s: %s" % (these, change.__name__, done.stderr))
            bench.check(change is removed or Path(other, "file").read_text() == "x", "it is changed")


@case("gcc", "echo")
def a_loader_that_is_not_there_or_hidden_is_named(bench):
    source = bench.file("empty.c", "int main(void) { return 0; }\n")
    for loader in ("/no/such/loader.so", str(bench.folder / "loader.so")):
        program = str(bench.folder / "program")
        bench.expect(bench.outside(find("gcc"), "-o", program, source, "-Wl,--dynamic-linker=" + loader))
        for line in ("isolate tmp", PROGRAMS):
            policy = bench.policy("use default", line)
            with Traces(bench):
                done = bench.outside(bench.seclude, "run", "-p", policy, "--", program)
                refused(bench, done, "`%s`" % loader, "the program's dynamic loader", status=126)
    loaders = [path for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
               if os.path.exists(path)]
    for loader in loaders:
        for hidden in (loader, os.path.dirname(os.path.realpath(loader)) + "/**"):
            policy = bench.policy("use default", PROGRAMS, "hide " + hidden)
            with Traces(bench):
                refused(bench, bench.outside(*start(bench, policy)), "start `", "takes `%s`" % loader,
                        "a `hide` line covers it", "leave `%s` out" % os.path.realpath(loader))


# ---- groups and disks -----------------------------------------------------------------------------

@case(*ALTERED)
def groups_that_are_not_there_are_named_with_the_fix(bench):
    gone = 'mount -t tmpfs -o ro none /sys/fs/cgroup; exec "$@"'
    for line in ("limit processes 5", "limit memory 64M"):
        policy = bench.policy("use default", line)
        with Traces(bench):
            refused(bench, altered(bench, gone, *start(bench, policy)), "this limit cannot be held here",
                    "policy.seclude:4:1", "no control group", "mount -t cgroup2 none /sys/fs/cgroup")


READ_ONLY = ("for m in $(cut -d' ' -f2 /proc/mounts | grep -v ^/proc); do "
             "mount -o remount,bind,ro $m 2>/dev/null || true; done; "
             "! touch /here \"$PWD/here\" 2>/dev/null; ")


@case(*ALTERED)
def nothing_has_to_be_written_for_a_launch(bench):
    for then in ('exec "$@"', ANOTHER):
        for line in ("isolate network, processes, ipc, tmp", PROGRAMS):
            policy = bench.policy("use default", line)
            with Traces(bench):
                done = altered(bench, READ_ONLY + then, *start(bench, policy))
                bench.expect(done, output="reached")


@case(*ALTERED)
def a_report_that_cannot_be_written_is_named_with_the_fix(bench):
    report = str(bench.folder / "report")
    command = start(bench, "default", "--report", report)
    with Traces(bench):
        refused(bench, altered(bench, READ_ONLY + 'exec "$@"', *command), "cannot write " + report,
                "mounted read-only", "name a file on another one")
        missing = str(bench.folder / "none/report")
        refused(bench, bench.outside(*start(bench, "default", "--report", missing)),
                "cannot write " + missing, "its folder has to be there")


@case(*ALTERED, "dd")
def a_report_for_which_no_space_is_left_is_named_with_the_fix(bench):
    (bench.folder / "full").mkdir()
    report = str(bench.folder / "full/report")
    full = ('mount -t tmpfs -o size=8k none full; dd if=/dev/zero of=full/all 2>/dev/null || true; '
            'status=0; "$@" || status=$?; ls full; exit $status')
    command = [bench.seclude, "run", "-p", "default", "--report", report, "--", find("sh"), "-c", "exit 3"]
    with Traces(bench):
        done = altered(bench, full, *command)
        refused(bench, done, "cannot write " + report, "there is no space left",
                "the run itself is over, with exit status 3")
        bench.check(done.stdout == "all\n", "left on the full disk: %s" % done.stdout)
