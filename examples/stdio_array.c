/*
 * The twin of "subprocess.stdio": only fd 1 is a pipe, so only it has a stream.
 *
 *   const subprocess = child_process.spawn('ls', {
 *     stdio: [
 *       0, // Use parent's stdin for child.
 *       'pipe', // Pipe child's stdout to parent.
 *       fs.openSync('err.out', 'w'), // Direct child's stderr to a file.
 *     ]
 *   });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void show(const char *name, const cp_stream *stream, const cp_stream *same) {
  printf("%s: %s%s\n", name, stream ? "a stream" : "null", stream == same ? ", the same by its number" : "");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *ls;
  cp_options options = {
      .stdio = CP_STDIO(CP_FD(0), CP_PIPE, CP_WRITE_FILE("err.out")), .on_error = on_error, .error = &error};
  if (cp_spawn(&ls, loop, "ls", NULL, &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  show("stdin", cp_child_stdin(ls), cp_child_stream(ls, 0));
  show("stdout", cp_child_stdout(ls), cp_child_stream(ls, 1));
  show("stderr", cp_child_stderr(ls), cp_child_stream(ls, 2));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(ls);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
