// Explain: what a supervisor tells of refused calls, and that the program notices nothing of it.
// Real programs behind filters that refuse one or two calls; the same runs with and without.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include "evidence/diagnose.h"
#include "explain_support.h"
#include "filter/program.h"

namespace seclude::sandbox {
namespace {

using filter::Action;

// Rules made by hand come from no text.
std::string text_of(const Denial& denial) {
  const policy::Texts texts;
  const std::string text = evidence::diagnose(denial, {.texts = texts}).message;
  return text.substr(0, text.rfind(", from "));
}

TEST(Explain, ADenialTellsPathFlagsAndThread) {
  Request request =
      refusing(Action::deny(13), {"open", "/tmp/some file"}, {{"openat", Action::deny(13)}});
  const Outcome outcome = explained(request);
  EXPECT_EQ(outcome.ending, Ending(Exited{13}));
  ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  const Denial& denial = outcome.observed.denials.seen[0];
  EXPECT_EQ(text_of(denial),
            "openat(dfd: AT_FDCWD, filename: \"/tmp/some file\", flags: "
            "O_WRONLY|O_CREAT|O_CLOEXEC, mode: 0o640) in `explain_target`");
  EXPECT_EQ(denial.verdict.action, Action::deny(13));
  EXPECT_EQ(denial.times, 1u);
  EXPECT_EQ(denial.object, std::filesystem::canonical(EXPLAIN_TARGET));
  // Static, and not position-independent: linked to start at 4 MiB.
  EXPECT_EQ(denial.object_offset, denial.call.instruction_pointer - 0x400000);
}

TEST(Explain, CodeThatIsInNoFileIsToldAsSuch) {
  const Outcome outcome = explained(refusing(Action::deny(eperm), {"nameless-code"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{eperm}));
  ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  EXPECT_EQ(outcome.observed.denials.seen[0].object, "anonymous memory");
}

TEST(Explain, AKillIsSeenInTheProcessThatDies) {
  for (const Action action : {Action::kill(), Action::trap(), Action::kill_thread()}) {
    const Outcome outcome = explained(refusing(action, {"once"}));
    EXPECT_EQ(status_of(outcome), 159);
    ASSERT_EQ(outcome.observed.denials.seen.size(), 1u) << action.ret;
    EXPECT_EQ(text_of(outcome.observed.denials.seen[0]),
              "getpriority(which: PRIO_PGRP, who: 4711) in `explain_target`");
    EXPECT_EQ(outcome.observed.denials.seen[0].times, 1u);
  }
}

TEST(Explain, GrandchildrenAreSeenAndTheirParentsSeeTheTrueEnd) {
  const Outcome killed = explained(refusing(Action::kill(), {"family"}));
  EXPECT_EQ(killed.ending, Ending(Exited{SIGSYS}));
  ASSERT_EQ(killed.observed.denials.seen.size(), 1u);
  EXPECT_EQ(killed.observed.denials.seen[0].call.args[1], 5u);
  const Outcome denied = explained(refusing(Action::deny(77), {"family"}));
  EXPECT_EQ(denied.ending, Ending(Exited{77}));
  ASSERT_EQ(denied.observed.denials.seen.size(), 1u);
}

TEST(Explain, OneThreadIsKilledAndTheOthersGoOn) {
  const Outcome outcome = explained(refusing(Action::kill_thread(), {"lonely-thread"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{3}));
  ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  const Denial& denial = outcome.observed.denials.seen[0];
  EXPECT_NE(denial.thread, denial.process);
}

TEST(Explain, AHandlerOfATrapSeesWhatTheFilterSent) {
  const Outcome outcome = explained(refusing(Action::trap(), {"handle-trap"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{41}));
  EXPECT_EQ(outcome.observed.denials.seen.size(), 1u);
}

TEST(Explain, FiveHundredThreadsAtOnce) {
  const Outcome outcome = explained(refusing(Action::deny(eperm), {"threads", "500"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  EXPECT_EQ(outcome.observed.denials.seen.size(), 500u);
  EXPECT_EQ(outcome.observed.denials.total(), 500u);
}

TEST(Explain, AMillionRepetitionsAreCounted) {
  const Outcome outcome = explained(refusing(Action::deny(eperm), {"repeat", "1000000"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{eperm}));
  ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  EXPECT_EQ(outcome.observed.denials.seen[0].times, 1000000u);
}

// The signals come one for each call, not by themselves: else they could keep a program, whose
// every signal its tracer looks at, from ever making one.
TEST(Explain, ASignalInTheMiddleChangesNoAnswer) {
  const Outcome outcome = explained(refusing(Action::deny(77), {"interrupted", "20000"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{77}));
  ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  EXPECT_EQ(outcome.observed.denials.seen[0].times, 20000u);
}

TEST(Explain, TenThousandDifferentOnesAreBounded) {
  const Outcome outcome = explained(refusing(Action::deny(eperm), {"distinct", "10000"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{eperm}));
  EXPECT_EQ(outcome.observed.denials.seen.size(), 1000u);
  ASSERT_EQ(outcome.observed.denials.counted.size(), 1u);
  EXPECT_EQ(outcome.observed.denials.counted[0].times, 9000u);
}

TEST(Explain, WhatIsPrintedIsBounded) {
  const Folder folder;
  const std::string file = folder.file("stderr");
  const Request request = refusing(Action::deny(eperm), {"distinct", "100"});
  // Everything this process' supervisor prints goes to standard error: look at it from a child.
  const pid_t child = ::fork();
  if (child == 0) {
    const int to = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(to, 2);
    Supervision supervision{.describe = [](const Denial&) { return std::string("x\n"); },
                            .printed_at_most = 7};
    ::_exit(status_of(run_request(request, {.supervision = supervision})));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), eperm);
  EXPECT_EQ(kernel::read_file(file).value_or(""), "x\nx\nx\nx\nx\nx\nx\n");
}

TEST(Explain, HostileTextsAreBoundedAndEscaped) {
  const Outcome outcome =
      explained(refusing(Action::deny(eperm), {"hostile"},
                         {{"openat", Action::deny(eperm)}, {"connect", Action::deny(eperm)}}));
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  const auto& seen = outcome.observed.denials.seen;
  // Addresses of memory do not tell denials apart: the two unreadable paths count as one.
  ASSERT_EQ(seen.size(), 7u);
  for (const Denial& denial : seen) {
    const std::string text = text_of(denial);
    EXPECT_LT(text.size(), 1000u);
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](unsigned char c) {
      return c < 32 || c >= 127;
    })) << text;
  }
  EXPECT_EQ(seen[0].thread_name, "a\033[2J\nroot:");
  EXPECT_THAT(text_of(seen[0]), testing::HasSubstr("denied: fake\\xff\\x80\""));
  EXPECT_EQ(seen[1].details[0].text, std::string(96, 'e'));
  EXPECT_TRUE(seen[1].details[0].cut);
  EXPECT_EQ(seen[2].details[0].kind, ArgDetail::Kind::Unreadable);
  EXPECT_EQ(seen[2].times, 2u);
  EXPECT_EQ(seen[3].details[0].text.size(), 4096u);
  EXPECT_THAT(text_of(seen[4]), testing::HasSubstr("unix:@ab\\x0a\\x1b\\x00z"));
  EXPECT_EQ(seen[6].details[0].kind, ArgDetail::Kind::Unreadable);
}

TEST(Explain, CommandLinesAreBoundedAndEscaped) {
  // The launch's own execve carries its key; all others are refused.
  const Outcome outcome =
      explained(refusing(Action::deny(eperm), {"start"},
                         {{"execve", Action::deny(eperm)}, {"execveat", Action::deny(eperm)}}));
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  const auto& seen = outcome.observed.denials.seen;
  ASSERT_EQ(seen.size(), 5u);
  const auto words = [&](size_t denial, size_t arg) {
    std::vector<std::string> found;
    for (const ArgDetail& detail : seen[denial].details) {
      if (detail.arg != arg || detail.kind == ArgDetail::Kind::Unreadable) continue;
      found.push_back(detail.kind == ArgDetail::Kind::Word             ? detail.text
                      : detail.kind == ArgDetail::Kind::UnreadableWord ? "?"
                                                                       : "more");
    }
    return found;
  };
  // Of the array only three words are there, and the third leads nowhere.
  EXPECT_THAT(words(0, 1), testing::ElementsAre("name", "\033]0;title\a\n\", \"x", "?", "?"));
  EXPECT_THAT(text_of(seen[0]),
              testing::HasSubstr(R"(argv: ["name", "\x1b]0;title\x07\x0a\", \"x", unreadable, )"
                                 R"(unreadable], envp: 0))"));
  ASSERT_EQ(words(1, 2).size(), 17u);
  EXPECT_EQ(words(1, 2)[1], std::string(256, 'n'));
  EXPECT_EQ(words(1, 2)[16], "more");
  EXPECT_THAT(text_of(seen[1]), testing::HasSubstr("n\"..., ...], envp"));
  EXPECT_LT(text_of(seen[1]).size(), 1000u);
  EXPECT_EQ(words(2, 1), std::vector<std::string>(16, "w"));
  EXPECT_THAT(words(3, 1), testing::ElementsAre("?"));
  EXPECT_THAT(words(4, 1), testing::IsEmpty());
  // The words do not tell denials apart.
  EXPECT_EQ(seen[2].times, 2u);
}

TEST(Explain, StoppingAndContinuingInsideTheTreeAreSeenThere) {
  const Outcome outcome = explained(refusing(Action::kill(), {"stopping"}));
  EXPECT_EQ(outcome.ending, Ending(Exited{6}));
}

TEST(Explain, EveryEndIsTheSameAsWithout) {
  const std::vector<Action> actions = {Action::allow(), Action::deny(eperm),   Action::deny(0),
                                       Action::trap(),  Action::kill_thread(), Action::kill()};
  for (const Action action : actions) {
    for (const char* verb : {"once", "family", "handle-trap", "stopping", "lonely-thread"}) {
      const Request request = refusing(action, {verb});
      EXPECT_EQ(explained(request).ending, run_request(request).ending)
          << verb << " " << action.ret;
    }
  }
}

TEST(Explain, AHelperThatBeganEarlySeesTheSame) {
  using Told = std::pair<std::string, uint64_t>;
  const auto told = [](const Outcome& outcome) {
    std::vector<Told> all;
    for (const Denial& denial : outcome.observed.denials.seen)
      all.emplace_back(text_of(denial), denial.times);
    std::sort(all.begin(), all.end());
    return all;
  };
  for (const Action action : {Action::deny(eperm), Action::trap(), Action::kill()}) {
    for (const Supervise how : {Supervise::Explain, Supervise::Audit}) {
      for (const char* verb : {"once", "family", "handle-trap", "stopping"}) {
        const Request request = refusing(action, {verb});
        const Outcome late = explained(request, how);
        const Outcome early = explained_early(request, {.how = how});
        EXPECT_EQ(early.observed.how, Observed::How::Explained) << verb;
        EXPECT_EQ(early.ending, late.ending) << verb;
        EXPECT_EQ(told(early), told(late)) << verb;
        EXPECT_EQ(early.observed.denials.saw_every_end, late.observed.denials.saw_every_end);
      }
    }
  }
}

TEST(Explain, AFirstCallMayComeBeforeWhatItIsJudgedBy) {
  // The launcher tells it when the program has begun already.
  Request request = refusing(Action::deny(77), {"once"});
  request.isolation.emplace().processes = true;
  for (int i = 0; i < 300; ++i) {
    Supervision supervision;
    supervision.texts = [&] {
      std::this_thread::sleep_for(std::chrono::microseconds(100 * (i % 20)));
      return std::string();
    };
    const Outcome outcome = explained_early(request, supervision);
    ASSERT_EQ(outcome.ending, Ending(Exited{77}));
    ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
  }
}

TEST(Explain, AHelperThatBeganEarlyDescribesWithWhatItIsTold) {
  const Folder folder;
  const std::string file = folder.file("stderr");
  const Request request = refusing(Action::deny(eperm), {"distinct", "100"});
  // More than a socket holds.
  const std::string texts(size_t{1} << 20, 't');
  const pid_t child = ::fork();
  if (child == 0) {
    const int to = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(to, 2);
    Supervision supervision{.describe = [](const Denial&) { return std::string("late\n"); },
                            .printed_at_most = 3,
                            .texts = [&] { return texts; }};
    const auto describe = [](const Denial& denial, std::string_view given) {
      return std::to_string(given.size()) + " " + std::to_string(denial.times) + "\n";
    };
    ::_exit(status_of(explained_early(request, supervision, describe)));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), eperm);
  EXPECT_EQ(kernel::read_file(file).value_or(""), "1048576 1\n1048576 1\n1048576 1\n");
}

TEST(Explain, NothingIsRunWithAHelperThatEndedBeforeItWasTold) {
  auto helper = Supervisor::begin({});
  ASSERT_TRUE(helper);
  ::kill(helper->joining().supervisor, SIGKILL);
  ASSERT_TRUE(soon([&] {
    return !kernel::read_file("/proc/" + std::to_string(helper->joining().supervisor) + "/cmdline",
                              10)
                .value_or("")
                .size();
  }));
  const Folder folder;
  Request request = refusing(Action::deny(eperm), {"once"});
  request.stdout_file = folder.file("output");
  const Outcome outcome = run_request(request, {.supervision = Supervision(), .helper = &*helper});
  const auto* refused = std::get_if<SetupError>(&outcome.ending);
  ASSERT_NE(refused, nullptr);
  EXPECT_THAT(to_string(refused->error), testing::HasSubstr("helper"));
}

TEST(Explain, TheProgramGetsNoListenerOfItsOwn) {
  Request request = request_for({"listener"});
  EXPECT_EQ(explained(request).ending, Ending(Exited{eperm}));
}

TEST(Explain, AProgramThatMayTraceIsNotTraced) {
  Request request = refusing(Action::kill(), {"once"});
  request.rules = rules_for(Action::allow(), {{"getpriority", Action::kill()}});
  const Outcome outcome = explained(request);
  EXPECT_EQ(status_of(outcome), 159);
  EXPECT_TRUE(outcome.observed.denials.seen.empty());
}

TEST(Explain, AnAuditLetsEverythingPassAndListsIt) {
  for (const Action action : {Action::deny(eperm), Action::kill(), Action::trap()}) {
    const Outcome outcome = explained(refusing(action, {"family"}), Supervise::Audit);
    EXPECT_EQ(outcome.ending, Ending(Exited{3}));  // ESRCH: there is no such user's process
    ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
    EXPECT_EQ(outcome.observed.denials.seen[0].verdict.action, action);
  }
}

}  // namespace
}  // namespace seclude::sandbox
