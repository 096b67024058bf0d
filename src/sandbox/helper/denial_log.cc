// Denial log: see denial_log.h.
#include "sandbox/helper/denial_log.h"

#include <optional>

#include "calls/calls.h"
#include "filter/show.h"

namespace seclude::sandbox {
namespace {

void append(std::string& key, uint64_t value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool is_pointer(const calls::Arg& arg) {
  return arg.kind == calls::ArgKind::Path || arg.kind == calls::ArgKind::Address;
}

// The number says it, or it is read only once a denial is known to be new.
bool tells_nothing_apart(ArgDetail::Kind kind) {
  using enum ArgDetail::Kind;
  return kind == File || kind == Word || kind == UnreadableWord || kind == MoreWords;
}

// What makes two denials the same, as bytes.
std::string key_of(const Denial& denial) {
  std::string key;
  append(key, denial.call.arch);
  append(key, denial.call.number);
  append(key, denial.verdict.action.ret);
  const auto arch = filter::arch_of(denial.call);
  const auto call = arch ? calls::call_at(*arch, denial.call.number) : std::nullopt;
  if (call) {
    const auto args = calls::args(*call, *arch);
    for (size_t i = 0; i < args.size(); ++i) {
      if (is_pointer(args[i])) continue;
      const uint64_t mask = args[i].bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << args[i].bits) - 1;
      append(key, filter::argument(denial.call, *call, *arch, i).value_or(0) & mask);
    }
  }
  for (const ArgDetail& detail : denial.details) {
    if (tells_nothing_apart(detail.kind)) continue;
    append(key, detail.arg << 8 | static_cast<uint64_t>(detail.kind));
    append(key, detail.text.size());
    key += detail.text;
  }
  return key;
}

}  // namespace

uint64_t Denials::total() const {
  uint64_t sum = uncounted;
  for (const Denial& denial : seen) sum += denial.times;
  for (const CallCount& count : counted) sum += count.times;
  return sum;
}

bool DenialLog::count(const Denial& denial) {
  if (const auto at = places_.find(key_of(denial)); at != places_.end()) {
    ++seen_[at->second].times;
    return false;
  }
  if (seen_.size() < most) return true;
  const std::pair call(denial.call.arch, denial.call.number);
  const auto at = counted_.find(call);
  if (at != counted_.end()) {
    ++at->second;
  } else if (counted_.size() < most_counted) {
    counted_.emplace(call, 1);
  } else {
    ++uncounted_;
  }
  return false;
}

const Denial& DenialLog::add(Denial denial) {
  places_.emplace(key_of(denial), seen_.size());
  seen_.push_back(std::move(denial));
  return seen_.back();
}

Denials DenialLog::all() const {
  Denials denials;
  denials.seen = seen_;
  for (const auto& [call, times] : counted_)
    denials.counted.push_back({.arch = call.first, .number = call.second, .times = times});
  denials.uncounted = uncounted_;
  return denials;
}

}  // namespace seclude::sandbox
