/*
 * The twin of "subprocess.kill([signal])"'s first sample: send SIGHUP, and hear of it in the end.
 *
 *   grep.on('close', (code, signal) => {
 *     console.log(`child process terminated due to receipt of signal ${signal}`);
 *   });
 *   grep.kill('SIGHUP');
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *grep, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *grep, const cp_exit *ended, void *data) {
  if (ended->signal != 0) {
    printf("child process terminated due to receipt of signal %s\n", cp_signal_name(ended->signal));
  }
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *grep;
  if (cp_spawn(&grep, loop, "grep", CP_ARGS("ssh"),
               &(cp_options){.on_error = on_error, .on_close = on_close, .error = &error}) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  int rc = cp_child_kill(grep, SIGHUP); /* through its pidfd: never a process that got the number later */
  if (rc < 0) fprintf(stderr, "kill: %s\n", cp_strerror(rc));
  printf("killed: %s\n", cp_child_killed(grep) ? "true" : "false"); /* sent, not yet ended: exit is still NULL */
  printf("ended: %s\n", cp_child_exit(grep) ? "true" : "false");
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(grep);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
