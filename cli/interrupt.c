/* interrupt.c - SIGINT, SIGTERM and SIGHUP for a program that wants to end in order. */
#include "interrupt.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int signum) {
  interrupter *self = handle->data;
  self->on_signal(signum, self->data);
}

int interrupter_start(interrupter *self, uv_loop_t *loop) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  return signal_watch_start(&self->watch, loop, signals, sizeof signals / sizeof *signals, on_signal, self);
}

void interrupter_stop(interrupter *self) { signal_watch_stop(&self->watch); }
