// Loaded filters: what a process was given is what is read back, oldest first.
#include "kernel/loaded_filters.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/seccomp.h"

namespace seclude::kernel {
namespace {

using filter::Program;

// A child with these filters, waiting to be killed.
class Child {
 public:
  explicit Child(const std::vector<Program>& filters) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    process_ = fork();
    if (process_ == 0) {
      for (const Program& one : filters)
        if (!confine_this_thread(one)) _exit(1);
      if (write(ready[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(ready[1]);
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
  }
  ~Child() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  int process() const { return process_; }

 private:
  int process_ = 0;
};

bool not_allowed(const Error& error) {
  return error.errno_value == EPERM || error.errno_value == EACCES || error.errno_value == EIO;
}

TEST(LoadedFilters, AreReadBackOldestFirst) {
  std::vector<Program> given = {{{filter::op::ret_k, 0, 0, 0x7fff0000}},
                                {{filter::op::ld_abs, 0, 0, 0},
                                 {filter::op::jeq_k, 0, 1, 0x7ff},
                                 {filter::op::ret_k, 0, 0, 0x50001},
                                 {filter::op::ret_k, 0, 0, 0x7fff0000}}};
  Child child(given);
  Result<std::vector<Program>> read = loaded_filters(child.process());
  if (!read && not_allowed(read.error())) GTEST_SKIP() << to_string(read.error());
  ASSERT_TRUE(read) << to_string(read.error());
  // This test may itself run behind filters, which the child has, too.
  ASSERT_GE(read->size(), given.size());
  EXPECT_TRUE(std::equal(given.rbegin(), given.rend(), read->rbegin()));
  Result<std::vector<Program>> again = loaded_filters(child.process());
  ASSERT_TRUE(again) << "the process was let go";
}

TEST(LoadedFilters, NobodyThere) {
  Child child({});
  int process = child.process();
  Result<std::vector<Program>> read = loaded_filters(process);
  if (!read && not_allowed(read.error())) GTEST_SKIP() << to_string(read.error());
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_FALSE(loaded_filters(0x3ffffff).has_value());
}

}  // namespace
}  // namespace seclude::kernel
