/*
 * The twin of "Different stdio configurations" of the internals page, its last line:
 *
 *   spawn('cmd', args, { stdio: ['pipe', fs.openSync('out.log', 'w'), 'pipe'] });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("stderr: %.*s", (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE("out.log"), CP_PIPE),
                        .on_stderr = on_stderr,
                        .on_error = on_error,
                        .error = &error};
  if (cp_spawn(NULL, loop, "sh", CP_ARGS("-c", "echo into the file; echo here >&2"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
