// Diagram: the node store, its one operation (ite), and the walks over it.
//
// In: tests and conditions. Out: canonical ids. Everything that makes a node goes through bit(),
// chain() or without(), which give the same id for the same function whatever the route: bit() is
// the definition (one decision over two canonical functions), the other two are short cuts to what
// repeated bit() would give. ite() works on whole chains where its operands agree.
// Neighbours: decision.cc for arch and number; lift.cc and decide.cc are the users.
#include "filter/diagram.h"

#include <algorithm>
#include <bit>

namespace seclude::filter {
namespace {

constexpr unsigned no_variable = 0xffffffff;
constexpr uint64_t steps_per_node = 8, walked_per_step = 8;
constexpr size_t first_table_size = 4096, first_value_table_size = 64, first_cache_size = 1024;

uint64_t highest_bit(uint64_t mask) { return uint64_t{1} << (63 - std::countl_zero(mask)); }
uint64_t lowest_bit(uint64_t mask) { return mask & (~mask + 1); }
bool one_bit(uint64_t mask) { return (mask & (mask - 1)) == 0; }
uint64_t low_mask(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}
unsigned variable(Group group, uint64_t bit) {
  return static_cast<unsigned>(group) * 64 + static_cast<unsigned>(std::countl_zero(bit));
}

size_t hash(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss) {
  uint64_t mixed = mask ^ std::rotl(bits, 17) ^ (uint64_t(group) << 59);
  mixed *= 0x9E3779B97F4A7C15;
  mixed ^= mixed >> 29;
  mixed += hit.value | uint64_t{miss.value} << 32;
  mixed *= 0xC2B2AE3D27D4EB4F;
  return static_cast<size_t>(mixed >> 32);
}
size_t hash(const Node& node) {
  return hash(node.group, node.mask, node.bits, node.hit, node.miss);
}
size_t hash_value(uint32_t value) {
  return static_cast<size_t>((value * uint64_t{0x9E3779B97F4A7C15}) >> 32);
}

}  // namespace

uint64_t group_value(Group group, const Input& input) {
  if (group == Group::ArchNumber) return uint64_t{input.arch} << 32 | input.number;
  if (group == Group::Ip) return input.instruction_pointer;
  return input.args[static_cast<size_t>(group) - 1];
}

// ---- the tables ---------------------------------------------------------------------------------

Store::Store(uint32_t node_limit)
    : nodes_(1),
      table_(first_table_size),
      value_table_(first_value_table_size),
      cache_(first_cache_size) {
  nodes_.reserve(first_table_size / 2);
  set_node_limit(node_limit);
  terminal(0);
  terminal(1);
}

void Store::set_node_limit(uint32_t node_limit) {
  node_limit_ = std::min(node_limit, terminal_flag - 1);
}

void Store::clear() {
  forget_table_entries();
  nodes_.resize(1);
  values_.clear();
  std::fill(value_table_.begin(), value_table_.end(), 0);
  steps_ = 0;
  exhausted_ = false;
  if (++epoch_ == 0) {  // every stamp could be mistaken for a new one
    std::fill(cache_.begin(), cache_.end(), Cached{});
    epoch_ = 1;
  }
  terminal(0);
  terminal(1);
}

// After a large program the table is much larger than the next small one's nodes: then it costs
// less to empty the clusters in which nodes are than the whole table. A node lies in the unbroken
// cluster that begins at its hash, so emptying from each hash to the next free place forgets all of
// them.
void Store::forget_table_entries() {
  if (nodes_.size() * 8 > table_.size()) {
    std::fill(table_.begin(), table_.end(), 0);
    return;
  }
  size_t last = table_.size() - 1;
  for (size_t index = 1; index < nodes_.size(); ++index) {
    for (size_t place = hash(nodes_[index]) & last; table_[place] != 0;
         place = (place + 1) & last) {
      table_[place] = 0;
    }
  }
}

Id Store::give_up() {
  exhausted_ = true;
  return no();
}

Id Store::terminal(uint32_t value) {
  size_t last = value_table_.size() - 1;
  size_t place = hash_value(value) & last;
  for (; value_table_[place] != 0; place = (place + 1) & last) {
    uint32_t index = value_table_[place] - 1;
    if (values_[index] == value) return {terminal_flag | index};
  }
  if (values_.size() > node_limit_ && values_.size() >= 2) return give_up();
  auto index = static_cast<uint32_t>(values_.size());
  values_.push_back(value);
  value_table_[place] = index + 1;
  if (values_.size() * 2 > value_table_.size()) grow_values();
  return {terminal_flag | index};
}

void Store::grow_values() {
  value_table_.assign(value_table_.size() * 4, 0);
  size_t last = value_table_.size() - 1;
  for (uint32_t index = 0; index < values_.size(); ++index) {
    size_t place = hash_value(values_[index]) & last;
    while (value_table_[place] != 0) place = (place + 1) & last;
    value_table_[place] = index + 1;
  }
}

// By its parts: a Node that was just put together from them is slow to read.
Id Store::put(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss) {
  size_t last = table_.size() - 1;
  size_t place = hash(group, mask, bits, hit, miss) & last;
  for (; table_[place] != 0; place = (place + 1) & last) {
    const Node& node = nodes_[table_[place]];
    if (node.bits == bits && node.mask == mask && node.hit == hit && node.miss == miss &&
        node.group == group)
      return {table_[place]};
  }
  if (nodes_.size() > node_limit_) return give_up();
  auto index = static_cast<uint32_t>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.mask = mask;
  node.bits = bits;
  node.hit = hit;
  node.miss = miss;
  node.group = group;
  table_[place] = index;
  if (nodes_.size() * 2 > table_.size()) grow_nodes();
  return {index};
}

void Store::grow_nodes() {
  table_.assign(table_.size() * 4, 0);
  size_t last = table_.size() - 1;
  for (uint32_t index = 1; index < nodes_.size(); ++index) {
    size_t place = hash(nodes_[index]) & last;
    while (table_[place] != 0) place = (place + 1) & last;
    table_[place] = index;
  }
  if (cache_.size() < table_.size() / 2) cache_.assign(table_.size() / 2, Cached{});
}

Store::Cached& Store::cache_slot(Id f, Id then, Id otherwise) {
  uint64_t mixed = (f.value | uint64_t{then.value} << 32) * 0x9E3779B97F4A7C15;
  mixed ^= otherwise.value * uint64_t{0xC2B2AE3D27D4EB4F};
  mixed ^= mixed >> 31;
  return cache_[mixed & (cache_.size() - 1)];
}

// ---- canonical nodes ----------------------------------------------------------------------------

bool Store::begins_in(Id id, Group group) const {
  return !is_terminal(id) && node(id).group == group;
}

unsigned Store::first_variable(Id id) const {
  if (is_terminal(id)) return no_variable;
  return variable(node(id).group, highest_bit(node(id).mask));
}

// One decision above two canonical functions. At most one of the two sides can be absorbed: if
// `clear` hangs below `set`, `set` cannot hang below `clear`.
Id Store::bit(Group group, uint64_t bit, Id clear, Id set) {
  if (clear == set) return clear;
  for (bool is_set : {true, false}) {
    Id inside = is_set ? set : clear, outside = is_set ? clear : set;
    if (!begins_in(inside, group)) continue;
    const Node& below = node(inside);
    uint64_t wanted = is_set ? bit : 0;
    if (below.miss == outside) {
      return put(group, below.mask | bit, below.bits | wanted, below.hit, outside);
    }
    // A single bit can be read both ways round.
    if (one_bit(below.mask) && below.hit == outside) {
      return put(group, below.mask | bit, wanted, below.miss, outside);
    }
  }
  return put(group, bit, bit, set, clear);
}

// (group & mask) == bits ? hit : miss, for hit and miss that begin below the mask.
Id Store::chain(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss) {
  if (hit == miss || mask == 0) return hit;
  if (begins_in(hit, group)) {
    const Node& below = node(hit);
    if (below.miss == miss) {
      return put(group, below.mask | mask, below.bits | bits, below.hit, miss);
    }
    if (one_bit(below.mask) && below.hit == miss) {
      return put(group, below.mask | mask, bits, below.miss, miss);
    }
  }
  uint64_t lowest = lowest_bit(mask);
  if (begins_in(miss, group)) {
    const Node& below = node(miss);
    // Then the lowest bit belongs to the chain of `miss`; the bits above it are one of their own.
    if (below.miss == hit || (one_bit(below.mask) && below.hit == hit)) {
      bool set = (bits & lowest) != 0;
      Id joined = bit(group, lowest, set ? miss : hit, set ? hit : miss);
      return chain(group, mask & ~lowest, bits & ~lowest, joined, miss);
    }
  }
  if (mask != lowest) return put(group, mask, bits, hit, miss);
  return bits != 0 ? put(group, mask, mask, hit, miss) : put(group, mask, mask, miss, hit);
}

// What is left of a chain when its topmost bits `dropped` have been found to fit.
Id Store::without(Id id, uint64_t dropped) {
  const Node& whole = node(id);
  uint64_t mask = whole.mask & ~dropped, bits = whole.bits & ~dropped;
  if (mask == 0) return whole.hit;
  if (one_bit(mask) && bits == 0) return put(whole.group, mask, mask, whole.miss, whole.hit);
  return put(whole.group, mask, bits, whole.hit, whole.miss);
}

Id Store::cofactor(Id id, Group group, uint64_t bit, bool set) {
  if (!begins_in(id, group) || (node(id).mask & bit) == 0) return id;
  bool wanted = (node(id).bits & bit) != 0;
  return wanted == set ? without(id, bit) : node(id).miss;
}

// ---- tests --------------------------------------------------------------------------------------

Id Store::test(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss) {
  if ((bits & ~mask) != 0) return miss;
  if (mask == 0 || hit == miss) return hit;
  unsigned last = variable(group, lowest_bit(mask));
  if (first_variable(hit) > last && first_variable(miss) > last) {
    return chain(group, mask, bits, hit, miss);
  }
  return ite(chain(group, mask, bits, yes(), no()), hit, miss);
}

// Both build from the least significant bit, one chain for each stretch of equal bits: while the
// number follows the bound the rest decides; the first bit that leaves it decides alone.
Id Store::at_least(Group group, unsigned shift, unsigned width, uint64_t low) {
  Id result = yes();
  for (unsigned from = 0; from < width;) {
    bool ones = (low >> from & 1) != 0;
    unsigned same =
        static_cast<unsigned>(ones ? std::countr_one(low >> from) : std::countr_zero(low >> from));
    unsigned length = std::min(same, width - from);
    uint64_t mask = low_mask(length) << (from + shift);
    result = ones ? chain(group, mask, mask, result, no()) : chain(group, mask, 0, result, yes());
    from += length;
  }
  return result;
}

Id Store::at_most(Group group, unsigned shift, unsigned width, uint64_t high) {
  Id result = yes();
  for (unsigned from = 0; from < width;) {
    bool ones = (high >> from & 1) != 0;
    unsigned same = static_cast<unsigned>(ones ? std::countr_one(high >> from)
                                               : std::countr_zero(high >> from));
    unsigned length = std::min(same, width - from);
    uint64_t mask = low_mask(length) << (from + shift);
    result = ones ? chain(group, mask, mask, result, yes()) : chain(group, mask, 0, result, no());
    from += length;
  }
  return result;
}

Id Store::in_range(Group group, unsigned shift, unsigned width, uint64_t low, uint64_t high) {
  uint64_t all = low_mask(width);
  high = std::min(high, all);
  if (low > high) return no();
  if (low == high) return chain(group, all << shift, low << shift, yes(), no());
  uint64_t parting = highest_bit(low ^ high);  // the first bit in which the bounds differ
  auto below = static_cast<unsigned>(std::countr_zero(parting));
  Id lower = at_least(group, shift, below, low & (parting - 1));
  Id upper = at_most(group, shift, below, high & (parting - 1));
  Id parted = bit(group, parting << shift, lower, upper);
  uint64_t shared = all & ~(parting | (parting - 1));
  return chain(group, shared << shift, (low & shared) << shift, parted, no());
}

// ---- if then else -------------------------------------------------------------------------------

Id Store::ite(Id f, Id then, Id otherwise) {
  if (f == yes() || then == otherwise) return then;
  if (f == no()) return otherwise;
  if (then == f) then = yes();
  if (otherwise == f) otherwise = no();
  if (then == yes() && otherwise == no()) return f;
  if (exhausted_) return no();
  const Cached& known = cache_slot(f, then, otherwise);
  if (known.epoch == epoch_ && known.f == f && known.then == then && known.otherwise == otherwise) {
    return known.result;
  }
  if (++steps_ > steps_per_node * node_limit_) return give_up();
  Id result = step({f, then, otherwise});
  cache_slot(f, then, otherwise) = {f, then, otherwise, result, epoch_};
  return result;
}

// Steps over the longest prefix on which every operand that begins at the first bit asks the same,
// and which no other operand has begun to look at.
Id Store::step(const std::array<Id, 3>& operands) {
  unsigned first = no_variable;
  for (Id operand : operands) first = std::min(first, first_variable(operand));
  auto group = static_cast<Group>(first / 64);
  uint64_t top = uint64_t{1} << (63 - first % 64);

  uint64_t mask = 0, bits = 0, parting = 0;
  for (Id operand : operands) {
    if (!begins_in(operand, group)) continue;
    const Node& current = node(operand);
    if ((current.mask & top) == 0) {
      parting |= highest_bit(current.mask);
    } else if (mask == 0) {
      mask = current.mask;
      bits = current.bits;
    } else {
      parting |= (mask ^ current.mask) | ((bits ^ current.bits) & mask & current.mask);
    }
  }
  uint64_t prefix = mask;
  if (parting != 0) prefix &= ~((highest_bit(parting) << 1) - 1);
  if ((parting >> 63) != 0 || prefix == 0) return step_one_bit(operands, group, top);

  std::array<Id, 3> fits = operands, fails = operands;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!begins_in(operands[i], group) || (node(operands[i]).mask & top) == 0) continue;
    fails[i] = node(operands[i]).miss;
    fits[i] = without(operands[i], prefix);
  }
  Id hit = ite(fits[0], fits[1], fits[2]);
  Id miss = ite(fails[0], fails[1], fails[2]);
  if (exhausted_) return no();
  return chain(group, prefix, bits & prefix, hit, miss);
}

Id Store::step_one_bit(const std::array<Id, 3>& operands, Group group, uint64_t top) {
  std::array<Id, 3> clear, set;
  for (size_t i = 0; i < operands.size(); ++i) {
    clear[i] = cofactor(operands[i], group, top, false);
    set[i] = cofactor(operands[i], group, top, true);
  }
  Id when_clear = ite(clear[0], clear[1], clear[2]);
  Id when_set = ite(set[0], set[1], set[2]);
  if (exhausted_) return no();
  return bit(group, top, when_clear, when_set);
}

// ---- walks --------------------------------------------------------------------------------------

// All nodes below id (or `most` of them), terminals left out, in ascending order: children come
// before parents, because a node is made after its children.
std::vector<Id> Store::reachable(Id id, size_t most) const {
  if (++mark_ == 0) {
    std::fill(marks_.begin(), marks_.end(), 0);
    mark_ = 1;
  }
  if (marks_.size() < nodes_.size()) marks_.resize(nodes_.size(), 0);
  std::vector<Id> found, waiting{id};
  while (!waiting.empty() && found.size() < most) {
    Id current = waiting.back();
    waiting.pop_back();
    if (is_terminal(current) || marks_[current.value] == mark_) continue;
    marks_[current.value] = mark_;
    found.push_back(current);
    waiting.push_back(node(current).hit);
    waiting.push_back(node(current).miss);
  }
  std::sort(found.begin(), found.end());
  return found;
}

size_t Store::size(Id id) const { return reachable(id).size(); }

bool Store::larger_than(Id id, size_t bound) const {
  return reachable(id, bound + 1).size() > bound;
}

std::vector<Id> Store::terminals(Id id) const {
  if (is_terminal(id)) return {id};
  std::vector<Id> found;
  for (Id inner : reachable(id)) {
    for (Id child : {node(inner).hit, node(inner).miss}) {
      if (is_terminal(child)) found.push_back(child);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Id Store::replace_terminals(Id id, const std::vector<std::pair<Id, Id>>& replaced) {
  auto now = [&](Id old) {
    if (!is_terminal(old)) return replacements_[old.value];
    auto place =
        std::lower_bound(replaced.begin(), replaced.end(), old,
                         [](const auto& entry, Id wanted) { return entry.first < wanted; });
    return place->second;
  };
  if (is_terminal(id)) return now(id);
  if (replacements_.size() < nodes_.size()) replacements_.resize(nodes_.size());
  const std::vector<Id> below = reachable(id);
  steps_ += below.size() / walked_per_step;
  if (steps_ > steps_per_node * node_limit_) return give_up();
  for (Id inner : below) {
    Node old = node(inner);
    replacements_[inner.value] = chain(old.group, old.mask, old.bits, now(old.hit), now(old.miss));
    if (exhausted_) return no();
  }
  return now(id);
}

Id Store::at(Id id, uint32_t audit, uint32_t number) const {
  uint64_t value = uint64_t{audit} << 32 | number;
  while (begins_in(id, Group::ArchNumber)) {
    const Node& current = node(id);
    id = (value & current.mask) == current.bits ? current.hit : current.miss;
  }
  return id;
}

uint32_t Store::evaluate(Id id, const Input& input) const {
  while (!is_terminal(id)) {
    const Node& current = node(id);
    bool hits = (group_value(current.group, input) & current.mask) == current.bits;
    id = hits ? current.hit : current.miss;
  }
  return value(id);
}

std::optional<Input> Store::witness(Id f) const {
  if (f == no()) return std::nullopt;
  std::array<uint64_t, 8> groups{};
  while (!is_terminal(f)) {
    const Node& current = node(f);
    bool hits = current.hit != no();
    // A miss needs one wrong bit: all clear where the chain wants any set.
    uint64_t wrong = current.bits != 0 ? 0 : lowest_bit(current.mask);
    groups[static_cast<size_t>(current.group)] |= hits ? current.bits : wrong;
    f = hits ? current.hit : current.miss;
  }
  Input input;
  input.arch = static_cast<uint32_t>(groups[0] >> 32);
  input.number = static_cast<uint32_t>(groups[0]);
  std::copy(groups.begin() + 1, groups.begin() + 7, input.args.begin());
  input.instruction_pointer = groups[7];
  return input;
}

}  // namespace seclude::filter
