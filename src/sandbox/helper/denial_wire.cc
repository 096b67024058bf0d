// Denial wire: see denial_wire.h. One function lists the fields; writing and reading both walk it.
#include "sandbox/helper/denial_wire.h"

#include "base/wire.h"

namespace seclude::sandbox {
namespace {

template <typename Way, typename Value>
void walk(Way& way, Value& denials) {
  way.list(denials.seen, [&](auto& denial) {
    way.number(denial.call);
    way.number(denial.verdict);
    way.number(denial.process);
    way.number(denial.thread);
    way.text(denial.thread_name);
    way.text(denial.object);
    way.number(denial.object_offset);
    way.list(denial.details, [&](auto& detail) {
      way.number(detail.arg);
      way.number(detail.kind);
      way.text(detail.text);
      way.number(detail.cut);
    });
    way.number(denial.times);
  });
  way.list(denials.counted, [&](auto& count) { way.number(count); });
  way.number(denials.uncounted);
  way.number(denials.saw_every_end);
}

}  // namespace

std::string to_wire(const Denials& denials) {
  wire::Writer writer;
  walk(writer, denials);
  return std::move(writer.bytes);
}

std::optional<Denials> from_wire(std::string_view bytes) {
  wire::Reader reader{bytes};
  Denials denials;
  walk(reader, denials);
  if (!reader.done()) return std::nullopt;
  return denials;
}

}  // namespace seclude::sandbox
