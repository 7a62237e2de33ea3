/* arena.c - a chain of chunks, each allocation cut from the newest. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct cp__chunk {
  struct cp__chunk *next;
  size_t used, size;
  alignas(max_align_t) char bytes[];
};

enum { CHUNK_SIZE = 2000 };

static struct cp__chunk *add_chunk(cp__arena *arena, size_t size) {
  if (size < CHUNK_SIZE) size = CHUNK_SIZE;
  struct cp__chunk *chunk = malloc(sizeof *chunk + size);
  if (chunk == NULL) return NULL;
  *chunk = (struct cp__chunk){.next = arena->chunks, .size = size};
  arena->chunks = chunk;
  return chunk;
}

void *cp__arena_alloc(cp__arena *arena, size_t size) {
  const size_t unit = alignof(max_align_t);
  if (size > SIZE_MAX / 2) return NULL;
  size = (size + unit - 1) / unit * unit;
  struct cp__chunk *chunk = arena->chunks;
  if (chunk == NULL || chunk->size - chunk->used < size) chunk = add_chunk(arena, size);
  if (chunk == NULL) return NULL;
  void *memory = chunk->bytes + chunk->used;
  chunk->used += size;
  return memset(memory, 0, size);
}

char *cp__arena_copy(cp__arena *arena, const char *bytes, size_t length) {
  char *copy = cp__arena_alloc(arena, length + 1);
  if (copy != NULL && length > 0) memcpy(copy, bytes, length);
  return copy;
}

char *cp__arena_string(cp__arena *arena, const char *string) { return cp__arena_copy(arena, string, strlen(string)); }

const char *const *cp__arena_list(cp__arena *arena, const char *const *list) {
  size_t count = 0, bytes = 0;
  for (; list[count] != NULL; count++) bytes += strlen(list[count]) + 1;
  const char **copy = cp__arena_alloc(arena, (count + 1) * sizeof *copy + bytes);
  if (copy == NULL) return NULL;
  char *to = (char *)(copy + count + 1);
  for (size_t i = 0; i < count; i++) {
    copy[i] = to;
    to = stpcpy(to, list[i]) + 1;
  }
  return copy;
}

void cp__arena_free(cp__arena *arena) {
  for (struct cp__chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  arena->chunks = NULL;
}
