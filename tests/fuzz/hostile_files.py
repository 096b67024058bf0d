#!/usr/bin/env python3
"""Gives hostile files to the commands that read files; each has to end soon, with a status of its own.

usage: hostile_files.py --program seclude [--rounds N] [--seed N]
In: nothing but the seed (SECLUDE_ROUNDS and SECLUDE_SEED of the environment count, too). Files are policies and
filters of the project with bytes, lines and instructions changed, filters made at random, and things that are no
files of this kind at all. Out: each file after which a command died of a signal, ran for too long, said nothing of
what it refused or spoke of an error of its own; it is kept for another look.
Neighbours: lift_fuzz.cc and parser_fuzz.cc, which call the library.
"""
import argparse
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20  # of processor time; a sanitizer makes everything several times slower
PATIENCE = 300  # for a machine with other work
OWN_ERROR = (b'internal error', b'Sanitizer', b'runtime error', b'terminate called')

COMMANDS = (
    ('inspect', '{a}'),
    ('inspect', '--json', '{a}'),
    ('diff', '{a}', '{b}'),
    ('diff', '--only', 'wider', '--to', 'markdown', '{b}', '{a}'),
    ('diff', '--json', '{a}', 'compute'),
    ('compile', '{a}', '-o', '{out}'),
    ('compile', '--json', '--optimise', 'speed', '--kernel-before', '5.11', '{a}'),
    ('compile', '--weights', '{a}', 'compute', '-o', '{out}'),
    ('check', '{a}'),
    ('check', '--json', '--werror', '{a}', '{b}'),
    ('eval', '{a}', 'openat(0, 0, O_RDONLY)'),
    ('expand', '{a}'),
    ('fmt', '{a}'),
)

# Codes the kernel takes, and some that it does not.
CODES = (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c, 0x14, 0x15, 0x16, 0x1c, 0x1d, 0x20, 0x24, 0x25, 0x2c,
         0x2d, 0x34, 0x35, 0x3c, 0x3d, 0x44, 0x45, 0x4c, 0x4d, 0x54, 0x5c, 0x60, 0x61, 0x64, 0x6c, 0x74, 0x7c, 0x80,
         0x81, 0x84, 0x87, 0x94, 0xa4, 0xac, 0x28, 0x30, 0x48, 0xffff)
WORDS = (0, 1, 4, 8, 12, 16, 20, 24, 60, 64, 0xc000003e, 0x40000003, 0x40000000, 0x7fff0000, 0x80000000, 0x50001,
         0x50000, 0x7fc00000, 0xffffffff, 0x7fffffff)


def instruction(code, jt, jf, k):
    return struct.pack('=HBBI', code, jt, jf, k)


def random_filter(rng):
    length = rng.choice((0, 1, 2, 5, 20, 100, 400, 4096, 4097))
    out = []
    for at in range(length):
        left = length - at - 1
        reach = min(left, 255) if rng.random() < 0.98 else 300
        jumps = [min(rng.randrange(reach), 255) if reach > 0 else 0 for _ in range(2)]
        k = rng.choice(WORDS) if rng.random() < 0.7 else rng.getrandbits(32)
        code = rng.choice(CODES[:-4]) if rng.random() < 0.99 else rng.choice(CODES)
        if code == 0x05:
            k = rng.randrange(left) if left > 1 else 0
        if code in (0x20, 0x28, 0x30):
            k = rng.choice(WORDS[:10])
        if code in (0x02, 0x03, 0x60, 0x61):
            k %= 16
        out.append(instruction(code, *jumps, k))
    if out:
        out[-1] = instruction(0x06, 0, 0, rng.choice(WORDS))
    return b''.join(out)


def changed(rng, data):
    """Bytes turned over, cut out, doubled or put in."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 50))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:at + rng.choice((1, 8, 100))]
        elif kind == 2:
            data[at:at] = data[at:at + rng.choice((8, 64, 1000))]
        elif kind == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 4, 8))))
        elif at + 8 <= len(data):
            data[at:at + 8] = instruction(rng.choice(CODES), rng.randrange(256), rng.randrange(256), rng.choice(WORDS))
    return bytes(data)


def changed_text(rng, text):
    """Lines taken, repeated and swapped, numbers made extreme."""
    lines = text.splitlines(keepends=True)
    for _ in range(rng.choice((1, 3, 10))):
        if not lines:
            break
        at = rng.randrange(len(lines))
        kind = rng.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines[at:at] = [lines[at]] * rng.choice((1, 50, 3000))
        elif kind == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 3:
            words = lines[at].split(b' ')
            words[rng.randrange(len(words))] = rng.choice(
                (b'0xffffffffffffffff', b'-1', b'18446744073709551616', b'@all', b'(' * 200, b'not ' * 2000, b'\xff',
                 b'$x', b'where', b'{', b'}', b'"', b'*', b'and and', b'/**', b'..'))
            lines[at] = b' '.join(words)
        else:
            lines[at:at] = [b'use ' + rng.choice((b'default', b'./a', b'/dev/zero', b'../../etc/passwd')) + b'\n']
    return b''.join(lines)


class Files:
    def __init__(self, program, folder):
        self.rng = random.Random()
        self.folder = folder
        self.texts = [path.read_bytes() for path in sorted(
            [*(ROOT / 'profiles').glob('*.seclude'), *(ROOT / 'examples').glob('*.seclude'),
             *(ROOT / 'tests/policies').glob('*.seclude'), *(ROOT / 'tests/language').glob('*.seclude')])]
        self.filters = []
        for profile in ('compute', 'default', 'judge', 'shell'):
            made = subprocess.run([program, 'compile', profile], stdout=subprocess.PIPE, check=True)
            self.filters.append(made.stdout)

    def odd(self, name):
        """What is no file of this kind, or none at all."""
        rng, path = self.rng, self.folder / name
        kind = rng.randrange(9)
        if kind == 0:
            return self.folder / 'not' / 'there'
        if kind == 1:
            return self.folder
        if kind == 2:
            return Path(rng.choice(('/dev/null', '/dev/full', '/proc/self/mem', '/proc/self/maps', '/proc/version')))
        if kind == 3:
            return Path('/dev/zero')
        path.unlink(missing_ok=True)
        if kind == 4:
            path.symlink_to(path)
            return path
        content = {5: b'', 6: b'\0' * rng.choice((1, 7, 8, 9, 32768, 100_000)),
                   7: bytes(rng.randrange(256) for _ in range(rng.choice((1, 8, 800, 32768)))),
                   8: b'seclude 1\npolicy a\n' + b'allow read\n' * rng.choice((1, 20_000))}[kind]
        path.write_bytes(content)
        return path

    def make(self, name):
        rng = self.rng
        kind = rng.randrange(10)
        if kind == 0:
            return self.odd(name)
        path = self.folder / name
        path.unlink(missing_ok=True)
        if kind < 3:
            content = changed_text(rng, rng.choice(self.texts))
        elif kind < 4:
            content = changed(rng, rng.choice(self.texts))
        elif kind < 7:
            content = changed(rng, rng.choice(self.filters))
        else:
            content = random_filter(rng)
        path.write_bytes(content)
        return path


def limit_processor_time():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def problem_of(words, cwd):
    try:
        done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PATIENCE, check=False, preexec_fn=limit_processor_time)
    except subprocess.TimeoutExpired:
        return f'still running after {PATIENCE} s'
    said = done.stdout + done.stderr
    if done.returncode not in (0, 1, 2):
        return f'exit status {done.returncode}: {said[-2000:]!r}'
    if any(word in said for word in OWN_ERROR):
        return f'an error of its own: {said[-2000:]!r}'
    if done.returncode == 2 and not said:
        return 'refused without a word'
    return None


def keep(path, folder):
    if path.is_file() and path.parent == folder:
        kept = Path(tempfile.mkdtemp(prefix='hostile.')) / path.name
        kept.write_bytes(path.read_bytes())
        return kept
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', required=True)
    parser.add_argument('--rounds', type=int, default=min(int(os.environ.get('SECLUDE_ROUNDS', '1000')) // 10, 20_000))
    parser.add_argument('--seed', type=int, default=int(os.environ.get('SECLUDE_SEED', '1')))
    options = parser.parse_args()
    program = str(Path(options.program).resolve())
    problems, runs = 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = Files(program, folder)
        for seed in range(options.seed, options.seed + options.rounds):
            files.rng = random.Random(seed)
            a, b = files.make('a'), files.make('b')
            for command in files.rng.sample(COMMANDS, 4):
                words = [word.format(a=a, b=b, out=folder / 'out') for word in command]
                runs += 1
                problem = problem_of([program, *words], folder)
                if problem is None:
                    continue
                problems += 1
                print(f'SECLUDE_SEED={seed}: seclude {" ".join(words)}\n  {problem}\n  kept: {keep(a, folder)}, '
                      f'{keep(b, folder)}')
    print(f'{runs} runs, {problems} problems')
    sys.exit(1 if problems or not runs else 0)


if __name__ == '__main__':
    main()
