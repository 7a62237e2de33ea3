/*
 * process_uv.c - the portable launcher: libuv's uv_spawn() and its SIGCHLD watch.
 *
 * It knows less than the Linux one: no resource usage, no process group without a session, no supplementary groups, no
 * nice value, mask or limits, no death signal, no keeping of signals, no closing of fds that lack close-on-exec, and a
 * refusal comes without its step, which is then guessed. What it cannot do is refused with UV_ENOTSUP, never ignored. A start has its outcome at once: the
 * streams of one that failed are gone before they could be taken.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "process.h"

typedef struct cp__uv_process {
  uv_process_t handle;
  uv_loop_t *own_loop; /* for a process that is waited for, not watched; else NULL */
  cp__process *process;
  bool ended;
  int code, signal;
} uv_child;

static void on_exit_status(uv_process_t *handle, int64_t status, int signum) {
  uv_child *uv = handle->data;
  uv->ended = true;
  uv->code = signum != 0 ? -1 : (int)status;
  uv->signal = signum;
  if (uv->process->on_end != NULL) uv->process->on_end(uv->process);
}

static void free_own_loop(uv_child *uv) {
  if (uv->own_loop == NULL) return;
  (void)uv_run(uv->own_loop, UV_RUN_DEFAULT);
  (void)uv_loop_close(uv->own_loop);
  free(uv->own_loop);
}

static void on_discarded(uv_handle_t *handle) {
  uv_child *uv = handle->data;
  if (uv->own_loop == NULL) free(uv);
}

/* What never became a process: its handle is in the loop all the same. */
static void discard(uv_child *uv) {
  uv_close((uv_handle_t *)&uv->handle, on_discarded);
  if (uv->own_loop == NULL) return;
  free_own_loop(uv);
  free(uv);
}

static int make_loop(uv_child *uv) {
  uv->own_loop = malloc(sizeof *uv->own_loop);
  int rc = uv->own_loop == NULL ? UV_ENOMEM : uv_loop_init(uv->own_loop);
  if (rc != 0) free(uv->own_loop);
  return rc;
}

/* uv_spawn() does not say which step failed. */
static cp_stage guess_stage(const cp__plan *plan, int code) {
  struct stat st;
  if (plan->cwd != NULL && (stat(plan->cwd, &st) != 0 || !S_ISDIR(st.st_mode) || access(plan->cwd, X_OK) != 0))
    return CP_STAGE_CHDIR;
  if (code == UV_EAGAIN || code == UV_ENOMEM) return CP_STAGE_CLONE;
  if (code == UV_EPERM && plan->set_gid && !plan->set_uid) return CP_STAGE_SETGID;
  if (code == UV_EPERM && plan->set_uid) return CP_STAGE_SETUID;
  return CP_STAGE_EXEC;
}

/* For the explanation: the candidate that is there, else the first. */
static int guess_candidate(const cp__plan *plan) {
  for (int i = 0; plan->candidates[i] != NULL; i++)
    if (access(plan->candidates[i], F_OK) == 0) return i;
  return 0;
}

static int unsupported(const cp__plan *plan, cp__failure *failure) {
  cp_stage stage = CP_STAGE_NONE;
  if (plan->new_group && !plan->new_session) stage = CP_STAGE_GROUP;
  if (plan->group_count > 0) stage = CP_STAGE_SETGROUPS;
  if (plan->nice != 0) stage = CP_STAGE_NICE;
  if (plan->rlimit_count > 0) stage = CP_STAGE_LIMIT;
  if (plan->umask >= 0) stage = CP_STAGE_UMASK;
  if (plan->death_signal != 0) stage = CP_STAGE_DEATHSIG;
  if (plan->keep_signals) stage = CP_STAGE_SIGNALS;
  if (stage == CP_STAGE_NONE) return 0;
  *failure = (cp__failure){.code = UV_ENOTSUP, .stage = stage, .index = -1};
  return UV_ENOTSUP;
}

static int spawn(uv_child *uv, uv_loop_t *loop, const cp__plan *plan) {
  uv_stdio_container_t stdio[CP_STDIO_MAX];
  for (int i = 0; i < plan->fd_count; i++) {
    stdio[i].flags = plan->fds[i] >= 0 ? UV_INHERIT_FD : UV_IGNORE;
    stdio[i].data.fd = plan->fds[i];
  }
  unsigned flags = (plan->new_session ? UV_PROCESS_DETACHED : 0) | (plan->set_uid ? UV_PROCESS_SETUID : 0) |
                   (plan->set_gid ? UV_PROCESS_SETGID : 0);
  const uv_process_options_t options = {.exit_cb = on_exit_status,
                                        .file = plan->file,
                                        .args = (char **)(uintptr_t)plan->argv,
                                        .env = (char **)(uintptr_t)plan->envp,
                                        .cwd = plan->cwd,
                                        .flags = flags,
                                        .stdio_count = plan->fd_count,
                                        .stdio = stdio,
                                        .uid = plan->uid,
                                        .gid = plan->gid};
  return uv_spawn(loop, &uv->handle, &options);
}

static int fail(cp__failure *failure, int code, cp_stage stage, int index) {
  *failure = (cp__failure){.code = code, .stage = stage, .index = index};
  return code;
}

int cp__process_start(cp__process *process, uv_loop_t *loop, const cp__plan *plan, cp__failure *failure) {
  *process = (cp__process){.pidfd = -1};
  if (unsupported(plan, failure) != 0) return failure->code;
  uv_child *uv = calloc(1, sizeof *uv);
  if (uv == NULL) return fail(failure, UV_ENOMEM, CP_STAGE_MEMORY, -1);
  uv->process = process;
  uv->handle.data = uv;
  int rc = loop == NULL ? make_loop(uv) : 0;
  if (rc != 0) {
    free(uv);
    return fail(failure, rc, CP_STAGE_CLONE, -1);
  }
  rc = spawn(uv, loop != NULL ? loop : uv->own_loop, plan);
  if (rc != 0) {
    discard(uv);
    return fail(failure, rc, guess_stage(plan, rc), guess_candidate(plan));
  }
  process->uv = uv;
  process->pid = uv->handle.pid;
  return 0;
}

bool cp__process_is_starting(const cp__process *process) {
  (void)process;
  return false;
}

bool cp__process_await_start(const cp__process *process, unsigned milliseconds) {
  (void)process, (void)milliseconds;
  return true;
}

int cp__process_finish_start(cp__process *process, cp__failure *failure) {
  (void)process, (void)failure;
  return 0;
}

int cp__process_kill(cp__process *process, int signum, bool group) {
  if (process->pid == 0 || process->reaped || (process->uv != NULL && process->uv->ended)) return UV_ESRCH;
  return kill(group ? -process->pid : process->pid, signum) == 0 ? 0 : CP__ERRNO(errno);
}

/* The numbers of descendants may be used again, and libuv has no pidfds. */
int cp__process_kill_tree(cp__process *process, int signum, bool leads_group, bool *sent) {
  (void)signum, (void)leads_group;
  *sent = false;
  return process->pid == 0 || process->reaped ? UV_ESRCH : UV_ENOTSUP;
}

void cp__process_kill_survivors(const cp__process *process) { (void)process; } /* groups of their own are refused */

/* One that has been let go: only its number is left. */
static int wait_by_number(cp__process *process, bool block, cp__end *end) {
  int status;
  pid_t pid;
  do pid = waitpid(process->pid, &status, block ? 0 : WNOHANG);
  while (pid < 0 && errno == EINTR);
  if (pid == 0) return 0;
  process->reaped = true;
  if (pid < 0) return CP_ESTATUSLOST;
  *end = (cp__end){.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                   .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  return 1;
}

int cp__process_wait(cp__process *process, bool block, cp__end *end) {
  uv_child *uv = process->uv;
  if (uv == NULL || (block && uv->own_loop == NULL && !uv->ended)) return wait_by_number(process, block, end);
  if (uv->own_loop != NULL && !uv->ended) (void)uv_run(uv->own_loop, UV_RUN_NOWAIT);
  while (uv->own_loop != NULL && block && !uv->ended) (void)uv_run(uv->own_loop, UV_RUN_ONCE);
  if (!uv->ended) return 0;
  process->reaped = true;
  *end = (cp__end){.code = uv->code, .signal = uv->signal};
  return 1;
}

/* libuv registers its watchers only when the loop is run; an end that it found then needs no fd any more. */
int cp__process_poll_fd(const cp__process *process) {
  uv_child *uv = process->uv;
  if (uv == NULL || uv->own_loop == NULL) return -1;
  (void)uv_run(uv->own_loop, UV_RUN_NOWAIT);
  return uv->ended ? -1 : uv_backend_fd(uv->own_loop);
}

int cp__process_watch(cp__process *process, uv_loop_t *loop, cp__process_cb on_end) {
  (void)loop;
  process->on_end = on_end;
  process->watching = true;
  return 0;
}

void cp__process_ref(cp__process *process, bool ref) {
  if (!process->watching) return;
  if (ref)
    uv_ref((uv_handle_t *)&process->uv->handle);
  else
    uv_unref((uv_handle_t *)&process->uv->handle);
}

static void on_closed(uv_handle_t *handle) {
  uv_child *uv = handle->data;
  cp__process *process = uv->process;
  if (uv->own_loop != NULL) return; /* cp__process_close() goes on */
  free(uv);
  process->on_closed(process);
}

void cp__process_close(cp__process *process, cp__process_cb closed) {
  uv_child *uv = process->uv;
  process->on_closed = closed;
  process->watching = false;
  process->uv = NULL;
  if (uv == NULL) {
    closed(process);
    return;
  }
  uv_close((uv_handle_t *)&uv->handle, on_closed);
  if (uv->own_loop == NULL) return;
  free_own_loop(uv);
  free(uv);
  closed(process);
}

cp__process *cp__process_of_handle(uv_handle_t *handle) {
  bool ours = handle->type == UV_PROCESS && ((uv_process_t *)handle)->exit_cb == on_exit_status;
  return ours && !uv_is_closing(handle) ? ((uv_child *)handle->data)->process : NULL;
}

bool cp__process_can_die_with_parent(void) { return false; }
