// Relay: see relay.h.
#include "sandbox/limits/relay.h"

#include <algorithm>
#include <array>

namespace seclude::sandbox {

namespace {
constexpr size_t piece = 65536;  // a pipe's usual size
}  // namespace

Result<Relay> Relay::make(Targets targets, uint64_t bytes) {
  Relay relay;
  relay.left_ = bytes;
  const bool together = kernel::same_stream(targets.output, targets.error);
  for (const int target : {targets.output, targets.error}) {
    if (together && !relay.lines_.empty()) break;
    kernel::Pipe pipe = TRY(kernel::make_pipe());
    relay.lines_.push_back(
        {.target = target, .program = std::move(pipe.writing), .reading = std::move(pipe.reading)});
  }
  return relay;
}

void Relay::let_go() {
  for (Line& line : lines_) line.program.reset();
}

std::vector<kernel::Waited> Relay::waiting() const {
  using For = kernel::Waited::For;
  std::vector<kernel::Waited> items;
  for (const Line& line : lines_) {
    if (!line.held.empty()) {
      items.push_back({line.target, For::Writing});
    } else if (line.reading) {
      items.push_back({line.reading->number(), For::Reading});
    }
  }
  return items;
}

void Relay::pump() {
  for (Line& line : lines_) pump(line);
}

// Asks first: the target may be slow, and time goes on.
void Relay::pump(Line& line) {
  using For = kernel::Waited::For;
  if (line.held.empty()) read(line);
  while (!line.held.empty()) {
    kernel::Waited asked[] = {{line.target, For::Writing}};
    if (!kernel::wait_for_any(asked, uint64_t{0}) || !asked[0].ready) return;
    const auto put = kernel::write_now(line.target, line.held);
    if (!put) {
      // Nobody reads any more: the program learns it in the same way.
      line.held.clear();
      line.reading.reset();
      return;
    }
    line.held.erase(0, *put);
    if (line.held.empty()) read(line);
  }
}

void Relay::read(Line& line) {
  if (!line.reading || over_) return;
  std::array<char, piece> buffer;
  const auto got = kernel::read_now(line.reading->number(), buffer);
  if (!got && !ended_) return;
  if (!got || *got == 0) return line.reading.reset();
  const size_t passed = static_cast<size_t>(std::min<uint64_t>(*got, left_));
  over_ = *got > left_;
  left_ -= passed;
  line.held.assign(buffer.data(), passed);
}

bool Relay::empty() const {
  return std::all_of(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.held.empty() && (!ended_ || over_ || !line.reading);
  });
}

}  // namespace seclude::sandbox
