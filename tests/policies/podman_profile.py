#!/usr/bin/env python3
"""Podman's default profile, as libseccomp compiles it and as a policy says it: where they differ.

In: the profile from Debian's golang-github-containers-common, libseccomp, and the program. Both
forms are made here, each from the JSON alone: rules for libseccomp, and a policy text whose
compilation is seclude's business. Out: failure unless `seclude diff` names exactly the differences
that libseccomp's own habits make:
  - it compares whole registers, so a high bit that the kernel does not read changes the answer;
  - it answers a number from 2^31 up as one of another architecture.
"""

import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile

PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
BAD_ARCH = 2  # SCMP_FLTATR_ACT_BADARCH
COMPARISONS = {"SCMP_CMP_NE": (1, "!="), "SCMP_CMP_EQ": (4, "==")}

EXPECTED = {
    # call, policy's answer, filter's answer
    ("personality", "allow", "errno:ENOSYS"),
    ("socket", "errno:EINVAL", "allow"),
    ("numbers 2147483648..4294967294", "errno:ENOSYS", "kill"),
}


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("first", ctypes.c_uint64), ("second", ctypes.c_uint64)]


class LibSeccomp:
    def __init__(self, default):
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))
        self.done(self.library.seccomp_attr_set(self.context, BAD_ARCH, ctypes.c_uint32(KILL)))

    @staticmethod
    def done(status):
        if status != 0:
            raise SystemExit(f"libseccomp answers {status}")

    def number(self, name):
        return self.library.seccomp_syscall_resolve_name(name.encode())

    def add(self, action, number, tests):
        array = (Comparison * len(tests))(*tests)
        self.done(self.library.seccomp_rule_add_exact_array(
            self.context, ctypes.c_uint32(action), number, len(tests), array))

    def export(self, path):
        with open(path, "wb") as file:
            self.done(self.library.seccomp_export_bpf(self.context, file.fileno()))


def counts(entry):
    """Whether it counts on x86_64 for a container without extra capabilities."""
    includes = entry.get("includes") or {}
    return not includes.get("caps") and "amd64" in (includes.get("arches") or ["amd64"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()

    profile = json.loads(PROFILE.read_text())
    default = ERRNO | profile["defaultErrnoRet"]
    library = LibSeccomp(default)
    names = {"socket": ["family", "type", "protocol"], "personality": ["personality"]}
    lines = ["seclude 1", "policy podman", "architectures x86_64",
             f"otherwise deny with {profile['defaultErrnoRet']}",
             f"otherwise deny with {profile['defaultErrnoRet']} for @unknown"]
    stated, always = 0, set()
    for entry in filter(counts, profile["syscalls"]):
        allowed = entry["action"] == "SCMP_ACT_ALLOW"
        action = ALLOW if allowed else ERRNO | entry["errnoRet"]
        tests = entry.get("args") or []
        for name in entry["names"]:
            number = library.number(name)
            if number < 0 or action == default:
                continue
            stated += 1
            library.add(action, number,
                        [(t["index"], COMPARISONS[t["op"]][0], t["value"], 0) for t in tests])
            # Where the profile says a call twice, libseccomp keeps the first.
            if name in always:
                continue
            if not tests:
                always.add(name)
            where = " and ".join(
                f"{names[name][t['index']]} {COMPARISONS[t['op']][1]} {t['value']}" for t in tests)
            what = f"allow {name}" if allowed else f"deny {name} with {entry['errnoRet']}"
            lines.append(what + (f" where {where}" if where else ""))
    if stated < 300:
        raise SystemExit(f"the profile states {stated} calls only")

    with tempfile.TemporaryDirectory() as folder:
        policy, compiled = f"{folder}/podman.seclude", f"{folder}/podman.bpf"
        pathlib.Path(policy).write_text("\n".join(lines) + "\n")
        library.export(compiled)
        told = subprocess.run([arguments.program, "diff", policy, compiled, "--json"],
                              capture_output=True, text=True, check=False)
    if told.returncode != 1:
        raise SystemExit(f"diff ends with {told.returncode}: {told.stderr}")
    found = {(one["call"] or "numbers {}..{}".format(*one["numbers"]),
              one["a"]["action"], one["b"]["action"])
             for one in json.loads(told.stdout)["differences"]}
    if found != EXPECTED:
        raise SystemExit(f"not as expected: {sorted(found ^ EXPECTED)}")
    print(f"equal in {stated} statements but for the {len(EXPECTED)} habits of libseccomp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
