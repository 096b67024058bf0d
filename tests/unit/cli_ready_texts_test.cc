// The parsed texts that the program was built with, held against what the parser makes of them.
#include "cli/ready_texts.h"

#include <gtest/gtest.h>

#include "policy/load.h"
#include "policy/parser.h"
#include "policy/policy_wire.h"
#include "policy/printer.h"

namespace seclude::cli {
namespace {

using policy::Wanted;

Source built_in(std::string_view name) {
  const auto kind = name.starts_with('@') ? Wanted::Kind::Set : Wanted::Kind::Profile;
  auto found = policy::built_in({kind, std::string(name), ""});
  EXPECT_TRUE(found) << name;
  return std::move(*found);
}

TEST(ReadyTexts, AreWhatTheParserMakesOfThem) {
  EXPECT_EQ(ready_texts().size(), policy::set_names().size() + policy::profile_names().size());
  for (const ReadyText& ready : ready_texts()) {
    EXPECT_EQ(ready_text(ready.name), ready.parsed) << ready.name;
    const Source source = built_in(ready.name);
    SourceMap sources;
    sources.add({});
    const uint32_t index = sources.add(source);
    Diagnostics diagnostics;
    const policy::Policy fresh = policy::parse(index, sources, diagnostics);
    EXPECT_EQ(policy::to_wire(fresh, source.text), ready.parsed) << ready.name;

    const auto read = policy::from_wire(ready.parsed, index, source.text);
    ASSERT_TRUE(read) << ready.name;
    EXPECT_EQ(read->source, index);
    EXPECT_EQ(policy::to_wire(*read, source.text), ready.parsed) << ready.name;
    EXPECT_EQ(policy::print(*read), policy::print(fresh)) << ready.name;
    ASSERT_FALSE(read->statements.empty());
    EXPECT_EQ(read->statements.front().span, fresh.statements.front().span);
    EXPECT_EQ(read->statements.back().keyword, fresh.statements.back().keyword);
  }
  EXPECT_EQ(ready_text("no-such-text"), "");
}

TEST(ReadyTexts, AreNotReadFromBytesThatAreCutOrTooLong) {
  const Source source = built_in("default");
  const std::string_view bytes = ready_text("default");
  for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 500)
    EXPECT_FALSE(policy::from_wire(bytes.substr(0, size), 0, source.text)) << size;
  EXPECT_FALSE(policy::from_wire(std::string(bytes) + '\0', 0, source.text));
  // Places of another, shorter text.
  EXPECT_FALSE(policy::from_wire(bytes, 0, std::string_view(source.text).substr(0, 100)));
}

}  // namespace
}  // namespace seclude::cli
