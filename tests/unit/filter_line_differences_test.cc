// Line differences: lines of other layers, subject by subject, and which of them widen.
#include "filter/inspection/line_differences.h"

#include <gtest/gtest.h>

#include <map>

#include "filter/rules/flatten.h"
#include "policy/load.h"

namespace seclude::filter {
namespace {

struct Read {
  explicit Read(const std::string& lines) {
    texts = policy::load({.name = "test", .text = "seclude 1\npolicy a\notherwise kill\n" + lines},
                         policy::built_in, sources, diagnostics);
    flat = flatten(texts, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics, sources);
  }
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts;
  Flat flat;
};

// "+read /a" or "-read /a", and whether it widens.
std::map<std::string, bool> between(const std::string& left, const std::string& right) {
  Read a(left), b(right);
  std::map<std::string, bool> found;
  for (const LineDifference& one : line_differences({a.texts, a.flat}, {b.texts, b.flat}))
    found[(one.in_right ? "+" : "-") + one.text] = one.widens;
  return found;
}

using Found = std::map<std::string, bool>;

TEST(LineDifferences, AreOfSubjectsNotOfLines) {
  EXPECT_EQ(between("read /a, /b\n", "read /b\nread /a\n"), Found{});
  EXPECT_EQ(between("read /a/**, /b\n", "read /b, /c because \"why\"\n"),
            (Found{{"-read /a/**", false}, {"+read /c", true}}));
}

TEST(LineDifferences, TheFirstLineOfALayerTightensTheLastOneOpens) {
  EXPECT_EQ(between("", "read /a\n"), (Found{{"+read /a", false}}));
  EXPECT_EQ(between("read /a\n", ""), (Found{{"-read /a", true}}));
  EXPECT_EQ(between("environment HOME\n", "environment HOME, PATH\n"),
            (Found{{"+environment PATH", true}}));
}

TEST(LineDifferences, WhatForbidsWidensWhenItGoes) {
  EXPECT_EQ(between("read /a\nhide /a/b\n", "read /a\n"), (Found{{"-hide /a/b", true}}));
  EXPECT_EQ(between("read /a\n", "read /a\nprotect /a/b\n"), (Found{{"+protect /a/b", false}}));
  EXPECT_EQ(between("limit memory 1G\n", "limit memory 2G\n"),
            (Found{{"-limit memory 1G", true}, {"+limit memory 2G", false}}));
  EXPECT_EQ(between("", "isolate network\n"), (Found{{"+isolate network", false}}));
}

}  // namespace
}  // namespace seclude::filter
