/*
 * text_avx2.h - the conversions of text.c on machines that have AVX2, with which a table's row moves bytes together.
 *
 * A step reads and writes whole registers, beyond what it converts. In the middle of a text that is memory of its own:
 * each byte or unit that is still to come is read, and becomes a byte at least. The end is converted on a copy.
 */
#ifndef CP_IPC_TEXT_AVX2_H
#define CP_IPC_TEXT_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text.h"
#include "text_rows.h"

#define AVX2 __attribute__((target("avx2,popcnt")))
#define INLINE AVX2 __attribute__((always_inline)) static inline /* a step that is called is four times as slow */

/* How far a conversion is. */
typedef struct cursor {
  const uint8_t *at;
  uint8_t *to;
} cursor;

enum {
  HALF = 16, /* bytes of a half register */
  WHOLE = 32,
  MIDDLE = 2 * WHOLE /* bytes or units that must be left for a step in the middle */
};

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"); }

INLINE __m128i load_half(const void *from) { return _mm_loadu_si128(from); }
INLINE __m256i load_whole(const void *from) { return _mm256_loadu_si256(from); }
INLINE void store_half(void *to, __m128i bytes) { _mm_storeu_si128(to, bytes); }
INLINE void store_whole(void *to, __m256i bytes) { _mm256_storeu_si256(to, bytes); }
INLINE __m128i low_half(__m256i bytes) { return _mm256_castsi256_si128(bytes); }
INLINE __m128i high_half(__m256i bytes) { return _mm256_extracti128_si256(bytes, 1); }
INLINE unsigned signs(__m256i bytes) { return (unsigned)_mm256_movemask_epi8(bytes); }
INLINE size_t bits(unsigned mask) { return (size_t)__builtin_popcount(mask); }

/* The bits of each byte, moved; what comes in from its neighbour is masked away. */
INLINE __m256i up(__m256i bytes, int shift, uint8_t mask) {
  return _mm256_and_si256(_mm256_slli_epi16(bytes, shift), _mm256_set1_epi8((char)mask));
}
INLINE __m256i down(__m256i bytes, int shift, uint8_t mask) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, shift), _mm256_set1_epi8((char)mask));
}

INLINE __m256i only(__m256i bytes, uint8_t mask) { return _mm256_and_si256(bytes, _mm256_set1_epi8((char)mask)); }

/* Which bytes begin a character. */
INLINE unsigned first_bytes(__m256i bytes) {
  return signs(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8((char)0xBF))); /* signed: the others are the lowest */
}

/* As memcpy(), for less than a register, without a call. The pieces at the two ends overlap. */
INLINE void copy_part(uint8_t *to, const uint8_t *from, size_t length) {
  if (length >= HALF) {
    __m128i first = load_half(from), last = load_half(from + length - HALF);
    store_half(to, first);
    store_half(to + length - HALF, last);
  } else if (length >= 8) {
    __m128i first = _mm_loadl_epi64((const void *)from), last = _mm_loadl_epi64((const void *)(from + length - 8));
    _mm_storel_epi64((void *)to, first);
    _mm_storel_epi64((void *)(to + length - 8), last);
  } else {
    for (size_t i = 0; i < length; i++) to[i] = from[i];
  }
}

/* For some registers. */
INLINE void copy_end(uint8_t *to, const uint8_t *from, size_t length) {
  for (; length >= WHOLE; length -= WHOLE, to += WHOLE, from += WHOLE) store_whole(to, load_whole(from));
  copy_part(to, from, length);
}

/* ---------------------------------------------------------------- measuring */

/*
 * Adds up for each place: characters of four bytes are two units, the others one; a lead above C3 is no Latin-1. The
 * comparisons are -1.
 */
INLINE __m256i measure_step(__m256i counts, const uint8_t *at, __m256i *most) {
  __m256i bytes = load_whole(at);
  *most = _mm256_max_epu8(*most, bytes);
  counts = _mm256_sub_epi8(counts, _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8((char)0xBF)));
  return _mm256_sub_epi8(counts, _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8((char)0xF0)), bytes));
}

AVX2 static cp__text_shape measure_by_avx2(const uint8_t *text, size_t length) {
  enum { STEPS = 127 /* before a sum of bytes could overflow */ };
  const __m256i zero = _mm256_setzero_si256();
  uint8_t rest[WHOLE] = {0};
  const uint8_t *at = text, *end = text + length;
  size_t left = length % WHOLE;
  copy_part(rest, end - left, left);
  __m256i most = zero, total = _mm256_sad_epu8(measure_step(zero, rest, &most), zero);
  for (end -= left; at < end;) {
    const uint8_t *stop = end - at > STEPS * WHOLE ? at + STEPS * WHOLE : end;
    __m256i counts = zero;
    for (; at < stop; at += WHOLE) counts = measure_step(counts, at, &most);
    total = _mm256_add_epi64(total, _mm256_sad_epu8(counts, zero));
  }
  uint64_t sums[4];
  store_whole(sums, total);
  unsigned wide = signs(_mm256_cmpeq_epi8(_mm256_max_epu8(most, _mm256_set1_epi8((char)0xC4)), most));
  size_t zeros = WHOLE - left; /* a unit each */
  return (cp__text_shape){.units = sums[0] + sums[1] + sums[2] + sums[3] - zeros, .narrow = wide == 0};
}

/* The bytes that Latin-1 needs as text. */
AVX2 static size_t latin1_size_by_avx2(const uint8_t *in, size_t count) {
  size_t size = count, i = 0;
  for (; i + WHOLE <= count; i += WHOLE) size += bits(signs(load_whole(in + i)));
  for (; i < count; i++) size += in[i] >> 7;
  return size;
}

/* And UTF-16, two bytes too much for each pair of surrogates. */
AVX2 static size_t utf16_size_by_avx2(const uint8_t *in, size_t count) {
  const __m256i one = _mm256_set1_epi16((short)0xFF80), two = _mm256_set1_epi16((short)0xF800);
  size_t small = 0, i = 0, zeros = 0; /* each unit that is below a bound is twice in its sign bits */
  uint8_t rest[WHOLE] = {0};
  for (; i < count; i += HALF) {
    const uint8_t *at = in + 2 * i;
    if (count - i < HALF) {
      zeros = HALF - (count - i);
      copy_part(rest, at, 2 * (count - i));
      at = rest;
    }
    __m256i units = load_whole(at), zero = _mm256_setzero_si256();
    small += bits(signs(_mm256_cmpeq_epi16(_mm256_and_si256(units, one), zero)));
    small += bits(signs(_mm256_cmpeq_epi16(_mm256_and_si256(units, two), zero)));
  }
  return 3 * (count + zeros) - small / 2 - zeros;
}

/* ---------------------------------------------------------------- from text */

/*
 * At the place of each character's first byte stand the two bytes of its unit. What stands at the places of its other
 * bytes means nothing, and `first` does not have their bits.
 */
typedef struct planes {
  __m256i low, high;
  unsigned first;
} planes;

/* Characters of one and two bytes. */
INLINE planes planes_of_two(const uint8_t *at) {
  __m256i bytes = load_whole(at), next = load_whole(at + 1);
  __m256i low = _mm256_or_si256(up(bytes, 6, 0xC0), only(next, 0x3F));
  __m256i wide = _mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes);
  return (planes){.low = _mm256_blendv_epi8(bytes, low, wide),
                  .high = _mm256_and_si256(down(bytes, 2, 0x07), wide),
                  .first = first_bytes(bytes)};
}

/* Characters of one to three bytes. */
INLINE planes planes_of_three(const uint8_t *at) {
  __m256i bytes = load_whole(at), second = load_whole(at + 1), third = load_whole(at + 2);
  __m256i long_ones = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8((char)0xE0)), bytes);
  __m256i last_but_one = _mm256_blendv_epi8(bytes, second, long_ones);
  __m256i last = _mm256_blendv_epi8(second, third, long_ones);
  __m256i low = _mm256_or_si256(up(last_but_one, 6, 0xC0), only(last, 0x3F));
  __m256i high = _mm256_or_si256(down(last_but_one, 2, 0x0F), _mm256_and_si256(up(bytes, 4, 0xF0), long_ones));
  __m256i wide = _mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes);
  return (planes){
      .low = _mm256_blendv_epi8(bytes, low, wide), .high = _mm256_and_si256(high, wide), .first = first_bytes(bytes)};
}

/* The units of eight places. */
INLINE uint8_t *put_eight(uint8_t *to, __m128i low, __m128i high, unsigned first) {
  __m128i row = _mm_loadl_epi64((const void *)&kept_rows[first]);
  store_half(to, _mm_unpacklo_epi8(_mm_shuffle_epi8(low, row), _mm_shuffle_epi8(high, row)));
  return to + 2 * bits(first);
}

INLINE uint8_t *put_sixteen(uint8_t *to, __m128i low, __m128i high, unsigned first) {
  to = put_eight(to, low, high, first & 0xFF);
  return put_eight(to, _mm_unpackhi_epi64(low, low), _mm_unpackhi_epi64(high, high), first >> 8 & 0xFF);
}

INLINE uint8_t *put_planes(uint8_t *to, planes units) {
  to = put_sixteen(to, low_half(units.low), low_half(units.high), units.first);
  return put_sixteen(to, high_half(units.low), high_half(units.high), units.first >> HALF);
}

INLINE void put_ascii_units(uint8_t *to, __m256i bytes) {
  store_whole(to, _mm256_cvtepu8_epi16(low_half(bytes)));
  store_whole(to + WHOLE, _mm256_cvtepu8_epi16(high_half(bytes)));
}

enum { FIVE = 15 /* bytes of five characters of three */ };

/* Two times fifteen bytes. Of five characters and a byte, which is the next one's first, bits 0, 3, 6, 9, 12, 15 are set. */
INLINE __m256i load_threes(const uint8_t *at) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_half(at)), load_half(at + FIVE), 1);
}
INLINE bool are_threes(__m256i bytes) { return first_bytes(bytes) == 0x92499249; }

INLINE void put_threes(uint8_t *to, __m256i bytes) {
  const __m256i ends = _mm256_setr_epi8(2, 1, 5, 4, 8, 7, 11, 10, 14, 13, -1, -1, -1, -1, -1, -1, 2, 1, 5, 4, 8, 7, 11,
                                        10, 14, 13, -1, -1, -1, -1, -1, -1);
  const __m256i leads = _mm256_setr_epi8(-1, 0, -1, 3, -1, 6, -1, 9, -1, 12, -1, -1, -1, -1, -1, -1, -1, 0, -1, 3, -1,
                                         6, -1, 9, -1, 12, -1, -1, -1, -1, -1, -1);
  __m256i twelve_bits = _mm256_maddubs_epi16(only(_mm256_shuffle_epi8(bytes, ends), 0x3F), _mm256_set1_epi16(0x4001));
  __m256i units = _mm256_or_si256(twelve_bits, _mm256_slli_epi16(_mm256_shuffle_epi8(bytes, leads), 4));
  store_half(to, low_half(units));
  store_half(to + 10, high_half(units));
}

INLINE bool are_fours(__m256i bytes) { return first_bytes(bytes) == 0x11111111; }

/* Eight characters of four bytes: the surrogate of the high bits comes first. */
INLINE void put_fours(uint8_t *to, __m256i bytes) {
  const __m256i turn = _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4,
                                        11, 10, 9, 8, 15, 14, 13, 12);
  __m256i sixes = _mm256_and_si256(_mm256_shuffle_epi8(bytes, turn), _mm256_set1_epi32(0x073F3F3F));
  __m256i twelves = _mm256_maddubs_epi16(sixes, _mm256_set1_epi16(0x4001));
  __m256i code = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x10000001));
  __m256i high = _mm256_srli_epi32(code, 10);
  __m256i low = _mm256_slli_epi32(_mm256_and_si256(code, _mm256_set1_epi32(0x3FF)), 16);
  const __m256i base = _mm256_set1_epi32((int)(0xDC00D800U - 0x40)); /* U+10000 counts as 0 */
  store_whole(to, _mm256_add_epi32(_mm256_or_si256(high, low), base));
}

/* All characters. At the second byte of one of four bytes stands its second surrogate. */
INLINE planes planes_of_four(const uint8_t *at, __m256i fours) {
  __m256i bytes = load_whole(at), second = load_whole(at + 1), third = load_whole(at + 2);
  __m256i behind = _mm256_alignr_epi8(fours, _mm256_permute2x128_si256(fours, fours, 0x08), 15);
  planes units = planes_of_three(at);
  __m256i low = _mm256_or_si256(up(second, 2, 0xFC), down(third, 4, 0x03));
  __m256i borrow = _mm256_cmpeq_epi8(only(low, 0xC0), _mm256_setzero_si256()); /* U+10000 counts as 0 */
  __m256i high = _mm256_add_epi8(_mm256_add_epi8(only(bytes, 0x07), _mm256_set1_epi8((char)0xD8)), borrow);
  low = _mm256_sub_epi8(low, _mm256_set1_epi8(0x40));
  units.low = _mm256_blendv_epi8(units.low, low, fours);
  units.high = _mm256_blendv_epi8(units.high, high, fours);
  low = _mm256_or_si256(up(second, 6, 0xC0), only(third, 0x3F));
  high = _mm256_or_si256(down(second, 2, 0x03), _mm256_set1_epi8((char)0xDC));
  units.low = _mm256_blendv_epi8(units.low, low, behind);
  units.high = _mm256_blendv_epi8(units.high, high, behind);
  units.first |= signs(behind);
  return units;
}

/* The rest of a character that stood at the end of a register. */
INLINE const uint8_t *past_rest(const uint8_t *at) {
  size_t first = at[0] >> 6 == 2, second = at[1] >> 6 == 2;
  return at + first + (first & second);
}

INLINE cursor fours_step(cursor c, __m256i bytes, __m256i fours) {
  if (are_fours(bytes)) {
    put_fours(c.to, bytes);
    return (cursor){c.at + WHOLE, c.to + WHOLE};
  }
  planes units = planes_of_four(c.at, fours);
  unsigned cut = signs(fours) >> 31; /* one that begins at the last place is left to the next step */
  units.first &= ~(cut << 31);
  return (cursor){past_rest(c.at + WHOLE - cut), put_planes(c.to, units)};
}

/* Begins and ends at a character. */
INLINE cursor units_step(cursor c) {
  __m256i bytes = load_whole(c.at);
  if (signs(bytes) == 0) {
    put_ascii_units(c.to, bytes);
    return (cursor){c.at + WHOLE, c.to + 2 * WHOLE};
  }
  unsigned threes = signs(_mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8((char)0xE0)), bytes));
  if (threes == 0) return (cursor){past_rest(c.at + WHOLE), put_planes(c.to, planes_of_two(c.at))};
  __m256i fives = load_threes(c.at);
  if (are_threes(fives)) {
    put_threes(c.to, fives);
    return (cursor){c.at + 2 * FIVE, c.to + 20};
  }
  __m256i long_ones = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8((char)0xF0)), bytes);
  unsigned fours = signs(long_ones);
  if (fours != 0) return fours_step(c, bytes, long_ones);
  return (cursor){past_rest(c.at + WHOLE), put_planes(c.to, planes_of_three(c.at))};
}

AVX2 static void to_utf16_by_avx2(uint8_t *out, const uint8_t *text, size_t length) {
  uint8_t rest[MIDDLE + 2 * WHOLE] = {0}, units[2 * sizeof rest];
  const uint8_t *end = text + length;
  cursor c = {text, out};
  while (end - c.at >= MIDDLE) c = units_step(c);
  size_t left = (size_t)(end - c.at);
  copy_end(rest, c.at, left);
  cursor last = {rest, units};
  do last = units_step(last);
  while (last.at < rest + left);
  copy_end(c.to, units, (size_t)(last.to - units) - 2 * (size_t)(last.at - (rest + left))); /* zeros are a unit each */
}

/* Thirty-two places of a text of characters below U+0100, which are the low bytes. */
INLINE cursor latin1_step(cursor c) {
  planes units = planes_of_two(c.at);
  __m128i halves[] = {low_half(units.low), high_half(units.low)};
  for (int i = 0; i < 4; i++, units.first >>= 8) {
    __m128i eight = i % 2 == 0 ? halves[i / 2] : _mm_unpackhi_epi64(halves[i / 2], halves[i / 2]);
    __m128i row = _mm_loadl_epi64((const void *)&kept_rows[units.first & 0xFF]);
    _mm_storel_epi64((void *)c.to, _mm_shuffle_epi8(eight, row));
    c.to += bits(units.first & 0xFF);
  }
  return (cursor){c.at + WHOLE, c.to};
}

INLINE bool is_ascii_middle(const uint8_t *at) {
  return signs(_mm256_or_si256(load_whole(at), load_whole(at + WHOLE))) == 0;
}

INLINE cursor copy_middle(cursor c) {
  store_whole(c.to, load_whole(c.at));
  store_whole(c.to + WHOLE, load_whole(c.at + WHOLE));
  return (cursor){c.at + MIDDLE, c.to + MIDDLE};
}

AVX2 static void to_latin1_by_avx2(uint8_t *out, const uint8_t *text, size_t length) {
  uint8_t rest[MIDDLE + 2 * WHOLE] = {0}, bytes[sizeof rest];
  const uint8_t *end = text + length;
  cursor c = {text, out};
  while (end - c.at >= MIDDLE) c = is_ascii_middle(c.at) ? copy_middle(c) : latin1_step(c);
  size_t left = (size_t)(end - c.at);
  copy_end(rest, c.at, left);
  cursor last = {rest, bytes};
  do last = latin1_step(last);
  while (last.at < rest + left);
  copy_end(c.to, bytes, (size_t)(last.to - bytes) - (size_t)(last.at - (rest + left)));
}

/* ---------------------------------------------------------------- to text */

/* Eight characters of two bytes each, of which only the last stays unless its bit is set. */
INLINE uint8_t *put_pairs(uint8_t *to, __m128i pairs, unsigned wide) {
  store_half(to, _mm_shuffle_epi8(pairs, load_half(pair_rows[wide])));
  return to + 8 + bits(wide);
}

/* Thirty-two bytes of Latin-1. */
INLINE cursor from_latin1_step(cursor c) {
  __m256i bytes = load_whole(c.at);
  unsigned wide = signs(bytes);
  __m256i lead = _mm256_or_si256(down(bytes, 6, 0x03), _mm256_set1_epi8((char)0xC0));
  __m256i last = _mm256_andnot_si256(down(bytes, 1, 0x40), bytes); /* a high byte loses the bit below the highest */
  __m256i near = _mm256_unpacklo_epi8(lead, last), far = _mm256_unpackhi_epi8(lead, last);
  c.to = put_pairs(c.to, low_half(near), wide & 0xFF);
  c.to = put_pairs(c.to, low_half(far), wide >> 8 & 0xFF);
  c.to = put_pairs(c.to, high_half(near), wide >> 16 & 0xFF);
  c.to = put_pairs(c.to, high_half(far), wide >> 24);
  return (cursor){c.at + WHOLE, c.to};
}

AVX2 static size_t from_latin1_by_avx2(uint8_t *out, const uint8_t *in, size_t count) {
  uint8_t rest[MIDDLE] = {0}, text[2 * sizeof rest];
  const uint8_t *end = in + count;
  cursor c = {in, out};
  while (end - c.at >= MIDDLE) c = is_ascii_middle(c.at) ? copy_middle(c) : from_latin1_step(c);
  size_t left = (size_t)(end - c.at);
  copy_end(rest, c.at, left);
  cursor last = {rest, text};
  do last = from_latin1_step(last);
  while (last.at < rest + left);
  size_t length = (size_t)(last.to - text) - (size_t)(last.at - (rest + left)); /* zeros are a byte each */
  copy_end(c.to, text, length);
  return (size_t)(c.to - out) + length;
}

/* Sixteen units below 0x800. */
INLINE uint8_t *put_small_units(uint8_t *to, __m256i units) {
  __m256i ascii = _mm256_cmpgt_epi16(_mm256_set1_epi16(0x80), units);
  __m256i six = _mm256_slli_epi16(_mm256_and_si256(units, _mm256_set1_epi16(0x3F)), 8);
  __m256i pairs = _mm256_or_si256(_mm256_or_si256(_mm256_srli_epi16(units, 6), six), _mm256_set1_epi16((short)0x80C0));
  pairs = _mm256_blendv_epi8(pairs, _mm256_slli_epi16(units, 8), ascii);
  unsigned wide = ~(unsigned)_mm_movemask_epi8(_mm_packs_epi16(low_half(ascii), high_half(ascii)));
  to = put_pairs(to, low_half(pairs), wide & 0xFF);
  return put_pairs(to, high_half(pairs), wide >> 8 & 0xFF);
}

/* Each of eight units as the three bytes of a character that has three, and a fourth that means nothing. */
INLINE __m256i three_bytes(__m128i units) {
  __m256i wide = _mm256_cvtepu16_epi32(units);
  __m256i second = _mm256_and_si256(_mm256_slli_epi32(wide, 2), _mm256_set1_epi32(0x3F00));
  __m256i third = _mm256_and_si256(_mm256_slli_epi32(wide, 16), _mm256_set1_epi32(0x3F0000));
  __m256i first = _mm256_or_si256(_mm256_srli_epi32(wide, 12), _mm256_set1_epi32(0x8080E0));
  return _mm256_or_si256(_mm256_or_si256(first, second), third);
}

INLINE uint8_t *put_three_bytes(uint8_t *to, __m128i units) {
  const __m256i close_up = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8,
                                            9, 10, 12, 13, 14, -1, -1, -1, -1);
  __m256i bytes = _mm256_shuffle_epi8(three_bytes(units), close_up);
  store_half(to, low_half(bytes));
  store_half(to + 12, high_half(bytes));
  return to + 24;
}

/* Bytes of eight units, four places each, and the bits of the places that are kept. */
typedef struct spread {
  __m256i bytes;
  unsigned kept;
} spread;

/* Of all lengths; a surrogate is as a character of three bytes. */
INLINE spread spread_units(__m128i units) {
  __m256i wide = _mm256_cvtepu16_epi32(units), bytes = three_bytes(units);
  __m256i two = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x800), wide);
  __m256i one = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x80), wide);
  bytes = _mm256_or_si256(bytes, _mm256_and_si256(two, _mm256_set1_epi32(0x4000))); /* a lead in the second place */
  bytes = _mm256_blendv_epi8(bytes, _mm256_slli_epi32(wide, 16), one);
  __m256i gone = _mm256_or_si256(_mm256_and_si256(two, _mm256_set1_epi32(0x000000FF)),
                                 _mm256_and_si256(one, _mm256_set1_epi32(0x0000FF00)));
  return (spread){bytes, ~signs(_mm256_or_si256(gone, _mm256_set1_epi32((int)0xFF000000)))};
}

/* By two units at a time. */
INLINE uint8_t *put_spread(uint8_t *to, spread s) {
  __m128i halves[] = {low_half(s.bytes), high_half(s.bytes)};
  for (int i = 0; i < 4; i++, s.kept >>= 8) {
    __m128i eight = i % 2 == 0 ? halves[i / 2] : _mm_unpackhi_epi64(halves[i / 2], halves[i / 2]);
    __m128i row = _mm_loadl_epi64((const void *)&kept_rows[s.kept & 0xFF]);
    _mm_storel_epi64((void *)to, _mm_shuffle_epi8(eight, row));
    to += bits(s.kept & 0xFF);
  }
  return to;
}

/* Eight pairs of surrogates. */
INLINE void put_surrogate_pairs(uint8_t *to, __m256i units) {
  const __m256i turn = _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4,
                                        11, 10, 9, 8, 15, 14, 13, 12);
  __m256i low = _mm256_and_si256(_mm256_srli_epi32(units, 16), _mm256_set1_epi32(0x3FF));
  __m256i high = _mm256_slli_epi32(_mm256_and_si256(units, _mm256_set1_epi32(0x3FF)), 10);
  __m256i code = _mm256_add_epi32(_mm256_or_si256(high, low), _mm256_set1_epi32(0x10000));
  __m256i fourth = _mm256_and_si256(code, _mm256_set1_epi32(0x3F));
  __m256i third = _mm256_and_si256(_mm256_slli_epi32(code, 2), _mm256_set1_epi32(0x3F00));
  __m256i second = _mm256_and_si256(_mm256_slli_epi32(code, 4), _mm256_set1_epi32(0x3F0000));
  __m256i first = _mm256_and_si256(_mm256_slli_epi32(code, 6), _mm256_set1_epi32(0x07000000));
  __m256i bytes = _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
  bytes = _mm256_or_si256(bytes, _mm256_set1_epi32((int)0xF0808080));
  store_whole(to, _mm256_shuffle_epi8(bytes, turn));
}

/* A unit by itself: not part of a pair. */
static inline uint8_t *put_lone_unit(uint8_t *to, unsigned unit) {
  if (unit >= 0x800) *to++ = (uint8_t)(0xE0 | unit >> 12);
  if (unit >= 0x80) *to++ = (uint8_t)(unit >= 0x800 ? 0x80 | (unit >> 6 & 0x3F) : 0xC0 | unit >> 6);
  *to++ = (uint8_t)(unit >= 0x80 ? 0x80 | (unit & 0x3F) : unit);
  return to;
}

static inline uint8_t *put_pair(uint8_t *to, unsigned high, unsigned low) {
  unsigned code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
  *to++ = (uint8_t)(0xF0 | code >> 18);
  for (int shift = 12; shift >= 0; shift -= 6) *to++ = (uint8_t)(0x80 | (code >> shift & 0x3F));
  return to;
}

/* Sixteen units one by one; seventeen, if the last ones are a pair. */
INLINE cursor single_steps(cursor c) {
  const uint8_t *end = c.at + WHOLE;
  while (c.at < end) {
    unsigned unit = c.at[0] | (unsigned)c.at[1] << 8;
    if (unit < 0x80) {
      *c.to++ = (uint8_t)unit;
      c.at += 2;
      continue;
    }
    unsigned next = c.at[2] | (unsigned)c.at[3] << 8;
    bool pair = unit >> 10 == 0xD800 >> 10 && next >> 10 == 0xDC00 >> 10;
    c.to = pair ? put_pair(c.to, unit, next) : put_lone_unit(c.to, unit);
    c.at += pair ? 4 : 2;
  }
  return c;
}

INLINE cursor surrogates_step(cursor c, __m256i units) {
  __m256i kinds = _mm256_and_si256(units, _mm256_set1_epi16((short)0xFC00));
  if (signs(_mm256_cmpeq_epi32(kinds, _mm256_set1_epi32((int)0xDC00D800))) != ~0U) return single_steps(c);
  put_surrogate_pairs(c.to, units);
  return (cursor){c.at + WHOLE, c.to + WHOLE};
}

/* At most sixteen units. */
INLINE cursor from_utf16_step(cursor c) {
  __m256i units = load_whole(c.at);
  const uint8_t *next = c.at + WHOLE;
  if (_mm256_testz_si256(units, _mm256_set1_epi16((short)0xFF80))) {
    store_half(c.to, _mm_packus_epi16(low_half(units), high_half(units)));
    return (cursor){next, c.to + HALF};
  }
  if (_mm256_testz_si256(units, _mm256_set1_epi16((short)0xF800))) return (cursor){next, put_small_units(c.to, units)};
  __m256i kinds = _mm256_and_si256(units, _mm256_set1_epi16((short)0xF800));
  unsigned large = ~signs(_mm256_cmpeq_epi16(kinds, _mm256_setzero_si256()));
  unsigned surrogates = signs(_mm256_cmpeq_epi16(kinds, _mm256_set1_epi16((short)0xD800)));
  if (surrogates != 0) return surrogates_step(c, units);
  if (large == ~0U) return (cursor){next, put_three_bytes(put_three_bytes(c.to, low_half(units)), high_half(units))};
  return (cursor){next, put_spread(put_spread(c.to, spread_units(low_half(units))), spread_units(high_half(units)))};
}

AVX2 static size_t from_utf16_by_avx2(uint8_t *out, const uint8_t *in, size_t count) {
  uint8_t rest[2 * MIDDLE + 2 * WHOLE] = {0}, text[2 * sizeof rest];
  const uint8_t *end = in + 2 * count;
  cursor c = {in, out};
  while (end - c.at >= 2 * MIDDLE) c = from_utf16_step(c);
  size_t left = (size_t)(end - c.at);
  copy_end(rest, c.at, left);
  cursor last = {rest, text};
  do last = from_utf16_step(last);
  while (last.at < rest + left);
  size_t length = (size_t)(last.to - text) - (size_t)(last.at - (rest + left)) / 2; /* zeros are a byte each */
  copy_end(c.to, text, length);
  return (size_t)(c.to - out) + length;
}

#endif
