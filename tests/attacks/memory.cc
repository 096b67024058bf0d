// Attempts on memory: code that was data a moment ago, and the kernel's own machines (BPF,
// performance counters, page faults, filters) in the program's hands.
//
// In, out: attack.h.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#if defined(__x86_64__)
#include <asm/ldt.h>
#endif

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

void* map(int protection, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1) {
  return mmap(nullptr, 4096, protection, flags, fd, 0);
}
constexpr int writable = PROT_READ | PROT_WRITE, executable = PROT_READ | PROT_EXEC;

bool both_at_once(const World&) { return copy_and_run(map(writable | PROT_EXEC)); }
bool one_after_the_other(const World&) {
  void* at = map(writable);
  memcpy(at, code, code_size);
  return mprotect(at, 4096, executable) == 0 && runs(at);
}
bool executable_first(const World&) {
  void* at = map(executable);
  return at != MAP_FAILED && mprotect(at, 4096, writable | PROT_EXEC) == 0 && copy_and_run(at);
}
bool with_a_key(const World&) {
  void* at = map(writable);
  memcpy(at, code, code_size);
  return syscall(SYS_pkey_mprotect, at, 4096, executable, -1) == 0 && runs(at);
}
// A personality under which whatever may be read may be run.
bool by_personality(const World&) {
  if (personality(READ_IMPLIES_EXEC) < 0) return false;
  return copy_and_run(map(writable));
}
bool by_own_memory(const World&) {
  void* at = map(executable);
  const int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  return at != MAP_FAILED && memory >= 0 &&
         pwrite(memory, code, code_size, static_cast<off_t>(reinterpret_cast<unsigned long>(at))) ==
             static_cast<ssize_t>(code_size) &&
         runs(at);
}
bool by_shared_segment(const World&) {
  const int segment = shmget(IPC_PRIVATE, 4096, 0700);
  if (segment < 0) return false;
  void* at = shmat(segment, nullptr, SHM_EXEC);
  shmctl(segment, IPC_RMID, nullptr);
  return at != reinterpret_cast<void*>(-1) && copy_and_run(at);
}
bool by_memory_file(const World&) {
  const int memory = memfd_create("code", MFD_CLOEXEC);
  return memory >= 0 && write(memory, code, code_size) > 0 &&
         runs(map(executable, MAP_PRIVATE, memory));
}
bool by_two_views(const World&) {
  const int memory = memfd_create("code", MFD_CLOEXEC);
  if (memory < 0 || ftruncate(memory, 4096) != 0) return false;
  void* at = map(writable, MAP_SHARED, memory);
  if (at == MAP_FAILED) return false;
  memcpy(at, code, code_size);
  return runs(map(executable, MAP_SHARED, memory));
}
bool advise_other(const World& world) {
  iovec part = {reinterpret_cast<void*>(world.address & ~4095UL), 4096};
  return syscall(SYS_process_madvise, inherited_process, &part, 1, MADV_COLD, 0) >= 0;
}
bool at_address_zero(const World&) {
  return mmap(nullptr, 4096, writable, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
         MAP_FAILED;
}

bool handle_faults(const World&) {
  const long fd = syscall(SYS_userfaultfd, O_CLOEXEC);
  return made(fd);
}
bool handle_faults_of_user(const World&) {
  return made(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}
bool handle_faults_by_device(const World&) {
  return made(ioctl(open("/dev/userfaultfd", O_RDWR), USERFAULTFD_IOC_NEW, O_CLOEXEC));
}

bool count_events_of(pid_t process, int processor) {
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = 1;
  return made(syscall(SYS_perf_event_open, &attributes, process, processor, -1, 0));
}
bool count_own_events(const World&) { return count_events_of(0, -1); }
bool count_other_events(const World& world) { return count_events_of(world.victim, -1); }
bool count_all_events(const World&) { return count_events_of(-1, 0); }

bool make_map(const World&) {
  bpf_attr attributes = {};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return made(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}
bool load_bpf(const World&) {
  const bpf_insn instructions[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                   {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insns = reinterpret_cast<unsigned long>(instructions);
  attributes.insn_cnt = 2;
  attributes.license = reinterpret_cast<unsigned long>("GPL");
  return made(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

// Whoever has a listener answers calls in the name of one that has died.
bool make_listener(const World&) {
  sock_filter pass[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program = {1, pass};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return made(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}
#if defined(__x86_64__)
bool own_segment(const World&) {
  user_desc descriptor = {};
  descriptor.limit = 0xfffff;
  descriptor.seg_32bit = 1;
  descriptor.limit_in_pages = 1;
  return syscall(SYS_modify_ldt, 1, &descriptor, sizeof descriptor) == 0;
}
bool ports(const World&) { return ioperm(0x80, 1, 1) == 0; }
bool all_ports(const World&) { return iopl(3) == 0; }
#endif

constexpr Attempt attempts[] = {
    {"write-and-execute", "run code in memory that is writable and executable at once",
     both_at_once},
    {"write-then-execute", "write code, then make it executable", one_after_the_other},
    {"execute-then-write", "make executable memory writable", executable_first},
    {"execute-with-a-key", "make memory executable by `pkey_mprotect`", with_a_key},
    {"execute-by-personality", "have all that may be read executable (READ_IMPLIES_EXEC)",
     by_personality, Effect::Word, by_default},
    {"execute-by-own-memory", "write code by /proc/self/mem, which asks no protection",
     by_own_memory, Effect::Word, by_paths, if_present},
    {"execute-shared-segment", "run code in System V memory (SHM_EXEC)", by_shared_segment},
    {"execute-memory-file", "run code in a file of memory (`memfd_create`)", by_memory_file,
     Effect::Word, by_run, within_work},
    {"execute-by-two-views", "map one memory twice, writable here and executable there",
     by_two_views, Effect::Word, by_run, within_work},
    {"advise-other", "drop pages of a process outside (`process_madvise`)", advise_other,
     Effect::Word, by_default | own_processes | by_launch, if_present},
    {"map-address-zero", "map what null pointers of the kernel lead to", at_address_zero,
     Effect::Word, 0, of_root},
    {"userfaultfd", "hold the kernel up in page faults (`userfaultfd`)", handle_faults,
     Effect::Word, by_default, of_root | if_present},
    {"userfaultfd-of-user", "the same for faults of the program alone", handle_faults_of_user,
     Effect::Word, by_default, if_present},
    {"userfaultfd-by-device", "the same by /dev/userfaultfd", handle_faults_by_device, Effect::Word,
     by_paths, of_root | if_present},
    {"perf-own", "count its own events (`perf_event_open`)", count_own_events, Effect::Word,
     by_default, if_present},
    {"perf-other", "count the events of a process outside", count_other_events, Effect::Word,
     by_default | own_processes | by_domain, if_present},
    {"perf-all", "count the events of everybody on a processor", count_all_events, Effect::Word,
     by_default | by_launch, of_root | if_present},
    {"bpf-map", "make a BPF map", make_map, Effect::Word, by_default | by_launch,
     of_root | if_present},
    {"bpf-program", "load a BPF program", load_bpf, Effect::Word, by_default | by_launch,
     of_root | if_present},
    {"own-listener", "install a filter with a listener of its own", make_listener, Effect::Word,
     by_default | by_launch | by_paths | own_tmp},
#if defined(__x86_64__)
    {"own-segment", "install a segment of its own (`modify_ldt`)", own_segment, Effect::Word,
     by_default, if_present},
    {"ports", "reach the machine's ports (`ioperm`)", ports, Effect::Word, by_default | by_launch,
     of_root | if_present},
    {"all-ports", "reach all of them (`iopl`)", all_ports, Effect::Word, by_default | by_launch,
     of_root | if_present},
#endif
};

}  // namespace

Table memory_attempts() { return attempts; }

}  // namespace seclude::attacks
