#include "policy/brought.h"

#include <algorithm>
#include <string>
#include <variant>

namespace seclude::policy {

namespace {

// A name that must be looked up first: not an address, not "*".
bool is_host(const End& end) {
  return end.protocol != End::Protocol::Unix && end.host != "*" &&
         end.host.find(':') == std::string::npos &&
         end.host.find_first_not_of("0123456789./") != std::string::npos;
}

void by_path(const Paths& paths, Brought& out) {
  switch (paths.verb) {
    case PathVerb::Read:
      out.allows.push_back("@read-paths");
      break;
    case PathVerb::Write:
      out.allows.push_back("@write-paths");
      break;
    case PathVerb::Create:
      out.allows.push_back("@create-paths");
      break;
    case PathVerb::Run:
      out.allows.push_back("@run-paths");
      break;
    case PathVerb::Protect:
    case PathVerb::Hide:
      break;  // they only take away
  }
  out.mediates.push_back("@path-calls");
}

void by_network(const Network& network, Brought& out) {
  bool connects = network.verb == NetVerb::Connect;
  auto add = [&](std::string_view set) {
    if (std::find(out.allows.begin(), out.allows.end(), set) == out.allows.end())
      out.allows.push_back(set);
  };
  for (const End& end : network.ends) {
    if (end.protocol == End::Protocol::Unix)
      add(connects ? "@connect-unix" : "@listen-unix");
    else
      add(connects ? "@connect-inet" : "@listen-inet");
    if (connects && is_host(end)) add("@resolve");
  }
  out.mediates.push_back("@network-calls");
}

}  // namespace

Calls one_set(std::string_view name) {
  CallRef ref;
  ref.kind = CallRef::Kind::Set;
  ref.name.text = name;
  return {ref};
}

Brought brought(const Statement& statement) {
  Brought out;
  if (const auto* paths = std::get_if<Paths>(&statement.body)) by_path(*paths, out);
  if (const auto* network = std::get_if<Network>(&statement.body))
    by_network(*network, out);
  if (std::holds_alternative<ResolveHosts>(statement.body)) {
    out.allows.push_back("@resolve");
    out.mediates.push_back("@network-calls");
  }
  return out;
}

}  // namespace seclude::policy
