/* unit_utf8.c - the decoder: tables, pieces against the whole, and random bytes against a simple reference. */
#include "utf8.h"

#include "support.h"

#define BAD "\xEF\xBF\xBD"

typedef struct collected {
  char bytes[8192];
  size_t length;
  int calls;
} collected;

static void collect(const char *bytes, size_t length, void *data) {
  collected *to = data;
  assert_true(length > 0);
  assert_true(to->length + length <= sizeof to->bytes);
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
  to->calls++;
}

static void decode_in_pieces(const char *bytes, size_t length, size_t piece, collected *out) {
  cp__utf8 state = {0};
  *out = (collected){.length = 0};
  for (size_t at = 0; at < length; at += piece)
    cp__utf8_feed(&state, bytes + at, length - at < piece ? length - at : piece, collect, out);
  cp__utf8_end(&state, collect, out);
  assert_int_equal(state.count, 0);
}

typedef struct row {
  const char *bytes;
  size_t length;
  const char *expected;
} row;
#define ROW(bytes, expected)                                                                                           \
  { (bytes), sizeof(bytes) - 1, (expected) }

static void check_rows(const row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t piece = 1; piece <= rows[i].length + 1; piece++) {
      collected out;
      decode_in_pieces(rows[i].bytes, rows[i].length, piece, &out);
      if (out.length != strlen(rows[i].expected) || memcmp(out.bytes, rows[i].expected, out.length) != 0)
        fail_msg("row %zu in pieces of %zu: %zu bytes", i, piece, out.length);
    }
  }
}
#define CHECK_ROWS(rows) check_rows((rows), sizeof(rows) / sizeof *(rows))

static void valid_characters_stay_as_they_are(void **state) {
  (void)state;
  static const row rows[] = {
      ROW("", ""),
      ROW("plain", "plain"),
      ROW("\x7f", "\x7f"),
      ROW("\xC2\x80", "\xC2\x80"), /* the first and the last of each length */
      ROW("\xDF\xBF", "\xDF\xBF"),
      ROW("\xE0\xA0\x80", "\xE0\xA0\x80"),
      ROW("\xED\x9F\xBF", "\xED\x9F\xBF"), /* before the surrogates */
      ROW("\xEE\x80\x80", "\xEE\x80\x80"), /* after them */
      ROW("\xEF\xBF\xBF", "\xEF\xBF\xBF"),
      ROW("\xEF\xBB\xBFx", "\xEF\xBB\xBFx"), /* a byte order mark is a character */
      ROW("\xF0\x90\x80\x80", "\xF0\x90\x80\x80"),
      ROW("\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"),
      ROW("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z", "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"),
  };
  CHECK_ROWS(rows);
}

/* One replacement for each maximal subpart: as the web's TextDecoder and Node's StringDecoder do. */
static void bad_bytes_become_one_replacement_for_each_maximal_subpart(void **state) {
  (void)state;
  static const row rows[] = {
      ROW("\x80", BAD),
      ROW("\xBF\x80", BAD BAD),
      ROW("\xFF\xFE", BAD BAD),
      ROW("\xC0\x80", BAD BAD), /* overlong */
      ROW("\xC1\xBF", BAD BAD),
      ROW("\xE0\x80\x80", BAD BAD BAD), /* overlong: the second byte cannot belong to E0 */
      ROW("\xE0\x9F\xBF", BAD BAD BAD),
      ROW("\xF0\x80\x80\x80", BAD BAD BAD BAD),
      ROW("\xF0\x8F\xBF\xBF", BAD BAD BAD BAD),
      ROW("\xED\xA0\x80", BAD BAD BAD), /* a surrogate */
      ROW("\xED\xBF\xBF", BAD BAD BAD),
      ROW("\xF4\x90\x80\x80", BAD BAD BAD BAD), /* beyond U+10FFFF */
      ROW("\xF5\x80\x80\x80", BAD BAD BAD BAD),
      ROW("\xF8\x88\x80\x80\x80", BAD BAD BAD BAD BAD),
      ROW("\xE2\x82", BAD), /* cut short: one for the whole beginning */
      ROW("\xF0\x9F\x98", BAD),
      ROW("\xF0\x9F", BAD),
      ROW("\xC3", BAD),
      ROW("\xE2\x82x", BAD "x"),
      ROW("\xF0\x9F\x98x", BAD "x"),
      ROW("\xC3\xC3\xA4", BAD "\xC3\xA4"),
      ROW("\xE2\x82\xE2\x82\xAC", BAD "\xE2\x82\xAC"),
      ROW("\xF0\x9F\xC3\xA4", BAD "\xC3\xA4"),
      ROW("a\x80z", "a" BAD "z"),
      ROW("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64",
          "a" BAD BAD BAD "b" BAD "c" BAD BAD "d"),                     /* the example of Unicode, table 3-8 */
      ROW("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", BAD BAD BAD BAD "A"), /* and of table 3-11 */
  };
  CHECK_ROWS(rows);
}

static void a_zero_byte_is_a_character(void **state) {
  (void)state;
  collected out;
  for (size_t piece = 1; piece < 6; piece++) {
    decode_in_pieces("a\0\xC3\xA4\0", 5, piece, &out);
    assert_int_equal(out.length, 5);
    assert_memory_equal(out.bytes, "a\0\xC3\xA4\0", 5);
  }
}

static void an_unfinished_character_is_held_back(void **state) {
  (void)state;
  cp__utf8 decoder = {0};
  collected out = {.length = 0};
  cp__utf8_feed(&decoder, "a\xE2\x82", 3, collect, &out);
  assert_int_equal(out.length, 1);
  cp__utf8_feed(&decoder, "", 0, collect, &out);
  assert_int_equal(out.length, 1);
  cp__utf8_feed(&decoder, "\xAC", 1, collect, &out);
  assert_int_equal(out.length, 4);
  assert_memory_equal(out.bytes, "a\xE2\x82\xAC", 4);
  cp__utf8_end(&decoder, collect, &out);
  assert_int_equal(out.length, 4);
}

static void long_valid_text_is_passed_on_in_place(void **state) {
  (void)state;
  static char text[8000];
  collected out = {.length = 0};
  cp__utf8 decoder = {0};
  memset(text, 'x', sizeof text);
  cp__utf8_feed(&decoder, text, sizeof text, collect, &out);
  assert_int_equal(out.calls, 1);
  assert_int_equal(out.length, sizeof text);
}

static void the_valid_beginning_ends_on_a_character(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length, valid;
  } rows[] = {{"", 0, 0},
              {"abc", 3, 3},
              {"12345678\xC3\xA4", 10, 10},
              {"12345678\xC3", 9, 8},
              {"123\x80"
               "5678",
               8, 3},
              {"1234567890123\xE2\x82", 15, 13},
              {"\xED\xA0\x80", 3, 0},
              {"\xF4\x8F\xBF\xBFx", 5, 5}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(cp__utf8_valid(rows[i].bytes, rows[i].length), rows[i].valid);
}

/* ---------------------------------------------------------------- the reference */

/* How many bytes at `b` are a character (positive), or a maximal subpart of one (negative). From the table as printed. */
static int reference_unit(const unsigned char *b, size_t n) {
  static const struct {
    unsigned char ranges[4][2];
    int length;
  } forms[] = {
      {{{0x00, 0x7F}}, 1},
      {{{0xC2, 0xDF}, {0x80, 0xBF}}, 2},
      {{{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}, 3},
      {{{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}, 3},
      {{{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}, 3},
      {{{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}, 3},
      {{{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}, 4},
      {{{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}, 4},
      {{{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}, 4},
  };
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    int matched = 0;
    while (matched < forms[f].length && (size_t)matched < n && b[matched] >= forms[f].ranges[matched][0] &&
           b[matched] <= forms[f].ranges[matched][1])
      matched++;
    if (matched == forms[f].length) return matched;
    if (matched > 0) return -matched;
  }
  return -1;
}

static size_t reference(const unsigned char *bytes, size_t length, char *out) {
  size_t n = 0;
  for (size_t at = 0; at < length;) {
    int unit = reference_unit(bytes + at, length - at);
    memcpy(out + n, unit > 0 ? (const char *)bytes + at : BAD, unit > 0 ? (size_t)unit : 3);
    n += unit > 0 ? (size_t)unit : 3;
    at += (size_t)(unit > 0 ? unit : -unit);
  }
  return n;
}

static unsigned next_random(unsigned *seed) { return (*seed = *seed * 1103515245U + 12345U) >> 16; }

/* Random, but with many beginnings of characters and their followers. */
static void fill_random(unsigned char *bytes, size_t length, unsigned *seed) {
  static const unsigned char leads[] = {0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xC1, 0xFF};
  for (size_t i = 0; i < length; i++) {
    unsigned n = next_random(seed);
    bytes[i] = n % 4 == 0   ? leads[n / 4 % sizeof leads]
               : n % 4 == 1 ? (unsigned char)(n / 4 % 128)
               : n % 4 == 2 ? (unsigned char)(0x80 + n / 4 % 64)
                            : (unsigned char)(n / 4);
  }
}

static void random_bytes_are_decoded_as_the_reference_does_in_any_pieces(void **state) {
  (void)state;
  unsigned seed = 1;
  for (int round = 0; round < 20000; round++) {
    unsigned char bytes[64];
    char expected[sizeof bytes * 3];
    collected out;
    size_t length = next_random(&seed) % sizeof bytes, piece = 1 + next_random(&seed) % (length + 1);
    fill_random(bytes, length, &seed);
    size_t n = reference(bytes, length, expected);
    decode_in_pieces((const char *)bytes, length, piece, &out);
    if (out.length != n || memcmp(out.bytes, expected, n) != 0) fail_msg("round %d, pieces of %zu", round, piece);
  }
}

static void every_pair_and_lead_triple_is_decoded_as_the_reference_does(void **state) {
  (void)state;
  for (unsigned pair = 0; pair < 0x10000; pair++) {
    static const unsigned char thirds[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (size_t i = 0; i < sizeof thirds; i++) {
      const unsigned char bytes[] = {(unsigned char)(pair >> 8), (unsigned char)pair, thirds[i]};
      char expected[9];
      collected out;
      out.length = 0;
      size_t n = reference(bytes, 3, expected);
      cp__utf8 decoder = {0};
      cp__utf8_feed(&decoder, (const char *)bytes, 3, collect, &out);
      cp__utf8_end(&decoder, collect, &out);
      if (out.length != n || memcmp(out.bytes, expected, n) != 0)
        fail_msg("%02X %02X %02X", bytes[0], bytes[1], bytes[2]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(valid_characters_stay_as_they_are),
      TEST(bad_bytes_become_one_replacement_for_each_maximal_subpart),
      TEST(a_zero_byte_is_a_character),
      TEST(an_unfinished_character_is_held_back),
      TEST(long_valid_text_is_passed_on_in_place),
      TEST(the_valid_beginning_ends_on_a_character),
      TEST(random_bytes_are_decoded_as_the_reference_does_in_any_pieces),
      TEST(every_pair_and_lead_triple_is_decoded_as_the_reference_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
