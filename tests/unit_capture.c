/* unit_capture.c - gathering output: exact limits, what happens beyond them, and how much memory it takes. */
#include "capture.h"

#include <malloc.h>

#include "support.h"

/* Offers `length` bytes the way a reader does: as much as there is room for, the rest is dropped. */
static bool feed(cp__capture *capture, const char *bytes, size_t length) {
  bool against_the_rules = false;
  while (length > 0) {
    size_t room;
    char *space = cp__capture_room(capture, &room);
    if (space == NULL) {
      assert_int_equal(room, 0);
      return cp__capture_drop(capture, length) || against_the_rules;
    }
    size_t n = length < room ? length : room;
    memcpy(space, bytes, n);
    cp__capture_commit(capture, n);
    bytes += n;
    length -= n;
  }
  return against_the_rules;
}

static void takes(cp__capture *capture, cp_encoding encoding, const char *expected, size_t length, uint64_t dropped) {
  cp_bytes bytes;
  assert_int_equal(cp__capture_take(capture, encoding, &bytes), 0);
  assert_int_equal(bytes.length, length);
  assert_memory_equal(bytes.bytes, expected, length);
  assert_int_equal(bytes.bytes[length], '\0');
  assert_int_equal(bytes.dropped, dropped);
  free(bytes.bytes);
  cp__capture_free(capture);
}

static void fill_with_letters(char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) bytes[i] = (char)('a' + i % 26);
}

static void nothing_at_all_is_an_empty_string(void **state) {
  (void)state;
  static const size_t limits[] = {0, 1, 100, CP_BUFFER_NONE, CP_BUFFER_UNLIMITED};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    for (int overflow = CP_OVERFLOW_KILL; overflow <= CP_OVERFLOW_KEEP_TAIL; overflow++)
      for (int encoding = CP_ENCODING_BYTES; encoding <= CP_ENCODING_UTF8; encoding++) {
        cp__capture capture;
        cp__capture_init(&capture, limits[i], (cp_overflow)overflow);
        takes(&capture, (cp_encoding)encoding, "", 0, 0);
      }
}

static void a_limit_of_all_streams_together_cuts_no_single_one(void **state) {
  (void)state;
  static char bytes[100000];
  cp__capture capture;
  fill_with_letters(bytes, sizeof bytes);
  assert_int_equal(cp__capture_limit(0), CP_BUFFER_DEFAULT);
  assert_int_equal(cp__capture_limit(5), 5);
  assert_int_equal(cp__capture_limit(CP_BUFFER_NONE), 0);
  assert_int_equal(cp__capture_limit(CP_BUFFER_UNLIMITED), SIZE_MAX);
  cp__capture_init(&capture, 10, CP_OVERFLOW_KILL_TOTAL);
  assert_false(feed(&capture, bytes, sizeof bytes));
  takes(&capture, CP_ENCODING_BYTES, bytes, sizeof bytes, 0);
}

static void exactly_the_limit_is_kept_by_every_policy(void **state) {
  (void)state;
  static const size_t limits[] = {1, 2, 7, 4095, 4096, 4097, 65535, 65536, 65537, 200000};
  static char bytes[200001];
  fill_with_letters(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    for (int overflow = CP_OVERFLOW_KILL; overflow <= CP_OVERFLOW_KEEP_TAIL; overflow++) {
      cp__capture capture;
      cp__capture_init(&capture, limits[i], (cp_overflow)overflow);
      assert_false(feed(&capture, bytes, limits[i]));
      takes(&capture, CP_ENCODING_BYTES, bytes, limits[i], 0);
    }
}

static void one_byte_more_is_against_the_rules_only_for_kill(void **state) {
  (void)state;
  static const size_t limits[] = {1, 7, 4096, 65536, 200000};
  static char bytes[200001];
  fill_with_letters(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    cp__capture capture;
    cp__capture_init(&capture, limits[i], CP_OVERFLOW_KILL);
    assert_true(feed(&capture, bytes, limits[i] + 1));
    takes(&capture, CP_ENCODING_BYTES, bytes, limits[i], 1);
    cp__capture_init(&capture, limits[i], CP_OVERFLOW_TRUNCATE);
    assert_false(feed(&capture, bytes, limits[i] + 1));
    takes(&capture, CP_ENCODING_BYTES, bytes, limits[i], 1);
    cp__capture_init(&capture, limits[i], CP_OVERFLOW_KEEP_TAIL);
    assert_false(feed(&capture, bytes, limits[i] + 1));
    takes(&capture, CP_ENCODING_BYTES, bytes + 1, limits[i], 1);
  }
}

static void none_allows_not_one_byte(void **state) {
  (void)state;
  cp__capture capture;
  cp__capture_init(&capture, CP_BUFFER_NONE, CP_OVERFLOW_KILL);
  assert_true(feed(&capture, "x", 1));
  takes(&capture, CP_ENCODING_BYTES, "", 0, 1);
  cp__capture_init(&capture, CP_BUFFER_NONE, CP_OVERFLOW_KEEP_TAIL);
  assert_false(feed(&capture, "xyz", 3));
  takes(&capture, CP_ENCODING_BYTES, "", 0, 3);
}

static void zero_is_the_default_of_a_mebibyte(void **state) {
  (void)state;
  static char bytes[(1 << 20) + 1];
  cp__capture capture;
  fill_with_letters(bytes, sizeof bytes);
  cp__capture_init(&capture, 0, CP_OVERFLOW_KILL);
  assert_false(feed(&capture, bytes, 1 << 20));
  assert_true(feed(&capture, bytes, 1));
  takes(&capture, CP_ENCODING_BYTES, bytes, 1 << 20, 1);
}

static void unlimited_takes_it_all(void **state) {
  (void)state;
  static char bytes[3000000];
  cp__capture capture;
  fill_with_letters(bytes, sizeof bytes);
  cp__capture_init(&capture, CP_BUFFER_UNLIMITED, CP_OVERFLOW_KILL);
  assert_false(feed(&capture, bytes, sizeof bytes));
  takes(&capture, CP_ENCODING_BYTES, bytes, sizeof bytes, 0);
}

/* For every small limit and total, in every size of piece: the ring holds the last bytes in order. */
static void the_ring_keeps_the_last_bytes_in_order(void **state) {
  (void)state;
  char bytes[64];
  fill_with_letters(bytes, sizeof bytes);
  for (size_t limit = 1; limit <= 9; limit++)
    for (size_t total = 0; total <= 40; total++)
      for (size_t piece = 1; piece <= 12; piece++) {
        cp__capture capture;
        cp__capture_init(&capture, limit, CP_OVERFLOW_KEEP_TAIL);
        for (size_t at = 0; at < total; at += piece)
          assert_false(feed(&capture, bytes + at, total - at < piece ? total - at : piece));
        size_t kept = total < limit ? total : limit;
        takes(&capture, CP_ENCODING_BYTES, bytes + total - kept, kept, total - kept);
      }
}

static void a_long_stream_leaves_its_tail(void **state) {
  (void)state;
  enum { LIMIT = 10000, TOTAL = 1000003 };
  static char bytes[TOTAL];
  cp__capture capture;
  for (size_t i = 0; i < TOTAL; i++) bytes[i] = (char)(i * 7 + i / 251);
  cp__capture_init(&capture, LIMIT, CP_OVERFLOW_KEEP_TAIL);
  for (size_t at = 0, piece = 1; at < TOTAL; at += piece, piece = piece * 3 % 4099 + 1) {
    if (piece > TOTAL - at) piece = TOTAL - at;
    assert_false(feed(&capture, bytes + at, piece));
  }
  takes(&capture, CP_ENCODING_BYTES, bytes + TOTAL - LIMIT, LIMIT, TOTAL - LIMIT);
}

static void it_never_holds_more_memory_than_the_limit(void **state) {
  (void)state;
  static const size_t limits[] = {1, 100, 4096, 5000, 65536, 70000, 300000};
  static char bytes[400000];
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    for (int overflow = CP_OVERFLOW_KILL; overflow <= CP_OVERFLOW_KEEP_TAIL; overflow++) {
      cp__capture capture;
      cp__capture_init(&capture, limits[i], (cp_overflow)overflow);
      for (size_t at = 0; at < sizeof bytes; at += 1000) {
        (void)feed(&capture, bytes + at, 1000);
        assert_true(capture.capacity <= limits[i]);
        assert_true(capture.length <= limits[i]);
        assert_true(malloc_usable_size(capture.bytes) <= limits[i] + 64);
      }
      cp__capture_free(&capture);
    }
}

static void small_output_takes_little_memory(void **state) {
  (void)state;
  cp__capture capture;
  cp__capture_init(&capture, 0, CP_OVERFLOW_KILL);
  assert_false(feed(&capture, "hello", 5));
  assert_true(capture.capacity <= 8192);
  cp__capture_free(&capture);
}

static void text_is_decoded_as_a_whole(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *expected;
  } rows[] = {{"plain", "plain"},
              {"\xC3\xA4\xE2\x82\xAC", "\xC3\xA4\xE2\x82\xAC"},
              {"a\x80z", "a\xEF\xBF\xBDz"},
              {"end \xE2\x82", "end \xEF\xBF\xBD"},
              {"\xFF\xFF\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (size_t piece = 1; piece <= 8; piece++) {
      cp__capture capture;
      size_t length = strlen(rows[i].bytes);
      cp__capture_init(&capture, 0, CP_OVERFLOW_KILL);
      for (size_t at = 0; at < length; at += piece)
        assert_false(feed(&capture, rows[i].bytes + at, length - at < piece ? length - at : piece));
      takes(&capture, CP_ENCODING_UTF8, rows[i].expected, strlen(rows[i].expected), 0);
    }
}

static void a_character_that_the_limit_cuts_is_left_out(void **state) {
  (void)state;
  cp__capture capture;
  cp__capture_init(&capture, 3, CP_OVERFLOW_TRUNCATE);
  assert_false(feed(&capture, "ab\xE2\x82\xAC!", 6));
  takes(&capture, CP_ENCODING_UTF8, "ab", 2, 4); /* 3 bytes beyond the limit, 1 of the cut character */
  cp__capture_init(&capture, 3, CP_OVERFLOW_KILL);
  assert_true(feed(&capture, "ab\xE2\x82\xAC!", 6));
  takes(&capture, CP_ENCODING_UTF8, "ab", 2, 4);
  cp__capture_init(&capture, 3, CP_OVERFLOW_TRUNCATE); /* bytes are bytes */
  assert_false(feed(&capture, "ab\xE2\x82\xAC!", 6));
  takes(&capture, CP_ENCODING_BYTES, "ab\xE2", 3, 3);
}

static void a_tail_does_not_begin_inside_a_character(void **state) {
  (void)state;
  cp__capture capture;
  cp__capture_init(&capture, 4, CP_OVERFLOW_KEEP_TAIL);
  assert_false(feed(&capture,
                    "ab\xE2\x82\xAC"
                    "yz",
                    7));
  takes(&capture, CP_ENCODING_UTF8, "yz", 2, 5); /* 3 bytes for the limit, 2 of the cut character */
}

static void failed_memory_leaves_what_was_captured(void **state) {
  (void)state;
  cp__capture capture;
  static char bytes[4096];
  fill_with_letters(bytes, sizeof bytes);
  cp__capture_init(&capture, 0, CP_OVERFLOW_KILL);
  assert_false(feed(&capture, bytes, sizeof bytes));
  size_t room;
  fail_allocation(0);
  char *space = cp__capture_room(&capture, &room);
  bool failed = allocation_has_failed();
  fail_allocation(-1);
  if (!failed) { /* a sanitizer has its own allocator */
    cp__capture_free(&capture);
    skip();
  }
  assert_null(space);
  assert_true(room > 0);
  takes(&capture, CP_ENCODING_BYTES, bytes, sizeof bytes, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(nothing_at_all_is_an_empty_string),
      TEST(a_limit_of_all_streams_together_cuts_no_single_one),
      TEST(exactly_the_limit_is_kept_by_every_policy),
      TEST(one_byte_more_is_against_the_rules_only_for_kill),
      TEST(none_allows_not_one_byte),
      TEST(zero_is_the_default_of_a_mebibyte),
      TEST(unlimited_takes_it_all),
      TEST(the_ring_keeps_the_last_bytes_in_order),
      TEST(a_long_stream_leaves_its_tail),
      TEST(it_never_holds_more_memory_than_the_limit),
      TEST(small_output_takes_little_memory),
      TEST(text_is_decoded_as_a_whole),
      TEST(a_character_that_the_limit_cuts_is_left_out),
      TEST(a_tail_does_not_begin_inside_a_character),
      TEST(failed_memory_leaves_what_was_captured),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
