/* unit_equal.c - Object.is and deep equality: each row is what assert.deepStrictEqual() says of the same values. */
#include <math.h>

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

/* Both ways round. */
static void check(cp_value a, cp_value b, bool expected, int line) {
  if (cp_value_equal(a, b) != expected || cp_value_equal(b, a) != expected)
    fail_msg("line %d: they are %sequal", line, expected ? "not " : "");
  assert_true(cp_value_equal(a, a));
  assert_false(cp_heap_failed(heap));
}
#define EQUAL(a, b) check((a), (b), true, __LINE__)
#define DIFFER(a, b) check((a), (b), false, __LINE__)

static cp_value text(const char *string) { return cp_string(heap, string); }
static cp_value number(double n) { return cp_number(n); }

/* {a: value} */
static cp_value with(const char *key, cp_value value) { return cp_value_set(cp_object(heap), key, value); }

static cp_value list_of(const cp_value *values, size_t count, cp_value list) {
  for (size_t i = 0; i < count; i++)
    list = list.type == CP_TYPE_SET ? cp_value_add(list, values[i]) : cp_value_push(list, values[i]);
  return list;
}
#define COUNT(...) (sizeof((const cp_value[]){__VA_ARGS__}) / sizeof(cp_value))
#define ARRAY(...) list_of((const cp_value[]){__VA_ARGS__}, COUNT(__VA_ARGS__), cp_array(heap))
#define SET(...) list_of((const cp_value[]){__VA_ARGS__}, COUNT(__VA_ARGS__), cp_set(heap))

static const cp_value hole = {.type = CP_TYPE_HOLE};

static void the_same(void **state) {
  (void)state;
  cp_value object = cp_object(heap);
  assert_true(cp_value_same(number(NAN), number(-NAN)));
  assert_false(cp_value_same(number(0), number(-0.0)));
  assert_false(cp_value_same(number(1), text("1")));
  assert_true(cp_value_same(text("a"), text("a")));
  assert_false(cp_value_same(text("a"), text("b")));
  assert_true(cp_value_same(cp_bigint(heap, 5), cp_bigint_words(heap, false, (const uint64_t[]){5, 0}, 2)));
  assert_false(cp_value_same(cp_bigint(heap, 5), cp_bigint(heap, -5)));
  assert_true(cp_value_same(object, object));
  assert_false(cp_value_same(object, cp_object(heap)));
  assert_true(cp_value_same(cp_null(), cp_null()));
  assert_false(cp_value_same(cp_null(), cp_undefined()));
  assert_false(cp_value_same(cp_boolean(true), cp_boolean(false)));
  assert_false(cp_value_same(hole, cp_undefined()));
}

static void primitives(void **state) {
  (void)state;
  EQUAL(number(NAN), number(NAN));
  DIFFER(number(0), number(-0.0));
  DIFFER(number(1), cp_bigint(heap, 1));
  DIFFER(cp_null(), cp_object(heap));
  DIFFER(cp_object(heap), cp_array(heap));
}

static void objects(void **state) {
  (void)state;
  cp_value one = cp_value_set(with("a", number(1)), "b", text("x")),
           two = cp_value_set(with("b", text("x")), "a", number(1));
  EQUAL(one, two);
  EQUAL(with("a", one), with("a", two));
  DIFFER(with("a", number(0)), with("a", number(-0.0)));
  DIFFER(with("a", cp_undefined()), cp_object(heap));
  DIFFER(with("a", cp_undefined()), with("b", cp_undefined()));
  DIFFER(with("a", one), with("a", cp_value_set(with("a", number(1)), "b", text("y"))));
}

static void arrays(void **state) {
  (void)state;
  EQUAL(ARRAY(number(1), text("a")), ARRAY(number(1), text("a")));
  DIFFER(ARRAY(number(1), number(2)), ARRAY(number(2), number(1)));
  DIFFER(ARRAY(number(1)), ARRAY(number(1), number(1)));
  DIFFER(ARRAY(hole, number(1)), ARRAY(cp_undefined(), number(1)));
  DIFFER(cp_value_set(ARRAY(number(1)), "a", number(1)), ARRAY(number(1)));
  EQUAL(cp_value_set(ARRAY(number(1)), "a", number(1)), cp_value_set(ARRAY(number(1)), "a", number(1)));
}

/* The same elements, dense or kept by name. */
static void arrays_with_holes(void **state) {
  (void)state;
  EQUAL(cp_array_sparse(heap, 3), ARRAY(hole, hole, hole));
  DIFFER(cp_array_sparse(heap, 3), cp_array_sparse(heap, 4));
  DIFFER(cp_array_sparse(heap, 1), ARRAY(cp_undefined()));
  cp_value far = cp_value_set_at(cp_array(heap), 5000, number(1)), dense = cp_array(heap);
  for (uint32_t i = 0; i < 5000; i++) dense = cp_value_push(dense, hole);
  dense = cp_value_push(dense, number(1));
  EQUAL(far, dense);
  DIFFER(far, cp_value_set_at(cp_array(heap), 5000, number(2)));
  DIFFER(far, cp_array_sparse(heap, 5001));
  DIFFER(cp_value_set(far, "a", number(1)), dense);
  EQUAL(far, cp_value_set(dense, "a", number(1)));
  DIFFER(far, cp_value_set(cp_value_set_at(cp_array(heap), 5000, number(1)), "b", number(1)));
  DIFFER(cp_value_set_at(cp_array_sparse(heap, 9000), 5000, number(1)),
         cp_value_set_at(cp_array_sparse(heap, 9000), 5001, number(1)));
}

static cp_value map_of(cp_value a, cp_value x, cp_value b, cp_value y) {
  return cp_value_map_set(cp_value_map_set(cp_map(heap), a, x), b, y);
}

static void maps(void **state) {
  (void)state;
  EQUAL(map_of(number(1), number(1), text("a"), number(2)), map_of(text("a"), number(2), number(1), number(1)));
  DIFFER(map_of(number(1), number(1), text("a"), number(2)), map_of(text("a"), number(1), number(1), number(2)));
  DIFFER(map_of(number(1), number(1), text("a"), number(2)), map_of(text("1"), number(1), text("a"), number(2)));
  DIFFER(cp_map(heap), cp_set(heap));
  cp_value a = with("a", number(1)), same = with("a", number(1));
  EQUAL(map_of(a, number(1), same, number(2)),
        map_of(with("a", number(1)), number(2), with("a", number(1)), number(1)));
  DIFFER(map_of(a, number(1), same, number(2)),
         map_of(with("a", number(1)), number(2), with("a", number(1)), number(2)));
  DIFFER(map_of(a, number(1), number(1), number(2)), map_of(a, number(1), same, number(2)));
}

static void sets(void **state) {
  (void)state;
  EQUAL(SET(number(1), text("a"), number(NAN)), SET(number(NAN), number(1), text("a")));
  DIFFER(SET(number(1), text("a")), SET(number(1), text("b")));
  EQUAL(SET(with("a", number(1)), ARRAY(number(2))), SET(ARRAY(number(2)), with("a", number(1))));
  DIFFER(SET(with("a", number(1)), ARRAY(number(2))), SET(with("a", number(2)), ARRAY(number(2))));
  DIFFER(SET(number(1), cp_object(heap)), SET(number(1), number(2)));
  EQUAL(SET(SET(with("a", number(1)))), SET(SET(with("a", number(1)))));
  DIFFER(SET(SET(with("a", number(1)))), SET(SET(with("a", number(2)))));
  /* Both of the left have a partner, but it is the same one. */
  DIFFER(SET(with("a", number(1)), with("a", number(1))), SET(with("a", number(1)), with("a", number(2))));
}

/* A try that fails must leave nothing behind: here the first one takes x for y on its way. */
static void tries_are_taken_back(void **state) {
  (void)state;
  cp_value x = with("v", number(1)), y = with("v", number(2));
  DIFFER(SET(ARRAY(x, number(1)), ARRAY(x, number(2))), SET(ARRAY(y, number(3)), ARRAY(y, number(2))));
  DIFFER(ARRAY(SET(ARRAY(x, number(1)), ARRAY(y, number(2))), x),
         ARRAY(SET(ARRAY(y, number(2)), ARRAY(x, number(1))), y));
  EQUAL(ARRAY(SET(ARRAY(x, number(1)), ARRAY(y, number(2))), x),
        ARRAY(SET(ARRAY(y, number(2)), ARRAY(x, number(1))), x));
}

static void many_members(void **state) {
  (void)state;
  enum { MANY = 200000 };
  cp_value one = cp_set(heap), two = cp_set(heap), three = cp_map(heap), four = cp_map(heap);
  for (int i = 0; i < MANY; i++) {
    one = cp_value_add(one, number(i));
    two = cp_value_add(two, number(MANY - 1 - i));
    three = cp_value_map_set(three, with("a", number(i)), number(i)); /* pairs are found at once in the same order */
    four = cp_value_map_set(four, with("a", number(i)), number(i));
  }
  EQUAL(one, two);
  EQUAL(three, four);
  DIFFER(one, cp_value_add(two, number(-1)));
  cp_value_map_set(three, number(1), number(1));
  DIFFER(three, cp_value_map_set(four, number(1), number(2)));
}

static void dates_and_regular_expressions(void **state) {
  (void)state;
  EQUAL(cp_date(heap, 5), cp_date(heap, 5));
  DIFFER(cp_date(heap, 5), cp_date(heap, 6));
  EQUAL(cp_date(heap, NAN), cp_date(heap, NAN));
  EQUAL(cp_regexp(heap, "a", CP_REGEXP_G), cp_regexp(heap, "a", CP_REGEXP_G));
  DIFFER(cp_regexp(heap, "a", CP_REGEXP_G), cp_regexp(heap, "a", CP_REGEXP_I));
  DIFFER(cp_regexp(heap, "a", 0), cp_regexp(heap, "b", 0));
  EQUAL(cp_boxed(heap, number(1)), cp_boxed(heap, number(1)));
  DIFFER(cp_boxed(heap, number(0)), cp_boxed(heap, number(-0.0)));
  DIFFER(cp_boxed(heap, number(1)), number(1));
}

static void errors(void **state) {
  (void)state;
  cp_value error = cp_error_value(heap, CP_ERROR_PLAIN, "a", NULL);
  EQUAL(error, cp_error_value(heap, CP_ERROR_PLAIN, "a", "another stack"));
  DIFFER(error, cp_error_value(heap, CP_ERROR_TYPE, "a", NULL));
  DIFFER(error, cp_error_value(heap, CP_ERROR_PLAIN, "b", NULL));
  EQUAL(cp_error_value(heap, CP_ERROR_PLAIN, "", NULL), cp_error_value(heap, CP_ERROR_PLAIN, NULL, NULL));
  DIFFER(cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "a", NULL), "cause", number(1)), error);
  EQUAL(cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "a", NULL), "cause", cp_object(heap)),
        cp_value_set(cp_error_value(heap, CP_ERROR_PLAIN, "a", NULL), "cause", cp_object(heap)));
}

static void bytes(void **state) {
  (void)state;
  EQUAL(cp_buffer(heap, "ab", 2), cp_view_borrowed(heap, CP_VIEW_BUFFER, "ab", 2));
  DIFFER(cp_buffer(heap, "ab", 2), cp_buffer(heap, "ac", 2));
  DIFFER(cp_buffer(heap, "ab", 2), cp_buffer(heap, "abc", 3));
  DIFFER(cp_buffer(heap, "ab", 2), cp_view(heap, CP_VIEW_UINT8, "ab", 2));
  DIFFER(cp_view(heap, CP_VIEW_FLOAT64, &(double){0}, 8), cp_view(heap, CP_VIEW_FLOAT64, &(double){-0.0}, 8));
  EQUAL(cp_array_buffer_resizable(heap, "ab", 2, 8), cp_array_buffer(heap, "ab", 2));
  EQUAL(cp_buffer(heap, "", 0), cp_buffer(heap, NULL, 0));
}

static void cycles(void **state) {
  (void)state;
  cp_value one = cp_object(heap), two = cp_object(heap), inner = cp_object(heap);
  cp_value_set(one, "x", one);
  cp_value_set(two, "x", cp_value_set(inner, "x", two));
  EQUAL(one, two);
  EQUAL(one, with("x", one));
  DIFFER(one, cp_value_set(two, "y", number(1)));
  cp_value list = cp_array(heap), other = cp_array(heap);
  EQUAL(cp_value_push(list, SET(list)), cp_value_push(other, SET(other)));
  DIFFER(cp_value_push(list, number(1)), cp_value_push(other, number(2)));
}

/* Each level refers to the next one twice: a walk along every path would never end. */
static void what_is_shared_is_compared_once(void **state) {
  (void)state;
  cp_value one = cp_array(heap), two = cp_array(heap), other = ARRAY(number(1));
  for (int i = 0; i < 2000; i++) {
    one = ARRAY(one, one);
    two = ARRAY(two, two);
    other = ARRAY(other, other);
  }
  EQUAL(one, two);
  DIFFER(one, other);
}

static void values_of_two_heaps(void **state) {
  (void)state;
  cp_heap *second = cp_heap_new(NULL);
  cp_value here = cp_array(heap), there = cp_array(second);
  for (int i = 0; i < 100; i++) {
    here = cp_value_push(here, with("a", number(i)));
    there = cp_value_push(there, cp_value_set(cp_object(second), "a", number(i)));
    EQUAL(here, there);
  }
  cp_heap_free(second);
}

/* Sets of sets recurse, as nothing else does: beyond a depth they are not equal rather than a stack overflow. */
static void sets_in_sets(void **state) {
  (void)state;
  cp_value one = SET(number(1)), two = SET(number(1));
  for (int i = 0; i < 1000; i++) {
    one = SET(one);
    two = SET(two);
  }
  EQUAL(one, two);
  for (int i = 0; i < 100000; i++) {
    one = SET(one);
    two = SET(two);
  }
  DIFFER(one, two);
}

static void every_allocation_failing(void **state) {
  (void)state;
  cp_value one = cp_set(heap), two = cp_set(heap);
  for (int i = 0; i < 100; i++) {
    one = cp_value_add(one, ARRAY(number(i), with("a", number(i))));
    two = cp_value_add(two, ARRAY(number(i), with("a", number(i))));
  }
  assert_true(cp_value_equal(one, two));
#ifdef CP_SANITIZED
  skip(); /* AddressSanitizer brings an allocator of its own */
#else
  for (long n = 0; n < 1000; n++) {
    long blocks = heap_blocks();
    fail_allocation(n);
    bool equal = cp_value_equal(one, two), hit = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(equal, !hit);
    assert_int_equal(heap_blocks(), blocks);
    if (!hit) return;
  }
  fail_msg("there is no end to the allocations");
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      HEAP_TEST(the_same),
      HEAP_TEST(primitives),
      HEAP_TEST(objects),
      HEAP_TEST(arrays),
      HEAP_TEST(arrays_with_holes),
      HEAP_TEST(maps),
      HEAP_TEST(sets),
      HEAP_TEST(tries_are_taken_back),
      HEAP_TEST(many_members),
      HEAP_TEST(dates_and_regular_expressions),
      HEAP_TEST(errors),
      HEAP_TEST(bytes),
      HEAP_TEST(cycles),
      HEAP_TEST(what_is_shared_is_compared_once),
      HEAP_TEST(values_of_two_heaps),
      HEAP_TEST(sets_in_sets),
      HEAP_TEST(every_allocation_failing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
