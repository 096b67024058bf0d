// Unlift: see unlift.h.
//
// Per architecture: one general `otherwise`, then for every call of the tables that would get
// something else by it (or must be named for another reason) the lines that give it what the
// decision says. Lines that read the same on every architecture stand at the top, others in `on`.
#include "filter/inspection/unlift.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "calls/constants.h"
#include "filter/decide.h"
#include "filter/inspection/readable.h"
#include "filter/resolve.h"
#include "policy/load.h"
#include "policy/parser.h"
#include "policy/printer.h"

namespace seclude::filter {
namespace {

constexpr uint32_t x32_first = 0x40000000, negative_first = 0x80000000;
constexpr size_t most_numbers = 256;  // unknown numbers that are listed one by one
constexpr size_t most_answers = 64;   // of one call; nobody reads more lines about it

// ---- lines --------------------------------------------------------------------------------------

// "deny" CALLS " with ENOTTY where ...": order says where it stands among others.
struct Line {
  int order = 0;
  std::string before, after;
  friend auto operator<=>(const Line&, const Line&) = default;
};

struct Words {
  std::string verb, with;
};

Words words_of(Action action, calls::Arch arch) {
  std::string data = action.data() == 0 ? "" : fmt::format(" with {}", action.data());
  switch (action.kind()) {
    case Action::allow_:
      return {"allow", ""};
    case Action::log_:
      return {"log", ""};
    case Action::notify_:
      return {"ask", ""};
    case Action::trace_:
      return {"trace", data};
    case Action::trap_:
      return {"trap", data};
    case Action::kill_thread_:
      return {"kill-thread", ""};
    case Action::errno_: {
      if (action.data() == 0) return {"deny", " with success"};
      auto name = calls::errno_name(action.data(), arch);
      return {"deny", name ? fmt::format(" with {}", *name) : data};
    }
    default:
      return {"kill", ""};
  }
}

Line rule_line(Action action, calls::Arch arch, const std::string& where) {
  Words words = words_of(action, arch);
  // Lenient first, unconditional before conditional.
  int order = 10 * (8 - strictness(action)) + (where.empty() ? 0 : 1);
  return {order, words.verb, words.with + (where.empty() ? "" : " where " + where)};
}

Line otherwise_line(Action action, calls::Arch arch) {
  Words words = words_of(action, arch);
  return {-1, "otherwise " + words.verb + words.with + " for", ""};
}

// ---- one architecture ---------------------------------------------------------------------------

struct ArchText {
  calls::Arch arch{};
  Action general, unknown;
  bool says_unknown = false;
  std::map<Line, std::set<std::string>> lines;  // the names of the calls
  std::vector<calls::CallId> left_out;          // too intricate: the comparison will show them
};

class ArchWriter {
 public:
  ArchWriter(Store& store, const Decision& decision, calls::Arch arch, Effort& effort)
      : store_(store), decision_(decision), effort_(effort), audit_(calls::info(arch).audit) {
    text_.arch = arch;
    no_such_call_ = Action::deny(*calls::find_errno("ENOSYS", arch));
  }

  ArchText write() {
    numbers();
    choose();
    for (const calls::Numbered& one : calls::numbers(text_.arch)) call(one);
    partners();
    return std::move(text_);
  }

 private:
  // x86_64 and x32 share an audit number; bit 30 tells them apart.
  bool own(uint64_t number) const {
    bool x32 = number >= x32_first && number < negative_first;
    if (text_.arch == calls::Arch::x32) return x32;
    return text_.arch != calls::Arch::x86_64 || !x32;
  }

  struct Stretch {
    uint64_t first, last;
    Id id;
  };

  // The stretches of numbers that no table knows.
  std::vector<Stretch> foreign() const {
    const Runs& runs = decision_.runs(audit_);
    auto known = calls::numbers(text_.arch);
    size_t at = 0;
    std::vector<Stretch> found;
    for (size_t i = 0; i < runs.size(); i++) {
      uint64_t next = runs[i].first;
      uint64_t end = i + 1 < runs.size() ? runs[i + 1].first : uint64_t{1} << 32;
      for (uint64_t edge : {uint64_t{x32_first}, uint64_t{negative_first}, end}) {
        if (edge <= next) continue;
        uint64_t stop = std::min(edge, end);
        for (; at < known.size() && known[at].number < stop; at++) {
          if (known[at].number < next) continue;
          if (known[at].number > next)
            found.push_back({next, uint64_t{known[at].number} - 1, runs[i].id});
          next = uint64_t{known[at].number} + 1;
        }
        if (next < stop) found.push_back({next, stop - 1, runs[i].id});
        next = std::max(next, stop);
      }
    }
    std::erase_if(found, [&](const Stretch& one) { return !own(one.first); });
    return found;
  }

  // What unknown numbers get: what the first long stretch after the last known call gets (new calls
  // will have such numbers), and single exceptions by number.
  void numbers() {
    std::vector<Stretch> stretches = foreign();
    std::map<uint32_t, uint64_t> counts;
    uint32_t last_call = calls::numbers(text_.arch).back().number;
    // Numbers far above are private calls of arm.
    if (text_.arch == calls::Arch::arm) last_call = 1000;
    std::optional<Action> after;
    for (const Stretch& one : stretches) {
      if (!store_.is_terminal(one.id)) continue;
      counts[store_.value(one.id)] += one.last - one.first + 1;
      if (!after && one.last > last_call && one.last - one.first >= most_numbers)
        after = Action{store_.value(one.id)};
    }
    text_.unknown = after.value_or(no_such_call_);
    text_.says_unknown = text_.unknown != no_such_call_;
    uint64_t odd = 0;
    for (auto [ret, count] : counts) odd += Action{ret} == text_.unknown ? 0 : count;
    if (odd > most_numbers) return;  // the comparison will say so
    for (const Stretch& one : stretches) {
      if (!store_.is_terminal(one.id) || store_.value(one.id) == text_.unknown.ret) continue;
      for (uint64_t number = one.first; number <= one.last; number++)
        put(rule_line({store_.value(one.id)}, text_.arch, ""), fmt::format("nr:{}", number));
    }
  }

  Id at(uint32_t number) const { return decision_.at(audit_, number); }

  // The general `otherwise`: what unknown numbers get if that permits (a list of refusals), else
  // the refusal that most calls get.
  void choose() {
    std::map<uint32_t, size_t> refusals;
    for (const calls::Numbered& one : calls::numbers(text_.arch)) {
      Id id = at(one.number);
      if (!store_.is_terminal(id) || !pinned(one.call)) continue;
      Action action{store_.value(id)};
      if (action.refuses()) refusals[action.ret]++;
    }
    text_.general = text_.unknown;
    if (!text_.unknown.refuses()) return;
    size_t most = 0;
    for (auto [ret, count] : refusals) {
      if (count <= most) continue;
      most = count;
      text_.general = {ret};
    }
  }

  bool pinned(calls::CallId call) const { return calls::since(call, text_.arch) <= default_kernel; }

  static bool always_allowed(std::string_view name) {
    return name == "restart_syscall" || name == "rt_sigreturn" || name == "sigreturn";
  }

  void put(const Line& line, const std::string& name) { text_.lines[line].insert(name); }

  void call(const calls::Numbered& one) {
    std::string name(calls::name_of(one.call));
    CallOn subject{one.call, text_.arch};
    if (store_.larger_than(at(one.number), most_readable_nodes))
      return text_.left_out.push_back(one.call);
    Id id = nameable(store_, at(one.number), subject);
    if (always_allowed(name)) {
      if (id == store_.terminal(Action::log_)) put(rule_line(Action::log(), text_.arch, ""), name);
      return;
    }
    Action silent = pinned(one.call) ? text_.general : text_.unknown;
    if (id == store_.terminal(silent.ret)) return;
    named_.insert(one.call);
    if (store_.is_terminal(id)) return unconditional(one, {store_.value(id)});
    conditional(one, id);
  }

  void unconditional(const calls::Numbered& one, Action action) {
    std::string name(calls::name_of(one.call));
    // Inside socketcall and ipc the same name may be stricter than their own decision.
    bool carried =
        action != Action::allow() && calls::multiplexed(one.call, text_.arch).has_value();
    put(rule_line(action, text_.arch, ""), carried ? fmt::format("nr:{}", one.number) : name);
  }

  void conditional(const calls::Numbered& one, Id id) {
    std::string name(calls::name_of(one.call));
    std::vector<Action> actions;
    for (Id leaf : store_.terminals(id)) actions.push_back({store_.value(leaf)});
    if (actions.size() > most_answers) return text_.left_out.push_back(one.call);
    std::sort(actions.begin(), actions.end(),
              [](Action a, Action b) { return strictness(a) > strictness(b); });
    Action base = base_of(one, actions);
    std::vector<std::pair<Line, std::string>> lines;
    // What goes through socketcall and ipc is also spoken of by the names of the calls inside: only
    // a rule of the carrier's own outweighs those.
    bool carrier = calls::is_carrier(one.call);
    for (Action action : actions) {
      if (action == base && !carrier) continue;
      Id region =
          store_.map_terminals(id, [&](uint32_t ret) { return ret == action.ret ? 1u : 0u; });
      auto where = predicate_text(store_, region, {one.call, text_.arch}, effort_);
      if (!where) return text_.left_out.push_back(one.call);
      lines.emplace_back(rule_line(action, text_.arch, *where), name);
    }
    tested_.push_back(one.call);
    for (const auto& [line, subject] : lines) put(line, subject);
    if (base == text_.general || carrier) return;
    bool stricter_rules = std::all_of(actions.begin(), actions.end(), [&](Action action) {
      return action == base || strictness(action) < strictness(base);
    });
    bool carried = calls::multiplexed(one.call, text_.arch).has_value();
    put(stricter_rules && !carried ? rule_line(base, text_.arch, "")
                                   : otherwise_line(base, text_.arch),
        name);
  }

  // What the call gets where none of its conditions holds.
  Action base_of(const calls::Numbered& one, const std::vector<Action>& actions) const {
    if (std::find(actions.begin(), actions.end(), text_.general) != actions.end())
      return text_.general;
    // A conditional refusal would be unconditional inside socketcall and ipc.
    return calls::multiplexed(one.call, text_.arch) ? actions.back() : actions.front();
  }

  // Calls that seclude would give ENOSYS, because their arguments are in memory, unless they are
  // named: twins of calls with conditions, and carriers of calls that are named.
  void partners() {
    std::set<calls::CallId> wanted;
    for (calls::CallId call : tested_)
      for (calls::CallId twin : calls::opaque_twins(call)) wanted.insert(twin);
    for (calls::CallId call : named_)
      if (auto form = calls::multiplexed(call, text_.arch)) wanted.insert(form->carrier);
    for (calls::CallId call : wanted) {
      auto number = calls::number_of(call, text_.arch);
      if (!number || named_.contains(call)) continue;
      if (store_.larger_than(at(*number), most_readable_nodes)) continue;
      Id id = nameable(store_, at(*number), {call, text_.arch});
      if (store_.is_terminal(id))
        put(rule_line({store_.value(id)}, text_.arch, ""), std::string(calls::name_of(call)));
    }
  }

  Store& store_;
  const Decision& decision_;
  Effort& effort_;
  uint32_t audit_;
  Action no_such_call_;
  ArchText text_;
  std::set<calls::CallId> named_;
  std::vector<calls::CallId> tested_;
};

// ---- all architectures --------------------------------------------------------------------------

// Whether every number of x86_64's audit value that is x32's (or is not) gets such answers.
template <typename Test>
bool all_numbers(const Store& store, const Decision& decision, bool x32, Test&& test) {
  const Runs& runs = decision.runs(calls::info(calls::Arch::x86_64).audit);
  auto holds = [&](Id leaf) { return test(Action{store.value(leaf)}); };
  for (size_t i = 0; i < runs.size(); i++) {
    uint64_t end = i + 1 < runs.size() ? runs[i + 1].first : uint64_t{1} << 32;
    bool concerns = x32 ? end > x32_first && runs[i].first < negative_first
                        : runs[i].first < x32_first || end > negative_first;
    if (!concerns) continue;
    std::vector<Id> leaves = store.terminals(runs[i].id);
    if (!std::all_of(leaves.begin(), leaves.end(), holds)) return false;
  }
  return true;
}

// x32 need not be listed when nothing of it is let in: the policy kills it, whatever the filter
// answers. x86_64 need not be listed when a filter for x32 kills the rest.
void add_x32(const Store& store, const Decision& decision, std::vector<calls::Arch>& archs) {
  auto refuses = [](Action action) { return action.refuses(); };
  auto kills = [](Action action) { return action == Action::kill(); };
  auto x86_64 = std::find(archs.begin(), archs.end(), calls::Arch::x86_64);
  if (x86_64 == archs.end() || all_numbers(store, decision, true, refuses)) return;
  if (all_numbers(store, decision, false, kills)) archs.erase(x86_64);
  archs.push_back(calls::Arch::x32);
}

std::vector<calls::Arch> archs_of(const Store& store, const Decision& decision, calls::Arch asked) {
  std::vector<calls::Arch> archs;
  for (calls::Arch arch : calls::all_archs) {
    if (arch == calls::Arch::x32) continue;
    uint32_t audit = calls::info(arch).audit;
    bool listed = std::any_of(decision.archs.begin(), decision.archs.end(),
                              [&](const ArchRuns& runs) { return runs.audit == audit; });
    bool readable = calls::info(arch).big_endian == calls::info(asked).big_endian;
    if (listed && readable) archs.push_back(arch);
  }
  if (asked == calls::Arch::x32) asked = calls::Arch::x86_64;
  if (archs.empty()) archs.push_back(asked);
  std::stable_partition(archs.begin(), archs.end(),
                        [&](calls::Arch arch) { return arch == asked; });
  add_x32(store, decision, archs);
  return archs;
}

class Assembler {
 public:
  Assembler(std::vector<ArchText> archs, const std::string& name)
      : archs_(std::move(archs)), name_(name) {}

  std::string assemble() {
    std::string text = "seclude 1\npolicy " + name_ + "\n\narchitectures ";
    for (size_t i = 0; i < archs_.size(); i++)
      text += (i == 0 ? "" : ", ") + std::string(calls::info(archs_[i].arch).name);
    text += "\n";
    bool one_general = same([](const ArchText& one) { return general(one); });
    bool one_unknown = same([](const ArchText& one) { return unknown(one); });
    if (one_general) text += general(archs_.front());
    if (one_unknown) text += unknown(archs_.front());
    text += "\n";
    std::map<Line, std::set<std::string>> shared = take_shared();
    text += print(shared, "");
    for (const ArchText& one : archs_) {
      std::string block = (one_general ? "" : general(one)) + (one_unknown ? "" : unknown(one)) +
                          print(one.lines, "    ");
      if (block.empty()) continue;
      text += fmt::format("\non {} {{\n{}}}\n", calls::info(one.arch).name, block);
    }
    return text;
  }

 private:
  static std::string general(const ArchText& one) {
    Words words = words_of(one.general, one.arch);
    return "otherwise " + words.verb + words.with + "\n";
  }
  static std::string unknown(const ArchText& one) {
    if (!one.says_unknown) return "";
    Words words = words_of(one.unknown, one.arch);
    return "otherwise " + words.verb + words.with + " for @unknown\n";
  }

  template <typename Text>
  bool same(Text&& text) const {
    return std::all_of(archs_.begin(), archs_.end(),
                       [&](const ArchText& one) { return text(one) == text(archs_.front()); });
  }

  // Lines that every architecture which has the call says alike.
  std::map<Line, std::set<std::string>> take_shared() {
    std::map<Line, std::set<std::string>> shared;
    for (const ArchText& one : archs_)
      for (const auto& [line, names] : one.lines)
        for (const std::string& name : names)
          if (said_everywhere(line, name)) shared[line].insert(name);
    for (ArchText& one : archs_) {
      for (auto& [line, names] : one.lines)
        if (auto common = shared.find(line); common != shared.end())
          std::erase_if(names,
                        [&](const std::string& name) { return common->second.contains(name); });
      std::erase_if(one.lines, [](const auto& entry) { return entry.second.empty(); });
    }
    return shared;
  }

  bool said_everywhere(const Line& line, const std::string& name) const {
    auto call = calls::find_call(name);
    if (!call) return false;  // nr:
    return std::all_of(archs_.begin(), archs_.end(), [&](const ArchText& one) {
      bool concerns = calls::number_of(*call, one.arch).has_value() ||
                      calls::multiplexed(*call, one.arch).has_value();
      auto found = one.lines.find(line);
      bool says = found != one.lines.end() && found->second.contains(name);
      return says || !concerns;
    });
  }

  static std::string print(const std::map<Line, std::set<std::string>>& lines,
                           const std::string& indent) {
    std::string text;
    for (const auto& [line, names] : lines) {
      std::vector<std::string> list(names.begin(), names.end());
      text += indent + line.before + " " + join(list, ", ") + line.after + "\n";
    }
    return text;
  }

  std::vector<ArchText> archs_;
  const std::string& name_;
};

std::optional<policy::Policy> read(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  uint32_t source = sources.add({.name = "lifted", .text = text});
  policy::Policy policy = policy::parse(source, sources, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return policy;
}

// In the canonical layout, unless that breaks a line before an argument whose name begins a
// statement (mbind's `policy`), which is then read as one.
std::string laid_out(const std::string& text) {
  std::optional<policy::Policy> policy = read(text);
  if (!policy) return text;  // the proof will report it
  std::string printed = policy::print(*policy);
  return read(printed) ? printed : text;
}

void prove(Store& store, const Decision& decision, calls::Arch native, Unlifted& result) {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts =
      policy::load({.name = "lifted", .text = result.text}, policy::built_in, sources, diagnostics);
  Settings settings;
  settings.native = native;
  Resolved resolved = resolve(texts, settings, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity != Severity::Error) continue;
    result.problem =
        "the text is wrong (a bug of seclude, please report it): " + diagnostic.message;
    return;
  }
  Decision said = decide(store, resolved.phases.front().rules, Mediated::AsAllow);
  result.unsaid = call_differences(store, decision, said);
}

}  // namespace

Unlifted unlift(Store& store, const Decision& decision, const UnliftOptions& options) {
  Unlifted result;
  if (mixed(store, decision)) {
    result.problem = "it computes with the call number, for which the language has no words";
    return result;
  }
  result.archs = archs_of(store, decision, options.arch);
  std::vector<ArchText> texts;
  Effort effort;
  for (calls::Arch arch : result.archs) {
    texts.push_back(ArchWriter(store, decision, arch, effort).write());
    const std::vector<calls::CallId>& calls = texts.back().left_out;
    result.left_out.insert(result.left_out.end(), calls.begin(), calls.end());
  }
  result.text = laid_out(Assembler(std::move(texts), options.name).assemble());
  if (!store.exhausted()) prove(store, decision, result.archs.front(), result);
  if (store.exhausted()) result.problem = "it takes too many decision nodes to be written out";
  return result;
}

}  // namespace seclude::filter
