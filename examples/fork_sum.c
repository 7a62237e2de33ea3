/*
 * The twin of parent.js of "fork() with bidirectional messaging and error handling": each request has an id, so that replies
 * find who asked for them. cp_request() keeps the map of those that wait; it also ends them when the worker dies.
 *
 *   const child = fork(path.join(__dirname, 'worker.js'));
 *   calculate([1, 2, 3, 4, 5]).then((result) => { console.log('Sum:', result); child.kill(); });
 *
 * The worker is the argument: worker.js, worker.py and worker_c are the same one in three languages.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 30000 };

typedef struct batch {
  cp_child *child;
  int waiting; /* requests without a reply */
} batch;

/* The sample kills the worker. One that is disconnected ends by itself, and so does one whose parent has died. */
static void on_sum(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  batch *all = data;
  if (status == 0)
    printf("Sum: %g\n", cp_value_number(result));
  else if (status == CP_EREPLY)
    printf("The worker says: %s\n", cp_value_string(result, NULL));
  else
    printf("No reply: %s\n", cp_strerror(status));
  if (--all->waiting == 0) cp_channel_disconnect(channel);
}

static void calculate(batch *all, cp_heap *heap, cp_value data) {
  cp_value request = cp_object(heap);
  cp_value_set(request, "cmd", cp_string(heap, "sum"));
  cp_value_set(request, "data", data);
  int rc = cp_request(cp_child_channel(all->child), request, TIMEOUT_MS, on_sum, all);
  if (rc < 0)
    fprintf(stderr, "request: %s\n", cp_strerror(rc));
  else
    all->waiting++;
}

static cp_value numbers(cp_heap *heap, int first, int last) {
  cp_value list = cp_array(heap);
  for (int i = first; i <= last; i++) cp_value_push(list, cp_number(i));
  return list;
}

static void on_error(cp_child *child, const cp_error *error, void *data) {
  printf("Worker failed to start: %s\n", error->message);
}

static void print_close(cp_child *child, const cp_exit *exit, void *data) {
  if (exit->reason != CP_REASON_ERROR) printf("Worker ended: %s, %d\n", cp_reason_name(exit->reason), exit->code);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  batch all = {0};
  cp_error error;
  if (argc != 2) {
    fprintf(stderr, "usage: fork_sum WORKER\n");
    return EXIT_FAILURE;
  }
  cp_options options = {.on_error = on_error, .on_close = print_close, .error = &error};
  if (cp_fork(&all.child, loop, argv[1], NULL, &options) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  cp_heap *heap = cp_heap_new(NULL);
  calculate(&all, heap, numbers(heap, 1, 5));
  calculate(&all, heap, numbers(heap, 1, 100)); /* at the same time: the id tells whose reply it is */
  calculate(&all, heap, cp_string(heap, "five"));
  cp_heap_free(heap);
  if (all.waiting == 0) cp_channel_disconnect(cp_child_channel(all.child));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(all.child);
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
