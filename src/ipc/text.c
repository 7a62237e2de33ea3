/* text.c - WTF-8, Latin-1 and UTF-16. ASCII, which most text is, goes 16 bytes at a time. */
#include "text.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#if defined(__x86_64__) && !defined(CP__TEXT_PLAIN)
#include "text_avx2.h"
#define BY_AVX2(condition, call)                                                                                       \
  if ((condition) && has_avx2()) return call
#else
#define BY_AVX2(condition, call) (void)0
#endif

typedef unsigned char byte;

static const uint64_t HIGH_BITS = UINT64_C(0x8080808080808080);
enum { STEP = 16, REPLACEMENT = 0xFFFD };

static uint64_t load64(const void *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

/* The first byte is the lowest, whatever the machine. Compilers make one instruction of it. */
static uint32_t load32(const byte *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

#ifdef __SSE2__
static __m128i load128(const void *bytes) { return _mm_loadu_si128(bytes); }
#endif

/* How many of 16 bytes are ASCII before one is not. */
static size_t ascii_step(const byte *at) {
#ifdef __SSE2__
  unsigned others = (unsigned)_mm_movemask_epi8(load128(at));
  return others == 0 ? STEP : (size_t)__builtin_ctz(others);
#else
  size_t count = 0;
  if (((load64(at) | load64(at + 8)) & HIGH_BITS) == 0) return STEP;
  while (at[count] < 0x80) count++;
  return count;
#endif
}

/* Four steps at once. */
static bool ascii_stride(const byte *at) {
#ifdef __SSE2__
  __m128i low = _mm_or_si128(load128(at), load128(at + STEP));
  __m128i high = _mm_or_si128(load128(at + 2 * STEP), load128(at + 3 * STEP));
  return _mm_movemask_epi8(_mm_or_si128(low, high)) == 0;
#else
  uint64_t all = 0;
  for (size_t i = 0; i < 4 * STEP; i += 8) all |= load64(at + i);
  return (all & HIGH_BITS) == 0;
#endif
}

/* Fewer than 16 bytes are two words that may overlap. */
static bool ascii_tail(const byte *at, size_t length) {
  if (length >= 8) return ((load64(at) | load64(at + length - 8)) & HIGH_BITS) == 0;
  if (length >= 4) return ((load32(at) | load32(at + length - 4)) & (uint32_t)HIGH_BITS) == 0;
  return length == 0 || ((at[0] | at[length / 2] | at[length - 1]) & 0x80) == 0;
}

/* The first byte that is not ASCII. */
static const byte *skip_ascii(const byte *at, const byte *end) {
  while (end - at >= 4 * STEP && ascii_stride(at)) at += 4 * STEP;
  for (size_t count = STEP; end - at >= STEP; at += count) {
    count = ascii_step(at);
    if (count < STEP) return at + count;
  }
  if (ascii_tail(at, (size_t)(end - at))) return end;
  while (*at < 0x80) at++; /* there is one before the end */
  return at;
}

bool cp__text_is_ascii(const char *text, size_t length) {
  const byte *end = (const byte *)text + length;
  return skip_ascii((const byte *)text, end) == end;
}

/* ---------------------------------------------------------------- well-formed or not */

static bool follows(byte b) { return (b & 0xC0) == 0x80; }

static bool is_high(const byte *at, const byte *end) {
  return end - at >= 3 && at[0] == 0xED && (at[1] & 0xF0) == 0xA0;
}
static bool is_low(const byte *at, const byte *end) { return end - at >= 3 && at[0] == 0xED && (at[1] & 0xF0) == 0xB0; }

/* Whether three bytes are a character that is not below U+0800. A surrogate is one. */
static bool three(const byte *at) {
  return (at[0] & 0xF0) == 0xE0 && follows(at[1]) && follows(at[2]) && (at[0] != 0xE0 || at[1] >= 0xA0);
}

/* Whether four bytes are a character from U+10000 to U+10FFFF. */
static bool four(const byte *at) {
  if (at[0] < 0xF0 || at[0] > 0xF4 || !follows(at[1]) || !follows(at[2]) || !follows(at[3])) return false;
  return (at[0] != 0xF0 || at[1] >= 0x90) && (at[0] != 0xF4 || at[1] < 0x90);
}

/* The length of the character; 0: there is none. Half a pair is one, but not if the other half follows. */
static size_t character(const byte *at, const byte *end) {
  if (at[0] < 0x80) return 1;
  if (at[0] < 0xE0) return at[0] >= 0xC2 && end - at >= 2 && follows(at[1]) ? 2 : 0;
  if (at[0] >= 0xF0) return end - at >= 4 && four(at) ? 4 : 0;
  if (end - at < 3 || !three(at)) return 0;
  return is_high(at, end) && is_low(at + 3, end) && follows(at[5]) ? 0 : 3;
}

/* A character of two bytes at the bottom of a word: lead and follower, not overlong. */
static bool word_is_two(uint32_t word) { return (word & 0xC0E0) == 0x80C0 && (word & 0x1E) != 0; }

/* One of three bytes that is no surrogate. */
static bool word_is_three(uint32_t word) {
  uint32_t start = word & 0x200F; /* the lead, and the bit that tells overlong ones and surrogates from others */
  return (word & 0xC0C0F0) == 0x8080E0 && start != 0 && start != 0x200D;
}

/* Characters of two and three bytes come in runs: of these, without the ends of the text. */
static const byte *skip_run(const byte *at, const byte *end) {
  for (; end - at >= 4; at += 4) {
    uint32_t word = load32(at);
    if (!word_is_two(word) || !word_is_two(word >> 16)) break;
  }
  while (end - at >= 4 && word_is_three(load32(at))) at += 3;
  return at;
}

/* The first byte that is not part of a well-formed text. */
static const byte *skip_valid(const byte *at, const byte *end) {
  while (at < end) {
    if (*at < 0x80) at = skip_ascii(at, end);
    at = skip_run(at, end);
    if (at == end) break;
    size_t length = character(at, end);
    if (length == 0) break;
    at += length;
  }
  return at;
}

bool cp__text_is_valid(const char *text, size_t length) {
  const byte *end = (const byte *)text + length;
  return skip_valid((const byte *)text, end) == end;
}

/* ---------------------------------------------------------------- repairing */

static byte *put_character(byte *out, uint32_t code) {
  if (code < 0x80) {
    *out++ = (byte)code;
  } else if (code < 0x800) {
    *out++ = (byte)(0xC0 | code >> 6);
    *out++ = (byte)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = (byte)(0xE0 | code >> 12);
    *out++ = (byte)(0x80 | (code >> 6 & 0x3F));
    *out++ = (byte)(0x80 | (code & 0x3F));
  } else {
    *out++ = (byte)(0xF0 | code >> 18);
    *out++ = (byte)(0x80 | (code >> 12 & 0x3F));
    *out++ = (byte)(0x80 | (code >> 6 & 0x3F));
    *out++ = (byte)(0x80 | (code & 0x3F));
  }
  return out;
}

/* The surrogate in three bytes, without what all surrogates have in common. */
static uint32_t half(const byte *at) { return (uint32_t)(at[1] & 0x0F) << 6 | (at[2] & 0x3F); }

static uint32_t join(uint32_t high_half, uint32_t low_half) { return 0x10000 + (high_half << 10) + low_half; }

/*
 * How many bytes one U+FFFD stands for: the longest beginning of a character ("maximal subpart", as in WHATWG's
 * decoder), or one byte. A beginning is lead, second, third of the right ranges with the rest missing.
 */
static size_t bad_bytes(const byte *at, const byte *end) {
  byte low = 0x80, high = 0xBF;
  if (at[0] < 0xE0 || at[0] > 0xF4) return 1;
  if (at[0] == 0xE0) low = 0xA0;
  if (at[0] == 0xED) high = 0x9F;
  if (at[0] == 0xF0) low = 0x90;
  if (at[0] == 0xF4) high = 0x8F;
  if (end - at < 2 || at[1] < low || at[1] > high) return 1;
  return at[0] >= 0xF0 && end - at >= 3 && follows(at[2]) ? 3 : 2;
}

size_t cp__text_repair(char *out, const char *text, size_t length) {
  const byte *at = (const byte *)text, *end = at + length;
  byte *to = (byte *)out;
  while (at < end) {
    const byte *valid = skip_valid(at, end);
    memcpy(to, at, (size_t)(valid - at));
    to += valid - at;
    at = valid;
    if (at == end) break;
    if (is_high(at, end) && follows(at[2])) { /* it was stopped at because of its other half */
      to = put_character(to, join(half(at), half(at + 3)));
      at += 6;
    } else {
      to = put_character(to, REPLACEMENT);
      at += bad_bytes(at, end);
    }
  }
  return (size_t)(to - (byte *)out);
}

/* ---------------------------------------------------------------- measuring */

/* Characters of four bytes are two units, the others one; what has a lead above C3 is no Latin-1. */
static cp__text_shape measure_tail(const byte *at, const byte *end) {
  cp__text_shape shape = {.narrow = true};
  for (; at < end; at++) {
    shape.units += !follows(*at) + (*at >= 0xF0);
    if (*at >= 0xC4) shape.narrow = false;
  }
  return shape;
}

#ifdef __SSE2__
/* Whole steps. Counts of a byte each are added up before they can overflow. */
static cp__text_shape measure_steps(const byte *at, const byte *end) {
  const __m128i last_follower = _mm_set1_epi8((char)0xBF), four_bytes = _mm_set1_epi8((char)0xF0);
  __m128i most = _mm_setzero_si128(), total = _mm_setzero_si128();
  while (at < end) {
    const byte *stop = end - at > 100 * STEP ? at + 100 * STEP : end; /* up to two a step */
    __m128i counts = _mm_setzero_si128();
    for (; at < stop; at += STEP) {
      __m128i bytes = load128(at);
      counts = _mm_sub_epi8(counts, _mm_cmpgt_epi8(bytes, last_follower)); /* signed: followers are the lowest */
      counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(_mm_max_epu8(bytes, four_bytes), bytes));
      most = _mm_max_epu8(most, bytes);
    }
    total = _mm_add_epi64(total, _mm_sad_epu8(counts, _mm_setzero_si128()));
  }
  uint64_t sums[2];
  _mm_storeu_si128((__m128i *)(void *)sums, total);
  const __m128i wide = _mm_set1_epi8((char)0xC4);
  bool narrow = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(most, wide), most)) == 0;
  return (cp__text_shape){.units = sums[0] + sums[1], .narrow = narrow};
}
#else
static cp__text_shape measure_steps(const byte *at, const byte *end) { return measure_tail(at, end); }
#endif

cp__text_shape cp__text_measure(const char *text, size_t length) {
  BY_AVX2(true, measure_by_avx2((const byte *)text, length));
  const byte *start = (const byte *)text, *end = start + length;
  const byte *at = skip_ascii(start, end);
  size_t whole = (size_t)(end - at) / STEP * STEP;
  cp__text_shape steps = measure_steps(at, at + whole), tail = measure_tail(at + whole, end);
  return (cp__text_shape){.units = (size_t)(at - start) + steps.units + tail.units,
                          .narrow = steps.narrow && tail.narrow};
}

/* ---------------------------------------------------------------- to V8's encodings */

void cp__text_to_latin1(uint8_t *out, const char *text, size_t length) {
  BY_AVX2(true, to_latin1_by_avx2(out, (const byte *)text, length));
  const byte *at = (const byte *)text, *end = at + length;
  while (at < end) {
    if (*at >= 0x80) {
      *out++ = (byte)(at[0] << 6 | (at[1] & 0x3F));
      at += 2;
      continue;
    }
    const byte *stop = skip_ascii(at, end);
    memcpy(out, at, (size_t)(stop - at));
    out += stop - at;
    at = stop;
  }
}

static uint8_t *put_unit(uint8_t *out, uint32_t unit) {
  out[0] = (uint8_t)unit;
  out[1] = (uint8_t)(unit >> 8);
  return out + 2;
}

/* Reads a character that is not ASCII. */
static const byte *get_character(const byte *at, uint32_t *code) {
  if (at[0] < 0xE0) {
    *code = (uint32_t)(at[0] & 0x1F) << 6 | (at[1] & 0x3F);
    return at + 2;
  }
  if (at[0] < 0xF0) {
    *code = (uint32_t)(at[0] & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
    return at + 3;
  }
  *code =
      (uint32_t)(at[0] & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 | (uint32_t)(at[2] & 0x3F) << 6 | (at[3] & 0x3F);
  return at + 4;
}

/* ASCII to units. */
static uint8_t *widen(uint8_t *out, const byte *at, const byte *end) {
#ifdef __SSE2__
  for (; end - at >= STEP; at += STEP, out += 2 * STEP) {
    __m128i bytes = load128(at), zero = _mm_setzero_si128();
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi8(bytes, zero));
    _mm_storeu_si128((__m128i *)(void *)(out + STEP), _mm_unpackhi_epi8(bytes, zero));
  }
#endif
  for (; at < end; at++) out = put_unit(out, *at);
  return out;
}

void cp__text_to_utf16(uint8_t *out, const char *text, size_t length) {
  BY_AVX2(true, to_utf16_by_avx2(out, (const byte *)text, length));
  const byte *at = (const byte *)text, *end = at + length;
  while (at < end) {
    if (*at < 0x80) {
      const byte *stop = skip_ascii(at, end);
      out = widen(out, at, stop);
      at = stop;
      continue;
    }
    uint32_t code;
    for (; at < end && (*at & 0xF0) == 0xE0; at += 3)
      out = put_unit(out, (uint32_t)at[0] << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F));
    if (at == end || *at < 0x80) continue;
    at = get_character(at, &code);
    if (code >= 0x10000) {
      out = put_unit(out, 0xD800 + ((code - 0x10000) >> 10));
      code = 0xDC00 + (code & 0x3FF);
    }
    out = put_unit(out, code);
  }
}

/* ---------------------------------------------------------------- and back */

size_t cp__text_size_of_latin1(const uint8_t *in, size_t count) {
  BY_AVX2(true, latin1_size_by_avx2(in, count));
  size_t size = count;
  for (size_t i = 0; i < count; i++) size += in[i] >> 7;
  return size;
}

size_t cp__text_size_of_utf16(const uint8_t *in, size_t count) {
  BY_AVX2(true, utf16_size_by_avx2(in, count));
  size_t size = count;
  for (size_t i = 0; i < count; i++) {
    uint16_t unit = (uint16_t)(in[2 * i] | in[2 * i + 1] << 8);
    size += (size_t)(unit >= 0x80) + (size_t)(unit >= 0x800);
  }
  return size;
}

size_t cp__text_from_latin1(char *out, const uint8_t *in, size_t count) {
  BY_AVX2(true, from_latin1_by_avx2((byte *)out, in, count));
  const byte *at = in, *end = in + count;
  byte *to = (byte *)out;
  while (at < end) {
    for (; at < end && *at >= 0x80; at++) {
      *to++ = (byte)(0xC0 | *at >> 6);
      *to++ = (byte)(0x80 | (*at & 0x3F));
    }
    const byte *stop = skip_ascii(at, end);
    memcpy(to, at, (size_t)(stop - at));
    to += stop - at;
    at = stop;
  }
  return (size_t)(to - (byte *)out);
}

static uint32_t get_unit(const byte *at) { return at[0] | (uint32_t)at[1] << 8; }

/* Units that are ASCII to bytes, eight at a time. Returns where it stopped. */
static const byte *narrow(byte **out, const byte *at, const byte *end) {
#ifdef __SSE2__
  const __m128i beyond = _mm_set1_epi16((short)0xFF80);
  for (; end - at >= STEP; at += STEP, *out += STEP / 2) {
    __m128i units = load128(at);
    __m128i clean = _mm_cmpeq_epi16(_mm_and_si128(units, beyond), _mm_setzero_si128());
    if (_mm_movemask_epi8(clean) != 0xFFFF) break;
    _mm_storel_epi64((__m128i *)(void *)*out, _mm_packus_epi16(units, units));
  }
#endif
  for (; at < end && get_unit(at) < 0x80; at += 2) *(*out)++ = *at;
  return at;
}

/* The lowest byte comes first. In one piece: a compiler that sees bytes stores three of them apart. */
static void store32(byte *out, uint32_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  memcpy(out, &word, sizeof word);
}

/* Units that are characters of three bytes each, but the last: four bytes are written. Returns where it stopped. */
static const byte *threes(byte **out, const byte *at, const byte *end) {
  byte *to = *out;
  for (; end - at > 2; at += 2, to += 3) {
    uint32_t unit = get_unit(at);
    if (unit < 0x800 || (unit & 0xF800) == 0xD800) break;
    store32(to, 0x8080E0 | unit >> 12 | (unit & 0xFC0) << 2 | (unit & 0x3F) << 16);
  }
  *out = to;
  return at;
}

/* Of a few units, an end is all there is: the copies that it takes cost more than they save. */
enum { FEW_UNITS = 24 };

size_t cp__text_from_utf16(char *out, const uint8_t *in, size_t count) {
  BY_AVX2(count > FEW_UNITS, from_utf16_by_avx2((byte *)out, in, count));
  const byte *at = in, *end = in + count * 2;
  byte *to = (byte *)out;
  while (at < end) {
    uint32_t code = get_unit(at);
    if (code < 0x80) {
      at = narrow(&to, at, end);
      continue;
    }
    if (code >= 0x800 && (code & 0xF800) != 0xD800) {
      at = threes(&to, at, end);
      code = get_unit(at);
    }
    at += 2;
    if ((code & 0xFC00) == 0xD800 && at < end && (get_unit(at) & 0xFC00) == 0xDC00) {
      code = join(code & 0x3FF, get_unit(at) & 0x3FF);
      at += 2;
    }
    to = put_character(to, code);
  }
  return (size_t)(to - (byte *)out);
}
