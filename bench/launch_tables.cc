// Launch tables: see launch_tables.h.
#include "launch_tables.h"

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

using Row = std::vector<std::string>;

std::string times(const Samples& samples, const Samples& of) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", median(samples) / median(of));
  return text;
}

// `all` has no samples of what was not to be measured, and of what does not work here.
void add_table(Section& section, const std::vector<Way>& ways, const std::vector<Samples>& all,
               bool with_slow) {
  std::vector<Row> rows;
  for (size_t i = 0; i < ways.size(); ++i) {
    if (ways[i].slow && !with_slow) continue;
    if (all[i].empty())
      rows.push_back({ways[i].name, "does not work here", "", ""});
    else
      rows.push_back({ways[i].name, times(all[i], all.front()), figure(median(all[i])),
                      figure(percentile(all[i], 0.99))});
  }
  section.table({"", "x bare", "median us", "p99 us"}, rows);
}

}  // namespace

void report_launches(Section& section, const std::vector<Way>& ways, size_t rounds) {
  section.paragraph("One at a time, in a row:");
  add_table(section, ways, take_turns_in(1, ways, rounds, Turns::InARow), false);
  section.paragraph("Two at a time, in a row:");
  add_table(section, ways, take_turns_in(2, ways, rounds, Turns::InARow), false);
  section.paragraph("Each after a pause of 30 ms, in which the processors have gone to sleep:");
  add_table(section, ways, take_turns_in(1, ways, rounds, Turns::AfterPauses), true);
}

void report_parents(Section& section, const std::vector<Way>& ways, size_t rounds) {
  std::vector<std::vector<Samples>> by_size;
  for (const size_t bytes : {size_t{1} << 20, size_t{1} << 30})
    by_size.push_back(
        in_process_of_size(bytes, [&] { return take_turns(ways, rounds, Turns::InARow); }));
  section.paragraph("Launched from a process that has touched 1 MiB, or 1 GiB, of memory:");
  std::vector<Row> rows;
  for (size_t i = 0; i < ways.size(); ++i) {
    const auto missing = [&](const std::vector<Samples>& all) {
      return all.size() <= i || all[i].empty();
    };
    if (std::any_of(by_size.begin(), by_size.end(), missing)) continue;
    rows.push_back({ways[i].name, figure(median(by_size[0][i])), figure(median(by_size[1][i])),
                    times(by_size[1][i], by_size[0][i])});
  }
  section.table({"", "1 MiB, us", "1 GiB, us", "ratio"}, rows);
}

}  // namespace bench
