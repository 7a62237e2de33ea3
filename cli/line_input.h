/* line_input.h - reads lines from an fd in the loop, with a stop for whoever cannot take more. */
#ifndef CLI_LINE_INPUT_H
#define CLI_LINE_INPUT_H

#include <stdbool.h>

#include "child_process.h"

/* The longest line; Node's longest message. What is longer is skipped. */
#define LINE_BYTES_MAX ((size_t)INT32_MAX)

/* A line without its newline, and its number from 1 on. `line` NULL: it was longer than LINE_BYTES_MAX. */
typedef void (*line_cb)(const char *line, size_t length, uint64_t number, void *data);

/* The end of the input: 0, or why it cannot be read. Nothing comes afterwards. */
typedef void (*line_end_cb)(int status, void *data);

typedef struct line_input {
  line_cb on_line;
  line_end_cb on_end;
  void *data;
  bool null_ended; /* lines end with a NUL, not with a newline */
  int fd;
  union {
    uv_poll_t poll;
    uv_idle_t idle; /* for files, which are always ready */
  } handle;
  bool is_file, open, paused, ended;
  char *buffer;
  size_t begin, length, size; /* what has come and was not given out: `length` bytes from `begin` on */
  size_t searched;            /* of them hold no newline */
  uint64_t number;            /* of the last line */
  bool skipping;              /* the rest of a line that is too long */
} line_input;

/* Reads `fd`, whose mode stays what it is: it may be shared with others. 0, or what the loop says. */
int line_input_start(line_input *input, uv_loop_t *loop, int fd);

/* Between the two nothing is given out and nothing is read. Safe to repeat, and in callbacks. */
void line_input_pause(line_input *input);
void line_input_resume(line_input *input);

/* True if something has come that was not given out, and would be: it may still be to be read. */
bool line_input_has_more(const line_input *input);

/* True if there is nothing on it but white space. */
bool line_is_blank(const char *line, size_t length);

/* No callback any more. Safe to repeat, and in callbacks; the loop must run once more. */
void line_input_stop(line_input *input);

/* After the loop. */
void line_input_dispose(line_input *input);

#endif
