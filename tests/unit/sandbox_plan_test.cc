// The plan as a value: its steps in order, its text, what it refuses before there is a child.
#include "sandbox/plan.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace seclude::sandbox {
namespace {

filter::Rules no_rules(calls::Arch arch) {
  filter::Rules rules;
  rules.archs.push_back({});
  rules.archs.back().arch = arch;
  return rules;
}

Request request_for_true() {
  Request request;
  request.command = {"true", "one", "two\nlines"};
  request.search_path = "/bin";
  request.environment = {"A=1", "B=2"};
  return request;
}

TEST(Plan, TheSmallestHasNothingNeedless) {
  const auto plan = make_plan(request_for_true());
  ASSERT_TRUE(plan);
  const Plan expected = {
      .steps = {DieWithLauncher{}, CloseDescriptors{}, ResetSignals{}, NoNewPrivileges{},
                Execute{"/bin/true", {"true", "one", "two\nlines"}, {"A=1", "B=2"}}},
      .warnings = {}};
  EXPECT_EQ(to_string(*plan), to_string(expected));
  EXPECT_EQ(*plan, expected);
}

TEST(Plan, EveryStepInItsPlace) {
  Request request = request_for_true();
  const int kept = ::open("/dev/null", O_RDONLY);
  request.rules = no_rules(calls::Arch::x86_64);
  request.keep_descriptors = {kept, 1, kept};
  request.directory = "/usr";
  request.stdin_file = "in";
  request.stderr_file = "err";
  request.limits = {{LimitedResource::OpenFiles, 64}, {LimitedResource::CpuTime, 2}};
  request.new_session = true;
  request.signal_guard = SignalGuard::Filter;
  auto plan = make_plan(request);
  ::close(kept);
  ASSERT_TRUE(plan);
  const std::string number = std::to_string(kept);
  // Whether there is anything to give up depends on who runs the test.
  std::erase_if(plan->steps,
                [](const Step& step) { return std::holds_alternative<GiveUpCapabilities>(step); });
  EXPECT_EQ(to_string(*plan),
            " 1. end with the launcher (PR_SET_PDEATHSIG, SIGKILL)\n"
            " 2. start a session of its own (setsid)\n"
            " 3. read descriptor 0 from in\n"
            " 4. write descriptor 2 to err\n"
            " 5. change directory to /usr\n"
            " 6. close descriptors from 3 up, except " +
                number +
                "\n"
                " 7. unblock all signals and reset their actions\n"
                " 8. limit open-files to 64\n"
                " 9. limit cpu-time to 2 seconds\n"
                "10. give up gaining privileges (no_new_privs)\n"
                "11. load the filter (seccomp): 0 calls on x86_64; no signals to the launcher\n"
                "12. execute /bin/true one two\\x0alines with 2 environment variables\n");
}

TEST(Plan, WhatKeepsSignalsFromTheLauncherIsAStepOrPartOfTheFilter) {
  Request request = request_for_true();
  request.rules = no_rules(calls::Arch::x86_64);
  request.signal_guard = SignalGuard::Landlock;
  const auto by_landlock = make_plan(request);
  ASSERT_TRUE(by_landlock);
  const Step inside = KeepSignalsInside{};
  EXPECT_EQ(std::count(by_landlock->steps.begin(), by_landlock->steps.end(), inside), 1);
  EXPECT_EQ(to_string(inside),
            "let signals and tracing reach only what this run starts (Landlock, "
            "LANDLOCK_SCOPE_SIGNAL)");
  request.signal_guard = SignalGuard::Filter;
  const auto by_filter = make_plan(request);
  EXPECT_EQ(std::count(by_filter->steps.begin(), by_filter->steps.end(), inside), 0);
  EXPECT_NE(*by_landlock, *by_filter);
}

std::vector<std::string> names_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const Step& step : plan.steps) names.emplace_back(name_of(step));
  return names;
}

TEST(Plan, ALauncherThatStandsInGuardsItselfFirst) {
  const auto plan = make_plan(request_for_true());
  std::vector<std::string> names = names_of(*plan);
  names.insert(names.begin(), "refuse-tracing");
  EXPECT_EQ(names_of(as_stand_in(*plan)), names);
  // Without a filter there is nothing to answer.
  EXPECT_EQ(names_of(as_stand_in(*plan, Supervise::Explain)), names);
}

TEST(Plan, AHelperIsStartedFirstAndMetBeforeTheFilter) {
  Request request = request_for_true();
  request.rules = no_rules(calls::Arch::x86_64);
  request.rules->archs[0].unknown = filter::Action::kill();
  const auto plan = make_plan(request);
  const Plan watched = as_stand_in(*plan, Supervise::Explain);
  const auto names = names_of(watched);
  EXPECT_EQ(names.front(), "start-helper");
  EXPECT_EQ(std::vector(names.end() - 3, names.end()),
            (std::vector<std::string>{"meet-helper", "load-filter", "execute"}));
  const std::string text = to_string(watched);
  EXPECT_NE(text.find("follow the program (ptrace)"), std::string::npos);
  EXPECT_NE(text.find("what is refused waits for the helper"), std::string::npos);
  // A program has one tracer.
  request.rules->archs[0].unknown = filter::Action::allow();
  const std::string may_trace = to_string(as_stand_in(*make_plan(request), Supervise::Audit));
  EXPECT_NE(may_trace.find("not follow it"), std::string::npos);
  EXPECT_NE(may_trace.find("lets it pass"), std::string::npos);
}

TEST(Plan, CapabilitiesAreGivenUpByName) {
  EXPECT_EQ(to_string(Step(GiveUpCapabilities{uint64_t{1} << 21 | uint64_t{1} << 19 | 1})),
            "give up capabilities: 0, SYS_PTRACE, SYS_ADMIN");
}

TEST(Plan, RulesAreComparedByWhatTheySay) {
  Request request = request_for_true();
  request.rules = no_rules(calls::Arch::x86_64);
  const auto one = make_plan(request);
  EXPECT_EQ(*one, *make_plan(request));
  request.rules->archs[0].unknown = filter::Action::allow();
  EXPECT_NE(*one, *make_plan(request));
  request.rules = no_rules(calls::Arch::x86);
  EXPECT_NE(*one, *make_plan(request));
}

TEST(Plan, WhatNohupIgnoresStaysIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  const auto plan = make_plan(request_for_true());
  ::signal(SIGHUP, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(plan->steps.at(2), Step(ResetSignals{{SIGHUP}}));
}

TEST(Plan, RefusesWhatCannotWorkAndSaysWhat) {
  const auto problem = [](auto change) {
    Request request = request_for_true();
    change(request);
    const auto plan = make_plan(request);
    return plan ? std::string("planned") : to_string(plan.error().error);
  };
  EXPECT_EQ(problem([](Request&) {}), "planned");
  EXPECT_EQ(problem([](Request& r) { r.command.clear(); }), "find a program in an empty command");
  EXPECT_EQ(problem([](Request& r) { r.keep_descriptors = {901}; }),
            "keep descriptor 901: EBADF (Bad file descriptor)");
  EXPECT_EQ(problem([](Request& r) { r.keep_descriptors = {-1}; }),
            "keep descriptor -1: EBADF (Bad file descriptor)");
  EXPECT_EQ(problem([](Request& r) { r.directory = "/etc/passwd"; }),
            "start in /etc/passwd: ENOTDIR (Not a directory)");
  EXPECT_EQ(problem([](Request& r) { r.directory = "/nonexistent"; }),
            "start in /nonexistent: ENOENT (No such file or directory)");
  EXPECT_EQ(problem([](Request& r) { r.environment = {"NAME"}; }),
            "pass `NAME` in the environment");
  EXPECT_EQ(problem([](Request& r) { r.command[1] = std::string("a\0b", 3); }),
            "pass a NUL character in an argument");
}

}  // namespace
}  // namespace seclude::sandbox
