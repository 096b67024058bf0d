// Boundary inputs: see boundary_inputs.h.
//
// In: the policy's tree. Out: calls. For each number the values that the policy's tests look for
// are collected per register; then calls are drawn from them.
#include "exhaustive/boundary_inputs.h"

#include <algorithm>
#include <set>

namespace seclude::exhaustive {

namespace {

using Values = std::array<std::vector<uint64_t>, 6>;  // for each register

// Adds what a value of this argument looks like in its register or registers.
class Collector {
 public:
  Collector(const Spoken& policy, Random& random) : policy_(policy), random_(random) {}

  Values about(Arch arch, CallId call) {
    Values values;
    for (const Line& line : policy_.lines) {
      if (!line.where || (line.on && *line.on != arch)) continue;
      if (std::count(line.calls.begin(), line.calls.end(), call) > 0)
        collect(*line.where, arch, call, values);
    }
    for (const calls::Code& code : calls::codes(call)) codes(code, values[0]);
    return values;
  }

 private:
  void collect(const Pred& pred, Arch arch, CallId call, Values& values) {
    for (const Pred& child : pred.children) collect(child, arch, call, values);
    if (pred.kind != Pred::Kind::Test) return;
    auto index = calls::find_arg(call, arch, pred.test.arg);
    if (!index) return;
    auto place = calls::place_of(call, arch, *index);
    if (!place) return;
    unsigned bits = calls::args(call, arch)[*index].bits;
    auto add = [&](const Value& value) {
      auto number = value_on(value, arch);
      if (number) around(*number, bits, *place, values);
    };
    const Test& test = pred.test;
    if (test.mask) add(*test.mask);
    if (test.op != Operator::In && test.op != Operator::NotIn) add(test.value);
    for (const Item& item : test.items) {
      add(item.low);
      if (item.high) add(*item.high);
    }
  }

  void around(uint64_t value, unsigned bits, const calls::Place& place, Values& values) {
    uint64_t sign = uint64_t{1} << (bits - 1), one_bit = uint64_t{1} << random_.below(bits);
    uint64_t top = sign | (sign - 1);
    for (uint64_t like : {value, value - 1, value + 1, value ^ one_bit, value ^ sign, ~value,
                          value | one_bit, value & ~one_bit})
      put(like & top, bits, place, values);
    if (random_.chance(25))
      for (uint64_t edge : {uint64_t{0}, top, sign, sign - 1}) put(edge, bits, place, values);
  }

  // What the kernel does not read of a register may hold anything.
  void put(uint64_t value, unsigned bits, const calls::Place& place, Values& values) {
    if (place.high) {
      values[place.low].push_back(unread(value & 0xffffffff, 32));
      values[*place.high].push_back(unread(value >> 32, 32));
      return;
    }
    values[place.low].push_back(unread(value, bits));
    if (bits == 64 && random_.chance(20)) values[place.low].push_back(value ^ random_.next() << 32);
  }
  uint64_t unread(uint64_t value, unsigned bits) {
    if (bits == 64 || random_.chance(50)) return value;
    static constexpr uint64_t above[] = {~uint64_t{0}, 1, uint64_t{1} << 8, 0x80000000, 0xdeadbeef};
    return value | random_.pick(above) << bits;
  }

  // socketcall and ipc: every code that a line speaks of, and around it.
  void codes(const calls::Code& code, std::vector<uint64_t>& values) {
    for (const Line& line : policy_.lines) {
      bool spoken = std::count(line.calls.begin(), line.calls.end(), code.call) > 0;
      for (size_t set : line.sets) {
        const auto& members = policy_.sets[set].calls;
        spoken |= std::count(members.begin(), members.end(), code.call) > 0;
      }
      if (!spoken) continue;
      for (uint64_t like : {uint64_t{code.code}, uint64_t{code.code} + 1,
                            uint64_t{code.code} | 0x10000, uint64_t{code.code} | uint64_t{1} << 32})
        values.push_back(like);
    }
    values.push_back(0);
  }

  const Spoken& policy_;
  Random& random_;
};

uint64_t anything(Random& random) {
  static constexpr uint64_t edges[] = {
      0,           1,           0x7fffffff,         0x80000000,
      0xffffffff,  0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
      ~uint64_t{0}};
  return random.chance(70) ? random.pick(edges) : random.next() >> random.below(64);
}

// The numbers worth asking about on an architecture.
std::set<uint32_t> numbers_of_interest(const Spoken& policy, Arch arch, Random& random) {
  std::set<uint32_t> numbers = {0,          0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000,
                                0xbfffffff, 0xc0000000, 0xffffffff, 1023};
  auto add = [&](CallId call) {
    auto number = calls::number_of(call, arch);
    if (!number) return;
    numbers.insert({*number, *number + 1, *number - 1});
    uint32_t flag = random.chance(50) ? 0x40000000u : 0x80000000u;
    numbers.insert(*number ^ flag);
    for (CallId twin : calls::opaque_twins(call))
      if (auto other = calls::number_of(twin, arch)) numbers.insert(*other);
    if (auto form = calls::multiplexed(call, arch))
      numbers.insert(*calls::number_of(form->carrier, arch));
  };
  for (const Line& line : policy.lines) {
    for (CallId call : line.calls) add(call);
    for (uint32_t number : line.numbers) numbers.insert({number, number - 1, number + 1});
  }
  for (const Set& set : policy.sets)
    for (CallId call : set.calls) add(call);
  for (std::string_view name : {"restart_syscall", "rt_sigreturn", "sigreturn"})
    if (auto number = calls::number_of(*calls::find_call(name), arch)) numbers.insert(*number);
  auto all = calls::numbers(arch);
  for (int i = 0; i < 6; i++) numbers.insert(random.pick(all).number);
  numbers.insert(all.back().number + 1 + static_cast<uint32_t>(random.below(5)));
  numbers.insert(static_cast<uint32_t>(random.next()));
  return numbers;
}

}  // namespace

std::vector<AskedCall> boundary_inputs(const Spoken& policy, Random& random, HowMany how_many) {
  std::vector<AskedCall> made;
  Collector collector(policy, random);
  auto draw = [&](uint32_t audit, uint32_t number, const Values& values, size_t count) {
    for (size_t i = 0; i < count; i++) {
      AskedCall asked{.audit = audit, .number = number};
      for (size_t arg = 0; arg < 6; arg++)
        asked.args[arg] =
            values[arg].empty() || random.chance(5) ? anything(random) : random.pick(values[arg]);
      made.push_back(asked);
    }
  };
  std::set<uint32_t> strange = {0, 0xffffffff, static_cast<uint32_t>(random.next())};
  for (Arch arch : calls::all_archs) strange.insert(calls::info(arch).audit);
  uint32_t known_number = 0;
  for (Arch arch : policy.archs) {
    uint32_t audit = calls::info(arch).audit;
    strange.erase(audit);
    strange.insert(audit ^ uint32_t{1} << random.below(32));
    for (uint32_t number : numbers_of_interest(policy, arch, random)) {
      Values values;
      if (auto call = calls::call_at(arch, number)) values = collector.about(arch, *call);
      bool tested = std::any_of(values.begin(), values.end(),
                                [](const auto& register_) { return !register_.empty(); });
      if (tested) known_number = number;
      draw(audit, number, values, tested ? how_many.per_tested_call : how_many.per_other_number);
    }
  }
  for (uint32_t audit : strange) draw(audit, known_number, {}, 1);
  return made;
}

}  // namespace seclude::exhaustive
