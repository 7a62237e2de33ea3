/*
 * The twin of "Using exec() for large output" of the answer: exec() keeps all of it and stops at 1 MiB, spawn() streams
 * any amount in constant memory.
 *
 *   exec('cat huge-file.txt', ...);                              // Wrong
 *   spawn('cat', ['huge-file.txt']).stdout.pipe(process.stdout); // Right
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  printf("exec: %s, %zu bytes kept\n", cp_err_name(error ? error->code : 0), result->out.length);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *total) { *(size_t *)total += length; }

static void on_close(cp_child *child, const cp_exit *ended, void *total) {
  printf("spawn: code %d, %zu bytes seen\n", ended->code, *(size_t *)total);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  const char *const *args = CP_ARGS("-c", "8388608", "/dev/zero");
  size_t total = 0;
  int rc = cp_exec_file(NULL, loop, "head", args, &(cp_options){.on_result = on_result});
  uv_run(loop, UV_RUN_DEFAULT);
  if (rc == 0) {
    rc =
        cp_spawn(NULL, loop, "head", args, &(cp_options){.on_stdout = on_stdout, .on_close = on_close, .data = &total});
    uv_run(loop, UV_RUN_DEFAULT);
  }
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
