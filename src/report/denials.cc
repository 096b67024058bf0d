// Denials, reported: see denials.h.
#include "report/denials.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "calls/calls.h"
#include "filter/show.h"

namespace seclude::report {
namespace {

using nlohmann::ordered_json;
using namespace sandbox;

constexpr size_t most_named = 10;  // calls named in the summary

std::string name_of(const filter::Input& input) {
  const auto arch = filter::arch_of(input);
  const auto call = arch ? calls::call_at(*arch, input.number) : std::nullopt;
  return call ? std::string(calls::name_of(*call)) : fmt::format("nr:{}", input.number);
}

struct Named {
  std::string name;
  uint64_t times;
};

// Calls by name, the most frequent first.
std::vector<Named> by_name(const Denials& denials) {
  std::map<std::string, uint64_t> times;
  for (const Denial& denial : denials.seen) times[name_of(denial.call)] += denial.times;
  for (const CallCount& count : denials.counted) {
    filter::Input input;
    input.arch = count.arch;
    input.number = count.number;
    times[name_of(input)] += count.times;
  }
  std::vector<Named> list;
  for (const auto& [name, number] : times) list.push_back({name, number});
  std::stable_sort(list.begin(), list.end(),
                   [](const Named& left, const Named& right) { return left.times > right.times; });
  return list;
}

const char* kind_of(ArgDetail::Kind kind) {
  switch (kind) {
    case ArgDetail::Kind::Path:
      return "path";
    case ArgDetail::Kind::Socket:
      return "socket_address";
    case ArgDetail::Kind::File:
      return "file";
    case ArgDetail::Kind::Binding:
      return "bound_to";
    case ArgDetail::Kind::Unreadable:
      return "unreadable";
    case ArgDetail::Kind::Word:
      return "word";
    case ArgDetail::Kind::UnreadableWord:
      return "unreadable_word";
    case ArgDetail::Kind::MoreWords:
      return "more_words";
  }
  return "";
}

ordered_json line_of(const Denial& denial, const SourceMap& sources) {
  const Span origin = denial.verdict.origin;
  if (!origin.known()) return nullptr;
  return {{"file", sources.at(origin.source).name},
          {"line", sources.position(origin).line},
          {"text", std::string(sources.line_of(origin))}};
}

bool has_text(ArgDetail::Kind kind) {
  using enum ArgDetail::Kind;
  return kind != Unreadable && kind != UnreadableWord && kind != MoreWords;
}

ordered_json details_of(const Denial& denial) {
  ordered_json list = ordered_json::array();
  for (const ArgDetail& detail : denial.details) {
    ordered_json row = {{"argument", detail.arg}, {"kind", kind_of(detail.kind)}};
    if (has_text(detail.kind)) row["text"] = detail.text;
    if (detail.cut) row["cut"] = true;
    list.push_back(std::move(row));
  }
  return list;
}

ordered_json to_json(const Denial& denial, const evidence::Context& context,
                     const SourceMap& sources) {
  const auto arch = filter::arch_of(denial.call);
  const Diagnostic diagnosis = evidence::diagnose(denial, context);
  return {{"call", name_of(denial.call)},
          {"number", denial.call.number},
          {"arch", arch ? std::string(calls::info(*arch).name) : ""},
          {"arguments", denial.call.args},
          {"text", evidence::show_call(denial)},
          {"action", filter::to_string(denial.verdict.action, arch.value_or(calls::native()))},
          {"decided_by", line_of(denial, sources)},
          {"why", diagnosis.label},
          {"help", diagnosis.helps},
          {"details", details_of(denial)},
          {"process", denial.process},
          {"thread", denial.thread},
          {"thread_name", denial.thread_name},
          {"object", denial.object},
          {"object_offset", denial.object_offset},
          {"instruction_pointer", denial.call.instruction_pointer},
          {"times", denial.times}};
}

}  // namespace

std::optional<std::string> summary(const Denials& denials, size_t printed) {
  const uint64_t total = denials.total();
  if (total == denials.seen.size() && total <= printed) return std::nullopt;
  std::string text = count(total, "call") + " denied:";
  size_t named = 0;
  uint64_t rest = total;
  for (const Named& one : by_name(denials)) {
    if (named == most_named) break;
    text += fmt::format("{} {} {}", named == 0 ? "" : ",", one.name, one.times);
    rest -= one.times;
    ++named;
  }
  if (rest > 0) text += fmt::format(", others {}", rest);
  return text;
}

ordered_json to_json(const Denials& denials, const evidence::Context& context,
                     const SourceMap& sources) {
  ordered_json list = ordered_json::array();
  for (const Denial& denial : denials.seen) list.push_back(to_json(denial, context, sources));
  for (const CallCount& count : denials.counted) {
    filter::Input input;
    input.arch = count.arch;
    input.number = count.number;
    list.push_back({{"call", name_of(input)}, {"number", count.number}, {"times", count.times}});
  }
  return list;
}

}  // namespace seclude::report
