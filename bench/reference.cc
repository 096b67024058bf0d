#include "reference.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "calls/calls.h"

namespace seclude::bench {
namespace {

using calls::Arch;
using filter::Action;
using filter::Compare;
using filter::Condition;

std::optional<Compare> compare_named(const std::string& name) {
  static const std::map<std::string, Compare> names = {
      {"eq", Compare::Equal},       {"ne", Compare::NotEqual}, {"lt", Compare::Less},
      {"le", Compare::LessEqual},   {"gt", Compare::Greater},  {"ge", Compare::GreaterEqual},
      {"masked_eq", Compare::Equal}};
  auto found = names.find(name);
  if (found == names.end()) return std::nullopt;
  return found->second;
}

// ARG OP WIDTH VALUE MASK
std::optional<Condition> read_test(std::istream& line) {
  unsigned arg = 0, width = 0;
  std::string op;
  uint64_t value = 0, mask = 0;
  line >> std::dec >> arg >> op >> width >> std::hex >> value >> mask >> std::dec;
  std::optional<Compare> compare = compare_named(op);
  if (!line || !compare || (width != 32 && width != 64)) return std::nullopt;
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test.field = {static_cast<uint8_t>(width), static_cast<uint8_t>(arg), {}, false};
  condition.test.op = *compare;
  condition.test.mask = width == 32 ? mask & 0xffffffff : mask;
  condition.test.value = value & condition.test.mask;
  return condition;
}

bool read_rule(std::istream& line, PolicyFile& policy) {
  uint32_t number = 0, ret = 0;
  unsigned tests = 0;
  line >> std::dec >> number >> std::hex >> ret >> std::dec >> tests;
  filter::Rule rule;
  rule.action = {ret};
  if (tests > 0) rule.where.kind = Condition::Kind::And;
  for (unsigned i = 0; i < tests; ++i) {
    std::optional<Condition> test = read_test(line);
    if (!test) return false;
    rule.where.children.push_back(*test);
  }
  policy.rules[number].push_back(rule);
  return !line.fail();
}

uint32_t number_of(std::string_view name) {
  return calls::number_of(*calls::find_call(name), Arch::x86_64).value();
}

// What the language adds: signal returns pass, twins of calls with tested arguments do not exist.
void add_meaning(PolicyFile& policy) {
  auto only = [](Action action) {
    filter::Rule rule;
    rule.action = action;
    return std::vector<filter::Rule>{rule};
  };
  for (std::string_view name : {"restart_syscall", "rt_sigreturn"})
    policy.rules[number_of(name)] = only(Action::allow());
  auto is_tested = [&](std::string_view name) {
    auto found = policy.rules.find(number_of(name));
    return found != policy.rules.end() && found->second[0].where.kind != Condition::Kind::Always;
  };
  constexpr std::pair<std::string_view, std::string_view> twins[] = {{"clone", "clone3"},
                                                                     {"openat", "openat2"}};
  for (auto [call, twin] : twins)
    if (is_tested(call)) policy.rules.try_emplace(number_of(twin), only(Action::deny(38)));
}

}  // namespace

std::optional<PolicyFile> read_policy(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  PolicyFile policy;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string keyword;
    line >> keyword;
    if (keyword == "default")
      line >> std::hex >> policy.otherwise.ret;
    else if (keyword != "rule" || !read_rule(line, policy))
      return std::nullopt;
  }
  return policy;
}

filter::Rules rules_of(PolicyFile policy) {
  add_meaning(policy);
  filter::ArchRules arch;
  arch.arch = Arch::x86_64;
  arch.unknown = Action::deny(38);
  std::set<uint32_t> known;
  for (const calls::Numbered& numbered : calls::numbers(Arch::x86_64))
    if (calls::since(numbered.call, Arch::x86_64) <= calls::KernelVersion{6, 12})
      known.insert(numbered.number);
  for (const auto& [number, rules] : policy.rules) known.insert(number);
  for (uint32_t number : known) {
    filter::NumberRules made;
    made.number = number;
    made.otherwise = policy.otherwise;
    made.first_rule = static_cast<uint32_t>(arch.rules.size());
    if (auto found = policy.rules.find(number); found != policy.rules.end())
      arch.rules.insert(arch.rules.end(), found->second.begin(), found->second.end());
    made.end_rule = static_cast<uint32_t>(arch.rules.size());
    arch.numbers.push_back(made);
  }
  return filter::Rules{{std::move(arch)}};
}

std::optional<Mix> read_mix(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  Mix mix;
  mix.name = std::filesystem::path(path).stem().stem().string();
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    filter::WeightedInput call;
    line >> std::dec >> call.weight >> call.input.number >> std::hex;
    for (uint64_t& arg : call.input.args) line >> arg;
    if (!line) return std::nullopt;
    call.input.arch = calls::info(Arch::x86_64).audit;
    mix.calls.push_back(call);
  }
  return mix;
}

}  // namespace seclude::bench
