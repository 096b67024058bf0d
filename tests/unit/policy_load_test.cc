// Texts that use each other: what is found, how often it is read, and what is said when it is not.
#include "policy/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace seclude::policy {
namespace {

// A policy in memory, with the files it can use.
struct Loaded {
  SourceMap sources;
  Diagnostics diagnostics;
  Texts texts;
  std::vector<std::string> asked;

  explicit Loaded(std::string text, std::map<std::string, std::string> files = {}) {
    auto find = [&](const Wanted& wanted) -> tl::expected<Source, Diagnostic> {
      asked.push_back(wanted.name + " for " + wanted.nearby);
      if (wanted.kind != Wanted::Kind::File) return built_in(wanted);
      auto file = files.find(wanted.name);
      if (file != files.end()) return Source{.name = wanted.name, .text = file->second};
      return tl::unexpected(Diagnostic{.message = "no file " + wanted.name});
    };
    texts = load({.name = "root", .text = std::move(text)}, find, sources, diagnostics);
  }

  std::string messages() const { return render(diagnostics, sources, {.plain = true}); }
  const std::string& name(size_t policy) const {
    return sources.at(texts.policies.at(policy).source).name;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (size_t i = 0; i < texts.policies.size(); i++) all.push_back(name(i));
    return all;
  }
  bool has_set(std::string_view name) const { return texts.library_sets.count(name) != 0; }
};

using Names = std::vector<std::string>;

TEST(Load, FollowsInOrderOfFirstUseAndReadsEachTextOnce) {
  Loaded loaded("use ./a, ./b\nuse ./a\n",
                {{"./a", "use ./c"}, {"./b", "use ./c, ./d"}, {"./c", ""}, {"./d", ""}});
  EXPECT_EQ(loaded.messages(), "");
  EXPECT_EQ(loaded.names(), (Names{"root", "./a", "./c", "./b", "./d"}));
  EXPECT_EQ(loaded.texts.uses.size(), 6u);
  for (const auto& [span, target] : loaded.texts.uses)
    EXPECT_EQ(loaded.sources.text(span), loaded.name(target));
}

TEST(Load, AsksOnceForWhatCannotBeHad) {
  Loaded loaded("use ./a\nuse ./a\nuse ./a\n");
  EXPECT_EQ(loaded.asked.size(), 1u);
  EXPECT_EQ(loaded.messages(),
            "root:1:5: error: no file ./a\nroot:2:5: error: no file ./a\n"
            "root:3:5: error: no file ./a\n");
}

TEST(Load, FindsUseLinesInBlocks) {
  Loaded loaded("phase x {\n use ./a\n on x86_64 { use ./b }\n}\n", {{"./a", ""}, {"./b", ""}});
  EXPECT_EQ(loaded.names(), (Names{"root", "./a", "./b"}));
}

TEST(Load, AsksRelativeToTheTextThatUses) {
  Loaded loaded("use ./a\n", {{"./a", "use ./b"}, {"./b", ""}});
  EXPECT_EQ(loaded.asked, (Names{"./a for root", "./b for ./a"}));
}

TEST(Load, ShowsACircle) {
  Loaded loaded("use ./a\n", {{"./a", "use ./b"}, {"./b", "allow read\nuse ./a"}});
  EXPECT_EQ(loaded.messages(),
            "./b:2:5: error: this `use` closes a circle: ./a -> ./b -> ./a; help: move what both "
            "need into a third file\n");
  EXPECT_EQ(loaded.texts.uses.size(), 2u);
}

TEST(Load, ReportsMissingTextsAndGoesOn) {
  Loaded loaded("use ./gone, strct, ./a\nallow @tmie\n", {{"./a", "alow read"}});
  EXPECT_EQ(
      loaded.messages(),
      "root:1:5: error: no file ./gone\n"
      "root:1:13: error: unknown profile `strct`; help: did you mean `strict`?\n"
      "root:2:7: error: unknown set `@tmie`; help: did you mean `@time`?\n"
      "./a:1:1: error: unknown statement `alow`: no statement starts with this word; help: did "
      "you mean `allow`?\n");
}

TEST(Load, BringsLibrarySetsThatNobodyInReachDefines) {
  Loaded loaded("set @own = read\nallow @own, @time\nexpect refused @clock\nuse ./a\n",
                {{"./a", "otherwise deny with EPERM for @keyring\nallow @own"}});
  EXPECT_TRUE(loaded.has_set("@time"));
  EXPECT_TRUE(loaded.has_set("@clock"));
  EXPECT_TRUE(loaded.has_set("@keyring"));
  // What the root defines is not in reach of the text it uses.
  EXPECT_NE(loaded.messages().find("./a:2:7: error: unknown set `@own`"), std::string::npos)
      << loaded.messages();
  EXPECT_EQ(loaded.diagnostics.errors(), 1u);
}

TEST(Load, FindsSetsThatUsedTextsDefine) {
  Loaded loaded("use ./a\nallow @theirs\n", {{"./a", "use ./b"}, {"./b", "set @theirs = read"}});
  EXPECT_EQ(loaded.messages(), "");
}

TEST(Load, SuggestsSetsOfTheTextItself) {
  Loaded loaded("set @workers = read\nallow @wokers\nallow @wokers\n");
  EXPECT_EQ(loaded.messages(),
            "root:2:7: error: unknown set `@wokers`; help: did you mean `@workers`?\n");
}

TEST(Load, TakesUnknownCallsForNoSet) {
  Loaded loaded("otherwise deny with ENOSYS for @unknown\n");
  EXPECT_EQ(loaded.messages(), "");
}

TEST(Load, BoundsChains) {
  std::map<std::string, std::string> files;
  for (int i = 0; i < 200; i++)
    files["./" + std::to_string(i)] = "use ./" + std::to_string(i + 1) + "\n";
  Loaded loaded("use ./0\n", files);
  EXPECT_EQ(loaded.diagnostics.errors(), 1u);
  EXPECT_NE(loaded.messages().find("too many policies use each other"), std::string::npos);
}

TEST(Load, HasBuiltInTextsSortedAndCorrect) {
  for (auto names : {profile_names(), set_names()}) {
    EXPECT_FALSE(names.empty());
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  }
  for (std::string_view name : profile_names()) {
    Loaded loaded("use " + std::string(name) + "\n");
    EXPECT_EQ(loaded.messages(), "") << name;
    EXPECT_TRUE(loaded.sources.at(1).built_in);
  }
  for (std::string_view name : set_names()) {
    Loaded loaded("allow " + std::string(name) + "\n");
    EXPECT_EQ(loaded.messages(), "") << name;
    ASSERT_TRUE(loaded.has_set(name)) << name;
    // The file of a set defines the set of that name.
    bool defined = false;
    size_t index = loaded.texts.library_sets.find(name)->second;
    for (const Statement& statement : loaded.texts.policies.at(index).statements)
      if (const auto* set = std::get_if<SetDefinition>(&statement.body))
        defined |= set->name.text == name;
    EXPECT_TRUE(defined) << name;
  }
}

TEST(Load, ChecksParametersAcrossTexts) {
  EXPECT_EQ(Loaded("use ./a\nread $work/x\n", {{"./a", "parameter work : path"}}).messages(), "");
  EXPECT_NE(Loaded("read $work/x\n").messages().find("unknown parameter `$work`"),
            std::string::npos);
}

}  // namespace
}  // namespace seclude::policy
