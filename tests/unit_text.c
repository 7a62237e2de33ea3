/* unit_text.c - WTF-8, Latin-1, UTF-16: tables, every length around the steps, and every code point there and back. */
#include "ipc/text.h"

#include "support.h"

#define BAD "\xEF\xBF\xBD"
#define HIGH "\xED\xA0\xBD" /* U+D83D */
#define LOW "\xED\xB8\x80"  /* U+DE00 */
#define PAIR "\xF0\x9F\x98\x80"

/* A copy that ends where its block does, so that sanitizers see a byte too many being read. */
static char *exactly(const char *text, size_t length) {
  char *copy = malloc(length > 0 ? length : 1);
  assert_non_null(copy);
  memcpy(copy, text, length);
  return copy;
}

static bool is_valid(const char *text, size_t length) {
  char *copy = exactly(text, length);
  bool valid = cp__text_is_valid(copy, length);
  free(copy);
  return valid;
}

static void check_repair(const char *text, size_t length, const char *expected) {
  char *copy = exactly(text, length), *out = malloc(3 * length + 1);
  assert_non_null(out);
  size_t written = cp__text_repair(out, copy, length);
  if (written != strlen(expected) || memcmp(out, expected, written) != 0)
    fail_msg("\"%.*s\" becomes \"%.*s\", not \"%s\"", (int)length, text, (int)written, out, expected);
  assert_true(is_valid(out, written));
  free(copy);
  free(out);
}

static void well_formed_texts(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "a",
                                      "\x7F",
                                      "\xC2\x80",
                                      "\xDF\xBF",
                                      "\xE0\xA0\x80",
                                      "\xEF\xBF\xBF",
                                      "\xED\x9F\xBF",
                                      "\xEE\x80\x80",
                                      "\xF0\x90\x80\x80",
                                      "\xF4\x8F\xBF\xBF",
                                      HIGH,
                                      LOW,
                                      LOW HIGH,
                                      HIGH HIGH,
                                      LOW LOW,
                                      HIGH "x" LOW,
                                      PAIR LOW,
                                      HIGH PAIR,
                                      "0123456789abcde\xC3\xA9"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!is_valid(texts[i], strlen(texts[i]))) fail_msg("text %zu is well-formed", i);
    check_repair(texts[i], strlen(texts[i]), texts[i]);
  }
}

static void bad_texts_are_repaired_as_browsers_do(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } rows[] = {
      {"\x80", BAD},
      {"a\xFF"
       "b",
       "a" BAD "b"},
      {"\xC0\x80", BAD BAD}, /* overlong */
      {"\xC1\xBF", BAD BAD},
      {"\xE0\x9F\xBF", BAD BAD BAD},
      {"\xF0\x8F\xBF\xBF", BAD BAD BAD BAD},
      {"\xF4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond U+10FFFF */
      {"\xF5\x80\x80\x80", BAD BAD BAD BAD},
      {"\xC3", BAD}, /* cut off: one for what has begun well */
      {"\xC3"
       "a",
       BAD "a"},
      {"\xE2\x82", BAD},
      {"\xE2\x82"
       "a",
       BAD "a"},
      {"\xE2", BAD},
      {"\xF0\x9F\x98", BAD},
      {"\xF0\x9F\x98"
       "a",
       BAD "a"},
      {"\xF0\x9F"
       "a",
       BAD "a"},
      {"\xF0"
       "a",
       BAD "a"},
      {"\xF0\x9F\x98\xC3\xA9", BAD "\xC3\xA9"},
      {"\xED\xA0", BAD BAD}, /* the beginning of a surrogate begins nothing in UTF-8 */
      {"\xED\xA0\xC3\xA9", BAD BAD "\xC3\xA9"},
      {"\xED\x9F", BAD},
      {HIGH LOW, PAIR}, /* two halves are a whole */
      {HIGH HIGH LOW LOW, HIGH PAIR LOW},
      {HIGH LOW HIGH LOW "x", PAIR PAIR "x"},
      {HIGH "\xED\xB8", HIGH BAD BAD},
      {"0123456789abcdef0123\xFF"
       "456789abcdef0123456789",
       "0123456789abcdef0123" BAD "456789abcdef0123456789"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (is_valid(rows[i].text, strlen(rows[i].text))) fail_msg("text %zu is not well-formed", i);
    check_repair(rows[i].text, strlen(rows[i].text), rows[i].expected);
  }
}

/* The steps are of 8, 16 and 64 bytes: a byte that is not ASCII at every place of every length. */
static void ascii_at_every_length(void **state) {
  (void)state;
  char text[160];
  for (size_t length = 0; length < sizeof text; length++) {
    memset(text, 'a', sizeof text);
    char *copy = exactly(text, length);
    assert_true(cp__text_is_ascii(copy, length));
    assert_true(cp__text_is_valid(copy, length));
    for (size_t i = 0; i < length; i++) {
      copy[i] = (char)0x80;
      assert_false(cp__text_is_ascii(copy, length));
      assert_false(cp__text_is_valid(copy, length));
      copy[i] = 'a';
    }
    free(copy);
  }
}

static size_t encode(char *out, uint32_t code) {
  uint8_t units[4] = {(uint8_t)code, (uint8_t)(code >> 8), 0, 0};
  if (code < 0x10000) return cp__text_from_utf16(out, units, 1);
  uint32_t high = 0xD800 + ((code - 0x10000) >> 10), low = 0xDC00 + (code & 0x3FF);
  const uint8_t pair[] = {(uint8_t)high, (uint8_t)(high >> 8), (uint8_t)low, (uint8_t)(low >> 8)};
  return cp__text_from_utf16(out, pair, 2);
}

static void every_code_point_there_and_back(void **state) {
  (void)state;
  for (uint32_t code = 0; code <= 0x10FFFF; code++) {
    char text[6];
    uint8_t units[4] = {0};
    size_t length = encode(text, code);
    assert_int_equal(length, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
    assert_true(cp__text_is_valid(text, length));
    cp__text_shape shape = cp__text_measure(text, length);
    assert_int_equal(shape.units, code < 0x10000 ? 1 : 2);
    assert_int_equal(shape.narrow, code < 0x100);
    cp__text_to_utf16(units, text, length);
    uint32_t first = units[0] | (uint32_t)units[1] << 8, second = units[2] | (uint32_t)units[3] << 8;
    uint32_t back = code < 0x10000 ? first : 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
    assert_int_equal(back, code);
  }
}

/* Of all texts of three bytes, as many are valid as there are ways to put characters side by side. */
static void every_three_bytes(void **state) {
  (void)state;
  enum { ONE = 0x80, TWO = 0x800 - 0x80, THREE = 0x10000 - 0x800 };
  unsigned valid = 0;
  for (unsigned bytes = 0; bytes < 0x1000000; bytes++) {
    const char text[] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
    char repaired[9];
    bool is = cp__text_is_valid(text, 3);
    valid += is;
    if (is || bytes % 7 != 0) continue;
    size_t length = cp__text_repair(repaired, text, 3);
    assert_true(cp__text_is_valid(repaired, length));
    assert_true(length > 3 || memcmp(text, repaired, 3) != 0);
  }
  assert_int_equal(valid, ONE * ONE * ONE + 2 * ONE * TWO + THREE);
}

static void latin1_there_and_back(void **state) {
  (void)state;
  uint8_t bytes[300];
  for (size_t count = 0; count <= sizeof bytes; count++) {
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(count % 3 == 0 ? i : count % 3 == 1 ? 'x' : i * 37 + count);
    char *text = malloc(2 * count + 1);
    uint8_t *back = malloc(count + 1);
    assert_true(text != NULL && back != NULL);
    size_t length = cp__text_from_latin1(text, bytes, count);
    assert_true(is_valid(text, length));
    cp__text_shape shape = cp__text_measure(text, length);
    assert_int_equal(shape.units, count);
    assert_true(shape.narrow);
    back[count] = 0xEE;
    cp__text_to_latin1(back, text, length);
    assert_memory_equal(back, bytes, count);
    assert_int_equal(back[count], 0xEE);
    free(text);
    free(back);
  }
}

/* Texts that mix all lengths of characters and lone surrogates, at every alignment. */
static void utf16_there_and_back(void **state) {
  (void)state;
  static const uint16_t alphabet[] = {'a',    'b',    'c',    'd',    'e', 0xE9, 0x416,
                                      0x20AC, 0xD83D, 0xDE00, 0xFFFF, 0,   'z',  0x80};
  uint64_t random = 42;
  for (size_t count = 0; count < 400; count++) {
    uint8_t *units = malloc(2 * count + 1), *back = malloc(2 * count + 1);
    char *text = malloc(3 * count + 1);
    assert_true(units != NULL && back != NULL && text != NULL);
    for (size_t i = 0; i < count; i++) {
      random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
      uint16_t unit = (random >> 40) % 4 != 0 ? 'x' : alphabet[(random >> 33) % (sizeof alphabet / sizeof *alphabet)];
      memcpy(units + 1 + 2 * i, &unit, 2);
    }
    size_t length = cp__text_from_utf16(text, units + 1, count);
    assert_true(is_valid(text, length));
    cp__text_shape shape = cp__text_measure(text, length);
    assert_int_equal(shape.units, count);
    cp__text_to_utf16(back, text, length);
    assert_memory_equal(back, units + 1, 2 * count);
    free(units);
    free(back);
    free(text);
  }
}

/* The fast steps against a count by hand; 2000 characters of four bytes pass the sums of a byte. */
static void measuring_long_texts(void **state) {
  (void)state;
  enum { MANY = 8000 };
  static const char *const characters[] = {"a", "\xC3\xBF", "\xC4\x80", "\xE2\x82\xAC", PAIR};
  char *text = malloc(4 * MANY);
  assert_non_null(text);
  for (size_t i = 0; i < 5; i++) {
    size_t length = 0, size = strlen(characters[i]);
    for (size_t n = 0; n < MANY; n++, length += size) memcpy(text + length, characters[i], size);
    cp__text_shape shape = cp__text_measure(text, length);
    assert_int_equal(shape.units, i == 4 ? 2 * MANY : MANY);
    assert_int_equal(shape.narrow, i < 2);
    assert_true(is_valid(text, length));
    assert_false(is_valid(text, length - 1) && size > 1);
  }
  memset(text, 'a', 1000);
  memcpy(text + 999, "\xC4\x80", 2); /* the wide one is the last */
  assert_false(cp__text_measure(text, 1001).narrow);
  free(text);
}

/* ---------------------------------------------------------------- against a plain way */

static uint64_t state_of_random = 42;
static uint32_t below(uint32_t bound) {
  state_of_random = state_of_random * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (uint32_t)(state_of_random >> 33) % bound;
}

/* A kind of writing: `first` and so many code points from there. Surrogates are lone, or may make a pair by chance. */
typedef struct writing {
  uint32_t first, count;
} writing;

static const writing writings[] = {{0, 0x80},           {0xA0, 0x60},    {0x80, 0x780},
                                   {0x800, 0xD000},     {0xFFF0, 0x10},  {0xD800, 0x800},
                                   {0x10000, 0x100000}, {0x1F600, 0x40}, {0x7E, 4}};
enum { WRITINGS = sizeof writings / sizeof *writings, LATIN1 = 2 /* of them */, UNITS_MAX = 330 };

/* Mostly in one writing, as texts are; `spaces`: one of so many characters is in another. */
static void make_units(uint16_t *units, size_t count, writing usual, uint32_t kinds, uint32_t spaces) {
  for (size_t i = 0; i < count; i++) {
    writing from = below(spaces) == 0 ? writings[below(kinds)] : usual;
    uint32_t code = from.first + below(from.count);
    if (code >= 0x10000 && i + 1 < count) {
      units[i++] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
      code = 0xDC00 + (code & 0x3FF);
    }
    units[i] = (uint16_t)(code < 0x10000 ? code : 'x');
  }
}

static size_t plain_text(uint8_t *out, const uint16_t *units, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t code = units[i];
    bool pair = code >> 10 == 0xD800 >> 10 && i + 1 < count && units[i + 1] >> 10 == 0xDC00 >> 10;
    if (pair) code = 0x10000 + ((code & 0x3FF) << 10) + (units[++i] & 0x3FF);
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    out[length++] = (uint8_t)(leads[more] | code >> 6 * more);
    while (more-- > 0) out[length++] = (uint8_t)(0x80 | (code >> 6 * more & 0x3F));
  }
  return length;
}

/* Memory that ends where its block does, and begins at any alignment. */
typedef struct piece {
  uint8_t *block, *bytes;
} piece;

static piece make_piece(const void *bytes, size_t length, size_t alignment) {
  piece p = {.block = malloc(alignment + length > 0 ? alignment + length : 1)};
  assert_non_null(p.block);
  p.bytes = p.block + alignment;
  if (bytes != NULL && length > 0) memcpy(p.bytes, bytes, length);
  return p;
}

static void check_wide(const uint16_t *units, size_t count, const uint8_t *text, size_t length, size_t alignment) {
  piece in = make_piece(units, 2 * count, alignment), out = make_piece(NULL, length, alignment / 2);
  size_t size = cp__text_size_of_utf16(in.bytes, count);
  assert_true(size >= length && size <= length + count);
  if (size == length) { /* else there are pairs, and the result is shorter than its room */
    assert_int_equal(cp__text_from_utf16((char *)out.bytes, in.bytes, count), length);
    assert_memory_equal(out.bytes, text, length);
  } else {
    piece more = make_piece(NULL, size, alignment / 2);
    assert_int_equal(cp__text_from_utf16((char *)more.bytes, in.bytes, count), length);
    assert_memory_equal(more.bytes, text, length);
    free(more.block);
  }
  memcpy(out.bytes, text, length);
  assert_true(cp__text_is_valid((char *)out.bytes, length));
  assert_int_equal(cp__text_measure((char *)out.bytes, length).units, count);
  memset(in.bytes, 0xAA, 2 * count);
  cp__text_to_utf16(in.bytes, (char *)out.bytes, length);
  assert_memory_equal(in.bytes, units, 2 * count);
  free(in.block);
  free(out.block);
}

static void check_narrow(const uint16_t *units, size_t count, const uint8_t *text, size_t length, size_t alignment) {
  piece in = make_piece(NULL, count, alignment), out = make_piece(NULL, length, alignment / 2);
  for (size_t i = 0; i < count; i++) in.bytes[i] = (uint8_t)units[i];
  piece copy = make_piece(in.bytes, count, 0);
  assert_int_equal(cp__text_size_of_latin1(in.bytes, count), length);
  assert_int_equal(cp__text_from_latin1((char *)out.bytes, in.bytes, count), length);
  assert_memory_equal(out.bytes, text, length);
  memset(in.bytes, 0xAA, count);
  cp__text_to_latin1(in.bytes, (char *)out.bytes, length);
  assert_memory_equal(in.bytes, copy.bytes, count);
  free(in.block);
  free(out.block);
  free(copy.block);
}

static void check_text(size_t count, size_t alignment, uint32_t kind, uint32_t spaces) {
  uint16_t units[UNITS_MAX];
  uint8_t text[3 * UNITS_MAX];
  bool narrow = true;
  make_units(units, count, writings[kind], kind < LATIN1 ? LATIN1 : WRITINGS, spaces);
  size_t length = plain_text(text, units, count);
  for (size_t i = 0; i < count; i++) narrow = narrow && units[i] < 0x100;
  piece exact = make_piece(text, length, alignment);
  assert_int_equal(cp__text_measure((char *)exact.bytes, length).narrow, narrow);
  free(exact.block);
  check_wide(units, count, text, length, alignment);
  if (narrow) check_narrow(units, count, text, length, alignment);
}

/* Every length that ends within the steps, at every alignment; the rarer the other writings, the longer the runs. */
static void random_texts_as_a_plain_way_has_them(void **state) {
  (void)state;
  for (size_t count = 0; count <= 100; count++)
    for (size_t alignment = 0; alignment < 32; alignment++)
      for (uint32_t kind = 0; kind < WRITINGS; kind++) check_text(count, alignment, kind, 1 + below(count + 10));
  for (int i = 0; i < 30000; i++) check_text(below(UNITS_MAX), below(32), below(WRITINGS), 1 + below(100));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(well_formed_texts),
      TEST(bad_texts_are_repaired_as_browsers_do),
      TEST(ascii_at_every_length),
      TEST(every_code_point_there_and_back),
      TEST(every_three_bytes),
      TEST(latin1_there_and_back),
      TEST(utf16_there_and_back),
      TEST(measuring_long_texts),
      TEST(random_texts_as_a_plain_way_has_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
