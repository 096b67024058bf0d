// Calls from the command line; see asked_call.h.
#include "cli/asked_call.h"

#include <vector>

#include "base/text.h"
#include "calls/constants.h"

namespace seclude::cli {

namespace {

using calls::Arch;

std::string arch_name(Arch arch) { return std::string(calls::info(arch).name); }

Result<uint64_t> constant(std::string_view name, Arch arch) {
  if (std::optional<uint16_t> index = calls::find_constant(name)) {
    if (std::optional<uint64_t> value = calls::value_of(*index, arch)) return *value;
    return fail("`" + std::string(name) + "` does not exist on " + arch_name(arch));
  }
  std::vector<std::string_view> names;
  for (const calls::Constant& known : calls::all_constants()) names.push_back(known.name);
  std::optional<std::string_view> near = nearest(name, names);
  return fail("`" + escape(name, 60) + "` is no number and no constant", 0,
              near ? "did you mean `" + std::string(*near) + "`?" : "");
}

// -1, ~0, 0x10, O_RDONLY.
Result<uint64_t> term(std::string_view text, Arch arch) {
  if (text.starts_with("-")) return uint64_t{0} - TRY(term(text.substr(1), arch));
  if (text.starts_with("~")) return ~TRY(term(text.substr(1), arch));
  if (std::optional<uint64_t> number = parse_integer(text)) return *number;
  return constant(text, arch);
}

Result<uint64_t> argument(std::string_view text, Arch arch) {
  uint64_t value = 0;
  for (std::string_view part : split(text, '|')) value |= TRY(term(part, arch));
  return value;
}

Result<uint32_t> raw_number(std::string_view word) {
  std::optional<uint64_t> number = parse_integer(word.substr(3));
  if (number && *number <= UINT32_MAX) return static_cast<uint32_t>(*number);
  return fail("`" + escape(word, 60) + "` is no call number");
}

Result<calls::CallId> named(std::string_view word, Arch arch) {
  std::optional<calls::CallId> call = calls::find_call(word);
  if (call && calls::number_of(*call, arch)) return *call;
  if (call) return fail("`" + std::string(word) + "` does not exist on " + arch_name(arch));
  return tl::unexpected<Error>(unknown_call(word));
}

// Puts one argument of the call where this architecture has it.
void place(filter::Input& input, const AskedCall& asked, size_t index, uint64_t value, Arch arch) {
  bool narrow = calls::info(arch).word_bits == 32;
  uint64_t cut = narrow ? UINT32_MAX : UINT64_MAX;
  std::optional<calls::CallId> call = calls::find_call(asked.name);
  if (!call || index >= calls::args(*call, arch).size()) {
    input.args[index] = value & cut;
    return;
  }
  std::optional<calls::Place> where = calls::place_of(*call, arch, index);
  if (!where) return;  // in memory: no filter sees it, whatever it is
  input.args[where->low] = value & cut;
  if (where->high) input.args[*where->high] = value >> 32;
}

}  // namespace

Result<AskedCall> asked_call(std::span<const std::string_view> words, Arch arch) {
  if (words.empty()) return fail("no call is given");
  if (words.size() > 7) return fail("a call has at most six arguments");
  AskedCall asked;
  asked.input.arch = calls::info(arch).audit;
  asked.name = std::string(words[0]);
  bool raw = words[0].starts_with("nr:");
  if (raw) {
    asked.input.number = TRY(raw_number(words[0]));
  } else {
    calls::CallId call = TRY(named(words[0], arch));
    asked.input.number = *calls::number_of(call, arch);
  }
  for (size_t i = 1; i < words.size(); i++)
    place(asked.input, asked, i - 1, TRY(argument(words[i], arch)), arch);
  if (!raw) return asked;
  if (std::optional<calls::CallId> call = calls::call_at(arch, asked.input.number))
    asked.name = std::string(calls::name_of(*call));
  return asked;
}

Error unknown_call(std::string_view word) {
  std::vector<std::string_view> names;
  for (const calls::Call& known : calls::all_calls()) names.push_back(known.name);
  std::optional<std::string_view> near = nearest(word, names);
  return {"unknown system call `" + escape(word, 60) + "`", 0,
          near ? "did you mean `" + std::string(*near) + "`?" : ""};
}

}  // namespace seclude::cli
