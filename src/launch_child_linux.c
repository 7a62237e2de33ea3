/*
 * launch_child_linux.c - what the child does between clone and execve.
 *
 * It may run on the parent's memory (CLONE_VM), so it makes raw system calls only, takes no lock, allocates nothing,
 * returns to nobody, and is built without sanitizers and stack protectors (see CMakeLists.txt).
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "fail.h"
#include "launch.h"
#include "rawcall.h"

#define CALL0(n) cp__rawcall((n), 0, 0, 0, 0, 0)
#define CALL1(n, a) cp__rawcall((n), (long)(a), 0, 0, 0, 0)
#define CALL2(n, a, b) cp__rawcall((n), (long)(a), (long)(b), 0, 0, 0)
#define CALL3(n, a, b, c) cp__rawcall((n), (long)(a), (long)(b), (long)(c), 0, 0)
#define CALL4(n, a, b, c, d) cp__rawcall((n), (long)(a), (long)(b), (long)(c), (long)(d), 0)

enum { KERNEL_SIGSET_BYTES = 8, LAST_SIGNAL = 64 };

static _Noreturn void leave(const cp__launch_child *child, cp_stage stage, int index, long code) {
  *child->failure = (cp__failure){.code = (int)code, .stage = stage, .index = index};
  if (child->report >= 0) (void)CALL3(SYS_write, child->report, child->failure, sizeof *child->failure);
  for (;;) (void)CALL1(SYS_exit_group, 127);
}

static const uint64_t default_action[8]; /* struct sigaction of the kernel, all zero: SIG_DFL */

static void reset_signal(int signum) {
  if (signum == SIGKILL || signum == SIGSTOP) return;
  (void)CALL4(SYS_rt_sigaction, signum, default_action, NULL, KERNEL_SIGSET_BYTES);
}

/* No handler may run on the parent's memory. execve would reset them anyway, but not ignored signals. */
static void reset_handlers(void) {
  for (int signum = 1; signum <= LAST_SIGNAL; signum++) {
    uint64_t old[8];
    old[0] = 0; /* an initializer for all of it would become a call of memset() */
    (void)CALL4(SYS_rt_sigaction, signum, NULL, old, KERNEL_SIGSET_BYTES);
    if (old[0] > 1) reset_signal(signum);
  }
}

/* The ignored signals, if the parent has found them out in time; else 0. */
static uint64_t ask_parent(const cp__launch_child *child) {
  enum { PATIENCE = 50 }; /* looks; all of them take less time than finding out by ourselves */
  for (int i = 0; i < PATIENCE; i++) {
    uint64_t ignored = atomic_load_explicit(&child->ignored, memory_order_acquire);
    if (ignored != 0) return ignored;
    cp__pause();
  }
  return 0;
}

/*
 * A clean slate is one without ignored signals, too, of which the kernel has no list: one call for each. As in Node, that
 * is done for the 31 standard signals; it takes most of the time that is spent here.
 */
static void reset_ignored(const cp__launch_child *child) {
  uint64_t known = child->helped ? ask_parent(child) : 0;
  for (int signum = 1; signum <= CP__LAST_STANDARD_SIGNAL; signum++)
    if (known == 0 || (known >> signum & 1) != 0) reset_signal(signum);
}

static void set_signal_mask(uint64_t mask) {
  (void)CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, KERNEL_SIGSET_BYTES);
}

/* Makes `target` what `source` is, without close-on-exec. */
static long place(int source, int target) {
  if (source < 0) {
    (void)CALL1(SYS_close, target);
    return 0;
  }
  if (source == target) return CALL3(SYS_fcntl, target, F_SETFD, 0);
#ifdef SYS_dup2
  return CALL2(SYS_dup2, source, target);
#else
  return CALL3(SYS_dup3, source, target, 0);
#endif
}

/* The first later entry whose source is the fd `target`, about to be overwritten; -1: none. */
static int needed_later(const cp__plan *plan, int target) {
  for (int i = target + 1; i < plan->fd_count; i++)
    if (plan->fds[i] == target) return i;
  return -1;
}

/* The sources are open, so this can only mean a number beyond the limit of open files. */
static long beyond_limit(long rc) { return rc == UV_EBADF || rc == UV_EINVAL ? UV_EMFILE : rc; }

/* Where fds went that were about to be overwritten while a later entry still needs them. */
typedef struct saved_fds {
  int count;
  short from[CP_STDIO_MAX];
  int to[CP_STDIO_MAX];
} saved_fds;

static int find_saved(const saved_fds *saved, int fd) {
  for (int i = 0; i < saved->count; i++)
    if (saved->from[i] == fd) return saved->to[i];
  return fd;
}

static void save(const cp__launch_child *child, saved_fds *saved, int fd, int later) {
  long copy = CALL3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, child->plan->fd_count);
  if (copy < 0) leave(child, CP_STAGE_DUP, later, beyond_limit(copy));
  saved->from[saved->count] = (short)fd;
  saved->to[saved->count++] = (int)copy;
}

/* Entries are placed in ascending order. */
static void place_fds(const cp__launch_child *child) {
  const cp__plan *plan = child->plan;
  saved_fds saved; /* not cleared as a whole: that would become a call of memset() */
  saved.count = 0;
  for (int target = 0; target < plan->fd_count; target++) {
    int source = plan->fds[target], later = source != target ? needed_later(plan, target) : -1;
    if (later >= 0) save(child, &saved, target, later);
    long rc = place(source < target ? find_saved(&saved, source) : source, target);
    if (rc < 0) leave(child, CP_STAGE_DUP, target, beyond_limit(rc));
  }
}

static void enter_group(const cp__launch_child *child) {
  const cp__plan *plan = child->plan;
  if (plan->new_session) {
    long rc = CALL0(SYS_setsid);
    if (rc < 0) leave(child, CP_STAGE_SESSION, -1, rc);
  } else if (plan->new_group) {
    long rc = CALL2(SYS_setpgid, 0, 0);
    if (rc < 0) leave(child, CP_STAGE_GROUP, -1, rc);
  }
}

static void set_nice(const cp__launch_child *child) {
  enum { ZERO = 20, LOWEST = -20, HIGHEST = 19 }; /* the kernel's call gives 20 less the value */
  if (child->plan->nice == 0) return;
  long nice = ZERO - CALL2(SYS_getpriority, PRIO_PROCESS, 0) + child->plan->nice;
  long rc = CALL3(SYS_setpriority, PRIO_PROCESS, 0, nice < LOWEST ? LOWEST : nice > HIGHEST ? HIGHEST : nice);
  if (rc < 0) leave(child, CP_STAGE_NICE, -1, rc);
}

static void set_limits(const cp__launch_child *child) {
  const cp__plan *plan = child->plan;
  for (size_t i = 0; i < plan->rlimit_count; i++) {
    const cp_rlimit *given = &plan->rlimits[i];
    const struct rlimit64 limit = {.rlim_cur = given->soft, .rlim_max = given->hard};
    long rc = CALL4(SYS_prlimit64, 0, given->resource, &limit, NULL);
    if (rc < 0) leave(child, CP_STAGE_LIMIT, (int)i, rc);
  }
}

/* While the parent's privileges are there. */
static void set_usage(const cp__launch_child *child) {
  set_nice(child);
  set_limits(child);
  if (child->plan->umask >= 0) (void)CALL1(SYS_umask, child->plan->umask);
}

static void change_ids(const cp__launch_child *child) {
  const cp__plan *plan = child->plan;
  if (plan->set_uid || plan->set_gid || plan->group_count > 0) {
    long rc = CALL2(SYS_setgroups, plan->group_count, plan->groups);
    /* As in Node: dropping the groups is best effort, an unprivileged process may keep its own. Asking for some is not. */
    if (rc < 0 && plan->group_count > 0) leave(child, CP_STAGE_SETGROUPS, -1, rc);
  }
  if (plan->set_gid) {
    long rc = CALL1(SYS_setgid, plan->gid);
    if (rc < 0) leave(child, CP_STAGE_SETGID, -1, rc);
  }
  if (plan->set_uid) {
    long rc = CALL1(SYS_setuid, plan->uid);
    if (rc < 0) leave(child, CP_STAGE_SETUID, -1, rc);
  }
}

/* A change of ids forgets the death signal, so it comes after; and the parent may have died before it was set. */
static void tie_to_parent(const cp__launch_child *child) {
  int signum = child->plan->death_signal;
  if (signum == 0) return;
  long rc = cp__rawcall(SYS_prctl, PR_SET_PDEATHSIG, signum, 0, 0, 0);
  if (rc < 0) leave(child, CP_STAGE_DEATHSIG, -1, rc);
  long parent = CALL0(SYS_getppid); /* 0: it is in another PID namespace, and cannot be told */
  if (parent != 0 && parent != child->parent) (void)CALL2(SYS_kill, CALL0(SYS_getpid), signum);
}

static void mark_close_on_exec(int fd) { (void)CALL3(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC); }

struct entry { /* struct linux_dirent64 */
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

/* The fd that /proc/self/fd names, or -1 for "." and "..". */
static int entry_fd(const struct entry *entry) {
  int fd = 0;
  for (const char *p = entry->name; *p != '\0'; p++) { /* NOLINT: getdents64 has filled it */
    if (*p < '0' || *p > '9') return -1;
    fd = fd * 10 + (*p - '0');
  }
  return fd;
}

/* Without close_range: what /proc says is open. Returns 0 if /proc is not there. */
static int sweep_proc(int from) {
  long directory = CALL4(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (directory < 0) return 0;
  _Alignas(struct entry) char buffer[1024];
  for (;;) {
    long n = CALL3(SYS_getdents64, directory, buffer, sizeof buffer);
    if (n <= 0) break;
    for (long at = 0; at < n;) {
      const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
      int fd = entry_fd(entry);
      if (fd >= from) mark_close_on_exec(fd);
      at += entry->length;
    }
  }
  (void)CALL1(SYS_close, directory);
  return 1;
}

/* Everything above the table goes away with execve; the report pipe is still needed until then. */
static void sweep_fds(const cp__launch_child *child) {
  int from = child->plan->fd_count;
  if (child->plan->keep_fds) return;
  if (CALL3(SYS_close_range, from, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  if (sweep_proc(from)) return;
  struct rlimit limit = {.rlim_cur = 65536};
  (void)CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
  int end = limit.rlim_cur > 65536 ? 65536 : (int)limit.rlim_cur;
  for (int fd = from; fd < end; fd++) mark_close_on_exec(fd);
}

/* Errors after which execvp(3) goes on to the next directory. */
static int goes_on(long rc) {
  return rc == UV_ENOENT || rc == UV_ENOTDIR || rc == UV_EACCES || rc == CP__ERRNO(ESTALE) || rc == UV_ENODEV ||
         rc == UV_ETIMEDOUT;
}

/* As execvp(3): a file of unknown format is a shell script; "not found" gives way to "found, but not allowed". */
static _Noreturn void exec_candidates(const cp__launch_child *child) {
  const cp__plan *plan = child->plan;
  long verdict = UV_ENOENT;
  int index = 0;
  for (int i = 0; plan->candidates[i] != NULL; i++) {
    long rc = CALL3(SYS_execve, plan->candidates[i], plan->argv, plan->envp);
    if (rc == CP__ERRNO(ENOEXEC)) {
      plan->script_argv[1] = plan->candidates[i];
      rc = CALL3(SYS_execve, "/bin/sh", plan->script_argv, plan->envp);
    }
    if (rc == UV_EACCES && verdict != UV_EACCES) {
      verdict = rc;
      index = i;
    }
    if (!goes_on(rc)) leave(child, CP_STAGE_EXEC, i, rc);
    if (plan->candidates[1] == NULL) leave(child, CP_STAGE_EXEC, i, rc);
  }
  leave(child, CP_STAGE_EXEC, index, verdict);
}

int cp__launch_child_main(void *launch_child) {
  const cp__launch_child *child = launch_child;
  const cp__plan *plan = child->plan;
  /* First of all, for the handlers are the parent's. */
  if (!child->handlers_cleared) reset_handlers();
  enter_group(child);
  place_fds(child);
  if (plan->cwd != NULL) {
    long rc = CALL1(SYS_chdir, plan->cwd);
    if (rc < 0) leave(child, CP_STAGE_CHDIR, -1, rc);
  }
  sweep_fds(child); /* before there is a limit that it could reach */
  set_usage(child);
  change_ids(child);
  tie_to_parent(child);
  if (!plan->keep_signals) reset_ignored(child);
  set_signal_mask(child->mask);
  exec_candidates(child);
}
