/* copy.c - deep copies. A list of the objects met takes the place of recursion, so depth costs no stack. */
#include <stdlib.h>
#include <string.h>

#include "value.h"

typedef struct copying {
  cp_heap *to;
  uint64_t start; /* the mark of the source's heap: an object above it has pairs[mark - start - 1] */
  struct pair {
    cp__object *source, *copy;
  } * pairs;
  size_t count, capacity;
  bool failed;
} copying;

static void *copy_memory(copying *work, const void *from, size_t size) {
  void *copy = cp__heap_alloc(work->to, size);
  if (copy == NULL) {
    work->failed = true;
    return NULL;
  }
  return memcpy(copy, from, size);
}

static bool note(copying *work, cp__object *source, cp__object *copy) {
  if (work->count == work->capacity) {
    size_t capacity = work->capacity > 0 ? work->capacity * 2 : 16;
    struct pair *pairs = realloc(work->pairs, capacity * sizeof *pairs);
    if (pairs == NULL) return false;
    work->pairs = pairs;
    work->capacity = capacity;
  }
  work->pairs[work->count++] = (struct pair){source, copy};
  source->mark = work->start + work->count;
  return true;
}

/* The copy of an object, to be filled later if it is met for the first time. */
static cp__object *copy_object(copying *work, cp__object *source) {
  uint64_t number = source->mark - work->start - 1;                 /* huge if it has no number */
  if (number < work->count && work->pairs[number].source == source) /* NOLINT: all below count are set */
    return work->pairs[number].copy;
  cp__object *copy = cp__heap_alloc(work->to, sizeof *copy);
  if (copy == NULL || !note(work, source, copy)) {
    work->failed = true;
    return NULL;
  }
  *copy = *source;
  copy->heap = work->to;
  copy->mark = 0;
  return copy;
}

static cp_value copy_string(copying *work, cp_value value) {
  char *copy = cp__heap_text(work->to, (size_t)value.length + 1);
  if (copy == NULL) {
    work->failed = true;
    return (cp_value){.type = CP_TYPE_NONE};
  }
  memcpy(copy, value.as.bytes, (size_t)value.length + 1);
  return cp__string_value(copy, value.length);
}

static cp_value copy_value(copying *work, cp_value value) {
  if (cp__has_identity(value)) {
    value.as.object = copy_object(work, value.as.object);
  } else if (value.type == CP_TYPE_STRING) {
    value = copy_string(work, value);
  } else if (value.type == CP_TYPE_BIGINT && value.length > 0) {
    value.as.bytes = copy_memory(work, value.as.bytes, value.length);
  } else if (value.type == CP_TYPE_NONE) {
    work->failed = true;
  }
  return value;
}

static cp_value *copy_values(copying *work, const cp_value *from, size_t count) {
  if (count == 0) return NULL;
  cp_value *copy = copy_memory(work, from, count * sizeof *from);
  for (size_t i = 0; copy != NULL && i < count && !work->failed; i++) copy[i] = copy_value(work, copy[i]);
  return copy;
}

/* The index stays right but for keys that are objects: those hash by their address. */
static void copy_table(copying *work, cp__object *copy) {
  cp__table *table = &copy->table;
  table->slots = copy_values(work, table->slots, (size_t)table->count * table->stride);
  table->capacity = table->count;
  if (work->failed || table->index == NULL) return;
  if (copy->type != CP_TYPE_MAP && copy->type != CP_TYPE_SET)
    table->index = copy_memory(work, table->index, table->index_size * 2 * sizeof *table->index);
  else if (!cp__table_reindex(work->to, table))
    work->failed = true;
}

static void copy_content(copying *work, cp__object *copy) {
  copy_table(work, copy);
  switch (copy->type) {
    case CP_TYPE_ARRAY:
      copy->as.array.items = copy_values(work, copy->as.array.items, copy->as.array.item_count);
      copy->as.array.item_capacity = copy->as.array.item_count;
      break;
    case CP_TYPE_ARRAY_BUFFER:
    case CP_TYPE_VIEW:
      if (copy->as.buffer.length > 0)
        copy->as.buffer.bytes = copy_memory(work, copy->as.buffer.bytes, copy->as.buffer.length);
      break;
    case CP_TYPE_REGEXP:
    case CP_TYPE_BOXED:
      copy->as.primitive = copy_value(work, copy->as.primitive);
      break;
    default:
      break;
  }
}

cp_value cp_value_copy(cp_heap *heap, cp_value value) {
  cp_heap *from = cp__has_identity(value) ? value.as.object->heap : NULL;
  copying work = {.to = heap, .start = from != NULL ? from->marks : 0, .failed = heap == NULL};
  cp_value copy = {.type = CP_TYPE_NONE};
  if (!work.failed) copy = copy_value(&work, value);
  for (size_t i = 0; i < work.count && !work.failed; i++) copy_content(&work, work.pairs[i].copy);
  if (from != NULL) from->marks += work.count;
  free(work.pairs);
  return work.failed ? cp__heap_fail(heap) : copy;
}
