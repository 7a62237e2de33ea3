/* number.h - numbers as JavaScript writes and reads them, whatever the locale. */
#ifndef CP_IPC_NUMBER_H
#define CP_IPC_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { CP__NUMBER_MAX = 32 }; /* bytes that a number may need */

/* Number.prototype.toString(): the shortest decimal that reads back the same; -0 is "0". No NUL. Returns the length. */
size_t cp__number_write(char out[CP__NUMBER_MAX], double number);

/* An integer in decimal. */
size_t cp__integer_write(char out[CP__NUMBER_MAX], int64_t integer);

/* Date.prototype.toISOString() of milliseconds since 1970. 0: the date is invalid. */
size_t cp__date_write(char out[CP__NUMBER_MAX], double milliseconds);

/*
 * Reads a JSON number from [text, end): rounds correctly, what is too large becomes infinite. Returns where it ends;
 * NULL: it is none, *bad is where it goes wrong.
 */
const char *cp__number_read(const char *text, const char *end, double *number, const char **bad);

#endif
