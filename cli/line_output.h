/* line_output.h - writes to an fd in the loop, however slow its reader is. */
#ifndef CLI_LINE_OUTPUT_H
#define CLI_LINE_OUTPUT_H

#include <stdbool.h>

#include "child_process.h"

enum { OUTPUT_HIGH_WATER = 262144, OUTPUT_LOW_WATER = 65536 };

typedef struct line_output {
  void (*on_room)(void *data);              /* fewer than OUTPUT_LOW_WATER bytes wait */
  void (*on_error)(int status, void *data); /* once; from now on all is dropped */
  void (*before_write)(void *data);         /* may be NULL */
  void *data;
  int fd;
  union {
    uv_poll_t poll;
    uv_idle_t idle; /* for files, which are always ready */
  } handle;
  bool is_file, open, waiting, failed;
  size_t chunk; /* bytes that one write may have */
  char *buffer;
  size_t begin, length, size; /* what waits: `length` bytes from `begin` on */
} line_output;

/* From now on a reader that goes away is an error of write(2), on_error, and no signal that ends the program. */
void line_output_survive_broken_pipes(void);

/* Writes to `fd`, whose mode stays what it is. 0, or what the loop says. */
int line_output_start(line_output *output, uv_loop_t *loop, int fd);

/* Adds a line, and a newline after it. Written from the loop. False: out of memory. */
bool line_output_add(line_output *output, const char *line, size_t length);

/* The same without a newline. */
bool line_output_add_bytes(line_output *output, const char *bytes, size_t length);

/* More than OUTPUT_HIGH_WATER bytes wait: add no more until on_room. */
bool line_output_is_full(const line_output *output);

/* After the loop, which goes on while something waits: what waits now is dropped. The loop must run once more. */
void line_output_stop(line_output *output);

/* After the loop. */
void line_output_dispose(line_output *output);

#endif
