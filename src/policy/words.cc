// The words of the language; see words.h.
#include "policy/words.h"

#include <utility>

#include "base/result.h"

namespace seclude::policy {

namespace {

// Often looked up words first: the tables are searched from the start.
constexpr std::pair<std::string_view, ActionWord> actions[] = {
    {"allow", ActionWord::Allow}, {"deny", ActionWord::Deny},
    {"log", ActionWord::Log},     {"kill", ActionWord::Kill},
    {"ask", ActionWord::Ask},     {"trap", ActionWord::Trap},
    {"trace", ActionWord::Trace}, {"kill-thread", ActionWord::KillThread},
};

constexpr std::pair<std::string_view, PathVerb> path_verbs[] = {
    {"read", PathVerb::Read}, {"write", PathVerb::Write},     {"create", PathVerb::Create},
    {"run", PathVerb::Run},   {"protect", PathVerb::Protect}, {"hide", PathVerb::Hide},
};

constexpr std::pair<std::string_view, ParameterType> parameter_types[] = {
    {"path", ParameterType::Path},     {"host", ParameterType::Host},
    {"port", ParameterType::Port},     {"number", ParameterType::Number},
    {"string", ParameterType::String},
};

constexpr std::pair<std::string_view, Operator> operators[] = {
    {"==", Operator::Equal},       {"!=", Operator::NotEqual},    {"<", Operator::Less},
    {"<=", Operator::LessEqual},   {">", Operator::Greater},      {">=", Operator::GreaterEqual},
    {"in", Operator::In},          {"not in", Operator::NotIn},   {"has", Operator::Has},
    {"has all", Operator::HasAll}, {"has any", Operator::HasAny}, {"lacks", Operator::Lacks},
    {"within", Operator::Within},
};

template <typename Table, typename Enum>
std::string_view spell(const Table& table, Enum value) {
  for (const auto& [word, entry] : table)
    if (entry == value) return word;
  CHECK(false && "every enumerator has a word");
  return {};
}

template <typename Enum, size_t size>
std::optional<Enum> find(const std::pair<std::string_view, Enum> (&table)[size],
                         std::string_view word) {
  for (const auto& [spelled, value] : table)
    if (spelled == word) return value;
  return std::nullopt;
}

}  // namespace

std::string_view action_word(ActionWord word) { return spell(actions, word); }
std::string_view path_verb_word(PathVerb verb) { return spell(path_verbs, verb); }
std::string_view parameter_type_word(ParameterType type) { return spell(parameter_types, type); }
std::string_view operator_word(Operator op) { return spell(operators, op); }

std::optional<ActionWord> find_action(std::string_view word) { return find(actions, word); }
std::optional<PathVerb> find_path_verb(std::string_view word) { return find(path_verbs, word); }
std::optional<ParameterType> find_parameter_type(std::string_view word) {
  return find(parameter_types, word);
}

}  // namespace seclude::policy
