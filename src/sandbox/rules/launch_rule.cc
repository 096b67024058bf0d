// Launch rule: see launch_rule.h.
#include "sandbox/rules/launch_rule.h"

#include "sandbox/rules/added_rules.h"

namespace seclude::sandbox {
namespace {

using filter::ArchRules;
using filter::Condition;

constexpr uint64_t listener_flag = 8;  // SECCOMP_FILTER_FLAG_NEW_LISTENER
constexpr uint8_t seccomp_flags_arg = 1;
constexpr uint8_t first_unused_arg = 3;  // execve, sendmsg and seccomp read 0, 1 and 2

Condition holds_key(const kernel::raw::LaunchKey& key, calls::Arch arch) {
  const uint8_t bits = calls::info(arch).word_bits;
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  std::vector<Condition> parts;
  for (size_t i = 0; i < key.size(); ++i) {
    filter::Test test;
    test.field = {.bits = bits, .low = static_cast<uint8_t>(first_unused_arg + i), .high = {}};
    test.mask = mask;
    test.value = key[i] & mask;
    parts.push_back(test_of(std::move(test)));
  }
  return all_of(std::move(parts));
}

Condition asks_for_listener() {
  filter::Test test;
  test.field = {.bits = 32, .low = seccomp_flags_arg, .high = {}};
  test.op = filter::Compare::HasAny;
  test.mask = 0xffffffff;
  test.value = listener_flag;
  return test_of(std::move(test));
}

}  // namespace

Result<filter::Rules> with_launch_rule(filter::Rules rules, const kernel::raw::LaunchKey& key,
                                       calls::Arch arch, HandOver hand_over) {
  for (ArchRules& of_arch : rules.archs) {
    if (of_arch.arch != arch) continue;
    const Condition launching = holds_key(key, arch);
    exempt(of_arch, "execve", launching);
    if (hand_over == HandOver::Listener) exempt(of_arch, "sendmsg", launching);
    if (hand_over == HandOver::Filters) exempt(of_arch, "seccomp", launching);
    return rules;
  }
  return fail("run a program of " + std::string(calls::info(arch).name) +
                  " behind a policy that does not list this architecture",
              0, "add it to the policy's `architectures` line");
}

filter::Rules without_new_listeners(filter::Rules rules) {
  for (ArchRules& of_arch : rules.archs)
    refuse(of_arch, {.call = "seccomp", .where = asks_for_listener()});
  return rules;
}

}  // namespace seclude::sandbox
