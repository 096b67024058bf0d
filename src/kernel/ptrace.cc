// Ptrace: see ptrace.h.
#include "kernel/ptrace.h"

#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>

namespace seclude::kernel {
namespace {

constexpr int from_seccomp = 1;  // SYS_SECCOMP, the si_code of such a SIGSYS
constexpr int stop_event = 128;  // PTRACE_EVENT_STOP
// Inside the kernel the result of a wait that a signal has ended; never seen by programs.
constexpr int erestartsys = 512, erestartnointr = 513;

// glibc declares the request an enum; the kernel's header has more of them.
long request(int what, int thread, unsigned long address, void* data) {
  return ::ptrace(static_cast<__ptrace_request>(what), thread, address, data);
}

void* as_data(unsigned long value) { return reinterpret_cast<void*>(value); }

TraceEvent event_of(int thread, int status) {
  using Kind = TraceEvent::Kind;
  if (!WIFSTOPPED(status)) return {Kind::Gone, thread, status};
  const int signal = WSTOPSIG(status), event = status >> 16;
  if (event == 0) return {Kind::Signal, thread, signal};
  if (event == stop_event && signal != SIGTRAP) return {Kind::GroupStop, thread, signal};
  if (event != PTRACE_EVENT_EXIT) return {Kind::Other, thread, 0};
  unsigned long message = 0;
  (void)request(PTRACE_GETEVENTMSG, thread, 0, &message);
  return {Kind::Exiting, thread, static_cast<int>(message)};
}

// AUDIT_ARCH_* of the call, as the kernel itself sees it (Linux 5.3).
std::optional<uint32_t> arch_of(int thread) {
  struct __ptrace_syscall_info info = {};
  if (request(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return std::nullopt;
  return info.arch;
}

struct Place {
  size_t offset, width;
};

#if defined(__x86_64__)
// struct user_regs_struct as the kernel has it for 64-bit and for 32-bit tasks; of the 32-bit one
// only what is needed.
struct Registers {
  uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, rest[10];
};
struct Registers32 {
  uint32_t bx, cx, dx, si, di, bp, ax, ds, es, fs, gs, orig_ax, ip, rest[4];
};
constexpr uint32_t i386_arch = 0x40000003;

// Where the result of a call is, in a register set of this size.
std::optional<Place> place_of_result(size_t size) {
  if (size == sizeof(Registers)) return Place{offsetof(Registers, ax), sizeof(uint64_t)};
  if (size == sizeof(Registers32)) return Place{offsetof(Registers32, ax), sizeof(uint32_t)};
  return std::nullopt;
}

std::optional<filter::Input> input_of(const void* memory, size_t size, uint32_t arch) {
  filter::Input input;
  input.arch = arch;
  if (size == sizeof(Registers32)) {
    Registers32 r;
    ::memcpy(&r, memory, sizeof r);
    input.number = r.orig_ax;
    input.instruction_pointer = r.ip;
    input.args = {r.bx, r.cx, r.dx, r.si, r.di, r.bp};
    return input;
  }
  if (size != sizeof(Registers)) return std::nullopt;
  Registers r;
  ::memcpy(&r, memory, sizeof r);
  input.number = static_cast<uint32_t>(r.orig_ax);
  input.instruction_pointer = r.ip;
  input.args = {r.di, r.si, r.dx, r.r10, r.r8, r.r9};
  // A 64-bit program that entered by int 0x80.
  if (arch == i386_arch) input.args = {r.bx, r.cx, r.dx, r.si, r.di, r.bp};
  if (arch == i386_arch)
    for (uint64_t& arg : input.args) arg &= 0xffffffff;
  return input;
}
#elif defined(__aarch64__)
struct Registers {
  uint64_t x[31], sp, pc, state;
};

// The result has overwritten the first argument.
std::optional<Place> place_of_result(size_t) { return std::nullopt; }

std::optional<filter::Input> input_of(const void* memory, size_t size, uint32_t arch) {
  if (size != sizeof(Registers)) return std::nullopt;  // a 32-bit task
  Registers r;
  ::memcpy(&r, memory, sizeof r);
  filter::Input input;
  input.arch = arch;
  input.number = static_cast<uint32_t>(r.x[8]);
  input.instruction_pointer = r.pc;
  for (size_t i = 0; i < input.args.size(); ++i) input.args[i] = r.x[i];
  return input;
}
#else
std::optional<Place> place_of_result(size_t) { return std::nullopt; }
std::optional<filter::Input> input_of(const void*, size_t, uint32_t) { return std::nullopt; }
#endif

struct RegisterSet {
  alignas(8) char bytes[512] = {};
  size_t size = 0;
};

std::optional<RegisterSet> registers_of(int thread) {
  RegisterSet set;
  iovec piece = {set.bytes, sizeof set.bytes};
  if (request(PTRACE_GETREGSET, thread, NT_PRSTATUS, &piece) != 0) return std::nullopt;
  set.size = piece.iov_len;
  return set;
}

}  // namespace

Result<void> seize(int process) {
  // PTRACE_O_TRACEEXEC is left out: without it execve is not even a stop for a seized process.
  const unsigned long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
  if (request(PTRACE_SEIZE, process, 0, as_data(options)) == 0) return {};
  return fail("trace process " + std::to_string(process), errno);
}

TraceLook next_trace_event() {
  int status = 0;
  pid_t thread;
  do {
    thread = ::waitpid(-1, &status, WNOHANG | __WALL);
  } while (thread < 0 && errno == EINTR);
  if (thread > 0) return {event_of(thread, status), false};
  return {std::nullopt, thread < 0};
}

void go_on(const TraceEvent& event) {
  using Kind = TraceEvent::Kind;
  if (event.kind == Kind::Gone) return;
  // ESRCH: it was killed in the meantime, and tells so in an event of its own.
  if (event.kind == Kind::GroupStop) {
    (void)request(PTRACE_LISTEN, event.thread, 0, nullptr);
    return;
  }
  const int signal = event.kind == Kind::Signal ? event.value : 0;
  (void)request(PTRACE_CONT, event.thread, 0, as_data(static_cast<unsigned long>(signal)));
}

std::optional<filter::Input> current_call(int thread) {
  const auto arch = arch_of(thread);
  if (!arch) return std::nullopt;
  const auto set = registers_of(thread);
  if (!set) return std::nullopt;
  return input_of(set->bytes, set->size, *arch);
}

std::optional<filter::Input> interrupted_call(int thread) {
  const auto set = registers_of(thread);
  const auto place = set ? place_of_result(set->size) : std::nullopt;
  if (!place) return std::nullopt;
  // The low half is enough, and 32-bit tasks have no more.
  int32_t result;
  ::memcpy(&result, set->bytes + place->offset, sizeof result);
  if (result != -erestartsys) return std::nullopt;
  return current_call(thread);
}

void answer_interrupted_call(int thread, int errno_value) {
  auto set = registers_of(thread);
  const auto place = set ? place_of_result(set->size) : std::nullopt;
  if (!place) return;
  const int64_t result = -errno_value;
  ::memcpy(set->bytes + place->offset, &result, place->width);  // both of them little-endian
  iovec piece = {set->bytes, set->size};
  (void)request(PTRACE_SETREGSET, thread, NT_PRSTATUS, &piece);
}

void restart_interrupted_call(int thread) { answer_interrupted_call(thread, erestartnointr); }

bool is_from_filter(int thread) {
  siginfo_t info = {};
  if (request(PTRACE_GETSIGINFO, thread, 0, &info) != 0) return false;
  return info.si_signo == SIGSYS && info.si_code == from_seccomp;
}

}  // namespace seclude::kernel
