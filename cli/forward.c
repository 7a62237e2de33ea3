/* forward.c - signals that the program gets go on to the command. */
#include "forward.h"

#include <signal.h>

void close_outputs(cp_child *child) {
  cp_stream *streams[] = {cp_child_stdout(child), cp_child_stderr(child)};
  for (int i = 0; i < 2; i++)
    if (streams[i] != NULL) cp_stream_close(streams[i]);
}

static void on_signal(uv_signal_t *handle, int signum) {
  forwarder *self = handle->data;
  if (self->child == NULL) return;
  if (cp_child_exit(self->child) != NULL)
    close_outputs(self->child);
  else
    (void)(self->to_group ? cp_child_kill_group : cp_child_kill)(self->child, signum);
}

int forwarder_start(forwarder *self, uv_loop_t *loop, bool to_group) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  *self = (forwarder){.to_group = to_group};
  return signal_watch_start(&self->watch, loop, signals, sizeof signals / sizeof *signals, on_signal, self);
}

void forwarder_stop(forwarder *self) { signal_watch_stop(&self->watch); }
