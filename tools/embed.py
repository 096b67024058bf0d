#!/usr/bin/env python3
"""Turns the built-in policies into C++.

In: the output file, then *.seclude files (profiles, and sets in a folder called `sets`).
Out: one source file that defines seclude::policy::built_in_texts(), sorted by name.
"""
import sys
from pathlib import Path

HEAD = """// Made by tools/embed.py from profiles/*.seclude; do not edit.
#include "policy/built_in.h"

namespace seclude::policy {

namespace {

"""

TAIL = """
}  // namespace

std::span<const BuiltInText> built_in_texts() { return texts; }

}  // namespace seclude::policy
"""


def literal(data: bytes) -> str:
    """C++ string literals, one per line of text; octal escapes cannot run into what follows."""
    lines = []
    for line in data.splitlines(keepends=True):
        out = []
        for byte in line:
            char = chr(byte)
            if char == "\n":
                out.append("\\n")
            elif char in '"\\':
                out.append("\\" + char)
            elif 0x20 <= byte < 0x7F and char != "?":  # no trigraphs
                out.append(char)
            else:
                out.append("\\%03o" % byte)
        lines.append('    "' + "".join(out) + '"')
    return "\n".join(lines) or '    ""'


def main() -> int:
    output, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    texts = {}
    for file in files:
        name = ("@" if file.parent.name == "sets" else "") + file.stem
        texts[name] = file.read_bytes()
    parts = [HEAD]
    if texts:
        parts.append("constexpr BuiltInText texts[] = {\n")
        for name in sorted(texts, key=str.encode):
            # With its length, because a literal ends at the first NUL otherwise.
            parts.append('  {"%s", std::string_view(\n%s,\n    %d)},\n'
                         % (name, literal(texts[name]), len(texts[name])))
        parts.append("};\n")
    else:
        parts.append("std::span<const BuiltInText> texts;\n")
    parts.append(TAIL)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
