// Places: what path and network lines ask for, and which lines need more than Landlock.
#include "sandbox/paths/places.h"

#include <gtest/gtest.h>

#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

struct Read {
  Places places;
  std::vector<std::string> lacking;  // "line: what"
};

Read read(const std::string& body, filter::Settings settings = {}) {
  const test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n" + body, {},
                                std::move(settings));
  EXPECT_FALSE(policy.diagnostics.has_errors()) << policy.messages();
  Read read{places_of(policy.texts, policy.settings, policy.resolved,
                      {.home = "/home/ann", .directory = "/here"}),
            {}};
  for (const Unenforced& line : read.places.lacking)
    read.lacking.push_back(std::to_string(policy.sources.position(line.span).line) + ": " +
                           line.what);
  return read;
}

using Lines = std::vector<std::string>;

TEST(Places, TreesAndFilesAreHeld) {
  const Read found = read("read /etc/**, /srv/a\nwrite /dev/null?\ncreate /work/**\nread ~/x/**\n");
  EXPECT_EQ(found.lacking, Lines{});
  EXPECT_TRUE(found.places.confines_paths);
  EXPECT_FALSE(found.places.confines_network);
  ASSERT_EQ(found.places.paths.size(), 5u);
  EXPECT_EQ(found.places.paths[0].path, "/etc");
  EXPECT_TRUE(found.places.paths[0].below);
  EXPECT_EQ(found.places.paths[1].path, "/srv/a");
  EXPECT_FALSE(found.places.paths[1].below);
  EXPECT_TRUE(found.places.paths[2].optional);
  EXPECT_EQ(found.places.paths[4].path, "/home/ann/x");
}

TEST(Places, ParametersStandForTheirValues) {
  const std::string body = "parameter work : path\nparameter n : port = 80\nread $work/**\n";
  EXPECT_TRUE(read(body).places.paths.at(0).unbound);
  const Read bound = read(body, {.parameters = {{"work", "job"}}});
  EXPECT_EQ(bound.places.paths.at(0).path, "/here/job");
  EXPECT_FALSE(bound.places.paths.at(0).unbound);
}

TEST(Places, ParametersStandForPortsAndAddresses) {
  const std::string body =
      "parameter n : port = 80\nparameter h : host = \"::1\"\nlisten tcp $h:$n\n";
  const Read by_default = read(body);
  EXPECT_EQ(by_default.lacking, Lines{});
  EXPECT_EQ(by_default.places.ports.at(0).range, (policy::PortRange{80, 80}));
  EXPECT_EQ(by_default.places.ports.at(0).addresses, policy::parse_range("::1"));
  const Read bound = read(body, {.parameters = {{"n", "81"}, {"h", "10.0.0.1"}}});
  EXPECT_EQ(bound.places.ports.at(0).range, (policy::PortRange{81, 81}));
  EXPECT_EQ(bound.places.ports.at(0).addresses, policy::parse_range("10.0.0.1"));
  const Read unbound = read("parameter n : port\nlisten tcp *:$n\n");
  EXPECT_EQ(unbound.lacking, Lines{"5: ports without a value"});
}

TEST(Places, WhatLandlockCannotHoldIsNamed) {
  EXPECT_EQ(read("read /srv/*.txt\n").lacking, Lines{"4: patterns with `*` in a path"});
  EXPECT_EQ(read("read /srv/**/a\n").lacking, Lines{"4: patterns with `*` in a path"});
  EXPECT_EQ(read("hide /etc/shadow\n").lacking, Lines{});
  EXPECT_EQ(read("create /srv/out\n").lacking, Lines{"4: `create` lines without `/**`"});
  EXPECT_EQ(read("on x86_64 {\n read /etc/**\n}\n").lacking, Lines{"5: path lines"});
}

// "line: what" of the lines that take mounts, with the places as the text has them.
Lines mounting(const std::string& body) {
  const test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n" + body);
  const Places places = places_of(policy.texts, policy.settings, policy.resolved, {});
  EXPECT_TRUE(places.lacking.empty());
  std::vector<Tree> trees;
  for (const Place& place : places.paths)
    trees.push_back({place.path, place.below, !place.below && place.path.starts_with("/dev/")});
  Lines lines;
  for (const Unenforced& line : taking_mounts(places.paths, trees))
    lines.push_back(std::to_string(policy.sources.position(line.span).line) + ": " + line.what);
  return lines;
}

TEST(Places, ProtectHoldsOutsideWhatMayBeChanged) {
  EXPECT_EQ(mounting("protect /srv/a/**\ncreate /srv/b/**\n"), Lines{});
  const Lines inside = {"4: `protect` inside what another line lets change"};
  EXPECT_EQ(mounting("protect /srv/a/**\ncreate /srv/**\n"), inside);
  EXPECT_EQ(mounting("protect /srv/**\nwrite /srv/a\n"), inside);
  EXPECT_EQ(mounting("hide /srv/**\n"), Lines{"4: `hide` lines"});
}

TEST(Places, WhatCanOnlyBeReadWouldRunByTheLoader) {
  const Lines beside = {"4: `run` lines beside files that may not be run"};
  EXPECT_EQ(mounting("run /usr/**\nread /srv/**\n"), beside);
  EXPECT_EQ(mounting("run /usr/bin/cc\nread /usr/bin/**\n"), beside);
  EXPECT_EQ(mounting("run /usr/**\nread /usr/share/**\n"), Lines{});
  EXPECT_EQ(mounting("run /usr/**, /work/**\ncreate /work/**\n"), Lines{});
  EXPECT_EQ(mounting("run /usr/**\nwrite /dev/null\n"), Lines{});
  EXPECT_EQ(mounting("run /usr/**\nwrite /dev/**\n"), beside);
  EXPECT_EQ(mounting("run /usrx/**, /usr/**\nread /usr2/**\n"), beside);
}

TEST(Places, PortsAreHeldAndHostsAreNot) {
  const Read ports = read("connect tcp *:443, tcp *:8000..8010\n");
  EXPECT_EQ(ports.lacking, Lines{});
  ASSERT_EQ(ports.places.ports.size(), 2u);
  EXPECT_EQ(ports.places.ports[1].range, (policy::PortRange{8000, 8010}));
  EXPECT_FALSE(ports.places.widens_network);
  EXPECT_EQ(read("connect tcp 10.0.0.1:80\n").lacking, Lines{"4: hosts and addresses"});
  EXPECT_EQ(read("connect tcp a.org:80\n").lacking, Lines{"4: hosts and addresses"});
  EXPECT_EQ(read("connect udp *:53\n").lacking, Lines{"4: `udp` ends"});
  EXPECT_EQ(read("connect unix /run/x\n").lacking, Lines{"4: `unix` ends"});
  EXPECT_EQ(read("resolve a.org\n").lacking, Lines{"4: `resolve` lines"});
  EXPECT_TRUE(read("connect udp *:53\n").places.widens_network);
}

TEST(Places, SocketsListenAtPortsAndAddresses) {
  EXPECT_EQ(read("listen tcp *:*, tcp *:80, tcp 127.0.0.1:*, tcp [::1]:80\n").lacking, Lines{});
  const Read at = read("listen tcp 127.0.0.0/8:80, tcp *:81\n");
  ASSERT_EQ(at.places.ports.size(), 2u);
  EXPECT_EQ(at.places.ports[0].addresses, policy::parse_range("127.0.0.0/8"));
  EXPECT_EQ(at.places.ports[1].addresses, std::nullopt);
  EXPECT_EQ(read("listen tcp localhost:80\n").lacking, Lines{"4: hosts and addresses"});
  EXPECT_EQ(read("listen tcp *:80\nconnect tcp *:90\n").lacking, Lines{});
  const Read both = read("listen tcp 127.0.0.1:80\nconnect tcp *:90\n");
  EXPECT_EQ(both.lacking, Lines{"4: addresses to listen at, beside `connect` lines,"});
  EXPECT_EQ(both.places.ports[0].addresses, std::nullopt);
}

TEST(Places, TreesContainAndOverlap) {
  EXPECT_TRUE(contains({"/a", true}, {"/a/b", true}));
  EXPECT_FALSE(contains({"/a", true}, {"/ab", true}));
  EXPECT_FALSE(contains({"/a", false}, {"/a", true}));
  EXPECT_TRUE(contains({"/", true}, {"/x", false}));
  EXPECT_TRUE(overlap({"/a/b", false}, {"/a", true}));
  EXPECT_FALSE(overlap({"/a/b", false}, {"/a", false}));
}

}  // namespace
}  // namespace seclude::sandbox
