/*
 * The twin of "subprocess.pid":
 *
 *   const grep = spawn('grep', ['ssh']);
 *   console.log(`Spawned child pid: ${grep.pid}`);
 *   grep.stdin.end();
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *grep, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *grep;
  if (cp_spawn(&grep, loop, "grep", CP_ARGS("ssh"), &(cp_options){.on_error = on_error, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("Spawned child pid: %d\n", cp_child_pid(grep)); /* 0 if it could not be started: then on_error tells why */
  if (cp_child_stdin(grep) != NULL) cp_stream_end(cp_child_stdin(grep));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(grep);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
