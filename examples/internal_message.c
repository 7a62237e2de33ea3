/*
 * The twin of the remark of "subprocess.send()" on { cmd: 'NODE_foo' }: such messages are reserved. They are no messages
 * for the program, but reach those who listen for 'internalMessage'.
 *
 *   process.on('message', ...); process.on('internalMessage', ...);
 *
 * The child is this program again, or the argument: `internal_message ./internal_message.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  printf("message: %s\n", cp_message_json(message, NULL));
}

/* The protocol's own come here, too. */
static void child_on_internal(cp_channel *parent, cp_message *message, void *data) {
  cp_value cmd = cp_value_get(cp_message_value(message), "cmd");
  if (cp_value_string_is(cmd, "NODE_foo")) printf("internalMessage: %s\n", cp_message_json(message, NULL));
}

static int run_child(uv_loop_t *loop, cp_channel *parent) {
  cp_channel_on_internal(parent, child_on_internal, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(parent);
  return 0;
}

static int send_text(cp_channel *child, const char *text) { return cp_send_json(child, text, strlen(text), NULL); }

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *child;
  cp_error error;
  int rc = cp_fork(&child, loop, module, NULL, &(cp_options){.on_error = on_error, .error = &error});
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_channel *channel = cp_child_channel(child);
  rc = send_text(channel, "{\"cmd\":\"foo\"}");
  if (rc >= 0) rc = send_text(channel, "{\"cmd\":\"NODE_foo\"}");
  cp_channel_disconnect(channel); /* when both are written */
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = child_on_message}) == 0
               ? run_child(loop, parent)
               : run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
