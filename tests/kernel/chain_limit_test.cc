// Chain limit: converted_length() is the running kernel's, to the instruction.
//
// In: programs. Out: how many filters a child can stack before the kernel says ENOMEM, against what
// the converted lengths foretell: 32 copies of the program, then long filters, shorter ones, and
// the smallest there is until the end, so that the last digit of the length shows.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "filter/cost.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

constexpr size_t copies = 32;
const Program smallest = {{op::ret_k, 0, 0, SECCOMP_RET_ALLOW}};

// Long ones first, so that there are some hundred filters and not thousands: the kernel frees every
// filter of a process that ends by a task of its own, and more than 1,024 of these on one processor
// can wait for each other for ever (Linux 6.18, seen: bpf_prog_pack_free frees memory by a task of
// the same queue; afterwards no filter can be loaded until the machine is restarted).
Program of_length(size_t length) {
  Program program(length, {op::ja, 0, 0, 0});
  program.back() = smallest.front();
  return program;
}
const std::array<Program, 3> fillers = {of_length(max_program_length), of_length(128), smallest};

struct Stacked {
  size_t programs = 0;
  std::array<size_t, fillers.size()> filled = {};
  int end = 0;  // errno
  friend bool operator==(const Stacked&, const Stacked&) = default;
};

bool load(const Program& program) {
  sock_fprog whole{static_cast<unsigned short>(program.size()),
                   reinterpret_cast<sock_filter*>(const_cast<Instruction*>(program.data()))};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) == 0;
}

void stack_up(const Program& program, Stacked& stacked) {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  while (stacked.programs < copies && load(program)) ++stacked.programs;
  for (size_t i = 0; stacked.programs == copies && i < fillers.size(); ++i)
    while (load(fillers[i])) ++stacked.filled[i];
  stacked.end = errno;
}

Stacked in_kernel(const Program& program) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* stacked = new (page) Stacked;
  if (pid_t child = fork(); child == 0) {
    stack_up(program, *stacked);
    _exit(0);
  } else {
    waitpid(child, nullptr, 0);
  }
  Stacked result = *stacked;
  munmap(page, 4096);
  return result;
}

// A filter may be added while its own length and those of all before it, each with the charge, stay
// within the limit.
Stacked foretold(const Program& program) {
  Stacked stacked;
  stacked.end = ENOMEM;
  size_t used = 0;
  auto add = [&](const Program& next) {
    size_t length = converted_length(next);
    if (used + length > chain_limit_instructions) return false;
    used += length + chain_charge_per_filter;
    return true;
  };
  while (stacked.programs < copies && add(program)) ++stacked.programs;
  for (size_t i = 0; stacked.programs == copies && i < fillers.size(); ++i)
    while (add(fillers[i])) ++stacked.filled[i];
  return stacked;
}

bool has_filters_already() {
  std::ifstream status("/proc/self/status");
  for (std::string word, value; status >> word;)
    if (word == "Seccomp:") return status >> value && value != "0";
  return false;
}

// Allows everything; the kernel converts what is never reached all the same.
Program harmless(Program program) {
  program.insert(program.begin(), smallest.front());
  return program;
}

TEST(ChainLimit, ConvertedLengthsAreTheKernels) {
  if (has_filters_already()) GTEST_SKIP() << "this process is behind a filter already";
  testing::Random random(testing::seed_from_environment());
  std::vector<Program> programs = {smallest};
  for (size_t i = 0; i < 10; ++i) {
    programs.push_back(harmless(testing::valid_program(random, 40)));
    programs.push_back(harmless(testing::compiled_program(random, 40)));
  }
  for (const Program& program : programs) {
    Stacked kernel = in_kernel(program), ours = foretold(program);
    EXPECT_EQ(kernel.programs, ours.programs) << program.size() << " instructions";
    EXPECT_EQ(kernel.filled, ours.filled)
        << program.size() << " instructions, converted " << converted_length(program);
    EXPECT_EQ(kernel.end, ENOMEM);
  }
}

TEST(ChainLimit, LongProgramsFillItSoon) {
  if (has_filters_already()) GTEST_SKIP() << "this process is behind a filter already";
  const Program longest = of_length(max_program_length);
  EXPECT_EQ(in_kernel(longest), foretold(longest));
  EXPECT_EQ(foretold(longest).programs, 7u);
}

}  // namespace
}  // namespace seclude::filter
