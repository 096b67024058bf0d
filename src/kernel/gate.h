// Gate: where a child waits for what somebody else has not finished.
//
// In: memory that both share. Out: the child goes on once the gate is opened, and gives up if it is
// shut. Whoever was to do either takes the child with it when it ends: the launcher by
// raw::die_with_parent, the first process of a process namespace by being that.
// Neighbours: process.h begins a child beside its launcher.
#pragma once

#include <cstdint>

namespace seclude::kernel {

class Gate {
 public:
  // What was written before is there for whoever comes through.
  void open() { set(State::Open); }
  void shut() { set(State::Shut); }
  // By the rules of raw.h, as are the others: 0, or ECANCELED where the gate was shut.
  int pass() const;
  // Whether it is open by then, or when a signal came; false as well where it was shut.
  bool opens_within(uint64_t nanoseconds) const;
  bool is_open() const;
  bool is_shut() const;

 private:
  enum class State : uint32_t { Closed, Open, Shut };
  void set(State state);
  State state() const;
  uint32_t state_ = static_cast<uint32_t>(State::Closed);
};

}  // namespace seclude::kernel
