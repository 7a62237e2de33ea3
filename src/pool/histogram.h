/* histogram.h - how often a time came, in classes that grow with it: each is at most 1/32 as wide as its times are long. */
#ifndef CP_POOL_HISTOGRAM_H
#define CP_POOL_HISTOGRAM_H

#include <stdint.h>

enum { CP__CLASSES = 60 * 32 };

typedef struct cp__histogram {
  uint64_t count, shortest, longest; /* exact */
  uint64_t classes[CP__CLASSES];
} cp__histogram;

void cp__histogram_add(cp__histogram *histogram, uint64_t time);

/* The time that so many per cent of all are not longer than; 0: the shortest, 100: the longest. 0 if there is none. */
uint64_t cp__histogram_percentile(const cp__histogram *histogram, double percent);

#endif
