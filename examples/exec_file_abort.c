/*
 * The twin of the AbortController sample of "child_process.execFile()":
 *
 *   const child = execFile('node', ['--version'], { signal }, (error) => { ... });
 *   controller.abort();
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  printf("%s: %s\n", error ? cp_err_name(error->code) : "no error", error ? error->message : "");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_abort *controller = cp_abort_new();
  if (controller == NULL) return EXIT_FAILURE;

  cp_error error;
  int rc = cp_exec_file(NULL, loop, "node", CP_ARGS("--version"),
                        &(cp_options){.signal = controller, .on_result = on_result, .error = &error});
  if (rc == 0) {
    cp_abort_trigger(controller);
    uv_run(loop, UV_RUN_DEFAULT);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_abort_free(controller);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
