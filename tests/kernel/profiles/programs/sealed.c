/* Starts up, starts threads, loads the filter in the file argv[1] over all of them, and only then
   computes: memory of all sizes, sorting, locks, time, printing. argv[2]: how it ends:
     exit  - prints "sealed ok" and returns
     abort - calls abort()
     open  - opens a file, which the filter must not permit
     arena - its threads free large blocks: glibc then looks into /proc/sys/vm
   Loads raw struct sock_filter[] itself: nothing of seclude runs in it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { workers = 4, rounds = 1000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int go, started, large_blocks;
static long total;

static void* work(void* unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  started++;
  pthread_cond_broadcast(&changed);
  while (!go) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < rounds; i++) {
    void* piece = malloc((size_t)(i * 97 % 5000 + 1)); /* another arena: mmap and mprotect */
    if (!piece) abort();
    memset(piece, 1, 1);
    pthread_mutex_lock(&lock);
    total++;
    pthread_mutex_unlock(&lock);
    free(piece);
  }
  for (int round = 0; large_blocks && round < 20; round++) {
    char* blocks[64];
    for (int i = 0; i < 64; i++) {
      blocks[i] = malloc(100000);
      if (!blocks[i]) abort();
      memset(blocks[i], 1, 100000);
    }
    for (int i = 63; i >= 0; i--) free(blocks[i]);
  }
  return NULL;
}

static void seal(const char* name) {
  static struct sock_filter filter[4096];
  int file = open(name, O_RDONLY);
  ssize_t bytes = read(file, filter, sizeof filter);
  if (bytes <= 0 || bytes % (ssize_t)sizeof filter[0] != 0) {
    fprintf(stderr, "no filter in %s\n", name);
    _exit(2);
  }
  close(file);
  struct sock_fprog program = {(unsigned short)((size_t)bytes / sizeof filter[0]), filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    fprintf(stderr, "seal: %s\n", strerror(errno));
    _exit(2);
  }
}

static int ascending(const void* left, const void* right) {
  uint32_t a = *(const uint32_t*)left, b = *(const uint32_t*)right;
  return a < b ? -1 : a > b;
}

static void memory_and_sorting(void) {
  for (size_t size = 1; size <= (size_t)256 << 20; size *= 2) {
    char* block = malloc(size);
    if (!block) abort();
    block[0] = block[size - 1] = 1;
    free(block);
  }
  char* growing = NULL;
  for (size_t size = 16; size <= (size_t)64 << 20; size *= 4) {
    growing = realloc(growing, size);
    if (!growing) abort();
    growing[size - 1] = 1;
  }
  free(growing);
  static const size_t counts[] = {10, 1000, 1 << 20};
  for (size_t c = 0; c < 3; c++) {
    uint32_t* numbers = calloc(counts[c], sizeof *numbers);
    for (size_t i = 0; i < counts[c]; i++) numbers[i] = (uint32_t)(i * 2654435761u);
    qsort(numbers, counts[c], sizeof *numbers, ascending);
    for (size_t i = 1; i < counts[c]; i++)
      if (numbers[i - 1] > numbers[i]) abort();
    free(numbers);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  large_blocks = strcmp(argv[2], "arena") == 0;
  pthread_t threads[workers];
  for (int i = 0; i < workers; i++)
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) return 2;
  pthread_mutex_lock(&lock);
  while (started < workers) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  FILE* opened = fopen("sealed.out", "w");
  if (!opened) return 2;

  seal(argv[1]);

  pthread_mutex_lock(&lock);
  go = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  memory_and_sorting();
  for (int i = 0; i < workers; i++) pthread_join(threads[i], NULL);
  struct timespec now, nap = {0, 1000000};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  nanosleep(&nap, NULL);
  if (time(NULL) == 0) return 2;
  for (int i = 0; i < 1000; i++) fprintf(opened, "line %d %g\n", i, i / 3.0);
  if (fclose(opened) != 0) return 2;
  errno = ENOENT;
  perror("perror");
  printf("sealed ok %ld\n", total);
  fprintf(stderr, "on stderr too\n");
  fflush(stdout);
  if (strcmp(argv[2], "abort") == 0) abort();
  if (strcmp(argv[2], "open") == 0) return open("/etc/passwd", O_RDONLY) >= 0 ? 3 : 4;
  return 0;
}
