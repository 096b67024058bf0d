#!/usr/bin/env python3
"""Makes one document of the sections that benchmarks wrote.

usage: assemble.py OUT SECTION...
A section is a Markdown file that begins with `## `; the document begins with the machine they were
measured on. A section that is missing is an error: a benchmark failed.
"""
import os
import platform
import sys
from pathlib import Path

HEAD = """# Benchmarks

Made by `make bench`, in one run on {machine}. Compare the ratios: another machine has other times.
"""


def machine():
    for line in Path('/proc/cpuinfo').read_text(encoding='ascii', errors='replace').splitlines():
        if line.startswith('model name'):
            model = line.split(':', 1)[1].strip()
            break
    else:
        model = platform.machine()
    virtual = 'hypervisor' in Path('/proc/cpuinfo').read_text(encoding='ascii', errors='replace')
    kind = ' in a virtual machine' if virtual else ''
    return f'{os.cpu_count()} cores of {model}{kind}, Linux {platform.release()}'


def main():
    output, sections = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    texts = [HEAD.format(machine=machine())]
    for section in sections:
        text = section.read_text(encoding='utf-8')
        if not text.startswith('## '):
            sys.exit(f'{section} is no section: it does not begin with "## "')
        texts.append(text)
    output.write_text('\n'.join(texts), encoding='utf-8')


if __name__ == '__main__':
    main()
