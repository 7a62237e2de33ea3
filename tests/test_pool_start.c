/* test_pool_start.c - pools: workers that do not start. */
#include <signal.h>
#include <unistd.h>

#include "pool_support.h"

static int submit_retried(cp_pool *pool, task *t, const char *json, int max_retries) {
  cp_task_options options = task_options(t);
  options.max_retries = max_retries;
  return submit_with(pool, t, json, &options);
}

enum { SOON_MS = 100 }; /* for what is stuck, and would be for ever */

/* ---------------------------------------------------------------- workers that do not start */

/* The pool has given up: all is refused, and it can be closed and freed. */
static void check_given_up(cp_pool *pool, events *e, const task *tasks, size_t count) {
  cp_error error = {0};
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(tasks[i].status, CP_EPOOL);
    assert_int_equal(tasks[i].attempts, 0);
  }
  assert_int_equal(e->errors, 1);
  print_message("on_error: %s\noutcome: %s\n", e->error.message, count > 0 ? tasks[0].error : "");
  assert_int_equal(cp_pool_submit(pool, cp_number(1), &(cp_task_options){.error = &error}), CP_EPOOL);
  assert_int_equal(error.code, CP_EPOOL);
  print_message("submit: %s\n", error.message);
  close_pool(pool, e, CP_POOL_FINISH);
  assert_int_equal(e->errors, 1);
}

static void a_program_that_does_not_exist_is_given_up_at_once(void **state) {
  (void)state;
  events e;
  task tasks[3];
  cp_pool *pool = NULL;
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = {.exec_path = "/no/such/program"};
  options.worker = &worker;
  options.max_failed_starts = 1000000;
  assert_int_equal(cp_pool_open(&pool, test_loop(), "module.js", NULL, &options), 0);
  for (int i = 0; i < 3; i++) (void)submit(pool, &tasks[i], "1");
  await_tasks(tasks, 3);
  RUN_UNTIL(e.errors);
  assert_non_null(strstr(e.error.message, "/no/such/program"));
  assert_non_null(strstr(e.error.message, "no such file"));
  assert_true(stats_of(pool).started <= 2);
  check_given_up(pool, &e, tasks, 3);
}

static void a_directory_that_does_not_exist_is_given_up_too(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = {.cwd = "/no/such/directory"};
  options.worker = &worker;
  options.max_failed_starts = 2;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, "1");
  await_tasks(&t, 1);
  RUN_UNTIL(e.errors);
  assert_non_null(strstr(e.error.message, "/no/such/directory"));
  check_given_up(pool, &e, &t, 1);
}

static void workers_that_crash_before_they_are_ready_are_given_up_in_the_end(void **state) {
  (void)state;
  events e;
  task tasks[20];
  cp_pool_options options = pool_options(&e, 2);
  options.ready_message = true;
  options.max_failed_starts = 4;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "ready", "crash"));
  for (int i = 0; i < 20; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
  await_tasks(tasks, 20);
  RUN_UNTIL(e.errors);
  cp_pool_stats stats = stats_of(pool);
  assert_true(stats.started >= 4 && stats.started <= 5);
  assert_int_equal(stats.retried, 0);
  assert_int_equal(attempts_begun(0), 0);
  check_given_up(pool, &e, tasks, 20);
}

/* They take a task before they crash: it may fail for that, but none is lost. */
static void workers_that_crash_at_load_are_given_up_without_a_ready_message_too(void **state) {
  (void)state;
  events e;
  task tasks[20];
  cp_pool_options options = pool_options(&e, 2);
  options.max_failed_starts = 4;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "crash"));
  for (int i = 0; i < 20; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
  await_tasks(tasks, 20);
  RUN_UNTIL(e.errors);
  int given_up = 0;
  for (int i = 0; i < 20; i++) {
    assert_true(tasks[i].status == CP_EWORKER || tasks[i].status == CP_EPOOL);
    given_up += tasks[i].status == CP_EPOOL;
  }
  assert_true(given_up >= 16);
  assert_int_equal(cp_pool_submit(pool, cp_number(1), NULL), CP_EPOOL);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* What still runs then may have its answer, but no other attempt. */
static void a_task_whose_worker_dies_after_the_pool_has_given_up_is_told(void **state) {
  (void)state;
  events e;
  task dies, held, answered, waits;
  cp_pool_options options = pool_options(&e, 3);
  options.max_failed_starts = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &held, json_of("hold", 0, NULL));
  int pid = next_beginning().pid;
  (void)submit(pool, &answered, json_of("hold", 2, "\"gate\":\"other\""));
  (void)next_beginning();
  (void)submit_retried(pool, &dies, json_of("hold", 1, NULL), CP_RETRY_NEVER);
  int first = next_beginning().pid;
  (void)submit(pool, &waits, json_of("square", 3, NULL));
  assert_int_equal(kill(first, SIGKILL), 0);
  RUN_UNTIL(e.errors);
  await_tasks(&dies, 1);
  await_tasks(&waits, 1);
  assert_int_equal(dies.status, CP_EWORKER);
  assert_int_equal(waits.status, CP_EPOOL);
  assert_int_equal(kill(pid, SIGKILL), 0);
  await_tasks(&held, 1);
  assert_true(held.status == CP_EPOOL || held.status == CP_EWORKER);
  let_go("other", 1);
  await_tasks(&answered, 1);
  assert_true(answered.result == 4);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.errors, 1);
}

static void workers_that_crash_before_there_are_tasks_are_given_up_too(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 1);
  options.max_failed_starts = 3;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "crash"));
  RUN_UNTIL(e.errors);
  assert_int_equal(stats_of(pool).started, 3);
  check_given_up(pool, &e, NULL, 0);
}

static void a_worker_that_starts_at_the_third_attempt_is_waited_for(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 1);
  options.ready_message = true;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "ready", "crash-first", "2"));
  (void)submit(pool, &t, "5");
  await_tasks(&t, 1);
  assert_true(t.result == 25);
  assert_int_equal(t.attempts, 1);
  assert_int_equal(stats_of(pool).started, 3);
  assert_int_equal(e.errors, 0);
  assert_int_equal(e.complaints, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_does_not_become_ready_in_time_is_a_failed_start(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 1);
  options.ready_message = true;
  options.start_timeout_ms = SOON_MS;
  options.max_failed_starts = 2;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "never"));
  (void)submit(pool, &t, "5");
  await_tasks(&t, 1);
  RUN_UNTIL(e.errors);
  assert_int_equal(e.ready, 0);
  check_given_up(pool, &e, &t, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(a_program_that_does_not_exist_is_given_up_at_once),
      POOL_TEST(a_directory_that_does_not_exist_is_given_up_too),
      POOL_TEST(workers_that_crash_before_they_are_ready_are_given_up_in_the_end),
      POOL_TEST(workers_that_crash_at_load_are_given_up_without_a_ready_message_too),
      POOL_TEST(a_task_whose_worker_dies_after_the_pool_has_given_up_is_told),
      POOL_TEST(workers_that_crash_before_there_are_tasks_are_given_up_too),
      POOL_TEST(a_worker_that_starts_at_the_third_attempt_is_waited_for),
      POOL_TEST(a_worker_that_does_not_become_ready_in_time_is_a_failed_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
