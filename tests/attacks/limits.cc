// Attempts to use more than `limit` lines leave a program. Each is bounded: it goes a little over
// what the tests' lines say, and then counts what it got.
//
// In, out: attack.h. The lines are in attack_cases.py: 20 processes or threads, 64M of memory,
// files of 1M, 100 open files, 1M of output, 300 ms of processor time, 500 ms of time.
#include <fcntl.h>
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

constexpr size_t much_memory = size_t{160} << 20, big_file = size_t{2} << 20;
constexpr int many = 60, many_files = 200;

// Processes or threads that all stay until they have been counted.
struct Crowd {
  std::atomic<int> there, failed;
  int gate[2];
};
Crowd* new_crowd() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Crowd* crowd = page == MAP_FAILED ? nullptr : static_cast<Crowd*>(page);
  return crowd != nullptr && pipe(crowd->gate) == 0 ? crowd : nullptr;
}
void stay_in(Crowd& crowd) {
  char byte;
  ++crowd.there;
  (void)!read(crowd.gate[0], &byte, 1);
}
[[noreturn]] void be_one_of(Crowd& crowd) {
  alarm(10);  // whatever happens
  close(crowd.gate[1]);
  stay_in(crowd);
  _exit(0);
}
// Whether so many were there at once; nobody waits for those who can come no more.
bool count_all(Crowd& crowd, int wanted) {
  constexpr int milliseconds = 5000;
  for (int i = 0; i < milliseconds && crowd.there < wanted && crowd.failed == 0; ++i) {
    usleep(1000);
    if (waitpid(-1, nullptr, WNOHANG) > 0) break;  // killed
  }
  const bool all = crowd.there >= wanted;
  close(crowd.gate[1]);
  return all;
}

// ---- processes and threads
// ------------------------------------------------------------------------

bool many_children(const World&) {
  Crowd* crowd = new_crowd();
  for (int i = 0; crowd != nullptr && i < many; ++i) {
    const pid_t child = fork();
    if (child == 0) be_one_of(*crowd);
    if (child < 0) ++crowd->failed;
  }
  return crowd != nullptr && count_all(*crowd, many);
}
// In a session of its own, and its parent has gone.
bool many_orphans(const World&) {
  Crowd* crowd = new_crowd();
  for (int i = 0; crowd != nullptr && i < many; ++i) {
    const pid_t between = fork();
    if (between < 0) ++crowd->failed;
    if (between > 0) waitpid(between, nullptr, 0);
    if (between != 0) continue;
    setsid();
    const pid_t orphan = fork();
    if (orphan == 0) be_one_of(*crowd);
    if (orphan < 0) ++crowd->failed;
    _exit(0);
  }
  return crowd != nullptr && count_all(*crowd, many);
}
// Each makes two, who make two.
bool fork_bomb(const World&) {
  Crowd* crowd = new_crowd();
  const pid_t first = crowd == nullptr ? -1 : fork();
  if (first == 0) {
    for (int depth = 0; depth < 6; ++depth)
      if (fork() < 0) ++crowd->failed;
    be_one_of(*crowd);
  }
  return first > 0 && count_all(*crowd, 64);
}
void* stay_in_thread(void* crowd) {
  stay_in(*static_cast<Crowd*>(crowd));
  return nullptr;
}
bool many_threads(const World&) {
  Crowd* crowd = new_crowd();
  pthread_t thread;
  for (int i = 0; crowd != nullptr && i < many; ++i)
    if (pthread_create(&thread, nullptr, stay_in_thread, crowd) != 0) ++crowd->failed;
  return crowd != nullptr && count_all(*crowd, many);
}
bool leave_group(const World& world) {
  bool left = false;
  for (const char* group : {"/sys/fs/cgroup/pids/cgroup.procs", "/sys/fs/cgroup/pids/tasks",
                            "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs"}) {
    const int file = open(group, O_WRONLY | O_CLOEXEC);
    left |= file >= 0 && write(file, "0", 1) == 1;
  }
  return left && many_children(world);
}

// ---- memory
// ---------------------------------------------------------------------------------------

bool touch(void* memory, size_t size) {
  if (memory == MAP_FAILED || memory == nullptr) return false;
  for (size_t i = 0; i < size; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  return true;
}
void* map(size_t size, int flags, int file = -1) {
  return mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, 0);
}
bool swallow(const World&) {
  return touch(map(much_memory, MAP_PRIVATE | MAP_ANONYMOUS), much_memory);
}
bool swallow_shared(const World&) {
  return touch(map(much_memory, MAP_SHARED | MAP_ANONYMOUS), much_memory);
}
bool swallow_by_calls(const World&) {
  // The kernel touches it: a call that fails is no signal.
  return map(much_memory, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE) != MAP_FAILED &&
         touch(map(much_memory, MAP_PRIVATE | MAP_ANONYMOUS), much_memory);
}
bool swallow_in_children(const World&) {
  Crowd* crowd = new_crowd();
  constexpr int children = 8;
  constexpr size_t part = much_memory / children;
  for (int i = 0; crowd != nullptr && i < children; ++i) {
    if (fork() != 0) continue;
    if (!touch(map(part, MAP_PRIVATE | MAP_ANONYMOUS), part)) ++crowd->failed;
    be_one_of(*crowd);
  }
  return crowd != nullptr && count_all(*crowd, children);
}
bool swallow_nameless_file(const World&) {
  const int file = memfd_create("swallowed", MFD_CLOEXEC);
  return file >= 0 && ftruncate(file, much_memory) == 0 &&
         touch(map(much_memory, MAP_SHARED, file), much_memory);
}
bool swallow_segment(const World&) {
  const int segment = shmget(IPC_PRIVATE, much_memory, 0600);
  void* memory = segment < 0 ? nullptr : shmat(segment, nullptr, 0);
  if (segment >= 0) shmctl(segment, IPC_RMID, nullptr);
  return memory != reinterpret_cast<void*>(-1) && touch(memory, much_memory);
}

// ---- files
// ----------------------------------------------------------------------------------------

int fresh_file(const World& world) {
  signal(SIGXFSZ, SIG_IGN);
  return open(In(world, "out/filled"), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
}
bool is_big(int file) { return lseek(file, 0, SEEK_END) >= static_cast<off_t>(big_file); }
bool write_big(int file) {
  static char block[65536];
  for (size_t done = 0; done < big_file; done += sizeof block)
    if (write(file, block, sizeof block) != sizeof block) return false;
  return is_big(file);
}
bool grow(const World& world) { return write_big(fresh_file(world)); }
bool grow_by_cutting(const World& world) {
  const int file = fresh_file(world);
  return ftruncate(file, big_file) == 0 && is_big(file);
}
bool grow_by_reserving(const World& world) {
  const int file = fresh_file(world);
  return fallocate(file, 0, 0, big_file) == 0 && is_big(file);
}
bool grow_at_an_offset(const World& world) {
  const int file = fresh_file(world);
  return pwrite(file, "x", 1, big_file) == 1 && is_big(file);
}
bool grow_by_copying(const World& world) {
  const int file = fresh_file(world), from = memfd_create("long", MFD_CLOEXEC);
  if (from < 0 || pwrite(from, "x", 1, 900 << 10) != 1) return false;
  for (int i = 0; i < 3; ++i) {
    off_t start = 0;
    if (sendfile(file, from, &start, 900 << 10) != 900 << 10) return false;
  }
  return is_big(file);
}
bool grow_after_raising(const World& world) {
  const rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_FSIZE, &unlimited) == 0 && grow(world);
}

bool hoard(int (*get)()) {
  int count = 0;
  for (int i = 0; i < many_files; ++i) count += get() >= 0 ? 1 : 0;
  return count == many_files;
}
bool hoard_copies(const World&) {
  return hoard([] { return dup(1); });
}
bool hoard_files(const World&) {
  return hoard([] { return open("/dev/null", O_RDONLY | O_CLOEXEC); });
}
bool hoard_pairs(const World&) {
  return hoard([] {
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  });
}
bool hoard_high(const World&) { return dup2(1, many_files) == many_files; }
bool hoard_after_raising(const World& world) {
  const rlimit more = {4 * many_files, 4 * many_files};
  return setrlimit(RLIMIT_NOFILE, &more) == 0 && hoard_copies(world);
}

// ---- output
// ---------------------------------------------------------------------------------------

bool pour(int file) {
  static char block[65536];
  memset(block, '.', sizeof block);
  for (size_t done = 0; done < big_file; done += sizeof block)
    if (write(file, block, sizeof block) <= 0) return false;
  return true;
}
bool flood(const World&) { return pour(1); }
bool flood_errors(const World&) { return pour(2); }
bool flood_ignoring(const World&) {
  signal(SIGPIPE, SIG_IGN);
  pour(1);
  return pour(2) && pour(1);
}
bool flood_reopened(const World&) { return pour(open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC)); }
bool flood_from_child(const World&) {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    _exit(pour(dup(1)) ? 0 : 1);
  }
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0;
}

// ---- time
// -----------------------------------------------------------------------------------------

void ignore_all() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
}
bool used(clockid_t clock, int milliseconds) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000 >= milliseconds;
}
bool spin(const World&) {
  ignore_all();
  while (!used(CLOCK_PROCESS_CPUTIME_ID, 700)) {
  }
  return true;
}
// None of them for long.
bool spin_in_turns(const World&) {
  for (int i = 0; i < 14; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      while (!used(CLOCK_PROCESS_CPUTIME_ID, 50)) {
      }
      _exit(0);
    }
    int status = 1;
    if (waitpid(child, &status, 0) != child || status != 0) return false;
  }
  return true;
}
void nothing(int) {}
// Two that signal one another without an end, and whose handlers take the time.
bool storm(const World&) {
  signal(SIGUSR1, nothing);
  const pid_t other = fork();
  if (other < 0) return false;
  const pid_t whom = other == 0 ? getppid() : other;
  while (!used(CLOCK_PROCESS_CPUTIME_ID, 500)) kill(whom, SIGUSR1);
  if (other == 0) _exit(0);
  int status = 1;
  while (waitpid(other, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

// Starts the attacks program again, as somebody that the driver finds by the folder in its command
// line, and who does not end by himself for some time.
void stay(const World& world) {
  char* const arguments[] = {const_cast<char*>("attacks"), const_cast<char*>("stay"),
                             const_cast<char*>(world.folder), nullptr};
  char* const environment[] = {nullptr};
  execve(In(world, "in/program"), arguments, environment);
  execve("/proc/self/exe", arguments, environment);
  _exit(1);
}
bool overstay(const World&) {
  ignore_all();
  for (int i = 0; i < 12; ++i) usleep(100000);
  return true;
}
bool linger(const World& world) {
  ignore_all();
  for (int i = 0; i < 3; ++i) {
    if (fork() != 0) continue;
    setsid();
    if (fork() == 0) stay(world);
    _exit(0);
  }
  usleep(1200000);
  return true;
}
// What is stopped notices nothing.
bool linger_stopped(const World& world) {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    stay(world);
  }
  usleep(100000);
  kill(child, SIGSTOP);
  usleep(1100000);
  return child > 0 && kill(child, 0) == 0;
}

constexpr Attempt attempts[] = {
    {"many-children", "have sixty processes", many_children, Effect::Word, by_processes, by_limits},
    {"many-orphans", "have them in sessions of their own, without parents", many_orphans,
     Effect::Word, by_processes, by_limits},
    {"fork-bomb", "have each process make two", fork_bomb, Effect::Word, by_processes, by_limits},
    {"many-threads", "have sixty threads", many_threads, Effect::Word, by_threads, by_limits},
    {"leave-group", "leave its control group first", leave_group, Effect::Word, by_processes,
     by_limits | of_root | if_present},
    {"swallow", "take memory", swallow, Effect::Word, by_memory, by_limits},
    {"swallow-shared", "take shared memory", swallow_shared, Effect::Word, by_memory, by_limits},
    {"swallow-by-calls", "have the kernel touch it", swallow_by_calls, Effect::Word, by_memory,
     by_limits},
    {"swallow-in-children", "take it in eight processes", swallow_in_children, Effect::Word,
     by_memory, by_limits},
    {"swallow-nameless-file", "take it as a file without a name", swallow_nameless_file,
     Effect::Word, by_memory, by_limits},
    {"swallow-segment", "take it as System V memory", swallow_segment, Effect::Word, by_memory,
     by_limits},
    {"grow", "write a large file, and ignore SIGXFSZ", grow, Effect::Word, by_file_size, by_limits},
    {"grow-by-cutting", "make it large by ftruncate", grow_by_cutting, Effect::Word, by_file_size,
     by_limits},
    {"grow-by-reserving", "make it large by fallocate", grow_by_reserving, Effect::Word,
     by_file_size, by_limits | if_present},
    {"grow-at-an-offset", "write behind its end", grow_at_an_offset, Effect::Word, by_file_size,
     by_limits},
    {"grow-by-copying", "have the kernel copy (sendfile)", grow_by_copying, Effect::Word,
     by_file_size, by_limits},
    {"grow-after-raising", "raise the limit first", grow_after_raising, Effect::Word, by_file_size,
     by_limits},
    {"hoard-copies", "keep two hundred descriptors open (dup)", hoard_copies, Effect::Word,
     by_open_files, by_limits},
    {"hoard-files", "keep two hundred files open", hoard_files, Effect::Word, by_open_files,
     by_limits},
    {"hoard-pairs", "keep two hundred pairs of sockets", hoard_pairs, Effect::Word, by_open_files,
     by_limits},
    {"hoard-high", "use a high number (dup2)", hoard_high, Effect::Word, by_open_files, by_limits},
    {"hoard-after-raising", "raise the limit first", hoard_after_raising, Effect::Word,
     by_open_files, by_limits},
    {"flood", "print without an end", flood, Effect::Flood, by_output, by_limits},
    {"flood-errors", "print errors without an end", flood_errors, Effect::Flood, by_output,
     by_limits},
    {"flood-ignoring", "go on when its pipe is closed", flood_ignoring, Effect::Flood, by_output,
     by_limits},
    {"flood-reopened", "print through /proc/self/fd/1", flood_reopened, Effect::Flood, by_output,
     by_limits},
    {"flood-from-child", "print from a child in a session of its own", flood_from_child,
     Effect::Flood, by_output, by_limits},
    {"spin", "use the processor, and ignore every signal", spin, Effect::Word, by_cpu_time,
     by_limits},
    {"spin-in-turns", "use it in many short processes", spin_in_turns, Effect::Word, by_cpu_time,
     by_limits},
    {"storm", "use it by signals that two processes send one another", storm, Effect::Word,
     by_cpu_time, by_limits},
    {"overstay", "go on, and ignore every signal", overstay, Effect::Word, by_time, by_limits},
    {"linger", "stay behind in sessions of their own, and ignore every signal", linger,
     Effect::Left, by_time, by_limits},
    {"linger-stopped", "leave a stopped process behind", linger_stopped, Effect::Left, by_time,
     by_limits},
};

}  // namespace

Table limit_attempts() { return attempts; }

}  // namespace seclude::attacks
