/* trace.h - --trace and --trace-file: the life of a worker and each message, for a person and for Perfetto. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "child_process.h"
#include "trace_file.h"

typedef struct tracer {
  bool prints;    /* on stderr */
  trace_file out; /* its times are those of the lines, too */
  const char *worker;
  cp_serialization serialization;
  bool in_slice; /* the worker's slice has begun in the file */
} tracer;

/* Begins; `worker` and the rest are set. `path` NULL: no trace file. 0, or -1: errno tells. */
int tracer_open(tracer *tracer, const char *path);

bool tracer_is_on(const tracer *tracer);

void tracer_spawn(tracer *tracer, int pid);
void tracer_frame(tracer *tracer, const cp_trace *frame);
void tracer_disconnect(tracer *tracer);
void tracer_exit(tracer *tracer, const cp_exit *exit);

/* Completes the file. 0, or -1: it could not be written. */
int tracer_close(tracer *tracer);

#endif
