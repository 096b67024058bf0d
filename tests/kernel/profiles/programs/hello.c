/* Starts, prints, ends. With an argument it aborts instead: the other way to end. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  (void)argv;
  printf("hello %.2f\n", 1.5);
  fflush(stdout);
  if (argc > 1) abort();
  return 0;
}
