/*
 * The twin of "streaming a large log file with spawn()" of the answer: filter a log into a file. The parent need not
 * touch a single byte: the file is the child's stdout. (To see the bytes pass, use a pipe and cp_stream_forward_fd().)
 *
 *   const grep = spawn('grep', ['ERROR', '/var/log/app.log']);
 *   grep.stdout.pipe(fs.createWriteStream('errors.txt'));
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_error(cp_child *grep, const cp_error *error, void *data) {
  fprintf(stderr, "grep failed to start: %s\n", error->message);
}

static void on_close(cp_child *grep, const cp_exit *ended, void *data) {
  if (ended->code == 0) {
    printf("Done, errors.txt written\n");
  } else {
    fprintf(stderr, "grep exited with code %d\n", ended->code);
  }
}

int main(int argc, char **argv) {
  const char *log = argc > 1 ? argv[1] : "/var/log/app.log";
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_WRITE_FILE("errors.txt"), CP_INHERIT),
                        .on_error = on_error,
                        .on_close = on_close,
                        .error = &error};
  if (cp_spawn(NULL, loop, "grep", CP_ARGS("-e", "ERROR", "--", log), &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("Filtering started...\n"); /* the loop is not blocked */
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
