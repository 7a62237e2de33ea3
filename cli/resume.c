/* resume.c - what an earlier run has done, read from its results. */
#include "resume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child_process.h"
#include "message.h"

/* A result is a level deeper than what a worker sent. */
static const cp_limits limits = {.max_depth = CP_DEPTH_MAX};

typedef struct reading {
  const char *path;
  line_set *done;
  cp_heap *heap;
  uint64_t number; /* of the line */
  int64_t end;     /* of the last whole line, in bytes */
} reading;

typedef enum verdict { RESULT, NO_RESULT, NO_MEMORY } verdict;

/* ---------------------------------------------------------------- a line */

/* 0: it has no such member. */
static uint64_t line_of(cp_value object) {
  double number = cp_value_number(cp_value_get(object, "line"));
  bool good = number >= 1 && number <= (double)LINE_NUMBER_MAX && number == (double)(uint64_t)number;
  return good ? (uint64_t)number : 0;
}

static bool has(cp_value object, const char *name) {
  cp_type type = cp_value_type(cp_value_get(object, name));
  return type != CP_TYPE_UNDEFINED && type != CP_TYPE_NONE;
}

static verdict read_value(reading *self, cp_value value) {
  if (cp_value_type(value) != CP_TYPE_OBJECT) return NO_RESULT;
  uint64_t line = line_of(value);
  bool command = has(value, "status");
  if (line == 0 || (!command && !has(value, "result") && !has(value, "error"))) return NO_RESULT;
  bool done = command ? cp_value_number(cp_value_get(value, "status")) == 0 : has(value, "result");
  return !done || line_set_add(self->done, line) ? RESULT : NO_MEMORY;
}

static verdict read_line(reading *self, const char *text, size_t length) {
  cp_value value;
  int rc = cp_value_from_json(&value, self->heap, text, length, NULL);
  verdict found = rc == 0 ? read_value(self, value) : rc == UV_ENOMEM ? NO_MEMORY : NO_RESULT;
  cp_heap_reset(self->heap);
  return found;
}

static int refuse(const reading *self, verdict found) {
  if (found == NO_MEMORY)
    say("--resume %s: out of memory", self->path);
  else
    say("--resume %s: line %" PRIu64 " is no result of this command (--keyed); nothing is changed", self->path,
        self->number);
  return -1;
}

/* ---------------------------------------------------------------- its last line */

static bool is_same_file(int a, int b) {
  struct stat one, other;
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Only what can be the beginning of a line of ours is cut off. */
static bool is_torn(const char *text, size_t length) {
  static const char start[] = "{\"line\":";
  size_t compared = length < sizeof start - 1 ? length : sizeof start - 1;
  return memcmp(text, start, compared) == 0;
}

/* A whole line that only lacks its newline gets it. */
static int repair(const reading *self, int out_fd, bool whole) {
  (void)lseek(out_fd, 0, SEEK_END);
  int rc = whole ? (write(out_fd, "\n", 1) == 1 ? 0 : -1) : ftruncate(out_fd, self->end);
  if (rc == 0 && !whole) say("--resume %s: its last line is torn, and cut off", self->path);
  if (rc != 0) say("--resume %s: its last line cannot be repaired: %s", self->path, strerror(errno));
  return rc;
}

/* The last line has no newline. */
static int read_tail(reading *self, FILE *file, int out_fd, const char *text, size_t length) {
  verdict found = read_line(self, text, length);
  if (found == NO_MEMORY || (found == NO_RESULT && !is_torn(text, length))) return refuse(self, found);
  return is_same_file(fileno(file), out_fd) ? repair(self, out_fd, found == RESULT) : 0;
}

/* ---------------------------------------------------------------- the file */

static int read_lines(reading *self, FILE *file, int out_fd) {
  char *text = NULL;
  size_t size = 0;
  int rc = 0;
  for (ssize_t length; rc == 0 && (length = getline(&text, &size, file)) > 0;) {
    self->number++;
    if (text[length - 1] != '\n') {
      rc = read_tail(self, file, out_fd, text, (size_t)length);
      break;
    }
    verdict found = length == 1 ? RESULT : read_line(self, text, (size_t)length - 1);
    if (found != RESULT) rc = refuse(self, found);
    self->end += length;
  }
  free(text);
  if (rc != 0 || !ferror(file)) return rc;
  say("--resume %s: %s", self->path, strerror(errno));
  return -1;
}

int resume_read(const char *path, int out_fd, line_set *done) {
  FILE *file = fopen(path, "re");
  if (file == NULL && errno == ENOENT) return 0;
  if (file == NULL) {
    say("--resume %s: %s", path, strerror(errno));
    return -1;
  }
  reading self = {.path = path, .done = done, .heap = cp_heap_new(&limits)};
  int rc = self.heap != NULL ? read_lines(&self, file, out_fd) : refuse(&self, NO_MEMORY);
  if (rc == 0 && is_same_file(fileno(file), out_fd)) (void)lseek(out_fd, 0, SEEK_END); /* also without >> */
  cp_heap_free(self.heap);
  (void)fclose(file);
  return rc;
}
