/*
 * The twin of "How do you add a timeout to a child process?" of the answer: a limit in the options, or a timer of one's
 * own and kill(). Only the first is told apart from any other SIGTERM.
 *
 *   spawn(..., { timeout: 5000 });
 *   setTimeout(() => child.kill(), 5000);
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) {
  printf("%s: %s\n", cp_err_name(error->code), error->message);
}

static void exited(cp_child *child, const cp_exit *ended, void *timer) {
  printf("ended by %s, reason %s\n", cp_signal_name(ended->signal), cp_reason_name(ended->reason));
  if (timer) uv_close(timer, NULL);
}

static void on_timer(uv_timer_t *timer) {
  int rc = cp_child_kill(timer->data, 0); /* 0: SIGTERM */
  if (rc < 0) fprintf(stderr, "kill: %s\n", cp_strerror(rc));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_options options = {.stdio = CP_ALL_IGNORE, .timeout_ms = 50, .on_error = on_error, .on_exit = exited};
  int rc = cp_spawn(NULL, loop, "sleep", CP_ARGS("300"), &options);
  uv_run(loop, UV_RUN_DEFAULT);

  uv_timer_t timer;
  cp_child *child = NULL;
  options.timeout_ms = 0;
  options.data = &timer;
  if (rc == 0) rc = uv_timer_init(loop, &timer);
  if (rc == 0) rc = cp_spawn(&child, loop, "sleep", CP_ARGS("300"), &options);
  timer.data = child;
  if (rc == 0) rc = uv_timer_start(&timer, on_timer, 50, 0);
  if (rc == 0) uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
