/*
 * The twin of "execFile - no shell, direct binary execution" of the course: no expansion, no pipes, no chaining.
 *
 *   execFile('/usr/bin/node', ['-e', 'console.log("hello")'], (error, stdout) => { console.log(stdout); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  if (error) {
    fprintf(stderr, "%s\n", error->message);
  } else {
    fputs(result->out.bytes, stdout);
  }
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  if (cp_exec_file(NULL, loop, "node", CP_ARGS("-e", "console.log('hello; $HOME | wc')"),
                   &(cp_options){.on_result = on_result, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
