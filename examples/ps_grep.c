/*
 * The twin of "A very elaborate way to run `ps ax | grep ssh`" of "child_process.spawn()": two children, and the parent
 * carries each chunk from the one to the other. The sample ignores what write() returns; here the reader's pace is
 * kept: ps is paused while grep's queue is long. ps_grep_forward.c does all of this in one call.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_drain(cp_stream *to, int status, void *ps_stdout) { cp_stream_resume(ps_stdout); }

static void on_ps_stdout(cp_child *ps, const char *bytes, size_t length, void *grep) {
  cp_stream *to = cp_child_stdin(grep);
  int rc = cp_stream_write(to, bytes, length, NULL, NULL);
  if (rc == 1) {
    cp_stream_pause(cp_child_stdout(ps));
    cp_stream_on_drain(to, on_drain, cp_child_stdout(ps));
  } else if (rc < 0) {
    cp_stream_close(cp_child_stdout(ps)); /* grep reads no more: ps need not go on */
  }
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  fwrite(bytes, 1, length, stdout);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  fprintf(stderr, "%s stderr: %.*s\n", cp_child_spawn_file(child), (int)length, bytes);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *data) {
  if (ended->code != 0) printf("%s process exited with code %d\n", cp_child_spawn_file(child), ended->code);
}

static void on_ps_close(cp_child *ps, const cp_exit *ended, void *grep) {
  on_close(ps, ended, NULL);
  cp_stream_end(cp_child_stdin(grep));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_child *grep = NULL, *ps = NULL;
  cp_options for_grep = {
      .on_stdout = on_stdout, .on_stderr = on_stderr, .on_error = on_error, .on_close = on_close, .error = &error};
  cp_options for_ps = {
      .on_stdout = on_ps_stdout, .on_stderr = on_stderr, .on_error = on_error, .on_close = on_ps_close};

  int rc = cp_spawn(&grep, loop, "grep", CP_ARGS("ssh"), &for_grep);
  if (rc == 0) {
    for_ps.data = grep;
    for_ps.error = &error;
    rc = cp_spawn(&ps, loop, "ps", CP_ARGS("ax"), &for_ps);
  }
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_child_free(ps);
  cp_child_free(grep);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
