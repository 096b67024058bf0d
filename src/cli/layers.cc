// Layers: see layers.h.
#include "cli/layers.h"

#include <algorithm>
#include <cstdlib>

#include "kernel/files.h"

namespace seclude::cli {

namespace {

const sandbox::Unenforced* lack_of(const policy::Statement& statement,
                                   const std::vector<sandbox::Unenforced>& lacking) {
  const auto found = std::find_if(lacking.begin(), lacking.end(), [&](const auto& unenforced) {
    return unenforced.span == statement.keyword;
  });
  return found == lacking.end() ? nullptr : &*found;
}

std::vector<sandbox::Unenforced> all_lacking(const Layers& layers) {
  std::vector<sandbox::Unenforced> all = layers.unenforced;
  all.insert(all.end(), layers.places.lacking.begin(), layers.places.lacking.end());
  return all;
}

// nullptr: nothing holds it.
const std::string* layer_of_limit(const policy::Limit& limit, const sandbox::HeldLimits* held) {
  const auto resource = policy::find_resource(limit.resource.text);
  const auto* found = held && resource ? sandbox::find(*held, *resource) : nullptr;
  return found != nullptr && found->held ? &found->layer : nullptr;
}

// "site.seclude:7"
std::string place_of(Span span, const SourceMap& sources) {
  const std::string where = sources.where(span);
  return where.substr(0, where.rfind(':'));
}

}  // namespace

Layers layers_of(const Loaded& loaded, const filter::Resolved& resolved) {
  sandbox::Surroundings surroundings;
  if (const char* home = std::getenv("HOME")) surroundings.home = home;
  if (auto here = kernel::real_path(".")) surroundings.directory = std::move(*here);
  return {sandbox::unenforced(loaded.texts),
          sandbox::places_of(loaded.texts, loaded.settings, resolved, surroundings)};
}

Json lines_of(const Loaded& loaded, const filter::Resolved& resolved) {
  Json lines = Json::array();
  const auto lacking = all_lacking(layers_of(loaded, resolved));
  for (const filter::Item& item : resolved.flat.items) {
    Json line = to_json(item.statement->keyword, loaded.sources);
    const sandbox::Unenforced* lack = lack_of(*item.statement, lacking);
    const char* layer = sandbox::layer_of(*item.statement);
    line["layer"] = lack == nullptr && layer != nullptr ? Json(layer) : Json(nullptr);
    if (lack != nullptr) line["why"] = lack->why;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<sandbox::HeldLine> held_lines(const Loaded& loaded, const filter::Resolved& resolved,
                                          const HeldHere& here) {
  const std::optional<sandbox::Domain>& held = here.domain;
  std::vector<sandbox::HeldLine> lines;
  const auto lacking = all_lacking(layers_of(loaded, resolved));
  for (const filter::Item& item : resolved.flat.items) {
    const policy::Statement& statement = *item.statement;
    const char* layer = sandbox::layer_of(statement);
    const bool paths = std::holds_alternative<policy::Paths>(statement.body);
    const bool network = std::holds_alternative<policy::Network>(statement.body);
    const bool isolates = std::holds_alternative<policy::Isolate>(statement.body);
    const bool unheld = held && std::find(held->unheld.begin(), held->unheld.end(),
                                          statement.keyword) != held->unheld.end();
    if (paths && held && !held->own_root && held->covered.empty()) layer = "landlock and seccomp";
    if ((paths && !(held && held->confines_paths)) || (isolates && !here.isolated) || unheld ||
        (network && !(held && held->confines_network)) || lack_of(statement, lacking) != nullptr)
      layer = nullptr;
    if (const auto* limit = std::get_if<policy::Limit>(&statement.body)) {
      const std::string* by = layer_of_limit(*limit, here.limits);
      layer = by != nullptr ? by->c_str() : nullptr;
    }
    lines.push_back({place_of(statement.span, loaded.sources),
                     std::string(loaded.sources.text(statement.span)),
                     layer != nullptr ? layer : ""});
  }
  return lines;
}

}  // namespace seclude::cli
