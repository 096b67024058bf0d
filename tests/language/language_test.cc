// Language test: every policy in this folder gives exactly the diagnostics that stand in it.
//
// In: tests/language/*.seclude (those in used/ are only reached by `use`). Under the line a
// diagnostic points at, comments that start with "#!" say what is expected: severity and message,
// then indented details: the text it points at, label, examples, notes, helps. None may be missing,
// none extra. SECLUDE_BLESS=1 writes what was found into the files, for review with git diff.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "filter/check.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(SECLUDE_SOURCE_DIR) / "tests/language";
constexpr std::string_view mark = "#!";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

tl::expected<Source, Diagnostic> find_text(const policy::Wanted& wanted) {
  if (wanted.kind != policy::Wanted::Kind::File) return policy::built_in(wanted);
  fs::path path = (fs::path(wanted.nearby).parent_path() / wanted.name).lexically_normal();
  if (fs::exists(folder / path)) return Source{.name = path.string(), .text = read(folder / path)};
  return tl::unexpected(Diagnostic{.message = "cannot read `" + path.string() + "`"});
}

// Everything `seclude check` would say about a text, on x86_64.
struct Checked {
  SourceMap sources;
  Diagnostics diagnostics;
};

Checked check_all(Source root) {
  Checked checked;
  policy::Texts texts =
      policy::load(std::move(root), find_text, checked.sources, checked.diagnostics);
  filter::Settings settings;
  settings.native = calls::Arch::x86_64;
  filter::Resolved resolved = filter::resolve(texts, settings, checked.diagnostics);
  filter::Store store;
  if (!checked.diagnostics.has_errors())
    filter::check(store, texts, settings, resolved, checked.diagnostics);
  return checked;
}

// Expectations of one text: line number -> the lines under it, without the mark.
using Expectations = std::map<uint32_t, std::vector<std::string>>;

Expectations expectations_in(std::string_view text) {
  Expectations expected;
  uint32_t number = 0, last = 0;
  for (std::string_view line : split(text, '\n')) {
    number++;
    if (!line.starts_with(mark)) {
      last = number;
      continue;
    }
    std::string_view rest = line.substr(mark.size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    expected[last].emplace_back(rest);
  }
  return expected;
}

std::vector<std::string> described(const Diagnostic& diagnostic, const SourceMap& sources) {
  std::string word = diagnostic.severity == Severity::Error     ? "error"
                     : diagnostic.severity == Severity::Warning ? "warning"
                                                                : "note";
  std::vector<std::string> lines = {word + ": " + diagnostic.message};
  std::string pointed(sources.text(diagnostic.span));
  lines.push_back("  at: " + escape(pointed, 60));
  if (!diagnostic.label.empty()) lines.push_back("  label: " + diagnostic.label);
  for (const std::string& example : diagnostic.examples) lines.push_back("  example: " + example);
  for (const Remark& remark : diagnostic.remarks) {
    std::string at = remark.span.known() ? std::string(sources.text(remark.span)) : "";
    lines.push_back("  note: " + remark.message + " (" + escape(at, 60) + ")");
  }
  for (const std::string& help : diagnostic.helps) lines.push_back("  help: " + help);
  for (std::string& line : lines)
    while (line.ends_with(' ')) line.pop_back();
  return lines;
}

std::map<uint32_t, Expectations> found(const Checked& checked) {
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& diagnostic : checked.diagnostics.all()) order.push_back(&diagnostic);
  std::stable_sort(order.begin(), order.end(),
                   [](const Diagnostic* a, const Diagnostic* b) { return a->span < b->span; });
  std::map<uint32_t, Expectations> found;
  for (const Diagnostic* diagnostic : order) {
    uint32_t line = diagnostic->span.known() ? checked.sources.position(diagnostic->span).line : 0;
    std::vector<std::string>& lines = found[diagnostic->span.source][line];
    for (std::string& text : described(*diagnostic, checked.sources))
      lines.push_back(std::move(text));
  }
  return found;
}

void bless(const fs::path& path, const Expectations& lines) {
  std::string out;
  uint32_t number = 0;
  std::string text = read(path);
  if (text.ends_with('\n')) text.pop_back();
  for (std::string_view line : split(text, '\n')) {
    number++;
    if (line.starts_with(mark)) continue;
    out += std::string(line) + "\n";
    auto at = lines.find(number);
    if (at == lines.end()) continue;
    for (const std::string& said : at->second) out += std::string(mark) + " " + said + "\n";
  }
  std::ofstream(path, std::ios::binary) << out;
}

std::string shown(const Expectations& lines) {
  std::string out;
  for (const auto& [number, said] : lines)
    for (const std::string& line : said) out += std::to_string(number) + ": " + line + "\n";
  return out;
}

std::vector<std::string> policies() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".seclude") names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Language : public testing::TestWithParam<std::string> {};

TEST_P(Language, SaysExactlyWhatStandsInTheText) {
  Checked checked = check_all({.name = GetParam(), .text = read(folder / GetParam())});
  std::map<uint32_t, Expectations> said = found(checked);
  for (uint32_t i = 0; i < checked.sources.size(); i++) {
    const Source& source = checked.sources.at(i);
    if (source.built_in) {
      EXPECT_EQ(shown(said[i]), "") << "in the built-in " << source.name;
    } else if (std::getenv("SECLUDE_BLESS") != nullptr) {
      bless(folder / source.name, said[i]);
    } else {
      EXPECT_EQ(shown(said[i]), shown(expectations_in(source.text))) << "in " << source.name;
    }
  }
  EXPECT_EQ(shown(said[Span::nowhere]), "") << "nowhere";
}

INSTANTIATE_TEST_SUITE_P(All, Language, testing::ValuesIn(policies()), [](const auto& param) {
  std::string name;
  for (char c : param.param.substr(0, param.param.rfind('.')))
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

// ---- docs/language.md ---------------------------------------------------------------------------

// A fenced block: the word after the fence, and the text inside.
struct Fenced {
  std::string kind, text;
  size_t begin = 0;  // of the text, in the page
};

std::vector<Fenced> fenced_blocks(const std::string& page) {
  std::vector<Fenced> blocks;
  for (size_t at = page.find("\n```"); at != std::string::npos; at = page.find("\n```", at)) {
    size_t line_end = page.find('\n', at + 1);
    // An empty block closes on the next line.
    size_t close = page.find("\n```", line_end);
    if (line_end == std::string::npos || close == std::string::npos) break;
    size_t begin = line_end + 1;
    blocks.push_back({page.substr(at + 4, line_end - at - 4),
                      close < begin ? "" : page.substr(begin, close + 1 - begin), begin});
    at = close + 4;
    at = page.find('\n', at) == std::string::npos ? page.size() : page.find('\n', at);
  }
  return blocks;
}

std::string said_about(const std::string& text) {
  Checked checked = check_all({.name = "example.seclude", .text = text});
  return render(checked.diagnostics, checked.sources);
}

// Correct examples are correct; wrong ones get exactly the answer that the page shows.
TEST(LanguagePage, ShowsWhatIsTrue) {
  const fs::path path = fs::path(SECLUDE_SOURCE_DIR) / "docs/language.md";
  std::string page = read(path);
  std::vector<Fenced> blocks = fenced_blocks(page);
  size_t correct = 0, wrong = 0;
  for (size_t i = blocks.size(); i-- > 0;) {  // from the end: blessing changes what follows
    if (blocks[i].kind == "seclude") {
      std::string said = said_about(blocks[i].text);
      EXPECT_EQ(said.find("error: "), std::string::npos) << blocks[i].text << said;
      correct++;
    }
    if (blocks[i].kind != "seclude-wrong") continue;
    ASSERT_LT(i + 1, blocks.size());
    ASSERT_EQ(blocks[i + 1].kind, "text") << blocks[i].text;
    std::string said = said_about(blocks[i].text);
    wrong++;
    if (std::getenv("SECLUDE_BLESS") != nullptr)
      page.replace(blocks[i + 1].begin, blocks[i + 1].text.size(), said);
    else
      EXPECT_EQ(said, blocks[i + 1].text) << blocks[i].text;
  }
  EXPECT_GE(correct, 20u);
  EXPECT_GE(wrong, 8u);
  if (std::getenv("SECLUDE_BLESS") != nullptr) std::ofstream(path, std::ios::binary) << page;
}

// Without files there would be no tests, and nobody would notice.
TEST(LanguageFolder, HasPolicies) { EXPECT_GE(policies().size(), 10u); }

}  // namespace
}  // namespace seclude
