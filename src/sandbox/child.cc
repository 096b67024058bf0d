// Child: see child.h.
#include "sandbox/child.h"

#include <csignal>

#include "kernel/raw_supervised.h"

namespace seclude::sandbox {
namespace {

namespace raw = kernel::raw;

// What the parent sees when a step failed; it reads the page and does not look at this.
constexpr int failed_status = 125;

int carry_out(const ChildStep& step) {
  using enum ChildStep::Kind;
  switch (step.kind) {
    case DieWithLauncher:
      return raw::die_with_parent(SIGKILL, step.number);
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
    case GiveUpCapabilities:
      return raw::give_up_capabilities(step.bits);
    case MeetSupervisor:
      return raw::meet_supervisor(step.from, step.number);
    case LoadFilterSupervised:
      return raw::load_filter_supervised(step.program, step.length, step.first, step.from,
                                         *step.key);
    case LoadFilter:
      return raw::load_filter(step.program, step.length, *step.key);
    case Execute:
      return raw::execute(step.text, step.argv, step.environment, *step.key);
  }
  return 0;
}

}  // namespace

// AddressSanitizer would look for the parent's stack around a call that does not return.
__attribute__((no_sanitize("address"))) int child_main(void* argument) {
  const auto& work = *static_cast<const ChildWork*>(argument);
  for (size_t i = 0; i < work.count; ++i) {
    const int reason = carry_out(work.steps[i]);
    if (reason == 0) continue;
    work.report->step = i;
    work.report->errno_value = reason;
    work.report->failed = true;
    break;
  }
  // After a filter is in force exit_group may be refused; leave() copes.
  raw::leave(failed_status);
}

}  // namespace seclude::sandbox
