// Musl, names: the functions of glibc that our own code calls and musl lacks.
//
// In: numbers of signals and errors. Out: their names, as glibc has them, so that the program says
// the same however it is linked. Neighbours: musl.cc says when this is linked.
#include <cstdint>

#include "calls/arch.h"
#include "calls/constants.h"

namespace {

constexpr const char* abbreviations[] = {
    nullptr, "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV",  "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU",  "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};
constexpr int known = sizeof abbreviations / sizeof *abbreviations;

}  // namespace

// Declared here because these names are libc's: no header of ours should have them.
extern "C" {

// The first signal that glibc leaves to programs; musl keeps one more for itself, and messages
// shall not depend on it.
int __libc_current_sigrtmin();
int __libc_current_sigrtmin() { return 34; }

// Linux numbers signals alike everywhere this file is used (x86_64).
const char* sigabbrev_np(int number);
const char* sigabbrev_np(int number) {
  return number > 0 && number < known ? abbreviations[number] : nullptr;
}

// The names in the tables are literals, which end in NUL.
const char* strerrorname_np(int value);
const char* strerrorname_np(int value) {
  if (value <= 0 || value > UINT16_MAX) return nullptr;
  const auto name =
      seclude::calls::errno_name(static_cast<uint16_t>(value), seclude::calls::native());
  return name ? name->data() : nullptr;
}

}  // extern "C"
