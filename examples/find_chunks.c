/*
 * The twin of "spawn - streams stdout as data arrives" of the course, and of the answer's quick example: the loop stays
 * free while the chunks come.
 *
 *   const child = spawn('find', ['/', '-name', '*.log']);
 *   child.stdout.on('data', (data) => { console.log(`stdout chunk: ${data.length} bytes`); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("stdout chunk: %zu bytes\n", length);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  fprintf(stderr, "stderr: %.*s", (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void exited(cp_child *child, const cp_exit *ended, void *data) {
  const char *name = cp_signal_name(ended->signal);
  printf("child exited with code %d, signal %s\n", ended->code, name ? name : "none");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {
      .on_stdout = on_stdout, .on_stderr = on_stderr, .on_error = on_error, .on_exit = exited, .error = &error};
  if (cp_spawn(NULL, loop, "find", CP_ARGS("/etc", "-maxdepth", "1", "-name", "*.conf"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("Main thread not blocked\n");
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
