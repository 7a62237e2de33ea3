/*
 * batch.h - lines of stdin as jobs, so many at a time, and their results: what a pool of workers and a pool of commands
 * have in common.
 *
 * Nothing is read before a place is free for it, and nothing is begun while results wait for stdout: memory does not grow
 * with the input. So no job ever waits here, but for the line at hand.
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "batch_trace.h"
#include "buffer.h"
#include "child_process.h"
#include "interrupt.h"
#include "line_input.h"
#include "line_output.h"
#include "line_set.h"
#include "options.h"
#include "progress.h"

typedef struct batch batch;
typedef struct batch_job batch_job;

/* What became of a job. All is borrowed for the call. */
typedef struct job_result {
  bool succeeded;
  bool dropped; /* it was aborted, or there is nobody to do it: neither a success nor a failure, and nothing is said */
  const char *out; /* bytes for stdout, with all newlines */
  size_t out_length;
  const char *err; /* bytes for stderr */
  size_t err_length;
  const char *message; /* a line to say; NULL: none */
} job_result;

/* A line. */
struct batch_job {
  batch *batch;
  batch_job *next;          /* ordered: the next line that was begun */
  uint64_t line;            /* its number in the input */
  uint64_t bytes;           /* of it in the input */
  void *run;                /* the engine's */
  bool finished;            /* ordered: it waits for an earlier one */
  buffer out, err, message; /* meanwhile */
  size_t length;
  char text[]; /* the line, and a NUL */
};

/* Who does the jobs. */
typedef struct batch_engine {
  void (*begin)(batch_job *job); /* does it, and then calls batch_finish(), in this call or later */
  void (*abort)(void *data);     /* ends what is under way, soon: batch_finish() comes for each */
  void (*close)(void *data);     /* nothing is under way, nothing comes any more. Once, after abort() too */
  void (*free)(void *data);      /* after the loop, which runs once more: lets go of all that is left */
  char (*cell)(unsigned place, void *data);
  const char *place, *places; /* "worker", "workers" */
  bool skips_blanks;          /* lines of white space are none, not only empty ones */
} batch_engine;

struct batch {
  /* Set them before batch_run(). */
  const run_options *options;
  const batch_engine *engine;
  void *data; /* the engine's */
  unsigned slots;
  batch_trace trace;

  uv_loop_t loop;
  line_input input;
  line_output output;
  interrupter interrupter;
  progress progress;
  tally tally;
  line_set done;     /* lines of an earlier run */
  batch_job *first;  /* ordered: the first line whose result is not printed, */
  batch_job **last;  /* and where the next one is hung */
  unsigned active;   /* jobs under way */
  size_t held;       /* jobs that are finished and wait for an earlier one, */
  size_t held_bytes; /* and what they hold */
  int signum;        /* that interrupted us */
  int fatal;         /* the exit status of something that made it all senseless; 0 */
  bool going_on, stopping, aborting, closed, input_ended;
};

/* Runs it all. `open` starts the engine on the loop; -1: it has said why. The exit status. */
int batch_run(batch *batch, int (*open)(struct batch *self));

/* What became of the job, which is gone then. */
void batch_finish(batch_job *job, const job_result *result);

/* Begins nothing new. What is under way comes to its end. */
void batch_stop(batch *batch);

/* The same, and ends what is under way. */
void batch_abort(batch *batch);

/* It makes no sense to go on; the first status counts. */
void batch_fail(batch *batch, int status);

/* Bytes to stderr, without getting into the progress bar. */
void batch_print_err(batch *batch, const char *bytes, size_t length);

#endif
