/*
 * The twin of "Assuming fork() shares memory with the parent": a message is a copy. What the child does to it, the parent
 * sees only if it is sent back.
 *
 *   const sharedData = { count: 0 };
 *   child.send(sharedData); // child modifies count, parent sees nothing
 *   child.on('message', (updatedData) => { console.log('Parent received:', updatedData); });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *label, cp_value value) {
  char *text = cp_value_inspect(value, NULL);
  printf("%s %s\n", label, text ? text : "?");
  cp_free(text);
}

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  cp_value shared = cp_message_value(message);
  cp_value_set(shared, "count", cp_number(cp_value_number(cp_value_get(shared, "count")) + 1));
  int rc = cp_send(parent, shared, NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  cp_value *shared = data;
  print("Parent received:", cp_message_value(message));
  print("The parent's own:", *shared);
  cp_channel_disconnect(cp_child_channel(child));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value shared = cp_value_set(cp_object(heap), "count", cp_number(0));
  cp_child *child;
  cp_error error;
  cp_options options = {.on_error = on_error, .on_message = on_message, .data = &shared, .error = &error};
  int rc = cp_fork(&child, loop, module, NULL, &options);
  if (rc == 0) {
    rc = cp_send(cp_child_channel(child), shared, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    cp_child_free(child);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_heap_free(heap);
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
