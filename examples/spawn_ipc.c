/*
 * The twin of `spawn('cmd', args, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })`: any program gets a channel, beside pipes.
 * What the child is told over the channel it prints to its stdout.
 *
 * The child is this program again, or a Node script, the argument: `spawn_ipc ./spawn_ipc.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  printf("told over the channel: %s\n", cp_value_string(cp_message_value(message), NULL));
  fflush(stdout);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  printf("stdout: %.*s", (int)length, bytes);
  cp_channel_disconnect(cp_child_channel(child));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *data) { printf("closed: %d\n", ended->code); }

static int run_parent(uv_loop_t *loop, const char *program, const char *const *args) {
  cp_child *child;
  cp_error error;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_IPC),
                        .on_stdout = on_stdout,
                        .on_error = on_error,
                        .on_close = on_close,
                        .error = &error};
  int rc = cp_spawn(&child, loop, program, args, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_heap *heap = cp_heap_new(NULL);
  rc = cp_send(cp_child_channel(child), cp_string(heap, "hello"), NULL);
  cp_heap_free(heap);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = child_on_message});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else if (argc > 1) {
    rc = run_parent(loop, "node", CP_ARGS(argv[1]));
  } else {
    rc = run_parent(loop, argv[0], NULL);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
