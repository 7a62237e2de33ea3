/* batch_trace.h - --trace: which line was done in which place when, in a file for Perfetto. */
#ifndef CLI_BATCH_TRACE_H
#define CLI_BATCH_TRACE_H

#include <stdbool.h>

#include "child_process.h"
#include "trace_file.h"

/* Zeroed: none is written. */
typedef struct batch_trace {
  trace_file file;
  unsigned lanes;    /* of a place: tasks that it has at a time; 0: 1 */
  const char *name;  /* of a place: "worker" */
  const char *title; /* what is run */
  uint64_t *ends;    /* of the last slice in each lane, uv_hrtime() */
} batch_trace;

/* A task that is over. */
typedef struct traced_task {
  uint64_t line;
  unsigned place, attempts;
  uint64_t started_ns, ended_ns; /* uv_hrtime() */
  const char *status;            /* "ok", "CP_EWORKER": plain text */
} traced_task;

/* `lanes`, `name` and `title` are set. 0, or -1: errno tells. */
int batch_trace_open(batch_trace *trace, const char *path, unsigned places);

/* Nothing happens if no file is open, or no place had the task. */
void batch_trace_task(batch_trace *trace, const traced_task *task);

/* A moment of a place: "started", "exit code 3". Plain text. */
void batch_trace_moment(batch_trace *trace, unsigned place, const char *what);

/* Completes the file. 0, or -1: it could not be written. Safe without one. */
int batch_trace_close(batch_trace *trace);

#endif
