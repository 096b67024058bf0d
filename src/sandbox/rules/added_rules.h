// Added rules: tools for adding to the rules of a policy what the launcher needs.
//
// In: the rules of one architecture. Out: the same with conditions that refuse or exempt some
// calls. What the policy says stays said: a stricter answer stays, and so does a denial with
// another errno.
// Neighbours: launch_rule.cc and guard_rules.cc add; filter/rules.h is what they change.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "filter/rules.h"

namespace seclude::sandbox {

// ---- conditions ---------------------------------------------------------------------------------

filter::Condition test_of(filter::Test test);
filter::Condition negation(filter::Condition condition);
filter::Condition all_of(std::vector<filter::Condition> conditions);
filter::Condition any_of(std::vector<filter::Condition> conditions);
// The low 32 bits of an argument are one of these.
filter::Condition argument_in(uint8_t argument, std::vector<uint32_t> values);

// The values of these constants, as far as the architecture has them.
std::vector<uint32_t> values_of(std::initializer_list<std::string_view> names, calls::Arch arch);

// ---- rules of one call --------------------------------------------------------------------------

std::optional<uint32_t> number_of(std::string_view call, calls::Arch arch);

// The call is denied where the condition holds and the policy says nothing stricter. A call that
// the architecture does not have is left out.
struct Refusal {
  std::string_view call;
  filter::Condition where;
  uint16_t errno_value = 1;  // EPERM
};
void refuse(filter::ArchRules& rules, const Refusal& refusal);

// What the policy permits of the call waits for the helper, which does it for the program.
void leave_to_helper(filter::ArchRules& rules, std::string_view call, filter::Reason reason);

// The call is allowed where the condition holds, whatever the policy says.
void exempt(filter::ArchRules& rules, std::string_view call, const filter::Condition& where);

}  // namespace seclude::sandbox
