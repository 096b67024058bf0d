// Wire: values as bytes, for the same program to read again.
//
// In: numbers, texts, lists. Out: bytes, or the values. A function that names the fields of a value
// one after the other (`walk`) serves both ways: with a Writer it writes them, with a Reader it
// fills them in. Nothing is read beyond the bytes that came; what is missing makes the Reader bad.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seclude::wire {

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
  // Values without anything between their fields, all at once.
  template <typename T>
  void numbers(const std::vector<T>& values) {
    static_assert(std::has_unique_object_representations_v<T>);
    number(values.size());
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  template <typename T>
  void optional(const std::optional<T>& value) {
    number(value.has_value());
    if (value) number(*value);
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

  // All of it was read, and nothing was missing.
  bool done() const { return good && rest.empty(); }

  template <typename T>
  void number(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    good = good && rest.size() >= sizeof value;
    if (!good) return;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
  }
  void text(std::string& value) {
    std::string_view view;
    text(view);
    value.assign(view);
  }
  // Where it is, in the bytes that are read.
  void text(std::string_view& value) {
    size_t size = 0;
    number(size);
    good = good && rest.size() >= size;
    if (!good) return;
    value = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  template <typename T>
  void numbers(std::vector<T>& values) {
    static_assert(std::has_unique_object_representations_v<T>);
    size_t size = 0;
    number(size);
    good = good && size <= rest.size() / sizeof(T);
    if (!good) return;
    values.resize(size);
    std::memcpy(values.data(), rest.data(), size * sizeof(T));
    rest.remove_prefix(size * sizeof(T));
  }
  template <typename T>
  void optional(std::optional<T>& value) {
    bool there = false;
    number(there);
    if (there) number(value.emplace());
  }
  template <typename T, typename Each>
  void list(std::vector<T>& values, Each each) {
    size_t size = 0;
    number(size);
    // An element is a byte at least.
    good = good && size <= rest.size();
    if (good) values.reserve(size);
    for (size_t i = 0; good && i < size; ++i) {
      values.emplace_back();
      each(values.back());
    }
  }
};

}  // namespace seclude::wire
