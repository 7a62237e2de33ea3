/*
 * fuzz_frame.c - the framer gives the same messages however the bytes are cut, and however often its memory is taken
 * away. The first byte chooses the serialization and the limit, the rest is the stream.
 */
#include "fuzz.h"
#include "ipc/frame.h"

/* All messages, each after its length; and how it ended. */
typedef struct outcome {
  cp__buffer messages;
  int rc;
  bool inside;
} outcome;

static void note(outcome *out, const uint8_t *payload, size_t length) {
  cp__buffer_add(&out->messages, &length, sizeof length);
  cp__buffer_add(&out->messages, payload, length);
}

/* The same in as few words as possible: what the framer is compared with. */
static outcome expected(cp_serialization serialization, size_t most, const uint8_t *bytes, size_t size) {
  outcome out = {.rc = 0};
  while (size > 0) {
    size_t skip = 0, length = 0, behind = 0;
    bool whole = true;
    if (serialization == CP_SERIALIZATION_JSON) {
      while (length < size && bytes[length] != '\n') length++;
      whole = length < size;
      behind = 1;
    } else {
      skip = 4;
      if (size < skip) break;
      for (size_t i = 0; i < skip; i++) length = length << 8 | bytes[i];
      whole = size - skip >= length;
    }
    if (length > most) out.rc = CP_ETOOBIG;
    if (out.rc != 0 || !whole) break;
    note(&out, bytes + skip, length);
    bytes += skip + length + behind;
    size -= skip + length + behind;
  }
  out.inside = size > 0;
  return out;
}

/* Takes what is whole; sometimes with the memory that it lies in. */
static void take(cp__framer *framer, outcome *out, uint64_t *random, bool steal) {
  uint8_t *payload;
  size_t length;
  while ((out->rc = cp__framer_next(framer, &payload, &length)) > 0) {
    uint8_t *memory = steal && fuzz_random(random) % 3 == 0 ? cp__framer_steal(framer) : NULL;
    note(out, payload, length);
    HOLDS(framer->serialization != CP_SERIALIZATION_JSON || payload[length] == '\0');
    free(memory);
  }
}

static outcome cut(cp_serialization serialization, size_t most, const uint8_t *bytes, size_t size, size_t piece,
                   bool steal) {
  cp__framer framer;
  outcome out = {.rc = 0};
  uint64_t random = fuzz_hash(bytes, size);
  cp__framer_init(&framer, serialization, most);
  while (size > 0 && out.rc == 0) {
    size_t room, n = piece > 0 ? piece : 1 + fuzz_random(&random) % 40;
    uint8_t *to = cp__framer_room(&framer, &room);
    HOLDS(to != NULL && room > 0);
    if (n > size) n = size;
    if (n > room) n = room;
    memcpy(to, bytes, n);
    cp__framer_commit(&framer, n);
    bytes += n;
    size -= n;
    take(&framer, &out, &random, steal);
  }
  out.inside = cp__framer_is_inside(&framer);
  cp__framer_free(&framer);
  return out;
}

static void expect(const outcome *wanted, outcome got) {
  HOLDS(wanted->rc == got.rc && (wanted->rc != 0 || wanted->inside == got.inside));
  HOLDS(wanted->messages.length == got.messages.length);
  HOLDS(got.messages.length == 0 || memcmp(wanted->messages.bytes, got.messages.bytes, got.messages.length) == 0);
  cp__buffer_free(&got.messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  cp_serialization serialization = data[0] & 1 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  static const size_t limits[] = {2147483647, 0, 7, 300};
  size_t most = limits[data[0] >> 1 & 3];
  outcome wanted = expected(serialization, most, data + 1, size - 1);
  expect(&wanted, cut(serialization, most, data + 1, size - 1, SIZE_MAX, false));
  expect(&wanted, cut(serialization, most, data + 1, size - 1, 1, false));
  expect(&wanted, cut(serialization, most, data + 1, size - 1, 0, false));
  expect(&wanted, cut(serialization, most, data + 1, size - 1, 0, true));
  cp__buffer_free(&wanted.messages);
  return 0;
}
