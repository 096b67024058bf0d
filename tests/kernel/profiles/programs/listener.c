// Listener: threads that change a socket while another makes it listen.
//
// usage: listener swap LISTED          another socket takes the descriptor's place
//        listener unbind LOW HIGH SERVER   the socket is bound by connecting, and unbound again
//        listener table LISTED         a thread with descriptors of its own
// In: ports. Out: "listened N, through M": how often listening succeeded, and how often a socket
// listened that must not.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 2

static int listed, high, server, good, bad, shared = 100;
static atomic_int over;

static struct sockaddr_in end_of(int port) {
  struct sockaddr_in end = {.sin_family = AF_INET, .sin_port = htons(port)};
  end.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return end;
}

static int bound_to(int port) {
  const int one = 1, made = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in end = end_of(port);
  if (port != 0 && bind(made, (struct sockaddr*)&end, sizeof end) != 0) {
    perror("bind");
    exit(1);
  }
  return made;
}

static int listens(int descriptor) {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size);
  return value;
}

static int port_of(int descriptor) {
  struct sockaddr_in end = {0};
  socklen_t size = sizeof end;
  getsockname(descriptor, (struct sockaddr*)&end, &size);
  return ntohs(end.sin_port);
}

static void unconnect(int descriptor) {
  struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  connect(descriptor, &nowhere, sizeof nowhere);
}

static void* swap(void* unused) {
  while (!over) {
    dup2(good, shared);
    dup2(bad, shared);
  }
  return unused;
}

static void* unbind(void* unused) {
  struct sockaddr_in end = end_of(server);
  while (!over) {
    connect(shared, (struct sockaddr*)&end, sizeof end);  // bound now, perhaps to a listed port
    unconnect(shared);                                    // and not any more
  }
  return unused;
}

static void* table(void* unused) {
  unshare(CLONE_FILES);
  dup2(bad, shared);  // only here
  if (listen(shared, 5) == 0) printf("the thread's own socket listens\n");
  dup2(good, shared);
  printf("table: %s\n", listen(shared, 5) == 0 ? "listens" : strerror(errno));
  return unused;
}

int main(int count, char** words) {
  listed = atoi(words[2]);
  if (count > 4) high = atoi(words[3]), server = atoi(words[4]);
  good = strcmp(words[1], "unbind") == 0 ? -1 : bound_to(listed);
  bad = bound_to(0);
  dup2(bad, shared);
  void* (*work)(void*) = strcmp(words[1], "swap") == 0     ? swap
                         : strcmp(words[1], "unbind") == 0 ? unbind
                                                           : table;
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  long listened = 0, through = 0;
  const time_t end = time(NULL) + SECONDS;
  while (work != table && time(NULL) < end) {
    listened += listen(shared, 5) == 0;
    if (work == swap) {
      through += listens(bad) != 0;
      if (listens(good)) unconnect(good);
      if (listens(bad)) unconnect(bad);
    }
    if (work == unbind && listens(shared)) {
      // It stays what it is while it listens.
      const int port = port_of(shared);
      if (listens(shared) && port != 0) through += port < listed || port > high;
      unconnect(shared);
    }
  }
  over = 1;
  pthread_join(thread, NULL);
  printf("listened %ld, through %ld\n", listened, through);
  return 0;
}
