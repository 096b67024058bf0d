// Strictest: two filters as the kernel joins them, against the answers one by one.
#include "filter/proof/strictest.h"

#include <gtest/gtest.h>

#include "filter/action.h"

namespace seclude::filter {
namespace {

// In the order of seccomp(2), strictest first; two with data.
const Action by_strictness[] = {Action::kill(),   Action::kill_thread(), Action::trap(3),
                                Action::deny(1),  Action::deny(13),      Action::ask(),
                                Action::trace(7), Action::log(),         Action::allow()};

bool equally_strict(Action a, Action b) { return a.kind() == b.kind(); }

Decision always(Id id) { return {{}, {{0, id}}}; }

TEST(Strictest, TheStricterAnswerWinsAndOfEqualOnesTheLater) {
  Store store;
  for (const Action& earlier : by_strictness) {
    for (const Action& later : by_strictness) {
      const Action wanted = !equally_strict(earlier, later) && &earlier < &later ? earlier : later;
      const Decision one = always(store.terminal(earlier.ret));
      const Decision two = always(store.terminal(later.ret));
      const Decision both = strictest(store, {.earlier = one, .later = two});
      EXPECT_EQ(both, always(store.terminal(wanted.ret)))
          << to_string(earlier, calls::Arch::x86_64) << " then "
          << to_string(later, calls::Arch::x86_64);
    }
  }
}

// Every answer of one argument word against every answer of another.
TEST(Strictest, ArgumentsAreJoinedInputByInput) {
  Store store;
  auto ladder = [&](Group group) {
    Id id = store.terminal(Action::allow().ret);
    for (uint64_t i = 0; i < std::size(by_strictness); ++i)
      id = store.test(group, ~uint64_t{0}, i, store.terminal(by_strictness[i].ret), id);
    return id;
  };
  const Decision one = always(ladder(Group::Arg0)), two = always(ladder(Group::Arg1));
  const Decision both = strictest(store, {.earlier = one, .later = two});
  ASSERT_FALSE(store.exhausted());
  for (uint64_t i = 0; i < std::size(by_strictness); ++i) {
    for (uint64_t k = 0; k < std::size(by_strictness); ++k) {
      Input input;
      input.args = {i, k, 0, 0, 0, 0};
      const bool first = i < k && !equally_strict(by_strictness[i], by_strictness[k]);
      EXPECT_EQ(store.evaluate(both.at(1, 2), input), by_strictness[first ? i : k].ret);
    }
  }
}

TEST(Strictest, NumbersAndArchitecturesOfBothCount) {
  Store store;
  const Id allow = store.terminal(Action::allow().ret), kill = store.terminal(Action::kill().ret);
  const Id deny = store.terminal(Action::deny(1).ret), log = store.terminal(Action::log().ret);
  const Decision one{{{5, {{0, allow}, {10, deny}, {20, allow}}}}, {{0, kill}}};
  const Decision two{{{5, {{0, log}, {15, allow}}}, {6, {{0, allow}}}}, {{0, allow}}};
  const Decision both = strictest(store, {.earlier = one, .later = two});
  const Decision wanted{{{5, {{0, log}, {10, deny}, {20, allow}}}}, {{0, kill}}};
  EXPECT_EQ(both, wanted);
}

// A filter that tests bits of the number is no list of runs.
TEST(Strictest, MixedFormsAreJoinedToo) {
  Store store;
  const Id allow = store.terminal(Action::allow().ret), deny = store.terminal(Action::deny(1).ret);
  const Decision odd = split(store, store.test(Group::ArchNumber, 1, 1, deny, allow));
  ASSERT_TRUE(mixed(store, odd));
  const Decision low{{}, {{0, deny}, {100, allow}}};
  for (const Loaded& loaded : {Loaded{odd, low}, Loaded{low, odd}}) {
    const Decision both = strictest(store, loaded);
    for (uint32_t number : {0u, 1u, 99u, 100u, 101u, 0xffffffffu}) {
      Input input;
      input.number = number;
      const bool denied = number < 100 || number % 2 == 1;
      EXPECT_EQ(store.evaluate(whole(store, both), input), store.value(denied ? deny : allow));
    }
  }
}

}  // namespace
}  // namespace seclude::filter
