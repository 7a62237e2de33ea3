/* test_pool_faults.c - pools: what becomes of tasks when their workers fail. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool_support.h"

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
      POOL_TEST(a_second_answer_is_not_that_of_another_task),
      POOL_TEST(an_answer_to_a_task_of_another_worker_does_not_count),
      POOL_TEST(an_answer_beyond_the_limits_is_the_workers_fault),
      POOL_TEST(a_second_answer_of_an_idle_plain_worker_is_a_message),
      POOL_TEST(workers_die_with_their_parent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
