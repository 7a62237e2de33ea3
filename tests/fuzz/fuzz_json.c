/* fuzz_json.c - the check of a text and its reader agree; what is read can be written, and read again the same. */
#include <math.h>

#include "fuzz.h"
#include "ipc/handle.h"
#include "ipc/json.h"

static const cp_limits wide = {.max_bytes = 1 << 20, .max_values = 1 << 16, .max_depth = 300};
static const cp_limits narrow = {.max_bytes = 1 << 20, .max_values = 20, .max_depth = 5};

/* Whether JSON carries it unchanged: it has no -0 and no infinity. */
static bool is_exact(cp_value value) {
  cp_value key, member;
  if (cp_value_is(value, CP_TYPE_NUMBER)) {
    double number = cp_value_number(value);
    return isfinite(number) && !(number == 0 && signbit(number));
  }
  if (cp_value_is(value, CP_TYPE_ARRAY)) {
    for (uint32_t i = 0; i < cp_value_length(value); i++)
      if (!is_exact(cp_value_at(value, i))) return false;
    return true;
  }
  for (size_t i = 0; cp_value_entry(value, i, &key, &member); i++)
    if (!is_exact(member)) return false;
  return true;
}

static int read_text(cp_value *value, cp_heap **heap, const char *text, size_t length, const cp_limits *limits) {
  cp_error error;
  *heap = cp_heap_new(limits);
  HOLDS(*heap != NULL);
  int rc = cp__json_read(value, *heap, text, length, &error);
  HOLDS(rc == 0 || (error.code == rc && error.message[0] != '\0'));
  HOLDS(rc == 0 || error.index <= (int)length);
  return rc;
}

/* Without its white space it is the same value, on one line. */
static void compact(const char *text, const cp__json_check *check, cp_value value) {
  cp__buffer out = {0};
  cp__json_check again;
  cp_heap *heap;
  cp_value other;
  HOLDS(cp__json_compact(&out, text + check->start, check->end - check->start) == 0);
  HOLDS(out.length <= 3 * (check->end - check->start)); /* a bad byte becomes three */
  HOLDS(cp__json_check_text(&again, (const char *)out.bytes, out.length, &wide, NULL) == 0);
  HOLDS(!again.has_newline && again.start == 0 && again.end == out.length);
  HOLDS(again.is_internal == check->is_internal);
  HOLDS(read_text(&other, &heap, (const char *)out.bytes, out.length, &wide) == 0);
  HOLDS(cp_value_equal(value, other));
  cp_heap_free(heap);
  cp__buffer_free(&out);
}

static void write_and_read(cp_value value) {
  cp__buffer first = {0}, second = {0};
  cp__json_check check;
  cp_heap *heap;
  cp_value again;
  HOLDS(cp__json_write(&first, value, NULL) == 0);
  HOLDS(cp__json_check_text(&check, (const char *)first.bytes, first.length, &wide, NULL) == 0);
  HOLDS(check.is_utf8 && !check.has_newline && check.start == 0 && check.end == first.length);
  HOLDS(check.is_internal == cp__is_internal(value));
  HOLDS(read_text(&again, &heap, (const char *)first.bytes, first.length, &wide) == 0);
  HOLDS(!is_exact(value) || cp_value_equal(value, again));
  HOLDS(cp__json_write(&second, again, NULL) == 0);
  HOLDS(first.length == second.length && memcmp(first.bytes, second.bytes, first.length) == 0);
  cp__buffer_free(&first);
  cp__buffer_free(&second);
  cp_heap_free(heap);
}

static void read_with(const char *text, size_t length, const cp_limits *limits) {
  cp__json_check check;
  cp_error error;
  cp_heap *heap;
  cp_value value;
  int checked = cp__json_check_text(&check, text, length, limits, &error);
  int read = read_text(&value, &heap, text, length, limits);
  HOLDS(checked == read);
  if (read == 0) {
    HOLDS(check.start < check.end && check.end <= length);
    HOLDS(check.is_internal == cp__is_internal(value));
    compact(text, &check, value);
    write_and_read(value);
  }
  cp_heap_free(heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_with((const char *)data, size, &wide);
  read_with((const char *)data, size, &narrow);
  return 0;
}
