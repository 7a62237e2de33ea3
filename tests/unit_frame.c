/* unit_frame.c - where one message ends and the next begins, however the bytes are cut. */
#include "ipc/frame.h"

#include "support.h"

/* Feeds `length` bytes in pieces of at most `piece`, and joins the payloads that come out with '|'. */
static int feed(cp__framer *framer, const char *bytes, size_t length, size_t piece, char *out) {
  uint8_t *payload;
  size_t size, room;
  int rc = 0;
  *out = '\0';
  while (length > 0) {
    uint8_t *to = cp__framer_room(framer, &room);
    assert_non_null(to);
    size_t n = length < piece ? length : piece;
    if (n > room) n = room;
    memcpy(to, bytes, n);
    cp__framer_commit(framer, n);
    bytes += n;
    length -= n;
    while ((rc = cp__framer_next(framer, &payload, &size)) > 0) {
      memcpy(out, payload, size);
      out += size;
      *out++ = '|';
      *out = '\0';
    }
    if (rc < 0) return rc;
  }
  return rc;
}

static const char lines[] = "1\n\"two\"\n[3,3,3]\n\n{\"five\":5}\n";
static const char blocks[] = "\0\0\0\3one\0\0\0\0\0\0\0\5three\0\0\0\4four";

static void every_cutting_gives_the_same_messages(void **state) {
  (void)state;
  char out[256];
  for (size_t piece = 1; piece <= sizeof lines; piece++) {
    cp__framer framer;
    cp__framer_init(&framer, CP_SERIALIZATION_JSON, 1000);
    assert_int_equal(feed(&framer, lines, sizeof lines - 1, piece, out), 0);
    assert_string_equal(out, "1|\"two\"|[3,3,3]||{\"five\":5}|");
    assert_false(cp__framer_is_inside(&framer));
    cp__framer_free(&framer);
    cp__framer_init(&framer, CP_SERIALIZATION_ADVANCED, 1000);
    assert_int_equal(feed(&framer, blocks, sizeof blocks - 1, piece, out), 0);
    assert_string_equal(out, "one||three|four|");
    cp__framer_free(&framer);
  }
}

static void a_nul_follows_each_text(void **state) {
  (void)state;
  cp__framer framer;
  uint8_t *payload;
  size_t length, room;
  cp__framer_init(&framer, CP_SERIALIZATION_JSON, 1000);
  memcpy(cp__framer_room(&framer, &room), "[1]\n[2", 6);
  cp__framer_commit(&framer, 6);
  assert_int_equal(cp__framer_next(&framer, &payload, &length), 1);
  assert_string_equal((char *)payload, "[1]");
  assert_int_equal(cp__framer_next(&framer, &payload, &length), 0);
  assert_true(cp__framer_is_inside(&framer));
  cp__framer_free(&framer);
}

static void a_message_beyond_the_limit_is_refused_before_memory_is_taken(void **state) {
  (void)state;
  char out[256];
  cp__framer framer;
  cp__framer_init(&framer, CP_SERIALIZATION_ADVANCED, 10);
  assert_int_equal(feed(&framer, "\0\0\0\13", 4, 4, out), CP_ETOOBIG);
  cp__framer_free(&framer);
  cp__framer_init(&framer, CP_SERIALIZATION_ADVANCED, SIZE_MAX);
  assert_int_equal(feed(&framer, "\xff\xff\xff\xff", 4, 4, out), 0);
  assert_true(framer.capacity < 1 << 20);
  cp__framer_free(&framer);
  cp__framer_init(&framer, CP_SERIALIZATION_JSON, 10);
  assert_int_equal(feed(&framer, "0123456789\n", 11, 3, out), 0);
  assert_int_equal(feed(&framer, "0123456789a", 11, 3, out), CP_ETOOBIG);
  cp__framer_free(&framer);
}

static void a_large_message_is_read_in_linear_time_and_memory(void **state) {
  (void)state;
  enum { SIZE = 64 << 20 };
  for (int mode = CP_SERIALIZATION_JSON; mode <= CP_SERIALIZATION_ADVANCED; mode++) {
    cp__framer framer;
    uint8_t *payload;
    size_t length, room, done = 0;
    int rc = 0;
    cp__framer_init(&framer, (cp_serialization)mode, SIZE);
    if (mode == CP_SERIALIZATION_ADVANCED) {
      memcpy(cp__framer_room(&framer, &room), "\4\0\0\0", 4);
      cp__framer_commit(&framer, 4);
    }
    while (done < SIZE) {
      uint8_t *to = cp__framer_room(&framer, &room);
      assert_non_null(to);
      size_t n = room < SIZE - done ? room : SIZE - done;
      memset(to, 'x', n);
      cp__framer_commit(&framer, n);
      done += n;
      rc = cp__framer_next(&framer, &payload, &length);
      assert_true(framer.capacity <= 2 * (size_t)SIZE + (1 << 20));
    }
    if (mode == CP_SERIALIZATION_JSON) {
      *cp__framer_room(&framer, &room) = '\n';
      cp__framer_commit(&framer, 1);
      rc = cp__framer_next(&framer, &payload, &length);
    }
    assert_int_equal(rc, 1);
    assert_int_equal(length, SIZE);
    (void)cp__framer_room(&framer, &room);
    assert_true(framer.capacity < 1 << 20); /* and given back */
    cp__framer_free(&framer);
  }
}

static void stealing_keeps_the_rest(void **state) {
  (void)state;
  cp__framer framer;
  uint8_t *payload, *stolen;
  size_t length, room;
  cp__framer_init(&framer, CP_SERIALIZATION_JSON, 1000);
  memcpy(cp__framer_room(&framer, &room), "one\ntwo\nthr", 11);
  cp__framer_commit(&framer, 11);
  assert_int_equal(cp__framer_next(&framer, &payload, &length), 1);
  stolen = cp__framer_steal(&framer);
  assert_non_null(stolen);
  assert_string_equal((char *)payload, "one");
  uint8_t *second;
  assert_int_equal(cp__framer_next(&framer, &second, &length), 1);
  assert_string_equal((char *)second, "two");
  memcpy(cp__framer_room(&framer, &room), "ee\n", 3);
  cp__framer_commit(&framer, 3);
  assert_int_equal(cp__framer_next(&framer, &second, &length), 1);
  assert_string_equal((char *)second, "three");
  assert_string_equal((char *)payload, "one");
  free(stolen);
  cp__framer_free(&framer);
}

static void frames_are_written_as_node_writes_them(void **state) {
  (void)state;
  cp__buffer out = {0};
  size_t begin = cp__frame_begin(&out, CP_SERIALIZATION_ADVANCED);
  cp__buffer_add(&out, "\xff\x0f\"\3abc", 7);
  assert_int_equal(cp__frame_end(&out, CP_SERIALIZATION_ADVANCED, begin), 0);
  begin = cp__frame_begin(&out, CP_SERIALIZATION_JSON);
  cp__buffer_add(&out, "[]", 2);
  assert_int_equal(cp__frame_end(&out, CP_SERIALIZATION_JSON, begin), 0);
  assert_int_equal(out.length, 14);
  assert_memory_equal(out.bytes, "\0\0\0\7\xff\x0f\"\3abc[]\n", 14);
  cp__buffer_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_cutting_gives_the_same_messages),
      TEST(a_nul_follows_each_text),
      TEST(a_message_beyond_the_limit_is_refused_before_memory_is_taken),
      TEST(a_large_message_is_read_in_linear_time_and_memory),
      TEST(stealing_keeps_the_rest),
      TEST(frames_are_written_as_node_writes_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
