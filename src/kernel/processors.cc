// Processors: see processors.h.
#include "kernel/processors.h"

#include <sched.h>
#include <unistd.h>

#include <optional>

namespace seclude::kernel {
namespace {

struct Choice {
  cpu_set_t all, others;
};

// nullopt: there is no other one. Machines with more than 1,024 have none either.
std::optional<Choice> choice_of(int process) {
  Choice choice;
  const int here = ::sched_getcpu();
  if (here < 0 || ::sched_getaffinity(process, sizeof choice.all, &choice.all) != 0)
    return std::nullopt;
  choice.others = choice.all;
  CPU_CLR(static_cast<size_t>(here), &choice.others);
  if (CPU_COUNT(&choice.others) == 0) return std::nullopt;
  return choice;
}

}  // namespace

unsigned processors() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

void keep_off_this_processor(int process) {
  if (const auto choice = choice_of(process))
    (void)::sched_setaffinity(process, sizeof choice->others, &choice->others);
}

void leave_this_processor() {
  const auto choice = choice_of(0);
  if (!choice) return;
  (void)::sched_setaffinity(0, sizeof choice->others, &choice->others);
  (void)::sched_setaffinity(0, sizeof choice->all, &choice->all);
}

}  // namespace seclude::kernel
