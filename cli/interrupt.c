/* interrupt.c - SIGINT, SIGTERM and SIGHUP for a program that wants to end in order. */
#include "interrupt.h"

#include <signal.h>

#include "forward.h"

static void on_signal(uv_signal_t *handle, int signum) {
  interrupter *self = handle->data;
  self->on_signal(signum, self->data);
}

int interrupter_start(interrupter *self, uv_loop_t *loop) {
  static const int signals[INTERRUPTING_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
  self->count = 0;
  for (int i = 0; i < INTERRUPTING_SIGNALS; i++) {
    if (signal_is_ignored(signals[i])) continue;
    uv_signal_t *handle = &self->handles[self->count];
    int rc = uv_signal_init(loop, handle);
    if (rc != 0) return rc;
    self->count++;
    handle->data = self;
    uv_unref((uv_handle_t *)handle);
    rc = uv_signal_start(handle, on_signal, signals[i]);
    if (rc != 0) return rc;
  }
  return 0;
}

void interrupter_stop(interrupter *self) {
  while (self->count > 0) uv_close((uv_handle_t *)&self->handles[--self->count], NULL);
}
