/*
 * The twin of "Check if process is still alive" of the internals page. kill(pid, 0) may ask about another process that
 * got the number; the child itself knows:
 *
 *   if (child.exitCode === null && child.signalCode === null) { ... }
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_child *child;
  int rc = cp_spawn(&child, loop, "sleep", CP_ARGS("300"), &(cp_options){.stdio = CP_ALL_IGNORE});
  if (rc < 0) {
    fprintf(stderr, "%s\n", cp_strerror(rc));
    return EXIT_FAILURE;
  }
  printf("alive: %s\n", cp_child_exit(child) == NULL ? "yes" : "no");
  printf("kill: %s\n", cp_err_name(cp_child_kill(child, SIGKILL)));
  uv_run(loop, UV_RUN_DEFAULT);
  printf("alive: %s\n", cp_child_exit(child) == NULL ? "yes" : "no");
  printf("kill: %s\n", cp_err_name(cp_child_kill(child, SIGKILL))); /* nobody else was hit */
  cp_child_free(child);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
