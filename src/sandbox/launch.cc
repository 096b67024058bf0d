// Launch: see launch.h.
#include "sandbox/launch.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kernel/memory.h"
#include "sandbox/child.h"
#include "sandbox/prepare.h"
#include "sandbox/watch.h"

namespace seclude::sandbox {
namespace {

tl::unexpected<SetupError> refuse(Error error) {
  return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, std::move(error)});
}

std::string hint_for(const Step& step, int reason) {
  if (std::holds_alternative<LoadFilter>(step)) {
    if (reason == EINVAL || reason == ENOSYS) return "this kernel has no seccomp filters";
    if (reason == ENOMEM)
      return "the filters already in force leave no room (32,768 instructions in all)";
  }
  if (std::holds_alternative<CloseDescriptors>(step) && reason == ENOSYS)
    return "close_range is needed (Linux 5.9)";
  if (std::holds_alternative<SetLimit>(step) && reason == EPERM)
    return "a hard limit is lower already, and only root may raise it";
  if (!std::holds_alternative<Execute>(step)) return {};
  if (reason == ENOEXEC) return "it is neither a program for this machine nor a script with #!";
  if (reason == E2BIG) return "arguments and environment are too long together";
  if (reason == EPERM || reason == ENOSYS)
    return "a filter that is in force outside refuses it: run without that one";
  return {};
}

// execve found something else than the plan: the file or its loader changed in between, or is one
// only the kernel can judge.
SetupError::Kind kind_of(const Step& step, int reason) {
  if (!std::holds_alternative<Execute>(step)) return SetupError::Kind::Setup;
  if (reason == ENOENT || reason == ENOTDIR) return SetupError::Kind::NotFound;
  if (reason == EACCES || reason == ENOEXEC || reason == ELIBBAD || reason == EISDIR)
    return SetupError::Kind::NotExecutable;
  return SetupError::Kind::Setup;
}

std::string doing(const Step& step) {
  if (const auto* execute = std::get_if<Execute>(&step)) {
    return "execute `" + escape(execute->path, 200) + "`";
  }
  return to_string(step);
}

SetupError explain(const Plan& plan, const ChildStep& failed, int reason) {
  const Step& step = plan.steps[failed.plan_step];
  return {kind_of(step, reason), Error{doing(step), reason, hint_for(step, reason)}};
}

}  // namespace

tl::expected<Running, SetupError> launch(const Plan& plan) {
  Prepared prepared;
  if (auto filled = prepared.fill(plan); !filled) return tl::unexpected<SetupError>(filled.error());
  auto report = kernel::SharedPage<ChildReport>::make();
  if (!report) return refuse(report.error());
  ChildWork work = {prepared.steps().data(), prepared.steps().size(), &**report};

  const uint64_t memory = kernel::own_peak_memory();
  const uint64_t started = kernel::now();
  auto child = kernel::spawn(child_main, &work);
  if (!child) return refuse(child.error());
  // The child has called execve or is gone: the page does not change any more.
  if ((*report)->failed) {
    (void)child->wait();
    return tl::unexpected<SetupError>(
        explain(plan, prepared.steps()[(*report)->step], (*report)->errno_value));
  }
  return Running{std::move(*child), started, memory};
}

Outcome run(const Plan& plan, const RunOptions& options) {
  std::optional<kernel::SignalInbox> inbox;
  std::optional<kernel::ChildrenKept> kept;
  if (options.as_stand_in) {
    kept.emplace();
    auto opened = kernel::SignalInbox::open(signals_to_pass_on());
    if (!opened) return {SetupError{SetupError::Kind::Setup, opened.error()}, {}};
    inbox.emplace(std::move(*opened));
    // A program of the same user could otherwise write into the process that guards it.
    if (auto done = kernel::refuse_to_be_traced(); !done)
      return {SetupError{SetupError::Kind::Setup, done.error()}, {}};
  }
  auto running = launch(plan);
  if (!running) return {running.error(), {}};
  return watch(*running,
               {.inbox = inbox ? &*inbox : nullptr,
                .separate_session = std::any_of(
                    plan.steps.begin(), plan.steps.end(),
                    [](const Step& step) { return std::holds_alternative<NewSession>(step); }),
                .time_limit = options.time_limit});
}

}  // namespace seclude::sandbox
