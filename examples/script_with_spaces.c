/*
 * The twin, on Unix, of "Spawning .bat and .cmd files on Windows": a script whose name has a space, once as a shell
 * command that must quote it, once through `shell: true`, once without any shell, where nothing needs quotes.
 *
 *   const bat = spawn('"my script.cmd"', ['a', 'b'], { shell: true });
 *   exec('"my script.cmd" a b', (err, stdout, stderr) => { ... });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  fwrite(bytes, 1, length, stdout);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void exited(cp_child *child, const cp_exit *ended, void *data) {
  printf("Child exited with code %d\n", ended->code);
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  fputs(error ? error->message : result->out.bytes, stdout);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_options streamed = {.on_stdout = on_stdout, .on_error = on_error, .on_exit = exited};
  cp_options in_shell = streamed;
  in_shell.shell = CP_SHELL;

  int rc = cp_spawn(NULL, loop, "./my script.sh", CP_ARGS("a", "b c"), &streamed);
  uv_run(loop, UV_RUN_DEFAULT);
  if (rc == 0) rc = cp_spawn(NULL, loop, "'./my script.sh'", CP_ARGS("a", "b c"), &in_shell);
  uv_run(loop, UV_RUN_DEFAULT);
  if (rc == 0) rc = cp_exec(NULL, loop, "'./my script.sh' a 'b c'", &(cp_options){.on_result = on_result});
  uv_run(loop, UV_RUN_DEFAULT);

  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
