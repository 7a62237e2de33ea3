/*
 * The twin of "Debugging IPC" of the internals page: every message, in and out, is printed on its way. No wrapper around
 * child.send is needed: the channel tells.
 *
 *   child.on('message', (msg) => { console.log('[IPC] Received:', JSON.stringify(msg)); });
 *   child.send = (msg, ...args) => { console.log('[IPC] Sending:', JSON.stringify(msg)); ... };
 *
 * The child is this program again, or the argument: `ipc_trace ./ipc_trace.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

/* The payload is what goes through the socket: JSON text here. The protocol's own messages are left out. */
static void on_trace(cp_channel *channel, const cp_trace *trace, void *data) {
  if (trace->internal) return;
  printf("[IPC] %s: %.*s\n", trace->outgoing ? "Sending" : "Received", (int)trace->length,
         (const char *)trace->payload);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  cp_channel *channel = cp_child_channel(child);
  double n = cp_value_number(cp_message_value(message));
  if (n < 4)
    cp_send(channel, cp_number(n + 1), NULL);
  else
    cp_channel_disconnect(channel);
}

/* The child doubles numbers. */
static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  int rc = cp_send(parent, cp_number(2 * cp_value_number(cp_message_value(message))), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *child;
  cp_error error;
  int rc = cp_fork(&child, loop, module, NULL,
                   &(cp_options){.on_error = on_error, .on_message = on_message, .error = &error});
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_channel_on_trace(cp_child_channel(child), on_trace, NULL);
  rc = cp_send(cp_child_channel(child), cp_number(1), NULL);
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
  } else {
    rc = run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
