/* test_request.c - requests and replies: matched by number, in time, and failed when the peer goes. */
#include <signal.h>

#include "support.h"

/* What the replies were. */
typedef struct replies {
  cp_child *child;
  int count, messages;
  int statuses[300];
  double results[300];
  char error[64];
} replies;

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  replies *r = data;
  (void)channel;
  assert_int_equal(reply == NULL, status == CP_ETIMEDOUT || status == CP_ECHANNELCLOSED);
  if (status == CP_EREPLY) (void)snprintf(r->error, sizeof r->error, "%s", cp_value_string(result, NULL));
  r->statuses[r->count] = status;
  r->results[r->count++] = cp_value_number(result);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  replies *r = data;
  (void)child, (void)message;
  r->messages++;
}

static cp_channel *start(replies *r, cp_serialization serialization) {
  memset(r, 0, sizeof *r);
  cp_options options = {.serialization = serialization, .on_message = on_message, .data = r};
  assert_int_equal(cp_fork(&r->child, test_loop(), WORKER, CP_ARGS("request"), &options), 0);
  return cp_child_channel(r->child);
}

static void finish(replies *r) {
  (void)cp_channel_disconnect(cp_child_channel(r->child));
  run_loop();
  cp_child_free(r->child);
}

static cp_value task(cp_heap *heap, const char *cmd, double a, double b) {
  cp_value numbers = cp_value_push(cp_value_push(cp_array(heap), cp_number(a)), cp_number(b));
  return cp_value_set(cp_value_set(cp_object(heap), "cmd", cp_string(heap, cmd)), "data", numbers);
}

static void each_request_gets_its_own_reply(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    replies r;
    cp_channel *channel = start(&r, (cp_serialization)serialization);
    cp_heap *heap = cp_heap_new(NULL);
    for (int i = 0; i < 200; i++) assert_true(cp_request(channel, task(heap, "add", i, 1), 0, on_reply, &r) >= 0);
    while (r.count < 200) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
    for (int i = 0; i < 200; i++) {
      assert_int_equal(r.statuses[i], 0);
      assert_true(r.results[i] == i + 1);
    }
    assert_int_equal(r.messages, 0);
    cp_heap_free(heap);
    finish(&r);
  }
}

static void a_failure_of_the_worker_is_told_with_its_words(void **state) {
  (void)state;
  replies r;
  cp_channel *channel = start(&r, CP_SERIALIZATION_JSON);
  cp_heap *heap = cp_heap_new(NULL);
  assert_int_equal(cp_request(channel, task(heap, "fail", 1, 1), 0, on_reply, &r), 0);
  run_until(&r.count);
  assert_int_equal(r.statuses[0], CP_EREPLY);
  assert_string_equal(r.error, "no");
  cp_heap_free(heap);
  finish(&r);
}

static void a_request_that_is_not_answered_times_out_alone(void **state) {
  (void)state;
  replies r;
  cp_channel *channel = start(&r, CP_SERIALIZATION_JSON);
  cp_heap *heap = cp_heap_new(NULL);
  assert_int_equal(cp_request(channel, task(heap, "ignore", 1, 1), 50, on_reply, &r), 0);
  assert_int_equal(cp_request(channel, task(heap, "ignore", 1, 1), 600000, on_reply, &r), 0);
  run_until(&r.count);
  assert_int_equal(r.statuses[0], CP_ETIMEDOUT);
  assert_int_equal(r.count, 1);
  assert_int_equal(cp_request(channel, task(heap, "add", 2, 3), 600000, on_reply, &r), 0);
  while (r.count < 2) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  assert_true(r.results[1] == 5);
  cp_heap_free(heap);
  finish(&r);
  assert_int_equal(r.count, 3);
  assert_int_equal(r.statuses[2], CP_ECHANNELCLOSED);
}

static void a_worker_that_dies_fails_all_its_requests(void **state) {
  (void)state;
  replies r;
  cp_channel *channel = start(&r, CP_SERIALIZATION_ADVANCED);
  cp_heap *heap = cp_heap_new(NULL);
  for (int i = 0; i < 10; i++) assert_int_equal(cp_request(channel, task(heap, "ignore", 1, 1), 0, on_reply, &r), 0);
  assert_int_equal(cp_request(channel, task(heap, "exit", 1, 1), 0, on_reply, &r), 0);
  run_loop();
  assert_int_equal(r.count, 11);
  for (int i = 0; i < 11; i++) assert_int_equal(r.statuses[i], CP_ECHANNELCLOSED);
  assert_int_equal(cp_child_exit_code(r.child), 3);
  assert_int_equal(cp_request(channel, task(heap, "add", 1, 1), 0, on_reply, &r), CP_ECHANNELCLOSED);
  cp_heap_free(heap);
  cp_child_free(r.child);
}

static void requests_that_make_no_sense_are_refused(void **state) {
  (void)state;
  replies r;
  cp_channel *channel = start(&r, CP_SERIALIZATION_JSON);
  cp_heap *heap = cp_heap_new(NULL);
  assert_int_equal(cp_request(channel, cp_number(1), 0, on_reply, &r), UV_EINVAL);
  assert_int_equal(cp_request(channel, cp_value_set(cp_object(heap), "id", cp_number(1)), 0, on_reply, &r), UV_EINVAL);
  assert_int_equal(cp_request(channel, cp_object(heap), 0, NULL, &r), UV_EINVAL);
  assert_int_equal(cp_request(NULL, cp_object(heap), 0, on_reply, &r), CP_ECHANNELCLOSED);
  assert_int_equal(cp_reply(NULL, cp_null()), CP_ECHANNELCLOSED);
  cp_heap_free(heap);
  finish(&r);
}

static void freeing_the_child_drops_its_requests_silently(void **state) {
  (void)state;
  replies r;
  cp_channel *channel = start(&r, CP_SERIALIZATION_JSON);
  cp_heap *heap = cp_heap_new(NULL);
  assert_int_equal(cp_request(channel, task(heap, "ignore", 1, 1), 10, on_reply, &r), 0);
  cp_child_free(r.child);
  reap_freed();
  assert_int_equal(r.count, 0);
  cp_heap_free(heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(each_request_gets_its_own_reply),
      TEST(a_failure_of_the_worker_is_told_with_its_words),
      TEST(a_request_that_is_not_answered_times_out_alone),
      TEST(a_worker_that_dies_fails_all_its_requests),
      TEST(requests_that_make_no_sense_are_refused),
      TEST(freeing_the_child_drops_its_requests_silently),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
