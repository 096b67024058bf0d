// From rules to a proven program, pass by pass; see compile.h.
#include "filter/compile.h"

#include <fmt/format.h>

#include <variant>

#include "filter/decide.h"
#include "filter/lift.h"

namespace seclude::filter {

namespace {

tl::unexpected<CompileProblem> problem(std::string message) {
  return tl::unexpected<CompileProblem>(CompileProblem{.message = std::move(message)});
}

// Why these architectures cannot share a program, if so: it runs on one kernel, which has one byte
// order.
std::optional<std::string> cannot_share(const Rules& rules) {
  if (rules.archs.empty()) return "no architecture to compile for";
  const calls::ArchInfo& first = calls::info(rules.archs.front().arch);
  for (const ArchRules& arch : rules.archs)
    if (calls::info(arch.arch).big_endian != first.big_endian)
      return fmt::format("{} and {} cannot share a filter: their byte orders differ", first.name,
                         calls::info(arch.arch).name);
  return std::nullopt;
}

tl::expected<Compiled, CompileProblem> proven(Store& store, Decision wanted, Program program,
                                              bool big_endian) {
  auto done = lifted_back(store, program, big_endian);
  if (!done) return tl::unexpected<CompileProblem>(std::move(done.error()));
  if (auto wrong = differs(store, wanted, *done))
    return tl::unexpected<CompileProblem>(std::move(*wrong));
  return Compiled{std::move(program), std::move(wanted), big_endian};
}

}  // namespace

tl::expected<Compiled, CompileProblem> compile(Store& store, const Rules& rules,
                                               const EmitOptions& options) {
  if (auto reason = cannot_share(rules)) return problem(std::move(*reason));

  // What the policy means, as far as a filter can hold it.
  Decision wanted = decide(store, rules, Mediated::AsAllow);
  if (store.exhausted())
    return problem(fmt::format("the policy needs more than {} decision nodes", store.node_count()));

  // Code for it, and the proof.
  Program program = emit(store, rules, wanted, options);
  return proven(store, std::move(wanted), std::move(program),
                calls::info(rules.archs.front().arch).big_endian);
}

tl::expected<Compiled, CompileProblem> prove(Store& store, const Rules& rules, Program program) {
  if (auto reason = cannot_share(rules)) return problem(std::move(*reason));
  Decision wanted = decide(store, rules, Mediated::AsAllow);
  if (store.exhausted())
    return problem(fmt::format("the policy needs more than {} decision nodes", store.node_count()));
  return proven(store, std::move(wanted), std::move(program),
                calls::info(rules.archs.front().arch).big_endian);
}

tl::expected<Decision, CompileProblem> lifted_back(Store& store, const Program& program,
                                                   bool big_endian) {
  if (program.size() > max_program_length)
    return tl::unexpected<CompileProblem>(CompileProblem{
        .message = fmt::format("the filter needs {} instructions, the kernel takes {}",
                               program.size(), max_program_length),
        .witness = {},
        .too_long = program.size()});
  if (auto wrong = invalid(program))
    return problem(fmt::format("instruction {}: {} (a bug of seclude, please report it)", wrong->at,
                               wrong->why));
  auto lifted = lift(store, program, big_endian);
  if (const auto* undecided = std::get_if<Undecided>(&lifted))
    return problem(fmt::format("the filter could not be proven at instruction {}: {}",
                               undecided->at, undecided->why));
  if (store.exhausted()) return problem("the proof needs more decision nodes than allowed");
  return std::move(std::get<Decision>(lifted));
}

std::optional<CompileProblem> differs(Store& store, const Decision& wanted, const Decision& done) {
  if (done == wanted) return std::nullopt;
  return CompileProblem{
      .message = "the filter differs from its policy (a bug of seclude, please report it)",
      .witness = difference(store, wanted, done)};
}

}  // namespace seclude::filter
