#!/usr/bin/env python3
# The page on attacks lists what the attacks program tries, neither more nor less.
#
# usage: check_page.py PROGRAM PAGE [--bless]
# In: the program's tables, and docs/attacks.md, whose sections from the first table on are those.
# Out: status 0 when they agree; with --bless they are written anew.
import subprocess
import sys
from pathlib import Path

program, page = sys.argv[1], Path(sys.argv[2])
table = subprocess.run([program, "table"], capture_output=True, text=True, check=True).stdout
text = page.read_text()
start = table[:table.index("\n", 1)]  # the first section's head
introduction = text[:text.index(start)] if start in text else text
if "--bless" in sys.argv:
    page.write_text(introduction + table)
elif text != introduction + table:
    sys.exit("%s does not say what is tried: run `%s --bless`" % (page, " ".join(sys.argv[:3])))
