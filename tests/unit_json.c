/* unit_json.c - checking and reading JSON: a table of cases, limits, and mutated texts, on which both must agree. */
#include "ipc/json.h"

#include "support.h"

static const cp_limits wide = {.max_bytes = SIZE_MAX, .max_values = SIZE_MAX, .max_depth = CP_DEPTH_MAX};

typedef struct row {
  const char *text;
  size_t length;
  const char *expected; /* what is written when it was read; NULL: it is no JSON */
  int bad;              /* then: the byte where it goes wrong */
} row;
#define SAME(text)                                                                                                     \
  { (text), sizeof(text) - 1, (text), 0 }
#define GOOD(text, expected)                                                                                           \
  { (text), sizeof(text) - 1, (expected), 0 }
#define BAD(text, index)                                                                                               \
  { (text), sizeof(text) - 1, NULL, (index) }
#define FFFD "\xEF\xBF\xBD"

static const row rows[] = {
    /* arrays */
    SAME("[]"), SAME("[[]]"), SAME("[[],[]]"), SAME("[[[[]]]]"), SAME("[1]"), SAME("[1,2]"), SAME("[null,1,\"1\",{}]"),
    SAME("[\"\"]"), GOOD(" [ ] ", "[]"), GOOD("[1\n,\n2]", "[1,2]"), GOOD(" [1]", "[1]"), GOOD("[1] ", "[1]"),
    GOOD("\t\r\n [ \t\r\n 1 \t\r\n , \t\r\n 2 \t\r\n ] \t\r\n ", "[1,2]"), SAME("[1,null,null,null,2]"), BAD("[", 1),
    BAD("]", 0), BAD("[1", 2), BAD("[1,", 3), BAD("[1,]", 3), BAD("[,]", 1), BAD("[,1]", 1), BAD("[1,,2]", 3),
    BAD("[1 2]", 3), BAD("[1}", 2), BAD("[}", 1), BAD("[1]]", 3), BAD("[[1]", 4), BAD("[1:2]", 2), BAD("[\"a\":1]", 4),
    BAD("[1];", 3), BAD("[a]", 1), BAD("[*]", 1), BAD("[\"\x61\",\n4\n,1,", 11), BAD("[1]x", 3), BAD("[][]", 2),
    BAD("[\v1]", 1), BAD("[\f]", 1), BAD("[\xC2\xA0]", 1), BAD("[\xE2\x81\xA0]", 1), BAD("[1\0]", 2), BAD("[\0]", 1),
    /* objects */
    SAME("{}"), SAME("{\"a\":1}"), SAME("{\"a\":{\"b\":{\"c\":[]}}}"), SAME("{\"\":0}"),
    SAME("{\"a\":\"b\",\"c\":null}"), GOOD("{ \"a\" : 1 , \"b\" : 2 }", "{\"a\":1,\"b\":2}"),
    GOOD("{\"a\":1,\"a\":2}", "{\"a\":2}"), GOOD("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"),
    GOOD("{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"),
    GOOD("{\"b\":1,\"2\":2,\"1\":3,\"a\":4,\"0\":5}", "{\"0\":5,\"1\":3,\"2\":2,\"b\":1,\"a\":4}"),
    GOOD("{\"4294967295\":1,\"4294967294\":2,\"01\":3,\"-1\":4,\"1\":5}",
         "{\"1\":5,\"4294967294\":2,\"4294967295\":1,\"01\":3,\"-1\":4}"),
    SAME("{\"__proto__\":1,\"constructor\":2,\"toString\":3}"), SAME("{\"a\\u0000b\":1,\"a\":2}"),
    SAME("{\"length\":1}"), BAD("{", 1), BAD("}", 0), BAD("{\"a\"", 4), BAD("{\"a\":", 5), BAD("{\"a\":1", 6),
    BAD("{\"a\":1,", 7), BAD("{\"a\":1,}", 7), BAD("{,}", 1), BAD("{\"a\"}", 4), BAD("{\"a\":}", 5),
    BAD("{\"a\" 1}", 5), BAD("{\"a\",1}", 4), BAD("{a:1}", 1), BAD("{'a':1}", 1), BAD("{1:1}", 1), BAD("{null:1}", 1),
    BAD("{[]:1}", 1), BAD("{\"a\":1 \"b\":2}", 7), BAD("{\"a\":1,,\"b\":2}", 7), BAD("{\"a\":1]", 6), BAD("{]", 1),
    BAD("{\"a\":1}}", 7), BAD("{\"a\"::1}", 5), BAD("{\"a\":1:2}", 6), BAD("{\"a\":/**/1}", 5), BAD("{}/**/", 2),
    BAD("{}//", 2), BAD("{}#", 2), BAD("{\"a\":a}", 5), BAD("{\"a", 3), BAD("{\"", 2), BAD("{\"a\":\"a", 7),
    BAD("{\"a\":1,\"b\"", 10), BAD("{}}", 2),
    /* words */
    SAME("true"), SAME("false"), SAME("null"), SAME("[true,false,null]"), GOOD(" null ", "null"), BAD("nul", 3),
    BAD("tru", 3), BAD("fals", 4), BAD("nULL", 1), BAD("True", 0), BAD("TRUE", 0), BAD("undefined", 0), BAD("NaN", 0),
    BAD("Infinity", 0), BAD("nullx", 4), BAD("truefalse", 4), BAD("[nul]", 4), BAD("[tru,1]", 4), BAD("[trux]", 4),
    BAD("null null", 5), BAD("t", 1), BAD("n", 1), BAD("f", 1), BAD("\xEF\xBB\xBFnull", 0), BAD("\xEF\xBB\xBF{}", 0),
    BAD("\xEF\xBB\xBF", 0), BAD("\xEF\xBB", 0), BAD("\xFF\xFEn\0", 0), BAD("", 0), BAD(" ", 1), BAD("\n\t\r ", 4),
    BAD("\0", 0), BAD("\x1", 0), BAD("\x7F", 0), BAD("\xE9", 0), BAD("'a'", 0), BAD("/**/1", 0), BAD("<null>", 0),
    /* numbers */
    SAME("0"), SAME("1"), SAME("-1"), SAME("123456789"), SAME("1234567890"), GOOD("-0", "0"), GOOD("[-0.0]", "[0]"),
    SAME("0.5"), GOOD("1.0", "1"), GOOD("1e3", "1000"), GOOD("1E3", "1000"), GOOD("1e+3", "1000"),
    GOOD("1e-3", "0.001"), GOOD("-1.5E-10", "-1.5e-10"), GOOD("1e400", "null"), GOOD("[-1e400]", "[null]"),
    GOOD("1e-400", "0"), SAME("1e+21"), GOOD("12345678901234567890", "12345678901234567000"), GOOD("0e0", "0"),
    GOOD("0E+10", "0"), GOOD("0.000", "0"), GOOD("9007199254740993", "9007199254740992"), SAME("0.1"),
    SAME("3.141592653589793"), GOOD("10e-1", "1"), GOOD("[0,10,100,1000]", "[0,10,100,1000]"),
    GOOD("0.30000000000000004441", "0.30000000000000004"), BAD("-", 1), BAD("+1", 0), BAD("01", 1), BAD("-01", 2),
    BAD("00", 1), BAD("1.", 2), BAD(".5", 0), BAD("-.5", 1), BAD("1.e3", 2), BAD("1e", 2), BAD("1e+", 3),
    BAD("1ee3", 2), BAD("1e3.5", 3), BAD("1.5.5", 3), BAD("0x1", 1), BAD("1_000", 1), BAD("1a", 1), BAD("- 1", 1),
    BAD("--1", 1), BAD("[1.]", 3), BAD("[-]", 2), BAD("[1e]", 3), BAD("[0e+]", 4), BAD("[012]", 2), BAD("[-a]", 2),
    BAD("[1.2.3]", 4), BAD("[1+2]", 2), BAD("[0.1.2]", 4), BAD("[\xEF\xBC\x91]", 1),
    BAD("123456789012345678901234567890x", 30), BAD("[1234567890123456.]", 18), BAD("[12345678901234567e]", 19),
    /* strings */
    SAME("\"\""), SAME("\"a\""), SAME("\"\x7F\""), GOOD("\"\\/\"", "\"/\""), SAME("\"\\\"\\\\\\b\\f\\n\\r\\t\""),
    GOOD("\"\\u0041\\u00e4\\u20AC\"", "\"A\xC3\xA4\xE2\x82\xAC\""), SAME("\"\\u0000\\u001f\""),
    GOOD("\"\\u0008\\u000a\"", "\"\\b\\n\""), GOOD("\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""),
    GOOD("\"\\uD834\\uDD1E\"", "\"\xF0\x9D\x84\x9E\""), SAME("\"\xF0\x9F\x98\x80\""),
    SAME("\"\xE2\x80\xA8\xE2\x80\xA9\""), SAME("\"\\ud800\""), SAME("\"\\udfff\""), SAME("\"\\ude00\\ud83d\""),
    SAME("\"\\ud83dx\\ude00\""), GOOD("\"\\uD83D\\uD83D\\uDE00\"", "\"\\ud83d\xF0\x9F\x98\x80\""),
    SAME("\"\\ud83d\\ud83d\""), SAME("\"\\ud83d\\n\""), GOOD("\"\\ud83d\\u0041\"", "\"\\ud83dA\""),
    GOOD("\"\\ud83d\xF0\x9F\x98\x80\"", "\"\\ud83d\xF0\x9F\x98\x80\""), SAME("\"\xED\x9F\xBF\xEE\x80\x80\""),
    SAME("\"\xEF\xBF\xBF\""), GOOD("\"\\uFFFF\\uFEFF\"", "\"\xEF\xBF\xBF\xEF\xBB\xBF\""),
    GOOD("\"\\u007F\\u0080\\u07ff\\u0800\"", "\"\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\""), SAME("\"'\""), SAME("\"/*x*/\""),
    SAME("\"0123456789abcdef\""), SAME("\"0123456789abcdef0123456789abcdef\""),
    SAME("\"0123456789abcde\\n0123456789\""), SAME("{\"\\ud800\":\"\\udc00\"}"), GOOD("\"\x80\"", "\"" FFFD "\""),
    GOOD("\"\xFF\xFE\"", "\"" FFFD FFFD "\""), GOOD("\"\xC0\x80\"", "\"" FFFD FFFD "\""),
    GOOD("\"\xED\xA0\x80\"", "\"" FFFD FFFD FFFD "\""), GOOD("\"\xE2\x82\"", "\"" FFFD "\""),
    GOOD("\"\xF0\x9F\x98\"", "\"" FFFD "\""), GOOD("\"\xC3\"", "\"" FFFD "\""),
    GOOD("\"\xF4\x90\x80\x80\"", "\"" FFFD FFFD FFFD FFFD "\""), GOOD("\"\xE2\x82\\n\"", "\"" FFFD "\\n\""),
    GOOD("\"\xE0\x80\x80\\\\\"", "\"" FFFD FFFD FFFD "\\\\\""), GOOD("{\"\xFF\":1}", "{\"" FFFD "\":1}"),
    GOOD("{\"\xFF\":1,\"\xFE\":2}", "{\"" FFFD "\":2}"), GOOD("\"\\ud83d\xFF\\ude00\"", "\"\\ud83d" FFFD "\\ude00\""),
    BAD("\"", 1), BAD("\"a", 2), BAD("\"\\", 2), BAD("\"\\\"", 3), BAD("\"\\x41\"", 2), BAD("\"\\a\"", 2),
    BAD("\"\\'\"", 2), BAD("\"\\0\"", 2), BAD("\"\\U0041\"", 2), BAD("\"\\u\"", 3), BAD("\"\\u004\"", 6),
    BAD("\"\\u00g0\"", 5), BAD("\"\\u 041\"", 3), BAD("\"\\u-041\"", 3), BAD("\"\\u004", 6), BAD("\"\\ud83d\\u\"", 9),
    BAD("\"\\\xC3\xA4\"", 2), BAD("\"\n\"", 1), BAD("\"\t\"", 1), BAD("\"\0\"", 1), BAD("\"\x1F\"", 1),
    BAD("\"a\x1Fz\"", 2), BAD("\"a\"b", 3), BAD("\"a\" \"b\"", 4), BAD("\"0123456789abcdef\n\"", 17), BAD("[\"a]", 4),
    BAD("[\"\\\"]", 5), BAD("\"\\\n\"", 2), BAD("{\"a\nb\":1}", 3), BAD("[\"\xE2\x82", 4), BAD("\\u0022a\"", 0),
    BAD("[\"a\",\n\"b\n\"]", 8)};
enum { ROWS = sizeof rows / sizeof *rows };

/* A copy of exactly its size, so that AddressSanitizer sees who reads on. */
static char *tight(const char *text, size_t length) {
  char *copy = malloc(length);
  assert_true(copy != NULL || length == 0);
  if (length > 0) memcpy(copy, text, length);
  return copy;
}

/* Checks and reads a text, makes sure that both say the same, and returns that. The value's text goes into `written`. */
static int check_and_read(const char *text, size_t length, const cp_limits *limits, cp__json_check *check,
                          cp_error *error, cp__buffer *written) {
  cp_error read_error = {0}, write_error;
  cp_heap *heap = cp_heap_new(limits);
  cp_value value;
  char *copy = tight(text, length);
  *error = (cp_error){0};
  int rc = cp__json_check_text(check, copy, length, limits, error);
  int read_rc = cp_value_from_json(&value, heap, copy, length, &read_error);
  if (rc != read_rc || error->index != read_error.index || strcmp(error->message, read_error.message) != 0)
    fail_msg("%.*s: %d (%s), but %d (%s)", (int)length, text, rc, error->message, read_rc, read_error.message);
  if (rc == 0 && written != NULL) assert_int_equal(cp__json_write(written, value, &write_error), 0);
  free(copy);
  cp_heap_free(heap);
  return rc;
}

static void the_cases_are_read_as_javascript_reads_them(void **state) {
  (void)state;
  cp__buffer written = {0};
  assert_true(ROWS >= 250);
  for (size_t i = 0; i < ROWS; i++) {
    const row *r = &rows[i];
    cp__json_check check;
    cp_error error;
    written.length = 0;
    int rc = check_and_read(r->text, r->length, &wide, &check, &error, &written);
    cp__buffer_byte(&written, '\0');
    assert_int_equal(rc, r->expected != NULL ? 0 : CP_EMESSAGE);
    if (rc == 0) {
      assert_string_equal(written.bytes, r->expected);
    } else if (error.index != r->bad || error.code != rc || error.stage != CP_STAGE_DECODE) {
      fail_msg("row %zu, %s: %s", i, r->text, error.message);
    }
  }
  cp__buffer_free(&written);
}

/* ---------------------------------------------------------------- what the check notes */

static cp__json_check checked(const char *text) {
  cp__json_check check;
  cp_error error;
  if (check_and_read(text, strlen(text), &wide, &check, &error, NULL) != 0) fail_msg("%s: %s", text, error.message);
  return check;
}

static void white_space_is_outside_of_the_value(void **state) {
  (void)state;
  cp__json_check check = checked(" \t\n{\"a\": 1}\r\n ");
  assert_int_equal(check.start, 3);
  assert_int_equal(check.end, 11);
  assert_false(check.has_newline);
  check = checked("17");
  assert_int_equal(check.start, 0);
  assert_int_equal(check.end, 2);
}

static void newlines_between_tokens_are_noted(void **state) {
  (void)state;
  static const char *const with[] = {"[\n]",        "[1\n]",       "[1,\n2]",     "{\n}",
                                     "{\"a\"\n:1}", "{\"a\":\n1}", "{\"a\":1\n}", "[ \r\n 1]"};
  static const char *const without[] = {"[]", "\n[]\n", "[\r]", "[\"\\n\"]", "[ \t1 ]", "\"a\"\n"};
  for (size_t i = 0; i < sizeof with / sizeof *with; i++) assert_true(checked(with[i]).has_newline);
  for (size_t i = 0; i < sizeof without / sizeof *without; i++) assert_false(checked(without[i]).has_newline);
}

static void bad_utf8_is_noted(void **state) {
  (void)state;
  assert_true(checked("\"a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"").is_utf8);
  assert_true(checked("\"\\ud800\"").is_utf8);
  assert_false(checked("[1,\"\xFF\"]").is_utf8);
  assert_false(checked("{\"\xED\xA0\x80\":1}").is_utf8);
  assert_false(checked("[\"\xE2\x82\",\"a\"]").is_utf8);
}

/* Node, isInternal(): a string of more than five characters that begins with NODE_. */
static void internal_messages_are_recognised(void **state) {
  (void)state;
  static const char *const internal[] = {"{\"cmd\":\"NODE_HANDLE\"}",
                                         "{\"cmd\":\"NODE_x\"}",
                                         " { \"cmd\" : \"NODE_x\" } ",
                                         "{\"a\":{\"cmd\":1},\"cmd\":\"NODE_x\"}",
                                         "{\"\\u0063md\":\"NODE_x\"}",
                                         "{\"c\\u006Dd\":\"NODE_x\"}",
                                         "{\"cmd\":\"\\u004eODE_x\"}",
                                         "{\"cmd\":\"NODE\\u005F\\u0061\"}",
                                         "{\"cmd\":\"NODE_\\n\"}",
                                         "{\"cmd\":\"NODE_\xFF\"}",
                                         "{\"cmd\":1,\"cmd\":\"NODE_x\"}",
                                         "{\"cmd\":\"x\",\"\\u0063md\":\"NODE_x\"}",
                                         "{\"cmd\":\"NODE__\",\"msg\":{\"cmd\":1}}",
                                         "{\"cmd\":\"NODE_\\u0000\"}",
                                         "{\"cmd\":\"NODE_x\",\"cmd2\":1}"};
  static const char *const plain[] = {"{\"cmd\":\"NODE_\"}",
                                      "{\"cmd\":\"node_x\"}",
                                      "{\"cmd\":\"NODE\"}",
                                      "{\"cmd\":\"NODExx\"}",
                                      "{\"cmd\":[\"NODE_x\"]}",
                                      "{\"a\":{\"cmd\":\"NODE_x\"}}",
                                      "[{\"cmd\":\"NODE_x\"}]",
                                      "\"NODE_x\"",
                                      "{\"cmd\":\"NODE_x\",\"cmd\":1}",
                                      "{\"cmd\":\"\"}",
                                      "{\"cmd\":\"NODE_x\",\"c\\u006dd\":\"y\"}",
                                      "{\"cmdx\":\"NODE_x\"}",
                                      "{\"cm\":\"NODE_x\"}",
                                      "{\"Cmd\":\"NODE_x\"}",
                                      "{\"cmd\":null}",
                                      "{\"cmd\":\"\\u006eODE_x\"}",
                                      "{\"cmd\":\" NODE_x\"}",
                                      "{\"cmd\\u0000\":\"NODE_x\"}",
                                      "{\"a\":[{\"cmd\":\"NODE_x\"}],\"cmd\":{\"cmd\":\"NODE_x\"}}",
                                      "{}",
                                      "[\"cmd\",\"NODE_x\"]"};
  for (size_t i = 0; i < sizeof internal / sizeof *internal; i++)
    if (!checked(internal[i]).is_internal) fail_msg("%s", internal[i]);
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (checked(plain[i]).is_internal) fail_msg("%s", plain[i]);
}

/* ---------------------------------------------------------------- limits */

static int with_limits(const char *text, size_t max_bytes, size_t max_values, unsigned max_depth) {
  cp_limits limits = {max_bytes, max_values, max_depth};
  cp__json_check check;
  cp_error error;
  return check_and_read(text, strlen(text), &limits, &check, &error, NULL);
}

static void limits_are_kept(void **state) {
  (void)state;
  static const char text[] = "{\"a\":[1,{}],\"b\":[[]]}"; /* 8 values, 3 deep */
  assert_int_equal(with_limits(text, sizeof text - 1, 8, 3), 0);
  assert_int_equal(with_limits(text, sizeof text - 2, 8, 3), CP_ETOOBIG);
  assert_int_equal(with_limits(text, 100, 7, 3), CP_ETOOBIG);
  assert_int_equal(with_limits(text, 100, 8, 2), CP_ETOOBIG);
  assert_int_equal(with_limits("[[]", 100, 100, 1), CP_ETOOBIG);
  assert_int_equal(with_limits("[[", 100, 100, 2), CP_EMESSAGE);
  assert_int_equal(with_limits("1", 1, 1, 1), 0);
}

static char *nested(size_t depth, const char *open, const char *inner, const char *close) {
  cp__buffer text = {0};
  for (size_t i = 0; i < depth; i++) cp__buffer_add(&text, open, strlen(open));
  cp__buffer_add(&text, inner, strlen(inner));
  for (size_t i = 0; i < depth; i++) cp__buffer_add(&text, close, strlen(close));
  cp__buffer_byte(&text, '\0');
  return (char *)text.bytes;
}

static void nesting_goes_as_deep_as_it_may(void **state) {
  (void)state;
  static const struct {
    const char *open, *inner, *close;
  } kinds[] = {{"[", "", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":", "[]", "}]"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t step = i == 2 ? 2 : 1, inner = i == 2 ? 1 : 0;
    char *fits = nested((CP_DEPTH_MAX - inner) / step, kinds[i].open, kinds[i].inner, kinds[i].close);
    char *deeper = nested(CP_DEPTH_MAX / step + 1, kinds[i].open, kinds[i].inner, kinds[i].close);
    assert_int_equal(with_limits(fits, SIZE_MAX, SIZE_MAX, CP_DEPTH_MAX), 0);
    assert_int_equal(with_limits(deeper, SIZE_MAX, SIZE_MAX, CP_DEPTH_MAX), CP_ETOOBIG);
    free(fits);
    free(deeper);
  }
  char *hostile = nested(100000, "[", "", "");
  assert_int_equal(with_limits(hostile, SIZE_MAX, SIZE_MAX, UINT32_MAX), CP_ETOOBIG);
  free(hostile);
}

/* ---------------------------------------------------------------- reading */

static void what_is_read_can_be_asked(void **state) {
  (void)state;
  static const char text[] = "{\"n\":1.5,\"s\":\"a\\u0000b\",\"l\":[true,null,\"x\"],\"10\":false}";
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  size_t length;
  assert_int_equal(cp_value_from_json(&value, heap, text, sizeof text - 1, NULL), 0);
  assert_true(cp_value_number(cp_value_get(value, "n")) == 1.5);
  assert_memory_equal(cp_value_string(cp_value_get(value, "s"), &length), "a\0b", 4);
  assert_int_equal(length, 3);
  cp_value list = cp_value_get(value, "l");
  assert_int_equal(cp_value_length(list), 3);
  assert_true(cp_value_boolean(cp_value_at(list, 0)));
  assert_true(cp_value_is(cp_value_at(list, 1), CP_TYPE_NULL));
  assert_true(cp_value_string_is(cp_value_at(list, 2), "x"));
  assert_true(cp_value_has(value, "10"));
  assert_false(cp_value_has(value, "1"));
  cp_value_push(list, cp_number(4)); /* it grows as any other */
  cp_value_set(value, "m", cp_number(5));
  assert_int_equal(cp_value_length(list), 4);
  assert_int_equal(cp_value_length(value), 5);
  cp_heap_free(heap);
}

static void of_many_keys_the_last_counts_at_the_place_of_the_first(void **state) {
  (void)state;
  enum { KEYS = 5000 };
  cp__buffer text = {0};
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value, key, entry;
  char number[64];
  for (int i = 0; i < 2 * KEYS; i++)
    cp__buffer_add(&text, number, (size_t)snprintf(number, sizeof number, "%c\"k%d\":%d", i ? ',' : '{', i % KEYS, i));
  cp__buffer_byte(&text, '}');
  assert_int_equal(cp_value_from_json(&value, heap, (char *)text.bytes, text.length, NULL), 0);
  assert_int_equal(cp_value_length(value), KEYS);
  for (int i = 0; i < KEYS; i++) {
    assert_true(cp_value_entry(value, (size_t)i, &key, &entry));
    (void)snprintf(number, sizeof number, "k%d", i);
    assert_true(cp_value_string_is(key, number));
    assert_int_equal(cp_value_integer(entry, -1), KEYS + i);
  }
  cp__buffer_free(&text);
  cp_heap_free(heap);
}

static void a_failure_leaves_the_output_alone(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value = cp_number(7);
  assert_int_equal(cp_value_from_json(&value, heap, "[1,2", 4, NULL), CP_EMESSAGE);
  assert_int_equal(cp_value_from_json(&value, heap, NULL, 0, NULL), CP_EMESSAGE);
  assert_int_equal(cp_value_from_json(&value, NULL, "1", 1, NULL), UV_ENOMEM);
  assert_true(cp_value_number(value) == 7);
  assert_false(cp_heap_failed(heap));
  cp_heap_free(heap);
}

static void memory_may_end_anywhere(void **state) {
  (void)state;
#ifdef CP_SANITIZED
  skip();
#else
  char *deep = nested(300, "[\"\\u0041\xFF\",", "{\"a\":1}", "]"); /* the stack moves to the heap, and grows there */
  for (long n = 0;; n++) {
    cp_heap *heap = cp_heap_new(NULL);
    cp_value value = cp_number(7);
    cp_error error = {0};
    fail_allocation(n);
    int rc = cp_value_from_json(&value, heap, deep, strlen(deep), &error);
    bool failed = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(rc, failed ? UV_ENOMEM : 0);
    assert_int_equal(error.code, rc);
    cp_heap_free(heap);
    if (!failed) break;
    assert_true(n < 1000);
  }
  free(deep);
#endif
}

/* ---------------------------------------------------------------- compacting */

static void compact_texts_have_no_white_space_between_tokens(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {{" 1 ", "1"},
               {"[ 1 , 2 ]", "[1,2]"},
               {"{\n  \"a b\" : \"c\\\" d\\n\" ,\r\n\t\"e\":null\n}\n", "{\"a b\":\"c\\\" d\\n\",\"e\":null}"},
               {"\"  \"", "\"  \""},
               {"\"0123456789abcdef  \\\\\" ", "\"0123456789abcdef  \\\\\""},
               {"[]", "[]"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cp__buffer out = {0};
    char *copy = tight(cases[i].text, strlen(cases[i].text));
    cp__buffer_add(&out, "before", 6);
    assert_int_equal(cp__json_compact(&out, copy, strlen(cases[i].text)), 0);
    assert_int_equal(out.length, 6 + strlen(cases[i].expected));
    assert_memory_equal(out.bytes + 6, cases[i].expected, out.length - 6);
    free(copy);
    cp__buffer_free(&out);
  }
}

/* ---------------------------------------------------------------- mutated texts */

static unsigned next_random(unsigned *seed) { return (*seed = *seed * 1103515245U + 12345U) >> 16; }

/* Changes a text: bytes that mean something to JSON are put in, taken out, replaced, or pieces doubled. */
static size_t mutate(char *text, size_t length, size_t size, unsigned *seed) {
  static const char bytes[] = "{}[]\",:\\u0019eE+-. \n\t/abtfnrdDcCsSlx\xC3\xA4\xE2\x82\xAC\xED\xA0\xFF";
  for (unsigned count = 1 + next_random(seed) % 4; count > 0; count--) {
    size_t at = length > 0 ? next_random(seed) % length : 0;
    char byte = bytes[next_random(seed) % sizeof bytes];
    switch (next_random(seed) % 4) {
      case 0:
        if (length == size) break;
        memmove(text + at + 1, text + at, length++ - at);
        text[at] = byte;
        break;
      case 1:
        if (length == 0) break;
        memmove(text + at, text + at + 1, --length - at);
        break;
      case 2:
        if (length > 0) text[at] = byte;
        break;
      default: {
        size_t piece = next_random(seed) % 12, to = length > 0 ? next_random(seed) % length : 0;
        if (piece > length - at) piece = length - at;
        if (piece > length - to) piece = length - to;
        memmove(text + to, text + at, piece);
      }
    }
  }
  return length;
}

static void check_and_reader_agree_on_mutated_texts(void **state) {
  (void)state;
  enum { ROUNDS = 200000, SIZE = 256 };
  unsigned seed = 7;
  cp_limits limits = {.max_bytes = SIZE, .max_values = 20, .max_depth = 6};
  int good = 0;
  for (int round = 0; round < ROUNDS; round++) {
    const row *r = &rows[next_random(&seed) % ROWS];
    char text[SIZE];
    cp__json_check check;
    cp_error error;
    size_t length = r->length;
    memcpy(text, r->text, length);
    length = mutate(text, length, SIZE, &seed);
    const cp_limits *chosen = round % 2 ? &limits : &wide;
    if (check_and_read(text, length, chosen, &check, &error, NULL) != 0) continue;
    good++;
    /* What lies around the value, and the white space in it, changes nothing. */
    cp__buffer compact = {0}, written = {0}, again = {0};
    assert_int_equal(check_and_read(text + check.start, check.end - check.start, &wide, &check, &error, &written), 0);
    assert_int_equal(cp__json_compact(&compact, text, length), 0);
    assert_int_equal(check_and_read((char *)compact.bytes, compact.length, &wide, &check, &error, &again), 0);
    assert_false(check.has_newline);
    assert_int_equal(written.length, again.length);
    assert_memory_equal(written.bytes, again.bytes, again.length);
    cp__buffer_free(&compact);
    cp__buffer_free(&written);
    cp__buffer_free(&again);
  }
  assert_true(good > ROUNDS / 20);
}

/* ---------------------------------------------------------------- Node */

static void need_node(void) {
  cp_result result;
  bool missing = cp_spawn_sync(&result, "node", CP_ARGS("--version"), NULL) != 0;
  cp_result_dispose(&result);
  if (missing) skip();
}

/* Adds the text in hexadecimal to the input, and what Node should say about it to `expected`. */
static void add_question(cp__buffer *input, cp__buffer *expected, const char *text, size_t length) {
  char hex[3];
  cp__json_check check;
  cp_error error;
  for (size_t i = 0; i < length; i++)
    cp__buffer_add(input, hex, (size_t)snprintf(hex, sizeof hex, "%02x", (unsigned char)text[i]));
  cp__buffer_byte(input, '\n');
  if (check_and_read(text, length, &wide, &check, &error, expected) != 0) cp__buffer_byte(expected, '!');
  cp__buffer_byte(expected, '\n');
}

static void node_accepts_the_same_texts_with_the_same_values(void **state) {
  (void)state;
  need_node();
  enum { ROUNDS = 20000, SIZE = 256 };
  static const char program[] =
      "console.log(require('fs').readFileSync(0, 'latin1').split('\\n').slice(0, -1).map((line) => {"
      "try { return JSON.stringify(JSON.parse(Buffer.from(line, 'hex').toString())) } catch { return '!' }"
      "}).join('\\n'))";
  cp__buffer input = {0}, expected = {0};
  unsigned seed = 9;
  for (size_t i = 0; i < ROUNDS + ROWS; i++) {
    const row *r = &rows[i < ROWS ? i : next_random(&seed) % ROWS];
    char text[SIZE];
    size_t length = r->length;
    memcpy(text, r->text, length);
    if (i >= ROWS) length = mutate(text, length, SIZE, &seed);
    add_question(&input, &expected, text, length);
  }
  cp__buffer_byte(&input, '\0');
  cp__buffer_byte(&expected, '\0');
  cp_result result;
  cp_options options = {CP_INPUT((char *)input.bytes), .max_buffer_bytes = 64 << 20};
  assert_int_equal(cp_spawn_sync(&result, "node", CP_ARGS("-e", program), &options), 0);
  assert_int_equal(result.exit.code, 0);
  assert_string_equal(result.out.bytes, expected.bytes);
  cp_result_dispose(&result);
  cp__buffer_free(&input);
  cp__buffer_free(&expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_cases_are_read_as_javascript_reads_them),
      TEST(white_space_is_outside_of_the_value),
      TEST(newlines_between_tokens_are_noted),
      TEST(bad_utf8_is_noted),
      TEST(internal_messages_are_recognised),
      TEST(limits_are_kept),
      TEST(nesting_goes_as_deep_as_it_may),
      TEST(what_is_read_can_be_asked),
      TEST(of_many_keys_the_last_counts_at_the_place_of_the_first),
      TEST(a_failure_leaves_the_output_alone),
      TEST(memory_may_end_anywhere),
      TEST(compact_texts_have_no_white_space_between_tokens),
      TEST(check_and_reader_agree_on_mutated_texts),
      TEST(node_accepts_the_same_texts_with_the_same_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
