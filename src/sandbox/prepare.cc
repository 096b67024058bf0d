// Prepare: see prepare.h.
#include "sandbox/prepare.h"

#include <algorithm>
#include <climits>

#include "base/text.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "kernel/limits.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/signals.h"
#include "sandbox/launch_filter.h"
#include "sandbox/namespaces/namespace_hints.h"

namespace seclude::sandbox {
namespace {

int number_of(LimitedResource resource) {
  namespace limits = kernel::limits;
  switch (resource) {
    case LimitedResource::CpuTime:
      return limits::cpu_time;
    case LimitedResource::FileSize:
      return limits::file_size;
    case LimitedResource::OpenFiles:
      return limits::open_files;
    case LimitedResource::Processes:
      return limits::processes;
    case LimitedResource::AddressSpace:
      return limits::address_space;
    case LimitedResource::CoreFile:
      return limits::core_file;
    case LimitedResource::Data:
      return limits::data;
    case LimitedResource::Stack:
      return limits::stack;
  }
  return limits::core_file;
}

// The kernel reads argv and envp through pointers to non-const and changes nothing.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In a process namespace of its own the program has no number for them.
Guarded guarding_this_process(const LoadFilter& step, bool own_processes) {
  if (own_processes) return {.processes = {}, .groups = {}, .signals = step.signal_guard};
  return {.processes = {kernel::own_pid()},
          .groups = {kernel::own_group()},
          .signals = step.signal_guard};
}

// Answering through `helper`, which leads a group of its own (kernel/helper.h).
Guarded guarding_both(const LoadFilter& step, bool own_processes, int helper) {
  Guarded guarded = guarding_this_process(step, own_processes);
  guarded.followed = true;
  if (own_processes) return guarded;
  guarded.processes.push_back(helper);
  guarded.groups.push_back(helper);
  return guarded;
}

// The guarded processes of one launch stand in the filter of another, their numbers blank.
Result<LaunchPatterns> patterns_for(const LoadFilter& step, bool own_processes) {
  const GroupIs group = compared(kernel::own_group(), kernel::own_pid());
  Guarded alone = alone_to_come(group, step.signal_guard);
  Guarded watched = watched_to_come(group, step.signal_guard);
  if (own_processes) alone.processes = alone.groups = watched.processes = watched.groups = {};
  return make_patterns(step.rules->get(), {&alone, 1}, {&watched, 1});
}

}  // namespace

Result<void> compile_filter(Plan& plan) {
  for (Step& step : plan.steps) {
    auto* load = std::get_if<LoadFilter>(&step);
    if (load == nullptr || load->answered) continue;
    load->patterns =
        std::make_shared<const LaunchPatterns>(TRY(patterns_for(*load, has_step<StartInit>(plan))));
  }
  return {};
}

// Turns each step of a plan into steps of the child.
struct Preparation {
  Prepared& to;
  const LaunchParts& parts;
  size_t plan_step = 0;
  size_t next_file = 0;
  bool own_processes = false;
  // With them: where a step can be put that is the program's process' first.
  size_t before_program = 0;

  void add(ChildStep step) {
    step.plan_step = plan_step;
    to.steps_.push_back(step);
  }

  // The launcher's own steps (launch.cc, start.cc).
  Result<void> operator()(const RefuseTracing&) { return {}; }
  Result<void> operator()(const StartHelper&) { return {}; }
  Result<void> operator()(const DieWithLauncher&) {
    add({.kind = ChildStep::Kind::DieWithLauncher, .number = kernel::own_pid()});
    return {};
  }
  Result<void> operator()(const WatchTime&) { return {}; }
  Result<void> operator()(const JoinGroup&) {
    for (const int group : parts.ends.groups)
      add({.kind = ChildStep::Kind::JoinGroup, .from = group});
    return {};
  }
  Result<void> operator()(const RelayOutput&) {
    add({.kind = ChildStep::Kind::PlaceDescriptor, .number = 1, .from = parts.ends.output});
    add({.kind = ChildStep::Kind::PlaceDescriptor, .number = 2, .from = parts.ends.error});
    return {};
  }
  Result<void> operator()(const EnterNamespaces& step) {
    for (const ChildStep& one : to.namespaces_.of(step, parts.ahead.namespaces)) add(one);
    return {};
  }
  Result<void> operator()(const StartInit& step) {
    own_processes = true;
    TRY_VOID(add_all(step));
    before_program = to.steps_.size();
    return {};
  }
  Result<void> operator()(const MountOver& step) { return add_all(step); }
  Result<void> operator()(const LeaveRoot& step) {
    for (const ChildStep& one : to.namespaces_.of(step)) add(one);
    return {};
  }
  template <typename NamespaceStep>
  Result<void> add_all(const NamespaceStep& step) {
    for (const ChildStep& one : TRY(to.namespaces_.of(step))) add(one);
    return {};
  }
  Result<void> operator()(const SetHostName& step) {
    add({.kind = ChildStep::Kind::SetHostName, .text = step.name.c_str()});
    return {};
  }
  Result<void> operator()(const RaiseLoopback& step) {
    for (const ChildStep& one : to.namespaces_.of(step)) add(one);
    return {};
  }
  Result<void> operator()(const JoinNewKeyring&) {
    add({.kind = ChildStep::Kind::JoinNewKeyring});
    return {};
  }
  Result<void> operator()(const KeepMountsPrivate&) {
    add({.kind = ChildStep::Kind::KeepMountsPrivate});
    return {};
  }
  Result<void> operator()(const NewSession&) {
    add({.kind = ChildStep::Kind::NewSession});
    return {};
  }
  Result<void> operator()(const PlaceFile& step) {
    // Never 0, 1 or 2 (kernel/files.h), so no file is overwritten before it is in its place.
    CHECK(next_file < parts.files.size());
    add({.kind = ChildStep::Kind::PlaceDescriptor,
         .number = step.descriptor,
         .from = parts.files[next_file++].number()});
    return {};
  }
  Result<void> operator()(const ChangeDirectory& step) {
    add({.kind = ChildStep::Kind::ChangeDirectory, .text = step.path.c_str()});
    return {};
  }
  Result<void> operator()(const SetFileMask& step) {
    add({.kind = ChildStep::Kind::SetFileMask, .bits = step.mask});
    return {};
  }
  Result<void> operator()(const CloseDescriptors& step) {
    std::vector<int> spared = step.except;
    // Needed until execve, which closes them.
    std::vector<int> own;
    if (parts.joining) own.push_back(parts.joining->socket);
    if (to.ruleset_) own.push_back(to.ruleset_->number());
    spared.insert(spared.end(), own.begin(), own.end());
    std::sort(spared.begin(), spared.end());
    unsigned next = 3;
    for (const int kept : spared) {
      const auto number = static_cast<unsigned>(kept);
      if (number > next) add_closing(next, number - 1);
      if (std::find(own.begin(), own.end(), kept) == own.end())
        add({.kind = ChildStep::Kind::KeepDescriptor, .number = kept});
      next = number + 1;
    }
    add_closing(next, UINT_MAX);
    return {};
  }
  void add_closing(unsigned first, unsigned last) {
    add({.kind = ChildStep::Kind::CloseDescriptors, .first = first, .last = last});
  }
  Result<void> operator()(const ResetSignals& step) {
    kernel::SignalSet keep;
    for (const int number : step.keep_ignored) keep.add(number);
    add({.kind = ChildStep::Kind::ResetSignals, .bits = keep.bits});
    return {};
  }
  Result<void> operator()(const SetLimit& step) {
    add({.kind = ChildStep::Kind::SetLimit,
         .number = number_of(step.limit.resource),
         .bits = step.limit.value});
    return {};
  }
  Result<void> operator()(const NoNewPrivileges&) {
    // Nothing is executed that could meet the first process before that is what it shall be.
    if (own_processes && !to.namespaces_.has_init_ahead())
      add({.kind = ChildStep::Kind::WaitForInit});
    add({.kind = ChildStep::Kind::NoNewPrivileges});
    return {};
  }
  Result<void> operator()(const KeepSignalsInside&) {
    add({.kind = ChildStep::Kind::KeepSignalsInside});
    return {};
  }
  Result<void> operator()(const EnterDomain& step) {
    for (const PathRight& path : step.inside)
      add({.kind = ChildStep::Kind::AllowPath,
           .from = to.ruleset_->number(),
           .bits = path.rights,
           .text = path.path.c_str()});
    add({.kind = ChildStep::Kind::EnterDomain, .from = to.ruleset_->number()});
    return {};
  }
  // Before any descriptor is closed, for its own has to be spared.
  Result<void> make_domain(const EnterDomain& step) {
    to.ruleset_ = TRY(kernel::make_ruleset(
        {.files = step.files, .network = step.network, .signals = step.signals}));
    for (const PathRight& path : step.paths) {
      Result<void> allowed = kernel::allow_below(*to.ruleset_, path.path, path.rights);
      if (!allowed && allowed.error().errno_value == ENOENT)
        allowed.error().hint = moved_since_planning;
      TRY_VOID(std::move(allowed));
    }
    for (const PortRight& range : step.ports)
      for (uint32_t port = range.low; port <= range.high; ++port)
        TRY_VOID(kernel::allow_port(*to.ruleset_, static_cast<uint16_t>(port), range.rights));
    return {};
  }
  Result<void> operator()(const GiveUpCapabilities& step) {
    if (step.for_good) add({.kind = ChildStep::Kind::LockPrivileges});
    add({.kind = ChildStep::Kind::GiveUpCapabilities, .bits = step.set});
    return {};
  }
  Result<void> operator()(const MeetHelper&) {
    CHECK(parts.joining);
    // As early as there is a number to tell: the helper answers while mounts are made.
    const size_t early = own_processes ? before_program : to.steps_.size();
    to.steps_.insert(to.steps_.begin() + static_cast<ptrdiff_t>(early),
                     {.kind = ChildStep::Kind::TellSupervisor,
                      .number = parts.joining->supervisor,
                      .from = parts.joining->socket,
                      .plan_step = plan_step});
    add({.kind = ChildStep::Kind::HearSupervisor, .from = parts.joining->socket});
    return {};
  }
  // The programs are made by compile().
  Result<void> operator()(const LoadFilter& step) {
    if (parts.begins == Begins::Before) {
      add({.kind = ChildStep::Kind::WaitForFilter, .gate = &to.gate_});
      // Until here it stays off the launcher's.
      add({.kind = ChildStep::Kind::UseProcessors, .processors = &to.processors_});
    }
    if (parts.ahead.wish != nullptr)
      add({.kind = ChildStep::Kind::WishForNamespaces, .wish = parts.ahead.wish});
    ChildStep load = {
        .kind = ChildStep::Kind::LoadFilter, .programs = &to.programs_, .key = &to.key_};
    if (step.answered) {
      CHECK(parts.joining);
      load.kind = ChildStep::Kind::LoadFilterSupervised;
      load.from = parts.joining->socket;
      load.first = parts.joining->flags;
    }
    add(load);
    return {};
  }
  Result<void> operator()(const Execute& step) {
    to.arguments_ = pointers_to(step.arguments);
    to.environment_ = pointers_to(step.environment);
    add({.kind = ChildStep::Kind::Execute,
         .text = step.path.c_str(),
         .argv = to.arguments_.data(),
         .environment = to.environment_.data(),
         .key = &to.key_});
    return {};
  }
};

tl::expected<std::vector<kernel::Fd>, SetupError> open_files(const Plan& plan) {
  std::vector<kernel::Fd> files;
  for (const Step& step : plan.steps) {
    const auto* place = std::get_if<PlaceFile>(&step);
    if (place == nullptr) continue;
    auto file = kernel::open_file(
        place->path, place->for_writing ? kernel::OpenFor::Writing : kernel::OpenFor::Reading);
    if (!file) {
      file.error().doing += " as descriptor " + std::to_string(place->descriptor);
      return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, file.error()});
    }
    files.push_back(std::move(*file));
  }
  return files;
}

tl::expected<void, SetupError> Prepared::fill(const Plan& plan, const LaunchParts& parts) {
  Result<void> done = kernel::fill_random(key_);
  Preparation preparation{*this, parts};
  for (const Step& step : plan.steps) {
    const auto* enter = std::get_if<EnterDomain>(&step);
    if (done && enter != nullptr) done = preparation.make_domain(*enter);
  }
  for (; done && preparation.plan_step < plan.steps.size(); ++preparation.plan_step) {
    done = std::visit(preparation, plan.steps[preparation.plan_step]);
  }
  if (!done) return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, done.error()});
  return {};
}

namespace {

using Programs = Result<std::vector<filter::Program>>;

Programs programs_alone(const LoadFilter& step, const kernel::raw::LaunchKey& key,
                        bool own_processes) {
  const Guarded guarded = guarding_this_process(step, own_processes);
  auto programs = step.patterns ? filled(step.patterns->alone, key, guarded) : std::nullopt;
  if (programs) return std::move(*programs);
  return launch_filters(step.rules->get(), key, guarded);
}

// Empty: the policy takes more than one.
Programs programs_watched(const LoadFilter& step, const kernel::raw::LaunchKey& key,
                          const Guarded& guarded) {
  const bool patterned = step.patterns && step.answered == Supervise::Explain;
  auto programs = patterned ? filled(step.patterns->watched, key, guarded) : std::nullopt;
  if (programs) return std::move(*programs);
  auto program = TRY(watched_filter(step.rules->get(), key, *step.answered, guarded));
  std::vector<filter::Program> one;
  if (program) one.push_back(std::move(*program));
  return one;
}

}  // namespace

tl::expected<void, SetupError> Prepared::compile(const Plan& plan,
                                                 const std::optional<Joining>& joining) {
  const auto refuse = [](SetupError::Kind kind, Error error) {
    return tl::unexpected<SetupError>(SetupError{kind, std::move(error)});
  };
  const bool own_processes = has_step<StartInit>(plan);
  for (const Step& step : plan.steps) {
    const auto* load = std::get_if<LoadFilter>(&step);
    if (load == nullptr) continue;
    auto programs = load->answered
                        ? programs_watched(*load, key_,
                                           guarding_both(*load, own_processes, joining->supervisor))
                        : programs_alone(*load, key_, own_processes);
    if (!programs) return refuse(SetupError::Kind::Setup, programs.error());
    if (load->answered && programs->empty())
      return refuse(SetupError::Kind::NotWatchable,
                    {"watch the program: its policy takes more than one filter", 0,
                     "a program has one listener, and that of one filter only"});
    programs_ = std::move(*programs);
  }
  return {};
}

Prepared::~Prepared() {
  kernel::forget(key_);
  // The programs hold the key as well.
  for (filter::Program& program : programs_)
    std::fill(program.begin(), program.end(), filter::Instruction{});
}

}  // namespace seclude::sandbox
