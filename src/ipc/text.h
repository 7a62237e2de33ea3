/*
 * text.h - the three encodings of JavaScript strings: WTF-8 (ours), Latin-1 and UTF-16 (V8's). WTF-8 is UTF-8 in which
 * a lone surrogate is its three bytes; two of them that would make a pair never follow each other.
 */
#ifndef CP_IPC_TEXT_H
#define CP_IPC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool cp__text_is_ascii(const char *text, size_t length);

/* Whether it is well-formed WTF-8. */
bool cp__text_is_valid(const char *text, size_t length);

/* Makes it well-formed: bad bytes become U+FFFD, halves of a pair are joined. `out` has room for 3 * length. */
size_t cp__text_repair(char *out, const char *text, size_t length);

/* What a well-formed text needs in V8: `units` code units, all of them below 256 if `narrow`. */
typedef struct cp__text_shape {
  size_t units;
  bool narrow;
} cp__text_shape;
cp__text_shape cp__text_measure(const char *text, size_t length);

/* Into Latin-1 and little-endian UTF-16, shape.units of them. */
void cp__text_to_latin1(uint8_t *out, const char *text, size_t length);
void cp__text_to_utf16(uint8_t *out, const char *text, size_t length);

/* From them; `in` needs no alignment. The result's length; `out` has room for 2 * count and 3 * count bytes. */
size_t cp__text_from_latin1(char *out, const uint8_t *in, size_t count);
size_t cp__text_from_utf16(char *out, const uint8_t *in, size_t count);

/* The room that is enough for that: exact, but for two bytes too much for each pair of surrogates. */
size_t cp__text_size_of_latin1(const uint8_t *in, size_t count);
size_t cp__text_size_of_utf16(const uint8_t *in, size_t count);

#endif
