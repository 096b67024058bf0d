// Loading filters and asking what the kernel knows; randomness; limits.
#include "kernel/seccomp.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>

#include "kernel/limits.h"
#include "kernel/random.h"
#include "kernel/raw.h"

namespace seclude::kernel {
namespace {

using filter::Action;
using filter::Program;

// Runs it in a process of its own, for a filter stays; its exit status.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

Program refusing(uint32_t number, Action action) {
  return {{filter::op::ld_abs, 0, 0, filter::offset_number},
          {filter::op::jeq_k, 0, 1, number},
          {filter::op::ret_k, 0, 0, action.ret},
          {filter::op::ret_k, 0, 0, Action::allow().ret}};
}

TEST(ConfineThisThread, TheFilterAnswers) {
  EXPECT_EQ(in_child([] {
              if (!confine_this_thread(refusing(SYS_getppid, Action::deny(77)))) return 1;
              if (::syscall(SYS_getppid) != -1 || errno != 77) return 2;
              return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
            }),
            0);
  EXPECT_EQ(in_child([] {
              if (!confine_this_thread(refusing(SYS_getppid, Action::kill()))) return 1;
              return static_cast<int>(::syscall(SYS_getppid));
            }),
            1000 + SIGSYS);
}

TEST(ConfineThisThread, ABadProgramIsRefusedWithItsLength) {
  EXPECT_EQ(in_child([] {
              const auto done =
                  confine_this_thread(Program{{filter::op::ret_k, 0, 0, 0}, {0xffff, 0, 0, 0}});
              if (done) return 1;
              if (done.error().errno_value != EINVAL) return 2;
              return done.error().doing == "load the filter of 2 instructions" ? 0 : 3;
            }),
            0);
}

TEST(Probes, TellKnownFromUnknown) {
  ASSERT_TRUE(seccomp_available());
  for (const Action action :
       {Action::kill(), Action::kill_thread(), Action::trap(), Action::deny(1), Action::allow()})
    EXPECT_TRUE(action_available(action)) << action.ret;
  EXPECT_FALSE(action_available(Action{0x12340000}));
  EXPECT_TRUE(flags_available(filter_flag::log));
  EXPECT_FALSE(flags_available(1u << 20));
  EXPECT_FALSE(flags_available(filter_flag::wait_killable_recv));  // only with a listener
  EXPECT_EQ(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);  // nothing was installed by asking
}

TEST(Raw, LeavingWorksEvenWhenItIsRefused) {
  EXPECT_EQ(in_child([]() -> int { raw::leave(9); }), 9);
  EXPECT_EQ(in_child([]() -> int {
              if (!confine_this_thread(refusing(SYS_exit_group, Action::deny(1)))) return 1;
              raw::leave(9);
            }),
            1000 + SIGILL);
}

TEST(Raw, TheParentHasToBeTheExpectedOne) {
  const int here = ::getpid();
  EXPECT_EQ(in_child([here] { return raw::die_with_parent(SIGKILL, here); }), 0);
  EXPECT_EQ(in_child([here] { return raw::die_with_parent(SIGKILL, here + 1); }), ESRCH);
}

TEST(Raw, LimitsAreSetAndRead) {
  EXPECT_EQ(in_child([] {
              if (raw::set_limit(limits::open_files, 40, 50) != 0) return 1;
              const auto limit = limits::current(limits::open_files);
              return limit && *limit == limits::Limit{40, 50} ? 0 : 2;
            }),
            0);
  EXPECT_EQ(raw::set_limit(9999, 1, 1), EINVAL);
}

TEST(Random, WordsDifferAndAreForgotten) {
  std::set<unsigned long> seen;
  for (int i = 0; i < 100; ++i) {
    std::array<unsigned long, 3> words = {};
    ASSERT_TRUE(fill_random(words));
    seen.insert(words.begin(), words.end());
    forget(words);
    EXPECT_EQ(words, (std::array<unsigned long, 3>{}));
  }
  EXPECT_EQ(seen.size(), 300u);
}

}  // namespace
}  // namespace seclude::kernel
