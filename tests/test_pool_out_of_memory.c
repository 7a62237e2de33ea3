/* test_pool_out_of_memory.c - the n-th allocation of a pool fails: each task that was taken has its one outcome all the same. */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool_support.h"

enum { TASKS = 6, LARGE = 50000 };

typedef struct session {
  int told[TASKS], accepted[TASKS];
  int closed, succeeded, given_up;
} session;

static session now;
static cp_serialization serialization;
static cp_pool_protocol protocol;

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  int *told = data, status = outcome->status;
  (void)pool;
  ++*told;
  now.succeeded += status == 0;
  if (status != 0) assert_non_null(outcome->error);
  if (status != 0 && status != UV_ENOMEM && status != CP_EWORKER && status != CP_EPOOL && status != CP_EREPLY)
    fail_msg("an outcome that is not for want of memory: %s", outcome->error);
}

static void on_error(cp_pool *pool, const cp_error *error, void *data) {
  (void)pool, (void)data;
  if (error->code != UV_ENOMEM) fail_msg("an error that is not for want of memory: %s", error->message);
  now.given_up++;
}

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) {
  (void)pool, (void)report, (void)data;
  now.closed++;
}

static void submit_json(cp_pool *pool, int i, const char *json, const cp_handle *handle) {
  cp_error error = {0};
  cp_task_options options = {
      .cb = on_outcome, .data = &now.told[i], .error = &error, .handles = handle, .handle_count = handle != NULL};
  if (i == 2) options.key = "key", options.max_retries = 1;
  int rc = cp_pool_submit_json(pool, json, SIZE_MAX, &options);
  if (rc < 0) assert_true(rc == UV_ENOMEM || rc == CP_EPOOL);
  if (rc < 0) assert_int_equal(error.code, rc);
  now.accepted[i] = rc >= 0;
}

static void submit_value(cp_pool *pool, int i) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value = cp_value_set(cp_value_set(cp_object(heap), "do", cp_text("square")), "n", cp_number(i));
  if (!cp_value_is(value, CP_TYPE_NONE))
    now.accepted[i] = cp_pool_submit(pool, value, &(cp_task_options){.cb = on_outcome, .data = &now.told[i]}) >= 0;
  cp_heap_free(heap);
}

/* One whose answer is not decoded without memory. */
static void submit_large(cp_pool *pool, int i) {
  static char text[LARGE + 64] = "";
  if (text[0] == '\0') (void)snprintf(text, sizeof text, "{\"do\":\"echo\",\"text\":\"%0*d\"}", (int)LARGE, 0);
  submit_json(pool, i, text, NULL);
}

static void submit_all(cp_pool *pool) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = fds[0]};
  assert_int_equal(write(fds[1], "x", 1), 1);
  submit_value(pool, 0);
  submit_json(pool, 1, "{\"do\":\"read\"}", &handle);
  submit_json(pool, 2, "{\"do\":\"complain\",\"code\":3,\"text\":\"lost\"}", NULL);
  submit_json(pool, 3, "{\"do\":\"square\",\"n\":3}", NULL);
  submit_json(pool, 4, "7", NULL);
  submit_large(pool, 5);
  close(fds[0]);
  close(fds[1]);
}

static void run_session(void) {
  events e;
  cp_error error = {0};
  cp_pool *pool = NULL;
  now = (session){.closed = 0};
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = *options.worker;
  worker.serialization = serialization;
  options = (cp_pool_options){.size = 2,
                              .protocol = protocol,
                              .in_flight = protocol == CP_POOL_ENVELOPE ? 2 : 0,
                              .max_retries = 10,
                              .on_error = on_error,
                              .worker = &worker,
                              .error = &error};
  const char *const words[] = {protocol == CP_POOL_ENVELOPE ? "envelope" : "plain", NULL};
  int rc = cp_pool_open(&pool, test_loop(), POOL_WORKER, words, &options);
  if (rc != 0) {
    assert_int_equal(rc, UV_ENOMEM);
    assert_int_equal(error.code, UV_ENOMEM);
    assert_null(pool);
    return;
  }
  submit_all(pool);
  assert_int_equal(cp_pool_close(pool, CP_POOL_FINISH, 0, on_closed, NULL), 0);
  run_loop();
  assert_int_equal(now.closed, 1);
  for (int i = 0; i < TASKS; i++)
    if (now.told[i] != now.accepted[i]) fail_msg("task %d was taken: %d, told: %d", i, now.accepted[i], now.told[i]);
  if (!allocation_has_failed()) assert_int_equal(now.succeeded, TASKS - 1);
  cp_pool_free(pool);
  run_loop();
}

static void a_pool_of_plain_workers(void **state) {
  (void)state;
  protocol = CP_POOL_PLAIN;
  serialization = CP_SERIALIZATION_JSON;
  fail_each_allocation(run_session);
}

static void a_pool_with_numbers_in_json(void **state) {
  (void)state;
  protocol = CP_POOL_ENVELOPE;
  serialization = CP_SERIALIZATION_JSON;
  fail_each_allocation(run_session);
}

static void a_pool_with_numbers_in_structured_clone(void **state) {
  (void)state;
  protocol = CP_POOL_ENVELOPE;
  serialization = CP_SERIALIZATION_ADVANCED;
  fail_each_allocation(run_session);
}

static void on_tick(uv_timer_t *timer) {
  siginfo_t info;
  if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) != 0) uv_close((uv_handle_t *)timer, NULL);
}

/* reap_freed() takes memory. */
static void reap_without_memory(void) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_tick, 0, 1), 0);
  run_loop();
}

/* What is under way when it is freed. */
static void run_freed(void) {
  events e;
  cp_pool *pool = NULL;
  now = (session){.closed = 0};
  cp_pool_options options = pool_options(&e, 2);
  options = (cp_pool_options){.size = 2, .worker = options.worker, .ordered = true, .max_tasks = 1};
  const char *const words[] = {"plain", NULL};
  if (cp_pool_open(&pool, test_loop(), POOL_WORKER, words, &options) != 0) return;
  submit_all(pool);
  for (int i = 0; i < 20 && now.succeeded < 4; i++) {
    take_turn();
    (void)poll(NULL, 0, 1); /* it may have nothing more to tell */
  }
  cp_pool_free(pool);
  reap_without_memory();
}

static void a_pool_that_is_freed_in_the_middle(void **state) {
  (void)state;
  fail_each_allocation(run_freed);
}

int main(void) {
#ifndef CP_LAUNCHER_LINUX
  puts("skipped: uv_spawn() aborts the program when it is out of memory");
  return 0;
#endif
  const struct CMUnitTest tests[] = {
      POOL_TEST(a_pool_of_plain_workers),
      POOL_TEST(a_pool_with_numbers_in_json),
      POOL_TEST(a_pool_with_numbers_in_structured_clone),
      POOL_TEST(a_pool_that_is_freed_in_the_middle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
