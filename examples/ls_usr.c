/*
 * The twin of the first sample of "Child process", which is also that of "child_process.spawn()": run `ls -lh /usr`
 * and print its stdout, its stderr and its exit code.
 *
 *   const ls = spawn('ls', ['-lh', '/usr']);
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("stdout: %.*s\n", (int)length, bytes);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  fprintf(stderr, "stderr: %.*s\n", (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *data) {
  printf("child process exited with code %d\n", ended->code);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {
      .on_stdout = on_stdout, .on_stderr = on_stderr, .on_error = on_error, .on_close = on_close, .error = &error};

  /* Without a place for the child it frees itself after on_close. */
  if (cp_spawn(NULL, loop, "ls", CP_ARGS("-lh", "/usr"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
