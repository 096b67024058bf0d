// Attempts by the kernel's keyrings: keys of the user, which lie outside every namespace but the
// user's.
//
// In: the victim has put the secret into the user's keyring, as `seclude-attacks`. Out: attack.h.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

long control(int command, long a, const void* b = nullptr, const void* c = nullptr, long d = 0) {
  return syscall(SYS_keyctl, command, a, b, c, d);
}

bool read_key(const World&) {
  const long key = control(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "seclude-attacks");
  char text[64] = {};
  return key >= 0 && syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof text) > 0 &&
         reveal_memory(text, sizeof text);
}
bool add_key(const World&) {
  return made(
      syscall(SYS_add_key, "user", "seclude-attacks-made", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}
bool add_key_for_user(const World&) {
  const long key =
      syscall(SYS_add_key, "user", "seclude-attacks-added", "x", 1, KEY_SPEC_USER_KEYRING);
  return key >= 0 && control(KEYCTL_INVALIDATE, key) == 0;
}
bool request_key(const World&) {
  return made(syscall(SYS_request_key, "user", "seclude-attacks", nullptr, 0));
}
bool join_session(const World&) { return made(control(KEYCTL_JOIN_SESSION_KEYRING, 0)); }
bool look_at_session(const World&) {
  return made(control(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING));
}
bool keep_keyring(const World&) {
  return made(control(KEYCTL_GET_PERSISTENT, -1, reinterpret_cast<void*>(-2)));
}

constexpr Attempt attempts[] = {
    {"key-read", "read a key of its user", read_key, Effect::Secret, by_default, if_present},
    {"key-request", "ask for a key (`request_key`)", request_key, Effect::Word, by_default,
     if_present},
    {"key-add", "add a key of its own", add_key, Effect::Word, by_default, if_present},
    {"key-add-for-user", "add a key for all programs of its user", add_key_for_user, Effect::Word,
     by_default, if_present},
    {"key-join-session", "begin a session keyring", join_session, Effect::Word, by_default,
     if_present},
    {"key-session", "look at the session's keyring", look_at_session, Effect::Word, by_default,
     if_present},
    {"key-persistent", "keep a keyring that outlives the session", keep_keyring, Effect::Word,
     by_default, if_present},
};

}  // namespace

Table keyring_attempts() { return attempts; }

}  // namespace seclude::attacks
