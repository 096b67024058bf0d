// Reading of raw BPF; see raw_bpf.h.
#include "formats/raw_bpf.h"

#include <fmt/format.h>

#include <optional>

namespace seclude::formats {

bool is_raw_bpf(std::string_view content) { return content.find('\0') != std::string_view::npos; }

tl::expected<filter::Program, Refusal> read_raw_bpf(std::string_view bytes, calls::Arch arch) {
  bool big_endian = calls::info(arch).big_endian;
  std::optional<filter::Program> program = filter::from_bytes(bytes, big_endian);
  if (!program) {
    return tl::unexpected(
        Refusal{fmt::format("its size, {} bytes, is no multiple of 8", bytes.size()), ""});
  }
  std::optional<filter::Invalid> invalid = filter::invalid(*program);
  if (!invalid) return *std::move(program);
  Refusal refusal{fmt::format("instruction {}: {}", invalid->at, invalid->why), ""};
  std::optional<filter::Program> turned = filter::from_bytes(bytes, !big_endian);
  if (turned && !filter::invalid(*turned)) {
    refusal.help = fmt::format(
        "it is valid in the other byte order: name its architecture, such "
        "as --arch {}",
        big_endian ? "x86_64" : "s390x");
  }
  return tl::unexpected(std::move(refusal));
}

}  // namespace seclude::formats
