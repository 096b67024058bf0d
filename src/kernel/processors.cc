// Processors: see processors.h.
#include "kernel/processors.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace seclude::kernel {
namespace {

static_assert(sizeof(ProcessorSet) == sizeof(cpu_set_t));

void let_use(int process, const ProcessorSet& set) {
  (void)::sched_setaffinity(process, sizeof set, reinterpret_cast<const cpu_set_t*>(set.data()));
}

}  // namespace

unsigned processors() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

ProcessorSet own_processors() {
  ProcessorSet set = {};
  if (::sched_getaffinity(0, sizeof set, reinterpret_cast<cpu_set_t*>(set.data())) != 0)
    set.fill(~0UL);
  return set;
}

void keep_off_this_processor(int process) {
  constexpr size_t bits = 8 * sizeof(unsigned long);
  const int here = ::sched_getcpu();
  ProcessorSet others = own_processors();
  // Beyond what the set can say, there are no others.
  if (here < 0 || static_cast<size_t>(here) >= bits * others.size()) return;
  others[static_cast<size_t>(here) / bits] &= ~(1UL << (static_cast<size_t>(here) % bits));
  const bool any = std::any_of(others.begin(), others.end(), [](auto word) { return word != 0; });
  if (any) let_use(process, others);
}

void keep_off_no_processor(int process) {
  let_use(process, own_processors());
}

}  // namespace seclude::kernel
