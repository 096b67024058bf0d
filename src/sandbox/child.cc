// Child: see child.h.
#include "sandbox/child.h"

#include <cerrno>
#include <csignal>

#include "kernel/raw_group.h"
#include "kernel/raw_mounts.h"
#include "kernel/raw_namespaces.h"
#include "kernel/raw_supervised.h"

namespace seclude::sandbox {
namespace {

namespace raw = kernel::raw;

// What the parent sees when a step failed; it reads the page and does not look at this.
constexpr int failed_status = 125;

// For the rest of the work there is another process.
struct Rest {
  const ChildWork* work = nullptr;
  size_t first = 0;
};

// AddressSanitizer would look for the parent's stack around a call that does not return.
#define SECLUDE_ON_ANOTHER_STACK __attribute__((no_sanitize("address")))

SECLUDE_ON_ANOTHER_STACK int init_main(void* guardian) {
  raw::guard_namespace(*static_cast<const raw::Guardian*>(guardian));
}

int rest_main(void* rest);

// The first process of the namespace is there before the program's.
int start_init(const ChildStep& step, Rest rest) {
  ChildReport& report = *rest.work->report;
  raw::Guardian guardian = {step.from, &report.guarded};
  if (step.from >= 0) {
    const int reason = raw::begin_copy({init_main, &guardian, step.stack}, 0, &report.init);
    if (reason != 0) return reason;
  }
  return raw::begin_sharing({rest_main, &rest, step.stack}, &report.program);
}

int carry_out_inside(const ChildStep& step) {
  using enum ChildStep::Kind;
  switch (step.kind) {
    case LeaveNamespaces:
      return raw::leave_namespaces(step.bits);
    case JoinNamespaces:
      return raw::join_when_made(step.from, step.bits, *step.gate);
    case MapIds:
      return raw::map_ids(step.text, step.other);
    case SetHostName:
      return raw::set_host_name(step.text);
    case RaiseLoopback:
      return raw::raise_loopback();
    case JoinNewKeyring:
      return raw::join_new_keyring();
    case KeepMountsPrivate:
      return raw::make_mounts_private();
    case BeginRoot:
      return raw::begin_root({step.number, step.shows_old, step.bits});
    case LeaveRoot:
      return raw::leave_old_root(step.from, step.bits);
    case HoldPlace:
      return raw::hold_place(step.text, step.number);
    case MountNew:
      return raw::mount_new({step.other, step.key_of_option, step.option, step.bits}, step.text);
    case MountBound:
      return raw::mount_bound({step.from, step.other, step.bits}, step.text);
    case MakeFolder:
      return raw::make_folder(step.text);
    case MakeFile:
      return raw::make_file(step.text);
    case MakeLink:
      return raw::make_link(step.other, step.text);
    case AllowPath:
      return raw::allow_here(step.from, step.text, step.bits);
    default:
      return ENOSYS;  // carry_out() hands over only the kinds above
  }
}

int load_filters(const std::vector<filter::Program>& programs, const raw::LaunchKey& key) {
  for (const filter::Program& program : programs)
    if (const int reason = raw::load_filter(program.data(), program.size(), key)) return reason;
  return 0;
}

int carry_out(const ChildStep& step, ChildReport& report) {
  using enum ChildStep::Kind;
  switch (step.kind) {
    case DieWithLauncher:
      return raw::die_with_parent(SIGKILL, step.number);
    case LeaveNamespaces:
    case JoinNamespaces:
    case MapIds:
    case SetHostName:
    case RaiseLoopback:
    case JoinNewKeyring:
    case KeepMountsPrivate:
    case BeginRoot:
    case LeaveRoot:
    case HoldPlace:
    case MountNew:
    case MountBound:
    case MakeFolder:
    case MakeFile:
    case MakeLink:
    case AllowPath:
      return carry_out_inside(step);
    case StartInit:  // walk()
      return 0;
    case TellInit:
      return raw::tell_own_number(step.guarded != nullptr ? *step.guarded : report.guarded);
    case JoinGroup:
      return raw::join_group(step.from);
    case NewSession:
      return raw::new_session();
    case PlaceDescriptor:
      return raw::place_descriptor(step.from, step.number);
    case KeepDescriptor:
      return raw::keep_descriptor(step.number);
    case CloseDescriptors:
      return raw::close_descriptors(step.first, step.last);
    case ChangeDirectory:
      return raw::change_directory(step.text);
    case SetFileMask:
      return raw::set_file_mask(static_cast<unsigned>(step.bits));
    case ResetSignals:
      return raw::reset_signals(step.bits);
    case SetLimit:
      return raw::set_limit(step.number, step.bits, step.bits);
    case NoNewPrivileges:
      return raw::set_no_new_privileges();
    case KeepSignalsInside:
      return raw::keep_signals_inside();
    case EnterDomain:
      return raw::enter_domain(step.from);
    case LockPrivileges:
      return raw::lock_privileges();
    case GiveUpCapabilities:
      return raw::give_up_capabilities(step.bits);
    case TellSupervisor:
      return raw::tell_supervisor(step.from, step.number, report.program);
    case HearSupervisor:
      return raw::hear_supervisor(step.from);
    case LoadFilterSupervised:
      return raw::load_filter_supervised(step.programs->back().data(), step.programs->back().size(),
                                         step.first, step.from, *step.key);
    case WaitForInit:
      return report.guarded.ready.pass();
    case WaitForFilter:
      return step.gate->pass();
    case WishForNamespaces:
      step.wish->open();
      return 0;
    case UseProcessors:
      raw::use_processors(*step.processors);
      return 0;
    case LoadFilter:
      return load_filters(*step.programs, *step.key);
    case Execute:
      return raw::execute(step.text, step.argv, step.environment, *step.key);
  }
  return 0;
}

[[noreturn]] SECLUDE_ON_ANOTHER_STACK void walk(const ChildWork& work, size_t first) {
  // The parent shares this memory or a page of it, and reads when this process has ended.
  volatile ChildReport& report = *work.report;
  for (size_t i = first; i < work.count; ++i) {
    const bool splits = work.steps[i].kind == ChildStep::Kind::StartInit;
    const int reason =
        splits ? start_init(work.steps[i], {&work, i + 1}) : carry_out(work.steps[i], *work.report);
    // The program's process did the rest, and has told if it failed.
    if (splits && reason == 0) raw::leave(0);
    if (reason == 0) continue;
    report.step = i;
    report.errno_value = reason;
    report.failed = true;
    break;
  }
  // After a filter is in force exit_group may be refused; leave() copes.
  raw::leave(failed_status);
}

SECLUDE_ON_ANOTHER_STACK int rest_main(void* argument) {
  const Rest& rest = *static_cast<const Rest*>(argument);
  walk(*rest.work, rest.first);
}

}  // namespace

SECLUDE_ON_ANOTHER_STACK int child_main(void* argument) {
  const ChildWork& work = *static_cast<const ChildWork*>(argument);
  walk(work, 0);
}

}  // namespace seclude::sandbox
