#!/usr/bin/env python3
"""Compares data/*.tsv and profiles/sets with their sources on this machine, and updates what can be.

Standard library only. Nothing here runs during a build.

usage: refresh_tables.py numbers ARCH HEADER [--write]
           call numbers of an <asm/unistd*.h> against a column of syscalls.tsv; --write takes them over
           (new calls get the kernel version of the headers as `since`, to be reviewed)
       refresh_tables.py constants ARCH COMPILER [--write]
           values of constants.tsv against the kernel headers of a (cross) compiler, as
           `aarch64-linux-gnu-gcc`; --write takes differing values over
       refresh_tables.py prototypes [TRACEFS]
           names, types and order of arguments against tracefs (root; default /sys/kernel/tracing)
       refresh_tables.py groups
           profiles/sets against `systemd-analyze syscall-filter` (ours are those of systemd 255)

What has no such source is reviewed by hand: `reads` and `why` of prototypes.tsv (asked of the running
kernel by tests/kernel/widths_test.cc), `man`, `traits` of constants.tsv, relatives.tsv.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Table:
    """A TSV file with its comment lines, written back as it was."""

    def __init__(self, name):
        self.path = os.path.join(ROOT, 'data', name)
        with open(self.path, encoding='ascii') as file:
            lines = file.read().splitlines()
        self.comments = [line for line in lines if line.startswith('#')]
        body = [line.split('\t') for line in lines if not line.startswith('#')]
        self.columns = body[0]
        self.rows = [dict(zip(self.columns, cells)) for cells in body[1:]]

    def write(self):
        with open(self.path, 'w', encoding='ascii') as file:
            for line in self.comments:
                file.write(line + '\n')
            file.write('\t'.join(self.columns) + '\n')
            for row in self.rows:
                file.write('\t'.join(row[column] for column in self.columns) + '\n')


def report(count, what):
    print('%d %s' % (count, what))
    return 1 if count else 0


# ---- numbers -------------------------------------------------------------------------------------

def header_numbers(path):
    found = {}
    pattern = re.compile(r'#define __NR_(\w+)\s+(\(__X32_SYSCALL_BIT \+ )?(\d+)\)?\s*$')
    with open(path, encoding='utf-8') as file:
        for line in file:
            match = pattern.match(line)
            if match:
                bit = 0x40000000 if match.group(2) else 0
                found[match.group(1)] = str(int(match.group(3)) | bit)
    return found


def header_kernel():
    with open('/usr/include/linux/version.h', encoding='utf-8') as file:
        code = int(re.search(r'LINUX_VERSION_CODE (\d+)', file.read()).group(1))
    return '%d.%d' % (code >> 16, code >> 8 & 255)


def numbers(arch, header, write=False):
    table = Table('syscalls.tsv')
    rows = {row['name']: row for row in table.rows}
    differences = 0
    for name, number in sorted(header_numbers(header).items()):
        if name in rows and rows[name][arch] == number:
            continue
        differences += 1
        old = rows[name][arch] if name in rows else 'no such call'
        print('%s: %s has %s, the header %s' % (name, arch, old or 'nothing', number))
        if name not in rows:
            rows[name] = dict.fromkeys(table.columns, '')
            rows[name].update(name=name, since=header_kernel())
        rows[name][arch] = number
    if write and differences:
        table.rows = [rows[name] for name in sorted(rows)]
        table.write()
    return report(differences, 'differences')


# ---- constants -----------------------------------------------------------------------------------

def compiled_values(compiler, names):
    """The value of every name that is a macro in the kernel's headers, read back from assembly."""
    headers = re.search(r"HEADERS = '''(.*?)'''", open(os.path.join(HERE, 'make_header_check.py'),
                                                       encoding='ascii').read(), re.S).group(1)
    lines = []
    for header in headers.split():
        lines += ['#if __has_include(<%s>)' % header, '#include <%s>' % header, '#endif']
    for name in names:
        lines += ['#ifdef %s' % name, 'long long seclude_%s = (long long)(%s);' % (name, name), '#endif']
    with tempfile.NamedTemporaryFile('w', suffix='.c', delete=False) as file:
        file.write('\n'.join(lines) + '\n')
    try:
        # One macro without a value would lose all of them: leave those out and try again.
        assembly = subprocess.run([compiler, '-S', '-w', '-O0', '-o', '-', file.name],
                                  capture_output=True, text=True, check=False)
    finally:
        os.unlink(file.name)
    if assembly.returncode != 0:
        broken = set(re.findall(r'seclude_(\w+)', assembly.stderr))
        if not broken:
            sys.exit(assembly.stderr)
        return compiled_values(compiler, [name for name in names if name not in broken])
    values = {}
    for name, body in re.findall(r'^seclude_(\w+):\n((?:\s+\.\w+\s+\S+\n)+)', assembly.stdout, re.M):
        cells = re.findall(r'\.(quad|xword|8byte|dword|zero|space)\s+(\S+)', body)
        if cells:
            kind, value = cells[0]
            values[name] = 0 if kind in ('zero', 'space') else int(value, 0)
    return values


def constants(arch, compiler, write=False):
    table = Table('constants.tsv')
    values = compiled_values(compiler, [row['name'] for row in table.rows])
    differences = 0
    for row in table.rows:
        if row['name'] not in values:
            continue
        ours, theirs = row[arch], values[row['name']]
        if ours and (int(ours, 0) - theirs) % 2**32 == 0:
            continue
        differences += 1
        new = '%#x' % (theirs % 2**32) if ours.startswith('0x') else str(theirs)
        print('%s: %s has %s, the headers %s' % (row['name'], arch, ours or 'nothing', new))
        row[arch] = new
    if write and differences:
        table.write()
    print('%d constants compared' % len(values))
    return report(differences, 'differences')


# ---- prototypes and groups -----------------------------------------------------------------------

def prototypes(tracefs='/sys/kernel/tracing'):
    rows = {}
    for row in Table('prototypes.tsv').rows:
        if row['arch'] == '*' or 'x86_64' in row['arch'].split(','):
            rows.setdefault(row['call'], []).append(row)
    events = os.path.join(tracefs, 'events', 'syscalls')
    differences = compared = 0
    for event in sorted(os.listdir(events)):
        if not event.startswith('sys_enter_') or event[10:] not in rows:
            continue
        if event == 'sys_enter_umount':
            continue  # the kernel's function of umount2; our umount is the old one-argument call
        with open(os.path.join(events, event, 'format'), encoding='ascii') as file:
            fields = re.findall(r'field:(.+?) ?(\w+);\s+offset:(\d+)', file.read())
        theirs = [name for _, name, offset in fields if int(offset) >= 16 and name != '__syscall_nr']
        ours = [row['name'] for row in rows[event[10:]]]
        compared += 1
        # tid: our word where the kernel's `pid` misleads.
        if [{'tid': 'pid'}.get(n, n) for n in ours] != [{'tid': 'pid'}.get(n, n) for n in theirs]:
            differences += 1
            print('%s: we say %s, the kernel %s' % (event[10:], ours, theirs))
    print('%d calls compared' % compared)
    return report(differences, 'differences')


def set_members(name):
    path = os.path.join(ROOT, 'profiles', 'sets', name[1:] + '.seclude')
    with open(path, encoding='ascii') as file:
        text = ''.join(line for line in file if not line.startswith('#'))
    return set(re.findall(r'@?[\w-]+', text.split('=', 1)[1]))


def flat(name, members_of):
    result = set()
    for member in members_of(name):
        result |= flat(member, members_of) if member.startswith('@') else {member}
    return result


def groups():
    text = subprocess.run(['systemd-analyze', 'syscall-filter'], capture_output=True, text=True,
                          check=True).stdout
    text = re.sub(r'\x1b\[[0-9;]*m', '', text)
    theirs, current = {}, None
    for line in text.splitlines():
        if line.startswith('@'):
            current = theirs.setdefault(line.strip(), set())
        elif line.startswith('    ') and current is not None:
            if not line.strip().startswith('#'):
                current.add(line.strip())
        elif line.strip():
            current = None
    differences = 0
    for name in sorted(theirs):
        if name == '@known':
            continue  # every call systemd has heard of
        ours = flat(name, set_members)
        for member in sorted(flat(name, theirs.get) ^ ours):
            differences += 1
            print('%s: %s is only in %s' % (name, member, 'ours' if member in ours else 'systemd'))
    return report(differences, 'differences')


def main():
    words = [word for word in sys.argv[1:] if word != '--write']
    commands = {'numbers': (numbers, 2, 2), 'constants': (constants, 2, 2),
                'prototypes': (prototypes, 0, 1), 'groups': (groups, 0, 0)}
    if not words or words[0] not in commands:
        sys.exit(__doc__)
    function, least, most = commands[words[0]]
    if not least <= len(words) - 1 <= most:
        sys.exit(__doc__)
    options = {'write': True} if '--write' in sys.argv else {}
    sys.exit(function(*words[1:], **options))


main()
