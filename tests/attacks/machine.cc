// Attempts on the machine: its clock, its names, its modules. Each sets what is set already, or
// asks; none that would do harm where it succeeds is made: no restart, no module, no swapping off.
//
// In, out: attack.h.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool set_clock(const World&) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return clock_settime(CLOCK_REALTIME, &now) == 0;
}
bool set_time_of_day(const World&) {
  timeval now;
  gettimeofday(&now, nullptr);
  return settimeofday(&now, nullptr) == 0;
}
// By nothing.
bool shift_clock(const World&) {
  timex change = {};
  change.modes = ADJ_SETOFFSET;
  return made(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change));
}
bool tune_clock(const World&) {
  timex change = {};
  if (syscall(SYS_adjtimex, &change) < 0) return false;
  change.modes = ADJ_TICK;
  return made(syscall(SYS_adjtimex, &change));
}
bool set_name(const World&) {
  utsname names;
  return uname(&names) == 0 && sethostname(names.nodename, strlen(names.nodename)) == 0;
}
bool set_domain(const World&) {
  utsname names;
  return uname(&names) == 0 && setdomainname(names.domainname, strlen(names.domainname)) == 0;
}
bool read_log(const World&) {
  char text[64];
  constexpr int read_all = 3;
  return syscall(SYS_syslog, read_all, text, sizeof text) > 0;
}
bool wake_at(const World&) { return made(syscall(SYS_timerfd_create, CLOCK_REALTIME_ALARM, 0)); }
bool count_quotas(const World&) {
  constexpr long sync_all = 0x80000100;
  return syscall(SYS_quotactl, sync_all, nullptr, 0, nullptr) == 0;
}
bool become_other(const World&) { return syscall(SYS_setresuid, 1, 1, 1) == 0; }
bool regain(const World&) {
  __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  if (syscall(SYS_capget, &head, held) != 0) return false;
  held[0].effective |= 1u << 21, held[0].permitted |= 1u << 21;  // SYS_ADMIN
  return syscall(SYS_capset, &head, held) == 0;
}
bool raise_ambient(const World&) {
  constexpr int system_administration = 21;
  __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  if (syscall(SYS_capget, &head, held) != 0) return false;
  held[0].inheritable |= 1u << system_administration;
  return syscall(SYS_capset, &head, held) == 0 &&
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, system_administration, 0, 0) == 0;
}

constexpr unsigned held = by_default | by_launch;

constexpr Attempt attempts[] = {
    {"set-clock", "set the machine's clock", set_clock, Effect::Word, by_default, of_root},
    {"set-time-of-day", "set it by `settimeofday`", set_time_of_day, Effect::Word, by_default,
     of_root},
    {"shift-clock", "shift it (`clock_adjtime`)", shift_clock, Effect::Word, by_default, of_root},
    {"tune-clock", "change its pace (`adjtimex`)", tune_clock, Effect::Word, by_default, of_root},
    {"set-host-name", "set the machine's name", set_name, Effect::Word, held, of_root},
    {"set-domain-name", "set its domain's name", set_domain, Effect::Word, held, of_root},
    {"read-kernel-log", "read the kernel's messages (`syslog`)", read_log, Effect::Word, held,
     of_root | if_present},
    {"wake-machine", "wake the machine from sleep (CLOCK_REALTIME_ALARM)", wake_at, Effect::Word, 0,
     of_root | if_present},
    {"quotas", "touch the quotas of disks", count_quotas, Effect::Word, by_default,
     of_root | if_present},
    {"become-other", "become another user", become_other, Effect::Word, 0, of_root},
    {"regain-capability", "take SYS_ADMIN again", regain, Effect::Word, by_launch | by_default,
     of_root},
    {"raise-capability", "hand SYS_ADMIN to what it starts", raise_ambient, Effect::Word,
     by_launch | by_default, of_root},
};

}  // namespace

Table machine_attempts() { return attempts; }

}  // namespace seclude::attacks
