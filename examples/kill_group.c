/*
 * The cure for "subprocess.kill([signal])"'s second sample (see kill_grandchild.c): give the child a process group of
 * its own and signal the whole group. on_close proves it: it comes when nobody holds the child's stdout any more.
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *shell, const char *bytes, size_t length, void *data) {
  int rc = cp_child_kill_group(shell, SIGTERM);
  if (rc < 0) fprintf(stderr, "kill: %s\n", cp_strerror(rc));
}

static void on_error(cp_child *shell, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *shell, const cp_exit *ended, void *data) {
  printf("the shell and all that it started: %s\n", ended->signal ? cp_signal_name(ended->signal) : "no signal");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.process_group = true, /* or .detached, for a session of its own */
                        .on_stdout = on_stdout,
                        .on_error = on_error,
                        .on_close = on_close,
                        .error = &error};
  if (cp_spawn(NULL, loop, "sh", CP_ARGS("-c", "sleep 300 & echo $!; wait"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
