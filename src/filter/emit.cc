// Emit: see emit.h. From the decision's runs of numbers and the rules of their calls to a program.
//
// The line: every run of numbers with one answer or one argument check becomes a piece (its code
// made by choices.h and generate.h); search.h finds the tree over a word's pieces; layout.h writes
// the graph down. Only loads, comparisons, AND and RET are made: the kernel (since 5.11) answers a
// call without running the filter when it finds nothing else, and no argument, on the call's way.
#include "filter/emit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/result.h"
#include "filter/code/choices.h"
#include "filter/code/code.h"
#include "filter/code/generate.h"
#include "filter/code/layout.h"
#include "filter/code/search.h"
#include "filter/code/weights.h"

namespace seclude::filter {
namespace {

// What the trade-offs are, in instructions executed per call (weights add up to about 1).
struct Prices {
  float instruction;   // of a test on the number: space, and load time
  float choice;        // of a test on an argument, next to calls that come to the choice
  float refusal;       // share of its weight a refused call keeps: programs fit their policies
  float bitmap_allow;  // share of its weight a call keeps that the kernel's bitmap answers
  float each_number;   // weight of every number, called or not: the kernel tries all at load
  float checked;       // what the weight of a call counts whose arguments are looked at
  float stands_out;    // share from which a number is a piece, even among others of one answer
  size_t peeled;       // hot numbers that may be tested before the rest is cut
  double steps;        // bound on the search for that, which takes (1 + peeled) * pieces^3
};

Prices prices_of(const EmitOptions& options) {
  Prices prices = {1.5f, 1.0f, 0.05f, 0.05f, 0.00002f, 1, 2, 2, 1.5e6};
  bool every_call_pays = !options.kernel_has_bitmap;
  if (every_call_pays) {
    prices.bitmap_allow = 1;
    prices.checked = 1.5f;  // later kernels run the program too, and then for these calls alone
    prices.stands_out = 0.01f;
  }
  switch (options.optimise) {
    case Optimise::Size:
      prices.instruction = prices.choice = 16;
      break;
    case Optimise::Balanced:
      if (every_call_pays) prices.instruction = 0.02f, prices.peeled = 4, prices.steps = 2e7;
      break;
    case Optimise::Speed:
      prices.instruction = prices.choice = 0.001f;
      prices.peeled = 4;
      prices.steps = 2e7;
      break;
  }
  if (options.price) prices.instruction = *options.price;
  return prices;
}

// Numbers the kernel tries when it builds its bitmap, roughly, on any architecture.
constexpr uint32_t tried_numbers = 512;

class Emitter {
 public:
  Emitter(Store& store, const Rules& rules, const EmitOptions& options)
      : store_(store), rules_(rules), options_(options), prices_(prices_of(options)) {}

  Program run(const Decision& decision) {
    CodeId next = numbers({&decision.other, nullptr, nullptr});
    std::vector<Source> sources = sources_of(decision);
    for (size_t i = sources.size(); i-- > 0;) {
      uint32_t audit = calls::info(sources[i].rules->arch).audit;
      next = code_.jump(op::jeq_k, audit, {offset_arch, whole_word}, numbers(sources[i]), next);
    }
    bool decided = code_.at(next).returns();
    return layout(code_, decided ? next : code_.load(offset_arch, next));
  }

 private:
  // One audit architecture: its runs, and the rules behind them (two sets for x86_64 with x32).
  struct Source {
    const Runs* runs = nullptr;
    const ArchRules* rules = nullptr;
    const ArchRules* second = nullptr;
  };

  // The code of a decision, and how much of its weight a call keeps that has it.
  struct Made {
    CodeId code = 0;
    float importance = 1;
  };

  // In the order of the rules, the native architecture first.
  std::vector<Source> sources_of(const Decision& decision) const {
    std::vector<Source> sources;
    for (const ArchRules& arch : rules_.archs) {
      uint32_t audit = calls::info(arch.arch).audit;
      auto same = std::find_if(sources.begin(), sources.end(), [&](const Source& source) {
        return calls::info(source.rules->arch).audit == audit;
      });
      if (same != sources.end())
        same->second = &arch;
      else
        sources.push_back({&decision.runs(audit), &arch, nullptr});
    }
    return sources;
  }

  // The code for one architecture, from where its number is not yet loaded.
  CodeId numbers(const Source& source) {
    std::vector<Piece> pieces;
    std::vector<CallWeight> weights = weights_of(source);
    std::span<const CallWeight> weights_left = weights;
    const Runs& runs = *source.runs;
    for (size_t i = 0; i < runs.size(); ++i) {
      uint64_t end = i + 1 < runs.size() ? runs[i + 1].first : uint64_t{1} << 32;
      add_run({runs[i].first, end}, code_of(source, runs[i]), weights_left, pieces);
    }
    make_total_one(pieces);
    SearchTree tree = search(pieces, prices_.instruction, peeled(pieces.size()));
    CodeId first =
        jumps_of(code_, tree, {offset_number, whole_word}, [](uint32_t code) { return code; });
    return tree.root.is_outcome ? first : code_.load(offset_number, first);
  }

  size_t peeled(size_t pieces) const {
    double cube = std::pow(static_cast<double>(pieces), 3);
    return std::min(prices_.peeled, static_cast<size_t>(std::max(prices_.steps / cube - 1, 0.0)));
  }

  // So that prices mean the same for every policy.
  static void make_total_one(std::vector<Piece>& pieces) {
    float total = 0;
    for (const Piece& piece : pieces) total += piece.weight;
    for (Piece& piece : pieces) piece.weight /= total > 0 ? total : 1;
  }

  Made code_of_answer(uint32_t ret) {
    Action action = {ret};
    float importance = action == Action::allow() ? prices_.bitmap_allow
                       : action.refuses()        ? prices_.refusal
                                                 : 1;
    return {code_.give(ret), importance};
  }

  // Numbers from `first` up to `end`.
  struct Range {
    uint64_t first = 0, end = 0;
  };

  // A run's pieces: one, but for numbers that stand out from others of a long run. Takes the run's
  // weights off the front of `weights`.
  void add_run(Range run, const Made& made, std::span<const CallWeight>& weights,
               std::vector<Piece>& pieces) const {
    float share = 0;
    for (; !weights.empty() && weights.front().number < run.end; weights = weights.subspan(1)) {
      uint64_t number = weights.front().number;
      float own = weights.front().share * made.importance;
      share += own;
      if (own < prices_.stands_out) continue;
      if (run.first < number)
        add_piece(pieces, piece_of({run.first, number}, made.code, share - own));
      pieces.push_back(piece_of({number, number + 1}, made.code, own));
      run.first = number + 1;
      share = 0;
    }
    if (run.first < run.end) add_piece(pieces, piece_of(run, made.code, share));
  }

  bool stands_out(const Piece& piece) const {
    return piece.single && piece.weight >= prices_.stands_out;
  }

  Piece piece_of(Range range, CodeId code, float share) const {
    uint64_t tried_end = std::min<uint64_t>(range.end, tried_numbers);
    if (range.first < tried_end)
      share += prices_.each_number * static_cast<float>(tried_end - range.first);
    return {static_cast<uint32_t>(range.first), range.end - range.first == 1, code, share};
  }

  // Neighbours that differ in the diagram may still be one piece of code.
  void add_piece(std::vector<Piece>& pieces, const Piece& piece) const {
    if (pieces.empty() || pieces.back().outcome != piece.outcome || stands_out(pieces.back()))
      return pieces.push_back(piece);
    pieces.back().weight += piece.weight;
    pieces.back().single = false;
  }

  std::vector<CallWeight> weights_of(const Source& source) const {
    if (!source.rules) return {};
    std::vector<CallWeight> weights = call_weights(source.rules->arch, options_.weights);
    if (!source.second) return weights;
    // x32 on x86_64: rare, but ordered like its sibling.
    for (CallWeight weight : call_weights(source.second->arch, options_.weights))
      weights.push_back({weight.number, weight.share * 0.01f});
    std::sort(weights.begin(), weights.end(),
              [](const CallWeight& a, const CallWeight& b) { return a.number < b.number; });
    return weights;
  }

  Made code_of(const Source& source, const Run& run) {
    if (store_.is_terminal(run.id)) return code_of_answer(store_.value(run.id));
    // Equal decisions are equal code, whichever call's rules it is made from.
    bool big_endian = calls::info(source.rules->arch).big_endian;
    auto [made, is_new] = made_.try_emplace({run.id.value, big_endian});
    if (!is_new) return made->second;
    const ArchRules* arch = source.rules;
    const NumberRules* number = find_number(*arch, run.first);
    if (!number && source.second) number = find_number(*(arch = source.second), run.first);
    CHECK(number != nullptr);  // unknown numbers have one answer, so this one is listed
    std::span<const Rule> rules = arch->rules;
    rules = rules.subspan(number->first_rule, number->end_rule - number->first_rule);
    ChoiceId choice = choices_.of(rules, number->otherwise);
    std::span<const ArgumentWeight> values = argument_weights(arch->arch, number->number);
    Generator& generator = big_endian ? big_ : little_;
    made->second.importance = generator.chance_of_passing(choice, values);
    made->second.importance *= prices_.checked;
    made->second.code = generator.enter(choice, {offset_number, whole_word}, values);
    return made->second;
  }

  static const NumberRules* find_number(const ArchRules& arch, uint32_t number) {
    auto found = std::lower_bound(
        arch.numbers.begin(), arch.numbers.end(), number,
        [](const NumberRules& listed, uint32_t wanted) { return listed.number < wanted; });
    return found != arch.numbers.end() && found->number == number ? &*found : nullptr;
  }

  Store& store_;
  const Rules& rules_;
  const EmitOptions& options_;
  Prices prices_;
  Code code_;
  Choices choices_;
  Generator little_{code_, choices_, {false, prices_.choice}};
  Generator big_{code_, choices_, {true, prices_.choice}};
  std::map<std::pair<uint32_t, bool>, Made> made_;  // by diagram and byte order
};

}  // namespace

Program emit(Store& store, const Rules& rules, const Decision& decision,
             const EmitOptions& options) {
  return Emitter(store, rules, options).run(decision);
}

}  // namespace seclude::filter
