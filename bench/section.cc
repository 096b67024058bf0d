// Section: see section.h.
#include "section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>

namespace bench {

double median(Samples samples) { return percentile(std::move(samples), 0.5); }

double percentile(Samples samples, double share) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto last = static_cast<double>(samples.size() - 1);
  return samples[static_cast<size_t>(last * share + 0.5)];
}

double now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::string figure(double value) {
  return value < 10 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
}

Section::Section(const std::string& title) : text_("## " + title + "\n") {}

void Section::paragraph(const std::string& text) { text_ += "\n" + text + "\n"; }

void Section::table(const std::vector<std::string>& head,
                    const std::vector<std::vector<std::string>>& rows) {
  auto line = [this](const std::vector<std::string>& cells) {
    text_ += "|";
    for (const std::string& cell : cells) text_ += " " + cell + " |";
    text_ += "\n";
  };
  text_ += "\n";
  line(head);
  text_ += "|---|";
  for (size_t i = 1; i < head.size(); ++i) text_ += "---:|";
  text_ += "\n";
  for (const auto& row : rows) line(row);
}

int Section::finish(int count, char** words) const {
  std::fputs(text_.c_str(), stdout);
  const std::string file = option(count, words, "--markdown", "");
  if (file.empty()) return 0;
  std::ofstream out(file);
  out << text_;
  out.close();
  if (out) return 0;
  std::fprintf(stderr, "cannot write %s\n", file.c_str());
  return 1;
}

std::string option(int count, char** words, const std::string& name, const std::string& otherwise) {
  for (int i = 1; i + 1 < count; ++i) {
    if (words[i] == name) return words[i + 1];
  }
  return otherwise;
}

}  // namespace bench
