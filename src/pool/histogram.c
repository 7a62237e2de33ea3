/*
 * histogram.c - times in classes.
 *
 * Times below 64 have a class each. Above, those between two powers of two share 32 classes of equal width: the first bits
 * of the number say which one.
 */
#include "histogram.h"

enum { FINE_BITS = 5, FINE = 1 << FINE_BITS };

static unsigned bits_of(uint64_t time) { return 63 - (unsigned)__builtin_clzll(time); }

static unsigned class_of(uint64_t time) {
  if (time < FINE) return (unsigned)time;
  unsigned shift = bits_of(time) - FINE_BITS;
  return shift * FINE + (unsigned)(time >> shift);
}

/* The longest time of the class. */
static uint64_t end_of(unsigned class) {
  if (class < FINE) return class;
  unsigned shift = class / FINE - 1;
  return ((uint64_t)(class - shift * FINE + 1) << shift) - 1;
}

void cp__histogram_add(cp__histogram *histogram, uint64_t time) {
  if (histogram->count == 0 || time < histogram->shortest) histogram->shortest = time;
  if (time > histogram->longest) histogram->longest = time;
  histogram->count++;
  histogram->classes[class_of(time)]++;
}

/* The class of the time that has the rank, counted from 1; no more than the longest time that there was. */
static uint64_t find_rank(const cp__histogram *histogram, uint64_t rank) {
  uint64_t seen = 0;
  unsigned class = 0;
  while (class < CP__CLASSES && (seen += histogram->classes[class]) < rank) class ++;
  uint64_t end = end_of(class);
  return end < histogram->longest ? end : histogram->longest;
}

uint64_t cp__histogram_percentile(const cp__histogram *histogram, double percent) {
  if (!(percent > 0)) return histogram->shortest;
  if (percent >= 100) return histogram->longest;
  double exact = (double)histogram->count * percent / 100;
  uint64_t rank = (uint64_t)exact;
  if ((double)rank < exact || rank == 0) rank++; /* rounded up */
  return histogram->count > 0 ? find_rank(histogram, rank) : 0;
}
