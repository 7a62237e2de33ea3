/* interrupt.h - SIGINT, SIGTERM and SIGHUP for a program that wants to end in order. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "signal_watch.h"

typedef struct interrupter {
  void (*on_signal)(int signum, void *data); /* each time */
  void *data;
  signal_watch watch;
} interrupter;

/* Begins to catch. What is ignored, as by nohup(1), stays ignored. It keeps no loop alive. 0 or a negative code. */
int interrupter_start(interrupter *interrupter, uv_loop_t *loop);

/* Safe to repeat; the loop must run once more. */
void interrupter_stop(interrupter *interrupter);

#endif
