// Raw BPF: a file of struct sock_filter[], as every tool can write and the kernel loads.
//
// In: the bytes, and the architecture whose byte order they have. Out: a valid program (the
// kernel's own judgement, filter/program.h), or what is wrong with it and where.
// Writing is filter/program.h's to_bytes().
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "calls/arch.h"
#include "filter/program.h"

namespace seclude::formats {

struct Refusal {
  std::string why;   // "instruction 3: jump to instruction 260 is past the end"
  std::string help;  // empty, or what to try
};

tl::expected<filter::Program, Refusal> read_raw_bpf(std::string_view bytes, calls::Arch arch);

// Every instruction has a zero byte somewhere, no text has any.
bool is_raw_bpf(std::string_view content);

}  // namespace seclude::formats
