// Program: what invalid() says is what the running kernel says, on programs that are nearly right.
//
// The kernel judges without ever putting a program into force: another thread holds a filter of its
// own, so that loading with TSYNC checks the whole program and then fails, naming that thread.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <thread>

#include "filter/program.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

using testing::Random;

long load(const Program& program, unsigned flags) {
  auto* instructions = reinterpret_cast<const sock_filter*>(program.data());
  sock_fprog whole{static_cast<unsigned short>(program.size()),
                   const_cast<sock_filter*>(instructions)};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole);
}

// A thread whose filter this thread does not share.
class Diverged {
 public:
  Diverged() {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    std::promise<bool> loaded;
    std::future<bool> answer = loaded.get_future();
    thread_ = std::thread([this, &loaded] {
      loaded.set_value(load({{op::ret_k, 0, 0, SECCOMP_RET_ALLOW}}, 0) == 0);
      stop_.get_future().wait();
    });
    works_ = answer.get();
  }
  ~Diverged() {
    stop_.set_value();
    thread_.join();
  }
  bool works() const { return works_; }

 private:
  std::thread thread_;
  std::promise<void> stop_;
  bool works_ = false;
};

bool kernel_accepts(const Program& program) {
  long answer = load(program, SECCOMP_FILTER_FLAG_TSYNC);
  int why = errno;
  EXPECT_NE(answer, 0) << "the program is in force";
  if (answer < 0) {
    EXPECT_EQ(why, EINVAL);
  }
  return answer > 0;
}

std::string text(const Program& program) {
  std::string lines;
  for (const Instruction& each : program) {
    lines += "  {" + std::to_string(each.code) + ", " + std::to_string(each.jt) + ", " +
             std::to_string(each.jf) + ", " + std::to_string(each.k) + "},\n";
  }
  return lines;
}

void compare_judgements(uint64_t seed) {
  Diverged other;
  ASSERT_TRUE(other.works());
  Random random(seed);
  size_t valid = 0, rounds = testing::rounds_from_environment(30000);
  for (size_t round = 0; round < rounds; ++round) {
    Program program = testing::near_valid_program(random, round % 100 == 0 ? 300 : 20);
    std::optional<Invalid> ours = invalid(program);
    ASSERT_EQ(kernel_accepts(program), !ours.has_value())
        << "seed " << seed << ", we say: " << (ours ? ours->why : "valid") << "\n"
        << text(program);
    valid += !ours;
  }
  EXPECT_GT(valid, rounds / 10);
  EXPECT_GT(rounds - valid, rounds / 10);
}

TEST(ProgramInTheKernel, JudgesNearlyRightProgramsAlike) {
  compare_judgements(testing::seed_from_environment());
}

TEST(ProgramInTheKernel, JudgesAlikeWithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "already without privileges";
  pid_t child = fork();
  if (child == 0) {
    if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(3);
    compare_judgements(testing::seed_from_environment() + 1);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ProgramInTheKernel, KnowsTheSameOpcodes) {
  Diverged other;
  ASSERT_TRUE(other.works());
  for (uint32_t code = 0; code <= 0x1ff; ++code) {
    for (uint32_t k : {0u, 1u, 2u, 4u, 15u, 16u, 31u, 32u, 60u, 64u, 0xfffff000u, 0xffffffffu}) {
      Instruction tried{static_cast<uint16_t>(code), 0, 0, k};
      // Scratch words are written first, so that only the slot's number decides.
      Program program{{op::st, 0, 0, 15},   {op::st, 0, 0, 0},    {op::st, 0, 0, 1},
                      {op::st, 0, 0, 2},    {op::st, 0, 0, 4},    tried,
                      {op::ret_k, 0, 0, 0}, {op::ret_k, 0, 0, 0}, {op::ret_k, 0, 0, 0}};
      ASSERT_EQ(kernel_accepts(program), !invalid(program).has_value()) << code << " " << k;
    }
  }
}

TEST(ProgramInTheKernel, HasTheSameLengths) {
  Diverged other;
  ASSERT_TRUE(other.works());
  for (size_t length : {size_t{0}, size_t{1}, max_program_length, max_program_length + 1}) {
    Program program(length, Instruction{op::ret_k, 0, 0, 0});
    EXPECT_EQ(kernel_accepts(program), !invalid(program).has_value()) << length;
  }
}

}  // namespace
}  // namespace seclude::filter
