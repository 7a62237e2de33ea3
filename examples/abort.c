/*
 * The twin of the AbortController sample of "child_process.spawn()":
 *
 *   const grep = spawn('grep', ['ssh'], { signal });
 *   controller.abort(); // Stops the child process
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *grep, const cp_error *error, void *data) {
  printf("%s\n", error->code == CP_EABORTED ? "aborted" : error->message);
}

static void on_close(cp_child *grep, const cp_exit *ended, void *data) {
  printf("closed: %s, %s\n", cp_reason_name(ended->reason),
         ended->signal ? cp_signal_name(ended->signal) : "no signal");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_abort *controller = cp_abort_new();
  if (controller == NULL) return EXIT_FAILURE;

  cp_error error;
  cp_options options = {.signal = controller, .on_error = on_error, .on_close = on_close, .error = &error};
  int rc = cp_spawn(NULL, loop, "grep", CP_ARGS("ssh"), &options);
  if (rc == 0) {
    cp_abort_trigger(controller); /* stops the child process */
    uv_run(loop, UV_RUN_DEFAULT);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_abort_free(controller);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
