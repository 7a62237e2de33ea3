/*
 * The twin of "subprocess.channel.unref()" and "subprocess.channel.ref()": whether the parent's loop waits for an open
 * channel. The child counts for itself, so both are let go and both are taken back.
 *
 *   subprocess.unref(); subprocess.channel.unref(); // the parent may end now
 *   subprocess.ref(); subprocess.channel.ref();     // it waits again
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  int rc = cp_send(parent, cp_message_value(message), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  printf("The child answers: %s\n", cp_message_json(message, NULL));
  cp_channel_disconnect(cp_child_channel(child));
}

static void on_close(cp_child *child, const cp_exit *ended, void *data) { printf("The child has ended\n"); }

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *child;
  cp_error error;
  cp_options options = {.on_error = on_error, .on_message = on_message, .on_close = on_close, .error = &error};
  int rc = cp_fork(&child, loop, module, NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_channel *channel = cp_child_channel(child);
  cp_child_unref(child);
  cp_channel_unref(channel);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("The loop has ended, the child is %s\n", cp_child_connected(child) ? "connected" : "gone");

  cp_child_ref(child);
  cp_channel_ref(channel);
  rc = cp_send(channel, cp_number(42), NULL);
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
    rc = run_parent(loop, argv[0]);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
