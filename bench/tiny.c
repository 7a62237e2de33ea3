/* tiny.c - a program without a C library that exits with 0. */
void _start(void);

__attribute__((noreturn)) void _start(void) {
#if defined(__x86_64__)
  __asm__ volatile("syscall" : : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long number __asm__("x8") = 94;
  register long status __asm__("x0") = 0;
  __asm__ volatile("svc #0" : : "r"(number), "r"(status) : "memory");
#else
#error "tiny.c knows exit_group of x86-64 and AArch64 only"
#endif
  __builtin_unreachable();
}
