/*
 * The twin of "subprocess.channel", "subprocess.connected" and "subprocess.disconnect()": what they say before and after.
 * Nothing but the channel keeps the worker alive, so it ends when the parent disconnects.
 *
 *   subprocess.on('message', () => { subprocess.disconnect(); });
 *   subprocess.on('disconnect', () => { ... subprocess.connected is false ... });
 *
 * The worker is this program again, or the argument: `disconnect ./disconnect.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *when, const cp_child *worker) {
  printf("%s: %s, %s\n", when, cp_child_channel(worker) ? "a channel" : "no channel",
         cp_child_connected(worker) ? "connected" : "not connected");
}

static void on_message(cp_child *worker, cp_message *message, void *data) {
  say("The worker is ready", worker);
  cp_channel_disconnect(cp_child_channel(worker));
  say("disconnect() was called", worker);
  printf("Sending says: %s\n", cp_strerror(cp_send(cp_child_channel(worker), cp_number(1), NULL)));
}

static void on_disconnect(cp_child *worker, void *data) { printf("Event: disconnect\n"); }

static void on_close(cp_child *worker, const cp_exit *ended, void *data) {
  printf("Event: close, %s, %d\n", cp_reason_name(ended->reason), ended->code);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *worker;
  cp_error error;
  cp_options options = {.on_error = on_error,
                        .on_message = on_message,
                        .on_disconnect = on_disconnect,
                        .on_close = on_close,
                        .error = &error};
  int rc = cp_fork(&worker, loop, module, NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(worker);
  return 0;
}

/* process.on('message', () => {}) is what keeps a worker: without a listener the channel lets the loop end. */
static void worker_on_message(cp_channel *parent, cp_message *message, void *data) {}

static int run_worker(uv_loop_t *loop, cp_channel *parent) {
  int rc = cp_send(parent, cp_boolean(true), NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  if (cp_channel_connected(parent)) rc = UV_EISCONN; /* the status would tell */
  cp_channel_free(parent);
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = worker_on_message}) == 0
               ? run_worker(loop, parent)
               : run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
