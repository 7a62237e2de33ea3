/* codec_subjects.c - the values that are turned into bytes and back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec_tables.h"

enum { ENTRIES = 400, OBJECTS = 4000, STRINGS = 20, STRING_BYTES = 20000, NUMBERS = 20000, TEXT_BYTES = 64 };

const char *const codec_table_names[CODEC_TABLES] = {"mixed", "objects", "strings", "numbers"};

static cp_value text_of(cp_heap *heap, const char *format, int i) {
  char text[TEXT_BYTES];
  int length = snprintf(text, sizeof text, format, i);
  return cp_string_n(heap, text, (size_t)length);
}

/* What JSON has, too. */
static cp_value make_entry(cp_heap *heap, int i) {
  cp_value entry = cp_object(heap), tags = cp_array(heap), place = cp_object(heap);
  for (int k = 0; k < 4; k++) (void)cp_value_push(tags, text_of(heap, "tag-%d", i % 7 + k));
  (void)cp_value_set(place, "latitude", cp_number(i / 7.0));
  (void)cp_value_set(place, "longitude", cp_number(-i / 3.0));
  (void)cp_value_set(entry, "id", cp_number(i));
  (void)cp_value_set(entry, "name", text_of(heap, "the entry of number %d", i));
  (void)cp_value_set(entry, "title", text_of(heap, "запись № %d — 項目", i));
  (void)cp_value_set(entry, "active", cp_boolean(i % 2 == 0));
  (void)cp_value_set(entry, "parent", i % 3 == 0 ? cp_null() : cp_number(i - 1));
  (void)cp_value_set(entry, "tags", tags);
  return cp_value_set(entry, "place", place);
}

static void add_rich(cp_heap *heap, cp_value entry, int i) {
  char bytes[256];
  memset(bytes, i, sizeof bytes);
  cp_value map = cp_map(heap), set = cp_set(heap);
  for (int k = 0; k < 4; k++) {
    (void)cp_value_map_set(map, text_of(heap, "key %d", k), cp_number(i * k));
    (void)cp_value_add(set, cp_number(k));
  }
  (void)cp_value_set(entry, "created", cp_date(heap, 1700000000000.0 + i * 1000.0));
  (void)cp_value_set(entry, "counts", map);
  (void)cp_value_set(entry, "members", set);
  (void)cp_value_set(entry, "bytes", cp_view(heap, CP_VIEW_UINT8, bytes, sizeof bytes));
  (void)cp_value_set(entry, "big", cp_bigint(heap, (int64_t)i << 40));
  (void)cp_value_set(entry, "nothing", cp_undefined());
  (void)cp_value_set(entry, "error", cp_error_value(heap, CP_ERROR_TYPE, "it does not fit", NULL));
}

static cp_value make_mixed(cp_heap *heap, bool json) {
  cp_value all = cp_array(heap);
  for (int i = 0; i < ENTRIES; i++) {
    cp_value entry = make_entry(heap, i);
    if (!json) add_rich(heap, entry, i);
    (void)cp_value_push(all, entry);
  }
  return all;
}

static cp_value make_objects(cp_heap *heap) {
  cp_value all = cp_array(heap);
  for (int i = 0; i < OBJECTS; i++) {
    cp_value point = cp_object(heap);
    (void)cp_value_set(point, "x", cp_number(i));
    (void)cp_value_set(point, "y", cp_number(i * 2));
    (void)cp_value_set(point, "visible", cp_boolean(true));
    (void)cp_value_push(all, cp_value_set(point, "kind", cp_string(heap, "point")));
  }
  return all;
}

static cp_value make_strings(cp_heap *heap) {
  static const char two_bytes[] = "ж";
  char text[STRING_BYTES];
  cp_value all = cp_array(heap);
  for (int i = 0; i < STRINGS; i++) {
    for (int k = 0; k + 2 <= STRING_BYTES; k += 2)
      memcpy(text + k, i % 2 == 0 ? (const char[]){(char)('a' + (k + i) % 26), ' '} : two_bytes, 2);
    (void)cp_value_push(all, cp_string_n(heap, text, sizeof text));
  }
  return all;
}

static cp_value make_numbers(cp_heap *heap) {
  cp_value all = cp_array(heap);
  for (int i = 0; i < NUMBERS; i++) (void)cp_value_push(all, cp_number(i % 2 == 0 ? i * 37.0 : sqrt(i)));
  return all;
}

cp_value codec_make(cp_heap *heap, codec_table table, bool json) {
  if (table == CODEC_MIXED) return make_mixed(heap, json);
  if (table == CODEC_OBJECTS) return make_objects(heap);
  return table == CODEC_STRINGS ? make_strings(heap) : make_numbers(heap);
}
