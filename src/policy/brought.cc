// What path and network lines bring, as sets and conditions; see brought.h.
#include "policy/brought.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace seclude::policy {

namespace {

// A name that must be looked up first: not an address, not "*".
bool is_host(const End& end) {
  return end.protocol != End::Protocol::Unix && end.host != "*" &&
         end.host.find(':') == std::string::npos &&
         end.host.find_first_not_of("0123456789./") != std::string::npos;
}

Value value_of(std::initializer_list<const char*> names, Value::Term::Prefix prefix) {
  std::vector<Value::Term> terms;
  for (const char* name : names) {
    Value::Term term;
    term.kind = Value::Term::Kind::Name;
    term.text = name;
    terms.push_back(std::move(term));
  }
  Value value;
  if (prefix == Value::Term::Prefix::None) {
    value.terms = std::move(terms);
  } else {
    Value::Term group;
    group.kind = Value::Term::Kind::Group;
    group.prefix = prefix;
    group.group = std::move(terms);
    value.terms.push_back(std::move(group));
  }
  return value;
}

Pred is_one_of(const char* arg, std::initializer_list<const char*> names) {
  Pred pred;
  pred.test.arg.text = arg;
  pred.test.op = Operator::In;
  for (const char* name : names)
    pred.test.items.push_back({value_of({name}, Value::Term::Prefix::None), std::nullopt});
  return pred;
}

Rule allow_where(const char* call, std::vector<Pred> tests) {
  CallRef ref;
  ref.name.text = call;
  Rule rule;
  rule.action.word = ActionWord::Allow;
  rule.calls.push_back(std::move(ref));
  Pred all;
  all.kind = Pred::Kind::And;
  all.children = std::move(tests);
  rule.where = all.children.size() == 1 ? Pred(all.children.front()) : std::move(all);
  return rule;
}

// allow socket where family in (...) and type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK) in (...)
Rule sockets(std::initializer_list<const char*> families,
             std::initializer_list<const char*> types) {
  Pred type = is_one_of("type", types);
  type.test.mask = value_of({"SOCK_CLOEXEC", "SOCK_NONBLOCK"}, Value::Term::Prefix::Complement);
  return allow_where("socket", {is_one_of("family", families), std::move(type)});
}

// The local name service cache, and name servers over UDP and TCP. No AF_NETLINK: resolvers cope.
void resolver(Brought& out) {
  out.allows.push_back("@resolve");
  out.rules.push_back(sockets({"AF_UNIX"}, {"SOCK_STREAM", "SOCK_DGRAM"}));
  out.rules.push_back(sockets({"AF_INET", "AF_INET6"}, {"SOCK_DGRAM", "SOCK_STREAM"}));
}

Rule processes() {
  Pred pred;
  pred.test.arg.text = "flags";
  pred.test.op = Operator::Lacks;
  pred.test.value = value_of({"CLONE_NEWNS", "CLONE_NEWCGROUP", "CLONE_NEWUTS", "CLONE_NEWIPC",
                              "CLONE_NEWUSER", "CLONE_NEWPID", "CLONE_NEWNET"},
                             Value::Term::Prefix::None);
  return allow_where("clone", {std::move(pred)});
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
      out.rules.push_back(processes());
      break;
    case PathVerb::Protect:
    case PathVerb::Hide:
      break;  // they only take away
  }
  out.mediates.push_back("@path-calls");
}

void by_network(const Network& network, Brought& out) {
  bool connects = network.verb == NetVerb::Connect;
  bool local = false, tcp = false, udp = false, named = false;
  for (const End& end : network.ends) {
    local |= end.protocol == End::Protocol::Unix;
    tcp |= end.protocol == End::Protocol::Tcp;
    udp |= end.protocol == End::Protocol::Udp;
    named |= connects && is_host(end);
  }
  if (local) {
    out.allows.push_back(connects ? "@connect-unix" : "@listen-unix");
    out.rules.push_back(sockets({"AF_UNIX"}, {"SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"}));
  }
  if (tcp || udp) out.allows.push_back(connects ? "@connect-inet" : "@listen-inet");
  if (tcp) out.rules.push_back(sockets({"AF_INET", "AF_INET6"}, {"SOCK_STREAM"}));
  if (udp) out.rules.push_back(sockets({"AF_INET", "AF_INET6"}, {"SOCK_DGRAM"}));
  if (named) resolver(out);
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
  if (const auto* network = std::get_if<Network>(&statement.body)) by_network(*network, out);
  if (std::holds_alternative<ResolveHosts>(statement.body)) {
    resolver(out);
    out.mediates.push_back("@network-calls");
  }
  return out;
}

}  // namespace seclude::policy
