# Root: what a root directory of the program's own does not show, and what may be done to what it shows.
#
# In: layer_attacks.py, whose every attempt first has to succeed outside; the furniture of
# layer_cases.py. Out: cases.
# Neighbours: profiles/harness.py.
import ctypes
import os
import shutil
import socket
from pathlib import Path

from harness import Skipped, case, find
from layer_support import PROGRAMS, attempt, furnish, needs_landlock, path_policy, try_all

ABSENT = ("ENOENT",)
LOOKING = [
    "look", "look-at-link", "follow-link", "ask", "ask-folder", "look-dotdot", "look-listed-link",
    "look-from-folder", "look-from-above", "look-root", "look-parent-root", "look-elsewhere", "file-system", "attribute-read", "place", "handle", "enter", "watch-secret",
    "connect-secret"]
CHANGING = [
    "mode", "mode-by-descriptor", "mode-unlisted", "owner", "times", "attribute", "flags",
    "owner-unlisted", "times-unlisted", "attribute-unlisted", "mode-through-link",
    "mode-through-root", "mode-through-parent", "mode-dotdot", "mode-of-folder", "mode-of-place",
    "mode-linked"]
# Of file systems that have them, and of root.
OPTIONAL = ["attribute", "attribute-unlisted", "flags", "handle", "look-parent-root",
            "mode-through-parent"]
REFUSALS = ("EROFS", "ENOENT", "EPERM", "EACCES", "EXDEV")


def furnish_more(bench):
    """Besides: a link, a folder, a socket, a handle of the secret."""
    furnish(bench)
    (bench.folder / "link").unlink(missing_ok=True)
    (bench.folder / "link").symlink_to("secret")
    (bench.folder / "hidden").mkdir(exist_ok=True)
    handle, mount = ctypes.create_string_buffer(b"\x80", 136), ctypes.c_int()
    ctypes.CDLL(None).name_to_handle_at(-100, str(bench.folder / "secret").encode(), handle,
                                        ctypes.byref(mount), 0)
    (bench.folder / "out/handle").write_bytes(handle.raw)


class Listening:
    """A socket beside the secret."""

    def __init__(self, bench):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(bench.folder / "stream"))
        self.socket.listen(100)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()


def policies(bench, *lines):
    for base in ("use default", "otherwise allow"):
        yield path_policy(bench, *lines, base=base)


@case("python3", "sh")
def what_is_not_listed_is_not_there(bench):
    needs_landlock(3)
    with Listening(bench):
        for policy in policies(bench):
            # A folder that is handed over is no way in either.
            try_all(bench, policy, LOOKING, optional=OPTIONAL, furniture=furnish_more,
                    refusals=(*ABSENT, "EACCES", "EPERM"))


@case("python3", "sh")
def only_what_may_be_changed_gets_other_modes_and_times(bench):
    needs_landlock(3)
    for policy in policies(bench):
        bench.check(attempt(bench, policy, "allowed-mode", handed=False) == "through",
                    "a mode cannot be changed")
        try_all(bench, policy, CHANGING, optional=OPTIONAL, furniture=furnish_more,
                refusals=REFUSALS, handed=False)
        # With a folder from outside there is a way around mounts: then nothing is changed at all.
        inside = attempt(bench, policy, "allowed-mode")
        bench.check(inside == "EPERM", "with a folder handed over: %s" % inside)
        try_all(bench, policy, ["mode-inherited"], refusals=REFUSALS)


@case("python3", "sh")
def a_device_keeps_its_mode(bench):
    needs_landlock(3)
    if os.getuid() != 0:
        raise Skipped("devices are root's")
    for policy in policies(bench, "write /dev/null"):
        try_all(bench, policy, ["mode-of-device"], refusals=("EROFS",), handed=False)


@case("python3", "sh")
def handles_lead_nowhere(bench):
    needs_landlock(3)
    if os.getuid() != 0:
        raise Skipped("opening handles is root's")
    for lines in ([], ["allow open_by_handle_at"]):
        for policy in policies(bench, *lines):
            try_all(bench, policy, ["handle-to-change", "handle-to-read"], furniture=furnish_more,
                    refusals=REFUSALS, handed=False)


# ---- what shows -----------------------------------------------------------------------------------

@case("python3", "sh")
def links_folders_and_files_show_where_lines_name_them(bench):
    needs_landlock(3)
    for name in ("a/deep/er", "data", "other"):
        (bench.folder / name).mkdir(parents=True)
    bench.file("data/file", "content")
    bench.file("other/beside", "beside")
    (bench.folder / "a/deep/er/link").symlink_to("../../../data")
    (bench.folder / "absolute").symlink_to(bench.folder / "a/deep/er/link/file")
    (bench.folder / "data/out").symlink_to("../other/beside")
    os.mkfifo(bench.folder / "other/pipe")
    policy = bench.policy(
        "use default", "run %s" % PROGRAMS, "read %s/absolute, %s/none?" % (bench.folder, bench.folder),
        "write %s/other/pipe" % bench.folder)
    script = ("cat absolute a/deep/er/link/file; test ! -e other/beside && test ! -e data/out && "
              "test ! -e a/x && test -p other/pipe && pwd && test ! -e none && ls /bin/sh && "
              "touch here 2>/dev/null || echo sealed")
    done = bench.run(policy, "/bin/sh", "-c", script)
    bench.expect(done, output="contentcontent%s\n/bin/sh\nsealed" % bench.folder)


@case("sh", "mount", "unshare")
def mounts_below_a_listed_tree_show_with_its_rights(bench):
    needs_landlock(3)
    (bench.folder / "tree/inner").mkdir(parents=True)
    policy = bench.policy("use default", "run %s" % PROGRAMS, "read %s/tree/**" % bench.folder)
    inside = ("cat tree/inner/file; echo x > tree/inner/file || echo kept; "
              "cp /bin/sh tree/inner/copy || echo kept; tree/inner/sh -c 'echo wrong'")
    script = ("mount -t tmpfs none tree/inner && echo inner > tree/inner/file && cp /bin/sh tree/inner/sh && "
              'exec "$@"')
    done = bench.outside(find("unshare"), *([] if os.getuid() == 0 else ["-r"]), "-m", find("sh"), "-c",
                         script, "sh", bench.seclude, "run", "-q", "-p", policy, "--", "/bin/sh", "-c",
                         inside)
    bench.check(done.stdout == "inner\nkept\nkept\n", done.stdout + done.stderr)


@case("sh")
def where_lines_overlap_each_place_has_the_rights_of_all(bench):
    needs_landlock(3)
    (bench.folder / "tree/work/src").mkdir(parents=True)
    bench.file("tree/work/src/file", "x")
    bench.file("tree/file", "x")
    policy = bench.policy(
        "use default", "run %s, %s/tree/work/src/**" % (PROGRAMS, bench.folder),
        "read %s/tree/**" % bench.folder, "create %s/tree/work/**" % bench.folder)
    script = ("echo y > tree/file || echo kept; echo y > tree/work/new && echo made; "
              "cp /bin/sh tree/work/copy; tree/work/copy -c 'echo wrong'; cp /bin/sh tree/work/src/copy && "
              "tree/work/src/copy -c 'echo runs'; echo z > tree/work/src/file && cat tree/work/src/file; "
              "mv tree/work/src tree/work/moved || echo stays")
    done = bench.run(policy, "/bin/sh", "-c", script)
    bench.check(done.stdout == "kept\nmade\nruns\nz\nstays\n", done.stdout + done.stderr)


@case("sh")
def a_whole_root_shows_with_less(bench):
    needs_landlock(3)
    (bench.folder / "work").mkdir()
    bench.file("file", "x")
    policy = bench.policy("use default", "read /**", "run %s" % PROGRAMS,
                          "create %s/work/**" % bench.folder)
    script = ("cat file; echo y > file || echo kept; echo y > work/new && cat work/new; "
              "cp /bin/sh work/copy; work/copy -c 'echo wrong'; chmod 700 work/copy && echo changed; "
              "chmod 700 file || echo kept; ls / >work/names && grep -c proc work/names")
    done = bench.run(policy, "/bin/sh", "-c", script)
    bench.check(done.stdout == "xkept\ny\nchanged\nkept\n1\n", done.stdout + done.stderr)


@case("sh", "python3")
def a_program_finds_its_libraries_by_links(bench):
    """What is needed to start shows by the names that lead to it, and runs from where nothing may."""
    needs_landlock(3)
    furnish(bench)
    shutil.copy(find("python3"), bench.folder / "out/real")
    (bench.folder / "by-name").symlink_to("out/real")
    policy = bench.policy("use default", "read /usr/lib/**, /lib/**?",
                          "create %s/out/**" % bench.folder)
    bench.expect(bench.run(policy, str(bench.folder / "by-name"), "-I", "-S", "-c", "print(6*7)"),
                 output="42")


@case("gcc")
def a_program_that_finds_libraries_beside_itself_needs_proc(bench):
    needs_landlock(3)
    bench.file("lib/x.c", "int x(void) { return 42; }\n")
    bench.file("bin/main.c", '#include <stdio.h>\nint x(void);\nint main(void) { printf("%d\\n", x()); }\n')
    library = str(bench.folder / "lib/libbeside.so")
    bench.expect(bench.outside(find("gcc"), "-shared", "-o", library, "lib/x.c"))

    def program(path):
        bench.expect(bench.outside(find("gcc"), "-o", "bin/main", "bin/main.c", "-Llib", "-lbeside",
                                   "-Wl,-rpath," + path))
        return str(bench.folder / "bin/main")
    listed = ("use default", "run %s" % PROGRAMS)
    plain = bench.policy(*listed)
    proc = bench.file("proc.seclude", Path(plain).read_text() + "read /proc/**\nisolate processes\n")
    beside = program("$ORIGIN/../lib")
    done = bench.run(plain, beside)
    bench.check(done.returncode == 125, "%d %s" % (done.returncode, done.stderr))
    for words in ("libbeside.so", "/proc/self/exe", "read /proc/**"):
        bench.check(words in done.stderr, "%r is missing in: %s" % (words, done.stderr))
    bench.expect(bench.run(proc, beside), output="42")
    # Where something else leads to it as well, it is found.
    path = str(bench.folder / "lib")
    bench.expect(bench.run(plain, beside, environment={"LD_LIBRARY_PATH": path}), output="42")
    bench.expect(bench.run(plain, program(path)), output="42")


# ---- hide and protect -----------------------------------------------------------------------------

@case("sh")
def what_is_hidden_is_neither_read_nor_changed(bench):
    needs_landlock(3)
    bench.file("home/.ssh/key", "private")
    bench.file("home/token", "private")
    bench.file("home/notes", "notes")
    for rights in ("read", "create"):
        policy = bench.policy("use default", "run %s" % PROGRAMS, "%s %s/home/**" % (rights, bench.folder),
                              "read %s/home/.ssh/key" % bench.folder,
                              "hide %s/home/.ssh/**, %s/home/token" % (bench.folder, bench.folder))
        script = ("cat home/notes; cat home/.ssh/key home/token 2>/dev/null; ls -A home/.ssh; "
                  "echo x > home/.ssh/new; echo x > home/token; rm -f home/token; mv home/.ssh home/ssh; "
                  "mv home home2; ln home/token home/other; cat home/other; chmod 777 home/token; true")
        done = bench.run(policy, "/bin/sh", "-c", script)
        bench.check(done.stdout == "notes", done.stdout + done.stderr)
        bench.check(Path(bench.folder, "home/token").read_text() == "private", "it was changed")
        bench.check(os.listdir(bench.folder / "home/.ssh") == ["key"], "it was changed")


@case("sh")
def what_is_protected_is_read_and_not_changed(bench):
    needs_landlock(3)
    bench.file("work/.git/hooks/hook", "hook")
    bench.file("work/file", "x")
    policy = bench.policy("use default", "run %s" % PROGRAMS, "create %s/work/**" % bench.folder,
                          "protect %s/work/.git/hooks/**, %s/work/file" % (bench.folder, bench.folder))
    script = ("cat work/.git/hooks/hook work/file; cd work; "
              "for c in 'echo y > .git/hooks/hook' 'echo y > .git/hooks/new' 'rm .git/hooks/hook' "
              "'mv .git/hooks away' 'mv .git away' 'rm -r .git' 'mv file other' 'rm file' 'echo y > file' "
              "'chmod 777 file' 'touch -d 2000-01-01 .git/hooks/hook' 'ln file other' "
              "'ln .git/hooks/hook other'; do sh -c \"$c\" && echo \"wrong: $c\"; done 2>/dev/null; "
              "echo y > .git/new && cat .git/new")
    done = bench.run(policy, "/bin/sh", "-c", script)
    bench.check(done.stdout == "hookxy\n", done.stdout + done.stderr)
    bench.check(Path(bench.folder, "work/.git/hooks/hook").read_text() == "hook", "it was changed")


# ---- real programs --------------------------------------------------------------------------------

@case("gcc", "make")
def gcc_and_make_build_with_a_toolchain_they_cannot_change(bench):
    needs_landlock(3)
    bench.file("work/hello.c", '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    bench.file("work/Makefile", "hello: hello.o\n\tcc -o $@ $<\n\tstrip $@\n\tinstall -m 755 $@ installed\n")
    policy = bench.policy("use default", "run /usr/**", "read /etc/**", "create %s/work/**" % bench.folder,
                          "write /dev/null")
    work = bench.folder / "work"
    done = bench.run(policy, find("make"), "-C", str(work), environment={"TMPDIR": str(work)})
    bench.expect(done)
    for name in ("hello", "installed"):
        bench.expect(bench.outside(str(work / name)), output="hello")
    # What it built, it cannot start itself.
    done = bench.run(policy, "/bin/sh", "-c", str(work / "hello"))
    bench.check(done.returncode == 126, "%d %s" % (done.returncode, done.stderr))


# ---- lacks ----------------------------------------------------------------------------------------

@case("true")
def without_namespaces_path_lines_refuse_the_run_or_say_what_is_lost(bench):
    needs_landlock(3)
    outer = [bench.seclude, "run", "-q", "--deny", "unshare", "--"]
    policy = bench.policy("use default", "read /etc/**")
    done = bench.outside(*outer, bench.seclude, "run", "-p", policy, "--", find("true"))
    bench.expect(done, status=125)
    for words in ("make namespaces of its own", "path lines", "--best-effort"):
        bench.check(words in done.stderr, "%r is missing in: %s" % (words, done.stderr))
    done = bench.outside(*outer, bench.seclude, "run", "-p", policy, "--best-effort", "--", find("true"))
    bench.expect(done)
    for words in ("warning: what no line lists can be looked at", "policy.seclude:4:1"):
        bench.check(words in done.stderr, "%r is missing in: %s" % (words, done.stderr))
