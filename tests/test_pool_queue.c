/* test_pool_queue.c - pools: who gets which task when, and how many may wait. */
#include "pool_support.h"

/* ---------------------------------------------------------------- keys */

static void tasks_of_one_key_go_to_one_place_in_order(void **state) {
  (void)state;
  enum { KEYS = 5, EACH = 12 };
  static const char *const keys[KEYS] = {"a", "b", "", "a longer one", "\xc3\xa4"};
  static task tasks[KEYS][EACH];
  events e;
  cp_pool *pool = open_plain(&e, 3);
  for (int i = 0; i < EACH; i++)
    for (int k = 0; k < KEYS; k++) {
      char key[32];
      (void)snprintf(key, sizeof key, "%s", keys[k]); /* equal, not the same */
      cp_task_options options = task_options(&tasks[k][i]);
      options.key = key;
      (void)submit_with(pool, &tasks[k][i], json_of("square", i, NULL), &options);
    }
  for (int k = 0; k < KEYS; k++) {
    await_tasks(tasks[k], EACH);
    check_squares(tasks[k], EACH);
    for (int i = 1; i < EACH; i++) {
      assert_int_equal(tasks[k][i].place, tasks[k][0].place);
      assert_true(tasks[k][i].order > tasks[k][i - 1].order);
      assert_true(tasks[k][i].started_ns >= tasks[k][i - 1].ended_ns);
    }
  }
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_key_that_waits_for_its_place_holds_up_nobody_else(void **state) {
  (void)state;
  events e;
  task hold, waits, others[4];
  cp_pool *pool = open_plain(&e, 2);
  cp_task_options options = task_options(&hold);
  options.key = "k";
  (void)submit_with(pool, &hold, json_of("hold", 0, NULL), &options);
  beginning begun = next_beginning();
  options = task_options(&waits);
  options.key = "k";
  (void)submit_with(pool, &waits, json_of("square", 1, NULL), &options);
  for (int i = 0; i < 4; i++) (void)submit(pool, &others[i], json_of("square", i, NULL));
  await_tasks(others, 4);
  check_squares(others, 4);
  for (int i = 0; i < 4; i++) assert_int_not_equal(others[i].place, begun.place);
  assert_int_equal(waits.told, 0);
  assert_int_equal(stats_of(pool).waiting, 1);
  let_go("gate", 1);
  await_tasks(&waits, 1);
  assert_int_equal(waits.place, begun.place);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_key_stays_at_its_place_when_the_worker_there_is_replaced(void **state) {
  (void)state;
  events e;
  task tasks[3];
  cp_pool *pool = open_plain(&e, 3);
  for (int i = 0; i < 3; i++) {
    cp_task_options options = task_options(&tasks[i]);
    options.key = "k";
    (void)submit_with(pool, &tasks[i], i == 1 ? json_of("exit", 1, "\"times\":1") : json_of("square", i, NULL),
                      &options);
  }
  await_tasks(tasks, 3);
  check_squares(tasks, 3);
  assert_int_equal(tasks[1].attempts, 2);
  assert_int_equal(tasks[1].place, tasks[0].place);
  assert_int_equal(tasks[2].place, tasks[0].place);
  assert_int_not_equal(tasks[2].pid, tasks[0].pid);
  assert_true(tasks[1].order < tasks[2].order);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- order */

static void tasks_of_higher_priority_are_begun_first_equal_ones_as_they_came(void **state) {
  static const int priorities[] = {0, 5, -3, 5, 0, 2147483647, -2147483647 - 1}, expected[] = {4, 2, 6, 3, 5, 1, 7};
  enum { TASKS = 7 };
  (void)state;
  events e;
  task hold, tasks[TASKS];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &hold, json_of("hold", 0, NULL));
  (void)next_beginning();
  for (int i = 0; i < TASKS; i++) {
    cp_task_options options = task_options(&tasks[i]);
    options.priority = priorities[i];
    (void)submit_with(pool, &tasks[i], json_of("square", i, NULL), &options);
  }
  let_go("gate", 1);
  await_tasks(tasks, TASKS);
  check_squares(tasks, TASKS);
  for (int i = 0; i < TASKS; i++) assert_int_equal(tasks[i].order - hold.order, expected[i]);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void tasks_are_begun_as_they_were_submitted(void **state) {
  (void)state;
  static task tasks[50];
  events e;
  cp_pool *pool = open_plain(&e, 1);
  for (int i = 0; i < 50; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
  await_tasks(tasks, 50);
  for (int i = 0; i < 50; i++) assert_int_equal(tasks[i].order, i + 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void ordered_outcomes_are_held_until_the_earlier_ones_are_told(void **state) {
  (void)state;
  enum { TASKS = 10 };
  static task tasks[TASKS];
  events e;
  cp_pool_options options = pool_options(&e, 2);
  options.ordered = true;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &tasks[0], json_of("hold", 0, NULL));
  for (int i = 1; i < TASKS; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
  RUN_UNTIL(stats_of(pool).held == TASKS - 1);
  for (int i = 0; i < TASKS; i++) assert_int_equal(tasks[i].told, 0);
  assert_int_equal(stats_of(pool).waiting, 0);
  assert_int_equal(stats_of(pool).running, 1);
  assert_int_equal(e.idle, 0);
  let_go("gate", 1);
  await_tasks(tasks, TASKS);
  check_squares(tasks, TASKS);
  for (int i = 0; i < TASKS; i++) assert_int_equal(tasks[i].order, i + 1);
  assert_int_equal(stats_of(pool).held, 0);
  assert_true(tasks[1].ended_ns <= tasks[0].ended_ns); /* when it was over, not when it was told */
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void ordered_outcomes_of_all_kinds_keep_their_order(void **state) {
  (void)state;
  enum { TASKS = 6 };
  task tasks[TASKS];
  events e;
  cp_pool_options options = pool_options(&e, 3);
  options.ordered = true;
  options.protocol = CP_POOL_ENVELOPE;
  options.max_retries = CP_RETRY_NEVER;
  cp_pool *pool = open_pool(&options, envelope_words);
  (void)submit(pool, &tasks[0], json_of("hold", 0, NULL));
  (void)submit(pool, &tasks[1], json_of("exit", 1, "\"code\":3"));
  (void)submit(pool, &tasks[2], json_of("error", 2, "\"text\":\"no\""));
  (void)submit(pool, &tasks[3], json_of("stuck", 3, NULL));
  (void)submit(pool, &tasks[4], json_of("hold", 4, "\"gate\":\"other\""));
  (void)submit(pool, &tasks[5], json_of("square", 5, NULL));
  assert_int_equal(cp_pool_cancel(pool, tasks[3].id), 0);
  RUN_UNTIL(stats_of(pool).held >= 3);
  for (int i = 0; i < TASKS; i++) assert_int_equal(tasks[i].told, 0);
  let_go("other", 1);
  let_go("gate", 1);
  await_tasks(tasks, TASKS);
  static const int statuses[] = {0, CP_EWORKER, CP_EREPLY, CP_EABORTED, 0, 0};
  for (int i = 0; i < TASKS; i++) {
    assert_int_equal(tasks[i].order, i + 1);
    assert_int_equal(tasks[i].status, statuses[i]);
  }
  assert_string_equal(tasks[2].text, "no");
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- several at a time */

static void the_worker_that_has_least_to_do_gets_the_next_task(void **state) {
  (void)state;
  events e;
  task tasks[6];
  cp_pool_options options = pool_options(&e, 2);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 3;
  cp_pool *pool = open_pool(&options, envelope_words);
  RUN_UNTIL(all_idle(pool, 2));
  for (int i = 0; i < 6; i++) {
    (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
    (void)next_beginning();
    unsigned a = cp_pool_worker(pool, 0).running, b = cp_pool_worker(pool, 1).running;
    assert_int_equal(a + b, i + 1);
    assert_true(a <= b + 1 && b <= a + 1);
  }
  let_go("gate", 6);
  await_tasks(tasks, 6);
  check_squares(tasks, 6);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_has_no_more_than_in_flight_and_answers_in_any_order(void **state) {
  (void)state;
  events e;
  task tasks[5];
  cp_pool_options options = pool_options(&e, 1);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 3;
  cp_pool *pool = open_pool(&options, envelope_words);
  (void)submit(pool, &tasks[0], json_of("hold", 0, NULL));
  (void)submit(pool, &tasks[1], json_of("hold", 1, "\"gate\":\"other\""));
  (void)submit(pool, &tasks[2], json_of("hold", 2, NULL));
  (void)submit(pool, &tasks[3], json_of("square", 3, NULL));
  (void)submit(pool, &tasks[4], json_of("square", 4, NULL));
  for (int i = 0; i < 3; i++) assert_int_equal(next_beginning().n, i);
  cp_pool_stats stats = stats_of(pool);
  assert_int_equal(stats.running, 3);
  assert_int_equal(stats.waiting, 2);
  assert_int_equal(stats.idle, 0);
  assert_int_equal(cp_pool_worker(pool, 0).running, 3);
  let_go("other", 1);
  await_tasks(&tasks[3], 2);
  assert_int_equal(tasks[1].told, 1);
  assert_int_equal(tasks[0].told + tasks[2].told, 0);
  let_go("gate", 2);
  await_tasks(tasks, 5);
  check_squares(tasks, 5);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void by_default_a_worker_has_one_task_at_a_time(void **state) {
  (void)state;
  for (int envelope = 0; envelope < 2; envelope++) {
    events e;
    task tasks[2];
    beginning other;
    cp_pool_options options = pool_options(&e, 1);
    options.protocol = envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    cp_pool *pool = open_pool(&options, envelope ? envelope_words : plain_words);
    (void)submit(pool, &tasks[0], json_of("hold", 0, NULL));
    (void)submit(pool, &tasks[1], json_of("hold", 1, NULL));
    assert_int_equal(next_beginning().n, 0);
    for (int i = 0; i < 20; i++) take_turn();
    assert_false(has_begun(&other));
    assert_int_equal(stats_of(pool).running, 1);
    let_go("gate", 1);
    assert_int_equal(next_beginning().n, 1);
    let_go("gate", 1);
    await_tasks(tasks, 2);
    check_squares(tasks, 2);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* ---------------------------------------------------------------- limits of the queue */

static void submitting_returns_1_beyond_high_water_and_on_drain_says_when_to_go_on(void **state) {
  (void)state;
  events e;
  task hold, tasks[6];
  cp_pool_options options = pool_options(&e, 1);
  options.high_water = 3;
  options.low_water = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  assert_int_equal(submit(pool, &hold, json_of("hold", 0, NULL)), 0);
  (void)next_beginning();
  for (int i = 0; i < 6; i++) {
    const char *json = i < 5 ? json_of("square", i, NULL) : json_of("hold", 5, NULL);
    assert_int_equal(submit(pool, &tasks[i], json), i >= 3);
  }
  assert_int_equal(e.drained, 0);
  let_go("gate", 1);
  RUN_UNTIL(e.drained);
  assert_true(stats_of(pool).waiting <= 1);
  assert_int_equal(e.drained, 1);
  (void)next_beginning();
  task more[4];
  for (int i = 0; i < 4; i++) assert_int_equal(submit(pool, &more[i], json_of("square", i, NULL)), i == 3);
  let_go("gate", 1);
  await_tasks(more, 4);
  RUN_UNTIL(e.idle);
  assert_int_equal(e.drained, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void on_drain_does_not_come_where_no_submit_has_returned_1(void **state) {
  (void)state;
  events e;
  static task tasks[100];
  cp_pool *pool = open_plain(&e, 2);
  for (int i = 0; i < 100; i++) assert_int_equal(submit(pool, &tasks[i], json_of("square", i, NULL)), 0);
  RUN_UNTIL(e.idle);
  assert_int_equal(e.drained, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* So that memory is bounded when one slow task holds up all outcomes behind it. */
static void ordered_outcomes_that_are_held_count_as_waiting(void **state) {
  (void)state;
  events e;
  task hold, tasks[5];
  cp_pool_options options = pool_options(&e, 2);
  options.ordered = true;
  options.high_water = 3;
  options.low_water = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  assert_int_equal(submit(pool, &hold, json_of("hold", 0, NULL)), 0);
  (void)next_beginning();
  for (int i = 0; i < 4; i++) {
    (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    RUN_UNTIL(stats_of(pool).held == (size_t)i + 1);
  }
  assert_int_equal(submit(pool, &tasks[4], json_of("square", 4, NULL)), 1); /* four are held, though none waits */
  RUN_UNTIL(stats_of(pool).held == 5);
  assert_int_equal(e.drained, 0);
  let_go("gate", 1);
  RUN_UNTIL(e.drained);
  await_tasks(tasks, 5);
  check_squares(tasks, 5);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_full_queue_refuses_and_takes_again_when_there_is_room(void **state) {
  (void)state;
  events e;
  task hold, tasks[3];
  cp_error error = {0};
  cp_pool_options options = pool_options(&e, 1);
  options.max_queue = 2;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &hold, json_of("hold", 0, NULL));
  (void)next_beginning();
  (void)submit(pool, &tasks[0], json_of("square", 0, NULL));
  (void)submit(pool, &tasks[1], json_of("square", 1, NULL));
  cp_task_options with = task_options(&tasks[2]);
  with.error = &error;
  assert_int_equal(cp_pool_submit(pool, cp_number(2), &with), UV_ENOBUFS);
  assert_int_equal(error.code, UV_ENOBUFS);
  assert_non_null(strstr(error.message, "max_queue"));
  assert_int_equal(stats_of(pool).submitted, 3);
  let_go("gate", 1);
  await_tasks(tasks, 2);
  (void)submit(pool, &tasks[2], "2");
  assert_int_equal(tasks[2].id, 4);
  await_tasks(&tasks[2], 1);
  check_squares(tasks, 3);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_cancelled_task_makes_room_in_the_queue(void **state) {
  (void)state;
  events e;
  task hold, tasks[2];
  cp_pool_options options = pool_options(&e, 1);
  options.max_queue = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &hold, json_of("hold", 0, NULL));
  (void)next_beginning();
  (void)submit(pool, &tasks[0], "1");
  assert_int_equal(cp_pool_submit(pool, cp_number(2), NULL), UV_ENOBUFS);
  assert_int_equal(INSIDE(cp_pool_cancel(pool, tasks[0].id)), 0);
  await_tasks(tasks, 1);
  assert_int_equal(tasks[0].status, CP_EABORTED);
  (void)submit(pool, &tasks[1], "1");
  let_go("gate", 1);
  await_tasks(&tasks[1], 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- the loop */

static void a_pool_without_tasks_keeps_the_loop_unless_it_is_unreferenced(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool *pool = open_plain(&e, 2);
  RUN_UNTIL(all_idle(pool, 2));
  assert_true(uv_loop_alive(test_loop()));
  cp_pool_unref(pool);
  cp_pool_unref(pool);
  run_loop();
  (void)submit(pool, &tasks[0], "1");
  run_loop(); /* a task keeps it */
  assert_int_equal(tasks[0].told, 1);
  cp_pool_ref(pool);
  assert_true(uv_loop_alive(test_loop()));
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_true(uv_loop_alive(test_loop()));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_unreferenced_pool_does_not_keep_the_loop_while_its_workers_start(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 2);
  options.ready_message = true;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "gated"));
  cp_pool_unref(pool);
  run_loop();
  assert_int_equal(e.ready, 0);
  let_go("start", 2);
  (void)submit(pool, &t, "3");
  run_loop();
  assert_true(t.result == 9);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_pool_that_closes_keeps_the_loop_until_its_workers_have_ended(void **state) {
  (void)state;
  events e;
  cp_pool *pool = open_plain(&e, 2);
  cp_pool_unref(pool);
  assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, 0, on_pool_closed, &e), 0);
  run_loop();
  assert_int_equal(e.closed, 1);
  cp_pool_free(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(tasks_of_one_key_go_to_one_place_in_order),
      POOL_TEST(a_key_that_waits_for_its_place_holds_up_nobody_else),
      POOL_TEST(a_key_stays_at_its_place_when_the_worker_there_is_replaced),
      POOL_TEST(tasks_of_higher_priority_are_begun_first_equal_ones_as_they_came),
      POOL_TEST(tasks_are_begun_as_they_were_submitted),
      POOL_TEST(ordered_outcomes_are_held_until_the_earlier_ones_are_told),
      POOL_TEST(ordered_outcomes_of_all_kinds_keep_their_order),
      POOL_TEST(the_worker_that_has_least_to_do_gets_the_next_task),
      POOL_TEST(a_worker_has_no_more_than_in_flight_and_answers_in_any_order),
      POOL_TEST(by_default_a_worker_has_one_task_at_a_time),
      POOL_TEST(submitting_returns_1_beyond_high_water_and_on_drain_says_when_to_go_on),
      POOL_TEST(on_drain_does_not_come_where_no_submit_has_returned_1),
      POOL_TEST(ordered_outcomes_that_are_held_count_as_waiting),
      POOL_TEST(a_full_queue_refuses_and_takes_again_when_there_is_room),
      POOL_TEST(a_cancelled_task_makes_room_in_the_queue),
      POOL_TEST(a_pool_without_tasks_keeps_the_loop_unless_it_is_unreferenced),
      POOL_TEST(an_unreferenced_pool_does_not_keep_the_loop_while_its_workers_start),
      POOL_TEST(a_pool_that_closes_keeps_the_loop_until_its_workers_have_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
