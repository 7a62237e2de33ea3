/*
 * Primes in a pool of workers: "CPU-Intensive Task", with as many workers as there are CPUs, outcomes in the order of the
 * tasks, and a worker that is killed on the way: its task is begun again by another one.
 *
 * The workers are this program again, or the argument: `pool_primes ./pool_primes.js`.
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 8, STEP = 50000 };

/* ---------------------------------------------------------------- the worker */

static double compute_primes(long n) {
  char *composite = calloc((size_t)n + 1, 1);
  double count = 0;
  if (composite == NULL) return -1;
  for (long i = 2; i <= n; i++) {
    if (composite[i]) continue;
    count++;
    for (long k = i * i; k <= n; k += i) composite[k] = 1;
  }
  free(composite);
  return count;
}

static void on_task(cp_channel *parent, cp_message *message, void *data) {
  double number = cp_value_number(cp_value_get(cp_message_value(message), "number"));
  int rc = cp_send(parent, cp_number(compute_primes((long)number)), NULL);
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
}

/* ---------------------------------------------------------------- the pool */

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  long number = (long)outcome->id * STEP;
  if (outcome->status == 0)
    printf("%ld: %.0f primes\n", number, cp_value_number(cp_outcome_value(outcome)));
  else
    fprintf(stderr, "%ld: %s\n", number, outcome->error);
}

/* The first worker that is ready does not live long. */
static void on_worker(cp_pool *pool, const cp_worker_info *worker, void *data) {
  bool *killed = data;
  if (worker->state == CP_WORKER_READY && !*killed) *killed = cp_child_kill(worker->child, SIGKILL) == 0;
}

static void on_error(cp_pool *pool, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) {
  cp_pool_stats stats;
  cp_pool_stats_get(pool, &stats);
  printf("%llu done, %llu worker died\n", (unsigned long long)stats.succeeded, (unsigned long long)stats.crashed);
  cp_pool_free(pool);
}

static int run_pool(uv_loop_t *loop, const char *module) {
  cp_error error;
  cp_pool *pool;
  bool killed = false;
  cp_pool_options options = {
      .ordered = true, .on_worker = on_worker, .on_error = on_error, .data = &killed, .error = &error};
  int rc = cp_pool_open(&pool, loop, module, NULL, &options);
  for (int i = 1; rc >= 0 && i <= TASKS; i++) {
    char task[64];
    snprintf(task, sizeof task, "{\"number\": %d}", i * STEP);
    rc = cp_pool_submit_json(pool, task, SIZE_MAX, &(cp_task_options){.cb = on_outcome, .error = &error});
  }
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_pool_close(pool, CP_POOL_FINISH, 0, on_closed, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = on_task});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = run_pool(loop, argc > 1 ? argv[1] : "/proc/self/exe");
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
