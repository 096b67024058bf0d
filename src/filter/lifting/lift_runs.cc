// Lift by runs: numbers as intervals, arguments as diagrams, one architecture at a time.
//
// In: a valid program. Out: its decision. Once for every architecture the program does not name,
// and then for each it does, sets of numbers flow forwards through the instructions; an instruction
// that looks at arguments takes its numbers out of the flow and gets the function of arguments it
// stands for, built backwards and remembered, since many numbers share it. A single number may be
// looked at again among arguments; several at once may not (then: nullopt). Neighbours: lift.cc
// chooses; lift_words.cc is the general half.
#include "filter/lifting/lift_runs.h"

#include <algorithm>
#include <bit>

#include "filter/action.h"
#include "filter/lifting/word.h"

namespace seclude::filter {
namespace {

constexpr size_t max_depth = 2000;  // of recursion: one level per branch on arguments
constexpr size_t visits_per_instruction = 64;
constexpr uint64_t most_number_blocks = 256;  // for one JSET

// What A holds. X and scratch memory are left to lift_words.
struct Content {
  enum class Kind : uint8_t { Constant, Number, OtherArch, Argument };
  Kind kind = Kind::Constant;
  uint32_t value = 0;          // Constant: the value; Argument: the offset of the word
  uint32_t mask = UINT32_MAX;  // Argument: and-ed with this
  friend bool operator==(const Content&, const Content&) = default;
};

struct Interval {
  uint32_t first, last;
};
using Intervals = std::vector<Interval>;

// The numbers that arrive at an instruction, and what A holds then.
struct Arrival {
  Intervals numbers;
  Content a;
};

// The function of arguments from an instruction on, remembered for one content of A.
struct Remembered {
  Content a;
  Id id;
  uint32_t context = 0;  // 0: holds for every call; else only in that context
  bool known = false;
};

bool is_branch(uint16_t code) { return (code & 0x07) == 0x05 && code != op::ja; }

bool taken(uint16_t code, uint32_t a, uint32_t k) {
  switch (code) {
    case op::jeq_k:
      return a == k;
    case op::jgt_k:
      return a > k;
    case op::jge_k:
      return a >= k;
    default:  // jset
      return (a & k) != 0;
  }
}

class Lifter {
 public:
  Lifter(Store& store, std::span<const Instruction> program, bool big_endian)
      : store_(store),
        program_(program),
        big_endian_(big_endian),
        live_(program.size()),
        remembered_(program.size()),
        arrivals_(program.size()) {}

  std::optional<Decision> run();
  size_t exhausted_at() const { return exhausted_at_.value_or(0); }

 private:
  Runs runs_of(std::optional<uint32_t> audit);
  void find_live();

  void flow(size_t at);
  void arrive(size_t at, Intervals numbers, const Content& a);
  void split(size_t at, Arrival arrival);
  void leaf(size_t at, const Arrival& arrival);

  Id arguments(size_t at, const Content& a);
  Id straight(size_t at, Content a);
  Id branch_on_argument(const Instruction& instruction, const Content& a, Id hit, Id miss);

  bool calculate(const Instruction& instruction, Content& a, bool among_arguments);
  std::optional<bool> known_way(const Instruction& instruction, const Content& a);
  void refuse() { refused_ = true; }

  Store& store_;
  std::span<const Instruction> program_;
  bool big_endian_;
  std::vector<uint32_t> archs_;  // the program compares arch with these
  std::vector<char> live_;       // A is read before it is written
  std::vector<Remembered> remembered_;
  std::vector<Arrival> arrivals_;
  size_t visits_ = 0, depth_ = 0;
  bool refused_ = false;
  std::optional<size_t> exhausted_at_;

  // Of the architecture under way.
  std::optional<uint32_t> audit_;  // nullopt: one the program does not name
  Runs runs_;
  std::optional<uint32_t> number_;  // while looking at the arguments of just one
  uint32_t context_ = 0, last_context_ = 0;
  bool used_context_ = false;
};

bool understood(std::span<const Instruction> program) {
  return std::all_of(program.begin(), program.end(), [](const Instruction& instruction) {
    switch (instruction.code) {
      case op::ld_abs:
      case op::ld_imm:
      case op::and_k:
      case op::ja:
      case op::jeq_k:
      case op::jgt_k:
      case op::jge_k:
      case op::jset_k:
      case op::ret_k:
        return true;
      default:
        return false;
    }
  });
}

void Lifter::find_live() {
  for (size_t at = program_.size(); at-- > 0;) {
    const Instruction& instruction = program_[at];
    uint16_t code = instruction.code;
    if (code == op::ja) live_[at] = live_[at + 1 + instruction.k];
    if (is_branch(code) || code == op::and_k) live_[at] = 1;
  }
}

// Everything that neither jumps nor returns. False: this half does not understand it.
bool Lifter::calculate(const Instruction& instruction, Content& a, bool among_arguments) {
  using Kind = Content::Kind;
  if (instruction.code == op::ld_imm) {
    a = {Kind::Constant, instruction.k};
  } else if (instruction.code == op::and_k) {
    if (a.kind == Kind::Constant) a.value &= instruction.k;
    if (a.kind == Kind::Argument) a.mask &= instruction.k;
    return a.kind == Kind::Constant || a.kind == Kind::Argument;
  } else if (instruction.k == offset_arch) {
    used_context_ = true;
    a = audit_ ? Content{Kind::Constant, *audit_} : Content{Kind::OtherArch};
  } else if (instruction.k == offset_number) {
    used_context_ = true;
    a = number_ ? Content{Kind::Constant, *number_} : Content{Kind::Number};
    return number_ || !among_arguments;
  } else {
    a = {Kind::Argument, instruction.k};
  }
  return true;
}

// Which way a branch goes when that needs neither number nor arguments.
std::optional<bool> Lifter::known_way(const Instruction& instruction, const Content& a) {
  if (a.kind == Content::Kind::Constant) return taken(instruction.code, a.value, instruction.k);
  if (a.kind != Content::Kind::OtherArch) return std::nullopt;
  if (instruction.code != op::jeq_k) {
    refuse();
    return false;
  }
  archs_.push_back(instruction.k);
  return false;
}

// ---- numbers, forwards --------------------------------------------------------------------------

void Lifter::arrive(size_t at, Intervals numbers, const Content& a) {
  if (numbers.empty()) return;
  Arrival& there = arrivals_[at];
  if (there.numbers.empty()) {
    there = {std::move(numbers), a};
    return;
  }
  if (live_[at] != 0 && there.a != a) refuse();
  there.numbers.insert(there.numbers.end(), numbers.begin(), numbers.end());
}

void Lifter::leaf(size_t at, const Arrival& arrival) {
  uint32_t shared = ++last_context_;
  for (const Interval& interval : arrival.numbers) {
    bool single = interval.first == interval.last;
    number_ = single ? std::optional(interval.first) : std::nullopt;
    context_ = single ? ++last_context_ : shared;
    runs_.push_back({interval.first, arguments(at, arrival.a)});
  }
  number_.reset();
}

// Cuts the hits, numbers from `low` to `high`, out of sorted `numbers` and returns them.
Intervals cut(Intervals& numbers, uint64_t low, uint64_t high) {
  auto begin = std::partition_point(numbers.begin(), numbers.end(),
                                    [&](const Interval& each) { return each.last < low; });
  auto end = std::partition_point(begin, numbers.end(),
                                  [&](const Interval& each) { return each.first <= high; });
  if (begin == end) return {};
  Intervals hits(begin, end);
  const Interval below = {hits.front().first, static_cast<uint32_t>(low - 1)};
  const Interval above = {static_cast<uint32_t>(high + 1), hits.back().last};
  const bool starts_below = below.first<low, ends_above = above.last> high;
  if (starts_below) hits.front().first = static_cast<uint32_t>(low);
  if (ends_above) hits.back().last = static_cast<uint32_t>(high);
  // What is left of the first and the last takes the place of all.
  if (starts_below) *begin++ = below;
  if (ends_above && begin == end) {
    numbers.insert(end, above);
    return hits;
  }
  if (ends_above) *begin++ = above;
  numbers.erase(begin, end);
  return hits;
}

// For JSET: numbers in blocks within which the tested bits do not change; how many there are.
uint64_t count_blocks(const Intervals& numbers, uint32_t bits) {
  uint64_t block = uint64_t{1} << std::countr_zero(bits), count = 0;
  for (const Interval& interval : numbers)
    count += interval.last / block - interval.first / block + 1;
  return count;
}

void append(Intervals& numbers, const Interval& part) {
  bool adjoins = !numbers.empty() && numbers.back().last + uint64_t{1} == part.first;
  if (adjoins)
    numbers.back().last = part.last;
  else
    numbers.push_back(part);
}

Intervals cut_by_bits(Intervals& numbers, uint32_t bits) {
  uint64_t block = uint64_t{1} << std::countr_zero(bits);
  Intervals hits, rest;
  for (const Interval& interval : numbers) {
    for (uint64_t first = interval.first; first <= interval.last;) {
      uint64_t last = std::min<uint64_t>(interval.last, (first | (block - 1)));
      Interval part{static_cast<uint32_t>(first), static_cast<uint32_t>(last)};
      append((part.first & bits) != 0 ? hits : rest, part);
      first = last + 1;
    }
  }
  numbers = std::move(rest);
  return hits;
}

void Lifter::split(size_t at, Arrival arrival) {
  const Instruction& instruction = program_[at];
  Intervals& numbers = arrival.numbers;
  auto by_first = [](const Interval& left, const Interval& right) {
    return left.first < right.first;
  };
  if (!std::is_sorted(numbers.begin(), numbers.end(), by_first)) {
    std::sort(numbers.begin(), numbers.end(), by_first);
  }
  uint64_t k = instruction.k;
  Intervals hits;
  if (instruction.code == op::jset_k) {
    if (k != 0 && count_blocks(numbers, instruction.k) > most_number_blocks) return refuse();
    if (k != 0) hits = cut_by_bits(numbers, instruction.k);
  } else {
    uint64_t low = instruction.code == op::jgt_k ? k + 1 : k;
    hits = cut(numbers, low, instruction.code == op::jeq_k ? k : UINT32_MAX);
  }
  arrive(at + 1 + instruction.jt, std::move(hits), arrival.a);
  arrive(at + 1 + instruction.jf, std::move(numbers), arrival.a);
}

void Lifter::flow(size_t at) {
  const Instruction& instruction = program_[at];
  Arrival arrival = std::move(arrivals_[at]);
  arrivals_[at].numbers.clear();
  bool looks_at_arguments = instruction.code == op::ld_abs && instruction.k >= offset_ip;
  if (looks_at_arguments || instruction.code == op::ret_k) return leaf(at, arrival);
  size_t next = at + 1;
  if (instruction.code == op::ja) {
    next += instruction.k;
  } else if (is_branch(instruction.code)) {
    if (arrival.a.kind == Content::Kind::Number) return split(at, std::move(arrival));
    std::optional<bool> way = known_way(instruction, arrival.a);
    if (!way) return refuse();
    next += *way ? instruction.jt : instruction.jf;
  } else if (!calculate(instruction, arrival.a, false)) {
    return refuse();
  }
  arrive(next, std::move(arrival.numbers), arrival.a);
}

// ---- arguments, backwards -----------------------------------------------------------------------

Id Lifter::arguments(size_t at, const Content& a) {
  if (program_[at].code == op::ret_k) {
    return store_.terminal(normalised(program_[at].k).ret);
  }
  const Remembered& known = remembered_[at];
  bool same = known.known && (live_[at] == 0 || known.a == a);
  if (same && (known.context == 0 || known.context == context_)) {
    used_context_ |= known.context != 0;
    return known.id;
  }
  bool too_much = ++visits_ > visits_per_instruction * program_.size() || depth_ > max_depth;
  if (too_much) refuse();
  if (refused_ || store_.exhausted()) return store_.no();
  bool used_before = used_context_;
  used_context_ = false;
  ++depth_;
  Id id = straight(at, a);
  --depth_;
  remembered_[at] = {a, id, used_context_ ? context_ : 0, true};
  used_context_ |= used_before;
  return id;
}

// From `at` to the next branch, and on from there.
Id Lifter::straight(size_t at, Content a) {
  for (;; ++at) {
    const Instruction& instruction = program_[at];
    if (instruction.code == op::ja || instruction.code == op::ret_k) {
      return arguments(instruction.code == op::ja ? at + 1 + instruction.k : at, a);
    }
    if (is_branch(instruction.code)) {
      std::optional<bool> way = known_way(instruction, a);
      if (way) return arguments(at + 1 + (*way ? instruction.jt : instruction.jf), a);
      Id hit = arguments(at + 1 + instruction.jt, a);
      Id miss = arguments(at + 1 + instruction.jf, a);
      bool before = store_.exhausted();
      Id id = branch_on_argument(instruction, a, hit, miss);
      if (!before && store_.exhausted()) exhausted_at_ = at;
      return id;
    }
    if (!calculate(instruction, a, true)) {
      refuse();
      return store_.no();
    }
  }
}

Id Lifter::branch_on_argument(const Instruction& instruction, const Content& a, Id hit, Id miss) {
  Location place = location(a.value, big_endian_);
  uint64_t mask = uint64_t{a.mask} << place.shift;
  uint64_t bits = uint64_t{instruction.k} << place.shift;
  if (instruction.code == op::jeq_k) return store_.test(place.group, mask, bits, hit, miss);
  if (instruction.code == op::jset_k) return store_.test(place.group, mask & bits, 0, miss, hit);
  uint64_t low = uint64_t{instruction.k} + (instruction.code == op::jgt_k ? 1 : 0);
  if (low > UINT32_MAX) return miss;
  if (a.mask == UINT32_MAX) {
    Id range = store_.in_range(place.group, place.shift, 32, low, UINT32_MAX);
    return store_.ite(range, hit, miss);
  }
  Word masked =
      bit_and(store_, load_word(store_, a.value, big_endian_), constant_word(store_, a.mask));
  Word bound = constant_word(store_, static_cast<uint32_t>(low));
  return store_.ite(at_least(store_, masked, bound), hit, miss);
}

// ---- all of it ----------------------------------------------------------------------------------

Runs Lifter::runs_of(std::optional<uint32_t> audit) {
  audit_ = audit;
  runs_.clear();
  arrive(0, {{0, UINT32_MAX}}, Content{});
  for (size_t at = 0; at < program_.size() && !refused_; ++at) {
    if (!arrivals_[at].numbers.empty()) flow(at);
  }
  std::sort(runs_.begin(), runs_.end(),
            [](const Run& left, const Run& right) { return left.first < right.first; });
  return merged(runs_);
}

// The first pass meets every comparison of arch that can matter: an architecture whose comparison
// it does not meet goes the ways of this pass.
std::optional<Decision> Lifter::run() {
  find_live();
  Decision decision;
  decision.other = runs_of(std::nullopt);
  std::sort(archs_.begin(), archs_.end());
  archs_.erase(std::unique(archs_.begin(), archs_.end()), archs_.end());
  for (uint32_t audit : archs_) {
    if (refused_ || store_.exhausted()) break;
    decision.archs.push_back({audit, runs_of(audit)});
  }
  if (refused_) return std::nullopt;
  return canonical(store_, std::move(decision));
}

}  // namespace

std::optional<Decision> lift_runs(Store& store, std::span<const Instruction> program,
                                  bool big_endian, size_t* exhausted_at) {
  if (!understood(program)) return std::nullopt;
  Lifter lifter(store, program, big_endian);
  std::optional<Decision> decision = lifter.run();
  if (exhausted_at != nullptr) *exhausted_at = lifter.exhausted_at();
  return decision;
}

}  // namespace seclude::filter
