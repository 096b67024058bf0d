// Not copied: the memory of the static program, for processes that only wait.
//
// In: where allocation.cc gives out memory. Out: nothing; it is said before main() begins. The
// first process of a process namespace then has little of what the launcher knows, and takes less
// to make and to end.
#include "cli/allocation.h"
#include "kernel/raw_namespaces.h"

namespace {

[[maybe_unused]] const bool said = [] {
  const auto [begin, size] = seclude::cli::arena();
  seclude::kernel::raw::not_copied = {begin, size};
  return true;
}();

}  // namespace
