// Measures filters: size, instructions per recorded call, and what they cost in this kernel, next
// to what libseccomp makes of the same policies.
//
// usage: measure_filters [--mixes FOLDER] [--policies FOLDER] [--rounds N] [--markdown FILE]
// In: the reference policies of the folder (docker and fc-vmm are not part of the project; where
// the folder has them they are measured, too), podman's profile where Debian's
// golang-github-containers-common is installed, systemd's set of calls for services.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>
#include <set>

#include "base/result.h"
#include "bounds.h"
#include "figures.h"
#include "filter/code/search.h"
#include "filter/compile.h"
#include "filter/cost.h"
#include "kernel_harness.h"
#include "more_policies.h"
#include "peers.h"
#include "section.h"

namespace {

using namespace seclude;
using namespace seclude::bench;
using filter::EmitOptions;
using filter::Program;
using Rows = std::vector<std::vector<std::string>>;

struct Named {
  std::string name;
  PolicyFile policy;
};

std::vector<Named> all_policies(const std::string& folder) {
  std::vector<Named> policies;
  for (const char* name : {"docker", "allow60", "fc-vmm", "args20"})
    if (auto policy = read_policy(folder + "/" + name + ".txt"))
      policies.push_back({name, *std::move(policy)});
  if (auto podman = read_podman(podman_profile)) policies.push_back({"podman", *std::move(podman)});
  policies.push_back({"@system-service", system_service()});
  return policies;
}

Program compiled(const PolicyFile& policy, const EmitOptions& options) {
  filter::Store store;
  auto made = filter::compile(store, rules_of(policy), options);
  CHECK(made.has_value());
  return std::move(made->program);
}

std::string cells(const Means& means) {
  std::string checked = means.checked > 0 ? fmt::format(" / {:.2f}", means.checked) : "";
  return fmt::format("{:.2f}{}", means.allowed, checked);
}

std::string figures_of(const Program& program, const PolicyFile& policy,
                       const std::vector<Mix>& mixes) {
  return fmt::format("{} / {}", program.size(), cells(means_of(program, policy, mixes)));
}

// ---- the tables ---------------------------------------------------------------------------------

void report_sizes(::bench::Section& section, const std::vector<Named>& policies,
                  const std::vector<Mix>& mixes) {
  Rows rows;
  EmitOptions usual, before, weighted, weighted_before;
  before.kernel_has_bitmap = false;
  weighted.weights = weighted_before.weights = weights_of(mixes);
  weighted_before.kernel_has_bitmap = false;
  for (const auto& [name, policy] : policies) {
    std::vector<std::string> row = {name};
    for (Shape shape : {Shape::Linear, Shape::Tree}) {
      auto program = with_libseccomp(policy, shape);
      row.push_back(program ? figures_of(*program, policy, mixes) : "-");
    }
    for (const EmitOptions* options : {&usual, &before, &weighted, &weighted_before})
      row.push_back(figures_of(compiled(policy, *options), policy, mixes));
    rows.push_back(row);
  }
  section.paragraph(
      "Instructions / mean executed per allowed call / the same for calls whose arguments the "
      "policy looks at, over seven recorded programs that count alike. The default weights were "
      "made from four of them; \"own weights\" are a recording of all seven, by `--weights`. "
      "seclude's filters also tell calls that no table knows, x32 and other architectures apart, "
      "which libseccomp's answer with the default.");
  section.table({"policy", "libseccomp", "libseccomp, tree", "seclude", "before 5.11",
                 "own weights", "own weights, before 5.11"},
                rows);
}

void report_least_means(::bench::Section& section, const std::vector<Named>& policies,
                        const std::vector<Mix>& mixes) {
  section.paragraph(
      "What bounds the means, on the same recorded calls: \"at least\" is what no filter falls "
      "below that tests the architecture and then, by == and >=, the number before it looks at "
      "arguments, however long it is and even if it knew these very recordings. (Of arguments, "
      "only a load and a test is counted for each word an answer needs. Both means are bounded "
      "each on its own. A test for bits may do better; the compiler uses them where they do.) The "
      "others are the means of the table above. The prices of the compiler were chosen by looking "
      "at the first four policies and these recordings; podman and @system-service were seen "
      "as well, but decided nothing.");
  Rows rows;
  EmitOptions before, weighted;
  before.kernel_has_bitmap = weighted.kernel_has_bitmap = false;
  weighted.weights = weights_of(mixes);
  for (const auto& [name, policy] : policies) {
    filter::Store store;
    auto made = filter::compile(store, rules_of(policy));
    CHECK(made.has_value());
    const filter::Runs& runs = made->decision.archs.front().runs;
    LeastMeans least = least_means(store, runs, made->program, policy, mixes);
    Means usual = means_of(made->program, policy, mixes);
    Means old = means_of(compiled(policy, before), policy, mixes);
    Means own = means_of(compiled(policy, weighted), policy, mixes);
    auto checked = [&](double mean) { return mean > 0 ? fmt::format("{:.2f}", mean) : "-"; };
    rows.push_back({name, fmt::format("{:.2f}", least.allowed), fmt::format("{:.2f}", old.allowed),
                    fmt::format("{:.2f}", own.allowed), fmt::format("{:.2f}", old.unseen),
                    checked(least.checked), checked(usual.checked), checked(old.checked)});
  }
  section.table({"policy", "mean: at least", "before 5.11", "own weights, before 5.11",
                 "before 5.11, the three not trained on", "checked calls: at least", "by default",
                 "before 5.11"},
                rows);
}

struct Point {
  size_t size;
  Means means;
  float price;
};

// Points that no other point beats in both size and mean.
std::vector<Point> front(std::vector<Point> points) {
  std::stable_sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.size != b.size ? a.size < b.size : a.means.allowed < b.means.allowed;
  });
  std::vector<Point> best;
  for (const Point& point : points)
    if (best.empty() || point.means.allowed < best.back().means.allowed - 0.005)
      best.push_back(point);
  return best;
}

void report_front(::bench::Section& section, const std::vector<Named>& policies,
                  const std::vector<Mix>& mixes) {
  section.paragraph(
      "Size against instructions executed, where every call pays (`--kernel-before 5.11`): what "
      "other prices of an instruction of size would give, without the points that another beats in "
      "both. One point of the front is what the default takes.");
  Rows rows;
  for (const auto& [name, policy] : policies) {
    std::vector<Point> points;
    for (float price : {0.001f, 0.003f, 0.01f, 0.02f, 0.03f, 0.05f, 0.07f, 0.1f, 0.15f, 0.2f, 0.3f,
                        0.5f, 0.7f, 1.0f, 2.0f, 4.0f}) {
      EmitOptions options;
      options.kernel_has_bitmap = false;
      options.price = price;
      Program program = compiled(policy, options);
      points.push_back({program.size(), means_of(program, policy, mixes), price});
    }
    std::string text;
    for (const Point& point : front(points))
      text += fmt::format("{}{} / {}", text.empty() ? "" : ", ", point.size, cells(point.means));
    rows.push_back({name, text});
  }
  section.table({"policy", "instructions / mean executed / on checked calls"}, rows);
}

void report_bounds(::bench::Section& section, const std::vector<Named>& policies) {
  section.paragraph(
      "What bounds the size: a program of == and >= must meet both ends of every interval of "
      "numbers with one answer, however it shares its parts. \"Needed\" are those tests, two "
      "loads, "
      "the test of the architecture and one return for each answer; checks of arguments come on "
      "top. A test for bits can meet many ends at once, so with such tests there is no bound of "
      "this kind: the last column is what the tests would be if every window of up to 24 intervals "
      "could be tested for bits once, with any mask, before == and >= do the rest.");
  Rows rows;
  for (const auto& [name, policy] : policies) {
    filter::Store store;
    auto made = filter::compile(store, rules_of(policy));
    CHECK(made.has_value());
    const filter::Runs& runs = made->decision.archs.front().runs;
    std::vector<uint32_t> answers = {filter::Action::kill().ret};
    size_t checks = 0;
    for (const filter::Run& run : runs) {
      if (!store.is_terminal(run.id))
        ++checks;
      else if (uint32_t ret = store.value(run.id);
               std::find(answers.begin(), answers.end(), ret) == answers.end())
        answers.push_back(ret);
    }
    size_t tests = fewest_comparisons(runs);
    rows.push_back({name, fmt::format("{}", tests), fmt::format("{}", tests + 3 + answers.size()),
                    fmt::format("{}", checks), fmt::format("{}", made->program.size()),
                    fmt::format("{}", fewest_with_bits(runs))});
  }
  section.table({"policy", "tests of numbers", "needed", "runs with checks", "seclude",
                 "tests of numbers, with bits"},
                rows);
}

// The cheapest of all trees of == and >=, whatever sets of pieces their tests leave.
double unrestricted(const std::vector<filter::Piece>& pieces, double price) {
  std::vector<double> costs(size_t{1} << pieces.size(), 0);
  for (uint32_t set = 1; set < costs.size(); ++set) {
    double total = 0, best = std::numeric_limits<double>::infinity();
    std::set<uint32_t> outcomes;
    for (size_t i = 0; i < pieces.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      total += static_cast<double>(pieces[i].weight);
      outcomes.insert(pieces[i].outcome);
      uint32_t below = set & ((1u << i) - 1), without = set ^ (1u << i);
      if (below != 0) best = std::min(best, costs[below] + costs[set ^ below]);
      if (without != 0 && pieces[i].single) best = std::min(best, costs[without]);
    }
    costs[set] = outcomes.size() == 1 ? 0 : best + total + price;
  }
  return costs.back();
}

std::vector<filter::Piece> random_pieces(std::mt19937& random, uint32_t count) {
  std::vector<filter::Piece> pieces;
  for (uint32_t i = 0, at = 0; i < count; ++i) {
    bool single = i > 0 && i + 1 < count && random() % 2 == 0;
    uint32_t outcome = random() % 3;
    if (i > 0 && outcome == pieces.back().outcome) outcome = (outcome + 1) % 3;
    pieces.push_back({at, single, outcome, static_cast<float>(1u << random() % 8) / 256});
    at += single ? 1 : 100;
  }
  return pieces;
}

void report_distance(::bench::Section& section) {
  constexpr float price = 0.05f;
  std::mt19937 random(1);
  double cuts = 0, peeled = 0, best = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<filter::Piece> pieces = random_pieces(random, 10);
    cuts += cost_of(filter::search(pieces, price), pieces, price);
    peeled += cost_of(filter::search(pieces, price, filter::peel_limit), pieces, price);
    best += unrestricted(pieces, price);
  }
  section.paragraph(fmt::format(
      "Over 300 random instances of 10 intervals, half of them single numbers, with weights that "
      "differ up to 128 times, trees that may pick out four hot numbers in a row cost {:.2f} % "
      "more "
      "than the best of all trees of == and >= (which has no tests for bits); trees of cuts and "
      "chains alone, as found for arguments, {:.2f} %.",
      (peeled / best - 1) * 100, (cuts / best - 1) * 100));
}

// ---- in the kernel ------------------------------------------------------------------------------

// A call that the policy allows after a look at its arguments; else one it allows anyway.
std::array<unsigned long, 4> checked_call(const PolicyFile& policy) {
  auto is_checked = [&](uint32_t number) {
    auto found = policy.rules.find(number);
    return found != policy.rules.end() &&
           found->second.front().where.kind != filter::Condition::Kind::Always;
  };
  if (is_checked(135)) return {135, 0xffffffff, 0, 0};  // personality: asks only
  if (is_checked(10)) return {10, 0, 0, 0};             // mprotect of nothing
  return {3, ~0ul, 0, 0};
}

void report_kernel(::bench::Section& section, const std::vector<Named>& policies, size_t rounds) {
  std::vector<Candidate> candidates = {{"no filter", {}, {3, ~0ul, 0, 0}},
                                       {"allow all", {{0x06, 0, 0, 0x7fff0000}}, {3, ~0ul, 0, 0}}};
  for (const auto& [name, policy] : policies) {
    auto call = checked_call(policy);
    candidates.push_back({name + ", seclude", compiled(policy, {}), call});
    if (auto program = with_libseccomp(policy, Shape::Linear))
      candidates.push_back({name + ", libseccomp", *program, call});
    if (auto program = with_libseccomp(policy, Shape::Tree))
      candidates.push_back({name + ", libseccomp tree", *program, call});
  }
  std::vector<KernelTimes> times = time_in_kernel(candidates, rounds);
  section.paragraph(
      "In this kernel: microseconds to load, nanoseconds for a call that is allowed whatever its "
      "arguments (close), which the kernel's bitmap answers, and for one whose arguments are "
      "looked at (personality, mprotect; where the policy checks none, close again). No filter "
      "can be made to behave as it would before Linux 5.11 while its meaning stays, so the last "
      "column and the means above stand for those kernels. Medians; all take turns.");
  Rows rows;
  for (size_t i = 0; i < candidates.size() && i < times.size(); ++i)
    rows.push_back({candidates[i].name, fmt::format("{}", candidates[i].program.size()),
                    fmt::format("{:.0f}", times[i].load_microseconds),
                    fmt::format("{:.0f}", times[i].plain_nanoseconds),
                    fmt::format("{:.0f}", times[i].checked_nanoseconds)});
  section.table({"filter", "instructions", "load, us", "plain call, ns", "checked call, ns"}, rows);
}

// ---- compile time -------------------------------------------------------------------------------

void report_compile(::bench::Section& section, const std::vector<Named>& policies) {
  section.paragraph(
      "Compile time, microseconds, medians over different policies (each lacks another call): "
      "from the text to a filter proven equal to it, everything from scratch; libseccomp from "
      "calls of its functions to the exported program, which nothing proves.");
  Rows rows;
  for (const auto& [name, policy] : policies) {
    ::bench::Samples ours, linear, tree;
    size_t rounds = 0;
    for (const auto& [number, rules] : policy.rules) {
      if (rules.front().where.kind != filter::Condition::Kind::Always || ++rounds > 60) continue;
      PolicyFile other = policy;
      other.rules.erase(number);
      std::string text = text_of(other, number);
      double start = ::bench::now();
      filter::Store store;
      auto made = filter::compile(store, rules_of_text(text));
      ours.push_back(::bench::now() - start);
      CHECK(made.has_value());
      start = ::bench::now();
      with_libseccomp(other, Shape::Linear);
      linear.push_back(::bench::now() - start);
      start = ::bench::now();
      with_libseccomp(other, Shape::Tree);
      tree.push_back(::bench::now() - start);
    }
    rows.push_back({name, ::bench::figure(::bench::median(ours)),
                    ::bench::figure(::bench::median(linear)),
                    ::bench::figure(::bench::median(tree))});
  }
  section.table({"policy", "seclude", "libseccomp", "libseccomp, tree"}, rows);
}

}  // namespace

int main(int count, char** words) {
  std::vector<Mix> mixes = read_mixes(::bench::option(count, words, "--mixes", "mixes"));
  auto policies = all_policies(::bench::option(count, words, "--policies", "policies"));
  auto rounds = std::strtoul(::bench::option(count, words, "--rounds", "41").c_str(), nullptr, 10);
  if (mixes.empty() || policies.empty() || rounds == 0) {
    std::fprintf(stderr,
                 "usage: measure_filters [--mixes FOLDER] [--policies FOLDER] [--rounds N] "
                 "[--markdown FILE]\n");
    return 2;
  }
  ::bench::Section section("Filters");
  report_sizes(section, policies, mixes);
  report_least_means(section, policies, mixes);
  report_front(section, policies, mixes);
  report_bounds(section, policies);
  report_distance(section);
  report_compile(section, policies);
  report_kernel(section, policies, rounds);
  return section.finish(count, words);
}
