/*
 * The twin of "CPU-Intensive Task" of the article "Building a child process in Node.js": the worker counts primes while
 * the parent's loop is free.
 *
 *   const child = fork('worker.js');
 *   child.on('message', (result) => { console.log('Computation result:', result); });
 *   child.send({ number: 1000000 });
 *
 * The worker is this program again, or the argument: `fork_primes ./fork_primes.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

/* How many primes are not above n: the sieve of Eratosthenes. -1: out of memory. */
static double count_primes(size_t n) {
  bool *composite = calloc(n + 1, sizeof *composite);
  if (composite == NULL) return -1;
  size_t count = 0;
  for (size_t i = 2; i <= n; i++) {
    if (composite[i]) continue;
    count++;
    for (size_t k = i * i; k <= n; k += i) composite[k] = true;
  }
  free(composite);
  return (double)count;
}

/* worker.js: the number is checked, since whoever forks this may send anything. */
static void worker_on_message(cp_channel *parent, cp_message *message, void *data) {
  int64_t number = cp_value_integer(cp_value_get(cp_message_value(message), "number"), -1);
  bool good = number >= 0 && number <= 100000000;
  int rc = cp_send(parent, good ? cp_number(count_primes((size_t)number)) : cp_null(), NULL);
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  printf("Computation result: %g\n", cp_value_number(cp_message_value(message)));
  cp_channel_disconnect(cp_child_channel(child));
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
  rc = cp_send(cp_child_channel(child), cp_value_set(cp_object(heap), "number", cp_number(1000000)), NULL);
  cp_heap_free(heap);

  printf("The parent's loop is free meanwhile\n");
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
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
