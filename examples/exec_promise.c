/*
 * The twin of "child_process.exec()"'s sample with util.promisify(): the outcome is kept in an object, which is
 * awaited. C has no promises, but the loop can be run until a flag is set; other events go on meanwhile. A failed
 * command gives its error *and* its output, as the reference says of the rejected promise.
 *
 *   const { stdout, stderr } = await exec('ls');
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct promise {
  bool settled;
  int code;      /* 0: fulfilled */
  char *out;     /* a copy: the result itself is gone after on_result */
  char why[512]; /* the error's sentence */
} promise;

static void settle(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  promise *p = data;
  p->settled = true;
  p->code = error ? error->code : 0;
  p->out = strdup(result->out.bytes ? result->out.bytes : "");
  snprintf(p->why, sizeof p->why, "%s", error ? error->message : "");
}

static promise await_exec(uv_loop_t *loop, const char *command) {
  promise p = {0};
  cp_error error;
  int rc = cp_exec(NULL, loop, command, &(cp_options){.on_result = settle, .data = &p, .error = &error});
  if (rc < 0) {
    p.code = rc;
    memcpy(p.why, error.message, sizeof p.why);
    return p;
  }
  while (!p.settled) uv_run(loop, UV_RUN_ONCE);
  return p;
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  const char *commands[] = {"ls", "echo so far so good; exit 3"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    promise p = await_exec(loop, commands[i]);
    printf("stdout: %s\n", p.out ? p.out : "");
    if (p.code != 0) printf("rejected: %s: %s\n", cp_err_name(p.code), p.why);
    free(p.out);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* the last handles close */
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
