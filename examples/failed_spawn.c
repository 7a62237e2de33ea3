/*
 * The twin of "Example of checking for failed `spawn`" of "child_process.spawn()": bad_command does not exist. The
 * error says at which step it failed, so that a missing directory is never taken for a missing program.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) {
  printf("Failed to start subprocess.\n");
  printf("%s at %s: %s\n", cp_err_name(error->code), cp_stage_name(error->stage), error->message);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.on_error = on_error, .error = &error};

  int rc = cp_spawn(NULL, loop, "bad_command", NULL, &options);
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    options.cwd = "/no/such/directory";
    rc = cp_spawn(NULL, loop, "ls", NULL, &options);
  }
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
