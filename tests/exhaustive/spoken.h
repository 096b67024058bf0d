// Spoken: a policy as the random generator says it, before anything of seclude has seen it.
//
// In: random_policy.h makes it. Out: its text (the only thing seclude gets), and own_meaning.h,
// which says what it means by the words of the language alone. Nothing here includes src/policy or
// src/filter: two readings of one policy must not share a mistake. The calls tables are shared;
// they have tests of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calls/calls.h"

namespace seclude::exhaustive {

using calls::Arch;
using calls::CallId;

// NUMBER | CONSTANT, perhaps under ~; or the name of a `let` that stands for it.
struct Value {
  uint64_t number = 0;  // negative ones in two's complement
  std::optional<uint16_t> constant = {};
  bool complement = false;
  std::string let = {};
  std::string spelling = {};  // of the number
};
// In 64 bits; nullopt where the constant does not exist.
std::optional<uint64_t> value_on(const Value& value, Arch arch);

enum class Operator : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn,
  Has,
  HasAll,
  HasAny,
  Lacks,
  Within,
};

struct Item {
  Value low;
  std::optional<Value> high;
};

struct Test {
  std::string arg;
  std::optional<Value> mask;
  Operator op = Operator::Equal;
  Value value;
  std::vector<Item> items;
};

struct Pred {
  enum class Kind : uint8_t { Test, And, Or, Not };
  Kind kind = Kind::Test;
  Test test;
  std::vector<Pred> children;
};

// Strictest first.
enum class Word : uint8_t { Kill, KillThread, Trap, Deny, Ask, Trace, Log, Allow };
inline bool refuses(Word word) { return word <= Word::Deny; }

struct Answer {
  Word word = Word::Allow;
  std::string with;  // empty, a number, an errno's name, or "success"
};

struct Set {
  std::string name;  // with its @
  std::vector<CallId> calls;
};

struct Line {
  enum class Kind : uint8_t { Rule, Otherwise, OtherwiseFor, OtherwiseForUnknown };
  Kind kind = Kind::Rule;
  Answer answer;
  std::vector<CallId> calls;
  std::vector<size_t> sets;  // into Spoken::sets
  std::vector<uint32_t> numbers;
  std::optional<Pred> where;
  std::optional<Arch> on;  // in `on ARCH { }`
};

struct Spoken {
  uint64_t seed = 0;
  std::vector<Arch> archs;
  std::optional<calls::KernelVersion> pin;
  std::vector<Value> lets;
  std::vector<Set> sets;
  std::vector<Line> lines;
};

std::string text_of(const Spoken& policy);
std::string text_of(const Pred& pred);

}  // namespace seclude::exhaustive
