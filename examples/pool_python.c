/*
 * A pool of workers in Python: pool_python.py beside it, which needs worker.py and nothing else. Tasks have numbers here, so
 * that a worker can say that one has failed, and how far it is.
 *
 *   pool_python POOL_PYTHON.PY
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void on_progress(cp_pool *pool, uint64_t id, cp_value progress, void *data) {
  printf("%s: %.0f %%\n", (const char *)data, cp_value_number(progress));
}

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  if (outcome->status == 0)
    printf("%s: %s\n", (const char *)data, cp_outcome_json(outcome, NULL));
  else
    printf("%s: failed: %s\n", (const char *)data, outcome->error);
}

static void on_error(cp_pool *pool, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) { cp_pool_free(pool); }

static int submit(cp_pool *pool, const char *name, const char *task) {
  cp_task_options options = {.cb = on_outcome, .on_progress = on_progress, .data = (void *)name};
  int rc = cp_pool_submit_json(pool, task, SIZE_MAX, &options);
  if (rc < 0) fprintf(stderr, "%s: %s\n", name, cp_strerror(rc));
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_error error;
  cp_pool *pool;
  cp_options worker = {.exec_path = "python3"};
  cp_pool_options options = {
      .size = 1, .protocol = CP_POOL_ENVELOPE, .worker = &worker, .on_error = on_error, .error = &error};
  int rc = cp_pool_open(&pool, loop, argc > 1 ? argv[1] : "pool_python.py", NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  rc = submit(pool, "mean", "{\"cmd\":\"mean\",\"data\":[1,2,3,4]}");
  if (rc >= 0) rc = submit(pool, "mean of nothing", "{\"cmd\":\"mean\",\"data\":[]}");
  if (rc >= 0) rc = submit(pool, "slow", "{\"cmd\":\"slow\",\"steps\":2}");
  cp_pool_close(pool, CP_POOL_FINISH, 0, on_closed, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
