/* spawn_subjects.h - the ways to start a program from C. */
#ifndef BENCH_SPAWN_SUBJECTS_H
#define BENCH_SPAWN_SUBJECTS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* What is timed: a call that waits for the program; a full cycle on an event loop; only the call that starts it. */
typedef enum spawn_kind { SPAWN_SYNC, SPAWN_ASYNC, SPAWN_STALL, SPAWN_KINDS } spawn_kind;

extern const char *const spawn_kind_names[SPAWN_KINDS];

typedef struct spawn_job {
  spawn_kind kind;
  const char *program;
  bool pipes; /* fd 0, 1 and 2 are pipes; else /dev/null */
  uv_loop_t *loop;
} spawn_job;

typedef struct spawn_method {
  const char *name;
  /* Starts the program and waits until it is gone. Returns the nanoseconds of the starting call alone; < 0: failed. */
  int64_t (*once)(const spawn_job *job);
  bool kinds[SPAWN_KINDS]; /* where it takes part */
} spawn_method;

/* The first one is the limit: vfork and execve with nothing in between. */
extern const spawn_method spawn_methods[];
extern const int spawn_method_count;

/** Does it `n` times. @return microseconds per time, as the kind of the job counts; < 0: failed. */
double spawn_measure(const spawn_method *method, const spawn_job *job, long n);

/** The method by which this library does the job. */
const spawn_method *spawn_own_method(spawn_kind kind);

#endif
