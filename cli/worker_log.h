/* worker_log.h - what workers print, put together to whole lines, so that lines of several of them do not mix. */
#ifndef CLI_WORKER_LOG_H
#define CLI_WORKER_LOG_H

#include "buffer.h"
#include "child_process.h"

/* The half line of one worker on stdout (1) or stderr (2). */
typedef struct worker_line {
  const cp_child *child; /* NULL: this entry is free */
  int fd;
  buffer text;
} worker_line;

/* Set `print` and `data`, zero the rest. */
typedef struct worker_log {
  void (*print)(const char *lines, size_t length, void *data); /* whole lines, with their newlines */
  void *data;
  worker_line *lines;
  size_t count;
} worker_log;

void worker_log_add(worker_log *log, const cp_child *child, int fd, const char *bytes, size_t length);

/* The worker says no more: a half line is printed as a whole one. NULL: all workers. */
void worker_log_end(worker_log *log, const cp_child *child);

void worker_log_dispose(worker_log *log);

#endif
