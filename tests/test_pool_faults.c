/* test_pool_faults.c - pools: what becomes of tasks when their workers fail. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool_support.h"

static const char *const plain_words[] = {"plain", NULL}, *const envelope_words[] = {"envelope", NULL};

static cp_pool *open_plain(events *e, unsigned size) {
  cp_pool_options options = pool_options(e, size);
  return open_pool(&options, plain_words);
}

static cp_pool *open_envelope(events *e, unsigned size, unsigned in_flight, const char *const *words) {
  cp_pool_options options = pool_options(e, size);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = in_flight;
  return open_pool(&options, words);
}

static int submit_timed(cp_pool *pool, task *t, const char *json, uint64_t timeout_ms) {
  cp_task_options options = task_options(t);
  options.timeout_ms = timeout_ms;
  return submit_with(pool, t, json, &options);
}

static int submit_retried(cp_pool *pool, task *t, const char *json, int max_retries) {
  cp_task_options options = task_options(t);
  options.max_retries = max_retries;
  return submit_with(pool, t, json, &options);
}

enum { SOON_MS = 100 }; /* for what is stuck, and would be for ever */

/* ---------------------------------------------------------------- workers that die */

static void a_task_whose_worker_dies_is_tried_again(void **state) {
  static const char *const deaths[] = {"exit", "kill", "disconnect", "hangup", "garbage", "complain"};
  (void)state;
  for (int way = 0; way < 4; way++) {
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
      events e;
      task tasks[2];
      cp_pool_options options = pool_options(&e, 1);
      cp_options worker = *options.worker;
      worker.serialization = way & 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
      worker.grace_ms = SOON_MS;
      options.worker = &worker;
      options.protocol = way & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
      cp_pool *pool = open_pool(&options, way & 1 ? envelope_words : plain_words);
      long n = 100 * way + 2 * (long)i;
      (void)submit(pool, &tasks[0], json_of(deaths[i], n, "\"times\":1"));
      (void)submit(pool, &tasks[1], json_of("square", n + 1, NULL));
      await_tasks(tasks, 2);
      if (tasks[0].status != 0) fail_msg("%s: %s", deaths[i], tasks[0].error);
      assert_true(tasks[0].result == (double)(n * n));
      assert_int_equal(tasks[0].attempts, 2);
      assert_int_equal(attempts_begun(n), 2);
      assert_int_equal(tasks[1].attempts, 1);
      cp_pool_stats stats = stats_of(pool);
      assert_int_equal(stats.retried, 1);
      assert_int_equal(stats.crashed, 1);
      assert_int_equal(stats.started, 2);
      close_pool(pool, &e, CP_POOL_FINISH);
    }
  }
}

static void a_task_is_tried_as_often_as_its_own_or_the_pools_limit_says(void **state) {
  static const struct {
    int pool, task, attempts;
  } cases[] = {{0, 0, 3}, {1, 0, 2}, {CP_RETRY_NEVER, 0, 1}, {CP_RETRY_NEVER, 3, 4}, {5, CP_RETRY_NEVER, 1}, {5, 1, 2}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    events e;
    task t;
    cp_pool_options options = pool_options(&e, 2);
    options.max_retries = cases[i].pool;
    cp_pool *pool = open_pool(&options, plain_words);
    (void)submit_retried(pool, &t, json_of("exit", (long)i, "\"code\":7"), cases[i].task);
    await_tasks(&t, 1);
    assert_int_equal(t.status, CP_EWORKER);
    assert_int_equal(t.attempts, cases[i].attempts);
    assert_int_equal(attempts_begun((long)i), cases[i].attempts);
    cp_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.retried, cases[i].attempts - 1);
    assert_int_equal(stats.failed, 1);
    close_pool(pool, &e, CP_POOL_FINISH);
    assert_int_equal(e.errors, 0); /* the pool is as good as before */
  }
}

static void an_outcome_says_how_the_worker_ended_and_what_it_last_wrote(void **state) {
  (void)state;
  events e;
  task tasks[4];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit_retried(pool, &tasks[0], json_of("complain", 0, "\"code\":42,\"text\":\"I am lost\\n\""),
                       CP_RETRY_NEVER);
  (void)submit_retried(pool, &tasks[1], json_of("kill", 1, "\"signal\":10"), CP_RETRY_NEVER);
  (void)submit_retried(pool, &tasks[2], json_of("exit", 2, "\"code\":0"), CP_RETRY_NEVER);
  (void)submit(pool, &tasks[3], json_of("complain", 3, "\"code\":1,\"text\":\"again\""));
  await_tasks(tasks, 4);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(tasks[i].status, CP_EWORKER);
    assert_true(tasks[i].ended);
    assert_true(tasks[i].pid > 0);
  }
  assert_int_equal(tasks[0].exit.code, 42);
  assert_string_equal(tasks[0].err, "I am lost\n");
  assert_non_null(strstr(tasks[0].error, "42"));
  assert_int_equal(tasks[1].exit.signal, SIGUSR1);
  assert_string_equal(tasks[1].err, "");
  assert_non_null(strstr(tasks[1].error, "SIGUSR1"));
  assert_int_equal(tasks[2].exit.code, 0);
  assert_int_equal(tasks[2].exit.signal, 0);
  assert_string_equal(tasks[3].err, "again"); /* of the last worker alone */
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void of_much_that_a_worker_wrote_the_end_is_kept(void **state) {
  (void)state;
  enum { BYTES = 100003 };
  events e;
  task t;
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.on_stderr = NULL;
  worker.silent = true; /* nobody sees it, and the pool keeps it all the same */
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit_retried(pool, &t, json_of("noise", 0, "\"bytes\":100003"), CP_RETRY_NEVER);
  await_tasks(&t, 1);
  assert_int_equal(t.err_length, CP_POOL_STDERR_TAIL);
  for (int i = 0; i < CP_POOL_STDERR_TAIL; i++)
    if (t.err[i] != '0' + (BYTES - CP_POOL_STDERR_TAIL + i) % 10) fail_msg("byte %d of the tail is another", i);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_that_is_tried_again_is_the_first_in_the_queue(void **state) {
  (void)state;
  events e;
  static task tasks[5];
  cp_pool *pool = open_plain(&e, 1);
  for (int i = 0; i < 5; i++) (void)submit(pool, &tasks[i], json_of(i == 1 ? "exit" : "square", i, "\"times\":2"));
  await_tasks(tasks, 5);
  check_squares(tasks, 5);
  for (int i = 0; i < 5; i++) assert_int_equal(tasks[i].order, i + 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void all_tasks_that_a_dead_worker_had_are_tried_again_in_order(void **state) {
  (void)state;
  events e;
  static task tasks[4];
  cp_pool *pool = open_envelope(&e, 1, 4, envelope_words);
  for (int i = 0; i < 3; i++) (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
  (void)submit(pool, &tasks[3], json_of("exit", 3, "\"times\":1"));
  for (int i = 0; i < 6; i++) assert_int_equal(next_beginning().n, i % 3);
  await_tasks(&tasks[3], 1);
  let_go("gate", 3);
  await_tasks(tasks, 4);
  check_squares(tasks, 4);
  for (int i = 0; i < 4; i++) assert_int_equal(tasks[i].attempts, 2);
  assert_int_equal(stats_of(pool).retried, 4);
  assert_int_equal(stats_of(pool).crashed, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_answer_that_was_sent_before_the_end_counts(void **state) {
  static const char *const more[] = {NULL, "\"signal\":9"};
  (void)state;
  for (int way = 0; way < 4; way++) {
    events e;
    static task tasks[20];
    cp_pool_options options = pool_options(&e, 2);
    options.protocol = way & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    options.max_failed_starts = options.max_retries = 1000; /* a task may be sent to one that is ending */
    cp_pool *pool = open_pool(&options, way & 1 ? envelope_words : plain_words);
    for (int i = 0; i < 20; i++) (void)submit(pool, &tasks[i], json_of("last", i, more[way / 2]));
    await_tasks(tasks, 20);
    check_squares(tasks, 20);
    assert_int_equal(e.errors, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
    for (int i = 0; i < 20; i++) { /* once answered, it is not begun again */
      assert_int_equal(attempts_begun(i), way + 1);
    }
  }
}

static void handles_are_kept_for_the_next_attempt(void **state) {
  (void)state;
  events e;
  task t;
  int fds[2];
  cp_pool *pool = open_plain(&e, 1);
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], "still here", 10), 10);
  close(fds[1]);
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = fds[0]};
  cp_task_options options = task_options(&t);
  options.handles = &handle;
  options.handle_count = 1;
  (void)submit_with(pool, &t, json_of("read", 0, "\"first\":\"exit\""), &options);
  close(fds[0]);
  await_tasks(&t, 1);
  assert_int_equal(t.attempts, 2);
  assert_string_equal(t.text, "still here");
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_that_is_killed_while_it_is_idle_is_replaced(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_plain(&e, 2);
  RUN_UNTIL(all_idle(pool, 2));
  int kept = cp_child_pid(cp_pool_worker(pool, 0).child), pid = cp_child_pid(cp_pool_worker(pool, 1).child);
  assert_int_equal(kill(pid, SIGKILL), 0);
  RUN_UNTIL(e.ended == 1 && all_idle(pool, 2));
  assert_int_not_equal(cp_child_pid(cp_pool_worker(pool, 1).child), pid);
  assert_int_equal(cp_child_pid(cp_pool_worker(pool, 0).child), kept);
  assert_int_equal(e.complaints, 1);
  assert_int_equal(stats_of(pool).crashed, 1);
  assert_int_equal(cp_child_kill(cp_pool_worker(pool, 0).child, SIGKILL), 0); /* the header allows it */
  RUN_UNTIL(e.ended == 2 && all_idle(pool, 2));
  (void)submit(pool, &t, "6");
  await_tasks(&t, 1);
  assert_true(t.result == 36);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void all_workers_killed_at_once_lose_no_task(void **state) {
  (void)state;
  events e;
  static task tasks[8];
  cp_pool *pool = open_plain(&e, 4);
  for (int i = 0; i < 8; i++) (void)submit(pool, &tasks[i], json_of("hold", i, NULL));
  for (int i = 0; i < 4; i++) assert_int_equal(kill(next_beginning().pid, SIGKILL), 0);
  RUN_UNTIL(e.ended == 4);
  let_go("gate", 8);
  await_tasks(tasks, 8);
  check_squares(tasks, 8);
  assert_int_equal(stats_of(pool).crashed, 4);
  close_pool(pool, &e, CP_POOL_FINISH);
}

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

/* ---------------------------------------------------------------- wrong answers */

static void a_second_answer_is_not_that_of_another_task(void **state) {
  (void)state;
  events e;
  static task tasks[10];
  cp_pool *pool = open_envelope(&e, 1, 2, envelope_words);
  for (int i = 0; i < 10; i++) (void)submit(pool, &tasks[i], json_of(i % 2 == 0 ? "twice" : "square", i, NULL));
  await_tasks(tasks, 10);
  check_squares(tasks, 10);
  RUN_UNTIL(stats_of(pool).stray == 5);
  assert_int_equal(e.messages, 0); /* they have a number */
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_answer_to_a_task_of_another_worker_does_not_count(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    events e;
    task hold, thief;
    cp_pool_options options = pool_options(&e, 2);
    cp_options worker = *options.worker;
    worker.serialization = way ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
    options.worker = &worker;
    options.protocol = CP_POOL_ENVELOPE;
    cp_pool *pool = open_pool(&options, envelope_words);
    (void)submit(pool, &hold, json_of("hold", 3, NULL));
    (void)next_beginning();
    (void)submit(pool, &thief, json_of("steal", 4, "\"id_of\":1"));
    await_tasks(&thief, 1);
    assert_true(thief.result == 16);
    assert_int_equal(hold.told, 0);
    assert_int_equal(stats_of(pool).stray, 7);
    let_go("gate", 1);
    await_tasks(&hold, 1);
    assert_true(hold.result == 9);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void an_answer_beyond_the_limits_is_the_workers_fault(void **state) {
  (void)state;
  for (int way = 0; way < 4; way++) {
    events e;
    task tasks[2];
    char text[4000];
    cp_pool_options options = pool_options(&e, 1);
    cp_options worker = *options.worker;
    worker.serialization = way & 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
    worker.limits.max_bytes = 2000;
    worker.grace_ms = SOON_MS;
    options.worker = &worker;
    options.protocol = way & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
    cp_pool *pool = open_pool(&options, way & 1 ? envelope_words : plain_words);
    (void)snprintf(text, sizeof text, "{\"do\":\"echo\",\"text\":\"%03000d\"}", 0);
    (void)submit_retried(pool, &tasks[0], text, 1);
    (void)submit(pool, &tasks[1], json_of("square", 1, NULL));
    await_tasks(tasks, 2);
    assert_int_equal(tasks[0].status, CP_EWORKER);
    assert_int_equal(tasks[0].attempts, 2);
    print_message("%s\n", tasks[0].error);
    assert_int_equal(tasks[1].status, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_second_answer_of_an_idle_plain_worker_is_a_message(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &t, json_of("twice", 3, NULL));
  await_tasks(&t, 1);
  RUN_UNTIL(e.messages == 1);
  assert_string_equal(e.last, "9");
  assert_int_equal(t.told, 1);
  assert_int_equal(stats_of(pool).stray, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

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

/* ---------------------------------------------------------------- the parent */

static void die_with_workers(int out) {
  uv_loop_t loop;
  events e;
  beginning begun;
  int pids[2];
  cp_pool *pool = NULL;
  cp_pool_options options = pool_options(&e, 2);
  if (uv_loop_init(&loop) != 0) _exit(1);
  if (cp_pool_open(&pool, &loop, POOL_WORKER, plain_words, &options) != 0) _exit(2);
  for (int i = 0; i < 2; i++)
    if (cp_pool_submit_json(pool, json_of("stuck-stubborn", i, NULL), SIZE_MAX, NULL) != 0) _exit(3);
  for (int i = 0; i < 2; i++) {
    while (!has_begun(&begun)) (void)uv_run(&loop, UV_RUN_NOWAIT);
    pids[i] = begun.pid;
  }
  if (write(out, pids, sizeof pids) != sizeof pids) _exit(4);
  (void)raise(SIGKILL);
}

/* This program becomes the parent of the orphans: it can wait for them. */
static void workers_die_with_their_parent(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int fds[2], pids[2], status;
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t parent = fork();
  assert_true(parent >= 0);
  if (parent == 0) die_with_workers(fds[1]);
  close(fds[1]);
  assert_int_equal(read(fds[0], pids, sizeof pids), sizeof pids);
  close(fds[0]);
  assert_int_equal(waitpid(parent, &status, 0), parent);
  assert_true(WIFSIGNALED(status));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(a_task_whose_worker_dies_is_tried_again),
      POOL_TEST(a_task_is_tried_as_often_as_its_own_or_the_pools_limit_says),
      POOL_TEST(an_outcome_says_how_the_worker_ended_and_what_it_last_wrote),
      POOL_TEST(of_much_that_a_worker_wrote_the_end_is_kept),
      POOL_TEST(a_task_that_is_tried_again_is_the_first_in_the_queue),
      POOL_TEST(all_tasks_that_a_dead_worker_had_are_tried_again_in_order),
      POOL_TEST(an_answer_that_was_sent_before_the_end_counts),
      POOL_TEST(handles_are_kept_for_the_next_attempt),
      POOL_TEST(a_worker_that_is_killed_while_it_is_idle_is_replaced),
      POOL_TEST(all_workers_killed_at_once_lose_no_task),
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
      POOL_TEST(a_task_that_waits_is_cancelled_without_a_worker),
      POOL_TEST(a_plain_worker_whose_task_is_cancelled_is_replaced),
      POOL_TEST(a_worker_that_knows_numbers_is_told_to_cancel_and_goes_on),
      POOL_TEST(an_answer_to_a_cancelled_task_does_not_count),
      POOL_TEST(a_worker_that_does_not_cancel_is_killed_and_its_other_tasks_are_not_to_blame),
      POOL_TEST(an_abort_controller_cancels_all_its_tasks),
      POOL_TEST(a_controller_that_is_given_up_leaves_its_tasks_alone),
      POOL_TEST(a_controller_may_outlive_the_pool),
      POOL_TEST(all_that_wait_are_cancelled_at_once),
      POOL_TEST(a_second_answer_is_not_that_of_another_task),
      POOL_TEST(an_answer_to_a_task_of_another_worker_does_not_count),
      POOL_TEST(an_answer_beyond_the_limits_is_the_workers_fault),
      POOL_TEST(a_second_answer_of_an_idle_plain_worker_is_a_message),
      POOL_TEST(a_program_that_does_not_exist_is_given_up_at_once),
      POOL_TEST(a_directory_that_does_not_exist_is_given_up_too),
      POOL_TEST(workers_that_crash_before_they_are_ready_are_given_up_in_the_end),
      POOL_TEST(workers_that_crash_at_load_are_given_up_without_a_ready_message_too),
      POOL_TEST(a_task_whose_worker_dies_after_the_pool_has_given_up_is_told),
      POOL_TEST(workers_that_crash_before_there_are_tasks_are_given_up_too),
      POOL_TEST(a_worker_that_starts_at_the_third_attempt_is_waited_for),
      POOL_TEST(a_worker_that_does_not_become_ready_in_time_is_a_failed_start),
      POOL_TEST(workers_die_with_their_parent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
