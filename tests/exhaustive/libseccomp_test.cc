// libseccomp: what both can say must mean the same.
//
// In: random policies of one rule per call, a conjunction of comparisons of different arguments.
// libseccomp always compares 64 bits, so an argument of which the kernel reads fewer is tested
// there with a mask, and only for equality; signed arguments likewise. Out: its program and ours
// answer every boundary input alike, and its program, lifted, is our decision.
// Known differences, left out: libseccomp kills every number from 0x40000000 on except -1; we kill
// x32 numbers only (to 0x7fffffff) and treat the others as unknown.  It refuses errno 4095.
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "exhaustive/boundary_inputs.h"
#include "exhaustive/prepared.h"
#include "exhaustive/random.h"
#include "exhaustive/random_predicate.h"
#include "filter/evaluate.h"
#include "filter/lift.h"

namespace seclude::exhaustive {
namespace {

constexpr uint32_t x86_64_audit = 0xc000003e, x32_first = 0x40000000;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

uint32_t their(const Answer& answer) {
  uint32_t number = answer.with.empty() ? 1 : static_cast<uint32_t>(std::stoul(answer.with));
  switch (answer.word) {
    case Word::Kill:
      return SCMP_ACT_KILL_PROCESS;
    case Word::KillThread:
      return SCMP_ACT_KILL_THREAD;
    case Word::Trap:
      return SCMP_ACT_TRAP;
    case Word::Deny:
      return SCMP_ACT_ERRNO(number);
    case Word::Ask:
      return SCMP_ACT_NOTIFY;
    case Word::Trace:
      return SCMP_ACT_TRACE(number);
    case Word::Log:
      return SCMP_ACT_LOG;
    case Word::Allow:
      return SCMP_ACT_ALLOW;
  }
  return 0;
}

// One policy, said twice at once: as text and as libseccomp rules.
class Pair {
 public:
  explicit Pair(uint64_t seed) : random_(seed) {
    policy.seed = seed;
    policy.archs = {Arch::x86_64};
    policy.pin = calls::KernelVersion{9, 9};  // libseccomp has no unknown calls, only numbers
    Answer otherwise = answer();
    context.reset(seccomp_init(their(otherwise)));
    check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, random_.chance(50) ? 1 : 2));
    say_generally(otherwise);
    auto numbers = calls::numbers(Arch::x86_64);
    std::vector<CallId> used;
    for (size_t i = 1 + random_.below(8); i > 0; i--) {
      CallId call = random_.pick(numbers).call;
      bool again = std::find(used.begin(), used.end(), call) != used.end();
      if (again || calls::name_of(call).ends_with("sigreturn")) continue;
      if (calls::name_of(call) == "restart_syscall") continue;
      used.push_back(call);
      rule(call, otherwise);
    }
  }

  filter::Program their_program() const {
    int file = memfd_create("libseccomp", 0);
    check(seccomp_export_bpf(context.get(), file));
    std::string bytes(static_cast<size_t>(lseek(file, 0, SEEK_END)), 0);
    EXPECT_EQ(pread(file, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    close(file);
    return *filter::from_bytes(bytes, false);
  }

  Spoken policy;
  Context context;

 private:
  static void check(int result) { ASSERT_EQ(result, 0); }

  Answer answer() {
    Answer made{static_cast<Word>(random_.below(8)), ""};
    if (made.word == Word::Deny || made.word == Word::Trace)
      made.with = std::to_string(1 + random_.below(4094));  // libseccomp refuses 4095
    return made;
  }

  // The general answer, also for what we would treat on its own: unknown numbers and twins.
  void say_generally(const Answer& otherwise) {
    auto add = [&](Line::Kind kind, std::vector<CallId> calls) {
      Line line;
      line.kind = kind;
      line.answer = otherwise;
      line.calls = std::move(calls);
      policy.lines.push_back(std::move(line));
    };
    add(Line::Kind::Otherwise, {});
    add(Line::Kind::OtherwiseForUnknown, {});
    add(Line::Kind::OtherwiseFor, {*calls::find_call("clone3"), *calls::find_call("openat2")});
    for (const char* name : {"rt_sigreturn", "restart_syscall"}) {
      uint32_t number = *calls::number_of(*calls::find_call(name), Arch::x86_64);
      if (otherwise.word != Word::Allow)
        check(seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, static_cast<int>(number), 0));
    }
  }

  void rule(CallId call, const Answer& otherwise) {
    Line line;
    line.answer = answer();
    if (their(line.answer) == their(otherwise)) return;  // libseccomp refuses such a rule
    line.calls = {call};
    Pred all{.kind = Pred::Kind::And, .test = {}, .children = {}};
    std::vector<scmp_arg_cmp> comparisons;
    auto args = calls::args(call, Arch::x86_64);
    for (size_t i = 0; i < args.size(); i++) {
      if (!random_.chance(45)) continue;
      Pred one;
      comparisons.push_back(comparison(static_cast<unsigned>(i), args[i], one.test));
      all.children.push_back(std::move(one));
    }
    if (all.children.size() > 1) line.where = all;
    if (all.children.size() == 1) line.where = all.children[0];
    uint32_t number = *calls::number_of(call, Arch::x86_64);
    check(seccomp_rule_add_array(context.get(), their(line.answer), static_cast<int>(number),
                                 static_cast<unsigned>(comparisons.size()), comparisons.data()));
    policy.lines.push_back(std::move(line));
  }

  scmp_arg_cmp comparison(unsigned index, const calls::Arg& arg, Test& test) {
    test.arg = arg.kernel_name;
    uint64_t top = arg.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << arg.bits) - 1;
    uint64_t value = random_.next() >> random_.below(64);
    if (random_.chance(50)) value = (uint64_t{1} << random_.below(64)) + random_.below(3) - 1;
    value &= top;
    bool ordered = arg.bits == 64 && !arg.is_signed;
    bool at_an_end = value == 0 || value == top;  // an order comparison would be no question
    size_t kind = random_.below(7);
    if (kind < 6 && ordered && !(at_an_end && kind >= 2)) {
      static constexpr std::pair<Operator, scmp_compare> both[] = {
          {Operator::Equal, SCMP_CMP_EQ},   {Operator::NotEqual, SCMP_CMP_NE},
          {Operator::Less, SCMP_CMP_LT},    {Operator::LessEqual, SCMP_CMP_LE},
          {Operator::Greater, SCMP_CMP_GT}, {Operator::GreaterEqual, SCMP_CMP_GE}};
      test.op = both[kind].first;
      test.value = random_spelling(random_, value);
      return {index, both[kind].second, value, 0};
    }
    uint64_t mask = random_.chance(50) ? top : (random_.next() & top) | 1;
    test.op = Operator::Equal;
    if (mask != top) test.mask = random_spelling(random_, mask);
    test.value = random_spelling(random_, value & mask);
    return {index, SCMP_CMP_MASKED_EQ, mask, value & mask};
  }

  Random random_;
};

void compare_answers(const Pair& pair, const filter::Compiled& ours,
                     const filter::Program& theirs) {
  Random random(pair.policy.seed);
  for (const AskedCall& asked : boundary_inputs(pair.policy, random)) {
    if (asked.audit == x86_64_audit && asked.number >= x32_first) continue;
    filter::Input input{.number = asked.number, .arch = asked.audit, .args = asked.args};
    uint32_t their_answer = filter::normalised(filter::evaluate(theirs, input).ret).ret;
    ASSERT_EQ(filter::evaluate(ours.program, input).ret, their_answer)
        << "number " << asked.number << std::hex << " args " << asked.args[0] << " "
        << asked.args[1] << " " << asked.args[2] << " " << asked.args[3] << " " << asked.args[4]
        << " " << asked.args[5] << "\n"
        << text_of(pair.policy);
  }
}

// For all arguments of all numbers below the x32 ones, and for all other architectures.
void compare_decisions(filter::Store& store, const Pair& pair, const filter::Compiled& ours,
                       const filter::Program& theirs) {
  auto lifted = filter::lift(store, theirs);
  const auto* decision = std::get_if<filter::Decision>(&lifted);
  ASSERT_TRUE(decision) << std::get<filter::Undecided>(lifted).why;
  ASSERT_EQ(decision->other, ours.decision.other);
  for (const filter::Decision* one : {decision, &ours.decision}) {
    ASSERT_LE(one->archs.size(), 1u);
    for (const filter::Run& run : one->runs(x86_64_audit)) {
      if (run.first >= x32_first) continue;
      ASSERT_EQ(decision->at(x86_64_audit, run.first), ours.decision.at(x86_64_audit, run.first))
          << "number " << run.first << "\n"
          << text_of(pair.policy);
    }
  }
}

TEST(Libseccomp, MeansTheSameWhereItCanSayTheSame) {
  uint64_t rounds = std::min<uint64_t>(from_environment("SECLUDE_ROUNDS", 2000), 100000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  seccomp_api_set(7);  // notify and the rest, also where the running kernel has them not
  filter::Store store;
  size_t longer = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    Pair pair(seed);
    auto ours = compiled(store, pair.policy);
    ASSERT_TRUE(ours);
    filter::Program theirs = pair.their_program();
    compare_answers(pair, *ours, theirs);
    compare_decisions(store, pair, *ours, theirs);
    if (::testing::Test::HasFailure()) FAIL() << "SECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1";
    longer += theirs.size() > ours->program.size();
  }
  std::printf("%llu policies; libseccomp's program is longer for %zu of them\n",
              static_cast<unsigned long long>(rounds), longer);
}

}  // namespace
}  // namespace seclude::exhaustive
