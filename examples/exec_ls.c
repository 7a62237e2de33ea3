/*
 * The twin of "Using exec()" of the article "Building a child process in Node.js", and of "exec - buffers everything
 * into one string" of the course: `ls -lh /usr` as one string.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  if (error) {
    fprintf(stderr, "exec error: %s\n", error->message);
    return;
  }
  printf("stdout:\n%s", result->out.bytes);
  if (result->err.length > 0) fprintf(stderr, "stderr:\n%s", result->err.bytes);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  if (cp_exec(NULL, loop, "ls -lh /usr", &(cp_options){.on_result = on_result, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
