// Names: what the words of a policy stand for: sets of calls, values, parameters.
//
// In: Texts and Settings. Out: calls behind a list, numbers behind a value, for one architecture
// and the pinned kernel. A name is looked up in its own text, then in the texts that one uses, then
// in the built-in library; what the root defines never changes what a used profile means. Every
// unknown name is an error with the nearest one; each is reported once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "calls/calls.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

// A call of a list. `named`: written by its own name, not through a set.
struct NamedCall {
  calls::CallId call = 0;
  bool named = false;
};

// What a list of calls stands for, without regard to architecture or kernel.
struct CallList {
  std::vector<NamedCall> calls;                 // each call once; `named` if it was ever
  std::vector<const policy::CallRef*> numbers;  // nr:INT
  bool unknown = false;                         // @unknown
};

class Names {
 public:
  Names(const policy::Texts& texts, const Settings& settings, calls::KernelVersion pin,
        Diagnostics& diagnostics);

  // Unknown calls and sets are errors and left out.
  CallList calls(size_t text, const policy::Calls& list);

  // The value on this architecture in 64 bits, or nullopt after an error.
  std::optional<uint64_t> value(size_t text, const policy::Value& value, calls::Arch arch);

  // Constants a value mentions (through lets), to judge `has` and `lacks`.
  struct Mentioned {
    uint16_t constant;
    Span span;
  };
  std::vector<Mentioned> mentioned(size_t text, const policy::Value& value);

  // Whether `~` is part of the value (through lets).
  bool complements(size_t text, const policy::Value& value) const {
    followed_ = 0;
    return complements(text, value.terms, 0);
  }

  // Reports words that nothing defines, on any architecture.
  void spelled(size_t text, const std::vector<policy::Value::Term>& terms);

  // May a set name this call here: does the pinned kernel have it on this architecture?
  bool pinned(calls::CallId call, calls::Arch arch) const {
    return calls::since(call, arch) <= pin_;
  }
  calls::KernelVersion pin() const { return pin_; }

  // The definition a `let` name stands for, with the text whose names it speaks.
  std::optional<std::pair<const policy::Value*, size_t>> let(size_t text,
                                                             std::string_view name) const;
  // The text of a parameter's value: bound, else its default; nullopt when it has neither.
  const policy::Parameter* parameter(size_t text, std::string_view name) const;
  std::optional<std::string> bound(std::string_view parameter) const;
  // What `$NAME` stands for in a path or an end: the bound value, else a default that is a text
  // or one number.
  std::optional<std::string> place(size_t text, std::string_view name) const;

 private:
  const std::vector<calls::CallId>* set(size_t text, const policy::Name& name);
  std::optional<uint64_t> terms(size_t text, const std::vector<policy::Value::Term>& terms,
                                calls::Arch arch, int depth);
  std::optional<uint64_t> term(size_t text, const policy::Value::Term& term, calls::Arch arch,
                               int depth);
  std::optional<uint64_t> word(size_t text, const policy::Value::Term& term, calls::Arch arch,
                               int depth);
  std::optional<uint64_t> parameter_value(size_t text, const policy::Value::Term& term,
                                          calls::Arch arch, int depth);
  void unknown_constant(const policy::Value::Term& term);
  // Counts one more name behind the value at hand; false, and said once, when there are too many.
  bool follow(const policy::Value::Term& term);
  bool complements(size_t text, const std::vector<policy::Value::Term>& terms, int depth) const;
  void mention(size_t text, const std::vector<policy::Value::Term>& terms,
               std::vector<Mentioned>& out, int depth) const;
  // Texts in which a name spoken in `text` is looked up, nearest first.
  const std::vector<size_t>& scope(size_t text) const;
  void unknown(std::string what, const policy::Name& name, std::string label,
               const std::vector<std::string_view>& candidates);

  struct Definitions {
    std::map<std::string_view, const policy::SetDefinition*> sets;
    std::map<std::string_view, const policy::Let*> lets;
    std::map<std::string_view, const policy::Parameter*> parameters;
    mutable std::vector<size_t> scope;  // empty until first asked for
  };
  const policy::Texts& texts_;
  const Settings& settings_;
  calls::KernelVersion pin_;
  Diagnostics& diagnostics_;
  std::vector<Definitions> definitions_;  // one per text
  mutable size_t followed_ = 0;           // names behind the value at hand
  std::map<const policy::SetDefinition*, std::vector<calls::CallId>> sets_;
  std::set<const policy::SetDefinition*> open_sets_;  // being expanded: a circle shows here
};

}  // namespace seclude::filter
