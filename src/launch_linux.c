/*
 * launch_linux.c - making the process.
 *
 * The child shares the parent's memory and the parent's thread waits until it has called execve (CLONE_VM and
 * CLONE_VFORK): no page table is copied, so the cost does not grow with the parent. It runs on a stack of its own, here
 * a piece of the waiting parent's. What a kernel or a sandbox refuses is found out once for the process:
 *
 *   clone3   one call gives the process, its pidfd, and clean signal handlers (Linux 5.5)
 *   clone    the same without the handlers (5.2), or without the pidfd, which pidfd_open(2) then gives (5.3) or nobody
 *   fork     where memory is not really shared (user-mode emulators, valgrind): a pipe brings the child's failure
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "launch.h"
#include "rawcall.h"

enum { STACK_BYTES = 16 * 1024, LAST_HANDLED_BY_EXEC = 31, LAST_SIGNAL = 64 };

enum method { UNKNOWN, CLONE3, CLONE_WITH_PIDFD, CLONE_PLAIN, FORK };

/* What this kernel and sandbox allow: a fact about the machine, found once, the same for all threads. */
static _Atomic int known_method = UNKNOWN;

typedef struct launch_spot {
  cp__launch_child child;
  char *stack; /* STACK_BYTES, 16-byte aligned; NULL: run on a copy of the parent's (fork) */
  int pidfd;
} launch_spot;

#if defined(__x86_64__)

/*
 * A clone or clone3 call whose child goes on in `child_main` on its new stack. The function and its argument stay in
 * registers that survive the call, so it works whether or not the stack was switched.
 */
static long clone_call(long number, long a, long b, long c, long d, long e, cp__launch_child *child) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register int (*function)(void *) __asm__("r12") = cp__launch_child_main;
  register void *argument __asm__("r13") = child;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "and $-16, %%rsp\n\t"
      "mov %[argument], %%rdi\n\t"
      "call *%[function]\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), [function] "r"(function), [argument] "r"(argument)
      : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

static long clone_call(long number, long a, long b, long c, long d, long e, cp__launch_child *child) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register int (*function)(void *) __asm__("x20") = cp__launch_child_main;
  register void *argument __asm__("x21") = child;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x0, x21\n\t"
      "blr x20\n\t"
      "brk #0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(function), "r"(argument)
      : "x30", "memory");
  return x0;
}

#else
#error "launch_linux.c knows x86-64 and AArch64; build with -DCP_LAUNCHER=uv elsewhere"
#endif

/* clone(2) orders its last two arguments by architecture. */
static long plain_clone(uint64_t flags, char *stack_top, int *pidfd, cp__launch_child *child) {
  return clone_call(SYS_clone, (long)(flags | SIGCHLD), (long)stack_top, (long)pidfd, 0, 0, child);
}

static long start_clone3(launch_spot *spot) {
  struct clone_args args = {
      .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
      .pidfd = (uint64_t)(uintptr_t)&spot->pidfd,
      .exit_signal = SIGCHLD,
      .stack = (uint64_t)(uintptr_t)spot->stack,
      .stack_size = STACK_BYTES,
  };
  /* Only ignored signals are left to reset then, and only those that Node resets too. */
  spot->child.last_signal = LAST_HANDLED_BY_EXEC;
  return clone_call(SYS_clone3, (long)&args, sizeof args, 0, 0, 0, &spot->child);
}

static long start_clone(launch_spot *spot, enum method method) {
  uint64_t flags = CLONE_VM | CLONE_VFORK | (method == CLONE_WITH_PIDFD ? CLONE_PIDFD : 0);
  spot->child.last_signal = LAST_SIGNAL;
  return plain_clone(flags, spot->stack + STACK_BYTES, &spot->pidfd, &spot->child);
}

/* Reads the child's report; nothing comes when execve has closed the pipe. */
static void read_report(int fd, cp__failure *failure) {
  ssize_t n;
  do n = read(fd, failure, sizeof *failure);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t)sizeof *failure) failure->code = 0;
}

static long start_fork(launch_spot *spot) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return CP__ERRNO(errno);
  /* Out of the way of the child's table. */
  spot->child.report = fcntl(fds[1], F_DUPFD_CLOEXEC, spot->child.plan->fd_count);
  int rc = spot->child.report < 0 ? CP__ERRNO(errno) : 0;
  (void)close(fds[1]);
  spot->child.last_signal = LAST_SIGNAL;
  long pid = rc < 0 ? rc : plain_clone(0, NULL, NULL, &spot->child);
  if (rc == 0) (void)close(spot->child.report);
  if (pid > 0) read_report(fds[0], spot->child.failure);
  (void)close(fds[0]);
  return pid;
}

static long start(launch_spot *spot, enum method method) {
  spot->pidfd = -1;
  switch (method) {
    case CLONE3:
      return start_clone3(spot);
    case FORK:
      return start_fork(spot);
    default:
      return start_clone(spot, method);
  }
}

/* Refusals that mean "not this way": by an old kernel, or a sandbox that does not know the call. */
static bool is_refusal(long rc) { return rc == UV_ENOSYS || rc == UV_EPERM || rc == UV_EINVAL; }

/*
 * Is the memory of a CLONE_VM child really ours? A plan with nothing in it fails at its first candidate (there is none)
 * and says so in *failure if it is.
 */
static bool memory_is_shared(char *stack) {
  static const char *const nothing[] = {NULL};
  cp__failure failure = {0};
  cp__plan plan = {.candidates = nothing, .argv = nothing, .envp = nothing, .keep_fds = true};
  launch_spot spot = {.stack = stack};
  spot.child = (cp__launch_child){
      .plan = &plan, .failure = &failure, .report = -1, .last_signal = LAST_SIGNAL, .mask = ~(uint64_t)0};
  /* No exit signal: nobody's SIGCHLD handler or wait() learns of this one. */
  long pid = clone_call(SYS_clone, CLONE_VM | CLONE_VFORK, (long)(stack + STACK_BYTES), 0, 0, 0, &spot.child);
  if (pid < 0) return false;
  while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR) {
  }
  return failure.code != 0;
}

/* Starts by the best method that works, and remembers it. */
static long start_best(launch_spot *spot) {
  int method = atomic_load_explicit(&known_method, memory_order_relaxed);
  bool known = method != UNKNOWN;
  if (!known) method = memory_is_shared(spot->stack) ? CLONE3 : FORK;
  long pid = start(spot, (enum method)method);
  while (is_refusal(pid) && method < FORK) pid = start(spot, (enum method)(++method));
  if (pid > 0) atomic_store_explicit(&known_method, method, memory_order_relaxed);
  return pid;
}

static int open_pidfd(pid_t pid) {
  long fd = cp__rawcall(SYS_pidfd_open, pid, 0, 0, 0, 0);
  return fd >= 0 ? (int)fd : -1;
}

/* A child that failed before execve is gone already, or about to: it must not stay a zombie. */
static void reap(pid_t pid, int pidfd) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
  }
  if (pidfd >= 0) (void)close(pidfd);
}

int cp__launch(const cp__plan *plan, pid_t *pid, int *pidfd, cp__failure *failure) {
  _Alignas(16) char stack[STACK_BYTES];
  static const uint64_t all = ~(uint64_t)0;
  launch_spot spot = {.stack = stack, .pidfd = -1};
  *failure = (cp__failure){0};
  spot.child = (cp__launch_child){.plan = plan, .failure = failure, .parent = getpid(), .report = -1};
  /* libc's own two signals as well, which its functions would leave open: no handler may run in the child. */
  uint64_t mask;
  (void)cp__rawcall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all, 0);
  if (plan->keep_signals) spot.child.mask = mask;
  long started = start_best(&spot);
  (void)cp__rawcall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0);

  if (started < 0) {
    *failure = (cp__failure){.code = (int)started, .stage = CP_STAGE_CLONE, .index = -1};
    return failure->code;
  }
  if (failure->code != 0) {
    reap((pid_t)started, spot.pidfd);
    return failure->code;
  }
  *pid = (pid_t)started;
  *pidfd = spot.pidfd >= 0 ? spot.pidfd : open_pidfd((pid_t)started);
  return 0;
}
