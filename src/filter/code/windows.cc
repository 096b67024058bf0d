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
#include <memory>
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
void make_infinite(float* costs, size_t begin, size_t end) {
  const Four four = {infinite, infinite, infinite, infinite};
  for (size_t i = begin; i < end; i += 4) std::memcpy(costs + i, &four, sizeof four);
}

void lower(float& cost, float other) { cost = std::min(cost, other); }

// What a cut costs: on its left, and on its right by where the window ends.
struct Offer {
  float left;
  const float* right;
};

// costs[i] = min(costs[i], left + right[i]) from `begin` up to `end`, for two cuts.
void lower_to(float* costs, Offer a, Offer b, size_t begin, size_t end) {
  if (end < begin + 4) {
    for (size_t i = begin; i < end; ++i)
      lower(costs[i], std::min(a.right[i] + a.left, b.right[i] + b.left));
    return;
  }
  auto lower_four = [=](size_t i) {
    Four least = lesser(load_four(a.right + i) + a.left, load_four(b.right + i) + b.left);
    least = lesser(least, load_four(costs + i));
    std::memcpy(costs + i, &least, sizeof least);
  };
  for (size_t i = begin; i + 4 < end; i += 4) lower_four(i);
  lower_four(end - 4);  // some of these for a second time, which changes nothing
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
  static_assert(peel_limit == 4);
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
    costs_ = std::make_unique_for_overwrite<float[]>((most + 1) * level_);
    cuts_.resize((most + 1) * stride_);
    own_.resize((most + 1) * stride_);
    hot_.resize(last_ + 1);
    before_.resize(stride_);
    heaviest_in_.resize(last_, -1);
    for (size_t i = 0; i < last_; ++i) {
      before_[i + 1] = before_[i];
      for (const Piece& piece : added({i, i + 1})) {
        before_[i + 1] += piece.weight;
        if (piece.single) heaviest_in_[i] = std::max(heaviest_in_[i], piece.weight);
      }
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
    prepare(begin);
    if (most_ > 0) look_for_heaviest(begin);
    fill_chains(begin);
    fill_bit_tests(begin);
    float* costs = row(0, begin);
    if (positions({begin, begin + 1}).size() == 1) costs[begin + 1] = 0;
    // Two cuts at a time: the second one's left side may be cut at the first.
    for (size_t end = begin + 1;; end += 2) {
      finish(costs, end);
      if (end == last_) return;
      offer_to_next(costs, end);
      finish(costs, end + 1);
      if (end + 1 == last_) return;
      offer_both(costs, end);
    }
  }

  // Nothing is known of the windows that start at `begin` but what a test of their own costs.
  void prepare(size_t begin) {
    const size_t group = begin / 4 * 4;
    for (size_t k = 0; k <= most_; ++k) {
      make_infinite(row(k, begin), group, stride_);
      make_infinite(&cuts_[k * stride_], group, stride_);
    }
    const float ahead = before_[begin];
    for (size_t end = group; end < stride_; end += 4) {
      Four own = load_four(&before_[end]) - ahead + price_;
      std::memcpy(&own_[end], &own, sizeof own);
    }
  }

  void look_for_heaviest(size_t begin) {
    Heaviest heaviest;
    stretches_.clear();
    hot_end_.fill(0);
    for (size_t end = begin + 1; end <= last_; ++end) {
      if (heaviest_in_[end - 1] > heaviest.weight(most_ - 1)) {
        for (uint32_t at = starts_[end - 1]; at < starts_[end]; ++at) add(at, heaviest);
        stretches_.push_back({end, heaviest});
      }
      size_t hot = heaviest.hot(weight({begin, end}), most_);
      hot_[end] = hot;
      if (hot == 0) continue;
      float passing = own_[end];
      for (size_t k = 1; k <= hot; ++k) {
        own_[k * stride_ + end] = passing -= heaviest.weight(k - 1);
        hot_end_[k] = end + 1;
      }
      // Neighbours differ, so that two pieces of a longer window are left.
      if (positions({begin, end}).size() <= 2 * hot + 1) settle({begin, end}, heaviest);
    }
    stretches_.push_back({last_ + 2, heaviest});  // beyond all windows: so that there is a next one
    at_ = stretches_.data();
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
      const Stretch* stretch = stretches_.data();
      for (size_t end = begin + 1; end <= last_ && add({end - 1, end}, chain); ++end) {
        lower(row(0, begin)[end], chain.cost(price_));
        if (hot_[end] == 0) continue;
        while (stretch[1].from <= end) ++stretch;
        for (size_t k = 1; k <= hot_[end]; ++k)
          lower(row(k, begin)[end], chain.cost(price_, stretch->heaviest.first(k)));
      }
    }
  }

  void fill_bit_tests(size_t begin) {
    BitTest test;
    for (size_t end = begin + 1; end <= last_ && add({end - 1, end}, test); ++end)
      if (positions({begin, end}).size() > 2 && test.find())
        lower(row(0, begin)[end], test.cost(price_));
  }

  // All cuts of the window up to `end` have been offered. What peeling costs is offered to what is
  // less peeled. `row_costs`: of the windows that start there.
  void finish(float* row_costs, size_t end) {
    float *costs = row_costs + end, *cuts = &cuts_[end];
    const float* own = &own_[end];
    for (size_t k = hot_[end]; k > 0; --k) {
      float& cost = costs[k * level_];
      lower(cost, cuts[k * stride_] + own[k * stride_]);
      lower(cuts[(k - 1) * stride_], cost);
    }
    lower(costs[0], cuts[0] + own[0]);
  }

  // A window without its k heaviest pieces, of which so many lie left of the cut. `costs`: of the
  // windows that start where it does.
  Offer offer(const float* costs, size_t cut, size_t k, size_t left) const {
    return {costs[left * level_ + cut], row(k - left, cut)};
  }
  size_t left_of(size_t cut, const Stretch& stretch, size_t k) const {
    return stretch.from <= cut ? k : stretch.heaviest.before(starts_[cut], k);
  }
  void go_to_stretch(size_t end) {
    while (at_[1].from <= end) ++at_;
  }

  // Offers the cut to the window that goes on to the next start.
  void offer_to_next(const float* costs, size_t cut) {
    const size_t end = cut + 1;
    lower(cuts_[end], costs[cut] + row(0, cut)[end]);
    if (hot_[end] == 0) return;
    go_to_stretch(end);
    for (size_t k = 1; k <= hot_[end]; ++k) {
      Offer peeled = offer(costs, cut, k, left_of(cut, *at_, k));
      lower(cuts_[k * stride_ + end], peeled.left + peeled.right[end]);
    }
  }

  // Offers this cut and the next to all windows that go on behind them. Of the heaviest pieces of a
  // window the fewer lie before the cut, the longer it is.
  void offer_both(const float* costs, size_t cut) {
    const size_t next = cut + 1;
    lower_to(cuts_.data(), offer(costs, cut, 0, 0), offer(costs, next, 0, 0), next + 1, last_ + 1);
    if (next + 1 >= hot_end_[1]) return;
    go_to_stretch(next + 1);
    for (size_t k = 1; next + 1 < hot_end_[k]; ++k) {
      size_t first = next + 1, hot_end = hot_end_[k];
      for (const Stretch* stretch = at_; first < hot_end; ++stretch) {
        size_t left = left_of(cut, *stretch, k), left_of_next = left_of(next, *stretch, k);
        size_t end = left_of_next == 0 ? hot_end : std::min(stretch[1].from, hot_end);
        lower_to(&cuts_[k * stride_], offer(costs, cut, k, left),
                 offer(costs, next, k, left_of_next), first, end);
        first = end;
      }
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

  void add(size_t at, Heaviest& heaviest) const {
    const Piece& piece = pieces_[at];
    if (piece.single && piece.weight > heaviest.weight(most_ - 1))
      heaviest.add(piece.weight, static_cast<uint32_t>(at), most_);
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
  float* row(size_t k, size_t begin) { return costs_.get() + k * level_ + begin * stride_; }
  const float* row(size_t k, size_t begin) const {
    return costs_.get() + k * level_ + begin * stride_;
  }

  std::span<const Piece> pieces_;
  float price_;
  size_t most_;
  std::vector<uint32_t> starts_;
  size_t last_ = 0;    // the end of all
  size_t stride_ = 0;  // of begin in costs_, and of k elsewhere: whole groups of four
  size_t level_ = 0;   // of k in costs_
  // By k, begin, end; infinite where a window has fewer hot pieces. Set row by row (prepare).
  std::unique_ptr<float[]> costs_;
  std::vector<float> before_;       // the weight of all pieces before a start
  std::vector<float> heaviest_in_;  // single piece between a start and the next; -1: there is none
  // Of the windows that start where the search is, by k and end: the best cut, without the test for
  // it, and what that test costs.
  std::vector<float> cuts_, own_;
  std::vector<Stretch> stretches_;
  const Stretch* at_ = nullptr;  // the stretch of the windows that are offered cuts
  std::vector<size_t> hot_;      // by end: so many pieces may be peeled
  std::array<size_t, peel_limit + 2> hot_end_{};  // by k: beyond the last window with k hot pieces
};

}  // namespace

Branch best_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree) {
  return Windows(pieces, price, most).build(tree);
}

}  // namespace seclude::filter
