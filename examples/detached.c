/*
 * The twin of "options.detached"'s first sample: a long-running process in a session of its own, with nothing of the
 * parent's stdio, and a parent that does not wait for it.
 *
 *   const subprocess = spawn(process.argv[0], ['child_program.js'], { detached: true, stdio: 'ignore' });
 *   subprocess.unref();
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *child;
  if (cp_spawn(&child, loop, "sleep", CP_ARGS("300"),
               &(cp_options){.detached = true, .stdio = CP_ALL_IGNORE, .on_error = on_error, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  cp_child_unref(child);
  uv_run(loop, UV_RUN_DEFAULT); /* returns although the child runs */

  int pid = cp_child_pid(child); /* 0: it could not be started */
  if (pid != 0) printf("left running: pid %d\n", pid);
  cp_child_free(child);

  /* A program that ends here may just end. One that goes on without this loop lets go of the child before: */
  int rc = cp_loop_release(loop);
  uv_run(loop, UV_RUN_DEFAULT);
  return pid != 0 && rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
