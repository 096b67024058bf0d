// Own meaning: what a random policy means, read straight from the language's description.
//
// In: a Spoken policy. Out: the answer (SECCOMP_RET_* | data) to one concrete call. It is
// written from docs/language.md, point by point, and shares only the calls tables with
// seclude. Slow and plain on purpose; what does not depend on the arguments is found once per call
// number (About), because inputs come in crowds of one number.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "exhaustive/spoken.h"

namespace seclude::exhaustive {

struct AskedCall {
  uint32_t audit = 0, number = 0;
  std::array<uint64_t, 6> args{};
};

class OwnMeaning {
 public:
  explicit OwnMeaning(const Spoken& policy);
  uint32_t answer(const AskedCall& asked);

 private:
  // A line that speaks of the asked call, itself or as the call that a carrier's code stands for.
  struct Spoke {
    const Line* line;
    CallId call;
    bool in_memory;
  };
  // Everything about one call (or one code of a carrier) but the arguments.
  struct Lines {
    std::vector<Spoke> rules;
    const Line* otherwise = nullptr;
    bool tested = false;
  };
  struct About {
    Arch arch{};
    std::optional<CallId> call;
    bool unknown = false;  // no table knows it, or it is newer than the policy
    bool named = false;
    bool opaque = false;   // a twin of a call whose arguments are tested
    bool returns = false;  // from a signal handler or a stop: always allowed
    Lines own;
    std::map<uint32_t, Lines> codes;  // of a carrier
    uint32_t code_mask = 0;
  };
  enum class Mention : uint8_t { None, BySet, ByName };

  const About* about(uint32_t audit, uint32_t number);
  About look(Arch arch, uint32_t number) const;
  void look_into_carrier(About& about) const;
  Lines lines_about(Arch arch, CallId call, bool in_memory) const;
  Mention mention(const Line& line, CallId call, Arch arch) const;
  bool in_kernel(CallId call, Arch arch, bool in_memory) const;
  bool twin_is_tested(CallId twin, Arch arch) const;
  uint32_t answer_of(const About& about, const AskedCall& asked) const;
  uint32_t general(Arch arch) const;
  uint32_t unknown(Arch arch) const;

  const Spoken& policy_;
  calls::KernelVersion pin_;
  std::map<std::pair<uint32_t, uint32_t>, std::optional<About>> known_;
};

// The condition of one call on its registers. Every argument must be in one.
bool holds(const Pred& pred, CallId call, Arch arch, const std::array<uint64_t, 6>& args);

}  // namespace seclude::exhaustive
