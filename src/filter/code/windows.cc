// Windows: see windows.h. The costs of all windows, each without its k heaviest single values, for
// k up to what is asked.
//
// What a cut leaves on either side is again a window without its heaviest single values, so the
// costs of all windows answer each other: the shorter ones come first. Windows of one length that
// start next to each other lie side by side, so that some of them are searched at a time, all at
// the same distance from their start.
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

#include "base/result.h"
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

// Of a start each.
using FourPlaces = int32_t __attribute__((vector_size(16)));

FourPlaces load_places(const int32_t* from) {
  FourPlaces four;
  std::memcpy(&four, from, sizeof four);
  return four;
}
FourPlaces four_from(size_t first) {
  const auto place = static_cast<int32_t>(first);
  return FourPlaces{place, place + 1, place + 2, place + 3};
}

Four lesser(Four a, Four b) {
#ifdef __SSE__
  return _mm_min_ps(a, b);  // GCC makes three instructions of the other
#else
  return a < b ? a : b;
#endif
}

constexpr size_t at_a_time = 8;  // windows
constexpr Four infinite_four = {infinite, infinite, infinite, infinite};

bool are_infinite(Four four) {
  FourPlaces less = four < infinite_four;
  return (less[0] | less[1] | less[2] | less[3]) == 0;
}

// Whole groups of four.
void make_infinite(float* costs, size_t count) {
  for (size_t i = 0; i < count; i += 4) std::memcpy(costs + i, &infinite_four, sizeof(Four));
}

void lower(float& cost, float other) { cost = std::min(cost, other); }

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
    padded_ = last_ + at_a_time;
    level_ = (row_of(last_ + 1) + 3) / 4 * 4;
    costs_ = std::make_unique_for_overwrite<float[]>((most + 1) * level_);
    make_infinite(costs_.get(), (most + 1) * level_);
    before_.resize(padded_);
    chained_until_.resize(last_);
    bit_tested_until_.resize(last_);
    for (size_t i = 0; i < last_; ++i) {
      before_[i + 1] = before_[i];
      for (const Piece& piece : added({i, i + 1})) before_[i + 1] += piece.weight;
    }
    for (size_t begin = 0; begin < last_; ++begin) settle_outright(begin);
    if (most > 0) prepare_peeling();
    for (size_t length = 1; length <= last_; ++length) {
      if (most > 0) look_for_heaviest(length);
      for (size_t k = most + 1; k-- > 0;) find_cuts(k, length);
    }
  }

  Branch build(SearchTree& tree) const { return build({0, last_}, 0, tree); }

 private:
  // ---- without a cut ----------------------------------------------------------------------------

  // All windows that start at `begin`.
  void settle_outright(size_t begin) {
    if (most_ > 0) settle_peeled(begin);
    fill_chains(begin);
    fill_bit_tests(begin);
    if (positions({begin, begin + 1}).size() == 1) cost(0, {begin, begin + 1}) = 0;
  }

  // Where the rest of a window leads to one thing it costs nothing. Neighbours differ, so that two
  // pieces of a longer window are left.
  void settle_peeled(size_t begin) {
    Heaviest heaviest;
    for (Window window = {begin, begin + 1}; window.end <= last_; ++window.end) {
      if (positions(window).size() > 2 * most_ + 1) return;
      add_last(window, heaviest);
      const size_t hot = heaviest.hot(weight(window), most_);
      for (size_t k = 1; k <= hot && positions(window).size() <= 2 * hot + 1; ++k)
        if (only_outcome(positions(window), heaviest.first(k))) cost(k, window) = 0;
    }
  }

  void fill_chains(size_t begin) {
    Bases bases = bases_from(pieces_, starts_[begin]);
    for (size_t b = 0; b < bases.count; ++b) {
      Chain chain(bases.outcome[b]);
      Heaviest heaviest;
      Window window = {begin, begin + 1};
      for (; window.end <= last_ && add({window.end - 1, window.end}, chain); ++window.end) {
        lower(cost(0, window), chain.cost(price_));
        if (most_ == 0) continue;
        add_last(window, heaviest);
        const size_t hot = heaviest.hot(weight(window), most_);
        for (size_t k = 1; k <= hot; ++k)
          lower(cost(k, window), chain.cost(price_, heaviest.first(k)));
      }
      chained_until_[begin] = std::max(chained_until_[begin], window.end);
    }
  }

  void fill_bit_tests(size_t begin) {
    BitTest test;
    for (size_t end = begin + 1; end <= last_ && add({end - 1, end}, test); ++end)
      if (positions({begin, end}).size() > 2 && test.find()) {
        lower(cost(0, {begin, end}), test.cost(price_));
        bit_tested_until_[begin] = end + 1;
      }
  }

  // ---- with one ---------------------------------------------------------------------------------

  void prepare_peeling() {
    heaviest_.resize(most_ * padded_, -1);
    cuts_behind_.resize(most_ * padded_);
    singles_.resize(most_between_starts * padded_, -1);
    for (size_t i = 0; i < last_; ++i) {
      size_t place = i;
      for (const Piece& piece : added({i, i + 1})) {
        if (!piece.single) continue;
        CHECK(place < singles_.size());
        singles_[place] = piece.weight;
        place += padded_;
      }
    }
  }

  // Of all windows of one length, when those of the shorter ones are known.
  void look_for_heaviest(size_t length) {
    for (size_t begin = 0; begin + length <= last_; begin += 4)
      for (size_t i = 0; i < most_between_starts; ++i) {
        Four weight = load_four(&singles_[i * padded_ + begin + length - 1]);
        FourPlaces behind = four_from(begin + length), is_heavier = {};
        for (size_t k = 0; k < most_; ++k) {
          float* weights = &heaviest_[k * padded_ + begin];
          int32_t* places = &cuts_behind_[k * padded_ + begin];
          Four other = load_four(weights);
          FourPlaces other_behind = load_places(places);
          is_heavier |= weight > other;  // and then all the others move on
          Four first = is_heavier ? weight : other;
          FourPlaces first_behind = is_heavier ? behind : other_behind;
          std::memcpy(weights, &first, sizeof first);
          std::memcpy(places, &first_behind, sizeof first_behind);
          weight = is_heavier ? other : weight;
          behind = is_heavier ? other_behind : behind;
        }
      }
  }

  // All windows of one length without their k heaviest pieces, when those that are shorter or
  // without more are done.
  void find_cuts(size_t k, size_t length) {
    switch (k) {
      case 0:
        return find_cuts<0>(length);
      case 1:
        return find_cuts<1>(length);
      case 2:
        return find_cuts<2>(length);
      case 3:
        return find_cuts<3>(length);
      default:
        static_assert(peel_limit == 4);
        return find_cuts<4>(length);
    }
  }

  template <size_t k>
  void find_cuts(size_t length) {
    for (size_t begin = 0; begin + length <= last_; begin += at_a_time) {
      Four own = own_test<k>(begin, length), own_next = own_test<k>(begin + 4, length);
      if (k > 0 && are_infinite(own) && are_infinite(own_next)) continue;
      auto [least, least_next] = best_of_cuts<k>(begin, length);
      finish(k, {begin, begin + length}, least, own);
      finish(k, {begin + 4, begin + 4 + length}, least_next, own_next);
    }
  }

  // What a test costs that the rest of a window passes: of four; infinite where not so many pieces
  // of it are hot.
  template <size_t k>
  Four own_test(size_t begin, size_t length) const {
    Four all = load_four(&before_[begin + length]) - load_four(&before_[begin]);
    Four passing = all + price_;
    if constexpr (k == 0) return passing;
    Four last = {};
    for (size_t i = 0; i < k; ++i) passing -= last = load_four(&heaviest_[i * padded_ + begin]);
    return last >= all * hot_share ? passing : infinite_four;
  }

  // For the window and the three behind it. `least`: the best cut, without the test for it.
  void finish(size_t k, Window window, Four least, Four own) {
    const size_t place = place_of(window);
    // What peeling costs is offered to what is less peeled.
    if (k < most_) least = lesser(load_four(&costs_[(k + 1) * level_ + place]), least);
    float* costs = &costs_[k * level_ + place];
    least = lesser(least + own, load_four(costs));
    std::memcpy(costs, &least, sizeof least);
  }

  // What lies on both sides of the best cut, for some windows without their k heaviest pieces, of
  // which each has others on the left.
  template <size_t k>
  std::pair<Four, Four> best_of_cuts(size_t begin, size_t length) const {
    const size_t level = level_;
    std::array<FourPlaces, k> behind, behind_next;
    for (size_t i = 0; i < k; ++i) {
      behind[i] = load_places(&cuts_behind_[i * padded_ + begin]);
      behind_next[i] = load_places(&cuts_behind_[i * padded_ + begin + 4]);
    }
    FourPlaces cut = four_from(begin);
    Four least = infinite_four, least_next = infinite_four;
    const float *left = &costs_[row_of(1) + begin], *right = &costs_[row_of(length) + begin];
    size_t left_width = width_of(1), right_width = width_of(length);
    for (size_t shorter = 1; shorter < length; ++shorter) {
      right -= right_width++;
      cut += 1;
      least = lesser(least, both_sides<k>(left, right, level, behind, cut));
      least_next =
          lesser(least_next, both_sides<k>(left + 4, right + 4, level, behind_next, cut + 4));
      left += left_width--;
    }
    return {least, least_next};
  }

  template <size_t k>
  static Four both_sides(const float* left, const float* right, size_t level,
                         const std::array<FourPlaces, k>& behind, FourPlaces cut) {
    Four both = load_four(left) + load_four(right + k * level);
    FourPlaces gone_on_left = {};  // as negative numbers
    for (size_t i = 0; i < k; ++i) gone_on_left += behind[i] <= cut;
    for (size_t gone = 1; gone <= k; ++gone) {
      FourPlaces is_so = gone_on_left == -static_cast<int32_t>(gone);
      Four other = load_four(left + gone * level) + load_four(right + (k - gone) * level);
      both = is_so ? other : both;
    }
    return both;
  }

  // Appends the tests of the best tree for a window without its k heaviest single pieces.
  Branch build(Window window, size_t k, SearchTree& tree) const {
    Window places = positions(window);
    Heaviest heaviest;
    for (size_t at = places.begin; at < places.end && most_ > 0; ++at) add(at, heaviest);
    Gone gone = heaviest.first(k);
    if (std::optional<uint32_t> outcome = only_outcome(places, gone)) return {true, *outcome};
    float target = cost(k, window);
    if (k == 0 && window.end < bit_tested_until_[window.begin]) {
      std::optional<BitTest> test = bit_test(pieces_, places);
      if (test && test->cost(price_) <= target) return build_bit_test(*test->find(), tree);
    }
    if (window.end < chained_until_[window.begin]) {
      std::optional<Chain> chain = best_chain(pieces_, places, price_, gone);
      if (chain && chain->cost(price_, gone) <= target) return chain->build(pieces_, tree, gone);
    }

    uint32_t index = static_cast<uint32_t>(tree.tests.size());
    tree.tests.push_back({Kind::AtLeast, 0, weight(window) - gone.weight, {}, {}});
    Branch yes, no;
    BestCut best = best_cut(window, gone);
    bool may_peel = k < heaviest.hot(weight(window), most_);
    if (may_peel && cost(k + 1, window) <= best.cost) {
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
      float both = cost(left, {window.begin, cut}) + cost(k - left, {cut, window.end});
      if (both < best.cost) best = {both, cut, left};
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
  // What lies between the last start in the window and its end.
  void add_last(Window window, Heaviest& heaviest) const {
    for (size_t at = starts_[window.end - 1]; at < starts_[window.end]; ++at) add(at, heaviest);
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

  // The windows of one length in a row; behind them, what four at a time may see of more.
  size_t width_of(size_t length) const { return padded_ - length; }
  size_t row_of(size_t length) const { return (length - 1) * padded_ - length * (length - 1) / 2; }
  size_t place_of(Window window) const { return row_of(window.size()) + window.begin; }
  float& cost(size_t k, Window window) { return costs_[k * level_ + place_of(window)]; }
  float cost(size_t k, Window window) const { return costs_[k * level_ + place_of(window)]; }

  std::span<const Piece> pieces_;
  float price_;
  size_t most_;
  std::vector<uint32_t> starts_;
  size_t last_ = 0;    // the end of all
  size_t padded_ = 0;  // starts, and what some at a time may see of more
  size_t level_ = 0;   // of k in costs_
  // By k, length, begin; infinite where a window has fewer hot pieces.
  std::unique_ptr<float[]> costs_;
  std::vector<float> before_;  // the weight of all pieces before a start
  // By start: beyond the last window that a chain, or a test for bits, settles.
  std::vector<size_t> chained_until_, bit_tested_until_;

  // For peeling only. Of single pieces, -1 where there is none. Only where tests are dear there are
  // two pieces between a start and the next.
  static constexpr size_t most_between_starts = 2;
  std::vector<float> singles_;  // the first and the second between a start and the next
  // Of the windows of the length at hand, by k and begin: the weight of the heaviest, the second...
  std::vector<float> heaviest_;
  std::vector<int32_t> cuts_behind_;  // the first cut that has that piece on its left
};

}  // namespace

Branch best_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree) {
  return Windows(pieces, price, most).build(tree);
}

}  // namespace seclude::filter
