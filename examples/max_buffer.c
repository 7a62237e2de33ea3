/*
 * The twin of "Resource Management" of the article and of "Using exec() for large output" of the answer: what may
 * happen at the limit. Unlike Node's, our spawn() heeds it too.
 *
 *   const child = spawn('command', [], { stdio: 'pipe', maxBuffer: 1024 * 1024 });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show(const char *what, cp_overflow overflow) {
  cp_result result;
  int rc =
      cp_exec_file_sync(&result, "seq", CP_ARGS("1000"), &(cp_options){.max_buffer_bytes = 9, .overflow = overflow});
  printf("%s: %s, \"%.*s ...\", reason %s\n", what, cp_err_name(rc), (int)strcspn(result.out.bytes, "\n"),
         result.out.bytes, cp_reason_name(result.exit.reason));
  cp_result_dispose(&result);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *total) { *(size_t *)total += length; }

static void on_close(cp_child *child, const cp_exit *ended, void *total) {
  printf("spawn: reason %s, %zu bytes seen\n", cp_reason_name(ended->reason), *(size_t *)total);
}

int main(void) {
  show("kill", CP_OVERFLOW_KILL);
  show("truncate", CP_OVERFLOW_TRUNCATE);
  show("keep the tail", CP_OVERFLOW_KEEP_TAIL);

  uv_loop_t *loop = uv_default_loop();
  size_t total = 0;
  int rc = cp_spawn(
      NULL, loop, "yes", NULL,
      &(cp_options){.max_buffer_bytes = 1024 * 1024, .on_stdout = on_stdout, .on_close = on_close, .data = &total});
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  uv_run(loop, UV_RUN_DEFAULT);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
