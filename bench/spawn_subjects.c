/* spawn_subjects.c - the ways to start a program from C. */
#include "spawn_subjects.h"

#include <child_process.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#if BENCH_GLIB
#include <glib.h>
#endif

extern char **environ;

enum { READ_BYTES = 65536 };

const char *const spawn_kind_names[SPAWN_KINDS] = {"sync", "async", "stall"};

static int64_t since(uint64_t start_ns) { return (int64_t)(bench_now_ns() - start_ns); }

/* ---------------------------------------------------------------- the limit */

static int64_t once_vfork(const spawn_job *job) {
  char *const argv[] = {(char *)job->program, NULL};
  siginfo_t info;
  uint64_t start_ns = bench_now_ns();
  pid_t pid = vfork();
  if (pid == 0) {
    (void)execve(job->program, argv, environ);
    _exit(127);
  }
  int64_t call_ns = since(start_ns);
  if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED) != 0 || info.si_status != 0) return -1;
  return call_ns;
}

/* ---------------------------------------------------------------- posix_spawn and fork, with pipes by hand */

/* Our ends and the child's of three pipes; all close-on-exec. */
typedef struct pipes {
  int ours[3], theirs[3];
} pipes;

static int open_pipes(pipes *p) {
  for (int i = 0; i < 3; i++) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return -1;
    p->ours[i] = fds[i == 0 ? 1 : 0];
    p->theirs[i] = fds[i == 0 ? 0 : 1];
  }
  return 0;
}

static void close_all(const int *fds, int count) {
  for (int i = 0; i < count; i++) (void)close(fds[i]);
}

/* Reads stdout and stderr to their ends. */
static void read_all(const int *fds) {
  static char bytes[READ_BYTES];
  struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
  for (int open = 2; open > 0;) {
    if (poll(polls, 2, -1) < 0) return;
    for (int i = 0; i < 2; i++) {
      if (polls[i].revents == 0 || read(polls[i].fd, bytes, sizeof bytes) > 0) continue;
      polls[i].fd = -1;
      open--;
    }
  }
}

static int64_t finish_by_hand(const spawn_job *job, pid_t pid, const pipes *p, int64_t call_ns) {
  int status;
  if (job->pipes) {
    close_all(p->theirs, 3);
    (void)close(p->ours[0]);
    read_all(p->ours + 1);
    close_all(p->ours + 1, 2);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? call_ns : -1;
}

static pid_t posix_start(const spawn_job *job, const pipes *p) {
  char *const argv[] = {(char *)job->program, NULL};
  posix_spawn_file_actions_t actions;
  pid_t pid = -1;
  (void)posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; fd++) {
    if (job->pipes)
      (void)posix_spawn_file_actions_adddup2(&actions, p->theirs[fd], fd);
    else
      (void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  int rc = posix_spawn(&pid, job->program, &actions, NULL, argv, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  return rc == 0 ? pid : -1;
}

static int64_t once_posix_spawn(const spawn_job *job) {
  pipes p;
  uint64_t start_ns = bench_now_ns();
  if (job->pipes && open_pipes(&p) != 0) return -1;
  pid_t pid = posix_start(job, &p);
  return finish_by_hand(job, pid, &p, since(start_ns));
}

static _Noreturn void become(const spawn_job *job, const pipes *p) {
  char *const argv[] = {(char *)job->program, NULL};
  int null_fd = job->pipes ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) (void)dup2(job->pipes ? p->theirs[fd] : null_fd, fd);
  (void)execve(job->program, argv, environ);
  _exit(127);
}

static int64_t once_fork(const spawn_job *job) {
  pipes p;
  uint64_t start_ns = bench_now_ns();
  if (job->pipes && open_pipes(&p) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) become(job, &p);
  return finish_by_hand(job, pid, &p, since(start_ns));
}

/* ---------------------------------------------------------------- GLib */

#if BENCH_GLIB
static int64_t once_glib(const spawn_job *job) {
  char *argv[] = {(char *)job->program, NULL};
  char *out = NULL, *err = NULL;
  int status = -1;
  uint64_t start_ns = bench_now_ns();
  GSpawnFlags flags = job->pipes ? G_SPAWN_DEFAULT : G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
  gboolean ok = g_spawn_sync(NULL, argv, NULL, flags, NULL, NULL, job->pipes ? &out : NULL, job->pipes ? &err : NULL,
                             &status, NULL);
  g_free(out);
  g_free(err);
  return ok && status == 0 ? since(start_ns) : -1;
}
#endif

/* ---------------------------------------------------------------- libuv */

typedef struct uv_run_state {
  uv_process_t process;
  uv_pipe_t pipes[3];
  bool has_pipes, succeeded;
} uv_run_state;

static void on_uv_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  static char bytes[READ_BYTES];
  (void)handle;
  (void)size;
  *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_uv_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
  (void)buffer;
  if (n < 0) uv_close((uv_handle_t *)stream, NULL);
}

static void on_uv_exit(uv_process_t *process, int64_t status, int signum) {
  uv_run_state *state = process->data;
  state->succeeded = status == 0 && signum == 0;
  uv_close((uv_handle_t *)process, NULL);
  if (state->has_pipes) uv_close((uv_handle_t *)&state->pipes[0], NULL);
}

static void fill_uv_stdio(const spawn_job *job, uv_run_state *state, uv_stdio_container_t *stdio) {
  for (int fd = 0; fd < 3; fd++) {
    stdio[fd].flags = UV_IGNORE;
    if (!job->pipes) continue;
    (void)uv_pipe_init(job->loop, &state->pipes[fd], 0);
    stdio[fd].flags = (uv_stdio_flags)(UV_CREATE_PIPE | (fd == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE));
    stdio[fd].data.stream = (uv_stream_t *)&state->pipes[fd];
  }
}

static int64_t once_uv(const spawn_job *job) {
  uv_run_state state = {.has_pipes = job->pipes};
  uv_stdio_container_t stdio[3];
  char *argv[] = {(char *)job->program, NULL};
  uv_process_options_t options = {
      .file = job->program, .args = argv, .stdio = stdio, .stdio_count = 3, .exit_cb = on_uv_exit};
  uint64_t start_ns = bench_now_ns();
  fill_uv_stdio(job, &state, stdio);
  state.process.data = &state;
  int rc = uv_spawn(job->loop, &state.process, &options);
  for (int fd = 1; rc == 0 && job->pipes && fd < 3; fd++)
    (void)uv_read_start((uv_stream_t *)&state.pipes[fd], on_uv_alloc, on_uv_read);
  int64_t call_ns = since(start_ns);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return state.succeeded ? call_ns : -1;
}

/* ---------------------------------------------------------------- ours */

static cp_stdio_list stdio_of(const spawn_job *job) {
  static const cp_stdio ignore[] = {{.kind = CP_STDIO_IGNORE}, {.kind = CP_STDIO_IGNORE}, {.kind = CP_STDIO_IGNORE}};
  static const cp_stdio pipe[] = {{.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_PIPE}};
  return (cp_stdio_list){job->pipes ? pipe : ignore, 3};
}

static int64_t once_cp_sync(const spawn_job *job) {
  cp_result result;
  uint64_t start_ns = bench_now_ns();
  int rc = cp_spawn_sync(&result, job->program, NULL, &(cp_options){.stdio = stdio_of(job)});
  int64_t call_ns = since(start_ns);
  bool succeeded = rc == 0 && result.exit.code == 0;
  cp_result_dispose(&result);
  return succeeded ? call_ns : -1;
}

static void on_cp_output(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child;
  (void)bytes;
  (void)length;
  (void)data;
}

static void on_cp_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  *(bool *)data = exit->code == 0;
}

static int64_t once_cp(const spawn_job *job) {
  bool succeeded = false;
  cp_options options = {.stdio = stdio_of(job),
                        .on_stdout = on_cp_output,
                        .on_stderr = on_cp_output,
                        .on_close = on_cp_close,
                        .data = &succeeded};
  uint64_t start_ns = bench_now_ns();
  int rc = cp_spawn(NULL, job->loop, job->program, NULL, &options);
  int64_t call_ns = since(start_ns);
  if (rc == 0) (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return succeeded ? call_ns : -1;
}

/* ---------------------------------------------------------------- all of them */

const spawn_method spawn_methods[] = {
    {"vfork", once_vfork, {true, true, true}},
    {"cp_spawn_sync", once_cp_sync, {[SPAWN_SYNC] = true}},
    {"cp_spawn", once_cp, {[SPAWN_ASYNC] = true, [SPAWN_STALL] = true}},
    {"posix_spawn", once_posix_spawn, {true, true, true}},
    {"uv_spawn", once_uv, {[SPAWN_ASYNC] = true, [SPAWN_STALL] = true}},
    {"fork+exec", once_fork, {[SPAWN_SYNC] = true, [SPAWN_STALL] = true}},
#if BENCH_GLIB
    {"g_spawn_sync", once_glib, {[SPAWN_SYNC] = true}},
#endif
};
const int spawn_method_count = sizeof spawn_methods / sizeof *spawn_methods;

const spawn_method *spawn_own_method(spawn_kind kind) { return &spawn_methods[kind == SPAWN_SYNC ? 1 : 2]; }

double spawn_measure(const spawn_method *method, const spawn_job *job, long n) {
  int64_t calls_ns = 0;
  uint64_t start_ns = bench_now_ns();
  for (long i = 0; i < n; i++) {
    int64_t call_ns = method->once(job);
    if (call_ns < 0) return -1;
    calls_ns += call_ns;
  }
  int64_t total_ns = job->kind == SPAWN_STALL ? calls_ns : since(start_ns);
  return (double)total_ns / (double)n / 1000;
}
