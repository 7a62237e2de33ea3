/* pipe_subjects.h - the ways that bytes take out of a child, in C. */
#ifndef BENCH_PIPE_SUBJECTS_H
#define BENCH_PIPE_SUBJECTS_H

#include <uv.h>

#include "harness.h"

typedef enum pipe_route {
  PIPE_CALLBACK, /* from a child into a callback */
  PIPE_NULL,     /* from a child to /dev/null */
  PIPE_FILE,     /* from a child to a regular file */
  PIPE_PIPE,     /* from a child to a pipe that another process reads */
  PIPE_JOIN,     /* from one child to another */
  PIPE_CAPTURE,  /* from a child into memory, by a call that waits */
  PIPE_ROUTES
} pipe_route;

/* What all of them share. */
typedef struct pipe_job {
  uv_loop_t *loop;
  const char *writer; /* the program that writes */
  const char *file;   /* for PIPE_FILE; cut to nothing each time */
} pipe_job;

typedef struct pipe_method {
  const char *name;
  pipe_route route;
  /* Moves so many MiB. Returns 0, or -1 if it failed or bytes are missing. */
  int (*move)(const pipe_job *job, long mib);
} pipe_method;

/* The first one of each route is its limit: processes that the kernel joins, with cat where something must copy. */
extern const pipe_method pipe_methods[];
extern const int pipe_method_count;

#endif
