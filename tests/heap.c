/*
 * heap.c - the tests' own view of the heap: how many blocks are live, and a switch that makes the n-th allocation fail.
 * It stands in front of glibc's allocator; sanitizers bring their own, and there the checks are theirs.
 */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

#include "support.h"

static _Atomic long live, countdown = -1, failures;

long heap_blocks(void) { return atomic_load(&live); }

void fail_allocation(long n) {
  atomic_store(&failures, 0);
  atomic_store(&countdown, n);
}

bool allocation_has_failed(void) { return atomic_load(&failures) > 0; }

#ifndef CP_SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* True for the allocation that is to fail. */
static bool must_fail(void) {
  if (atomic_load_explicit(&countdown, memory_order_relaxed) < 0) return false;
  if (atomic_fetch_sub(&countdown, 1) != 0) return false;
  atomic_fetch_add(&failures, 1);
  errno = ENOMEM;
  return true;
}

static void *counted(void *block) {
  if (block != NULL) atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
  return block;
}

void *malloc(size_t size) { return must_fail() ? NULL : counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return must_fail() ? NULL : counted(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = counted(__libc_memalign(alignment, size));
  return *block != NULL ? 0 : ENOMEM;
}

void *realloc(void *block, size_t size) {
  if (must_fail()) return NULL;
  void *moved = __libc_realloc(block, size);
  if (block == NULL) return counted(moved);
  if (size == 0) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
  return moved;
}

void free(void *block) {
  if (block != NULL) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
  __libc_free(block);
}

#endif
