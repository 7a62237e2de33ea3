/*
 * The twin of "child_process.execFile()"'s sample, and of its util.promisify()ed form getVersion():
 *
 *   const child = execFile('node', ['--version'], (error, stdout, stderr) => { ... });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  int *status = data;
  if (error) {
    fprintf(stderr, "%s\n", error->message);
    *status = EXIT_FAILURE;
    return;
  }
  fputs(result->out.bytes, stdout);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  int status = EXIT_SUCCESS;
  cp_error error;
  if (cp_exec_file(NULL, loop, "node", CP_ARGS("--version"),
                   &(cp_options){.on_result = on_result, .data = &status, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? status : EXIT_FAILURE;
}
