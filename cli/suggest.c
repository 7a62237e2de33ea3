/* suggest.c - the distance of Damerau and Levenshtein (neighbours may be swapped, once). */
#include "suggest.h"

#include <string.h>

enum { MAX_LETTERS = 31 };

static size_t least(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

size_t edit_distance(const char *a, const char *b) {
  size_t d[MAX_LETTERS + 1][MAX_LETTERS + 1];
  size_t n = strnlen(a, MAX_LETTERS), m = strnlen(b, MAX_LETTERS);
  for (size_t i = 0; i <= n; i++) d[i][0] = i;
  for (size_t j = 0; j <= m; j++) d[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    for (size_t j = 1; j <= m; j++) {
      d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
      int swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
    }
  }
  return d[n][m];
}

int is_slip(size_t distance, size_t length) { return distance <= (length < 4 ? 1 : length < 9 ? 2 : 3); }
