// Support: the few steps that many attempts are made of.
//
// In: paths and descriptors. Out: whether the step went through. Nothing here allocates or prints
// more than it must, so that under a strict policy an attempt gets as far as its own call.
// Neighbours: attack.h.
#pragma once

#include <cstddef>

#include "attack.h"

namespace seclude::attacks {

// A name in the world's folder: In(world, "secret").
class In {
 public:
  In(const World& world, const char* name);
  operator const char*() const { return text_; }

 private:
  char text_[512];
};

// A name below /proc/PID.
class OfProcess {
 public:
  OfProcess(pid_t process, const char* name);
  operator const char*() const { return text_; }

 private:
  char text_[512];
};

inline bool made(long result) { return result >= 0; }

void say(const char* text);

// Prints what a descriptor or file holds; the driver looks for the secret in it.
bool reveal(int fd);
bool reveal_file(const char* path);
bool reveal_memory(const void* start, size_t size);

// Opens and writes a few bytes.
bool write_file(const char* path, int flags);
bool write_same(const char* path);  // what is there already

// Becomes another program, which says itself that it runs; returns only where that is refused.
bool become(const char* path);

// Machine code that returns 42: copies it to memory (may be null where it lies there already), and
// runs it.
extern const unsigned char code[];
extern const size_t code_size;
bool runs(void* memory);
bool copy_and_run(void* memory);

// Joins namespaces of its own, as their root where it is not root already.
bool enter_own(int namespaces);
bool enter_own_users(int namespaces);  // always with a user namespace

}  // namespace seclude::attacks
