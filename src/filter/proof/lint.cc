// Lint: see lint.h.
//
// Whether a call is let in is asked of its decision; which line lets it in, of the oracle
// (meaning.h), for the call that shows it.
#include "filter/proof/lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "base/text.h"
#include "calls/constants.h"
#include "filter/decide.h"
#include "filter/meaning.h"
#include "filter/show.h"

namespace seclude::filter {
namespace {

// ---- what is known ------------------------------------------------------------------------------

struct Equivalent {
  std::string_view from, to, reason;
};
constexpr Equivalent equivalents[] = {
#include "filter/equivalents.inc"
};
constexpr std::string_view lacking = "newer architectures lack the first";

// A call that leads out or deep in: always, or when the bits of one argument are set (or equal).
struct Danger {
  std::string_view call;
  std::string_view why;
  std::string_view help;
  std::string_view arg = {};    // empty: whatever its arguments are
  std::string_view value = {};  // constants, joined by |
  bool exact = false;           // the argument is this value; else: has these bits
};
constexpr std::string_view narrow_prot =
    "allow it `where prot lacks PROT_WRITE or prot lacks PROT_EXEC`";
constexpr std::string_view no_injection = "add `deny ioctl where cmd in (TIOCSTI, TIOCLINUX)`";
constexpr Danger dangers[] = {
    {"ptrace", "it takes over other processes of this user", "leave it to debuggers"},
    {"process_vm_readv", "it reads other processes of this user", "leave it to debuggers"},
    {"process_vm_writev", "it writes into other processes of this user", "leave it to debuggers"},
    {"pidfd_getfd", "it takes descriptors out of other processes", "leave it to debuggers"},
    {"bpf", "it runs programs inside the kernel", "refuse it"},
    {"io_uring_setup", "its requests do file and network work that no filter sees", "refuse it"},
    {"userfaultfd", "it holds the kernel up in the middle of a copy, which exploits need",
     "refuse it"},
    {"perf_event_open", "it watches the kernel and other processes", "refuse it"},
    {"kexec_load", "it replaces the kernel", "refuse it"},
    {"kexec_file_load", "it replaces the kernel", "refuse it"},
    {"init_module", "it loads code into the kernel", "refuse it"},
    {"finit_module", "it loads code into the kernel", "refuse it"},
    {"open_by_handle_at", "it opens files past every folder's permissions", "refuse it"},
    {"mount", "it changes what paths mean", "refuse it"},
    {"move_mount", "it changes what paths mean", "refuse it"},
    {"pivot_root", "it changes what paths mean", "refuse it"},
    {"setns", "it enters other namespaces", "refuse it"},
    {"unshare", "with a user namespace of its own a program reaches code meant for root",
     "refuse it"},
    {"clone", "with a user namespace of its own a program reaches code meant for root",
     "allow it `where clone_flags lacks CLONE_NEWUSER`", "clone_flags", "CLONE_NEWUSER"},
    {"iopl", "it reaches the machine's ports", "refuse it"},
    {"ioperm", "it reaches the machine's ports", "refuse it"},
    {"modify_ldt", "it sets up segments, which exploits like", "refuse it"},
    {"ioctl", "TIOCSTI types into the terminal, as the user who sits there", no_injection, "cmd",
     "TIOCSTI", true},
    {"ioctl", "TIOCLINUX pastes into the console, as the user who sits there", no_injection, "cmd",
     "TIOCLINUX", true},
    {"seccomp", "a new listener answers calls in the place of this filter's own supervisor",
     "allow it `where flags lacks SECCOMP_FILTER_FLAG_NEW_LISTENER`", "flags",
     "SECCOMP_FILTER_FLAG_NEW_LISTENER"},
    {"mmap", "memory that is writable and executable runs whatever is written there", narrow_prot,
     "prot", "PROT_READ|PROT_WRITE|PROT_EXEC"},
    {"mmap2", "memory that is writable and executable runs whatever is written there", narrow_prot,
     "prot", "PROT_READ|PROT_WRITE|PROT_EXEC"},
    {"mprotect", "memory that is writable and executable runs whatever is written there",
     narrow_prot, "prot", "PROT_READ|PROT_WRITE|PROT_EXEC"},
    {"pkey_mprotect", "memory that is writable and executable runs whatever is written there",
     narrow_prot, "prot", "PROT_READ|PROT_WRITE|PROT_EXEC"},
    {"personality", "READ_IMPLIES_EXEC makes all memory executable", "allow only the values needed",
     "personality", "READ_IMPLIES_EXEC", true},
};

// ---- the pass -----------------------------------------------------------------------------------

class Linter {
 public:
  Linter(Store& store, const policy::Texts& texts, const Resolved& resolved,
         Diagnostics& diagnostics)
      : store_(store), resolved_(resolved), diagnostics_(diagnostics) {
    uint32_t root = texts.policies.at(0).source;
    for (const Item& item : resolved.flat.items)
      if (!item.used && item.statement->span.source == root && !item.statement->because)
        own_.emplace(item.statement->keyword, item.statement);
  }

  void run() {
    for (const PhaseRules& phase : resolved_.phases)
      for (const ArchRules& arch : phase.rules.archs) {
        dangerous(phase.rules, arch);
        brittle(arch);
      }
    report();
  }

 private:
  const NumberRules* rules_of(const ArchRules& arch, std::string_view name) const {
    auto call = calls::find_call(name);
    auto number = call ? calls::number_of(*call, arch.arch) : std::nullopt;
    if (!number) return nullptr;
    auto found = std::lower_bound(
        arch.numbers.begin(), arch.numbers.end(), *number,
        [](const NumberRules& one, uint32_t wanted) { return one.number < wanted; });
    return found != arch.numbers.end() && found->number == *number ? &*found : nullptr;
  }

  static Input input_of(const ArchRules& arch, uint32_t number) {
    Input input;
    input.arch = calls::info(arch.arch).audit;
    input.number = number;
    return input;
  }

  // Let in without anyone being asked.
  static bool lets_in(Action action) {
    return action == Action::allow() || action.kind() == Action::log_;
  }

  // ---- dangerous --------------------------------------------------------------------------------

  static std::optional<uint64_t> value_of(const Danger& danger, calls::Arch arch) {
    uint64_t value = 0;
    for (std::string_view piece : seclude::split(danger.value, '|')) {
      auto constant = calls::find_constant(piece);
      auto own = constant ? calls::value_of(*constant, arch) : std::nullopt;
      if (!own) return std::nullopt;
      value |= *own;
    }
    return value;
  }

  // Some call that shows the danger and is let in.
  std::optional<Input> shown(const Danger& danger, const ArchRules& arch,
                             const NumberRules& number) {
    Id id = number_decision(store_, arch, number, Mediated::Kept);
    Id region =
        store_.map_terminals(id, [](uint32_t ret) { return lets_in(Action{ret}) ? 1u : 0u; });
    if (!danger.arg.empty()) {
      auto call = calls::find_call(danger.call);
      auto index = calls::find_arg(*call, arch.arch, danger.arg);
      auto place = index ? calls::place_of(*call, arch.arch, *index) : std::nullopt;
      auto value = value_of(danger, arch.arch);
      if (!place || !value) return std::nullopt;
      uint64_t mask = danger.exact ? 0xffffffff : *value;
      region = store_.both(region, store_.test(static_cast<Group>(1 + place->low), mask,
                                               *value & mask, store_.yes(), store_.no()));
    }
    std::optional<Input> input = store_.witness(region);
    if (!input) return input;
    Input result = input_of(arch, number.number);
    result.args = input->args;
    return result;
  }

  void dangerous(const Rules& rules, const ArchRules& arch) {
    for (const Danger& danger : dangers) {
      const NumberRules* number = rules_of(arch, danger.call);
      if (number == nullptr) continue;
      std::optional<Input> input = shown(danger, arch, *number);
      if (!input) continue;
      Span line = meaning(rules, *input).origin;
      if (!own_.contains(line)) continue;
      std::vector<Finding>& findings = findings_[line];
      bool known = std::any_of(findings.begin(), findings.end(),
                               [&](const Finding& one) { return one.danger->call == danger.call; });
      if (!known) findings.push_back({&danger, *input});
    }
  }

  // ---- brittle ----------------------------------------------------------------------------------

  // The line of the root that names this call in an `allow`.
  static const policy::CallRef* named(const policy::Statement& statement, std::string_view call) {
    const auto* rule = std::get_if<policy::Rule>(&statement.body);
    if (rule == nullptr || rule->action.word != policy::ActionWord::Allow) return nullptr;
    for (const policy::CallRef& ref : rule->calls)
      if (ref.name.text == call) return &ref;
    return nullptr;
  }

  bool refused(const ArchRules& arch, const NumberRules& number, bool fallback) {
    Id id = number_decision(store_, arch, number, Mediated::Kept);
    for (Id leaf : store_.terminals(id))
      if (!Action{store_.value(leaf)}.refuses()) return false;
    Action no_such_call = Action::deny(calls::find_errno("ENOSYS", arch.arch).value_or(0));
    return !fallback || id != store_.terminal(no_such_call.ret);
  }

  void brittle(const ArchRules& arch) {
    for (const Equivalent& pair : equivalents) {
      const NumberRules* to = rules_of(arch, pair.to);
      if (to == nullptr) continue;
      const NumberRules* from = rules_of(arch, pair.from);
      if (pair.reason == lacking && from != nullptr) continue;
      bool narrow = pair.reason.find("32-bit") != std::string_view::npos;
      if (narrow && calls::info(arch.arch).word_bits != 32) continue;
      // Libcs fall back from ENOSYS, where there is something to fall back on.
      if (!refused(arch, *to, from != nullptr)) continue;
      for (const auto& [line, statement] : own_) {
        const policy::CallRef* ref = named(*statement, pair.from);
        if (ref != nullptr)
          brittle_[line].push_back({&pair, arch.arch, ref->name.span, from == nullptr});
      }
    }
  }

  // ---- telling ----------------------------------------------------------------------------------

  struct Finding {
    const Danger* danger;
    Input example;
  };

  // The call's own name in the line, or the line.
  static Span place_of(const policy::Statement& statement, Span line, std::string_view call) {
    if (const auto* rule = std::get_if<policy::Rule>(&statement.body))
      for (const policy::CallRef& ref : rule->calls)
        if (ref.name.text == call) return ref.name.span;
    return line;
  }

  void report() {
    for (const auto& [line, findings] : findings_) {
      const policy::Statement& statement = *own_.at(line);
      std::vector<const Finding*> unnamed;
      for (const Finding& one : findings) {
        Span place = place_of(statement, line, one.danger->call);
        if (place == line)
          unnamed.push_back(&one);
        else
          report_named(one, place);
      }
      report_unnamed(unnamed, line);
    }
    for (const auto& [line, findings] : brittle_) report_brittle(findings);
  }

  void report_named(const Finding& one, Span place) {
    Diagnostic warning{.severity = Severity::Warning,
                       .message = "`" + std::string(one.danger->call) + "` is dangerous to allow",
                       .span = place,
                       .label = std::string(one.danger->why)};
    if (!one.danger->arg.empty()) warning.examples.push_back(show(one.example));
    warning.helps.push_back(std::string(one.danger->help) + ", or say `because` on this line");
    diagnostics_.add(std::move(warning));
  }

  // Several at once, of a set or of `otherwise allow`.
  void report_unnamed(const std::vector<const Finding*>& findings, Span line) {
    if (findings.empty()) return;
    std::set<std::string> names;
    for (const Finding* one : findings) names.insert("`" + std::string(one->danger->call) + "`");
    std::vector<std::string> list(names.begin(), names.end());
    Diagnostic warning{.severity = Severity::Warning,
                       .message = "this line allows dangerous calls: " + join(list, ", "),
                       .span = line,
                       .label = std::string(findings.front()->danger->call) + ": " +
                                std::string(findings.front()->danger->why)};
    for (const Finding* one : findings)
      if (!one->danger->arg.empty()) warning.examples.push_back(show(one->example));
    warning.helps.push_back("refuse them by name, or say `because` on this line");
    diagnostics_.add(std::move(warning));
  }

  struct Brittle {
    const Equivalent* pair;
    calls::Arch arch;
    Span place;   // of the call's name in the line
    bool absent;  // the call itself does not exist there
  };

  // All of one line at once: where one form was forgotten, usually several are.
  void report_brittle(const std::vector<Brittle>& findings) {
    std::map<std::pair<std::string_view, std::string_view>, const Brittle*> pairs;
    for (const Brittle& one : findings)
      pairs.emplace(std::pair(one.pair->from, one.pair->to), &one);
    const Brittle& first = findings.front();
    std::string archs, others;
    for (calls::Arch arch : calls::all_archs)
      for (const Brittle& one : findings) {
        if (one.arch != arch || one.pair != first.pair || one.absent != first.absent) continue;
        archs += (archs.empty() ? "" : ", ") + std::string(calls::info(arch).name);
        break;
      }
    std::string from(first.pair->from), to(first.pair->to);
    Diagnostic warning{
        .severity = Severity::Warning,
        .message = "`" + from + "` is allowed, its other form `" + to + "` is refused",
        .span = first.place,
        .label = first.absent ? "there is no `" + from + "` on " + archs
                              : std::string(first.pair->reason) + " (" + archs + ")"};
    for (const auto& [names, one] : pairs)
      if (one->pair != first.pair)
        others += (others.empty() ? "`" : ", `") + std::string(names.second) + "` for `" +
                  std::string(names.first) + "`";
    if (!others.empty()) warning.helps.push_back("also refused: " + others);
    warning.helps.push_back(
        "allow the other form, too, let it answer ENOSYS, or say `because` on "
        "this line");
    diagnostics_.add(std::move(warning));
  }

  Store& store_;
  const Resolved& resolved_;
  Diagnostics& diagnostics_;
  std::map<Span, const policy::Statement*> own_;  // the root's own lines that give no reason
  std::map<Span, std::vector<Finding>> findings_;
  std::map<Span, std::vector<Brittle>> brittle_;
};

}  // namespace

void lint(Store& store, const policy::Texts& texts, const Resolved& resolved,
          Diagnostics& diagnostics) {
  Linter(store, texts, resolved, diagnostics).run();
}

}  // namespace seclude::filter
