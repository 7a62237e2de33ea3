/*
 * number.c - numbers as JavaScript writes and reads them.
 *
 * Writing is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles"). Reading multiplies with a power
 * of ten of 128 bits (Eisel and Lemire, "Number parsing at a gigabyte per second"), knows how far that may be off,
 * and where this could matter compares whole integers.
 */
#include "number.h"

#include <float.h>
#include <stdbool.h>
#include <string.h>

#include "powers_of_ten.h"

enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023, EXPONENT_MASK = 0x7FF };

static const uint64_t hidden_bit = UINT64_C(1) << FRACTION_BITS;
static const uint64_t infinity_bits = UINT64_C(0x7FF) << FRACTION_BITS;

typedef struct product {
  uint64_t high, low;
} product;

static inline product multiply(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ unsigned __int128 whole = (unsigned __int128)a * b;
  return (product){(uint64_t)(whole >> 64), (uint64_t)whole};
#else
  uint64_t a1 = a >> 32, a0 = (uint32_t)a, b1 = b >> 32, b0 = (uint32_t)b;
  uint64_t low = a0 * b0, cross = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)cross;
  return (product){a1 * b1 + (cross >> 32) + (other >> 32), other << 32 | (uint32_t)low};
#endif
}

/* The largest e with 2^e <= 10^power; exact for every power of the table. */
static inline int log2_of_power(int power) { return (int)(((int64_t)power * 1741647) >> 19); }

static inline bool is_exact(int power) { return power >= 0 && power <= LAST_EXACT_POWER; }

/* ---------------------------------------------------------------- writing */

/* digits * 10^exponent */
typedef struct decimal {
  uint64_t digits;
  int exponent;
} decimal;

/* The upper part of g * c, of which the last bit tells whether anything is below: that is all a comparison needs. */
static inline uint64_t scale(const uint64_t g[2], uint64_t c) {
  product low = multiply(g[1], c), high = multiply(g[0], c);
  uint64_t below = high.low + low.high;
  return (high.high + (below < low.high)) | (below > 1);
}

/* The shortest decimal between the neighbours of c * 2^q; of several the nearest. Numbers here are in quarters of 10^k. */
static decimal shortest(uint64_t c, int q, bool lower_is_nearer) {
  int k = (q * 1262611 - (lower_is_nearer ? 524031 : 0)) >> 22; /* floor(log10) of the distance to the neighbours */
  int shift = q + log2_of_power(-k) + 1;
  const uint64_t *power = powers_of_ten[-k - FIRST_POWER];
  const uint64_t g[2] = {power[0], power[1] + !is_exact(-k)}; /* rounded up; the cut off bits are never all ones */
  uint64_t value = scale(g, (4 * c) << shift), odd = c & 1;
  uint64_t lower = scale(g, (4 * c - (lower_is_nearer ? 1 : 2)) << shift) + odd; /* the ends belong to even ones only */
  uint64_t upper = scale(g, (4 * c + 2) << shift) - odd;

  uint64_t s = value / 4;
  if (s >= 10) { /* a digit less may do */
    uint64_t tens = s / 10;
    bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
    if (down != up) return (decimal){tens + up, k + 1};
  }
  bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  if (down != up) return (decimal){s + up, k};
  uint64_t middle = 4 * s + 2;
  return (decimal){s + (value > middle || (value == middle && (s & 1))), k};
}

static decimal without_zeros(decimal d) {
  while (d.digits % 10000 == 0) {
    d.digits /= 10000;
    d.exponent += 4;
  }
  while (d.digits % 10 == 0) {
    d.digits /= 10;
    d.exponent++;
  }
  return d;
}

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

static inline int count_digits(uint64_t n) {
  static const uint64_t powers[] = {0,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000,
                                    UINT64_C(10000000000000000000)};
  int about = ((64 - __builtin_clzll(n | 1)) * 1233) >> 12; /* bits times log10(2): the count, or one less */
  return about + (n >= powers[about]);
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE_ENDIAN_WORDS
#endif

#ifdef LITTLE_ENDIAN_WORDS
/* The eight digits of a number in eight bytes, the first in the lowest: halves, then quarters, each divided at once. */
static inline uint64_t eight_digits(uint32_t n) {
  uint64_t word = n / 10000 | (uint64_t)(n % 10000) << 32;
  uint64_t hundreds = (word * 10486 >> 20) & UINT64_C(0x7F0000007F);
  word = hundreds | (word - hundreds * 100) << 16;
  uint64_t tens = (word * 103 >> 10) & UINT64_C(0x000F000F000F000F);
  return tens | (word - tens * 10) << 8;
}
#endif

/* Exactly eight digits. */
static inline void put_eight_digits(char *out, uint32_t n) {
#ifdef LITTLE_ENDIAN_WORDS
  uint64_t digits = eight_digits(n) | UINT64_C(0x3030303030303030);
  memcpy(out, &digits, sizeof digits);
#else
  for (int i = 8; i > 0; n /= 100) memcpy(out + (i -= 2), pairs + n % 100 * 2, 2);
#endif
}

/* `count` digits of n, which has no more. */
static inline void put_digits(char *out, uint64_t n, int count) {
  enum { EIGHT_DIGITS = 100000000 };
  for (; count > 8; n /= EIGHT_DIGITS) {
    count -= 8;
    put_eight_digits(out + count, (uint32_t)(n % EIGHT_DIGITS));
  }
  uint32_t rest = (uint32_t)n;
  for (; count >= 2; rest /= 100) {
    count -= 2;
    memcpy(out + count, pairs + rest % 100 * 2, 2);
  }
  if (count == 1) *out = (char)('0' + rest % 10);
}

/* `out` has room for eight bytes, or for the number if it is longer. */
static inline size_t put_unsigned(char *out, uint64_t n) {
#ifdef LITTLE_ENDIAN_WORDS
  if (n < 100000000) { /* no branch depends on its length */
    uint64_t digits = eight_digits((uint32_t)n);
    unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    digits = (digits | UINT64_C(0x3030303030303030)) >> zeros * 8;
    memcpy(out, &digits, sizeof digits);
    return 8 - zeros;
  }
#endif
  int count = count_digits(n);
  put_digits(out, n, count);
  return (size_t)count;
}

size_t cp__integer_write(char out[CP__NUMBER_MAX], int64_t integer) {
  if (integer >= 0) return put_unsigned(out, (uint64_t)integer);
  *out = '-';
  return 1 + put_unsigned(out + 1, 0 - (uint64_t)integer);
}

/* d.ddde+x */
static size_t put_scientific(char *out, uint64_t digits, int count, int exponent) {
  char *p = out + 1;
  put_digits(p, digits, count);
  out[0] = out[1];
  if (count > 1) {
    *p = '.';
    p += count;
  }
  *p++ = 'e';
  *p++ = exponent < 0 ? '-' : '+';
  return (size_t)(p - out) + put_unsigned(p, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* Moves the first `point` digits from out + 1 to out. */
static inline void make_room_for_point(char *out, int point) {
  uint64_t before, behind;
  if (point > 8) {
    memmove(out, out + 1, (size_t)point);
    return;
  }
  memcpy(&before, out + 1, 8); /* quicker than what does not know the length */
  memcpy(&behind, out + 1 + point, 8);
  memcpy(out, &before, 8);
  memcpy(out + 1 + point, &behind, 8);
}

/* ECMAScript, Number::toString: `point` digits are before the point, and that decides how it looks. */
static size_t put_decimal(char *out, decimal d) {
  enum { MOST_BEFORE_POINT = 21, MOST_ZEROS_BEHIND_POINT = 6 };
  int count = count_digits(d.digits), point = count + d.exponent;
  if (point > MOST_BEFORE_POINT || point <= -MOST_ZEROS_BEHIND_POINT)
    return put_scientific(out, d.digits, count, point - 1);
  if (d.exponent >= 0) {
    put_digits(out, d.digits, count);
    memset(out + count, '0', (size_t)d.exponent);
    return (size_t)point;
  }
  if (point <= 0) {
    memcpy(out, "0.", 2);
    memset(out + 2, '0', (size_t)-point);
    put_digits(out + 2 - point, d.digits, count);
    return (size_t)2 + (size_t)-point + (size_t)count;
  }
  put_digits(out + 1, d.digits, count);
  make_room_for_point(out, point);
  out[point] = '.';
  return (size_t)count + 1;
}

static size_t put_text(char *out, const char *text) {
  size_t length = strlen(text);
  memcpy(out, text, length);
  return length;
}

size_t cp__number_write(char out[CP__NUMBER_MAX], double number) {
  const double safe = 9007199254740992.0; /* 2^53 */
  if (number > -safe && number < safe && number == (double)(int64_t)number)
    return cp__integer_write(out, (int64_t)number);
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  bool negative = bits >> 63;
  uint64_t fraction = bits & (hidden_bit - 1), exponent = bits >> FRACTION_BITS & EXPONENT_MASK;
  if (exponent == EXPONENT_MASK) return put_text(out, fraction != 0 ? "NaN" : negative ? "-Infinity" : "Infinity");

  *out = '-';
  uint64_t c = exponent > 0 ? fraction | hidden_bit : fraction;
  int q = (int)(exponent > 0 ? exponent : 1) - EXPONENT_BIAS - FRACTION_BITS;
  decimal d = without_zeros(shortest(c, q, fraction == 0 && exponent > 1));
  return negative + put_decimal(out + negative, d);
}

/* ---------------------------------------------------------------- dates */

/* Days since 1970 as a date of the Gregorian calendar. Years begin in March here, so that the leap day is the last one. */
static void split_days(int64_t days, int64_t *year, int *month, int *day) {
  enum { DAYS_OF_400_YEARS = 146097, FROM_MARCH_OF_YEAR_0 = 719468 };
  days += FROM_MARCH_OF_YEAR_0;
  int64_t cycle = (days >= 0 ? days : days - (DAYS_OF_400_YEARS - 1)) / DAYS_OF_400_YEARS;
  int rest = (int)(days - cycle * DAYS_OF_400_YEARS);
  int y = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
  rest -= 365 * y + y / 4 - y / 100;
  int m = (5 * rest + 2) / 153; /* months of 31, 30, 31, 30, 31 days, again and again */
  *day = rest - (153 * m + 2) / 5 + 1;
  *month = m < 10 ? m + 3 : m - 9;
  *year = cycle * 400 + y + (*month <= 2);
}

static char *put_part(char *out, int64_t n, int count, char mark) {
  put_digits(out, (uint64_t)n, count);
  out[count] = mark;
  return out + count + 1;
}

size_t cp__date_write(char out[CP__NUMBER_MAX], double milliseconds) {
  enum { MS_OF_DAY = 86400000 };
  const double greatest = 8.64e15;
  if (!(milliseconds >= -greatest && milliseconds <= greatest)) return 0;
  int64_t time = (int64_t)milliseconds, year;
  int64_t days = (time >= 0 ? time : time - (MS_OF_DAY - 1)) / MS_OF_DAY;
  int month, day, rest = (int)(time - days * MS_OF_DAY);
  split_days(days, &year, &month, &day);

  char *p = out;
  bool is_long = year < 0 || year > 9999;
  if (is_long) *p++ = year < 0 ? '-' : '+';
  p = put_part(p, year < 0 ? -year : year, is_long ? 6 : 4, '-');
  p = put_part(p, month, 2, '-');
  p = put_part(p, day, 2, 'T');
  p = put_part(p, rest / 3600000, 2, ':');
  p = put_part(p, rest / 60000 % 60, 2, ':');
  p = put_part(p, rest / 1000 % 60, 2, '.');
  p = put_part(p, rest % 1000, 3, 'Z');
  return (size_t)(p - out);
}

/* ---------------------------------------------------------------- reading: the text */

/* Where a number's parts lie, and what its first digits are. */
typedef struct literal {
  const char *digits, *digits_end; /* from the first digit to behind the last one, a point may be between */
  uint64_t value;                  /* of the first digits */
  int64_t exponent;                /* value * 10^exponent is the number, as far as that goes */
  int64_t last;                    /* the last digit counts 10^last */
  bool cut;                        /* more digits follow, not all of them 0 */
} literal;

static inline bool is_digit(char c) { return (unsigned char)(c - '0') < 10; }

/* Eight digits at once: each step joins neighbours. False: not all of them are digits. */
static inline bool read_eight(const char *text, uint64_t *value) {
#ifdef LITTLE_ENDIAN_WORDS
  uint64_t chunk;
  memcpy(&chunk, text, sizeof chunk);
  const uint64_t zeros = UINT64_C(0x3030303030303030), high = UINT64_C(0xF0F0F0F0F0F0F0F0);
  if ((chunk & high) != zeros || ((chunk + UINT64_C(0x0606060606060606)) & high) != zeros) return false;
  chunk -= zeros;
  chunk = chunk * 10 + (chunk >> 8);
  chunk = (chunk & UINT64_C(0x00FF00FF00FF00FF)) * 100 + (chunk >> 16 & UINT64_C(0x00FF00FF00FF00FF));
  chunk = (chunk & UINT64_C(0x0000FFFF0000FFFF)) * 10000 + (chunk >> 32 & 0xFFFF);
  *value = *value * 100000000 + (uint32_t)chunk;
  return true;
#else
  (void)text;
  (void)value;
  return false;
#endif
}

/* Adds digits to the value, which may overflow: the caller counts them. */
static inline const char *read_digits(const char *p, const char *end, uint64_t *value) {
  while (end - p >= 8 && read_eight(p, value)) p += 8;
  for (; p < end && is_digit(*p); p++) *value = *value * 10 + (uint64_t)(*p - '0');
  return p;
}

/* From the `e` on. Stays exact far beyond the length that a text can have, since digits can make up for it. */
static const char *read_exponent(const char *p, const char *end, int64_t *exponent, const char **bad) {
  const int64_t enough = INT64_C(100000000000000000);
  p++;
  bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  if (p == end || !is_digit(*p)) {
    *bad = p;
    return NULL;
  }
  int64_t value = 0;
  for (; p < end && is_digit(*p); p++)
    if (value < enough) value = value * 10 + (*p - '0');
  *exponent += negative ? -value : value;
  return p;
}

/* Gathers again when there were more than 19 digits: the first 19 that count. */
static void gather_first_digits(literal *n, const char *point) {
  enum { MOST = 19 };
  int count = 0;
  n->value = 0;
  for (const char *p = n->digits; p < n->digits_end; p++) {
    if (p == point) continue;
    if (count < MOST) {
      n->value = n->value * 10 + (uint64_t)(*p - '0');
      count += n->value != 0;
      continue;
    }
    n->cut |= *p != '0';
    n->exponent++;
  }
}

/* From the first digit on. */
static const char *read_literal(const char *p, const char *end, literal *n, const char **bad) {
  enum { SURE_DIGITS = 19 };
  const char *point = NULL;
  n->digits = p;
  if (p == end || !is_digit(*p)) goto bad;
  if (*p == '0')
    p++; /* nothing follows a leading zero */
  else
    p = read_digits(p, end, &n->value);
  if (p < end && *p == '.') {
    point = p++;
    const char *first = p;
    p = read_digits(p, end, &n->value);
    if (p == first) goto bad;
    n->exponent = first - p;
  }
  n->digits_end = p;
  if (p < end && (*p | 0x20) == 'e' && (p = read_exponent(p, end, &n->exponent, bad)) == NULL) return NULL;
  n->last = n->exponent;
  if (n->digits_end - n->digits > SURE_DIGITS) gather_first_digits(n, point);
  return p;
bad:
  *bad = p;
  return NULL;
}

/* ---------------------------------------------------------------- reading: rounding */

/* A product's rounding: the double at or below it, the one it rounds to, and whether the latter is certain. */
typedef struct rounding {
  uint64_t floor, result; /* the bits of doubles */
  bool certain;
} rounding;

/* value * 10^power for a value that is not 0 and a power in the table. */
static rounding round_product(uint64_t value, int power) {
  int zeros = __builtin_clzll(value);
  const uint64_t *p = powers_of_ten[power - FIRST_POWER];
  product low = multiply(value << zeros, p[1]), high = multiply(value << zeros, p[0]);
  high.low += low.high;
  high.high += high.low < low.high;

  /* The product is high.high : high.low : low.low. Its highest bit stands for 2^exponent. */
  int top = (int)(high.high >> 63), exponent = log2_of_power(power) + 63 + top - zeros, drop = 10 + top;
  int below_normal = 1 - EXPONENT_BIAS - exponent;
  if (below_normal > 0) drop += below_normal;
  if (drop > 64) return (rounding){0, 0, true}; /* less than half of the smallest double */

  uint64_t half = UINT64_C(1) << (drop - 1), kept = drop < 64 ? high.high >> drop : 0;
  uint64_t rest = drop < 64 ? high.high & (2 * half - 1) : high.high;
  /* A power that is cut off is too small by less than its last bit, the product by less than 2^64: */
  bool exact = is_exact(power), certain = exact || rest != half - 1 || high.low != UINT64_MAX;
  bool tie = exact && rest == half && high.low == 0 && low.low == 0;
  bool up = tie ? (kept & 1) : rest >= half;
  uint64_t base = below_normal > 0 ? 0 : (uint64_t)(exponent + EXPONENT_BIAS - 1) << FRACTION_BITS;
  return (rounding){base + kept, base + kept + up, certain}; /* a carry goes into the exponent, as it should */
}

/* ---------------------------------------------------------------- reading: the exact comparison */

enum {
  COMPARED_DIGITS = 768, /* what lies in the middle of two doubles has fewer */
  LIMBS = 160            /* 768 digits, or 54 bits times 5^1112; and 2^1130 times one of them */
};

typedef struct big {
  uint32_t limbs[LIMBS]; /* least significant first */
  int count;
} big;

static void big_multiply(big *n, uint32_t factor, uint32_t carry) {
  uint64_t sum = carry;
  for (int i = 0; i < n->count; i++) {
    sum += (uint64_t)n->limbs[i] * factor;
    n->limbs[i] = (uint32_t)sum;
    sum >>= 32;
  }
  if (sum != 0) n->limbs[n->count++] = (uint32_t)sum;
}

static void big_multiply_by_fives(big *n, int64_t power) {
  for (; power >= 13; power -= 13) big_multiply(n, 1220703125, 0);
  for (; power > 0; power--) big_multiply(n, 5, 0);
}

static void big_shift(big *n, int64_t bits) {
  int words = (int)(bits / 32);
  memmove(n->limbs + words, n->limbs, (size_t)n->count * sizeof *n->limbs);
  memset(n->limbs, 0, (size_t)words * sizeof *n->limbs);
  n->count += words;
  big_multiply(n, UINT32_C(1) << bits % 32, 0);
}

static int big_compare(const big *a, const big *b) {
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  for (int i = a->count; i-- > 0;)
    if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
  return 0;
}

/* The digits as an integer, times 10^*exponent. Behind the 768th it only counts whether all are 0. */
static void big_from_literal(big *out, const literal *n, int64_t *exponent) {
  enum { CHUNK = 1000000000 };
  uint32_t chunk = 0, unit = 1;
  int taken = 0;
  bool more = false;
  out->count = 0;
  *exponent = n->last;
  for (const char *p = n->digits; p < n->digits_end; p++) {
    if (*p == '.' || (taken == 0 && *p == '0')) continue;
    if (taken == COMPARED_DIGITS) {
      more |= *p != '0';
      ++*exponent;
      continue;
    }
    taken++;
    chunk = chunk * 10 + (uint32_t)(*p - '0');
    unit *= 10;
    if (unit < CHUNK) continue;
    big_multiply(out, unit, chunk);
    chunk = 0;
    unit = 1;
  }
  big_multiply(out, unit, chunk);
  if (!more) return;
  big_multiply(out, 10, 1);
  --*exponent;
}

/* Between the double `floor` and the next one: above the middle, or on it and the next one is even. */
static bool rounds_up(const literal *n, uint64_t floor) {
  big number, middle;
  int64_t power;
  big_from_literal(&number, n, &power);
  uint64_t exponent = floor >> FRACTION_BITS, c = floor & (hidden_bit - 1);
  if (exponent > 0) c |= hidden_bit;
  c = 2 * c + 1;
  middle = (big){.limbs = {(uint32_t)c, (uint32_t)(c >> 32)}, .count = c >> 32 != 0 ? 2 : 1};

  /* number * 10^power against c * 2^shift */
  int64_t shift = (int64_t)(exponent > 0 ? exponent : 1) - EXPONENT_BIAS - FRACTION_BITS - 1 - power;
  big_multiply_by_fives(power < 0 ? &middle : &number, power < 0 ? -power : power);
  big_shift(shift < 0 ? &number : &middle, shift < 0 ? -shift : shift);
  int order = big_compare(&number, &middle);
  return order > 0 || (order == 0 && (floor & 1));
}

/* ---------------------------------------------------------------- reading: the number */

static uint64_t round_literal(const literal *n) {
  enum { GREATEST = 308 };
  if (n->value == 0 || n->exponent < FIRST_POWER) return 0;
  if (n->exponent > GREATEST) return infinity_bits;
  rounding rounded = round_product(n->value, (int)n->exponent);
  if (n->cut && rounded.certain) {
    rounding above = round_product(n->value + 1, (int)n->exponent);
    rounded.certain = above.certain && above.result == rounded.result;
  }
  uint64_t bits = rounded.certain ? rounded.result : rounded.floor + rounds_up(n, rounded.floor);
  return bits < infinity_bits ? bits : infinity_bits;
}

static const double small_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Where both operands are exact, the processor rounds the result once, correctly. */
static inline bool compute_exactly(const literal *n, double *number) {
  enum { GREATEST = 22 };
  if (n->exponent == 0 && !n->cut) {
    *number = (double)n->value;
    return true;
  }
  if (FLT_EVAL_METHOD != 0 || n->value > 2 * hidden_bit || n->exponent < -GREATEST || n->exponent > GREATEST)
    return false;
  *number = (double)n->value;
  if (n->exponent < 0)
    *number /= small_powers[-n->exponent];
  else
    *number *= small_powers[n->exponent];
  return true;
}

const char *cp__number_read(const char *text, const char *end, double *number, const char **bad) {
  bool negative = text < end && *text == '-';
  literal n = {.value = 0};
  double magnitude;
  const char *after = read_literal(text + negative, end, &n, bad);
  if (after == NULL) return NULL;
  if (!compute_exactly(&n, &magnitude)) {
    uint64_t bits = round_literal(&n);
    memcpy(&magnitude, &bits, sizeof magnitude);
  }
  *number = negative ? -magnitude : magnitude;
  return after;
}
