/* signal_watch.c - signals that the program catches in its loop. */
#include "signal_watch.h"

#include <signal.h>

static bool is_ignored(int signum) {
  struct sigaction action;
  return sigaction(signum, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
}

int signal_watch_start(signal_watch *watch, uv_loop_t *loop, const int *signals, int count, uv_signal_cb cb,
                       void *data) {
  watch->count = 0;
  for (int i = 0; i < count; i++) {
    if (is_ignored(signals[i])) continue;
    uv_signal_t *handle = &watch->handles[watch->count];
    int rc = uv_signal_init(loop, handle);
    if (rc != 0) return rc;
    watch->count++;
    handle->data = data;
    uv_unref((uv_handle_t *)handle);
    rc = uv_signal_start(handle, cb, signals[i]);
    if (rc != 0) return rc;
  }
  return 0;
}

void signal_watch_stop(signal_watch *watch) {
  while (watch->count > 0) uv_close((uv_handle_t *)&watch->handles[--watch->count], NULL);
}
