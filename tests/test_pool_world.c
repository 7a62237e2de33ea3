/* test_pool_world.c - pools: several of them, what workers write, workers in Node. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "pool_support.h"

/* ---------------------------------------------------------------- several pools */

static void two_pools_on_one_loop_do_not_mix(void **state) {
  (void)state;
  enum { TASKS = 50 };
  static task a_tasks[TASKS], b_tasks[TASKS];
  events a, b;
  cp_pool *pools[2] = {open_way(&a, 2, 0), open_way(&b, 2, 3)};
  for (int i = 0; i < TASKS; i++) {
    (void)submit(pools[0], &a_tasks[i], json_of("square", i, NULL));
    (void)submit(pools[1], &b_tasks[i], json_of("square", i, NULL));
    assert_int_equal(a_tasks[i].id, b_tasks[i].id); /* each counts for itself */
  }
  await_tasks(a_tasks, TASKS);
  assert_int_equal(cp_pool_close(pools[0], CP_POOL_FINISH, 0, on_pool_closed, &a), 0);
  await_tasks(b_tasks, TASKS);
  check_squares(a_tasks, TASKS);
  check_squares(b_tasks, TASKS);
  RUN_UNTIL(a.closed);
  cp_pool_free(pools[0]);
  close_pool(pools[1], &b, CP_POOL_FINISH);
}

enum { THREADS = 3, THREAD_TASKS = 200 };
typedef struct thread {
  uv_loop_t loop;
  int told, wrong, closed;
} thread;

static void count_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  thread *t = data;
  double n = (double)(outcome->id - 1);
  t->wrong += outcome->status != 0 || cp_value_number(cp_outcome_value(outcome)) != n * n;
  if (++t->told == THREAD_TASKS) t->wrong += cp_pool_close(pool, CP_POOL_FINISH, 0, NULL, NULL) != 0;
}

static void *run_thread(void *data) {
  thread *t = data;
  cp_pool *pool = NULL;
  cp_pool_options options = {.size = 2};
  if (cp_pool_open(&pool, &t->loop, POOL_WORKER, plain_words, &options) != 0) return data;
  for (int i = 0; i < THREAD_TASKS; i++)
    t->wrong += cp_pool_submit(pool, cp_number(i), &(cp_task_options){.cb = count_outcome, .data = t}) != 0;
  t->wrong += uv_run(&t->loop, UV_RUN_DEFAULT) != 0;
  cp_pool_free(pool);
  return data;
}

static void pools_on_several_threads_do_not_disturb_each_other(void **state) {
  (void)state;
  static thread threads[THREADS];
  pthread_t ids[THREADS];
  memset(threads, 0, sizeof threads);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(uv_loop_init(&threads[i].loop), 0);
    assert_int_equal(pthread_create(&ids[i], NULL, run_thread, &threads[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(ids[i], NULL), 0);
  for (int i = 0; i < THREADS; i++) {
    (void)uv_run(&threads[i].loop, UV_RUN_NOWAIT);
    assert_int_equal(threads[i].told, THREAD_TASKS);
    assert_int_equal(threads[i].wrong, 0);
    assert_int_equal(uv_loop_close(&threads[i].loop), 0);
  }
}

/* ---------------------------------------------------------------- what workers write */

typedef struct output {
  char out[256], err[256];
} output;

static void on_out(cp_child *child, const char *bytes, size_t length, void *data) {
  output *o = data;
  (void)child;
  size_t used = strlen(o->out);
  (void)snprintf(o->out + used, sizeof o->out - used, "%.*s", (int)length, bytes);
}

static void on_err(cp_child *child, const char *bytes, size_t length, void *data) {
  output *o = data;
  (void)child;
  size_t used = strlen(o->err);
  (void)snprintf(o->err + used, sizeof o->err - used, "%.*s", (int)length, bytes);
}

static void what_workers_write_goes_to_the_callbacks_of_their_options(void **state) {
  (void)state;
  events e;
  task tasks[2];
  output o = {"", ""};
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.silent = true;
  worker.on_stdout = on_out, worker.on_stderr = on_err, worker.data = &o;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &tasks[0], json_of("say", 0, "\"text\":\"to stderr\""));
  (void)submit(pool, &tasks[1], json_of("print", 1, "\"text\":\"to stdout\""));
  await_tasks(tasks, 2);
  check_squares(tasks, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_string_equal(o.err, "to stderr");
  assert_string_equal(o.out, "to stdout");
}

static void without_a_callback_stderr_goes_to_that_of_this_program(void **state) {
  (void)state;
  events e;
  task t;
  char text[64] = "";
  int fds[2], own = dup(2);
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.on_stderr = NULL;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, json_of("say", 0, "\"text\":\"hello\""));
  (void)dup2(fds[1], 2);
  await_tasks(&t, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
  (void)dup2(own, 2);
  close(own);
  close(fds[1]);
  assert_int_equal(read(fds[0], text, sizeof text - 1), 5);
  assert_string_equal(text, "hello");
  close(fds[0]);
}

static void options_that_are_not_for_workers_are_not_used(void **state) {
  (void)state;
  events e;
  task t;
  cp_abort *abort = cp_abort_new();
  cp_abort_trigger(abort);
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.timeout_ms = 1;
  worker.signal = abort;
  worker.input = "input", worker.input_length = 5;
  worker.raw_messages = true;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, json_of("hold", 3, NULL));
  (void)next_beginning();
  let_go("gate", 1);
  await_tasks(&t, 1);
  assert_true(t.result == 9);
  assert_int_equal(t.attempts, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.ended, 1);
  cp_abort_free(abort);
}

/* ---------------------------------------------------------------- Node */

static void need_node(void) {
  cp_result result;
  bool missing = cp_spawn_sync(&result, "node", CP_ARGS("--version"), NULL) != 0;
  cp_result_dispose(&result);
  if (missing) skip();
}

static void a_node_worker_needs_one_line(void **state) {
  static const char *const lines[] = {
      "process.on('message', (task) => process.send(task.n * task.n));",
      "process.on('message', ({ id, n, cancel }) => cancel || process.send({ id, result: n * n }));"};
  (void)state;
  need_node();
  for (int way = 0; way < WAYS; way++) {
    events e;
    static task tasks[20];
    const char *path = temp_path("worker.js");
    write_file(path, lines[way & 1], 0644);
    cp_options worker = {.serialization = serialization_of(way)};
    cp_pool_options options = pool_options(&e, 2);
    options.worker = &worker;
    options.protocol = protocol_of(way);
    cp_pool *pool = NULL;
    assert_int_equal(cp_pool_open(&pool, test_loop(), path, NULL, &options), 0);
    for (int i = 0; i < 20; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    await_tasks(tasks, 20);
    check_squares(tasks, 20);
    close_pool(pool, &e, CP_POOL_FINISH);
    assert_int_equal(e.report.terminated, 0); /* it leaves when its channel closes */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(two_pools_on_one_loop_do_not_mix),
      POOL_TEST(pools_on_several_threads_do_not_disturb_each_other),
      POOL_TEST(what_workers_write_goes_to_the_callbacks_of_their_options),
      POOL_TEST(without_a_callback_stderr_goes_to_that_of_this_program),
      POOL_TEST(options_that_are_not_for_workers_are_not_used),
      POOL_TEST(a_node_worker_needs_one_line),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
