/*
 * The twin of "BAD: Large messages" of the internals page, where it is no longer bad: a buffer of 64 MiB in one message.
 * To a child that is known to use this library it goes in sealed shared memory, to Node through the socket.
 *
 *   child.send({ data: largeBuffer }); // May fail or be slow
 *
 * The child is this program again, or the argument: `send_large ./send_large.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 64 << 20 };

/* The child adds up the bytes: they are read where they arrived. */
static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  size_t length;
  const unsigned char *bytes = cp_value_bytes(cp_value_get(cp_message_value(message), "data"), &length);
  double sum = 0;
  for (size_t i = 0; bytes && i < length; i++) sum += bytes[i];
  int rc = cp_send(parent, cp_number(sum), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  printf("The sum of %d bytes is %.0f\n", BYTES, cp_value_number(cp_message_value(message)));
  cp_channel_disconnect(cp_child_channel(child));
}

/* The bytes are not copied into the value, but when they are sent. */
static int send_large(cp_channel *child, const void *bytes) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value data = cp_view_borrowed(heap, CP_VIEW_BUFFER, bytes, BYTES);
  int rc = cp_send(child, cp_value_set(cp_object(heap), "data", data), NULL);
  cp_heap_free(heap);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module, bool is_library) {
  void *bytes = malloc(BYTES);
  if (bytes == NULL) return UV_ENOMEM;
  memset(bytes, 1, BYTES);
  cp_child *child;
  cp_options options = {.on_error = on_error,
                        .serialization = CP_SERIALIZATION_ADVANCED,
                        .peer_is_library = is_library,
                        .on_message = on_message};
  int rc = cp_fork(&child, loop, module, NULL, &options);
  if (rc == 0) {
    rc = send_large(cp_child_channel(child), bytes);
    if (rc < 0) cp_channel_disconnect(cp_child_channel(child));
    uv_run(loop, UV_RUN_DEFAULT);
    cp_child_free(child);
  }
  free(bytes);
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
    rc = argc > 1 ? run_parent(loop, argv[1], false) : run_parent(loop, argv[0], true);
  }
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
