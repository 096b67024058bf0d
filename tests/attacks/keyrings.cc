// Attempts by the kernel's keyrings: keys of the user, which lie outside every namespace but the
// user's.
//
// In: the victim has put the secret into the user's keyring, as `seclude-attacks`, and into that of
// the session, as `seclude-attacks-session`. Out: attack.h.
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
bool read_key_of_session(const World&) {
  const long key =
      control(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "seclude-attacks-session");
  char text[64] = {};
  return key >= 0 && syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof text) > 0 &&
         reveal_memory(text, sizeof text);
}
bool list_keyring(const World&) {
  int keys[64];
  return syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, keys, sizeof keys) > 0;
}
bool describe_keyring(const World&) {
  char text[200];
  return syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_USER_KEYRING, text, sizeof text) > 0;
}
bool link_keyring(const World&) {
  return syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING) == 0;
}
bool fill_quota(const World&) {
  char name[] = "seclude-attacks-00";
  for (int i = 0; i < 20; ++i) {
    name[sizeof name - 3] = static_cast<char>('0' + i / 10);
    name[sizeof name - 2] = static_cast<char>('0' + i % 10);
    if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0) return false;
  }
  return true;
}
bool make_keyring(const World&) {
  return made(control(KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, reinterpret_cast<void*>(1)));
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
    {"key-read-of-session", "read a key of its session", read_key_of_session, Effect::Secret,
     by_default | own_ipc, if_present},
    {"key-list", "list the keys of its user", list_keyring, Effect::Word, by_default, if_present},
    {"key-describe", "learn who may use them", describe_keyring, Effect::Word, by_default,
     if_present},
    {"key-link", "link the user's keys to a keyring of its own", link_keyring, Effect::Word,
     by_default, if_present},
    {"key-quota", "use up the room for its user's keys", fill_quota, Effect::Word, by_default,
     if_present},
    {"key-own-keyring", "make a keyring of its own", make_keyring, Effect::Word, by_default,
     if_present},
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
