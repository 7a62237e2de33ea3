/*
 * The twin of "child_process.exec()"'s samples on special characters:
 *
 *   exec('"/path/to/test file/test.sh" arg1 arg2');   // the quotes keep the space inside one word
 *   exec('echo "The \\$HOME variable is $HOME"');     // escaped in the first instance, not in the second
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

/* Runs one command to its end, so that the outputs come in order. */
static int run(uv_loop_t *loop, const char *command) {
  cp_error error;
  int rc = cp_exec(NULL, loop, command, &(cp_options){.on_result = on_result, .error = &error});
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  return uv_run(loop, UV_RUN_DEFAULT);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  int rc = run(loop, "\"./test file/test.sh\" arg1 arg2");
  if (rc == 0) rc = run(loop, "echo \"The \\$HOME variable is $HOME\"");
  if (rc == 0) rc = uv_loop_close(loop);
  return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
