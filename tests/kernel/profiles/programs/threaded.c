/* Starts threads, names one, signals one, cancels one, waits for all: what `threads` is for. With an
   argument it forks instead, which threads does not permit. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t signalled;
static void on_signal(int number) { signalled = number; }
static void* nothing(void* argument) { return argument; }
static void* forever(void* argument) {
  for (;;) pthread_testcancel();
  return argument;
}

int main(int argc, char** argv) {
  (void)argv;
  if (argc > 1) return fork() < 0 ? 4 : 3;
  pthread_t threads[8], cancelled;
  for (int i = 0; i < 8; i++)
    if (pthread_create(&threads[i], NULL, nothing, NULL) != 0) return 2;
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  signal(SIGUSR1, on_signal);
  pthread_kill(pthread_self(), SIGUSR1);
  pthread_setname_np(pthread_self(), "named");
  if (pthread_create(&cancelled, NULL, forever, NULL) != 0) return 2;
  pthread_cancel(cancelled);
  pthread_join(cancelled, NULL);
  printf("threads ok %d\n", signalled == SIGUSR1);
  return 0;
}
