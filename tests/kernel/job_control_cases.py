# Job control: in front of a terminal, `seclude run PROGRAM` is PROGRAM.
#
# In: bash, dash, python, cat, sleep in a pseudo-terminal of their own. Out: cases. Each session is
# typed three times, bare, behind a policy and behind one with denials explained, and has to show the
# same each time. Neighbours: ending_cases.py for what needs no terminal.
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness import SEARCH, Failure, case, end, find, poll

PROMPT = "ready> "


def session_of(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


class Terminal:
    """A program in front of a terminal of its own; `type` is the keyboard, `until` the screen."""

    def __init__(self, bench, *command):
        self.text = ""
        self.process, self.screen = pty.fork()
        if self.process == 0:
            # Python itself, or who runs the tests in the background, ignores some.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(bench.folder)
            os.execve(command[0], command, {"PATH": SEARCH, "PS1": PROMPT, "TERM": "dumb",
                                            "HOME": str(bench.folder), "LC_ALL": "C.UTF-8",
                                            "HISTFILE": "", "SHELL": "/bin/sh"})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.screen)  # hangs up
        for entry in os.listdir("/proc"):
            if entry.isdigit() and session_of(int(entry)) == self.process:
                end(int(entry))
        os.waitpid(self.process, 0)

    def type(self, text):
        os.write(self.screen, text.encode())

    def until(self, pattern, seconds=60):
        """Waits for the pattern; returns what came up to its end, and forgets it."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text)
            if found:
                seen, self.text = self.text[:found.end()], self.text[found.end():]
                return seen
            if not select.select([self.screen], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure("the terminal never showed %r but %r, in front of:\n%s" % (
                    pattern, self.text, "\n".join(self.processes())))
            try:
                self.text += os.read(self.screen, 65536).decode(errors="replace").replace("\r", "")
                # The kernel shows such keys when it has sent their signals; whoever got one may have
                # written by then.
                self.text = re.sub(r"\^[CZ\\]", "", self.text)
            except OSError:  # the last process in front of it has gone
                raise Failure("gone without %r: %r" % (pattern, self.text))

    def command(self, line):
        """Types a line at a shell's prompt and returns what it printed."""
        self.type(line + "\n")
        seen = self.until(r"\n(?:.*\n)*?" + PROMPT)
        return seen.split("\n", 1)[1][:-len(PROMPT)]

    def start(self, line, sign):
        """Types a line that starts a program, and waits for what it prints first."""
        self.type(line + "\n")
        self.until(r"\n(?:.*\n)*?" + sign)

    def resume(self):
        """Types `fg`, and waits until all of the job runs in front: a key that comes earlier is the
        shell's, or is lost when the job is continued."""
        shell = os.tcgetpgrp(self.screen)
        self.start("fg", ".*\n")
        poll(lambda: os.tcgetpgrp(self.screen) != shell and set(self.states()) == {"S"},
             "the job is not in front")

    def interrupt(self):
        """Types Ctrl-C once all in front sleep: bash, when it has begun a program and does not wait for
        it yet, sends itself SIGINT for ever (wait_sigint_handler of 5.2)."""
        poll(lambda: set(self.states()) == {"S"}, "somebody in front does not sleep")
        self.type("\x03")

    def states(self):
        """Of the processes in front."""
        front = os.tcgetpgrp(self.screen)
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.getpgid(int(entry)) == front:
                    with open("/proc/%s/stat" % entry) as file:
                        yield file.read().rsplit(") ", 1)[1][0]
            except (FileNotFoundError, ProcessLookupError):
                pass

    def processes(self):
        """One line for each of the session: its place in front or behind, its state, its signals."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if session_of(int(pid)) == self.process:
                with open("/proc/%s/stat" % pid) as stat, open("/proc/%s/status" % pid) as status, \
                        open("/proc/%s/wchan" % pid) as where, open("/proc/%s/cmdline" % pid) as line:
                    state, parent, group, _, _, front = stat.read().rsplit(") ", 1)[1].split()[:6]
                    signals = re.findall(r"(?:Sig|Shd)\w+:\t[0-9a-f]+", status.read())
                    yield " ".join((pid, "of", parent, "in", group, "front", front, state, where.read(),
                                    *signals, repr(line.read())))

    def prompt(self):
        return self.until(PROMPT)[:-len(PROMPT)]


def same_sessions(bench, session, shell="bash"):
    """Types `session(terminal)` into a shell that knows $RUN, for each prefix, and compares."""
    flags = ["--norc", "--noediting", "-i"] if shell == "bash" else ["-i"]

    def typed(prefix):
        with Terminal(bench, find(shell), *flags) as terminal:
            terminal.prompt()
            terminal.command('RUN="%s" WAIT="%s wait 1"' % (" ".join(prefix), bench.target))
            try:
                return [re.sub(r"\+ +\d+", "+ (process)", str(one)) for one in session(terminal)]
            except Failure as failure:
                raise Failure("%s: %s" % (" ".join(prefix) or "bare", failure)) from None
    return bench.same_for_all(typed)


@case("bash")
def a_job_is_stopped_continued_and_interrupted(bench):
    def session(terminal):
        terminal.start("$RUN $WAIT", r"\d+\n")
        terminal.type("\x1a")
        terminal.prompt()
        yield terminal.command("echo status $?; jobs | grep -c Stopped")
        yield terminal.command("bg; jobs | grep -c Running")
        terminal.resume()
        terminal.type("\x1a")
        terminal.prompt()
        terminal.resume()
        terminal.type("\x03")
        terminal.prompt()
        yield terminal.command("echo status $?; jobs | wc -l")
    seen = same_sessions(bench, session)
    bench.check(seen[0] == "status 148\n1\n" and seen[2] == "status 130\n0\n", "it saw %r" % seen)


@case("bash")
def jobs_are_killed_by_their_number(bench):
    def session(terminal):
        for name, status in (("TERM", 143), ("KILL", 137), ("HUP", 129), ("INT", 130)):
            terminal.command(": >told; $RUN $WAIT >>told &")
            poll(lambda: (bench.folder / "told").read_text().endswith("\n"), "no program")
            yield terminal.command("kill -%s %%1; wait %%1 2>/dev/null; echo status $?" % name)
            terminal.command("")
            terminal.command("")
    seen = [one.split("status ")[1][:3] for one in same_sessions_loosely(bench, session)]
    bench.check(seen == ["143", "137", "129", "130"], "it saw %r" % seen)


def same_sessions_loosely(bench, session):
    """As same_sessions, but a shell tells the end of a job when it sees fit."""
    def statuses(terminal):
        for text in session(terminal):
            yield re.search(r"status \d+", text).group()
    return same_sessions(bench, statuses)


@case("bash", "cat")
def background_jobs_stop_when_they_read_the_terminal(bench):
    def session(terminal):
        terminal.command("$RUN cat &")
        yield poll(lambda: re.search(r"Stopped \(tty \w+\)", terminal.command("jobs -l")),
                   "the job does not stop").group()
        terminal.resume()
        terminal.type("typed\n")
        yield terminal.until("typed\n(?:.*\n)*?typed\n")
        terminal.type("\x04")
        terminal.prompt()
        yield terminal.command("echo status $?")
    seen = same_sessions(bench, session)
    bench.check("tty input" in seen[0] and seen[2] == "status 0\n", "it saw %r" % seen)


@case("bash", "sh", "stty")
def background_jobs_stop_when_they_write_where_that_is_forbidden(bench):
    def session(terminal):
        terminal.command("stty tostop")
        terminal.command("$RUN sh -c 'echo spoken' &")
        yield poll(lambda: re.search(r"Stopped \(tty \w+\)", terminal.command("jobs -l")),
                   "the job does not stop").group()
        terminal.start("fg", "spoken\n")
        terminal.prompt()
        yield terminal.command("echo status $?")
    bench.check("tty output" in same_sessions(bench, session)[0], "not stopped by its output")


@case("bash", "sh")
def ctrl_c_ends_loops_and_scripts(bench):
    bench.file("script.sh", "for i in 1 2 3; do $RUN $WAIT; done; echo on\n")

    def session(terminal):
        terminal.command("export RUN WAIT")
        loop = "for i in 1 2 3; do $RUN $WAIT; done"
        for line in (loop, "bash script.sh", "sh script.sh"):
            terminal.start(line, r"\d+\n")
            terminal.interrupt()
            yield terminal.prompt()
            yield terminal.command("echo status $?")
    seen = same_sessions(bench, session)
    bench.check(seen[1::2] == ["status 130\n"] * 3, "it saw %r" % seen)


@case("bash")
def a_program_that_handles_ctrl_c_decides_itself(bench):
    bench.file("script.sh", "trap 'echo caught' INT; $WAIT; echo after; exit 6\n")

    def session(terminal):
        terminal.command("export WAIT")
        terminal.start("for i in 1 2; do $RUN bash script.sh; done", r"\d+\n")
        terminal.interrupt()
        yield terminal.until("after\n")
        terminal.until(r"\d+\n")
        terminal.interrupt()
        yield terminal.until("after\n")
        terminal.prompt()
        yield terminal.command("echo status $?")
    seen = same_sessions(bench, session)
    bench.check(seen[2] == "status 6\n", "it saw %r" % seen)


@case("bash", "sh")
def ctrl_backslash_quits(bench):
    def session(terminal):
        terminal.command("ulimit -c 0")
        terminal.start("$RUN $WAIT", r"\d+\n")
        terminal.type("\x1c")
        terminal.prompt()
        yield terminal.command("echo status $?")
    bench.check(same_sessions(bench, session) == ["status 131\n"], "the status")


@case("dash")
def dash_controls_jobs_as_well(bench):
    def session(terminal):
        terminal.start("$RUN $WAIT", r"\d+\n")
        terminal.type("\x1a")
        terminal.prompt()
        yield "Stopped" in terminal.command("jobs")
        terminal.resume()
        terminal.type("\x03")
        terminal.prompt()
        yield terminal.command("echo status $?")
    seen = same_sessions(bench, session, shell="dash")
    bench.check(seen == ["True", "status 130\n"], "it saw %r" % seen)


@case("bash", "python3")
def python_answers_at_its_prompt_and_to_ctrl_c(bench):
    def session(terminal):
        terminal.start("$RUN /usr/bin/python3 -q -c 'import code; code.interact(\"welcome\", exitmsg=\"bye\")'",
                       "welcome\n>>> ")
        terminal.type("6 * 7\n")
        yield terminal.until("42\n>>> ")
        terminal.type("import time; print('asleep'); time.sleep(1000)\n")
        terminal.until("\nasleep\n")
        # A signal just before the call that sleeps would be seen after it.
        poll(lambda: set(terminal.states()) == {"S"}, "python does not sleep")
        terminal.type("\x03")
        yield terminal.until("KeyboardInterrupt(?:.*\n)*?>>> ")[-22:]
        terminal.type("\x1a")
        terminal.prompt()
        terminal.resume()
        terminal.type("7 * 8\n")
        yield terminal.until("56\n>>> ")
        terminal.type("\x04")
        terminal.until("bye\n")
        terminal.prompt()
        yield terminal.command("echo status $?")
    bench.check(same_sessions(bench, session)[-1] == "status 0\n", "the status")


@case("bash", "python3")
def the_size_of_the_window_is_seen_and_its_change_told_once(bench):
    script = bench.file("window.py", """import os, signal, sys
def tell(*_): os.write(1, b"size %d %d\\n" % os.get_terminal_size())
signal.signal(signal.SIGWINCH, tell)
tell(); print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], flush=True)
sys.stdin.readline(); print("line", flush=True)
""")

    def session(terminal):
        resize(terminal, 30, 100)
        terminal.type("$RUN /usr/bin/python3 %s\n" % script)
        yield terminal.until(r"size.*\n\[True, True, True\]\n")[-40:]
        resize(terminal, 31, 101)
        yield terminal.until("size.*\n")
        resize(terminal, 32, 102)
        yield terminal.until("size.*\n")
        terminal.type("\n")
        yield terminal.until("line\n")
        terminal.prompt()
    seen = same_sessions(bench, session)
    bench.check("size 101 31" in "".join(seen), "it saw %r" % seen)


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal.screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@case("bash", "sh", "sleep")
def a_terminal_that_goes_away_ends_the_program(bench):
    for prefix in bench.prefixes().values():
        with Terminal(bench, *prefix or [find("env")], find("sh"), "-c",
                      "trap 'echo hung > hung; exit 0' HUP; echo started; while :; do sleep 0.1; done"
                      ) as terminal:
            terminal.until("started\n")
            os.close(terminal.screen)
            terminal.screen = os.open("/dev/null", os.O_RDONLY)
            for _ in range(600):
                if (bench.folder / "hung").exists():
                    break
                time.sleep(0.1)
            bench.check((bench.folder / "hung").exists(), "%r heard no SIGHUP" % prefix)
            os.unlink(bench.folder / "hung")


@case("bash", "tmux", "vim")
def vim_in_tmux_is_typed_into(bench):
    def tmux(*words):
        return bench.outside(find("tmux"), "-S", "socket", *words)

    def shown(word):
        poll(lambda: word in tmux("capture-pane", "-p").stdout, "the screen does not show " + word)

    def session(terminal):
        bench.file("text", "one\ntwo\n")
        terminal.type("TERM=xterm $RUN tmux -S socket -f /dev/null new-session 'vim -u NONE -N text'\n")
        shown("2L, 8B")
        resize(terminal, 20, 60)
        # Also without seclude, what is typed right after a change of size is lost now and then.
        for _ in range(20):
            terminal.type("Gothree")
            time.sleep(0.5)
            if "three" in tmux("capture-pane", "-p").stdout:
                break
            terminal.type("\x1b:edit!\r")
        shown("three")
        shown("INSERT")
        terminal.type("\x03")  # a key of vim's here, and no signal; it drops what was typed ahead
        poll(lambda: "INSERT" not in tmux("capture-pane", "-p").stdout, "vim still inserts")
        terminal.type(":%s/one/ONE/\r:wq\r")
        poll(lambda: (bench.folder / "text").read_text() == "ONE\ntwo\nthree\n", "vim has not written")
        terminal.until(r"\[exited\]")
        terminal.prompt()
        yield terminal.command("echo status $?")
    try:
        bench.check(same_sessions(bench, session) == ["status 0\n"], "the status")
    finally:
        tmux("kill-server")
