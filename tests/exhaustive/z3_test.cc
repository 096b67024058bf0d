// Z3: an independent prover over the whole input space.
//
// In: random policies. Out: for each, their rules as one bit-vector formula and the compiled
// program as another (every instruction executed symbolically); Z3 must find no call on which they
// differ. Then one instruction is changed, and Z3 and the decision diagram must agree whether that
// made a difference.
// This shares filter/rules.h with the compiler, not its reading of it; no code of the diagram.
#include <gtest/gtest.h>
#include <z3++.h>

#include <algorithm>
#include <cstdio>

#include "exhaustive/prepared.h"
#include "exhaustive/random_policy.h"
#include "filter/lift.h"

namespace seclude::exhaustive {
namespace {

using filter::Compare;
using filter::Condition;

constexpr unsigned patience_ms = 60000;

// One unknown call.
struct Unknown {
  explicit Unknown(z3::context& z)
      : arch(z.bv_const("arch", 32)), number(z.bv_const("number", 32)), ip(z.bv_const("ip", 64)) {
    for (int i = 0; i < 6; i++) args.push_back(z.bv_const(("arg" + std::to_string(i)).c_str(), 64));
  }
  z3::expr arch, number, ip;
  std::vector<z3::expr> args;
};

// ---- rules --------------------------------------------------------------------------------------

class RulesFormula {
 public:
  RulesFormula(z3::context& z, const Unknown& call) : z_(z), call_(call) {}

  z3::expr answer(const filter::Rules& rules) {
    z3::expr result = number(filter::Action::kill().ret);
    for (const filter::ArchRules& arch : rules.archs) {
      const calls::ArchInfo& info = calls::info(arch.arch);
      z3::expr here = call_.arch == z_.bv_val(info.audit, 32);
      if (arch.arch == Arch::x86_64) here = here && call_.number.extract(31, 30) != z_.bv_val(1, 2);
      if (arch.arch == Arch::x32) here = here && call_.number.extract(31, 30) == z_.bv_val(1, 2);
      result = z3::ite(here, answer(arch), result);
    }
    return result;
  }

 private:
  z3::expr number(uint32_t value) { return z_.bv_val(value, 32); }

  z3::expr answer(const filter::ArchRules& arch) {
    z3::expr result = number(arch.unknown.ret);
    for (const filter::NumberRules& one : arch.numbers) {
      z3::expr asked = call_.number == number(one.number);
      result = z3::ite(asked, answer(arch, one), result);
    }
    return result;
  }

  // From the weakest action to the strictest, so that the strictest match has the last word.
  z3::expr answer(const filter::ArchRules& arch, const filter::NumberRules& one) {
    z3::expr result = number(one.otherwise.ret);
    for (int rank = 8; rank >= 0; rank--)
      for (uint32_t i = one.first_rule; i < one.end_rule; i++)
        if (filter::strictness(arch.rules[i].action) == rank)
          result = z3::ite(holds(arch.rules[i].where), number(arch.rules[i].action.ret), result);
    return result;
  }

  z3::expr holds(const Condition& condition) {
    z3::expr_vector children(z_);
    for (const Condition& child : condition.children) children.push_back(holds(child));
    switch (condition.kind) {
      case Condition::Kind::Always:
        return z_.bool_val(true);
      case Condition::Kind::Never:
        return z_.bool_val(false);
      case Condition::Kind::Test:
        return holds(condition.test);
      case Condition::Kind::Not:
        return !children[0];
      case Condition::Kind::And:
        return z3::mk_and(children);
      case Condition::Kind::Or:
        return z3::mk_or(children);
    }
    return z_.bool_val(false);
  }

  z3::expr holds(const filter::Test& test) {
    const filter::Field& field = test.field;
    z3::expr x = call_.args[field.low];
    if (field.high)
      x = z3::concat(call_.args[*field.high].extract(31, 0), x.extract(31, 0));
    else
      x = x.extract(field.bits - 1u, 0);
    auto constant = [&](uint64_t value) { return z_.bv_val(value, field.bits); };
    x = x & constant(test.mask);
    z3::expr value = constant(test.value), zero = constant(0);
    auto at_most = [&](const z3::expr& a, const z3::expr& b) {
      return field.is_signed ? z3::sle(a, b) : z3::ule(a, b);
    };
    auto in_a_range = [&] {
      z3::expr found = z_.bool_val(false);
      for (const auto& [low, high] : test.ranges)
        found = found || (at_most(constant(low), x) && at_most(x, constant(high)));
      return found;
    };
    switch (test.op) {
      case Compare::Equal:
        return x == value;
      case Compare::NotEqual:
        return x != value;
      case Compare::Less:
        return !at_most(value, x);
      case Compare::LessEqual:
        return at_most(x, value);
      case Compare::Greater:
        return !at_most(x, value);
      case Compare::GreaterEqual:
        return at_most(value, x);
      case Compare::In:
        return in_a_range();
      case Compare::NotIn:
        return !in_a_range();
      case Compare::HasAll:
        return (x & value) == value;
      case Compare::HasAny:
        return (x & value) != zero;
      case Compare::Lacks:
        return (x & value) == zero;
      case Compare::Within:
        return (x & ~value) == zero;
    }
    return z_.bool_val(false);
  }

  z3::context& z_;
  const Unknown& call_;
};

// ---- programs -----------------------------------------------------------------------------------

z3::expr word_at(const Unknown& call, uint32_t offset, bool big_endian) {
  if (offset == filter::offset_number) return call.number;
  if (offset == filter::offset_arch) return call.arch;
  uint32_t place = offset - filter::offset_ip;  // ip, then the arguments: 64 bits each
  const z3::expr& whole = place < 8 ? call.ip : call.args[place / 8 - 1];
  bool high = (place % 8 != 0) != big_endian;
  return high ? whole.extract(63, 32) : whole.extract(31, 0);
}

// The kernel lets jumps go forward only: when an instruction is looked at, every way to it is
// known.
class ProgramFormula {
 public:
  ProgramFormula(z3::context& z, const Unknown& call, bool big_endian)
      : z_(z), call_(call), big_endian_(big_endian) {}

  z3::expr answer(const filter::Program& program) {
    arrivals_.assign(program.size(), {});
    arrivals_[0].push_back({z_.bool_val(true), z_.bv_val(0, 32)});
    z3::expr result = z_.bv_val(0, 32);
    for (size_t at = 0; at < program.size(); at++) {
      if (arrivals_[at].empty()) continue;
      Arrival now = merged(arrivals_[at]);
      const filter::Instruction& each = program[at];
      if (each.code == filter::op::ret_k)
        result = z3::ite(now.reached, z_.bv_val(each.k, 32), result);
      else if ((each.code & 7) == 5)
        jump(at, each, now);
      else
        arrivals_[at + 1].push_back({now.reached, computed(each, now.accumulator)});
    }
    return result;
  }

 private:
  struct Arrival {
    z3::expr reached, accumulator;
  };

  Arrival merged(const std::vector<Arrival>& ways) const {
    Arrival all = ways[0];
    for (size_t i = 1; i < ways.size(); i++) {
      all.accumulator = z3::ite(ways[i].reached, ways[i].accumulator, all.accumulator);
      all.reached = all.reached || ways[i].reached;
    }
    return all;
  }

  z3::expr computed(const filter::Instruction& each, const z3::expr& accumulator) const {
    if (each.code == filter::op::ld_abs) return word_at(call_, each.k, big_endian_);
    EXPECT_EQ(each.code, filter::op::and_k) << "our code has no other instruction";
    return accumulator & z_.bv_val(each.k, 32);
  }

  void jump(size_t at, const filter::Instruction& each, const Arrival& now) {
    if (each.code == filter::op::ja) {
      arrivals_[at + 1 + each.k].push_back(now);
      return;
    }
    z3::expr k = z_.bv_val(each.k, 32), a = now.accumulator;
    z3::expr taken = z_.bool_val(false);
    if (each.code == filter::op::jeq_k) taken = a == k;
    if (each.code == filter::op::jgt_k) taken = z3::ugt(a, k);
    if (each.code == filter::op::jge_k) taken = z3::uge(a, k);
    if (each.code == filter::op::jset_k) taken = (a & k) != z_.bv_val(0, 32);
    arrivals_[at + 1 + each.jt].push_back({now.reached && taken, a});
    arrivals_[at + 1 + each.jf].push_back({now.reached && !taken, a});
  }

  z3::context& z_;
  const Unknown& call_;
  bool big_endian_;
  std::vector<std::vector<Arrival>> arrivals_;
};

// ---- the test -----------------------------------------------------------------------------------

// Changes one constant or jump so that the kernel would still load it.
std::optional<filter::Program> mutated(Random& random, const filter::Program& program) {
  for (int attempt = 0; attempt < 20; attempt++) {
    filter::Program changed = program;
    filter::Instruction& each = changed[random.below(changed.size())];
    bool jumps = (each.code & 7) == 5 && each.code != filter::op::ja;
    if (jumps && random.chance(30))
      std::swap(each.jt, each.jf);
    else if (jumps && random.chance(30))
      each.jt = static_cast<uint8_t>(random.below(each.jt + 3u));
    else if (random.chance(50))
      each.k ^= 1u << random.below(32);
    else
      each.k += random.chance(50) ? 1 : ~uint32_t{0};
    if (!(changed == program) && !filter::invalid(changed)) return changed;
  }
  return std::nullopt;
}

struct Mutations {
  size_t harmless = 0, harmful = 0;
};

class Prover {
 public:
  explicit Prover(uint64_t seed) : random_(seed ^ 0x23) {
    static const std::vector<Arch> archs[] = {{Arch::x86_64}, {Arch::x86_64, Arch::x32, Arch::x86},
                                              {Arch::s390x},  {Arch::aarch64},
                                              {Arch::arm},    {Arch::x86_64, Arch::x86}};
    spoken_ = random_policy(
        seed, {.archs = archs[seed % std::size(archs)], .most_calls = 3, .most_rules = 4});
  }

  void run(filter::Store& store, Mutations& mutations) {
    store.clear();
    auto rules = rules_of(spoken_);
    ASSERT_TRUE(rules);
    auto made = filter::compile(store, *rules);
    ASSERT_TRUE(made) << made.error().message << "\n" << text_of(spoken_);
    z3::expr wanted = RulesFormula(z_, call_).answer(*rules);
    auto differs = [&](const filter::Program& program) {
      z3::expr done = ProgramFormula(z_, call_, made->big_endian).answer(program);
      z3::solver solver(z_, "QF_BV");
      solver.set("timeout", patience_ms);
      solver.add(wanted != done);
      z3::check_result result = solver.check();
      if (result == z3::sat) example_ = Z3_model_to_string(z_, solver.get_model());
      return result;
    };
    ASSERT_EQ(differs(made->program), z3::unsat) << example_ << text_of(spoken_);
    auto changed = mutated(random_, made->program);
    if (!changed) return;
    auto lifted = filter::lift(store, *changed, made->big_endian);
    ASSERT_TRUE(std::holds_alternative<filter::Decision>(lifted));
    // A changed answer need not be one the kernel knows; the diagram has what the kernel makes of
    // it.
    for (filter::Instruction& each : *changed)
      if (each.code == filter::op::ret_k) each.k = filter::normalised(each.k).ret;
    bool equal = std::get<filter::Decision>(lifted) == made->decision;
    ASSERT_EQ(differs(*changed), equal ? z3::unsat : z3::sat) << text_of(spoken_);
    (equal ? mutations.harmless : mutations.harmful)++;
  }

 private:
  z3::context z_;
  Unknown call_{z_};
  Random random_;
  Spoken spoken_;
  std::string example_;
};

TEST(Z3, ProvesEveryProgramAndFindsEveryMutation) {
  // A proof takes about half a second: 200 of the default 100,000 rounds, never more than 1000.
  uint64_t rounds = std::min<uint64_t>(from_environment("SECLUDE_ROUNDS", 100'000) / 500 + 1, 1000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  filter::Store store;
  Mutations mutations;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    Prover(seed).run(store, mutations);
    if (::testing::Test::HasFailure()) FAIL() << "SECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1";
  }
  std::printf("%llu policies; of the changed programs %zu differed, %zu did not\n",
              static_cast<unsigned long long>(rounds), mutations.harmful, mutations.harmless);
}

}  // namespace
}  // namespace seclude::exhaustive
