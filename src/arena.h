/* arena.h - memory that is given back all at once: what belongs to one start of a process. */
#ifndef CP_ARENA_H
#define CP_ARENA_H

#include <stddef.h>

typedef struct cp__arena {
  struct cp__chunk *chunks;
} cp__arena;

/* Zeroed memory, aligned for any type; NULL: out of memory. */
void *cp__arena_alloc(cp__arena *arena, size_t size);

/* A copy of `length` bytes and a NUL. */
char *cp__arena_copy(cp__arena *arena, const char *bytes, size_t length);

/* A copy of a string; NULL: out of memory. */
char *cp__arena_string(cp__arena *arena, const char *string);

/* A copy of a NULL-terminated list and its strings; NULL: out of memory. */
const char *const *cp__arena_list(cp__arena *arena, const char *const *list);

/* Gives everything back; the arena is empty then and can be used again. */
void cp__arena_free(cp__arena *arena);

#endif
