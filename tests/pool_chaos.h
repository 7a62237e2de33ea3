/*
 * pool_chaos.h - very many tasks for a pool whose workers are killed, stopped, cancelled and hung up on by chance, the same
 * each time. Each task must have exactly one outcome, one that it may have, with the right result.
 */
#ifndef POOL_CHAOS_H
#define POOL_CHAOS_H

#include "child_process.h"

typedef struct chaos_options {
  uint64_t seed;
  unsigned tasks, workers;
  cp_pool_protocol protocol;
  cp_serialization serialization;
  bool ordered;
  uint64_t timeout_ms;   /* of each attempt: what is stopped costs as much */
  unsigned stop_every;   /* one task of so many is stopped; 0: none */
  const char *directory; /* for the worker's counts; a new one each time */
} chaos_options;

typedef struct chaos_report {
  unsigned outcomes, succeeded, died, timed_out, cancelled, kills, stops;
  cp_pool_stats stats;
  char problem[1024]; /* "": none */
} chaos_report;

/* Runs the loop until the pool has closed. True: all went well. */
bool run_chaos(chaos_report *report, uv_loop_t *loop, const char *worker, const chaos_options *options);

#endif
