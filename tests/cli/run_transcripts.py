#!/usr/bin/env python3
"""Runs what transcripts show, and compares every line of output.

usage: run_transcripts.py --program PATH [--bless] FILE...

A transcript (.transcript, or the ```console blocks of a .md file) holds commands and what they print:

    $ seclude eval compute openat
    kill
    $ seclude check bad.seclude
    error: ...
    [exit 2]

Standard output and standard error come as one stream. `[exit N]` is written for every status but 0.
A line starting with `> ` continues the command above (here-documents). `[...]` alone on a line stands
for any number of lines, inside a line for anything. Lines before the first `$` are comments. Every file runs in a fresh folder
holding copies of tests/cli/fixtures/ and examples/, from first command to last, with the program first
in PATH and nothing of the caller's environment. --bless rewrites the output in the files; read the diff.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Command:
    def __init__(self, line):
        self.line = line  # number of the `$` line, from 0
        self.text = ""
        self.expected = []
        self.end = line + 1  # one past its last line of output


def commands_of(lines, first, last):
    """The commands among lines[first:last]."""
    found = []
    for number in range(first, last):
        line = lines[number]
        if line.startswith("$ "):
            found.append(Command(number))
            found[-1].text = line[2:]
        elif not found:
            continue
        elif line.startswith("> ") and not found[-1].expected:
            found[-1].text += "\n" + line[2:]
        elif line == ">" and not found[-1].expected:
            found[-1].text += "\n"
        else:
            found[-1].expected.append(line)
        found[-1].end = number + 1
    for command in found:  # blank lines between commands are layout, not output
        while command.expected and command.expected[-1] == "":
            command.expected.pop()
            command.end -= 1
    return found


def blocks_of(path, lines):
    """(first, last) of each stretch of lines that holds a transcript."""
    if path.suffix != ".md":
        return [(0, len(lines))]
    blocks, start = [], None
    for number, line in enumerate(lines):
        if start is None and line.strip() == "```console":
            start = number + 1
        elif start is not None and line.strip() == "```":
            blocks.append((start, number))
            start = None
    return blocks


def matches(expected, actual):
    """Whether the lines agree; `[...]` swallows as many as it must."""
    if not any("[...]" in line for line in expected):
        return expected == actual
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "[...]" else "[^\n]*".join(map(re.escape, line.split("[...]"))) + r"\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def run(command, folder, program):
    environment = {
        "PATH": f"{program.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
    }
    if "ASAN_OPTIONS" in os.environ:  # of a sanitized program, not of a caller
        environment["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"]
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    lines = done.stdout.decode("utf-8", "backslashreplace").split("\n")
    if lines[-1] == "":
        lines.pop()
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return lines + ([f"[exit {status}]"] if status != 0 else [])


def check(path, program, bless):
    """(commands run, differences as text)"""
    lines = path.read_text(encoding="utf-8").split("\n")
    commands = [c for first, last in blocks_of(path, lines) for c in commands_of(lines, first, last)]
    problems = []
    with tempfile.TemporaryDirectory(prefix="seclude-transcript-") as folder:
        for source in (ROOT / "tests/cli/fixtures", ROOT / "examples"):
            shutil.copytree(source, folder, dirs_exist_ok=True)
        results = [run(command.text, Path(folder), program) for command in commands]
    for command, actual in reversed(list(zip(commands, results))):
        if matches(command.expected, actual):
            continue
        if bless:
            first = command.line + 1 + command.text.count("\n")
            lines[first : command.end] = actual
        else:
            diff = difflib.unified_diff(command.expected, actual, "written", "printed", lineterm="", n=2)
            problems.insert(0, f"{path}:{command.line + 1}: $ {command.text}\n" + "\n".join(list(diff)[2:]))
    if bless:
        path.write_text("\n".join(lines), encoding="utf-8")
    return len(commands), problems


def main():
    parser = argparse.ArgumentParser(description="run transcripts and compare their output")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--bless", action="store_true", help="write the output as it is now")
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    program = options.program.resolve()
    if program.name != "seclude" or not os.access(program, os.X_OK):
        sys.exit(f"{program}: not the seclude program")
    failed = 0
    for path in options.files:
        count, problems = check(path, program, options.bless)
        if count == 0:
            problems = [f"{path}: no commands in it"]
        failed += len(problems)
        print("\n\n".join(problems) if problems else f"{path.name}: {count} commands as written")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
