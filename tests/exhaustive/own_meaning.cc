// Own meaning: the language's sentences as code (own_meaning.h).
//
// In: a Spoken policy and a call. Out: its answer. The numbers in comments are the points of
// "Meaning" in docs/language.md.
#include "exhaustive/own_meaning.h"

#include <algorithm>
#include <charconv>

#include "calls/constants.h"

namespace seclude::exhaustive {

namespace {

// The kernel's return values, from <linux/seccomp.h>.
uint32_t ret_of(const Answer& answer, Arch arch) {
  uint16_t number = 0;
  const std::string& with = answer.with;
  bool is_number = !with.empty() && with[0] >= '0' && with[0] <= '9';
  if (is_number) std::from_chars(with.data(), with.data() + with.size(), number);
  switch (answer.word) {
    case Word::Kill:
      return 0x80000000;
    case Word::KillThread:
      return 0;
    case Word::Trap:
      return 0x00030000u | number;
    case Word::Deny:
      if (with == "success") return 0x00050000;
      if (!is_number) number = *calls::find_errno(with.empty() ? "EPERM" : with, arch);
      return 0x00050000u | number;
    case Word::Ask:
      return 0x7fc00000;
    case Word::Trace:
      return 0x7ff00000u | number;
    case Word::Log:
      return 0x7ffc0000;
    case Word::Allow:
      return 0x7fff0000;
  }
  return 0;
}

uint32_t no_such_call(Arch arch) { return 0x00050000u | *calls::find_errno("ENOSYS", arch); }

// 5: what the kernel reads of the register, and how it reads it.
struct Width {
  unsigned bits;
  bool is_signed;

  uint64_t cut(uint64_t value) const {
    return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
  }
  bool less(uint64_t left, uint64_t right) const {
    if (!is_signed) return left < right;
    uint64_t sign = uint64_t{1} << (bits - 1);
    bool left_negative = (left & sign) != 0, right_negative = (right & sign) != 0;
    return left_negative == right_negative ? left < right : left_negative;
  }
};

bool compares(const Test& test, uint64_t x, const Width& width, Arch arch) {
  auto number = [&](const Value& value) { return width.cut(*value_on(value, arch)); };
  if (test.mask) x &= number(*test.mask);
  if (test.op == Operator::In || test.op == Operator::NotIn) {
    bool found = std::any_of(test.items.begin(), test.items.end(), [&](const Item& item) {
      if (!item.high) return x == number(item.low);
      return !width.less(x, number(item.low)) && !width.less(number(*item.high), x);
    });
    return found == (test.op == Operator::In);
  }
  uint64_t value = number(test.value);
  switch (test.op) {
    case Operator::Equal:
      return x == value;
    case Operator::NotEqual:
      return x != value;
    case Operator::Less:
      return width.less(x, value);
    case Operator::LessEqual:
      return x == value || width.less(x, value);
    case Operator::Greater:
      return width.less(value, x);
    case Operator::GreaterEqual:
      return x == value || width.less(value, x);
    case Operator::Has:
    case Operator::HasAll:
      return (~x & value) == 0;
    case Operator::HasAny:
      return (x & value) != 0;
    case Operator::Lacks:
      return (x & value) == 0;
    case Operator::Within:
      return (x | value) == value;
    case Operator::In:
    case Operator::NotIn:
      break;
  }
  return false;
}

// 1: the kernel's own order, strictest first.
int rank(uint32_t ret) {
  switch (ret & 0xffff0000) {
    case 0x80000000:
      return 0;
    case 0x00000000:
      return 1;
    case 0x00030000:
      return 2;
    case 0x00050000:
      return 3;
    case 0x7fc00000:
      return 4;
    case 0x7ff00000:
      return 5;
    case 0x7ffc0000:
      return 6;
    default:
      return 7;
  }
}

// The strictest of several answers.
class Strictest {
 public:
  void add(uint32_t ret) {
    if (!any_ || rank(ret) < rank(ret_)) ret_ = ret;
    any_ = true;
  }
  // 7: of what was added only refusals that are stricter still count beside this.
  void opaque(uint32_t ret) {
    if (!any_ || rank(ret_) >= rank(ret)) ret_ = ret;
    any_ = true;
  }
  bool any() const { return any_; }
  uint32_t ret() const { return ret_; }

 private:
  bool any_ = false;
  uint32_t ret_ = 0;
};

bool arguments_in_memory(CallId call, Arch arch) {
  return !calls::args(call, arch).empty() && !calls::place_of(call, arch, 0);
}

}  // namespace

bool holds(const Pred& pred, CallId call, Arch arch, const std::array<uint64_t, 6>& args) {
  auto child_holds = [&](const Pred& child) { return holds(child, call, arch, args); };
  switch (pred.kind) {
    case Pred::Kind::Not:
      return !child_holds(pred.children.front());
    case Pred::Kind::And:
      return std::all_of(pred.children.begin(), pred.children.end(), child_holds);
    case Pred::Kind::Or:
      return std::any_of(pred.children.begin(), pred.children.end(), child_holds);
    case Pred::Kind::Test:
      break;
  }
  size_t index = *calls::find_arg(call, arch, pred.test.arg);
  const calls::Arg& arg = calls::args(call, arch)[index];
  calls::Place place = *calls::place_of(call, arch, index);
  uint64_t x = args[place.low];
  if (place.high) x = (x & 0xffffffff) + (args[*place.high] << 32);
  Width width{arg.bits, arg.is_signed};
  return compares(pred.test, width.cut(x), width, arch);
}

OwnMeaning::OwnMeaning(const Spoken& policy)
    : policy_(policy), pin_(policy.pin.value_or(calls::KernelVersion{6, 12})) {}

uint32_t OwnMeaning::answer(const AskedCall& asked) {
  const About* found = about(asked.audit, asked.number);
  if (!found) return 0x80000000;  // 6: architectures not listed are killed
  return answer_of(*found, asked);
}

const OwnMeaning::About* OwnMeaning::about(uint32_t audit, uint32_t number) {
  auto [place, is_new] = known_.try_emplace({audit, number});
  if (is_new) {
    // 6: x32 is x86_64 with bit 30 set and bit 31 clear.
    bool x32 = audit == calls::info(Arch::x32).audit && (number & 0xc0000000) == 0x40000000;
    for (Arch arch : policy_.archs)
      if (calls::info(arch).audit == audit && (arch == Arch::x32) == x32)
        place->second = look(arch, number);
  }
  return place->second ? &*place->second : nullptr;
}

OwnMeaning::About OwnMeaning::look(Arch arch, uint32_t number) const {
  About about;
  about.arch = arch;
  about.call = calls::call_at(arch, number);
  if (about.call) about.own = lines_about(arch, *about.call, false);
  for (const Line& line : policy_.lines) {
    if (line.on && *line.on != arch) continue;
    bool by_number = std::count(line.numbers.begin(), line.numbers.end(), number) > 0;
    if (by_number) about.own.rules.push_back({&line, about.call.value_or(0), false});
    about.named |= by_number;
    if (about.call) about.named |= mention(line, *about.call, arch) == Mention::ByName;
  }
  if (!about.call) {
    about.unknown = !about.named;
    return about;
  }
  std::string_view name = calls::name_of(*about.call);
  about.returns = name == "restart_syscall" || name == "rt_sigreturn" || name == "sigreturn";
  about.opaque = !about.named && twin_is_tested(*about.call, arch);
  about.unknown = !about.named && !about.opaque && !about.returns &&
                  calls::since(*about.call, arch) > pin_;  // 8
  if (calls::is_carrier(*about.call)) look_into_carrier(about);
  return about;
}

void OwnMeaning::look_into_carrier(About& about) const {
  about.code_mask = calls::name_of(*about.call) == "ipc" ? 0xffff : 0xffffffff;
  for (const calls::Code& code : calls::codes(*about.call))
    about.codes[code.code] = lines_about(about.arch, code.call, true);
}

OwnMeaning::Lines OwnMeaning::lines_about(Arch arch, CallId call, bool in_memory) const {
  Lines lines;
  bool by_name = false;
  for (const Line& line : policy_.lines) {
    Mention how = mention(line, call, arch);
    if (how == Mention::None) continue;
    if (how == Mention::BySet && !in_kernel(call, arch, in_memory)) continue;  // 8
    if (line.kind == Line::Kind::Rule) {
      lines.rules.push_back({&line, call, in_memory || arguments_in_memory(call, arch)});
      lines.tested |= line.where.has_value();
    } else if (line.kind == Line::Kind::OtherwiseFor &&
               (!lines.otherwise || (how == Mention::ByName && !by_name))) {
      lines.otherwise = &line;  // 1: a name beats a set
      by_name = how == Mention::ByName;
    }
  }
  return lines;
}

// Does the line speak of this call on this architecture? A set never means a carrier itself: what
// goes through it comes with the set's other members.
OwnMeaning::Mention OwnMeaning::mention(const Line& line, CallId call, Arch arch) const {
  if (line.on && *line.on != arch) return Mention::None;
  if (std::count(line.calls.begin(), line.calls.end(), call) > 0) return Mention::ByName;
  if (calls::is_carrier(call)) return Mention::None;
  for (size_t set : line.sets) {
    const std::vector<CallId>& members = policy_.sets[set].calls;
    if (std::count(members.begin(), members.end(), call) > 0) return Mention::BySet;
  }
  return Mention::None;
}

// 8: the kernel of the policy has it, by its own number or (6) inside socketcall or ipc.
bool OwnMeaning::in_kernel(CallId call, Arch arch, bool in_memory) const {
  if (in_memory) return calls::since(calls::multiplexed(call, arch)->carrier, arch) <= pin_;
  return calls::since(call, arch) <= pin_;
}

// 7: is an argument of a call tested for which this one can stand in with arguments in memory?
bool OwnMeaning::twin_is_tested(CallId twin, Arch arch) const {
  for (const calls::Numbered& other : calls::numbers(arch)) {
    auto twins = calls::opaque_twins(other.call);
    if (std::find(twins.begin(), twins.end(), twin) == twins.end()) continue;
    if (lines_about(arch, other.call, false).tested) return true;
  }
  return false;
}

uint32_t OwnMeaning::general(Arch arch) const {
  for (const Line& line : policy_.lines)
    if (line.kind == Line::Kind::Otherwise && (!line.on || *line.on == arch))
      return ret_of(line.answer, arch);
  return 0x80000000;
}

uint32_t OwnMeaning::unknown(Arch arch) const {
  for (const Line& line : policy_.lines)
    if (line.kind == Line::Kind::OtherwiseForUnknown && (!line.on || *line.on == arch))
      return ret_of(line.answer, arch);
  return no_such_call(arch);
}

uint32_t OwnMeaning::answer_of(const About& about, const AskedCall& asked) const {
  Arch arch = about.arch;
  if (about.unknown) return unknown(arch);
  auto collect = [&](const Lines& lines, Strictest& strictest) {
    for (const Spoke& spoke : lines.rules) {
      const Line& line = *spoke.line;
      bool matches = !line.where;
      // 6: where the arguments are in memory a refusal refuses all, anything else nothing.
      if (line.where && spoke.in_memory) matches = refuses(line.answer.word);
      if (line.where && !spoke.in_memory)
        matches = holds(*line.where, spoke.call, arch, asked.args);
      if (matches) strictest.add(ret_of(line.answer, arch));
    }
  };
  Strictest strictest;
  collect(about.own, strictest);
  if (about.returns) {  // 8: always allowed, at most logged
    bool logged = strictest.any() && rank(strictest.ret()) == rank(0x7ffc0000);
    return logged ? 0x7ffc0000 : 0x7fff0000;
  }
  const Line* otherwise = about.own.otherwise;
  auto code = about.codes.find(static_cast<uint32_t>(asked.args[0]) & about.code_mask);
  if (code != about.codes.end()) {
    Strictest inside;
    collect(code->second, inside);
    bool opaque = code->second.tested && !about.named;  // 7
    if (opaque) inside.opaque(no_such_call(arch));
    if (inside.any()) strictest.add(inside.ret());
    if (code->second.otherwise && !opaque) otherwise = code->second.otherwise;
  }
  if (about.opaque) strictest.opaque(no_such_call(arch));  // 7
  if (strictest.any()) return strictest.ret();
  return otherwise ? ret_of(otherwise->answer, arch) : general(arch);
}

}  // namespace seclude::exhaustive
