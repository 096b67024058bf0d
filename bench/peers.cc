#include "peers.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace seclude::bench {
namespace {

using filter::Compare;
using filter::Condition;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// Reference policies have no other comparisons.
constexpr std::array<std::pair<Compare, scmp_compare>, 6> comparisons = {
    {{Compare::Equal, SCMP_CMP_MASKED_EQ},
     {Compare::NotEqual, SCMP_CMP_NE},
     {Compare::Less, SCMP_CMP_LT},
     {Compare::LessEqual, SCMP_CMP_LE},
     {Compare::Greater, SCMP_CMP_GT},
     {Compare::GreaterEqual, SCMP_CMP_GE}}};

std::optional<scmp_compare> compare_of(const filter::Test& test) {
  uint64_t whole = test.field.bits == 64 ? ~uint64_t{0} : 0xffffffff;
  bool is_masked = (test.mask & whole) != whole;
  for (const auto& [ours, theirs] : comparisons)
    if (ours == test.op && (ours == Compare::Equal || !is_masked)) return theirs;
  return std::nullopt;
}

bool add_rule(scmp_filter_ctx context, uint32_t number, const filter::Rule& rule) {
  std::vector<scmp_arg_cmp> tests;
  for (const Condition& child : rule.where.children) {
    const filter::Test& test = child.test;
    std::optional<scmp_compare> compare = compare_of(test);
    if (!compare) return false;
    if (*compare == SCMP_CMP_MASKED_EQ)
      tests.push_back({test.field.low, *compare, test.mask, test.value});
    else
      tests.push_back({test.field.low, *compare, test.value, 0});
  }
  return seccomp_rule_add_exact_array(context, rule.action.ret, static_cast<int>(number),
                                      static_cast<unsigned>(tests.size()), tests.data()) == 0;
}

std::optional<filter::Program> exported(scmp_filter_ctx context) {
  int file = memfd_create("filter", 0);
  if (file < 0 || seccomp_export_bpf(context, file) != 0) return std::nullopt;
  off_t size = lseek(file, 0, SEEK_END);
  filter::Program program(static_cast<size_t>(size) / sizeof(filter::Instruction));
  bool whole = pread(file, program.data(), static_cast<size_t>(size), 0) == size;
  close(file);
  if (!whole) return std::nullopt;
  return program;
}

}  // namespace

std::optional<filter::Program> with_libseccomp(const PolicyFile& policy, Shape shape) {
  Context context(seccomp_init(policy.otherwise.ret));
  if (!context) return std::nullopt;
  if (seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, static_cast<uint32_t>(shape)) != 0)
    return std::nullopt;
  for (const auto& [number, rules] : policy.rules)
    for (const filter::Rule& rule : rules)
      if (rule.action != policy.otherwise && !add_rule(context.get(), number, rule))
        return std::nullopt;
  return exported(context.get());
}

}  // namespace seclude::bench
