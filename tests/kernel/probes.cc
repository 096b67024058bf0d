// Probes: one per argument whose width is in question (probes.h).
//
// In: bits to add above the argument's low half. Out: 1 or another number when the call had its
// effect, minus the errno otherwise. Calls are made by the numbers of our own table, so that those
// newer than the system's headers are asked too.
#include "kernel/probes.h"

#include <fcntl.h>
#include <linux/fanotify.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "calls/calls.h"

namespace seclude::kernel_test {
namespace {

constexpr uint64_t page = 4096;

template <typename T>
uint64_t word(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<uint64_t>(value);
  } else {
    return static_cast<uint64_t>(value);
  }
}

// The raw call, all six registers as given: its result, or minus the errno.
template <typename... Args>
int64_t call(const char* name, Args... args) {
  auto number = calls::number_of(*calls::find_call(name), calls::native());
  if (!number) return cannot_ask;
  long result = syscall(*number, word(args)...);
  return result == -1 ? -errno : result;
}

// Results that differ from run to run (descriptors, addresses, pids) become 1.
int64_t worked(int64_t result) { return result >= 0 ? 1 : result; }

int memory_file() {
  int fd = static_cast<int>(call("memfd_create", "probe", 0));
  if (ftruncate(fd, 4 * page) != 0) _exit(2);
  return fd;
}

char* anonymous(size_t pages) {
  void* where =
      mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(where, 1, pages * page);
  return static_cast<char*>(where);
}

// The letters of /proc/self/maps for this address: "rwxp".
std::string rights_at(int64_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = std::stoull(line, nullptr, 16);
    if (begin == static_cast<uint64_t>(address)) return line.substr(line.find(' ') + 1, 4);
  }
  return "";
}

int64_t is_executable(int64_t address) {
  if (address < 0 && address > -4096) return address;
  return rights_at(address).find('x') != std::string::npos ? 1 : 0;
}

struct Vector {
  char text[8] = "1234567";
  iovec vec{text, 4};
};

// ---- descriptors and counts of the vector calls ------------------------------------------------

int64_t vector_call(const char* name, uint64_t fd_high, uint64_t count_high) {
  Vector data;
  uint64_t fd = word(memory_file()) | fd_high;
  return call(name, fd, &data.vec, 1 | count_high, 0, 0, 0);
}

void add_vector_probes(std::vector<Probe>& out) {
  for (const char* name : {"readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2"}) {
    out.push_back({name, "fd", "", [=](uint64_t high) { return vector_call(name, high, 0); }});
    out.push_back({name, "vlen", "", [=](uint64_t high) { return vector_call(name, 0, high); }});
  }
  out.push_back({"vmsplice", "nr_segs", "", [](uint64_t high) {
                   int ends[2];
                   if (pipe(ends) != 0) return cannot_ask;
                   Vector data;
                   return call("vmsplice", ends[1], &data.vec, 1 | high, 0);
                 }});
  out.push_back({"process_madvise", "vlen", "", [](uint64_t high) {
                   int64_t self = call("pidfd_open", getpid(), 0);
                   iovec range{anonymous(1), page};
                   return call("process_madvise", self, &range, 1 | high, MADV_COLD, 0);
                 }});
}

void add_process_memory_probes(std::vector<Probe>& out) {
  auto copy = [](const char* name, uint64_t local, uint64_t remote, uint64_t flags) {
    Vector here, there;
    return call(name, getpid(), &here.vec, 1 | local, &there.vec, 1 | remote, flags);
  };
  for (const char* name : {"process_vm_readv", "process_vm_writev"}) {
    out.push_back({name, "liovcnt", "", [=](uint64_t high) { return copy(name, high, 0, 0); }});
    out.push_back({name, "riovcnt", "", [=](uint64_t high) { return copy(name, 0, high, 0); }});
    out.push_back({name, "flags", "", [=](uint64_t high) { return copy(name, 0, 0, high); }});
  }
}

// ---- memory ------------------------------------------------------------------------------------

void add_mapping_probes(std::vector<Probe>& out) {
  constexpr int rwx = PROT_READ | PROT_WRITE | PROT_EXEC;
  out.push_back({"mmap", "prot", "", [](uint64_t high) {
                   return is_executable(
                       call("mmap", 0, page, rwx | high, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
                 }});
  out.push_back({"mmap", "flags", "", [](uint64_t high) {
                   return is_executable(
                       call("mmap", 0, page, rwx, (MAP_PRIVATE | MAP_ANONYMOUS) | high, -1, 0));
                 }});
  out.push_back({"mmap", "fd", "", [](uint64_t high) {
                   return is_executable(
                       call("mmap", 0, page, rwx, MAP_SHARED, word(memory_file()) | high, 0));
                 }});
  out.push_back(
      {"mprotect", "prot", "",
       [](uint64_t high) { return call("mprotect", anonymous(1), page, PROT_READ | high); }, true});
  out.push_back({"pkey_mprotect", "prot", "",
                 [](uint64_t high) {
                   return call("pkey_mprotect", anonymous(1), page, PROT_READ | high, -1);
                 },
                 true});
  auto remap = [](uint64_t prot, uint64_t flags) {
    void* where = mmap(nullptr, 2 * page, PROT_READ, MAP_SHARED, memory_file(), 0);
    return call("remap_file_pages", where, page, prot, 1, flags);
  };
  out.push_back({"remap_file_pages", "prot", "", [=](uint64_t high) { return remap(high, 0); }});
  out.push_back({"remap_file_pages", "flags", "", [=](uint64_t high) { return remap(0, high); }});
  out.push_back({"mremap", "flags", "", [](uint64_t high) {
                   return worked(
                       call("mremap", anonymous(1), page, 2 * page, MREMAP_MAYMOVE | high, 0));
                 }});
  out.push_back({"mseal", "flags", "",
                 [](uint64_t high) { return call("mseal", anonymous(1), page, high); }});
  out.push_back({"pkey_alloc", "flags", "",
                 [](uint64_t high) { return worked(call("pkey_alloc", high, 0)); }});
  out.push_back({"pkey_alloc", "init_val", "",
                 [](uint64_t high) { return worked(call("pkey_alloc", 0, high)); }});
}

void add_numa_probes(std::vector<Probe>& out) {
  out.push_back({"get_mempolicy", "flags", "", [](uint64_t high) {
                   unsigned long nodes[16] = {};
                   return call("get_mempolicy", 0, nodes, 1024, 0, MPOL_F_MEMS_ALLOWED | high);
                 }});
  out.push_back({"mbind", "mode", "", [](uint64_t high) {
                   unsigned long first = 1;
                   return call("mbind", anonymous(1), page, MPOL_BIND | high, &first, 64, 0);
                 }});
  auto home = [](uint64_t node, uint64_t flags) {
    unsigned long first = 1;
    char* where = anonymous(1);
    call("mbind", where, page, MPOL_BIND, &first, 64, 0);
    return call("set_mempolicy_home_node", where, page, node, flags);
  };
  out.push_back(
      {"set_mempolicy_home_node", "home_node", "", [=](uint64_t high) { return home(high, 0); }});
  out.push_back(
      {"set_mempolicy_home_node", "flags", "", [=](uint64_t high) { return home(0, high); }});
}

// ---- processes ---------------------------------------------------------------------------------

int64_t clone_once(uint64_t flags) {
  int64_t pid = call("clone", flags, 0, 0, 0, 0);
  if (pid == 0) _exit(7);
  if (pid < 0) return pid;
  int status = 0;
  waitpid(static_cast<pid_t>(pid), &status, 0);
  return WEXITSTATUS(status);
}

int64_t seize(uint64_t high) {
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  int64_t result = call("ptrace", PTRACE_SEIZE, word(child) | high, 0, 0);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return result;
}

void add_process_probes(std::vector<Probe>& out) {
  out.push_back(
      {"clone", "clone_flags", "", [](uint64_t high) { return clone_once(SIGCHLD | high); }});
  out.push_back({"clone", "clone_flags", "files", [](uint64_t high) {
                   return clone_once((SIGCHLD | CLONE_FILES | CLONE_FS) | high);
                 }});
  out.push_back({"unshare", "unshare_flags", "",
                 [](uint64_t high) { return call("unshare", CLONE_FILES | high); }});
  out.push_back({"ptrace", "request", "", [](uint64_t high) {
                   return call("ptrace", word(PTRACE_TRACEME) | high, 0, 0, 0);
                 }});
  out.push_back({"ptrace", "pid", "", seize});
  auto compare = [](uint64_t first, uint64_t second) {
    return call("kcmp", getpid(), getpid(), KCMP_FILE, first, second);
  };
  out.push_back({"kcmp", "idx1", "", [=](uint64_t high) { return compare(high, 0); }});
  out.push_back({"kcmp", "idx2", "", [=](uint64_t high) { return compare(0, high); }});
}

void add_prctl_probes(std::vector<Probe>& out) {
  out.push_back({"prctl", "arg2", "set_tsc", [](uint64_t high) {
                   return call("prctl", PR_SET_TSC, PR_TSC_ENABLE | high, 0, 0, 0);
                 }});
  out.push_back({"prctl", "arg2", "set_mm", [](uint64_t high) {
                   unsigned size = 0;
                   return call("prctl", PR_SET_MM, PR_SET_MM_MAP_SIZE | high, &size, 0, 0);
                 }});
  auto ambient = [](uint64_t third, uint64_t fourth, uint64_t fifth) {
    return call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, third, fourth, fifth);
  };
  out.push_back({"prctl", "arg3", "", [=](uint64_t high) { return ambient(high, 0, 0); }});
  out.push_back({"prctl", "arg4", "", [=](uint64_t high) { return ambient(0, high, 0); }});
  out.push_back({"prctl", "arg5", "", [=](uint64_t high) { return ambient(0, 0, high); }});
}

// ---- waiting, messages, keys -------------------------------------------------------------------

void add_futex_probes(std::vector<Probe>& out) {
  constexpr unsigned size_u32 = 2;  // FUTEX2_SIZE_U32, newer than our headers
  auto wait = [](uint64_t value, uint64_t mask) {
    uint32_t futex = 1;  // not what we say it is: EAGAIN at once
    return call("futex_wait", &futex, value, mask, size_u32, 0, 0);
  };
  out.push_back(
      {"futex_wait", "val", "", [=](uint64_t high) { return wait(2 | high, 0xffffffff); }});
  out.push_back(
      {"futex_wait", "mask", "", [=](uint64_t high) { return wait(2, 0xffffffff | high); }});
  out.push_back({"futex_wake", "mask", "", [](uint64_t high) {
                   uint32_t futex = 1;
                   return call("futex_wake", &futex, 0xffffffff | high, 1, size_u32);
                 }});
  out.push_back({"msgrcv", "msgtyp", "", [](uint64_t high) {
                   struct {
                     long type;
                     char text[8];
                   } low{5, "low"}, wanted{6, "wanted"}, got{0, ""};
                   int queue = msgget(IPC_PRIVATE, 0600);
                   if (queue < 0) return cannot_ask;
                   msgsnd(queue, &low, sizeof(low.text), 0);  // what a negative type would fetch
                   msgsnd(queue, &wanted, sizeof(wanted.text), 0);
                   int64_t result =
                       call("msgrcv", queue, &got, sizeof(got.text), 6 | high, IPC_NOWAIT);
                   msgctl(queue, IPC_RMID, nullptr);
                   return result < 0 ? result : got.type;
                 }});
}

void add_key_probes(std::vector<Probe>& out) {
  constexpr uint32_t process_ring = static_cast<uint32_t>(KEY_SPEC_PROCESS_KEYRING);
  constexpr uint32_t thread_ring = static_cast<uint32_t>(KEY_SPEC_THREAD_KEYRING);
  out.push_back({"keyctl", "arg2", "", [=](uint64_t high) {
                   return worked(
                       call("keyctl", KEYCTL_GET_KEYRING_ID, process_ring | high, 1, 0, 0));
                 }});
  out.push_back({"keyctl", "arg3", "", [=](uint64_t high) {  // "create it": no
                   return worked(call("keyctl", KEYCTL_GET_KEYRING_ID, thread_ring, high, 0, 0));
                 }});
  out.push_back({"keyctl", "arg4", "", [=](uint64_t high) {  // gid -1: unchanged
                   int64_t ring = call("keyctl", KEYCTL_GET_KEYRING_ID, process_ring, 1, 0, 0);
                   return call("keyctl", KEYCTL_CHOWN, ring, 0xffffffff, 0xffffffff | high, 0);
                 }});
  out.push_back({"keyctl", "arg5", "", [=](uint64_t high) {  // the ring to put what is found
                   call("add_key", "user", "probe", "x", 1, process_ring);
                   return worked(call("keyctl", KEYCTL_SEARCH, process_ring, "user", "probe",
                                      thread_ring | high));
                 }});
}

// ---- files and the system ----------------------------------------------------------------------

// A read-only tmpfs in a mount namespace of our own (in a user namespace when not root).
int64_t mount_read_only(uint64_t high) {
  int spaces = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (unshare(spaces) != 0) return cannot_ask;
  int64_t done = call("mount", "none", "/", 0, word(MS_REC | MS_PRIVATE) | high, 0);
  if (done < 0) return done;
  done = call("mount", "probe", "/tmp", "tmpfs", word(MS_RDONLY | MS_NOSUID) | high, 0);
  if (done < 0) return done;
  struct statvfs seen {};
  if (statvfs("/tmp", &seen) != 0) return cannot_ask;
  return (seen.f_flag & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID) ? 1 : 0;
}

int64_t set_nonblocking(uint64_t high) {
  int fd = memory_file();
  int64_t done = call("fcntl", fd, F_SETFL, O_NONBLOCK | high);
  return done < 0 ? done : call("fcntl", fd, F_GETFL, 0);
}

void add_file_probes(std::vector<Probe>& out) {
  out.push_back({"mount", "flags", "", mount_read_only, true});
  out.push_back({"fcntl", "arg", "set_flags", set_nonblocking});
  out.push_back({"fcntl", "arg", "duplicate",
                 [](uint64_t high) { return call("fcntl", memory_file(), F_DUPFD, 100 | high); }});
  out.push_back({"fanotify_mark", "mask", "", [](uint64_t high) {
                   int64_t fd = call("fanotify_init", FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
                   if (fd < 0) return cannot_ask;
                   return call("fanotify_mark", fd, FAN_MARK_ADD, FAN_OPEN | high, AT_FDCWD,
                               "/tmp");
                 }});
  out.push_back({"perf_event_open", "flags", "", [](uint64_t high) {
                   perf_event_attr attr{};
                   attr.size = sizeof(attr);
                   attr.type = PERF_TYPE_SOFTWARE;
                   attr.config = PERF_COUNT_SW_TASK_CLOCK;
                   attr.exclude_kernel = 1;
                   return worked(
                       call("perf_event_open", &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC | high));
                 }});
}

void add_system_probes(std::vector<Probe>& out) {
  // Segments at address 0 cannot be read: EFAULT, after the flags have been looked at.
  out.push_back(
      {"kexec_load", "flags", "", [](uint64_t high) { return call("kexec_load", 0, 1, 0, high); }});
  out.push_back({"kexec_file_load", "flags", "",
                 [](uint64_t high) { return call("kexec_file_load", -1, -1, 0, 0, high); }});
  auto ports = [](uint64_t from, uint64_t count) {
    return call("ioperm", 0x80 | from, 1 | count, 0);
  };
  out.push_back({"ioperm", "from", "", [=](uint64_t high) { return ports(high, 0); }});
  out.push_back({"ioperm", "num", "", [=](uint64_t high) { return ports(0, high); }});
  out.push_back({"sysfs", "arg1", "", [](uint64_t high) {
                   char name[64] = {};
                   return call("sysfs", 2, high, name);
                 }});
}

// Modes are umode_t, 16 bits: the probes add bits from 16 on.
void add_mode_probes(std::vector<Probe>& out) {
  auto mode_of = [](const char* path) -> int64_t {
    struct stat seen {};
    return stat(path, &seen) == 0 ? static_cast<int64_t>(seen.st_mode & 07777) : -errno;
  };
  auto in_new_folder = [] {
    char folder[] = "/tmp/widths.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) _exit(2);
    return std::string(folder);
  };
  auto clean = [](const std::string& folder, int64_t result) {
    unlink("it");
    rmdir("it");
    rmdir(folder.c_str());
    return result;
  };
  auto add = [&](const char* name, auto act) {
    out.push_back({name, "mode", "",
                   [=](uint64_t high) {
                     std::string folder = in_new_folder();
                     int64_t done = act(high);
                     return clean(folder, done < 0 ? done : mode_of("it"));
                   },
                   false, 16});
  };
  add("mkdir", [](uint64_t high) { return call("mkdir", "it", 0700 | high); });
  add("mkdirat", [](uint64_t high) { return call("mkdirat", AT_FDCWD, "it", 0700 | high); });
  add("mknodat",
      [](uint64_t high) { return call("mknodat", AT_FDCWD, "it", (S_IFIFO | 0600) | high, 0); });
  add("creat", [](uint64_t high) { return call("creat", "it", 0600 | high); });
  add("open", [](uint64_t high) { return call("open", "it", O_CREAT | O_RDWR, 0600 | high); });
  add("openat",
      [](uint64_t high) { return call("openat", AT_FDCWD, "it", O_CREAT | O_RDWR, 0600 | high); });
  add("chmod",
      [](uint64_t high) { return close(creat("it", 0600)), call("chmod", "it", 0640 | high); });
  add("fchmodat", [](uint64_t high) {
    close(creat("it", 0600));
    return call("fchmodat", AT_FDCWD, "it", 0640 | high);
  });
}

// Declared int: the kernel never sees the upper half, seccomp does. (So TIOCSTI passed filters that
// compared 64 bits.)
void add_int_probes(std::vector<Probe>& out) {
  out.push_back({"ioctl", "cmd", "", [](uint64_t high) {
                   int ends[2], waiting = -1;
                   if (pipe(ends) != 0 || write(ends[1], "abc", 3) != 3) return cannot_ask;
                   int64_t done = call("ioctl", ends[0], FIONREAD | high, &waiting);
                   return done < 0 ? done : waiting;
                 }});
  out.push_back({"fcntl", "cmd", "",
                 [](uint64_t high) { return call("fcntl", memory_file(), F_GETFL | high, 0); }});
  out.push_back({"socket", "family", "", [](uint64_t high) {
                   return worked(call("socket", AF_UNIX | high, SOCK_STREAM, 0));
                 }});
  out.push_back({"socket", "type", "", [](uint64_t high) {
                   return worked(call("socket", AF_UNIX, SOCK_STREAM | high, 0));
                 }});
  out.push_back({"prctl", "option", "",
                 [](uint64_t high) { return call("prctl", PR_GET_DUMPABLE | high, 0, 0, 0, 0); }});
  out.push_back({"openat", "flags", "", [](uint64_t high) {
                   return worked(call("openat", AT_FDCWD, "/", (O_RDONLY | O_DIRECTORY) | high, 0));
                 }});
  out.push_back({"openat", "dfd", "", [](uint64_t high) {
                   if (chdir("/") != 0) return cannot_ask;
                   return worked(
                       call("openat", static_cast<uint32_t>(AT_FDCWD) | high, "proc", O_RDONLY, 0));
                 }});
  out.push_back({"madvise", "behavior", "", [](uint64_t high) {
                   return call("madvise", anonymous(1), page, MADV_DONTNEED | high);
                 }});
  out.push_back(
      {"kill", "pid", "", [](uint64_t high) { return call("kill", word(getpid()) | high, 0); }});
  out.push_back({"kill", "sig", "", [](uint64_t high) { return call("kill", getpid(), high); }});
}

// ---- the 32-bit entry --------------------------------------------------------------------------

// A call through int 0x80; the child dies of it where the kernel has no 32-bit entry.
int64_t i386_call(const char* name, uint32_t first, uint32_t second, uint32_t third) {
#if defined(__x86_64__)
  int64_t result = *calls::number_of(*calls::find_call(name), calls::Arch::x86);
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(uint64_t{first}), "c"(uint64_t{second}), "d"(uint64_t{third})
               : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int32_t>(result);
#else
  (void)name, (void)first, (void)second, (void)third;
  return cannot_ask;
#endif
}

}  // namespace

std::vector<Probe> all_probes() {
  std::vector<Probe> out;
  add_vector_probes(out);
  add_process_memory_probes(out);
  add_mapping_probes(out);
  add_numa_probes(out);
  add_process_probes(out);
  add_prctl_probes(out);
  add_futex_probes(out);
  add_key_probes(out);
  add_file_probes(out);
  add_system_probes(out);
  add_mode_probes(out);
  add_int_probes(out);
  return out;
}

std::vector<UidProbe> uid_probes() {
  auto ids = [] { return static_cast<int64_t>(getuid()) << 32 | getgid(); };
  auto one = [=](const char* name) {
    return UidProbe{name, [=](uint64_t high) {
                      int64_t done = i386_call(name, 1000 | static_cast<uint32_t>(high), 0, 0);
                      return done < 0 ? done : ids();
                    }};
  };
  auto all = [=](const char* name) {
    return UidProbe{name, [=](uint64_t high) {
                      uint32_t id = 1000 | static_cast<uint32_t>(high);
                      int64_t done = i386_call(name, id, id, id);
                      return done < 0 ? done : ids();
                    }};
  };
  return {one("setgid"),   one("setuid"),    all("setregid"),
          all("setreuid"), all("setresgid"), all("setresuid")};
}

}  // namespace seclude::kernel_test
