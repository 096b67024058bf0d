// Capture: what the arguments of a refused call point at, read while its thread holds still.
//
// In: a call and its thread. Out: paths, socket addresses, the files behind descriptors, the
// thread's name; bounded, and never trusted. What takes too long, because the program keeps its
// memory back, ends the helper. Of a call that waits for an answer, ask afterwards
// whether it still waits (kernel/notify.h): else all this may be about another thread.
// Neighbours: kernel/other_process.h reads, denial_log.h decides what is new.
#pragma once

#include "sandbox/helper/denial.h"

namespace seclude::sandbox {

// Paths and socket addresses: what tells two denials apart.
std::vector<ArgDetail> read_arguments(const filter::Input& call, int thread);
// The rest, for a denial that is new: files behind descriptors, the words of a command line, names,
// process, the code that asked.
void complete(Denial& denial);

// "192.0.2.1:80", "[::1]:443", "unix:/run/x", "unix:@name", "family 40" from a struct sockaddr.
std::string show_socket_address(const std::string& bytes);

}  // namespace seclude::sandbox
