// Confined calls: see confined_calls.h.
//
// In: a program and calls. Out: answers of the running kernel. Between load and trap the child
// makes the asked calls and no other: no libc, no stack protector, no lazy binding (fork has copied
// a process in which everything used here was used before).
#include "support/confined_calls.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "filter/action.h"

namespace seclude::test {

namespace {

#if defined(__x86_64__)
long by_syscall(uint32_t number, const std::array<uint64_t, 6>& args) {
  register uint64_t r10 asm("r10") = args[3];
  register uint64_t r8 asm("r8") = args[4];
  register uint64_t r9 asm("r9") = args[5];
  long answer = static_cast<long>(static_cast<uint64_t>(number));
  asm volatile("syscall"
               : "+a"(answer)
               : "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return answer;
}

// The sixth argument is in ebp, which the compiler may need itself.
long by_i386_entry(uint32_t number, const std::array<uint64_t, 6>& args) {
  long answer = static_cast<long>(static_cast<uint64_t>(number));
  asm volatile(
      "push %%rbp\n\t"
      "mov %[sixth], %%rbp\n\t"
      "int $0x80\n\t"
      "pop %%rbp"
      : "+a"(answer)
      : "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4]), [sixth] "r"(args[5])
      : "r8", "r9", "r10", "r11", "memory");
  return static_cast<int32_t>(answer);
}
#else
long by_syscall(uint32_t, const std::array<uint64_t, 6>&) { return 0; }
long by_i386_entry(uint32_t, const std::array<uint64_t, 6>&) { return 0; }
#endif

struct Shared {
  volatile size_t made;
  long answers[1];  // really as many as calls
};

enum SetupStep { CannotChangeUser = 3, CannotForbidPrivileges, CannotLoad };

constexpr uint32_t loading = 0x10ad1096;

// The program with `loading` tested before everything else.
filter::Program letting_others_load(const filter::Program& program) {
  namespace op = filter::op;
  filter::Program longer = {{op::ld_abs, 0, 0, filter::offset_number},
                            {op::jeq_k, 0, 3, SYS_seccomp},
                            {op::ld_abs, 0, 0, filter::offset_of_half(5, false, false)},
                            {op::jeq_k, 0, 1, loading},
                            {op::ret_k, 0, 0, filter::Action::allow_}};
  longer.insert(longer.end(), program.begin(), program.end());
  return longer;
}

bool load(const filter::Program& program) {
  auto* instructions = reinterpret_cast<const sock_filter*>(program.data());
  sock_fprog whole{static_cast<unsigned short>(program.size()),
                   const_cast<sock_filter*>(instructions)};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole, 0, 0, loading) == 0;
}

[[noreturn]] void child(std::span<const filter::Program> programs, std::span<const RawCall> calls,
                        bool as_nobody, Shared& shared) {
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (as_nobody && setresuid(65534, 65534, 65534) != 0) _exit(CannotChangeUser);
  if (!programs.empty() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    _exit(CannotForbidPrivileges);
  for (const filter::Program& program : programs)
    if (!load(program)) _exit(CannotLoad);
  for (size_t i = 0; i < calls.size(); i++) {
    const RawCall& call = calls[i];
    shared.answers[i] = call.i386_entry ? by_i386_entry(call.number, call.args)
                                        : by_syscall(call.number, call.args);
    shared.made = i + 1;
  }
  __builtin_trap();
}

ConfinedRun run_behind(std::span<const filter::Program> programs, std::span<const RawCall> calls,
                       bool as_nobody) {
  size_t bytes = sizeof(Shared) + calls.size() * sizeof(long);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  Shared& shared = *static_cast<Shared*>(memory);
  ConfinedRun run;
  pid_t pid = fork();
  if (pid < 0) std::abort();
  if (pid == 0) child(programs, calls, as_nobody, shared);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) run.signal = WTERMSIG(status);
  if (WIFEXITED(status)) run.setup_failed = WEXITSTATUS(status);
  run.answers.assign(shared.answers, shared.answers + shared.made);
  munmap(memory, bytes);
  return run;
}

}  // namespace

ConfinedRun run_confined(const filter::Program& program, std::span<const RawCall> calls,
                         bool as_nobody) {
  return run_behind({&program, program.empty() ? size_t{0} : size_t{1}}, calls, as_nobody);
}

ConfinedRun run_behind_chain(std::vector<filter::Program> programs, std::span<const RawCall> calls,
                             bool as_nobody) {
  for (filter::Program& program : programs) program = letting_others_load(program);
  return run_behind(programs, calls, as_nobody);
}

bool i386_entry_works() {
  constexpr uint32_t i386_getpid = 20;
  RawCall getpid{.number = i386_getpid, .args = {}, .i386_entry = true};
  ConfinedRun run = run_confined({}, {&getpid, 1});
  return run.answers.size() == 1 && run.answers[0] > 0;
}

}  // namespace seclude::test
