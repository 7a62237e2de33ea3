/* line_input.c - lines from an fd that others may share, so its mode is left alone: read(2) only after poll(2) said yes. */
#include "line_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536 };

/* ---------------------------------------------------------------- giving out */

static void end(line_input *input, int status) {
  line_input_stop(input);
  input->on_end(status, input->data);
}

/* The first `length` bytes are a line; `all` of them are used up. */
static void give_line(line_input *input, size_t length, size_t all) {
  const char *line = input->buffer + input->begin;
  input->begin += all;
  input->length -= all;
  input->searched = 0;
  input->number++;
  bool skipped = input->skipping;
  input->skipping = false;
  input->on_line(skipped ? NULL : line, skipped ? 0 : length, input->number, input->data);
}

static void give_lines(line_input *input) {
  while (input->open && !input->paused) {
    const char *from = input->buffer + input->begin;
    int last = input->null_ended ? '\0' : '\n';
    const char *newline =
        input->length > 0 ? memchr(from + input->searched, last, input->length - input->searched) : NULL;
    input->searched = input->length;
    if (newline == NULL) break;
    give_line(input, (size_t)(newline - from), (size_t)(newline - from) + 1);
  }
  if (!input->open || input->paused || !input->ended) return;
  if (input->length > 0 || input->skipping) give_line(input, input->length, input->length); /* without a newline */
  if (input->open && !input->paused) end(input, 0);
}

/* ---------------------------------------------------------------- reading */

/* Room for a chunk after what there is. False: out of memory. */
static bool make_room(line_input *input) {
  if (input->skipping || input->length > LINE_BYTES_MAX) { /* there is no newline in all of it */
    input->skipping = true;
    input->length = input->searched = 0;
  }
  if (input->length == 0) input->begin = 0;
  if (input->size - input->begin - input->length >= CHUNK_BYTES) return true;
  if (input->begin > 0) memmove(input->buffer, input->buffer + input->begin, input->length);
  input->begin = 0;
  if (input->size - input->length >= CHUNK_BYTES) return true;
  size_t size = input->size * 2 > CHUNK_BYTES * 2 ? input->size * 2 : CHUNK_BYTES * 2;
  char *buffer = realloc(input->buffer, size);
  if (buffer == NULL) return false;
  input->buffer = buffer;
  input->size = size;
  return true;
}

static void read_chunk(line_input *input) {
  if (!make_room(input)) {
    end(input, UV_ENOMEM);
    return;
  }
  ssize_t n = read(input->fd, input->buffer + input->begin + input->length, CHUNK_BYTES);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    end(input, uv_translate_sys_error(errno));
    return;
  }
  input->ended = n == 0;
  input->length += (size_t)n;
  give_lines(input);
}

static void on_idle(uv_idle_t *handle) { read_chunk(handle->data); }

static void on_poll(uv_poll_t *handle, int status, int events);

static void listen_to(line_input *input, bool on) {
  if (input->is_file)
    (void)(on ? uv_idle_start(&input->handle.idle, on_idle) : uv_idle_stop(&input->handle.idle));
  else
    (void)(on ? uv_poll_start(&input->handle.poll, UV_READABLE, on_poll) : uv_poll_stop(&input->handle.poll));
}

/* An error: libuv has stopped the handle, and reading tells what it is. */
static void on_poll(uv_poll_t *handle, int status, int events) {
  line_input *input = handle->data;
  (void)events;
  read_chunk(input);
  if (status < 0 && input->open && !input->paused) listen_to(input, true);
}

/* ---------------------------------------------------------------- the life of it */

/* uv_poll_init() makes the open file non-blocking, for all that share it: that is undone. EPERM: always ready, a file. */
static int add_to_loop(line_input *input, uv_loop_t *loop) {
  int mode = fcntl(input->fd, F_GETFL);
  int rc = uv_poll_init(loop, &input->handle.poll, input->fd);
  if (rc == 0) (void)fcntl(input->fd, F_SETFL, mode);
  input->is_file = rc == UV_EPERM;
  return input->is_file ? uv_idle_init(loop, &input->handle.idle) : rc;
}

int line_input_start(line_input *input, uv_loop_t *loop, int fd) {
  input->fd = fd;
  int rc = add_to_loop(input, loop);
  if (rc != 0) return rc;
  input->open = true;
  input->handle.poll.data = input->handle.idle.data = input;
  listen_to(input, true);
  return 0;
}

void line_input_pause(line_input *input) {
  if (!input->open || input->paused) return;
  input->paused = true;
  listen_to(input, false);
}

void line_input_resume(line_input *input) {
  if (!input->open || !input->paused) return;
  input->paused = false;
  input->searched = 0;
  give_lines(input);
  if (input->open && !input->paused) listen_to(input, true);
}

bool line_input_has_more(const line_input *input) {
  int unread = 0;
  if (!input->open) return false;
  return input->length > 0 || (ioctl(input->fd, FIONREAD, &unread) == 0 && unread > 0);
}

bool line_is_blank(const char *line, size_t length) {
  while (length > 0 && memchr(" \t\r", line[length - 1], 3) != NULL) length--;
  return length == 0;
}

void line_input_stop(line_input *input) {
  if (!input->open) return;
  input->open = false;
  uv_close((uv_handle_t *)&input->handle, NULL);
}

void line_input_dispose(line_input *input) { free(input->buffer); }
