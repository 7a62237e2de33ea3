/*
 * launch_linux.c - making the process.
 *
 * The child shares the parent's memory until it calls execve (CLONE_VM): no page table is copied, so the cost does not
 * grow with the parent. It runs on a stack of its own. Either the parent's thread waits until then (CLONE_VFORK), and
 * the stack is a piece of the parent's; or it goes on at once, and a word in memory, which the kernel clears when the
 * child lets go of it (CLONE_CHILD_CLEARTID), says when the outcome is known. What a kernel or a sandbox refuses is
 * found out once for the process:
 *
 *   clone3   one call gives the process, its pidfd, and clean signal handlers (Linux 5.5)
 *   clone    the same without the handlers (5.2), or without the pidfd, which pidfd_open(2) then gives (5.3) or nobody
 *   fork     where memory is not really shared (user-mode emulators, valgrind); a pipe tells the outcome
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "launch.h"
#include "rawcall.h"

enum { STACK_BYTES = 16 * 1024 };

#define ALL_SIGNALS (~(uint64_t)0)

enum method { UNKNOWN, CLONE3, CLONE_WITH_PIDFD, CLONE_PLAIN, FORK };

/* What this kernel and sandbox allow: a fact about the machine, found once, the same for all threads. */
static _Atomic int known_method = UNKNOWN;

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
static long plain_clone(uint64_t flags, char *stack_top, cp__launch *launch) {
  long word = (long)&launch->sharing;
#if defined(__x86_64__)
  long fourth = word, fifth = 0;
#else
  long fourth = 0, fifth = word;
#endif
  flags |= SIGCHLD;
  return clone_call(SYS_clone, (long)flags, (long)stack_top, (long)&launch->pidfd, fourth, fifth, &launch->child);
}

/* A child that shares our memory either holds us up, or clears launch->sharing when it is done. */
static uint64_t sharing_flags(const cp__launch *launch) {
  return CLONE_VM | (launch->stack != NULL ? CLONE_CHILD_CLEARTID : CLONE_VFORK);
}

static long start_clone3(cp__launch *launch, char *stack) {
  struct clone_args args = {
      .flags = sharing_flags(launch) | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
      .pidfd = (uint64_t)(uintptr_t)&launch->pidfd,
      .child_tid = (uint64_t)(uintptr_t)&launch->sharing,
      .exit_signal = SIGCHLD,
      .stack = (uint64_t)(uintptr_t)stack,
      .stack_size = STACK_BYTES,
  };
  launch->child.handlers_cleared = true;
  return clone_call(SYS_clone3, (long)&args, sizeof args, 0, 0, 0, &launch->child);
}

static long start_clone(cp__launch *launch, char *stack, enum method method) {
  uint64_t flags = sharing_flags(launch) | (method == CLONE_WITH_PIDFD ? CLONE_PIDFD : 0);
  launch->child.handlers_cleared = false;
  return plain_clone(flags, stack + STACK_BYTES, launch);
}

/* The pipe that brings the child's failure, or the end of file that execve makes. */
static int open_report(cp__launch *launch) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return CP__ERRNO(errno);
  launch->report_fd = fds[0];
  launch->child.report = fds[1];
  if (fds[1] >= launch->child.plan->fd_count) return 0;
  /* Out of the way of the child's table. */
  launch->child.report = fcntl(fds[1], F_DUPFD_CLOEXEC, launch->child.plan->fd_count);
  int rc = launch->child.report < 0 ? CP__ERRNO(errno) : 0;
  if (rc == UV_EINVAL) rc = UV_EMFILE; /* the table ends beyond the limit of open files */
  (void)close(fds[1]);
  return rc;
}

static long start_fork(cp__launch *launch) {
  int rc = open_report(launch);
  atomic_store(&launch->sharing, 0);
  launch->child.handlers_cleared = false;
  return rc < 0 ? rc : plain_clone(0, NULL, launch);
}

static long start(cp__launch *launch, char *stack, enum method method) {
  launch->pidfd = -1;
  switch (method) {
    case CLONE3:
      return start_clone3(launch, stack);
    case FORK:
      return start_fork(launch);
    default:
      return start_clone(launch, stack, method);
  }
}

/* Refusals that mean "not this way": by an old kernel, or a sandbox that does not know the call. */
static bool is_refusal(long rc) { return rc == UV_ENOSYS || rc == UV_EPERM || rc == UV_EINVAL; }

/*
 * Where to begin: is the memory of a CLONE_VM child really ours? A plan with nothing in it fails at its first candidate
 * (there is none) and says so in *failure if it is. Negative: no process could be made just now.
 */
static long first_method(char *stack) {
  static const char *const nothing[] = {NULL};
  cp__failure failure = {0};
  cp__plan plan = {.candidates = nothing, .argv = nothing, .envp = nothing, .keep_fds = true};
  cp__launch_child child = {.plan = &plan, .failure = &failure, .report = -1, .mask = ALL_SIGNALS};
  /* No exit signal: nobody's SIGCHLD handler or wait() learns of this one. */
  long pid = clone_call(SYS_clone, CLONE_VM | CLONE_VFORK, (long)(stack + STACK_BYTES), 0, 0, 0, &child);
  if (pid < 0) return is_refusal(pid) ? FORK : pid;
  while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR) {
  }
  return failure.code != 0 ? CLONE3 : FORK;
}

/* Starts by the best method that works, and remembers it. */
static long start_best(cp__launch *launch, char *stack) {
  long method = atomic_load_explicit(&known_method, memory_order_relaxed);
  if (method == UNKNOWN) method = first_method(stack);
  if (method < 0) return method;
  long pid = start(launch, stack, (enum method)method);
  while (is_refusal(pid) && method < FORK) pid = start(launch, stack, (enum method)(++method));
  if (pid > 0) atomic_store_explicit(&known_method, (int)method, memory_order_relaxed);
  return pid;
}

/* With all signals blocked, libc's own two as well, which its functions would leave open: no handler runs in the child.
 */
static long start_masked(cp__launch *launch, char *stack) {
  static const uint64_t all = ALL_SIGNALS;
  uint64_t mask = 0;
  (void)cp__rawcall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all, 0);
  launch->child.mask = launch->child.plan->keep_signals ? mask : 0;
  long pid = start_best(launch, stack);
  (void)cp__rawcall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0);
  return pid;
}

static void close_report(int *fd) {
  if (*fd >= 0) (void)close(*fd);
  *fd = -1;
}

static int open_pidfd(pid_t pid) {
  long fd = cp__rawcall(SYS_pidfd_open, pid, 0, 0, 0, 0);
  return fd >= 0 ? (int)fd : -1;
}

static int fail(cp__launch *launch, int code) {
  launch->failure = (cp__failure){.code = code, .stage = CP_STAGE_CLONE, .index = -1};
  close_report(&launch->report_fd);
  close_report(&launch->child.report);
  atomic_store(&launch->sharing, 0);
  free(launch->stack);
  launch->stack = NULL;
  return code;
}

/*
 * A child that changes its ids makes the memory that it shares with us undumpable, as the kernel does to keep strangers
 * out of a process of mixed rights. That protects both while it lasts; afterwards ours becomes what it was.
 */
static pthread_mutex_t dumpable_lock = PTHREAD_MUTEX_INITIALIZER;
static int mixed_launches, dumpable_before; /* one fact about the whole process, whatever thread starts them */

static void note_mixed_launch(int change) {
  (void)pthread_mutex_lock(&dumpable_lock);
  if (mixed_launches == 0) dumpable_before = prctl(PR_GET_DUMPABLE);
  mixed_launches += change;
  if (mixed_launches == 0 && dumpable_before == 1) (void)prctl(PR_SET_DUMPABLE, 1);
  (void)pthread_mutex_unlock(&dumpable_lock);
}

static long start_and_stay_dumpable(cp__launch *launch, char *stack) {
  note_mixed_launch(1);
  long pid = start_masked(launch, stack);
  note_mixed_launch(-1);
  return pid;
}

/* While a child that changes its ids shares our memory, we stand still. */
static bool changes_ids(const cp__plan *plan) { return plan->set_uid || plan->set_gid || plan->group_count > 0; }

/*
 * The kernel has no list of ignored signals: it takes a call for each. While the child is on its way, an idle parent finds
 * them out for it. It is help only: a child that is quicker does it by itself.
 */
static void tell_ignored(cp__launch_child *child) {
  uint64_t ignored = CP__IGNORED_KNOWN;
  for (int signum = 1; signum <= CP__LAST_STANDARD_SIGNAL; signum++) {
    uint64_t action[8] = {0}; /* the kernel's struct sigaction begins with the handler; 1 is SIG_IGN */
    (void)cp__rawcall(SYS_rt_sigaction, signum, 0, (long)action, sizeof child->mask, 0);
    if (action[0] == 1) ignored |= (uint64_t)1 << signum;
  }
  atomic_store_explicit(&child->ignored, ignored, memory_order_release);
}

int cp__launch_start(cp__launch *launch, const cp__plan *plan, cp__launch_mode mode) {
  _Alignas(16) char stack[STACK_BYTES];
  bool mixed = changes_ids(plan);
  *launch = (cp__launch){.pidfd = -1, .report_fd = -1};
  launch->child = (cp__launch_child){.plan = plan, .failure = &launch->failure, .report = -1};
  if (plan->death_signal != 0) launch->child.parent = getpid();
  /* A death signal is the starting thread's: that thread must not end before the child has asked for it. */
  bool waits = mode == CP__LAUNCH_WAIT || mixed || plan->death_signal != 0;
  if (!waits) launch->stack = aligned_alloc(16, STACK_BYTES);
  if (launch->stack != NULL) atomic_store(&launch->sharing, 1);
  launch->child.helped = launch->stack != NULL && mode == CP__LAUNCH_BESIDE_IDLE && !plan->keep_signals;
  char *top = launch->stack != NULL ? launch->stack : stack;
  long pid = mixed ? start_and_stay_dumpable(launch, top) : start_masked(launch, top);
  if (pid < 0) return fail(launch, (int)pid);
  close_report(&launch->child.report);
  launch->pid = (pid_t)pid;
  if (launch->child.helped) tell_ignored(&launch->child);
  if (launch->pidfd < 0) launch->pidfd = open_pidfd(launch->pid);
  return launch->stack != NULL ? 0 : cp__launch_finish(launch);
}

bool cp__launch_under_way(const cp__launch *launch) {
  return atomic_load_explicit(&launch->sharing, memory_order_acquire) != 0;
}

/* The kernel wakes whoever waits for the word that it clears; it does not use the private kind of futex. */
bool cp__launch_await(const cp__launch *launch, unsigned milliseconds) {
  const struct timespec patience = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  long rc = 0;
  while (cp__launch_under_way(launch) && rc != UV_ETIMEDOUT)
    rc = cp__rawcall(SYS_futex, (long)&launch->sharing, FUTEX_WAIT, 1, (long)&patience, 0);
  return !cp__launch_under_way(launch);
}

/* A child that failed before execve is gone, or about to: it must not stay a zombie. */
static void reap(cp__launch *launch) {
  while (waitpid(launch->pid, NULL, 0) < 0 && errno == EINTR) {
  }
  if (launch->pidfd >= 0) (void)close(launch->pidfd);
  launch->pidfd = -1;
  launch->pid = 0;
}

/* What a child wrote whose memory is not ours. Nothing comes when execve has closed the pipe. */
static void read_report(cp__launch *launch) {
  cp__failure failure;
  ssize_t n;
  do n = read(launch->report_fd, &failure, sizeof failure);
  while (n < 0 && errno == EINTR);
  if (n == (ssize_t)sizeof failure) launch->failure = failure;
  close_report(&launch->report_fd);
}

int cp__launch_finish(cp__launch *launch) {
  while (!cp__launch_await(launch, 1000)) {
  }
  if (launch->report_fd >= 0) read_report(launch);
  free(launch->stack);
  launch->stack = NULL;
  if (launch->failure.code != 0) reap(launch);
  return launch->failure.code;
}
