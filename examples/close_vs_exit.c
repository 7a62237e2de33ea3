/*
 * The twin of "Event: 'close'": `exit` tells the end of the process, `close` that of its stdio too.
 *
 *   ls.on('close', (code) => { console.log(`child process close all stdio with code ${code}`); });
 *   ls.on('exit', (code) => { console.log(`child process exited with code ${code}`); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *ls, const char *bytes, size_t length, void *data) {
  printf("stdout: %.*s\n", (int)length, bytes);
}

static void on_error(cp_child *ls, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void exited(cp_child *ls, const cp_exit *ended, void *data) {
  printf("child process exited with code %d\n", ended->code);
}

static void on_close(cp_child *ls, const cp_exit *ended, void *data) {
  printf("child process close all stdio with code %d\n", ended->code);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {
      .on_stdout = on_stdout, .on_error = on_error, .on_exit = exited, .on_close = on_close, .error = &error};
  if (cp_spawn(NULL, loop, "ls", CP_ARGS("-lh", "/usr"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
