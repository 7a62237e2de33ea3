/* capture.c - a growing buffer, or a ring of the last bytes. */
#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum { FIRST_BYTES = 4096, READ_BYTES = 65536 };

size_t cp__capture_limit(size_t max_buffer_bytes) {
  if (max_buffer_bytes == 0) return CP_BUFFER_DEFAULT;
  return max_buffer_bytes == CP_BUFFER_NONE ? 0 : max_buffer_bytes;
}

void cp__capture_init(cp__capture *capture, size_t max, cp_overflow overflow) {
  size_t limit = overflow == CP_OVERFLOW_KILL_TOTAL ? SIZE_MAX : cp__capture_limit(max);
  *capture = (cp__capture){.limit = limit, .overflow = overflow};
}

static size_t next_capacity(const cp__capture *capture) {
  size_t capacity = capture->capacity == 0 ? FIRST_BYTES : capture->capacity * 2;
  if (capture->length > 0 && capacity < READ_BYTES) capacity = READ_BYTES;
  return capacity < capture->limit ? capacity : capture->limit;
}

/* One byte more than the capacity, for the NUL. */
static bool grow(cp__capture *capture) {
  size_t capacity = next_capacity(capture);
  if (capacity == SIZE_MAX) return false;
  char *bytes = realloc(capture->bytes, capacity + 1);
  if (bytes == NULL) return false;
  capture->bytes = bytes;
  capture->capacity = capacity;
  return true;
}

char *cp__capture_room(cp__capture *capture, size_t *size) {
  bool full = capture->length == capture->limit;
  if (full && capture->overflow == CP_OVERFLOW_KEEP_TAIL && capture->limit > 0) {
    *size = capture->limit - capture->start;
    return capture->bytes + capture->start;
  }
  *size = 0;
  if (full) return NULL;
  *size = 1;
  if (capture->length == capture->capacity && !grow(capture)) return NULL;
  *size = capture->capacity - capture->length;
  return capture->bytes + capture->length;
}

void cp__capture_commit(cp__capture *capture, size_t length) {
  if (capture->length < capture->limit) {
    capture->length += length;
    return;
  }
  capture->dropped += length;
  capture->start = (capture->start + length) % capture->limit;
}

bool cp__capture_drop(cp__capture *capture, size_t length) {
  capture->dropped += length;
  return length > 0 && capture->overflow == CP_OVERFLOW_KILL;
}

static void reverse(char *from, char *to) {
  while (from < --to) {
    char c = *from; /* NOLINT(clang-analyzer-core.uninitialized.Assign): read(2) has filled it */
    *from++ = *to;
    *to = c;
  }
}

/* Turns the ring so that the oldest byte comes first. */
static void straighten(cp__capture *capture) {
  if (capture->start == 0) return;
  reverse(capture->bytes, capture->bytes + capture->start);
  reverse(capture->bytes + capture->start, capture->bytes + capture->length);
  reverse(capture->bytes, capture->bytes + capture->length);
  capture->start = 0;
}

/* The tail of a stream may begin inside a character: what is left of it goes. */
static void drop_partial_head(cp__capture *capture) {
  size_t n = 0;
  while (n < 3 && n < capture->length && (capture->bytes[n] & 0xC0) == 0x80) n++; /* NOLINT: read(2) has filled it */
  capture->length -= n;
  capture->dropped += n;
  memmove(capture->bytes, capture->bytes + n, capture->length);
}

/* Replaces bad bytes; each becomes at most three. A character that the limit cut in two is left out, not replaced. */
static int decode(cp__capture *capture) {
  bool keeps_tail = capture->overflow == CP_OVERFLOW_KEEP_TAIL;
  if (keeps_tail && capture->dropped > 0) drop_partial_head(capture);
  if (cp__utf8_valid(capture->bytes, capture->length) == capture->length) return 0;
  if (capture->length > SIZE_MAX / 4) return UV_ENOMEM;
  char *text = malloc(capture->length * 3 + 4);
  cp__utf8 state = {0};
  if (text == NULL) return UV_ENOMEM;
  bool whole = capture->dropped == 0 || keeps_tail;
  size_t length = cp__utf8_decode(&state, capture->bytes, capture->length, whole, text);
  capture->dropped += state.count; /* 0, unless the limit cut a character */
  free(capture->bytes);
  capture->bytes = text;
  capture->length = length;
  return 0;
}

int cp__capture_take(cp__capture *capture, cp_encoding encoding, cp_bytes *out) {
  if (capture->bytes == NULL) capture->bytes = malloc(1);
  if (capture->bytes == NULL) return UV_ENOMEM;
  straighten(capture);
  if (encoding == CP_ENCODING_UTF8 && decode(capture) != 0) return UV_ENOMEM;
  capture->bytes[capture->length] = '\0';
  *out = (cp_bytes){.bytes = capture->bytes, .length = capture->length, .dropped = capture->dropped};
  *capture = (cp__capture){0};
  return 0;
}

void cp__capture_free(cp__capture *capture) {
  free(capture->bytes);
  *capture = (cp__capture){0};
}
