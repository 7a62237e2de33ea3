/*
 * The twin of the events of a ChildProcess with a channel: what a worker has sent before it ended comes before 'exit'; when
 * 'close' comes, nothing comes any more. 'disconnect' and 'exit' have no fixed order.
 *
 *   subprocess.on('spawn', ...).on('message', ...).on('disconnect', ...).on('exit', ...).on('close', ...);
 *
 * The worker is this program again, or the argument: `fork_events ./fork_events.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_spawn(cp_child *worker, void *data) { printf("spawn\n"); }

static void on_error(cp_child *worker, const cp_error *error, void *data) { printf("error: %s\n", error->message); }

static void on_message(cp_child *worker, cp_message *message, void *data) {
  printf("message: %s\n", cp_message_json(message, NULL));
}

static void on_disconnect(cp_child *worker, void *data) { printf("disconnect\n"); }

static void on_ended(cp_child *worker, const cp_exit *ended, void *data) { printf("exit: %d\n", ended->code); }

static void on_close(cp_child *worker, const cp_exit *ended, void *data) { printf("close: %d\n", ended->code); }

/* Nobody needs the child but its callbacks: it frees itself. */
static int run_parent(uv_loop_t *loop, const char *module) {
  cp_error error;
  cp_options options = {.on_spawn = on_spawn,
                        .on_error = on_error,
                        .on_message = on_message,
                        .on_disconnect = on_disconnect,
                        .on_exit = on_ended,
                        .on_close = on_close,
                        .error = &error};
  int rc = cp_fork(NULL, loop, module, NULL, &options);
  if (rc < 0) fprintf(stderr, "%s\n", error.message);
  return rc;
}

/* process.send('first'); process.send('last'); process.disconnect(); process.exitCode = 3; */
static void run_worker(cp_channel *parent) {
  cp_send_json(parent, "\"first\"", 7, NULL);
  cp_send_json(parent, "\"last\"", 6, NULL);
  cp_channel_disconnect(parent);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent = NULL;
  int rc = 0;
  if (cp_parent_channel(&parent, loop, NULL) == 0)
    run_worker(parent);
  else
    rc = run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT);
  bool is_worker = parent != NULL;
  cp_channel_free(parent);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  if (rc < 0 || uv_loop_close(loop) < 0) return EXIT_FAILURE;
  return is_worker ? 3 : EXIT_SUCCESS;
}
