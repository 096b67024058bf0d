// Words: how the language spells the model's enumerations.
//
// In: an enumerator, or a word. Out: the word, or the enumerator. Parser and printer both read
// these tables, so that neither can know a word the other does not.
#pragma once

#include <optional>
#include <string_view>

#include "policy/policy.h"

namespace seclude::policy {

std::string_view action_word(ActionWord word);             // "kill-thread"
std::string_view path_verb_word(PathVerb verb);            // "create"
std::string_view parameter_type_word(ParameterType type);  // "number"
std::string_view operator_word(Operator op);               // "has all", "not in"

std::optional<ActionWord> find_action(std::string_view word);
std::optional<PathVerb> find_path_verb(std::string_view word);
std::optional<ParameterType> find_parameter_type(std::string_view word);

}  // namespace seclude::policy
