/*
 * unit_inspect.c - cp_value_inspect(): what inspect_against_node.js cannot reach. That one compares thousands of values with
 * Node's own text; here are values that its Node cannot send, the options of ours, hostile values, and failing allocations.
 */
#include <math.h>

#include "ipc/value.h"
#include "ipc/width.h"
#include "support.h"

static cp_heap *heap;

static int new_heap(void **state) {
  if (setup(state) != 0) return -1;
  heap = cp_heap_new(NULL);
  return heap != NULL ? 0 : -1;
}

static int free_heap(void **state) {
  cp_heap_free(heap);
  return teardown(state);
}
#define HEAP_TEST(f) cmocka_unit_test_setup_teardown(f, new_heap, free_heap)

static void assert_prints_with(cp_value value, cp_inspect_options options, const char *expected) {
  char *text = cp_value_inspect(value, &options);
  assert_non_null(text);
  assert_string_equal(text, expected);
  cp_free(text);
}

static void assert_prints(cp_value value, const char *expected) {
  assert_prints_with(value, (cp_inspect_options){0}, expected);
}

static cp_value list_of(size_t count) {
  cp_value list = cp_array(heap);
  for (size_t i = 0; i < count; i++) cp_value_push(list, cp_number((double)i));
  return list;
}

static cp_value wrap(cp_value inner) { return cp_value_set(cp_object(heap), "x", inner); }

/* ---------------------------------------------------------------- values */

static void primitives_and_absence(void **state) {
  (void)state;
  assert_null(cp_value_inspect((cp_value){.type = CP_TYPE_NONE}, NULL));
  assert_prints(cp_undefined(), "undefined");
  assert_prints((cp_value){.type = CP_TYPE_HOLE}, "undefined");
  assert_prints(cp_null(), "null");
  assert_prints(cp_boolean(true), "true");
  assert_prints(cp_number(-0.0), "-0");
  assert_prints(cp_number(NAN), "NaN");
  assert_prints(cp_bigint(heap, INT64_MIN), "-9223372036854775808n");
  assert_prints(cp_bigint(heap, 0), "0n");
  assert_prints(cp_string(heap, "it's"), "\"it's\"");
  assert_prints(cp_string_n(heap, "a\0b", 3), "'a\\x00b'");
}

static void the_options_default_to_nodes(void **state) {
  (void)state;
  char *text = cp_value_inspect(wrap(wrap(wrap(wrap(cp_number(1))))), NULL);
  assert_string_equal(text, "{ x: { x: { x: [Object] } } }");
  cp_free(text);
}

static void half_precision_floats(void **state) {
  (void)state;
  const uint16_t halves[] = {0x3c00, 0xbc00, 0x8000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x3555};
  assert_prints(cp_view(heap, CP_VIEW_FLOAT16, halves, sizeof halves),
                "Float16Array(9) [\n"
                "  1,\n"
                "  -1,\n"
                "  -0,\n"
                "  5.960464477539063e-8,\n"
                "  65504,\n"
                "  Infinity,\n"
                "  -Infinity,\n"
                "  NaN,\n"
                "  0.333251953125\n"
                "]");
  assert_prints(cp_view(heap, CP_VIEW_FLOAT16, NULL, 0), "Float16Array(0) []");
}

static void regular_expressions_have_their_flags(void **state) {
  (void)state;
  assert_prints(cp_regexp(heap, "", 0), "/(?:)/");
  assert_prints(cp_regexp(heap, "a", CP_REGEXP_G | CP_REGEXP_V | CP_REGEXP_D | CP_REGEXP_Y), "/a/dgvy");
}

static void an_error_that_is_its_own_cause(void **state) {
  (void)state;
  cp_value error = cp_error_value(heap, CP_ERROR_TYPE, "m", "TypeError: m\n    at x");
  cp_value_set(error, "cause", error);
  assert_prints(error, "<ref *1> TypeError: m\n    at x {\n  [cause]: [Circular *1]\n}");
  assert_prints(cp_value_push(cp_array(heap), error),
                "[\n  <ref *1> TypeError: m\n      at x {\n    [cause]: [Circular *1]\n  }\n]");
}

static void an_error_made_in_c(void **state) {
  (void)state;
  assert_prints(cp_error_value(heap, CP_ERROR_RANGE, "too far", NULL), "[RangeError: too far]");
  assert_prints(cp_error_value(heap, CP_ERROR_PLAIN, NULL, NULL), "[Error]");
}

static void text_that_a_c_string_cannot_hold(void **state) {
  (void)state;
  cp_value error = cp_error_value(heap, CP_ERROR_PLAIN, "m", NULL);
  cp_value_set(error, "stack", cp_string_n(heap, "a\0b", 3));
  assert_prints(error, "[a\\x00b]");
  const uint16_t half[] = {'a', 0xd800, 'b'};
  cp_value_set(error, "stack", cp_string_utf16(heap, half, 3));
  assert_prints(error,
                "[a\xef\xbf\xbd"
                "b]");
  assert_prints(cp_string_utf16(heap, half, 3), "'a\\ud800b'");
}

static void circles_are_numbered_as_they_are_met(void **state) {
  (void)state;
  cp_value outer = cp_object(heap), inner = cp_object(heap);
  cp_value_set(cp_value_set(inner, "outer", outer), "inner", inner);
  cp_value_set(outer, "inner", inner);
  for (int i = 0; i < 2; i++) { /* what the first time leaves in the objects must not matter */
    assert_prints(outer, "<ref *1> {\n  inner: <ref *2> { outer: [Circular *1], inner: [Circular *2] }\n}");
    assert_prints(inner, "<ref *1> { outer: { inner: [Circular *1] }, inner: [Circular *1] }");
  }
  assert_true(cp_value_equal(outer, cp_value_copy(heap, outer)));
}

/* ---------------------------------------------------------------- options */

static void on_one_line(void **state) {
  (void)state;
  cp_inspect_options one_line = {.break_length = -1, .depth = -1, .max_elements = -1};
  char *text = cp_value_inspect(list_of(1000), &one_line);
  assert_null(strchr(text, '\n'));
  assert_non_null(strstr(text, ", 998, 999 ]"));
  cp_free(text);
  cp_value deep = cp_string(heap, "first line of two\nsecond line");
  for (int i = 0; i < 6; i++) deep = wrap(deep);
  assert_prints_with(deep, one_line, "{ x: { x: { x: { x: { x: { x: 'first line of two\\nsecond line' } } } } } }");
}

static void everything_without_limits(void **state) {
  (void)state;
  cp_inspect_options all = {.max_elements = -1, .max_string = -1};
  char *text = cp_value_inspect(list_of(5000), &all);
  assert_non_null(strstr(text, "4999\n]"));
  cp_free(text);
  static char letters[20001];
  memset(letters, 'x', 20000);
  text = cp_value_inspect(cp_string(heap, letters), &all);
  assert_int_equal(strlen(text), 20002);
  cp_free(text);
}

static void elements_far_out_and_the_holes_between(void **state) {
  (void)state;
  cp_value far = cp_array_sparse(heap, UINT32_MAX);
  cp_value_set_at(far, 4000000000U, cp_number(1));
  assert_prints(far, "[ <4000000000 empty items>, 1, <294967294 empty items> ]");
  assert_prints_with(cp_value_set(far, "name", cp_null()), (cp_inspect_options){.max_elements = 1},
                     "[ <4000000000 empty items>, ... 294967295 more items, name: null ]");
}

/* ---------------------------------------------------------------- hostile values */

static void very_deep_values_end(void **state) {
  (void)state;
  cp_value deep = cp_number(1);
  for (int i = 0; i < 3 * CP_DEPTH_MAX; i++) deep = i % 2 ? wrap(deep) : cp_value_push(cp_array(heap), deep);
  char *text = cp_value_inspect(deep, &(cp_inspect_options){.depth = -1});
  assert_non_null(text);
  assert_true(strstr(text, "[Object]") != NULL || strstr(text, "[Array]") != NULL);
  cp_free(text);
}

/* 2^60 objects if one were to print them all. */
static void shared_values_do_not_explode(void **state) {
  (void)state;
  cp_value shared = cp_number(1);
  for (int i = 0; i < 60; i++) shared = cp_value_push(cp_value_push(cp_array(heap), shared), shared);
  char *text = cp_value_inspect(shared, &(cp_inspect_options){.depth = -1});
  assert_non_null(text);
  assert_true(strlen(text) < (size_t)512 << 20);
  assert_non_null(strstr(text, "[Array]"));
  cp_free(text);
}

static void enormous_bigints_are_hexadecimal(void **state) {
  (void)state;
  enum { WORDS = 100000 };
  static uint64_t words[WORDS];
  words[WORDS - 1] = 0x1234;
  char *text = cp_value_inspect(cp_bigint_words(heap, true, words, WORDS), NULL);
  assert_int_equal(strlen(text), strlen("-0x1234n") + 16 * (WORDS - 1));
  assert_memory_equal(text, "-0x12340000", 11);
  cp_free(text);
  words[511] = 1;
  text = cp_value_inspect(cp_bigint_words(heap, false, words, 512), NULL); /* the largest that is decimal: 2^32704 */
  assert_int_equal(strlen(text), 9846);
  assert_memory_equal(text, "76732296", 8);
  cp_free(text);
}

static void long_stacks_are_not_compared(void **state) {
  (void)state;
  enum { LINES = 100000 };
  char *stack = calloc(LINES, 8);
  size_t length = 0;
  for (int i = 0; i < LINES; i++, length += 7) memcpy(stack + length, "\n    at", 7);
  cp_value error = cp_error_value(heap, CP_ERROR_PLAIN, "m", stack);
  cp_value_set(error, "cause", cp_error_value(heap, CP_ERROR_PLAIN, "m", stack));
  char *text = cp_value_inspect(error, NULL);
  assert_null(strstr(text, "matching cause"));
  assert_int_equal(count_lines(text, ""), 2 * LINES + 2);
  cp_free(text);
  free(stack);
}

/* ---------------------------------------------------------------- width, memory */

static size_t width(const char *text) { return cp__width(text, strlen(text)); }

static void widths_are_those_of_a_terminal(void **state) {
  (void)state;
  assert_int_equal(width(""), 0);
  assert_int_equal(width("abc\n"), 3);
  assert_int_equal(width("\xc3\xa9"), 1);         /* é */
  assert_int_equal(width("e\xcc\x81"), 1);        /* e and a combining acute */
  assert_int_equal(width("\xe6\x97\xa5"), 2);     /* 日 */
  assert_int_equal(width("\xf0\x9f\x91\x8d"), 2); /* thumbs up */
  assert_int_equal(width("\xf3\xa0\x87\xaf"
                         "a"),
                   1);                           /* the last variation selector */
  assert_int_equal(width("\xe2\x80\x8b"), 0);    /* zero width space */
  assert_int_equal(width("\xed\xa0\x80"), 1);    /* half a pair */
  assert_int_equal(cp__width("\xe6\x97", 2), 1); /* cut off: nothing beyond the end is read */
}

static cp_value a_bit_of_all(void) {
  cp_value all = cp_value_set(cp_object(heap), "list", list_of(120));
  cp_value_set(all, "error", cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "m", NULL), "cause", all));
  cp_value_set(all, "map", cp_value_map_set(cp_map(heap), cp_buffer(heap, "hi", 2), list_of(30)));
  cp_value_set(all, "data", cp_view(heap, CP_VIEW_DATA, "hi", 2));
  cp_value_set(all, "9", cp_number(1)); /* out of order: it has to be sorted */
  return cp_value_set(all, "8", all);
}

static void every_allocation_failing(void **state) {
  (void)state;
  for (long n = 0; n < 1000; n++) {
    cp_heap_reset(heap);
    cp_value value = a_bit_of_all();
    fail_allocation(n);
    char *text = cp_value_inspect(value, &(cp_inspect_options){.depth = -1});
    bool hit = allocation_has_failed();
    fail_allocation(-1);
    assert_true(hit == (text == NULL));
    cp_free(text);
    if (!hit) return;
  }
  fail_msg("there is no end to the allocations");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      HEAP_TEST(primitives_and_absence),
      HEAP_TEST(the_options_default_to_nodes),
      HEAP_TEST(half_precision_floats),
      HEAP_TEST(regular_expressions_have_their_flags),
      HEAP_TEST(an_error_that_is_its_own_cause),
      HEAP_TEST(an_error_made_in_c),
      HEAP_TEST(text_that_a_c_string_cannot_hold),
      HEAP_TEST(circles_are_numbered_as_they_are_met),
      HEAP_TEST(on_one_line),
      HEAP_TEST(everything_without_limits),
      HEAP_TEST(elements_far_out_and_the_holes_between),
      HEAP_TEST(very_deep_values_end),
      HEAP_TEST(shared_values_do_not_explode),
      HEAP_TEST(enormous_bigints_are_hexadecimal),
      HEAP_TEST(long_stacks_are_not_compared),
      HEAP_TEST(widths_are_those_of_a_terminal),
      HEAP_TEST(every_allocation_failing),
  };
  return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
