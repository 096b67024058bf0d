// Processors: see processors.h.
#include "kernel/processors.h"

#include <sched.h>
#include <unistd.h>

namespace seclude::kernel {
namespace {

static_assert(sizeof(ProcessorSet) == sizeof(cpu_set_t));

ProcessorSet of(int process) {
  ProcessorSet set = {};
  auto* const kernels = reinterpret_cast<cpu_set_t*>(set.data());
  return ::sched_getaffinity(process, sizeof set, kernels) == 0 ? set : no_processor;
}

// no_processor, where that is not told or is none that a set can hold.
ProcessorSet this_processor() {
  constexpr size_t bits = 8 * sizeof(unsigned long);
  ProcessorSet set = {};
  const int here = ::sched_getcpu();
  if (here < 0 || static_cast<size_t>(here) >= bits * set.size()) return no_processor;
  set[static_cast<size_t>(here) / bits] = 1UL << (static_cast<size_t>(here) % bits);
  return set;
}

void let_use(int process, const ProcessorSet& set) {
  (void)::sched_setaffinity(process, sizeof set, reinterpret_cast<const cpu_set_t*>(set.data()));
}

}  // namespace

unsigned processors() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

ProcessorSet keep_off_this_processor(int process) {
  const ProcessorSet here = this_processor(), had = of(process);
  ProcessorSet others = had;
  for (size_t i = 0; i < others.size(); ++i) others[i] &= ~here[i];
  if (here == no_processor || others == no_processor) return no_processor;
  let_use(process, others);
  return had;
}

ProcessorSet give_back_processors(int process, const ProcessorSet& had) {
  if (had == no_processor) return had;
  ProcessorSet all;
  all.fill(~0UL);
  let_use(process, all);
  if (of(process) == had) return all;
  let_use(process, had);
  return had;
}

void share_processors(int process, int other) { (void)give_back_processors(process, of(other)); }

void keep_on_this_processor(int process) {
  const ProcessorSet here = this_processor();
  if (here != no_processor) let_use(process, here);
}

}  // namespace seclude::kernel
