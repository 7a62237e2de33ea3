/* utf8.c - decoding with "maximal subpart" replacement (Unicode 3.9, table 3-7; WHATWG Encoding). */
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What comes next in the input. */
typedef struct unit {
  enum { WHOLE, BAD, UNFINISHED } kind;
  size_t length;
} unit;

/* The bytes that may follow a lead byte: how many, and the narrower range of the first. */
static size_t followers(unsigned char lead, unsigned char *low, unsigned char *high) {
  *low = 0x80;
  *high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) return 1;
  if (lead == 0xE0) *low = 0xA0;
  if (lead == 0xED) *high = 0x9F;
  if (lead >= 0xE0 && lead <= 0xEF) return 2;
  if (lead == 0xF0) *low = 0x90;
  if (lead == 0xF4) *high = 0x8F;
  if (lead >= 0xF0 && lead <= 0xF4) return 3;
  return 0;
}

static unit next_unit(const unsigned char *bytes, size_t length) {
  if (bytes[0] < 0x80) return (unit){WHOLE, 1};
  unsigned char low, high;
  size_t more = followers(bytes[0], &low, &high);
  if (more == 0) return (unit){BAD, 1};
  for (size_t i = 1; i <= more; i++) {
    if (i == length) return (unit){UNFINISHED, i};
    if (bytes[i] < low || bytes[i] > high) return (unit){BAD, i};
    low = 0x80;
    high = 0xBF;
  }
  return (unit){WHOLE, more + 1};
}

static size_t skip_ascii(const char *bytes, size_t length) {
  size_t i = 0;
  for (uint64_t word; i + sizeof word <= length; i += sizeof word) {
    memcpy(&word, bytes + i, sizeof word);
    if (word & UINT64_C(0x8080808080808080)) break;
  }
  return i;
}

size_t cp__utf8_valid(const char *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    at += skip_ascii(bytes + at, length - at);
    if (at == length) break;
    unit next = next_unit((const unsigned char *)bytes + at, length - at);
    if (next.kind != WHOLE) break;
    at += next.length;
  }
  return at;
}

bool cp__utf8_is_one_piece(const cp__utf8 *state, const char *bytes, size_t length) {
  size_t valid = state->count > 0 ? 0 : cp__utf8_valid(bytes, length);
  if (state->count > 0) return false;
  return valid == length || next_unit((const unsigned char *)bytes + valid, length - valid).kind == UNFINISHED;
}

/* Replacements and the short runs between them are gathered, so that noise does not mean a call per byte. */
typedef struct gather {
  char bytes[4096];
  size_t length;
  cp__utf8_cb cb;
  void *data;
} gather;

static void flush(gather *out) {
  if (out->length > 0) out->cb(out->bytes, out->length, out->data);
  out->length = 0;
}

static void put(gather *out, const char *bytes, size_t length) {
  if (length > sizeof out->bytes - out->length) flush(out);
  if (length > sizeof out->bytes) {
    out->cb(bytes, length, out->data);
    return;
  }
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void put_replacement(gather *out) { put(out, "\xEF\xBF\xBD", 3); }

/* Completes the held character with bytes of the input; returns how many of them it took. */
static size_t complete(cp__utf8 *state, const char *bytes, size_t length, gather *out) {
  size_t taken = 0;
  while (state->count > 0 && state->count < sizeof state->held) {
    if (taken == length) return taken;
    state->held[state->count] = (unsigned char)bytes[taken];
    unit next = next_unit(state->held, state->count + 1);
    if (next.kind == BAD) { /* the new byte does not belong to it: it begins something else */
      put_replacement(out);
      state->count = 0;
      break;
    }
    taken++;
    state->count++;
    if (next.kind == UNFINISHED) continue;
    put(out, (const char *)state->held, state->count);
    state->count = 0;
  }
  return taken;
}

static void hold(cp__utf8 *state, const char *bytes, size_t length) {
  memcpy(state->held, bytes, length);
  state->count = length;
}

/* A valid beginning straight from the input if nothing is gathered, else a copy. */
static size_t put_valid(gather *out, const char *bytes, size_t length) {
  size_t valid = cp__utf8_valid(bytes, length);
  if (valid == 0) return 0;
  if (out->length == 0 && valid >= sizeof out->bytes / 4)
    out->cb(bytes, valid, out->data);
  else
    put(out, bytes, valid);
  return valid;
}

void cp__utf8_feed(cp__utf8 *state, const char *bytes, size_t length, cp__utf8_cb cb, void *data) {
  gather out = {.length = 0, .cb = cb, .data = data};
  size_t at = complete(state, bytes, length, &out);
  while (at < length) {
    at += put_valid(&out, bytes + at, length - at);
    if (at == length) break;
    unit next = next_unit((const unsigned char *)bytes + at, length - at);
    if (next.kind == UNFINISHED) {
      hold(state, bytes + at, next.length);
      break;
    }
    put_replacement(&out);
    at += next.length;
  }
  flush(&out);
}

void cp__utf8_end(cp__utf8 *state, cp__utf8_cb cb, void *data) {
  if (state->count > 0) cb("\xEF\xBF\xBD", 3, data);
  state->count = 0;
}

typedef struct written_text {
  char *bytes;
  size_t length;
} written_text;

static void append(const char *bytes, size_t length, void *data) {
  written_text *text = data;
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
}

size_t cp__utf8_decode(cp__utf8 *state, const char *bytes, size_t length, bool last, char *text) {
  written_text written = {.bytes = text};
  cp__utf8_feed(state, bytes, length, append, &written);
  if (last) cp__utf8_end(state, append, &written);
  return written.length;
}
