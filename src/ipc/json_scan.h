/* json_scan.h - the tokens of JSON, shared by the check and the reader so that they cannot disagree. */
#ifndef CP_IPC_JSON_SCAN_H
#define CP_IPC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "child_process.h"

typedef const uint8_t *cp__json_at; /* a place in a text */

/* What comes; 0, which no token begins with, at the end. */
static inline uint8_t cp__json_peek(cp__json_at p, cp__json_at end) { return p < end ? *p : 0; }

static inline bool cp__json_is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

static inline cp__json_at cp__json_skip_white(cp__json_at p, cp__json_at end, bool *has_newline) {
  for (; p < end && *p <= ' '; p++) {
    if (*p == '\n')
      *has_newline = true;
    else if (*p != ' ' && *p != '\t' && *p != '\r')
      break;
  }
  return p;
}

#ifdef __SSE2__
/* Which of 16 bytes a string cannot simply go over: a quote, a backslash, a control character, no ASCII. */
static inline unsigned cp__json_special(cp__json_at p) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' ');
  __m128i bytes = _mm_loadu_si128((const __m128i *)p);
  __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
  /* Compared with their sign, bytes from 80 on are small, too. */
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(special, _mm_cmplt_epi8(bytes, blank)));
}
#endif

/* The first special byte from `p` on, or `end`. `begin` is where the text begins. */
static inline cp__json_at cp__json_skip_plain(cp__json_at p, cp__json_at begin, cp__json_at end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    unsigned special = cp__json_special(p);
    if (special != 0) return p + __builtin_ctz(special);
  }
  if (end - begin >= 16) { /* the last 16 bytes of the text, without those before `p` */
    unsigned special = cp__json_special(end - 16) >> (16 - (end - p));
    return special != 0 ? p + __builtin_ctz(special) : end;
  }
#endif
  (void)begin;
  while (p < end && *p != '"' && *p != '\\' && *p >= ' ' && *p < 0x80) p++;
  return p;
}

/* The first byte from `p` on that is no digit, or `end`. */
static inline cp__json_at cp__json_skip_digits(cp__json_at p, cp__json_at end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    __m128i moved = _mm_add_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8((char)(128 - '0')));
    int others = _mm_movemask_epi8(_mm_cmpgt_epi8(moved, _mm_set1_epi8(-128 + 9)));
    if (others != 0) return p + __builtin_ctz((unsigned)others);
  }
#endif
  while (p < end && cp__json_is_digit(*p)) p++;
  return p;
}

/* Behind the character outside of ASCII at `p`; NULL: it is no UTF-8. */
static inline cp__json_at cp__json_skip_character(cp__json_at p, cp__json_at end) {
  uint8_t lead = *p;
  size_t left = (size_t)(end - p);
  if (lead >= 0xE1 && lead <= 0xEF && lead != 0xED) { /* the most of them, of three bytes */
    if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80) return NULL;
    return p + 3;
  }
  if (lead < 0xC2 || lead > 0xF4 || left < 2) return NULL;
  if (lead < 0xE0) return (p[1] & 0xC0) == 0x80 ? p + 2 : NULL;
  uint8_t low = lead == 0xE0   ? 0xA0
                : lead == 0xF0 ? 0x90
                               : 0x80,
          high = lead == 0xED   ? 0x9F
                 : lead == 0xF4 ? 0x8F
                                : 0xBF;
  size_t length = lead < 0xF0 ? 3 : 4;
  if (left < length || p[1] < low || p[1] > high || (p[2] & 0xC0) != 0x80) return NULL;
  return length == 3 || (p[3] & 0xC0) == 0x80 ? p + length : NULL;
}

/* The value of a hexadecimal digit, or a number above 15. */
static inline unsigned cp__json_hex_digit(uint8_t byte) {
  if (cp__json_is_digit(byte)) return byte - '0';
  uint8_t letter = (uint8_t)((byte | 0x20) - 'a');
  return letter < 6 ? letter + 10U : 16;
}

/* The four digits of \uXXXX at `p`, all there. */
static inline unsigned cp__json_hex(cp__json_at p) {
  return cp__json_hex_digit(p[0]) << 12 | cp__json_hex_digit(p[1]) << 8 | cp__json_hex_digit(p[2]) << 4 |
         cp__json_hex_digit(p[3]);
}

/* Behind the escape whose backslash is at `p`; NULL: none that JSON has, *bad is where. */
static inline cp__json_at cp__json_skip_escape(cp__json_at p, cp__json_at end, cp__json_at *bad) {
  p++;
  switch (cp__json_peek(p, end)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 1;
    case 'u':
      p++;
      for (int i = 0; i < 4; i++, p++)
        if (p >= end || cp__json_hex_digit(*p) > 15) goto bad;
      return p;
    default:
      break;
  }
bad:
  *bad = p;
  return NULL;
}

/* A text, and what its strings have that a copy of them cannot have as it is. */
typedef struct cp__json_text {
  cp__json_at begin, end;
  cp__json_at bad; /* where it goes wrong, if it does */
  bool has_escape, is_bad_utf8;
} cp__json_text;

/* Behind the characters outside of ASCII at `p`. */
static inline cp__json_at cp__json_skip_characters(cp__json_text *text, cp__json_at p) {
  while (p < text->end && *p >= 0x80) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Three bytes at once, unless the first is E0 or ED, which have rules of their own for the second. */
    for (uint32_t word; text->end - p >= 4; p += 3) {
      memcpy(&word, p, sizeof word);
      if ((word & 0xC0C0F0) != 0x8080E0 || (word & 0x200F) == 0 || (word & 0x200F) == 0x200D) break;
    }
    if (p[0] < 0x80) break;
#endif
    cp__json_at next = cp__json_skip_character(p, text->end);
    text->is_bad_utf8 |= next == NULL;
    p = next != NULL ? next : p + 1; /* what a bad byte is taken for does not change where the string ends */
  }
  return p;
}

/* Goes on at a special byte of a string. Behind its quote; NULL: it is no string, text->bad is where. */
static cp__json_at cp__json_skip_special(cp__json_text *text, cp__json_at p) {
  cp__json_at end = text->end;
  for (;; p = cp__json_skip_plain(p, text->begin, end)) {
    uint8_t byte = cp__json_peek(p, end);
    if (byte == '"') return p + 1;
    if (byte == '\\') {
      text->has_escape = true;
      p = cp__json_skip_escape(p, end, &text->bad);
      if (p == NULL) return NULL;
    } else if (byte >= 0x80) {
      p = cp__json_skip_characters(text, p);
    } else {
      text->bad = p;
      return NULL;
    }
  }
}

/* Behind the string whose text begins at `p`, after the quote; NULL: it is none, text->bad is where. */
static inline cp__json_at cp__json_skip_string(cp__json_text *text, cp__json_at p) {
  p = cp__json_skip_plain(p, text->begin, text->end);
  if (p < text->end && *p == '"') return p + 1;
  return cp__json_skip_special(text, p);
}

/* Behind `true`, `false` or `null`; NULL: it is not that word, *bad is where. */
static inline cp__json_at cp__json_skip_word(cp__json_at p, cp__json_at end, const char *word, cp__json_at *bad) {
  for (; *word != '\0'; word++, p++) {
    if (cp__json_peek(p, end) == (uint8_t)*word) continue;
    *bad = p;
    return NULL;
  }
  return p;
}

/* Why a text is refused: it goes wrong at `bad`, or beyond a limit at byte `at`. Return CP_EMESSAGE, CP_ETOOBIG. */
int cp__json_malformed(cp_error *error, const cp__json_text *text, cp__json_at bad);
int cp__json_too_big(cp_error *error, size_t at, const char *limit);

#endif
