#!/usr/bin/env python3
# Runs cases: real programs behind policies, and what the launcher does around them.
#
# usage: run.py --seclude PROGRAM [--target PROGRAM] [--as-nobody] [--only WORD] [--list] FILE...
# In: files of cases (*_cases.py here and in the folder above). Out: one line per case; exit status 0
# when none failed. A case that needs something not installed is skipped and named again at the end.
# Needs, to skip nothing: the Makefile's TEST_PACKAGES.
# --as-nobody gives up root for user 65534 first, and skips all (status 77) where there is none to
# give up. All that is needed is copied before, for that user may not see where it lies.
# --delegated NAMES: in control groups that belong to that user, of these hierarchies (`unified`:
# version 2); skips all where none can be made.
import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness import CASES, Bench, Failure, Skipped, end, find  # noqa: E402

NOBODY = 65534
SKIPPED = 77


def load(file):
    path = Path(file).resolve()
    sys.path.insert(0, str(path.parent))
    found = importlib.util.spec_from_file_location(path.stem, path)
    found.loader.exec_module(importlib.util.module_from_spec(found))


def give_up_root(store):
    for folder, _, files in os.walk(store):
        for path in [folder] + [os.path.join(folder, name) for name in files]:
            os.chown(path, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.environ["HOME"] = store
    os.chdir(store)


def delegated_groups(wanted):
    """Folders for groups of the user's own, one in each of the hierarchies."""
    folders = []
    for line in Path("/proc/self/cgroup").read_text().split():
        _, names, path = line.split(":", 2)
        if (names or "unified") in wanted:
            roots = ["/sys/fs/cgroup/" + names] if names else ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
            found = [root + path.rstrip("/") for root in roots
                     if os.access(root + path.rstrip("/") + "/cgroup.procs", os.W_OK)]
            folders += [found[0] + "/delegated-%d" % os.getpid()] if found else []
    return folders


def clear(folder):
    """Ends whatever a failed case has left there, and removes the group."""
    for _ in range(200):
        for pid in Path(folder + "/cgroup.procs").read_text().split():
            end(int(pid))
        try:
            return os.rmdir(folder)
        except OSError:
            time.sleep(0.02)


def within_groups(folders, work):
    """Runs the work in a child that joins them; takes them away afterwards."""
    for folder in folders:
        os.mkdir(folder)
        for name in ("", "/cgroup.procs", "/tasks", "/cgroup.subtree_control"):
            if os.path.exists(folder + name):
                os.chown(folder + name, NOBODY, NOBODY)
    try:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for folder in folders:
                    Path(folder + "/cgroup.procs").write_text("0")
                status = work()
            finally:
                sys.stdout.flush()
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for folder in folders:
            clear(folder)


def run_one(function, bench):
    """(what went wrong, why it was skipped)"""
    try:
        function(bench)
        return None, None
    except Failure as failure:
        return str(failure), None
    except Skipped as lack:
        return None, str(lack)
    except Exception as error:  # a broken case must not hide the others
        return "%s: %s" % (type(error).__name__, error), None
    finally:
        bench.close()


def run_all(chosen, bench_of):
    failed, skipped = [], []
    for name, needs, function in chosen:
        missing = [program for program in needs if not find(program)]
        if missing:
            skipped.append("%s (needs %s)" % (name, ", ".join(missing)))
            continue
        began = time.monotonic()
        problem, lack = run_one(function, bench_of())
        if lack:
            skipped.append("%s (%s)" % (name, lack))
            continue
        print("%-6s %s (%.1f s)" % ("FAILED" if problem else "ok", name, time.monotonic() - began),
              flush=True)
        if problem:
            failed.append(name)
            print("       " + problem.replace("\n", "\n       "), flush=True)
    for one in skipped:
        print("SKIPPED " + one)
    print("%d ran, %d failed, %d skipped" % (len(chosen) - len(skipped), len(failed), len(skipped)))
    return 1 if failed or not chosen or len(skipped) == len(chosen) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seclude", required=True)
    parser.add_argument("--target", help="the program of tests/kernel/target.cc")
    parser.add_argument("--as-nobody", action="store_true")
    parser.add_argument("--delegated", metavar="NAMES")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    for file in arguments.files:
        load(file)
    chosen = [one for one in CASES if arguments.only in one[0]]
    if arguments.list:
        return print("\n".join(name for name, _, _ in chosen))
    if arguments.as_nobody and os.geteuid() != 0:
        sys.exit(SKIPPED)
    if not arguments.delegated:
        sys.exit(run_chosen(arguments, chosen))
    folders = delegated_groups(arguments.delegated.split(","))
    if not folders:
        sys.exit(SKIPPED)
    sys.exit(within_groups(folders, lambda: run_chosen(arguments, chosen)))


def run_chosen(arguments, chosen):
    store = tempfile.mkdtemp(prefix="seclude-programs-")
    try:
        os.chmod(store, 0o755)
        shutil.copytree(HERE / "programs", Path(store) / "programs")
        seclude = shutil.copy(arguments.seclude, Path(store) / "seclude")
        target = arguments.target and shutil.copy(arguments.target, Path(store) / "target")
        if arguments.as_nobody:
            give_up_root(store)
        return run_all(chosen, lambda: Bench(str(seclude), target and str(target), store))
    finally:
        shutil.rmtree(store, ignore_errors=True)


main()
