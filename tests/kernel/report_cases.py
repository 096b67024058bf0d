# Reports: every ending has its status, its words and its document, and no two look alike.
#
# In: sh, gcc, target.cc's program. Out: cases. What the document may hold is written here a second
# time, on purpose: docs/cli.md promises it to other people's tools.
# Neighbours: ending_cases.py for endings that are as without seclude; docs/guides/endings.md.
import os
import re

from harness import Skipped, case, find

NUMBER, TEXT, TRUTH, LIST = (int, float), str, bool, list
ALWAYS = {"schema": int, "outcome": TEXT, "exit_status": int, "usage": dict, "denials": LIST,
          "denials_observed": TEXT}
OF = {"exited": {"status": int},
      "signaled": {"signal": TEXT, "signal_number": int, "core_dumped": TRUTH},
      "denied": {"signal": TEXT, "signal_number": int, "core_dumped": TRUTH},
      "timeout": {},
      "setup_error": {"error": dict}}
STARTED = {"layers": LIST, "warnings": LIST}
USAGE = {"wall_seconds": NUMBER, "user_seconds": NUMBER, "system_seconds": NUMBER,
         "peak_memory_bytes": int, "peak_memory_exact": TRUTH}


def judge(bench, part, wanted, optional, where):
    for name, kind in wanted.items():
        bench.check(isinstance(part.get(name), kind), "%s: %s is %r" % (where, name, part.get(name)))
    unknown = set(part) - set(wanted) - set(optional)
    bench.check(not unknown, "%s: nobody has promised %r" % (where, unknown))


def judge_document(bench, document, where):
    outcome = document.get("outcome")
    bench.check(outcome in OF, "%s: outcome is %r" % (where, outcome))
    judge(bench, document, ALWAYS | OF[outcome], STARTED, where)
    judge(bench, document["usage"], USAGE, (), where)
    bench.check(document["schema"] == 1, "the schema")
    if outcome == "setup_error":
        judge(bench, document["error"], {"kind": TEXT, "doing": TEXT}, {"errno": 0, "hint": 0}, where)
    else:
        judge(bench, document, ALWAYS | OF[outcome] | STARTED, (), where)


def ending(bench, command, status, outcome, says="", flags=(), kind=None):
    """Runs the command, and judges its status, its document and what is said about it."""
    report = bench.folder / "report.json"
    if report.exists():
        report.unlink()
    done = bench.outside(bench.seclude, "run", "-p", "default", "--report", str(report), *flags, "--",
                         *command)
    where = " ".join([*flags, *command])
    bench.expect(done, status=status)
    bench.check(re.search(says, done.stderr) if says else done.stderr == "",
                "%s: said %r" % (where, done.stderr))
    document = bench.document(report)
    judge_document(bench, document, where)
    bench.check((document["outcome"], document["exit_status"]) == (outcome, status),
                "%s: %r" % (where, document))
    if kind:
        bench.check(document["error"]["kind"] == kind, "%s: %r" % (where, document["error"]))
    return document


@case("sh")
def a_status_is_told_from_what_looks_like_it(bench):
    shell = find("sh")
    for number in (0, 1, 124, 125, 126, 127, 137, 159, 255):
        document = ending(bench, [shell, "-c", "exit %d" % number], number, "exited")
        bench.check(document["status"] == number, "status %r" % document["status"])
    for name, number in (("TERM", 15), ("INT", 2), ("HUP", 1), ("PIPE", 13)):
        ending(bench, [shell, "-c", "kill -%s $$" % name], 128 + number, "signaled")
    for name, number in (("SEGV", 11), ("KILL", 9), ("ABRT", 6), ("USR1", 10), ("QUIT", 3)):
        document = ending(bench, [shell, "-c", "ulimit -c 0; kill -%s $$" % name], 128 + number,
                          "signaled", says="^seclude: ended by SIG%s\n$" % name)
        bench.check(document["signal"] == "SIG" + name, "signal %r" % document["signal"])


@case("sh")
def a_sigsys_by_the_policy_is_told_from_one_that_was_sent(bench):
    shell, refuse = find("sh"), ("--deny", "socket")
    getppid = "110" if os.uname().machine == "x86_64" else "173"
    document = ending(bench, [shell, "-c", "kill -SYS $$"], 159, "signaled", says="ended by SIGSYS")
    bench.check(document["denials"] == [], "denials: %r" % document["denials"])
    policy = bench.policy("use default", "kill getppid")
    killer = bench.file("killed", "#!%s\nexec %s call %s\n" % (shell, bench.target, getppid))
    os.chmod(killer, 0o755)
    for flags, observed in (((), "all"), (("--no-explain",), "fatal")):
        document = ending(bench, [bench.target, "call", getppid], 159, "denied",
                          says="killed by policy", flags=("-p", policy, *flags))
        bench.check(document["denials_observed"] == observed, "observed %r" % document)
        bench.check(len(document["denials"]) == 1, "denials %r" % document["denials"])
        ending(bench, [killer], 159, "denied", says="killed by policy", flags=("-p", policy, *flags))
    # A child that the policy killed, and a SIGSYS of the parent's own: here nobody can be sure.
    ending(bench, [shell, "-c", "%s call %s; kill -SYS $$" % (bench.target, getppid)], 159, "denied",
           says="killed by policy", flags=("-p", policy))
    # Denials that were answered do not count.
    ending(bench, [find("bash"), "-c", ": 2>/dev/null >/dev/tcp/127.0.0.1/9; kill -SYS $$"], 159,
           "signaled", says="(?s)denied: socket.*ended by SIGSYS", flags=refuse)


@case("sh")
def what_is_missing_or_no_program_is_named(bench):
    def file(name, content, mode=0o755):
        path = bench.file(name, content)
        os.chmod(path, mode)
        return path

    def cannot(command, status, says, flags=()):
        document = ending(bench, [command], status, "setup_error", says=says, flags=flags,
                          kind="not_found" if status == 127 else "not_executable")
        bench.check("error" in document, "no error")
    cannot("no-such-program", 127, "cannot find `no-such-program` in PATH")
    cannot("./missing", 127, "cannot find `./missing`: ENOENT")
    cannot(file("plain", "text", 0o644), 126, "cannot execute .*EACCES")
    cannot(str(bench.folder), 126, "EACCES.*\n.*it is a directory")
    cannot(file("script", "#!/no/such/interpreter\n"), 126, "needs `/no/such/interpreter`: ENOENT")
    cannot(file("dos", "#!/bin/sh\r\n"), 126, "Windows line endings")
    cannot(file("empty", ""), 126, "ENOEXEC.*\n.*the file is empty")
    cannot(file("words", "echo hello\n"), 126, "ENOEXEC.*\n.*#!/bin/sh")
    with open(bench.target, "rb") as target:
        program = bytearray(target.read(4096))
    program[18:20] = b"\xf3\x00" if program[18:20] != b"\xf3\x00" else b"\xb7\x00"
    cannot(file("foreign", bytes(program)), 126, "ENOEXEC.*\n.*a program for (riscv64|aarch64)")
    name = os.path.relpath(bench.folder / "words", bench.folder.parent)
    cannot("./" + name, 126, "#!/bin/sh", flags=("--chdir", str(bench.folder.parent)))


@case("gcc")
def a_missing_loader_is_named(bench):
    source = bench.file("main.c", "int main(void) { return 0; }\n")
    bench.expect(bench.outside("gcc", "-o", "made", source, "-Wl,--dynamic-linker=/lib/ld-missing.so.1"))
    ending(bench, ["./made"], 126, "setup_error", says="needs `/lib/ld-missing.so.1`: ENOENT.*\n.*loader",
           kind="not_executable")


@case("su")
def a_set_user_id_program_is_warned_about(bench):
    document = ending(bench, [find("su"), "--version"], 0, "exited", says="set-user-ID.*without effect")
    bench.check("set-user-ID" in document["warnings"][0], "warnings %r" % document["warnings"])


@case("true")
def what_seclude_cannot_do_is_125(bench):
    bad = bench.file("bad.seclude", "seclude 1\npolicy bad\nalow read\n")
    limited = bench.policy("parameter highest : number", "use default", "deny close where fd > $highest")
    secret = bench.file("secret.seclude", "seclude 1\npolicy secret\nuse default\n")
    os.chmod(secret, 0)
    cases = [(("-p", "./missing.seclude"), "missing.seclude: ENOENT"),
             (("-p", bad), "unknown statement `alow`"),
             (("-p", str(bench.folder)), "directory|folder"),
             (("--set", "highest"), "binds nothing"),
             (("-p", limited), "(?s)parameter.*highest"),
             (("--set", "unknown=1"), "no parameter `unknown`"),
             (("--chdir", "/no/such"), "cannot start in /no/such: ENOENT"),
             (("--stdin", "/no/such"), "/no/such"),
             (("--stdout", "/no/such/file"), "/no/such/file"),
             (("--fd", "987"), "descriptor 987")]
    if os.geteuid() != 0:
        cases.append((("-p", secret), "secret.seclude: EACCES"))
    for flags, says in cases:
        ending(bench, [find("true")], 125, "setup_error", says=says, flags=flags, kind="setup")


@case("true")
def a_report_that_cannot_be_written_is_125(bench):
    for file, says in (("/dev/full", "ENOSPC"), ("/no/such/report", "ENOENT")):
        done = bench.outside(bench.seclude, "run", "-q", "--report", file, find("true"))
        bench.check(done.returncode == 125 and re.search(says, done.stderr),
                    "%s: %d, said %r" % (file, done.returncode, done.stderr))


@case("sh", "ln", "mkfifo", "mv")
def the_program_leads_no_report_elsewhere(bench):
    for number, (trick, written) in enumerate((
            ("ln -s ../other/report out/report", "out"),
            ("mkfifo out/report", "out"),
            ("mv out away; ln -s other out", "away"))):
        top = bench.folder / ("led-%d" % number)
        (top / "out").mkdir(parents=True)
        (top / "other").mkdir()
        (top / "other/report").write_text("untouched")
        done = bench.outside(bench.seclude, "run", "-q", "--report", str(top / "out/report"),
                             find("sh"), "-c", "cd '%s'; %s" % (top, trick))
        bench.expect(done, status=0)
        bench.check((top / "other/report").read_text() == "untouched", trick)
        judge_document(bench, bench.document(top / written / "report"), trick)


@case("touch")
def a_program_whose_report_has_no_place_is_not_started(bench):
    for place in (".", "no/such/folder/report"):
        done = bench.outside(bench.seclude, "run", "-q", "--report", place, find("touch"), "started")
        bench.check(done.returncode == 125 and "cannot write " + place in done.stderr,
                    "%s: %d, said %r" % (place, done.returncode, done.stderr))
        bench.check(not (bench.folder / "started").exists(), place)


# Removes a path in memory that nobody ever provides.
HOLD_UP = """import ctypes, fcntl, mmap, os, struct
faults = fcntl.ioctl(os.open("/dev/userfaultfd", os.O_RDWR), 0xaa00, os.O_CLOEXEC)
page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
fcntl.ioctl(faults, 0xc018aa3f, struct.pack("QQQ", 0xaa, 0, 0))
fcntl.ioctl(faults, 0xc020aa00, struct.pack("QQQQ", address, 4096, 1, 0))
print(ctypes.CDLL(None).unlink(ctypes.c_void_p(address)), flush=True)
import sys, time
time.sleep(float(sys.argv[1]))"""


@case("python3")
def a_program_that_holds_the_helper_up_is_ended_and_that_is_said(bench):
    if os.geteuid() != 0 or not os.path.exists("/dev/userfaultfd"):
        raise Skipped("takes root and Linux 6.1")
    policy = bench.policy("use default", "deny unlink with EPERM")
    report = bench.folder / "report.json"
    done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report), "--",
                         find("python3"), "-I", "-c", HOLD_UP, "100")
    bench.expect(done, status=137)
    # A moment before the kill, the call that waits for an answer gets ENOSYS.
    bench.check(done.stdout in ("", "-1\n"), "its call went through: %r" % done.stdout)
    bench.check(done.stderr.count("kept it waiting for the memory") == 1, "said %r" % done.stderr)
    document = bench.document(report)
    bench.check((document["outcome"], document["denials_observed"]) == ("signaled", "lost"),
                "%r" % document)
    quiet = bench.outside(bench.seclude, "run", "--no-explain", "-p", policy, "--", find("python3"),
                          "-I", "-c", HOLD_UP, "0")
    bench.expect(quiet, output="-1")


@case("sh")
def a_refused_program_is_named_with_its_command_line(bench):
    policy = bench.policy("use default", "deny execve with EACCES")
    report = bench.folder / "report.json"
    done = bench.outside(bench.seclude, "run", "-p", policy, "--report", str(report), "--", find("sh"),
                         "-c", "/bin/echo one 'two \a'")
    bench.check('argv: ["/bin/echo", "one", "two \\x07"]' in done.stderr, "said %r" % done.stderr)
    words = [one["text"] for one in bench.document(report)["denials"][0]["details"]
             if one["kind"] == "word"]
    bench.check(words == ["/bin/echo", "one", "two \a"], "%r" % words)
