// Random predicate: tests, and trees of them (random_predicate.h).
//
// In: a wish. Out: a tree that is accepted. A test is drawn and then judged for each call and
// architecture, until one suits all of them: the judge says when the language would object.
#include "exhaustive/random_predicate.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <string_view>

#include "calls/constants.h"

namespace seclude::exhaustive {

namespace {

// One call on one architecture: how it reads the argument of a test.
struct Reader {
  Arch arch;
  calls::Arg arg;

  uint64_t top() const { return arg.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << arg.bits) - 1; }
  uint64_t sign() const { return uint64_t{1} << (arg.bits - 1); }
  // As a number whose unsigned order is the argument's own.
  uint64_t ordered(uint64_t value) const { return arg.is_signed ? value ^ sign() : value; }
  std::optional<uint64_t> read(const Value& value) const {
    auto number = value_on(value, arch);
    if (!number) return std::nullopt;
    // `~` turns over the argument's bits, whatever the sign becomes.
    uint64_t high = value.complement ? ~top() : ~top() | sign();
    if (*number > top() && (*number & high) != high) return std::nullopt;
    return *number & top();
  }
};

// ---- the judge ----------------------------------------------------------------------------------

// What (x & mask) can be, in the argument's order: `always` and any of the `free` bits.
struct Possible {
  uint64_t always, free;

  uint64_t least() const { return always; }
  uint64_t greatest() const { return always | free; }
  // The greatest of them up to `bound`: bits are added from the top while it stays below.
  std::optional<uint64_t> at_most(uint64_t bound) const {
    if (always > bound) return std::nullopt;
    uint64_t found = always;
    for (unsigned bit = 64; bit-- > 0;)
      if (uint64_t more = found | (free & uint64_t{1} << bit); more <= bound) found = more;
    return found;
  }
};
Possible possible(const Reader& reader, uint64_t mask) {
  bool sign_removed = reader.arg.is_signed && (mask & reader.sign()) == 0;
  return {sign_removed ? reader.sign() : 0, mask};
}

bool order_decides(const Test& test, const Reader& reader, const Possible& can, uint64_t value) {
  uint64_t at = reader.ordered(value);
  bool low_side = test.op == Operator::Less || test.op == Operator::GreaterEqual;
  return low_side ? can.least() < at && at <= can.greatest()
                  : can.least() <= at && at < can.greatest();
}

bool items_decide(const Test& test, const Reader& reader, const Possible& can) {
  struct Range {
    uint64_t low, high;
  };
  std::vector<Range> ranges;
  for (const Item& item : test.items) {
    auto low = reader.read(item.low), high = item.high ? reader.read(*item.high) : low;
    if (!low || !high) return false;
    Range range{reader.ordered(*low), reader.ordered(*high)};
    if (range.low > range.high || can.at_most(range.high).value_or(0) < range.low) return false;
    if (!can.at_most(range.high)) return false;
    ranges.push_back(range);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.high > b.high; });
  uint64_t missing = can.greatest();  // the greatest that no range so far contains
  for (const Range& range : ranges) {
    if (range.high < missing) return true;
    if (range.low <= can.least()) return false;
    missing = std::min(missing, *can.at_most(range.low - 1));
  }
  return true;
}

bool bits_decide(const Test& test, uint64_t value, uint64_t mask) {
  if ((value & ~mask) != 0) return false;
  if (test.op == Operator::Within) return value != mask;
  return test.op == Operator::Has ? std::popcount(value) == 1 : value != 0;
}

bool acceptable(const Test& test, const Reader& reader) {
  uint64_t mask = reader.top();
  if (test.mask) {
    auto number = reader.read(*test.mask);
    if (!number || *number == 0) return false;
    mask = *number;
  }
  Possible can = possible(reader, mask);
  if (test.op == Operator::In || test.op == Operator::NotIn) return items_decide(test, reader, can);
  auto value = reader.read(test.value);
  if (!value) return false;
  if (test.op == Operator::Equal || test.op == Operator::NotEqual) return (*value & ~mask) == 0;
  bool ordered = test.op >= Operator::Less && test.op <= Operator::GreaterEqual;
  return ordered ? order_decides(test, reader, can, *value) : bits_decide(test, *value, mask);
}

// ---- drawing ------------------------------------------------------------------------------------

const std::vector<uint16_t>& constants_of(std::string_view set) {
  static const auto by_set = [] {
    std::map<std::string_view, std::vector<uint16_t>> made;
    auto all = calls::all_constants();
    for (size_t i = 0; i < all.size(); i++) made[all[i].set].push_back(static_cast<uint16_t>(i));
    return made;
  }();
  static const std::vector<uint16_t> none;
  auto found = by_set.find(set);
  return found == by_set.end() ? none : found->second;
}

class Drawer {
 public:
  Drawer(Random& random, const PredicateWish& wish) : random_(random), wish_(wish) {}

  std::optional<Pred> pred(int depth) {
    size_t kind = depth <= 0 ? 0 : random_.below(10);
    Pred made;
    if (kind < 6) {
      auto test = this->test();
      if (!test) return std::nullopt;
      made.test = std::move(*test);
      return made;
    }
    made.kind = kind == 6 ? Pred::Kind::Not : kind <= 7 ? Pred::Kind::Or : Pred::Kind::And;
    size_t children = made.kind == Pred::Kind::Not ? 1 : 2 + random_.below(2);
    for (size_t i = 0; i < children; i++) {
      auto child = pred(depth - 1);
      if (!child) return std::nullopt;
      made.children.push_back(std::move(*child));
    }
    return made;
  }

 private:
  // Every (call, architecture) that will read an argument of this name; empty when one has none.
  std::vector<Reader> readers(std::string_view name) const {
    std::vector<Reader> found;
    for (CallId call : wish_.calls)
      for (Arch arch : wish_.archs) {
        if (!calls::number_of(call, arch) && !calls::multiplexed(call, arch)) continue;
        auto index = calls::find_arg(call, arch, name);
        if (!index) return {};
        found.push_back({arch, calls::args(call, arch)[*index]});
      }
    return found;
  }

  std::optional<Test> test() {
    for (int attempt = 0; attempt < 40; attempt++) {
      CallId call = random_.pick(wish_.calls);
      Arch arch = random_.pick(wish_.archs);
      auto args = calls::args(call, arch);
      if (args.empty()) continue;
      const calls::Arg& arg = random_.pick(args);
      bool as_in_man = !arg.man_name.empty() && random_.chance(30);
      Test test;
      test.arg = as_in_man ? arg.man_name : arg.kernel_name;
      std::vector<Reader> all = readers(test.arg);
      if (all.empty()) continue;
      fill(test, arg);
      bool good = std::all_of(all.begin(), all.end(),
                              [&](const Reader& reader) { return acceptable(test, reader); });
      if (good) return remember(std::move(test));
    }
    return std::nullopt;
  }

  void fill(Test& test, const calls::Arg& arg) {
    test.op = static_cast<Operator>(random_.below(13));
    if (random_.chance(25)) test.mask = value(arg, true);
    bool items = test.op == Operator::In || test.op == Operator::NotIn;
    bool bits = test.op >= Operator::Has;
    if (!items) {
      test.value = value(arg, bits);
      // Half of what a mask removes would be refused; keep what is left of it.
      if (test.mask && random_.chance(70) && !test.value.constant && !test.mask->constant &&
          test.value.let.empty())
        test.value = random_spelling(random_, test.value.number & test.mask->number);
      return;
    }
    for (size_t i = 1 + random_.below(4); i > 0; i--) {
      Item item{value(arg, false), std::nullopt};
      if (random_.chance(40)) item.high = value(arg, false);
      test.items.push_back(std::move(item));
    }
  }

  Value value(const calls::Arg& arg, bool as_bits) {
    if (!wish_.lets->empty() && random_.chance(6)) return random_.pick(*wish_.lets);
    const std::vector<uint16_t>& names = constants_of(arg.set);
    Value made = random_spelling(random_, number(arg, as_bits));
    if (!names.empty() && random_.chance(35)) {
      uint16_t index = random_.pick(names);
      if (!as_bits || calls::constant_at(index).is_bits) {
        made.constant = index;
        if (random_.chance(75)) made = {.constant = index};
        if (made.number >> 63) made = {.constant = index};  // "A|-1" reads badly
      }
    }
    made.complement = as_bits && !made.spelling.starts_with("-") && random_.chance(8);
    return made;
  }

  uint64_t number(const calls::Arg& arg, bool as_bits) {
    std::vector<uint64_t>& used = *wish_.numbers;
    unsigned bits = arg.bits;
    uint64_t top = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    switch (random_.below(as_bits ? 5 : 9)) {
      case 0:
        return uint64_t{1} << random_.below(bits);
      case 1:
        return (uint64_t{1} << random_.below(bits)) | (uint64_t{1} << random_.below(bits)) |
               (uint64_t{1} << random_.below(bits));
      case 2:
        return random_.below(256);
      case 3:
        return random_.next() & top & (random_.chance(50) ? random_.next() : top);
      case 4:
      case 5:
        if (!used.empty()) return (random_.pick(used) + random_.below(3) - 1) & top;
        return random_.below(10);
      case 6:
        return ~uint64_t{0} - random_.below(random_.chance(50) ? 3 : 5000);  // negative
      case 7:  // around where the sign, or a half, changes
        return ((uint64_t{1} << random_.pick(edges)) + random_.below(3) - 1) & top;
      default:
        return random_.below(8);
    }
  }
  static constexpr unsigned edges[] = {8, 15, 16, 31, 32, 33, 47, 63};

  Test remember(Test test) {
    std::vector<uint64_t>& used = *wish_.numbers;
    used.push_back(test.value.number);
    for (const Item& item : test.items) used.push_back(item.low.number);
    return test;
  }

  Random& random_;
  const PredicateWish& wish_;
};

std::string in_base(uint64_t number, int base, std::string_view prefix) {
  char digits[72];
  auto end = std::to_chars(std::begin(digits), std::end(digits), number, base).ptr;
  return std::string(prefix) + std::string(digits, end);
}

}  // namespace

Value random_spelling(Random& random, uint64_t number) {
  Value value{.number = number, .spelling = {}};
  bool small_negative = number > ~uint64_t{0} - 0x100000000;
  size_t base = random.below(8);
  if (small_negative && base < 6) {
    value.spelling = base < 3 ? in_base(~number + 1, 10, "-") : in_base(~number + 1, 16, "-0x");
  } else if (base < 3) {
    value.spelling = in_base(number, 10, "");
  } else if (base == 3) {
    value.spelling = in_base(number, 8, "0o");
  } else if (base == 4 && number < 0x10000) {
    value.spelling = in_base(number, 2, "0b");
  } else {
    value.spelling = in_base(number, 16, "0x");
  }
  return value;
}

std::optional<Pred> random_predicate(Random& random, const PredicateWish& wish) {
  return Drawer(random, wish).pred(random.chance(60) ? 1 : 3);
}

}  // namespace seclude::exhaustive
