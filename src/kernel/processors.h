// Processors: which of them work is done on, where two processes shall work at the same time.
//
// In: a process that was just made. Out: it runs on another processor than the caller, if there is
// one that both may use. A new process often stays behind the one that made it, for as long as that
// one runs, while another processor is idle; on some machines on purpose, to leave processors to
// others. No error: it would only be slower.
#pragma once

namespace seclude::kernel {

// How many can run at the same time.
unsigned processors();

// For a process that executes nothing: it stays off this processor for good.
void keep_off_this_processor(int process);

// Leaves this processor to whoever waits for it; later, it may come back. The calling thread alone.
void leave_this_processor();

}  // namespace seclude::kernel
