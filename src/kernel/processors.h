// Processors: which of them work is done on, where two processes shall work at the same time, or
// wait for one another.
//
// In: a process that was just made. Out: it runs on another processor than the caller, if there is
// one that both may use. A new process often stays behind the one that made it, for as long as that
// one runs, while another processor is idle; on some machines on purpose, to leave processors to
// others. No error: it would only be slower.
#pragma once

#include <array>
#include <cstddef>

namespace seclude::kernel {

// How many can run at the same time.
unsigned processors();

// As the kernel takes them: bit n is processor n.
using ProcessorSet = std::array<unsigned long, 1024 / (8 * sizeof(unsigned long))>;
inline constexpr ProcessorSet no_processor = {};

// From now on the process, and what it makes, stays off this processor. Returns those that it had;
// no_processor, where it was not kept off any.
ProcessorSet keep_off_this_processor(int process);
// It has again what it had, and if nobody had asked for just that, also those that its cpuset gets
// later. Returns what says the same to what it has made meanwhile (raw::use_processors).
ProcessorSet give_back_processors(int process, const ProcessorSet& had);
// From now on the process stays on this processor: whoever wakes it here and then sleeps need not
// wake another processor.
void keep_on_this_processor(int process);
// From now on the process may use those that the other may.
void share_processors(int process, int other);

}  // namespace seclude::kernel
