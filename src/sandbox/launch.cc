// Launch: see launch.h.
#include "sandbox/launch.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <utility>

#include "kernel/seccomp.h"
#include "sandbox/prepare.h"
#include "sandbox/watch.h"

namespace seclude::sandbox {
namespace {

tl::unexpected<SetupError> refuse(Error error) {
  return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, std::move(error)});
}

// Whether this may come from the listener: a task can have only one (EBUSY), a filter outside may
// refuse it (EPERM), a kernel may not know it (EINVAL, ENOSYS), and `limit open-files` may leave no
// room for it (EMFILE).
bool is_about_the_listener(const SetupError& error) {
  const int reason = error.error.errno_value;
  return error.kind == SetupError::Kind::Setup &&
         (reason == EBUSY || reason == EPERM || reason == EINVAL || reason == ENOSYS ||
          reason == EMFILE);
}

// A filter outside may refuse listeners, as ours does; then a helper would have nothing to do.
bool listener_possible() { return kernel::flags_available(kernel::filter_flag::new_listener); }

// A SIGSYS that somebody sent ended the program: the policy has killed nothing.
bool was_sent(const Denials& denials) {
  const bool all_shown = denials.counted.empty() && denials.uncounted == 0;
  return denials.saw_every_end && all_shown &&
         std::all_of(denials.seen.begin(), denials.seen.end(),
                     [](const Denial& denial) { return denial.verdict.action.is_deny(); });
}

Observed::How how_of(Supervisor::Gone gone) {
  return gone == Supervisor::Gone::HeldUp ? Observed::How::HeldUp : Observed::How::Lost;
}

// Or why there can be no listener; then nothing was run.
tl::expected<Outcome, Observed::How> run_supervised(const Plan& plan, Files files,
                                                    const RunOptions& options,
                                                    Supervisor& supervisor,
                                                    const Watching& watching) {
  const Supervise how = options.supervision->how;
  Joining joining = supervisor.joining();
  joining.tell = [&] {
    supervisor.tell(*find_step<LoadFilter>(plan)->rules, *options.supervision);
  };
  // The child makes this process untraceable, once the supervisor has seen the child.
  auto running = start(plan, files, options.ahead, joining);
  if (!running) {
    supervisor.abandon();
    const bool can_do_without = how != Supervise::Audit;
    if (can_do_without && running.error().kind == SetupError::Kind::NotWatchable)
      return tl::unexpected<Observed::How>(Observed::How::Chained);
    if (can_do_without && is_about_the_listener(running.error()))
      return tl::unexpected<Observed::How>(Observed::How::Unwatched);
    return Outcome{running.error(), {}};
  }
  Outcome outcome = watch(*running, watching);
  // With the first process, all that the program has left ends; then the helper ends by itself.
  // Somebody may have stopped it, which holds up both.
  constexpr uint64_t patience = 50'000'000;  // nanoseconds
  if (running->init)
    (void)kernel::wait_for(running->init->pidfd(), nullptr, kernel::now() + patience);
  auto denials = supervisor.finish();
  outcome.observed.how = denials ? Observed::How::Explained : how_of(denials.error());
  if (!denials) return outcome;
  if (how == Supervise::Hold) outcome.observed.how = Observed::How::Fatal;
  if (const auto* denied = std::get_if<Denied>(&outcome.ending); denied && was_sent(*denials))
    outcome.ending = Signalled{SIGSYS, denied->core};
  outcome.observed.denials = std::move(*denials);
  return outcome;
}

// What a run takes besides its options.
struct Run {
  const Plan& plan;
  const Plan& watched;  // the same with a helper; unused without supervision
  std::function<Result<Supervisor*>(const KeptRules&)> helper;
};

// With a helper where the plan takes one, and what it has to know.
RunOptions completed(RunOptions options, const Plan& plan) {
  if (!options.supervision && needs_helper(plan))
    options.supervision.emplace().how = Supervise::Hold;
  const LoadFilter* load = find_step<LoadFilter>(plan);
  if (options.supervision && load != nullptr) options.supervision->listening = load->listening;
  return options;
}

Outcome carry_out(const Run& run, const RunOptions& options) {
  const auto files = open_files(run.plan);
  if (!files) return {files.error(), {}};
  std::optional<kernel::SignalInbox> inbox;
  std::optional<kernel::ChildrenKept> kept;
  if (options.as_stand_in) {
    kept.emplace();
    auto opened = kernel::SignalInbox::open(signals_to_pass_on());
    if (!opened) return {SetupError{SetupError::Kind::Setup, opened.error()}, {}};
    inbox.emplace(std::move(*opened));
  }
  const Watching watching = {.inbox = inbox ? &*inbox : nullptr,
                             .separate_session = has_step<NewSession>(run.plan),
                             .time_limit = options.time_limit};
  Observed observed;
  if (const LoadFilter* load = find_step<LoadFilter>(run.plan); load && options.supervision) {
    const Supervise how = options.supervision->how;
    observed.how = Observed::How::Unwatched;
    if (how == Supervise::Audit || listener_possible()) {
      auto helper = run.helper(*load->rules);
      if (!helper) return {SetupError{SetupError::Kind::Setup, helper.error()}, {}};
      auto outcome = run_supervised(run.watched, *files, options, **helper, watching);
      if (outcome) return std::move(*outcome);
      observed.how = outcome.error();
    }
    if (needs_helper(run.plan)) return {no_helper(observed.how), {}};
  }
  if (options.helper != nullptr) options.helper->abandon();  // there is nothing for it to do
  // A program of the same user could otherwise write into the process that guards it.
  if (options.as_stand_in) {
    if (auto done = kernel::refuse_to_be_traced(); !done)
      return {SetupError{SetupError::Kind::Setup, done.error()}, {}};
  }
  auto running = start(run.plan, *files, options.ahead);
  if (!running) return {running.error(), {}};
  Outcome outcome = watch(*running, watching);
  outcome.observed = std::move(observed);
  return outcome;
}

// Also where a run ends by an exception.
class SupplyInUse {
 public:
  explicit SupplyInUse(kernel::NamespaceSupply* supply) : supply_(supply) {}
  SupplyInUse(const SupplyInUse&) = delete;
  SupplyInUse& operator=(const SupplyInUse&) = delete;
  ~SupplyInUse() { (void)give_back(); }

  bool give_back() {
    auto* const supply = std::exchange(supply_, nullptr);
    return supply != nullptr && supply->run_is_over();
  }

 private:
  kernel::NamespaceSupply* supply_;
};

}  // namespace

tl::expected<Running, SetupError> launch(const Plan& plan) {
  if (needs_helper(plan)) return tl::unexpected<SetupError>(no_helper(Observed::How::Fatal));
  if (has_step<WatchTime>(plan) || has_step<RelayOutput>(plan) || has_step<JoinGroup>(plan))
    return refuse({"launch without watching: the plan has limits that take a watcher", 0, {}});
  const auto files = open_files(plan);
  if (!files) return tl::unexpected<SetupError>(files.error());
  return start(plan, *files, {});
}

SetupError no_helper(Observed::How how) {
  std::string hint = "only a launcher that stands in for the program can have one";
  if (how == Observed::How::Chained)
    hint =
        "the policy takes more than one filter, and a program has one listener, of one filter: "
        "make it shorter, or write `listen tcp *:*`";
  if (how == Observed::How::Unwatched)
    hint =
        "a filter in force outside has a listener or refuses one, or `limit open-files` leaves no "
        "room for one: run without that, or write `listen tcp *:*`";
  return {.error = {"hold `listen` lines, which takes a helper that answers the program's calls", 0,
                    std::move(hint)}};
}

Outcome run(const Plan& plan, const RunOptions& given) {
  if (needs_helper(plan) && !given.as_stand_in) return {no_helper(Observed::How::Fatal), {}};
  const RunOptions options = completed(given, plan);
  const Plan watched = options.supervision ? as_stand_in(plan, options.supervision->how) : Plan{};
  std::optional<Supervisor> helper;
  auto start_helper = [&](const KeptRules& rules) -> Result<Supervisor*> {
    if (options.helper != nullptr) {
      options.helper->engage(rules, *options.supervision);
      return options.helper;
    }
    helper.emplace(TRY(Supervisor::start(rules, *options.supervision)));
    return &*helper;
  };
  return carry_out({plan, watched, start_helper}, options);
}

Result<Launcher> Launcher::make(Plan plan, RunOptions options) {
  if (needs_helper(plan) && !options.as_stand_in)
    return tl::unexpected<Error>(no_helper(Observed::How::Fatal).error);
  TRY_VOID(compile_filter(plan));
  options = completed(std::move(options), plan);
  Plan watched = options.supervision ? as_stand_in(plan, options.supervision->how) : Plan{};
  return Launcher(std::move(plan), std::move(watched), std::move(options));
}

// One that is lost, or of no use, in several runs in a row is not tried again.
void Launcher::renew_supply() {
  constexpr int tries = 3;
  if (supply_ && supply_->has_ended()) {
    supply_.reset();
    ++in_vain_;
  }
  if (in_vain_ > tries) supply_.reset();
  const auto* enter = find_step<EnterNamespaces>(plan_);
  if (supply_ || enter == nullptr || !options_.as_stand_in || in_vain_ > tries) return;
  supply_ = kernel::NamespaceSupply::start(namespaces_of(*enter));
}

Outcome Launcher::run() {
  RunOptions options = options_;
  renew_supply();
  if (supply_) options.ahead = supply_->begin_run();
  SupplyInUse in_use(supply_.get());
  auto standing_helper = [&](const KeptRules& rules) -> Result<Supervisor*> {
    if (!helper_ || !helper_->ready()) {
      helper_.reset();
      helper_.emplace(
          TRY(Supervisor::start(rules, *options_.supervision, Supervisor::Serves::ManyRuns)));
    }
    return &*helper_;
  };
  Outcome outcome = carry_out({plan_, watched_, standing_helper}, options);
  const bool began = !std::holds_alternative<SetupError>(outcome.ending);
  if (in_use.give_back())
    in_vain_ = 0;
  else if (began && options.ahead.namespaces != nullptr)
    ++in_vain_;
  return outcome;
}

}  // namespace seclude::sandbox
