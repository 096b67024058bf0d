// Looks up calls, sets, values and parameters by scope; see names.h.
#include "filter/rules/names.h"

#include <algorithm>
#include <variant>

#include "base/text.h"
#include "calls/constants.h"

namespace seclude::filter {

namespace {

constexpr int deepest = 64;  // of lets within lets; a circle runs into it
// Names behind one value: lets that name each other twice would double the work at every step.
constexpr size_t most_followed = 4096;

// Calls `visit` for every statement, also those inside `on` and `phase`.
template <typename Visit>
void each_statement(const policy::Block& block, const Visit& visit) {
  for (const policy::Statement& statement : block) {
    visit(statement);
    if (const auto* phase = std::get_if<policy::Phase>(&statement.body))
      each_statement(phase->body, visit);
    if (const auto* on = std::get_if<policy::OnArchitectures>(&statement.body))
      each_statement(on->body, visit);
  }
}

}  // namespace

Names::Names(const policy::Texts& texts, const Settings& settings, calls::KernelVersion pin,
             Diagnostics& diagnostics)
    : texts_(texts), settings_(settings), pin_(pin), diagnostics_(diagnostics) {
  definitions_.resize(texts.policies.size());
  for (size_t text = 0; text < texts.policies.size(); text++) {
    Definitions& own = definitions_[text];
    each_statement(texts.policies[text].statements, [&](const policy::Statement& statement) {
      if (const auto* set = std::get_if<policy::SetDefinition>(&statement.body))
        own.sets.emplace(set->name.text, set);
      if (const auto* let = std::get_if<policy::Let>(&statement.body))
        own.lets.emplace(let->name.text, let);
      if (const auto* parameter = std::get_if<policy::Parameter>(&statement.body))
        own.parameters.emplace(parameter->name.text, parameter);
    });
  }
}

const std::vector<size_t>& Names::scope(size_t text) const {
  const std::vector<size_t>& order = definitions_[text].scope;
  if (!order.empty()) return order;
  std::vector<bool> seen(texts_.policies.size());
  std::vector<size_t> found{text};
  seen[text] = true;
  for (size_t i = 0; i < found.size(); i++) {  // breadth first: nearest texts come first
    each_statement(texts_.policies[found[i]].statements, [&](const policy::Statement& statement) {
      const auto* use = std::get_if<policy::Use>(&statement.body);
      if (!use) return;
      for (const policy::Name& ref : use->refs) {
        auto edge = texts_.uses.find(ref.span);
        if (edge == texts_.uses.end() || seen[edge->second]) continue;
        seen[edge->second] = true;
        found.push_back(edge->second);
      }
    });
  }
  return definitions_[text].scope = std::move(found);
}

void Names::unknown(std::string what, const policy::Name& name, std::string label,
                    const std::vector<std::string_view>& candidates) {
  Diagnostic problem{.message = "unknown " + what + " `" + escape(name.text, 60) + "`",
                     .span = name.span,
                     .label = std::move(label)};
  if (auto near = nearest(name.text, candidates))
    problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
  diagnostics_.add(std::move(problem));
}

// ---- calls --------------------------------------------------------------------------------------

CallList Names::calls(size_t text, const policy::Calls& list) {
  CallList result;
  result.calls.reserve(list.size());
  std::vector<const std::vector<calls::CallId>*> sets;
  for (const policy::CallRef& ref : list) {
    switch (ref.kind) {
      case policy::CallRef::Kind::Number:
        result.numbers.push_back(&ref);
        break;
      case policy::CallRef::Kind::Set:
        if (ref.name.text == "@unknown")
          result.unknown = true;
        else if (const auto* members = set(text, ref.name))
          sets.push_back(members);
        break;
      case policy::CallRef::Kind::Call:
        if (auto call = calls::find_call(ref.name.text)) {
          result.calls.push_back({*call, true});
        } else {
          std::vector<std::string_view> all;
          for (const calls::Call& known : calls::all_calls()) all.push_back(known.name);
          unknown("system call", ref.name, "no architecture has a call of this name", all);
        }
        break;
    }
  }
  if (sets.empty() && result.calls.size() == 1) return result;
  for (const auto* members : sets)
    for (calls::CallId member : *members) result.calls.push_back({member, false});
  // Each call once; its own name counts for more than a set. Many lists are written in this order.
  auto before = [](NamedCall a, NamedCall b) {
    return a.call != b.call ? a.call < b.call : a.named > b.named;
  };
  if (!std::is_sorted(result.calls.begin(), result.calls.end(), before))
    std::sort(result.calls.begin(), result.calls.end(), before);
  auto same = [](NamedCall a, NamedCall b) { return a.call == b.call; };
  result.calls.erase(std::unique(result.calls.begin(), result.calls.end(), same),
                     result.calls.end());
  return result;
}

const std::vector<calls::CallId>* Names::set(size_t text, const policy::Name& name) {
  const policy::SetDefinition* definition = nullptr;
  size_t home = text;
  for (size_t candidate : scope(text)) {
    auto found = definitions_[candidate].sets.find(name.text);
    if (found == definitions_[candidate].sets.end()) continue;
    definition = found->second;
    home = candidate;
    break;
  }
  if (!definition) {
    auto library = texts_.library_sets.find(name.text);
    if (library == texts_.library_sets.end()) return nullptr;  // load() has reported it
    auto found = definitions_[library->second].sets.find(name.text);
    if (found == definitions_[library->second].sets.end()) return nullptr;
    definition = found->second;
    home = library->second;
  }
  auto known = sets_.find(definition);
  if (known != sets_.end()) return &known->second;
  if (!open_sets_.insert(definition).second) {
    diagnostics_.add({.message = "the set `" + name.text + "` contains itself",
                      .span = definition->name.span,
                      .label = "its members lead back here"});
    return nullptr;
  }
  CallList with = calls(home, definition->calls), without = calls(home, definition->without);
  open_sets_.erase(definition);
  for (const policy::CallRef* number : with.numbers)
    diagnostics_.add({.message = "a set cannot contain `" + number->name.text + "`",
                      .span = number->name.span,
                      .label = "a number means a call only on one architecture",
                      .helps = {"write a rule for it inside `on ARCH { ... }`"}});
  std::vector<calls::CallId> members;
  members.reserve(with.calls.size());
  for (NamedCall call : with.calls) {
    bool removed = std::any_of(without.calls.begin(), without.calls.end(),
                               [&](NamedCall other) { return other.call == call.call; });
    if (!removed) members.push_back(call.call);
  }
  return &(sets_[definition] = std::move(members));
}

// ---- values -------------------------------------------------------------------------------------

std::optional<std::pair<const policy::Value*, size_t>> Names::let(size_t text,
                                                                  std::string_view name) const {
  for (size_t candidate : scope(text)) {
    auto found = definitions_[candidate].lets.find(name);
    if (found != definitions_[candidate].lets.end())
      return std::pair{&found->second->value, candidate};
  }
  return std::nullopt;
}

const policy::Parameter* Names::parameter(size_t text, std::string_view name) const {
  for (size_t candidate : scope(text)) {
    auto found = definitions_[candidate].parameters.find(name);
    if (found != definitions_[candidate].parameters.end()) return found->second;
  }
  return nullptr;
}

std::optional<std::string> Names::bound(std::string_view parameter) const {
  auto found = settings_.parameters.find(parameter);
  if (found == settings_.parameters.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> Names::place(size_t text, std::string_view name) const {
  if (auto value = bound(name)) return value;
  const policy::Parameter* found = parameter(text, name);
  if (!found || !found->value) return std::nullopt;
  if (const auto* value = std::get_if<std::string>(&*found->value)) return *value;
  const auto& terms = std::get<policy::Value>(*found->value).terms;  // a port
  const bool number = terms.size() == 1 && terms[0].kind == policy::Value::Term::Kind::Number &&
                      terms[0].prefix == policy::Value::Term::Prefix::None;
  return number ? std::optional(std::to_string(terms[0].number)) : std::nullopt;
}

std::optional<uint64_t> Names::value(size_t text, const policy::Value& value, calls::Arch arch) {
  followed_ = 0;
  return terms(text, value.terms, arch, 0);
}

bool Names::follow(const policy::Value::Term& term) {
  if (followed_ >= most_followed) return false;  // it was said
  if (++followed_ < most_followed) return true;
  diagnostics_.add({.message = "the value of `" + term.text + "` is too entangled",
                    .span = term.span,
                    .label = "it leads to more than " + std::to_string(most_followed) + " names"});
  return false;
}

std::optional<uint64_t> Names::terms(size_t text, const std::vector<policy::Value::Term>& list,
                                     calls::Arch arch, int depth) {
  uint64_t result = 0;
  bool known = true;
  for (const policy::Value::Term& one : list) {
    if (auto value = term(text, one, arch, depth))
      result |= *value;
    else
      known = false;
  }
  if (!known) return std::nullopt;
  return result;
}

std::optional<uint64_t> Names::term(size_t text, const policy::Value::Term& term, calls::Arch arch,
                                    int depth) {
  using Kind = policy::Value::Term::Kind;
  using Prefix = policy::Value::Term::Prefix;
  std::optional<uint64_t> value;
  switch (term.kind) {
    case Kind::Number:
      value = term.number;
      break;
    case Kind::Group:
      value = terms(text, term.group, arch, depth);
      break;
    case Kind::Name:
      value = word(text, term, arch, depth);
      break;
    case Kind::Parameter:
      value = parameter_value(text, term, arch, depth);
      break;
  }
  if (!value) return std::nullopt;
  switch (term.prefix) {
    case Prefix::None:
      break;
    case Prefix::Complement:
      value = ~*value;
      break;
    case Prefix::Negative:
      value = 0 - *value;
      break;
  }
  return value;
}

std::optional<uint64_t> Names::word(size_t text, const policy::Value::Term& term, calls::Arch arch,
                                    int depth) {
  if (auto definition = let(text, term.text)) {
    if (!follow(term)) return std::nullopt;
    if (depth < deepest)
      return terms(definition->second, definition->first->terms, arch, depth + 1);
    followed_ = most_followed;  // a circle that forks would be walked for ever
    diagnostics_.add({.message = "the value of `" + term.text + "` leads back to itself",
                      .span = term.span,
                      .label = "a circle of `let`"});
    return std::nullopt;
  }
  if (auto constant = calls::find_constant(term.text)) {
    if (auto value = calls::value_of(*constant, arch)) return value;
    diagnostics_.add(
        {.message = "`" + term.text + "` does not exist on " + std::string(calls::info(arch).name),
         .span = term.span,
         .label = "this architecture's kernel has no such constant",
         .helps = {"put the line into `on ARCH { ... }` for the architectures that "
                   "have it"}});
    return std::nullopt;
  }
  unknown_constant(term);
  return std::nullopt;
}

void Names::unknown_constant(const policy::Value::Term& term) {
  std::vector<std::string_view> all;
  for (const calls::Constant& constant : calls::all_constants()) all.push_back(constant.name);
  for (const Definitions& own : definitions_)
    for (const auto& [name, definition] : own.lets) all.push_back(name);
  unknown("constant", {term.text, term.span}, "neither the kernel nor a `let` defines it", all);
}

void Names::spelled(size_t text, const std::vector<policy::Value::Term>& list) {
  for (const policy::Value::Term& term : list) {
    if (term.kind == policy::Value::Term::Kind::Group) spelled(text, term.group);
    bool word = term.kind == policy::Value::Term::Kind::Name;
    if (word && !let(text, term.text) && !calls::find_constant(term.text)) unknown_constant(term);
  }
}

std::optional<uint64_t> Names::parameter_value(size_t text, const policy::Value::Term& term,
                                               calls::Arch arch, int depth) {
  const policy::Parameter* declared = parameter(text, term.text);
  if (!declared) {
    std::vector<std::string_view> all;
    for (size_t candidate : scope(text))
      for (const auto& [name, definition] : definitions_[candidate].parameters) all.push_back(name);
    unknown("parameter", {term.text, term.span}, "declare it: `parameter NAME : number`", all);
    return std::nullopt;
  }
  if (declared->type != policy::ParameterType::Number &&
      declared->type != policy::ParameterType::Port) {
    diagnostics_.add({.message = "parameter `" + term.text + "` is no number",
                      .span = term.span,
                      .label = "a value in a comparison must be a number"});
    return std::nullopt;
  }
  if (auto text_value = bound(term.text)) {
    bool negative = text_value->starts_with('-');
    auto number = parse_integer(std::string_view(*text_value).substr(negative ? 1 : 0));
    if (number) return negative ? 0 - *number : *number;
    diagnostics_.add({.message = "`" + escape(*text_value, 60) + "` is no number",
                      .span = declared->name.span,
                      .label = "this parameter is a number"});
    return std::nullopt;
  }
  if (declared->value && !follow(term)) return std::nullopt;
  if (declared->value)
    if (const auto* value = std::get_if<policy::Value>(&*declared->value))
      if (depth < deepest) return terms(text, value->terms, arch, depth + 1);
  diagnostics_.add({.message = "parameter `" + term.text + "` has no value",
                    .span = declared->name.span,
                    .label = "it has no default, and none was given",
                    .helps = {"give one: `--set " + term.text + "=NUMBER`"}});
  return std::nullopt;
}

std::vector<Names::Mentioned> Names::mentioned(size_t text, const policy::Value& value) {
  std::vector<Mentioned> out;
  followed_ = 0;
  mention(text, value.terms, out, 0);
  return out;
}

void Names::mention(size_t text, const std::vector<policy::Value::Term>& list,
                    std::vector<Mentioned>& out, int depth) const {
  if (depth > deepest) return;
  for (const policy::Value::Term& term : list) {
    if (term.kind == policy::Value::Term::Kind::Group) mention(text, term.group, out, depth + 1);
    if (term.kind != policy::Value::Term::Kind::Name) continue;
    if (auto definition = let(text, term.text)) {
      if (followed_++ >= most_followed) return;
      size_t before = out.size();
      mention(definition->second, definition->first->terms, out, depth + 1);
      for (size_t i = before; i < out.size(); i++) out[i].span = term.span;  // where it was used
    } else if (auto constant = calls::find_constant(term.text)) {
      out.push_back({*constant, term.span});
    }
  }
}

bool Names::complements(size_t text, const std::vector<policy::Value::Term>& list,
                        int depth) const {
  if (depth > deepest) return false;
  return std::any_of(list.begin(), list.end(), [&](const policy::Value::Term& term) {
    if (term.prefix == policy::Value::Term::Prefix::Complement) return true;
    if (term.kind == policy::Value::Term::Kind::Group)
      return complements(text, term.group, depth + 1);
    if (term.kind != policy::Value::Term::Kind::Name) return false;
    auto definition = let(text, term.text);
    if (definition && followed_++ >= most_followed) return false;
    return definition && complements(definition->second, definition->first->terms, depth + 1);
  });
}

}  // namespace seclude::filter
