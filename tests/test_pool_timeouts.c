/* test_pool_timeouts.c - pools: tasks that take too long. */
#include <signal.h>

#include "pool_support.h"

static int submit_timed(cp_pool *pool, task *t, const char *json, uint64_t timeout_ms) {
  cp_task_options options = task_options(t);
  options.timeout_ms = timeout_ms;
  return submit_with(pool, t, json, &options);
}

enum { SOON_MS = 100 }; /* for what is stuck, and would be for ever */

/* ---------------------------------------------------------------- timeouts */

/* Each of them costs a worker; the pool has worked before, and does so again. */
static void tasks_that_kill_their_workers_do_not_end_a_pool_that_works(void **state) {
  (void)state;
  enum { BAD = 12 };
  events e;
  task first, last, bad[BAD];
  cp_pool_options options = pool_options(&e, 1);
  options.max_failed_starts = 3;
  options.max_retries = CP_RETRY_NEVER;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &first, "2");
  for (int i = 0; i < BAD; i++) (void)submit(pool, &bad[i], json_of("kill", 9, NULL));
  (void)submit(pool, &last, "3");
  await_tasks(&last, 1);
  assert_int_equal(last.status, 0);
  for (int i = 0; i < BAD; i++) assert_int_equal(bad[i].status, CP_EWORKER);
  assert_int_equal(e.errors, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* One worker has all three; it takes them in order and stays with the first. */
static void a_neighbour_of_a_timeout_is_begun_again_unless_it_must_not_be(void **state) {
  (void)state;
  events e;
  task stuck, again, once;
  cp_pool_options options = pool_options(&e, 1);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 3;
  cp_pool *pool = open_pool(&options, envelope_words);
  cp_task_options never = task_options(&once);
  never.max_retries = CP_RETRY_NEVER;
  (void)submit_timed(pool, &stuck, json_of("stuck", 0, NULL), ENOUGH_MS);
  (void)submit(pool, &again, json_of("square", 5, NULL));
  (void)submit_with(pool, &once, json_of("square", 6, NULL), &never);
  await_tasks(&stuck, 1);
  await_tasks(&again, 1);
  await_tasks(&once, 1);
  assert_int_equal(stuck.status, CP_ETIMEDOUT);
  assert_int_equal(again.status, 0);
  assert_true(again.result == 25);
  assert_int_equal(again.attempts, 2);
  assert_int_equal(once.status, CP_EWORKER);
  assert_int_equal(once.attempts, 1);
  assert_non_null(strstr(once.error, "another task"));
  assert_int_equal(stats_of(pool).retried, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_timeout_kills_the_one_worker_and_leaves_the_others_alone(void **state) {
  (void)state;
  for (int envelope = 0; envelope < 2; envelope++) {
    events e;
    task hold, stuck, next;
    cp_pool_options options = pool_options(&e, 2);
    options.protocol = envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    cp_pool *pool = open_pool(&options, envelope ? envelope_words : plain_words);
    beginning neighbour;
    while (has_begun(&neighbour)) { /* what was stuck before */
    }
    (void)submit(pool, &hold, json_of("hold", 0, NULL));
    neighbour = next_beginning();
    (void)submit_timed(pool, &stuck, json_of("stuck", 1, NULL), SOON_MS);
    await_tasks(&stuck, 1);
    assert_int_equal(stuck.status, CP_ETIMEDOUT);
    assert_int_equal(stuck.attempts, 1);
    assert_int_not_equal(stuck.place, neighbour.place);
    assert_true(is_alive(neighbour.pid));
    assert_int_equal(hold.told, 0);
    (void)submit(pool, &next, json_of("who", 0, NULL));
    await_tasks(&next, 1); /* by the replacement: the other is held */
    assert_int_equal(next.place, stuck.place);
    assert_int_not_equal(next.pid, stuck.pid);
    RUN_UNTIL(e.ended == 1);
    assert_false(is_alive(stuck.pid));
    let_go("gate", 1);
    await_tasks(&hold, 1);
    assert_int_equal(hold.status, 0);
    assert_int_equal(hold.pid, neighbour.pid);
    assert_int_equal(hold.attempts, 1);
    cp_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.timed_out, 1);
    assert_int_equal(stats.retried, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void the_timeout_of_the_pool_holds_for_tasks_without_their_own(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 1);
  options.timeout_ms = SOON_MS;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, json_of("stuck", 0, NULL));
  await_tasks(&t, 1);
  assert_int_equal(t.status, CP_ETIMEDOUT);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* The clock that the waiting task must not hear is that of another one, which begins after it was submitted. */
static void the_clock_starts_when_a_worker_gets_the_task(void **state) {
  (void)state;
  events e;
  task holds[2], waits, clock;
  cp_pool *pool = open_plain(&e, 2);
  (void)submit(pool, &holds[0], json_of("hold", 0, NULL));
  (void)submit(pool, &holds[1], json_of("hold", 1, "\"gate\":\"other\""));
  (void)next_beginning();
  (void)next_beginning();
  cp_task_options options = task_options(&waits);
  options.timeout_ms = ENOUGH_MS;
  (void)submit_with(pool, &waits, json_of("square", 2, NULL), &options);
  options = task_options(&clock);
  options.priority = 1;
  options.timeout_ms = ENOUGH_MS;
  (void)submit_with(pool, &clock, json_of("stuck", 3, NULL), &options);
  let_go("other", 1);
  await_tasks(&clock, 1);
  assert_int_equal(clock.status, CP_ETIMEDOUT);
  let_go("gate", 1);
  await_tasks(&waits, 1);
  if (waits.status != 0) fail_msg("%s", waits.error);
  assert_true(waits.started_ns >= clock.ended_ns);
  await_tasks(holds, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_is_stopped_is_killed_at_the_timeout(void **state) {
  (void)state;
  events e;
  task t, next;
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit_timed(pool, &t, json_of("stop", 0, NULL), SOON_MS);
  await_tasks(&t, 1);
  assert_int_equal(t.status, CP_ETIMEDOUT);
  (void)submit(pool, &next, "2");
  await_tasks(&next, 1);
  RUN_UNTIL(e.ended == 1);
  assert_false(is_alive(t.pid));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_ignores_sigterm_is_killed_at_the_timeout(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit_timed(pool, &t, json_of("stuck-stubborn", 0, NULL), SOON_MS);
  await_tasks(&t, 1);
  assert_int_equal(t.status, CP_ETIMEDOUT);
  RUN_UNTIL(e.ended == 1);
  assert_false(is_alive(t.pid));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_that_timed_out_is_tried_again_where_that_is_wanted(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool_options options = pool_options(&e, 1);
  options.retry_timeouts = true;
  options.max_retries = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit_timed(pool, &tasks[0], json_of("stuck", 0, "\"times\":1"), ENOUGH_MS);
  (void)submit_timed(pool, &tasks[1], json_of("stuck", 1, NULL), SOON_MS);
  await_tasks(tasks, 2);
  assert_int_equal(tasks[0].status, 0);
  assert_int_equal(tasks[0].attempts, 2);
  assert_int_equal(tasks[1].status, CP_ETIMEDOUT);
  assert_int_equal(tasks[1].attempts, 2);
  assert_int_equal(stats_of(pool).timed_out, 1);
  assert_int_equal(stats_of(pool).retried, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void tasks_beside_one_that_times_out_are_done_elsewhere(void **state) {
  (void)state;
  events e;
  task hold, stuck;
  cp_pool *pool = open_envelope(&e, 1, 2, envelope_words);
  (void)submit(pool, &hold, json_of("hold", 0, NULL));
  beginning first = next_beginning();
  (void)submit_timed(pool, &stuck, json_of("stuck", 1, NULL), SOON_MS);
  await_tasks(&stuck, 1);
  assert_int_equal(stuck.status, CP_ETIMEDOUT);
  assert_string_equal(next_beginning().verb, "stuck");
  beginning second = next_beginning();
  assert_int_equal(second.n, 0);
  assert_int_not_equal(second.pid, first.pid);
  let_go("gate", 1);
  await_tasks(&hold, 1);
  assert_int_equal(hold.status, 0);
  assert_int_equal(hold.attempts, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_answer_that_comes_after_the_timeout_is_dropped(void **state) {
  (void)state;
  for (int envelope = 0; envelope < 2; envelope++) {
    events e;
    task late, next;
    cp_pool_options options = pool_options(&e, 1);
    cp_options worker = *options.worker;
    worker.grace_ms = 600000;
    options.worker = &worker;
    options.protocol = envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    options.ready_message = true; /* so that it gets the task when it has started, and not before */
    cp_pool *pool = open_pool(&options, CP_ARGS(envelope ? "envelope" : "plain", "ready", "stubborn"));
    (void)submit_timed(pool, &late, json_of("hold", 3, NULL), SOON_MS);
    int pid = next_beginning().pid;
    await_tasks(&late, 1);
    assert_int_equal(late.status, CP_ETIMEDOUT);
    let_go("gate", 1);
    RUN_UNTIL(stats_of(pool).stray == 1);
    (void)submit(pool, &next, json_of("square", 4, NULL));
    await_tasks(&next, 1);
    assert_true(next.result == 16);
    assert_int_equal(kill(pid, SIGKILL), 0); /* it ignores the pool's signal, and the grace is long */
    RUN_UNTIL(e.ended == 1);
    cp_worker_info info = cp_pool_worker(pool, 0);
    assert_int_equal(info.running, 0);
    assert_int_equal(cp_child_kill(info.child, SIGKILL), 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_timeout_says_what_the_worker_last_wrote(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &tasks[0], json_of("say", 0, "\"text\":\"before it hung\""));
  await_tasks(tasks, 1);
  (void)submit_timed(pool, &tasks[1], json_of("stuck", 1, NULL), SOON_MS);
  await_tasks(tasks, 2);
  assert_int_equal(tasks[1].status, CP_ETIMEDOUT);
  assert_string_equal(tasks[1].err, "before it hung");
  close_pool(pool, &e, CP_POOL_FINISH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(tasks_that_kill_their_workers_do_not_end_a_pool_that_works),
      POOL_TEST(a_neighbour_of_a_timeout_is_begun_again_unless_it_must_not_be),
      POOL_TEST(a_timeout_kills_the_one_worker_and_leaves_the_others_alone),
      POOL_TEST(the_timeout_of_the_pool_holds_for_tasks_without_their_own),
      POOL_TEST(the_clock_starts_when_a_worker_gets_the_task),
      POOL_TEST(a_worker_that_is_stopped_is_killed_at_the_timeout),
      POOL_TEST(a_worker_that_ignores_sigterm_is_killed_at_the_timeout),
      POOL_TEST(a_task_that_timed_out_is_tried_again_where_that_is_wanted),
      POOL_TEST(tasks_beside_one_that_times_out_are_done_elsewhere),
      POOL_TEST(an_answer_that_comes_after_the_timeout_is_dropped),
      POOL_TEST(a_timeout_says_what_the_worker_last_wrote),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
