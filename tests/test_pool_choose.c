/* test_pool_choose.c - pools: a program that chooses the workers itself, and what it can learn of their times. */
#include <signal.h>

#include "pool_support.h"

/* What options.choose does, and was asked. */
static struct chooser {
  size_t answer;   /* which one */
  bool takes_last; /* instead: the last of those that there are */
  bool submits;
  int submit_rc;
  int asked;
  cp_task_info info;
  size_t count;
  unsigned places[8];
} chooser;

static size_t choose(cp_pool *pool, const cp_task_info *info, const cp_worker_info *workers, size_t count, void *data) {
  assert_non_null(data);
  chooser.asked++;
  chooser.info = *info;
  chooser.count = count;
  for (size_t i = 0; i < count && i < 8; i++) {
    assert_int_equal(workers[i].state, CP_WORKER_READY);
    assert_non_null(workers[i].child);
    chooser.places[i] = workers[i].place;
  }
  if (chooser.submits) chooser.submit_rc = cp_pool_submit_json(pool, "{}", SIZE_MAX, NULL);
  return chooser.takes_last ? count - 1 : chooser.answer;
}

static cp_pool *open_choosing(events *e, unsigned size) {
  cp_pool_options options = pool_options(e, size);
  options.choose = choose;
  chooser = (struct chooser){0};
  cp_pool *pool = open_pool(&options, plain_words);
  RUN_UNTIL(all_idle(pool, size));
  return pool;
}

static void the_chosen_worker_gets_the_task(void **state) {
  (void)state;
  events e;
  task t[3];
  cp_pool *pool = open_choosing(&e, 3);
  for (size_t i = 0; i < 3; i++) {
    chooser.answer = 2 - i;
    (void)submit(pool, &t[i], json_of("square", (long)i, NULL));
    await_tasks(&t[i], 1);
    assert_int_equal(t[i].place, 2 - i);
  }
  assert_int_equal(chooser.asked, 3);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void it_is_told_of_the_task_and_of_the_workers_with_room(void **state) {
  (void)state;
  events e;
  task held, t;
  cp_pool *pool = open_choosing(&e, 3);
  cp_task_options options = task_options(&held);
  options.priority = 7;
  chooser.answer = 1;
  (void)submit_with(pool, &held, json_of("hold", 1, NULL), &options);
  assert_int_equal(chooser.info.id, 1);
  assert_int_equal(chooser.info.priority, 7);
  assert_ptr_equal(chooser.info.data, options.data);
  assert_int_equal(chooser.info.attempts, 0);
  assert_int_equal(chooser.count, 3);
  (void)submit(pool, &t, json_of("square", 2, NULL));
  assert_int_equal(chooser.count, 2);
  assert_int_equal(chooser.places[0], 0);
  assert_int_equal(chooser.places[1], 2);
  await_tasks(&t, 1);
  assert_int_equal(t.place, 2);
  let_go("gate", 1);
  await_tasks(&held, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_declined_task_waits_until_it_is_asked_again(void **state) {
  (void)state;
  events e;
  task t[2];
  cp_pool *pool = open_choosing(&e, 1);
  chooser.answer = SIZE_MAX;
  (void)submit(pool, &t[0], json_of("square", 0, NULL));
  take_turn();
  assert_int_equal(stats_of(pool).waiting, 1);
  chooser.answer = 0;
  (void)submit(pool, &t[1], json_of("square", 1, NULL));
  await_tasks(t, 2);
  assert_true(t[0].order < t[1].order);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_gets_room_is_a_reason_to_ask(void **state) {
  (void)state;
  events e;
  task held, t;
  cp_pool *pool = open_choosing(&e, 2);
  (void)submit(pool, &held, json_of("hold", 0, NULL));
  chooser.answer = SIZE_MAX; /* not the one that is idle */
  (void)submit(pool, &t, json_of("square", 3, NULL));
  assert_int_equal(stats_of(pool).waiting, 1);
  chooser.answer = 0;
  let_go("gate", 1);
  await_tasks(&held, 1);
  await_tasks(&t, 1);
  assert_int_equal(t.place, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void tasks_with_keys_have_their_place(void **state) {
  (void)state;
  events e;
  task t[2];
  cp_pool *pool = open_choosing(&e, 2);
  for (int i = 0; i < 2; i++) {
    cp_task_options options = task_options(&t[i]);
    options.key = "key";
    (void)submit_with(pool, &t[i], json_of("square", i, NULL), &options);
  }
  await_tasks(t, 2);
  assert_int_equal(t[0].place, t[1].place);
  assert_int_equal(chooser.asked, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_with_a_key_takes_no_declined_one_along(void **state) {
  (void)state;
  events e;
  task t[2];
  cp_pool *pool = open_choosing(&e, 1);
  chooser.answer = SIZE_MAX;
  (void)submit(pool, &t[0], json_of("square", 0, NULL));
  cp_task_options options = task_options(&t[1]);
  options.key = "key";
  (void)submit_with(pool, &t[1], json_of("square", 1, NULL), &options);
  await_tasks(&t[1], 1);
  assert_int_equal(t[0].told, 0);
  assert_int_equal(stats_of(pool).waiting, 1);
  close_pool(pool, &e, CP_POOL_ABORT);
}

/* They would be started again at once. */
static void workers_do_not_leave_while_tasks_are_declined(void **state) {
  (void)state;
  events e;
  task t[3];
  cp_pool_options given = pool_options(&e, 2);
  given.choose = choose;
  given.idle_ms = 10;
  chooser = (struct chooser){.answer = SIZE_MAX};
  cp_pool *pool = open_pool(&given, plain_words);
  for (int i = 0; i < 3; i++) (void)submit(pool, &t[i], json_of("square", i, NULL));
  RUN_UNTIL(all_idle(pool, 2));
  for (uint64_t end = now_ms() + 100; now_ms() < end;) take_nap();
  assert_int_equal(stats_of(pool).started, 2);
  assert_int_equal(stats_of(pool).shrunk, 0);
  assert_int_equal(cp_pool_cancel_waiting(pool), 3);
  RUN_UNTIL(stats_of(pool).shrunk == 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void it_may_not_submit(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 1);
  chooser.submits = true;
  (void)submit(pool, &t, json_of("square", 1, NULL));
  await_tasks(&t, 1);
  assert_int_equal(chooser.submit_rc, UV_EBUSY);
  chooser.submits = false;
  (void)submit(pool, &t, json_of("square", 1, NULL));
  await_tasks(&t, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void it_is_asked_for_each_attempt(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 2);
  chooser.takes_last = true;
  (void)submit(pool, &t, json_of("kill", 1, "\"signal\":9"));
  RUN_UNTIL(t.told > 0);
  assert_int_equal(t.status, CP_EWORKER);
  assert_int_equal(chooser.asked, t.attempts);
  assert_int_equal(chooser.info.attempts, t.attempts - 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- times */

static void percentiles_lie_between_the_shortest_and_the_longest(void **state) {
  (void)state;
  enum { TASKS = 50 };
  events e;
  task t[TASKS];
  uint64_t run[2] = {UINT64_MAX, 0}, queued[2] = {UINT64_MAX, 0};
  cp_pool *pool = open_choosing(&e, 2);
  assert_int_equal(cp_pool_percentile_ns(pool, CP_POOL_RUN, 50), 0);
  for (int i = 0; i < TASKS; i++) (void)submit(pool, &t[i], json_of("square", i, NULL));
  await_tasks(t, TASKS);
  for (int i = 0; i < TASKS; i++) {
    uint64_t ran = t[i].ended_ns - t[i].started_ns, waited = t[i].started_ns - t[i].queued_ns;
    run[0] = ran < run[0] ? ran : run[0];
    run[1] = ran > run[1] ? ran : run[1];
    queued[0] = waited < queued[0] ? waited : queued[0];
    queued[1] = waited > queued[1] ? waited : queued[1];
  }
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_RUN, 0) == run[0]);
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_RUN, 100) == run[1]);
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_QUEUED, 0) == queued[0]);
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_QUEUED, 100) == queued[1]);
  uint64_t median = cp_pool_percentile_ns(pool, CP_POOL_RUN, 50);
  assert_true(run[0] <= median && median <= cp_pool_percentile_ns(pool, CP_POOL_RUN, 99));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_that_no_worker_had_has_waited_only(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 1);
  chooser.answer = SIZE_MAX;
  (void)submit(pool, &t, json_of("square", 1, NULL));
  assert_int_equal(cp_pool_cancel(pool, 1), 0);
  RUN_UNTIL(t.told > 0);
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_QUEUED, 100) > 0);
  assert_int_equal(cp_pool_percentile_ns(pool, CP_POOL_RUN, 100), 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* A worker's death ends the attempt, not the end of the task. */
static void waiting_for_another_attempt_is_no_running(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 1);
  (void)submit(pool, &t, json_of("hold", 1, NULL));
  beginning b = next_beginning();
  chooser.answer = SIZE_MAX;
  assert_int_equal(kill(b.pid, SIGKILL), 0);
  RUN_UNTIL(stats_of(pool).waiting == 1 && all_idle(pool, 1));
  uint64_t busy_ns = stats_of(pool).busy_ns;
  assert_int_equal(cp_pool_cancel(pool, 1), 0);
  RUN_UNTIL(t.told > 0);
  assert_true(cp_pool_percentile_ns(pool, CP_POOL_RUN, 100) == busy_ns);
  assert_true(stats_of(pool).run_ns == busy_ns);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_that_runs_counts_for_the_utilization(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 1);
  (void)submit(pool, &t, json_of("hold", 1, NULL));
  (void)next_beginning();
  cp_pool_stats stats = stats_of(pool);
  assert_true(stats.busy_ns > 0 && stats.busy_ns <= stats.ready_ns);
  assert_true(cp_pool_utilization(pool, &stats) > 0);
  let_go("gate", 1);
  await_tasks(&t, 1);
  assert_true(stats_of(pool).busy_ns == stats_of(pool).run_ns);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void utilization_is_the_share_of_the_time_with_tasks(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_choosing(&e, 1);
  cp_pool_stats stats = stats_of(pool);
  assert_true(stats.ready_ns > 0);
  assert_true(cp_pool_utilization(pool, &stats) <= 0);
  (void)submit(pool, &t, json_of("square", 1, NULL));
  await_tasks(&t, 1);
  stats = stats_of(pool);
  assert_true(cp_pool_utilization(pool, &stats) > 0 && cp_pool_utilization(pool, &stats) <= 1);
  assert_true(stats.ready_ns >= stats.run_ns);
  close_pool(pool, &e, CP_POOL_FINISH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(the_chosen_worker_gets_the_task),
      POOL_TEST(it_is_told_of_the_task_and_of_the_workers_with_room),
      POOL_TEST(a_declined_task_waits_until_it_is_asked_again),
      POOL_TEST(a_worker_that_gets_room_is_a_reason_to_ask),
      POOL_TEST(tasks_with_keys_have_their_place),
      POOL_TEST(a_task_with_a_key_takes_no_declined_one_along),
      POOL_TEST(workers_do_not_leave_while_tasks_are_declined),
      POOL_TEST(it_may_not_submit),
      POOL_TEST(it_is_asked_for_each_attempt),
      POOL_TEST(percentiles_lie_between_the_shortest_and_the_longest),
      POOL_TEST(a_task_that_no_worker_had_has_waited_only),
      POOL_TEST(waiting_for_another_attempt_is_no_running),
      POOL_TEST(a_task_that_runs_counts_for_the_utilization),
      POOL_TEST(utilization_is_the_share_of_the_time_with_tasks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
