// Action: what happens to a call, as one number.
//
// The number is the return value a seccomp filter gives for it (SECCOMP_RET_* | data), so that a
// diagram's leaves, a rule and a BPF return are the same thing. One value is ours: `mediated`, a
// call the filter lets pass because another layer decides (paths, hosts).
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "calls/arch.h"

namespace seclude::filter {

struct Action {
  uint32_t ret = 0;

  static constexpr uint32_t kind_mask = 0xffff0000;
  static constexpr uint32_t kill_process = 0x80000000, kill_thread_ = 0x00000000,
                            trap_ = 0x00030000, errno_ = 0x00050000, notify_ = 0x7fc00000,
                            trace_ = 0x7ff00000, log_ = 0x7ffc0000, allow_ = 0x7fff0000;

  static constexpr Action kill() { return {kill_process}; }
  static constexpr Action kill_thread() { return {kill_thread_}; }
  static constexpr Action trap(uint16_t data = 0) { return {trap_ | data}; }
  static constexpr Action deny(uint16_t errno_value) { return {errno_ | errno_value}; }
  static constexpr Action ask() { return {notify_}; }
  static constexpr Action trace(uint16_t data = 0) { return {trace_ | data}; }
  static constexpr Action log() { return {log_}; }
  static constexpr Action allow() { return {allow_}; }
  static constexpr Action mediated() { return {allow_ | 1}; }

  uint32_t kind() const { return ret & kind_mask; }
  uint16_t data() const { return static_cast<uint16_t>(ret & 0xffff); }
  bool refuses() const;  // deny, trap, kill-thread, kill: the call does not happen
  bool is_deny() const { return kind() == errno_; }

  friend bool operator==(Action, Action) = default;
};

// 0 strictest (kill) .. 8 (allow): the kernel's order of precedence; mediated is just stricter than
// allow.
int strictness(Action action);

// What the kernel does with any return value: unknown actions kill, errno data above 4095 is 4095,
// data on kill, notify, log and allow is ignored. (seccomp(2), kernel/seccomp.c)
Action normalised(uint32_t ret);

// allow, mediated, log, ask, trace:N, errno:EPERM, errno:4000, trap:N, kill-thread, kill.
std::string to_string(Action action, calls::Arch arch);

}  // namespace seclude::filter
