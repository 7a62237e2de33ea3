/* value.c - making values and asking them. */
#include "value.h"

#include <math.h>
#include <string.h>

#include "text.h"

/* ---------------------------------------------------------------- primitives */

cp_value cp_undefined(void) { return (cp_value){.type = CP_TYPE_UNDEFINED}; }

cp_value cp_null(void) { return (cp_value){.type = CP_TYPE_NULL}; }

cp_value cp_boolean(bool boolean) { return (cp_value){.type = CP_TYPE_BOOLEAN, .flag = boolean}; }

cp_value cp_number(double number) {
  cp_value value = {.type = CP_TYPE_NUMBER};
  value.as.number = number;
  return value;
}

/* Ends a text of the heap that had room for `size` bytes and a NUL. */
static cp_value finish_text(cp_heap *heap, char *text, size_t size, size_t length) {
  if (length > UINT32_MAX) return cp__heap_fail(heap);
  text[length] = '\0';
  text = cp__heap_text_trim(heap, text, size + 1, length + 1);
  return cp__string_value(text, (uint32_t)length);
}

static cp_value repaired_string(cp_heap *heap, const char *text, size_t length) {
  if (length > UINT32_MAX) return cp__heap_fail(heap);
  char *copy = cp__heap_text(heap, 3 * length + 1);
  if (copy == NULL) return cp__heap_fail(heap);
  return finish_text(heap, copy, 3 * length, cp__text_repair(copy, text, length));
}

cp_value cp_text(const char *text) {
  size_t length = text != NULL ? strlen(text) : 0;
  if (text == NULL || length > UINT32_MAX || !cp__text_is_valid(text, length)) return (cp_value){0};
  return cp__string_value(text, (uint32_t)length);
}

cp_value cp_string_n(cp_heap *heap, const char *text, size_t length) {
  if (text == NULL) length = 0;
  if (!cp__text_is_valid(text, length)) return repaired_string(heap, text, length);
  char *copy = length > UINT32_MAX ? NULL : cp__heap_text(heap, length + 1);
  if (copy == NULL) return cp__heap_fail(heap);
  if (length > 0) memcpy(copy, text, length);
  copy[length] = '\0';
  return cp__string_value(copy, (uint32_t)length);
}

cp_value cp_string(cp_heap *heap, const char *text) {
  return text != NULL ? cp_string_n(heap, text, strlen(text)) : cp_null();
}

cp_value cp_string_utf16(cp_heap *heap, const uint16_t *units, size_t count) {
  if (units == NULL) count = 0;
  if (count > UINT32_MAX) return cp__heap_fail(heap);
  char *copy = cp__heap_text(heap, 3 * count + 1);
  if (copy == NULL) return cp__heap_fail(heap);
  return finish_text(heap, copy, 3 * count, cp__text_from_utf16(copy, (const uint8_t *)units, count));
}

cp_value cp__bigint_bytes(cp_heap *heap, bool negative, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  cp_value value = {.type = CP_TYPE_BIGINT};
  while (length > 0 && from[length - 1] == 0) length--;
  size_t size = (length + 7) / 8 * 8;
  if (size == 0) return value;
  char *copy = size > UINT32_MAX ? NULL : cp__heap_alloc(heap, size);
  if (copy == NULL) return cp__heap_fail(heap);
  memset(copy + size - 8, 0, 8);
  value.as.bytes = memcpy(copy, bytes, length);
  value.length = (uint32_t)size;
  value.flag = negative;
  return value;
}

cp_value cp_bigint_words(cp_heap *heap, bool negative, const uint64_t *words, size_t count) {
  if (count > UINT32_MAX / sizeof *words) return cp__heap_fail(heap);
  return cp__bigint_bytes(heap, negative, words, count * sizeof *words);
}

cp_value cp_bigint_u64(cp_heap *heap, uint64_t integer) { return cp_bigint_words(heap, false, &integer, 1); }

cp_value cp_bigint(cp_heap *heap, int64_t integer) {
  uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
  return cp_bigint_words(heap, integer < 0, &magnitude, 1);
}

/* ---------------------------------------------------------------- objects */

cp__object *cp__object_new(cp_heap *heap, cp_type type) {
  cp__object *object = cp__heap_alloc(heap, sizeof *object);
  if (object == NULL) return NULL;
  *object = (cp__object){.type = (uint8_t)type, .heap = heap};
  object->table.stride = type == CP_TYPE_SET ? 1 : 2;
  return object;
}

static cp_value new_value(cp_heap *heap, cp_type type) { return cp__object_value(cp__object_new(heap, type)); }

cp_value cp_object(cp_heap *heap) { return new_value(heap, CP_TYPE_OBJECT); }

cp_value cp_array(cp_heap *heap) { return new_value(heap, CP_TYPE_ARRAY); }

cp_value cp_map(cp_heap *heap) { return new_value(heap, CP_TYPE_MAP); }

cp_value cp_set(cp_heap *heap) { return new_value(heap, CP_TYPE_SET); }

cp_value cp_array_sparse(cp_heap *heap, uint32_t length) {
  cp__object *array = cp__object_new(heap, CP_TYPE_ARRAY);
  if (array != NULL) {
    array->as.array.item_count = 0;
    array->length = length;
    array->has_holes = length > 0;
  }
  return cp__object_value(array);
}

/* JavaScript's TimeClip: whole milliseconds, no -0. */
static double clip_time(double milliseconds) {
  if (!(fabs(milliseconds) <= 8.64e15)) return NAN;
  return (double)(int64_t)milliseconds;
}

cp_value cp_date(cp_heap *heap, double milliseconds) {
  cp__object *date = cp__object_new(heap, CP_TYPE_DATE);
  if (date != NULL) date->as.date = clip_time(milliseconds);
  return cp__object_value(date);
}

enum {
  ALL_FLAGS =
      CP_REGEXP_G | CP_REGEXP_I | CP_REGEXP_M | CP_REGEXP_Y | CP_REGEXP_U | CP_REGEXP_S | CP_REGEXP_D | CP_REGEXP_V
};

cp_value cp_regexp(cp_heap *heap, const char *source, unsigned flags) {
  bool both = (flags & CP_REGEXP_U) != 0 && (flags & CP_REGEXP_V) != 0;
  if ((flags & ~(unsigned)ALL_FLAGS) != 0 || both) return cp__heap_fail(heap);
  if (source == NULL || *source == '\0') source = "(?:)"; /* as JavaScript has it: // would be a comment */
  cp_value text = cp_string(heap, source);
  cp__object *regexp = text.type == CP_TYPE_STRING ? cp__object_new(heap, CP_TYPE_REGEXP) : NULL;
  if (regexp != NULL) {
    regexp->as.primitive = text;
    regexp->flags = (uint16_t)flags;
  }
  return cp__object_value(regexp);
}

static bool may_be_boxed(cp_value value) {
  return value.type == CP_TYPE_BOOLEAN || value.type == CP_TYPE_NUMBER || value.type == CP_TYPE_BIGINT ||
         value.type == CP_TYPE_STRING;
}

cp_value cp_boxed(cp_heap *heap, cp_value primitive) {
  if (!may_be_boxed(primitive)) return cp__heap_fail(heap);
  cp__object *boxed = cp__object_new(heap, CP_TYPE_BOXED);
  if (boxed != NULL) boxed->as.primitive = primitive;
  return cp__object_value(boxed);
}

/* ---------------------------------------------------------------- errors */

static const char *const error_names[] = {"Error",       "EvalError", "RangeError", "ReferenceError",
                                          "SyntaxError", "TypeError", "URIError"};

const char *cp__error_name(unsigned kind) {
  return kind < sizeof error_names / sizeof *error_names ? error_names[kind] : error_names[CP_ERROR_PLAIN];
}

/* "Kind: message", the first line of a stack; without a message the kind alone. */
static cp_value first_line(cp_heap *heap, cp_error_kind kind, cp_value message) {
  const char *name = cp__error_name(kind);
  if (message.type != CP_TYPE_STRING || message.length == 0) return cp_string(heap, name);
  size_t before = strlen(name) + 2, length = before + message.length;
  char *line = length > UINT32_MAX ? NULL : cp__heap_text(heap, length + 1);
  if (line == NULL) return cp__heap_fail(heap);
  memcpy(line, name, before - 2);
  memcpy(line + before - 2, ": ", 2);
  memcpy(line + before, message.as.bytes, (size_t)message.length + 1);
  return cp__string_value(line, (uint32_t)length);
}

cp_value cp_error_value(cp_heap *heap, cp_error_kind kind, const char *message, const char *stack) {
  cp__object *error = cp__object_new(heap, CP_TYPE_ERROR);
  if (error == NULL) return cp__heap_fail(heap);
  cp_value result = cp__object_value(error), text = cp_string(heap, message);
  error->kind = (uint8_t)((unsigned)kind <= CP_ERROR_URI ? kind : CP_ERROR_PLAIN);
  if (message != NULL) result = cp_value_set(result, "message", text);
  return cp_value_set(result, "stack", stack != NULL ? cp_string(heap, stack) : first_line(heap, error->kind, text));
}

/* ---------------------------------------------------------------- bytes */

static cp__object *new_bytes(cp_heap *heap, cp_type type, const void *bytes, size_t length) {
  cp__object *object = cp__object_new(heap, type);
  if (object == NULL || length == 0) return object;
  void *copy = cp__heap_alloc(heap, length);
  if (copy == NULL) return NULL;
  object->as.buffer.bytes = bytes != NULL ? memcpy(copy, bytes, length) : memset(copy, 0, length);
  object->as.buffer.length = length;
  return object;
}

cp_value cp_array_buffer(cp_heap *heap, const void *bytes, size_t length) {
  return cp__object_value(new_bytes(heap, CP_TYPE_ARRAY_BUFFER, bytes, length));
}

cp_value cp_array_buffer_resizable(cp_heap *heap, const void *bytes, size_t length, size_t max_length) {
  if (max_length < length) return cp__heap_fail(heap);
  cp__object *buffer = new_bytes(heap, CP_TYPE_ARRAY_BUFFER, bytes, length);
  if (buffer != NULL) {
    buffer->resizable = true;
    buffer->as.buffer.max_length = max_length;
  }
  return cp__object_value(buffer);
}

size_t cp__view_element_size(unsigned kind) {
  static const uint8_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 1, 1, 8, 8, 2};
  return kind < sizeof sizes ? sizes[kind] : 0;
}

cp_value cp_view(cp_heap *heap, cp_view_kind kind, const void *bytes, size_t length) {
  size_t element = cp__view_element_size(kind);
  if (element == 0) return cp__heap_fail(heap);
  cp__object *view = new_bytes(heap, CP_TYPE_VIEW, bytes, length - length % element);
  if (view != NULL) view->kind = (uint8_t)kind;
  return cp__object_value(view);
}

cp_value cp_buffer(cp_heap *heap, const void *bytes, size_t length) {
  return cp_view(heap, CP_VIEW_BUFFER, bytes, length);
}

cp_value cp_view_borrowed(cp_heap *heap, cp_view_kind kind, const void *bytes, size_t length) {
  size_t element = cp__view_element_size(kind);
  if (element == 0 || (bytes == NULL && length > 0)) return cp__heap_fail(heap);
  cp__object *view = cp__object_new(heap, CP_TYPE_VIEW);
  if (view != NULL) {
    view->kind = (uint8_t)kind;
    view->as.buffer.length = length - length % element;
    view->as.buffer.bytes = view->as.buffer.length > 0 ? bytes : NULL;
  }
  return cp__object_value(view);
}

/* ---------------------------------------------------------------- asking */

cp_type cp_value_type(cp_value value) { return (cp_type)value.type; }

const char *cp_type_name(cp_type type) {
  static const char *const names[] = {"none",   "undefined", "null",   "boolean", "number",      "bigint",
                                      "string", "hole",      "Object", "Array",   "Map",         "Set",
                                      "Date",   "RegExp",    "boxed",  "Error",   "ArrayBuffer", "view"};
  return (size_t)type < sizeof names / sizeof *names ? names[type] : names[CP_TYPE_NONE];
}

bool cp_value_is(cp_value value, cp_type type) { return value.type == type; }

bool cp_value_boolean(cp_value value) { return value.type == CP_TYPE_BOOLEAN && value.flag != 0; }

double cp_value_number(cp_value value) { return value.type == CP_TYPE_NUMBER ? value.as.number : NAN; }

int64_t cp_value_integer(cp_value value, int64_t otherwise) {
  double number = cp_value_number(value);
  if (!(number >= -0x1p63 && number < 0x1p63)) return otherwise;
  int64_t integer = (int64_t)number;
  return (double)integer == number ? integer : otherwise;
}

const char *cp_value_string(cp_value value, size_t *length) {
  bool is_string = value.type == CP_TYPE_STRING;
  if (length != NULL) *length = is_string ? value.length : 0;
  return is_string ? value.as.bytes : NULL;
}

bool cp_value_string_is(cp_value value, const char *text) {
  if (value.type != CP_TYPE_STRING || text == NULL) return false;
  return strlen(text) == value.length && memcmp(value.as.bytes, text, value.length) == 0;
}

const uint64_t *cp_value_bigint(cp_value value, bool *negative, size_t *count) {
  size_t words = value.type == CP_TYPE_BIGINT ? cp__bigint_count(value) : 0;
  if (negative != NULL) *negative = words > 0 && value.flag != 0;
  if (count != NULL) *count = words;
  return words > 0 ? (const uint64_t *)(const void *)value.as.bytes : NULL;
}

int64_t cp_value_bigint_i64(cp_value value, int64_t otherwise) {
  bool negative;
  size_t count;
  const uint64_t *words = cp_value_bigint(value, &negative, &count);
  if (value.type != CP_TYPE_BIGINT || count > 1) return otherwise;
  if (count == 0) return 0;
  const uint64_t most = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (words[0] > most) return otherwise;
  return negative ? -(int64_t)(words[0] - 1) - 1 : (int64_t)words[0];
}

size_t cp_value_length(cp_value value) {
  switch (value.type) {
    case CP_TYPE_STRING:
      return value.length;
    case CP_TYPE_ARRAY:
      return value.as.object->length;
    case CP_TYPE_OBJECT:
    case CP_TYPE_MAP:
    case CP_TYPE_SET:
      return value.as.object->table.count;
    case CP_TYPE_ARRAY_BUFFER:
    case CP_TYPE_VIEW:
      return value.as.object->as.buffer.length;
    default:
      return 0;
  }
}

double cp_value_date(cp_value value) { return value.type == CP_TYPE_DATE ? value.as.object->as.date : NAN; }

cp_value cp_value_regexp(cp_value value, unsigned *flags) {
  bool is_regexp = value.type == CP_TYPE_REGEXP;
  if (flags != NULL) *flags = is_regexp ? value.as.object->flags : 0;
  return is_regexp ? value.as.object->as.primitive : cp_undefined();
}

cp_value cp_value_unbox(cp_value value) {
  return value.type == CP_TYPE_BOXED ? value.as.object->as.primitive : cp_undefined();
}

cp_error_kind cp_value_error_kind(cp_value value) {
  return value.type == CP_TYPE_ERROR ? (cp_error_kind)value.as.object->kind : CP_ERROR_PLAIN;
}

cp_view_kind cp_value_view_kind(cp_value value) {
  return value.type == CP_TYPE_VIEW ? (cp_view_kind)value.as.object->kind : CP_VIEW_INT8;
}

const void *cp_value_bytes(cp_value value, size_t *length) {
  bool has_bytes = value.type == CP_TYPE_ARRAY_BUFFER || value.type == CP_TYPE_VIEW;
  if (length != NULL) *length = has_bytes ? value.as.object->as.buffer.length : 0;
  return has_bytes && value.as.object->as.buffer.length > 0 ? value.as.object->as.buffer.bytes : NULL;
}

size_t cp_value_max_length(cp_value value) {
  if (value.type != CP_TYPE_ARRAY_BUFFER || !value.as.object->resizable) return 0;
  return value.as.object->as.buffer.max_length;
}
