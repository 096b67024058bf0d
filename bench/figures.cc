#include "figures.h"

#include <algorithm>
#include <filesystem>

#include "bounds.h"
#include "calls/calls.h"
#include "filter/cost.h"
#include "filter/evaluate.h"

namespace seclude::bench {
namespace {

bool is_checked(const PolicyFile& policy, uint32_t number) {
  auto found = policy.rules.find(number);
  return found != policy.rules.end() &&
         found->second.front().where.kind != filter::Condition::Kind::Always;
}

using Calls = std::vector<filter::WeightedInput>;

// What a mix has of them.
struct Allowed {
  bool unseen = false;  // the default weights were not made from it
  Calls all, checked;
};

std::vector<Allowed> allowed_calls(const filter::Program& program, const PolicyFile& policy,
                                   const std::vector<Mix>& mixes) {
  std::vector<Allowed> allowed;
  for (const Mix& mix : mixes) {
    Allowed& here = allowed.emplace_back();
    here.unseen = mix.name == "gcc" || mix.name == "python" || mix.name == "redis";
    for (const filter::WeightedInput& call : mix.calls) {
      if (evaluate(program, call.input).ret != filter::Action::allow_) continue;
      here.all.push_back(call);
      if (is_checked(policy, call.input.number)) here.checked.push_back(call);
    }
  }
  return allowed;
}

class Mean {
 public:
  void add(const filter::Program& program, const Calls& calls) {
    if (calls.empty()) return;
    total_ += expected_instructions(program, calls);
    ++count_;
  }
  double value() const { return count_ > 0 ? total_ / count_ : 0; }

 private:
  double total_ = 0;
  int count_ = 0;
};

// The least mean over mixes that count alike.
class Least {
 public:
  Least(filter::Store& store, const filter::Runs& runs) : store_(store), runs_(runs) {}

  void add(const Calls& calls) {
    double total = 0;
    for (const filter::WeightedInput& call : calls) total += call.weight;
    if (total <= 0) return;
    ++mixes_;
    for (const filter::WeightedInput& call : calls) {
      weights_[call.input.number] += call.weight / total;
      arguments_ += call.weight / total *
                    static_cast<double>(fewest_for_arguments(store_, runs_, call.input));
    }
  }
  double value() const {
    if (mixes_ == 0) return 0;
    constexpr double always = 4;  // load the architecture, test it, load the number, return
    return always + (fewest_tests_per_call(stretches_of(runs_, weights_)) + arguments_) / mixes_;
  }

 private:
  filter::Store& store_;
  const filter::Runs& runs_;
  std::map<uint32_t, double> weights_;
  double arguments_ = 0;
  int mixes_ = 0;
};

}  // namespace

Means means_of(const filter::Program& program, const PolicyFile& policy,
               const std::vector<Mix>& mixes) {
  Mean all, unseen, checked;
  for (const Allowed& mix : allowed_calls(program, policy, mixes)) {
    all.add(program, mix.all);
    checked.add(program, mix.checked);
    if (mix.unseen) unseen.add(program, mix.all);
  }
  return {all.value(), unseen.value(), checked.value()};
}

LeastMeans least_means(filter::Store& store, const filter::Runs& runs,
                       const filter::Program& program, const PolicyFile& policy,
                       const std::vector<Mix>& mixes) {
  Least all(store, runs), checked(store, runs);
  for (const Allowed& mix : allowed_calls(program, policy, mixes)) {
    all.add(mix.all);
    checked.add(mix.checked);
  }
  return {all.value(), checked.value()};
}

std::map<std::string, double, std::less<>> weights_of(const std::vector<Mix>& mixes) {
  std::map<std::string, double, std::less<>> weights;
  for (const Mix& mix : mixes) {
    double total = 0;
    for (const filter::WeightedInput& call : mix.calls) total += call.weight;
    for (const filter::WeightedInput& call : mix.calls)
      if (auto known = calls::call_at(calls::Arch::x86_64, call.input.number))
        weights[std::string(calls::name_of(*known))] += call.weight / total;
  }
  return weights;
}

std::vector<Mix> read_mixes(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().string().ends_with(".args.tsv")) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  std::vector<Mix> mixes;
  for (const std::string& file : files)
    if (std::optional<Mix> mix = read_mix(file)) mixes.push_back(*std::move(mix));
  return mixes;
}

}  // namespace seclude::bench
