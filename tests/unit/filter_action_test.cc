// Action: order, words, and what the kernel makes of odd return values.
#include "filter/action.h"

#include <gtest/gtest.h>

namespace seclude::filter {
namespace {

TEST(Action, OrderIsTheKernels) {
  Action ordered[] = {Action::kill(),  Action::kill_thread(), Action::trap(),
                      Action::deny(1), Action::ask(),         Action::trace(),
                      Action::log(),   Action::mediated(),    Action::allow()};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(strictness(ordered[i]), i);
  EXPECT_EQ(strictness({0x12340000}), 0) << "unknown actions kill";
}

TEST(Action, RefusalsAreWhatDoesNotHappen) {
  for (Action each : {Action::kill(), Action::kill_thread(), Action::trap(3), Action::deny(0)}) {
    EXPECT_TRUE(each.refuses());
  }
  for (Action each :
       {Action::ask(), Action::trace(1), Action::log(), Action::mediated(), Action::allow()}) {
    EXPECT_FALSE(each.refuses());
  }
}

TEST(Action, NormalisedIsWhatTheKernelDoes) {
  EXPECT_EQ(normalised(0x00050001), Action::deny(1));
  EXPECT_EQ(normalised(0x0005ffff), Action::deny(4095));
  EXPECT_EQ(normalised(0x00051000), Action::deny(4095));
  EXPECT_EQ(normalised(0x00050fff), Action::deny(4095));
  EXPECT_EQ(normalised(0x0003ffff), Action::trap(0xffff));
  EXPECT_EQ(normalised(0x7ff01234), Action::trace(0x1234));
  for (uint32_t data : {0u, 1u, 0xffffu}) {
    EXPECT_EQ(normalised(0x80000000 | data), Action::kill());
    EXPECT_EQ(normalised(0x00000000 | data), Action::kill_thread());
    EXPECT_EQ(normalised(0x7fc00000 | data), Action::ask());
    EXPECT_EQ(normalised(0x7ffc0000 | data), Action::log());
    EXPECT_EQ(normalised(0x7fff0000 | data), Action::allow());
    EXPECT_EQ(normalised(0x7ffe0000 | data), Action::kill());
    EXPECT_EQ(normalised(0x00010000 | data), Action::kill());
  }
}

TEST(Action, HasWords) {
  calls::Arch arch = calls::Arch::x86_64;
  EXPECT_EQ(to_string(Action::allow(), arch), "allow");
  EXPECT_EQ(to_string(Action::mediated(), arch), "mediated");
  EXPECT_EQ(to_string(Action::log(), arch), "log");
  EXPECT_EQ(to_string(Action::ask(), arch), "ask");
  EXPECT_EQ(to_string(Action::trace(7), arch), "trace:7");
  EXPECT_EQ(to_string(Action::trap(2), arch), "trap:2");
  EXPECT_EQ(to_string(Action::kill_thread(), arch), "kill-thread");
  EXPECT_EQ(to_string(Action::kill(), arch), "kill");
  EXPECT_EQ(to_string(Action::deny(1), arch), "errno:EPERM");
  EXPECT_EQ(to_string(Action::deny(38), arch), "errno:ENOSYS");
  EXPECT_EQ(to_string(Action::deny(89), calls::Arch::mips64), "errno:ENOSYS");
  EXPECT_EQ(to_string(Action::deny(4000), arch), "errno:4000");
}

}  // namespace
}  // namespace seclude::filter
