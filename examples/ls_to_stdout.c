/*
 * The twin of "BETTER: spawn with streaming" of the internals page: the child's stdout goes to ours, chunk by chunk,
 * inside the kernel where it can.
 *
 *   spawn('ls', ['-la']).stdout.pipe(process.stdout);
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void on_forwarded(cp_stream *from, int status, void *data) {
  if (status < 0) fprintf(stderr, "forwarding: %s\n", cp_strerror(status));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_child *ls;
  int rc = cp_spawn(&ls, loop, "ls", CP_ARGS("-la", "/"), NULL);
  if (rc == 0) {
    rc = cp_stream_forward_fd(cp_child_stdout(ls), STDOUT_FILENO, on_forwarded, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    cp_child_free(ls);
  }
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
