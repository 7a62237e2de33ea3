/*
 * The twin of "subprocess.kill([signal])"'s second sample: "child processes of child processes will not be terminated
 * when attempting to kill their parent". The shell dies, what it started lives on. kill_group.c is the cure.
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *shell, const char *bytes, size_t length, void *grandchild) {
  *(int *)grandchild = atoi(bytes); /* one line, written in one go */
  int rc = cp_child_kill(shell, SIGTERM);
  if (rc < 0) fprintf(stderr, "kill: %s\n", cp_strerror(rc));
}

static void on_error(cp_child *shell, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void exited(cp_child *shell, const cp_exit *ended, void *grandchild) {
  int pid = *(int *)grandchild;
  printf("the shell: %s\n", ended->signal ? cp_signal_name(ended->signal) : "no signal");
  printf("what it started: %s\n", pid > 0 && kill(pid, 0) == 0 ? "still alive" : "gone");
  if (pid > 0) kill(pid, SIGKILL); /* on_close waits for it: it holds the shell's stdout */
}

static void on_close(cp_child *shell, const cp_exit *ended, void *data) { printf("closed\n"); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  int grandchild = 0;
  cp_error error;
  cp_options options = {.on_stdout = on_stdout,
                        .on_error = on_error,
                        .on_exit = exited,
                        .on_close = on_close,
                        .data = &grandchild,
                        .error = &error};
  if (cp_spawn(NULL, loop, "sh", CP_ARGS("-c", "sleep 300 & echo $!; wait"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
