/*
 * The twin of "fork() - IPC with the Child" of the course "Child Processes": a task, its result, and the disconnect that
 * lets the child end.
 *
 *   child.send({ cmd: 'process', data: { id: 42, payload: 'analyze this' } });
 *   child.on('message', (msg) => { console.log('from child:', msg); child.disconnect(); });
 *   child.on('exit', (code) => { console.log(`child exited: ${code}`); });
 *
 * The worker is this program again, or the argument: `fork_process ./fork_process.js`.
 */
#include <child_process.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *label, cp_message *message) {
  char *text = cp_value_inspect(cp_message_value(message), NULL);
  printf("%s %s\n", label, text ? text : "?");
  cp_free(text);
}

/* msg.data.payload.toUpperCase(), for ASCII; null if there is no such payload. */
static cp_value upper_case(cp_heap *heap, cp_value payload) {
  size_t length;
  const char *text = cp_value_string(payload, &length);
  if (text == NULL) return cp_null();
  char upper[4096];
  if (length > sizeof upper) length = sizeof upper;
  for (size_t i = 0; i < length; i++) upper[i] = (char)toupper((unsigned char)text[i]);
  return cp_string_n(heap, upper, length);
}

static void worker_on_message(cp_channel *parent, cp_message *message, void *data) {
  print("received:", message);
  cp_value payload = cp_value_get(cp_value_get(cp_message_value(message), "data"), "payload");
  cp_heap *heap = cp_heap_new(NULL);
  cp_value answer = cp_object(heap);
  cp_value_set(answer, "status", cp_string(heap, "done"));
  cp_value_set(answer, "result", upper_case(heap, payload));
  int rc = cp_send(parent, answer, NULL);
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  print("from child:", message);
  cp_channel_disconnect(cp_child_channel(child));
}

static void on_ended(cp_child *child, const cp_exit *ended, void *data) { printf("child exited: %d\n", ended->code); }

static int send_task(cp_channel *child) {
  static const char task[] = "{\"cmd\":\"process\",\"data\":{\"id\":42,\"payload\":\"analyze this\"}}";
  return cp_send_json(child, task, strlen(task), NULL); /* a message that is known beforehand may be written as text */
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  cp_child *child;
  cp_error error;
  cp_options options = {.on_error = on_error, .on_message = on_message, .on_exit = on_ended, .error = &error};
  int rc = cp_fork(&child, loop, module, NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  rc = send_task(cp_child_channel(child));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* both processes print to it */
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = worker_on_message});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
