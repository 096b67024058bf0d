// Attempts by System V and POSIX objects that somebody outside has made.
//
// In: a segment that holds the secret; the queue and the file of shared memory are named after the
// victim. Out: attack.h.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool attach(const World& world) {
  void* at = shmat(world.segment, nullptr, SHM_RDONLY);
  return at != reinterpret_cast<void*>(-1) && reveal_memory(at, 64);
}
bool remove_segment(const World& world) { return shmctl(world.segment, IPC_RMID, nullptr) == 0; }
bool list_segments(const World&) {
  shm_info about = {};
  return made(shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&about))) && about.used_ids > 0;
}
bool make_queue(const World&) {
  const int queue = msgget(IPC_PRIVATE, 0600);
  return queue >= 0 && msgctl(queue, IPC_RMID, nullptr) == 0;
}
bool make_semaphores(const World&) {
  const int set = semget(IPC_PRIVATE, 1, 0600);
  return set >= 0 && semctl(set, 0, IPC_RMID) == 0;
}
bool open_queue(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "seclude-attacks-%d", world.victim);
  return made(syscall(SYS_mq_open, name, O_RDONLY, 0, nullptr));
}
bool remove_queue(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "seclude-attacks-%d", world.victim);
  return syscall(SYS_mq_unlink, name) == 0;
}
bool shared_file(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/dev/shm/seclude-attacks-%d", world.victim);
  return reveal_file(name);
}
bool shared_file_to_write(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/dev/shm/seclude-attacks-%d", world.victim);
  return write_file(name, O_WRONLY);
}

constexpr Attempt attempts[] = {
    {"segment", "read somebody's System V memory", attach, Effect::Secret, own_ipc, if_present},
    {"segment-to-remove", "remove it", remove_segment, Effect::Files, own_ipc, if_present},
    {"segments", "list everybody's", list_segments, Effect::Word, own_ipc, if_present},
    {"message-queue", "make a System V queue, which outlives it", make_queue, Effect::Word, 0,
     if_present},
    {"semaphores", "make System V semaphores, which outlive it", make_semaphores, Effect::Word, 0,
     if_present},
    {"queue", "open somebody's POSIX queue", open_queue, Effect::Word, own_ipc, if_present},
    {"queue-to-remove", "remove it", remove_queue, Effect::Files, own_ipc, if_present},
    {"shared-memory", "read somebody's POSIX shared memory", shared_file, Effect::Secret,
     by_paths | own_ipc, reads_only},
    {"shared-memory-to-write", "write it", shared_file_to_write, Effect::Files, by_paths | own_ipc},
};

}  // namespace

Table ipc_attempts() { return attempts; }

}  // namespace seclude::attacks
