// Raw: see raw.h.
#include "kernel/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/raw_call.h"

namespace seclude::kernel::raw {
namespace {

// What the kernel reads as struct sigaction; libc's has another layout. Zeros are SIG_DFL, no
// flags and an empty mask in every architecture's layout.
constexpr size_t kernel_sigaction_size = 64;
constexpr int last_signal = 64;

}  // namespace

int die_with_parent(int signal, int expected_parent) {
  if (const int reason = errno_of(call(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0)))
    return reason;
  // The parent may have ended before the line above: then nobody will send the signal.
  return call(SYS_getppid) == expected_parent ? 0 : ESRCH;
}

void use_processors(const ProcessorSet& set) {
  if (set != no_processor) (void)call(SYS_sched_setaffinity, 0, sizeof set, set.data());
}

int new_session() { return errno_of(call(SYS_setsid)); }

int change_directory(const char* path) { return errno_of(call(SYS_chdir, path)); }

int set_file_mask(unsigned mask) {
  (void)call(SYS_umask, mask);
  return 0;
}

int place_descriptor(int from, int to) {
  if (from == to) return keep_descriptor(to);
  return errno_of(call(SYS_dup3, from, to, 0));
}

int keep_descriptor(int number) { return errno_of(call(SYS_fcntl, number, F_SETFD, 0)); }

int close_descriptors(unsigned first, unsigned last) {
  return errno_of(call(SYS_close_range, first, last, 0));
}

int reset_signals(uint64_t keep_ignored) {
  alignas(8) const char as_default[kernel_sigaction_size] = {};
  for (int signal = 1; signal <= last_signal; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if ((keep_ignored >> (signal - 1)) & 1) continue;
    // Not libc's, which refuses the two signals it uses itself.
    if (const int reason =
            errno_of(call(SYS_rt_sigaction, signal, &as_default[0], nullptr, sizeof(uint64_t))))
      return reason;
  }
  const uint64_t none = 0;
  return errno_of(call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none));
}

int set_limit(int resource, uint64_t soft, uint64_t hard) {
  const struct rlimit64 limit = {soft, hard};
  return errno_of(call(SYS_prlimit64, 0, resource, &limit, nullptr));
}

int set_no_new_privileges() { return errno_of(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int keep_signals_inside() {
  // struct landlock_ruleset_attr of ABI 6, which the headers of Debian 12 do not have.
  const struct {
    uint64_t handled_files, handled_network, scoped;
  } attributes = {0, 0, 2};  // LANDLOCK_SCOPE_SIGNAL
  const long ruleset = call(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (ruleset < 0) return errno_of(ruleset);
  // The rule that keeps ptrace inside a domain comes with every domain (landlock(7)).
  const int reason = errno_of(call(SYS_landlock_restrict_self, ruleset, 0));
  (void)call(SYS_close, ruleset);
  return reason;
}

int enter_domain(int ruleset) { return errno_of(call(SYS_landlock_restrict_self, ruleset, 0)); }

int lock_privileges() {
  constexpr unsigned long locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
                                   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  return errno_of(call(SYS_prctl, PR_SET_SECUREBITS, locked, 0, 0, 0));
}

int give_up_capabilities(uint64_t set) {
  // The bounding set can stay: under no_new_privs execve gives nobody, root neither, more than is
  // permitted now (security/commoncap.c, cap_bprm_creds_from_file).
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (const int reason = errno_of(call(SYS_capget, &header, &data[0]))) return reason;
  for (int half = 0; half < 2; ++half) {
    const auto kept = static_cast<uint32_t>(~set >> (32 * half));
    data[half].effective &= kept;
    data[half].permitted &= kept;
    data[half].inheritable &= kept;  // what is ambient goes with it
  }
  return errno_of(call(SYS_capset, &header, &data[0]));
}

int load_filter(const filter::Instruction* program, size_t length, const LaunchKey& key) {
  const struct sock_fprog what = {
      static_cast<unsigned short>(length),
      // The kernel only reads; the two structs are asserted equal in seccomp.cc.
      reinterpret_cast<struct sock_filter*>(const_cast<filter::Instruction*>(program))};
  return errno_of(call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &what, key[0], key[1], key[2]));
}

int execute(const char* path, char* const* argv, char* const* environment, const LaunchKey& key) {
  return errno_of(call(SYS_execve, path, argv, environment, key[0], key[1], key[2]));
}

void leave(int status) {
  (void)call(SYS_exit_group, status);
  for (;;) __builtin_trap();
}

}  // namespace seclude::kernel::raw
