#include "filter/brought.h"

#include <algorithm>
#include <string>
#include <variant>

namespace seclude::filter {

namespace {

// A name that must be looked up first: not an address, not "*".
bool is_host(const policy::End& end) {
  return end.protocol != policy::End::Protocol::Unix && end.host != "*" &&
         end.host.find(':') == std::string::npos &&
         end.host.find_first_not_of("0123456789./") != std::string::npos;
}

void by_path(const policy::Paths& paths, Brought& out) {
  switch (paths.verb) {
    case policy::PathVerb::Read:
      out.allows.push_back("@read-paths");
      break;
    case policy::PathVerb::Write:
      out.allows.push_back("@write-paths");
      break;
    case policy::PathVerb::Create:
      out.allows.push_back("@create-paths");
      break;
    case policy::PathVerb::Run:
      out.allows.push_back("@run-paths");
      break;
    case policy::PathVerb::Protect:
    case policy::PathVerb::Hide:
      break;  // they only take away
  }
  out.mediates.push_back("@path-calls");
}

void by_network(const policy::Network& network, Brought& out) {
  bool connects = network.verb == policy::NetVerb::Connect;
  auto add = [&](std::string_view set) {
    if (std::find(out.allows.begin(), out.allows.end(), set) == out.allows.end())
      out.allows.push_back(set);
  };
  for (const policy::End& end : network.ends) {
    if (end.protocol == policy::End::Protocol::Unix)
      add(connects ? "@connect-unix" : "@listen-unix");
    else
      add(connects ? "@connect-inet" : "@listen-inet");
    if (connects && is_host(end)) add("@resolve");
  }
  out.mediates.push_back("@network-calls");
}

}  // namespace

policy::Calls one_set(std::string_view name) {
  policy::CallRef ref;
  ref.kind = policy::CallRef::Kind::Set;
  ref.name.text = name;
  return {ref};
}

Brought brought(const policy::Statement& statement) {
  Brought out;
  if (const auto* paths = std::get_if<policy::Paths>(&statement.body)) by_path(*paths, out);
  if (const auto* network = std::get_if<policy::Network>(&statement.body))
    by_network(*network, out);
  if (std::holds_alternative<policy::ResolveHosts>(statement.body)) {
    out.allows.push_back("@resolve");
    out.mediates.push_back("@network-calls");
  }
  return out;
}

}  // namespace seclude::filter
