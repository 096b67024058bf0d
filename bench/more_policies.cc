#include "more_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/result.h"
#include "calls/calls.h"
#include "policy/load.h"

namespace seclude::bench {
namespace {

using calls::Arch;
using filter::Action;
using filter::Compare;
using filter::Condition;
using Json = nlohmann::json;

// ---- podman's profile ---------------------------------------------------------------------------

bool has(const Json& group, const char* what) {
  return group.is_object() && group.contains(what) && !group[what].empty();
}

// Whether the entry counts on x86_64, without extra capabilities.
bool counts(const Json& entry) {
  Json includes = entry.value("includes", Json::object());
  if (has(includes, "caps")) return false;
  if (!has(includes, "arches")) return true;
  const Json& arches = includes["arches"];
  return std::find(arches.begin(), arches.end(), "amd64") != arches.end();
}

std::optional<Compare> compare_named(const std::string& name) {
  if (name == "SCMP_CMP_EQ") return Compare::Equal;
  if (name == "SCMP_CMP_NE") return Compare::NotEqual;
  return std::nullopt;
}

std::optional<filter::Rule> rule_of(const Json& entry) {
  filter::Rule rule;
  rule.action = Action::allow();
  if (entry["action"] == "SCMP_ACT_ERRNO") rule.action = Action::deny(entry["errnoRet"]);
  Json args = entry.value("args", Json::array());
  if (!args.is_array() || args.empty()) return rule;
  rule.where.kind = Condition::Kind::And;
  for (const Json& arg : args) {
    std::optional<Compare> compare = compare_named(arg["op"]);
    if (!compare) return std::nullopt;
    Condition test;
    test.kind = Condition::Kind::Test;
    test.test.field = {64, static_cast<uint8_t>(arg["index"].get<unsigned>()), {}, false};
    test.test.op = *compare;
    test.test.value = arg["value"];
    rule.where.children.push_back(std::move(test));
  }
  return rule;
}

// ---- texts --------------------------------------------------------------------------------------

std::string_view name_of(uint32_t number) {
  return calls::name_of(*calls::call_at(Arch::x86_64, number));
}

std::string_view symbol(Compare op) {
  switch (op) {
    case Compare::NotEqual:
      return "!=";
    case Compare::Less:
      return "<";
    case Compare::LessEqual:
      return "<=";
    case Compare::Greater:
      return ">";
    case Compare::GreaterEqual:
      return ">=";
    default:
      return "==";
  }
}

std::string test_text(calls::CallId call, const filter::Test& test) {
  const calls::Arg& argument = calls::args(call, Arch::x86_64)[test.field.low];
  uint64_t whole = argument.bits == 64 ? ~uint64_t{0} : 0xffffffff;
  std::string text(argument.kernel_name);
  if ((test.mask & whole) != whole) text += fmt::format(" & {:#x}", test.mask & whole);
  return text + fmt::format(" {} {:#x}", symbol(test.op), test.value & whole);
}

std::string rule_text(uint32_t number, const filter::Rule& rule) {
  calls::CallId call = *calls::call_at(Arch::x86_64, number);
  std::string text = rule.action == Action::allow() ? "allow " : "deny ";
  text += calls::name_of(call);
  if (rule.action != Action::allow()) text += fmt::format(" with {}", rule.action.ret & 0xffff);
  std::string_view joint = " where ";
  for (const Condition& child : rule.where.children) {
    text += joint;
    text += test_text(call, child.test);
    joint = " and ";
  }
  return text + "\n";
}

std::string otherwise_text(Action action) {
  if (action == Action::kill()) return "kill";
  return action.ret == 0x30000 ? "trap" : fmt::format("deny with {}", action.ret & 0xffff);
}

}  // namespace

std::optional<PolicyFile> read_podman(const std::string& path) {
  std::ifstream file(path);
  Json profile = Json::parse(file, nullptr, false);
  if (!file || profile.is_discarded()) return std::nullopt;
  PolicyFile policy;
  policy.otherwise = Action::deny(profile["defaultErrnoRet"]);
  for (const Json& entry : profile["syscalls"]) {
    if (!counts(entry)) continue;
    std::optional<filter::Rule> rule = rule_of(entry);
    if (!rule) return std::nullopt;
    for (const Json& name : entry["names"]) {
      std::optional<calls::CallId> call = calls::find_call(name.get<std::string>());
      std::optional<uint32_t> number = call ? calls::number_of(*call, Arch::x86_64) : std::nullopt;
      if (number) policy.rules[*number].push_back(*rule);
    }
  }
  return policy;
}

PolicyFile system_service() {
  filter::Rules rules = rules_of_text(
      "seclude 1\npolicy services\narchitectures x86_64\notherwise deny with EPERM\n"
      "allow @system-service\n");
  PolicyFile policy;
  policy.otherwise = Action::deny(1);
  const filter::ArchRules& arch = rules.archs.front();
  for (const filter::NumberRules& number : arch.numbers) {
    if (number.first_rule == number.end_rule) continue;
    const filter::Rule& rule = arch.rules[number.first_rule];
    if (rule.action == Action::allow()) policy.rules[number.number].push_back(rule);
  }
  return policy;
}

std::string text_of(const PolicyFile& policy, uint32_t left_out) {
  std::string text = "seclude 1\npolicy reference\narchitectures x86_64\notherwise ";
  text += otherwise_text(policy.otherwise) + "\nallow";
  std::string_view comma = " ";
  std::string conditional;
  for (const auto& [number, rules] : policy.rules) {
    if (number == left_out) continue;
    bool always = rules.size() == 1 && rules[0].action == Action::allow() &&
                  rules[0].where.kind == Condition::Kind::Always;
    if (always) {
      text += comma;
      text += name_of(number);
      comma = ", ";
      continue;
    }
    for (const filter::Rule& rule : rules) conditional += rule_text(number, rule);
  }
  return text + "\n" + conditional;
}

filter::Rules rules_of_text(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const policy::Texts texts =
      policy::load({"reference", text}, policy::built_in, sources, diagnostics);
  filter::Resolved resolved = filter::resolve(texts, {}, diagnostics);
  if (diagnostics.has_errors()) std::fputs(text.c_str(), stderr);
  CHECK(!diagnostics.has_errors());
  return std::move(resolved.phases.front().rules);
}

}  // namespace seclude::bench
