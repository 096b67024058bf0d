// Support for the tests that really launch programs: rules made by hand, requests, their output.
//
// In: words for target.cc. Out: an Outcome and what the program printed. The rules do not come from
// policy text: these tests are about the launch, whatever the language does.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "calls/calls.h"
#include "filter/rules.h"
#include "kernel/files.h"
#include "sandbox/environment.h"
#include "sandbox/launch.h"
#include "sandbox/plan.h"
#include "support/folder.h"

namespace seclude::sandbox {

using test::Folder;

inline uint32_t native_number(const char* call) {
  return *calls::number_of(*calls::find_call(call), calls::native());
}

struct Exception {
  const char* call;
  filter::Action action;
};

// For this machine: `otherwise` but for the exceptions.
inline filter::Rules rules_for(filter::Action otherwise, std::vector<Exception> exceptions = {}) {
  filter::ArchRules rules{};
  rules.arch = calls::native();
  rules.unknown = otherwise;
  for (const calls::Numbered& call : calls::numbers(calls::native())) {
    filter::NumberRules entry;
    entry.number = call.number;
    entry.otherwise = otherwise;
    for (const Exception& exception : exceptions) {
      if (native_number(exception.call) == call.number) entry.otherwise = exception.action;
    }
    rules.numbers.push_back(entry);
  }
  filter::Rules all;
  all.archs.push_back(rules);
  return all;
}

inline Request request_for(std::vector<std::string> words) {
  Request request;
  request.command = {TARGET_PROGRAM};
  request.command.insert(request.command.end(), words.begin(), words.end());
  request.rules = rules_for(filter::Action::allow());
  request.environment = {"LANG=C"};
  // Tests that die by signals should not fill the disk with core files.
  request.limits = {{LimitedResource::CoreFile, 0}};
  return request;
}

inline Outcome run_request(const Request& request, const RunOptions& options = {}) {
  const auto plan = make_plan(request);
  if (!plan) return {plan.error(), {}};
  return run(*plan, options);
}

inline Outcome run_target(std::vector<std::string> words) {
  return run_request(request_for(std::move(words)));
}

struct Printed {
  Outcome outcome;
  std::string text;
};

// stdout goes to a file, for a pipe could fill up.
inline Printed output_of(Request request) {
  const Folder folder;
  request.stdout_file = folder.file("stdout");
  Printed printed{run_request(request), ""};
  printed.text = kernel::read_file(folder.file("stdout")).value_or("(no output file)");
  return printed;
}

inline int status_of(const Outcome& outcome) { return exit_status(outcome.ending); }

}  // namespace seclude::sandbox
