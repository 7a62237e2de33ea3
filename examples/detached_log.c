/*
 * The twin of "options.detached"'s second sample: a detached process whose output goes to a file.
 *
 *   const out = fs.openSync('./out.log', 'a');
 *   const err = fs.openSync('./out.log', 'a');
 *   const subprocess = spawn('prg', [], { detached: true, stdio: [ 'ignore', out, err ] });
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
  /* SAME_AS is `2>&1`: one open file for both, where the sample opens it twice. */
  cp_options options = {.detached = true,
                        .stdio = CP_STDIO(CP_IGNORE, CP_APPEND_FILE("./out.log"), CP_SAME_AS(1)),
                        .on_error = on_error,
                        .error = &error};
  if (cp_spawn(&child, loop, "sh", CP_ARGS("-c", "echo to stdout; echo to stderr >&2"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  cp_child_unref(child);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("left running: pid %d\n", cp_child_pid(child));
  cp_child_free(child);
  return EXIT_SUCCESS; /* the child outlives this program */
}
