// Inclusion of globs, exactly; see decide_paths in paths.h.
//
// Each glob is a small nondeterministic automaton over the bytes of a path ("" for the root, else
// "/name/name"). All of them run at once, over the bytes that occur in any of them and one that
// occurs in none, for as long as the asked one can still match. Every state in which it matches is
// a case: granted or refused. Two states with the same sets of positions are the same case, so the
// search is finite; it is cut at 2^16 states.
#include <array>
#include <deque>
#include <map>
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

using Positions = std::vector<bool>;

// Marks a position and those reached from it without reading a byte.
void enter(const Steps& steps, Positions& positions, size_t at) {
  if (positions[at]) return;
  positions[at] = true;
  if (steps[at].kind == Step::Kind::NameMore) enter(steps, positions, at + 1);
  if (steps[at].kind == Step::Kind::Deep) enter(steps, positions, at + 3);
  if (steps[at].kind == Step::Kind::DeepMore) enter(steps, positions, at - 2);
}

Positions advance(const Steps& steps, const Positions& positions, char byte) {
  using enum Step::Kind;
  Positions next(positions.size());
  for (size_t i = 0; i < steps.size(); i++) {
    if (!positions[i]) continue;
    switch (steps[i].kind) {
      case Byte:
        if (steps[i].byte == byte) enter(steps, next, i + 1);
        break;
      case Name:
      case DeepFirst:
        if (byte != '/') enter(steps, next, i + 1);
        break;
      case NameMore:
      case DeepMore:
        if (byte != '/') enter(steps, next, i);
        break;
      case Deep:
        if (byte == '/') enter(steps, next, i + 1);
        break;
      case End:
        break;
    }
  }
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
    automata_.push_back(steps_of(asked, false));
    // What is hidden hides what is below it.
    for (const PathRule& rule : rules)
      automata_.push_back(steps_of(rule.glob, rule.verb == PathVerb::Hide));
    choose_bytes();
  }

  PathAnswer run() {
    State start;
    for (const Steps& steps : automata_) {
      start.emplace_back(steps.size());
      enter(steps, start.back(), 0);
    }
    add(std::move(start), {});
    while (!due_.empty() && !(granted_ && refused_)) {
      if (seen_.size() > most_states) {
        answer_.coverage = Coverage::Undecided;
        return answer_;
      }
      auto [state, path] = std::move(due_.front());
      due_.pop_front();
      judge(*state, path);
      for (char byte : bytes_) step(*state, path, byte);
    }
    answer_.coverage = granted_ && refused_ ? Coverage::Some
                       : granted_           ? Coverage::All
                                            : Coverage::None;
    return answer_;
  }

 private:
  using State = std::vector<Positions>;  // one per automaton; the asked one first

  // All bytes the patterns name, the slash, and one byte that stands for all others.
  void choose_bytes() {
    std::set<char> named = {'/'};
    for (const Steps& steps : automata_)
      for (const Step& step : steps)
        if (step.kind == Step::Kind::Byte) named.insert(step.byte);
    static constexpr std::string_view others = "xyzabcdefghijklmnopqrstuvwXYZ0123456789";
    size_t other = 0;
    while (other < others.size() && named.count(others[other]) != 0) other++;
    char odd = '\x01';
    while (other == others.size() && named.count(odd) != 0) odd++;
    bytes_.push_back(other < others.size() ? others[other] : odd);
    bytes_.insert(bytes_.end(), named.begin(), named.end());
  }

  void add(State state, std::string path) {
    auto [at, fresh] = seen_.insert(std::move(state));
    if (fresh) due_.emplace_back(&*at, std::move(path));
  }

  void step(const State& state, const std::string& path, char byte) {
    Positions asked = advance(automata_[0], state[0], byte);
    if (asked == Positions(asked.size())) return;
    State next;
    next.reserve(state.size());
    next.push_back(std::move(asked));
    for (size_t i = 1; i < automata_.size(); i++)
      next.push_back(advance(automata_[i], state[i], byte));
    add(std::move(next), path + byte);
  }

  void judge(const State& state, const std::string& path) {
    if (!state[0].back()) return;
    std::optional<size_t> grant, refusal;
    for (size_t i = 0; i < rules_.size(); i++) {
      if (!state[i + 1].back()) continue;
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
  std::vector<Steps> automata_;
  std::vector<char> bytes_;
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
