/* pool_subjects.h - pools of this library, the bare channels below them, and commands that are run for each line. */
#ifndef BENCH_POOL_SUBJECTS_H
#define BENCH_POOL_SUBJECTS_H

#include <stdbool.h>
#include <uv.h>

enum { POOL_WINDOW = 1000 };

/* How tasks get to the workers. */
typedef enum pool_way {
  POOL_CHANNELS, /* no pool: each worker gets its next message when it has answered */
  POOL_PLAIN,    /* cp_pool, one task at a time for each worker */
  POOL_MANY,     /* cp_pool with numbers, many at a time */
  POOL_WAYS
} pool_way;

typedef struct pool_method {
  const char *name;
  pool_way way;
  const char *program; /* that runs the worker's module; NULL: it is a program in C */
} pool_method;

typedef struct pool_job {
  unsigned workers;
  int ms;     /* of work in each task */
  int window; /* tasks submitted at a time */
} pool_job;

typedef struct pool_run pool_run;

/** Workers that are kept for the whole case. NULL: it failed, and that was said. */
pool_run *pool_start(const pool_method *method, const pool_job *job);

/** Has `n` tasks done. @return tasks a second; < 0: failed. */
double pool_measure(pool_run *run, long n);

/** Ends the workers. NULL is ignored. */
void pool_stop(pool_run *run);

/** `workers` processes that do nothing but the work of `n` tasks, shared evenly: what the CPUs can do. Tasks a second. */
double pool_cpus(const pool_job *job, long n);

#endif
