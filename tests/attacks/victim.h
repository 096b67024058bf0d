// Victim: the process outside that attempts are aimed at. victim.cc says what it does.
#pragma once

namespace seclude::attacks {

// Runs until its input ends.
int be_victim(const char* folder);

}  // namespace seclude::attacks
