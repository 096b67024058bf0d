// Stack: a policy as a chain of filters, where one filter would be longer than the kernel takes.
//
// In: a policy's rules. Out: the programs to load, one after another; or why there are none, with
// the figures. The kernel runs every filter and takes the strictest answer, so each program answers
// the policy for some calls and allows all others. What is handed out was lifted back, joined as
// the kernel joins it (proof/strictest.h) and found equal to the policy's own decision: the proof
// does not rest on how the calls were shared out.
// Neighbours: compile.h makes each program; cost.h has the kernel's bound on chains.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "filter/compile.h"
#include "filter/cost.h"
#include "filter/diagram.h"
#include "filter/emit.h"
#include "filter/program.h"
#include "filter/rules.h"

namespace seclude::filter {

// What a store for long policies may hold; Store's own limit is made for those of one filter.
inline constexpr uint32_t chain_node_limit = uint32_t{1} << 20;

struct Stack {
  std::vector<Program> programs;  // in the order of loading; their order does not change a meaning
  Decision decision;              // of the policy (mediated calls allowed) and of all together
  bool big_endian = false;
};

// The bounds are the kernel's; smaller ones are for tests.
struct StackOptions {
  EmitOptions emit = {};
  size_t longest_program = max_program_length;
  size_t longest_chain = chain_limit_instructions;  // converted, see chain_length()
};

// One program where one is enough, as compile() makes it; otherwise the store is emptied first.
tl::expected<Stack, CompileProblem> compile_stack(Store& store, const Rules& rules,
                                                  const StackOptions& options = {});

// The same for programs that are at hand: they are proven like our own, or refused.
tl::expected<Stack, CompileProblem> prove_stack(Store& store, const Rules& rules,
                                                std::vector<Program> programs);

// What the kernel holds against its bound when the last of these is loaded, nothing else being in
// force.
size_t chain_length(const std::vector<Program>& programs);

}  // namespace seclude::filter
