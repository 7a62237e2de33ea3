/* value.h - how JavaScript values lie in memory. The codecs build and walk them directly. */
#ifndef CP_IPC_VALUE_H
#define CP_IPC_VALUE_H

#include "child_process.h"

/* ---------------------------------------------------------------- the heap */

typedef struct cp__block cp__block;

struct cp_heap {
  cp_limits limits;  /* none is zero */
  char *next, *end;  /* what is free in the newest block: objects are taken from the front, texts from the back */
  cp__block *blocks; /* the newest first; what follows this struct in memory is the block before all */
  cp__block *large;  /* of one allocation each */
  size_t block_size; /* of the next block; 0: every allocation lies alone, so that AddressSanitizer sees its end */
  uint64_t marks;    /* the last mark given out: see below */
  bool failed;       /* an allocation has, or a builder was misused */
};

enum { CP__HEAP_ALIGNMENT = 16 };

/* Where a heap stands, to go back there: what was made since is forgotten. Only what made it may do so. */
typedef struct cp__heap_place {
  char *next, *end;
  cp__block *blocks, *large;
} cp__heap_place;
cp__heap_place cp__heap_save(const cp_heap *heap);
void cp__heap_restore(cp_heap *heap, cp__heap_place place);

/* The memory that it takes. */
size_t cp__heap_bytes(const cp_heap *heap);

/* What the two below do when the block has no room. Takes a NULL heap, and then returns NULL. */
void *cp__heap_alloc_more(cp_heap *heap, size_t size);
char *cp__heap_text_more(cp_heap *heap, size_t size);

/* The limits with defaults for what is zero, and max_depth no more than CP_DEPTH_MAX. */
cp_limits cp__limits_resolve(const cp_limits *limits);

/* Memory that lives as long as the heap, not zeroed, aligned for any type; NULL: the heap has failed. */
static inline void *cp__heap_alloc(cp_heap *heap, size_t size) {
  size_t whole = (size + CP__HEAP_ALIGNMENT - 1) & ~(size_t)(CP__HEAP_ALIGNMENT - 1);
  if (heap == NULL || whole < size || whole > (size_t)(heap->end - heap->next)) return cp__heap_alloc_more(heap, size);
  void *memory = heap->next;
  heap->next += whole;
  return memory;
}

/* The same, not aligned. */
static inline char *cp__heap_text(cp_heap *heap, size_t size) {
  if (heap == NULL || size > (size_t)(heap->end - heap->next)) return cp__heap_text_more(heap, size);
  heap->end -= size;
  return heap->end;
}

/* Gives back what the newest text has not used of its room, if that is easy. Returns where the text lies now. */
char *cp__heap_text_trim(cp_heap *heap, char *text, size_t size, size_t used);

/* Memory of cp__heap_alloc() made larger, what is in it kept; perhaps where it was. NULL: the heap has failed. */
void *cp__heap_grow(cp_heap *heap, void *memory, size_t size, size_t new_size);

/* Notes a failure; NULL is ignored. The value that builders return then. */
static inline cp_value cp__heap_fail(cp_heap *heap) {
  if (heap != NULL) heap->failed = true;
  return (cp_value){.type = CP_TYPE_NONE};
}

/*
 * A walk over values that must know what it has met takes `*last` = a mark, and stamps objects with marks above it:
 * an object whose `mark` is greater than that of the walk's start was met by it, and `mark - start` counts from 1.
 * The heap's counter goes on from the highest one given out. A heap belongs to one thread, so walks do not overlap.
 */

/* ---------------------------------------------------------------- objects */

/*
 * Entries in the order of insertion; for many of them an index of hashes is made, so that nothing is quadratic.
 * `stride` is 2 (key, value) or 1 (members of a set). Keys are equal by SameValueZero.
 */
typedef struct cp__table {
  cp_value *slots;
  uint32_t *index; /* NULL: few entries, looked through */
  uint32_t count, capacity, index_size;
  uint8_t stride;
} cp__table;

typedef struct cp__object {
  uint8_t type;    /* cp_type */
  uint8_t kind;    /* cp_error_kind, cp_view_kind */
  bool index_keys; /* the table of an object or array has keys that are array indices: they come first, ascending */
  bool sorted;     /* and they do already */
  bool has_holes;  /* an array that is written sparse: a hole among its elements, or length beyond them */
  bool resizable;  /* an ArrayBuffer */
  uint16_t flags;  /* of a regular expression */
  uint32_t length; /* of an array, as JavaScript has it: at least item_count */
  cp_heap *heap;
  uint64_t mark;
  cp__table table; /* properties of objects, arrays, errors (message, stack, cause); entries of maps; members of sets */
  union {
    struct {
      cp_value *items; /* dense elements, perhaps holes; what is beyond item_count lies in the table, by decimal key */
      uint32_t item_count, item_capacity;
    } array;
    struct {
      const uint8_t *bytes;
      size_t length, max_length;
    } buffer; /* ArrayBuffer, view */
    double date;
    cp_value primitive; /* boxed: what is in it; regexp: the source */
  } as;
} cp__object;

/* A new object of that type, all else zero; NULL: out of memory. */
cp__object *cp__object_new(cp_heap *heap, cp_type type);

static inline cp_value cp__object_value(cp__object *object) {
  cp_value value = {.type = object != NULL ? object->type : (uint8_t)CP_TYPE_NONE};
  value.as.object = object;
  return value;
}

static inline bool cp__has_identity(cp_value value) { return value.type >= CP_TYPE_OBJECT; }

/* A string that lies in the heap (or lives longer) already: well-formed WTF-8, followed by a NUL. */
static inline cp_value cp__string_value(const char *text, uint32_t length) {
  cp_value value = {.type = CP_TYPE_STRING, .length = length};
  value.as.bytes = text;
  return value;
}

/* A bigint of a magnitude in bytes, least significant first, any number of them; copied. */
cp_value cp__bigint_bytes(cp_heap *heap, bool negative, const void *bytes, size_t length);

/* The 64-bit words of a bigint's magnitude that count. */
static inline size_t cp__bigint_count(cp_value value) {
  const uint64_t *words = (const uint64_t *)(const void *)value.as.bytes;
  size_t count = value.length / sizeof *words;
  while (count > 0 && words[count - 1] == 0) count--;
  return count;
}

/* "TypeError". */
const char *cp__error_name(unsigned kind);

/* The bytes of an element; 0: there is no such kind. */
size_t cp__view_element_size(unsigned kind);

/* ---------------------------------------------------------------- tables */

/* Chooses the secret of the hashes, once for the process. Every heap calls it. */
void cp__table_seed(void);

/* SameValueZero: whether two keys of a map are one. */
bool cp__same_value_zero(cp_value a, cp_value b);

/* The entry's number, or -1. */
int64_t cp__table_find(const cp__table *table, cp_value key);

/* Sets an entry: a new one at the end, or over an equal key. False: out of memory. */
bool cp__table_set(cp_heap *heap, cp__table *table, cp_value key, cp_value value);

/*
 * Takes over `count` entries that a decoder has gathered: copies the slots. *twice tells whether a key came twice: then
 * the later one has counted, at the place of the first. False: out of memory.
 */
bool cp__table_adopt(cp_heap *heap, cp__table *table, const cp_value *slots, uint32_t count, uint8_t stride,
                     bool *twice);

/* Makes the index anew for slots that were put in place by other means: their keys differ. False: out of memory. */
bool cp__table_reindex(cp_heap *heap, cp__table *table);

/* Whether a key is an array index, "0" to "4294967294" without leading zeros. */
bool cp__is_index(const char *text, size_t length, uint32_t *index);

/* Notes in the object what its keys mean for the order of its properties: after adding keys to a table directly. */
void cp__object_note_keys(cp__object *object);

/* The entries in JavaScript's order: brings array indices to the front, ascending, if they are not. */
bool cp__object_sort(cp__object *object);

#endif
