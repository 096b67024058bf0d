#!/usr/bin/env python3
"""Turns call and argument weights into numbers, in sorted lists per architecture.

usage: make_weights.py weights.tsv argument_weights.tsv syscalls.tsv output.inc
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


def check_names(path, names, calls):
    unknown = sorted(set(names) - set(calls))
    if unknown:
        sys.exit(f"{path}: no such call: {', '.join(unknown)}")


def write_calls(output, arch, counts, calls):
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


def write_arguments(output, arch, arguments, calls):
    output.write(f"constexpr ArgumentWeight {arch}_arguments[] = {{\n")
    lines = [(int(calls[row["call"]][arch], 0), int(row["argument"]), int(row["value"], 0),
              float(row["count"]) / 1000) for row in arguments if calls[row["call"]][arch]]
    for number, argument, value, share in sorted(lines):
        output.write(f"    {{{number}u, {argument}, {value:#x}u, {share:.3f}f}},\n")
    output.write("};\n")


def main():
    weights_path, arguments_path, calls_path, output_path = sys.argv[1:]
    counts = {row["call"]: float(row["count"]) for row in rows(weights_path)}
    arguments = rows(arguments_path)
    calls = {row["name"]: row for row in rows(calls_path)}
    check_names(weights_path, counts, calls)
    check_names(arguments_path, (row["call"] for row in arguments), calls)
    with open(output_path, "w", encoding="ascii") as output:
        output.write("// Made by tools/make_weights.py from data/weights.tsv, data/argument_weights.tsv and "
                     "data/syscalls.tsv.\n")
        for arch in ARCHITECTURES:
            write_calls(output, arch, counts, calls)
            write_arguments(output, arch, arguments, calls)


if __name__ == "__main__":
    main()
