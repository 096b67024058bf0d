// Readable: see readable.h.
//
// Two halves. Across arguments: what follows an argument's part of the diagram are its rests; the
// condition is the disjunction, over the rests, of "the argument leads here, and the rest holds".
// Within an argument: the part is written as a chain of tests, as values and ranges, and as values
// under a mask; the shortest text wins, flags preferring tests of bits.
#include "filter/inspection/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "calls/constants.h"

namespace seclude::filter {
namespace {

constexpr size_t most_tests = 300;  // of one call; more is no longer read by anyone
constexpr size_t deepest = 30;      // parentheses inside each other; the language has a bound
constexpr size_t most_items = 48;   // of one `in (...)`

uint64_t ones(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// ---- texts that are put together ----------------------------------------------------------------

struct Expression {
  enum class Kind { Test, And, Or };
  std::string text;
  Kind kind = Kind::Test;
  size_t tests = 1;
};

std::string inside(const Expression& one, Expression::Kind kind) {
  return one.kind == Expression::Kind::Test || one.kind == kind ? one.text : "(" + one.text + ")";
}

Expression joined(Expression::Kind kind, const Expression& a, const Expression& b) {
  const char* between = kind == Expression::Kind::And ? " and " : " or ";
  return {inside(a, kind) + between + inside(b, kind), kind, a.tests + b.tests};
}

using Optional = std::optional<Expression>;

// ---- one argument -------------------------------------------------------------------------------

// An argument, or one register of an argument that takes two.
struct Part {
  std::string name;
  calls::Arg arg;
  calls::Arch arch{};
  Group group{};
  unsigned shift = 0;  // of the register within the argument
  uint64_t bits = 0;   // of the register that belong to it
  bool pair = false;
};

class Writer {
 public:
  Writer(Store& store, const Part& part, Effort& effort)
      : store_(store), part_(part), effort_(effort) {}

  // The shortest way to say that the argument leads to yes.
  Optional write(Id set) {
    if (store_.is_terminal(set)) return std::nullopt;  // only when the effort or the store is spent
    Optional best;
    bool flags = part_.arg.kind == calls::ArgKind::Flags;
    auto offer = [&](Optional candidate, size_t penalty) {
      if (!candidate) return;
      size_t cost = candidate->text.size() + 6 * candidate->tests + penalty;
      // Bits have no order.
      if (flags && candidate->text.find_first_of("<>.") != std::string::npos) cost += 80;
      if (best && cost >= best_cost_) return;
      best = std::move(candidate);
      best_cost_ = cost;
    };
    offer(chain(set, 0), 0);
    if (!part_.pair) {
      offer(ranges(set, false), flags ? 12 : 0);
      offer(ranges(store_.negate(set), true), flags ? 14 : 2);
    }
    // Masks are for flags; values of anything else have names as a whole.
    offer(masked(set, false), flags ? 2 : 16);
    offer(masked(store_.negate(set), true), flags ? 4 : 18);
    return best;
  }

 private:
  std::string value(uint64_t value) const {
    std::string text = calls::show(value << part_.shift, part_.arg, part_.arch);
    // A long list with a number at its end is no set of names any more.
    bool leftover = text.size() > 60 && text.find("0x") != std::string::npos;
    return leftover ? fmt::format("{:#x}", value << part_.shift) : text;
  }
  // Bits of a mask: names of values that are 0 say nothing here.
  std::string mask_value(uint64_t mask) const {
    std::string text = value(mask), kept;
    if (parse_integer(text)) return mask < 10 ? text : fmt::format("{:#x}", mask << part_.shift);
    for (std::string_view piece : seclude::split(text, '|')) {
      auto constant = calls::find_constant(piece);
      if (constant && calls::value_of(*constant, part_.arch) == 0) continue;
      kept += (kept.empty() ? "" : "|") + std::string(piece);
    }
    return kept.empty() ? text : kept;
  }
  bool whole(uint64_t mask) const { return !part_.pair && (mask & part_.bits) == part_.bits; }

  // Bits by name, or nothing when a name among them is one value of several.
  std::optional<std::string> bit_names(uint64_t bits) const {
    std::string text = value(bits);
    for (std::string_view piece : seclude::split(text, '|')) {
      auto constant = calls::find_constant(piece);
      if (constant && !calls::constant_at(*constant).is_bits) return std::nullopt;
      if (!constant && part_.arg.kind == calls::ArgKind::Enum) return std::nullopt;
    }
    return text;
  }

  std::string under(uint64_t mask) const {
    if (whole(mask)) return part_.name;
    uint64_t outside = part_.bits & ~mask;
    if (part_.pair || std::popcount(outside) >= std::popcount(mask))
      return part_.name + " & " + mask_value(mask);
    std::string text = mask_value(outside);
    bool several = text.find('|') != std::string::npos || text.starts_with("-");
    return part_.name + " & ~" + (several ? "(" + text + ")" : text);
  }

  // (x & mask) == bits, or its opposite.
  Expression test(uint64_t mask, uint64_t bits, bool holds) const {
    bool flags = part_.arg.kind == calls::ArgKind::Flags;
    if (!whole(mask) && flags && !part_.pair)
      if (auto text = bit_test(mask, bits, holds)) return {*text};
    return {under(mask) + (holds ? " == " : " != ") + value(bits)};
  }

  std::optional<std::string> bit_test(uint64_t mask, uint64_t bits, bool holds) const {
    std::string negation = holds ? "" : "not ";
    if (bits == 0) {
      uint64_t outside = part_.bits & ~mask;
      bool within = std::popcount(outside) < std::popcount(mask);
      auto names = bit_names(within ? outside : mask);
      if (!names) return std::nullopt;
      if (within) return negation + part_.name + " within " + *names;
      if (std::popcount(mask) == 1) return part_.name + (holds ? " lacks " : " has ") + *names;
      return part_.name + (holds ? " lacks " : " has any ") + *names;
    }
    if (bits != mask) return std::nullopt;
    auto names = bit_names(mask);
    if (!names) return std::nullopt;
    if (std::popcount(mask) == 1) return part_.name + (holds ? " has " : " lacks ") + *names;
    return negation + part_.name + " has all " + *names;
  }

  // Node by node; equal ends left out.
  Optional chain(Id set, size_t depth) {
    if (++written_ > most_tests || depth > 64 || !effort_.spend()) return std::nullopt;
    const Node node = store_.node(set);
    Expression hit = test(node.mask, node.bits, true), miss = test(node.mask, node.bits, false);
    using enum Expression::Kind;
    bool hit_ends = store_.is_terminal(node.hit), miss_ends = store_.is_terminal(node.miss);
    if (hit_ends && miss_ends) return node.hit == store_.yes() ? hit : miss;
    if (hit_ends) {
      Optional rest = chain(node.miss, depth + 1);
      if (!rest) return std::nullopt;
      return node.hit == store_.yes() ? joined(Or, hit, *rest) : joined(And, miss, *rest);
    }
    Optional then = chain(node.hit, depth + 1);
    if (!then) return std::nullopt;
    if (miss_ends)
      return node.miss == store_.no() ? joined(And, hit, *then) : joined(Or, miss, *then);
    Optional rest = chain(node.miss, depth + 1);
    if (!rest) return std::nullopt;
    // What holds on both ways needs no test.
    if (store_.both(node.hit, store_.negate(node.miss)) == store_.no())
      return joined(Or, *then, joined(And, miss, *rest));
    if (store_.both(node.miss, store_.negate(node.hit)) == store_.no())
      return joined(Or, joined(And, hit, *then), *rest);
    return joined(Or, joined(And, hit, *then), joined(And, miss, *rest));
  }

  struct Range {
    uint64_t low, high;
  };

  // The values that lead to yes, in unsigned order; false when there are too many ranges.
  bool collect(Id set, uint64_t bit, uint64_t from, std::vector<Range>& found) {
    if (set == store_.no()) return true;
    if (set == store_.yes()) {
      uint64_t last = bit == 0 ? from : from | (2 * bit - 1);
      if (!found.empty() && found.back().high + 1 == from && from != 0) {
        found.back().high = last;
      } else {
        found.push_back({from, last});
      }
      return found.size() <= most_items;
    }
    if (++written_ > 20 * most_tests || !effort_.spend()) return false;
    Id clear = store_.cofactor(set, part_.group, bit, false);
    Id high = store_.cofactor(set, part_.group, bit, true);
    return collect(clear, bit >> 1, from, found) && collect(high, bit >> 1, from | bit, found);
  }

  // Signed arguments count from the most negative value on.
  uint64_t sign() const { return part_.arg.is_signed ? uint64_t{1} << (part_.arg.bits - 1) : 0; }

  std::vector<Range> in_order(std::vector<Range> found) const {
    if (sign() == 0) return found;
    std::vector<Range> turned;
    for (Range range : found) {
      bool crosses = range.low < sign() && range.high >= sign();
      if (crosses) turned.push_back({range.low ^ sign(), ones(part_.arg.bits)});
      uint64_t low = crosses ? sign() : range.low;
      turned.push_back({low ^ sign(), range.high ^ sign()});
    }
    std::sort(turned.begin(), turned.end(), [](Range a, Range b) { return a.low < b.low; });
    std::vector<Range> merged;
    for (Range range : turned) {
      if (!merged.empty() && merged.back().high + 1 == range.low) {
        merged.back().high = range.high;
      } else {
        merged.push_back(range);
      }
    }
    return merged;
  }

  Optional ranges(Id set, bool negated) {
    std::vector<Range> found;
    written_ = 0;
    if (!collect(set, uint64_t{1} << (part_.arg.bits - 1), 0, found) || found.empty())
      return std::nullopt;
    found = in_order(std::move(found));
    uint64_t top = ones(part_.arg.bits);
    auto text = [&](uint64_t at) { return value(at ^ sign()); };
    Range only = found.front();
    const std::string& name = part_.name;
    if (found.size() > 1) return listed(name, found, negated);
    if (only.low == only.high)
      return Expression{name + (negated ? " != " : " == ") + text(only.low)};
    if (only.low == 0) return Expression{name + (negated ? " > " : " <= ") + text(only.high)};
    if (only.high == top) return Expression{name + (negated ? " < " : " >= ") + text(only.low)};
    return listed(name, found, negated);
  }

  Optional listed(const std::string& subject, const std::vector<Range>& found, bool negated) const {
    std::string items;
    for (Range range : found) {
      if (!items.empty()) items += ", ";
      items += value(range.low ^ sign());
      // Two neighbours read better as a list.
      if (range.low == range.high) continue;
      items += range.high == range.low + 1 ? ", " : "..";
      items += value(range.high ^ sign());
    }
    if (items.size() > 1500) return std::nullopt;
    return Expression{subject + (negated ? " not in (" : " in (") + items + ")"};
  }

  // Values of the bits that are looked at, the others left out.
  Optional masked(Id set, bool negated) {
    uint64_t mask = mask_of(set);
    if (whole(mask)) return std::nullopt;
    std::vector<uint64_t> found;
    written_ = 0;
    uint64_t top = std::bit_floor(mask);
    if (!values(set, mask, top, 0, found) || found.empty()) return std::nullopt;
    if (found.size() == 1) return test(mask, found.front(), !negated);
    std::string items;
    for (uint64_t one : found) items += (items.empty() ? "" : ", ") + value(one);
    return Expression{under(mask) + (negated ? " not in (" : " in (") + items + ")"};
  }

  uint64_t mask_of(Id set) {
    std::vector<Id> open{set};
    std::set<Id> seen;
    uint64_t mask = 0;
    while (!open.empty()) {
      Id next = open.back();
      open.pop_back();
      if (store_.is_terminal(next) || !seen.insert(next).second) continue;
      mask |= store_.node(next).mask;
      open.push_back(store_.node(next).hit);
      open.push_back(store_.node(next).miss);
    }
    return mask;
  }

  bool values(Id set, uint64_t mask, uint64_t bit, uint64_t from, std::vector<uint64_t>& found) {
    if (set == store_.no()) return true;
    if (++written_ > 20 * most_tests || !effort_.spend()) return false;
    if (bit == 0) {
      found.push_back(from);
      return found.size() <= most_items / 2;
    }
    uint64_t next = std::bit_floor(mask & (bit - 1));
    Id clear = store_.cofactor(set, part_.group, bit, false);
    Id high = store_.cofactor(set, part_.group, bit, true);
    return values(clear, mask, next, from, found) && values(high, mask, next, from | bit, found);
  }

  Store& store_;
  const Part& part_;
  Effort& effort_;
  size_t best_cost_ = 0;
  size_t written_ = 0;
};

// ---- all arguments ------------------------------------------------------------------------------

std::vector<Part> parts_of(const CallOn& subject) {
  std::vector<Part> parts;
  std::span<const calls::Arg> args = calls::args(subject.call, subject.arch);
  for (size_t i = 0; i < args.size(); i++) {
    auto place = calls::place_of(subject.call, subject.arch, i);
    if (!place) continue;
    Part part{.name = std::string(args[i].kernel_name),
              .arg = args[i],
              .arch = subject.arch,
              .group = static_cast<Group>(1 + place->low),
              .bits = place->high ? ones(32) : ones(args[i].bits),
              .pair = place->high.has_value()};
    parts.push_back(part);
    if (!place->high) continue;
    part.group = static_cast<Group>(1 + *place->high);
    part.shift = 32;
    parts.push_back(part);
  }
  return parts;
}

class Predicate {
 public:
  Predicate(Store& store, const CallOn& subject, Effort& effort)
      : store_(store), parts_(parts_of(subject)), effort_(effort) {}

  Optional write(Id condition) {
    if (++written_ > most_tests || store_.is_terminal(condition)) return std::nullopt;
    Group group = store_.node(condition).group;
    auto part = std::find_if(parts_.begin(), parts_.end(),
                             [&](const Part& one) { return one.group == group; });
    if (part == parts_.end()) return std::nullopt;
    std::vector<Id> rests;
    find_rests(condition, group, rests);
    if (rests.size() > most_tests) return std::nullopt;
    Id certain = leads_to(condition, group, store_.yes());
    Optional all;
    if (certain != store_.no()) {
      all = Writer(store_, *part, effort_).write(certain);
      if (!all) return std::nullopt;
    }
    for (Id rest : rests) {
      if (store_.is_terminal(rest)) continue;
      Optional one = alternative(*part, leads_to(condition, group, rest),
                                 implied(condition, group, rests, rest), rest);
      if (!one) return std::nullopt;
      all = all ? joined(Expression::Kind::Or, *all, *one) : *one;
      if (all->tests > most_tests) return std::nullopt;
    }
    return all;
  }

 private:
  // The values of this group that lead to something which holds whenever `rest` does.
  Id implied(Id condition, Group group, const std::vector<Id>& rests, Id rest) {
    Id leads = store_.no();
    for (Id other : rests)
      if (store_.both(rest, store_.negate(other)) == store_.no())
        leads = store_.either(leads, leads_to(condition, group, other));
    return leads;
  }

  // "The argument leads here, and the rest holds"; where the rest implies what holds anyway, the
  // argument may be said to lead here, too, if that is shorter.
  Optional alternative(const Part& part, Id leads, Id wide, Id rest) {
    Optional then = write(rest);
    if (!then) return std::nullopt;
    if (wide == store_.yes()) return then;
    Optional here = Writer(store_, part, effort_).write(leads);
    if (wide != leads) {
      Optional shorter = Writer(store_, part, effort_).write(wide);
      if (shorter && (!here || shorter->text.size() < here->text.size())) here = shorter;
    }
    if (!here) return std::nullopt;
    return joined(Expression::Kind::And, *here, *then);
  }

  bool past(Id id, Group group) const {
    return store_.is_terminal(id) || store_.node(id).group != group;
  }

  void find_rests(Id id, Group group, std::vector<Id>& rests) {
    std::vector<Id> open{id};
    std::set<Id> seen;
    while (!open.empty()) {
      Id next = open.back();
      open.pop_back();
      if (!seen.insert(next).second) continue;
      if (past(next, group)) {
        rests.push_back(next);
        continue;
      }
      open.push_back(store_.node(next).miss);
      open.push_back(store_.node(next).hit);
    }
  }

  // The values of this group for which `rest` is what remains.
  Id leads_to(Id id, Group group, Id rest) {
    std::map<Id, Id> done;
    return leads_to(id, group, rest, done);
  }
  Id leads_to(Id id, Group group, Id rest, std::map<Id, Id>& done) {
    if (past(id, group)) return id == rest ? store_.yes() : store_.no();
    if (auto known = done.find(id); known != done.end()) return known->second;
    if (!effort_.spend()) return store_.no();  // write() gives up before it believes this
    const Node node = store_.node(id);
    Id hit = leads_to(node.hit, group, rest, done);
    Id miss = leads_to(node.miss, group, rest, done);
    return done[id] = store_.test(group, node.mask, node.bits, hit, miss);
  }

  Store& store_;
  std::vector<Part> parts_;
  Effort& effort_;
  size_t written_ = 0;
};

class Projector {
 public:
  Projector(Store& store, const CallOn& subject) : store_(store) {
    for (const Part& part : parts_of(subject)) bits_[static_cast<size_t>(part.group)] |= part.bits;
  }

  Id project(Id id) {
    if (store_.is_terminal(id)) return id;
    if (auto known = done_.find(id); known != done_.end()) return known->second;
    const Node node = store_.node(id);
    uint64_t named = bits_[static_cast<size_t>(node.group)];
    Id miss = project(node.miss);
    Id result = miss;
    if ((node.bits & ~named) == 0)
      result = store_.test(node.group, node.mask & named, node.bits, project(node.hit), miss);
    return done_[id] = result;
  }

 private:
  Store& store_;
  uint64_t bits_[8] = {};
  std::map<Id, Id> done_;
};

size_t nesting(std::string_view text) {
  size_t open = 0, most = 0;
  for (char c : text) {
    if (c == '(') most = std::max(most, ++open);
    if (c == ')') open--;
  }
  return most;
}

}  // namespace

Id nameable(Store& store, Id function, const CallOn& subject) {
  return Projector(store, subject).project(function);
}

std::optional<std::string> predicate_text(Store& store, Id condition, const CallOn& subject,
                                          Effort& effort) {
  if (store.exhausted() || store.larger_than(condition, most_readable_nodes)) return std::nullopt;
  CHECK(!store.is_terminal(condition));
  Optional written = Predicate(store, subject, effort).write(condition);
  if (!written || effort.left == 0 || store.exhausted() || nesting(written->text) > deepest)
    return std::nullopt;
  return std::move(written->text);
}

}  // namespace seclude::filter
