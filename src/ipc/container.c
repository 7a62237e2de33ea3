/* container.c - objects, arrays, maps and sets: putting values in, and finding them. */
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "value.h"

/* An index that is this far beyond the elements is kept by name: the holes between would cost more. */
enum { WIDEST_GAP = 1024, INDEX_MAX_DIGITS = 10 };

/* ---------------------------------------------------------------- keys that are indices */

bool cp__is_index(const char *text, size_t length, uint32_t *index) {
  if (length == 0 || length > INDEX_MAX_DIGITS || (text[0] == '0' && length > 1)) return false;
  uint64_t number = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (uint64_t)(text[i] - '0');
  }
  if (number >= UINT32_MAX) return false;
  *index = (uint32_t)number;
  return true;
}

static bool key_index(cp_value key, uint32_t *index) {
  return key.type == CP_TYPE_STRING && cp__is_index(key.as.bytes, key.length, index);
}

static cp_value key_at(const cp__table *table, uint32_t i) { return table->slots[(size_t)i * table->stride]; }

/* Notes the key of entry `i`, with those before it noted. */
static void note_key(cp__object *object, uint32_t i) {
  const cp__table *table = &object->table;
  uint32_t index, before;
  if (!key_index(key_at(table, i), &index)) return;
  bool in_order = i == 0 || (key_index(key_at(table, i - 1), &before) && before < index);
  object->sorted = in_order && (object->sorted || !object->index_keys);
  object->index_keys = true;
}

void cp__object_note_keys(cp__object *object) {
  object->index_keys = object->sorted = false;
  for (uint32_t i = 0; i < object->table.count; i++) note_key(object, i);
}

typedef struct place {
  uint32_t index, entry;
} place;

static int by_index(const void *a, const void *b) {
  uint32_t left = ((const place *)a)->index, right = ((const place *)b)->index;
  return (left > right) - (left < right);
}

/* The new order: index keys ascending, then the rest as it is. */
static void choose_places(const cp__table *table, place *places) {
  uint32_t indices = 0, index;
  for (uint32_t i = 0; i < table->count; i++)
    if (key_index(key_at(table, i), &index)) places[indices++] = (place){index, i};
  qsort(places, indices, sizeof *places, by_index);
  for (uint32_t i = 0; i < table->count; i++)
    if (!key_index(key_at(table, i), &index)) places[indices++] = (place){0, i};
}

bool cp__object_sort(cp__object *object) {
  if (!object->index_keys || object->sorted) return true;
  cp__table *table = &object->table;
  size_t entry = table->stride * sizeof *table->slots;
  cp_value *old = malloc(table->count * entry);
  place *places = malloc(table->count * sizeof *places);
  if (old != NULL && places != NULL) {
    memcpy(old, table->slots, table->count * entry);
    choose_places(table, places);
    for (uint32_t i = 0; i < table->count; i++)
      memcpy(table->slots + (size_t)i * table->stride, old + (size_t)places[i].entry * table->stride, entry);
    object->sorted = cp__table_reindex(object->heap, table);
  } else {
    object->heap->failed = true;
  }
  free(old);
  free(places);
  return object->sorted;
}

/* ---------------------------------------------------------------- putting in */

static cp_value fail(cp_value container, cp_value value) {
  if (cp__has_identity(container)) return cp__heap_fail(container.as.object->heap);
  return cp__heap_fail(cp__has_identity(value) ? value.as.object->heap : NULL);
}

/* What is stored for a value that is put into the heap; CP_TYPE_NONE: it cannot be. */
static cp_value stored(cp_heap *heap, cp_value value) {
  if (cp__has_identity(value) && value.as.object->heap != heap) return cp_value_copy(heap, value);
  return value;
}

/* The same where no hole can be. */
static cp_value stored_whole(cp_heap *heap, cp_value value) {
  return value.type == CP_TYPE_HOLE ? cp_undefined() : stored(heap, value);
}

static bool is_key(const char *key, size_t length, const char *name) {
  return length == strlen(name) && memcmp(key, name, length) == 0;
}

/* An error has three properties and no more, two of them text: that is all that can be sent. */
static bool takes_property(const cp__object *object, const char *key, size_t length, cp_value value) {
  if (object->type == CP_TYPE_OBJECT) return true;
  if (object->type == CP_TYPE_ARRAY) return !is_key(key, length, "length");
  if (object->type != CP_TYPE_ERROR) return false;
  if (is_key(key, length, "cause")) return true;
  return value.type == CP_TYPE_STRING && (is_key(key, length, "message") || is_key(key, length, "stack"));
}

/* Sets a property by a key that is well-formed, which is copied if it is new. False: out of memory. */
static bool set_property(cp__object *object, cp_value key, cp_value value) {
  cp__table *table = &object->table;
  int64_t found = cp__table_find(table, key);
  if (found >= 0) {
    table->slots[found * 2 + 1] = value;
    return true;
  }
  char *copy = cp__heap_text(object->heap, (size_t)key.length + 1);
  if (copy == NULL) return false;
  memcpy(copy, key.as.bytes, key.length);
  copy[key.length] = '\0';
  if (!cp__table_set(object->heap, table, cp__string_value(copy, key.length), value)) return false;
  note_key(object, table->count - 1);
  return true;
}

cp_value cp_value_set_n(cp_value object, const char *key, size_t length, cp_value value) {
  if (!cp__has_identity(object) || key == NULL || length > UINT32_MAX) return fail(object, value);
  cp__object *to = object.as.object;
  uint32_t index;
  if (to->type == CP_TYPE_ARRAY && cp__is_index(key, length, &index)) return cp_value_set_at(object, index, value);
  value = stored_whole(to->heap, value);
  if (value.type == CP_TYPE_NONE || !takes_property(to, key, length, value)) return fail(object, value);
  cp_value name = cp__string_value(key, (uint32_t)length);
  if (!cp__text_is_valid(key, length)) name = cp_string_n(to->heap, key, length);
  if (name.type == CP_TYPE_NONE || !set_property(to, name, value)) return fail(object, value);
  return object;
}

cp_value cp_value_set(cp_value object, const char *key, cp_value value) {
  return cp_value_set_n(object, key, key != NULL ? strlen(key) : 0, value);
}

/* ---------------------------------------------------------------- arrays */

static bool grow_items(cp__object *array, uint32_t count) {
  uint32_t capacity = array->as.array.item_capacity, wanted = capacity < 4 ? 4 : capacity;
  if (count <= capacity) return true;
  while (wanted < count) wanted = wanted > UINT32_MAX / 2 ? UINT32_MAX : wanted * 2;
  if ((uint64_t)wanted * sizeof(cp_value) > SIZE_MAX / 2) return false;
  cp_value *items = cp__heap_grow(array->heap, array->as.array.items, capacity * sizeof *items, wanted * sizeof *items);
  if (items == NULL) return false;
  array->as.array.items = items;
  array->as.array.item_capacity = wanted;
  return true;
}

/* Sets an element among the dense ones, or right behind them or behind a gap of holes. */
static bool set_item(cp__object *array, uint32_t index, cp_value value) {
  uint32_t count = array->as.array.item_count;
  if (index >= count && !grow_items(array, index + 1)) return false;
  cp_value *items = array->as.array.items;
  for (uint32_t i = count; i < index; i++) items[i] = (cp_value){.type = CP_TYPE_HOLE};
  items[index] = value;
  if (index > count || value.type == CP_TYPE_HOLE) array->has_holes = true;
  if (index >= count) array->as.array.item_count = index + 1;
  return true;
}

static cp_value index_name(uint32_t index, char digits[INDEX_MAX_DIGITS]) {
  size_t at = INDEX_MAX_DIGITS;
  do digits[--at] = (char)('0' + index % 10);
  while ((index /= 10) > 0);
  return cp__string_value(digits + at, (uint32_t)(INDEX_MAX_DIGITS - at));
}

/* An element far out is a property. Once there is one, all that are not among the dense ones are. */
static bool set_far_item(cp__object *array, uint32_t index, cp_value value) {
  char digits[INDEX_MAX_DIGITS];
  array->has_holes = true;
  return set_property(array, index_name(index, digits), value);
}

cp_value cp_value_set_at(cp_value array, uint32_t index, cp_value value) {
  if (array.type != CP_TYPE_ARRAY || index == UINT32_MAX) return fail(array, value);
  cp__object *to = array.as.object;
  uint32_t count = to->as.array.item_count;
  value = stored(to->heap, value);
  if (value.type == CP_TYPE_NONE) return fail(array, value);
  bool near = index < count || (!to->index_keys && index - count <= WIDEST_GAP + count / 2);
  if (!(near ? set_item(to, index, value) : set_far_item(to, index, value))) return fail(array, value);
  if (index >= to->length) to->length = index + 1;
  return array;
}

cp_value cp_value_push(cp_value array, cp_value value) {
  if (array.type != CP_TYPE_ARRAY) return fail(array, value);
  return cp_value_set_at(array, array.as.object->length, value);
}

/* ---------------------------------------------------------------- maps and sets */

static cp_value put(cp_value container, cp_type type, cp_value key, cp_value value) {
  if (container.type != type) return fail(container, key);
  cp__object *to = container.as.object;
  key = stored_whole(to->heap, key);
  value = stored_whole(to->heap, value);
  if (key.type == CP_TYPE_NONE || value.type == CP_TYPE_NONE) return fail(container, value);
  return cp__table_set(to->heap, &to->table, key, value) ? container : fail(container, value);
}

cp_value cp_value_map_set(cp_value map, cp_value key, cp_value value) { return put(map, CP_TYPE_MAP, key, value); }

cp_value cp_value_add(cp_value set, cp_value value) { return put(set, CP_TYPE_SET, value, cp_undefined()); }

/* ---------------------------------------------------------------- finding */

static bool has_properties(cp_value value) {
  return value.type == CP_TYPE_OBJECT || value.type == CP_TYPE_ARRAY || value.type == CP_TYPE_ERROR;
}

/* The value of an entry; CP_TYPE_NONE: there is none. */
static cp_value look_up(const cp__table *table, cp_value key) {
  int64_t found = cp__table_find(table, key);
  return found >= 0 ? table->slots[found * 2 + 1] : (cp_value){.type = CP_TYPE_NONE};
}

static cp_value property(cp_value object, const char *key, size_t length) {
  const cp_value none = {.type = CP_TYPE_NONE};
  if (!has_properties(object) || key == NULL || length > UINT32_MAX) return none;
  uint32_t index;
  if (object.type == CP_TYPE_ARRAY && cp__is_index(key, length, &index)) {
    cp_value item = cp_value_at(object, index);
    return index < object.as.object->length && item.type != CP_TYPE_HOLE ? item : none;
  }
  return look_up(&object.as.object->table, cp__string_value(key, (uint32_t)length));
}

cp_value cp_value_get_n(cp_value object, const char *key, size_t length) {
  cp_value value = property(object, key, length);
  return value.type != CP_TYPE_NONE ? value : cp_undefined();
}

cp_value cp_value_get(cp_value object, const char *key) {
  return cp_value_get_n(object, key, key != NULL ? strlen(key) : 0);
}

bool cp_value_has(cp_value object, const char *key) {
  return property(object, key, key != NULL ? strlen(key) : 0).type != CP_TYPE_NONE;
}

cp_value cp_value_at(cp_value array, uint32_t index) {
  if (array.type != CP_TYPE_ARRAY || index >= array.as.object->length) return cp_undefined();
  const cp__object *from = array.as.object;
  if (index < from->as.array.item_count) return from->as.array.items[index];
  char digits[INDEX_MAX_DIGITS];
  cp_value found = {.type = CP_TYPE_NONE};
  if (from->index_keys) found = look_up(&from->table, index_name(index, digits));
  return found.type != CP_TYPE_NONE ? found : (cp_value){.type = CP_TYPE_HOLE};
}

cp_value cp_value_map_get(cp_value map, cp_value key) {
  if (map.type != CP_TYPE_MAP) return cp_undefined();
  cp_value found = look_up(&map.as.object->table, key);
  return found.type != CP_TYPE_NONE ? found : cp_undefined();
}

bool cp_value_contains(cp_value map_or_set, cp_value key) {
  if (map_or_set.type != CP_TYPE_MAP && map_or_set.type != CP_TYPE_SET) return false;
  return cp__table_find(&map_or_set.as.object->table, key) >= 0;
}

/* How many keys at the front are indices. The table is sorted. */
static uint32_t count_indices(const cp__object *object) {
  uint32_t low = 0, high = object->index_keys ? object->table.count : 0, index;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (key_index(key_at(&object->table, middle), &index))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool cp_value_entry(cp_value object, size_t i, cp_value *key, cp_value *value) {
  if (object.type < CP_TYPE_OBJECT || object.type > CP_TYPE_SET) return false;
  cp__object *from = object.as.object;
  if (!cp__object_sort(from)) return false;
  if (object.type == CP_TYPE_ARRAY) i += count_indices(from); /* elements, not named properties */
  if (i >= from->table.count) return false;
  const cp_value *entry = from->table.slots + i * from->table.stride;
  if (key != NULL) *key = entry[0];
  if (value != NULL) *value = entry[from->table.stride - 1];
  return true;
}
