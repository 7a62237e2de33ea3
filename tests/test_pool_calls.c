/* test_pool_calls.c - pools: arguments, and calls from callbacks. */
#include <unistd.h>

#include "pool_support.h"

/* ---------------------------------------------------------------- arguments */

static void refuse_open(cp_pool_options options, int code, const char *word) {
  cp_error error = {0};
  cp_pool *pool = NULL;
  options.error = &error;
  assert_int_equal(cp_pool_open(&pool, test_loop(), POOL_WORKER, plain_words, &options), code);
  assert_null(pool);
  assert_int_equal(error.code, code);
  if (strstr(error.message, word) == NULL) fail_msg("'%s' does not name %s", error.message, word);
}

static void options_that_make_no_sense_are_named(void **state) {
  (void)state;
  events e;
  cp_options worker = {.kill_signal = 999};
  cp_pool_options good = pool_options(&e, 2), o;
  refuse_open((o = good, o.size = CP_POOL_WORKERS_MAX + 1, o), UV_EINVAL, "size");
  refuse_open((o = good, o.min_size = 3, o), UV_EINVAL, "min_size");
  refuse_open((o = good, o.protocol = (cp_pool_protocol)9, o), UV_EINVAL, "protocol");
  refuse_open((o = good, o.in_flight = 2, o), UV_EINVAL, "in_flight");
  refuse_open((o = good, o.max_retries = -2, o), UV_EINVAL, "max_retries");
  refuse_open((o = good, o.high_water = 2, o.low_water = 3, o), UV_EINVAL, "low_water");
  refuse_open((o = good, o.worker = &worker, o), UV_EINVAL, "kill_signal");
  worker = (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE)};
  refuse_open((o = good, o.worker = &worker, o), UV_EINVAL, "stdio");
  assert_int_equal(e.starting, 0);
}

static void arguments_that_make_no_sense_are_named(void **state) {
  (void)state;
  cp_error error = {0};
  cp_pool *pool = NULL;
  cp_pool_options options = {.size = 1, .error = &error};
  assert_int_equal(cp_pool_open(NULL, test_loop(), POOL_WORKER, NULL, &options), UV_EINVAL);
  assert_int_equal(error.code, UV_EINVAL);
  assert_int_equal(cp_pool_open(&pool, NULL, POOL_WORKER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "loop"));
  assert_int_equal(cp_pool_open(&pool, test_loop(), NULL, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "module"));
  assert_int_equal(cp_pool_open(&pool, test_loop(), "", NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "module"));
  assert_null(pool);
  cp_pool_free(NULL);
}

static void refuse_submit(cp_pool *pool, const char *json, cp_task_options options, int code, const char *word) {
  cp_error error = {0};
  options.error = &error;
  int rc = INSIDE(cp_pool_submit_json(pool, json, SIZE_MAX, &options));
  if (rc != code) fail_msg("%s: %s instead of %s", word, cp_err_name(rc), cp_err_name(code));
  assert_int_equal(error.code, code);
  if (strstr(error.message, word) == NULL) fail_msg("'%s' does not name %s", error.message, word);
}

static void tasks_that_make_no_sense_are_refused_and_named(void **state) {
  (void)state;
  events e;
  task t;
  cp_error error = {0};
  cp_handle bad = {.type = CP_HANDLE_FD, .fd = 777}, many[CP_HANDLES_MAX + 1] = {{.type = CP_HANDLE_FD}};
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options good = task_options(&t), o;
  refuse_submit(pool, "{", good, CP_EMESSAGE, "");
  refuse_submit(pool, "1 2", good, CP_EMESSAGE, "");
  refuse_submit(pool, "", good, CP_EMESSAGE, "");
  refuse_submit(pool, "1", (o = good, o.max_retries = -2, o), UV_EINVAL, "max_retries");
  refuse_submit(pool, "1", (o = good, o.handle_count = 1, o), UV_EINVAL, "handle");
  refuse_submit(pool, "1", (o = good, o.handles = &bad, o.handle_count = 1, o), UV_EBADF, "");
  for (int i = 0; i <= CP_HANDLES_MAX; i++) many[i] = (cp_handle){.type = CP_HANDLE_FD, .fd = 0};
  refuse_submit(pool, "1", (o = good, o.handles = many, o.handle_count = CP_HANDLES_MAX + 1, o), UV_EINVAL, "handle");
  assert_int_equal(cp_pool_submit_raw(pool, NULL, 3, &good), UV_EINVAL);
  assert_int_equal(cp_pool_submit_raw(pool, "1", 0, &good), UV_EINVAL);
  assert_true(cp_pool_submit_json(pool, NULL, SIZE_MAX, &good) < 0);
  cp_heap *heap = cp_heap_new(NULL);
  good.error = &error;
  assert_int_equal(cp_pool_submit(pool, cp_bigint(heap, 1), &good), CP_ECLONE);
  assert_int_equal(error.code, CP_ECLONE);
  assert_true(cp_pool_submit(pool, (cp_value){.type = CP_TYPE_NONE}, &good) < 0);
  cp_heap_free(heap);
  assert_int_equal(cp_pool_cancel(pool, 1), UV_ENOENT);
  assert_int_equal(stats_of(pool).submitted, 0);
  (void)submit(pool, &t, "2");
  await_tasks(&t, 1);
  assert_int_equal(t.id, 1);
  assert_true(t.result == 4);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_whose_outcome_nobody_wants_is_done(void **state) {
  (void)state;
  events e;
  cp_pool *pool = open_plain(&e, 1);
  assert_int_equal(cp_pool_submit(pool, cp_number(3), NULL), 0);
  assert_int_equal(cp_pool_submit_json(pool, "{\"do\":\"square\",\"n\":5}", SIZE_MAX, &(cp_task_options){.cb = NULL}),
                   0);
  RUN_UNTIL(stats_of(pool).succeeded == 2);
  assert_int_equal(attempts_begun(5), 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void all_options_have_defaults(void **state) {
  (void)state;
  events e = {0};
  task t;
  cp_pool *pool = NULL;
  assert_int_equal(cp_pool_open(&pool, test_loop(), POOL_WORKER, plain_words, NULL), 0);
  assert_int_equal(cp_pool_size(pool), cp_available_cpus());
  assert_null(cp_pool_data(pool));
  (void)submit(pool, &t, "12");
  await_tasks(&t, 1);
  assert_true(t.result == 144);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- calls from callbacks */

typedef struct chain {
  int left, told;
  int refused;
} chain;

static void submit_next(cp_pool *pool, const cp_outcome *outcome, void *data) {
  chain *c = data;
  assert_false(inside);
  assert_int_equal(outcome->status, 0);
  c->told++;
  if (c->left == 0) return;
  c->left--;
  int rc = INSIDE(cp_pool_submit(pool, cp_number(c->left), &(cp_task_options){.cb = submit_next, .data = c}));
  c->refused += rc != 0;
}

static void tasks_may_be_submitted_from_outcomes(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    chain c = {.left = 200};
    cp_pool *pool = open_way(&e, 2, way);
    for (int i = 0; i < 4; i++)
      assert_int_equal(cp_pool_submit(pool, cp_number(1), &(cp_task_options){.cb = submit_next, .data = &c}), 0);
    RUN_UNTIL(e.idle);
    assert_int_equal(c.told, 204);
    assert_int_equal(c.refused, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void on_idle_comes_when_the_last_task_is_over_and_not_before(void **state) {
  (void)state;
  events e;
  static task tasks[10];
  cp_pool *pool = open_plain(&e, 2);
  for (int round = 1; round <= 2; round++) {
    for (int i = 0; i < 10; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    RUN_UNTIL(e.idle == round);
    check_squares(tasks, 10);
    for (int i = 0; i < 5; i++) take_turn();
    assert_int_equal(e.idle, round);
  }
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* A pool that is freed in one of its callbacks. */
enum { IN_OUTCOME, IN_PROGRESS, IN_DRAIN, IN_IDLE, IN_MESSAGE, IN_ERROR, IN_CLOSE, IN_WORKER /* + a state */ };
typedef struct freer {
  int where, freed;
} freer;

static void maybe_free(cp_pool *pool, freer *f, int where) {
  assert_false(inside);
  if (f->freed) fail_msg("callback %d comes after cp_pool_free() in callback %d", where, f->where);
  if (where != f->where) return;
  f->freed = 1;
  cp_pool_free(pool);
}

static void free_in_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  uint64_t id = outcome->id;
  cp_message *message = outcome->message;
  maybe_free(pool, data, IN_OUTCOME);
  assert_int_equal(outcome->id, id); /* it is valid until the callback has returned */
  if (message != NULL) assert_non_null(cp_message_payload(message, &(size_t){0}));
}
static void free_in_progress(cp_pool *pool, uint64_t id, cp_value progress, void *data) {
  (void)id;
  maybe_free(pool, data, IN_PROGRESS);
  assert_true(cp_value_is(progress, CP_TYPE_NUMBER));
}
static void free_in_drain(cp_pool *pool, void *data) { maybe_free(pool, data, IN_DRAIN); }
static void free_in_idle(cp_pool *pool, void *data) { maybe_free(pool, data, IN_IDLE); }
static void free_in_worker(cp_pool *pool, const cp_worker_info *worker, void *data) {
  maybe_free(pool, data, IN_WORKER + (int)worker->state);
}
static void free_in_message(cp_pool *pool, const cp_worker_info *worker, cp_message *message, void *data) {
  (void)worker;
  maybe_free(pool, data, IN_MESSAGE);
  assert_non_null(cp_message_json(message, NULL));
}
static void free_in_error(cp_pool *pool, const cp_error *error, void *data) {
  maybe_free(pool, data, IN_ERROR);
  assert_true(error->code < 0);
}
static void free_in_close(cp_pool *pool, const cp_pool_report *report, void *data) {
  maybe_free(pool, data, IN_CLOSE);
  assert_int_equal(report->killed, 0);
}

static void free_in(int where) {
  events e;
  freer f = {.where = where};
  cp_pool_options options = pool_options(&e, 2);
  options.protocol = CP_POOL_ENVELOPE;
  options.high_water = 2;
  options.max_tasks = 4; /* so that some leave */
  options.on_drain = free_in_drain, options.on_idle = free_in_idle, options.on_worker = free_in_worker;
  options.on_message = free_in_message, options.on_error = free_in_error;
  options.data = &f;
  cp_pool *pool = NULL;
  const char *module = where == IN_ERROR ? "/no/such/program" : POOL_WORKER;
  assert_int_equal(INSIDE(cp_pool_open(&pool, test_loop(), module, envelope_words, &options)), 0);
  cp_task_options with = {.cb = free_in_outcome, .on_progress = free_in_progress, .data = &f};
  for (int i = 0; i < 12; i++) {
    const char *verb = i % 3 == 0 ? "progress" : i % 3 == 1 ? "before" : "square";
    assert_true(INSIDE(cp_pool_submit_json(pool, json_of(verb, i, NULL), SIZE_MAX, &with)) >= 0);
  }
  if (where == IN_CLOSE) {
    f.where = -1;
    RUN_UNTIL(stats_of(pool).succeeded == 12);
    f.where = IN_CLOSE;
    assert_int_equal(INSIDE(cp_pool_close(pool, CP_POOL_FINISH, 0, free_in_close, &f)), 0);
  }
  RUN_UNTIL(f.freed);
  reap_freed();
}

static void a_pool_may_be_freed_in_an_outcome(void **state) { (void)state, free_in(IN_OUTCOME); }
static void a_pool_may_be_freed_in_a_progress(void **state) { (void)state, free_in(IN_PROGRESS); }
static void a_pool_may_be_freed_in_on_drain(void **state) { (void)state, free_in(IN_DRAIN); }
static void a_pool_may_be_freed_in_on_idle(void **state) { (void)state, free_in(IN_IDLE); }
static void a_pool_may_be_freed_in_on_message(void **state) { (void)state, free_in(IN_MESSAGE); }
static void a_pool_may_be_freed_in_on_error(void **state) { (void)state, free_in(IN_ERROR); }
static void a_pool_may_be_freed_when_it_has_closed(void **state) { (void)state, free_in(IN_CLOSE); }
static void a_pool_may_be_freed_when_a_worker_starts(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_STARTING);
}
static void a_pool_may_be_freed_when_a_worker_is_ready(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_READY);
}
static void a_pool_may_be_freed_when_a_worker_leaves(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_LEAVING);
}
static void a_pool_may_be_freed_when_a_worker_has_ended(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_ENDED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(options_that_make_no_sense_are_named),
      POOL_TEST(arguments_that_make_no_sense_are_named),
      POOL_TEST(tasks_that_make_no_sense_are_refused_and_named),
      POOL_TEST(a_task_whose_outcome_nobody_wants_is_done),
      POOL_TEST(all_options_have_defaults),
      POOL_TEST(tasks_may_be_submitted_from_outcomes),
      POOL_TEST(on_idle_comes_when_the_last_task_is_over_and_not_before),
      POOL_TEST(a_pool_may_be_freed_in_an_outcome),
      POOL_TEST(a_pool_may_be_freed_in_a_progress),
      POOL_TEST(a_pool_may_be_freed_in_on_drain),
      POOL_TEST(a_pool_may_be_freed_in_on_idle),
      POOL_TEST(a_pool_may_be_freed_in_on_message),
      POOL_TEST(a_pool_may_be_freed_in_on_error),
      POOL_TEST(a_pool_may_be_freed_when_it_has_closed),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_starts),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_is_ready),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_leaves),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_has_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
