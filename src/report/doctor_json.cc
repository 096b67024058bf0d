// Doctor, as JSON: see doctor.h. Apart, because the JSON library takes long to compile.
#include <nlohmann/json.hpp>

#include "report/doctor.h"

namespace seclude::report {
namespace {

std::string_view name_of(Finding::State state) {
  switch (state) {
    case Finding::State::Good:
      return "good";
    case Finding::State::Lacking:
      return "lacking";
    case Finding::State::Missing:
      return "missing";
    case Finding::State::Note:
      return "note";
  }
  return "";
}

}  // namespace

std::string to_json(const std::vector<Finding>& findings) {
  using nlohmann::ordered_json;
  ordered_json list = ordered_json::array();
  for (const Finding& finding : findings) {
    ordered_json one = {{"name", finding.name}, {"state", name_of(finding.state)}};
    if (!finding.detail.empty()) one["detail"] = finding.detail;
    one["needed_for"] = finding.needed_for;
    if (!finding.fix.empty()) one["fix"] = finding.fix;
    list.push_back(std::move(one));
  }
  const ordered_json document = {
      {"schema", 1}, {"all_good", all_good(findings)}, {"findings", std::move(list)}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace seclude::report
