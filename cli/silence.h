/* silence.h - when a worker has nothing more to say: it has read all, computes nothing, and sends nothing for a while. */
#ifndef CLI_SILENCE_H
#define CLI_SILENCE_H

#include <stdbool.h>

#include "child_process.h"

typedef struct silence {
  void (*on_silence)(void *data); /* once */
  void *data;
  cp_child *child;
  uint64_t limit_ms; /* of silence */
  uv_timer_t timer;
  bool open, waiting;
  uint64_t since;   /* loop time of the last sign of life */
  uint64_t cpu_ms;  /* what the worker had computed, */
  uint64_t seen_at; /* at this loop time */
} silence;

int silence_init(silence *silence, uv_loop_t *loop);

/* From now on silence counts; again from the beginning if it does already. */
void silence_await(silence *silence);

/* A sign of life. */
void silence_touch(silence *silence);

/* Silence does not count until silence_await(). */
void silence_pause(silence *silence);

/* Safe to repeat; the loop must run once more. */
void silence_stop(silence *silence);

#endif
