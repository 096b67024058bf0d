// The exit status of each ending (docs: the table of `run`).
#include "sandbox/outcome.h"

#include <gtest/gtest.h>

namespace seclude::sandbox {
namespace {

TEST(Outcome, TheExitStatusTellsTheEnding) {
  EXPECT_EQ(exit_status(Exited{0}), 0);
  EXPECT_EQ(exit_status(Exited{255}), 255);
  EXPECT_EQ(exit_status(Signalled{9, false}), 137);
  EXPECT_EQ(exit_status(Signalled{11, true}), 139);
  EXPECT_EQ(exit_status(Denied{}), 159);
  EXPECT_EQ(exit_status(TimeLimit{}), 124);
  EXPECT_EQ(exit_status(OverLimit{policy::Resource::CpuTime}), 124);
  EXPECT_EQ(exit_status(OverLimit{policy::Resource::Memory}), 137);
  EXPECT_EQ(exit_status(OverLimit{policy::Resource::Output}), 137);
  EXPECT_EQ(exit_status(OverLimit{policy::Resource::FileSize}), 153);
  EXPECT_EQ(exit_status(SetupError{SetupError::Kind::Setup, {}}), 125);
  EXPECT_EQ(exit_status(SetupError{SetupError::Kind::NotExecutable, {}}), 126);
  EXPECT_EQ(exit_status(SetupError{SetupError::Kind::NotFound, {}}), 127);
}

}  // namespace
}  // namespace seclude::sandbox
