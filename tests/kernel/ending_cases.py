# Endings: with and without `seclude run`, programs end alike; and what only seclude can say is said.
#
# In: target.cc's program, shells, timeout. Out: cases. "Alike" is tried, not asserted: each case runs
# the same thing bare, behind a policy, and behind a policy with denials explained, and compares.
# Neighbours: job_control_cases.py for terminals, hygiene_cases.py for what is left, report_cases.py
# for the words and documents; docs/guides/endings.md shows it to people.
import os
import signal
import subprocess

from harness import SEARCH, case, find, poll

STOPS = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
NO_ENDS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
SIGNALS = [*range(1, 32), 34, 64]


def as_shells_count(status):
    """Popen's status as a shell's $?: the launcher itself ends with 128+n, see the guide."""
    return 128 - status if status < 0 else status


# ---- statuses and self-sent signals, seen by different callers --------------------------------------

def shell_loop(bench, shell, words, values):
    """The statuses that a shell sees when the target does `words` with each of the values."""
    script = 'for i in %s; do "$@" %s $i; echo $i $?; done' % (" ".join(map(str, values)), words)

    def of(prefix):
        done = bench.outside(find(shell), "-c", script, "sh", *prefix, bench.target)
        return bench.expect(done).stdout.split("\n")
    return bench.same_for_all(of)


@case("bash", "dash")
def exit_statuses_are_the_programs_own_in_shells(bench):
    for shell in ("bash", "dash"):
        seen = shell_loop(bench, shell, "exit", range(256))
        bench.check(seen == ["%d %d" % (i, i) for i in range(256)] + [""], "%s: %r" % (shell, seen))


@case("timeout")
def exit_statuses_are_the_programs_own_behind_timeout_and_for_python(bench):
    for caller in ([find("timeout"), "60"], []):
        for value in (0, 1, 7, 77, 123, 124, 125, 126, 127, 128, 143, 159, 200, 254, 255):
            seen = bench.same_for_all(lambda prefix: bench.outside(
                *caller, *prefix, bench.target, "exit", str(value)).returncode)
            bench.check(seen == value, "%d became %d" % (value, seen))


@case("bash", "dash")
def self_sent_signals_are_seen_alike_by_shells(bench):
    numbers = [number for number in SIGNALS if number not in STOPS]
    for shell in ("bash", "dash"):
        seen = dict(line.split() for line in shell_loop(bench, shell, "signal", numbers) if line)
        for number in numbers:
            wanted = 99 if number in NO_ENDS else 128 + number
            bench.check(seen[str(number)] == str(wanted), "%s, signal %d: %r" % (shell, number, seen))


@case("timeout")
def self_sent_signals_are_seen_alike_behind_timeout_and_by_python(bench):
    for caller in ([find("timeout"), "60"], []):
        for number in SIGNALS:
            if number not in STOPS:
                bench.same_for_all(lambda prefix: as_shells_count(bench.outside(
                    *caller, *prefix, bench.target, "signal", str(number)).returncode))


@case("timeout", "sleep")
def timeout_ends_the_program_with_the_signal_it_is_told(bench):
    for flags, wanted in ((["0.2"], 124), (["-s", "INT", "0.2"], 124), (["-s", "USR1", "0.2"], 124),
                          (["--preserve-status", "0.2"], 143), (["-s", "KILL", "0.2"], 137)):
        seen = bench.same_for_all(lambda prefix: as_shells_count(bench.outside(
            find("timeout"), *flags, *prefix, find("sleep"), "1000").returncode))
        bench.check(seen == wanted, "timeout %r: %r" % (flags, seen))


@case("bash")
def the_core_flag_is_reported(bench):
    for limit in ("unlimited", "0"):
        script = 'cd %s && ulimit -c %s && exec "$@"' % (bench.folder, limit)

        def wait_status(*prefix):
            words = ["bash", "-c", script, "bash", *prefix, bench.target, "signal", "11"]
            return os.waitpid(os.posix_spawn(find("bash"), words, {"PATH": SEARCH}), 0)[1]
        bare = wait_status()
        behind = wait_status(bench.seclude, "run", "-q", "--report", "report.json", "--")
        bench.check((os.WTERMSIG(bare), os.waitstatus_to_exitcode(behind)) == (11, 139), "the status")
        written = bench.document(bench.folder / "report.json")["core_dumped"]
        bench.check(written == os.WCOREDUMP(bare), "limit %s: reported %r" % (limit, written))


# ---- signals from outside ------------------------------------------------------------------------

def number_outside(number, launcher):
    """A program in a process namespace knows itself by another number; it is the launcher's child."""
    for entry in os.listdir("/proc") if number < 10 else ():
        try:
            status = dict(line.split(":\t", 1) for line in open("/proc/%s/status" % entry))
        except (OSError, ValueError):
            continue
        if int(status["PPid"]) == launcher and status["NSpid"].split()[1:] == [str(number)]:
            return int(entry)
    return number


class Started:
    """A target that has told its process id; gone at the end of a `with`."""

    def __init__(self, bench, prefix, *words):
        self.process = subprocess.Popen([*prefix, bench.target, *words], cwd=bench.folder, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env={})
        self.program = number_outside(int(self.process.stdout.readline()), self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def status(self):
        return as_shells_count(self.process.wait(60))


@case()
def every_signal_for_the_launcher_reaches_the_program(bench):
    numbers = [number for number in SIGNALS if number not in (signal.SIGKILL, signal.SIGSTOP)]

    def of(prefix):
        with Started(bench, prefix, "collect", str(len(numbers))) as started:
            seen = []
            for number in numbers:  # one at a time: two of a kind may be delivered as one
                os.kill(started.process.pid, number)
                seen.append(int(started.process.stdout.readline() or 0))
            return seen + [started.status()]
    bench.check(bench.same_for_all(of) == numbers + [0], "not each came once")


@case()
def every_signal_for_the_launcher_ends_the_program_as_it_would_alone(bench):
    for number in SIGNALS:
        if number in STOPS:
            continue

        def of(prefix):
            with Started(bench, prefix, "wait", "1") as started:
                os.kill(started.process.pid, number)
                if number in NO_ENDS:  # it lives: now with one that ends it
                    os.kill(started.process.pid, signal.SIGTERM)
                return started.status()
        wanted = 128 + (signal.SIGTERM if number in NO_ENDS else number)
        seen = bench.same_for_all(of)
        bench.check(seen == wanted, "signal %d: %r" % (number, seen))


@case()
def every_signal_for_the_program_itself_is_passed_back(bench):
    for number in SIGNALS:
        if number in STOPS or number in NO_ENDS:
            continue

        def of(prefix):
            with Started(bench, prefix, "wait", "1") as started:
                os.kill(started.program, number)
                return started.status()
        seen = bench.same_for_all(of)
        bench.check(seen == 128 + number, "signal %d: %r" % (number, seen))


@case()
def a_program_that_was_stopped_goes_on(bench):
    def of(prefix):
        with Started(bench, prefix, "handle", str(int(signal.SIGUSR1)), "1") as started:
            os.kill(started.program, signal.SIGSTOP)
            poll(lambda: state_of(started.program) in "Tt", "the program does not stop")
            os.kill(started.program, signal.SIGCONT)
            os.kill(started.process.pid, signal.SIGUSR1)
            return started.status()
    bench.check(bench.same_for_all(of) == 5, "the handler did not run")


def state_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(") ", 1)[1][0]


@case("perl")
def an_alarm_set_before_the_start_rings(bench):
    script = "alarm 1; exec @ARGV"
    seen = bench.same_for_all(lambda prefix: as_shells_count(
        bench.outside(find("perl"), "-e", script, *prefix, bench.target, "spin").returncode))
    bench.check(seen == 128 + signal.SIGALRM, "status %r" % seen)


@case("sh")
def a_signal_to_the_own_group_comes_once(bench):
    script = "trap 'echo caught' TERM; kill -TERM 0; sleep 1; echo end"
    seen = bench.same_for_all(lambda prefix: bench.outside(
        *prefix, find("sh"), "-c", script, start_new_session=True).stdout)
    bench.check(seen == "caught\nend\n", "it saw %r" % seen)


# ---- pipes ---------------------------------------------------------------------------------------

@case("bash", "cat", "head", "yes", "wc")
def pipes_carry_data_and_break_alike(bench):
    script = """
        "$@" cat < blob | cmp - blob; echo same ${PIPESTATUS[*]}
        "$@" yes | head -n 1; echo broken ${PIPESTATUS[*]}
        "$@" sh -c 'echo out; echo err >&2; exit 4' 2>err | cat; echo streams ${PIPESTATUS[*]}; cat err
        echo input | "$@" wc -c; : | "$@" cat; echo empty $?
        "$@" sh -c 'echo $0 "$#" "$@"' a 'b  c' '' -- --policy; x=$("$@" sh -c 'printf "a\\n\\n"'); echo "$x"
        "$@" sh -c 'exit 3' && echo no || echo or $?
        "$@" sleep 0.1 & wait $!; echo waited $?"""
    bench.file("blob", os.urandom(1 << 20))
    seen = bench.same_for_all(lambda prefix: (lambda done: (done.stdout, done.stderr))(
        bench.expect(bench.outside(find("bash"), "-c", script, "sh", *prefix or [find("env")]))))
    bench.check("broken 141 0" in seen[0] and "or 3" in seen[0], "it saw %r" % (seen,))


@case("bash", "cat")
def closed_streams_are_empty_instead_of_dangerous(bench):
    run = '"%s" run -p default ' % bench.seclude
    for script, status, output in (
            (run + "cat <&-", 0, ""),  # /dev/null in its place
            (run + "sh -c 'echo lost; exit 3' >&-", 3, ""),
            (run + "sh -c 'echo lost >&2; exit 3' 2>&-", 3, ""),
            (run + "sh -c 'kill -SEGV $$' 2>&-", 139, ""),
            (run + "sh -c 'unshare -U true; exit 4' 2>&- >&- <&-", 4, ""),
            (run + "--report made.json sh -c 'echo lost >&2; exit 3' 2>&- <&-; cat made.json | head -1",
             0, "{\n")):
        done = bench.expect(bench.outside(find("bash"), "-c", script), status=status)
        bench.check(done.stdout == output, "%s printed %r" % (script, done.stdout))
