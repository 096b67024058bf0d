// Spoken: the text of a random policy (spoken.h).
//
// In: the tree. Out: the language, in as many of its spellings as a grammar allows: bases, signs,
// constants, lets, parentheses that are needed and some that are not.
#include "exhaustive/spoken.h"

#include "calls/constants.h"

namespace seclude::exhaustive {

namespace {

std::string text_of(const Value& value) {
  if (!value.let.empty()) return value.let;
  std::string text = value.spelling;
  if (value.constant) {
    std::string name(calls::constant_at(*value.constant).name);
    text = value.number == 0 ? name : name + "|" + text;
  }
  if (!value.complement) return text;
  return "~(" + text + ")";
}

std::string text_of(Operator op) {
  switch (op) {
    case Operator::Equal:
      return "==";
    case Operator::NotEqual:
      return "!=";
    case Operator::Less:
      return "<";
    case Operator::LessEqual:
      return "<=";
    case Operator::Greater:
      return ">";
    case Operator::GreaterEqual:
      return ">=";
    case Operator::In:
      return "in";
    case Operator::NotIn:
      return "not in";
    case Operator::Has:
      return "has";
    case Operator::HasAll:
      return "has all";
    case Operator::HasAny:
      return "has any";
    case Operator::Lacks:
      return "lacks";
    case Operator::Within:
      return "within";
  }
  return "";
}

std::string text_of(const Test& test) {
  std::string text = test.arg;
  if (test.mask) text += " & " + text_of(*test.mask);
  text += " " + text_of(test.op) + " ";
  if (test.op != Operator::In && test.op != Operator::NotIn) return text + text_of(test.value);
  text += "(";
  for (size_t i = 0; i < test.items.size(); i++) {
    if (i > 0) text += ", ";
    text += text_of(test.items[i].low);
    if (test.items[i].high) text += ".." + text_of(*test.items[i].high);
  }
  return text + ")";
}

std::string text_of(const Answer& answer) {
  static constexpr std::string_view words[] = {"kill", "kill-thread", "trap", "deny",
                                               "ask",  "trace",       "log",  "allow"};
  return std::string(words[static_cast<size_t>(answer.word)]);
}

std::string list_of(const Spoken& policy, const Line& line) {
  std::string list;
  auto add = [&](std::string_view name) {
    if (!list.empty()) list += ", ";
    list += name;
  };
  for (CallId call : line.calls) add(calls::name_of(call));
  for (size_t set : line.sets) add(policy.sets[set].name);
  for (uint32_t number : line.numbers) add("nr:" + std::to_string(number));
  return list;
}

std::string text_of(const Spoken& policy, const Line& line) {
  std::string with = line.answer.with.empty() ? "" : " with " + line.answer.with;
  std::string text;
  switch (line.kind) {
    case Line::Kind::Rule:
      text = text_of(line.answer) + " " + list_of(policy, line) + with;
      break;
    case Line::Kind::Otherwise:
      text = "otherwise " + text_of(line.answer) + with;
      break;
    case Line::Kind::OtherwiseFor:
      text = "otherwise " + text_of(line.answer) + with + " for " + list_of(policy, line);
      break;
    case Line::Kind::OtherwiseForUnknown:
      text = "otherwise " + text_of(line.answer) + with + " for @unknown";
      break;
  }
  if (line.where) text += " where " + text_of(*line.where);
  if (line.on) text = "on " + std::string(calls::info(*line.on).name) + " { " + text + " }";
  return text + "\n";
}

}  // namespace

std::optional<uint64_t> value_on(const Value& value, Arch arch) {
  uint64_t number = value.number;
  if (value.constant) {
    auto own = calls::value_of(*value.constant, arch);
    if (!own) return std::nullopt;
    number |= *own;
  }
  return value.complement ? ~number : number;
}

std::string text_of(const Pred& pred) {
  if (pred.kind == Pred::Kind::Test) return text_of(pred.test);
  auto wrapped = [](const Pred& child) { return "(" + text_of(child) + ")"; };
  if (pred.kind == Pred::Kind::Not) {
    const Pred& child = pred.children.front();
    return "not " +
           (child.kind == Pred::Kind::Test && child.test.mask ? text_of(child) : wrapped(child));
  }
  bool is_and = pred.kind == Pred::Kind::And;
  std::string text;
  for (const Pred& child : pred.children) {
    if (!text.empty()) text += is_and ? " and " : " or ";
    // `and` binds tighter than `or`; anything else is nested.
    bool bare = child.kind == Pred::Kind::Test || child.kind == Pred::Kind::Not ||
                (!is_and && child.kind == Pred::Kind::And);
    text += bare ? text_of(child) : wrapped(child);
  }
  return text;
}

std::string text_of(const Spoken& policy) {
  std::string text = "seclude 1\npolicy random-" + std::to_string(policy.seed) + "\n";
  text += "architectures ";
  for (size_t i = 0; i < policy.archs.size(); i++)
    text += (i > 0 ? ", " : "") + std::string(calls::info(policy.archs[i]).name);
  text += "\n";
  if (policy.pin)
    text += "kernel " + std::to_string(policy.pin->major) + "." +
            std::to_string(policy.pin->minor) + "\n";
  for (const Value& value : policy.lets) {
    Value plain = value;
    plain.let.clear();
    text += "let " + value.let + " = " + text_of(plain) + "\n";
  }
  for (const Set& set : policy.sets) {
    text += "set " + set.name + " = ";
    for (size_t i = 0; i < set.calls.size(); i++)
      text += (i > 0 ? ", " : "") + std::string(calls::name_of(set.calls[i]));
    text += "\n";
  }
  for (const Line& line : policy.lines) text += text_of(policy, line);
  return text;
}

}  // namespace seclude::exhaustive
