/* interop_values.c - the table of values from a Node child, to it again through values of C, and back once more. */
#include "interop.h"

enum { MOST = 1000 };

typedef struct trip {
  cp_child *child;
  int expected; /* how many values there are; 0: not told yet */
  int received; /* after that number, in both rounds */
  cp_message *originals[MOST];
  bool reported; /* the child has told what it found wrong */
} trip;

/* A copy in a heap of its own: what is sent back owes nothing to what came. */
static void send_copy(trip *t, cp_value value) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value copy = cp_value_copy(heap, value);
  if (!cp_value_equal(copy, value)) fail_msg("value %d: the copy is another", t->received);
  int rc = cp_send(cp_child_channel(t->child), copy, NULL);
  if (rc < 0) fail_msg("value %d: %s", t->received, cp_err_name(rc));
  cp_heap_free(heap);
}

static void on_value(cp_child *child, cp_message *message, void *data) {
  trip *t = data;
  cp_value value = cp_message_value(message);
  (void)child;
  if (t->expected == 0) {
    t->expected = (int)cp_value_integer(value, 0);
    assert_in_range(t->expected, 1, MOST);
  } else if (t->received < t->expected) {
    t->originals[t->received] = cp_message_keep(message);
    send_copy(t, cp_message_value(t->originals[t->received]));
    t->received++;
  } else if (t->received < 2 * t->expected) {
    int i = t->received++ - t->expected;
    if (!cp_value_equal(value, cp_message_value(t->originals[i]))) fail_msg("value %d came back as another", i);
  } else {
    assert_false(t->reported);
    assert_string_equal(cp_message_json(message, NULL), "[]");
    t->reported = true;
  }
}

static void make_trip(cp_serialization serialization, const char *name) {
  trip t = {0};
  talk unused;
  cp_options options = talk_options(&unused);
  options.on_message = on_value;
  options.on_disconnect = NULL;
  options.on_spawn = NULL;
  options.on_error = NULL;
  options.on_exit = NULL;
  options.on_close = NULL;
  options.data = &t;
  options.serialization = serialization;
  start(&unused, PEER_NODE, CP_ARGS("values", name), &options);
  t.child = unused.child;
  run_loop();
  assert_int_equal(t.received, 2 * t.expected);
  assert_true(t.reported);
  if (t.expected < 150) fail_msg("only %d values", t.expected);
  assert_int_equal(cp_child_exit_code(t.child), 0);
  print_message("%d values in %s\n", t.expected, name);
  for (int i = 0; i < t.expected; i++) cp_message_free(t.originals[i]);
  cp_child_free(t.child);
}

static void every_value_travels_in_json(void **state) {
  (void)state;
  make_trip(CP_SERIALIZATION_JSON, "json");
}

static void every_value_travels_in_advanced(void **state) {
  (void)state;
  make_trip(CP_SERIALIZATION_ADVANCED, "advanced");
}

int main(void) {
  const struct CMUnitTest json[] = {TEST_NODE(every_value_travels_in_json)};
  const struct CMUnitTest both[] = {TEST_NODE(every_value_travels_in_json), TEST_NODE(every_value_travels_in_advanced)};
  if (getenv("CP_JSON_ONLY") != NULL) return cmocka_run_group_tests(json, NULL, NULL);
  return cmocka_run_group_tests(both, NULL, NULL);
}
