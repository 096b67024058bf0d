// Random: unpredictable bytes from the kernel.
//
// In: how many words. Out: words nobody can guess (getrandom), or an error; never a weaker source.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace seclude::kernel {

[[nodiscard]] Result<void> fill_random(std::span<unsigned long> words);
// Overwrites them in a way the compiler may not leave out.
void forget(std::span<unsigned long> words);

}  // namespace seclude::kernel
