/*
 * The twin of runCommand() of the course ("Error Handling - Exit Codes and Stderr"): one call, one answer. The sample
 * takes every SIGTERM for a timeout and forgets to wait for the rest of the output; cp_exec_file() does neither.
 *
 *   const result = await runCommand('node', ['-e', 'process.exit(1)'], { timeout: 5000 });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  if (error == NULL) {
    printf("ok: %s", result->out.bytes);
  } else if (result->pid == 0) {
    printf("Failed to spawn: %s\n", error->message);
  } else if (error->code == CP_ETIMEDOUT) {
    printf("Process timed out: %s\n", error->message);
  } else {
    printf("Command failed: %s\nstderr: %s", error->message, result->err.bytes);
  }
}

static int run_command(uv_loop_t *loop, const char *file, const char *const *args, uint64_t timeout_ms) {
  cp_error error;
  int rc = cp_exec_file(
      NULL, loop, file, args,
      &(cp_options){.timeout_ms = timeout_ms ? timeout_ms : 30000, .on_result = on_result, .error = &error});
  if (rc < 0) fprintf(stderr, "%s\n", error.message);
  uv_run(loop, UV_RUN_DEFAULT);
  return rc;
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  int rc = run_command(loop, "echo", CP_ARGS("hello"), 0);
  if (rc == 0) rc = run_command(loop, "sh", CP_ARGS("-c", "echo oops >&2; exit 1"), 5000);
  if (rc == 0) rc = run_command(loop, "sh", CP_ARGS("-c", "kill -TERM $$"), 5000); /* no timeout */
  if (rc == 0) rc = run_command(loop, "sleep", CP_ARGS("300"), 50);
  if (rc == 0) rc = run_command(loop, "bad_command", NULL, 0);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
