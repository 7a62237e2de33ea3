/*
 * clone_write.c - writing V8's structured clone bytes, as V8 15 writes them: docs/protocol.md has the table, clone.c
 * the reader. Objects are numbered by their marks as they are met, and are referred to when they are met again.
 */
#include <math.h>
#include <stdlib.h>

#include "../fail.h"
#include "ascii.h"
#include "clone.h"
#include "text.h"

enum { VERSION = 15, VARINT_MAX = 8 /* bytes of room */ };

typedef struct writer {
  uint8_t *next, *end; /* room in the buffer */
  cp__buffer *out;
  size_t start;  /* where these bytes begin in the buffer */
  cp_heap *heap; /* of the objects; NULL: there are none */
  uint64_t first_mark, last_mark;
  unsigned depth_left;
  bool channel; /* views have a byte before them */
  int code;     /* why it failed */
  const char *why;
} writer;

static bool write_value(writer *w, cp_value value);

static bool fails(writer *w, int code, const char *why) {
  w->code = code;
  w->why = why;
  return false;
}

static bool too_long(writer *w) { return fails(w, CP_ETOOBIG, "a string, bigint or buffer is too long for V8"); }

/* ---------------------------------------------------------------- bytes */

static bool grow(writer *w, size_t size) {
  if (w->next != NULL) w->out->length = (size_t)(w->next - w->out->bytes);
  w->next = cp__buffer_room(w->out, size);
  if (w->next == NULL) return fails(w, UV_ENOMEM, "out of memory");
  w->end = w->out->bytes + w->out->capacity;
  return true;
}

static inline bool room(writer *w, size_t size) { return (size_t)(w->end - w->next) >= size || grow(w, size); }

/*
 * The next ones go into room that has been made. Of a number, eight bytes are written and so many kept as it has:
 * numbers of all lengths stand among each other, and a loop would be foreseen wrongly again and again.
 */
static inline uint8_t *put_long_varint(uint8_t *to, uint32_t number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t wide = number;
  unsigned length = (38 - (unsigned)__builtin_clz(number)) / 7;
  uint64_t groups =
      (wide & 0x7F) | (wide & 0x3F80) << 1 | (wide & 0x1FC000) << 2 | (wide & 0xFE00000) << 3 | wide >> 28 << 32;
  groups |= UINT64_C(0x80808080) & ((UINT64_C(1) << (8 * (length - 1))) - 1);
  memcpy(to, &groups, sizeof groups);
  return to + length;
#else
  for (; number >= 0x80; number >>= 7) *to++ = (uint8_t)(number | 0x80);
  *to++ = (uint8_t)number;
  return to;
#endif
}

static inline uint8_t *put_varint_at(uint8_t *to, uint32_t number) {
  if (number >= 0x80) return put_long_varint(to, number);
  *to = (uint8_t)number;
  return to + 1;
}

static inline void put_varint(writer *w, uint32_t number) { w->next = put_varint_at(w->next, number); }

static inline uint8_t *put_double_at(uint8_t *to, double number) {
  if (isnan(number)) number = NAN;
  memcpy(to, &number, sizeof number);
  return to + sizeof number;
}

static inline void put_bytes(writer *w, const void *bytes, size_t length) {
  if (length > 0) memcpy(w->next, bytes, length);
  w->next += length;
}

static bool write_tag(writer *w, uint8_t tag) {
  if (!room(w, 1)) return false;
  *w->next++ = tag;
  return true;
}

/* A tag, or none if it is 0, and a number. */
static bool write_count(writer *w, uint8_t tag, uint32_t count) {
  if (!room(w, 1 + VARINT_MAX)) return false;
  if (tag != 0) *w->next++ = tag;
  put_varint(w, count);
  return true;
}

static bool write_double(writer *w, uint8_t tag, double number) {
  if (!room(w, 1 + sizeof number)) return false;
  *w->next++ = tag;
  w->next = put_double_at(w->next, number);
  return true;
}

/* ---------------------------------------------------------------- primitives */

static bool write_int32(writer *w, int32_t number) {
  return write_count(w, 'I', (uint32_t)number << 1 ^ (0 - ((uint32_t)number >> 31)));
}

/* Makes no room: NUMBER_MAX bytes at most. */
enum { NUMBER_MAX = 1 + VARINT_MAX };
static inline uint8_t *put_number(uint8_t *to, double number) {
  if (number >= INT32_MIN && number <= INT32_MAX) {
    int32_t integer = (int32_t)number;
    if (integer == number && (integer != 0 || !signbit(number))) {
      *to = 'I';
      return put_varint_at(to + 1, (uint32_t)integer << 1 ^ (0 - ((uint32_t)integer >> 31)));
    }
  }
  *to = 'N';
  return put_double_at(to + 1, number);
}

static bool write_number(writer *w, double number) {
  if (!room(w, NUMBER_MAX)) return false;
  w->next = put_number(w->next, number);
  return true;
}

static bool write_bigint(writer *w, uint8_t tag, cp_value bigint) {
  size_t length = cp__bigint_count(bigint) * sizeof(uint64_t);
  if (length > INT32_MAX) return too_long(w);
  if (!room(w, 1 + VARINT_MAX + length)) return false;
  *w->next++ = tag;
  put_varint(w, (uint32_t)length << 1 | (length > 0 && bigint.flag));
  put_bytes(w, bigint.as.bytes, length);
  return true;
}

static size_t varint_size(uint32_t number) {
  size_t size = 1;
  while (number >>= 7) size++;
  return size;
}

/* V8 reads these in place, and pads them so that the characters lie at an even byte. */
static bool write_two_byte(writer *w, const char *text, size_t length, size_t units) {
  if (units > UINT32_MAX / 2) return too_long(w);
  uint32_t size = (uint32_t)units * 2;
  if (!room(w, 2 + VARINT_MAX + size)) return false;
  size_t position = (size_t)(w->next - w->out->bytes) - w->start;
  if ((position + 1 + varint_size(size)) % 2 != 0) *w->next++ = 0;
  *w->next++ = 'c';
  put_varint(w, size);
  cp__text_to_utf16(w->next, text, length);
  w->next += size;
  return true;
}

static bool write_wide_text(writer *w, const char *text, size_t length) {
  cp__text_shape shape = cp__text_measure(text, length);
  if (!shape.narrow) return write_two_byte(w, text, length, shape.units);
  if (!room(w, 1 + VARINT_MAX + shape.units)) return false;
  *w->next++ = '"';
  put_varint(w, (uint32_t)shape.units);
  cp__text_to_latin1(w->next, text, length);
  w->next += shape.units;
  return true;
}

/* Looked at while it is copied, behind a length of one byte. */
static bool write_short_text(writer *w, const char *text, size_t length) {
  if (!room(w, 2 + CP__ASCII_SHORT)) return false;
  if (!cp__ascii_copy(w->next + 2, text, length)) return write_wide_text(w, text, length);
  w->next[0] = '"';
  w->next[1] = (uint8_t)length;
  w->next += 2 + length;
  return true;
}

static bool write_text(writer *w, const char *text, size_t length) {
  if (length <= CP__ASCII_SHORT) return write_short_text(w, text, length);
  if (!cp__text_is_ascii(text, length)) return write_wide_text(w, text, length);
  if (!room(w, 1 + VARINT_MAX + length)) return false;
  *w->next++ = '"';
  put_varint(w, (uint32_t)length);
  put_bytes(w, text, length);
  return true;
}

static bool write_string(writer *w, cp_value string) { return write_text(w, string.as.bytes, string.length); }

/* ---------------------------------------------------------------- properties */

static bool write_index(writer *w, uint32_t index) {
  return index <= INT32_MAX ? write_int32(w, (int32_t)index) : write_double(w, 'N', index);
}

/* Keys and values in JavaScript's order: array indices come first, as numbers. */
static bool write_properties(writer *w, cp__object *object) {
  const cp__table *table = &object->table;
  bool indices = object->index_keys;
  if (indices && !cp__object_sort(object)) return fails(w, UV_ENOMEM, "out of memory");
  for (uint32_t i = 0; i < table->count; i++) {
    cp_value key = table->slots[(size_t)i * 2], value = table->slots[(size_t)i * 2 + 1];
    uint32_t index;
    indices = indices && cp__is_index(key.as.bytes, key.length, &index);
    if (!(indices ? write_index(w, index) : write_string(w, key)) || !write_value(w, value)) return false;
  }
  return true;
}

static bool write_plain_object(writer *w, cp__object *object) {
  return write_tag(w, 'o') && write_properties(w, object) && write_count(w, '{', object->table.count);
}

/* ---------------------------------------------------------------- arrays */

/* The numbers that stand together, with room for many of them at once. Returns how many there are. */
static uint32_t put_numbers(writer *w, const cp_value *items, uint32_t count) {
  uint8_t *next = w->next;
  uint32_t i = 0, most = (uint32_t)((size_t)(w->end - next) / NUMBER_MAX);
  if (count > most) count = most;
  for (; i < count && items[i].type == CP_TYPE_NUMBER; i++) next = put_number(next, items[i].as.number);
  w->next = next;
  return i;
}

static bool write_items(writer *w, const cp_value *items, uint32_t count) {
  for (uint32_t i = 0; i < count;) {
    if (!room(w, NUMBER_MAX)) return false;
    i += put_numbers(w, items + i, count - i);
    if (i < count && items[i].type != CP_TYPE_NUMBER && !write_value(w, items[i++])) return false;
  }
  return true;
}

static bool write_dense(writer *w, cp__object *array) {
  uint32_t length = array->length;
  if (!write_count(w, 'A', length) || !write_items(w, array->as.array.items, length)) return false;
  return write_properties(w, array) && write_count(w, '$', array->table.count) && write_count(w, 0, length);
}

static bool write_sparse(writer *w, cp__object *array) {
  uint32_t count = array->table.count;
  if (!write_count(w, 'a', array->length)) return false;
  for (uint32_t i = 0; i < array->as.array.item_count; i++) {
    cp_value item = array->as.array.items[i];
    if (item.type == CP_TYPE_HOLE) continue;
    if (!write_index(w, i) || !write_value(w, item)) return false;
    count++;
  }
  return write_properties(w, array) && write_count(w, '@', count) && write_count(w, 0, array->length);
}

static bool write_array(writer *w, cp__object *array) {
  bool dense = !array->has_holes && array->length == array->as.array.item_count;
  return dense ? write_dense(w, array) : write_sparse(w, array);
}

/* ---------------------------------------------------------------- other objects */

static bool write_collection(writer *w, const cp__object *object, uint8_t start, uint8_t end) {
  uint32_t count = object->table.count * (object->type == CP_TYPE_MAP ? 2U : 1U);
  return write_tag(w, start) && write_items(w, object->table.slots, count) && write_count(w, end, count);
}

/* A property of an error, which has it or not: builders and reader let messages and stacks be strings only. */
static bool write_part(writer *w, const cp__object *error, const char *name, uint32_t length) {
  int64_t found = cp__table_find(&error->table, cp__string_value(name, length));
  return found < 0 || (write_tag(w, (uint8_t)*name) && write_value(w, error->table.slots[2 * found + 1]));
}

/* Node 22 and later accept no other order. */
static bool write_error(writer *w, const cp__object *error) {
  static const char kinds[] = "ERFSTU"; /* in the order of cp_error_kind, which begins with CP_ERROR_PLAIN */
  if (!write_tag(w, 'r')) return false;
  if (error->kind != CP_ERROR_PLAIN && !write_tag(w, (uint8_t)kinds[error->kind - 1])) return false;
  return write_part(w, error, "message", 7) && write_part(w, error, "stack", 5) && write_part(w, error, "cause", 5) &&
         write_tag(w, '.');
}

static bool write_bytes(writer *w, const cp__object *buffer) {
  size_t length = buffer->as.buffer.length;
  if (!room(w, VARINT_MAX + length)) return false;
  put_bytes(w, buffer->as.buffer.bytes, length);
  return true;
}

static bool write_array_buffer(writer *w, const cp__object *buffer) {
  size_t length = buffer->as.buffer.length, max_length = buffer->as.buffer.max_length;
  if (length > UINT32_MAX || (buffer->resizable && max_length > UINT32_MAX)) return too_long(w);
  if (!write_count(w, buffer->resizable ? '~' : 'B', (uint32_t)length)) return false;
  if (buffer->resizable && !write_count(w, 0, (uint32_t)max_length)) return false;
  return write_bytes(w, buffer);
}

static bool write_view(writer *w, const cp__object *view) {
  size_t length = view->as.buffer.length;
  if (length > UINT32_MAX) return too_long(w);
  if (!write_tag(w, '\\') || (w->channel && !write_tag(w, 0))) return false;
  return write_tag(w, view->kind) && write_count(w, 0, (uint32_t)length) && write_bytes(w, view);
}

static bool write_regexp(writer *w, const cp__object *regexp) {
  return write_tag(w, 'R') && write_string(w, regexp->as.primitive) && write_count(w, 0, regexp->flags);
}

static bool write_boxed(writer *w, cp_value primitive) {
  switch (primitive.type) {
    case CP_TYPE_BOOLEAN:
      return write_tag(w, primitive.flag ? 'y' : 'x');
    case CP_TYPE_NUMBER:
      return write_double(w, 'n', primitive.as.number);
    case CP_TYPE_BIGINT:
      return write_bigint(w, 'z', primitive);
    default:
      return write_tag(w, 's') && write_string(w, primitive);
  }
}

/* ---------------------------------------------------------------- values */

static bool write_new_object(writer *w, cp__object *object) {
  switch (object->type) {
    case CP_TYPE_OBJECT:
      return write_plain_object(w, object);
    case CP_TYPE_ARRAY:
      return write_array(w, object);
    case CP_TYPE_MAP:
      return write_collection(w, object, ';', ':');
    case CP_TYPE_SET:
      return write_collection(w, object, '\'', ',');
    case CP_TYPE_DATE:
      return write_double(w, 'D', object->as.date);
    case CP_TYPE_REGEXP:
      return write_regexp(w, object);
    case CP_TYPE_BOXED:
      return write_boxed(w, object->as.primitive);
    case CP_TYPE_ERROR:
      return write_error(w, object);
    case CP_TYPE_ARRAY_BUFFER:
      return write_array_buffer(w, object);
    default:
      return write_view(w, object);
  }
}

static bool write_object(writer *w, cp__object *object) {
  if (object->mark > w->first_mark) return write_count(w, '^', (uint32_t)(object->mark - w->first_mark - 1));
  if (w->depth_left == 0) return fails(w, CP_ETOOBIG, "it is nested deeper than CP_DEPTH_MAX");
  object->mark = ++w->last_mark;
  w->depth_left--;
  bool written = write_new_object(w, object);
  w->depth_left++;
  return written;
}

static bool no_value(writer *w) {
  if (w->heap != NULL && w->heap->failed) return fails(w, UV_ENOMEM, "the heap has run out of memory");
  return fails(w, CP_ECLONE, "there is no value: CP_TYPE_NONE");
}

static bool write_value(writer *w, cp_value value) {
  switch (value.type) {
    case CP_TYPE_NONE:
      return no_value(w);
    case CP_TYPE_HOLE:
    case CP_TYPE_UNDEFINED:
      return write_tag(w, '_');
    case CP_TYPE_NULL:
      return write_tag(w, '0');
    case CP_TYPE_BOOLEAN:
      return write_tag(w, value.flag ? 'T' : 'F');
    case CP_TYPE_NUMBER:
      return write_number(w, value.as.number);
    case CP_TYPE_BIGINT:
      return write_bigint(w, 'Z', value);
    case CP_TYPE_STRING:
      return write_string(w, value);
    default:
      return write_object(w, value.as.object);
  }
}

static bool write_all(writer *w, cp_value value) {
  if (w->out->failed) return fails(w, UV_ENOMEM, "out of memory");
  if (w->heap != NULL && w->heap->failed) return no_value(w);
  if (value.type == CP_TYPE_HOLE) return fails(w, CP_ECLONE, "a hole is no value");
  return grow(w, 2) && write_tag(w, 0xFF) && write_tag(w, VERSION) && write_value(w, value);
}

int cp__clone_write(cp__buffer *out, cp_value value, cp_clone_format format, cp_error *error) {
  writer w = {.out = out, .start = out->length, .depth_left = CP_DEPTH_MAX, .channel = format == CP_CLONE_CHANNEL};
  bool had_failed = out->failed;
  if (out->bytes != NULL) w.next = out->bytes + out->length;
  if (cp__has_identity(value)) w.heap = value.as.object->heap;
  if (w.heap != NULL) w.first_mark = w.last_mark = w.heap->marks;
  bool written = write_all(&w, value);
  if (w.heap != NULL) w.heap->marks = w.last_mark;
  if (written) {
    out->length = (size_t)(w.next - out->bytes);
    return 0;
  }
  out->length = w.start;
  out->failed = had_failed;
  return cp__fail(error, w.code, CP_STAGE_ENCODE, -1, NULL, "encode: structured clone data: %s", w.why);
}

int cp_value_to_clone(void **out, size_t *length, cp_value value, cp_clone_format format, cp_error *error) {
  cp__buffer buffer = {0};
  int rc = cp__clone_write(&buffer, value, format, error);
  if (rc != 0) {
    cp__buffer_free(&buffer);
    return rc;
  }
  *out = buffer.bytes;
  if (length != NULL) *length = buffer.length;
  return 0;
}
