// Call differences: see call_differences.h.
//
// Stretches of numbers come from compare.h; each is cut at the calls of the tables. Most stretches
// share few pairs of functions, so the pairs' answers are remembered.
#include "filter/inspection/call_differences.h"

#include <algorithm>
#include <map>
#include <utility>

#include "filter/compare.h"
#include "filter/show.h"

namespace seclude::filter {
namespace {

constexpr uint32_t x32_first = 0x40000000, x32_last = 0x7fffffff;
// Beyond so many pairs of leaves one example stands for all that are as strict as each other.
constexpr size_t most_pairs = 1024;

// Where the function has this leaf.
Id region_of(Store& store, Id function, Id leaf) {
  uint32_t wanted = store.value(leaf);
  return store.map_terminals(function, [&](uint32_t value) { return value == wanted ? 1u : 0u; });
}

// Calls `found` with a leaf of each side and the region, not empty, in which both answer so.
template <typename Found>
void each_region(Store& store, Id left, Id right, Found&& found) {
  std::vector<Id> lefts = store.terminals(left), rights = store.terminals(right);
  std::vector<Id> right_regions;
  for (Id leaf : rights) right_regions.push_back(region_of(store, right, leaf));
  for (Id left_leaf : lefts) {
    Id left_region = region_of(store, left, left_leaf);
    for (size_t i = 0; i < rights.size(); i++) {
      Id region = store.both(left_region, right_regions[i]);
      if (store.exhausted()) return;
      if (region != store.no()) found(left_leaf, rights[i], region);
    }
  }
}

std::vector<AnswerPair> pairs_by_leaf(Store& store, Id left, Id right) {
  std::vector<AnswerPair> pairs;
  each_region(store, left, right, [&](Id left_leaf, Id right_leaf, Id region) {
    if (left_leaf == right_leaf) return;
    pairs.push_back(
        {{store.value(left_leaf)}, {store.value(right_leaf)}, store.witness(region).value()});
  });
  return pairs;
}

// One example for each two strictnesses: enough to tell all that is wider or stricter.
std::vector<AnswerPair> pairs_by_strictness(Store& store, Id left, Id right) {
  auto rank = [](uint32_t ret) { return static_cast<uint32_t>(strictness({ret})); };
  Id left_ranks = store.map_terminals(left, rank), right_ranks = store.map_terminals(right, rank);
  std::vector<AnswerPair> pairs;
  each_region(store, left_ranks, right_ranks, [&](Id, Id, Id region) {
    Decision one{{}, {{0, store.ite(region, left, store.no())}}};
    Decision other{{}, {{0, store.ite(region, right, store.no())}}};
    if (store.exhausted()) return;
    std::optional<Difference> example = difference(store, one, other);
    if (example) pairs.push_back({example->left, example->right, example->input});
  });
  return pairs;
}

class Finder {
 public:
  Finder(Store& store, const Decision& left, const Decision& right)
      : store_(store), left_(left), right_(right) {}

  std::vector<CallDifference> run() {
    if (left_ == right_) return {};
    if (mixed(store_, left_) || mixed(store_, right_)) {
      inside();
    } else {
      for (const RunDifference& run : differences(store_, left_, right_)) stretch(run);
    }
    return std::move(found_);
  }

 private:
  void stretch(const RunDifference& run) {
    uint32_t audit = run.example.input.arch;
    Id left = left_.at(audit, run.first), right = right_.at(audit, run.first);
    if (!run.audit) return add({}, run.audit, audit, {run.first, run.last}, left, right);
    if (*run.audit != calls::info(calls::Arch::x86_64).audit) {
      for (calls::Arch arch : calls::all_archs)
        if (calls::info(arch).audit == *run.audit)
          return cut(arch, *run.audit, {run.first, run.last}, left, right);
      return add({}, run.audit, audit, {run.first, run.last}, left, right);
    }
    // Bit 30 of the number makes it a call of x32.
    auto part = [&](calls::Arch arch, uint32_t from, uint32_t to) {
      Stretch piece{std::max(run.first, from), std::min(run.last, to)};
      if (piece.first <= piece.last) cut(arch, *run.audit, piece, left, right);
    };
    part(calls::Arch::x86_64, 0, x32_first - 1);
    part(calls::Arch::x32, x32_first, x32_last);
    part(calls::Arch::x86_64, x32_last + 1, UINT32_MAX);
  }

  struct Stretch {
    uint32_t first, last;
  };

  // Each call of the tables on its own; what lies between them as stretches.
  void cut(calls::Arch arch, uint32_t audit, Stretch numbers, Id left, Id right) {
    uint64_t next = numbers.first;
    auto known = calls::numbers(arch);
    auto at = std::lower_bound(
        known.begin(), known.end(), numbers.first,
        [](const calls::Numbered& one, uint32_t first) { return one.number < first; });
    for (; at != known.end() && at->number <= numbers.last; ++at) {
      if (at->number > next)
        add(arch, audit, audit, {static_cast<uint32_t>(next), at->number - 1}, left, right);
      add(arch, audit, audit, {at->number, at->number}, left, right, at->call);
      next = uint64_t{at->number} + 1;
    }
    if (next <= numbers.last)
      add(arch, audit, audit, {static_cast<uint32_t>(next), numbers.last}, left, right);
  }

  void add(std::optional<calls::Arch> arch, std::optional<uint32_t> audit, uint32_t example_audit,
           Stretch numbers, Id left, Id right, std::optional<calls::CallId> call = {}) {
    auto [place, fresh] = pairs_.try_emplace({left, right});
    if (fresh) place->second = answer_pairs(store_, left, right);
    for (const AnswerPair& pair : place->second) {
      CallDifference difference{.arch = arch,
                                .audit = audit,
                                .call = call,
                                .first = numbers.first,
                                .last = numbers.last,
                                .everything = numbers.first == 0 && numbers.last == UINT32_MAX,
                                .left = pair.left,
                                .right = pair.right,
                                .example = pair.example};
      difference.some_arguments = !store_.is_terminal(left) || !store_.is_terminal(right);
      difference.example.arch = example_audit;
      difference.example.number = numbers.first;
      found_.push_back(difference);
    }
  }

  // A foreign program that computes with the number: its calls are asked one by one, and what
  // differs on no call of the tables is shown once.
  void inside() {
    Id left = whole(store_, left_), right = whole(store_, right_);
    Id rest = store_.yes();
    for (calls::Arch arch : calls::all_archs) {
      uint32_t audit = calls::info(arch).audit;
      for (const calls::Numbered& one : calls::numbers(arch)) {
        if (store_.exhausted()) return;
        Id left_id = store_.at(left, audit, one.number);
        Id right_id = store_.at(right, audit, one.number);
        rest = store_.test(Group::ArchNumber, ~uint64_t{0}, uint64_t{audit} << 32 | one.number,
                           store_.no(), rest);
        if (left_id == right_id) continue;
        add(arch, audit, audit, {one.number, one.number}, left_id, right_id, one.call);
      }
    }
    Id elsewhere = store_.yes();  // architectures that no table knows
    for (uint32_t audit : known_audits()) {
      Id here = store_.test(Group::ArchNumber, uint64_t{0xffffffff} << 32, uint64_t{audit} << 32,
                            store_.yes(), store_.no());
      numbers_of_no_call(left, right, store_.both(rest, here), audit);
      elsewhere = store_.both(elsewhere, store_.negate(here));
    }
    numbers_of_no_call(left, right, elsewhere, std::nullopt);
  }

  static std::vector<uint32_t> known_audits() {
    std::vector<uint32_t> audits;
    for (calls::Arch arch : calls::all_archs)
      if (std::count(audits.begin(), audits.end(), calls::info(arch).audit) == 0)
        audits.push_back(calls::info(arch).audit);
    return audits;
  }

  // What differs within a region of architectures and numbers, each pair of answers once.
  void numbers_of_no_call(Id left, Id right, Id region, std::optional<uint32_t> audit) {
    Id left_rest = store_.ite(region, left, store_.no());
    Id right_rest = store_.ite(region, right, store_.no());
    for (const AnswerPair& pair : answer_pairs(store_, left_rest, right_rest)) {
      CallDifference difference;
      difference.last = UINT32_MAX;
      difference.some_arguments = true;
      difference.arch = audit ? arch_of(pair.example) : std::nullopt;
      difference.audit = audit;
      difference.left = pair.left;
      difference.right = pair.right;
      difference.example = pair.example;
      found_.push_back(difference);
    }
  }

  Store& store_;
  const Decision &left_, &right_;
  std::map<std::pair<Id, Id>, std::vector<AnswerPair>> pairs_;
  std::vector<CallDifference> found_;
};

}  // namespace

std::vector<AnswerPair> answer_pairs(Store& store, Id left, Id right) {
  if (left == right) return {};
  if (store.is_terminal(left) && store.is_terminal(right))
    return {{{store.value(left)}, {store.value(right)}, {}}};
  bool many = store.terminals(left).size() * store.terminals(right).size() > most_pairs;
  std::vector<AnswerPair> pairs =
      many ? pairs_by_strictness(store, left, right) : pairs_by_leaf(store, left, right);
  std::sort(pairs.begin(), pairs.end(), [](const AnswerPair& a, const AnswerPair& b) {
    return std::pair(strictness(b.right), a.right.ret) <
           std::pair(strictness(a.right), b.right.ret);
  });
  return pairs;
}

std::vector<CallDifference> call_differences(Store& store, const Decision& left,
                                             const Decision& right) {
  return Finder(store, left, right).run();
}

bool wider(Action left, Action right) {
  if (right.refuses() || left.kind() == Action::log_) return false;
  return strictness(right) > strictness(left);
}

}  // namespace seclude::filter
