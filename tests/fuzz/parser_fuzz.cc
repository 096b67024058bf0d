// Parser fuzz: any bytes at all are parsed without harm, and what parses survives printing.
//
// In: bytes. Checked: no crash (the sanitizers watch); a text without errors, printed and parsed
// again, is the same model with the same comments, and printing it again changes nothing; rendering
// the diagnostics and validating never fail either.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "policy/parser.h"
#include "policy/printer.h"
#include "policy/validate.h"
#include "support/policy_model.h"

using namespace seclude;

namespace {

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Policy policy;

  explicit Parsed(std::string text) {
    sources.add({.name = "fuzz", .text = std::move(text)});
    policy = policy::parse(0, sources, diagnostics);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Parsed first(std::string(reinterpret_cast<const char*>(data), size));
  if (first.diagnostics.has_errors()) {
    CHECK(!render(first.diagnostics, first.sources).empty());
    return 0;
  }
  std::string text = policy::print(first.policy);
  Parsed second(text);
  if (second.diagnostics.has_errors()) {
    std::string problems = render(second.diagnostics, second.sources);
    std::fprintf(stderr, "%s\n%s\n", text.c_str(), problems.c_str());
  }
  CHECK(!second.diagnostics.has_errors());
  CHECK(test::ModelText::of(first.policy) == test::ModelText::of(second.policy));
  CHECK(test::ModelText::comments_of(first.policy) == test::ModelText::comments_of(second.policy));
  CHECK(policy::print(second.policy) == text);
  policy::validate(first.policy, first.diagnostics);
  render(first.diagnostics, first.sources);
  return 0;
}
