/* utf8.h - bytes to whole UTF-8 characters, as the web's decoder does: bad bytes become U+FFFD. No I/O. */
#ifndef CP_UTF8_H
#define CP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The beginning of a character whose rest has not come yet. */
typedef struct cp__utf8 {
  unsigned char held[4];
  size_t count;
} cp__utf8;

typedef void (*cp__utf8_cb)(const char *bytes, size_t length, void *data);

/* Hands all whole characters of the input to `cb`, in pieces of at least one byte, in place where nothing is wrong. */
void cp__utf8_feed(cp__utf8 *state, const char *bytes, size_t length, cp__utf8_cb cb, void *data);

/*
 * The same into memory: `text` has room for 3 * length + 4 bytes. `last`: the input ends here. Returns how many bytes it
 * has written.
 */
size_t cp__utf8_decode(cp__utf8 *state, const char *bytes, size_t length, bool last, char *text);

/* Would cp__utf8_feed() hand on this input in at most one piece? */
bool cp__utf8_is_one_piece(const cp__utf8 *state, const char *bytes, size_t length);

/* The end of the input: an unfinished character becomes U+FFFD. */
void cp__utf8_end(cp__utf8 *state, cp__utf8_cb cb, void *data);

/* The length of the longest beginning that is valid and ends on a character. */
size_t cp__utf8_valid(const char *bytes, size_t length);

#endif
