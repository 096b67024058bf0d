// Layout: see layout.h.
//
// The program is written backwards: what a node leads to is placed before the node, so all
// distances are known. A comparison's load (and AND) is placed right in front of it, so that
// arrivals from outside fall through it and arrivals that already hold the word jump past it.
#include "filter/code/layout.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/result.h"

namespace seclude::filter {
namespace {

constexpr size_t reach = 255;
// Nodes per block: everything in a block, and the answers it repeats, stays within reach.
constexpr size_t block_size = 200;
constexpr size_t nowhere = std::numeric_limits<size_t>::max();

std::vector<bool> reachable(const Code& code, CodeId root) {
  std::vector<bool> reached(code.size());
  std::vector<CodeId> open = {root};
  while (!open.empty()) {
    CodeId id = open.back();
    open.pop_back();
    if (reached[id]) continue;
    reached[id] = true;
    if (code.at(id).returns()) continue;
    open.push_back(code.at(id).yes);
    open.push_back(code.at(id).no);
  }
  return reached;
}

class Writer {
 public:
  Writer(const Code& code, const std::vector<bool>& needed)
      : code_(code),
        place_(code.size(), nowhere),
        body_(code.size(), nowhere),
        before_(code.size(), nowhere) {
    for (CodeId id = 0; id < code.size(); ++id) {
      const CodeNode& node = code.at(id);
      if (needed[id] && !node.returns() && !node.jumps()) before_[node.yes] = id;
    }
  }

  // Writes a node and all it leads to, except what stands so near already that any instruction of
  // this block, which has at most `room` of them, can jump there.
  void write_block(CodeId root, size_t room) {
    size_t end = reversed_.size() + room;
    nearest_ = end > reach ? end - reach - 1 : 0;
    write_below(root);
  }

  bool is_written(CodeId id) const { return place_[id] != nowhere; }

  // Writes one node whose successors have places; inserts extra jumps where they are too far.
  void write_one(CodeId id) {
    const CodeNode& node = code_.at(id);
    if (node.returns()) {
      push(id, {node.code, 0, 0, node.k});
    } else if (node.jumps()) {
      // Bringing one target near moves the other away by one instruction.
      bring_near(node.no, 1);
      bring_near(node.yes, 0);
      CHECK(distance(node.yes) <= reach && distance(node.no) <= reach);
      push(id, {node.code, static_cast<uint8_t>(distance(node.yes)),
                static_cast<uint8_t>(distance(node.no)), node.k});
    } else {
      if (distance(node.yes) != 0) push_jump(node.yes);
      push(id, {node.code, 0, 0, node.k});
    }
    body_[id] = place_[id];
    if (before_[id] != nowhere) write_one(static_cast<CodeId>(before_[id]));
  }

  Program finish() && {
    std::reverse(reversed_.begin(), reversed_.end());
    return std::move(reversed_);
  }

 private:
  bool is_near(CodeId id) const { return place_[id] != nowhere && place_[id] >= nearest_; }
  size_t distance(CodeId id) const { return reversed_.size() - 1 - place_[id]; }

  void write_below(CodeId id) {
    if (is_near(id)) return;
    const CodeNode& node = code_.at(id);
    if (!node.returns()) {
      write_below(node.no);
      write_below(node.yes);
    }
    // A load that leads to a comparison was written together with it.
    if (!is_near(id)) write_one(id);
  }

  void bring_near(CodeId id, size_t margin) {
    if (distance(id) + margin <= reach) return;
    const CodeNode& node = code_.at(id);
    if (node.returns())
      push(id, {node.code, 0, 0, node.k});
    else
      push_jump(id);
  }

  // Always to the node itself, never to another extra jump.
  void push_jump(CodeId id) {
    push(id, {op::ja, 0, 0, static_cast<uint32_t>(reversed_.size() - 1 - body_[id])});
  }

  void push(CodeId id, const Instruction& instruction) {
    place_[id] = reversed_.size();
    reversed_.push_back(instruction);
  }

  const Code& code_;
  Program reversed_;
  std::vector<size_t> place_;   // index into reversed_ of a node, or of the latest jump to it
  std::vector<size_t> body_;    // index into reversed_ of the node itself
  std::vector<size_t> before_;  // the load or AND that falls through to a node
  size_t nearest_ = 0;          // the first place all of the current block reaches
};

// How the graph is cut: nodes with much below them form the directory, the others blocks.
class Cut {
 public:
  Cut(const Code& code, CodeId root) : code_(code), big_(code.size()), seen_(code.size(), 0) {
    // A node's successors have smaller numbers, so one pass sees them first.
    for (CodeId id = 0; id < code.size(); ++id) {
      const CodeNode& node = code.at(id);
      bool above_big = !node.returns() && (big_[node.yes] || big_[node.no]);
      big_[id] = above_big || count_below(id) > block_size;
    }
    visit(root);
  }

  const std::vector<CodeId>& blocks() const { return blocks_; }  // heaviest path first
  const std::vector<CodeId>& directory() const {
    return directory_;
  }  // every node before its users

 private:
  size_t count_below(CodeId id) {
    ++mark_;
    size_t count = 0;
    std::vector<CodeId> open = {id};
    while (!open.empty() && count <= block_size) {
      CodeId at = open.back();
      open.pop_back();
      if (seen_[at] == mark_) continue;
      seen_[at] = mark_;
      ++count;
      if (code_.at(at).returns()) continue;
      open.push_back(code_.at(at).yes);
      open.push_back(code_.at(at).no);
    }
    return count;
  }

  // Chains of tests can be as long as the program: too long for recursion.
  void visit(CodeId root) {
    std::vector<std::pair<CodeId, bool>> open = {{root, false}};  // true: all below it is done
    while (!open.empty()) {
      auto [id, done] = open.back();
      open.pop_back();
      if (done) directory_.push_back(id);
      if (done || visited(id)) continue;
      if (!big_[id]) {
        blocks_.push_back(id);
        continue;
      }
      const CodeNode& node = code_.at(id);
      bool no_first = code_.at(node.no).weight > code_.at(node.yes).weight;
      open.emplace_back(id, true);
      open.emplace_back(no_first ? node.yes : node.no, false);
      open.emplace_back(no_first ? node.no : node.yes, false);
    }
  }

  bool visited(CodeId id) {
    if (visited_.empty()) visited_.resize(code_.size());
    bool was = visited_[id];
    visited_[id] = true;
    return was;
  }

  const Code& code_;
  std::vector<bool> big_, visited_;
  std::vector<uint32_t> seen_;
  uint32_t mark_ = 0;
  std::vector<CodeId> blocks_, directory_;
};

// Blocks behind a directory. A block repeats what other blocks have too far away.
Program in_blocks(const Code& code, CodeId root, const std::vector<bool>& needed) {
  Writer writer(code, needed);
  Cut cut(code, root);
  const std::vector<CodeId>& blocks = cut.blocks();
  for (size_t i = blocks.size(); i-- > 0;) writer.write_block(blocks[i], block_size);
  for (CodeId id : cut.directory())
    if (!writer.is_written(id)) writer.write_one(id);
  return std::move(writer).finish();
}

// Every node once, with extra jumps wherever the reach ends.
Program in_one_piece(const Code& code, CodeId root, const std::vector<bool>& needed) {
  Writer writer(code, needed);
  writer.write_block(root, 0);
  return std::move(writer).finish();
}

}  // namespace

Program layout(const Code& code, CodeId root) {
  std::vector<bool> needed = reachable(code, root);
  size_t count = static_cast<size_t>(std::count(needed.begin(), needed.end(), true));
  if (count <= reach + 1) return in_one_piece(code, root, needed);
  Program program = in_blocks(code, root, needed);
  // Where repeating would make it too long to load, ways with more extra jumps are the lesser evil.
  return program.size() <= max_program_length ? program : in_one_piece(code, root, needed);
}

}  // namespace seclude::filter
