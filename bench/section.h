// Section: what a benchmark has to say, as Markdown.
//
// In: paragraphs, tables, samples. Out: one Markdown section on standard output, and in the file
// given by `--markdown FILE`; bench/assemble makes docs/benchmarks.md of all sections. Times are
// reported as medians with their 99th percentile: one interrupted launch must not move a figure.
#pragma once

#include <string>
#include <vector>

namespace bench {

using Samples = std::vector<double>;  // microseconds

double median(Samples samples);
double percentile(Samples samples, double share);  // share: 0.99

double now();  // microseconds of a clock that only goes forward

// "412", "9.7": as many digits as mean something.
std::string figure(double value);

class Section {
 public:
  explicit Section(const std::string& title);
  void paragraph(const std::string& text);
  void table(const std::vector<std::string>& head,
             const std::vector<std::vector<std::string>>& rows);
  // Prints it, and writes the file if `words` has `--markdown FILE`. The exit status.
  int finish(int count, char** words) const;

 private:
  std::string text_;
};

// The word after `name` on the command line, or `otherwise`.
std::string option(int count, char** words, const std::string& name, const std::string& otherwise);

}  // namespace bench
