/* suggest.h - "did you mean?" */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* How many letters to add, drop, change or swap until `a` is `b`; words are cut after 31 letters. */
size_t edit_distance(const char *a, const char *b);

/* Whether a distance is small enough for a word that long to be a slip. */
int is_slip(size_t distance, size_t length);

#endif
