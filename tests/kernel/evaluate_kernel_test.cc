// Evaluate: what it computes is what the running kernel computes.
//
// Random programs get harmless leaves (each its own errno; a returned A becomes an errno too), are
// put into force in a child, and asked about random calls, none of which is therefore made. The
// child writes the answers to shared memory: it cannot make a call any more, and ends by a trap.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "filter/action.h"
#include "filter/evaluate.h"
#include "support/random_program.h"

#if defined(__x86_64__)
// A call with all six arguments whose instruction pointer, as the kernel sees it, has a name.
// long seclude_test_call(number, args)
asm(R"(
.text
.globl seclude_test_call
.globl seclude_test_call_made
.type seclude_test_call, @function
seclude_test_call:
  mov %edi, %eax
  mov %rsi, %r11
  mov 0(%r11), %rdi
  mov 8(%r11), %rsi
  mov 16(%r11), %rdx
  mov 24(%r11), %r10
  mov 32(%r11), %r8
  mov 40(%r11), %r9
  syscall
seclude_test_call_made:
  ret
)");
extern "C" long seclude_test_call(uint32_t number, const uint64_t* args);
extern "C" const char seclude_test_call_made[];

namespace seclude::filter {
namespace {

using testing::Random;

constexpr uint32_t x86_64 = 0xc000003e;
constexpr size_t calls_per_program = 48;

struct Answers {
  long answer[calls_per_program + 1];
  volatile size_t made;
};

void load_or_exit(const Program& program) {
  auto* instructions = reinterpret_cast<const sock_filter*>(program.data());
  sock_fprog whole{static_cast<unsigned short>(program.size()),
                   const_cast<sock_filter*>(instructions)};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(4);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) _exit(5);
}

// Every way to end answers an errno that tells the way; A is told twelve bits at a time.
Program harmless(Random& random, const Program& program) {
  std::vector<size_t> place(program.size() + 1);
  for (size_t at = 0; at < program.size(); ++at) {
    place[at + 1] = place[at] + (program[at].code == op::ret_a ? 4 : 1);
  }
  Program made;
  for (size_t at = 0; at < program.size(); ++at) {
    Instruction each = program[at];
    auto moved = [&](size_t distance) { return place[at + 1 + distance] - place[at] - 1; };
    if (each.code == op::ret_a) {
      made.push_back({op::rsh_k, 0, 0, static_cast<uint32_t>(random() % 21)});
      made.push_back({op::and_k, 0, 0, 0xfff});
      made.push_back({op::or_k, 0, 0, Action::errno_});
    } else if (each.code == op::ret_k) {
      each.k = Action::errno_ | static_cast<uint32_t>(at + 1);
    } else if (each.code == op::ja) {
      each.k = static_cast<uint32_t>(moved(each.k));
    } else if ((each.code & 7) == 5) {
      each.jt = static_cast<uint8_t>(moved(each.jt));
      each.jf = static_cast<uint8_t>(moved(each.jf));
    }
    made.push_back(each);
  }
  return made;
}

// Since 6.14 (uretprobe) and 6.18 (uprobe) x86_64 kernels make these two without asking any filter
// (seccomp_uprobe_exception() in kernel/seccomp.c); outside a probe they do nothing.
bool never_filtered(uint32_t number) { return number == 335 || number == 336; }

struct Question {
  Input input;
  uint32_t expected;
};

// All that is answered with an errno, and at the end perhaps one call that kills (division by 0).
std::vector<Question> questions(Random& random, const Program& program) {
  std::vector<Question> asked, killed;
  for (size_t i = 0; i < calls_per_program; ++i) {
    Input input = testing::random_input(random, program);
    if (never_filtered(input.number)) continue;
    input.arch = x86_64;
    input.instruction_pointer = reinterpret_cast<uint64_t>(&seclude_test_call_made);
    Question question{input, evaluate(program, input).ret};
    (Action{question.expected}.is_deny() ? asked : killed).push_back(question);
  }
  if (!killed.empty()) asked.push_back(killed.front());
  return asked;
}

void ask_in_child(const Program& program, const std::vector<Question>& asked, Answers& answers,
                  bool as_nobody) {
  if (as_nobody && setresuid(65534, 65534, 65534) != 0) _exit(3);
  load_or_exit(program);
  for (size_t i = 0; i < asked.size(); ++i) {
    const Input& input = asked[i].input;
    answers.answer[i] = seclude_test_call(input.number, input.args.data());
    answers.made = i + 1;
  }
  __builtin_trap();
}

std::string text(const Program& program) {
  std::string lines;
  for (const Instruction& each : program) {
    lines += "  {" + std::to_string(each.code) + ", " + std::to_string(each.jt) + ", " +
             std::to_string(each.jf) + ", " + std::to_string(each.k) + "},\n";
  }
  return lines;
}

void compare_answers(Answers& answers, const Program& program, Random& random, bool as_nobody) {
  std::vector<Question> asked = questions(random, program);
  if (asked.empty()) return;
  bool killed = !Action{asked.back().expected}.is_deny();
  answers.made = 0;
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) ask_in_child(program, asked, answers, as_nobody);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit status " << WEXITSTATUS(status) << "\n"
                                   << text(program);
  EXPECT_EQ(WTERMSIG(status), killed ? SIGSYS : SIGILL) << text(program);
  ASSERT_EQ(answers.made, asked.size() - (killed ? 1 : 0)) << text(program);
  for (size_t i = 0; i < answers.made; ++i) {
    ASSERT_EQ(answers.answer[i], -static_cast<long>(Action{asked[i].expected}.data()))
        << "seed " << testing::seed_from_environment() << ", call " << i << ", number "
        << asked[i].input.number << "\n"
        << text(program);
  }
}

void compare_many(uint64_t seed, bool as_nobody) {
  void* shared =
      mmap(nullptr, sizeof(Answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  Random random(seed);
  for (size_t round = testing::rounds_from_environment(10000); round > 0; --round) {
    Program program = harmless(random, testing::valid_program(random, 40));
    ASSERT_FALSE(invalid(program).has_value());
    compare_answers(*static_cast<Answers*>(shared), program, random, as_nobody);
    if (::testing::Test::HasFailure()) break;
  }
  munmap(shared, sizeof(Answers));
}

TEST(EvaluateInTheKernel, AnswersRandomCallsAlike) {
  compare_many(testing::seed_from_environment(), false);
}

TEST(EvaluateInTheKernel, AnswersAlikeWithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "already without privileges";
  compare_many(testing::seed_from_environment() + 1, true);
}

// What a child sees that calls getpid under this one return value.
int status_under(uint32_t ret, long* answer) {
  pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSYS, SIG_DFL);
    Program program{{op::ld_abs, 0, 0, offset_number},
                    {op::jeq_k, 0, 1, SYS_getpid},
                    {op::ret_k, 0, 0, ret},
                    {op::ret_k, 0, 0, Action::allow_}};
    load_or_exit(program);
    uint64_t none[6]{};
    *answer = seclude_test_call(SYS_getpid, none);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(EvaluateInTheKernel, NormalisedIsWhatTheKernelDoes) {
  void* shared =
      mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  long* answer = static_cast<long*>(shared);
  for (uint32_t data : {0u, 1u, 4094u, 4095u, 4096u, 5000u, 0xffffu}) {
    EXPECT_EQ(status_under(Action::errno_ | data, answer), 0);
    EXPECT_EQ(-*answer, normalised(Action::errno_ | data).data()) << data;
    EXPECT_EQ(status_under(Action::allow_ | data, answer), 0);
    EXPECT_GT(*answer, 1) << "getpid was made";
  }
  for (uint32_t kind : {0x00010000u, 0x12340000u, 0x80010000u, 0xffff0000u, 0x7ffe0000u}) {
    ASSERT_EQ(normalised(kind | 3), Action::kill());
    int status = status_under(kind | 3, answer);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << kind;
  }
  munmap(shared, sizeof(long));
}

}  // namespace
}  // namespace seclude::filter
#endif
