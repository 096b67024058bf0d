#include "figures.h"

#include <algorithm>
#include <filesystem>

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

class Mean {
 public:
  void add(const filter::Program& program, const std::vector<filter::WeightedInput>& calls) {
    if (calls.empty()) return;
    total_ += expected_instructions(program, calls);
    ++count_;
  }
  double value() const { return count_ > 0 ? total_ / count_ : 0; }

 private:
  double total_ = 0;
  int count_ = 0;
};

}  // namespace

Means means_of(const filter::Program& program, const PolicyFile& policy,
               const std::vector<Mix>& mixes) {
  Mean allowed_mean, unseen_mean, checked_mean;
  for (const Mix& mix : mixes) {
    std::vector<filter::WeightedInput> allowed, checked;
    for (const filter::WeightedInput& call : mix.calls) {
      if (evaluate(program, call.input).ret != filter::Action::allow_) continue;
      allowed.push_back(call);
      if (is_checked(policy, call.input.number)) checked.push_back(call);
    }
    allowed_mean.add(program, allowed);
    checked_mean.add(program, checked);
    bool unseen = mix.name == "gcc" || mix.name == "python" || mix.name == "redis";
    if (unseen) unseen_mean.add(program, allowed);
  }
  return {allowed_mean.value(), unseen_mean.value(), checked_mean.value()};
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
