# Layer support: a folder with places of every kind, and attempts at them with and without a policy.
#
# In: layer_attacks.py. Out: functions. What needs a newer Landlock than the kernel has is skipped, by
# name. Neighbours: layer_cases.py, listening_cases.py, root_cases.py.
import ctypes
import shutil
from pathlib import Path

from harness import Skipped, find

ATTACKS = (Path(__file__).resolve().parent / "layer_attacks.py").read_text()
PROGRAMS = "/usr/**, /etc/**, /lib/**?, /lib64/**?"


def needs_landlock(version):
    abi = ctypes.CDLL(None).syscall(444, None, 0, 1)
    if abi < version:
        raise Skipped("Landlock ABI %d, here is %d" % (version, max(abi, 0)))


def furnish(bench):
    """A fresh in/, out/, secret and program, as every attempt expects them."""
    for name in ("in", "out"):
        shutil.rmtree(bench.folder / name, ignore_errors=True)
        (bench.folder / name).mkdir()
    for name in ("mine", "fifo", "socket-made"):
        (bench.folder / name).unlink(missing_ok=True)
    bench.file("in/a", "input")
    (bench.folder / "in/link").symlink_to("../secret")
    bench.file("secret", "secret")
    shutil.copy("/bin/true", bench.folder / "program")
    bench.file("attacks.py", ATTACKS)


def attempt(bench, policy, name, *ports, handed=True, furniture=furnish):
    """With a folder from before the launch as descriptor 9, where it is handed over."""
    furniture(bench)
    command = [find("python3"), "-I", str(bench.folder / "attacks.py"), name, str(bench.folder),
               *map(str, ports)]
    if policy:
        command = [bench.seclude, "run", "-q", *policy, *(["--fd", "9"] if handed else []), "--",
                   *command]
    done = bench.outside("sh", "-c", 'exec "$@" 9<"$0"', str(bench.folder), *command)
    bench.expect(done)
    return done.stdout.strip()


REFUSALS = ("EACCES", "EPERM", "EXDEV", "ENOSYS", "ENOENT", "EROFS")
# What is to be started is there: the attempt must not fail for want of it.
STARTING = ("EACCES", "EPERM", "ENOSYS")
STARTS = ("execute", "execute-memory", "load-memory", "copy-and-execute", "copy-and-load",
          "copy-and-map")


def try_all(bench, policy, names, *ports, refusals=REFUSALS,
            optional=(), unproven=(), **how):
    """Each attempt succeeds outside and is refused behind the policy."""
    wrong = []
    for name in names:
        # As root these would change the mounts outside.
        outside = "through" if name in unproven else attempt(bench, None, name, *ports, **how)
        if outside != "through":
            if name not in optional:
                wrong.append("%s does not succeed outside: %s" % (name, outside))
            continue
        inside = attempt(bench, policy, name, *ports, **how)
        if inside not in (STARTING if name in STARTS else refusals):
            wrong.append("%s: %s" % (name, inside))
    bench.check(not wrong, "\n".join(wrong))


def path_policy(bench, *lines, base="use default"):
    return ["-p", bench.policy(base, "read %s, %s/in/**, %s/attacks.py, /proc/**" % (
        PROGRAMS, bench.folder, bench.folder),
        "create %s/out/**" % bench.folder, *lines)]
