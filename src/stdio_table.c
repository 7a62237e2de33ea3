/* stdio_table.c - opening the stdio table. */
#include "stdio_table.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"

#define WRONG(code, i, ...) cp__fail(error, (code), CP_STAGE_OPTIONS, (i), NULL, __VA_ARGS__)

size_t cp__stdio_count_channels(const cp_options *options) {
  size_t channels = 0;
  if (options->stdio.count > CP_STDIO_MAX) return 0; /* which is refused elsewhere */
  for (size_t i = 0; options->stdio.entries != NULL && i < options->stdio.count; i++)
    if (options->stdio.entries[i].kind == CP_STDIO_IPC && !(i == 0 && options->input != NULL)) channels++;
  return channels;
}

static cp_stdio entry_at(const cp_options *options, int i) {
  if (i == 0 && options->input != NULL) return CP_PIPE;
  cp_stdio entry = CP_DEFAULT;
  if ((size_t)i < options->stdio.count) entry = options->stdio.entries[i];
  if (entry.kind == CP_STDIO_DEFAULT) entry.kind = i < 3 ? CP_STDIO_PIPE : CP_STDIO_IGNORE;
  if (entry.kind == CP_STDIO_PIPE && i >= 3) entry.kind = CP_STDIO_OVERLAPPED;
  return entry;
}

static int fail_to_open(cp_error *error, cp_stage stage, int i, const char *path) {
  int code = CP__ERRNO(errno);
  return cp__fail(error, code, stage, i, path, "%s %.300s: %s (options.stdio[%d])", cp_stage_name(stage),
                  path != NULL ? path : "", cp_strerror(code), i);
}

/* Takes a fresh pair of fds: the child's, blocking, and the parent's, not. */
static int keep_pair(cp__stdio *stdio, int i, int child_fd, int parent_fd, cp_error *error) {
  stdio->fds[i] = child_fd;
  stdio->owned[i] = true;
  stdio->ends[i].fd = parent_fd;
  return cp__set_nonblocking(parent_fd, true) == 0 ? 0 : fail_to_open(error, CP_STAGE_PIPE, i, NULL);
}

static int open_pipe(cp__stdio *stdio, int i, int size, cp_error *error) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return fail_to_open(error, CP_STAGE_PIPE, i, NULL);
#ifdef F_SETPIPE_SZ
  if (size > 0) (void)fcntl(fds[0], F_SETPIPE_SZ, size); /* advice: the limit of the user may be reached */
#else
  (void)size;
#endif
  bool input = i == 0;
  stdio->ends[i].readable = !input;
  stdio->ends[i].writable = input;
  return keep_pair(stdio, i, input ? fds[0] : fds[1], input ? fds[1] : fds[0], error);
}

static int open_socketpair(cp__stdio *stdio, int i, cp_error *error) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return fail_to_open(error, CP_STAGE_PIPE, i, NULL);
  stdio->ends[i].readable = stdio->ends[i].writable = true;
  return keep_pair(stdio, i, fds[0], fds[1], error);
}

static int open_channel(cp__stdio *stdio, int i, cp_error *error) {
  int rc = open_socketpair(stdio, i, error);
  if (rc != 0) return rc;
  cp__enlarge_socket(stdio->fds[i]);
  cp__enlarge_socket(stdio->ends[i].fd);
  return 0;
}

static int open_file(cp__stdio *stdio, int i, const char *path, int flags, cp_error *error) {
  int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) return fail_to_open(error, CP_STAGE_OPEN, i, path);
  stdio->fds[i] = fd;
  stdio->owned[i] = true;
  return 0;
}

/* One /dev/null serves all ignored entries. fds of 3 and up are simply closed. */
static int open_null(cp__stdio *stdio, int i, cp_error *error) {
  if (i >= 3) return 0;
  if (stdio->null_fd < 0) stdio->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (stdio->null_fd < 0) return fail_to_open(error, CP_STAGE_OPEN, i, "/dev/null");
  stdio->fds[i] = stdio->null_fd;
  return 0;
}

static int open_entry(cp__stdio *stdio, int i, const cp_stdio *entry, const cp_options *options, cp_error *error) {
  switch (entry->kind) {
    case CP_STDIO_PIPE:
      return open_pipe(stdio, i, options->pipe_size_bytes, error);
    case CP_STDIO_OVERLAPPED:
      return open_socketpair(stdio, i, error);
    case CP_STDIO_IPC:
      stdio->channel = i;
      return open_channel(stdio, i, error);
    case CP_STDIO_IGNORE:
      return open_null(stdio, i, error);
    case CP_STDIO_READ_FILE:
      return open_file(stdio, i, entry->path, O_RDONLY, error);
    case CP_STDIO_WRITE_FILE:
      return open_file(stdio, i, entry->path, O_WRONLY | O_CREAT | O_TRUNC, error);
    case CP_STDIO_APPEND_FILE:
      return open_file(stdio, i, entry->path, O_WRONLY | O_CREAT | O_APPEND, error);
    default:
      return 0; /* borrowed: there already; the same as another: link_entry() */
  }
}

static int use_fd(cp__stdio *stdio, int i, int fd, cp_error *error) {
  if (fd < 0) return WRONG(UV_EINVAL, i, "options.stdio[%d]: %d is not an fd", i, fd);
  if (fcntl(fd, F_GETFD) < 0) return WRONG(UV_EBADF, i, "options.stdio[%d]: fd %d is not open", i, fd);
  stdio->fds[i] = fd;
  return 0;
}

/* An inherited fd that is closed in the parent is closed in the child: a daemon without a stdin may still spawn. */
static int inherit(cp__stdio *stdio, int i, cp_error *error) {
  return fcntl(i, F_GETFD) < 0 ? 0 : use_fd(stdio, i, i, error);
}

static int use_stream(cp__stdio *stdio, int i, uv_stream_t *stream, cp_error *error) {
  uv_os_fd_t fd = -1;
  if (stream == NULL) return WRONG(UV_EINVAL, i, "options.stdio[%d]: the stream is NULL", i);
  if (uv_fileno((uv_handle_t *)stream, &fd) != 0)
    return WRONG(UV_EBADF, i, "options.stdio[%d]: the stream has no fd (not open yet, or closed)", i);
  return use_fd(stdio, i, fd, error);
}

static int check_path(int i, const char *path, cp_error *error) {
  return path == NULL || *path == '\0' ? WRONG(UV_EINVAL, i, "options.stdio[%d]: no path", i) : 0;
}

static int check_link(const cp__stdio *stdio, int i, int target, const cp_options *options, cp_error *error) {
  if (target >= 0 && target < stdio->count && entry_at(options, target).kind != CP_STDIO_SAME_AS) return 0;
  return WRONG(UV_EINVAL, i, "options.stdio[%d]: same as %d, which is not an entry of its own", i, target);
}

/* Before anything is opened: no file is cut for a list that is wrong, and no fd of ours stands where the caller's is
 * not. */
static int check_entry(cp__stdio *stdio, int i, const cp_stdio *entry, const cp_options *options, cp_error *error) {
  switch (entry->kind) {
    case CP_STDIO_PIPE:
    case CP_STDIO_OVERLAPPED:
    case CP_STDIO_IGNORE:
      return 0;
    case CP_STDIO_IPC:
      return cp__stdio_count_channels(options) == 1
                 ? 0
                 : WRONG(UV_EINVAL, i, "options.stdio[%d]: there can be only one CP_IPC entry", i);
    case CP_STDIO_INHERIT:
      return inherit(stdio, i, error);
    case CP_STDIO_FD:
      return use_fd(stdio, i, entry->fd, error);
    case CP_STDIO_STREAM:
      return use_stream(stdio, i, entry->stream, error);
    case CP_STDIO_READ_FILE:
    case CP_STDIO_WRITE_FILE:
    case CP_STDIO_APPEND_FILE:
      return check_path(i, entry->path, error);
    case CP_STDIO_SAME_AS:
      return check_link(stdio, i, entry->fd, options, error);
    default:
      return WRONG(UV_EINVAL, i, "options.stdio[%d]: %d is none of CP_STDIO_*", i, (int)entry->kind);
  }
}

static void link_entry(cp__stdio *stdio, int i, const cp_options *options) {
  cp_stdio entry = entry_at(options, i);
  if (entry.kind == CP_STDIO_SAME_AS) stdio->fds[i] = stdio->fds[entry.fd];
}

static int make_table(cp__stdio *stdio, cp__arena *arena, size_t count, cp_error *error) {
  *stdio = (cp__stdio){.null_fd = -1, .channel = -1};
  stdio->fds = cp__arena_alloc(arena, count * sizeof *stdio->fds);
  stdio->owned = cp__arena_alloc(arena, count * sizeof *stdio->owned);
  stdio->ends = cp__arena_alloc(arena, count * sizeof *stdio->ends);
  if (stdio->fds == NULL || stdio->owned == NULL || stdio->ends == NULL)
    return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  stdio->count = (int)count;
  for (size_t i = 0; i < count; i++) stdio->fds[i] = stdio->ends[i].fd = -1;
  return 0;
}

int cp__stdio_open(cp__stdio *stdio, cp__arena *arena, const cp_options *options, cp_error *error) {
  size_t count = options->stdio.count < 3 ? 3 : options->stdio.count;
  if (options->stdio.entries == NULL && options->stdio.count > 0)
    return WRONG(UV_EINVAL, -1, "options.stdio.entries is NULL, but the count is %zu", options->stdio.count);
  if (count > CP_STDIO_MAX)
    return WRONG(UV_EINVAL, -1, "options.stdio: %zu entries, the limit is %d", count, CP_STDIO_MAX);
  int rc = make_table(stdio, arena, count, error);
  for (int i = 0; rc == 0 && i < stdio->count; i++) {
    cp_stdio entry = entry_at(options, i);
    rc = check_entry(stdio, i, &entry, options, error);
  }
  for (int i = 0; rc == 0 && i < stdio->count; i++) {
    cp_stdio entry = entry_at(options, i);
    rc = open_entry(stdio, i, &entry, options, error);
  }
  for (int i = 0; rc == 0 && i < stdio->count; i++) link_entry(stdio, i, options);
  if (rc != 0) cp__stdio_close(stdio);
  return rc;
}

void cp__stdio_close_child_side(cp__stdio *stdio) {
  for (int i = 0; i < stdio->count; i++) {
    if (stdio->owned[i]) cp__close(stdio->fds[i]);
    stdio->owned[i] = false; /* fds[i] stays: a launch under way may still read the table */
  }
  cp__close(stdio->null_fd);
  stdio->null_fd = -1;
}

void cp__stdio_close(cp__stdio *stdio) {
  cp__stdio_close_child_side(stdio);
  for (int i = 0; i < stdio->count; i++) {
    cp__close(stdio->ends[i].fd);
    stdio->ends[i].fd = -1;
  }
}
