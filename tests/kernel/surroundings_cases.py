# Surroundings: what a program finds around itself, as flags and lines of the policy say.
#
# In: target.cc's program, sh, cat. Out: cases, each through the command itself. What the library does
# with such wishes is in run_surroundings_test.cc. Neighbours: report_cases.py for what goes wrong.
import errno
import os
import subprocess

from harness import case, find

OUTER = {"KEPT": "kept", "OTHER": "other", "EMPTY": ""}


def environment(bench, flags, variables=None):
    """The variables that the program sees, sorted, of OUTER or `variables` outside."""
    done = subprocess.run([bench.seclude, "run", "-q", *flags, "--", bench.target, "environment"],
                          env=OUTER if variables is None else variables, cwd=bench.folder, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    bench.expect(done)
    return sorted(done.stdout.splitlines())


@case()
def the_environment_is_passed_on_unless_somebody_speaks_of_it(bench):
    everything = ["EMPTY=", "KEPT=kept", "OTHER=other"]
    listed = bench.policy("use default", 'environment KEPT, MADE = "in the policy"')
    both = ["KEPT=kept", "MADE=in the policy"]
    for flags, wanted in (
            ((), everything),
            (("--clearenv",), []),
            (("--env", "KEPT"), ["KEPT=kept"]),
            (("--env", "ABSENT"), []),
            (("--env", "KEPT=changed"), ["KEPT=changed"]),
            (("--env", "NEW="), ["NEW="]),
            (("--env", "NEW=a=b c"), ["NEW=a=b c"]),
            (("--clearenv", "--env", "NEW=1"), ["NEW=1"]),
            (("-p", listed), both),
            (("-p", listed, "--env", "OTHER"), [*both, "OTHER=other"]),
            (("-p", listed, "--env", "EMPTY"), ["EMPTY=", *both])):
        seen = environment(bench, flags)
        bench.check(seen == wanted, "%r: %r" % (flags, seen))
    bench.check(environment(bench, (), {}) == [], "something out of nothing")
    conflict = bench.outside(bench.seclude, "run", "-p", listed, "--env", "MADE=else", "true")
    bench.check(conflict.returncode == 125 and "two values" in conflict.stderr, conflict.stderr)


@case("cat")
def a_program_is_looked_for_where_the_callers_path_says(bench):
    os.mkdir(bench.folder / "tools")
    tool = bench.file("tools/tool", "#!%s\n" % find("cat"))
    os.chmod(tool, 0o755)
    for search, status in ((str(bench.folder / "tools"), 0), ("/no/such:tools", 0), ("/no/such", 127)):
        for flags in ((), ("--clearenv",), ("--env", "PATH=/no/such")):
            done = bench.outside(bench.seclude, "run", "-q", *flags, "tool", environment={"PATH": search})
            bench.expect(done, status=status)


@case("sh", "cat")
def the_folder_is_where_the_program_starts_and_files_are_where_the_caller_is(bench):
    os.mkdir(bench.folder / "inside")
    bench.file("input", "from outside\n")
    bench.file("inside/input", "from inside\n")
    bench.file("output", "what was there before, and longer\n")
    done = bench.outside(bench.seclude, "run", "-q", "--chdir", "inside", "--stdin", "input", "--stdout",
                         "output", "--stderr", "errors", "--", find("sh"), "-c",
                         "pwd -P; cat; cat input; echo trouble >&2")
    bench.expect(done)
    bench.check((done.stdout, done.stderr) == ("", ""), "streams: %r" % ((done.stdout, done.stderr),))
    seen = (bench.folder / "output").read_text()
    inside = os.path.realpath(bench.folder / "inside")
    bench.check(seen == inside + "\nfrom outside\nfrom inside\n", "it wrote %r" % seen)
    bench.check((bench.folder / "errors").read_text() == "trouble\n", "its errors")


@case("sh")
def new_files_have_the_modes_that_the_mask_leaves(bench):
    """The caller's own mask otherwise; also of files for which folders are made in between."""
    script = "umask; rm -f made; : > made; stat -c %a made"
    (bench.folder / "work").mkdir()
    policy = bench.policy("use default", "isolate tmp",
                          "run /usr/**, /lib/**?, /lib64/**?", "create %s/work/**" % bench.folder)
    for flags in (("-p", "default"), ("-p", "default", "--no-explain"), ("-p", policy)):
        for mask, said in ((None, "0027\n640"), ("077", "0077\n600"), ("0", "0000\n666"),
                           ("777", "0777\n0")):
            asked = ["--umask", mask] if mask else []
            done = bench.outside(bench.seclude, "run", "-q", *flags, *asked, "--chdir", "work", "--",
                                 find("sh"), "-c", script, umask=0o027)
            bench.expect(done, output=said)
    for wrong in ("", "8", "1000", "u=rwx", "-1"):
        done = bench.outside(bench.seclude, "run", "--umask", wrong, "true")
        bench.check(done.returncode == 125 and "is no mask" in done.stderr, "%r: %s" % (wrong, done.stderr))


@case("sh", "hostname")
def a_host_name_is_the_programs_own(bench):
    outside = bench.outside(find("hostname")).stdout
    script = "hostname; uname -n; cat /proc/sys/kernel/hostname"
    for flags in (("-p", "default"), ("-p", "default", "--isolate", "network,processes"),
                  ("-p", bench.policy("use default", "run /usr/**, /lib/**?, /lib64/**?, /proc/**"))):
        done = bench.outside(bench.seclude, "run", "-q", *flags, "--hostname", "box-1.test", "--",
                             find("sh"), "-c", script)
        bench.expect(done)
        bench.check(done.stdout == "box-1.test\n" * 3, done.stdout + done.stderr)
    bench.check(bench.outside(find("hostname")).stdout == outside, "the machine has another name")
    for wrong in ("", "a b", "a/b", "x" * 65, "n\u00e4me"):
        done = bench.outside(bench.seclude, "run", "--hostname", wrong, "true")
        bench.check(done.returncode == 125 and "is no host name" in done.stderr,
                    "%r: %s" % (wrong, done.stderr))
    refused = bench.outside(bench.seclude, "run", "-q", "--deny", "unshare", "--", bench.seclude, "run",
                            "--hostname", "box", "true")
    bench.expect(refused, status=125)
    bench.check("make namespaces of its own" in refused.stderr and "--hostname box" in refused.stderr
                and "best-effort" not in refused.stderr, refused.stderr)


@case("sh")
def a_standard_error_of_the_program_is_not_that_of_the_launcher(bench):
    for flags, said in (((), "denied: unshare"), (("--no-explain",), "ended by SIGKILL")):
        script = "unshare -U true; echo trouble >&2; kill -KILL $$"
        done = bench.outside(bench.seclude, "run", "-p", "default", *flags, "--stderr", "errors", "--",
                             find("sh"), "-c", script)
        bench.check(done.returncode == 137 and said in done.stderr, "said %r" % done.stderr)
        bench.check("trouble" not in done.stderr, "said %r" % done.stderr)
        errors = (bench.folder / "errors").read_text()
        bench.check("trouble" in errors and "seclude" not in errors, "errors: %r" % errors)


def open_descriptors(bench, flags, passed):
    done = subprocess.run([bench.seclude, "run", "-q", *flags, "--", bench.target, "descriptors"],
                          pass_fds=passed, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    bench.expect(done)
    return [int(line) for line in done.stdout.split()]


@case()
def descriptors_are_kept_by_number_only(bench):
    first = os.open("/dev/null", os.O_RDONLY)
    second = os.dup(first)
    third = os.dup2(first, 500)
    try:
        passed = (first, second, third)
        for keep in ((), (first,), (third,), (second, first), passed, (first, first)):
            flags = [word for number in keep for word in ("--fd", str(number))]
            for explain in ((), ("--report", "/dev/null")):  # the second with the helper
                seen = open_descriptors(bench, [*flags, *explain], passed)
                bench.check(seen == [0, 1, 2, *sorted(set(keep))], "%r: %r" % (keep, seen))
    finally:
        for number in (first, second, third):
            os.close(number)


@case("cat")
def a_descriptor_that_is_kept_works_both_ways(bench):
    ours, theirs = os.pipe()
    process = subprocess.Popen([bench.seclude, "run", "-p", "default", "--fd", str(theirs), "--", find("sh"),
                                "-c", "echo through >&%d" % theirs], pass_fds=(theirs,),
                               env={"PATH": "/usr/bin:/bin"})
    os.close(theirs)
    with open(ours) as reader:  # ends only if nobody else, helper or launcher, holds the other end
        seen = reader.read()
    bench.check(process.wait() == 0 and seen == "through\n", "it read %r" % seen)


@case()
def parameters_are_bound_and_proven_before_the_start(bench):
    policy = bench.policy("parameter group : number = 2", "use default",
                          "deny getpgid with EBADF where pid == $group",
                          "expect allow getpgid where pid == 7")
    getpgid = "121" if os.uname().machine == "x86_64" else "155"
    for flags, status, said in (((), 0, ""), (("--set", "group=1"), errno.EBADF, ""),
                                (("--set", "group=3"), 0, ""),
                                (("--set", "group=7"), 125, "expectation failed"),
                                (("--set", "group=one"), 125, "group"),
                                (("--set", "group=1", "--set", "group=3"), 125, "twice")):
        done = bench.outside(bench.seclude, "run", "-q", "-p", policy, *flags, "--", bench.target, "call",
                             getpgid, "1")
        bench.expect(done, status=status)
        bench.check(said in done.stderr, "%r said %r" % (flags, done.stderr))


@case("true")
def a_report_replaces_what_was_there_and_follows_links(bench):
    bench.file("real", "before " * 1000)
    os.symlink("real", bench.folder / "link")
    bench.expect(bench.outside(bench.seclude, "run", "-q", "--report", "link", find("true")))
    bench.check((bench.folder / "link").is_symlink(), "the link is gone")
    bench.check(bench.document(bench.folder / "real")["outcome"] == "exited", "what it holds")
    done = bench.outside(bench.seclude, "run", "-q", "--report", "/dev/stdout", find("true"))
    bench.check('"outcome": "exited"' in bench.expect(done).stdout, "nothing on standard output")


@case("sh")
def the_usage_is_that_of_the_program_and_its_children(bench):
    script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
    for command in ([find("sh"), "-c", script], [find("sh"), "-c", "sh -c '%s'; :" % script]):
        bench.expect(bench.outside(bench.seclude, "run", "-q", "--report", "used.json", *command))
        usage = bench.document(bench.folder / "used.json")["usage"]
        bench.check(usage["user_seconds"] + usage["system_seconds"] > 0.005, "%r" % usage)
        bench.check(usage["wall_seconds"] > 0.005 and usage["peak_memory_bytes"] > 100000, "%r" % usage)
