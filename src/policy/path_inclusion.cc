// Inclusion of globs, exactly; see decide_paths in paths.h.
//
// Each glob is a small nondeterministic automaton over the bytes of a path ("" for the root, else
// "/name/name"). All of them run at once, over the bytes that occur in any of them and one that
// occurs in none, for as long as the asked one can still match. Every state in which it matches is
// a case: granted or refused. Two states with the same sets of positions are the same case, so the
// search is finite; it is cut at 2^16 states.
// Rules that neither grant nor refuse the access take no part.
#include <algorithm>
#include <deque>
#include <set>

#include "policy/paths.h"

namespace seclude::policy {

namespace {

constexpr size_t most_states = 1 << 16;

// Positions of one automaton, as steps. A position waits for its byte.
struct Step {
  enum class Kind : uint8_t {
    Byte,       // exactly `byte`
    Name,       // any byte of a name, once
    NameMore,   // any number of bytes of a name
    Deep,       // between names: a further "/name" may come, or the rest of the pattern
    DeepFirst,  // after the slash of such a name
    DeepMore,   // inside such a name
    End,        // the pattern has matched
    Never,      // the end of a pattern that takes no part
  };
  Kind kind;
  char byte = 0;
};

using Steps = std::vector<Step>;

Steps steps_of(const Glob& glob, bool with_all_below) {
  using enum Step::Kind;
  Steps steps;
  for (const std::string& name : glob.names) {
    if (name == "**") {
      steps.insert(steps.end(), {{Deep}, {DeepFirst}, {DeepMore}});
      continue;
    }
    steps.push_back({Byte, '/'});
    if (name == "*") steps.push_back({Name});  // a name is never empty
    for (size_t i = 0; i < name.size(); i++) {
      if (name[i] == '*')
        steps.push_back({NameMore});
      else if (name[i] == '\\' && i + 1 < name.size())
        steps.push_back({Byte, name[++i]});
      else
        steps.push_back({Byte, name[i]});
    }
  }
  if (with_all_below) steps.insert(steps.end(), {{Deep}, {DeepFirst}, {DeepMore}});
  steps.push_back({End});
  return steps;
}

// Positions in the steps of all automata together, sorted.
using State = std::vector<uint32_t>;

// Adds a position and those reached from it without reading a byte.
void enter(const Steps& steps, State& state, uint32_t at) {
  state.push_back(at);
  if (steps[at].kind == Step::Kind::NameMore) enter(steps, state, at + 1);
  if (steps[at].kind == Step::Kind::Deep) enter(steps, state, at + 3);
  if (steps[at].kind == Step::Kind::DeepMore) {
    state.push_back(at - 2);
    enter(steps, state, at + 1);  // what Deep leads to
  }
}

State advance(const Steps& steps, const State& state, char byte) {
  using enum Step::Kind;
  State next;
  for (uint32_t at : state) {
    switch (steps[at].kind) {
      case Byte:
        if (steps[at].byte == byte) enter(steps, next, at + 1);
        break;
      case Name:
      case DeepFirst:
        if (byte != '/') enter(steps, next, at + 1);
        break;
      case NameMore:
      case DeepMore:
        if (byte != '/') enter(steps, next, at);
        break;
      case Deep:
        if (byte == '/') enter(steps, next, at + 1);
        break;
      case End:
      case Never:
        break;
    }
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

bool grants(PathVerb verb, Access access) {
  switch (verb) {
    case PathVerb::Read:
    case PathVerb::Protect:
      return access == Access::Read;
    case PathVerb::Run:
      return access == Access::Read || access == Access::Run;
    case PathVerb::Write:
      return access == Access::Read || access == Access::Write;
    case PathVerb::Create:
      return access != Access::Run;
    case PathVerb::Hide:
      return false;
  }
  return false;
}

bool refuses(PathVerb verb, Access access) {
  if (verb == PathVerb::Hide) return true;
  return verb == PathVerb::Protect && (access == Access::Write || access == Access::Create);
}

class Search {
 public:
  Search(std::span<const PathRule> rules, const Glob& asked, Access access)
      : rules_(rules), access_(access) {
    append(steps_of(asked, false));
    // What is hidden hides what is below it.
    for (const PathRule& rule : rules) {
      bool counts = grants(rule.verb, access) || refuses(rule.verb, access);
      append(counts ? steps_of(rule.glob, rule.verb == PathVerb::Hide)
                    : Steps{{Step::Kind::Never}});
    }
    choose_other();
  }

  PathAnswer run() {
    State start;
    for (uint32_t begin : begins_) enter(steps_, start, begin);
    std::sort(start.begin(), start.end());
    add(std::move(start), {});
    while (!due_.empty() && !(granted_ && refused_)) {
      if (seen_.size() > most_states) {
        answer_.coverage = Coverage::Undecided;
        return answer_;
      }
      auto [state, path] = std::move(due_.front());
      due_.pop_front();
      judge(*state, path);
      for (char byte : bytes_of(*state)) step(*state, path, byte);
    }
    answer_.coverage = granted_ && refused_ ? Coverage::Some
                       : granted_           ? Coverage::All
                                            : Coverage::None;
    return answer_;
  }

 private:
  void append(const Steps& steps) {
    begins_.push_back(static_cast<uint32_t>(steps_.size()));
    steps_.insert(steps_.end(), steps.begin(), steps.end());
    ends_.push_back(static_cast<uint32_t>(steps_.size() - 1));
  }

  // One byte that no pattern names stands for all of them.
  void choose_other() {
    static constexpr std::string_view readable = "xyzabcdefghijklmnopqrstuvwXYZ0123456789";
    std::set<char> named = {'/'};
    for (const Step& step : steps_)
      if (step.kind == Step::Kind::Byte) named.insert(step.byte);
    for (char c : readable)
      if (named.count(c) == 0) {
        other_ = c;
        return;
      }
    while (named.count(other_) != 0) other_++;
  }

  // The bytes that can make a difference in this state.
  std::vector<char> bytes_of(const State& state) const {
    std::vector<char> bytes = {other_, '/'};
    for (uint32_t at : state)
      if (steps_[at].kind == Step::Kind::Byte) bytes.push_back(steps_[at].byte);
    std::sort(bytes.begin() + 1, bytes.end());
    bytes.erase(std::unique(bytes.begin() + 1, bytes.end()), bytes.end());
    return bytes;
  }

  bool active(const State& state, size_t automaton) const {
    uint32_t end = ends_[automaton];
    return steps_[end].kind == Step::Kind::End &&
           std::binary_search(state.begin(), state.end(), end);
  }

  void add(State state, std::string path) {
    auto [at, fresh] = seen_.insert(std::move(state));
    if (fresh) due_.emplace_back(&*at, std::move(path));
  }

  // States in which the asked pattern cannot match any more are no cases.
  void step(const State& state, const std::string& path, char byte) {
    State next = advance(steps_, state, byte);
    if (!next.empty() && next.front() <= ends_[0]) add(std::move(next), path + byte);
  }

  void judge(const State& state, const std::string& path) {
    if (!active(state, 0)) return;
    std::optional<size_t> grant, refusal;
    for (size_t i = 0; i < rules_.size(); i++) {
      if (!active(state, i + 1)) continue;
      if (!refusal && refuses(rules_[i].verb, access_)) refusal = i;
      if (!grant && grants(rules_[i].verb, access_)) grant = i;
    }
    bool granted = grant && !refusal;
    bool& known = granted ? granted_ : refused_;
    if (known) return;
    known = true;
    (granted ? answer_.granted : answer_.refused) = path.empty() ? "/" : path;
    (granted ? answer_.granted_by : answer_.refused_by) = granted ? grant : refusal;
  }

  std::span<const PathRule> rules_;
  Access access_;
  Steps steps_;                          // of all automata; the asked one first
  std::vector<uint32_t> begins_, ends_;  // of each automaton
  char other_ = '\x01';
  std::set<State> seen_;
  std::deque<std::pair<const State*, std::string>> due_;
  bool granted_ = false, refused_ = false;
  PathAnswer answer_;
};

}  // namespace

PathAnswer decide_paths(std::span<const PathRule> rules, const Glob& asked, Access access) {
  return Search(rules, asked, access).run();
}

}  // namespace seclude::policy
