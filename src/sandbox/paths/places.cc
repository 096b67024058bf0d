// Places: see places.h.
#include "sandbox/paths/places.h"

#include <algorithm>

#include "filter/rules/names.h"
#include "policy/words.h"

namespace seclude::sandbox {
namespace {

using policy::PathVerb;

bool changes(PathVerb verb) { return verb == PathVerb::Write || verb == PathVerb::Create; }
bool grants(PathVerb verb) { return verb != PathVerb::Hide; }

std::string line_word(PathVerb verb) {
  return "`" + std::string(policy::path_verb_word(verb)) + "` lines";
}

class Reader {
 public:
  Reader(const policy::Texts& texts, const filter::Settings& settings,
         const filter::Resolved& resolved, const Surroundings& surroundings, Places& places)
      : names_(texts, settings, resolved.pin, ignored_),
        surroundings_(surroundings),
        places_(places) {}

  void one(const filter::Item& item) {
    if (const auto* paths = std::get_if<policy::Paths>(&item.statement->body)) {
      places_.confines_paths = true;
      if (item.archs != all_archs) lack(item, "path lines", "Landlock knows no architectures");
      for (const policy::PathPattern& pattern : paths->patterns) by_path(item, *paths, pattern);
    }
    if (const auto* network = std::get_if<policy::Network>(&item.statement->body)) {
      places_.confines_network = true;
      places_.network_lines.push_back(item.statement->keyword);
      if (item.archs != all_archs) lack(item, "network lines", "Landlock knows no architectures");
      for (const policy::End& end : network->ends) by_end(item, *network, end);
    }
    if (std::holds_alternative<policy::ResolveHosts>(item.statement->body)) {
      places_.confines_network = true;
      places_.widens_network = true;
      lack(item, "`resolve` lines",
           "looking up names needs the supervisor, which is not there yet");
    }
  }

 private:
  static constexpr uint16_t all_archs = 0xffff;

  void lack(const filter::Item& item, std::string what, std::string why) {
    const Span line = item.statement->keyword;
    const bool said = std::any_of(places_.lacking.begin(), places_.lacking.end(),
                                  [&](const Unenforced& other) { return other.span == line; });
    if (!said) places_.lacking.push_back({line, std::move(what), std::move(why)});
  }

  policy::Bindings bindings(size_t text) {
    return [this, text](std::string_view name) -> std::optional<std::string> {
      auto value = name == "~" ? surroundings_.home : names_.place(text, name);
      if (value && !value->starts_with('/') && surroundings_.directory)
        value = *value == "." ? *surroundings_.directory : *surroundings_.directory + "/" + *value;
      return value;
    };
  }

  // ---- paths ------------------------------------------------------------------------------------

  void by_path(const filter::Item& item, const policy::Paths& paths,
               const policy::PathPattern& pattern) {
    auto glob = policy::parse_glob(pattern, bindings(item.text), ignored_);
    if (!glob) return;  // an error of the text, reported already
    Place place{.verb = paths.verb,
                .path = {},
                .optional = pattern.optional,
                .span = pattern.span,
                .line = item.statement->keyword};
    const bool named = pattern.text.starts_with('$') || pattern.text.starts_with('~');
    place.unbound =
        named && !glob->names.empty() && (glob->names[0].starts_with('$') || glob->names[0] == "~");
    cut(item, *glob, place);
    judge(item, place);
    place.path = policy::literal_path(*glob);
    places_.paths.push_back(std::move(place));
  }

  // To the tree that a pattern begins with, which is all that Landlock can name.
  void cut(const filter::Item& item, policy::Glob& glob, Place& place) {
    if (!glob.names.empty() && glob.names.back() == "**") {
      glob.names.pop_back();
      place.below = true;
    }
    if (policy::is_literal(glob)) return;
    lack(item, "patterns with `*` in a path",
         "what they match may be made later: this needs the supervisor, which is not there yet");
    while (!policy::is_literal(glob)) glob.names.pop_back();
    place.below = true;
  }

  void judge(const filter::Item& item, Place& place) {
    if (place.verb != PathVerb::Create || place.below) return;
    lack(item, line_word(place.verb) + " without `/**`",
         "Landlock lets files be made in whole directories only; a single name needs the "
         "supervisor, which is not there yet");
  }

  // ---- ends -------------------------------------------------------------------------------------

  void by_end(const filter::Item& item, const policy::Network& network, const policy::End& end) {
    const auto value = [&](std::string_view name) { return names_.place(item.text, name); };
    const auto pattern = policy::parse_end(end, value, ignored_);
    if (!pattern) return;
    if (end.protocol != policy::End::Protocol::Tcp || pattern->port_parameter) {
      places_.widens_network = true;
      const char* what = pattern->port_parameter                      ? "ports without a value"
                         : end.protocol == policy::End::Protocol::Udp ? "`udp` ends"
                                                                      : "`unix` ends";
      lack(item, what,
           pattern->port_parameter ? "bind the parameter with --set"
                                   : "they need the supervisor, which is not there yet");
      return;
    }
    const bool listens = network.verb == policy::NetVerb::Listen;
    const bool addresses = pattern->kind == policy::EndPattern::Kind::Addresses;
    if (pattern->kind != policy::EndPattern::Kind::Any && !(listens && addresses)) {
      if (!addresses) places_.widens_network = true;
      lack(item, "hosts and addresses",
           "Landlock knows ports only: write `tcp *:PORT`; a host needs the supervisor, which is "
           "not there yet");
    }
    places_.ports.push_back(
        {.verb = network.verb, .range = pattern->ports, .line = item.statement->keyword});
    if (listens && addresses) places_.ports.back().addresses = pattern->range;
  }

  Diagnostics ignored_;  // of the text: said when it was read
  filter::Names names_;
  const Surroundings& surroundings_;
  Places& places_;
};

bool is_below(const std::string& path, const std::string& folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

void lack_once(std::vector<Unenforced>& found, const Place& place, std::string what,
               std::string why) {
  for (const Unenforced& other : found)
    if (other.span == place.line) return;
  found.push_back({place.line, std::move(what), std::move(why)});
}

// Where a program may connect, an address that a socket has got by a connection goes with it
// (listening.h).
void judge_addresses(Places& places) {
  const bool connects = std::any_of(places.ports.begin(), places.ports.end(), [](const Port& port) {
    return port.verb == policy::NetVerb::Connect;
  });
  for (Port& port : places.ports) {
    if (!connects || !port.addresses) continue;
    port.addresses.reset();
    const bool said = std::any_of(places.lacking.begin(), places.lacking.end(),
                                  [&](const Unenforced& other) { return other.span == port.line; });
    if (!said)
      places.lacking.push_back(
          {port.line, "addresses to listen at, beside `connect` lines,",
           "a socket loses the address that it got by connecting, and nobody holds that yet: write "
           "`listen tcp *:PORT`"});
  }
}

}  // namespace

bool contains(const Tree& tree, const Tree& other) {
  if (tree.below) return is_below(other.path, tree.path);
  return !other.below && tree.path == other.path;
}

bool overlap(const Tree& one, const Tree& other) {
  return (one.below && is_below(other.path, one.path)) ||
         (other.below && is_below(one.path, other.path)) || one.path == other.path;
}

std::vector<Unenforced> taking_mounts(const std::vector<Place>& places,
                                      const std::vector<Tree>& trees) {
  std::vector<Unenforced> found;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].verb == PathVerb::Hide)
      lack_once(found, places[i], line_word(places[i].verb), "hiding takes mounts");
    for (size_t j = 0; j < places.size(); ++j) {
      if (places[i].verb == PathVerb::Protect && changes(places[j].verb) &&
          overlap(trees[i], trees[j]))
        lack_once(found, places[i], "`protect` inside what another line lets change",
                  "Landlock grants whole trees: this takes mounts");
      if (places[i].verb != PathVerb::Run || places[j].verb == PathVerb::Run ||
          !grants(places[j].verb) || trees[j].special)
        continue;
      bool runs = false;
      for (size_t k = 0; k < places.size(); ++k)
        runs = runs || (places[k].verb == PathVerb::Run && contains(trees[k], trees[j]));
      if (!runs)
        lack_once(found, places[i], "`run` lines beside files that may not be run",
                  "the dynamic loader runs whatever can be read, here " + trees[j].path +
                      ", where no mount forbids it");
    }
  }
  return found;
}

Places places_of(const policy::Texts& texts, const filter::Settings& settings,
                 const filter::Resolved& resolved, const Surroundings& surroundings) {
  Places places;
  Reader reader(texts, settings, resolved, surroundings, places);
  for (const filter::Item& item : resolved.flat.items) reader.one(item);
  judge_addresses(places);
  return places;
}

}  // namespace seclude::sandbox
