#!/usr/bin/env python3
"""Makes one document of the sections that benchmarks wrote.

usage: assemble.py OUT SECTION...
A section is a Markdown file that begins with `## `. A section that is missing is an error: a benchmark failed.
"""
import os
import sys
from pathlib import Path

HEAD = """# Benchmarks

Made by `make bench`, in one run on one machine. Compare the ratios: another machine has other times.
"""


def other_work():
    """A warning where others used the machine while the benchmarks, which take one processor, ran."""
    load, processors = os.getloadavg()[2], os.cpu_count()
    if load <= processors:
        return ''
    return (f'\n**The machine had other work during this run**: {load:.0f} programs wanted its {processors} processors '
            'at a time (mean of 15 minutes). Sizes, instructions executed and bounds do not depend on that; times are '
            'too long, most of all those of several processes that wait for each other, and 99th percentiles.\n')


def main():
    output, sections = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    texts = [HEAD + other_work()]
    for section in sections:
        text = section.read_text(encoding='utf-8')
        if not text.startswith('## '):
            sys.exit(f'{section} is no section: it does not begin with "## "')
        texts.append(text)
    output.write_text('\n'.join(texts), encoding='utf-8')


if __name__ == '__main__':
    main()
