// Layout: random graphs of all sizes around the reach of a jump, walked as graphs and run as
// programs; and how many extra jumps a way may take.
#include "filter/code/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter/code/intervals.h"
#include "filter/evaluate.h"

namespace seclude::filter {
namespace {

constexpr Holds number = {offset_number, whole_word};
constexpr uint32_t arg0 = offset_args, arg1 = offset_args + 8;

// What the graph says, without any program.
uint32_t walk(const Code& code, CodeId id, const Input& input) {
  uint32_t accumulator = 0;
  while (!code.at(id).returns()) {
    const CodeNode& node = code.at(id);
    bool yes = true;
    switch (node.code) {
      case op::ld_abs:
        accumulator = node.k == offset_number ? input.number
                      : node.k == arg0        ? static_cast<uint32_t>(input.args[0])
                                              : static_cast<uint32_t>(input.args[1]);
        break;
      case op::and_k:
        accumulator &= node.k;
        break;
      case op::jeq_k:
        yes = accumulator == node.k;
        break;
      case op::jge_k:
        yes = accumulator >= node.k;
        break;
      case op::jset_k:
        yes = (accumulator & node.k) != 0;
        break;
      default:
        ADD_FAILURE() << "unknown code";
        return 0;
    }
    id = yes ? node.yes : node.no;
  }
  return code.at(id).k;
}

// A balanced tree over [low, high) with answers, argument checks and shared tails as leaves.
CodeId tree(Code& code, std::mt19937& random, uint32_t low, uint32_t high) {
  if (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    CodeId yes = tree(code, random, middle, high), no = tree(code, random, low, middle);
    CodeId node = code.jump(op::jge_k, middle, number, yes, no);
    code.add_weight(node, static_cast<float>(random() % 8));
    return node;
  }
  switch (random() % 4) {
    case 0:
      return code.give(low % 7);
    case 1: {
      Holds holds = {arg0, whole_word};
      CodeId check = code.jump(op::jeq_k, low % 50, holds, code.give(1), code.give(low));
      return code.load(arg0, check);
    }
    case 2: {
      Holds word = {arg1, whole_word}, masked = {arg1, 0xff};
      CodeId check = code.jump(op::jge_k, low % 5, masked, code.give(2), code.give(low % 3));
      return code.load(arg1, code.mask(0xff, word, check));
    }
    default:
      return code.jump(op::jset_k, 1 + low % 3, number, code.give(3), code.give(low % 4));
  }
}

// A line of comparisons, each with its own answer: the farthest jumps there are.
CodeId line(Code& code, uint32_t length) {
  CodeId next = code.give(length);
  for (uint32_t i = length; i-- > 0;)
    next = code.jump(op::jeq_k, i, number, code.give(i % 3), next);
  return next;
}

// Unconditional jumps on the way of one input.
size_t extra_jumps(const Program& program, const Input& input) {
  std::vector<uint32_t> path;
  evaluate(program, input, false, &path);
  return static_cast<size_t>(std::count_if(
      path.begin(), path.end(), [&](uint32_t at) { return program[at].code == op::ja; }));
}

void expect_same(const Code& code, CodeId root, uint32_t numbers, const char* what) {
  Program program = layout(code, root);
  ASSERT_FALSE(invalid(program)) << what << ' ' << numbers << ": " << invalid(program)->why;
  for (uint32_t tried = 0; tried <= numbers; ++tried) {
    Input input;
    input.number = tried;
    input.args = {tried % 50, tried % 7, 0, 0, 0, 0};
    ASSERT_EQ(evaluate(program, input).ret, walk(code, root, input)) << what << ' ' << numbers;
  }
}

TEST(Layout, ProgramsDoWhatTheirGraphsSay) {
  for (uint32_t leaves = 1; leaves <= 700; leaves += leaves < 150 ? 1 : 13) {
    std::mt19937 random(leaves);
    Code code;
    CodeId root = code.load(offset_number, tree(code, random, 0, leaves));
    expect_same(code, root, leaves, "tree");
  }
}

TEST(Layout, LongLinesKeepTheirJumpsInReach) {
  for (uint32_t length = 1; length <= 600; ++length) {
    Code code;
    CodeId root = code.load(offset_number, line(code, length));
    expect_same(code, root, length, "line");
  }
}

// Every node leads to the one before it and to any other: jumps of all lengths, both ways far.
TEST(Layout, TangledGraphsReachEverything) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Code code;
    std::vector<CodeId> nodes = {code.give(0), code.give(1), code.give(2)};
    for (uint32_t i = 0; i < 250 + 15 * seed; ++i) {
      size_t span = std::min<size_t>(nodes.size(), random() % 2 == 0 ? 280 : nodes.size());
      CodeId near = nodes[nodes.size() - 1 - random() % 3];
      CodeId far = nodes[nodes.size() - 1 - random() % span];
      if (random() % 4 == 0) near = nodes[nodes.size() - 1 - random() % span];
      uint32_t key = random() % 40;
      uint16_t code_of_test = random() % 2 == 0 ? op::jge_k : op::jeq_k;
      nodes.push_back(random() % 2 == 0 ? code.jump(code_of_test, key, number, near, far)
                                        : code.jump(code_of_test, key, number, far, near));
    }
    expect_same(code, code.load(offset_number, nodes.back()), 41, "tangle");
  }
}

// A comparison with one way very far and the other at every distance, 255 and 256 among them.
TEST(Layout, BothWaysFar) {
  constexpr uint32_t length = 400;
  for (uint32_t near = 2; near <= length; ++near) {
    Code code;
    std::vector<CodeId> chain = {code.give(7)};
    for (uint32_t i = 1; i <= length; ++i)
      chain.push_back(code.jump(op::jeq_k, i, number, code.give(i % 3), chain.back()));
    code.add_weight(chain[length], 1);  // written before `both`
    CodeId both = code.jump(op::jge_k, 200, number, chain[1], chain[near]);
    CodeId root = code.load(offset_number, code.jump(op::jset_k, 1, number, both, chain[length]));
    Program program = layout(code, root);
    ASSERT_FALSE(invalid(program)) << near;
    for (uint32_t tried : {1u, 2u, near - 1, near, near + 1, 199u, 200u, 201u, 399u, 401u}) {
      Input input;
      input.number = tried;
      ASSERT_EQ(evaluate(program, input).ret, walk(code, root, input)) << near << ' ' << tried;
    }
  }
}

TEST(Layout, AWayTakesAtMostOneExtraJump) {
  size_t most = 0;
  for (uint32_t leaves : {100u, 150u, 300u, 700u, 1000u}) {
    std::mt19937 random(leaves);
    Code code;
    CodeId root = code.load(offset_number, tree(code, random, 0, leaves));
    Program program = layout(code, root);
    for (uint32_t tried = 0; tried < leaves; tried += 5) {
      Input input;
      input.number = tried;
      size_t extra = extra_jumps(program, input);
      EXPECT_LE(extra, 1u) << leaves << " leaves, number " << tried;
      most = std::max(most, extra);
    }
  }
  EXPECT_EQ(most, 1u) << "no program needed one: the test shows nothing";
}

// A comparison reached from elsewhere with its word at hand, and by its own load: the load falls
// through, so that neither way takes a jump.
TEST(Layout, LoadsFallThrough) {
  Code code;
  Holds word = {arg0, whole_word};
  CodeId check = code.jump(op::jeq_k, 7, word, code.give(1), code.give(2));
  CodeId before = code.jump(op::jge_k, 100, word, check, code.give(3));
  CodeId first = code.load(arg0, before), second = code.load(arg0, check);
  CodeId root = code.load(offset_number, code.jump(op::jeq_k, 5, number, first, second));
  Program program = layout(code, root);
  EXPECT_EQ(std::count_if(program.begin(), program.end(),
                          [](const Instruction& one) { return one.code == op::ja; }),
            0);
  EXPECT_EQ(program.size(), 9u);
}

TEST(Layout, UnreachableNodesAreNotWritten) {
  Code code;
  code.load(arg0, code.jump(op::jeq_k, 7, {arg0, whole_word}, code.give(1), code.give(2)));
  CodeId root = code.give(2);
  EXPECT_EQ(layout(code, root), (Program{{op::ret_k, 0, 0, 2}}));
}

}  // namespace
}  // namespace seclude::filter
