// An outcome as a line and as JSON.
#include "report/outcome.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

namespace seclude::report {
namespace {

using namespace sandbox;
using nlohmann::json;

constexpr Usage usage = {.wall = 1500000000,
                         .user = 250000000,
                         .system = 1000,
                         .peak_memory = 4096,
                         .peak_memory_exact = true};

json of(Ending ending, const Plan* plan = nullptr) {
  return json::parse(to_json({std::move(ending), usage}, plan));
}

TEST(OutcomeText, SaysWhatEndedTheProgram) {
  EXPECT_EQ(describe(Exited{3}), "");
  EXPECT_EQ(describe(Signalled{SIGKILL, false}), "ended by SIGKILL");
  EXPECT_EQ(describe(Denied{}), "killed by policy: SIGSYS");
  EXPECT_EQ(describe(TimeLimit{}), "ended by the launcher: time is up");
  EXPECT_EQ(describe(SetupError{SetupError::Kind::Setup, {"clone a child", EAGAIN, ""}}),
            "clone a child: EAGAIN (Resource temporarily unavailable)");
}

TEST(OutcomeText, SomeEndingsAreNoNews) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
    EXPECT_TRUE(was_asked_to_end(Signalled{number})) << number;
  for (const int number : {SIGSEGV, SIGKILL, SIGABRT, SIGSYS, SIGQUIT})
    EXPECT_FALSE(was_asked_to_end(Signalled{number})) << number;
  EXPECT_FALSE(was_asked_to_end(Denied{}));
  EXPECT_FALSE(was_asked_to_end(TimeLimit{}));
}

TEST(OutcomeJson, EachEndingHasItsName) {
  EXPECT_EQ(of(Exited{7})["outcome"], "exited");
  EXPECT_EQ(of(Exited{7})["status"], 7);
  EXPECT_EQ(of(Exited{7})["exit_status"], 7);
  const json signalled = of(Signalled{SIGSEGV, true});
  EXPECT_EQ(signalled["outcome"], "signaled");
  EXPECT_EQ(signalled["signal"], "SIGSEGV");
  EXPECT_EQ(signalled["signal_number"], 11);
  EXPECT_EQ(signalled["core_dumped"], true);
  EXPECT_EQ(signalled["exit_status"], 139);
  EXPECT_EQ(of(TimeLimit{})["outcome"], "timeout");
  EXPECT_EQ(of(TimeLimit{})["exit_status"], 124);
}

TEST(OutcomeJson, LimitsAreToldApart) {
  using policy::Resource;
  EXPECT_EQ(of(OverLimit{Resource::Memory})["outcome"], "memory");
  EXPECT_EQ(of(OverLimit{Resource::Memory})["exit_status"], 137);
  EXPECT_EQ(of(OverLimit{Resource::CpuTime})["outcome"], "cpu_time");
  EXPECT_EQ(of(OverLimit{Resource::CpuTime})["exit_status"], 124);
  EXPECT_EQ(of(OverLimit{Resource::FileSize})["outcome"], "file_size");
  EXPECT_EQ(of(OverLimit{Resource::FileSize})["exit_status"], 153);
  EXPECT_EQ(of(OverLimit{Resource::Output})["outcome"], "output");
  EXPECT_EQ(describe(OverLimit{Resource::CpuTime}), "ended by its limit: cpu-time");
  EXPECT_FALSE(of(Exited{0}).contains("limits_reached"));
  Outcome refused = {.ending = Exited{0}, .usage = usage};
  refused.refused_tasks = true;
  refused.usage.read = 4096;
  const json document = json::parse(to_json(refused, nullptr));
  EXPECT_EQ(document["limits_reached"], json::array({"processes"}));
  EXPECT_EQ(document["usage"]["disk_read_bytes"], 4096);
  EXPECT_FALSE(document["usage"].contains("disk_written_bytes"));
}

TEST(OutcomeJson, AStatusOf159IsToldFromADenial) {
  EXPECT_EQ(of(Exited{159})["outcome"], "exited");
  EXPECT_TRUE(of(Exited{159})["denials"].empty());
  EXPECT_EQ(of(Denied{})["outcome"], "denied");
  EXPECT_EQ(of(Denied{})["exit_status"], 159);
  EXPECT_EQ(of(Denied{})["denials"].size(), 1u);
}

TEST(OutcomeJson, AnErrorIsWhole) {
  const json error =
      of(SetupError{SetupError::Kind::NotFound, {"find `x` in PATH", ENOENT, "look"}});
  EXPECT_EQ(error["outcome"], "setup_error");
  EXPECT_EQ(error["exit_status"], 127);
  EXPECT_EQ(error["error"]["kind"], "not_found");
  EXPECT_EQ(error["error"]["doing"], "find `x` in PATH");
  EXPECT_EQ(error["error"]["errno"], "ENOENT");
  EXPECT_EQ(error["error"]["hint"], "look");
  EXPECT_FALSE(of(SetupError{SetupError::Kind::Setup, {"x", 0, ""}})["error"].contains("errno"));
}

TEST(OutcomeJson, UsageIsInSecondsAndBytes) {
  const json document = of(Exited{0});
  EXPECT_DOUBLE_EQ(document["usage"]["wall_seconds"], 1.5);
  EXPECT_DOUBLE_EQ(document["usage"]["user_seconds"], 0.25);
  EXPECT_DOUBLE_EQ(document["usage"]["system_seconds"], 1e-6);
  EXPECT_EQ(document["usage"]["peak_memory_bytes"], 4096);
  EXPECT_EQ(document["usage"]["peak_memory_exact"], true);
}

TEST(OutcomeJson, ThePlanTellsTheLayers) {
  EXPECT_FALSE(of(Exited{0}).contains("layers"));
  const Plan plan = {
      .steps = {LoadFilter{std::make_shared<const sandbox::KeptRules>(filter::Rules{})},
                SetLimit{{LimitedResource::OpenFiles, 3}},
                sandbox::EnterNamespaces{.user = true, .network = true, .names = true},
                sandbox::MountOver{sandbox::MountOver::Kind::Root, "/"}},
      .warnings = {"a warning"}};
  const json document = of(Exited{0}, &plan);
  ASSERT_EQ(document["layers"].size(), 4u);
  EXPECT_EQ(document["layers"][0]["layer"], "seccomp");
  EXPECT_EQ(document["layers"][1]["enforces"], "open-files");
  EXPECT_EQ(document["layers"][2], json({{"layer", "namespaces"}, {"enforces", "network"}}));
  EXPECT_EQ(document["layers"][3], json({{"layer", "mounts"}, {"enforces", "paths"}}));
  EXPECT_EQ(document["warnings"][0], "a warning");
}

TEST(OutcomeJson, NamesOfAnyBytesAreWritten) {
  EXPECT_NO_THROW(of(SetupError{SetupError::Kind::Setup, {"open \xff\xfe", 0, ""}}));
}

TEST(OutcomeJson, NothingInItDrivesATerminal) {
  const SetupError error = {SetupError::Kind::Setup,
                            {"open \033[1m\177\xc2\x9b\xe2\x80\xae", 0, ""}};
  const std::string text = to_json({error, usage}, nullptr);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || (c >= ' ' && c <= '~');
  })) << text;
  EXPECT_EQ(json::parse(text)["error"]["doing"], error.error.doing);
}

}  // namespace
}  // namespace seclude::report
