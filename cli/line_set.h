/* line_set.h - a set of line numbers: a bit for each, in pages that are there only where a number is. */
#ifndef CLI_LINE_SET_H
#define CLI_LINE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest number; a file that claims to have more lines is not believed. */
#define LINE_NUMBER_MAX (UINT64_C(1) << 36)

/* Zeroed: empty. */
typedef struct line_set {
  uint64_t **pages;
  size_t page_count;
  uint64_t count; /* numbers in it */
} line_set;

/* 1 to LINE_NUMBER_MAX. False: out of memory. */
bool line_set_add(line_set *set, uint64_t number);

bool line_set_has(const line_set *set, uint64_t number);

void line_set_dispose(line_set *set);

#endif
