/*
 * "A very elaborate way to run `ps ax | grep ssh`" of "child_process.spawn()" once more, the short way:
 * cp_stream_forward() is the sample's three handlers, with backpressure, and the bytes stay inside the kernel.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_bytes(cp_child *child, const char *bytes, size_t length, void *to) { fwrite(bytes, 1, length, to); }

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *to) {
  if (ended->code != 0) printf("%s process exited with code %d\n", cp_child_spawn_file(child), ended->code);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error = {0};
  cp_child *ps = NULL, *grep = NULL;
  cp_options for_ps = {.on_stderr = on_bytes, .on_error = on_error, .on_close = on_close, .data = stderr};
  cp_options for_grep = for_ps;
  for_grep.on_stdout = on_bytes;
  for_grep.data = stdout;
  for_ps.error = for_grep.error = &error;

  int rc = cp_spawn(&ps, loop, "ps", CP_ARGS("ax"), &for_ps);
  if (rc == 0) rc = cp_spawn(&grep, loop, "grep", CP_ARGS("ssh"), &for_grep);
  if (rc == 0) rc = cp_stream_forward(cp_child_stdout(ps), cp_child_stdin(grep), NULL, NULL);
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
  } else {
    fprintf(stderr, "%s\n", error.code != 0 ? error.message : cp_strerror(rc));
  }
  cp_child_free(ps);
  cp_child_free(grep);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
