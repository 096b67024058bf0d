// Tells on which architectures and in which phases an `expect` counts; see expect_scope.h.
#include "filter/proof/expect_scope.h"

#include <string>
#include <variant>

namespace seclude::filter {

namespace {

uint16_t bit(calls::Arch arch) { return static_cast<uint16_t>(1u << static_cast<unsigned>(arch)); }

uint16_t looked_at(const Resolved& resolved) {
  uint16_t archs = 0;
  for (calls::Arch arch : resolved.archs) archs = static_cast<uint16_t>(archs | bit(arch));
  return archs;
}

// What the policy is for, whether or not `--arch` chose something else.
uint16_t listed(const Resolved& resolved) {
  uint16_t archs = looked_at(resolved);
  if (!resolved.flat.architectures) return archs;
  for (const policy::Name& name : resolved.flat.architectures->names)
    if (auto arch = calls::find_arch(name.text)) archs = static_cast<uint16_t>(archs | bit(*arch));
  return archs;
}

uint16_t named(const Item& item) {
  const auto& expect = std::get<policy::Expect>(item.statement->body);
  auto arch = expect.on ? calls::find_arch(expect.on->text) : std::nullopt;
  return arch ? static_cast<uint16_t>(item.archs & bit(*arch)) : item.archs;
}

}  // namespace

uint16_t expected_archs(const Item& expect, const Resolved& resolved) {
  return static_cast<uint16_t>(named(expect) & looked_at(resolved));
}

bool provable(const Item& item, const Resolved& resolved, Diagnostics& diagnostics) {
  const auto& expect = std::get<policy::Expect>(item.statement->body);
  if (expect.on && !arch_named(*expect.on, diagnostics)) return false;
  if ((named(item) & listed(resolved)) != 0) return expected_archs(item, resolved) != 0;
  diagnostics.add({.message = "this expectation is about no listed architecture",
                   .span = expect.on ? expect.on->span : item.statement->keyword,
                   .label = "there is nothing to prove",
                   .helps = {"list it in `architectures`, or leave the expectation out"}});
  return false;
}

}  // namespace seclude::filter
