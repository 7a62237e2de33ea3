/*
 * The twin of "Leaving orphan processes after the parent exits" of the answer and of "Process Cleanup" of the article.
 * An exit handler does not run when the parent is killed; the kernel always does:
 *
 *   process.on('exit', () => child.kill());
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_spawn(cp_child *child, void *data) {
  printf("child pid %d\n", cp_child_pid(child));
  fflush(stdout);
  raise(SIGKILL); /* the parent has no time for anything */
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {
      .die_with_parent = SIGKILL, .stdio = CP_ALL_IGNORE, .on_spawn = on_spawn, .on_error = on_error, .error = &error};
  if (cp_spawn(NULL, loop, "sleep", CP_ARGS("300"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return EXIT_FAILURE; /* not reached */
}
