/* pages.h - large memory in large pages: a first touch of a small one costs as much as copying several of them. */
#ifndef CP_PAGES_H
#define CP_PAGES_H

#include <stddef.h>

enum { CP__PAGES_LARGE = 4 << 20 }; /* smaller memory is not worth a hint */

/* Asks for large pages under fresh memory. Advice: where the system has none, nothing happens. */
void cp__pages_hint(void *memory, size_t size);

#endif
