/* test_pool_cancel.c - pools: tasks that nobody waits for any more. */
#include <signal.h>

#include "pool_support.h"

static int submit_retried(cp_pool *pool, task *t, const char *json, int max_retries) {
  cp_task_options options = task_options(t);
  options.max_retries = max_retries;
  return submit_with(pool, t, json, &options);
}

enum { SOON_MS = 100 }; /* for what is stuck, and would be for ever */

/* ---------------------------------------------------------------- cancelling */

static void a_task_that_waits_is_cancelled_without_a_worker(void **state) {
  (void)state;
  for (int envelope = 0; envelope < 2; envelope++) {
    events e;
    task hold, waits;
    cp_pool_options options = pool_options(&e, 1);
    options.protocol = envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    cp_pool *pool = open_pool(&options, envelope ? envelope_words : plain_words);
    (void)submit(pool, &hold, json_of("hold", 0, NULL));
    (void)next_beginning();
    (void)submit(pool, &waits, json_of("square", 5, NULL));
    assert_int_equal(INSIDE(cp_pool_cancel(pool, waits.id)), 0);
    assert_int_equal(waits.told, 0); /* from the loop */
    await_tasks(&waits, 1);
    assert_int_equal(waits.status, CP_EABORTED);
    assert_int_equal(waits.attempts, 0);
    assert_int_equal(hold.told, 0);
    assert_int_equal(cp_pool_cancel(pool, waits.id), UV_ENOENT);
    assert_int_equal(cp_pool_cancel(pool, 0), UV_ENOENT);
    assert_int_equal(cp_pool_cancel(pool, 1000), UV_ENOENT);
    let_go("gate", 1);
    await_tasks(&hold, 1);
    assert_int_equal(cp_pool_cancel(pool, hold.id), UV_ENOENT);
    assert_int_equal(attempts_begun(5), 0);
    assert_int_equal(stats_of(pool).cancelled, 1);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_plain_worker_whose_task_is_cancelled_is_replaced(void **state) {
  (void)state;
  events e;
  task held, cancelled, next;
  cp_pool *pool = open_plain(&e, 2);
  (void)submit(pool, &held, json_of("hold", 0, NULL));
  beginning neighbour = next_beginning();
  (void)submit(pool, &cancelled, json_of("stuck", 1, NULL));
  beginning victim = next_beginning();
  assert_int_equal(INSIDE(cp_pool_cancel(pool, cancelled.id)), 0);
  await_tasks(&cancelled, 1);
  assert_int_equal(cancelled.status, CP_EABORTED);
  assert_int_equal(cancelled.attempts, 1);
  RUN_UNTIL(e.ended == 1);
  assert_false(is_alive(victim.pid));
  (void)submit(pool, &next, "3");
  await_tasks(&next, 1);
  assert_int_equal(next.place, victim.place);
  assert_true(is_alive(neighbour.pid));
  let_go("gate", 1);
  await_tasks(&held, 1);
  assert_int_equal(held.pid, neighbour.pid);
  assert_int_equal(stats_of(pool).retried, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_knows_numbers_is_told_to_cancel_and_goes_on(void **state) {
  (void)state;
  events e;
  task held, cancelled, next;
  cp_pool *pool = open_envelope(&e, 1, 2, envelope_words);
  (void)submit(pool, &held, json_of("hold", 0, NULL));
  (void)submit(pool, &cancelled, json_of("hold", 1, NULL));
  beginning first = next_beginning();
  (void)next_beginning();
  assert_int_equal(INSIDE(cp_pool_cancel(pool, cancelled.id)), 0);
  await_tasks(&cancelled, 1);
  assert_int_equal(cancelled.status, CP_EABORTED); /* not what the worker says to it */
  beginning told = next_beginning();
  assert_string_equal(told.verb, "cancel");
  assert_int_equal(told.n, 1);
  (void)submit(pool, &next, json_of("square", 3, NULL));
  await_tasks(&next, 1);
  let_go("gate", 1);
  await_tasks(&held, 1);
  assert_int_equal(held.status, 0);
  assert_int_equal(held.pid, first.pid);
  assert_int_equal(next.pid, first.pid);
  assert_int_equal(stats_of(pool).started, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_answer_to_a_cancelled_task_does_not_count(void **state) {
  (void)state;
  events e;
  task cancelled, next;
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.grace_ms = 600000;
  options.worker = &worker;
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 2;
  cp_pool *pool = open_pool(&options, CP_ARGS("envelope", "deaf"));
  (void)submit(pool, &cancelled, json_of("hold", 4, NULL));
  (void)next_beginning();
  assert_int_equal(INSIDE(cp_pool_cancel(pool, cancelled.id)), 0);
  assert_string_equal(next_beginning().verb, "cancel");
  let_go("gate", 1);
  await_tasks(&cancelled, 1);
  assert_int_equal(cancelled.status, CP_EABORTED);
  (void)submit(pool, &next, json_of("square", 3, NULL));
  await_tasks(&next, 1);
  assert_true(next.result == 9);
  assert_int_equal(next.pid, cancelled.pid);
  assert_int_equal(e.messages, 0);
  assert_int_equal(stats_of(pool).started, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_does_not_cancel_is_killed_and_its_other_tasks_are_not_to_blame(void **state) {
  (void)state;
  events e;
  task held, cancelled;
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 2;
  cp_pool *pool = open_pool(&options, envelope_words);
  (void)submit_retried(pool, &held, json_of("hold", 0, NULL), 1);
  beginning first = next_beginning();
  (void)submit(pool, &cancelled, json_of("stuck", 1, NULL));
  (void)next_beginning();
  assert_int_equal(INSIDE(cp_pool_cancel(pool, cancelled.id)), 0);
  await_tasks(&cancelled, 1);
  assert_int_equal(cancelled.status, CP_EABORTED);
  beginning second = next_beginning();
  assert_int_equal(second.n, 0);
  assert_int_not_equal(second.pid, first.pid);
  let_go("gate", 1);
  await_tasks(&held, 1);
  assert_int_equal(held.status, 0);
  assert_int_equal(held.attempts, 2);
  assert_int_equal(stats_of(pool).retried, 0);
  RUN_UNTIL(e.ended == 1);
  assert_false(is_alive(first.pid));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_abort_controller_cancels_all_its_tasks(void **state) {
  (void)state;
  events e;
  task tasks[4];
  cp_abort *abort = cp_abort_new();
  cp_pool *pool = open_plain(&e, 1);
  for (int i = 0; i < 4; i++) {
    cp_task_options options = task_options(&tasks[i]);
    options.signal = i < 3 ? abort : NULL;
    (void)submit_with(pool, &tasks[i], i == 1 ? json_of("stuck", i, NULL) : json_of("square", i, NULL), &options);
  }
  assert_string_equal(next_beginning().verb, "stuck");
  cp_abort_trigger(abort);
  await_tasks(tasks, 4);
  static const int statuses[] = {0, CP_EABORTED, CP_EABORTED, 0};
  for (int i = 0; i < 4; i++) assert_int_equal(tasks[i].status, statuses[i]);
  assert_int_equal(stats_of(pool).cancelled, 2);
  cp_task_options options = task_options(&tasks[0]);
  options.signal = abort; /* triggered already */
  (void)submit_with(pool, &tasks[0], json_of("square", 0, NULL), &options);
  assert_int_equal(tasks[0].told, 0);
  await_tasks(tasks, 1);
  assert_int_equal(tasks[0].status, CP_EABORTED);
  close_pool(pool, &e, CP_POOL_FINISH);
  cp_abort_free(abort);
}

static void a_controller_that_is_given_up_leaves_its_tasks_alone(void **state) {
  (void)state;
  events e;
  task t;
  cp_abort *abort = cp_abort_new();
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = task_options(&t);
  options.signal = abort;
  (void)submit_with(pool, &t, json_of("hold", 3, NULL), &options);
  (void)next_beginning();
  cp_abort_free(abort);
  let_go("gate", 1);
  await_tasks(&t, 1);
  assert_true(t.result == 9);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_controller_may_outlive_the_pool(void **state) {
  (void)state;
  events e;
  task t;
  cp_abort *abort = cp_abort_new();
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = task_options(&t);
  options.signal = abort;
  (void)submit_with(pool, &t, json_of("stuck", 3, NULL), &options);
  (void)next_beginning();
  cp_pool_free(pool);
  cp_abort_trigger(abort);
  cp_abort_free(abort);
  reap_freed();
  assert_int_equal(t.told, 0);
}

static void all_that_wait_are_cancelled_at_once(void **state) {
  (void)state;
  events e;
  static task hold, tasks[200];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &hold, json_of("hold", 0, NULL));
  (void)next_beginning();
  for (int i = 0; i < 200; i++) {
    cp_task_options options = task_options(&tasks[i]);
    options.key = i % 2 ? "key" : NULL;
    (void)submit_with(pool, &tasks[i], json_of("square", i + 1, NULL), &options);
  }
  inside = true;
  size_t cancelled = cp_pool_cancel_waiting(pool);
  inside = false;
  assert_int_equal(cancelled, 200);
  assert_int_equal(stats_of(pool).waiting, 0);
  assert_int_equal(cp_pool_cancel_waiting(pool), 0);
  await_tasks(tasks, 200);
  for (int i = 0; i < 200; i++) assert_int_equal(tasks[i].status, CP_EABORTED);
  assert_int_equal(hold.told, 0);
  let_go("gate", 1);
  await_tasks(&hold, 1);
  assert_int_equal(hold.status, 0);
  assert_int_equal(stats_of(pool).cancelled, 200);
  assert_int_equal(attempts_begun(1), 0);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(cp_pool_cancel_waiting(NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(a_task_that_waits_is_cancelled_without_a_worker),
      POOL_TEST(a_plain_worker_whose_task_is_cancelled_is_replaced),
      POOL_TEST(a_worker_that_knows_numbers_is_told_to_cancel_and_goes_on),
      POOL_TEST(an_answer_to_a_cancelled_task_does_not_count),
      POOL_TEST(a_worker_that_does_not_cancel_is_killed_and_its_other_tasks_are_not_to_blame),
      POOL_TEST(an_abort_controller_cancels_all_its_tasks),
      POOL_TEST(a_controller_that_is_given_up_leaves_its_tasks_alone),
      POOL_TEST(a_controller_may_outlive_the_pool),
      POOL_TEST(all_that_wait_are_cancelled_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
