// Shares a policy's calls out among filters, and proves the chain; see stack.h.
//
// Calls with the same argument checks stay together, since they share code; the filter that is made
// first has the answers that need no argument, the unknown numbers, and what then still fits.
#include "filter/stack.h"

#include <fmt/format.h>

#include <map>
#include <variant>

#include "calls/calls.h"
#include "filter/decide.h"
#include "filter/lift.h"
#include "filter/proof/strictest.h"

namespace seclude::filter {

namespace {

tl::unexpected<CompileProblem> problem(std::string message) {
  return tl::unexpected<CompileProblem>(CompileProblem{.message = std::move(message)});
}

// ---- sharing out --------------------------------------------------------------------------------

// One listed number: indices into Rules::archs and ArchRules::numbers.
struct Listed {
  size_t arch = 0, number = 0;
};
// What is never divided: numbers with one decision.
using Share = std::vector<Listed>;

std::vector<Share> shares_of(Store& store, const Rules& rules) {
  std::vector<Share> constant, tested;
  std::map<Id, size_t> places;  // in `tested`
  for (size_t a = 0; a < rules.archs.size(); ++a) {
    const ArchRules& arch = rules.archs[a];
    for (size_t n = 0; n < arch.numbers.size(); ++n) {
      const Id id = number_decision(store, arch, arch.numbers[n], Mediated::AsAllow);
      if (store.is_terminal(id)) {
        constant.push_back({{a, n}});
        continue;
      }
      const auto [place, is_new] = places.try_emplace(id, tested.size());
      if (is_new) tested.emplace_back();
      tested[place->second].push_back({a, n});
    }
  }
  constant.insert(constant.end(), tested.begin(), tested.end());
  return constant;
}

// The rules of shares first..end-1; every other listed number is allowed, and every unlisted one,
// unless the first share is among them.
Rules rules_of(const Rules& rules, const std::vector<Share>& shares, size_t first, size_t end) {
  Rules part = rules;
  for (ArchRules& arch : part.archs) {
    if (first > 0) arch.unknown = Action::allow();
    for (NumberRules& number : arch.numbers) {
      number.end_rule = number.first_rule;
      number.otherwise = Action::allow();
    }
  }
  for (size_t i = first; i < end; ++i)
    for (const Listed& each : shares[i])
      part.archs[each.arch].numbers[each.number] = rules.archs[each.arch].numbers[each.number];
  return part;
}

std::string name_of(const Rules& rules, const Listed& listed) {
  const ArchRules& arch = rules.archs[listed.arch];
  const uint32_t number = arch.numbers[listed.number].number;
  const auto call = calls::call_at(arch.arch, number);
  return fmt::format("{} on {}", call ? std::string(calls::name_of(*call)) : fmt::to_string(number),
                     calls::info(arch.arch).name);
}

class Sharing {
 public:
  Sharing(const Rules& rules, const StackOptions& options, std::vector<Share> shares)
      : rules_(rules), options_(options), shares_(std::move(shares)) {}

  tl::expected<std::vector<Program>, CompileProblem> run() {
    std::vector<Program> programs;
    for (size_t first = 0; first < shares_.size();) {
      auto one = program_of(first, first + 1);
      if (!one) return tl::unexpected<CompileProblem>(alone(shares_[first].front(), one.error()));
      const size_t end = fill(first, *one);
      programs.push_back(std::move(*one));
      first = end;
    }
    return programs;
  }

 private:
  tl::expected<Program, CompileProblem> program_of(size_t first, size_t end) const {
    Store store(
        chain_node_limit);  // of its own: what is tried does not count against the proof's bound
    auto made = compile(store, rules_of(rules_, shares_, first, end), options_.emit);
    if (!made) return tl::unexpected<CompileProblem>(std::move(made.error()));
    if (made->program.size() <= options_.longest_program) return std::move(made->program);
    return tl::unexpected<CompileProblem>(
        CompileProblem{.message = {}, .witness = {}, .too_long = made->program.size()});
  }

  // `program` is that of one share; becomes that of as many as fit. Returns the end of these.
  size_t fill(size_t first, Program& program) const {
    size_t fits = first + 1, too_many = shares_.size() + 1;
    for (size_t end = shares_.size(); fits + 1 < too_many; end = fits + (too_many - fits) / 2) {
      auto more = program_of(first, end);
      if (more) {
        program = std::move(*more);
        fits = end;
      } else {
        too_many = end;
      }
    }
    return fits;
  }

  CompileProblem alone(const Listed& listed, CompileProblem why) const {
    if (why.too_long > 0)
      why.message = fmt::format(
          "the rules of {} alone need at least {} instructions, the kernel takes {} in a filter",
          name_of(rules_, listed), why.too_long, options_.longest_program);
    return why;
  }

  const Rules& rules_;
  const StackOptions& options_;
  std::vector<Share> shares_;
};

}  // namespace

tl::expected<Stack, CompileProblem> compile_stack(Store& store, const Rules& rules,
                                                  const StackOptions& options) {
  auto one = compile(store, rules, options.emit);
  if (one && one->program.size() <= options.longest_program)
    return Stack{{std::move(one->program)}, std::move(one->decision), one->big_endian};
  if (!one && one.error().too_long == 0) return tl::unexpected<CompileProblem>(one.error());

  store.clear();
  auto programs = Sharing(rules, options, shares_of(store, rules)).run();
  if (!programs) return tl::unexpected<CompileProblem>(programs.error());
  if (const size_t length = chain_length(*programs); length > options.longest_chain)
    return problem(
        fmt::format("the policy needs a chain of {} filters with {} instructions after the "
                    "kernel's conversion, which takes {} in all",
                    programs->size(), length, options.longest_chain));
  return prove_stack(store, rules, std::move(*programs));
}

tl::expected<Stack, CompileProblem> prove_stack(Store& store, const Rules& rules,
                                                std::vector<Program> programs) {
  if (programs.empty()) return problem("no filter answers for the policy");
  // The checks of each program, and of the architectures, are prove()'s when there is one.
  const bool big_endian = !rules.archs.empty() && calls::info(rules.archs.front().arch).big_endian;
  if (programs.size() == 1) {
    auto proven = prove(store, rules, std::move(programs.front()));
    if (!proven) return tl::unexpected<CompileProblem>(std::move(proven.error()));
    return Stack{{std::move(proven->program)}, std::move(proven->decision), big_endian};
  }
  Decision wanted = decide(store, rules, Mediated::AsAllow);
  std::optional<Decision> done;
  for (const Program& program : programs) {
    auto lifted = lifted_back(store, program, big_endian);
    if (!lifted) return tl::unexpected<CompileProblem>(std::move(lifted.error()));
    done = done ? strictest(store, {.earlier = *done, .later = *lifted}) : std::move(*lifted);
  }
  if (store.exhausted())
    return problem(fmt::format("the proof of a chain of {} filters needs more than {} nodes",
                               programs.size(), store.node_limit()));
  if (auto wrong = differs(store, wanted, *done))
    return tl::unexpected<CompileProblem>(std::move(*wrong));
  return Stack{std::move(programs), std::move(wanted), big_endian};
}

size_t chain_length(const std::vector<Program>& programs) {
  size_t length = 0;
  for (const Program& program : programs)
    length += converted_length(program) + chain_charge_per_filter;
  return length - (programs.empty() ? 0 : chain_charge_per_filter);
}

}  // namespace seclude::filter
