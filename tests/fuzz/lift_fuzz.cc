// Fuzzes the lifter: any bytes as a program, then as inputs.
//
// In: struct sock_filter[] (little-endian), then 64-byte struct seccomp_data. A program the kernel
// would refuse is only printed; for others running and lifting must agree on every input, and
// comparing the decision with itself and with a changed program must give true examples.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/result.h"
#include "filter/action.h"
#include "filter/compare.h"
#include "filter/evaluate.h"
#include "filter/lift.h"

namespace {

using namespace seclude;
using namespace seclude::filter;

Input input_of(const uint8_t* bytes) {
  Input input;
  std::memcpy(&input.number, bytes, 4);
  std::memcpy(&input.arch, bytes + 4, 4);
  std::memcpy(&input.instruction_pointer, bytes + 8, 8);
  std::memcpy(input.args.data(), bytes + 16, 48);
  return input;
}

uint32_t answer(const Store& store, const Decision& decision, const Input& input) {
  return store.evaluate(decision.at(input.arch, input.number), input);
}

void compare_with_changed(Store& store, const Decision& decision, Program program, uint8_t change) {
  program[change % program.size()].k ^= 1;
  if (invalid(program)) return;
  auto lifted = lift(store, program);
  const Decision* other = std::get_if<Decision>(&lifted);
  if (other == nullptr) return;
  std::vector<RunDifference> all = differences(store, decision, *other);
  CHECK(all.empty() == (decision == *other));
  for (const RunDifference& each : all) {
    CHECK(each.example.left != each.example.right);
    CHECK(answer(store, decision, each.example.input) == each.example.left.ret);
    CHECK(answer(store, *other, each.example.input) == each.example.right.ret);
    CHECK(normalised(evaluate(program, each.example.input).ret) == each.example.right);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  size_t length = std::min<size_t>(data[0] % 64u, (size - 2) / 8);
  std::string_view bytes(reinterpret_cast<const char*>(data + 2), length * 8);
  std::optional<Program> program = from_bytes(bytes, false);
  CHECK(program.has_value() && to_bytes(*program, false) == bytes);
  disassemble(*program, calls::Arch::x86_64);
  if (invalid(*program)) return 0;

  static Store store(20000);
  store.clear();
  auto lifted = lift(store, *program);
  const Decision* decision = std::get_if<Decision>(&lifted);
  if (decision == nullptr) {
    CHECK(std::get<Undecided>(lifted).at < program->size());
    return 0;
  }
  const uint8_t* rest = data + 2 + length * 8;
  for (; rest + 64 <= data + size; rest += 64) {
    Input input = input_of(rest);
    CHECK(answer(store, *decision, input) == normalised(evaluate(*program, input).ret).ret);
  }
  if (std::optional<Input> input = store.witness(decision->other[0].id)) {
    if (decision->archs.empty() && decision->other.size() == 1) {
      CHECK(answer(store, *decision, *input) == normalised(evaluate(*program, *input).ret).ret);
    }
  }
  compare_with_changed(store, *decision, *program, data[1]);
  return 0;
}
