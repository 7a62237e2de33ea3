/* test_pool_life.c - pools: how workers come and go, and how a pool ends. */
#include <signal.h>

#include "pool_support.h"

enum { SOON_MS = 100 };

/* ---------------------------------------------------------------- coming */

static void the_first_workers_are_started_when_the_pool_is_opened(void **state) {
  (void)state;
  events e;
  cp_pool *pool = open_plain(&e, 3);
  assert_string_equal(e.text, ""); /* from the loop */
  RUN_UNTIL(all_idle(pool, 3));
  assert_int_equal(e.starting, 3);
  assert_int_equal(e.ready, 3);
  assert_int_equal(stats_of(pool).started, 3);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.leaving, 3);
  assert_int_equal(e.ended, 3);
  assert_int_equal(e.complaints, 0);
}

static void a_worker_goes_through_its_states_in_order(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &t, "1");
  await_tasks(&t, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_string_equal(e.text, "starting:0 ready:0 leaving:0 ended:0");
}

static void more_workers_are_started_when_there_is_work_for_them(void **state) {
  (void)state;
  events e;
  task holds[4], t;
  cp_pool_options options = pool_options(&e, 3);
  options.min_size = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  RUN_UNTIL(all_idle(pool, 1));
  (void)submit(pool, &t, "1"); /* one suffices */
  await_tasks(&t, 1);
  assert_int_equal(stats_of(pool).started, 1);
  assert_int_equal(cp_pool_worker(pool, 2).state, CP_WORKER_NONE);
  for (int i = 0; i < 4; i++) (void)submit(pool, &holds[i], json_of("hold", i, NULL));
  for (int i = 0; i < 3; i++) (void)next_beginning();
  assert_int_equal(stats_of(pool).started, 3);
  assert_int_equal(stats_of(pool).waiting, 1);
  let_go("gate", 4);
  await_tasks(holds, 4);
  RUN_UNTIL(all_idle(pool, 3)); /* and they stay */
  assert_int_equal(stats_of(pool).shrunk, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_pool_that_shrinks_starts_with_nobody_and_ends_with_nobody(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 4);
  options.idle_ms = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  assert_int_equal(stats_of(pool).started, 0);
  for (unsigned round = 1; round <= 2; round++) {
    (void)submit(pool, &t, "3");
    await_tasks(&t, 1);
    assert_true(t.result == 9);
    assert_int_equal(stats_of(pool).started, round); /* for one task one worker */
    RUN_UNTIL((unsigned)e.ended == round);
    assert_int_equal(stats_of(pool).shrunk, round);
    assert_int_equal(stats_of(pool).workers, 0);
    assert_int_equal(cp_pool_worker(pool, t.place).state, CP_WORKER_NONE);
  }
  assert_string_equal(e.text, "starting:0 ready:0 leaving:0 ended:0 starting:0 ready:0 leaving:0 ended:0");
  assert_int_equal(e.complaints + e.recycled, 0);
  assert_int_equal(stats_of(pool).crashed, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void workers_beyond_min_size_leave_when_they_are_idle(void **state) {
  (void)state;
  events e;
  task holds[4];
  cp_pool_options options = pool_options(&e, 4);
  options.idle_ms = SOON_MS;
  options.min_size = 2;
  cp_pool *pool = open_pool(&options, plain_words);
  RUN_UNTIL(stats_of(pool).started == 2);
  for (int i = 0; i < 4; i++) (void)submit(pool, &holds[i], json_of("hold", i, NULL));
  for (int i = 0; i < 4; i++) (void)next_beginning();
  let_go("gate", 4);
  RUN_UNTIL(e.ended == 2);
  await_tasks(holds, 4);
  check_squares(holds, 4);
  assert_true(all_idle(pool, 2));
  assert_int_equal(stats_of(pool).shrunk, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_gets_no_task_before_it_has_said_that_it_is_ready(void **state) {
  (void)state;
  for (int envelope = 0; envelope < 2; envelope++) {
    events e;
    task t;
    cp_pool_options options = pool_options(&e, 1);
    options.ready_message = true;
    options.protocol = envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    cp_pool *pool = open_pool(&options, CP_ARGS(envelope ? "envelope" : "plain", "gated"));
    (void)submit(pool, &t, json_of("hold", 3, NULL));
    RUN_UNTIL(e.starting == 1);
    RUN_UNTIL(cp_channel_peer_is_library(cp_child_channel(cp_pool_worker(pool, 0).child)));
    for (int i = 0; i < 20; i++) take_turn();
    assert_int_equal(cp_pool_worker(pool, 0).state, CP_WORKER_STARTING);
    assert_int_equal(stats_of(pool).running, 0);
    assert_int_equal(stats_of(pool).workers, 0);
    assert_int_equal(e.messages, 0);
    let_go("start", 1);
    (void)next_beginning();
    assert_int_equal(cp_pool_worker(pool, 0).state, CP_WORKER_READY);
    assert_int_equal(e.messages, 1); /* what it said */
    assert_non_null(strstr(e.last, "\"ready\":true"));
    assert_int_equal(t.told, 0);
    let_go("gate", 1);
    await_tasks(&t, 1);
    assert_true(t.result == 9);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* ---------------------------------------------------------------- recycling */

/* Workers that were started, and those that have ended: the replacement comes first. */
typedef struct recycling {
  int starting, ended, early;
} recycling;

static void watch_recycling(cp_pool *pool, const cp_worker_info *worker, void *data) {
  recycling *r = data;
  (void)pool;
  r->starting += worker->state == CP_WORKER_STARTING;
  if (worker->state == CP_WORKER_ENDED) r->early += ++r->ended >= r->starting;
}

static void check_shares(const task *tasks, int count, int most) {
  for (int i = 0; i < count; i++) {
    int same = 0;
    for (int j = 0; j < count; j++) same += tasks[j].pid == tasks[i].pid;
    assert_int_equal(tasks[i].status, 0);
    assert_int_equal(tasks[i].attempts, 1);
    if (same > most) fail_msg("process %d had %d tasks", tasks[i].pid, same);
  }
}

static void after_its_last_task_a_worker_is_replaced_and_no_task_is_lost(void **state) {
  static const struct {
    unsigned size, in_flight;
    uint64_t most;
  } cases[] = {{1, 1, 1}, {1, 1, 3}, {3, 1, 2}, {2, 2, 4}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    enum { TASKS = 24 };
    static task tasks[TASKS];
    events e;
    recycling r = {0};
    cp_pool_options options = pool_options(&e, cases[i].size);
    options.max_tasks = cases[i].most;
    options.in_flight = cases[i].in_flight;
    options.protocol = cases[i].in_flight > 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    options.on_worker = watch_recycling;
    options.data = &r;
    options.on_idle = NULL;
    cp_pool *pool = open_pool(&options, cases[i].in_flight > 1 ? envelope_words : plain_words);
    for (int n = 0; n < TASKS; n++) (void)submit(pool, &tasks[n], json_of("square", n, NULL));
    await_tasks(tasks, TASKS);
    check_squares(tasks, TASKS);
    check_shares(tasks, TASKS, (int)cases[i].most);
    assert_true(stats_of(pool).recycled >= TASKS / cases[i].most - cases[i].size);
    assert_int_equal(stats_of(pool).crashed, 0);
    assert_int_equal(stats_of(pool).retried, 0);
    assert_int_equal(r.early, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* Asks until another process answers. */
static void await_other_process(cp_pool *pool, int pid) {
  for (task t = {.pid = pid}; t.pid == pid;) {
    (void)submit(pool, &t, "1");
    await_tasks(&t, 1);
    assert_int_equal(t.status, 0);
    assert_int_equal(t.attempts, 1);
  }
}

static void a_worker_of_age_is_replaced(void **state) {
  (void)state;
  events e;
  task t;
  recycling r = {0};
  cp_pool_options options = pool_options(&e, 1);
  options.max_age_ms = SOON_MS;
  options.on_worker = watch_recycling;
  options.on_idle = NULL;
  options.data = &r;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, "1");
  await_tasks(&t, 1);
  await_other_process(pool, t.pid);
  assert_true(stats_of(pool).recycled >= 1);
  assert_int_equal(r.early, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_has_grown_is_replaced(void **state) {
  (void)state;
  events e;
  task t, more[20], leak;
  cp_pool_options options = pool_options(&e, 1);
  options.max_rss_kib = 150 << 10;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, "1");
  await_tasks(&t, 1);
  for (int i = 0; i < 20; i++) {
    (void)submit(pool, &more[i], "1");
    await_tasks(&more[i], 1);
    assert_int_equal(more[i].pid, t.pid);
  }
  (void)submit(pool, &leak, json_of("leak", 0, "\"mib\":200"));
  await_other_process(pool, t.pid);
  assert_int_equal(stats_of(pool).recycled, 1);
  RUN_UNTIL(e.ended == 1);
  assert_int_equal(e.recycled, 1);
  assert_int_equal(e.complaints, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void recycling_replaces_all_workers_that_there_are(void **state) {
  (void)state;
  events e;
  int pids[3];
  cp_pool *pool = open_plain(&e, 3);
  RUN_UNTIL(all_idle(pool, 3));
  for (unsigned i = 0; i < 3; i++) pids[i] = cp_child_pid(cp_pool_worker(pool, i).child);
  inside = true;
  cp_pool_recycle(pool);
  inside = false;
  RUN_UNTIL(e.ended == 3 && all_idle(pool, 3));
  for (unsigned i = 0; i < 3; i++)
    for (unsigned j = 0; j < 3; j++) assert_int_not_equal(cp_child_pid(cp_pool_worker(pool, i).child), pids[j]);
  assert_int_equal(e.recycled, 3);
  assert_int_equal(stats_of(pool).recycled, 3);
  assert_int_equal(stats_of(pool).started, 6);
  cp_pool_recycle(pool);
  cp_pool_recycle(pool); /* no harm */
  RUN_UNTIL(all_idle(pool, 3) && e.ended >= 6);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.complaints, 0);
}

static void a_recycled_worker_ends_what_it_has_begun(void **state) {
  (void)state;
  events e;
  task holds[2], next;
  cp_pool_options options = pool_options(&e, 1);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = 2;
  cp_pool *pool = open_pool(&options, envelope_words);
  for (int i = 0; i < 2; i++) (void)submit(pool, &holds[i], json_of("hold", i, NULL));
  beginning begun = next_beginning();
  (void)next_beginning();
  cp_pool_recycle(pool);
  (void)submit(pool, &next, json_of("who", 1, NULL));
  await_tasks(&next, 1); /* by the replacement, beside the old one */
  assert_int_equal(next.status, 0);
  assert_int_not_equal(next.pid, begun.pid);
  assert_int_equal(next.place, 0);
  assert_int_equal(holds[0].told + holds[1].told, 0);
  assert_int_equal(e.ended, 0);
  let_go("gate", 2);
  await_tasks(holds, 2);
  check_squares(holds, 2);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(holds[i].pid, begun.pid);
    assert_int_equal(holds[i].attempts, 1);
  }
  RUN_UNTIL(e.ended == 1);
  assert_int_equal(e.recycled, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_recycled_worker_keeps_its_place_while_it_has_a_task_with_a_key(void **state) {
  (void)state;
  events e;
  task first, second;
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = task_options(&first);
  options.key = "k";
  (void)submit_with(pool, &first, json_of("hold", 0, NULL), &options);
  (void)next_beginning();
  cp_pool_recycle(pool);
  options = task_options(&second);
  options.key = "k";
  (void)submit_with(pool, &second, json_of("hold", 1, NULL), &options);
  RUN_UNTIL(e.ready == 2);
  for (int i = 0; i < 20; i++) take_turn();
  assert_int_equal(attempts_begun(1), 0);
  let_go("gate", 2);
  await_tasks(&first, 1);
  await_tasks(&second, 1);
  assert_true(first.ended_ns <= second.started_ns);
  assert_int_not_equal(first.pid, second.pid);
  RUN_UNTIL(e.ended == 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_recycled_worker_is_held_to_the_timeout_of_its_task(void **state) {
  (void)state;
  events e;
  task stuck, next;
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = task_options(&stuck);
  options.timeout_ms = ENOUGH_MS;
  (void)submit_with(pool, &stuck, json_of("stuck", 0, NULL), &options);
  int pid = next_beginning().pid;
  cp_pool_recycle(pool);
  (void)submit(pool, &next, "3");
  await_tasks(&next, 1);
  await_tasks(&stuck, 1);
  assert_int_equal(stuck.status, CP_ETIMEDOUT);
  RUN_UNTIL(e.ended == 1);
  assert_false(is_alive(pid));
  assert_int_equal(stats_of(pool).started, 2);
  assert_true(all_idle(pool, 1));
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_recycled_worker_that_dies_with_a_task_gives_it_back(void **state) {
  (void)state;
  events e;
  task held;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &held, json_of("hold", 3, NULL));
  int pid = next_beginning().pid;
  cp_pool_recycle(pool);
  RUN_UNTIL(e.ready == 2);
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_not_equal(next_beginning().pid, pid);
  let_go("gate", 1);
  await_tasks(&held, 1);
  assert_true(held.result == 9);
  assert_int_equal(held.attempts, 2);
  assert_int_equal(stats_of(pool).started, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.complaints, 1);
}

static void a_recycled_worker_with_a_task_does_not_hold_up_an_abort(void **state) {
  (void)state;
  events e;
  task held;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &held, json_of("hold", 3, NULL));
  (void)next_beginning();
  cp_pool_recycle(pool);
  RUN_UNTIL(e.ready == 2);
  assert_int_equal(cp_pool_close(pool, CP_POOL_ABORT, 0, on_pool_closed, &e), 0);
  RUN_UNTIL(e.closed);
  assert_int_equal(held.status, CP_EABORTED);
  assert_int_equal(e.ended, 2);
  run_loop();
  cp_pool_free(pool);
}

static void limits_of_time_may_be_as_long_as_there_are_numbers(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool_options options = pool_options(&e, 1);
  options.max_age_ms = options.idle_ms = options.timeout_ms = UINT64_MAX;
  cp_pool *pool = open_pool(&options, NULL);
  (void)submit(pool, &tasks[0], "0");
  await_tasks(tasks, 1);
  for (int i = 0; i < 20; i++) take_turn();
  (void)submit(pool, &tasks[1], "1");
  await_tasks(tasks, 2);
  assert_int_equal(tasks[0].pid, tasks[1].pid);
  assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, UINT64_MAX, on_pool_closed, &e), 0);
  RUN_UNTIL(e.closed);
  cp_pool_free(pool);
}

static void a_replacement_on_its_way_is_replaced_as_well(void **state) {
  (void)state;
  events e;
  task held;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &held, json_of("hold", 0, NULL));
  (void)next_beginning();
  cp_pool_recycle(pool);
  RUN_UNTIL(e.starting == 2);
  cp_pool_recycle(pool);
  let_go("gate", 1);
  await_tasks(&held, 1);
  RUN_UNTIL(e.ended == 2 && all_idle(pool, 1));
  assert_int_equal(stats_of(pool).started, 3);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* Whoever is ready may have one task only, and its successor is ready, too. */
static void with_a_process_for_each_task_no_more_run_than_there_are_places(void **state) {
  (void)state;
  enum { TASKS = 6, SIZE = 2 };
  events e;
  task tasks[TASKS];
  cp_pool_options options = pool_options(&e, SIZE);
  options.max_tasks = 1;
  cp_pool *pool = open_pool(&options, NULL);
  for (int i = 0; i < TASKS; i++) (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
  for (int begun = SIZE; begun <= TASKS; begun++) {
    RUN_UNTIL(stats_of(pool).running == SIZE && e.ready >= begun + SIZE);
    for (int i = 0; i < 20; i++) take_turn();
    assert_int_equal(stats_of(pool).running, SIZE);
    assert_int_equal(stats_of(pool).waiting, TASKS - begun);
    let_go("gate", 1);
    if (begun == TASKS) let_go("gate", SIZE - 1);
    RUN_UNTIL(stats_of(pool).succeeded + SIZE > (uint64_t)begun);
  }
  await_tasks(tasks, TASKS);
  check_squares(tasks, TASKS);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* Its replacement does not come: the one that there is must not leave before. */
static void a_worker_stays_until_its_replacement_is_ready(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool_options options = pool_options(&e, 1);
  options.ready_message = true;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "gated"));
  let_go("start", 1);
  RUN_UNTIL(all_idle(pool, 1));
  cp_pool_recycle(pool);
  RUN_UNTIL(e.starting == 2);
  (void)submit(pool, &tasks[0], "1");
  await_tasks(tasks, 1);
  assert_int_equal(tasks[0].status, 0);
  assert_int_equal(e.ended, 0);
  let_go("start", 1);
  RUN_UNTIL(e.ended == 1 && all_idle(pool, 1));
  (void)submit(pool, &tasks[1], "1");
  await_tasks(tasks, 2);
  assert_int_not_equal(tasks[1].pid, tasks[0].pid);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- closing */

static void a_pool_that_finishes_does_what_was_submitted_first(void **state) {
  (void)state;
  enum { TASKS = 50 };
  static task tasks[TASKS];
  events e;
  cp_pool *pool = open_plain(&e, 2);
  for (int i = 0; i < TASKS; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
  assert_int_equal(INSIDE(cp_pool_close(pool, CP_POOL_FINISH, 0, on_pool_closed, &e)), 0);
  assert_int_equal(cp_pool_submit(pool, cp_number(1), NULL), CP_EPOOL);
  assert_int_equal(e.closed, 0);
  run_loop();
  check_squares(tasks, TASKS);
  assert_int_equal(e.closed, 1);
  assert_int_equal(e.report.aborted + e.report.terminated + e.report.killed, 0);
  assert_int_equal(stats_of(pool).succeeded, TASKS);
  assert_int_equal(cp_pool_submit(pool, cp_number(1), NULL), CP_EPOOL);
  cp_pool_free(pool);
}

static void tasks_that_need_another_attempt_have_it_while_the_pool_finishes(void **state) {
  (void)state;
  static task tasks[10];
  events e;
  cp_pool *pool = open_plain(&e, 2);
  for (int i = 0; i < 10; i++) (void)submit(pool, &tasks[i], json_of("exit", i, "\"times\":1"));
  close_pool(pool, &e, CP_POOL_FINISH);
  check_squares(tasks, 10);
  for (int i = 0; i < 10; i++) assert_int_equal(tasks[i].attempts, 2);
  assert_int_equal(e.report.aborted, 0);
}

static void a_pool_that_aborts_tells_all_tasks_and_kills_its_workers(void **state) {
  (void)state;
  events e;
  task tasks[5];
  int pids[2];
  cp_pool *pool = open_plain(&e, 2);
  for (int i = 0; i < 5; i++) (void)submit(pool, &tasks[i], json_of("stuck-stubborn", i, NULL));
  for (int i = 0; i < 2; i++) pids[i] = next_beginning().pid;
  assert_int_equal(INSIDE(cp_pool_close(pool, CP_POOL_ABORT, 0, on_pool_closed, &e)), 0);
  assert_int_equal(cp_pool_submit(pool, cp_number(1), NULL), CP_EPOOL);
  RUN_UNTIL(e.closed);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(tasks[i].told, 1);
    assert_int_equal(tasks[i].status, CP_EABORTED);
    assert_int_equal(tasks[i].attempts, i < 2);
  }
  for (int i = 0; i < 2; i++) assert_false(is_alive(pids[i]));
  assert_int_equal(e.report.aborted, 5);
  assert_int_equal(e.report.killed, 2);
  assert_int_equal(e.ended, 2);
  run_loop();
  cp_pool_free(pool);
}

static void after_the_deadline_what_is_left_is_aborted(void **state) {
  (void)state;
  events e;
  task tasks[4];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &tasks[0], json_of("square", 0, NULL));
  await_tasks(tasks, 1);
  for (int i = 1; i < 4; i++) (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
  (void)next_beginning();
  assert_int_equal(INSIDE(cp_pool_close(pool, CP_POOL_FINISH, SOON_MS, on_pool_closed, &e)), 0);
  RUN_UNTIL(e.closed);
  for (int i = 1; i < 4; i++) assert_int_equal(tasks[i].status, CP_EABORTED);
  assert_int_equal(e.report.aborted, 3);
  run_loop();
  cp_pool_free(pool);
}

static void a_deadline_that_is_not_needed_is_not_waited_for(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &t, "1");
  assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, 3600000, on_pool_closed, &e), 0);
  run_loop(); /* longer than the test may take */
  assert_int_equal(e.closed, 1);
  assert_int_equal(t.status, 0);
  cp_pool_free(pool);
}

static void a_second_close_makes_it_more_urgent_and_has_the_callback(void **state) {
  (void)state;
  for (int deadline = 0; deadline < 2; deadline++) {
    events first, second = {0};
    task tasks[2];
    cp_pool *pool = open_plain(&first, 1);
    for (int i = 0; i < 2; i++) (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
    (void)next_beginning();
    assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, 3600000, on_pool_closed, &first), 0);
    for (int i = 0; i < 10; i++) take_turn();
    assert_int_equal(first.closed, 0);
    cp_pool_end end = deadline ? CP_POOL_FINISH : CP_POOL_ABORT;
    assert_int_equal(INSIDE(cp_pool_close(pool, end, deadline ? 1 : 0, on_pool_closed, &second)), 0);
    RUN_UNTIL(second.closed);
    assert_int_equal(first.closed, 0);
    assert_int_equal(second.report.aborted, 2);
    for (int i = 0; i < 2; i++) assert_int_equal(tasks[i].status, CP_EABORTED);
    assert_int_equal(cp_pool_close(pool, CP_POOL_ABORT, 0, on_pool_closed, &first), UV_EALREADY);
    run_loop();
    assert_int_equal(first.closed, 0);
    cp_pool_free(pool);
  }
}

static void workers_that_cling_to_life_are_ended_by_the_signal(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  options.ready_message = true;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "ready", "clinging"));
  RUN_UNTIL(all_idle(pool, 2));
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.report.terminated, 2);
  assert_int_equal(e.report.killed, 0);
}

static void workers_that_ignore_the_signal_are_killed(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  options.ready_message = true;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "ready", "stubborn"));
  RUN_UNTIL(all_idle(pool, 2));
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.report.terminated, 2);
  assert_int_equal(e.report.killed, 2);
  assert_int_equal(e.report.aborted, 0);
}

static void stopped_workers_do_not_hold_up_the_end(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = *options.worker;
  worker.grace_ms = SOON_MS;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  RUN_UNTIL(all_idle(pool, 2));
  assert_int_equal(cp_child_kill(cp_pool_worker(pool, 1).child, SIGSTOP), 0);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.report.killed, 1);
}

static void a_pool_without_workers_closes_from_the_loop(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 2);
  options.idle_ms = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  assert_int_equal(stats_of(pool).started, 0);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_string_equal(e.text, "");
}

static void a_pool_whose_workers_do_not_become_ready_closes(void **state) {
  (void)state;
  for (int tasks = 0; tasks < 2; tasks++) {
    events e;
    task t = {.status = CP_EABORTED};
    cp_pool_options options = pool_options(&e, 2);
    options.ready_message = true;
    cp_pool *pool = open_pool(&options, CP_ARGS("plain", "never"));
    if (tasks) (void)submit(pool, &t, "1");
    RUN_UNTIL(e.starting == 2);
    assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, tasks ? SOON_MS : 0, on_pool_closed, &e), 0);
    RUN_UNTIL(e.closed);
    assert_int_equal(t.status, CP_EABORTED);
    assert_int_equal(e.report.aborted, tasks);
    run_loop();
    cp_pool_free(pool);
  }
}

static void a_pool_whose_workers_crash_at_load_closes(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 2);
  options.ready_message = true;
  options.max_failed_starts = 3;
  cp_pool *pool = open_pool(&options, CP_ARGS("plain", "crash"));
  (void)submit(pool, &t, "1");
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(t.status, CP_EPOOL);
}

static void close_in_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  assert_int_equal(outcome->status, 0);
  (void)INSIDE(cp_pool_close(pool, CP_POOL_ABORT, 0, on_pool_closed, data));
}

static void a_pool_may_be_closed_in_an_outcome(void **state) {
  (void)state;
  events e;
  task tasks[3];
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = {.cb = close_in_outcome, .data = &e};
  assert_int_equal(cp_pool_submit(pool, cp_number(1), &options), 0);
  for (int i = 0; i < 3; i++) (void)submit(pool, &tasks[i], json_of("stuck", i, NULL));
  RUN_UNTIL(e.closed);
  for (int i = 0; i < 3; i++) assert_int_equal(tasks[i].status, CP_EABORTED);
  assert_int_equal(e.report.aborted, 3);
  run_loop();
  cp_pool_free(pool);
}

static void submit_in_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  int *refused = data;
  assert_int_equal(outcome->status, CP_EABORTED);
  *refused += cp_pool_submit(pool, cp_number(1), NULL) == CP_EPOOL;
  *refused += cp_pool_cancel(pool, outcome->id) == UV_ENOENT;
}

static void a_pool_that_aborts_takes_nothing_from_its_outcomes(void **state) {
  (void)state;
  events e;
  int refused = 0;
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = {.cb = submit_in_outcome, .data = &refused};
  for (int i = 0; i < 3; i++)
    assert_int_equal(cp_pool_submit_json(pool, json_of("stuck", i, NULL), SIZE_MAX, &options), 0);
  close_pool(pool, &e, CP_POOL_ABORT);
  assert_int_equal(refused, 6);
}

/* ---------------------------------------------------------------- freeing */

static void a_pool_may_be_freed_at_any_time(void **state) {
  static const char *const verbs[] = {"square", "hold", "exit", "stuck", "hangup", "say"};
  (void)state;
  for (int turns = 0; turns < 60; turns++) {
    events e;
    static task tasks[6];
    int told[6];
    cp_pool_options options = pool_options(&e, 3);
    options.max_tasks = 2;
    options.ordered = turns % 5 == 4;
    cp_pool *pool = open_pool(&options, plain_words);
    for (int i = 0; i < 6; i++) (void)submit(pool, &tasks[i], json_of(verbs[i], i, "\"times\":1,\"text\":\"\""));
    for (int i = 0; i < turns; i++) {
      take_turn();
      if (turns % 2 == 0) take_nap();
    }
    if (turns % 3 == 1) (void)cp_pool_close(pool, CP_POOL_FINISH, 0, on_pool_closed, &e);
    if (turns % 3 == 2) (void)cp_pool_close(pool, CP_POOL_ABORT, 0, on_pool_closed, &e);
    if (turns % 4 == 3) take_turn();
    for (int i = 0; i < 6; i++) told[i] = tasks[i].told;
    int closed = e.closed;
    cp_pool_free(pool);
    reap_freed();
    for (int i = 0; i < 6; i++) assert_int_equal(tasks[i].told, told[i]);
    assert_int_equal(e.closed, closed);
  }
}

static void a_pool_that_is_freed_at_once_leaves_nothing(void **state) {
  (void)state;
  events e;
  for (int i = 0; i < 5; i++) cp_pool_free(open_plain(&e, 4));
  reap_freed();
  assert_string_equal(e.text, "");
}

/* ---------------------------------------------------------------- numbers */

static void the_numbers_add_up(void **state) {
  static const char *const verbs[] = {"square", "exit", "error", "stuck", "twice", "kill"};
  (void)state;
  enum { TASKS = 60 };
  static task tasks[TASKS];
  events e;
  cp_pool_options options = pool_options(&e, 3);
  options.protocol = CP_POOL_ENVELOPE;
  options.max_tasks = 5;
  options.max_failed_starts = 1000;
  cp_pool *pool = open_pool(&options, envelope_words);
  uint64_t by_status[5] = {0}, attempts = 0;
  for (int i = 0; i < TASKS; i++) {
    cp_task_options with = task_options(&tasks[i]);
    with.timeout_ms = i % 6 == 3 ? SOON_MS : 0;
    with.max_retries = i % 6 == 5 ? CP_RETRY_NEVER : 0;
    (void)submit_with(pool, &tasks[i], json_of(verbs[i % 6], i, i % 6 == 1 ? "\"times\":1" : "\"text\":\"no\""), &with);
  }
  assert_int_equal(cp_pool_cancel(pool, tasks[TASKS - 6].id), 0);
  RUN_UNTIL(e.idle);
  for (int i = 0; i < TASKS; i++) {
    static const int statuses[] = {0, CP_EREPLY, CP_ETIMEDOUT, CP_EWORKER, CP_EABORTED};
    for (int k = 0; k < 5; k++) by_status[k] += tasks[i].status == statuses[k];
    attempts += tasks[i].attempts;
    assert_int_equal(tasks[i].told, 1);
  }
  cp_pool_stats stats = stats_of(pool);
  assert_int_equal(stats.submitted, TASKS);
  assert_int_equal(stats.succeeded, by_status[0]);
  assert_int_equal(stats.failed, TASKS - by_status[0]);
  assert_int_equal(by_status[0], 29);
  assert_int_equal(by_status[1], 10);
  assert_int_equal(by_status[2], 10);
  assert_int_equal(by_status[3], 10);
  assert_int_equal(by_status[4], 1);
  assert_int_equal(stats.timed_out, 10);
  assert_int_equal(stats.cancelled, 1);
  assert_int_equal(stats.retried, 10);
  assert_int_equal(attempts, TASKS - 1 + 10);
  assert_true(stats.crashed >= 20); /* exits and kills */
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.starting, e.ended);
  assert_int_equal(stats.started >= (uint64_t)e.recycled, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(the_first_workers_are_started_when_the_pool_is_opened),
      POOL_TEST(a_worker_goes_through_its_states_in_order),
      POOL_TEST(more_workers_are_started_when_there_is_work_for_them),
      POOL_TEST(a_pool_that_shrinks_starts_with_nobody_and_ends_with_nobody),
      POOL_TEST(workers_beyond_min_size_leave_when_they_are_idle),
      POOL_TEST(a_worker_gets_no_task_before_it_has_said_that_it_is_ready),
      POOL_TEST(after_its_last_task_a_worker_is_replaced_and_no_task_is_lost),
      POOL_TEST(a_worker_of_age_is_replaced),
      POOL_TEST(a_worker_that_has_grown_is_replaced),
      POOL_TEST(recycling_replaces_all_workers_that_there_are),
      POOL_TEST(a_recycled_worker_ends_what_it_has_begun),
      POOL_TEST(a_recycled_worker_keeps_its_place_while_it_has_a_task_with_a_key),
      POOL_TEST(a_recycled_worker_is_held_to_the_timeout_of_its_task),
      POOL_TEST(a_recycled_worker_that_dies_with_a_task_gives_it_back),
      POOL_TEST(a_recycled_worker_with_a_task_does_not_hold_up_an_abort),
      POOL_TEST(limits_of_time_may_be_as_long_as_there_are_numbers),
      POOL_TEST(a_replacement_on_its_way_is_replaced_as_well),
      POOL_TEST(with_a_process_for_each_task_no_more_run_than_there_are_places),
      POOL_TEST(a_worker_stays_until_its_replacement_is_ready),
      POOL_TEST(a_pool_that_finishes_does_what_was_submitted_first),
      POOL_TEST(tasks_that_need_another_attempt_have_it_while_the_pool_finishes),
      POOL_TEST(a_pool_that_aborts_tells_all_tasks_and_kills_its_workers),
      POOL_TEST(after_the_deadline_what_is_left_is_aborted),
      POOL_TEST(a_deadline_that_is_not_needed_is_not_waited_for),
      POOL_TEST(a_second_close_makes_it_more_urgent_and_has_the_callback),
      POOL_TEST(workers_that_cling_to_life_are_ended_by_the_signal),
      POOL_TEST(workers_that_ignore_the_signal_are_killed),
      POOL_TEST(stopped_workers_do_not_hold_up_the_end),
      POOL_TEST(a_pool_without_workers_closes_from_the_loop),
      POOL_TEST(a_pool_whose_workers_do_not_become_ready_closes),
      POOL_TEST(a_pool_whose_workers_crash_at_load_closes),
      POOL_TEST(a_pool_may_be_closed_in_an_outcome),
      POOL_TEST(a_pool_that_aborts_takes_nothing_from_its_outcomes),
      POOL_TEST(a_pool_may_be_freed_at_any_time),
      POOL_TEST(a_pool_that_is_freed_at_once_leaves_nothing),
      POOL_TEST(the_numbers_add_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
