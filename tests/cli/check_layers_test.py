#!/usr/bin/env python3
"""Tries tools/check_layers.py on small trees: each rule must catch its own violation, and only that."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent.parent / "tools/check_layers.py"


def judge(files, *flags):
    """(exit status, output) of the tool on a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        done = subprocess.run(
            [sys.executable, TOOL, "--source", folder, *flags], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


ONCE = "#pragma once\n"


class Layers(unittest.TestCase):
    def rejected(self, files, words, *flags):
        status, output = judge(files, *flags)
        self.assertEqual(status, 1, output)
        self.assertIn(words, output)

    def test_upward_includes_are_fine(self):
        files = {"base/a.h": ONCE, "filter/b.cc": '#include "base/a.h"\n', "cli/c.cc": '#include "base/a.h"\n'}
        self.assertEqual(judge(files), (0, "3 files: the order holds\n"))

    def test_downward_include(self):
        self.rejected({"base/a.cc": '#include "filter/b.h"\n', "filter/b.h": ONCE}, "base/a.cc:1: base/ may not include filter/")

    def test_circle_in_one_room(self):
        files = {"base/a.h": ONCE + '#include "base/b.h"\n', "base/b.h": ONCE + '#include "base/a.h"\n'}
        self.rejected(files, "a circle of files: base/a.h -> base/b.h -> base/a.h")

    def test_missing_file(self):
        self.rejected({"base/a.cc": '#include "base/gone.h"\n'}, "base/a.cc:1")

    def test_kernel_headers_elsewhere(self):
        self.rejected({"sandbox/a.cc": "#include <linux/seccomp.h>\n"}, "belongs in kernel/ only")
        self.assertEqual(judge({"kernel/a.cc": "#include <linux/seccomp.h>\n"})[0], 0)

    def test_system_calls_elsewhere(self):
        self.rejected({"sandbox/a.cc": "int f() { return ::syscall(39); }\n"}, "sandbox/a.cc:1: syscall()")
        self.assertEqual(judge({"kernel/a.cc": "int f() { return ::syscall(39); }\n"})[0], 0)
        self.assertEqual(judge({"sandbox/a.cc": '// syscall(39)\nconst char* s = "syscall(39)";\n'})[0], 0)

    def test_impure_headers_in_the_pure_half(self):
        self.rejected({"policy/a.cc": "#include <fstream>\n"}, "policy/ is pure")
        self.rejected({"filter/a.cc": "#include <sys/mman.h>\n"}, "filter/ is pure")

    def test_heavy_headers_in_headers(self):
        self.rejected({"report/a.h": ONCE + "#include <nlohmann/json.hpp>\n"}, "slows every file")
        self.assertEqual(judge({"report/a.cc": "#include <nlohmann/json.hpp>\n"})[0], 0)

    def test_header_guard(self):
        self.rejected({"base/a.h": "int f();\n"}, "without #pragma once")

    def test_header_that_needs_another(self):
        files = {"base/a.h": ONCE + "std::string f();\n"}
        self.rejected(files, "base/a.h does not compile alone", "--headers", "c++", "-std=c++20")
        good = {"base/a.h": ONCE + "#include <string>\nstd::string f();\n"}
        self.assertEqual(judge(good, "--headers", "c++", "-std=c++20")[0], 0)

    def test_nothing_to_check(self):
        self.rejected({"other/a.h": ONCE}, "nothing to check")


if __name__ == "__main__":
    unittest.main()
