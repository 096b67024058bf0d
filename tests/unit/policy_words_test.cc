// The tables of words: complete, and the same in both directions.
#include "policy/words.h"

#include <gtest/gtest.h>

#include <set>

namespace seclude::policy {
namespace {

TEST(Words, GoBothWays) {
  for (int i = 0; i <= static_cast<int>(ActionWord::Allow); i++) {
    auto word = static_cast<ActionWord>(i);
    EXPECT_EQ(find_action(action_word(word)), word);
  }
  for (int i = 0; i <= static_cast<int>(PathVerb::Hide); i++) {
    auto verb = static_cast<PathVerb>(i);
    EXPECT_EQ(find_path_verb(path_verb_word(verb)), verb);
  }
  for (int i = 0; i <= static_cast<int>(ParameterType::String); i++) {
    auto type = static_cast<ParameterType>(i);
    EXPECT_EQ(find_parameter_type(parameter_type_word(type)), type);
  }
  EXPECT_FALSE(find_action("refused"));
  EXPECT_FALSE(find_path_verb("connect"));
}

TEST(Words, DifferForEveryOperator) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Operator::Within); i++)
    words.insert(operator_word(static_cast<Operator>(i)));
  EXPECT_EQ(words.size(), static_cast<size_t>(Operator::Within) + 1);
}

}  // namespace
}  // namespace seclude::policy
