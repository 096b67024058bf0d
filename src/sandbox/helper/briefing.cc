// Briefing: see briefing.h.
#include "sandbox/helper/briefing.h"

#include <cstdlib>
#include <cstring>

#include "base/wire.h"
#include "kernel/socket.h"

namespace seclude::sandbox {
namespace {

template <typename Way, typename Value>
void walk_terms(Way& way, Value& terms) {
  way.number(terms.facts);
  way.number(terms.how);
  way.number(terms.prints);
  way.number(terms.printed_at_most);
  way.list(terms.listening, [&](auto& end) { way.number(end); });
}

template <typename Way, typename Value>
void walk_knowledge(Way& way, Value& knowledge) {
  way.text(knowledge.rules);
  way.text(knowledge.texts);
}

std::string as_message(const wire::Writer& writer) {
  wire::Writer message;
  message.text(writer.bytes);
  return std::move(message.bytes);
}

}  // namespace

std::string to_wire(const Terms& terms) {
  wire::Writer writer;
  walk_terms(writer, terms);
  return as_message(writer);
}

std::string to_wire(const Knowledge& knowledge) {
  wire::Writer writer;
  walk_knowledge(writer, knowledge);
  return as_message(writer);
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

std::optional<Terms> Briefing::hear_terms() {
  const auto message = next_message();
  if (!message) return std::nullopt;
  wire::Reader reader{*message};
  Terms terms;
  walk_terms(reader, terms);
  CHECK(reader.done());
  return terms;
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
