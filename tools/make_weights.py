#!/usr/bin/env python3
"""Turns data/weights.tsv into numbers: one sorted list of {number, share} per architecture.

usage: make_weights.py weights.tsv syscalls.tsv output.inc
"""
import sys


def rows(path):
    """Rows of a table as dictionaries; comment lines start with '#'."""
    with open(path, encoding="ascii") as table:
        lines = [line.rstrip("\n") for line in table if not line.startswith("#")]
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


ARCHITECTURES = ["x86_64", "x32", "x86", "aarch64", "arm", "riscv64", "ppc64le", "s390x",
                 "loongarch64", "mips64"]


def main():
    weights_path, calls_path, output_path = sys.argv[1:]
    counts = {row["call"]: float(row["count"]) for row in rows(weights_path)}
    calls = {row["name"]: row for row in rows(calls_path)}
    unknown = sorted(set(counts) - set(calls))
    if unknown:
        sys.exit(f"{weights_path}: not in {calls_path}: {', '.join(unknown)}")
    with open(output_path, "w", encoding="ascii") as output:
        output.write("// Made by tools/make_weights.py from data/weights.tsv and data/syscalls.tsv.\n")
        for arch in ARCHITECTURES:
            numbered = {}
            for name, count in counts.items():
                if calls[name][arch]:
                    number = int(calls[name][arch], 0)
                    numbered[number] = numbered.get(number, 0) + count
            total = sum(numbered.values())
            output.write(f"constexpr CallWeight {arch}_weights[] = {{\n")
            for number, count in sorted(numbered.items()):
                output.write(f"    {{{number}u, {count / total:.8f}f}},\n")
            output.write("};\n")


if __name__ == "__main__":
    main()
