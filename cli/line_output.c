/*
 * line_output.c - lines to an fd that others may share, so its mode is left alone. After poll(2) said yes, PIPE_BUF bytes
 * fit into a pipe without blocking: a slow reader holds up nothing but the output.
 */
#include "line_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536, KEPT_BYTES = 1 << 20 };

static void on_idle(uv_idle_t *handle);
static void on_poll(uv_poll_t *handle, int status, int events);

static void wait_for_room(line_output *output, bool on) {
  if (output->waiting == on) return;
  output->waiting = on;
  if (output->is_file)
    (void)(on ? uv_idle_start(&output->handle.idle, on_idle) : uv_idle_stop(&output->handle.idle));
  else
    (void)(on ? uv_poll_start(&output->handle.poll, UV_WRITABLE, on_poll) : uv_poll_stop(&output->handle.poll));
}

/* ---------------------------------------------------------------- writing */

static void fail(line_output *output, int status) {
  output->failed = true;
  output->length = 0;
  wait_for_room(output, false);
  output->on_error(status, output->data);
}

/* All is written: one large message does not keep its memory for ever. */
static void rest(line_output *output) {
  output->begin = 0;
  wait_for_room(output, false);
  if (output->size <= KEPT_BYTES) return;
  free(output->buffer);
  output->buffer = NULL;
  output->size = 0;
}

static void write_chunk(line_output *output) {
  bool was_high = output->length >= OUTPUT_LOW_WATER;
  size_t length = output->length < output->chunk ? output->length : output->chunk;
  if (output->before_write != NULL) output->before_write(output->data);
  ssize_t n = write(output->fd, output->buffer + output->begin, length);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    fail(output, uv_translate_sys_error(errno));
    return;
  }
  output->begin += (size_t)n;
  output->length -= (size_t)n;
  if (output->length == 0) rest(output);
  if (was_high && output->length < OUTPUT_LOW_WATER) output->on_room(output->data);
}

static void on_idle(uv_idle_t *handle) { write_chunk(handle->data); }

/* An error: libuv has stopped the handle, and writing tells what it is. */
static void on_poll(uv_poll_t *handle, int status, int events) {
  line_output *output = handle->data;
  (void)events;
  if (status < 0) output->waiting = false;
  write_chunk(output);
  if (output->length > 0) wait_for_room(output, true);
}

/* ---------------------------------------------------------------- adding */

/* Room for `more` bytes after what waits. */
static bool make_room(line_output *output, size_t more) {
  if (output->size - output->begin - output->length >= more) return true;
  if (output->begin > 0 && output->length > 0) memmove(output->buffer, output->buffer + output->begin, output->length);
  output->begin = 0;
  if (output->size - output->length >= more) return true;
  size_t size = output->size * 2 > output->length + more ? output->size * 2 : output->length + more;
  char *buffer = realloc(output->buffer, size);
  if (buffer == NULL) return false;
  output->buffer = buffer;
  output->size = size;
  return true;
}

/* There is room for them. */
static void append(line_output *output, const char *bytes, size_t length) {
  memcpy(output->buffer + output->begin + output->length, bytes, length);
  output->length += length;
}

bool line_output_add(line_output *output, const char *line, size_t length) {
  if (output->failed) return true;
  if (!make_room(output, length + 1)) return false;
  append(output, line, length);
  append(output, "\n", 1);
  wait_for_room(output, true);
  return true;
}

bool line_output_add_bytes(line_output *output, const char *bytes, size_t length) {
  if (output->failed || length == 0) return true;
  if (!make_room(output, length)) return false;
  append(output, bytes, length);
  wait_for_room(output, true);
  return true;
}

bool line_output_is_full(const line_output *output) { return output->length > OUTPUT_HIGH_WATER; }

/* ---------------------------------------------------------------- the life of it */

/* uv_poll_init() makes the open file non-blocking, for all that share it: that is undone. EPERM: always ready, a file. */
static int add_to_loop(line_output *output, uv_loop_t *loop) {
  int mode = fcntl(output->fd, F_GETFL);
  int rc = uv_poll_init(loop, &output->handle.poll, output->fd);
  if (rc == 0) (void)fcntl(output->fd, F_SETFL, mode);
  output->is_file = rc == UV_EPERM;
  output->chunk = output->is_file || (mode & O_NONBLOCK) ? CHUNK_BYTES : PIPE_BUF;
  return output->is_file ? uv_idle_init(loop, &output->handle.idle) : rc;
}

static void ignore_signal(int signum) { (void)signum; }

/* A handler, unlike SIG_IGN, is not inherited. */
void line_output_survive_broken_pipes(void) {
  struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
  (void)sigaction(SIGPIPE, &action, NULL);
}

int line_output_start(line_output *output, uv_loop_t *loop, int fd) {
  output->fd = fd;
  int rc = add_to_loop(output, loop);
  if (rc != 0) return rc;
  output->open = true;
  output->handle.poll.data = output->handle.idle.data = output;
  return 0;
}

void line_output_stop(line_output *output) {
  if (!output->open) return;
  output->open = false;
  uv_close((uv_handle_t *)&output->handle, NULL);
}

void line_output_dispose(line_output *output) { free(output->buffer); }
