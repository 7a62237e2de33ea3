/*
 * equal.c - whether two values are the same, or alike.
 *
 * Two objects that are being compared are taken for equal wherever they meet again: so cycles end, and what is shared
 * is compared once. What was taken for equal is kept as sets of objects (union-find), hence two graphs of n objects
 * cost at most n comparisons however they are tangled. All of it is one long "and", whose open questions wait in a
 * list: depth costs no stack. Only objects that are keys of maps or members of sets need tries that may fail, and be
 * taken back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

enum { DEEPEST_TRY = 2000 }; /* sets of objects in sets of objects: those recurse */

bool cp_value_same(cp_value a, cp_value b) {
  if (a.type != CP_TYPE_NUMBER || b.type != CP_TYPE_NUMBER) return cp__same_value_zero(a, b);
  if (a.as.number != a.as.number) return b.as.number != b.as.number;
  return a.as.number == b.as.number && !signbit(a.as.number) == !signbit(b.as.number);
}

/* ---------------------------------------------------------------- what is taken for equal */

typedef struct question {
  cp__object *a, *b;
} question;

typedef struct comparison {
  uint64_t start; /* the mark above which objects have a number: mark - start - 1 */
  struct class {
    size_t parent; /* its own number: the root */
    size_t size;   /* of a root */
  } * classes;
  size_t class_count, class_capacity;
  size_t *joined; /* the roots that got a parent, in that order; as long as classes */
  size_t joined_count;
  question *open;
  size_t open_count, open_capacity;
  unsigned tries;
  bool failed; /* out of memory */
} comparison;

static bool grow_classes(comparison *work) {
  size_t capacity = work->class_capacity > 0 ? work->class_capacity * 2 : 32;
  struct class *classes = realloc(work->classes, capacity * sizeof *classes);
  if (classes != NULL) work->classes = classes;
  size_t *joined = realloc(work->joined, capacity * sizeof *joined);
  if (joined != NULL) work->joined = joined;
  if (classes == NULL || joined == NULL) {
    work->failed = true;
    return false;
  }
  work->class_capacity = capacity;
  return true;
}

/* The root of the object's class. */
static size_t root(comparison *work, cp__object *object) {
  uint64_t number = object->mark - work->start - 1; /* huge if it has none */
  if (number >= work->class_count) {
    if (work->class_count == work->class_capacity && !grow_classes(work)) return 0;
    number = work->class_count++;
    work->classes[number] = (struct class){(size_t)number, 1};
    object->mark = work->start + number + 1;
    return (size_t)number;
  }
  size_t at = (size_t)number;
  while (work->classes[at].parent != at) at = work->classes[at].parent; /* NOLINT: all below class_count are set */
  return at;
}

/* Takes two objects for equal. True if they were already, or memory has failed. */
static bool join(comparison *work, cp__object *a, cp__object *b) {
  size_t child = root(work, a), parent = root(work, b);
  if (work->failed || child == parent) return true;
  if (work->classes[child].size > work->classes[parent].size) {
    size_t other = child;
    child = parent;
    parent = other;
  }
  work->classes[child].parent = parent;
  work->classes[parent].size += work->classes[child].size;
  work->joined[work->joined_count++] = child;
  return false;
}

static void take_back(comparison *work, size_t joined_count) {
  while (work->joined_count > joined_count) {
    size_t child = work->joined[--work->joined_count];
    work->classes[work->classes[child].parent].size -= work->classes[child].size;
    work->classes[child].parent = child;
  }
}

static bool ask(comparison *work, cp__object *a, cp__object *b) {
  if (work->open_count == work->open_capacity) {
    size_t capacity = work->open_capacity > 0 ? work->open_capacity * 2 : 32;
    question *open = realloc(work->open, capacity * sizeof *open);
    if (open == NULL) {
      work->failed = true;
      return false;
    }
    work->open = open;
    work->open_capacity = capacity;
  }
  work->open[work->open_count++] = (question){a, b};
  return true;
}

/* False: they differ. True: they are equal if the open questions are answered with yes. */
static bool compare(comparison *work, cp_value a, cp_value b) {
  if (!cp__has_identity(a) || !cp__has_identity(b) || a.type != b.type) return cp_value_same(a, b);
  if (a.as.object == b.as.object) return true;
  if (join(work, a.as.object, b.as.object)) return !work->failed;
  return ask(work, a.as.object, b.as.object);
}

/* ---------------------------------------------------------------- objects and arrays */

/* Each property of `a` is one of `b`. Mostly they come in the same order. */
static bool compare_properties(comparison *work, const cp__table *a, const cp__table *b) {
  if (a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    const cp_value *mine = a->slots + (size_t)i * 2, *other = b->slots + (size_t)i * 2;
    if (!cp__same_value_zero(mine[0], other[0])) {
      int64_t found = cp__table_find(b, mine[0]);
      if (found < 0) return false;
      other = b->slots + found * 2;
    }
    if (!compare(work, mine[1], other[1])) return false;
  }
  return true;
}

static bool compare_items(comparison *work, const cp_value *a, const cp_value *b, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (!compare(work, a[i], b[i])) return false;
  return true;
}

static bool is_index(cp_value key, uint32_t *index) { return cp__is_index(key.as.bytes, key.length, index); }

/* How many elements there are that are no holes, wherever they lie. */
static uint32_t count_elements(const cp__object *array) {
  uint32_t count = 0, index;
  for (uint32_t i = 0; i < array->as.array.item_count; i++) count += array->as.array.items[i].type != CP_TYPE_HOLE;
  for (uint32_t i = 0; array->index_keys && i < array->table.count; i++)
    count += is_index(array->table.slots[(size_t)i * 2], &index);
  return count;
}

static uint32_t count_names(const cp__object *array) {
  uint32_t count = array->table.count, index;
  for (uint32_t i = 0; array->index_keys && i < array->table.count; i++)
    count -= is_index(array->table.slots[(size_t)i * 2], &index);
  return count;
}

/* An element that is a hole in neither. */
static bool compare_element(comparison *work, cp_value element, cp__object *array, uint32_t index) {
  cp_value other = cp_value_at(cp__object_value(array), index);
  return other.type != CP_TYPE_HOLE && compare(work, element, other);
}

static bool compare_entry(comparison *work, const cp_value *entry, cp__object *b) {
  uint32_t index;
  if (is_index(entry[0], &index)) return compare_element(work, entry[1], b, index);
  int64_t found = cp__table_find(&b->table, entry[0]);
  return found >= 0 && compare(work, entry[1], b->table.slots[found * 2 + 1]);
}

/* Arrays with holes may keep the same element among the dense ones or by name. */
static bool compare_sparse(comparison *work, cp__object *a, cp__object *b) {
  if (count_elements(a) != count_elements(b) || count_names(a) != count_names(b)) return false;
  for (uint32_t i = 0; i < a->as.array.item_count; i++) {
    cp_value item = a->as.array.items[i];
    if (item.type != CP_TYPE_HOLE && !compare_element(work, item, b, i)) return false;
  }
  for (uint32_t i = 0; i < a->table.count; i++)
    if (!compare_entry(work, a->table.slots + (size_t)i * 2, b)) return false;
  return true;
}

static bool compare_arrays(comparison *work, cp__object *a, cp__object *b) {
  uint32_t count = a->as.array.item_count;
  if (a->length != b->length) return false;
  if (count != b->as.array.item_count || a->index_keys || b->index_keys) return compare_sparse(work, a, b);
  return compare_items(work, a->as.array.items, b->as.array.items, count) &&
         compare_properties(work, &a->table, &b->table);
}

/* ---------------------------------------------------------------- maps and sets */

static bool answer(comparison *work, size_t open_count);

/* Whether two entries are equal all the way down; what was taken for equal on the way is forgotten if not. */
static bool try_entries(comparison *work, const cp_value *a, const cp_value *b, uint8_t stride) {
  size_t open_count = work->open_count, joined_count = work->joined_count;
  if (work->tries == DEEPEST_TRY) return false;
  work->tries++;
  bool equal = compare(work, a[0], b[0]) && (stride == 1 || compare(work, a[1], b[1])) && answer(work, open_count);
  work->tries--;
  if (!equal) {
    work->open_count = open_count;
    take_back(work, joined_count);
  }
  return equal;
}

typedef struct candidate {
  const cp_value *entry;
} candidate;

/* Finds a partner for each entry of `a` that has an object for its key, among the `count` entries of `b` that have. */
static bool pair_up(comparison *work, const cp__table *a, candidate *candidates, size_t count) {
  for (uint32_t i = 0; i < a->count; i++) {
    const cp_value *entry = a->slots + (size_t)i * a->stride;
    if (!cp__has_identity(*entry)) continue;
    size_t at = 0;
    while (at < count && !work->failed && !try_entries(work, entry, candidates[at].entry, a->stride)) at++;
    if (at >= count || work->failed) return false;
    candidates[at] = candidates[0]; /* order as before if the partner was the first */
    candidates++;
    count--;
  }
  return count == 0;
}

static bool compare_object_keys(comparison *work, const cp__table *a, const cp__table *b, size_t count) {
  candidate *candidates = malloc(count * sizeof *candidates);
  size_t found = 0;
  if (candidates == NULL) {
    work->failed = true;
    return false;
  }
  for (uint32_t i = 0; i < b->count && found < count; i++) {
    const cp_value *entry = b->slots + (size_t)i * b->stride;
    if (cp__has_identity(*entry)) candidates[found++].entry = entry;
  }
  bool equal = found == count && pair_up(work, a, candidates, count);
  free(candidates);
  return equal;
}

/* Keys that are primitives are looked up; as many are left in both, so the rest can be paired. */
static bool compare_collections(comparison *work, const cp__table *a, const cp__table *b) {
  size_t objects = 0;
  if (a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    const cp_value *entry = a->slots + (size_t)i * a->stride;
    if (cp__has_identity(*entry)) {
      objects++;
      continue;
    }
    int64_t found = cp__table_find(b, *entry);
    if (found < 0) return false;
    if (a->stride == 2 && !compare(work, entry[1], b->slots[found * 2 + 1])) return false;
  }
  return objects == 0 || compare_object_keys(work, a, b, objects);
}

/* ---------------------------------------------------------------- the rest */

static cp_value property(const cp__object *object, const char *name, cp_value otherwise) {
  int64_t found = cp__table_find(&object->table, cp__string_value(name, (uint32_t)strlen(name)));
  return found >= 0 ? object->table.slots[found * 2 + 1] : otherwise;
}

/* The stack does not count; no message is an empty one, as prototypes have it. */
static bool compare_errors(comparison *work, const cp__object *a, const cp__object *b) {
  cp_value empty = cp__string_value("", 0);
  return a->kind == b->kind && compare(work, property(a, "message", empty), property(b, "message", empty)) &&
         compare(work, property(a, "cause", cp_undefined()), property(b, "cause", cp_undefined()));
}

static bool compare_bytes(const cp__object *a, const cp__object *b) {
  size_t length = a->as.buffer.length;
  if (a->kind != b->kind || length != b->as.buffer.length) return false;
  return length == 0 || memcmp(a->as.buffer.bytes, b->as.buffer.bytes, length) == 0;
}

static bool compare_content(comparison *work, cp__object *a, cp__object *b) {
  switch (a->type) {
    case CP_TYPE_OBJECT:
      return compare_properties(work, &a->table, &b->table);
    case CP_TYPE_ARRAY:
      return compare_arrays(work, a, b);
    case CP_TYPE_MAP:
    case CP_TYPE_SET:
      return compare_collections(work, &a->table, &b->table);
    case CP_TYPE_DATE:
      return cp_value_same(cp_number(a->as.date), cp_number(b->as.date));
    case CP_TYPE_REGEXP:
      return a->flags == b->flags && cp_value_same(a->as.primitive, b->as.primitive);
    case CP_TYPE_BOXED:
      return cp_value_same(a->as.primitive, b->as.primitive);
    case CP_TYPE_ERROR:
      return compare_errors(work, a, b);
    default:
      return compare_bytes(a, b);
  }
}

/* Answers the questions from that number on, and those that come up meanwhile. */
static bool answer(comparison *work, size_t open_count) {
  while (work->open_count > open_count) {
    question next = work->open[--work->open_count];
    if (!compare_content(work, next.a, next.b)) return false;
  }
  return !work->failed;
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

bool cp_value_equal(cp_value a, cp_value b) {
  if (!cp__has_identity(a) || a.type != b.type) return cp_value_same(a, b);
  cp_heap *left = a.as.object->heap, *right = b.as.object->heap;
  comparison work = {.start = larger(left->marks, right->marks)};
  bool equal = compare(&work, a, b) && answer(&work, 0);
  left->marks = right->marks = work.start + work.class_count;
  free(work.classes);
  free(work.joined);
  free(work.open);
  return equal;
}
