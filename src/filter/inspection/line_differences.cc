// Line differences: see line_differences.h.
//
// Every line is taken apart into single subjects, so that `read /a, /b` equals two lines, and
// printed canonically; a subject of one phase or architecture is another subject.
#include "filter/inspection/line_differences.h"

#include <algorithm>
#include <map>
#include <variant>

#include "calls/arch.h"
#include "policy/printer.h"

namespace seclude::filter {
namespace {

enum class Layer { Paths, Network, Environment, Bound, Parameter };

struct Subject {
  Span span;
  Layer layer = Layer::Bound;
  bool forbids = false;  // taking it away lets more happen
};
using Subjects = std::map<std::string, Subject>;

std::string printed(auto body) {
  policy::Statement statement;
  statement.body = std::move(body);
  return policy::print(statement);
}

class Collector {
 public:
  explicit Collector(const Lines& lines) : lines_(lines) {
    for (const Item& item : lines.flat.items) add(item);
    for (const policy::Policy& policy : lines.texts.policies)
      for (const policy::Statement& statement : policy.statements)
        if (const auto* parameter = std::get_if<policy::Parameter>(&statement.body))
          if (parameter->type != policy::ParameterType::Number)
            put("", printed(*parameter), {statement.keyword, Layer::Parameter, false});
  }

  Subjects take() { return std::move(subjects_); }

 private:
  void add(const Item& item) {
    const policy::Statement& statement = *item.statement;
    std::string where = limited_to(item);
    Span span = statement.keyword;
    if (const auto* paths = std::get_if<policy::Paths>(&statement.body)) {
      bool forbids =
          paths->verb == policy::PathVerb::Protect || paths->verb == policy::PathVerb::Hide;
      for (const policy::PathPattern& pattern : paths->patterns)
        put(where, printed(policy::Paths{paths->verb, {pattern}}), {span, Layer::Paths, forbids});
    } else if (const auto* network = std::get_if<policy::Network>(&statement.body)) {
      for (const policy::End& end : network->ends)
        put(where, printed(policy::Network{network->verb, {end}}), {span, Layer::Network, false});
    } else if (const auto* resolve = std::get_if<policy::ResolveHosts>(&statement.body)) {
      for (const policy::Name& host : resolve->hosts)
        put(where, printed(policy::ResolveHosts{{host}}), {span, Layer::Network, false});
    } else if (const auto* environment = std::get_if<policy::Environment>(&statement.body)) {
      for (const auto& variable : environment->variables)
        put(where, printed(policy::Environment{{variable}}), {span, Layer::Environment, false});
    } else if (const auto* limit = std::get_if<policy::Limit>(&statement.body)) {
      put(where, printed(*limit), {span, Layer::Bound, true});
    } else if (const auto* isolate = std::get_if<policy::Isolate>(&statement.body)) {
      for (const policy::Name& thing : isolate->things)
        put(where, printed(policy::Isolate{{thing}}), {span, Layer::Bound, true});
    }
  }

  std::string limited_to(const Item& item) const {
    std::string text;
    if (item.phase) text += "in phase " + lines_.flat.phases[*item.phase]->name.text + ": ";
    if (item.archs == 0xffff) return text;
    for (calls::Arch arch : calls::all_archs)
      if (has_arch(item.archs, arch)) text += "on " + std::string(calls::info(arch).name) + ": ";
    return text;
  }

  void put(const std::string& where, const std::string& text, Subject subject) {
    subjects_.try_emplace(where + text, subject);
  }

  const Lines& lines_;
  Subjects subjects_;
};

bool mentions(const Subjects& subjects, Layer layer) {
  return std::any_of(subjects.begin(), subjects.end(),
                     [&](const auto& one) { return one.second.layer == layer; });
}

// A layer is on when any line speaks of it: the first permitting line makes it stricter, and taking
// the last one away opens everything.
bool widens(const Subject& subject, const Subjects& from, const Subjects& to, bool in_right) {
  if (subject.layer == Layer::Bound) return !in_right;
  if (subject.layer == Layer::Parameter) return true;  // what it stands for is not compared
  bool was_on = mentions(from, subject.layer), is_on = mentions(to, subject.layer);
  if (!was_on) return false;
  if (!is_on) return true;
  return in_right != subject.forbids;
}

}  // namespace

std::vector<LineDifference> line_differences(const Lines& left, const Lines& right) {
  Subjects before = Collector(left).take(), after = Collector(right).take();
  std::vector<LineDifference> found;
  for (const auto& [text, subject] : before)
    if (!after.contains(text))
      found.push_back({text, subject.span, false, widens(subject, before, after, false)});
  for (const auto& [text, subject] : after)
    if (!before.contains(text))
      found.push_back({text, subject.span, true, widens(subject, before, after, true)});
  return found;
}

}  // namespace seclude::filter
