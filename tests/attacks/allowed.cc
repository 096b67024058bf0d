// What is allowed: the ways that the policies of the tests list, which have to stay open.
//
// In, out: attack.h; `held` names the policies that list a way.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool read_listed(const World& world) { return reveal_file(In(world, "in/picture")); }
bool make_listed(const World& world) {
  return write_file(In(world, "out/made"), O_CREAT | O_WRONLY);
}
bool connect_listed(const World& world) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(world.listed_port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == 0;
}
bool make_pair(const World&) {
  int ends[2];
  return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && write(ends[0], "x", 1) == 1;
}
bool start_listed(const World& world) { return become(In(world, "in/program")); }

constexpr Attempt ways[] = {
    {"listed-read", "read a listed file", read_listed, Effect::Word, by_paths, what_is_allowed},
    {"listed-make", "make a file in a listed folder", make_listed, Effect::Word, by_paths,
     what_is_allowed},
    {"listed-connect", "connect to a listed port", connect_listed, Effect::Word, by_connect,
     what_is_allowed},
    {"listed-pair", "make a pair of local sockets", make_pair, Effect::Word, by_connect,
     what_is_allowed},
    {"listed-start", "start a listed program", start_listed, Effect::Word, by_run, what_is_allowed},
};

}  // namespace

Table allowed_ways() { return ways; }

}  // namespace seclude::attacks
