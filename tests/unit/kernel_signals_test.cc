// Signals as data: names, the inbox, dispositions.
#include "kernel/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "kernel/process.h"

namespace seclude::kernel {
namespace {

SignalSet set_of(std::initializer_list<int> numbers) {
  SignalSet set;
  for (const int number : numbers) set.add(number);
  return set;
}

TEST(SignalName, IsTheOneOfTheManPage) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(SIGSYS), "SIGSYS");
  EXPECT_EQ(signal_name(SIGRTMIN), "SIGRTMIN");
  EXPECT_EQ(signal_name(SIGRTMIN + 3), "SIGRTMIN+3");
  EXPECT_EQ(signal_name(32), "signal 32");
  EXPECT_EQ(signal_name(200), "signal 200");
}

TEST(SignalSet, HoldsEverySignal) {
  for (int number = 1; number <= 64; ++number) {
    SignalSet set = set_of({number});
    for (int other = 1; other <= 64; ++other) EXPECT_EQ(set.has(other), other == number);
    set.remove(number);
    EXPECT_EQ(set, SignalSet{});
  }
}

TEST(SignalInbox, HoldsSignalsBackAndHandsThemOut) {
  auto inbox = SignalInbox::open(set_of({SIGUSR1, SIGTERM}));
  ASSERT_TRUE(inbox);
  EXPECT_FALSE(inbox->next());
  ::kill(::getpid(), SIGTERM);
  const auto arrived = inbox->next();
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->number, SIGTERM);
  EXPECT_FALSE(arrived->from_kernel);
  EXPECT_FALSE(inbox->next());
}

TEST(SignalInbox, KeepsWhatIsIgnoredToItself) {
  auto inbox = SignalInbox::open(set_of({SIGHUP, SIGUSR1, SIGRTMIN + 1}));
  ASSERT_TRUE(inbox);
  for (const int number : {SIGHUP, SIGRTMIN + 1}) {
    const auto before = ::signal(number, SIG_IGN);
    ::kill(::getpid(), number);
    ::kill(::getpid(), SIGUSR1);
    const auto arrived = inbox->next();
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->number, SIGUSR1);
    EXPECT_FALSE(inbox->next());
    ::signal(number, before);
  }
}

TEST(SignalInbox, TellsTheKernelsSignals) {
  auto inbox = SignalInbox::open(set_of({SIGALRM}));
  ASSERT_TRUE(inbox);
  ::ualarm(1000, 0);
  const auto ready = wait_for(inbox->fd(), nullptr, now() + 5000000000);
  ASSERT_TRUE(ready && *ready);
  EXPECT_TRUE(inbox->next()->from_kernel);
}

TEST(SignalInbox, GivesTheMaskBack) {
  const auto blocked = [](int number) {
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, number) == 1;
  };
  ASSERT_FALSE(blocked(SIGUSR2));
  {
    auto inbox = SignalInbox::open(set_of({SIGUSR2}));
    ASSERT_TRUE(inbox);
    const SignalInbox moved(std::move(*inbox));
    EXPECT_TRUE(blocked(SIGUSR2));
  }
  EXPECT_FALSE(blocked(SIGUSR2));
}

TEST(WaitFor, TimeComes) {
  auto inbox = SignalInbox::open(set_of({SIGUSR1}));
  ASSERT_TRUE(inbox);
  const uint64_t begin = now();
  const auto ready = wait_for(inbox->fd(), nullptr, begin + 20000000);
  ASSERT_TRUE(ready);
  EXPECT_FALSE(*ready);
  EXPECT_GE(now() - begin, 20000000u);
  EXPECT_FALSE(wait_for(inbox->fd(), &inbox->fd(), begin).value());  // long past
}

TEST(Ignored, IsAsked) {
  EXPECT_FALSE(is_ignored(SIGUSR1));
  ::signal(SIGUSR1, SIG_IGN);
  EXPECT_TRUE(is_ignored(SIGUSR1));
  ::signal(SIGUSR1, SIG_DFL);
}

TEST(ChildrenKept, UndoesAndRestores) {
  ::signal(SIGCHLD, SIG_IGN);
  {
    const ChildrenKept kept;
    EXPECT_FALSE(is_ignored(SIGCHLD));
  }
  EXPECT_TRUE(is_ignored(SIGCHLD));
  ::signal(SIGCHLD, SIG_DFL);
  { const ChildrenKept kept; }
  EXPECT_FALSE(is_ignored(SIGCHLD));
}

}  // namespace
}  // namespace seclude::kernel
