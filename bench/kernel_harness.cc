#include "kernel_harness.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>

#include "section.h"

namespace seclude::bench {
namespace {

constexpr int calls_per_round = 5000;

// In the child, which reports through memory it shares with its parent: its filter may refuse
// everything else.
void measure(const Candidate& candidate, KernelTimes& times) {
  sock_fprog program = {
      static_cast<unsigned short>(candidate.program.size()),
      reinterpret_cast<sock_filter*>(const_cast<filter::Instruction*>(candidate.program.data()))};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  double start = ::bench::now();
  if (program.len > 0 && ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return;
  double loaded = ::bench::now();
  for (int i = 0; i < calls_per_round; ++i) ::syscall(SYS_close, -1);
  double plain = ::bench::now();
  const auto& [number, first, second, third] = candidate.call;
  for (int i = 0; i < calls_per_round; ++i)
    ::syscall(static_cast<long>(number), first, second, third);
  double checked = ::bench::now();
  times = {loaded - start, (plain - loaded) * 1000 / calls_per_round,
           (checked - plain) * 1000 / calls_per_round};
}

}  // namespace

std::vector<KernelTimes> time_in_kernel(const std::vector<Candidate>& candidates, size_t rounds) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return {};
  auto* shared = new (page) KernelTimes;
  struct Series {
    ::bench::Samples load, plain, checked;
  };
  std::vector<Series> series(candidates.size());
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      *shared = {};
      pid_t child = ::fork();
      if (child == 0) {
        measure(candidates[i], *shared);
        ::_exit(0);
      }
      ::waitpid(child, nullptr, 0);
      series[i].load.push_back(shared->load_microseconds);
      series[i].plain.push_back(shared->plain_nanoseconds);
      series[i].checked.push_back(shared->checked_nanoseconds);
    }
  }
  ::munmap(page, 4096);
  std::vector<KernelTimes> medians;
  for (const Series& each : series)
    medians.push_back(
        {::bench::median(each.load), ::bench::median(each.plain), ::bench::median(each.checked)});
  return medians;
}

}  // namespace seclude::bench
