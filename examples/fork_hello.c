/*
 * The twin of "Using fork()" of the article "Building a child process in Node.js": a message, and the word that it came.
 *
 *   const child = fork('child.js');
 *   child.on('message', (message) => { console.log('Message from child:', message); });
 *   child.send({ hello: 'world' });
 *
 * The child is this program again, or the argument: `fork_hello ./fork_hello.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *whence, cp_message *message) {
  char *text = cp_value_inspect(cp_message_value(message), NULL);
  printf("Message from %s: %s\n", whence, text ? text : "?");
  cp_free(text);
}

/* child.js: process.on('message', (message) => { ...; process.send({ received: true }); }). */
static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  print("parent", message);
  cp_heap *heap = cp_heap_new(NULL);
  int rc = cp_send(parent, cp_value_set(cp_object(heap), "received", cp_boolean(true)), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  print("child", message);
  cp_channel_disconnect(cp_child_channel(child)); /* nothing more to say: the child ends */
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
  cp_heap *heap = cp_heap_new(NULL);
  rc = cp_send(cp_child_channel(child), cp_value_set(cp_object(heap), "hello", cp_string(heap, "world")), NULL);
  cp_heap_free(heap);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* both processes print to it */
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
