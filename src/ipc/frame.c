/* frame.c - where one message ends and the next begins. */
#include "frame.h"

#include <limits.h>
#include <stdlib.h>

#include "pages.h"

enum {
  HEADER = 4,           /* bytes of the length */
  READ_BYTES = 65536,   /* room for one read */
  LARGE_READ = 1 << 18, /* the same, inside of a large message */
  KEPT_BYTES = 9 << 20  /* more memory than this is given back when it is empty */
};

void cp__framer_init(cp__framer *framer, cp_serialization serialization, size_t max_bytes) {
  *framer = (cp__framer){.serialization = serialization, .max_bytes = max_bytes};
}

void cp__framer_free(cp__framer *framer) {
  free(framer->bytes);
  framer->bytes = NULL;
  framer->capacity = framer->start = framer->end = framer->searched = 0;
}

bool cp__framer_is_inside(const cp__framer *framer) { return framer->start < framer->end; }

/* Brings what is left to the front. */
static void compact(cp__framer *framer) {
  size_t left = framer->end - framer->start;
  if (framer->start == 0) return;
  if (left > 0) memmove(framer->bytes, framer->bytes + framer->start, left);
  framer->searched = framer->searched > framer->start ? framer->searched - framer->start : 0;
  framer->start = 0;
  framer->end = left;
}

/* A newline may be any number of bytes away, so that a large line doubles the memory; a large frame says its length. */
static size_t wanted_capacity(const cp__framer *framer) {
  size_t doubled = framer->end + (framer->end > LARGE_READ ? framer->end : READ_BYTES);
  if (framer->serialization != CP_SERIALIZATION_ADVANCED || framer->end < HEADER) return doubled;
  const uint8_t *b = framer->bytes;
  size_t whole = HEADER + (((size_t)b[0] << 24) | ((size_t)b[1] << 16) | ((size_t)b[2] << 8) | b[3]);
  return whole > framer->end && whole < doubled ? whole : doubled;
}

static bool resize(cp__framer *framer, size_t capacity) {
  uint8_t *bytes = realloc(framer->bytes, capacity);
  if (bytes == NULL) return false;
  cp__pages_hint(bytes, capacity);
  framer->bytes = bytes;
  framer->capacity = capacity;
  return true;
}

void cp__framer_trim(cp__framer *framer) {
  if (framer->start < framer->end) return;
  framer->start = framer->end = framer->searched = 0;
  if (framer->capacity > KEPT_BYTES) cp__framer_free(framer);
}

uint8_t *cp__framer_room(cp__framer *framer, size_t *room) {
  cp__framer_trim(framer);
  if (framer->capacity - framer->end < READ_BYTES / 4) {
    compact(framer);
    size_t capacity = wanted_capacity(framer);
    if (framer->capacity < capacity && !resize(framer, capacity)) return NULL;
  }
  *room = framer->capacity - framer->end;
  if (*room > LARGE_READ) *room = LARGE_READ;
  return framer->bytes + framer->end;
}

void cp__framer_commit(cp__framer *framer, size_t length) { framer->end += length; }

static int next_line(cp__framer *framer, uint8_t **payload, size_t *length) {
  size_t from = framer->searched > framer->start ? framer->searched : framer->start;
  uint8_t *newline = framer->end > from ? memchr(framer->bytes + from, '\n', framer->end - from) : NULL;
  size_t end = newline != NULL ? (size_t)(newline - framer->bytes) : framer->end;
  framer->searched = end;
  if (end - framer->start > framer->max_bytes) return CP_ETOOBIG;
  if (newline == NULL) return 0;
  *newline = '\0';
  *payload = framer->bytes + framer->start;
  *length = end - framer->start;
  framer->start = framer->searched = end + 1;
  return 1;
}

static int next_block(cp__framer *framer, uint8_t **payload, size_t *length) {
  if (framer->end - framer->start < HEADER) return 0;
  const uint8_t *b = framer->bytes + framer->start;
  size_t size = ((size_t)b[0] << 24) | ((size_t)b[1] << 16) | ((size_t)b[2] << 8) | b[3];
  if (size > framer->max_bytes) return CP_ETOOBIG;
  if (framer->end - framer->start - HEADER < size) return 0;
  *payload = framer->bytes + framer->start + HEADER;
  *length = size;
  framer->start += HEADER + size;
  return 1;
}

int cp__framer_next(cp__framer *framer, uint8_t **payload, size_t *length) {
  if (framer->start == framer->end) return 0;
  return framer->serialization == CP_SERIALIZATION_JSON ? next_line(framer, payload, length)
                                                        : next_block(framer, payload, length);
}

uint8_t *cp__framer_steal(cp__framer *framer) {
  cp__framer old = *framer;
  size_t left = old.end - old.start;
  framer->bytes = NULL;
  framer->capacity = 0;
  if (left > 0 && !resize(framer, left + READ_BYTES)) {
    *framer = old;
    return NULL;
  }
  if (left > 0) memcpy(framer->bytes, old.bytes + old.start, left);
  framer->start = 0;
  framer->end = left;
  framer->searched = old.searched > old.start ? old.searched - old.start : 0;
  return old.bytes;
}

size_t cp__frame_begin(cp__buffer *out, cp_serialization serialization) {
  size_t begin = out->length;
  if (serialization == CP_SERIALIZATION_ADVANCED) cp__buffer_add(out, (const uint8_t[HEADER]){0}, HEADER);
  return begin;
}

int cp__frame_end(cp__buffer *out, cp_serialization serialization, size_t begin) {
  if (serialization == CP_SERIALIZATION_JSON) cp__buffer_byte(out, '\n');
  if (out->failed) return UV_ENOMEM;
  if (out->length - begin > INT_MAX) return CP_ETOOBIG; /* Node's own writer takes no more */
  if (serialization == CP_SERIALIZATION_JSON) return 0;
  size_t size = out->length - begin - HEADER;
  uint8_t *b = out->bytes + begin;
  b[0] = (uint8_t)(size >> 24);
  b[1] = (uint8_t)(size >> 16);
  b[2] = (uint8_t)(size >> 8);
  b[3] = (uint8_t)size;
  return 0;
}

const uint8_t *cp__frame_payload(const cp__buffer *out, cp_serialization serialization, size_t begin, size_t *length) {
  bool text = serialization == CP_SERIALIZATION_JSON;
  *length = out->length - begin - (text ? 1 : HEADER);
  return out->bytes + begin + (text ? 0 : HEADER);
}
