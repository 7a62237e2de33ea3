/* heap.c - the memory of values: blocks that grow, cut from both ends, and freed together. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

struct cp__block {
  cp__block *next;
  size_t size;
  alignas(CP__HEAP_ALIGNMENT) char bytes[];
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALONE
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ALONE
#endif

/* The heap and its first bytes are one allocation, of the largest size that glibc keeps in its quickest lists. */
#ifdef ALONE
enum { FIRST_SIZE = 0 };
static const size_t SMALLEST_BLOCK = 0, LARGEST_BLOCK = 0, LARGE = 0;
#else
enum { FIRST_SIZE = 1024 - sizeof(cp_heap) };
static const size_t SMALLEST_BLOCK = 4064, LARGEST_BLOCK = 1024 * 1024, LARGE = 16 * 1024;
#endif

static void use(cp_heap *heap, char *bytes, size_t size) {
  heap->next = bytes;
  heap->end = bytes + size;
}

static char *first_bytes(cp_heap *heap) {
  const size_t unit = CP__HEAP_ALIGNMENT;
  return (char *)heap + (sizeof *heap + unit - 1) / unit * unit;
}

cp_limits cp__limits_resolve(const cp_limits *given) {
  cp_limits limits = given != NULL ? *given : (cp_limits){0};
  if (limits.max_bytes == 0) limits.max_bytes = 2147483647;
  if (limits.max_values == 0) limits.max_values = 50000000;
  if (limits.max_depth == 0) limits.max_depth = 1000;
  if (limits.max_depth > CP_DEPTH_MAX) limits.max_depth = CP_DEPTH_MAX;
  return limits;
}

cp_heap *cp_heap_new(const cp_limits *limits) {
  cp__table_seed();
  cp_heap *heap = malloc(sizeof *heap + CP__HEAP_ALIGNMENT + FIRST_SIZE);
  if (heap == NULL) return NULL;
  *heap = (cp_heap){.limits = cp__limits_resolve(limits), .block_size = SMALLEST_BLOCK};
  use(heap, first_bytes(heap), FIRST_SIZE);
  return heap;
}

static void free_blocks(cp__block *block) {
  for (cp__block *next; block != NULL; block = next) {
    next = block->next;
    free(block);
  }
}

void cp_heap_free(cp_heap *heap) {
  if (heap == NULL) return;
  free_blocks(heap->blocks);
  free_blocks(heap->large);
  free(heap);
}

void cp_heap_reset(cp_heap *heap) {
  if (heap == NULL) return;
  free_blocks(heap->large);
  heap->large = NULL;
  heap->failed = false;
  if (heap->blocks == NULL) {
    use(heap, first_bytes(heap), FIRST_SIZE);
    return;
  }
  free_blocks(heap->blocks->next); /* the newest is the largest */
  heap->blocks->next = NULL;
  use(heap, heap->blocks->bytes, heap->blocks->size);
}

cp__heap_place cp__heap_save(const cp_heap *heap) {
  return (cp__heap_place){heap->next, heap->end, heap->blocks, heap->large};
}

/* The newer blocks come first in their lists. */
static void free_newer(cp__block **list, const cp__block *oldest) {
  while (*list != oldest) {
    cp__block *block = *list;
    *list = block->next;
    free(block);
  }
}

void cp__heap_restore(cp_heap *heap, cp__heap_place place) {
  free_newer(&heap->blocks, place.blocks);
  free_newer(&heap->large, place.large);
  use(heap, place.next, (size_t)(place.end - place.next));
}

static size_t bytes_of(const cp__block *block) {
  size_t bytes = 0;
  for (; block != NULL; block = block->next) bytes += sizeof *block + block->size;
  return bytes;
}

size_t cp__heap_bytes(const cp_heap *heap) {
  return sizeof *heap + FIRST_SIZE + bytes_of(heap->blocks) + bytes_of(heap->large);
}

bool cp_heap_failed(const cp_heap *heap) { return heap == NULL || heap->failed; }

static cp__block *add_block(cp__block **list, size_t size) {
  cp__block *block = size > SIZE_MAX / 2 ? NULL : malloc(sizeof *block + size);
  if (block == NULL) return NULL;
  *block = (cp__block){.next = *list, .size = size};
  *list = block;
  return block;
}

/* Goes on to a new block, so large that what is left of the old one is little beside it. False: out of memory. */
static bool next_block(cp_heap *heap, size_t size) {
  while (heap->block_size / 4 < size) heap->block_size *= 2;
  cp__block *block = add_block(&heap->blocks, heap->block_size);
  if (block == NULL) {
    heap->failed = true;
    return false;
  }
  use(heap, block->bytes, block->size);
  if (heap->block_size < LARGEST_BLOCK) heap->block_size *= 2;
  return true;
}

/* A large one gets a block of its own, so that the rest of the newest stays in use. */
static void *alloc_large(cp_heap *heap, size_t size) {
  cp__block *block = add_block(&heap->large, size);
  if (block == NULL) {
    heap->failed = true;
    return NULL;
  }
  return block->bytes;
}

void *cp__heap_alloc_more(cp_heap *heap, size_t size) {
  if (heap == NULL) return NULL;
  if (size >= LARGE) return alloc_large(heap, size);
  return next_block(heap, size) ? cp__heap_alloc(heap, size) : NULL;
}

char *cp__heap_text_more(cp_heap *heap, size_t size) {
  if (heap == NULL) return NULL;
  if (size >= LARGE) return alloc_large(heap, size);
  return next_block(heap, size) ? cp__heap_text(heap, size) : NULL;
}

char *cp__heap_text_trim(cp_heap *heap, char *text, size_t size, size_t used) {
  if (text != heap->end || size == used) return text;
  heap->end += size - used;
  return memmove(heap->end, text, used);
}

/* The newest of the large blocks can grow by itself: an array that is pushed to is copied by the kernel, if at all. */
static void *grow_large(cp_heap *heap, size_t new_size) {
  cp__block *block = new_size > SIZE_MAX / 2 ? NULL : realloc(heap->large, sizeof *block + new_size);
  if (block == NULL) {
    heap->failed = true;
    return NULL;
  }
  block->size = new_size;
  heap->large = block;
  return block->bytes;
}

void *cp__heap_grow(cp_heap *heap, void *memory, size_t size, size_t new_size) {
  const size_t unit = CP__HEAP_ALIGNMENT;
  if (memory == NULL) return cp__heap_alloc(heap, new_size);
  if (heap->large != NULL && heap->large->bytes == memory) return grow_large(heap, new_size);
  size_t whole = (size + unit - 1) / unit * unit;
  size_t more = new_size > SIZE_MAX - unit ? SIZE_MAX : (new_size + unit - 1) / unit * unit - whole;
  if ((char *)memory + whole == heap->next && more <= (size_t)(heap->end - heap->next)) {
    heap->next += more;
    return memory;
  }
  void *moved = cp__heap_alloc(heap, new_size);
  if (moved != NULL) memcpy(moved, memory, size);
  return moved;
}
