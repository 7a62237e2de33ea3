/* split.h - a string to words, as env -S does. */
#ifndef CLI_SPLIT_H
#define CLI_SPLIT_H

#include <stddef.h>

/**
 * Splits `text` at blanks. '...' is literal; in "..." and outside, a backslash makes the next character literal. Nothing
 * is expanded.
 * @param words  takes `*count` strings after which stands NULL; free() it: the strings are part of it.
 * @return NULL, or what is wrong with the text.
 */
const char *split_words(const char *text, char ***words, size_t *count);

#endif
