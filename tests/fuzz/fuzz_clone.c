/* fuzz_clone.c - structured clone bytes, in both formats: what can be read can be written, and read again the same. */
#include "fuzz.h"
#include "ipc/clone.h"

static const cp_limits wide = {.max_bytes = 1 << 20, .max_values = 1 << 14, .max_depth = 300};
static const cp_limits narrow = {.max_bytes = 1 << 20, .max_values = 20, .max_depth = 5};

static int read_bytes(cp_value *value, cp_heap **heap, const uint8_t *bytes, size_t length, cp_clone_format format,
                      const cp_limits *limits) {
  cp_error error;
  *heap = cp_heap_new(limits);
  HOLDS(*heap != NULL);
  int rc = cp__clone_read(value, *heap, bytes, length, format, &error);
  HOLDS(rc == 0 || rc == CP_EMESSAGE || rc == CP_ETOOBIG);
  HOLDS(rc == 0 || (error.code == rc && error.message[0] != '\0' && error.index <= (int)length));
  return rc;
}

static cp__buffer write_bytes(cp_value value, cp_clone_format format) {
  cp__buffer out = {0};
  HOLDS(cp__clone_write(&out, value, format, NULL) == 0);
  return out;
}

static void expect_same(cp__buffer *a, cp__buffer *b) {
  HOLDS(a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0);
  cp__buffer_free(b);
}

/* The first way through the writer puts some things in order; from then on nothing changes. */
static void write_and_read(cp_value value, cp_clone_format format) {
  static const cp_limits any = {.max_depth = CP_DEPTH_MAX};
  cp_value again, copy;
  cp_heap *heap, *other = cp_heap_new(NULL);
  cp__buffer first = write_bytes(value, format), second;
  HOLDS(read_bytes(&again, &heap, first.bytes, first.length, format, &any) == 0);
  HOLDS(cp_value_equal(value, again));
  second = write_bytes(again, format);
  expect_same(&first, &second);
  copy = cp_value_copy(other, value);
  HOLDS(copy.type == value.type);
  second = write_bytes(copy, format);
  expect_same(&first, &second);
  cp__buffer_free(&first);
  cp_heap_free(heap);
  cp_heap_free(other);
}

static void inspect(cp_value value) {
  char *text = cp_value_inspect(value, NULL);
  HOLDS(text != NULL);
  cp_free(text);
}

static void read_as(const uint8_t *data, size_t size, cp_clone_format format) {
  cp_heap *heap;
  cp_value value;
  if (read_bytes(&value, &heap, data, size, format, &wide) == 0) {
    HOLDS(cp_value_equal(value, value));
    write_and_read(value, format);
    inspect(value);
  }
  cp_heap_free(heap);
  (void)read_bytes(&value, &heap, data, size, format, &narrow);
  cp_heap_free(heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_as(data, size, CP_CLONE_CHANNEL);
  read_as(data, size, CP_CLONE_V8);
  return 0;
}
