// Windows: see windows.h. The costs of all windows, each without its k heaviest single values, for
// k up to what is asked.
//
// What a cut leaves on either side is again a window without its heaviest single values, so the
// costs of all windows answer each other. Once the cost up to a cut is final, the cut is offered to
// all windows it could cut: over consecutive memory, four at a time.
#include "filter/code/windows.h"

#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "filter/code/outright.h"

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

// GCC's and Clang's vector types, which every architecture has; without them the search takes about
// three times as long.
using Four = float __attribute__((vector_size(16)));

Four load_four(const float* from) {
  Four four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

Four lesser(Four a, Four b) {
#ifdef __SSE__
  return _mm_min_ps(a, b);  // GCC makes three instructions of the other
#else
  return a < b ? a : b;
#endif
}

// Whole groups of four.
void make_infinite(std::vector<float>& costs) {
  const Four four = {infinite, infinite, infinite, infinite};
  for (size_t i = 0; i < costs.size(); i += 4) std::memcpy(&costs[i], &four, sizeof four);
}

void lower(float& cost, float other) { cost = std::min(cost, other); }

// What a cut costs: on its left, and on its right by where the window ends.
struct Offer {
  float left;
  const float* right;
};

// costs[i] = min(costs[i], left + right[i]) from `begin` up to `end`.
void lower_to(float* costs, Offer cut, size_t begin, size_t end) {
  size_t i = begin;
  for (; i + 4 <= end; i += 4) {
    Four now = lesser(load_four(costs + i), load_four(cut.right + i) + cut.left);
    std::memcpy(costs + i, &now, sizeof now);
  }
  for (; i < end; ++i) lower(costs[i], cut.right[i] + cut.left);
}

// The same for two cuts, and for whole groups of four.
void lower_to_both(float* costs, Offer a, Offer b, size_t begin, size_t end) {
  for (size_t i = begin; i < end; i += 4) {
    Four least = lesser(load_four(a.right + i) + a.left, load_four(b.right + i) + b.left);
    least = lesser(least, load_four(costs + i));
    std::memcpy(costs + i, &least, sizeof least);
  }
}

// A value is hot when it has this share of its window's weight.
constexpr float hot_share = 0.25f;

// The heaviest single pieces of a window, heaviest first.
class Heaviest {
 public:
  // A piece that is heavier than the last of the first `most`.
  void add(float weight, uint32_t position, size_t most) {
    size_t at = most - 1;
    for (; at > 0 && weights_[at - 1] < weight; --at) {
      weights_[at] = weights_[at - 1];
      positions_[at] = positions_[at - 1];
    }
    weights_[at] = weight;
    positions_[at] = position;
  }

  // How many of the first `most` are hot in a window of this weight.
  size_t hot(float window, size_t most) const {
    size_t hot = 0;
    while (hot < most && weights_[hot] >= window * hot_share) ++hot;
    return hot;
  }
  uint32_t position(size_t i) const { return positions_[i]; }
  float weight(size_t i) const { return weights_[i]; }
  // How many of the first `count` lie before the place.
  size_t before(size_t place, size_t count) const {
    size_t before = 0;
    for (size_t i = 0; i < count; ++i) before += positions_[i] < place ? 1 : 0;
    return before;
  }
  Gone first(size_t count) const {
    Gone gone = {std::span(positions_.data(), count), 0};
    for (size_t i = 0; i < count; ++i) gone.weight += weights_[i];
    return gone;
  }

 private:
  std::array<uint32_t, peel_limit> positions_{};
  std::array<float, peel_limit> weights_ = {-1, -1, -1, -1};  // less than any piece's: not there
};

bool tests_are_dear(std::span<const Piece> pieces, float price) {
  float total = 0;
  for (const Piece& piece : pieces) total += piece.weight;
  return price >= total;
}

bool is_behind_odd_one(std::span<const Piece> pieces, size_t position) {
  if (position < 2 || !pieces[position - 1].single || pieces[position - 2].single) return false;
  return pieces[position - 2].outcome == pieces[position].outcome;
}

// Where a window may start, as positions of pieces, and the end of all. Where tests are dear, a
// single value in the middle of what else leads to one thing stays with what comes behind it: an
// equality test tells it apart, and to cut on both its sides would take a test more.
std::vector<uint32_t> starts_of_windows(std::span<const Piece> pieces, float price) {
  std::vector<uint32_t> starts;
  starts.reserve(pieces.size() + 1);
  bool dear = tests_are_dear(pieces, price);
  for (size_t i = 0; i < pieces.size(); ++i)
    if (!dear || !is_behind_odd_one(pieces, i)) starts.push_back(static_cast<uint32_t>(i));
  starts.push_back(static_cast<uint32_t>(pieces.size()));
  return starts;
}

// Windows begin and end at one of the starts, by its place among them.
class Windows {
 public:
  Windows(std::span<const Piece> pieces, float price, size_t most)
      : pieces_(pieces), price_(price), most_(most), starts_(starts_of_windows(pieces, price)) {
    last_ = starts_.size() - 1;
    stride_ = last_ / 4 * 4 + 4;
    level_ = last_ * stride_;
    costs_.resize((most + 1) * level_);
    make_infinite(costs_);
    cuts_.resize((most + 1) * stride_);
    own_.resize((most + 1) * stride_);
    hot_.resize(last_ + 1);
    before_.resize(last_ + 1);
    for (size_t i = 0; i < last_; ++i) {
      before_[i + 1] = before_[i];
      for (const Piece& piece : added({i, i + 1})) before_[i + 1] += piece.weight;
    }
    for (size_t begin = last_; begin-- > 0;) fill(begin);
  }

  Branch build(SearchTree& tree) const { return build({0, last_}, 0, tree); }

 private:
  // Of the windows that start at one place, those that end here and up to the next stretch.
  struct Stretch {
    size_t from = 0;
    Heaviest heaviest;
  };

  // Costs of all windows that start at `begin`, from those that start later.
  void fill(size_t begin) {
    make_infinite(cuts_);
    float ahead = before_[begin];
    for (size_t end = begin + 1; end <= last_; ++end) own_[end] = before_[end] - ahead + price_;
    if (most_ > 0) look_for_heaviest(begin);
    fill_chains(begin);
    fill_bit_tests(begin);
    float* costs = row(0, begin);
    if (positions({begin, begin + 1}).size() == 1) costs[begin + 1] = 0;
    for (size_t end = begin + 1;; ++end) {
      finish({begin, end});
      if (end == last_) return;
      // Two cuts at a time: the second one's left side may be cut at the first.
      if ((end - begin) % 2 != 0)
        lower(cuts_[end + 1], costs[end] + row(0, end)[end + 1]);
      else  // the first group may hold windows that are finished, which does them no harm
        lower_to_both(cuts_.data(), {costs[end - 1], row(0, end - 1)}, {costs[end], row(0, end)},
                      (end + 1) / 4 * 4, stride_);
    }
  }

  void look_for_heaviest(size_t begin) {
    Heaviest heaviest;
    stretches_.clear();
    at_ = 0;
    hot_end_.fill(0);
    for (size_t end = begin + 1; end <= last_; ++end) {
      bool changed = false;
      for (uint32_t at = starts_[end - 1]; at < starts_[end]; ++at) changed |= add(at, heaviest);
      if (changed) stretches_.push_back({end, heaviest});
      size_t hot = heaviest.hot(weight({begin, end}), most_);
      float passing = own_[end];
      for (size_t k = 1; k <= hot; ++k) {
        own_[k * stride_ + end] = passing -= heaviest.weight(k - 1);
        hot_end_[k] = end + 1;
      }
      for (size_t k = hot + 1; k <= most_; ++k) own_[k * stride_ + end] = infinite;
      hot_[end] = hot;
      // Neighbours differ, so that two pieces of a longer window are left.
      if (positions({begin, end}).size() <= 2 * hot_[end] + 1) settle({begin, end}, heaviest);
    }
  }

  // Where the rest of a window leads to one thing it costs nothing.
  void settle(Window window, const Heaviest& heaviest) {
    for (size_t k = 1; k <= hot_[window.end]; ++k)
      if (only_outcome(positions(window), heaviest.first(k))) row(k, window.begin)[window.end] = 0;
  }

  void fill_chains(size_t begin) {
    Bases bases = bases_from(pieces_, starts_[begin]);
    for (size_t b = 0; b < bases.count; ++b) {
      Chain chain(bases.outcome[b]);
      size_t stretch = 0;
      for (size_t end = begin + 1; end <= last_ && add({end - 1, end}, chain); ++end) {
        lower(row(0, begin)[end], chain.cost(price_));
        if (hot_[end] == 0) continue;
        while (stretch + 1 < stretches_.size() && stretches_[stretch + 1].from <= end) ++stretch;
        for (size_t k = 1; k <= hot_[end]; ++k)
          lower(row(k, begin)[end], chain.cost(price_, stretches_[stretch].heaviest.first(k)));
      }
    }
  }

  void fill_bit_tests(size_t begin) {
    BitTest test;
    for (size_t end = begin + 1; end <= last_ && add({end - 1, end}, test); ++end)
      if (positions({begin, end}).size() > 2 && test.find())
        lower(row(0, begin)[end], test.cost(price_));
  }

  // All cuts of the window have been offered. What peeling costs is offered to what is less peeled.
  void finish(Window window) {
    float *costs = row(0, window.begin) + window.end, *cuts = &cuts_[window.end];
    const float* own = &own_[window.end];
    for (size_t k = most_; k > 0; --k) {
      float& cost = costs[k * level_];
      lower(cost, cuts[k * stride_] + own[k * stride_]);
      lower(cuts[(k - 1) * stride_], cost);
    }
    lower(costs[0], cuts[0] + own[0]);
    if (window.end + 1 >= hot_end_[1]) return;
    while (at_ + 1 < stretches_.size() && stretches_[at_ + 1].from <= window.end + 1) ++at_;
    for (size_t k = 1; window.end + 1 < hot_end_[k]; ++k) offer_peeled(window.end, costs, k);
  }

  // Offers the cut to all windows that go on behind it, each without its k heaviest pieces: of
  // these the fewer lie before the cut, the longer the window is. `before`: the cost up to the cut.
  void offer_peeled(size_t cut, const float* before, size_t k) {
    const float* behind = row(k, cut);
    size_t first = cut + 1, hot_end = hot_end_[k];
    for (const Stretch* stretch = &stretches_[at_]; first < hot_end; ++stretch) {
      size_t left = stretch->heaviest.before(starts_[cut], k), end = hot_end;
      if (left > 0 && stretch != &stretches_.back()) end = std::min(stretch[1].from, end);
      lower_to(&cuts_[k * stride_], {before[left * level_], behind - left * level_}, first, end);
      first = end;
    }
  }

  // Appends the tests of the best tree for a window without its k heaviest single pieces.
  Branch build(Window window, size_t k, SearchTree& tree) const {
    Window places = positions(window);
    Heaviest heaviest;
    for (size_t at = places.begin; at < places.end && most_ > 0; ++at) add(at, heaviest);
    Gone gone = heaviest.first(k);
    if (std::optional<uint32_t> outcome = only_outcome(places, gone)) return {true, *outcome};
    float target = row(k, window.begin)[window.end];
    std::optional<BitTest> test = k == 0 ? bit_test(pieces_, places) : std::nullopt;
    if (test && test->cost(price_) <= target) return build_bit_test(*test->find(), tree);
    std::optional<Chain> chain = best_chain(pieces_, places, price_, gone);
    if (chain && chain->cost(price_, gone) <= target) return chain->build(pieces_, tree, gone);

    uint32_t index = static_cast<uint32_t>(tree.tests.size());
    tree.tests.push_back({Kind::AtLeast, 0, weight(window) - gone.weight, {}, {}});
    Branch yes, no;
    BestCut best = best_cut(window, gone);
    bool may_peel = k < heaviest.hot(weight(window), most_);
    if (may_peel && row(k + 1, window.begin)[window.end] <= best.cost) {
      const Piece& piece = pieces_[heaviest.position(k)];
      tree.tests[index].kind = Kind::Equal;
      tree.tests[index].key = piece.first;
      yes = {true, piece.outcome};
      no = build(window, k + 1, tree);
    } else {
      tree.tests[index].key = pieces_[starts_[best.cut]].first;
      yes = build({best.cut, window.end}, k - best.left, tree);
      no = build({window.begin, best.cut}, best.left, tree);
    }
    tree.tests[index].yes = yes;
    tree.tests[index].no = no;
    return {false, index};
  }

  struct BestCut {
    float cost = infinite;  // without the cut's own test
    size_t cut = 0;
    size_t left = 0;  // how many of those that are gone lie before it
  };
  BestCut best_cut(Window window, const Gone& gone) const {
    BestCut best;
    size_t k = gone.positions.size();
    for (size_t cut = window.begin + 1; cut < window.end; ++cut) {
      size_t left = 0;
      for (uint32_t position : gone.positions) left += position < starts_[cut] ? 1 : 0;
      float cost = row(left, window.begin)[cut] + row(k - left, cut)[window.end];
      if (cost < best.cost) best = {cost, cut, left};
    }
    return best;
  }

  // What all that is left of the pieces leads to, if that is one thing.
  std::optional<uint32_t> only_outcome(Window places, const Gone& gone) const {
    std::optional<uint32_t> outcome;
    for (size_t at = places.begin; at < places.end; ++at) {
      if (outcome == pieces_[at].outcome || gone.has(at)) continue;
      if (outcome) return std::nullopt;
      outcome = pieces_[at].outcome;
    }
    return outcome ? outcome : pieces_[places.begin].outcome;
  }

  // False when they stay the same.
  bool add(size_t at, Heaviest& heaviest) const {
    const Piece& piece = pieces_[at];
    if (!piece.single || piece.weight <= heaviest.weight(most_ - 1)) return false;
    heaviest.add(piece.weight, static_cast<uint32_t>(at), most_);
    return true;
  }
  bool add(Window window, Chain& chain) const {
    for (size_t at = starts_[window.begin]; at < starts_[window.end]; ++at)
      if (!chain.add(pieces_[at], static_cast<uint32_t>(at))) return false;
    return true;
  }
  bool add(Window window, BitTest& test) const {
    for (size_t at = starts_[window.begin]; at < starts_[window.end]; ++at)
      if (!test.add(pieces_[at], last_of(pieces_, at))) return false;
    return true;
  }

  Window positions(Window window) const { return {starts_[window.begin], starts_[window.end]}; }
  std::span<const Piece> added(Window window) const {
    return pieces_.subspan(starts_[window.begin], starts_[window.end] - starts_[window.begin]);
  }
  float weight(Window window) const { return before_[window.end] - before_[window.begin]; }
  float* row(size_t k, size_t begin) { return costs_.data() + k * level_ + begin * stride_; }
  const float* row(size_t k, size_t begin) const {
    return costs_.data() + k * level_ + begin * stride_;
  }

  std::span<const Piece> pieces_;
  float price_;
  size_t most_;
  std::vector<uint32_t> starts_;
  size_t last_ = 0;            // the end of all
  size_t stride_ = 0;          // of begin in costs_, and of k elsewhere: whole groups of four
  size_t level_ = 0;           // of k in costs_
  std::vector<float> costs_;   // by k, begin, end; infinite where a window has fewer hot pieces
  std::vector<float> before_;  // the weight of all pieces before a start
  // Of the windows that start where the search is, by k and end: the best cut, without the test for
  // it, and what that test costs.
  std::vector<float> cuts_, own_;
  std::vector<Stretch> stretches_;
  size_t at_ = 0;            // the stretch of the windows one start longer than the one at hand
  std::vector<size_t> hot_;  // by end: so many pieces may be peeled
  std::array<size_t, peel_limit + 2> hot_end_{};  // by k: beyond the last window with k hot pieces
};

}  // namespace

Branch best_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree) {
  return Windows(pieces, price, most).build(tree);
}

}  // namespace seclude::filter
