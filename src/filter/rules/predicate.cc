// Turns a `where` into a condition on registers; see predicate.h.
#include "filter/rules/predicate.h"

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "calls/constants.h"
#include "filter/rules/reach.h"
#include "policy/printer.h"

namespace seclude::filter {

namespace {

uint64_t ones(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

class Lowerer {
 public:
  Lowerer(Names& names, const PredicateTarget& target, Diagnostics& diagnostics)
      : names_(names), target_(target), diagnostics_(diagnostics) {}

  Condition pred(const policy::Pred& pred, bool positive) {
    switch (pred.kind) {
      case policy::Pred::Kind::Test:
        return test(pred.test, positive);
      case policy::Pred::Kind::Parentheses:
        return this->pred(pred.children.at(0), positive);
      case policy::Pred::Kind::Not: {
        Condition inner = this->pred(pred.children.at(0), !positive);
        return {.kind = Condition::Kind::Not, .test = {}, .children = {std::move(inner)}};
      }
      case policy::Pred::Kind::And:
      case policy::Pred::Kind::Or: {
        Condition all{.kind = pred.kind == policy::Pred::Kind::And ? Condition::Kind::And
                                                                   : Condition::Kind::Or,
                      .test = {},
                      .children = {}};
        for (const policy::Pred& child : pred.children)
          all.children.push_back(this->pred(child, positive));
        return all;
      }
    }
    return {};
  }

  bool failed() const { return failed_; }
  bool untestable() const { return untestable_; }

 private:
  Condition test(const policy::Test& test, bool positive) {
    auto index = calls::find_arg(target_.call, target_.arch, test.arg.text);
    if (!index) {  // the caller reports it, for all members of the list at once
      failed_ = true;
      return {};
    }
    const calls::Arg& arg = calls::args(target_.call, target_.arch)[*index];
    auto place =
        target_.in_memory ? std::nullopt : calls::place_of(target_.call, target_.arch, *index);
    if (!place && target_.as_registers)
      place = calls::Place{static_cast<uint8_t>(*index), std::nullopt};
    Test out;
    out.field = {.bits = arg.bits, .low = 0, .high = std::nullopt, .is_signed = arg.is_signed};
    if (place) {
      out.field.low = place->low;
      out.field.high = place->high;
    }
    fill(test, out);
    if (!place) {
      untestable_ = true;
      // Matching decides for the stricter side: an allow must not match, a refusal must.
      bool matches = target_.permitting != positive;
      return {.kind = matches ? Condition::Kind::Always : Condition::Kind::Never,
              .test = {},
              .children = {}};
    }
    return {.kind = Condition::Kind::Test, .test = std::move(out), .children = {}};
  }

  void fill(const policy::Test& test, Test& out) {
    out.mask = ones(out.field.bits);
    if (test.mask) {
      auto mask = value(*test.mask, out.field, "the mask does");
      if (!mask) return;
      out.mask = *mask;
      if (out.mask == 0) return never(test, "no bit is left to compare");
    }
    using enum policy::Operator;
    switch (test.op) {
      case Equal:
        return equal(test, out, Compare::Equal);
      case NotEqual:
        return equal(test, out, Compare::NotEqual);
      case Less:
        return order(test, out, Compare::Less);
      case LessEqual:
        return order(test, out, Compare::LessEqual);
      case Greater:
        return order(test, out, Compare::Greater);
      case GreaterEqual:
        return order(test, out, Compare::GreaterEqual);
      case In:
        return in(test, out, Compare::In);
      case NotIn:
        return in(test, out, Compare::NotIn);
      case Has:
        return bits(test, out, Compare::HasAll);
      case HasAll:
        return bits(test, out, Compare::HasAll);
      case HasAny:
        return bits(test, out, Compare::HasAny);
      case Lacks:
        return bits(test, out, Compare::Lacks);
      case Within:
        return bits(test, out, Compare::Within);
    }
  }

  // ---- the operators
  // -----------------------------------------------------------------------------

  void equal(const policy::Test& test, Test& out, Compare op) {
    out.op = op;
    auto number = value(test.value, out.field, "this value does");
    if (!number) return;
    out.value = *number;
    if ((out.value & ~out.mask) == 0) return;
    if (op == Compare::Equal)
      never(test, "the value has bits that the mask removes");
    else
      always(test, "the value has bits that the mask removes");
  }

  void order(const policy::Test& test, Test& out, Compare op) {
    out.op = op;
    auto number = value(test.value, out.field, "this value does");
    if (!number) return;
    out.value = *number;
    Reach reach(out.field, out.mask);
    uint64_t at = ordered(out.value, out.field);
    auto width = [&] {
      return "`" + test.arg.text + "` is " + std::to_string(out.field.bits) + " bits wide, " +
             (out.field.is_signed ? "signed" : "unsigned");
    };
    bool none_smaller = at <= reach.least(), none_larger = at >= reach.greatest();
    if (none_smaller && op == Compare::Less) return never(test, width() + ": nothing is smaller");
    if (none_smaller && op == Compare::GreaterEqual)
      return always(test, width() + ": nothing is smaller");
    if (none_larger && op == Compare::Greater) return never(test, width() + ": nothing is larger");
    if (none_larger && op == Compare::LessEqual)
      return always(test, width() + ": nothing is larger");
    // Beyond what the mask leaves.
    bool all_smaller = at > reach.greatest(), all_larger = at < reach.least();
    if (all_smaller && op == Compare::Less) return always(test, "the mask leaves less than that");
    if (all_smaller && op == Compare::GreaterEqual)
      return never(test, "the mask leaves less than that");
    if (all_larger && op == Compare::Greater) return always(test, "the mask leaves more than that");
    if (all_larger && op == Compare::LessEqual)
      return never(test, "the mask leaves more than that");
  }

  void in(const policy::Test& test, Test& out, Compare op) {
    out.op = op;
    for (const policy::Item& item : test.items) {
      auto low = value(item.low, out.field, "this value does");
      auto high = item.high ? value(*item.high, out.field, "this value does") : low;
      if (!low || !high) continue;
      if (ordered(*low, out.field) > ordered(*high, out.field)) {
        error(
            item.low.span, "this range is empty",
            "`" + policy::print(item.low) + "` is greater than `" + policy::print(*item.high) + "`",
            "write the smaller one first");
        continue;
      }
      auto first = Reach(out.field, out.mask).at_least(ordered(*low, out.field));
      if (!first || *first > ordered(*high, out.field)) {
        error(
            item.low.span, item.high ? "this range can never match" : "this value can never match",
            item.high ? "the mask leaves no value in it" : "it has bits that the mask removes", "");
        continue;
      }
      out.ranges.emplace_back(*low, *high);
    }
    if (!contains_everything(out)) return;
    std::string why = out.ranges.size() == 1 ? "the range contains every value"
                                             : "together they contain every value";
    if (op == Compare::In) always(test, std::move(why));
    if (op == Compare::NotIn) never(test, std::move(why));
  }

  static bool contains_everything(const Test& test) {
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    for (auto [low, high] : test.ranges)
      ranges.emplace_back(ordered(low, test.field), ordered(high, test.field));
    std::sort(ranges.begin(), ranges.end());
    Reach reach(test.field, test.mask);
    uint64_t missing = reach.least();  // the first value that no range so far contains
    for (auto [low, high] : ranges) {
      if (low > missing) return false;
      if (high >= reach.greatest()) return true;
      if (high >= missing) missing = *reach.at_least(high + 1);
    }
    return false;
  }

  void bits(const policy::Test& test, Test& out, Compare op) {
    out.op = op;
    if (no_set_of_bits(test)) return;
    auto number = value(test.value, out.field, "these bits do");
    if (!number) return;
    out.value = *number;
    if ((out.value & ~out.mask) != 0)
      return error(test.value.span, "the mask removes some of these bits",
                   "bits outside the mask are never seen here", "leave them out, or the mask");
    if (test.op == policy::Operator::Has && std::popcount(out.value) > 1) {
      std::string arg = test.arg.text, text = policy::print(test.value);
      Diagnostic problem{.message = "`has` asks for one bit, `" + text + "` has " +
                                    std::to_string(std::popcount(out.value)),
                         .span = test.value.span,
                         .label = "all of them, or any of them?"};
      problem.helps.push_back("write `" + arg + " has all " + text + "` or `" + arg + " has any " +
                              text + "`");
      diagnostics_.add(std::move(problem));
      failed_ = true;
      return;
    }
    bool empty = out.value == 0, full = (out.value & out.mask) == out.mask;
    if (empty && op == Compare::HasAny) return never(test, "it names no bit");
    if (empty && op != Compare::Within) return always(test, "it names no bit");
    if (full && op == Compare::Within) return always(test, "it names every bit");
  }

  // `has O_RDONLY` reads well and means nothing: O_RDONLY is 0, SOCK_RAW is SOCK_STREAM|SOCK_DGRAM.
  bool no_set_of_bits(const policy::Test& test) {
    bool found = false;
    for (const Names::Mentioned& one : names_.mentioned(target_.text, test.value)) {
      const calls::Constant& constant = calls::constant_at(one.constant);
      std::string name(constant.name);
      if (!constant.is_bits) {
        found = true;
        error(one.span, "`" + name + "` is no set of bits",
              "it is one value of several, and values share bits",
              "write `" + test.arg.text + " & ~(" + neighbours(constant) + ") == " + name + "`");
      } else if (constant.composite && test.op == policy::Operator::Lacks) {
        diagnostics_.add({.severity = Severity::Warning,
                          .message = "`lacks " + name + "` also refuses single bits of it",
                          .span = one.span,
                          .label = "`" + name + "` contains bits that mean something else alone",
                          .helps = {"write `not " + test.arg.text + " has all " + name +
                                    "` if only the whole is meant"}});
      }
    }
    return found;
  }

  // The flags that may stand beside this value in the same argument, as far as the tables know.
  static std::string neighbours(const calls::Constant& constant) {
    std::string list;
    size_t found = 0;
    for (const calls::Constant& other : calls::all_constants()) {
      if (other.set != constant.set || !other.is_bits) continue;
      if (++found > 3) return "FLAGS";
      if (!list.empty()) list += "|";
      list += other.name;
    }
    if (constant.set == "futex") return "FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME";
    return list.empty() ? "FLAGS" : list;
  }

  // ---- values and errors
  // -------------------------------------------------------------------------

  // The value cut to the field; an error when it cannot be a value of that width.
  std::optional<uint64_t> value(const policy::Value& text, const Field& field,
                                std::string_view what) {
    auto number = names_.value(target_.text, text, target_.arch);
    if (!number) {
      failed_ = true;
      return std::nullopt;
    }
    uint64_t top = ones(field.bits);
    uint64_t sign = ~(top >> 1);  // a negative number that fits has all of these
    // `~` turns over the bits of the argument, not of a 64-bit number: ~0x80000000 fits 32 bits.
    if ((*number & ~top) == ~top && names_.complements(target_.text, text)) return *number & top;
    if (*number > top && (*number & sign) != sign) {
      error(text.span, std::string(what) + " not fit the argument",
            "`" + policy::print(text) + "` needs more than the " + std::to_string(field.bits) +
                " bits the kernel reads",
            "");
      return std::nullopt;
    }
    return *number & top;
  }

  void never(const policy::Test& test, std::string why) {
    error(test.span, "this comparison can never hold", std::move(why), "");
  }
  void always(const policy::Test& test, std::string why) {
    error(test.span, "this comparison always holds", std::move(why), "leave it out");
  }

  void error(Span span, std::string message, std::string label, std::string help) {
    Diagnostic problem{.message = std::move(message), .span = span, .label = std::move(label)};
    if (!help.empty()) problem.helps.push_back(std::move(help));
    diagnostics_.add(std::move(problem));
    failed_ = true;
  }

  Names& names_;
  const PredicateTarget& target_;
  Diagnostics& diagnostics_;
  bool failed_ = false;
  bool untestable_ = false;
};

}  // namespace

std::optional<Lowered> lower(Names& names, const policy::Pred& pred, const PredicateTarget& target,
                             Diagnostics& diagnostics) {
  Lowerer lowerer(names, target, diagnostics);
  Condition where = lowerer.pred(pred, true);
  if (lowerer.failed()) return std::nullopt;
  return Lowered{std::move(where), lowerer.untestable()};
}

const policy::Name* missing_argument(const policy::Pred& pred, calls::CallId call,
                                     calls::Arch arch) {
  if (pred.kind == policy::Pred::Kind::Test)
    return calls::find_arg(call, arch, pred.test.arg.text) ? nullptr : &pred.test.arg;
  for (const policy::Pred& child : pred.children)
    if (const policy::Name* name = missing_argument(child, call, arch)) return name;
  return nullptr;
}

bool has_arguments(const policy::Pred& pred, calls::CallId call, calls::Arch arch) {
  return missing_argument(pred, call, arch) == nullptr;
}

}  // namespace seclude::filter
