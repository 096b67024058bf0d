// Compile: from text to a proven filter, all passes in order.
//
// In: a policy's rules (or its text). Out: a BPF program that was lifted back and found equal to
// the policy's own decision, over all numbers, architectures and arguments; or a problem. A program
// that was not proven is never handed out.
// Neighbours: stack.h where one program is too long.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "filter/action.h"
#include "filter/compare.h"
#include "filter/diagram.h"
#include "filter/emit.h"
#include "filter/program.h"
#include "filter/resolve.h"
#include "filter/rules.h"

namespace seclude::filter {

struct Compiled {
  Program program;
  Decision decision;  // of both the policy (mediated calls allowed) and the program
  bool big_endian = false;
};

struct CompileProblem {
  std::string message = {};                // in the user's words
  std::optional<Difference> witness = {};  // our bug: the program answers this input differently
  size_t too_long = 0;  // instructions, where these are more than the kernel takes in a filter
};

// Rules to a proven program. All architectures must have one byte order.
tl::expected<Compiled, CompileProblem> compile(Store& store, const Rules& rules,
                                               const EmitOptions& options = {});

// The same for a program that is at hand: it is proven like one of our own, or refused.
tl::expected<Compiled, CompileProblem> prove(Store& store, const Rules& rules, Program program);

// ---- steps of the proof, for stack.h ------------------------------------------------------------

// What a program really does, for every input; a program the kernel would refuse is a problem.
tl::expected<Decision, CompileProblem> lifted_back(Store& store, const Program& program,
                                                   bool big_endian);

// Our bug, if what is done is not what is wanted.
std::optional<CompileProblem> differs(Store& store, const Decision& wanted, const Decision& done);

}  // namespace seclude::filter
