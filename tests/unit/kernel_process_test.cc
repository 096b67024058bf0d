// Children: made, waited for, signalled, never left behind; and the memory shared with them.
#include "kernel/process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "kernel/files.h"
#include "kernel/gate.h"
#include "kernel/memory.h"
#include "kernel/raw.h"
#include "kernel/raw_call.h"

namespace seclude::kernel {
namespace {

int return_it(void* value) { return *static_cast<int*>(value); }

int write_page(void* page) {
  *static_cast<volatile int*>(page) = 4711;
  return 0;
}

int abort_self(void*) {
  raw::reset_signals(0);
  ::kill(::getpid(), SIGABRT);
  return 0;
}

int report_mask(void* blocked) {
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  *static_cast<volatile int*>(blocked) =
      sigismember(&mask, SIGTERM) + 2 * sigismember(&mask, SIGUSR1);
  return 0;
}

int execute_sleep(void*) {
  char* const argv[] = {const_cast<char*>("sleep"), const_cast<char*>("60"), nullptr};
  raw::reset_signals(0);
  raw::execute("/bin/sleep", argv, environ, {});
  return 1;
}

int pass_gate(void* gate) { raw::leave(static_cast<Gate*>(gate)->pass()); }

// With variables that AddressSanitizer watches over, and without giving them back.
int execute_true(void*) {
  char name[4096] = "/bin/true";
  char* const argv[] = {name, nullptr};
  raw::reset_signals(0);
  raw::execute(name, argv, environ, {});
  return 1;
}

// As deep as the child's stack was. Not itself among what is watched: memset is.
[[gnu::noinline]] __attribute__((no_sanitize("address"))) bool fill_stack() {
  char deep[size_t{40} * 1024];
  std::memset(deep, 1, sizeof deep);
  const volatile char* last = deep + sizeof deep - 1;
  return *last == 1;
}

bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

TEST(Spawn, TheReturnValueIsTheExitStatus) {
  for (int status : {0, 1, 255}) {
    auto child = spawn(return_it, &status);
    ASSERT_TRUE(child);
    const auto change = child->wait();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->kind, Change::Kind::Exited);
    EXPECT_EQ(change->value, status);
  }
  EXPECT_TRUE(no_children());
}

TEST(Spawn, ASignalThatEndsItIsTold) {
  auto child = spawn(abort_self, nullptr);
  ASSERT_TRUE(child);
  const auto change = child->wait();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->kind, Change::Kind::Killed);
  EXPECT_EQ(change->value, SIGABRT);
}

TEST(Spawn, SignalsAreBlockedInTheChildAndAsBeforeHere) {
  sigset_t before, after;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  auto page = SharedPage<int>::make();
  ASSERT_TRUE(page);
  auto child = spawn(report_mask, &**page);
  ASSERT_TRUE(child);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(**page, 3);
  ::sigprocmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

TEST(Spawn, AnUnwaitedChildIsEndedAndCollected) {
  int pid = 0;
  {
    auto child = spawn(execute_sleep, nullptr);
    ASSERT_TRUE(child);
    pid = child->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_TRUE(no_children());
}

TEST(Process, AChildBesideThisOneWaitsAtTheGate) {
  if (!raw::leaves_errno_alone) GTEST_SKIP() << "no child can be beside this process here";
  for (const bool opens : {true, false}) {
    Gate gate;
    ChildStack stack;
    auto child = spawn_beside(pass_gate, &gate, stack);
    ASSERT_TRUE(child);
    EXPECT_FALSE(*child->look());
    opens ? gate.open() : gate.shut();
    EXPECT_EQ(child->wait()->value, opens ? 0 : ECANCELED);
  }
}

TEST(Process, RawCallsAnswerWithErrnosAndLeaveErrnoAlone) {
  if (!raw::leaves_errno_alone) GTEST_SKIP() << "they go through libc here";
  errno = 0;
  EXPECT_EQ(raw::call(SYS_close, -1), -EBADF);
  EXPECT_EQ(errno, 0);
  EXPECT_EQ(raw::call(SYS_getpid), ::getpid());
  // All six arguments arrive: the last is the offset of a mapping.
  EXPECT_EQ(raw::call(SYS_mmap, nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1),
            -EINVAL);
  const long page = raw::call(SYS_mmap, nullptr, 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_GT(page, 0);
  *reinterpret_cast<char*>(page) = 1;
  EXPECT_EQ(raw::call(SYS_munmap, page, 4096), 0);
}

TEST(Process, StopsAndContinuesAreSeen) {
  auto child = spawn(execute_sleep, nullptr);
  ASSERT_TRUE(child);
  EXPECT_FALSE(child->look().value().has_value());
  const auto next = [&] {
    for (int i = 0; i < 500; ++i) {
      if (auto change = child->look().value()) return change->kind;
      ::usleep(10000);
    }
    ADD_FAILURE() << "no change";
    return Change::Kind::Exited;
  };
  ASSERT_TRUE(child->signal(SIGSTOP));
  EXPECT_EQ(next(), Change::Kind::Stopped);
  ASSERT_TRUE(child->signal(SIGCONT));
  EXPECT_EQ(next(), Change::Kind::Continued);
  ASSERT_TRUE(child->signal(SIGTERM));
  EXPECT_EQ(next(), Change::Kind::Killed);
  EXPECT_TRUE(child->signal(SIGTERM));  // it is gone: nothing to complain about
}

TEST(Process, ThePidfdTellsTheEnd) {
  auto child = spawn(execute_sleep, nullptr);
  ASSERT_TRUE(child);
  pollfd end = {child->pidfd().number(), POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 0), 0);
  ASSERT_TRUE(child->signal(SIGKILL));
  EXPECT_EQ(::poll(&end, 1, 5000), 1);
  EXPECT_EQ(child->wait()->value, SIGKILL);
}

TEST(Spawn, WorksBesideOtherThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&good, i] {
      for (int round = 0; round < 50; ++round) {
        int status = i * 50 + round;
        auto child = spawn(return_it, &status);
        const auto change = child ? child->wait() : Result<Change>(fail("spawn"));
        if (change && change->value == status) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

// A test for the build with AddressSanitizer: it would report a buffer that is none any more.
TEST(Spawn, LeavesNothingOnTheStackOfTheCaller) {
  auto child = spawn(execute_true, nullptr);
  ASSERT_TRUE(child);
  EXPECT_TRUE(fill_stack());
  const auto change = child->wait();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->value, 0);
}

TEST(SharedPage, WhatTheChildWritesIsReadHere) {
  auto page = SharedPage<int>::make();
  ASSERT_TRUE(page);
  EXPECT_EQ(**page, 0);
  auto child = spawn(write_page, &**page);
  ASSERT_TRUE(child && child->wait());
  EXPECT_EQ(**page, 4711);
  // Also with a child that has its own copy of everything else.
  **page = 0;
  const pid_t copy = ::fork();
  if (copy == 0) ::_exit(write_page(&**page));
  ASSERT_EQ(::waitpid(copy, nullptr, 0), copy);
  EXPECT_EQ(**page, 4711);
}

TEST(Clock, GoesForward) {
  const uint64_t one = now();
  ::usleep(2000);
  EXPECT_GE(now() - one, 2000u * 1000);
}

TEST(OwnPeakMemory, IsPlausible) {
  EXPECT_GT(own_peak_memory(), uint64_t{1} << 20);
  EXPECT_LT(own_peak_memory(), uint64_t{1} << 32);
}

}  // namespace
}  // namespace seclude::kernel
