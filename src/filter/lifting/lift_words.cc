// Lift by words: forwards what every register holds, backwards what every instruction returns.
//
// In: a valid program. Out: its function. Jumps only go forward, so each pass sees an instruction
// once. Where ways with different values of a live register meet, the value becomes a choice
// between them by the condition of each way; those conditions are worked out only when first
// needed, since most programs never need one. What an instruction returns is only right for calls
// that reach it, and only those ask. Neighbours: lift_runs.cc is the fast half; word.h has the
// arithmetic.
#include "filter/lifting/lift_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "filter/action.h"
#include "filter/lifting/word.h"

namespace seclude::filter {
namespace {

constexpr size_t register_a = 16, register_x = 17, register_count = 18;  // 0..15: scratch words
constexpr size_t max_returned_values = 4096;

// Indices into Words::all_; equal words have equal indices.
using State = std::array<uint32_t, register_count>;

class Words {
 public:
  Words(Store& store, bool big_endian) : store_(store), big_endian_(big_endian) {}

  const Word& at(uint32_t index) const { return all_[index]; }
  uint32_t add(const Word& word) {
    auto [known, is_new] = index_of_.emplace(word, static_cast<uint32_t>(all_.size()));
    if (is_new) all_.push_back(word);
    return known->second;
  }
  uint32_t constant(uint32_t value) { return add(constant_word(store_, value)); }
  uint32_t load(uint32_t offset) {
    std::optional<uint32_t>& known = loaded_[offset / 4];
    if (!known) known = add(load_word(store_, offset, big_endian_));
    return *known;
  }
  // Where the word lies in the call's data, when it is just that: those need no circuit to test.
  std::optional<Location> place(uint32_t index) const {
    for (uint32_t i = 0; i < loaded_.size(); ++i) {
      if (loaded_[i] == index) return location(i * 4, big_endian_);
    }
    return std::nullopt;
  }

 private:
  Store& store_;
  bool big_endian_;
  std::vector<Word> all_;
  std::map<Word, uint32_t> index_of_;
  std::array<std::optional<uint32_t>, 16> loaded_;
};

struct Edge {
  size_t from;
  bool taken;  // of a branch
};

class Lifter {
 public:
  Lifter(Store& store, std::span<const Instruction> program, bool big_endian)
      : store_(store),
        program_(program),
        words_(store, big_endian),
        live_(program.size()),
        before_(program.size()),
        after_(program.size()),
        taken_(program.size(), store.yes()),
        edges_(program.size()) {}

  std::variant<Id, Undecided> run();

 private:
  void find_live();
  bool enter(size_t at);
  void leave(size_t at);
  State merge(size_t at);
  Id way(const Edge& edge);
  Id reached(size_t at);
  void calculate(State& state, const Instruction& instruction);
  Word operate(uint16_t code, const Word& a, const Word& operand);
  Id branch(const State& state, const Instruction& instruction);
  Id branch_on_data(Location place, const Instruction& instruction);
  Id returned(size_t at);
  std::optional<Id> returned_word(const Word& word);
  Undecided undecided(size_t at) const;

  Store& store_;
  std::span<const Instruction> program_;
  Words words_;
  std::vector<uint32_t> live_;            // registers read before written, as bits
  std::vector<State> before_, after_;     // the instruction, where a call gets there
  std::vector<Id> taken_;                 // branches: the condition
  std::vector<std::vector<Edge>> edges_;  // ways that lead here
  std::vector<Id> reached_;               // conditions, for the first instructions
  std::vector<Id> result_;
  bool too_many_values_ = false;
};

bool is_branch(uint16_t code) { return (code & 0x07) == 0x05 && code != op::ja; }
bool is_return(uint16_t code) { return (code & 0x07) == 0x06; }
bool is_arithmetic(uint16_t code) { return (code & 0x07) == 0x04; }
bool uses_x(uint16_t code) { return (code & 0x08) != 0; }

constexpr uint32_t bit_of(size_t index) { return uint32_t{1} << index; }

struct Uses {
  uint32_t reads = 0, writes = 0;
};

Uses uses_of(const Instruction& instruction) {
  constexpr uint32_t a = bit_of(register_a), x = bit_of(register_x);
  uint16_t code = instruction.code;
  switch (code) {
    case op::ld_abs:
    case op::ld_imm:
    case op::ld_len:
      return {0, a};
    case op::ldx_imm:
    case op::ldx_len:
      return {0, x};
    case op::ld_mem:
      return {bit_of(instruction.k), a};
    case op::ldx_mem:
      return {bit_of(instruction.k), x};
    case op::st:
      return {a, bit_of(instruction.k)};
    case op::stx:
      return {x, bit_of(instruction.k)};
    case op::tax:
      return {a, x};
    case op::txa:
      return {x, a};
    case op::ret_a:
      return {a, 0};
    case op::ja:
    case op::ret_k:
      return {};
    default:
      break;
  }
  return {uses_x(code) ? a | x : a, is_arithmetic(code) ? a : 0};
}

void Lifter::find_live() {
  for (size_t at = program_.size(); at-- > 0;) {
    const Instruction& instruction = program_[at];
    uint32_t after = 0;
    if (instruction.code == op::ja) {
      after = live_[at + 1 + instruction.k];
    } else if (is_branch(instruction.code)) {
      after = live_[at + 1 + instruction.jt] | live_[at + 1 + instruction.jf];
    } else if (!is_return(instruction.code)) {
      after = live_[at + 1];
    }
    Uses uses = uses_of(instruction);
    live_[at] = uses.reads | (after & ~uses.writes);
  }
}

// Conditions of the instructions up to `at`, each the union of the ways to it.
Id Lifter::reached(size_t at) {
  if (reached_.empty()) reached_.push_back(store_.yes());
  while (reached_.size() <= at) {
    Id condition = store_.no();
    for (const Edge& edge : edges_[reached_.size()]) {
      condition = store_.either(condition, way(edge));
    }
    reached_.push_back(condition);
  }
  return reached_[at];
}

Id Lifter::way(const Edge& edge) {
  Id from = reached(edge.from);
  Id taken = taken_[edge.from];
  return store_.both(from, edge.taken ? taken : store_.negate(taken));
}

State Lifter::merge(size_t at) {
  const std::vector<Edge>& edges = edges_[at];
  State merged = after_[edges[0].from];
  for (size_t index = 0; index < register_count; ++index) {
    if ((live_[at] & bit_of(index)) == 0) continue;
    for (size_t i = 1; i < edges.size(); ++i) {
      const State& after = after_[edges[i].from];
      if (after[index] == merged[index]) continue;
      Word word = choose(store_, way(edges[i]), words_.at(after[index]), words_.at(merged[index]));
      merged[index] = words_.add(word);
    }
  }
  return merged;
}

// False when no call gets here.
bool Lifter::enter(size_t at) {
  if (at == 0) {
    before_[at].fill(words_.constant(0));
    return true;
  }
  if (edges_[at].empty()) return false;
  before_[at] = merge(at);
  return true;
}

void Lifter::leave(size_t at) {
  const Instruction& instruction = program_[at];
  auto arrive = [&](size_t next, bool taken) { edges_[next].push_back({at, taken}); };
  after_[at] = before_[at];
  if (is_return(instruction.code)) return;
  if (instruction.code == op::ja) return arrive(at + 1 + instruction.k, true);
  if (!is_branch(instruction.code)) {
    calculate(after_[at], instruction);
    return arrive(at + 1, true);
  }
  Id condition = branch(before_[at], instruction);
  taken_[at] = condition;
  if (condition != store_.no()) arrive(at + 1 + instruction.jt, true);
  if (condition != store_.yes()) arrive(at + 1 + instruction.jf, false);
}

void Lifter::calculate(State& state, const Instruction& instruction) {
  uint32_t& a = state[register_a];
  uint32_t& x = state[register_x];
  switch (instruction.code) {
    case op::ld_abs:
      a = words_.load(instruction.k);
      return;
    case op::ld_imm:
      a = words_.constant(instruction.k);
      return;
    case op::ldx_imm:
      x = words_.constant(instruction.k);
      return;
    case op::ld_len:
      a = words_.constant(64);
      return;
    case op::ldx_len:
      x = words_.constant(64);
      return;
    case op::ld_mem:
      a = state[instruction.k];
      return;
    case op::ldx_mem:
      x = state[instruction.k];
      return;
    case op::st:
      state[instruction.k] = a;
      return;
    case op::stx:
      state[instruction.k] = x;
      return;
    case op::tax:
      x = a;
      return;
    case op::txa:
      a = x;
      return;
    default:
      break;
  }
  Word operand = uses_x(instruction.code) ? words_.at(x) : constant_word(store_, instruction.k);
  a = words_.add(operate(instruction.code, Word(words_.at(a)), operand));
}

Word Lifter::operate(uint16_t code, const Word& a, const Word& operand) {
  switch (code & 0xf0) {
    case op::add_k & 0xf0:
      return add(store_, a, operand);
    case op::sub_k & 0xf0:
      return subtract(store_, a, operand);
    case op::mul_k & 0xf0:
      return multiply(store_, a, operand);
    case op::div_k & 0xf0:
      return divide(store_, a, operand);
    case op::or_k & 0xf0:
      return bit_or(store_, a, operand);
    case op::and_k & 0xf0:
      return bit_and(store_, a, operand);
    case op::xor_k & 0xf0:
      return bit_xor(store_, a, operand);
    case op::lsh_k & 0xf0:
      return shift_left(store_, a, operand);
    case op::rsh_k & 0xf0:
      return shift_right(store_, a, operand);
    default:  // neg: the only one left in a valid program
      return subtract(store_, constant_word(store_, 0), a);
  }
}

Id Lifter::branch_on_data(Location place, const Instruction& instruction) {
  uint32_t k = instruction.k;
  auto range = [&](uint64_t low) {
    return store_.in_range(place.group, place.shift, 32, low, UINT32_MAX);
  };
  switch (instruction.code) {
    case op::jeq_k:
      return store_.in_range(place.group, place.shift, 32, k, k);
    case op::jgt_k:
      return range(uint64_t{k} + 1);
    case op::jge_k:
      return range(k);
    default:  // jset
      return store_.test(place.group, uint64_t{k} << place.shift, 0, store_.no(), store_.yes());
  }
}

Id Lifter::branch(const State& state, const Instruction& instruction) {
  if (!uses_x(instruction.code)) {
    std::optional<Location> place = words_.place(state[register_a]);
    if (place) return branch_on_data(*place, instruction);
  }
  const Word& a = words_.at(state[register_a]);
  Word operand = uses_x(instruction.code) ? words_.at(state[register_x])
                                          : constant_word(store_, instruction.k);
  switch (instruction.code & 0xf0) {
    case op::jeq_k & 0xf0:
      return equal(store_, a, operand);
    case op::jgt_k & 0xf0:
      return store_.negate(at_least(store_, operand, a));
    case op::jge_k & 0xf0:
      return at_least(store_, a, operand);
    default:  // jset
      return share_a_bit(store_, a, operand);
  }
}

// The part of a return value known so far (bits `from` and up): settled as soon as no known action
// can begin so, or the rest does not matter.
uint32_t settled(uint32_t value, unsigned from) {
  if (from <= 16) return normalised(value).ret;
  for (uint32_t kind : {Action::kill_process, Action::kill_thread_, Action::trap_, Action::errno_,
                        Action::notify_, Action::trace_, Action::log_, Action::allow_}) {
    if (kind >> from == value >> from) return value;
  }
  return Action::kill_process;
}

// The bits as one value, most significant first, so that few values are under way at a time.
std::optional<Id> Lifter::returned_word(const Word& word) {
  Id result = store_.terminal(0);
  for (unsigned i = 32; i-- > 0;) {
    auto with = [&](uint32_t bit) {
      return store_.map_terminals(result, [&](uint32_t value) { return settled(value | bit, i); });
    };
    result = store_.ite(word[i], with(uint32_t{1} << i), with(0));
    if (store_.exhausted() || store_.terminals(result).size() > max_returned_values) {
      return std::nullopt;
    }
  }
  return result;
}

Id Lifter::returned(size_t at) {
  const Instruction& instruction = program_[at];
  const State& state = before_[at];
  if (instruction.code == op::ret_k) return store_.terminal(normalised(instruction.k).ret);
  if (instruction.code == op::ret_a) {
    std::optional<Id> value = returned_word(words_.at(state[register_a]));
    too_many_values_ = !value && !store_.exhausted();
    return value.value_or(store_.no());
  }
  if (instruction.code == op::ja) return result_[at + 1 + instruction.k];
  if (is_branch(instruction.code)) {
    if (taken_[at] == store_.yes()) return result_[at + 1 + instruction.jt];
    if (taken_[at] == store_.no()) return result_[at + 1 + instruction.jf];
    return store_.ite(taken_[at], result_[at + 1 + instruction.jt],
                      result_[at + 1 + instruction.jf]);
  }
  if (instruction.code == op::div_x) {  // division by zero ends the program with 0
    Id zero = equal(store_, words_.at(state[register_x]), constant_word(store_, 0));
    return store_.ite(zero, store_.terminal(normalised(0).ret), result_[at + 1]);
  }
  return result_[at + 1];
}

Undecided Lifter::undecided(size_t at) const {
  uint16_t code = program_[at].code;
  if (too_many_values_) {
    return {at, fmt::format("the returned word has more than {} values", max_returned_values)};
  }
  std::string_view what = "what is known here";
  if (is_branch(code)) what = uses_x(code) ? "comparing two computed words" : "this comparison";
  if (is_arithmetic(code)) {
    uint16_t operation = code & 0xf0;
    what = operation == (op::mul_k & 0xf0)   ? "this product"
           : operation == (op::div_k & 0xf0) ? "this quotient"
                                             : "this arithmetic";
  }
  if (is_return(code)) what = "the returned word";
  return {at, fmt::format("{} (more than {} nodes)", what, store_.node_limit())};
}

std::variant<Id, Undecided> Lifter::run() {
  find_live();
  std::vector<size_t> order;
  for (size_t at = 0; at < program_.size(); ++at) {
    if (!enter(at)) continue;
    leave(at);
    order.push_back(at);
    if (store_.exhausted()) return undecided(at);
  }
  result_.assign(program_.size(), store_.no());
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    result_[*at] = returned(*at);
    if (store_.exhausted() || too_many_values_) return undecided(*at);
  }
  return result_[0];
}

}  // namespace

std::variant<Id, Undecided> lift_words(Store& store, std::span<const Instruction> program,
                                       bool big_endian) {
  return Lifter(store, program, big_endian).run();
}

}  // namespace seclude::filter
