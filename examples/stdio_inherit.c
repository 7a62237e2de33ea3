/*
 * The twin of "options.stdio"'s first sample: the child uses the parent's stdin, stdout and stderr.
 *
 *   spawn('prg', [], { stdio: 'inherit' });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *data) { *(int *)data = ended->code; }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  int code = -1;
  cp_error error;
  if (cp_spawn(
          NULL, loop, "sh", CP_ARGS("-c", "read line; echo \"out: $line\"; echo \"err: $line\" >&2; exit 3"),
          &(cp_options){
              .stdio = CP_ALL_INHERIT, .on_error = on_error, .on_close = on_close, .data = &code, .error = &error}) <
      0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  printf("code %d\n", code);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
