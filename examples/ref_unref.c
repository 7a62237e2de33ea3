/*
 * The twin of "subprocess.ref()" and "subprocess.unref()": the loop does not wait for a child that is unref()ed, and
 * waits again after ref().
 *
 *   subprocess.unref();
 *   subprocess.ref();
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void exited(cp_child *child, const cp_exit *ended, void *data) { printf("the child has ended\n"); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *child;
  cp_options options = {
      .detached = true, .stdio = CP_ALL_IGNORE, .on_error = on_error, .on_exit = exited, .error = &error};
  if (cp_spawn(&child, loop, "sleep", CP_ARGS("300"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  cp_child_unref(child);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("after unref: the loop does not wait\n");

  cp_child_ref(child);
  int rc = cp_child_kill(child, SIGTERM);
  if (rc < 0) fprintf(stderr, "kill: %s\n", cp_strerror(rc));
  uv_run(loop, UV_RUN_DEFAULT);
  printf("after ref: it did\n");
  cp_child_free(child);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
