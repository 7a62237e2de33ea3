/* process_linux.c - a process as a pidfd: its number may be used again, the descriptor never means another one. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "launch.h"
#include "process.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { PIDFD_SIGNAL_GROUP = 1 << 2 }; /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

/* struct pidfd_info as of Linux 6.15; the kernel's headers here may be older. */
struct info {
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ids[8];
  int32_t exit_code;
};
enum { INFO_EXIT = 1 << 3 };
#define GET_INFO _IOWR(0xFF, 11, struct info)

static int start_and_wait(cp__process *process, const cp__plan *plan, cp__failure *failure) {
  cp__launch launch;
  int rc = cp__launch_start(&launch, plan, CP__LAUNCH_WAIT);
  *failure = launch.failure;
  process->pid = launch.pid;
  process->pidfd = launch.pidfd;
  return rc;
}

int cp__process_start(cp__process *process, uv_loop_t *loop, const cp__plan *plan, cp__failure *failure) {
  *process = (cp__process){.pidfd = -1};
  cp__launch *launch = malloc(sizeof *launch);
  if (launch == NULL) return start_and_wait(process, plan, failure);
  int rc = cp__launch_start(launch, plan, loop != NULL ? CP__LAUNCH_BESIDE : CP__LAUNCH_BESIDE_IDLE);
  if (rc != 0) {
    *failure = launch->failure;
    free(launch);
    return rc;
  }
  process->launch = launch;
  process->pid = launch->pid;
  process->pidfd = launch->pidfd;
  launch->pidfd = -1; /* ours, and soon watched */
  return 0;
}

bool cp__process_is_starting(const cp__process *process) {
  return process->launch != NULL && cp__launch_under_way(process->launch);
}

bool cp__process_await_start(const cp__process *process, unsigned milliseconds) {
  return process->launch == NULL || cp__launch_await(process->launch, milliseconds);
}

int cp__process_finish_start(cp__process *process, cp__failure *failure) {
  cp__launch *launch = process->launch;
  if (launch == NULL) return 0;
  int rc = cp__launch_finish(launch);
  process->launch = NULL;
  if (rc != 0) {
    *failure = launch->failure;
    process->reaped = true;
    process->pid = 0;
  }
  free(launch);
  return rc;
}

/* The pid still is ours while it is not reaped, so kill(2) is safe where there is no pidfd. */
static int send_signal(const cp__process *process, int signum, bool group) {
  if (process->pidfd >= 0) {
    unsigned flags = group ? PIDFD_SIGNAL_GROUP : 0;
    if (syscall(SYS_pidfd_send_signal, process->pidfd, signum, NULL, flags) == 0) return 0;
    /* An old kernel, or a sandbox that does not know the call (EPERM). A real EPERM is kill(2)'s as well. */
    if (errno != ENOSYS && errno != EPERM && !(group && errno == EINVAL)) return CP__ERRNO(errno);
  }
  return kill(group ? -process->pid : process->pid, signum) == 0 ? 0 : CP__ERRNO(errno);
}

int cp__process_kill(cp__process *process, int signum, bool group) {
  if (process->pid == 0 || process->reaped) return UV_ESRCH;
  int rc = send_signal(process, signum, group);
  if (rc == UV_ESRCH && group && process->launch != NULL) return send_signal(process, signum, false); /* no group yet */
  return rc;
}

void cp__process_kill_survivors(const cp__process *process) {
  siginfo_t info = {0};
  bool ended = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  if (ended) (void)send_signal(process, SIGKILL, true);
}

static uint64_t microseconds(struct timeval t) { return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec; }

static cp_usage usage_of(const struct rusage *usage) {
  return (cp_usage){
      .user_us = microseconds(usage->ru_utime),
      .system_us = microseconds(usage->ru_stime),
      .max_rss_kib = (uint64_t)usage->ru_maxrss,
      .minor_faults = (uint64_t)usage->ru_minflt,
      .major_faults = (uint64_t)usage->ru_majflt,
      .blocks_in = (uint64_t)usage->ru_inblock,
      .blocks_out = (uint64_t)usage->ru_oublock,
      .voluntary_switches = (uint64_t)usage->ru_nvcsw,
      .involuntary_switches = (uint64_t)usage->ru_nivcsw,
  };
}

/* Somebody else's wait() took the status. Since Linux 6.15 the pidfd still tells it, though not the usage. */
static int wait_stolen(const cp__process *process, cp__end *end) {
  struct info info = {.mask = INFO_EXIT};
  if (process->pidfd < 0 || ioctl(process->pidfd, GET_INFO, &info) != 0 || !(info.mask & INFO_EXIT))
    return CP_ESTATUSLOST;
  int status = info.exit_code;
  *end = (cp__end){.code = -1};
  if (WIFEXITED(status)) end->code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end->signal = WTERMSIG(status);
  if (WIFSIGNALED(status)) end->core_dumped = WCOREDUMP(status);
  return 1;
}

int cp__process_wait(cp__process *process, bool block, cp__end *end) {
  siginfo_t info;
  struct rusage usage;
  bool by_number = process->pidfd < 0 || process->waits_by_number;
  int kind = by_number ? P_PID : P_PIDFD;
  int id = by_number ? process->pid : process->pidfd;
  long rc;
  info.si_pid = 0;
  /* The raw call: libc's wrapper has no usage. */
  do rc = syscall(SYS_waitid, kind, id, &info, WEXITED | (block ? 0 : WNOHANG), &usage);
  while (rc != 0 && errno == EINTR);
  if (rc == 0 && info.si_pid == 0) return 0;
  if (rc != 0 && errno == EINVAL && !by_number) { /* Linux < 5.4; the pidfd stays: a loop may watch it */
    process->waits_by_number = true;
    return cp__process_wait(process, block, end);
  }
  if (rc != 0 && errno == EAGAIN) { /* a loop that watches the pidfd has made it non-blocking */
    (void)poll(&(struct pollfd){.fd = process->pidfd, .events = POLLIN}, 1, -1);
    return cp__process_wait(process, block, end);
  }
  process->reaped = true;
  if (rc != 0) return wait_stolen(process, end);
  bool exited = info.si_code == CLD_EXITED;
  *end = (cp__end){.code = exited ? info.si_status : -1,
                   .signal = exited ? 0 : info.si_status,
                   .core_dumped = info.si_code == CLD_DUMPED,
                   .usage = usage_of(&usage)};
  return 1;
}

int cp__process_poll_fd(const cp__process *process) { return process->waits_by_number ? -1 : process->pidfd; }

static void close_pidfd(cp__process *process) {
  if (process->pidfd >= 0) (void)close(process->pidfd);
  process->pidfd = -1;
}

static void on_pidfd(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  cp__process *process = poll->data;
  process->on_end(process);
}

static void on_sigchld(uv_signal_t *signal, int signum) {
  (void)signum;
  cp__process *process = signal->data;
  process->on_end(process);
}

static int watch_pidfd(cp__process *process, uv_loop_t *loop) {
  uv_poll_t *poll = &process->watch.poll;
  int rc = uv_poll_init(loop, poll, process->pidfd);
  if (rc != 0) return rc;
  process->watching = true;
  poll->data = process;
  return uv_poll_start(poll, UV_READABLE, on_pidfd);
}

/* No pidfd: libuv's SIGCHLD. The end may have come before the watch; the caller asks once by itself. */
static int watch_sigchld(cp__process *process, uv_loop_t *loop) {
  uv_signal_t *signal = &process->watch.signal;
  int rc = uv_signal_init(loop, signal);
  if (rc != 0) return rc;
  process->watching = true;
  signal->data = process;
  return uv_signal_start(signal, on_sigchld, SIGCHLD);
}

int cp__process_watch(cp__process *process, uv_loop_t *loop, cp__process_cb on_end) {
  process->on_end = on_end;
  int rc = process->pidfd >= 0 ? watch_pidfd(process, loop) : UV_EPERM;
  if (rc != UV_EPERM) return rc;
  close_pidfd(process); /* there is none, or one that cannot be polled: Linux 5.2 */
  return watch_sigchld(process, loop);
}

void cp__process_ref(cp__process *process, bool ref) {
  if (!process->watching) return;
  if (ref)
    uv_ref(&process->watch.handle);
  else
    uv_unref(&process->watch.handle);
}

static void on_watch_closed(uv_handle_t *handle) {
  cp__process *process = handle->data;
  process->on_closed(process);
}

void cp__process_close(cp__process *process, cp__process_cb on_closed) {
  process->on_closed = on_closed;
  if (process->watching) {
    process->watching = false;
    uv_close(&process->watch.handle, on_watch_closed);
    close_pidfd(process); /* uv_close() has taken it out of the loop */
    return;
  }
  close_pidfd(process);
  on_closed(process);
}

cp__process *cp__process_of_handle(uv_handle_t *handle) {
  bool ours = handle->type == UV_POLL && ((uv_poll_t *)handle)->poll_cb == on_pidfd;
  ours = ours || (handle->type == UV_SIGNAL && ((uv_signal_t *)handle)->signal_cb == on_sigchld);
  return ours && !uv_is_closing(handle) ? handle->data : NULL;
}

bool cp__process_can_die_with_parent(void) { return true; }
