/* interop_requests.c - cp_request() to a Node worker that answers with correlation ids, and values that C builds. */
#include "interop.h"

typedef struct asking {
  talk t;
  int answered, failed, lost, late, expected, done;
  double sum;
} asking;

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  asking *a = data;
  assert_ptr_equal(channel, a->t.channel);
  if (status == 0) {
    assert_non_null(reply);
    a->sum += cp_value_number(result);
  }
  if (status == CP_EREPLY) assert_true(cp_value_string_is(result, "no"));
  a->answered += status == 0;
  a->failed += status == CP_EREPLY;
  a->lost += status == CP_ECHANNELCLOSED;
  a->late += status == CP_ETIMEDOUT;
  a->done = a->answered + a->failed + a->lost + a->late == a->expected;
}

static void ask(asking *a, const char *cmd, int n, uint64_t timeout_ms) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value request = cp_value_set(cp_object(heap), "cmd", cp_string(heap, cmd));
  cp_value data = cp_array(heap);
  for (int i = 1; i <= n; i++) (void)cp_value_push(data, cp_number(i));
  (void)cp_value_set(request, "data", data);
  int rc = cp_request(a->t.channel, request, timeout_ms, on_reply, a);
  if (rc < 0) fail_msg("cp_request: %s", cp_err_name(rc));
  a->expected++;
  cp_heap_free(heap);
}

static void begin(asking *a, cp_serialization serialization) {
  *a = (asking){0};
  cp_options options = talk_options(&a->t);
  options.serialization = serialization;
  start(&a->t, PEER_NODE, CP_ARGS("request"), &options);
}

/* Every other answer comes later than those to the requests behind it. */
static void check_answers(cp_serialization serialization) {
  asking a;
  double expected = 0;
  begin(&a, serialization);
  for (int i = 0; i < 200; i++) {
    ask(&a, i % 2 == 0 ? "later" : "now", i, 0);
    expected += i * (i + 1) / 2.0;
  }
  run_until(&a.done);
  assert_int_equal(a.answered, 200);
  assert_true(a.sum == expected);
  assert_int_equal(a.t.messages, 0); /* replies go to their callbacks alone */
  finish(&a.t);
}

static void every_request_gets_its_answer(void **state) {
  (void)state;
  check_answers(CP_SERIALIZATION_JSON);
  check_answers(CP_SERIALIZATION_ADVANCED);
}

static void an_error_is_an_answer(void **state) {
  (void)state;
  asking a;
  begin(&a, CP_SERIALIZATION_JSON);
  ask(&a, "fail", 1, 0);
  run_until(&a.done);
  assert_int_equal(a.failed, 1);
  finish(&a.t);
}

static void no_answer_is_a_timeout(void **state) {
  (void)state;
  asking a;
  begin(&a, CP_SERIALIZATION_JSON);
  ask(&a, "ignore", 1, 20);
  run_until(&a.done);
  assert_int_equal(a.late, 1);
  finish(&a.t);
}

static void a_worker_that_exits_fails_what_waits(void **state) {
  (void)state;
  asking a;
  begin(&a, CP_SERIALIZATION_ADVANCED);
  for (int i = 0; i < 5; i++) ask(&a, "ignore", 1, 0);
  ask(&a, "exit", 0, 0);
  run_loop();
  assert_int_equal(a.lost, 6);
  assert_string_equal(a.t.log.text, "spawn disconnect exit:3 close:3");
  cp_child_free(a.t.child);
}

/* ---------------------------------------------------------------- what the builders make is what Node has */

static cp_value map_of_one(cp_heap *heap) {
  cp_value map = cp_map(heap);
  return cp_value_map_set(map, cp_string(heap, "k"), cp_value_push(cp_array(heap), cp_number(1)));
}

static cp_value sparse(cp_heap *heap) { return cp_value_set_at(cp_array_sparse(heap, 5), 2, cp_null()); }

static cp_value loop_of_one(cp_heap *heap) {
  cp_value object = cp_object(heap);
  return cp_value_set(object, "self", object);
}

static void send_sources(talk *t, cp_heap *heap) {
  static const uint64_t words[] = {1, 2};
  static const uint16_t half[] = {0xd800, 'x'};
  static const double doubles[] = {1.5, -0.0};
  const struct {
    const char *source;
    cp_value value;
  } rows[] = {
      {"undefined", cp_undefined()},
      {"-0", cp_number(-0.0)},
      {"NaN", cp_number(0.0 / 0.0)},
      {"'na\\u00efve \\u{1f600}'", cp_string(heap, "na\xc3\xafve \xf0\x9f\x98\x80")},
      {"'\\ud800x'", cp_string_utf16(heap, half, 2)},
      {"-9223372036854775808n", cp_bigint(heap, INT64_MIN)},
      {"18446744073709551615n", cp_bigint_u64(heap, UINT64_MAX)},
      {"-(1n + (2n << 64n))", cp_bigint_words(heap, true, words, 2)},
      {"new Map([['k', [1]]])", map_of_one(heap)},
      {"new Set([1, 'a'])", cp_value_add(cp_value_add(cp_set(heap), cp_number(1)), cp_string(heap, "a"))},
      {"[, , null, , , ]", sparse(heap)},
      {"{2: 1, b: undefined}", cp_value_set(cp_value_set(cp_object(heap), "b", cp_undefined()), "2", cp_number(1))},
      {"Object.assign([1], {x: 2})", cp_value_set(cp_value_push(cp_array(heap), cp_number(1)), "x", cp_number(2))},
      {"new Date(1e12)", cp_date(heap, 1e12)},
      {"/a\\/b/gd", cp_regexp(heap, "a\\/b", CP_REGEXP_G | CP_REGEXP_D)},
      {"new String('s')", cp_boxed(heap, cp_string(heap, "s"))},
      {"Object(5n)", cp_boxed(heap, cp_bigint(heap, 5))},
      {"new Boolean(false)", cp_boxed(heap, cp_boolean(false))},
      {"new RangeError('m')", cp_error_value(heap, CP_ERROR_RANGE, "m", NULL)},
      {"new Error('m', {cause: 5})",
       cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "m", NULL), "cause", cp_number(5))},
      {"new Uint8Array([1, 2]).buffer", cp_array_buffer(heap, "\1\2", 2)},
      {"new ArrayBuffer(1, {maxByteLength: 3})", cp_array_buffer_resizable(heap, NULL, 1, 3)},
      {"new Float64Array([1.5, -0])", cp_view(heap, CP_VIEW_FLOAT64, doubles, sizeof doubles)},
      {"new DataView(new ArrayBuffer(4))", cp_view(heap, CP_VIEW_DATA, NULL, 4)},
      {"new BigInt64Array([0n])", cp_view(heap, CP_VIEW_BIGINT64, NULL, 8)},
      {"Buffer.from('hi')", cp_buffer(heap, "hi", 2)},
      {"(() => { const o = {}; o.self = o; return o; })()", loop_of_one(heap)},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    cp_value row = cp_value_push(cp_array(heap), cp_string(heap, rows[i].source));
    assert_int_equal(cp_send(t->channel, cp_value_push(row, rows[i].value), NULL), 0);
  }
}

static void what_the_builders_make_is_what_node_has(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  cp_heap *heap = cp_heap_new(NULL);
  options.serialization = CP_SERIALIZATION_ADVANCED;
  start(&t, PEER_NODE, CP_ARGS("sources"), &options);
  send_sources(&t, heap);
  assert_false(cp_heap_failed(heap));
  send_text(&t, "\"end\"");
  await_messages(&t, 1);
  assert_string_equal(t.last, "[]");
  cp_heap_free(heap);
  finish(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST_NODE(every_request_gets_its_answer),
      TEST_NODE(an_error_is_an_answer),
      TEST_NODE(no_answer_is_a_timeout),
      TEST_NODE(a_worker_that_exits_fails_what_waits),
      TEST_NODE(what_the_builders_make_is_what_node_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
