/* pipe_subjects.c - the ways that bytes take out of a child, in C. */
#include "pipe_subjects.h"

#include <child_process.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#if BENCH_GLIB
#include <glib.h>
#endif

extern char **environ;

enum { READ_BYTES = 65536, SIZE_BYTES = 32, WIDE_BYTES = 1 << 20 };

static const char *const cat = "/bin/cat";

/* The writer's argument. */
typedef struct size_text {
  char text[SIZE_BYTES];
} size_text;

static uint64_t bytes_of(long mib) { return (uint64_t)mib << 20; }

static size_text size_of(long mib) {
  size_text size;
  (void)snprintf(size.text, sizeof size.text, "%llu", (unsigned long long)bytes_of(mib));
  return size;
}

/* ---------------------------------------------------------------- the limits: processes joined by the kernel */

/* Starts a program on these fds; a negative one is inherited. */
static pid_t start(const char *program, const char *argument, int in, int out) {
  char *const argv[] = {(char *)program, (char *)argument, NULL};
  posix_spawn_file_actions_t actions;
  pid_t pid = -1;
  (void)posix_spawn_file_actions_init(&actions);
  if (in >= 0) (void)posix_spawn_file_actions_adddup2(&actions, in, 0);
  if (out >= 0) (void)posix_spawn_file_actions_adddup2(&actions, out, 1);
  int rc = posix_spawn(&pid, program, &actions, NULL, argv, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  return rc == 0 ? pid : -1;
}

static int wait_for(pid_t pid) {
  int status;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* `writer | cat | ... >out` with so many cats. Closes `out`. */
static int move_through_cats(const pipe_job *job, long mib, int cats, int out) {
  pid_t pids[4];
  int fds[2], in = -1, rc = 0;
  size_text size = size_of(mib);
  for (int i = 0; i <= cats; i++) {
    bool last = i == cats;
    if (!last && pipe2(fds, O_CLOEXEC) != 0) return -1;
    pids[i] = start(i == 0 ? job->writer : cat, i == 0 ? size.text : NULL, in, last ? out : fds[1]);
    if (in >= 0) (void)close(in);
    if (!last) (void)close(fds[1]);
    in = last ? -1 : fds[0];
  }
  (void)close(out);
  for (int i = 0; i <= cats; i++)
    if (wait_for(pids[i]) != 0) rc = -1;
  return rc;
}

static int open_null(void) { return open("/dev/null", O_WRONLY | O_CLOEXEC); }

static int open_file(const pipe_job *job) { return open(job->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); }

static int limit_null(const pipe_job *job, long mib) { return move_through_cats(job, mib, 1, open_null()); }

static int limit_file(const pipe_job *job, long mib) { return move_through_cats(job, mib, 1, open_file(job)); }

static int limit_pipe(const pipe_job *job, long mib) { return move_through_cats(job, mib, 2, open_null()); }

/* ---------------------------------------------------------------- ours */

typedef struct counter {
  uint64_t bytes;
  int exits;          /* children that ended with 0 */
  int forward_status; /* of the forward; 1: it has not ended */
} counter;

static void on_output(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child;
  (void)bytes;
  ((counter *)data)->bytes += length;
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  if (exit->code == 0) ((counter *)data)->exits++;
}

static void on_forwarded(cp_stream *stream, int status, void *data) {
  (void)stream;
  ((counter *)data)->forward_status = status;
}

static int spawn_writer(cp_child **child, const pipe_job *job, long mib, counter *c, bool counted, int pipe_size) {
  size_text size = size_of(mib);
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_INHERIT),
                        .on_stdout = counted ? on_output : NULL,
                        .on_close = on_close,
                        .data = c,
                        .pipe_size_bytes = pipe_size};
  return cp_spawn(child, job->loop, job->writer, CP_ARGS(size.text), &options);
}

static int spawn_reader(cp_child **child, const pipe_job *job, counter *c, cp_stdio input) {
  cp_options options = {.stdio = CP_STDIO(input, CP_IGNORE, CP_INHERIT), .on_close = on_close, .data = c};
  return cp_spawn(child, job->loop, cat, NULL, &options);
}

static int read_back(const pipe_job *job, long mib, int pipe_size) {
  counter c = {0};
  if (spawn_writer(NULL, job, mib, &c, true, pipe_size) != 0) return -1;
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return c.exits == 1 && c.bytes == bytes_of(mib) ? 0 : -1;
}

static int cp_callback(const pipe_job *job, long mib) { return read_back(job, mib, 0); }

static int cp_callback_wide(const pipe_job *job, long mib) { return read_back(job, mib, WIDE_BYTES); }

/* Forwards to the fd and closes it. */
static int forward_to_fd(const pipe_job *job, long mib, int fd) {
  counter c = {.forward_status = 1};
  cp_child *child;
  if (spawn_writer(&child, job, mib, &c, false, 0) != 0) return -1;
  int rc = cp_stream_forward_fd(cp_child_stdout(child), fd, on_forwarded, &c);
  (void)close(fd);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return rc == 0 && c.exits == 1 && c.forward_status == 0 ? 0 : -1;
}

static int cp_to_null(const pipe_job *job, long mib) { return forward_to_fd(job, mib, open_null()); }

static int cp_to_file(const pipe_job *job, long mib) { return forward_to_fd(job, mib, open_file(job)); }

static int cp_to_pipe(const pipe_job *job, long mib) {
  int fds[2], null_fd = open_null();
  if (pipe2(fds, O_CLOEXEC) != 0) return -1;
  pid_t reader = start(cat, NULL, fds[0], null_fd);
  (void)close(fds[0]);
  (void)close(null_fd);
  int rc = forward_to_fd(job, mib, fds[1]);
  return wait_for(reader) == 0 ? rc : -1;
}

static int cp_join_forward(const pipe_job *job, long mib) {
  counter c = {.forward_status = 1};
  cp_child *writer, *reader;
  if (spawn_writer(&writer, job, mib, &c, false, 0) != 0 || spawn_reader(&reader, job, &c, CP_PIPE) != 0) return -1;
  int rc = cp_stream_forward(cp_child_stdout(writer), cp_child_stdin(reader), on_forwarded, &c);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  cp_child_free(writer);
  cp_child_free(reader);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return rc == 0 && c.exits == 2 && c.forward_status == 0 ? 0 : -1;
}

static int cp_join_fd(const pipe_job *job, long mib) {
  counter c = {0};
  cp_child *writer;
  if (spawn_writer(&writer, job, mib, &c, false, 0) != 0) return -1;
  int fd = cp_stream_take_fd(cp_child_stdout(writer));
  int rc = fd < 0 ? fd : spawn_reader(NULL, job, &c, CP_FD(fd));
  if (fd >= 0) (void)close(fd);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  cp_child_free(writer);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return rc == 0 && c.exits == 2 ? 0 : -1;
}

static int cp_capture(const pipe_job *job, long mib) {
  cp_result result;
  size_text size = size_of(mib);
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_INHERIT), .max_buffer_bytes = CP_BUFFER_UNLIMITED};
  int rc = cp_spawn_sync(&result, job->writer, CP_ARGS(size.text), &options);
  bool complete = rc == 0 && result.exit.code == 0 && result.out.length == bytes_of(mib);
  cp_result_dispose(&result);
  return complete ? 0 : -1;
}

/* ---------------------------------------------------------------- libuv and GLib */

typedef struct uv_state {
  uv_process_t process;
  uv_pipe_t pipe;
  uint64_t bytes;
  bool succeeded;
} uv_state;

static void on_uv_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  static char bytes[READ_BYTES];
  (void)handle;
  (void)size;
  *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_uv_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
  (void)buffer;
  if (n < 0)
    uv_close((uv_handle_t *)stream, NULL);
  else
    ((uv_state *)stream->data)->bytes += (uint64_t)n;
}

static void on_uv_exit(uv_process_t *process, int64_t status, int signum) {
  ((uv_state *)process->data)->succeeded = status == 0 && signum == 0;
  uv_close((uv_handle_t *)process, NULL);
}

static int uv_callback(const pipe_job *job, long mib) {
  uv_state state = {0};
  size_text size = size_of(mib);
  char *argv[] = {(char *)job->writer, size.text, NULL};
  uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD}};
  stdio[1].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = (uv_stream_t *)&state.pipe;
  stdio[2].data.fd = 2;
  uv_process_options_t options = {
      .file = job->writer, .args = argv, .stdio = stdio, .stdio_count = 3, .exit_cb = on_uv_exit};
  (void)uv_pipe_init(job->loop, &state.pipe, 0);
  state.pipe.data = &state;
  state.process.data = &state;
  int rc = uv_spawn(job->loop, &state.process, &options);
  if (rc == 0) (void)uv_read_start((uv_stream_t *)&state.pipe, on_uv_alloc, on_uv_read);
  (void)uv_run(job->loop, UV_RUN_DEFAULT);
  return rc == 0 && state.succeeded && state.bytes == bytes_of(mib) ? 0 : -1;
}

#if BENCH_GLIB
static int glib_capture(const pipe_job *job, long mib) {
  size_text size = size_of(mib);
  char *argv[] = {(char *)job->writer, size.text, NULL};
  char *out = NULL;
  int status = -1;
  gboolean ok = g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status, NULL);
  g_free(out); /* it gives no length: the status has to do */
  return ok && status == 0 ? 0 : -1;
}
#endif

/* ---------------------------------------------------------------- all of them */

const pipe_method pipe_methods[] = {
    {"writer | cat >/dev/null", PIPE_CALLBACK, limit_null},
    {"cp_spawn on_stdout", PIPE_CALLBACK, cp_callback},
    {"cp_spawn on_stdout, 1 MiB pipe", PIPE_CALLBACK, cp_callback_wide},
    {"uv_spawn uv_read_start", PIPE_CALLBACK, uv_callback},
    {"writer | cat >/dev/null", PIPE_NULL, limit_null},
    {"cp_stream_forward_fd", PIPE_NULL, cp_to_null},
    {"writer | cat >file", PIPE_FILE, limit_file},
    {"cp_stream_forward_fd", PIPE_FILE, cp_to_file},
    {"writer | cat | cat >/dev/null", PIPE_PIPE, limit_pipe},
    {"cp_stream_forward_fd", PIPE_PIPE, cp_to_pipe},
    {"writer | cat >/dev/null", PIPE_JOIN, limit_null},
    {"cp_stream_forward", PIPE_JOIN, cp_join_forward},
    {"cp_stream_take_fd + CP_FD", PIPE_JOIN, cp_join_fd},
    {"writer | cat >/dev/null", PIPE_CAPTURE, limit_null},
    {"cp_spawn_sync", PIPE_CAPTURE, cp_capture},
#if BENCH_GLIB
    {"g_spawn_sync", PIPE_CAPTURE, glib_capture},
#endif
};
const int pipe_method_count = sizeof pipe_methods / sizeof *pipe_methods;
