/*
 * The twin of "options.stdio"'s second sample: pipes for stdin and stdout, the parent's own stderr.
 *
 *   spawn('prg', [], { stdio: ['pipe', 'pipe', process.stderr] });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("stdout: %.*s", (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *child;
  if (cp_spawn(&child, loop, "sh", CP_ARGS("-c", "read line; echo \"$line\"; echo \"shared: $line\" >&2"),
               &(cp_options){.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_FD(STDERR_FILENO)),
                             .on_stdout = on_stdout,
                             .on_error = on_error,
                             .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  int rc = cp_stream_write(cp_child_stdin(child), "hello\n", 6, NULL, NULL);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  cp_stream_end(cp_child_stdin(child));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc >= 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
