/*
 * rawcall.h - system calls without libc: no errno, no cancellation, no locks. For the child of a clone that shares the
 * parent's memory. Returns the result or a negative errno.
 */
#ifndef CP_RAWCALL_H
#define CP_RAWCALL_H

#include <sys/syscall.h>

#if defined(__x86_64__)

static inline long cp__rawcall(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

static inline void cp__pause(void) { __builtin_ia32_pause(); }

#elif defined(__aarch64__)

static inline void cp__pause(void) { __asm__ volatile("yield"); }

static inline long cp__rawcall(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

#else
#error "raw system calls are known for x86-64 and AArch64; build with -DCP_LAUNCHER=uv elsewhere"
#endif

#endif
