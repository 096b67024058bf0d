#!/usr/bin/env python3
"""Turns data/equivalents.tsv into rows of C++, and refuses names that no call has.

usage: make_equivalents.py equivalents.tsv syscalls.tsv output.inc
"""
import sys


def rows(path):
    with open(path, encoding="ascii") as table:
        lines = [line.rstrip("\n") for line in table if not line.startswith("#")]
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def main():
    equivalents, calls, output = sys.argv[1:]
    known = {next(iter(row.values())) for row in rows(calls)}
    with open(output, "w", encoding="ascii") as out:
        for row in rows(equivalents):
            for name in (row["from"], row["to"]):
                if name not in known:
                    sys.exit(f"{equivalents}: no such call: {name}")
            out.write(f'    {{"{row["from"]}", "{row["to"]}", "{row["reason"]}"}},\n')


main()
