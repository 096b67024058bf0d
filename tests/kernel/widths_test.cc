// Widths: asks the running kernel how many bits of an argument it reads, and holds the call table's
// `reads` column against the answer.
//
// Each probe makes a call twice in a child of its own: as it is, and with bits set above the width
// under question. Same effect: the kernel ignores them, so the table must say the smaller width, or
// a rule on the argument could be missed by setting them. Another error: it reads them all.
// As root every probe runs as root and as nobody; an answer that is "not permitted", "no such
// call" or "invalid" in any case proves nothing. What this kernel cannot show is skipped loudly;
// what no x86_64 kernel can show has its reason in data/prototypes.tsv. The last tests check that
// nothing is left out. Neighbours: probes.cc has the probes, src/calls the table.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>

#include "calls/calls.h"
#include "kernel/probes.h"

namespace seclude::kernel_test {
namespace {

enum class As { Ourselves, Nobody };

// What a probe saw, made in a child so that it may mount, seal and detach as it likes.
int64_t run(const Probe& probe, uint64_t high, As who) {
  auto* shared = static_cast<int64_t*>(
      mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *shared = died;
  pid_t child = fork();
  if (child == 0) {
    if (who == As::Nobody && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(1);
    *shared = probe.run(high);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  int64_t seen = *shared;
  munmap(shared, sizeof(int64_t));
  return seen;
}

// The sets of high bits a probe is repeated with: lowest, some, highest, all.
std::vector<uint64_t> bits_above(unsigned width, unsigned declared) {
  uint64_t all = declared == 64 ? ~uint64_t{0} : (uint64_t{1} << declared) - 1;
  all &= ~((uint64_t{1} << width) - 1);
  return {uint64_t{1} << width, uint64_t{1} << (width + 8), uint64_t{1} << (declared - 1), all};
}

const calls::Arg& table_row(const Probe& probe) {
  calls::CallId id = *calls::find_call(probe.call);
  return calls::args(id, calls::native())[*calls::find_arg(id, calls::native(), probe.arg)];
}

bool says_nothing(int64_t seen) {
  return seen == -EPERM || seen == -ENOSYS || seen == -EINVAL || seen == cannot_ask;
}

class Widths : public testing::TestWithParam<Probe> {};

TEST_P(Widths, AreWhatTheTableSays) {
  const Probe& probe = GetParam();
  const calls::Arg& arg = table_row(probe);
  unsigned lower = probe.width, top = 2 * probe.width;
  bool asked = false;
  for (As who : {As::Ourselves, As::Nobody}) {
    if (who == As::Nobody && geteuid() != 0) continue;
    int64_t plain = run(probe, 0, who);
    for (uint64_t high : bits_above(lower, top)) {
      int64_t with_high = run(probe, high, who);
      if (plain == with_high && says_nothing(plain)) continue;
      asked = true;
      bool ignored = plain == with_high || (probe.may_refuse && with_high < 0);
      EXPECT_EQ(arg.bits <= lower, ignored)
          << probe.call << " " << probe.arg << " with " << std::hex << high << std::dec
          << (who == As::Nobody ? " as nobody" : "") << ": " << plain << " became " << with_high
          << ", the table says " << int{arg.bits} << " bits";
    }
  }
  if (!asked) GTEST_SKIP() << "this kernel has no " << probe.call << ", or does not let us ask";
}

std::string name_of_case(const testing::TestParamInfo<Probe>& info) {
  std::string name = std::string(info.param.call) + "_" + info.param.arg;
  if (*info.param.variant) name += std::string("_") + info.param.variant;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Kernel, Widths, testing::ValuesIn(all_probes()), name_of_case);

// ---- nothing left out --------------------------------------------------------------------------

struct Row {
  std::string call, arg, declared, reads, kind, why;
};

std::vector<Row> prototype_rows() {
  std::ifstream file(SECLUDE_SOURCE_DIR "/data/prototypes.tsv");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#') || line.starts_with("call\t")) continue;
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    cells.resize(10);
    rows.push_back({cells[0], cells[2], cells[5], cells[6], cells[7], cells[9]});
  }
  return rows;
}

bool narrows_matter(const Row& row) {
  std::string kind = row.kind.substr(0, row.kind.find(':'));
  return row.declared == "64" &&
         (kind == "fd" || kind == "flags" || kind == "enum" || kind == "pid");
}

std::set<std::pair<std::string, std::string>> probed() {
  std::set<std::pair<std::string, std::string>> names;
  for (const Probe& probe : all_probes()) names.insert({probe.call, probe.arg});
  return names;
}

TEST(WidthsTable, GivesAReasonForEvery64BitFdFlagEnumAndPid) {
  size_t checked = 0;
  for (const Row& row : prototype_rows()) {
    if (!narrows_matter(row)) continue;
    EXPECT_NE(row.why, "") << row.call << " " << row.arg;
    ++checked;
  }
  EXPECT_GT(checked, 30u);
}

TEST(WidthsTable, SaysTestedExactlyWhereAProbeExists) {
  auto probes = probed();
  for (const Row& row : prototype_rows()) {
    bool says_tested = row.why.find("tested") != std::string::npos;
    // int and umode_t mean the same everywhere: a few are asked, and the 16-bit uid calls below.
    if (row.declared != "64") continue;
    EXPECT_EQ(says_tested, probes.contains({row.call, row.arg})) << row.call << " " << row.arg;
  }
}

TEST(WidthsTable, NarrowsOnlyWithAReason) {
  for (const Row& row : prototype_rows()) {
    if (row.reads == row.declared) continue;
    EXPECT_NE(row.why, "") << row.call << " " << row.arg;
  }
}

// ---- the i386 entry ----------------------------------------------------------------------------

Probe probe_of(const UidProbe& probe) { return {probe.call, "", "", probe.run}; }

TEST(Widths16, TheOldUidCallsOf32BitReadSixteenBits) {
  for (const UidProbe& probe : uid_probes()) {
    calls::CallId id = *calls::find_call(probe.call);
    for (const calls::Arg& arg : calls::args(id, calls::Arch::x86)) {
      EXPECT_EQ(arg.bits, 16) << probe.call;
    }
    int64_t plain = run(probe_of(probe), 0, As::Ourselves);
    if (plain == died || says_nothing(plain)) {
      GTEST_SKIP() << "no i386 entry in this kernel, or not root: " << probe.call;
    }
    EXPECT_EQ(run(probe_of(probe), 0x10000, As::Ourselves), plain) << probe.call;
    EXPECT_EQ(run(probe_of(probe), 0x7fff0000, As::Ourselves), plain) << probe.call;
  }
}

}  // namespace
}  // namespace seclude::kernel_test
