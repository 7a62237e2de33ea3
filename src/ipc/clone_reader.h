/* clone_reader.h - what the files that read structured clone bytes share. */
#ifndef CP_IPC_CLONE_READER_H
#define CP_IPC_CLONE_READER_H

#include "value.h"

enum {
  CP__CLONE_SLOTS = 64, /* on the C stack: most messages need no more */
  CP__CLONE_IDS = 32,
  CP__CLONE_KEYS = 64 /* keys that are remembered */
};

typedef struct cp__clone_reader {
  const uint8_t *start, *at, *end;
  cp_heap *heap;
  cp_value *slots; /* what the objects that have not ended yet have so far */
  size_t slot_count, slot_capacity;
  cp__object **ids; /* by number; NULL: a host object that is not complete */
  size_t id_count, id_capacity;
  size_t values_left; /* that the limits allow */
  size_t owed;        /* elements that open dense arrays must still get: each takes a byte at least */
  unsigned depth_left;
  bool channel;    /* views have a byte before them */
  bool view_flags; /* views have flags behind them */
  bool keys_ready;
  int code; /* why it failed */
  const char *why;
  cp_value keys[CP__CLONE_KEYS]; /* ASCII keys met before: objects tend to have the same ones */
  cp_value local_slots[CP__CLONE_SLOTS];
  cp__object *local_ids[CP__CLONE_IDS];
} cp__clone_reader;

/* Any value. */
bool cp__clone_value(cp__clone_reader *r, cp_value *out);

/* A new object, which takes the next id, and *out; NULL: out of memory. */
cp__object *cp__clone_begin(cp__clone_reader *r, cp_type type, cp_value *out);

/* ---------------------------------------------------------------- failing: all return false */

static inline bool cp__clone_fails(cp__clone_reader *r, int code, const char *why) {
  r->code = code;
  r->why = why;
  return false;
}

static inline bool cp__clone_malformed(cp__clone_reader *r, const char *why) {
  return cp__clone_fails(r, CP_EMESSAGE, why);
}

static inline bool cp__clone_out_of_memory(cp__clone_reader *r) {
  return cp__clone_fails(r, UV_ENOMEM, "out of memory");
}

static inline bool cp__clone_too_many(cp__clone_reader *r) {
  return cp__clone_fails(r, CP_ETOOBIG, "it has more values than limits.max_values");
}

/* ---------------------------------------------------------------- bytes */

static inline size_t cp__clone_left(const cp__clone_reader *r) { return (size_t)(r->end - r->at); }

static inline bool cp__clone_byte(cp__clone_reader *r, uint8_t *byte) {
  if (r->at == r->end) return cp__clone_malformed(r, "it ends too early");
  *byte = *r->at++;
  return true;
}

static inline bool cp__clone_bytes(cp__clone_reader *r, size_t length, const uint8_t **bytes) {
  if (length > cp__clone_left(r)) return cp__clone_malformed(r, "it ends too early");
  *bytes = r->at;
  r->at += length;
  return true;
}

/* Seven bits a byte, the low ones first. As V8 does, reads five bytes at most and drops the bits beyond the 32nd. */
enum { CP__CLONE_CUT = -1 };
int64_t cp__clone_long_varint(cp__clone_reader *r); /* CP__CLONE_CUT: it has failed */

static inline bool cp__clone_varint(cp__clone_reader *r, uint32_t *number) {
  if (r->at != r->end && *r->at < 0x80) {
    *number = *r->at++;
    return true;
  }
  int64_t result = cp__clone_long_varint(r);
  *number = (uint32_t)result;
  return result != CP__CLONE_CUT;
}

/* A varint of five bytes at most, of which eight can be looked at; 0: it is longer. */
static inline size_t cp__clone_peek_varint(const uint8_t *at, uint32_t *number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t word;
  memcpy(&word, at, sizeof word);
  uint64_t ends = ~word & UINT64_C(0x8080808080);
  if (ends == 0) return 0;
  word &= ends ^ (ends - 1);
  *number = (uint32_t)((word & 0x7F) | (word & 0x7F00) >> 1 | (word & 0x7F0000) >> 2 | (word & 0x7F000000) >> 3 |
                       (word & UINT64_C(0x7F00000000)) >> 4);
  return ((size_t)__builtin_ctzll(ends) + 1) / 8;
#else
  size_t length = 0;
  for (*number = 0; length < 5; length++) {
    *number |= (uint32_t)(at[length] & 0x7F) << (7 * length);
    if (at[length] < 0x80) return length + 1;
  }
  return 0;
#endif
}

/* A tag inside of an object: no padding before it, and two bytes if the first says so. */
static inline bool cp__clone_part(cp__clone_reader *r, uint8_t *part) {
  uint8_t low, high;
  if (!cp__clone_byte(r, &low)) return false;
  *part = low;
  if (low < 0x80) return true;
  if (!cp__clone_byte(r, &high)) return false;
  if (high >= 0x80 && r->at == r->end) return cp__clone_malformed(r, "it ends too early");
  *part = (uint8_t)((low & 0x7F) | high << 7);
  return true;
}

/* ---------------------------------------------------------------- texts: clone_text.c */

/* What stands behind the tags of the three kinds of strings. */
bool cp__clone_one_byte(cp__clone_reader *r, cp_value *out);
bool cp__clone_two_byte(cp__clone_reader *r, cp_value *out);
bool cp__clone_utf8(cp__clone_reader *r, cp_value *out);

/* A key of an object: always a string. It sets *index if it could be an array index. */
bool cp__clone_object_key(cp__clone_reader *r, cp_value *key, bool *index);

/* A key of an array: a number if it is an index, else a string. */
bool cp__clone_array_key(cp__clone_reader *r, cp_value *key);

/* A number in JavaScript's decimal. */
bool cp__clone_number_key(cp__clone_reader *r, double number, cp_value *key);

/* ---------------------------------------------------------------- buffers: clone_view.c */

/* What stands behind the tags of an ArrayBuffer, and of a view as Node writes it, with its own bytes. */
bool cp__clone_array_buffer(cp__clone_reader *r, bool resizable, cp_value *out);
bool cp__clone_host_view(cp__clone_reader *r, cp_value *out);

/* The record of V8's own that may stand behind an ArrayBuffer: the view takes its place. */
bool cp__clone_view_behind(cp__clone_reader *r, cp_value *out);

#endif
