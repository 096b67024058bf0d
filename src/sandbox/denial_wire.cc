// Denial wire: see denial_wire.h. One function lists the fields; writing and reading both walk it.
#include "sandbox/denial_wire.h"

#include <cstring>
#include <type_traits>

namespace seclude::sandbox {
namespace {

struct Writer {
  std::string bytes;
  template <typename T>
  void number(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    number(value.size());
    bytes += value;
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& values, Each each) {
    number(values.size());
    for (const T& value : values) each(value);
  }
};

struct Reader {
  std::string_view rest;
  bool good = true;

  template <typename T>
  void number(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    good = good && rest.size() >= sizeof value;
    if (!good) return;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
  }
  void text(std::string& value) {
    size_t size = 0;
    number(size);
    good = good && rest.size() >= size;
    if (!good) return;
    value.assign(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  template <typename T, typename Each>
  void list(std::vector<T>& values, Each each) {
    size_t size = 0;
    number(size);
    for (size_t i = 0; good && i < size; ++i) {
      values.emplace_back();
      each(values.back());
    }
  }
};

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
  Writer writer;
  walk(writer, denials);
  return std::move(writer.bytes);
}

std::optional<Denials> from_wire(std::string_view bytes) {
  Reader reader{bytes};
  Denials denials;
  walk(reader, denials);
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  return denials;
}

}  // namespace seclude::sandbox
