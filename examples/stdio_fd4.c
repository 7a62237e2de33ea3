/*
 * The twin of "options.stdio"'s third sample: an extra fd 4, "to interact with programs presenting a startd-style
 * interface". Above fd 2 a pipe carries both ways.
 *
 *   spawn('prg', [], { stdio: ['pipe', null, null, null, 'pipe'] });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_reply(cp_stream *control, const char *bytes, ssize_t length, void *data) {
  if (length > 0) {
    printf("fd %d says: %.*s", cp_stream_index(control), (int)length, bytes);
  } else if (length < 0) {
    fprintf(stderr, "%s\n", cp_strerror((int)length));
  }
}

static void on_spawn(cp_child *child, void *data) {
  cp_stream *control = cp_child_stream(child, 4);
  int rc = cp_stream_read(control, on_reply, NULL);
  if (rc == 0) rc = cp_stream_write(control, "start\n", 6, NULL, NULL);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_DEFAULT, CP_DEFAULT, CP_DEFAULT, CP_PIPE),
                        .on_spawn = on_spawn,
                        .on_error = on_error,
                        .error = &error};
  if (cp_spawn(NULL, loop, "sh", CP_ARGS("-c", "read verb <&4; echo \"$verb: done\" >&4"), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
