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

bool signal_is_ignored(int signum) {
  struct sigaction action;
  return sigaction(signum, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
}

int forwarder_start(forwarder *self, uv_loop_t *loop, bool to_group) {
  static const int signals[FORWARDED_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  *self = (forwarder){.to_group = to_group};
  for (int i = 0; i < FORWARDED_SIGNALS; i++) {
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

void forwarder_stop(forwarder *self) {
  while (self->count > 0) uv_close((uv_handle_t *)&self->handles[--self->count], NULL);
}
