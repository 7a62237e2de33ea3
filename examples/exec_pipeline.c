/*
 * The twin of "child_process.exec()"'s sample with a callback: a pipeline, run by the shell. A shell reports the status
 * of the last command only, so that the missing file is no error here.
 *
 *   exec('cat *.js missing_file | wc -l', (error, stdout, stderr) => { ... });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  if (error) {
    fprintf(stderr, "exec error: %s\n", error->message);
    return;
  }
  printf("stdout: %s\n", result->out.bytes);
  fprintf(stderr, "stderr: %s\n", result->err.bytes);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  if (cp_exec(NULL, loop, "cat *.js missing_file | wc -l", &(cp_options){.on_result = on_result, .error = &error}) <
      0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
