// Policy text: a policy written in a test, loaded, resolved and checked in one step.
//
// In: the text (and texts it may `use`). Out: everything later passes need, with the diagnostics
// rendered plain, one per line, for easy matching.
#pragma once

#include <map>
#include <string>

#include "base/diagnostic.h"
#include "base/source.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/decide.h"
#include "filter/meaning.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::test {

struct PolicyText {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts;
  filter::Settings settings;
  filter::Resolved resolved;
  filter::Store store;

  // `files` are what `use ./NAME` finds.
  explicit PolicyText(std::string text, std::map<std::string, std::string> files = {},
                      filter::Settings with = {.native = calls::Arch::x86_64})
      : settings(std::move(with)) {
    auto find = [&](const policy::Wanted& wanted) -> tl::expected<Source, Diagnostic> {
      if (wanted.kind != policy::Wanted::Kind::File) return policy::built_in(wanted);
      auto file = files.find(wanted.name);
      if (file == files.end())
        return tl::unexpected<Diagnostic>(Diagnostic{.message = "no file " + wanted.name});
      return Source{.name = wanted.name, .text = file->second};
    };
    texts =
        policy::load({.name = "test.seclude", .text = std::move(text)}, find, sources, diagnostics);
    resolved = filter::resolve(texts, settings, diagnostics);
  }
  PolicyText(const PolicyText&) = delete;
  PolicyText& operator=(const PolicyText&) = delete;

  PolicyText& check() {
    if (!diagnostics.has_errors()) filter::check(store, texts, settings, resolved, diagnostics);
    return *this;
  }

  std::string messages() const { return render(diagnostics, sources, {.plain = true}); }
  const filter::Rules& rules(size_t phase = 0) const { return resolved.phases.at(phase).rules; }

  // What a call gets, as the text form of the command line: "allow", "errno:EPERM", "kill".
  std::string verdict(std::string_view call, std::array<uint64_t, 6> args = {},
                      calls::Arch arch = calls::Arch::x86_64, size_t phase = 0) const {
    auto id = calls::find_call(call);
    if (!id) return "no such call";
    auto number = calls::number_of(*id, arch);
    if (!number) return "not on this architecture";
    return verdict_of_number(*number, args, arch, phase);
  }
  std::string verdict_of_number(uint32_t number, std::array<uint64_t, 6> args = {},
                                calls::Arch arch = calls::Arch::x86_64, size_t phase = 0) const {
    filter::Input input{.number = number, .arch = calls::info(arch).audit, .args = args};
    return filter::to_string(filter::meaning(rules(phase), input).action, arch);
  }
};

}  // namespace seclude::test
