// Rules and decisions as text; see show.h.
#include "cli/show.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "calls/calls.h"

namespace seclude::cli {

namespace {

using filter::Compare;
using filter::Condition;

std::string call_name(calls::Arch arch, uint32_t number) {
  std::optional<calls::CallId> call = calls::call_at(arch, number);
  return call ? std::string(calls::name_of(*call)) : "?";
}

// "arg2:32", "arg1+arg2:64" for a pair of registers.
std::string field_text(const filter::Field& field) {
  std::string high = field.high ? fmt::format("+arg{}", *field.high) : "";
  return fmt::format("arg{}{}:{}{}", field.low, high, field.is_signed ? "s" : "", field.bits);
}

const char* symbol(Compare compare) {
  switch (compare) {
    case Compare::Equal:
      return "==";
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
    case Compare::In:
      return "in";
    case Compare::NotIn:
      return "not in";
    case Compare::HasAll:
      return "has all";
    case Compare::HasAny:
      return "has any";
    case Compare::Lacks:
      return "lacks";
    case Compare::Within:
      return "within";
  }
  return "";
}

std::string test_text(const filter::Test& test) {
  std::string text = field_text(test.field);
  uint64_t whole = test.field.bits == 64 ? UINT64_MAX : (uint64_t{1} << test.field.bits) - 1;
  if ((test.mask & whole) != whole) text += fmt::format(" & {:#x}", test.mask);
  text += fmt::format(" {} ", symbol(test.op));
  if (test.op != Compare::In && test.op != Compare::NotIn)
    return text + fmt::format("{:#x}", test.value);
  std::string items;
  for (auto [low, high] : test.ranges) {
    if (!items.empty()) items += ", ";
    items += low == high ? fmt::format("{:#x}", low) : fmt::format("{:#x}..{:#x}", low, high);
  }
  return text + "(" + items + ")";
}

std::string condition_text(const Condition& condition) {
  auto joined = [&](const char* between) {
    std::string text;
    for (const Condition& child : condition.children)
      text += (text.empty() ? "" : between) + condition_text(child);
    return "(" + text + ")";
  };
  switch (condition.kind) {
    case Condition::Kind::Always:
      return "always";
    case Condition::Kind::Never:
      return "never";
    case Condition::Kind::Test:
      return test_text(condition.test);
    case Condition::Kind::And:
      return joined(" and ");
    case Condition::Kind::Or:
      return joined(" or ");
    case Condition::Kind::Not:
      return "not " + condition_text(condition.children.at(0));
  }
  return "";
}

std::string origin_text(Span origin, filter::Reason reason, const SourceMap& sources) {
  if (origin.known()) return "  # " + sources.where(origin);
  return "  # " + std::string(filter::to_string(reason));
}

std::string number_text(const filter::ArchRules& arch, const filter::NumberRules& number,
                        const SourceMap& sources) {
  std::string text = fmt::format("  {} {}{}\n", number.number, call_name(arch.arch, number.number),
                                 number.mediated ? " (mediated)" : "");
  for (uint32_t i = number.first_rule; i < number.end_rule; i++) {
    const filter::Rule& rule = arch.rules[i];
    text += fmt::format("      {}", filter::to_string(rule.action, arch.arch));
    if (rule.where.kind != Condition::Kind::Always) text += " where " + condition_text(rule.where);
    text += origin_text(rule.origin, rule.reason, sources) + "\n";
  }
  text += fmt::format("      otherwise {}{}\n", filter::to_string(number.otherwise, arch.arch),
                      origin_text(number.otherwise_origin, number.otherwise_reason, sources));
  return text;
}

// ---- diagrams -----------------------------------------------------------------------------------

// Numbers the nodes in the order in which they are first reached, so that equal decisions print the
// same text whatever else their store holds.
class Printer {
 public:
  explicit Printer(const filter::Store& store) : store_(store) {}

  std::string runs(const filter::Runs& runs, std::optional<calls::Arch> arch) {
    std::string text;
    for (size_t i = 0; i < runs.size(); i++) {
      uint64_t next = i + 1 < runs.size() ? runs[i + 1].first : uint64_t{1} << 32;
      std::string last = next - 1 > runs[i].first ? fmt::format("..{}", next - 1) : "";
      text += fmt::format("  {}{}: {}", runs[i].first, last, reference(runs[i].id));
      if (arch && last.empty()) text += "  # " + call_name(*arch, runs[i].first);
      text += "\n";
    }
    return text;
  }

  // Every node mentioned so far, with those they lead to.
  std::string nodes() {
    std::string text;
    for (size_t i = 0; i < order_.size(); i++) {
      const filter::Node node = store_.node(order_[i]);  // a copy: reference() grows order_
      std::string hit = reference(node.hit), miss = reference(node.miss);
      text += fmt::format("  #{}: {} & {:#x} == {:#x} ? {} : {}\n", i, group(node.group), node.mask,
                          node.bits, hit, miss);
    }
    return text;
  }

 private:
  static std::string group(filter::Group group) {
    if (group == filter::Group::ArchNumber) return "arch:number";
    if (group == filter::Group::Ip) return "ip";
    return fmt::format("arg{}", static_cast<unsigned>(group) - 1);
  }

  std::string reference(filter::Id id) {
    if (store_.is_terminal(id)) {
      filter::Action action{store_.value(id)};
      return filter::to_string(action, calls::native());
    }
    auto [place, fresh] = numbers_.emplace(id, order_.size());
    if (fresh) order_.push_back(id);
    return fmt::format("#{}", place->second);
  }

  const filter::Store& store_;
  std::map<filter::Id, size_t> numbers_;
  std::vector<filter::Id> order_;
};

std::optional<calls::Arch> arch_with(uint32_t audit) {
  for (calls::Arch arch : calls::all_archs)
    if (calls::info(arch).audit == audit) return arch;
  return std::nullopt;
}

}  // namespace

std::string show(const filter::Rules& rules, const SourceMap& sources) {
  std::string text;
  for (const filter::ArchRules& arch : rules.archs) {
    text += fmt::format("architecture {}\n", calls::info(arch.arch).name);
    for (const filter::NumberRules& number : arch.numbers)
      text += number_text(arch, number, sources);
    text += fmt::format("  every other number\n      {}{}\n",
                        filter::to_string(arch.unknown, arch.arch),
                        origin_text(arch.unknown_origin, arch.unknown_reason, sources));
  }
  return text + "every other architecture\n      kill\n";
}

std::string show(const filter::Store& store, const filter::Decision& decision) {
  Printer printer(store);
  std::string text;
  for (const filter::ArchRuns& arch : decision.archs) {
    std::optional<calls::Arch> known = arch_with(arch.audit);
    text += fmt::format("architecture {:#x}{}\n", arch.audit,
                        known ? " (" + std::string(calls::info(*known).name) + ")" : "");
    text += printer.runs(arch.runs, known);
  }
  text += "every other architecture\n" + printer.runs(decision.other, std::nullopt);
  std::string nodes = printer.nodes();
  return nodes.empty() ? text : text + "nodes\n" + nodes;
}

}  // namespace seclude::cli
