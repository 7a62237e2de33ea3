/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is LLVMFuzzerTestOneInput() of one fuzz_*.c: libFuzzer calls it (script/fuzz), and so does replay.c, over the
 * inputs that are kept in corpus/, in every build.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input. */
#define HOLDS(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

/* The same pseudo-random numbers for the same input. */
static inline uint32_t fuzz_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33);
}

static inline uint64_t fuzz_hash(const uint8_t *data, size_t size) {
  uint64_t sum = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++) sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
  return sum;
}

#endif
