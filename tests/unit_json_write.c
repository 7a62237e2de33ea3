/* unit_json_write.c - values as JSON text, as JSON.stringify() makes it. */
#include <math.h>

#include "ipc/json.h"

#include "support.h"

/* The value's text, until the next call. */
static const char *json(cp_value value) {
  static char copy[4096];
  char *text;
  size_t length;
  cp_error error = {0};
  int rc = cp_value_to_json(&text, &length, value, &error);
  if (rc != 0) fail_msg("%s", error.message);
  assert_int_equal(strlen(text), length);
  assert_true(length < sizeof copy);
  memcpy(copy, text, length + 1);
  cp_free(text);
  return copy;
}

/* Fails with this code and message, and leaves the outputs alone. */
static void refused(cp_value value, int code, const char *message) {
  char *text = NULL;
  size_t length = 7;
  cp_error error = {0};
  assert_int_equal(cp_value_to_json(&text, &length, value, &error), code);
  assert_null(text);
  assert_int_equal(length, 7);
  assert_int_equal(error.code, code);
  assert_int_equal(error.stage, CP_STAGE_ENCODE);
  assert_string_equal(error.message, message);
  assert_int_equal(cp_value_to_json(&text, NULL, value, NULL), code);
}

static void primitives(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  assert_string_equal(json(cp_null()), "null");
  assert_string_equal(json(cp_boolean(true)), "true");
  assert_string_equal(json(cp_boolean(false)), "false");
  assert_string_equal(json(cp_number(-0.0)), "0");
  assert_string_equal(json(cp_number(1.5e-7)), "1.5e-7");
  assert_string_equal(json(cp_number(-12)), "-12");
  assert_string_equal(json(cp_number(NAN)), "null");
  assert_string_equal(json(cp_number(INFINITY)), "null");
  assert_string_equal(json(cp_number(-INFINITY)), "null");
  assert_string_equal(json(cp_string(heap, "a")), "\"a\"");
  cp_heap_free(heap);
}

static void what_json_does_not_have_is_refused(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  refused(cp_undefined(), CP_ECLONE, "message: JSON has no undefined");
  refused((cp_value){.type = CP_TYPE_HOLE}, CP_ECLONE, "message: JSON has no undefined");
  refused((cp_value){.type = CP_TYPE_NONE}, CP_ECLONE, "message: JSON has no undefined");
  refused(cp_bigint(heap, 1), CP_ECLONE, "message: JSON has no bigints");
  refused(cp_boxed(heap, cp_bigint(heap, 1)), CP_ECLONE, "message: JSON has no bigints");
  cp_heap_free(heap);
}

static void the_message_names_the_place(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value inner = cp_value_set(cp_object(heap), "b", cp_bigint(heap, 1)), list = cp_array(heap);
  for (int i = 0; i < 3; i++) cp_value_push(list, cp_number(i));
  cp_value_push(list, inner);
  cp_value top = cp_value_set(cp_value_set(cp_object(heap), "x", cp_undefined()), "a", list);
  refused(top, CP_ECLONE, "message.a[3].b: JSON has no bigints");
  refused(list, CP_ECLONE, "message[3].b: JSON has no bigints");
  cp_value odd = cp_value_set(cp_object(heap), "a b", cp_value_set(cp_object(heap), "1", inner));
  refused(odd, CP_ECLONE, "message[\"a b\"][\"1\"].b: JSON has no bigints");
  static const uint64_t word = 1;
  cp_value view = cp_view(heap, CP_VIEW_BIGINT64, &word, sizeof word);
  refused(cp_value_set(cp_object(heap), "$v_1", view), CP_ECLONE, "message.$v_1: JSON has no bigints");
  cp_heap_free(heap);
}

static void a_long_path_is_cut(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value = cp_bigint(heap, 1);
  for (int i = 0; i < 200; i++) value = cp_value_push(cp_array(heap), value);
  cp_error error;
  char *text;
  assert_int_equal(cp_value_to_json(&text, NULL, value, &error), CP_ECLONE);
  assert_non_null(strstr(error.message, "...: JSON has no bigints"));
  assert_true(strlen(error.message) < 250);
  cp_heap_free(heap);
}

static void strings_are_escaped_as_little_as_possible(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  static const struct {
    const char *text;
    size_t length;
    const char *expected;
  } cases[] = {
#define CASE(text, expected) {(text), sizeof(text) - 1, (expected)}
      CASE("", "\"\""),
      CASE("a\0b", "\"a\\u0000b\""),
      CASE("\"\\/", "\"\\\"\\\\/\""),
      CASE("\b\t\n\v\f\r", "\"\\b\\t\\n\\u000b\\f\\r\""),
      CASE("\x01\x1F \x7F", "\"\\u0001\\u001f \x7F\""),
      CASE("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""),
      CASE("\xE2\x80\xA8\xE2\x80\xA9", "\"\xE2\x80\xA8\xE2\x80\xA9\""),
      CASE("\xED\x9F\xBF\xED\x80\x80", "\"\xED\x9F\xBF\xED\x80\x80\""),
      CASE("\xED\xA0\x80", "\"\\ud800\""),
      CASE("x\xED\xBF\xBFy", "\"x\\udfffy\""),
      CASE("\xED\xB0\x80\xED\xA0\xBD", "\"\\udc00\\ud83d\""),
      CASE("1234567890123456789012345678901\n", "\"1234567890123456789012345678901\\n\""),
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(json(cp_string_n(heap, cases[i].text, cases[i].length)), cases[i].expected);
  cp_heap_free(heap);
}

/* A simple writer to compare with: byte by byte. */
static size_t escape_slowly(char *out, const char *text, size_t length) {
  size_t n = 0;
  out[n++] = '"';
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\')
      n += (size_t)sprintf(out + n, "\\%c", c);
    else if (c < ' ')
      n += (size_t)sprintf(out + n, c == '\n' ? "\\n" : "\\u%04x", c);
    else if (c == 0xED && (unsigned char)text[i + 1] >= 0xA0) {
      n += (size_t)sprintf(out + n, "\\ud%x%02x", ((unsigned char)text[i + 1] & 0x3F) >> 2,
                           (((unsigned)text[i + 1] & 3) << 6) | ((unsigned char)text[i + 2] & 0x3F));
      i += 2;
    } else {
      out[n++] = (char)c;
    }
  }
  out[n++] = '"';
  return n;
}

static void strings_of_every_length_and_place_of_an_escape(void **state) {
  (void)state;
  static const char *const pieces[] = {"\n", "\"", "\x01", "\xC3\xA4", "\xED\xA0\x80", "\xED\x9F\xBF", "\\\\\\"};
  static char text[4200], expected[6 * sizeof text];
  cp_heap *heap = cp_heap_new(NULL);
  for (size_t length = 0; length < 4100; length = length < 70 ? length + 1 : length * 3 / 2) {
    for (size_t at = 0; at <= length; at = at < 40 || at > length - 3 ? at + 1 : at + (length - at) / 2) {
      const char *piece = pieces[(length + at) % (sizeof pieces / sizeof *pieces)];
      memset(text, 'x', length);
      memcpy(text + at, piece, strlen(piece));
      size_t whole = at + strlen(piece) > length ? at + strlen(piece) : length;
      size_t n = escape_slowly(expected, text, whole);
      char *out;
      size_t out_length;
      cp_heap_reset(heap);
      assert_int_equal(cp_value_to_json(&out, &out_length, cp_string_n(heap, text, whole), NULL), 0);
      assert_int_equal(out_length, n);
      assert_memory_equal(out, expected, n);
      cp_free(out);
    }
  }
  memset(text, '\x01', sizeof text);
  size_t n = escape_slowly(expected, text, 4096);
  char *out;
  assert_int_equal(cp_value_to_json(&out, NULL, cp_string_n(heap, text, 4096), NULL), 0);
  assert_memory_equal(out, expected, n);
  cp_free(out);
  cp_heap_free(heap);
}

static void objects_and_arrays(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value object = cp_object(heap), array = cp_array(heap);
  assert_string_equal(json(object), "{}");
  assert_string_equal(json(array), "[]");
  cp_value_set(object, "u", cp_undefined());
  assert_string_equal(json(object), "{}");
  cp_value_set(object, "b", cp_number(1));
  cp_value_set(object, "2", cp_null());
  cp_value_set(object, "v", cp_undefined());
  cp_value_set(object, "1", array);
  cp_value_set(object, "a\n", cp_string(heap, "c"));
  assert_string_equal(json(object), "{\"1\":[],\"2\":null,\"b\":1,\"a\\n\":\"c\"}");
  cp_value_push(array, cp_undefined());
  cp_value_set_at(array, 3, cp_number(3));
  cp_value_set(array, "named", cp_number(4));
  assert_string_equal(json(array), "[null,null,null,3]");
  assert_string_equal(json(object), "{\"1\":[null,null,null,3],\"2\":null,\"b\":1,\"a\\n\":\"c\"}");
  cp_heap_free(heap);
}

static void sparse_arrays_are_filled_with_null(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value array = cp_array_sparse(heap, 3);
  assert_string_equal(json(array), "[null,null,null]");
  cp_value_set_at(array, 1, cp_number(1));
  assert_string_equal(json(array), "[null,1,null]");
  cp_value far = cp_array(heap);
  cp_value_push(far, cp_number(0));
  cp_value_set(far, "name", cp_number(9));
  cp_value_set_at(far, 200000, cp_number(2)); /* too far to be dense */
  cp_value_set_at(far, 100000, cp_number(1));
  char *text;
  size_t length;
  assert_int_equal(cp_value_to_json(&text, &length, far, NULL), 0);
  assert_int_equal(length, 2 + 3 + 199998 * 4 + 200000);
  assert_memory_equal(text, "[0,null,", 8);
  assert_memory_equal(text + 2 + 99999 * 5 + 1, "1,null", 6);
  assert_string_equal(text + length - 8, ",null,2]");
  cp_free(text);
  cp_heap_free(heap);
}

static void other_things(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value map = cp_value_map_set(cp_map(heap), cp_number(1), cp_number(2)),
           set = cp_value_add(cp_set(heap), cp_number(1));
  assert_string_equal(json(map), "{}");
  assert_string_equal(json(set), "{}");
  assert_string_equal(json(cp_regexp(heap, "a", CP_REGEXP_G)), "{}");
  assert_string_equal(json(cp_error_value(heap, CP_ERROR_TYPE, "bad", NULL)), "{}");
  assert_string_equal(json(cp_array_buffer(heap, "abc", 3)), "{}");
  assert_string_equal(json(cp_date(heap, 1709210096789)), "\"2024-02-29T12:34:56.789Z\"");
  assert_string_equal(json(cp_date(heap, 8.64e15)), "\"+275760-09-13T00:00:00.000Z\"");
  assert_string_equal(json(cp_date(heap, NAN)), "null");
  assert_string_equal(json(cp_boxed(heap, cp_boolean(false))), "false");
  assert_string_equal(json(cp_boxed(heap, cp_number(2))), "2");
  assert_string_equal(json(cp_boxed(heap, cp_string(heap, "s"))), "\"s\"");
  cp_heap_free(heap);
}

static void views_are_objects_with_indices(void **state) {
  (void)state;
  static const int8_t i8[] = {-1, 127};
  static const uint8_t u8[] = {1, 255};
  static const int16_t i16[] = {-32768, 2};
  static const uint16_t u16[] = {65535, 2};
  static const int32_t i32[] = {INT32_MIN, 2};
  static const uint32_t u32[] = {UINT32_MAX, 2};
  static const float f32[] = {0.1F, INFINITY};
  static const double f64[] = {0.1, NAN};
  static const uint16_t f16[] = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x8000, 0x7C00, 0x7E00, 0x3555};
  static const struct {
    cp_view_kind kind;
    const void *bytes;
    size_t length;
    const char *text;
  } cases[] = {
      {CP_VIEW_INT8, i8, sizeof i8, "{\"0\":-1,\"1\":127}"},
      {CP_VIEW_UINT8, u8, sizeof u8, "{\"0\":1,\"1\":255}"},
      {CP_VIEW_UINT8_CLAMPED, u8, sizeof u8, "{\"0\":1,\"1\":255}"},
      {CP_VIEW_INT16, i16, sizeof i16, "{\"0\":-32768,\"1\":2}"},
      {CP_VIEW_UINT16, u16, sizeof u16, "{\"0\":65535,\"1\":2}"},
      {CP_VIEW_INT32, i32, sizeof i32, "{\"0\":-2147483648,\"1\":2}"},
      {CP_VIEW_UINT32, u32, sizeof u32, "{\"0\":4294967295,\"1\":2}"},
      {CP_VIEW_FLOAT32, f32, sizeof f32, "{\"0\":0.10000000149011612,\"1\":null}"},
      {CP_VIEW_FLOAT64, f64, sizeof f64, "{\"0\":0.1,\"1\":null}"},
      {CP_VIEW_FLOAT16, f16, sizeof f16,
       "{\"0\":1,\"1\":-2,\"2\":65504,\"3\":5.960464477539063e-8,\"4\":0,\"5\":null,\"6\":null,\"7\":0.333251953125}"},
      {CP_VIEW_DATA, u8, sizeof u8, "{}"},
      {CP_VIEW_BIGINT64, u8, 0, "{}"},
      {CP_VIEW_BUFFER, u8, sizeof u8, "{\"type\":\"Buffer\",\"data\":[1,255]}"},
      {CP_VIEW_BUFFER, u8, 0, "{\"type\":\"Buffer\",\"data\":[]}"},
      {CP_VIEW_UINT8, u8, 0, "{}"},
  };
  cp_heap *heap = cp_heap_new(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(json(cp_view(heap, cases[i].kind, cases[i].bytes, cases[i].length)), cases[i].text);
  cp_heap_free(heap);
}

static void cycles_are_refused_and_sharing_is_not(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value shared = cp_value_push(cp_array(heap), cp_number(1)), object = cp_object(heap);
  cp_value_set(object, "a", shared);
  cp_value_set(object, "b", cp_value_push(cp_array(heap), shared));
  assert_string_equal(json(object), "{\"a\":[1],\"b\":[[1]]}");
  cp_value_set(object, "c", cp_value_push(cp_array(heap), object));
  refused(object, CP_ECLONE, "message.c[0]: JSON has no cycles");
  cp_value_set(object, "c", cp_null()); /* a failure leaves no traces */
  assert_string_equal(json(object), "{\"a\":[1],\"b\":[[1]],\"c\":null}");
  cp_value self = cp_array(heap);
  cp_value_push(self, self);
  refused(self, CP_ECLONE, "message[0]: JSON has no cycles");
  cp_heap_free(heap);
}

static void deep_values_are_written_as_far_as_they_may_be(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value = cp_array(heap);
  for (int i = 1; i < CP_DEPTH_MAX; i++) value = cp_value_push(cp_array(heap), value);
  char *text;
  size_t length;
  cp_error error;
  assert_int_equal(cp_value_to_json(&text, &length, value, NULL), 0);
  assert_int_equal(length, 2 * CP_DEPTH_MAX);
  cp_free(text);
  value = cp_value_push(cp_array(heap), value);
  assert_int_equal(cp_value_to_json(&text, &length, value, &error), CP_ETOOBIG);
  cp_heap_free(heap);
}

static void a_failed_heap_is_refused(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value object = cp_object(heap);
  char *text;
  cp_error error;
  cp_value_set(object, "a", (cp_value){.type = CP_TYPE_NONE});
  assert_true(cp_heap_failed(heap));
  assert_int_equal(cp_value_to_json(&text, NULL, object, &error), UV_ENOMEM);
  cp_heap_free(heap);
}

static void after_a_failure_the_buffer_is_as_before(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp__buffer out = {0};
  cp_value list = cp_value_push(cp_array(heap), cp_string(heap, "abc"));
  assert_int_equal(cp__json_write(&out, list, NULL), 0);
  assert_int_equal(out.length, 7);
  cp_value_push(list, cp_bigint(heap, 1));
  assert_int_equal(cp__json_write(&out, list, NULL), CP_ECLONE);
  assert_int_equal(out.length, 7);
  assert_memory_equal(out.bytes, "[\"abc\"]", 7);
  cp__buffer_free(&out);
  cp_heap_free(heap);
}

static void memory_may_end_anywhere(void **state) {
  (void)state;
#ifdef CP_SANITIZED
  skip();
#else
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value = cp_string(heap, "text");
  for (int i = 0; i < 300; i++) value = cp_value_set(cp_value_set(cp_object(heap), "a", value), "b", cp_date(heap, i));
  for (long n = 0;; n++) {
    char *text = NULL;
    cp_error error = {0};
    fail_allocation(n);
    int rc = cp_value_to_json(&text, NULL, value, &error);
    bool failed = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(rc, failed ? UV_ENOMEM : 0);
    assert_int_equal(error.code, rc);
    cp_free(text);
    if (!failed) break;
    assert_true(n < 1000);
  }
  cp_heap_free(heap);
#endif
}

/* ---------------------------------------------------------------- random values */

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static cp_value random_string(cp_heap *heap, uint64_t *random) {
  static const uint16_t bases[] = {0, 0x20, 0x60, 0x80, 0x7C0, 0x2000, 0xD7E0, 0xD800, 0xDBE0, 0xDC00, 0xDFE0, 0xFFE0};
  uint16_t units[40];
  size_t count = next_random(random) % (sizeof units / sizeof *units);
  uint16_t base = bases[next_random(random) % (sizeof bases / sizeof *bases)];
  for (size_t i = 0; i < count; i++) {
    if (next_random(random) % 4 == 0) base = bases[next_random(random) % (sizeof bases / sizeof *bases)];
    units[i] = (uint16_t)(base + next_random(random) % 32);
  }
  return cp_string_utf16(heap, units, count);
}

static cp_value random_number(uint64_t *random) {
  uint64_t bits = next_random(random);
  double number;
  memcpy(&number, &bits, sizeof number);
  if (bits % 3 == 0) number = (double)(int64_t)(bits >> bits % 50);
  return cp_number(isfinite(number) && number != 0 ? number : 1);
}

static cp_value random_value(cp_heap *heap, uint64_t *random, int depth) {
  uint64_t kind = next_random(random) % (depth < 5 ? 8 : 5), count = next_random(random) % 12;
  if (kind == 0) return cp_boolean(count % 2);
  if (kind == 1) return cp_null();
  if (kind == 2) return random_number(random);
  if (kind < 5) return random_string(heap, random);
  cp_value list = kind == 5 ? cp_array(heap) : cp_object(heap);
  for (; count > 0; count--) {
    cp_value value = random_value(heap, random, depth + 1), key = random_string(heap, random);
    size_t length;
    const char *text = cp_value_string(key, &length);
    if (kind == 5)
      cp_value_push(list, value);
    else
      cp_value_set_n(list, text, length, value);
  }
  return list;
}

static void random_values_come_back_the_same_from_us_and_from_node(void **state) {
  (void)state;
  enum { VALUES = 3000 };
  uint64_t random = 5;
  cp_heap *heap = cp_heap_new(NULL);
  cp__buffer lines = {0};
  for (int i = 0; i < VALUES; i++) {
    cp_heap_reset(heap);
    cp_value value = random_value(heap, &random, 0), again;
    size_t start = lines.length;
    assert_int_equal(cp__json_write(&lines, value, NULL), 0);
    assert_int_equal(cp_value_from_json(&again, heap, (char *)lines.bytes + start, lines.length - start, NULL), 0);
    assert_true(cp_value_equal(value, again));
    cp__buffer_byte(&lines, '\n');
  }
  cp__buffer_byte(&lines, '\0');
  cp_result result;
  cp_options options = {CP_INPUT((char *)lines.bytes), .max_buffer_bytes = 64 << 20};
  static const char program[] =
      "console.log(require('fs').readFileSync(0, 'utf8').trim().split('\\n').map((line) =>"
      "JSON.stringify(JSON.parse(line))).join('\\n'))";
  int rc = cp_spawn_sync(&result, "node", CP_ARGS("-e", program), &options);
  bool same = rc == 0 && strcmp(result.out.bytes, (char *)lines.bytes) == 0;
  cp_result_dispose(&result);
  cp__buffer_free(&lines);
  cp_heap_free(heap);
  if (rc == UV_ENOENT) skip();
  assert_int_equal(rc, 0);
  assert_true(same);
}

static void an_array_of_few_bytes_does_not_make_gigabytes_of_text(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  char *text = NULL;
  cp_error error;
  assert_int_equal(cp_value_to_json(&text, NULL, cp_array_sparse(heap, 4000000000), &error), CP_ETOOBIG);
  assert_non_null(strstr(error.message, "max_values"));
  cp_heap_free(heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(primitives),
      TEST(what_json_does_not_have_is_refused),
      TEST(the_message_names_the_place),
      TEST(a_long_path_is_cut),
      TEST(strings_are_escaped_as_little_as_possible),
      TEST(strings_of_every_length_and_place_of_an_escape),
      TEST(objects_and_arrays),
      TEST(sparse_arrays_are_filled_with_null),
      TEST(other_things),
      TEST(views_are_objects_with_indices),
      TEST(cycles_are_refused_and_sharing_is_not),
      TEST(deep_values_are_written_as_far_as_they_may_be),
      TEST(a_failed_heap_is_refused),
      TEST(after_a_failure_the_buffer_is_as_before),
      TEST(memory_may_end_anywhere),
      TEST(random_values_come_back_the_same_from_us_and_from_node),
      TEST(an_array_of_few_bytes_does_not_make_gigabytes_of_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
