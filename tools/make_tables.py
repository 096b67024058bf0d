#!/usr/bin/env python3
"""Turns data/*.tsv into the C++ arrays behind src/calls.

In: the data folder. Out: call_tables.cc and constant_tables.cc in the output folder, plain constexpr
aggregates that src/calls/tables.h declares. Run by the build; standard library only.
usage: make_tables.py DATA_DIR OUT_DIR
Everything that does not fit (an unknown name, a role without an argument) stops the build here.
"""
import csv
import os
import sys

ARCHS = ['x86_64', 'x32', 'x86', 'aarch64', 'arm', 'riscv64', 'ppc64le', 's390x', 'loongarch64',
         'mips64']
NARROW = {'x86', 'arm'}  # registers of 32 bits
WIDE_TYPES = {'loff_t', 'u64', '__u64'}
SIGNED_TYPES = {'int', 'long', 'pid_t', 'key_t', 'loff_t', 'off_t', 'clockid_t', 'timer_t',
                'key_serial_t', 'mqd_t', '__s32', 'rwf_t'}
KINDS = {'word': 'Word', 'fd': 'Fd', 'pid': 'Pid', 'signal': 'Signal', 'mode': 'Mode',
         'flags': 'Flags', 'enum': 'Enum', 'path': 'Path', 'address': 'Address'}
ABSENT = 0xffffffff


def die(*words):
    sys.exit('make_tables.py: ' + ' '.join(str(word) for word in words))


def read(folder, name):
    with open(os.path.join(folder, name), encoding='ascii') as file:
        lines = [line for line in file if not line.startswith('#')]
    return list(csv.DictReader(lines, delimiter='\t', quoting=csv.QUOTE_NONE))


def text(string):
    # With its length: counting characters in constant expressions is most of the compile time.
    return '"%s"sv' % string if string else '{}'


def boolean(value):
    return 'true' if value else 'false'


def hash_of(name):
    """FNV-1a, as find_call and find_constant compute it (tables.h)."""
    value = 0x811c9dc5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xffffffff
    return value ^ (value >> 15)


def hash_slots(names, size):
    """Open addressing, at most a quarter full: nearly every look-up compares one string."""
    slots = [0] * size
    for index, name in enumerate(names):
        slot = hash_of(name) & (size - 1)
        while slots[slot]:
            slot = (slot + 1) & (size - 1)
        slots[slot] = index + 1
    return slots


def array(out, declaration, items, per_line=16):
    items = [str(item) for item in items]
    out.append('const %s = {' % declaration)
    for start in range(0, len(items), per_line):
        out.append('    ' + ', '.join(items[start:start + per_line]) + ',')
    out.append('};')


def version(word):
    parts = (word or '0').split('.')
    return '{%s, %s}' % (parts[0], parts[1] if len(parts) > 1 else '0')


def per_arch(word):
    """'64,x32:32' -> ('64', {'x32': '32'})"""
    first, *rest = word.split(',')
    exceptions = dict(item.split(':') for item in rest)
    for arch in exceptions:
        if arch not in ARCHS:
            die('no architecture', arch, 'in', word)
    return first, exceptions


# ---- calls ---------------------------------------------------------------------------------------

def call_rows(out, calls):
    array(out, 'Call call_rows[]', ['{%s, %s}' % (text(c['name']), version(per_arch(c['since'])[0]))
                                    for c in calls], 4)
    out.append('const std::span<const Call> calls = call_rows;')
    exceptions, starts = [], []
    for index, call in enumerate(calls):
        starts.append(len(exceptions))
        for arch, since in sorted(per_arch(call['since'])[1].items()):
            exceptions.append('{Arch::%s, %s}' % (arch, version(since)))
    starts.append(len(exceptions))
    array(out, 'SinceException since_exceptions[]', exceptions, 6)
    array(out, 'uint16_t since_starts[]', starts, 32)
    slots = hash_slots([c['name'] for c in calls], 2048)
    array(out, 'uint16_t call_slots[2048]', slots, 32)


def number_rows(out, calls):
    array(out, 'uint32_t call_numbers[][arch_count]',
          ['{%s}' % ', '.join(c[a] or hex(ABSENT) for a in ARCHS) for c in calls], 2)
    spans = []
    for arch in ARCHS:
        by_number = {}
        for index, call in enumerate(calls):
            if call[arch]:
                by_number.setdefault(int(call[arch]), index)
        first = min(by_number)
        end = first
        while any(n in by_number for n in range(end, end + 256)):  # the dense part
            end += 1
        numbers = sorted(by_number)
        array(out, 'Numbered numbers_%s[]' % arch,
              ['{%d, %d}' % (n, by_number[n]) for n in numbers], 8)
        array(out, 'uint16_t dense_%s[]' % arch,
              [by_number.get(n, -1) + 1 for n in range(first, end)], 32)
        spans.append('{%d, dense_%s, numbers_%s}' % (first, arch, arch))
    array(out, 'NumberTable number_tables[arch_count]', spans, 1)


def args_of(prototypes, name, arch):
    rows = [r for r in prototypes.get(name, [])
            if r['arch'] == '*' or arch in r['arch'].split(',')]
    rows.sort(key=lambda r: int(r['arg']))
    return rows


def arg_text(row, arch):
    narrow = arch in NARROW
    base = row['ctype'].replace('const ', '').replace('const', '').strip()
    wide = base in WIDE_TYPES
    default, exceptions = per_arch(row['reads'])
    bits = int(exceptions.get(arch, default))
    if bits > int(row['declared']):
        die(row['call'], row['name'], 'reads more than declared')
    if narrow and not wide:
        bits = min(bits, 32)
    kind, _, constants = row['kind'].partition(':')
    if constants == 'none':
        constants = ''
    man = row['man'].split(',')[0]
    return '{%s, %s, %s, %s, %d, %s, %s, ArgKind::%s, %s}' % (
        text(row['name']), text(man), text(row['ctype']), row['declared'], bits,
        boolean(base in SIGNED_TYPES), boolean(wide), KINDS[kind], text(constants))


class Pool:
    """Lists of items laid end to end, each distinct list once."""

    def __init__(self):
        self.items = []
        self.places = {}

    def add(self, items):
        key = tuple(items)
        if key not in self.places:
            self.places[key] = len(self.items)
            self.items.extend(items)
        return self.places[key], len(items)


def argument_rows(out, calls, prototypes):
    pool = Pool()
    ranges = []
    for call in calls:
        ranges.append('{%s}' % ', '.join(
            '{%d, %d}' % pool.add([arg_text(r, arch)
                                   for r in args_of(prototypes, call['name'], arch)])
            for arch in ARCHS))
    array(out, 'Arg arg_rows[]', pool.items, 1)
    array(out, 'ArgRange arg_ranges[][arch_count]', ranges, 2)
    index = {c['name']: i for i, c in enumerate(calls)}
    extras = []
    for name in sorted(prototypes):
        for row in prototypes[name]:
            for other in row['man'].split(',')[1:]:
                if row['arch'] != '*':
                    die('further names and an order of its own:', name)
                extras.append('{%d, %s, %s}' % (index[name], row['arg'], text(other)))
    array(out, 'OtherName other_name_rows[]', extras, 6)
    out.append('const std::span<const OtherName> other_names = other_name_rows;')


# ---- relatives -----------------------------------------------------------------------------------

def constant_value(constants, expression, arch):
    value = 0
    for term in expression.split('|'):
        if term.lstrip('-').isdigit() or term.startswith('0x'):
            value |= int(term, 0)
        elif term in constants and constants[term][arch]:
            value |= int(constants[term][arch], 0)
        else:
            return None  # a constant this architecture does not have
    return value & 0xffffffffffffffff


def parse_roles(detail, constants, arch):
    """'dirfd=AT_FDCWD path@0' -> {'dirfd': ('Constant', 2**64 - 100), 'path': ('Same', 0)}"""
    roles = {}
    for word in detail.split():
        if word.endswith(':'):
            continue
        if '@' in word:
            role, place = word.split('@')
            roles[role] = ('Same', int(place))
        elif '=' in word:
            role, expression = word.split('=')
            value = constant_value(constants, expression, arch)
            if value is not None:
                roles[role.rstrip(':')] = ('Pinned' if role.endswith(':') else 'Constant', value)
        else:
            die('role', word)
    return roles


def families_on(arch, relatives, constants):
    families = {}
    for row in relatives:
        if row['relation'] not in ('member', 'wide'):
            continue
        head = row['detail'].split(' ')[0]
        archs = head[:-1].split(',') if head.endswith(':') else None
        if archs and arch not in archs:
            continue
        family = families.setdefault(row['of'], {})
        if row['call'] in family and not archs:
            continue  # an order of its own came first
        family[row['call']] = (row['relation'] == 'wide',
                               parse_roles(row['detail'], constants, arch))
    return families


def sibling_args(own, other, count):
    result = ['{}'] * count
    for role, (kind, value) in own.items():
        if kind != 'Same' or role not in other:
            continue
        if value >= count:
            die('role', role, 'is argument', value, 'of', count)
        other_kind, other_value = other[role]
        if other_kind == 'Same':
            result[value] = '{SiblingArg::Kind::Same, %d, 0}' % other_value
        else:
            result[value] = '{SiblingArg::Kind::Constant, 0, %#x}' % other_value
    return result


def sibling_pins(own, other):
    """Arguments of the sibling that must have one value for it to do the same."""
    return ['{%d, %#x}' % (other[role][1], value) for role, (kind, value) in own.items()
            if kind == 'Pinned' and role in other and other[role][0] == 'Same']


def contradict(own, other):
    """Both fix a role, to different values: not the same operation."""
    return any(role in other and kind != 'Same' and other[role][0] != 'Same'
               and other[role][1] != value for role, (kind, value) in own.items())


def siblings_on(arch, calls, prototypes, relatives, constants, exists):
    result = {}
    for family in families_on(arch, relatives, constants).values():
        for name, (wide, own) in family.items():
            count = len(args_of(prototypes, name, arch))
            for other_name, (_, other) in family.items():
                if other_name == name or wide or contradict(own, other):
                    continue
                if exists(other_name, arch):
                    found = result.setdefault(name, {})
                    found.setdefault(other_name, (sibling_args(own, other, count),
                                                  sibling_pins(own, other)))
    return result


def relative_rows(out, calls, prototypes, relatives, constants):
    index = {c['name']: i for i, c in enumerate(calls)}
    for row in relatives:
        names = [row['call']] + ([row['of']] if row['relation'] in ('code', 'twin') else [])
        for name in names:
            if name not in index:
                die('relatives.tsv: no call', name)
    masks = {r['call']: r['detail'] for r in relatives if r['relation'] == 'mask'}
    codes = sorted((index[r['of']], int(r['detail']), index[r['call']], masks[r['of']])
                   for r in relatives if r['relation'] == 'code')
    array(out, 'Code code_rows[]', ['{%d, %d}' % (code, call) for _, code, call, _ in codes], 8)
    carriers = []
    for carrier in sorted({c[0] for c in codes}):
        mine = [i for i, c in enumerate(codes) if c[0] == carrier]
        carriers.append('{%d, %s, {code_rows + %d, %d}}' % (carrier, codes[mine[0]][3], mine[0],
                                                            len(mine)))
    array(out, 'Carrier carrier_rows[]', carriers, 1)
    out.append('const std::span<const Carrier> carriers = carrier_rows;')

    memory = []
    for row in relatives:
        if row['relation'] == 'memory':
            memory += ['{%d, Arch::%s}' % (index[row['call']], a) for a in row['detail'].split(',')]
    array(out, 'InMemory in_memory_rows[]', memory, 8)
    out.append('const std::span<const InMemory> in_memory = in_memory_rows;')

    twins = {}
    for row in relatives:
        if row['relation'] == 'twin':
            twins.setdefault(index[row['call']], []).append(index[row['of']])
    pool = Pool()
    places = {call: pool.add(sorted(others)) for call, others in sorted(twins.items())}
    array(out, 'CallId twin_ids[]', pool.items)
    array(out, 'Twins twin_rows[]', ['{%d, {twin_ids + %d, %d}}' % ((call,) + place)
                                     for call, place in places.items()], 4)
    out.append('const std::span<const Twins> twins = twin_rows;')
    sibling_rows(out, calls, prototypes, relatives, constants, index)


def sibling_rows(out, calls, prototypes, relatives, constants, index):
    carrier_of = {r['call']: r['of'] for r in relatives if r['relation'] == 'code'}
    by_name = {c['name']: c for c in calls}

    def exists(name, arch):
        if by_name[name][arch]:
            return True
        return name in carrier_of and bool(by_name[carrier_of[name]][arch])

    args, pins, lists = Pool(), Pool(), Pool()
    table = {}
    for column, arch in enumerate(ARCHS):
        found = siblings_on(arch, calls, prototypes, relatives, constants, exists)
        for name, others in found.items():
            free, pinned = [], []
            for other in sorted(others):
                (pinned if others[other][1] else free).append(
                    '{%d, {sibling_args + %d, %d}, {sibling_pin_rows + %d, %d}}' % (
                        (index[other],) + args.add(others[other][0]) + pins.add(others[other][1])))
            table.setdefault(index[name], {})[column] = lists.add(free) + lists.add(pinned)
    array(out, 'SiblingArg sibling_args[]', args.items, 4)
    array(out, 'SiblingPin sibling_pin_rows[]', pins.items, 4)
    array(out, 'Sibling sibling_lists[]', lists.items, 4)
    rows = []
    for call in sorted(table):
        cells = ['{{%d, %d}, {%d, %d}}' % table[call].get(c, (0, 0, 0, 0))
                 for c in range(len(ARCHS))]
        rows.append('{%d, {%s}}' % (call, ', '.join(cells)))
    array(out, 'SiblingRow sibling_row_array[]', rows, 2)
    out.append('const std::span<const SiblingRow> sibling_rows = sibling_row_array;')


# ---- constants -----------------------------------------------------------------------------------

def constant_rows(out, constants):
    names = [c['name'] for c in constants]
    if len(set(names)) != len(names):
        die('constants.tsv names something twice:', [n for n in names if names.count(n) > 1])
    rows, values, aliases = [], [], []
    pool = Pool()
    for constant in constants:
        traits = set(filter(None, constant['traits'].split(',')))
        if traits - {'bits', 'composite', 'alias'}:
            die('traits of', constant['name'])
        rows.append('{%s, %s, %s, %s}' % (text(constant['name']), text(constant['set']),
                                          boolean('bits' in traits), boolean('composite' in traits)))
        present = [int(constant[a], 0) & 0xffffffffffffffff for a in ARCHS if constant[a]]
        mask = sum(1 << i for i, a in enumerate(ARCHS) if constant[a])
        if len(set(present)) == 1:
            start, _ = pool.add(['%#x' % present[0]])
            uniform = True
        else:
            cells = ['%#x' % (int(constant[a], 0) & 0xffffffffffffffff) if constant[a] else '0'
                     for a in ARCHS]
            start, _ = pool.add(cells)
            uniform = False
        values.append('{%d, %d, %s, %s}' % (start, mask, boolean(uniform),
                                            boolean('alias' in traits)))
    array(out, 'Constant constant_row_array[]', rows, 2)
    out.append('const std::span<const Constant> constants = constant_row_array;')
    array(out, 'uint64_t constant_values[]', pool.items, 8)
    array(out, 'ConstantValue constant_value_rows[]', values, 8)
    array(out, 'uint16_t constant_slots[16384]', hash_slots(names, 16384), 32)


def set_rows(out, constants, sets):
    index = {c['name']: i for i, c in enumerate(constants)}
    members = {}
    for constant in constants:
        members.setdefault(constant['set'], []).append(index[constant['name']])
    pool = Pool()
    rows = []
    for row in sorted(sets, key=lambda r: r['set']):
        for other in (row['field_set'], row['also']):
            if other and other not in members:
                die('sets.tsv: no set', other)
        field, constant = row['field'], 'no_constant'
        if field and not field[0].isdigit():
            field, constant = '0', index[field]
        start, count = pool.add(members.get(row['set'], []))
        rows.append('{%s, {set_members + %d, %d}, %s, %s, %s, %s}' % (
            text(row['set']), start, count, field or '0', constant, text(row['field_set']),
            text(row['also'])))
    missing = set(members) - {r['set'] for r in sets}
    if missing:
        die('sets.tsv lacks', missing)
    array(out, 'uint16_t set_members[]', pool.items, 20)
    array(out, 'SetInfo set_row_array[]', rows, 1)
    out.append('const std::span<const SetInfo> sets = set_row_array;')


HEAD = '''// Generated by tools/make_tables.py from data/*.tsv. Do not edit.
#include "calls/tables.h"

namespace seclude::calls::tables {
using namespace std::string_view_literals;
'''


def write(folder, name, lines):
    with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
        file.write(HEAD + '\n'.join(lines) + '\n}  // namespace seclude::calls::tables\n')


def main():
    data, output = sys.argv[1:3]
    os.makedirs(output, exist_ok=True)
    calls = sorted(read(data, 'syscalls.tsv'), key=lambda r: r['name'])
    constants = sorted(read(data, 'constants.tsv'), key=lambda r: r['name'])
    sets = read(data, 'sets.tsv')
    known_sets = {r['set'] for r in sets}
    prototypes = {}
    names = {c['name'] for c in calls}
    for row in read(data, 'prototypes.tsv'):
        if row['call'] not in names:
            die('prototypes.tsv: no call', row['call'])
        constants_set = row['kind'].partition(':')[2]
        if constants_set and constants_set != 'none' and constants_set not in known_sets:
            die('prototypes.tsv: no set', constants_set)
        prototypes.setdefault(row['call'], []).append(row)

    out = []
    call_rows(out, calls)
    number_rows(out, calls)
    argument_rows(out, calls, prototypes)
    relative_rows(out, calls, prototypes, read(data, 'relatives.tsv'),
                  {c['name']: c for c in constants})
    write(output, 'call_tables.cc', out)
    out = []
    constant_rows(out, constants)
    set_rows(out, constants, sets)
    write(output, 'constant_tables.cc', out)


main()
