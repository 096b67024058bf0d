// From rules to a proven program, pass by pass; see compile.h.
#include "filter/compile.h"

#include <fmt/format.h>

#include <variant>

#include "filter/decide.h"
#include "filter/lift.h"

namespace seclude::filter {

namespace {

tl::unexpected<CompileProblem> problem(std::string message) {
  return tl::unexpected<CompileProblem>(CompileProblem{std::move(message), std::nullopt});
}

}  // namespace

tl::expected<Compiled, CompileProblem> compile(Store& store, const Rules& rules,
                                               const EmitOptions& options) {
  // One program runs on one kernel, which has one byte order.
  if (rules.archs.empty()) return problem("no architecture to compile for");
  bool big_endian = calls::info(rules.archs.front().arch).big_endian;
  for (const ArchRules& arch : rules.archs)
    if (calls::info(arch.arch).big_endian != big_endian)
      return problem(fmt::format("{} and {} cannot share a filter: their byte orders differ",
                                 calls::info(rules.archs.front().arch).name,
                                 calls::info(arch.arch).name));

  // What the policy means, as far as a filter can hold it.
  Decision wanted = decide(store, rules, Mediated::AsAllow);
  if (store.exhausted())
    return problem(fmt::format("the policy needs more than {} decision nodes", store.node_count()));

  // Code for it.
  Program program = emit(store, rules, wanted, options);
  if (program.size() > max_program_length)
    return problem(fmt::format("the filter needs {} instructions, the kernel takes {}",
                               program.size(), max_program_length));
  if (auto wrong = invalid(program))
    return problem(fmt::format("instruction {}: {} (a bug of seclude, please report it)", wrong->at,
                               wrong->why));

  // What that code really does, for every input; anything but the same is refused.
  auto lifted = lift(store, program, big_endian);
  if (const auto* undecided = std::get_if<Undecided>(&lifted))
    return problem(fmt::format("the filter could not be proven at instruction {}: {}",
                               undecided->at, undecided->why));
  const Decision& done = std::get<Decision>(lifted);
  if (store.exhausted()) return problem("the proof needs more decision nodes than allowed");
  if (!(done == wanted)) {
    return tl::unexpected<CompileProblem>(
        CompileProblem{"the filter differs from its policy (a bug of seclude, please report it)",
                       difference(store, wanted, done)});
  }
  return Compiled{std::move(program), std::move(wanted), big_endian};
}

}  // namespace seclude::filter
