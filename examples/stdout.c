/*
 * The twin of "subprocess.stdout": a listener that is put on the stream itself.
 *
 *   const subprocess = spawn('ls');
 *   subprocess.stdout.on('data', (data) => { console.log(`Received chunk ${data}`); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_chunk(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  if (length > 0) {
    printf("Received chunk %.*s\n", (int)length, bytes);
  } else {
    printf("%s\n", length == 0 ? "end" : cp_strerror((int)length));
  }
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_child *ls;
  int rc = cp_spawn(&ls, loop, "ls", CP_ARGS("/"), NULL);
  if (rc == 0) {
    /* NULL, the stream of a child that did not start, is refused here. */
    rc = cp_stream_read(cp_child_stdout(ls), on_chunk, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    cp_child_free(ls);
  }
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
