// Start: see start.h.
#include "sandbox/start.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kernel/memory.h"
#include "kernel/processors.h"
#include "kernel/raw_call.h"
#include "sandbox/child.h"
#include "sandbox/executable.h"
#include "sandbox/namespaces/namespace_hints.h"
#include "sandbox/prepare.h"

namespace seclude::sandbox {
namespace {

tl::unexpected<SetupError> refuse(Error error) {
  return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, std::move(error)});
}

std::string no_program_hint(const Plan& plan, const Execute& step) {
  std::optional<std::string> directory;
  for (const Step& other : plan.steps) {
    if (const auto* change = std::get_if<ChangeDirectory>(&other)) directory = change->path;
  }
  return why_no_program(step.path, directory);
}

std::string hint_for(const Plan& plan, const ChildStep& failed, int reason) {
  const Step& step = plan.steps[failed.plan_step];
  if (std::holds_alternative<LoadFilter>(step)) {
    if (reason == EINVAL || reason == ENOSYS) return "this kernel has no seccomp filters";
    if (reason == EBUSY) return "a filter outside has a listener already; a task can have only one";
    if (reason == ENOMEM)
      return "the filters already in force leave no room (32,768 instructions in all)";
  }
  if (std::string hint = namespace_hint(step, failed, reason); !hint.empty()) return hint;
  const bool domain =
      std::holds_alternative<KeepSignalsInside>(step) || std::holds_alternative<EnterDomain>(step);
  if (domain && reason == E2BIG)
    return "16 Landlock domains are nested here already; more the kernel does not take";
  if (std::holds_alternative<CloseDescriptors>(step) && reason == ENOSYS)
    return "close_range is needed (Linux 5.9)";
  if (std::holds_alternative<JoinGroup>(step))
    return "the group was taken away, or a security module refuses: `seclude doctor` says more";
  if (std::holds_alternative<SetLimit>(step) && reason == EPERM)
    return "a hard limit is lower already, and only root may raise it";
  if (!std::holds_alternative<Execute>(step)) return {};
  if (reason == ENOEXEC) return no_program_hint(plan, std::get<Execute>(step));
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
  // ELOOP: scripts that name one another.
  if (reason == EACCES || reason == ENOEXEC || reason == ELIBBAD || reason == EISDIR ||
      reason == ELOOP)
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
  if (auto lost = lost_place(step, failed, reason))
    return {SetupError::Kind::Setup, std::move(*lost)};
  return {kind_of(step, reason), Error{doing(step), reason, hint_for(plan, failed, reason)}};
}

// In a process namespace, the child that was made ends and leaves two others.
struct Made {
  std::optional<kernel::Process> init;
  kernel::Process process;
};

// Nobody else holds them. The first process of the namespace ends when the other was collected.
void end_both(const ChildReport& report) {
  if (report.program != 0) (void)kernel::end_child(report.program);
  if (report.init != 0) (void)kernel::end_child(report.init);
}

// The descriptors for the two are those of the child and of its way to know this process: where no
// more can be had, nothing begins that nobody would hold.
Result<Made> take_over(kernel::Process child, const ChildReport& report, Prepared& prepared) {
  const Result<kernel::Change> change = child.wait();
  const bool ended_itself = change && change->kind == kernel::Change::Kind::Exited;
  if (ended_itself && report.program == 0) {
    end_both(report);
    return Made{std::nullopt, std::move(child)};
  }
  // Whoever does the rest goes on with what is here, also where the child was killed.
  if (!ended_itself) {
    end_both(report);
    if (!change) return tl::unexpected<Error>(change.error());
    return fail("start the program: who was to do it ended by signal " +
                std::to_string(change->value));
  }
  { const kernel::Process ended = std::move(child); }
  prepared.make_room();
  auto program = kernel::pidfd_of(report.program);
  auto init = report.init == 0 ? Result<kernel::Fd>(kernel::Fd(-1)) : kernel::pidfd_of(report.init);
  if (!init || !program) {
    end_both(report);
    return tl::unexpected<Error>(init ? program.error() : init.error());
  }
  Made made = {std::nullopt, kernel::Process(report.program, std::move(*program))};
  if (report.init != 0) made.init.emplace(report.init, std::move(*init));
  return made;
}

// What holds the run besides the child's own steps.
struct Bounds {
  std::optional<kernel::RunGroup> group;
  std::optional<Relay> relay;
  std::optional<WatchTime> time;
  bool files = false;
};

// Where standard output or error leads: a file that the plan opens, or what this process has.
int target_of(const Plan& plan, Files files, int descriptor) {
  size_t next = 0;
  for (const Step& step : plan.steps) {
    const auto* place = std::get_if<PlaceFile>(&step);
    if (place == nullptr) continue;
    if (place->descriptor == descriptor) return files[next].number();
    ++next;
  }
  return descriptor;
}

Result<void> add_bound(const Plan& plan, Files files, const Step& step, Bounds& bounds) {
  using Guard = kernel::RunGroup::Guard;
  if (const auto* join = std::get_if<JoinGroup>(&step)) {
    auto group = kernel::RunGroup::make(join->parts, join->guarded ? Guard::Guardian : Guard::None);
    if (!group) return tl::unexpected<Error>(group.error());
    bounds.group.emplace(std::move(*group));
  } else if (const auto* time = std::get_if<WatchTime>(&step)) {
    bounds.time = *time;
  } else if (const auto* output = std::get_if<RelayOutput>(&step)) {
    const Relay::Targets targets = {.output = target_of(plan, files, 1),
                                    .error = target_of(plan, files, 2)};
    bounds.relay.emplace(TRY(Relay::make(targets, output->bytes)));
  } else if (const auto* limit = std::get_if<SetLimit>(&step)) {
    bounds.files |= limit->limit.resource == LimitedResource::FileSize;
  }
  return {};
}

Result<Bounds> make_bounds(const Plan& plan, Files files) {
  Bounds bounds;
  for (const Step& step : plan.steps) TRY_VOID(add_bound(plan, files, step, bounds));
  return bounds;
}

LimitEnds ends_of(const Bounds& bounds) {
  LimitEnds ends;
  if (bounds.group)
    for (const kernel::Fd& group : bounds.group->joining()) ends.groups.push_back(group.number());
  if (bounds.relay) {
    ends.output = bounds.relay->output_end();
    ends.error = bounds.relay->error_end();
  }
  return ends;
}

// Making namespaces takes the kernel about as long as making a filter takes this process: both are
// done at the same time where the child leaves errno alone, which belongs to this thread.
Begins begins_of(const Plan& plan) {
  const LoadFilter* load = find_step<LoadFilter>(plan);
  const bool beside = kernel::raw::leaves_errno_alone && has_step<StartInit>(plan) &&
                      load != nullptr && !load->patterns;
  return beside ? Begins::Before : Begins::WhenReady;
}

// A child that has executed the program, or has failed.
struct Begun {
  Made made;
  uint64_t started, memory;  // of this process, at its peak before
};

tl::expected<Begun, SetupError> begin_when_ready(const Plan& plan, Prepared& prepared,
                                                 const std::optional<Joining>& joining,
                                                 ChildWork& work) {
  if (auto compiled = prepared.compile(plan, joining); !compiled)
    return tl::unexpected<SetupError>(compiled.error());
  const uint64_t memory = kernel::own_peak_memory(), started = kernel::now();
  if (joining && joining->tell) joining->tell();
  auto child = kernel::spawn(child_main, &work);
  if (!child) return refuse(child.error());
  if (!has_step<StartInit>(plan)) return Begun{{std::nullopt, std::move(*child)}, started, memory};
  auto made = take_over(std::move(*child), *work.report, prepared);
  if (!made) return refuse(made.error());
  return Begun{std::move(*made), started, memory};
}

tl::expected<Begun, SetupError> begin_before(const Plan& plan, Prepared& prepared,
                                             const std::optional<Joining>& joining,
                                             ChildWork& work) {
  kernel::ChildStack stack;
  auto child = kernel::spawn_beside(child_main, &work, stack);
  if (!child) return refuse(child.error());
  const kernel::ProcessorSet had = kernel::keep_off_this_processor(child->pid());
  const auto compiled = prepared.compile(plan, joining);
  const uint64_t memory = kernel::own_peak_memory(), started = kernel::now();
  prepared.give_back(kernel::give_back_processors(child->pid(), had));
  // Its last work is to end, when the program has begun, which has the other processor then.
  if (had != kernel::no_processor) kernel::keep_on_this_processor(child->pid());
  if (compiled)
    prepared.gate().open();
  else
    prepared.gate().shut();
  if (compiled && joining && joining->tell) joining->tell();
  // Also where the filter could not be made: until then it uses what is here.
  auto made = take_over(std::move(*child), *work.report, prepared);
  if (!compiled) return tl::unexpected<SetupError>(compiled.error());
  if (!made) return refuse(made.error());
  return Begun{std::move(*made), started, memory};
}

// What was to be made ahead could not be, or somebody has ended its maker; in a process namespace
// without its first process there can be no other.
bool was_in_vain(const ChildStep& failed, int reason, const Prepared& prepared) {
  using enum ChildStep::Kind;
  if (failed.kind == JoinNamespaces) return true;
  return failed.kind == StartInit && reason == ENOMEM && prepared.namespaces().has_init_ahead();
}

// nullopt: `ahead` was begun in vain.
using Started = tl::expected<std::optional<Running>, SetupError>;

Started start_with(const Plan& plan, Files files, const Ahead& ahead,
                   const std::optional<Joining>& joining) {
  auto bounds = make_bounds(plan, files);
  if (!bounds) return refuse(bounds.error());
  const LimitEnds ends = ends_of(*bounds);
  const Begins begins = begins_of(plan);
  Prepared prepared;
  if (auto filled = prepared.fill(plan, {files, joining, ends, begins, ahead}); !filled)
    return tl::unexpected<SetupError>(filled.error());
  if (ahead.namespaces != nullptr && !prepared.namespaces().has_joined()) ahead.namespaces->end();
  // With a process namespace, the program's process could outlive the child that is waited for.
  ChildReport report_here;
  std::optional<kernel::SharedPage<ChildReport>> page;
  if (has_step<StartInit>(plan)) {
    auto made = kernel::SharedPage<ChildReport>::make();
    if (!made) return refuse(made.error());
    page.emplace(std::move(*made));
  }
  const ChildReport& report = page ? **page : report_here;
  ChildWork work = {prepared.steps().data(), prepared.steps().size(),
                    page ? &**page : &report_here};
  auto begun = begins == Begins::Before ? begin_before(plan, prepared, joining, work)
                                        : begin_when_ready(plan, prepared, joining, work);
  if (!begun) return tl::unexpected<SetupError>(begun.error());
  // The child has called execve or is gone: the report does not change any more.
  if (report.failed) {
    const ChildStep& failed = prepared.steps()[report.step];
    if (was_in_vain(failed, report.errno_value, prepared)) return std::nullopt;
    return tl::unexpected<SetupError>(explain(plan, failed, report.errno_value));
  }
  // It stays off this processor: near the program, after which it ends.
  if (prepared.namespaces().has_init_ahead()) begun->made.init.emplace(*ahead.namespaces->let_go());
  return Running{
      std::move(bounds->group),    std::move(bounds->relay),       bounds->time,   bounds->files,
      std::move(begun->made.init), std::move(begun->made.process), begun->started, begun->memory};
}

}  // namespace

tl::expected<Running, SetupError> start(const Plan& plan, Files files, const Ahead& ahead,
                                        const std::optional<Joining>& joining) {
  auto started = start_with(plan, files, ahead, joining);
  if (ahead.namespaces != nullptr) ahead.namespaces->end();
  if (started && !*started) return start(plan, files, {.wish = ahead.wish}, joining);
  if (!started) return tl::unexpected<SetupError>(started.error());
  return std::move(**started);
}

}  // namespace seclude::sandbox
