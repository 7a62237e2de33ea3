/* ascii.h - copying short texts, which most strings in messages are, without a call and without a loop over bytes. */
#ifndef CP_IPC_ASCII_H
#define CP_IPC_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CP__ASCII_SHORT = 32 };

/*
 * Copies at most CP__ASCII_SHORT bytes, all of them, and tells whether they are ASCII. The words at the two ends
 * overlap, so that nothing beyond the ends is touched.
 */
static inline bool cp__ascii_copy(void *to, const void *from, size_t length) {
  const uint64_t high_bits = UINT64_C(0x8080808080808080);
  const char *in = from;
  char *out = to;
  uint64_t word, last, seen = 0;
  if (length >= sizeof word) {
    memcpy(&last, in + length - sizeof last, sizeof last);
    for (size_t i = 0; i + sizeof word < length; i += sizeof word) {
      memcpy(&word, in + i, sizeof word);
      memcpy(out + i, &word, sizeof word);
      seen |= word;
    }
    memcpy(out + length - sizeof last, &last, sizeof last);
    return ((seen | last) & high_bits) == 0;
  }
  if (length >= sizeof(uint32_t)) {
    uint32_t first, end;
    memcpy(&first, in, sizeof first);
    memcpy(&end, in + length - sizeof end, sizeof end);
    memcpy(out, &first, sizeof first);
    memcpy(out + length - sizeof end, &end, sizeof end);
    return ((first | end) & (uint32_t)high_bits) == 0;
  }
  if (length == 0) return true;
  char first = in[0], middle = in[length / 2], end = in[length - 1];
  out[0] = first;
  out[length / 2] = middle;
  out[length - 1] = end;
  return ((uint8_t)(first | middle | end) & 0x80) == 0;
}

#endif
