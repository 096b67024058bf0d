/* Without a libc: for `strict`, under which none can start. Writes, then leaves by the call that its
   only argument count selects: none: exit; one: getpid first, which strict does not have. x86_64 and
   aarch64. */
#if defined(__x86_64__)
static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}
enum { nr_write = 1, nr_getpid = 39, nr_exit = 60 };
__asm__(".globl _start\n_start: mov (%rsp), %rdi\ncall begin\n");
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
enum { nr_write = 64, nr_getpid = 172, nr_exit = 93 };
__asm__(".globl _start\n_start: ldr x0, [sp]\nbl begin\n");
#endif

__attribute__((used, noreturn)) void begin(long count) {
  call(nr_write, 1, (long)"bare\n", 5);
  if (count > 1) call(nr_getpid, 0, 0, 0);
  for (;;) call(nr_exit, 7, 0, 0);
}
