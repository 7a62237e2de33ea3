/*
 * The twin of "Running Multiple Processes" of the article "Building a child process in Node.js": a worker for each
 * processor, each told its number. They answer with their process ids, so that one sees that there are many.
 *
 *   for (let i = 0; i < numCPUs; i++) { const worker = fork('worker.js'); worker.send({ workerId: i }); }
 *
 * The worker is this program again, or the argument: `fork_many ./fork_many.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void worker_on_message(cp_channel *parent, cp_message *message, void *data) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value answer = cp_object(heap);
  cp_value_set(answer, "workerId", cp_value_get(cp_message_value(message), "workerId"));
  cp_value_set(answer, "pid", cp_number(getpid()));
  int rc = cp_send(parent, answer, NULL);
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void on_error(cp_child *worker, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_message(cp_child *worker, cp_message *message, void *data) {
  unsigned *answers = data;
  cp_value pid = cp_value_get(cp_message_value(message), "pid");
  if (cp_value_integer(pid, 0) == cp_child_pid(worker)) ++*answers;
  cp_channel_disconnect(cp_child_channel(worker));
}

static void on_close(cp_child *worker, const cp_exit *ended, void *data) { cp_child_free(worker); }

/* The worker is told at once: what is sent before it has started waits in the channel. */
static int start_worker(uv_loop_t *loop, const char *module, unsigned id, unsigned *answers) {
  cp_child *worker;
  cp_error error;
  cp_options options = {
      .on_message = on_message, .on_error = on_error, .on_close = on_close, .data = answers, .error = &error};
  int rc = cp_fork(&worker, loop, module, NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_heap *heap = cp_heap_new(NULL);
  rc = cp_send(cp_child_channel(worker), cp_value_set(cp_object(heap), "workerId", cp_number(id)), NULL);
  cp_heap_free(heap);
  return rc;
}

static int run_parent(uv_loop_t *loop, const char *module) {
  unsigned count = uv_available_parallelism(), answers = 0;
  int rc = 0;
  for (unsigned i = 0; rc >= 0 && i < count; i++) rc = start_worker(loop, module, i, &answers);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("%u workers, %u answers\n", count, answers);
  return rc;
}

int main(int argc, char **argv) {
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
