// Amounts of limits, and the words for resources and things. Their errors are in tests/language.
#include "policy/quantity.h"

#include <gtest/gtest.h>

namespace seclude::policy {
namespace {

std::optional<uint64_t> amount(Resource resource, std::string_view text) {
  Diagnostics diagnostics;
  auto value = parse_quantity(resource, text, {}, diagnostics);
  EXPECT_EQ(value.has_value(), !diagnostics.has_errors()) << text;
  return value;
}

TEST(Quantity, HasTheUnitsOfItsResource) {
  EXPECT_EQ(amount(Resource::Memory, "8G"), uint64_t{8} << 30);
  EXPECT_EQ(amount(Resource::Memory, "4096"), 4096u);
  EXPECT_EQ(amount(Resource::Output, "64K"), 65536u);
  EXPECT_EQ(amount(Resource::FileSize, "0"), 0u);
  EXPECT_EQ(amount(Resource::Time, "500ms"), 500u);
  EXPECT_EQ(amount(Resource::CpuTime, "60s"), 60'000u);
  EXPECT_EQ(amount(Resource::Time, "5m"), 300'000u);
  EXPECT_EQ(amount(Resource::Time, "2h"), 7'200'000u);
  EXPECT_EQ(amount(Resource::Processes, "256"), 256u);
}

TEST(Quantity, RefusesWhatMeansNothing) {
  EXPECT_FALSE(amount(Resource::Time, "60"));
  EXPECT_FALSE(amount(Resource::Time, "1.5s"));
  EXPECT_FALSE(amount(Resource::Memory, "8g"));
  EXPECT_FALSE(amount(Resource::Memory, ""));
  EXPECT_FALSE(amount(Resource::Memory, "0"));
  EXPECT_FALSE(amount(Resource::Memory, "99999999999999999999"));
  EXPECT_FALSE(amount(Resource::Memory, "9999999999T"));
  EXPECT_FALSE(amount(Resource::Threads, "0"));
  EXPECT_FALSE(amount(Resource::Threads, "2K"));
}

TEST(Quantity, KnowsItsNames) {
  for (std::string_view name : resource_names()) {
    auto resource = find_resource(name);
    ASSERT_TRUE(resource.has_value()) << name;
    EXPECT_EQ(resource_name(*resource), name);
  }
  EXPECT_EQ(find_resource("cpu-time"), Resource::CpuTime);
  EXPECT_EQ(find_resource("output"), Resource::Output);
  EXPECT_EQ(find_thing("tmp"), Thing::Tmp);
  EXPECT_FALSE(find_thing("memory"));
  EXPECT_EQ(thing_names().size(), 4u);
}

}  // namespace
}  // namespace seclude::policy
