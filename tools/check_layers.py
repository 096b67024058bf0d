#!/usr/bin/env python3
"""Holds the one rule of the house: a file includes its own folder and folders above it, never below.

usage: check_layers.py [--source SRC] [--headers COMPILER [FLAG...]]

Reads every #include "..." under src/ and fails with the offending line when
  - a folder includes one that comes later in ORDER,
  - files include each other in a circle,
  - an included file does not exist,
  - <linux/*> or syscall() is used outside kernel/,
  - a header pulls in something that makes every compile slow (HEAVY), or lacks #pragma once.
With --headers, compiles alone every header that no .cc file includes first: each must bring what it
needs, and of the others the build itself shows that.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

ORDER = ["base", "calls", "policy", "filter", "formats", "kernel", "sandbox", "evidence", "report", "cli"]
PURE = ORDER[: ORDER.index("kernel")]
HEAVY = {"iostream", "regex", "filesystem"}
HEAVY_BUT_HERE = {"nlohmann/json.hpp": {"cli/json.h"}}
# What the pure half must not touch: files, clocks, system calls.
IMPURE = {"unistd.h", "fcntl.h", "fstream", "chrono", "ctime", "time.h", "thread", "csignal", "signal.h", "iostream"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
SYSCALL = re.compile(r"(?<![\w.>])(?:::)?syscall\s*\(")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def files_of(source):
    found = []
    for folder in ORDER:
        found += sorted((source / folder).rglob("*.h")) + sorted((source / folder).rglob("*.cc"))
    return [path.relative_to(source) for path in found]


def includes_of(text):
    """[(line number, quoted name or None, angled name or None)]"""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match.group(1), match.group(2)))
    return found


def check_file(source, path, edges):
    text = (source / path).read_text(encoding="utf-8")
    room = path.parts[0]
    problems = []

    def problem(number, what):
        problems.append(f"{path}:{number}: {what}")

    for number, quoted, angled in includes_of(text):
        if quoted is not None:
            other = quoted.split("/")[0]
            if not (source / quoted).is_file():
                made_by_the_build = quoted.endswith(".inc") and other == room
                if not made_by_the_build:
                    problem(number, f'"{quoted}" is no file under src/')
                continue
            if other not in ORDER:
                problem(number, f'"{quoted}" is in no room')
                continue
            if ORDER.index(other) > ORDER.index(room):
                problem(number, f"{room}/ may not include {other}/ (\"{quoted}\"): the order is {' '.join(ORDER)}")
            edges.setdefault(str(path), []).append(quoted)
        else:
            if angled.startswith("linux/") and room != "kernel":
                problem(number, f"<{angled}> belongs in kernel/ only")
            if room in PURE and (angled in IMPURE or angled.startswith("sys/")):
                problem(number, f"<{angled}>: {room}/ is pure (no file, no clock, no system call)")
            slow = angled in HEAVY or str(path) not in HEAVY_BUT_HERE.get(angled, {str(path)})
            if path.suffix == ".h" and slow:
                problem(number, f"<{angled}> in a header slows every file that includes it")
    code = COMMENT_OR_STRING.sub(lambda match: "\n" * match.group().count("\n"), text)
    if room != "kernel":
        for match in SYSCALL.finditer(code):
            problem(code.count("\n", 0, match.start()) + 1, "syscall() belongs in kernel/ only")
    if path.suffix == ".h" and "#pragma once" not in text:
        problem(1, "a header without #pragma once")
    return problems


def circle(edges):
    """One circle of files as a list, or None."""
    state, stack = {}, []

    def visit(name):
        state[name] = "open"
        stack.append(name)
        for other in edges.get(name, []):
            if state.get(other) == "open":
                return stack[stack.index(other):] + [other]
            if other not in state:
                found = visit(other)
                if found:
                    return found
        stack.pop()
        state[name] = "done"
        return None

    for name in sorted(edges):
        if name not in state:
            found = visit(name)
            if found:
                return found
    return None


def included_first(source):
    """The headers that are the first include of some .cc file: the build compiles them alone."""
    found = set()
    for path in files_of(source):
        if path.suffix == ".cc":
            first = includes_of((source / path).read_text(encoding="utf-8"))[:1]
            found.update(quoted for _, quoted, _ in first if quoted)
    return found


def check_headers(source, command):
    """Compiles each header alone that the build does not; what the compiler says of those that fail, shortened."""

    def one(path):
        done = subprocess.run(
            command + ["-fsyntax-only", "-x", "c++", f"-I{source}", "-"],
            input=f'#include "{path}"\n#include "{path}"\n',
            capture_output=True,
            text=True,
            check=False,
        )
        return [] if done.returncode == 0 else [f"{path} does not compile alone:\n{done.stderr[:600]}"]

    shown = included_first(source)
    headers = [path for path in files_of(source) if path.suffix == ".h" and str(path) not in shown]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for found in pool.map(one, headers) for problem in found]


def main():
    parser = argparse.ArgumentParser(description="hold the include order of src/")
    parser.add_argument("--source", type=Path, default=Path(__file__).resolve().parent.parent / "src")
    parser.add_argument("--headers", nargs=argparse.REMAINDER, help="compiler and flags: compile headers alone")
    options = parser.parse_args()
    source = options.source
    edges, problems = {}, []
    files = files_of(source)
    if not files:
        sys.exit(f"{source}: nothing to check")
    if options.headers:
        problems = check_headers(source, options.headers)
    else:
        for path in files:
            problems += check_file(source, path, edges)
        found = circle(edges)
        if found:
            problems.append("a circle of files: " + " -> ".join(found))
    print("\n".join(problems) if problems else f"{len(files)} files: the order holds")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
