/* unit_clone.c - structured clone: what Node wrote, what it refuses, damage, limits, and memory that runs out. */
#include "ipc/clone.h"

#include <math.h>

#include "support.h"

enum { MAX_BYTES = 2048 };

typedef struct bytes {
  uint8_t at[MAX_BYTES];
  size_t length;
} bytes;

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Blanks between the bytes are for the reader. */
static bytes from_hex(const char *hex) {
  bytes out = {.length = 0};
  for (; *hex != '\0' && *hex != '\n'; hex++) {
    if (*hex == ' ') continue;
    assert_true(out.length < sizeof out.at);
    out.at[out.length++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    hex++;
  }
  return out;
}

static const char *to_hex(const void *from, size_t length) {
  static char hex[2][2 * MAX_BYTES + 1];
  static unsigned turn;
  char *out = hex[turn++ % 2];
  assert_true(length <= MAX_BYTES);
  for (size_t i = 0; i < length; i++) (void)sprintf(out + 2 * i, "%02x", ((const uint8_t *)from)[i]);
  out[2 * length] = '\0';
  return out;
}

/* The header of version 15 and these bytes. */
static bytes payload(const char *hex) {
  char all[2 * MAX_BYTES];
  (void)snprintf(all, sizeof all, "ff0f%s", hex);
  return from_hex(all);
}

static const char *write_hex(cp_value value, cp_clone_format format) {
  cp__buffer buffer = {0};
  cp_error error;
  int rc = cp__clone_write(&buffer, value, format, &error);
  if (rc != 0) fail_msg("write: %s", error.message);
  const char *hex = to_hex(buffer.bytes, buffer.length);
  cp__buffer_free(&buffer);
  return hex;
}

/* Reads from memory of just that length, so that AddressSanitizer sees a step beyond it. */
static int read_and_forget(const uint8_t *from, size_t length, cp_clone_format format, const cp_limits *limits,
                           cp_error *error) {
  uint8_t *copy = malloc(length > 0 ? length : 1);
  cp_heap *heap = cp_heap_new(limits);
  assert_non_null(copy);
  assert_non_null(heap);
  memcpy(copy, from, length);
  cp_value value = cp_undefined();
  int rc = cp__clone_read(&value, heap, copy, length, format, error);
  if (rc == 0) { /* what was read can be written */
    cp__buffer buffer = {0};
    assert_int_equal(cp__clone_write(&buffer, value, format, error), 0);
    cp__buffer_free(&buffer);
  }
  cp_heap_free(heap);
  free(copy);
  return rc;
}

/* ---------------------------------------------------------------- what Node wrote */

typedef struct vector {
  char name[160], way[16], versions[16];
  bytes payload;
  cp_clone_format format;
} vector;

static void each_vector(void (*visit)(const vector *vector)) {
  char *text = read_file(TEST_DATA "/clone_vectors.tsv"), *rest = text;
  size_t count = 0;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    if (*line == '#' || *line == '\0') continue;
    vector row = {.name = ""};
    static char hex[2 * MAX_BYTES + 1];
    assert_int_equal(sscanf(line, "%159[^\t]\t%15[^\t]\t%15[^\t]\t%4096s", row.name, row.way, row.versions, hex), 4);
    row.payload = from_hex(hex);
    row.format = strcmp(row.way, "channel") == 0 ? CP_CLONE_CHANNEL : CP_CLONE_V8;
    visit(&row);
    count++;
  }
  assert_true(count > 450);
  free(text);
}

/* Where we do not write what Node wrote. */
static bool is_written_otherwise(const vector *row) {
  if (strcmp(row->way, "record") == 0) return true; /* V8's own records for views: Node reads them, but writes others */
  /* V8 has doubles for all elements of an array with a fraction, a NaN or a -0: these are such, or were made of one. */
  static const char *const doubles[] = {"fraction and integer", "Map of NaN and -0", "Set large"};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    if (strcmp(row->name, doubles[i]) == 0) return true;
  bool is_20 = strcmp(row->versions, "20") == 0;
  return is_20 && strncmp(row->name, "Error cause", 11) == 0; /* Node 20 has an order that later ones refuse */
}

static void check_vector(const vector *row) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  cp_error error;
  int rc = cp__clone_read(&value, heap, row->payload.at, row->payload.length, row->format, &error);
  if (rc != 0) fail_msg("%s, %s: %s", row->name, row->way, error.message);
  const char *expected = to_hex(row->payload.at, row->payload.length), *hex = write_hex(value, row->format);
  bool same = strcmp(hex, expected) == 0;
  if (same == is_written_otherwise(row)) fail_msg("%s, %s: %s, not %s", row->name, row->way, hex, expected);
  cp_heap_free(heap);
}

static void what_node_wrote_is_read_and_written_the_same(void **state) {
  (void)state;
  each_vector(check_vector);
}

/* ---------------------------------------------------------------- tables */

typedef struct pair {
  const char *from, *to; /* without the header */
} pair;

static void check_rows(const pair *rows, size_t count, cp_clone_format format) {
  for (size_t i = 0; i < count; i++) {
    bytes in = payload(rows[i].from);
    cp_heap *heap = cp_heap_new(NULL);
    cp_value value;
    cp_error error;
    int rc = cp__clone_read(&value, heap, in.at, in.length, format, &error);
    if (rc != 0) fail_msg("%s: %s", rows[i].from, error.message);
    bytes expected = payload(rows[i].to);
    assert_string_equal(write_hex(value, format), to_hex(expected.at, expected.length));
    cp_heap_free(heap);
  }
}
#define CHECK_ROWS(rows, format) check_rows((rows), sizeof(rows) / sizeof *(rows), (format))

static void each_line(const char *path, void (*visit)(char *line)) {
  char *text = read_file(path), *rest = text;
  size_t count = 0;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    if (*line == '#' || strchr(line, '\t') == NULL) continue;
    visit(line);
    count++;
  }
  assert_true(count > 40);
  free(text);
}

static void check_usual(char *line) {
  const char *from = strsep(&line, "\t"), *to = strsep(&line, "\t");
  check_rows(&(pair){from, to}, 1, CP_CLONE_V8);
}

static void what_v8_reads_but_never_writes(void **state) {
  (void)state;
  each_line(TEST_DATA "/clone_read.tsv", check_usual);
}

static void views(void **state) {
  (void)state;
  static const pair channel[] = {
      {"5c 00 01 02 0102", "5c00 01020102"},
      {"5c 8000 8100 82000102", "5c00 01020102"},
      {"5c 00 03 03 010203", "5c00 03020102"}, /* whole elements only */
      {"5c 01 6f 7b 00", "6f7b00"},
      {"41 02 5c 01 6f 7b 00 5e 01 24 00 02", "4102 6f7b00 5e01 240002"}, /* it takes two numbers */
      {"41 02 5c 01 6f 7b 00 5e 02 24 00 02", "4102 6f7b00 5e01 240002"},
      {"41 02 6f 7b 00 5c 01 5e 01 24 00 02", "4102 6f7b00 5e01 240002"},
      {"42 03 010203 56 42 01 02 00", "5c00 01020203"},
      {"42 03 010203 0000 56 42 01 02 00", "5c00 01020203"},
      {"42 03 010203 56 c200 01 02 fc01", "5c00 01020203"},
      {"7e 03 05 010203 56 42 01 01 02", "5c00 010102"},
      {"7e 03 05 010203 56 42 01 01 03", "5c00 01020203"}, /* as long as the buffer lets it be */
      {"7e 03 05 010203 56 57 00 02 03", "5c00 04020102"},
      {"7e 03 05 010203", "7e0305010203"},
      {"41 02 42 02 0102 5e 01 56 42 00 02 00 24 00 02", "4102 42020102 5c0001020102 240002"},
  };
  static const pair v8[] = {{"5c 01 02 0102", "5c01020102"}, {"5c 0d 02 003c", "5c0d02003c"}};
  CHECK_ROWS(channel, CP_CLONE_CHANNEL);
  CHECK_ROWS(v8, CP_CLONE_V8);
}

static void older_versions(void **state) {
  (void)state;
  static const struct {
    const char *in;
    bool good;
  } rows[] = {
      {"ff0d 4902", true},
      {"ff8f00 4902", true},
      {"ff0d 41 01 4202 0102 56420102 24 00 01", false},  /* beyond the buffer, whether there are flags or not */
      {"ff0d 41 01 4202 0102 56420101 24 00 01", true},   /* without flags */
      {"ff0d 41 01 4202 0102 5642010100 24 00 01", true}, /* as padding */
      {"ff0d 41 01 4202 0102 5642010108 24 00 01", true}, /* with flags, at the second attempt */
      {"ff0e 41 01 4202 0102 56420101 24 00 01", false},
      {"ff0d 7e0204 0102 56420102", false},
      {"ff0d 7e0204 0102 5642010102", true},
      {"ff0c 4902", false},
      {"ff10 4902", true},
      {"ff11 4902", false},
      {"4902", false},
      {"ff", false},
      {"", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bytes in = from_hex(rows[i].in);
    int rc = read_and_forget(in.at, in.length, CP_CLONE_V8, NULL, NULL);
    if (rc != (rows[i].good ? 0 : CP_EMESSAGE)) fail_msg("%s: %s", rows[i].in, cp_err_name(rc));
  }
}

static void check_refused(char *line) {
  const char *hex = strsep(&line, "\t");
  bytes in = payload(hex);
  cp_error error = {.code = 0};
  int rc = read_and_forget(in.at, in.length, CP_CLONE_V8, NULL, &error);
  if (rc != CP_EMESSAGE || error.code != rc) fail_msg("%s: %s", hex, cp_err_name(rc));
  assert_int_equal(error.stage, CP_STAGE_DECODE);
  assert_in_range(error.index, 0, in.length);
}

static void what_node_refuses(void **state) {
  (void)state;
  each_line(TEST_DATA "/clone_refused.tsv", check_refused);
  static const char *const host[] = {"5c 00 01 02 61",
                                     "5c 00 0e 00",
                                     "5c 02 00",
                                     "5c",
                                     "5c 00",
                                     "5c 01",
                                     "5c 01 49 02",
                                     "5c 01 22 00",
                                     "5c 01 6f 22 01 61 5e 00 7b 01"};
  for (size_t i = 0; i < sizeof host / sizeof *host; i++) {
    bytes in = payload(host[i]);
    assert_int_equal(read_and_forget(in.at, in.length, CP_CLONE_CHANNEL, NULL, NULL), CP_EMESSAGE);
  }
}

/* ---------------------------------------------------------------- damage */

static void check_damage(const vector *row) {
  bytes damaged = row->payload;
  for (size_t length = 0; length < damaged.length; length++) {
    int rc = read_and_forget(damaged.at, length, row->format, NULL, NULL);
    /* A record of V8's own is a value before its end: the buffer alone. */
    bool may_be_good = strcmp(row->way, "record") == 0 && rc == 0;
    if (rc != CP_EMESSAGE && !may_be_good) fail_msg("%s, cut at %zu: %s", row->name, length, cp_err_name(rc));
  }
  bool quick = getenv("CP_VALGRIND") != NULL;
  for (size_t at = 0; at < damaged.length; at++) {
    uint8_t good = damaged.at[at];
    for (unsigned byte = 0; byte < 256; byte += at < 160 && !quick ? 1 : 37) {
      damaged.at[at] = (uint8_t)byte;
      int rc = read_and_forget(damaged.at, damaged.length, row->format, NULL, NULL);
      if (rc != 0 && rc != CP_EMESSAGE) fail_msg("%s, byte %zu is %u: %s", row->name, at, byte, cp_err_name(rc));
    }
    damaged.at[at] = good;
  }
}

static void damaged_bytes_give_a_value_or_an_error(void **state) {
  (void)state;
  each_vector(check_damage);
}

/* ---------------------------------------------------------------- limits */

/* `depth` arrays in each other. */
static cp__buffer nested(size_t depth) {
  cp__buffer out = {0};
  cp__buffer_add(&out, "\xff\x0f", 2);
  for (size_t i = 0; i < depth - 1; i++) cp__buffer_add(&out, "A\1", 2);
  cp__buffer_add(&out, "A\0", 2);
  cp__buffer_add(&out, "$\0\0", 3);
  for (size_t i = 0; i < depth - 1; i++) cp__buffer_add(&out, "$\0\1", 3);
  assert_false(out.failed);
  return out;
}

/* Sanitizers make what is on the stack several times larger. */
static void on_large_stack(uv_thread_cb body, void *data) {
  const uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = 64 * 1024 * 1024};
  uv_thread_t thread;
  assert_int_equal(uv_thread_create_ex(&thread, &options, body, data), 0);
  uv_thread_join(&thread);
}

typedef struct nesting {
  size_t depth;
  unsigned max_depth;
  int rc;
} nesting;

static void read_nesting(void *data) {
  nesting *this = data;
  cp__buffer in = nested(this->depth);
  cp_limits limits = {.max_depth = this->max_depth};
  this->rc = read_and_forget(in.bytes, in.length, CP_CLONE_V8, &limits, NULL);
  cp__buffer_free(&in);
}

static int read_nested(size_t depth, unsigned max_depth) {
  nesting this = {.depth = depth, .max_depth = max_depth};
  on_large_stack(read_nesting, &this);
  return this.rc;
}

static void nesting_is_limited(void **state) {
  (void)state;
  assert_int_equal(read_nested(1000, 0), 0);
  assert_int_equal(read_nested(1001, 0), CP_ETOOBIG);
  assert_int_equal(read_nested(3, 3), 0);
  assert_int_equal(read_nested(4, 3), CP_ETOOBIG);
  assert_int_equal(read_nested(CP_DEPTH_MAX, CP_DEPTH_MAX), 0);
  assert_int_equal(read_nested(CP_DEPTH_MAX + 1, CP_DEPTH_MAX + 1), CP_ETOOBIG);
  assert_int_equal(read_nested(1000000, CP_DEPTH_MAX), CP_ETOOBIG);
}

static int read_limited(const char *hex, cp_limits limits) {
  bytes in = payload(hex);
  return read_and_forget(in.at, in.length, CP_CLONE_CHANNEL, &limits, NULL);
}

static void values_and_keys_are_counted(void **state) {
  (void)state;
  const struct {
    const char *hex;
    size_t values;
  } rows[] = {
      {"30", 1},
      {"6f 22 01 61 49 02 7b 01", 3},
      {"41 02 30 30 24 00 02", 3},
      {"61 02 49 00 30 40 01 02", 3},
      {"3b 30 30 3a 02", 3},
      {"27 30 2c 01", 2},
      {"5c 01 6f 7b 00", 2},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(read_limited(rows[i].hex, (cp_limits){.max_values = rows[i].values}), 0);
    if (rows[i].values > 1)
      assert_int_equal(read_limited(rows[i].hex, (cp_limits){.max_values = rows[i].values - 1}), CP_ETOOBIG);
  }
}

static void bytes_are_limited(void **state) {
  (void)state;
  assert_int_equal(read_limited("22 04 61626364", (cp_limits){.max_bytes = 8}), 0);
  assert_int_equal(read_limited("22 04 61626364", (cp_limits){.max_bytes = 7}), CP_ETOOBIG);
}

/* Each array says that it has as many elements as there are bytes left: only one of them can be right. */
static void what_is_declared_costs_no_memory(void **state) {
  (void)state;
  enum { COUNT = 900 };
  cp__buffer in = {0};
  cp__buffer_add(&in, "\xff\x0f", 2);
  for (size_t i = 0; i < COUNT; i++) cp__buffer_add(&in, "A\xc0\x84\x3d", 4); /* 1,000,000 */
  uint8_t *zeros = cp__buffer_room(&in, 1000500);
  memset(zeros, '0', 1000500);
  in.length += 1000500;
  assert_int_equal(read_and_forget(in.bytes, in.length, CP_CLONE_V8, NULL, NULL), CP_EMESSAGE);
  cp__buffer_free(&in);
  assert_int_equal(read_limited("61 ffffffff0f 40 00 ffffffff0f", (cp_limits){0}), 0);
  assert_int_equal(read_limited("61 00 55 feffffff0f 30 40 01 00", (cp_limits){0}), 0);
  assert_int_equal(read_limited("7e 00 ffffffff0f", (cp_limits){0}), 0);
}

/* ---------------------------------------------------------------- writing */

static cp_value every_type(cp_heap *heap) {
  cp_value all = cp_array(heap), object = cp_object(heap), error = cp_error_value(heap, CP_ERROR_TYPE, "m", "ST");
  cp_value_set(object, "b", cp_string(heap, "text"));
  cp_value_set(object, "1", cp_string(heap, "\xE2\x82\xAC"));
  cp_value_set(error, "cause", cp_value_map_set(cp_map(heap), cp_number(1.5), object));
  cp_value_push(cp_value_push(all, object), error);
  cp_value_push(all, cp_value_add(cp_set(heap), cp_bigint(heap, -7)));
  cp_value_push(all, cp_value_set_at(cp_array_sparse(heap, 3), 70000, cp_boolean(true)));
  cp_value_push(cp_value_push(all, cp_date(heap, 0)), cp_regexp(heap, "a", CP_REGEXP_G));
  cp_value_push(cp_value_push(all, cp_boxed(heap, cp_number(2))), cp_boxed(heap, cp_string(heap, "\xC3\xA9")));
  cp_value_push(cp_value_push(all, cp_array_buffer_resizable(heap, "ab", 2, 4)), cp_buffer(heap, "xyz", 3));
  return cp_value_push(all, all);
}

static const char every_type_hex[] =
    "ff0f410b"
    "6f 4902 006302ac20 220162 220474657874 7b02"
    "7254 6d22016d 7322025354 63 3b 4e000000000000f83f 5e01 3a02 2e"
    "27 5a110700000000000000 2c01"
    "61f1a204 49e0c508 54 4001f1a204"
    "44 0000000000000000"
    "52 220161 01"
    "6e 0000000000000040"
    "73 2201e9"
    "7e02046162"
    "5c000a0378797a"
    "5e00"
    "24000b";

static void every_type_is_written(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value all = every_type(heap);
  bytes expected = from_hex(every_type_hex);
  for (int i = 0; i < 3; i++) /* numbers of objects begin anew each time */
    assert_string_equal(write_hex(all, CP_CLONE_CHANNEL), to_hex(expected.at, expected.length));
  cp_heap_free(heap);
}

static void a_hole_is_undefined_where_only_arrays_have_it(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value hole = cp_value_at(cp_array_sparse(heap, 1), 0);
  assert_int_equal(cp_value_type(hole), CP_TYPE_HOLE);
  assert_string_equal(write_hex(cp_value_map_set(cp_map(heap), cp_number(1), hole), CP_CLONE_V8), "ff0f3b49025f3a02");
  cp__buffer out = {0};
  assert_int_equal(cp__clone_write(&out, hole, CP_CLONE_V8, NULL), CP_ECLONE);
  assert_int_equal(cp__clone_write(&out, (cp_value){0}, CP_CLONE_V8, NULL), CP_ECLONE);
  cp__buffer_free(&out);
  cp_heap_free(heap);
}

/* The padding of wide strings counts from where the payload begins, not the buffer. */
static void writing_goes_on_behind_what_is_there(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value text = cp_value_push(cp_array(heap), cp_string(heap, "\xE2\x82\xAC"));
  bytes expected = payload("41016302ac20240001");
  for (size_t before = 0; before < 5; before++) {
    cp__buffer out = {0};
    cp__buffer_add(&out, "12345", before);
    assert_int_equal(cp__clone_write(&out, text, CP_CLONE_V8, NULL), 0);
    assert_int_equal(out.length, before + expected.length);
    assert_memory_equal(out.bytes, "12345", before);
    assert_memory_equal(out.bytes + before, expected.at, expected.length);
    cp__buffer_free(&out);
  }
  cp_heap_free(heap);
}

static cp_value nested_value(cp_heap *heap, size_t depth) {
  cp_value value = cp_array(heap);
  for (size_t i = 1; i < depth; i++) value = cp_value_push(cp_array(heap), value);
  return value;
}

/* Writes a value that is as deep as may be, then one in which it is, then the first again. */
typedef struct deep {
  cp_heap *heap;
  cp__buffer out;
  cp_error error;
  int rc[3];
  size_t length; /* after the failure */
} deep;

static void write_deep(void *data) {
  deep *this = data;
  cp_value value = nested_value(this->heap, CP_DEPTH_MAX), deeper = cp_value_push(cp_array(this->heap), value);
  cp__buffer_add(&this->out, "123", 3);
  this->rc[0] = cp__clone_write(&this->out, value, CP_CLONE_V8, &this->error);
  this->out.length = 3;
  this->rc[1] = cp__clone_write(&this->out, deeper, CP_CLONE_V8, &this->error);
  this->length = this->out.length;
  this->rc[2] = cp__clone_write(&this->out, value, CP_CLONE_V8, NULL);
}

static void what_is_too_deep_is_not_written(void **state) {
  (void)state;
  deep this = {.heap = cp_heap_new(NULL)};
  on_large_stack(write_deep, &this);
  assert_int_equal(this.rc[0], 0);
  assert_int_equal(this.rc[1], CP_ETOOBIG);
  assert_int_equal(this.rc[2], 0);
  assert_int_equal(this.error.stage, CP_STAGE_ENCODE);
  assert_int_equal(this.length, 3);
  cp__buffer_free(&this.out);
  cp_heap_free(this.heap);
}

static void a_heap_that_failed_is_not_written(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value object = cp_value_set(cp_object(heap), "a", cp_number(1));
  assert_int_equal(cp_value_type(cp_value_set(object, "b", (cp_value){0})), CP_TYPE_NONE);
  void *out;
  size_t length;
  assert_int_equal(cp_value_to_clone(&out, &length, object, CP_CLONE_V8, NULL), UV_ENOMEM);
  cp_heap_free(heap);
}

static void the_public_functions(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  void *out;
  size_t length;
  cp_value again, all = every_type(heap);
  assert_int_equal(cp_value_to_clone(&out, &length, all, CP_CLONE_V8, NULL), 0);
  assert_int_equal(cp_value_from_clone(&again, heap, out, length, CP_CLONE_V8, NULL), 0);
  assert_string_equal(write_hex(again, CP_CLONE_V8), to_hex(out, length));
  size_t shown;
  const uint8_t *view = cp_value_bytes(cp_value_at(again, 9), &shown);
  assert_int_equal(shown, 3);
  assert_true(view > (uint8_t *)out && view < (uint8_t *)out + length); /* not copied */
  cp_error error;
  assert_int_equal(cp_value_from_clone(&again, heap, out, length - 1, CP_CLONE_V8, &error), CP_EMESSAGE);
  assert_int_equal(error.index, length - 1);
  assert_int_equal(cp_value_from_clone(&again, heap, NULL, 0, CP_CLONE_V8, &error), CP_EMESSAGE);
  assert_int_equal(cp_value_to_clone(&out, NULL, (cp_value){0}, CP_CLONE_V8, &error), CP_ECLONE);
  cp_free(out);
  cp_heap_free(heap);
}

/* ---------------------------------------------------------------- out of memory */

/* Records with keys enough for an index, ids and slots enough for the heap. */
static cp_value large_value(cp_heap *heap) {
  cp_value all = cp_array(heap);
  for (int i = 0; i < 120; i++) {
    cp_value record = cp_object(heap);
    for (int k = 0; k < 20; k++) cp_value_set_n(record, &"abcdefghijklmnopqrst"[k], 1, cp_number(i * k));
    all = cp_value_push(all, cp_value_push(cp_array_sparse(heap, 2), record));
  }
  return cp_value_push(cp_value_push(all, every_type(heap)), nested_value(heap, 100));
}

static void the_reader_survives_any_failed_allocation(void **state) {
  (void)state;
  cp_heap *heap = cp_heap_new(NULL);
  cp__buffer in = {0};
  assert_int_equal(cp__clone_write(&in, large_value(heap), CP_CLONE_V8, NULL), 0);
  cp_heap_free(heap);
  int rc = UV_ENOMEM;
  for (long n = 0; rc != 0; n++) {
    heap = cp_heap_new(NULL);
    cp_value value;
    fail_allocation(n);
    rc = cp__clone_read(&value, heap, in.bytes, in.length, CP_CLONE_V8, NULL);
    bool failed = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(rc, failed ? UV_ENOMEM : 0);
    cp_heap_free(heap);
  }
  cp__buffer_free(&in);
}

static void the_writer_survives_any_failed_allocation(void **state) {
  (void)state;
  int rc = UV_ENOMEM;
  for (long n = 0; rc != 0; n++) {
    cp_heap *heap = cp_heap_new(NULL);
    cp_value value = large_value(heap);
    cp__buffer out = {0};
    cp__buffer_add(&out, "123", 3);
    fail_allocation(n);
    rc = cp__clone_write(&out, value, CP_CLONE_V8, NULL);
    bool failed = allocation_has_failed();
    fail_allocation(-1);
    assert_int_equal(rc, failed ? UV_ENOMEM : 0);
    if (failed) assert_int_equal(out.length, 3);
    assert_false(out.failed);
    cp__buffer_free(&out);
    cp_heap_free(heap);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(what_node_wrote_is_read_and_written_the_same),
      TEST(what_v8_reads_but_never_writes),
      TEST(views),
      TEST(older_versions),
      TEST(what_node_refuses),
      TEST(damaged_bytes_give_a_value_or_an_error),
      TEST(nesting_is_limited),
      TEST(values_and_keys_are_counted),
      TEST(bytes_are_limited),
      TEST(what_is_declared_costs_no_memory),
      TEST(every_type_is_written),
      TEST(a_hole_is_undefined_where_only_arrays_have_it),
      TEST(writing_goes_on_behind_what_is_there),
      TEST(what_is_too_deep_is_not_written),
      TEST(a_heap_that_failed_is_not_written),
      TEST(the_public_functions),
      TEST(the_reader_survives_any_failed_allocation),
      TEST(the_writer_survives_any_failed_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
