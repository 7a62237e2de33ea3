/* line_set.c - a set of line numbers. */
#include "line_set.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64, PAGE_WORDS = 1024, PAGE_BITS = PAGE_WORDS * WORD_BITS };

/* The page of a number, made if there is none. NULL: out of memory. */
static uint64_t *make_page(line_set *self, size_t index) {
  if (index >= self->page_count) {
    size_t count = index * 2 > 64 ? index * 2 : 64;
    uint64_t **pages = realloc(self->pages, count * sizeof *pages);
    if (pages == NULL) return NULL;
    memset(pages + self->page_count, 0, (count - self->page_count) * sizeof *pages);
    self->pages = pages;
    self->page_count = count;
  }
  if (self->pages[index] == NULL) self->pages[index] = calloc(PAGE_WORDS, sizeof **self->pages);
  return self->pages[index];
}

bool line_set_add(line_set *self, uint64_t number) {
  uint64_t *page = make_page(self, (size_t)(number / PAGE_BITS));
  if (page == NULL) return false;
  uint64_t *word = &page[number % PAGE_BITS / WORD_BITS], bit = UINT64_C(1) << number % WORD_BITS;
  if ((*word & bit) == 0) self->count++;
  *word |= bit;
  return true;
}

bool line_set_has(const line_set *self, uint64_t number) {
  uint64_t index = number / PAGE_BITS;
  if (index >= self->page_count || self->pages[index] == NULL) return false;
  return self->pages[index][number % PAGE_BITS / WORD_BITS] >> number % WORD_BITS & 1;
}

void line_set_dispose(line_set *self) {
  for (size_t i = 0; i < self->page_count; i++) free(self->pages[i]);
  free(self->pages);
  *self = (line_set){0};
}
