/* value.h - how JavaScript values lie in memory. The codecs build and walk them directly. */
#ifndef CP_IPC_VALUE_H
#define CP_IPC_VALUE_H

#include "child_process.h"

/* ---------------------------------------------------------------- the heap */

typedef struct cp__block cp__block;

struct cp_heap {
  cp_limits limits; /* none is zero */
  cp__block *blocks;
  char *next, *end; /* what is free in the newest block */
  uint64_t marks;   /* the last mark given out: see cp__heap_mark() */
  bool failed;      /* an allocation has */
};

/* Memory that lives as long as the heap, not zeroed; NULL: the heap has failed. */
void *cp__heap_alloc(cp_heap *heap, size_t size); /* aligned for any type */
char *cp__heap_text(cp_heap *heap, size_t size);  /* not aligned; room for `size` bytes */

/*
 * A walk over values that must know what it has met takes `*last` = a mark, and stamps objects with marks above it:
 * an object whose `mark` is greater than that of the walk's start was met by it, and `mark - start` counts from 1. The heap's counter goes on
 * from the highest one given out. A heap belongs to one thread, so walks do not overlap.
 */

/* ---------------------------------------------------------------- objects */

/*
 * Entries in the order of insertion; for many of them an index of hashes is made, so that nothing is quadratic. `stride` is
 * 2 (key, value) or 1 (members of a set). Keys are equal by SameValueZero.
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
  cp__table
      table; /* named properties of objects, arrays and errors ("message", "stack", "cause"); entries of maps, members of sets */
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

/* ---------------------------------------------------------------- tables */

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

/* Whether a key is an array index, "0" to "4294967294" without leading zeros. */
bool cp__is_index(const char *text, size_t length, uint32_t *index);

/* Notes in the object what a new key means for the order of its properties. Call after adding keys to a table directly. */
void cp__object_note_keys(cp__object *object);

/* The entries in JavaScript's order: brings array indices to the front, ascending, if they are not. */
bool cp__object_sort(cp__object *object);

#endif
