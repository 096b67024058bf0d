// Memory: one page that a process shares with the children it makes, however they are made.
//
// In: a type that fits a page and is nothing but bytes. Out: an owner of one such value in memory
// that clone and fork share (MAP_SHARED). The child writes, the parent reads after it has ended or
// called execve; execve takes the page away from the child.
// Why not a pipe: `write` may be refused by the filter at the moment there is something to tell.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace seclude::kernel {

[[nodiscard]] Result<void*> map_shared(size_t size);
void unmap(void* address, size_t size);

// For a child that needs more than a ChildStack (process.h): 64 KiB. Nothing can be touched below
// it, so that an overflow faults.
class Stack {
 public:
  [[nodiscard]] static Result<Stack> make();
  Stack(Stack&& other) noexcept : lowest_(std::exchange(other.lowest_, nullptr)) {}
  Stack& operator=(Stack&&) = delete;
  ~Stack();
  void* upper_end() const;

 private:
  explicit Stack(void* lowest) : lowest_(lowest) {}
  void* lowest_;
};

template <typename T>
class SharedPage {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  static_assert(sizeof(T) <= 4096);

 public:
  [[nodiscard]] static Result<SharedPage> make() {
    return SharedPage(new (TRY(map_shared(sizeof(T)))) T());
  }
  SharedPage(SharedPage&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  SharedPage& operator=(SharedPage&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~SharedPage() {
    if (value_ != nullptr) unmap(value_, sizeof(T));
  }
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  explicit SharedPage(T* value) : value_(value) {}
  T* value_;
};

}  // namespace seclude::kernel
