/* test_threads.c - loops on several threads at once, and the sync forms beside them. */
#include <pthread.h>

#include "support.h"

enum { LOOPS = 4, SYNCS = 2, CHILDREN = 200, AT_ONCE = 20, SYNC_ROUNDS = 100 };

/* One thread with a loop; AT_ONCE children run, each end starts the next. */
typedef struct worker {
  uv_loop_t loop;
  int id, started, ended, failures;
} worker;

static void start_next(worker *w);

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  worker *w = data;
  (void)child;
  char expected[32];
  (void)snprintf(expected, sizeof expected, "worker %d", w->id);
  w->failures += error != NULL || strcmp(result->out.bytes, expected) != 0;
  w->ended++;
  start_next(w);
}

static void start_next(worker *w) {
  char text[32];
  if (w->started == CHILDREN) return;
  w->started++;
  (void)snprintf(text, sizeof text, "worker %d", w->id);
  const char *const args[] = {"cat", NULL};
  cp_options options = {.input = text, .input_length = strlen(text), .on_result = on_result, .data = w};
  w->failures += cp_exec_file(NULL, &w->loop, HELPER, args, &options) != 0;
}

static void *run_worker(void *data) {
  worker *w = data;
  for (int i = 0; i < AT_ONCE; i++) start_next(w);
  w->failures += uv_run(&w->loop, UV_RUN_DEFAULT) != 0;
  return NULL;
}

static void *run_sync(void *data) {
  int *failures = data;
  for (int i = 0; i < SYNC_ROUNDS; i++) {
    cp_result result;
    *failures += cp_spawn_sync(&result, HELPER, HELPER_ARGS("echo", "sync"), NULL) != 0;
    *failures += strcmp(result.out.bytes, "sync\n") != 0;
    cp_result_dispose(&result);
  }
  return NULL;
}

static void loops_on_threads_and_sync_calls_do_not_disturb_each_other(void **state) {
  (void)state;
  pthread_t threads[LOOPS + SYNCS];
  static worker workers[LOOPS];
  int failures[SYNCS] = {0};
  memset(workers, 0, sizeof workers);
  for (int i = 0; i < LOOPS; i++) {
    workers[i].id = i;
    assert_int_equal(uv_loop_init(&workers[i].loop), 0);
    assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
  }
  for (int i = 0; i < SYNCS; i++)
    assert_int_equal(pthread_create(&threads[LOOPS + i], NULL, run_sync, &failures[i]), 0);
  for (int i = 0; i < LOOPS + SYNCS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < LOOPS; i++) {
    assert_int_equal(workers[i].ended, CHILDREN);
    assert_int_equal(workers[i].failures, 0);
    assert_int_equal(uv_loop_close(&workers[i].loop), 0);
  }
  for (int i = 0; i < SYNCS; i++) assert_int_equal(failures[i], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(loops_on_threads_and_sync_calls_do_not_disturb_each_other),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
