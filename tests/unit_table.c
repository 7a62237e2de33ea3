/* unit_table.c - objects, arrays, maps and sets: order, keys that are one, holes, a million keys. */
#include "ipc/value.h"

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

static void assert_refused(cp_value value) {
  assert_int_equal(value.type, CP_TYPE_NONE);
  assert_true(cp_heap_failed(heap));
  cp_heap_reset(heap);
}

/* The keys in their order, with a blank behind each. */
static void assert_keys(cp_value object, const char *expected) {
  char keys[1000] = "";
  cp_value key, value;
  for (size_t i = 0; cp_value_entry(object, i, &key, &value); i++) {
    strcat(strcat(keys, cp_value_string(key, NULL)), " ");
    assert_true(cp_value_same(value, cp_value_get(object, cp_value_string(key, NULL))));
  }
  assert_string_equal(keys, expected);
}

static cp_value object_of(const char *const *keys) {
  cp_value object = cp_object(heap);
  for (int i = 0; keys[i] != NULL; i++) object = cp_value_set(object, keys[i], cp_number(i));
  return object;
}
#define OBJECT(...) object_of((const char *const[]){__VA_ARGS__, NULL})

/* ---------------------------------------------------------------- objects */

static void properties_in_the_order_of_javascript(void **state) {
  (void)state;
  assert_keys(cp_object(heap), "");
  assert_keys(OBJECT("b", "a", "b"), "b a ");
  assert_keys(OBJECT("b", "10", "a", "9", "0"), "0 9 10 b a ");
  assert_keys(OBJECT("1", "2", "x", "3"), "1 2 3 x ");
  assert_keys(OBJECT("x", "01", "-1", "4294967295", "4294967294", "1.5", ""), "4294967294 x 01 -1 4294967295 1.5  ");
  cp_value object = OBJECT("5", "x");
  assert_keys(object, "5 x ");
  assert_keys(cp_value_set(object, "4", cp_null()), "4 5 x ");
  assert_keys(cp_value_set(object, "6", cp_null()), "4 5 6 x ");
  assert_int_equal(cp_value_length(object), 4);
}

static void properties_are_found(void **state) {
  (void)state;
  cp_value object = OBJECT("a", "b", "1", "0");
  assert_int_equal(cp_value_integer(cp_value_get(object, "b"), -1), 1);
  assert_int_equal(cp_value_integer(cp_value_get_n(object, "bcd", 1), -1), 1);
  assert_int_equal(cp_value_integer(cp_value_get(object, "0"), -1), 3);
  assert_int_equal(cp_value_get(object, "c").type, CP_TYPE_UNDEFINED);
  assert_int_equal(cp_value_get(object, NULL).type, CP_TYPE_UNDEFINED);
  assert_int_equal(cp_value_get(cp_number(1), "a").type, CP_TYPE_UNDEFINED);
  assert_false(cp_value_has(object, "c"));
  cp_value_set(object, "c", cp_undefined());
  assert_true(cp_value_has(object, "c"));
  cp_value_set_n(object, "x\0y", 3, cp_number(5));
  assert_int_equal(cp_value_integer(cp_value_get_n(object, "x\0y", 3), -1), 5);
  assert_false(cp_value_has(object, "x"));
}

static void keys_are_copied_and_repaired(void **state) {
  (void)state;
  char key[] = "bad\xFF";
  cp_value object = cp_value_set(cp_object(heap), key, cp_number(1));
  memset(key, 'x', 4);
  assert_true(cp_value_has(object, "bad\xEF\xBF\xBD"));
  cp_value_set(object, "bad\xFE", cp_number(2));
  assert_int_equal(cp_value_length(object), 1);
}

static void what_cannot_be_put_is_refused(void **state) {
  (void)state;
  const cp_value none = {.type = CP_TYPE_NONE};
  assert_refused(cp_value_set(cp_object(heap), "a", none));
  assert_refused(cp_value_set(cp_object(heap), NULL, cp_null()));
  assert_refused(cp_value_set(cp_map(heap), "a", cp_null()));
  assert_refused(cp_value_set(cp_date(heap, 0), "a", cp_null()));
  assert_refused(cp_value_set(cp_array(heap), "length", cp_number(5)));
  assert_refused(cp_value_set(none, "a", cp_object(heap)));
  assert_refused(cp_value_push(cp_object(heap), cp_null()));
  assert_refused(cp_value_push(cp_array(heap), none));
  assert_refused(cp_value_set_at(cp_array(heap), UINT32_MAX, cp_null()));
  assert_refused(cp_value_push(cp_array_sparse(heap, UINT32_MAX), cp_null()));
  assert_refused(cp_value_map_set(cp_set(heap), cp_null(), cp_null()));
  assert_refused(cp_value_map_set(cp_map(heap), none, cp_null()));
  assert_refused(cp_value_map_set(cp_map(heap), cp_null(), none));
  assert_refused(cp_value_add(cp_map(heap), cp_null()));
  assert_int_equal(cp_value_set(cp_number(1), "a", cp_null()).type, CP_TYPE_NONE);
  assert_int_equal(cp_value_push(cp_null(), cp_null()).type, CP_TYPE_NONE);
}

static void holes_are_undefined_outside_of_arrays(void **state) {
  (void)state;
  const cp_value hole = {.type = CP_TYPE_HOLE};
  assert_int_equal(cp_value_get(cp_value_set(cp_object(heap), "a", hole), "a").type, CP_TYPE_UNDEFINED);
  cp_value map = cp_value_map_set(cp_map(heap), hole, hole);
  assert_true(cp_value_contains(map, cp_undefined()));
  assert_true(cp_value_contains(map, hole));
  assert_int_equal(cp_value_map_get(map, hole).type, CP_TYPE_UNDEFINED);
}

/* ---------------------------------------------------------------- arrays */

static void assert_element(cp_value array, uint32_t index, int64_t expected) {
  assert_int_equal(cp_value_integer(cp_value_at(array, index), -1), expected);
}

static void elements(void **state) {
  (void)state;
  cp_value array = cp_array(heap);
  for (int i = 0; i < 1000; i++) array = cp_value_push(array, cp_number(i));
  assert_int_equal(cp_value_length(array), 1000);
  for (uint32_t i = 0; i < 1000; i++) assert_element(array, i, i);
  assert_int_equal(cp_value_at(array, 1000).type, CP_TYPE_UNDEFINED);
  assert_int_equal(cp_value_at(cp_object(heap), 0).type, CP_TYPE_UNDEFINED);
  cp_value_set_at(array, 500, cp_number(7));
  assert_element(array, 500, 7);
  cp_value_set(array, "501", cp_number(8));
  assert_element(array, 501, 8);
  assert_int_equal(cp_value_integer(cp_value_get(array, "999"), -1), 999);
  assert_false(cp_value_has(array, "1000"));
  assert_false(array.as.object->has_holes);
}

static void arrays_with_holes(void **state) {
  (void)state;
  cp_value array = cp_value_set_at(cp_value_push(cp_array(heap), cp_number(0)), 5, cp_number(5));
  assert_int_equal(cp_value_length(array), 6);
  assert_int_equal(cp_value_at(array, 3).type, CP_TYPE_HOLE);
  assert_false(cp_value_has(array, "3"));
  assert_int_equal(cp_value_get(array, "3").type, CP_TYPE_UNDEFINED);
  assert_element(array, 5, 5);
  assert_true(array.as.object->has_holes);
  array = cp_array_sparse(heap, 4);
  assert_int_equal(cp_value_length(array), 4);
  assert_int_equal(cp_value_at(array, 0).type, CP_TYPE_HOLE);
  assert_int_equal(cp_value_at(array, 4).type, CP_TYPE_UNDEFINED);
  cp_value_push(array, cp_number(4));
  assert_int_equal(cp_value_length(array), 5);
  assert_element(array, 4, 4);
  array = cp_value_push(cp_array(heap), (cp_value){.type = CP_TYPE_HOLE});
  assert_true(array.as.object->has_holes);
}

static void elements_far_out_cost_nothing(void **state) {
  (void)state;
  cp_value array = cp_value_set_at(cp_array(heap), UINT32_MAX - 1, cp_number(1));
  cp_value_set_at(array, 4000000, cp_number(2));
  cp_value_set_at(array, 3, cp_number(3));
  cp_value_set(array, "name", cp_number(4));
  cp_value_set(array, "4000001", cp_number(5));
  assert_int_equal(cp_value_length(array), UINT32_MAX);
  assert_element(array, UINT32_MAX - 1, 1);
  assert_element(array, 4000000, 2);
  assert_element(array, 3, 3);
  assert_element(array, 4000001, 5);
  assert_int_equal(cp_value_at(array, 4000002).type, CP_TYPE_HOLE);
  assert_true(cp_value_has(array, "4000000"));
  assert_keys(array, "name ");
}

/* Elements that were far out are found when the dense ones reach them. */
static void dense_elements_reach_those_far_out(void **state) {
  (void)state;
  enum { FAR = 3000 };
  cp_value array = cp_value_set_at(cp_array(heap), FAR, cp_number(FAR));
  for (uint32_t i = 0; i < FAR + 10; i++)
    if (i != FAR) cp_value_set_at(array, i, cp_number(i));
  assert_int_equal(cp_value_length(array), FAR + 10);
  for (uint32_t i = 0; i < FAR + 10; i++) assert_element(array, i, i);
  assert_keys(array, "");
}

/* ---------------------------------------------------------------- maps and sets */

static void equal_keys_are_one(void **state) {
  (void)state;
  cp_value object = cp_object(heap), key;
  const cp_value pairs[][2] = {{cp_number(NAN), cp_number(-NAN)},
                               {cp_number(-0.0), cp_number(0)},
                               {cp_string(heap, "a"), cp_string(heap, "a")},
                               {cp_bigint(heap, 5), cp_bigint(heap, 5)},
                               {cp_bigint(heap, 0), cp_bigint_words(heap, true, NULL, 0)},
                               {cp_boolean(true), cp_boolean(true)},
                               {cp_undefined(), cp_undefined()},
                               {object, object}};
  for (int many = 0; many < 2; many++) { /* with an index, and without */
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
      cp_value map = cp_map(heap);
      for (int k = 100; k < 120 && many; k++) cp_value_map_set(map, cp_number(k), cp_null());
      size_t length = cp_value_length(map);
      cp_value_map_set(map, pairs[i][0], cp_number(1));
      cp_value_map_set(map, pairs[i][1], cp_number(2));
      assert_int_equal(cp_value_length(map), length + 1);
      assert_int_equal(cp_value_integer(cp_value_map_get(map, pairs[i][0]), -1), 2);
      assert_true(cp_value_entry(map, length, &key, NULL));
      if (i == 1) assert_false(signbit(cp_value_number(key)));
    }
  }
}

static void different_keys_are_two(void **state) {
  (void)state;
  const cp_value members[] = {cp_number(1),          cp_string(heap, "1"), cp_bigint(heap, 1),  cp_boolean(true),
                              cp_object(heap),       cp_object(heap),      cp_null(),           cp_undefined(),
                              cp_boolean(false),     cp_number(0),         cp_string(heap, ""), cp_bigint(heap, -1),
                              cp_string(heap, "11"), cp_array(heap)};
  const size_t count = sizeof members / sizeof *members;
  cp_value set = cp_set(heap), member, same;
  for (size_t i = 0; i < count; i++) {
    assert_false(cp_value_contains(set, members[i]));
    set = cp_value_add(set, members[i]);
    assert_int_equal(cp_value_length(set), i + 1);
  }
  for (size_t i = 0; i < count; i++) {
    assert_true(cp_value_contains(set, members[i]));
    assert_true(cp_value_entry(set, i, &member, &same));
    assert_true(cp_value_same(member, members[i]));
    assert_true(cp_value_same(same, members[i]));
  }
  assert_false(cp_value_entry(set, count, NULL, NULL));
  assert_false(cp_value_contains(cp_object(heap), cp_null()));
  assert_int_equal(cp_value_map_get(set, cp_null()).type, CP_TYPE_UNDEFINED);
}

/* ---------------------------------------------------------------- from inside */

static cp_value numbered_key(char *text, size_t i) {
  return cp__string_value(text, (uint32_t)sprintf(text, "key number %zu", i));
}

static void adopting_joins_keys_that_come_twice(void **state) {
  (void)state;
  static char texts[64][32];
  for (uint32_t count = 0; count <= 64; count++) {
    for (uint32_t modulus = 1; modulus <= 64; modulus++) {
      cp_value slots[128];
      cp__table table;
      bool twice;
      for (uint32_t i = 0; i < count; i++) {
        slots[2 * i] = numbered_key(texts[i], i % modulus);
        slots[2 * i + 1] = cp_number(i);
      }
      assert_true(cp__table_adopt(heap, &table, slots, count, 2, &twice));
      assert_int_equal(twice, count > modulus);
      assert_int_equal(table.count, count < modulus ? count : modulus);
      for (uint32_t i = 0; i < table.count; i++) {
        uint32_t last = i + (count - 1 - i) / modulus * modulus;
        assert_int_equal(cp__table_find(&table, slots[2 * i]), i);
        assert_int_equal(cp_value_integer(table.slots[2 * i + 1], -1), last);
      }
      assert_true(cp__table_set(heap, &table, cp_number(1), cp_null()));
      assert_int_equal(cp__table_find(&table, cp_number(1)), table.count - 1);
    }
    cp_heap_reset(heap);
  }
}

static void adopting_members_of_a_set(void **state) {
  (void)state;
  const cp_value members[] = {cp_number(-0.0), cp_null(), cp_number(0), cp_number(1), cp_null()};
  cp__table table;
  bool twice;
  assert_true(cp__table_adopt(heap, &table, members, 5, 1, &twice));
  assert_true(twice);
  assert_int_equal(table.count, 3);
  assert_false(signbit(table.slots[0].as.number));
  assert_int_equal(cp__table_find(&table, cp_number(1)), 2);
}

/* Keys that were put into the table by a decoder. */
static void noting_keys(void **state) {
  (void)state;
  static const char *const orders[][4] = {{"1", "2", "a", NULL}, {"2", "1", "a", NULL}, {"a", "1", "2", NULL}};
  for (size_t i = 0; i < 3; i++) {
    cp__object *object = cp__object_new(heap, CP_TYPE_OBJECT);
    for (size_t k = 0; k < 3; k++)
      assert_true(cp__table_set(heap, &object->table, cp_string(heap, orders[i][k]), cp_null()));
    cp__object_note_keys(object);
    assert_true(object->index_keys);
    assert_int_equal(object->sorted, i == 0);
    assert_keys(cp__object_value(object), "1 2 a ");
    assert_true(object->sorted);
  }
}

static void keys_that_are_indices(void **state) {
  (void)state;
  static const char *const none[] = {"",   "01", "00",         "-1",          "+1", "1.0",
                                     " 1", "1 ", "4294967295", "10000000000", "a",  "1a"};
  uint32_t index;
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_false(cp__is_index(none[i], strlen(none[i]), &index));
  assert_true(cp__is_index("0", 1, &index) && index == 0);
  assert_true(cp__is_index("10", 2, &index) && index == 10);
  assert_true(cp__is_index("4294967294", 10, &index) && index == UINT32_MAX - 1);
}

/* ---------------------------------------------------------------- many */

/* Were anything here quadratic, each would take the better part of an hour, and the deadline would end it. */
enum { MANY = 1000000 };

static void a_million_properties(void **state) {
  (void)state;
  char text[40];
  cp_value object = cp_object(heap);
  for (size_t i = 0; i < MANY; i++) object = cp_value_set(object, numbered_key(text, i).as.bytes, cp_number((double)i));
  assert_int_equal(cp_value_length(object), MANY);
  for (size_t i = 0; i < MANY; i++) {
    numbered_key(text, i);
    if (cp_value_integer(cp_value_get(object, text), -1) != (int64_t)i) fail_msg("property %zu", i);
  }
  assert_false(cp_value_has(object, "key number 1000000"));
}

/* Numbers that a hash of their low bits alone would put into one place. */
static void a_million_numbers(void **state) {
  (void)state;
  cp_value set = cp_set(heap);
  for (size_t i = 0; i < MANY; i++) set = cp_value_add(set, cp_number((double)(i << 32)));
  for (size_t i = 0; i < MANY; i++) assert_true(cp_value_contains(set, cp_number((double)(i << 32))));
  assert_int_equal(cp_value_length(set), MANY);
  assert_false(cp_value_contains(set, cp_number(1)));
}

static void a_million_indices_in_the_wrong_order(void **state) {
  (void)state;
  char text[16];
  cp_value object = cp_object(heap), key;
  for (size_t i = MANY; i > 0; i--) {
    (void)sprintf(text, "%zu", i - 1);
    object = cp_value_set(object, text, cp_null());
  }
  for (size_t i = 0; i < MANY; i++) {
    uint32_t index = 0;
    assert_true(cp_value_entry(object, i, &key, NULL));
    assert_true(cp__is_index(key.as.bytes, key.length, &index));
    assert_int_equal(index, i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      HEAP_TEST(properties_in_the_order_of_javascript),
      HEAP_TEST(properties_are_found),
      HEAP_TEST(keys_are_copied_and_repaired),
      HEAP_TEST(what_cannot_be_put_is_refused),
      HEAP_TEST(holes_are_undefined_outside_of_arrays),
      HEAP_TEST(elements),
      HEAP_TEST(arrays_with_holes),
      HEAP_TEST(elements_far_out_cost_nothing),
      HEAP_TEST(dense_elements_reach_those_far_out),
      HEAP_TEST(equal_keys_are_one),
      HEAP_TEST(different_keys_are_two),
      HEAP_TEST(adopting_joins_keys_that_come_twice),
      HEAP_TEST(adopting_members_of_a_set),
      HEAP_TEST(noting_keys),
      HEAP_TEST(keys_that_are_indices),
      HEAP_TEST(a_million_properties),
      HEAP_TEST(a_million_numbers),
      HEAP_TEST(a_million_indices_in_the_wrong_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
