/*
 * The twin of the sample of "subprocess.send()": a message each way. NaN is null on the other side, as JSON has none.
 *
 *   const n = cp.fork(`${__dirname}/sub.js`);
 *   n.on('message', (m) => { console.log('PARENT got message:', m); });
 *   n.send({ hello: 'world' });
 *
 * The child is this program again, or the argument: `send_message ./send_message.js`.
 */
#include <child_process.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *who, cp_message *message) {
  char *text = cp_value_inspect(cp_message_value(message), NULL);
  printf("%s got message: %s\n", who, text ? text : "?");
  cp_free(text);
}

/* The child: process.on('message', ...); process.send({ foo: 'bar', baz: NaN }). */
static void child_on_message(cp_channel *parent, cp_message *message, void *data) { print("CHILD", message); }

static int run_child(uv_loop_t *loop, cp_channel *parent) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value foo = cp_object(heap);
  cp_value_set(foo, "foo", cp_string(heap, "bar"));
  cp_value_set(foo, "baz", cp_number(NAN));
  int rc = cp_send(parent, foo, NULL);
  cp_heap_free(heap);
  uv_run(loop, UV_RUN_DEFAULT); /* until the parent disconnects */
  cp_channel_free(parent);
  return rc;
}

/* In the sample both live on for ever; here the parent lets the child go when it has heard from it. */
static void on_message(cp_child *child, cp_message *message, void *data) {
  print("PARENT", message);
  cp_channel_disconnect(cp_child_channel(child));
}

static int send_hello(cp_channel *child) {
  cp_heap *heap = cp_heap_new(NULL);
  int rc = cp_send(child, cp_value_set(cp_object(heap), "hello", cp_string(heap, "world")), NULL);
  cp_heap_free(heap);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *n;
  cp_error error;
  int rc =
      cp_fork(&n, loop, module, NULL, &(cp_options){.on_error = on_error, .on_message = on_message, .error = &error});
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  rc = send_hello(cp_child_channel(n));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(n);
  return rc;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* both processes print to it */
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = child_on_message}) == 0
               ? run_child(loop, parent)
               : run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
