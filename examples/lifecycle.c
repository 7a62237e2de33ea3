/*
 * The twin of "Ignoring error and exit events" of the answer, "Error Handling" of the article and "Event: 'spawn'",
 * "Event: 'exit'", "Event: 'error'" of the reference: every event of a child, in order, and why it ended.
 *
 *   child.on('error', (err) => console.error('Failed to start:', err));
 *   child.on('exit', (code, signal) => { if (code !== 0) console.error(`Exited with code ${code}`); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_spawn(cp_child *child, void *data) { printf("%s: spawn\n", (char *)data); }

static void on_error(cp_child *child, const cp_error *error, void *data) {
  printf("%s: error %s, %s\n", (char *)data, cp_err_name(error->code), error->message);
}

static void exited(cp_child *child, const cp_exit *ended, void *data) {
  printf("%s: exit code %d, signal %s (%s)\n", (char *)data, ended->code,
         ended->signal ? cp_signal_name(ended->signal) : "none", cp_reason_name(ended->reason));
}

static void on_close(cp_child *child, const cp_exit *ended, void *data) { printf("%s: close\n", (char *)data); }

static int start(uv_loop_t *loop, const char *file, const char *const *args, void *name) {
  cp_options options = {.stdio = CP_ALL_IGNORE,
                        .on_spawn = on_spawn,
                        .on_error = on_error,
                        .on_exit = exited,
                        .on_close = on_close,
                        .data = name};
  int rc = cp_spawn(NULL, loop, file, args, &options);
  uv_run(loop, UV_RUN_DEFAULT);
  return rc;
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  char well[] = "well", failed[] = "failed", crashed[] = "crashed", missing[] = "missing";
  int rc = start(loop, "true", NULL, well);
  if (rc == 0) rc = start(loop, "sh", CP_ARGS("-c", "exit 7"), failed);
  if (rc == 0) rc = start(loop, "sh", CP_ARGS("-c", "kill -KILL $$"), crashed);
  if (rc == 0) rc = start(loop, "some-command", NULL, missing);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
