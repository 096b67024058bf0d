// Generate: see generate.h.
#include "filter/code/generate.h"

#include <algorithm>

namespace seclude::filter {
namespace {

// How much a guess counts next to all that is known of an argument.
constexpr float guess_beside_knowledge = 0.25f;

// So many choices one after another are more jumps than the kernel takes: what comes then does not
// matter, and thousands more would be more than the stack takes.
constexpr size_t deepest = max_program_length + 64;

// Two parts, zero and everything else: one JSET, which leaves the accumulator alone.
bool is_bit_test(const Choice& choice) {
  return choice.view.mask != whole_word && choice.parts.size() == 2 && choice.parts[0].last == 0;
}

uint16_t opcode(Comparison::Kind kind) {
  switch (kind) {
    case Comparison::Kind::Equal:
      return op::jeq_k;
    case Comparison::Kind::AtLeast:
      return op::jge_k;
    case Comparison::Kind::AnyBit:
      return op::jset_k;
  }
  return op::jge_k;
}

}  // namespace

CodeId jumps_of(Code& code, const SearchTree& tree, Holds holds,
                const std::function<CodeId(uint32_t)>& outcome_code) {
  std::vector<CodeId> nodes(tree.tests.size());
  auto target = [&](const Branch& branch) {
    return branch.is_outcome ? outcome_code(branch.index) : nodes[branch.index];
  };
  for (size_t i = tree.tests.size(); i-- > 0;) {
    const Comparison& test = tree.tests[i];
    CodeId yes = target(test.yes), no = target(test.no);
    nodes[i] = code.jump(opcode(test.kind), test.key, holds, yes, no);
    code.add_weight(nodes[i], test.weight);
  }
  return target(tree.root);
}

CodeId Generator::enter(ChoiceId id, Holds holds) {
  const Choice& choice = choices_.at(id);
  if (choice.parts.empty()) return code_.give(choice.ret);
  if (depth_ > deepest) return code_.give(Action::kill().ret);
  uint32_t offset =
      offset_of_half(choice.view.word / 2, choice.view.word % 2 != 0, settings_.big_endian);
  Holds word = {offset, whole_word};
  Holds wanted = {offset, is_bit_test(choice) ? whole_word : choice.view.mask};
  bool same_word = holds.offset == offset && holds.mask != 0;
  if (same_word && holds == wanted) return decide(id, holds);
  // A JSET also works on a word of which other bits are already masked away.
  if (same_word && is_bit_test(choice) && (choice.view.mask & ~holds.mask) == 0)
    return decide(id, holds);
  CodeId body = decide(id, wanted);
  if (code_.at(body).returns() || code_.at(body).code == op::ld_abs) return body;
  if (wanted != word) body = code_.mask(wanted.mask, word, body);
  return same_word && holds == word ? body : code_.load(offset, body);
}

CodeId Generator::decide(ChoiceId id, Holds holds) {
  uint64_t hash = mix(id, uint64_t{holds.offset} << 32 | holds.mask);
  auto same = [&](uint32_t stored) {
    return done_[stored].choice == id && done_[stored].holds == holds;
  };
  auto [index, found] = done_table_.find_or_add(hash, static_cast<uint32_t>(done_.size()), same);
  if (found) return done_[index].code;
  done_.push_back({id, holds, 0});
  const Choice& choice = choices_.at(id);
  ++depth_;
  CodeId node = is_bit_test(choice) ? test_bits(choice, holds) : compare(choice, holds);
  --depth_;
  done_[index].code = node;
  return node;
}

CodeId Generator::test_bits(const Choice& choice, Holds holds) {
  CodeId zero = enter(choice.parts[0].next, holds);
  CodeId any = enter(choice.parts[1].next, holds);
  return code_.jump(op::jset_k, choice.view.mask, holds, any, zero);
}

// How often each part is taken, where that is known: what is missing to 1 is unknown.
std::vector<float> Generator::shares_of(const Choice& choice) const {
  std::vector<float> shares(choice.parts.size(), 0.0f);
  for (const ArgumentWeight& weight : known_) {
    if (weight.arg != choice.view.word / 2) continue;
    uint32_t value = choice.view.word % 2 != 0 ? 0 : weight.value & choice.view.mask;
    size_t i = 0;
    while (choice.parts[i].last < value) ++i;
    shares[i] += weight.share;
  }
  return shares;
}

// The weight is what is known of the argument and, less and less the more is known, a guess from
// what the parts lead to; in what is known, too, values the policy refuses are not what its
// programs pass.
std::vector<Piece> Generator::pieces_of(const Choice& choice) const {
  std::vector<Piece> pieces;
  pieces.reserve(choice.parts.size());
  std::vector<float> shares = shares_of(choice);
  float total = 0, known = 0;
  for (const Part& part : choice.parts) total += choices_.at(part.next).passing;
  for (float share : shares) known += share;
  float guess = known > 0 ? guess_beside_knowledge : 1;
  for (size_t i = 0; i < shares.size(); ++i) {
    const Part& part = choice.parts[i];
    float passing = choices_.at(part.next).passing;
    float weight = 2 * (guess / total + shares[i]) * passing / (guess + known);
    pieces.push_back({part.first, part.first == part.last, part.next, weight});
  }
  return pieces;
}

float Generator::chance_of_passing(ChoiceId id, std::span<const ArgumentWeight> known) {
  if (known.empty()) return 1;
  known_ = known;
  chances_.assign(id + 1, -1.0f);  // a choice stands behind those it leads to
  return chance(id);
}

float Generator::chance(ChoiceId id) {
  const Choice& choice = choices_.at(id);
  if (choice.parts.empty() || depth_ > deepest) return choice.passing;
  if (chances_[id] >= 0) return chances_[id];
  std::vector<float> shares = shares_of(choice);
  float unknown = 1, result = 0;
  ++depth_;
  for (size_t i = 0; i < shares.size(); ++i) {
    unknown -= shares[i];
    if (shares[i] > 0) result += shares[i] * chance(choice.parts[i].next);
  }
  --depth_;
  chances_[id] = result + std::max(unknown, 0.0f) * choice.passing;
  return chances_[id];
}

CodeId Generator::compare(const Choice& choice, Holds holds) {
  SearchTree tree = search(pieces_of(choice), settings_.price);
  return jumps_of(code_, tree, holds, [&](uint32_t next) { return enter(next, holds); });
}

}  // namespace seclude::filter
