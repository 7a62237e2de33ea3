/* pages.c - large memory in large pages. */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>

void cp__pages_hint(void *memory, size_t size) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = 4096;
  uintptr_t start = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + size) & ~(page - 1);
  if (size >= CP__PAGES_LARGE && start < end) (void)madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
  (void)memory, (void)size;
#endif
}
