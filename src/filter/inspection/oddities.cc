// Oddities: see oddities.h.
//
// Each question is one function, asked of the exact decision: "which inputs are permitted although
// ..." is a diagram, and its witness the example.
#include "filter/inspection/oddities.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "calls/calls.h"
#include "calls/constants.h"
#include "filter/action.h"
#include "filter/inspection/readable.h"
#include "filter/lift.h"

namespace seclude::filter {
namespace {

std::vector<bool> reached(std::span<const Instruction> program) {
  std::vector<bool> reached(program.size());
  if (!program.empty()) reached[0] = true;
  for (size_t at = 0; at < program.size(); at++) {
    if (!reached[at]) continue;
    const Instruction& one = program[at];
    auto mark = [&](size_t target) {
      if (target < program.size()) reached[target] = true;
    };
    if (one.code == op::ret_k || one.code == op::ret_a) continue;
    if (one.code == op::ja) {
      mark(at + 1 + one.k);
    } else if ((one.code & 0x07) == 0x05) {
      mark(at + 1 + one.jt);
      mark(at + 1 + one.jf);
    } else {
      mark(at + 1);
    }
  }
  return reached;
}

// Of functions with more nodes, most questions would take long for every call that has them.
constexpr size_t most_nodes = 4096;

class Examiner {
 public:
  Examiner(Store& store, const Suspect& suspect)
      : store_(store), suspect_(suspect), mixed_(mixed(store, suspect.decision)) {}

  std::vector<Oddity> run() {
    unreachable_returns();
    arch_check();
    for (calls::Arch arch : suspect_.archs) {
      if (arch == calls::Arch::x86_64) x32_hole();
      unread_bits(arch);
      fake_success(arch);
      siblings(arch);
      deadly(arch);
    }
    if (store_.exhausted()) {
      found_.clear();
      unexamined_.insert("everything");
    }
    unexamined();
    return std::move(found_);
  }

 private:
  // ---- the decision -----------------------------------------------------------------------------

  Id at(uint32_t audit, uint32_t number) {
    if (mixed_) return store_.at(suspect_.decision.other.front().id, audit, number);
    return suspect_.decision.at(audit, number);
  }
  Id at(calls::Arch arch, uint32_t number) { return at(calls::info(arch).audit, number); }

  // Many calls have the same function.
  Id permitted(Id id) {
    auto [known, is_new] = permitted_.try_emplace(id);
    if (is_new)
      known->second =
          store_.map_terminals(id, [](uint32_t ret) { return Action{ret}.refuses() ? 0u : 1u; });
    return known->second;
  }
  // Calls with arguments that are too intricate are named instead of looked into.
  bool too_intricate(const calls::Numbered& one, calls::Arch arch) {
    auto [known, is_new] = large_.try_emplace(at(arch, one.number));
    if (is_new) known->second = store_.larger_than(known->first, most_nodes);
    if (known->second) unexamined_.emplace(calls::name_of(one.call));
    return known->second;
  }
  void unexamined() {
    if (unexamined_.empty()) return;
    found_.push_back({.kind = "unexamined",
                      .message = "too intricate to be looked into",
                      .subjects = {unexamined_.begin(), unexamined_.end()}});
  }
  bool always_refused(Id id) { return permitted(id) == store_.no(); }
  bool always_permitted(Id id) { return permitted(id) == store_.yes(); }

  std::optional<Input> example(Id region, uint32_t audit, uint32_t number) {
    std::optional<Input> input = store_.witness(region);
    if (!input) return input;
    input->arch = audit;
    input->number = number;
    return input;
  }

  static std::string on(calls::Arch arch) { return " on " + std::string(calls::info(arch).name); }

  // ---- code -------------------------------------------------------------------------------------

  // Every return gets a value of its own; those no input ever gets are never reached.
  void unreachable_returns() {
    Program marked(suspect_.program.begin(), suspect_.program.end());
    for (size_t at = 0; at < marked.size(); at++) {
      if (marked[at].code == op::ret_a) return;
      if (marked[at].code == op::ret_k) marked[at].k = Action::trap(static_cast<uint16_t>(at)).ret;
    }
    // More answers can take more nodes than the store was meant for.
    Store store(store_.node_limit());
    auto lifted = lift(store, marked, calls::info(suspect_.archs.front()).big_endian);
    const auto* decision = std::get_if<Decision>(&lifted);
    if (decision == nullptr) {
      unexamined_.insert("which returns are never reached");
      return;
    }
    std::set<size_t> returned;
    std::set<Id> collected;
    auto collect = [&](const Runs& runs) {
      for (const Run& run : runs) {
        if (!collected.insert(run.id).second) continue;
        for (Id leaf : store.terminals(run.id)) returned.insert(Action{store.value(leaf)}.data());
      }
    };
    collect(decision->other);
    for (const ArchRuns& arch : decision->archs) collect(arch.runs);
    std::vector<bool> seen = reached(suspect_.program);
    Oddity oddity{.kind = "never-returned",
                  .message = "no call ever reaches some returns, though jumps lead there",
                  .help = "tests before them contradict each other"};
    for (size_t at = 0; at < marked.size(); at++)
      if (marked[at].code == op::ret_k && seen[at] && !returned.contains(at))
        oddity.subjects.push_back(fmt::format("instruction {}", at));
    if (!oddity.subjects.empty()) found_.push_back(std::move(oddity));
  }

  // ---- architectures ----------------------------------------------------------------------------

  void arch_check() {
    // An architecture that it is not written for: the compat entry of its first one, if there is.
    uint32_t foreign = 0;
    for (calls::Arch arch : {calls::Arch::x86, calls::Arch::arm, calls::Arch::x86_64})
      if (std::count(suspect_.archs.begin(), suspect_.archs.end(), arch) == 0)
        foreign = foreign == 0 ? calls::info(arch).audit : foreign;
    for (const Run& run : suspect_.decision.other) {
      Id region = permitted(mixed_ ? store_.at(run.id, foreign, run.first) : run.id);
      if (region == store_.no()) continue;
      found_.push_back({.kind = "arch-check",
                        .message = "it lets calls of architectures in that it does not test for",
                        .example = example(region, foreign, run.first),
                        .help = "the same number is another call there: refuse every architecture "
                                "but those it is written for"});
      return;
    }
  }

  // The same call, by its x32 number: bit 30 set, and for some calls another number below it.
  void x32_hole() {
    Oddity oddity{.kind = "x32",
                  .message = "calls that it refuses are permitted by their x32 numbers",
                  .help = "refuse every number from 0x40000000 on"};
    for (const calls::Numbered& one : calls::numbers(calls::Arch::x32)) {
      auto number = calls::number_of(one.call, calls::Arch::x86_64);
      if (!number || too_intricate(one, calls::Arch::x32) ||
          too_intricate({*number, one.call}, calls::Arch::x86_64))
        continue;
      Id native = at(calls::Arch::x86_64, *number), other = at(calls::Arch::x32, one.number);
      Id region = store_.both(permitted(other), store_.negate(permitted(native)));
      note(oddity, region, calls::Arch::x32, one);
    }
    if (!oddity.subjects.empty()) found_.push_back(std::move(oddity));
  }

  // ---- arguments --------------------------------------------------------------------------------

  // Bits that the kernel does not read decide: the upper half of an int, or a register that is no
  // argument. Set, they may let a refused call in, or merely refuse a permitted one.
  void unread_bits(calls::Arch arch) {
    Oddity bypass{.kind = "bypass",
                  .message = "bits the kernel does not read let refused calls in" + on(arch),
                  .help = "compare only the bits the kernel reads: the lower half of an int"};
    Oddity brittle{.kind = "unread-bits",
                   .message = "bits the kernel does not read can make it refuse" + on(arch),
                   .help = "a program may leave anything there: compare the lower half only"};
    for (const calls::Numbered& one : calls::numbers(arch)) {
      if (too_intricate(one, arch)) continue;
      Id function = at(arch, one.number);
      Id named = nameable(store_, function, {one.call, arch});
      if (function == named) continue;
      Id lets = permitted(function), should = permitted(named);
      note(bypass, store_.both(lets, store_.negate(should)), arch, one);
      note(brittle, store_.both(should, store_.negate(lets)), arch, one);
    }
    for (Oddity* oddity : {&bypass, &brittle})
      if (!oddity->subjects.empty()) found_.push_back(std::move(*oddity));
  }

  void note(Oddity& oddity, Id region, calls::Arch arch, const calls::Numbered& one) {
    if (region == store_.no()) return;
    if (!oddity.example) oddity.example = example(region, calls::info(arch).audit, one.number);
    oddity.subjects.emplace_back(calls::name_of(one.call));
  }

  // ---- answers ----------------------------------------------------------------------------------

  void fake_success(calls::Arch arch) {
    Oddity oddity{
        .kind = "fake-success",
        .message = "the program is told that calls succeeded which were not made" + on(arch),
        .help = "answer with an errno"};
    for (const calls::Numbered& one : calls::numbers(arch)) {
      if (too_intricate(one, arch)) continue;
      Id region = store_.map_terminals(at(arch, one.number), [](uint32_t ret) {
        return Action{ret} == Action::deny(0) ? 1u : 0u;
      });
      note(oddity, region, arch, one);
    }
    if (!oddity.subjects.empty()) found_.push_back(std::move(oddity));
  }

  // ENOSYS is no refusal here: libcs answer it by trying the sibling.
  bool answers_no_such_call(Id id, calls::Arch arch) {
    Action no_such_call = Action::deny(calls::find_errno("ENOSYS", arch).value_or(0));
    return store_.is_terminal(id) && store_.value(id) == no_such_call.ret;
  }

  std::optional<calls::CallId> permitted_sibling(calls::CallId call, calls::Arch arch) {
    for (auto list : {calls::siblings(call, arch), calls::pinned_siblings(call, arch)})
      for (const calls::Sibling& sibling : list) {
        auto number = calls::number_of(sibling.call, arch);
        if (!number || too_intricate({*number, sibling.call}, arch)) continue;
        if (always_permitted(at(arch, *number))) return sibling.call;
      }
    return std::nullopt;
  }

  void siblings(calls::Arch arch) {
    Oddity oddity{
        .kind = "siblings",
        .message = "calls are refused though others that do the same are permitted" + on(arch),
        .help =
            "who wants the first kept out must refuse the second; who does not, "
            "permits both"};
    for (const calls::Numbered& one : calls::numbers(arch)) {
      if (too_intricate(one, arch)) continue;
      Id id = at(arch, one.number);
      if (!always_refused(id) || answers_no_such_call(id, arch)) continue;
      std::optional<calls::CallId> other = permitted_sibling(one.call, arch);
      if (other)
        oddity.subjects.push_back(fmt::format("{} refused, {} permitted", calls::name_of(one.call),
                                              calls::name_of(*other)));
    }
    if (!oddity.subjects.empty()) found_.push_back(std::move(oddity));
  }

  void deadly(calls::Arch arch) {
    Oddity oddity{.kind = "deadly",
                  .message = "programs that are stopped, signalled or done die of it" + on(arch),
                  .help = "allow these calls whatever else is refused"};
    for (std::string_view name : {"restart_syscall", "rt_sigreturn", "sigreturn", "exit_group"}) {
      auto call = calls::find_call(name);
      auto number = call ? calls::number_of(*call, arch) : std::nullopt;
      if (!number || too_intricate({*number, *call}, arch)) continue;
      if (!always_permitted(at(arch, *number))) oddity.subjects.emplace_back(name);
    }
    if (!oddity.subjects.empty()) found_.push_back(std::move(oddity));
  }

  Store& store_;
  const Suspect& suspect_;
  bool mixed_;
  std::map<Id, Id> permitted_;
  std::map<Id, bool> large_;
  std::set<std::string> unexamined_;
  std::vector<Oddity> found_;
};

}  // namespace

std::vector<Oddity> oddities_of_code(std::span<const Instruction> program) {
  Oddity oddity{.kind = "unreachable", .message = "no jump leads to some instructions"};
  std::vector<bool> seen = reached(program);
  for (size_t at = 0; at < seen.size(); at++)
    if (!seen[at]) oddity.subjects.push_back(fmt::format("instruction {}", at));
  if (oddity.subjects.empty()) return {};
  return {oddity};
}

std::vector<Oddity> oddities(Store& store, const Suspect& suspect) {
  std::vector<Oddity> all = oddities_of_code(suspect.program);
  for (Oddity& one : Examiner(store, suspect).run()) all.push_back(std::move(one));
  return all;
}

}  // namespace seclude::filter
