#!/usr/bin/env python3
# Runs real programs behind the built-in profiles.
#
# usage: run.py --seclude PROGRAM [--only WORD] [--list]
# In: the cases of *_cases.py. Out: one line per case; exit status 0 when none failed. A case that
# needs something not installed is skipped and named again at the end.
# Needs, to skip nothing: gcc g++ musl-tools rustc (optional) imagemagick librsvg2-common webp python3
# nodejs git sqlite3 redis nginx-light curl make bash tmux vim openssh-client tar perl.
import argparse
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

import default_cases  # noqa: F401  (each registers its cases)
import interpreter_cases  # noqa: F401
import picture_cases  # noqa: F401
import seal_cases  # noqa: F401
import start_cases  # noqa: F401
from harness import CASES, Bench, Failure, find


def run_one(function, arguments, store):
    bench = Bench(arguments.seclude, store)
    try:
        function(bench)
        return None
    except Failure as failure:
        return str(failure)
    except Exception as error:  # a broken case must not hide the others
        return "%s: %s" % (type(error).__name__, error)
    finally:
        bench.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seclude", required=True)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    chosen = [one for one in CASES if arguments.only in one[0]]
    if arguments.list:
        return print("\n".join(name for name, _, _ in chosen))
    store = tempfile.mkdtemp(prefix="seclude-programs-")
    failed, skipped = [], []
    for name, needs, function in chosen:
        missing = [program for program in needs if not find(program)]
        if missing:
            skipped.append("%s (needs %s)" % (name, ", ".join(missing)))
            continue
        began = time.monotonic()
        problem = run_one(function, arguments, store)
        print("%-6s %s (%.1f s)" % ("FAILED" if problem else "ok", name, time.monotonic() - began),
              flush=True)
        if problem:
            failed.append(name)
            print("       " + problem.replace("\n", "\n       "), flush=True)
    shutil.rmtree(store, ignore_errors=True)
    for one in skipped:
        print("SKIPPED " + one)
    print("%d ran, %d failed, %d skipped" % (len(chosen) - len(skipped), len(failed), len(skipped)))
    sys.exit(1 if failed or not chosen or len(skipped) == len(chosen) else 0)


main()
