// Briefing: see briefing.h.
#include "sandbox/helper/briefing.h"

#include <cstdlib>
#include <cstring>

#include "base/wire.h"
#include "kernel/helper.h"
#include "kernel/socket.h"

namespace seclude::sandbox {
namespace {

template <typename Way, typename Value>
void walk_knowledge(Way& way, Value& knowledge) {
  way.text(knowledge.rules);
  way.text(knowledge.texts);
  way.list(knowledge.listening, [&](auto& end) { way.number(end); });
}

}  // namespace

std::string to_wire(const Knowledge& knowledge) {
  wire::Writer writer, message;
  walk_knowledge(writer, knowledge);
  message.text(writer.bytes);
  return std::move(message.bytes);
}

std::optional<std::string> Briefing::next_message() const {
  size_t size = 0;
  const auto header = kernel::receive_all(launcher_, sizeof size);
  if (!header) return std::nullopt;
  std::memcpy(&size, header->data(), sizeof size);
  auto message = kernel::receive_all(launcher_, size);
  if (!message) return std::nullopt;
  return std::move(*message);
}

std::optional<Terms> Briefing::hear_terms(const kernel::Fd& child) const {
  kernel::Ready items[] = {{.descriptor = launcher_}, {.descriptor = child.number()}};
  if (!kernel::wait_until_ready(items, false) || !shared_->known.is_open()) return std::nullopt;
  return shared_->terms;
}

const Knowledge& Briefing::hear() {
  if (knowledge_) return *knowledge_;
  const auto message = next_message();
  if (!message) std::_Exit(1);
  wire::Reader reader{*message};
  walk_knowledge(reader, knowledge_.emplace());
  CHECK(reader.done());
  return *knowledge_;
}

}  // namespace seclude::sandbox
