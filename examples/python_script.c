/*
 * The twin of "Running a Python Script" of the article:
 *
 *   const pythonProcess = spawn('python', ['script.py']);
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("Python script output: %.*s", (int)length, bytes);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  fprintf(stderr, "Python script error: %.*s", (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(int argc, char **argv) {
  const char *script = argc > 1 ? argv[1] : "script.py";
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.on_stdout = on_stdout, .on_stderr = on_stderr, .on_error = on_error, .error = &error};
  if (cp_spawn(NULL, loop, "python3", CP_ARGS(script), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
