// Random policy: lines about random calls (random_policy.h).
//
// In: a seed. Out: a Spoken. random_predicate.h makes the conditions.
#include "exhaustive/random_policy.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "calls/constants.h"
#include "exhaustive/random_predicate.h"

namespace seclude::exhaustive {

namespace {

// Calls with something to get wrong: narrow, signed and paired arguments, arguments in memory,
// twins, carriers, other orders on other architectures, numbers at the ends of the tables.
constexpr std::string_view favourites[] = {
    "read",        "write",       "open",
    "openat",      "openat2",     "creat",
    "clone",       "clone3",      "fork",
    "vfork",       "mmap",        "mmap2",
    "mprotect",    "ioctl",       "fcntl",
    "fcntl64",     "socket",      "connect",
    "bind",        "sendto",      "setsockopt",
    "shmget",      "semop",       "msgctl",
    "pread64",     "pwrite64",    "lseek",
    "ftruncate",   "ftruncate64", "truncate64",
    "fallocate",   "readahead",   "select",
    "chmod",       "fchmodat",    "mkdirat",
    "umask",       "kill",        "tgkill",
    "prctl",       "personality", "writev",
    "preadv",      "pwritev2",    "futex",
    "setuid",      "chown",       "ptrace",
    "unshare",     "setns",       "mremap",
    "madvise",     "close_range", "faccessat2",
    "execve",      "exit_group",  "socketcall",
    "ipc",         "statx",       "io_uring_setup",
    "mseal",       "fchmodat2",   "keyctl",
    "bpf",         "userfaultfd", "landlock_create_ruleset",
    "setpriority", "getpriority", "waitid",
    "reboot",      "mount",       "memfd_create",
};

// Calls that any line may speak of.
const std::vector<CallId>& speakable() {
  static const std::vector<CallId> made = [] {
    std::set<CallId> left_out;
    for (std::string_view name : {"restart_syscall", "rt_sigreturn", "sigreturn"})
      if (auto call = calls::find_call(name)) left_out.insert(*call);
    // Of two names for one number the tables show one; a policy with both would confuse the test.
    for (Arch arch : calls::all_archs) {
      std::map<uint32_t, CallId> first;
      for (size_t id = 0; id < calls::all_calls().size(); id++) {
        CallId call = static_cast<CallId>(id);
        auto number = calls::number_of(call, arch);
        if (!number || first.try_emplace(*number, call).second) continue;
        left_out.insert(call);
        left_out.insert(first[*number]);
      }
    }
    std::vector<CallId> list;
    for (size_t id = 0; id < calls::all_calls().size(); id++)
      if (!left_out.contains(static_cast<CallId>(id))) list.push_back(static_cast<CallId>(id));
    return list;
  }();
  return made;
}

const std::vector<std::vector<Arch>>& groups_of_archs() {
  static const std::vector<std::vector<Arch>> made = [] {
    using enum Arch;
    std::vector<std::vector<Arch>> list = {
        {x86_64, x86}, {x86_64, x86},     {x86_64, x32, x86}, {x86_64, x32},
        {x86},         {x86_64, aarch64}, {aarch64},          {aarch64, arm},
        {arm},         {s390x},           {mips64},           {s390x, mips64},
        {riscv64},     {ppc64le},         {loongarch64},      {x86_64, x86, aarch64, arm, riscv64},
        {x32},         {ppc64le, x86_64},
    };
    for (int i = 0; i < 12; i++) list.push_back({x86_64});
    return list;
  }();
  return made;
}

class Author {
 public:
  Author(uint64_t seed, const Wish& wish) : random_(seed), wish_(wish) { policy_.seed = seed; }

  Spoken write() {
    policy_.archs = wish_.archs.empty() ? random_.pick(groups_of_archs()) : wish_.archs;
    if (random_.chance(35)) policy_.pin = random_.pick(pins);
    one_number_each_ = random_.chance(35);
    house_ = numbers();
    for (size_t i = random_.below(3); i > 0; i--) let();
    std::vector<CallId> calls = subjects();
    for (CallId call : calls) rules_about(call);
    if (!one_number_each_) {
      lines_with_sets();
      while (random_.chance(15)) line_with_number();
    }
    for (CallId call : calls)
      if (random_.chance(15)) otherwise_for(call);
    answers_for_the_rest();
    random_.shuffle(policy_.lines);
    return std::move(policy_);
  }

 private:
  static constexpr calls::KernelVersion pins[] = {{2, 6},  {3, 10}, {4, 2}, {4, 19}, {5, 4},
                                                  {5, 10}, {6, 1},  {6, 6}, {6, 12}, {7, 0}};

  // What `deny`, `trap` and `trace` carry: rules of one call must agree about it.
  struct Numbers {
    std::string deny, trap, trace;
  };
  Numbers numbers() {
    static constexpr std::string_view errnos[] = {"EPERM",  "EACCES",  "ENOSYS",       "EINVAL",
                                                  "ENOTTY", "EDEADLK", "ECONNREFUSED", "success"};
    Numbers made;
    if (random_.chance(50))
      made.deny = random_.pick(errnos);
    else if (random_.chance(50))
      made.deny = std::to_string(1 + random_.below(4095));
    if (random_.chance(50)) made.trap = std::to_string(random_.below(0x10000));
    if (random_.chance(50)) made.trace = std::to_string(random_.below(0x10000));
    return made;
  }

  Answer answer(const Numbers& numbers) {
    static constexpr Word words[] = {Word::Kill,  Word::KillThread, Word::Trap,  Word::Deny,
                                     Word::Deny,  Word::Ask,        Word::Trace, Word::Log,
                                     Word::Allow, Word::Allow,      Word::Allow};
    Answer made{random_.pick(words), ""};
    if (made.word == Word::Deny) made.with = numbers.deny;
    if (made.word == Word::Trap) made.with = numbers.trap;
    if (made.word == Word::Trace) made.with = numbers.trace;
    return made;
  }

  void let() {
    Value value = random_spelling(
        random_, random_.chance(50) ? random_.below(64) : random_.next() >> random_.below(64));
    if (random_.chance(20)) value = random_spelling(random_, ~uint64_t{0} - random_.below(9));
    value.let = "limit_" + std::to_string(policy_.lets.size());
    policy_.lets.push_back(value);
  }

  // ---- calls ------------------------------------------------------------------------------------

  bool exists(CallId call, Arch arch) const {
    return calls::number_of(call, arch) || calls::multiplexed(call, arch);
  }
  bool exists(CallId call) const {
    return std::any_of(policy_.archs.begin(), policy_.archs.end(),
                       [&](Arch arch) { return exists(call, arch); });
  }
  CallId any_call() {
    for (;;) {
      auto named = calls::find_call(random_.pick(favourites));
      CallId call = random_.chance(70) && named ? *named : random_.pick(speakable());
      if (!policy_.lines.empty() && random_.chance(20)) call = relative(call);
      const auto& all = speakable();
      if (!exists(call) || !std::binary_search(all.begin(), all.end(), call)) continue;
      if (one_number_each_ && calls::is_carrier(call)) continue;
      return call;
    }
  }
  // A call that can do the same as one already spoken of, perhaps with its arguments in memory.
  CallId relative(CallId otherwise) {
    const Line& line = random_.pick(policy_.lines);
    if (line.calls.empty()) return otherwise;
    CallId call = random_.pick(line.calls);
    Arch arch = random_.pick(policy_.archs);
    if (auto form = calls::multiplexed(call, arch); form && random_.chance(60))
      return form->carrier;
    if (auto twins = calls::opaque_twins(call); !twins.empty()) return random_.pick(twins);
    auto codes = calls::codes(call);
    return codes.empty() ? otherwise : random_.pick(codes).call;
  }
  std::vector<CallId> subjects() {
    std::set<CallId> made;
    for (size_t i = 1 + random_.below(wish_.most_calls); i > 0; i--) made.insert(any_call());
    return {made.begin(), made.end()};
  }

  std::vector<Arch> scope(const Line& line) const {
    return line.on ? std::vector<Arch>{*line.on} : policy_.archs;
  }

  // Can the arguments be tested, or does the language say it cannot be meant?
  bool testable(CallId call, Arch arch, Word word) const {
    bool own = calls::number_of(call, arch).has_value();
    if (!own) return !calls::multiplexed(call, arch);  // only in a carrier: an error
    if (calls::args(call, arch).empty()) return false;
    bool in_memory = !calls::place_of(call, arch, 0);
    return !in_memory || (word != Word::Ask && word != Word::Trace);
  }

  void add_condition(Line& line) {
    std::vector<Arch> archs = scope(line);
    for (CallId call : line.calls)
      for (Arch arch : archs)
        if (!testable(call, arch, line.answer.word)) return;
    line.where = random_predicate(random_, {line.calls, archs, &used_, &policy_.lets});
  }

  // ---- lines ------------------------------------------------------------------------------------

  void rules_about(CallId call) {
    Numbers own = one_number_each_ ? numbers() : house_;
    for (size_t i = 1 + random_.below(wish_.most_rules); i > 0; i--) {
      Line line;
      line.answer = answer(own);
      line.calls = {call};
      if (!one_number_each_)
        while (random_.chance(20)) join(line, any_call());
      if (random_.chance(10)) {
        Arch arch = random_.pick(policy_.archs);
        bool all = std::all_of(line.calls.begin(), line.calls.end(),
                               [&](CallId one) { return exists(one, arch); });
        if (all) line.on = arch;
      }
      if (random_.chance(85)) add_condition(line);
      policy_.lines.push_back(std::move(line));
    }
  }
  static void join(Line& line, CallId call) {
    if (std::count(line.calls.begin(), line.calls.end(), call) == 0) line.calls.push_back(call);
  }

  void lines_with_sets() {
    size_t count = random_.below(3);
    for (size_t i = 0; i < count; i++) {
      std::set<CallId> members;
      for (size_t left = 1 + random_.below(12); left > 0; left--)
        if (CallId call = any_call(); !calls::is_carrier(call)) members.insert(call);
      if (random_.chance(30)) members.insert(*calls::find_call("rt_sigreturn"));
      if (members.empty()) continue;
      policy_.sets.push_back({"@set-" + std::to_string(i), {members.begin(), members.end()}});
      Line line;
      line.answer = answer(house_);
      if (line.answer.word == Word::Log) line.answer.word = Word::Allow;
      line.sets = {policy_.sets.size() - 1};
      if (random_.chance(30)) line.calls = {any_call()};
      policy_.lines.push_back(line);
    }
    if (!policy_.sets.empty() && random_.chance(30)) {
      Line line;
      line.kind = Line::Kind::OtherwiseFor;
      line.answer = answer(house_);
      line.sets = {random_.below(policy_.sets.size())};
      policy_.lines.push_back(line);
    }
  }

  // `nr:`, of a call the tables know or of none.
  void line_with_number() {
    Line line;
    line.on = random_.pick(policy_.archs);
    line.answer = answer(house_);
    const calls::ArchInfo& arch = calls::info(*line.on);
    uint32_t number = arch.number_bit + arch.number_base +
                      static_cast<uint32_t>(random_.below(random_.chance(70) ? 520 : 5000));
    auto call = calls::call_at(*line.on, number);
    const auto& all = speakable();
    if (call && !std::binary_search(all.begin(), all.end(), *call)) return;
    line.numbers = {number};
    policy_.lines.push_back(line);
  }

  void otherwise_for(CallId call) {
    Line line;
    line.kind = Line::Kind::OtherwiseFor;
    line.answer = answer(house_);
    line.calls = {call};
    if (random_.chance(25)) line.on = random_.pick(policy_.archs);
    if (line.on && !exists(call, *line.on)) line.on.reset();
    policy_.lines.push_back(line);
  }

  // The general answer, for all architectures together or for each its own, and that for @unknown.
  void answers_for_the_rest() {
    auto add = [&](Line::Kind kind, std::optional<Arch> on) {
      Line line;
      line.kind = kind;
      line.answer = answer(numbers());
      line.on = on;
      policy_.lines.push_back(line);
    };
    for (Line::Kind kind : {Line::Kind::Otherwise, Line::Kind::OtherwiseForUnknown}) {
      if (kind == Line::Kind::OtherwiseForUnknown && random_.chance(65)) continue;
      if (random_.chance(90))
        add(kind, std::nullopt);
      else
        for (Arch arch : policy_.archs) add(kind, arch);
    }
  }

  Random random_;
  const Wish& wish_;
  Spoken policy_;
  bool one_number_each_ = false;
  Numbers house_;
  std::vector<uint64_t> used_;
};

}  // namespace

Spoken random_policy(uint64_t seed, const Wish& wish) { return Author(seed, wish).write(); }

}  // namespace seclude::exhaustive
