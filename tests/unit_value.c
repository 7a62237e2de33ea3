/* unit_value.c - making values, putting them into each other, asking them, copying them. */
#include "ipc/value.h"

#include <math.h>

#include "support.h"

/* A heap for each test: freed by the next line that matters. */
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

static void assert_type(cp_value value, cp_type type) { assert_int_equal(cp_value_type(value), type); }

static void assert_text(cp_value value, const char *text) {
  if (!cp_value_string_is(value, text)) fail_msg("not the string \"%s\"", text);
  assert_int_equal(cp_value_string(value, NULL)[strlen(text)], '\0');
}

/* The last builder was refused, and the heap remembers it. Makes the heap good again: what was in it is gone. */
static void assert_refused(cp_value value) {
  assert_type(value, CP_TYPE_NONE);
  assert_true(cp_heap_failed(heap));
  cp_heap_reset(heap);
  assert_false(cp_heap_failed(heap));
}

/* ---------------------------------------------------------------- the heap */

static void limits_have_defaults_and_an_end(void **state) {
  (void)state;
  assert_int_equal(heap->limits.max_bytes, 2147483647);
  assert_int_equal(heap->limits.max_values, 50000000);
  assert_int_equal(heap->limits.max_depth, 1000);
  cp_heap *other = cp_heap_new(&(cp_limits){.max_bytes = 5, .max_values = 6, .max_depth = CP_DEPTH_MAX + 1});
  assert_int_equal(other->limits.max_bytes, 5);
  assert_int_equal(other->limits.max_values, 6);
  assert_int_equal(other->limits.max_depth, CP_DEPTH_MAX);
  cp_heap_free(other);
}

static void memory_is_apart_aligned_and_stays(void **state) {
  (void)state;
  enum { MANY = 3000 };
  static char *pieces[MANY];
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < MANY; i++) {
      size_t size = i % 500 == 499 ? 40000 : i * 7 % 900;
      pieces[i] = i % 3 == 0 ? cp__heap_text(heap, size) : cp__heap_alloc(heap, size);
      assert_non_null(pieces[i]);
      if (i % 3 != 0) assert_int_equal((uintptr_t)pieces[i] % CP__HEAP_ALIGNMENT, 0);
      memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < MANY; i++) {
      size_t size = i % 500 == 499 ? 40000 : i * 7 % 900;
      for (size_t k = 0; k < size; k++) assert_int_equal((uint8_t)pieces[i][k], (uint8_t)i);
    }
    cp_heap_reset(heap);
  }
}

static void sizes_that_cannot_be_fail(void **state) {
  (void)state;
  assert_null(cp__heap_alloc(heap, SIZE_MAX));
  assert_null(cp__heap_alloc(heap, SIZE_MAX - 8));
  assert_null(cp__heap_text(heap, SIZE_MAX));
  assert_true(cp_heap_failed(heap));
  cp_heap_reset(heap);
  char *memory = cp__heap_alloc(heap, 10);
  assert_null(cp__heap_grow(heap, memory, 10, SIZE_MAX - 4));
  assert_true(cp_heap_failed(heap));
}

static void memory_grows_with_what_is_in_it(void **state) {
  (void)state;
  for (int other = 0; other < 2; other++) { /* something behind it, or not */
    char *memory = NULL;
    for (size_t size = 0, next = 1; next < 300000; size = next, next *= 2) {
      memory = cp__heap_grow(heap, memory, size, next);
      assert_non_null(memory);
      for (size_t i = 0; i < size; i++) assert_int_equal(memory[i], (char)(i * 7));
      for (size_t i = 0; i < next; i++) memory[i] = (char)(i * 7);
      if (other) memset(cp__heap_alloc(heap, 100), 0xEE, 100);
    }
  }
}

static void a_text_gives_back_its_room(void **state) {
  (void)state;
  char *text = cp__heap_text(heap, 100);
  memcpy(text, "abc", 4);
  assert_string_equal(cp__heap_text_trim(heap, text, 100, 4), "abc");
  assert_text(cp_string(heap, "next"), "next");
}

static void no_heap_is_a_heap_that_has_failed(void **state) {
  (void)state;
  assert_true(cp_heap_failed(NULL));
  cp_heap_reset(NULL);
  cp_heap_free(NULL);
  assert_type(cp_string(NULL, "a"), CP_TYPE_NONE);
  assert_type(cp_bigint(NULL, 5), CP_TYPE_NONE);
  assert_type(cp_error_value(NULL, CP_ERROR_PLAIN, "a", NULL), CP_TYPE_NONE);
  assert_type(cp_buffer(NULL, "a", 1), CP_TYPE_NONE);
  assert_type(cp_regexp(NULL, "a", 0), CP_TYPE_NONE);
  assert_type(cp_value_copy(NULL, cp_number(1)), CP_TYPE_NONE);
  assert_type(cp_value_set(cp_object(NULL), "a", cp_value_push(cp_array(NULL), cp_number(1))), CP_TYPE_NONE);
}

/* ---------------------------------------------------------------- primitives */

static void primitives(void **state) {
  (void)state;
  assert_type(cp_undefined(), CP_TYPE_UNDEFINED);
  assert_type(cp_null(), CP_TYPE_NULL);
  assert_true(cp_value_boolean(cp_boolean(true)));
  assert_false(cp_value_boolean(cp_boolean(false)));
  assert_false(cp_value_boolean(cp_number(1)));
  assert_true(cp_value_number(cp_number(1.5)) == 1.5);
  assert_true(isnan(cp_value_number(cp_null())));
  assert_true(cp_value_is(cp_null(), CP_TYPE_NULL));
  assert_false(cp_value_is(cp_null(), CP_TYPE_OBJECT));
  assert_type((cp_value){0}, CP_TYPE_NONE);
}

static void integers_of_numbers(void **state) {
  (void)state;
  assert_int_equal(cp_value_integer(cp_number(-5), 7), -5);
  assert_int_equal(cp_value_integer(cp_number(-0.0), 7), 0);
  assert_int_equal(cp_value_integer(cp_number(1.5), 7), 7);
  assert_int_equal(cp_value_integer(cp_number(NAN), 7), 7);
  assert_int_equal(cp_value_integer(cp_number(INFINITY), 7), 7);
  assert_int_equal(cp_value_integer(cp_number(0x1p63), 7), 7);
  assert_true(cp_value_integer(cp_number(-0x1p63), 7) == INT64_MIN);
  assert_int_equal(cp_value_integer(cp_null(), 7), 7);
}

static void strings(void **state) {
  (void)state;
  size_t length = 99;
  assert_text(cp_string(heap, "caf\xC3\xA9"), "caf\xC3\xA9");
  assert_text(cp_string_n(heap, "abc", 2), "ab");
  assert_text(cp_string_n(heap, NULL, 5), "");
  assert_type(cp_string(heap, NULL), CP_TYPE_NULL);
  assert_memory_equal(cp_value_string(cp_string_n(heap, "a\0b", 3), &length), "a\0b", 4);
  assert_int_equal(length, 3);
  assert_null(cp_value_string(cp_null(), &length));
  assert_int_equal(length, 0);
  assert_false(cp_value_string_is(cp_null(), "null"));
  assert_false(cp_value_string_is(cp_string(heap, "a"), "ab"));
  assert_false(cp_value_string_is(cp_string(heap, "a"), NULL));
  assert_int_equal(cp_value_length(cp_string(heap, "\xC3\xA9")), 2);
}

static void bad_bytes_and_halves_of_pairs(void **state) {
  (void)state;
  assert_text(cp_string(heap, "a\xFFz"), "a\xEF\xBF\xBDz");
  assert_text(cp_string(heap, "\xED\xA0\x80"), "\xED\xA0\x80");
  assert_text(cp_string(heap, "\xED\xA0\xBD\xED\xB8\x80"), "\xF0\x9F\x98\x80");
  assert_text(cp_string_utf16(heap, (const uint16_t[]){'h', 0xE9, 0xD83D, 0xDE00, 0xDE00}, 5),
              "h\xC3\xA9\xF0\x9F\x98\x80\xED\xB8\x80");
  assert_text(cp_string_utf16(heap, NULL, 0), "");
}

static void assert_bigint(cp_value value, bool negative, size_t count, uint64_t first) {
  bool is_negative = !negative;
  size_t words = 99;
  const uint64_t *magnitude = cp_value_bigint(value, &is_negative, &words);
  assert_type(value, CP_TYPE_BIGINT);
  assert_int_equal(is_negative, negative);
  assert_int_equal(words, count);
  if (count == 0) assert_null(magnitude);
  if (count > 0) assert_true(magnitude[0] == first);
}

static void bigints(void **state) {
  (void)state;
  assert_bigint(cp_bigint(heap, 0), false, 0, 0);
  assert_bigint(cp_bigint(heap, -1), true, 1, 1);
  assert_bigint(cp_bigint(heap, INT64_MIN), true, 1, UINT64_C(1) << 63);
  assert_bigint(cp_bigint_u64(heap, UINT64_MAX), false, 1, UINT64_MAX);
  assert_bigint(cp_bigint_words(heap, true, (const uint64_t[]){1, 2, 0}, 3), true, 2, 1);
  assert_bigint(cp_bigint_words(heap, true, NULL, 0), false, 0, 0);
  assert_bigint(cp_bigint_words(heap, true, (const uint64_t[]){0, 0}, 2), false, 0, 0);
  assert_bigint(cp__bigint_bytes(heap, true, "\x01\x02\x03\0", 4), true, 1, 0x030201);
  assert_null(cp_value_bigint(cp_number(1), NULL, NULL));
}

static void bigints_as_integers(void **state) {
  (void)state;
  assert_true(cp_value_bigint_i64(cp_bigint(heap, INT64_MIN), 7) == INT64_MIN);
  assert_true(cp_value_bigint_i64(cp_bigint(heap, INT64_MAX), 7) == INT64_MAX);
  assert_int_equal(cp_value_bigint_i64(cp_bigint(heap, 0), 7), 0);
  assert_int_equal(cp_value_bigint_i64(cp_bigint(heap, -3), 7), -3);
  assert_int_equal(cp_value_bigint_i64(cp_bigint_u64(heap, UINT64_C(1) << 63), 7), 7);
  assert_int_equal(cp_value_bigint_i64(cp_bigint_words(heap, true, (const uint64_t[]){0, 1}, 2), 7), 7);
  assert_int_equal(cp_value_bigint_i64(cp_number(3), 7), 7);
}

/* ---------------------------------------------------------------- objects of one piece */

static void dates(void **state) {
  (void)state;
  assert_true(cp_value_date(cp_date(heap, 1.9)) == 1);
  assert_true(cp_value_date(cp_date(heap, -8.64e15)) == -8.64e15);
  assert_true(isnan(cp_value_date(cp_date(heap, 8.64e15 + 1))));
  assert_true(isnan(cp_value_date(cp_date(heap, NAN))));
  assert_false(signbit(cp_value_date(cp_date(heap, -0.5))));
  assert_true(isnan(cp_value_date(cp_number(1))));
}

static void regular_expressions(void **state) {
  (void)state;
  unsigned flags = 0;
  assert_text(cp_value_regexp(cp_regexp(heap, "a+", CP_REGEXP_G | CP_REGEXP_V), &flags), "a+");
  assert_int_equal(flags, CP_REGEXP_G | CP_REGEXP_V);
  assert_text(cp_value_regexp(cp_regexp(heap, "", 0), NULL), "(?:)");
  assert_type(cp_value_regexp(cp_null(), &flags), CP_TYPE_UNDEFINED);
  assert_int_equal(flags, 0);
  assert_refused(cp_regexp(heap, "a", 64));
  assert_refused(cp_regexp(heap, "a", CP_REGEXP_U | CP_REGEXP_V));
}

static void boxes(void **state) {
  (void)state;
  assert_text(cp_value_unbox(cp_boxed(heap, cp_string(heap, "a"))), "a");
  assert_bigint(cp_value_unbox(cp_boxed(heap, cp_bigint(heap, 5))), false, 1, 5);
  assert_type(cp_value_unbox(cp_number(1)), CP_TYPE_UNDEFINED);
  assert_refused(cp_boxed(heap, cp_null()));
  assert_refused(cp_boxed(heap, cp_object(heap)));
}

static void errors(void **state) {
  (void)state;
  cp_value error = cp_error_value(heap, CP_ERROR_TYPE, "bad", NULL);
  assert_int_equal(cp_value_error_kind(error), CP_ERROR_TYPE);
  assert_text(cp_value_get(error, "message"), "bad");
  assert_text(cp_value_get(error, "stack"), "TypeError: bad");
  assert_text(cp_value_get(cp_error_value(heap, CP_ERROR_PLAIN, "a", "s"), "stack"), "s");
  assert_text(cp_value_get(cp_error_value(heap, CP_ERROR_URI, "", NULL), "stack"), "URIError");
  error = cp_error_value(heap, CP_ERROR_RANGE, NULL, NULL);
  assert_false(cp_value_has(error, "message"));
  assert_text(cp_value_get(error, "stack"), "RangeError");
  cp_value_set(error, "cause", cp_value_set(cp_object(heap), "a", cp_number(1)));
  assert_type(cp_value_get(error, "cause"), CP_TYPE_OBJECT);
  assert_refused(cp_value_set(error, "code", cp_number(1)));
  assert_refused(cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "a", NULL), "message", cp_number(1)));
}

static void buffers_and_views(void **state) {
  (void)state;
  size_t length = 99;
  assert_memory_equal(cp_value_bytes(cp_buffer(heap, "abc", 3), &length), "abc", 3);
  assert_int_equal(length, 3);
  assert_int_equal(cp_value_view_kind(cp_buffer(heap, "abc", 3)), CP_VIEW_BUFFER);
  assert_memory_equal(cp_value_bytes(cp_array_buffer(heap, NULL, 3), &length), "\0\0\0", 3);
  assert_null(cp_value_bytes(cp_array_buffer(heap, "", 0), &length));
  assert_int_equal(length, 0);
  assert_int_equal(cp_value_length(cp_view(heap, CP_VIEW_FLOAT64, NULL, 23)), 16);
  assert_int_equal(cp_value_length(cp_view(heap, CP_VIEW_FLOAT16, NULL, 5)), 4);
  static const uint32_t numbers[] = {1, 2};
  cp_value borrowed = cp_view_borrowed(heap, CP_VIEW_UINT32, numbers, sizeof numbers + 3);
  assert_ptr_equal(cp_value_bytes(borrowed, &length), numbers);
  assert_int_equal(length, sizeof numbers);
  cp_value resizable = cp_array_buffer_resizable(heap, "ab", 2, 10);
  assert_int_equal(cp_value_max_length(resizable), 10);
  assert_int_equal(cp_value_max_length(borrowed), 0);
  assert_null(cp_value_bytes(cp_null(), &length));
  assert_refused(cp_array_buffer_resizable(heap, "ab", 2, 1));
  assert_refused(cp_view(heap, (cp_view_kind)(CP_VIEW_FLOAT16 + 1), "ab", 2));
  assert_refused(cp_view_borrowed(heap, (cp_view_kind)99, "ab", 2));
  assert_refused(cp_view_borrowed(heap, CP_VIEW_INT8, NULL, 2));
  assert_refused(cp_buffer(heap, NULL, SIZE_MAX));
}

static void names_of_types(void **state) {
  (void)state;
  assert_string_equal(cp_type_name(CP_TYPE_NUMBER), "number");
  assert_string_equal(cp_type_name(CP_TYPE_MAP), "Map");
  assert_string_equal(cp_type_name(CP_TYPE_ARRAY_BUFFER), "ArrayBuffer");
  assert_string_equal(cp_type_name(CP_TYPE_VIEW), "view");
  assert_string_equal(cp_type_name((cp_type)99), cp_type_name(CP_TYPE_NONE));
}

/* ---------------------------------------------------------------- copies */

static void assert_fine(cp_value copy, cp_value original) {
  assert_false(cp_heap_failed(heap));
  assert_true(cp_value_equal(copy, original));
}

/* One of everything. */
static cp_value everything(cp_heap *in) {
  cp_value all = cp_array(in), object = cp_object(in), map = cp_map(in), set = cp_set(in);
  for (int i = 0; i < 20; i++) {
    char key[] = {'k', (char)('a' + i), '\0'};
    cp_value_set(object, key, cp_number(i));
    cp_value_map_set(map, cp_value_push(cp_array(in), cp_number(i)), cp_string(in, key));
    cp_value_add(set, i % 2 ? cp_bigint(in, i) : object);
  }
  const cp_value values[] = {
      cp_undefined(),
      cp_null(),
      cp_boolean(true),
      cp_number(-0.0),
      cp_bigint(in, -5),
      cp_bigint(in, 0),
      cp_string(in, "text"),
      {.type = CP_TYPE_HOLE},
      object,
      map,
      set,
      cp_array_sparse(in, 7),
      cp_value_set_at(cp_array(in), 100000, object),
      cp_date(in, 5),
      cp_date(in, NAN),
      cp_regexp(in, "a", CP_REGEXP_G),
      cp_boxed(in, cp_string(in, "boxed")),
      cp_value_set(cp_error_value(in, CP_ERROR_EVAL, "m", NULL), "cause", map),
      cp_array_buffer_resizable(in, "abc", 3, 8),
      cp_view(in, CP_VIEW_INT16, "abcd", 4),
      cp_buffer(in, NULL, 0),
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) cp_value_push(all, values[i]);
  return cp_value_set(cp_value_set(all, "name", object), "self", all);
}

static void copies_outlive_their_original(void **state) {
  (void)state;
  cp_heap *other = cp_heap_new(NULL);
  cp_value original = everything(other);
  assert_false(cp_heap_failed(other));
  cp_value copy = cp_value_copy(heap, original), second = cp_value_copy(other, original);
  assert_fine(copy, original);
  assert_fine(second, original);
  assert_false(cp_value_same(copy, original));
  cp_heap_free(other);
  assert_fine(copy, everything(heap));
}

static void copies_keep_sharing_and_cycles(void **state) {
  (void)state;
  cp_heap *other = cp_heap_new(NULL);
  cp_value all = cp_value_copy(heap, everything(other));
  cp_heap_free(other);
  assert_true(cp_value_same(cp_value_get(all, "self"), all));
  cp_value object = cp_value_at(all, 8);
  assert_type(object, CP_TYPE_OBJECT);
  assert_true(cp_value_same(cp_value_get(all, "name"), object));
  assert_true(cp_value_contains(cp_value_at(all, 10), object));
  assert_type(cp_value_at(all, 7), CP_TYPE_HOLE);
  assert_int_equal(cp_value_integer(cp_value_get(object, "kf"), -1), 5);
}

static void objects_of_other_heaps_are_copied_in(void **state) {
  (void)state;
  cp_heap *other = cp_heap_new(NULL);
  cp_value foreign = cp_value_set(cp_object(other), "a", cp_string(other, "b"));
  cp_value object = cp_value_set(cp_object(heap), "x", foreign);
  cp_value array = cp_value_push(cp_array(heap), foreign);
  cp_value map = cp_value_map_set(cp_map(heap), foreign, foreign), set = cp_value_add(cp_set(heap), foreign);
  cp_heap_free(other);
  assert_text(cp_value_get(cp_value_get(object, "x"), "a"), "b");
  assert_text(cp_value_get(cp_value_at(array, 0), "a"), "b");
  cp_value key, value;
  assert_true(cp_value_entry(map, 0, &key, &value));
  assert_text(cp_value_get(key, "a"), "b");
  assert_text(cp_value_get(value, "a"), "b");
  assert_true(cp_value_entry(set, 0, &key, &value));
  assert_text(cp_value_get(key, "a"), "b");
}

/* Deeper than any stack. */
static void depth_costs_no_stack(void **state) {
  (void)state;
  cp_value deep = cp_array(heap);
  for (int i = 0; i < 300000; i++) deep = cp_value_push(cp_array(heap), deep);
  cp_heap *other = cp_heap_new(NULL);
  cp_value copy = cp_value_copy(other, deep);
  assert_type(copy, CP_TYPE_ARRAY);
  assert_true(cp_value_equal(copy, deep));
  assert_false(cp_value_equal(cp_value_at(copy, 0), deep));
  cp_heap_free(other);
}

/* ---------------------------------------------------------------- out of memory */

/* Builds, sorts and copies. If no heap says that it has failed, all of it is right. */
static void build_and_copy(void) {
  cp_heap *one = cp_heap_new(NULL), *two = cp_heap_new(NULL);
  cp_value original = everything(one), copy = cp_value_copy(two, original);
  cp_value mixed = cp_object(two), key = cp_undefined();
  for (int i = 20; i > 0; i--) cp_value_set(mixed, (const char[]){(char)('0' + i), '\0'}, cp_number(i));
  bool any = cp_value_entry(mixed, 0, &key, NULL);
  if (!cp_heap_failed(one) && !cp_heap_failed(two)) {
    assert_true(any);
    assert_text(key, "1");
    assert_int_equal(cp_value_length(copy), cp_value_length(original));
    assert_true(cp_value_equal(cp_value_at(copy, 8), cp_value_at(original, 8)) || allocation_has_failed());
  }
  if (cp_heap_failed(one)) assert_true(allocation_has_failed());
  if (cp_heap_failed(two)) assert_true(allocation_has_failed());
  cp_heap_free(one);
  cp_heap_free(two);
}

static void every_allocation_failing(void **state) {
  (void)state;
  build_and_copy();
#ifdef CP_SANITIZED
  skip(); /* AddressSanitizer brings an allocator of its own */
#else
  for (long n = 0; n < 1000; n++) {
    long blocks = heap_blocks();
    fail_allocation(n);
    build_and_copy();
    bool hit = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(heap_blocks(), blocks);
    if (!hit) return;
  }
  fail_msg("there is no end to the allocations");
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      HEAP_TEST(limits_have_defaults_and_an_end),
      HEAP_TEST(memory_is_apart_aligned_and_stays),
      HEAP_TEST(sizes_that_cannot_be_fail),
      HEAP_TEST(memory_grows_with_what_is_in_it),
      HEAP_TEST(a_text_gives_back_its_room),
      HEAP_TEST(no_heap_is_a_heap_that_has_failed),
      HEAP_TEST(primitives),
      HEAP_TEST(integers_of_numbers),
      HEAP_TEST(strings),
      HEAP_TEST(bad_bytes_and_halves_of_pairs),
      HEAP_TEST(bigints),
      HEAP_TEST(bigints_as_integers),
      HEAP_TEST(dates),
      HEAP_TEST(regular_expressions),
      HEAP_TEST(boxes),
      HEAP_TEST(errors),
      HEAP_TEST(buffers_and_views),
      HEAP_TEST(names_of_types),
      HEAP_TEST(copies_outlive_their_original),
      HEAP_TEST(copies_keep_sharing_and_cycles),
      HEAP_TEST(objects_of_other_heaps_are_copied_in),
      HEAP_TEST(depth_costs_no_stack),
      HEAP_TEST(every_allocation_failing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
