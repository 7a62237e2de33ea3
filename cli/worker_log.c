/* worker_log.c - what workers print, put together to whole lines. */
#include "worker_log.h"

#include <stdlib.h>
#include <string.h>

enum { HALF_LINE_MAX = 65536 }; /* a worker that prints no newline is not waited for longer */

static worker_line *find(worker_log *self, const cp_child *child, int fd) {
  for (size_t i = 0; i < self->count; i++)
    if (self->lines[i].child == child && (child == NULL || self->lines[i].fd == fd)) return &self->lines[i];
  return NULL;
}

/* NULL: out of memory. */
static worker_line *find_or_add(worker_log *self, const cp_child *child, int fd) {
  worker_line *line = find(self, child, fd);
  if (line == NULL) line = find(self, NULL, 0);
  if (line == NULL) {
    worker_line *lines = realloc(self->lines, (self->count + 1) * sizeof *lines);
    if (lines == NULL) return NULL;
    self->lines = lines;
    line = &lines[self->count++];
    line->text = (buffer){0};
  }
  line->child = child;
  line->fd = fd;
  return line;
}

static void print_half(worker_log *self, worker_line *line) {
  if (line->text.length == 0) return;
  buffer_add(&line->text, "\n", 1);
  self->print(line->text.bytes, line->text.length, self->data);
  buffer_clear(&line->text);
}

/* Whole lines go straight on, the half one behind them is kept. */
void worker_log_add(worker_log *self, const cp_child *child, int fd, const char *bytes, size_t length) {
  const char *newline = memrchr(bytes, '\n', length);
  size_t whole = newline != NULL ? (size_t)(newline - bytes) + 1 : 0;
  worker_line *line = find_or_add(self, child, fd);
  if (line == NULL) {
    self->print(bytes, length, self->data);
    return;
  }
  if (whole > 0 && line->text.length > 0) {
    buffer_add(&line->text, bytes, whole);
    self->print(line->text.bytes, line->text.length, self->data);
    buffer_clear(&line->text);
  } else if (whole > 0) {
    self->print(bytes, whole, self->data);
  }
  buffer_add(&line->text, bytes + whole, length - whole);
  if (line->text.length > HALF_LINE_MAX) print_half(self, line);
}

void worker_log_end(worker_log *self, const cp_child *child) {
  for (size_t i = 0; i < self->count; i++) {
    if (self->lines[i].child == NULL || (child != NULL && self->lines[i].child != child)) continue;
    print_half(self, &self->lines[i]);
    self->lines[i].child = NULL;
  }
}

void worker_log_dispose(worker_log *self) {
  for (size_t i = 0; i < self->count; i++) buffer_dispose(&self->lines[i].text);
  free(self->lines);
  self->lines = NULL;
  self->count = 0;
}
