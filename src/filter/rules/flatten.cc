// Follows `use`, `on` and `phase` down to single statements; see flatten.h.
#include "filter/rules/flatten.h"

#include <variant>

#include "base/text.h"

namespace seclude::filter {

std::optional<calls::Arch> arch_named(const policy::Name& name, Diagnostics& diagnostics) {
  if (auto arch = calls::find_arch(name.text)) return arch;
  Diagnostic problem{.message = "unknown architecture `" + escape(name.text, 60) + "`",
                     .span = name.span,
                     .label = "no system call table has this name"};
  if (auto near = nearest(name.text, calls::arch_names()))
    problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
  else
    problem.helps.push_back(
        "architectures are x86_64, x32, x86, aarch64, arm, riscv64, ppc64le, "
        "s390x, loongarch64 and mips64");
  diagnostics.add(std::move(problem));
  return std::nullopt;
}

namespace {

using policy::Statement;

class Flattener {
 public:
  Flattener(const policy::Texts& texts, Diagnostics& diagnostics)
      : texts_(texts), diagnostics_(diagnostics) {}

  Flat run() {
    Item frame;
    block(texts_.policies.at(0).statements, frame);
    return std::move(flat_);
  }

 private:
  // `frame` carries what the surrounding blocks and `use` lines say.
  void block(const policy::Block& statements, const Item& frame) {
    for (const Statement& statement : statements) one(statement, frame);
  }

  void one(const Statement& statement, const Item& frame) {
    if (const auto* use = std::get_if<policy::Use>(&statement.body)) return follow(*use, frame);
    if (const auto* phase = std::get_if<policy::Phase>(&statement.body))
      return enter(*phase, frame);
    if (const auto* on = std::get_if<policy::OnArchitectures>(&statement.body)) {
      Item inner = frame;
      uint16_t listed = 0;
      for (const policy::Name& name : on->names)
        if (auto arch = arch_named(name, diagnostics_))
          listed = static_cast<uint16_t>(listed | 1u << static_cast<unsigned>(*arch));
      inner.archs &= listed;
      return block(on->body, inner);
    }
    if (header(statement, frame)) return;
    Item item = frame;
    item.statement = &statement;
    bool expect = std::holds_alternative<policy::Expect>(statement.body);
    if (expect && frame.used) return;  // was checked where it stands
    (expect ? flat_.expects : flat_.items).push_back(std::move(item));
  }

  // Statements that are about the file, not about calls. `use` does not import them.
  bool header(const Statement& statement, const Item& frame) {
    bool own = !frame.used;
    if (const auto* title = std::get_if<policy::Title>(&statement.body)) {
      if (own) flat_.title = title;
    } else if (const auto* archs = std::get_if<policy::Architectures>(&statement.body)) {
      if (own) flat_.architectures = archs;
    } else if (const auto* kernel = std::get_if<policy::Kernel>(&statement.body)) {
      if (own) flat_.kernel = kernel;
    } else {
      // Parameters, sets and lets are found by name (names.h), in the text that speaks them.
      return std::holds_alternative<policy::Version>(statement.body) ||
             std::holds_alternative<policy::Parameter>(statement.body) ||
             std::holds_alternative<policy::SetDefinition>(statement.body) ||
             std::holds_alternative<policy::Let>(statement.body);
    }
    return true;
  }

  void enter(const policy::Phase& phase, const Item& frame) {
    Item inner = frame;
    if (!frame.used) {
      inner.phase = flat_.phases.size();
      flat_.phases.push_back(&phase);
      return block(phase.body, inner);
    }
    diagnostics_.add({.message = "a policy with phases cannot be used by another",
                      .span = phase.name.span,
                      .label = "this phase would have no place in the policy that uses it"});
  }

  void follow(const policy::Use& use, const Item& frame) {
    Item inner = frame;
    inner.used = true;
    if (!use.without.empty()) {
      inner.without.push_back(flat_.without.size());
      flat_.without.push_back({&use.without, frame.text});
    }
    for (const policy::Name& ref : use.refs) {
      auto found = texts_.uses.find(ref.span);
      if (found == texts_.uses.end()) continue;  // load() has reported it
      // A text reached twice under the same conditions says the same thing twice.
      Visit visit{found->second, inner.phase, inner.archs, inner.without};
      bool again = false;
      for (const Visit& other : visited_) again |= other == visit;
      if (again) continue;
      visited_.push_back(visit);
      inner.text = found->second;
      block(texts_.policies.at(found->second).statements, inner);
    }
  }

  struct Visit {
    size_t text;
    std::optional<size_t> phase;
    uint16_t archs;
    std::vector<size_t> without;
    friend bool operator==(const Visit&, const Visit&) = default;
  };

  const policy::Texts& texts_;
  Diagnostics& diagnostics_;
  Flat flat_;
  std::vector<Visit> visited_;
};

}  // namespace

Flat flatten(const policy::Texts& texts, Diagnostics& diagnostics) {
  return Flattener(texts, diagnostics).run();
}

}  // namespace seclude::filter
