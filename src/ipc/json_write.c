/* json_write.c - the JSON text of a value, as JSON.stringify() makes it. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "../fail.h"
#include "json.h"
#include "json_scan.h"
#include "number.h"

/* A list that is being written. */
typedef struct frame {
  cp__object *object;
  uint32_t next;  /* the element or property that comes next */
  uint32_t entry; /* of an array: the entry of its table where its far elements go on; else how many were written */
} frame;

typedef struct writer {
  cp__buffer *out;
  cp_error *error;
  size_t start;  /* of the buffer */
  uint64_t mark; /* objects with a greater one are being written */
  size_t depth, capacity;
  frame *frames; /* malloc()ed if they are not `first` */
  frame first[16];
} writer;

/* ---------------------------------------------------------------- failing */

static bool is_name(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    bool letter = (unsigned char)((text[i] | 0x20) - 'a') < 26 || text[i] == '_' || text[i] == '$';
    if (!letter && (i == 0 || !cp__json_is_digit((uint8_t)text[i]))) return false;
  }
  return length > 0;
}

static void add_step(cp__buffer *path, const frame *f) {
  char number[CP__NUMBER_MAX];
  if (f->object->type == CP_TYPE_ARRAY) {
    cp__buffer_byte(path, '[');
    cp__buffer_add(path, number, cp__integer_write(number, (int64_t)f->next - 1));
    cp__buffer_byte(path, ']');
    return;
  }
  cp_value key = f->object->table.slots[(size_t)(f->next - 1) * 2];
  bool name = is_name(key.as.bytes, key.length);
  cp__buffer_add(path, name ? "." : "[\"", name ? 1 : 2);
  cp__buffer_add(path, key.as.bytes, key.length);
  if (!name) cp__buffer_add(path, "\"]", 2);
}

/* Says where the value is that cannot be written: "message.a[3].b: ...". */
static int fail(const writer *w, int code, const char *why) {
  enum { LONGEST = 200 };
  if (w->error == NULL) return code;
  cp__buffer path = {0};
  cp__buffer_add(&path, "message", 7);
  for (size_t i = 0; i < w->depth && path.length <= LONGEST; i++) add_step(&path, &w->frames[i]);
  bool cut = path.length > LONGEST;
  if (cut) path.length = LONGEST;
  cp__buffer_byte(&path, '\0');
  const char *text = path.failed ? "message" : (const char *)path.bytes;
  (void)cp__fail(w->error, code, CP_STAGE_ENCODE, -1, text, "%s%s: %s", text, cut ? "..." : "", why);
  cp__buffer_free(&path);
  return code;
}

static int fail_memory(const writer *w) { return cp__fail_plain(w->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL); }

/* ---------------------------------------------------------------- strings */

#ifdef __SSE2__
/* Which bytes cannot be copied: quote, backslash, control characters, and ED, with which surrogates begin. */
static inline unsigned special_bytes(__m128i bytes) {
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xED)));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(special, control));
}
#endif

static inline bool is_special(uint8_t byte) { return byte < ' ' || byte == '"' || byte == '\\' || byte == 0xED; }

/* What is written for the special byte at *from. Returns where the output goes on. */
static uint8_t *put_special(uint8_t *to, cp__json_at *from, cp__json_at end) {
  static const char digits[] = "0123456789abcdef", letters[] = "btn.fr"; /* of 08 to 0D */
  cp__json_at p = *from;
  unsigned unit = *p;
  *from = p + 1;
  if (unit == 0xED && (end - p < 3 || p[1] < 0xA0)) {
    *to++ = (uint8_t)unit;
    return to;
  }
  *to++ = '\\';
  bool has_letter = unit >= '\b' && unit <= '\r' && unit != '\v';
  if (unit == '"' || unit == '\\' || has_letter) {
    *to++ = has_letter ? (uint8_t)letters[unit - '\b'] : (uint8_t)unit;
    return to;
  }
  if (unit == 0xED) { /* half a surrogate pair */
    unit = 0xD000 | (p[1] & 0x3FU) << 6 | (p[2] & 0x3FU);
    *from = p + 3;
  }
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = (uint8_t)digits[unit >> shift & 15];
  return to;
}

enum { LONGEST_ESCAPE = 6, SLACK = 16 };

#ifdef __SSE2__
/* Copies 4 to 15 bytes at once, in two pieces that overlap. False: one of them is special. */
static inline bool copy_short(uint8_t *to, cp__json_at p, size_t length) {
  uint64_t first = 0, last = 0;
  if (length >= 8) {
    memcpy(&first, p, 8);
    memcpy(&last, p + length - 8, 8);
    memcpy(to, &first, 8);
    memcpy(to + length - 8, &last, 8);
  } else {
    memcpy(&first, p, 4);
    memcpy(&last, p + length - 4, 4);
    memcpy(to, &first, 4);
    memcpy(to + length - 4, &last, 4);
    first |= last << 32;
    last = first;
  }
  __m128i bytes = _mm_set_epi64x((long long)last, (long long)first);
  return special_bytes(bytes) == 0;
}
#endif

/* Copies a string and escapes what must be, up to `stop` or a little further. `to` has ROOM_FOR(stop - p) bytes. */
static uint8_t *put_escaped(uint8_t *to, cp__json_at p, cp__json_at stop, cp__json_at end, cp__json_at *behind) {
  while (p < stop) {
#ifdef __SSE2__
    while (end - p >= 16 && p < stop) {
      __m128i bytes = _mm_loadu_si128((const __m128i *)p);
      unsigned special = special_bytes(bytes);
      size_t plain = special != 0 ? (size_t)__builtin_ctz(special) : 16;
      _mm_storeu_si128((__m128i *)to, bytes);
      p += plain;
      to += plain;
      if (special != 0) to = put_special(to, &p, end);
    }
    if (p >= stop) break;
#endif
    if (is_special(*p))
      to = put_special(to, &p, end);
    else
      *to++ = *p++;
  }
  *behind = p;
  return to;
}

#define ROOM_FOR(length) ((length)*6 + 16) /* an escape has six bytes; 16 are copied at once */

/* The text of a string between quotes, and `last` behind them if it is not 0. */
static void put_string(cp__buffer *out, cp_value string, uint8_t last) {
  enum { PIECE = 1024 };
  cp__json_at p = (cp__json_at)string.as.bytes, end = p + string.length;
  uint8_t opening = '"';
  /* Of a long one as much as it needs at least: growing step by step would hold it twice. */
  if (string.length > PIECE && cp__buffer_room(out, string.length + 3 + ROOM_FOR(PIECE)) == NULL) return;
  do {
    cp__json_at stop = end - p > PIECE ? p + PIECE : end;
    uint8_t *room = cp__buffer_room(out, 3 + ROOM_FOR((size_t)(stop - p))), *to = room;
    if (room == NULL) return;
    *to = opening;
    to += opening != 0;
    opening = 0;
#ifdef __SSE2__
    size_t length = (size_t)(end - p);
    if (length >= 4 && length < 16 && copy_short(to, p, length)) {
      to += length;
      p = end;
    }
#endif
    to = put_escaped(to, p, stop, end, &p);
    if (p == end) *to++ = '"';
    out->length += (size_t)(to - room);
  } while (p < end);
  if (last != 0) cp__buffer_byte(out, last);
}

/* ---------------------------------------------------------------- other values */

static void put_text(cp__buffer *out, const char *text) { cp__buffer_add(out, text, strlen(text)); }

static void put_number(cp__buffer *out, double number) {
  if (!isfinite(number)) {
    put_text(out, "null");
    return;
  }
  uint8_t *room = cp__buffer_room(out, CP__NUMBER_MAX);
  if (room != NULL) out->length += cp__number_write((char *)room, number);
}

static void put_date(cp__buffer *out, double milliseconds) {
  uint8_t *room = cp__buffer_room(out, CP__NUMBER_MAX + 2);
  if (room == NULL) return;
  size_t length = cp__date_write((char *)room + 1, milliseconds);
  if (length == 0) {
    put_text(out, "null");
    return;
  }
  room[0] = room[length + 1] = '"';
  out->length += length + 2;
}

static bool is_too_long(const writer *w) { return w->out->length - w->start > INT_MAX; }

static int fail_too_long(const writer *w) { return fail(w, CP_ETOOBIG, "the text would be longer than 2 GiB"); }

static double half_float(uint16_t bits) {
  enum { GREATEST = 0x1F };
  unsigned exponent = bits >> 10 & GREATEST, fraction = bits & 0x3FF;
  double magnitude = fraction / 16777216.0; /* 2^24 */
  if (exponent > 0) magnitude = (fraction | 0x400) * (double)(UINT32_C(1) << exponent) / 33554432.0;
  if (exponent == GREATEST) return NAN; /* or infinite: no number in JSON either way */
  return bits >> 15 ? -magnitude : magnitude;
}

/* The element of a typed array at `bytes`, which are not aligned. */
static double read_element(uint8_t kind, const uint8_t *bytes) {
  union {
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    float f32;
    double f64;
  } element;
  memcpy(&element, bytes, cp__view_element_size(kind));
  switch (kind) {
    case CP_VIEW_INT8:
      return element.i8;
    case CP_VIEW_INT16:
      return element.i16;
    case CP_VIEW_UINT16:
      return element.u16;
    case CP_VIEW_INT32:
      return element.i32;
    case CP_VIEW_UINT32:
      return element.u32;
    case CP_VIEW_FLOAT16:
      return half_float(element.u16);
    case CP_VIEW_FLOAT32:
      return element.f32;
    case CP_VIEW_FLOAT64:
      return element.f64;
    default:
      return element.u8;
  }
}

/* A Buffer has toJSON(). */
static int put_buffer(writer *w, const cp__object *view) {
  put_text(w->out, "{\"type\":\"Buffer\",\"data\":[");
  for (size_t i = 0; i < view->as.buffer.length; i++) {
    uint8_t *room = cp__buffer_room(w->out, CP__NUMBER_MAX + 1);
    if (room == NULL) return 0;
    if (i > 0) *room++ = ',';
    w->out->length += (i > 0) + cp__integer_write((char *)room, view->as.buffer.bytes[i]);
    if (is_too_long(w)) return fail_too_long(w);
  }
  put_text(w->out, "]}");
  return 0;
}

/* A typed array is an object with properties "0", "1", ...; a DataView has none. */
static int put_view(writer *w, const cp__object *view) {
  if (view->kind == CP_VIEW_BUFFER) return put_buffer(w, view);
  size_t size = cp__view_element_size(view->kind), count = size > 0 ? view->as.buffer.length / size : 0;
  if (view->kind == CP_VIEW_DATA) count = 0;
  if (count > 0 && (view->kind == CP_VIEW_BIGINT64 || view->kind == CP_VIEW_BIGUINT64))
    return fail(w, CP_ECLONE, "JSON has no bigints");
  cp__buffer_byte(w->out, '{');
  for (size_t i = 0; i < count; i++) {
    uint8_t *room = cp__buffer_room(w->out, CP__NUMBER_MAX + 4), *to = room;
    if (room == NULL) return 0;
    if (i > 0) *to++ = ',';
    *to++ = '"';
    to += cp__integer_write((char *)to, (int64_t)i);
    *to++ = '"';
    *to++ = ':';
    w->out->length += (size_t)(to - room);
    put_number(w->out, read_element(view->kind, view->as.buffer.bytes + i * size));
    if (is_too_long(w)) return fail_too_long(w);
  }
  cp__buffer_byte(w->out, '}');
  return 0;
}

/* ---------------------------------------------------------------- lists */

static bool grow(writer *w) {
  bool moves = w->frames == w->first;
  frame *frames = realloc(moves ? NULL : w->frames, w->capacity * 2 * sizeof *frames);
  if (frames == NULL) return false;
  if (moves) memcpy(frames, w->first, sizeof w->first);
  w->frames = frames;
  w->capacity *= 2;
  return true;
}

static int open_list(writer *w, cp__object *object) {
  if (object->mark > w->mark) return fail(w, CP_ECLONE, "JSON has no cycles");
  if (w->depth == CP_DEPTH_MAX) return fail(w, CP_ETOOBIG, "nested deeper than CP_DEPTH_MAX");
  if (object->type == CP_TYPE_ARRAY && object->length > object->heap->limits.max_values)
    return fail(w, CP_ETOOBIG, "a sparse array has more holes than limits.max_values");
  if (object->heap->failed || !cp__object_sort(object)) return fail_memory(w);
  if (w->depth == w->capacity && !grow(w)) return fail_memory(w);
  w->frames[w->depth++] = (frame){.object = object};
  object->mark = w->mark + 1;
  cp__buffer_byte(w->out, object->type == CP_TYPE_ARRAY ? '[' : '{');
  return 0;
}

static void close_list(writer *w) {
  cp__object *object = w->frames[--w->depth].object;
  object->mark = w->mark;
  cp__buffer_byte(w->out, object->type == CP_TYPE_ARRAY ? ']' : '}');
}

static int put_object(writer *w, cp_value value) {
  cp__object *object = value.as.object;
  switch (value.type) {
    case CP_TYPE_OBJECT:
    case CP_TYPE_ARRAY:
      return open_list(w, object);
    case CP_TYPE_VIEW:
      return put_view(w, object);
    case CP_TYPE_DATE:
      put_date(w->out, object->as.date);
      return 0;
    default: /* nothing that could be listed */
      put_text(w->out, "{}");
      return 0;
  }
}

static bool is_undefined(cp_value value) {
  return value.type == CP_TYPE_UNDEFINED || value.type == CP_TYPE_HOLE || value.type == CP_TYPE_NONE;
}

/* Writes a value that is not undefined; of a list only the beginning. */
static int put_value(writer *w, cp_value value) {
  if (value.type == CP_TYPE_BOXED) value = value.as.object->as.primitive;
  switch (value.type) {
    case CP_TYPE_STRING:
      put_string(w->out, value, 0);
      return 0;
    case CP_TYPE_NUMBER:
      put_number(w->out, value.as.number);
      return 0;
    case CP_TYPE_BOOLEAN:
      put_text(w->out, value.flag ? "true" : "false");
      return 0;
    case CP_TYPE_BIGINT:
      return fail(w, CP_ECLONE, "JSON has no bigints");
    default:
      if (cp__has_identity(value)) return put_object(w, value);
      put_text(w->out, "null");
      return 0;
  }
}

/* The element that comes next. Those beyond the dense ones lie in the table, whose first keys are indices, ascending. */
static cp_value next_element(frame *f) {
  const cp__object *array = f->object;
  uint32_t i = f->next++, index;
  if (i < array->as.array.item_count) return array->as.array.items[i];
  for (; f->entry < array->table.count; f->entry++) {
    const cp_value *entry = array->table.slots + (size_t)f->entry * 2;
    if (!cp__is_index(entry[0].as.bytes, entry[0].length, &index) || index > i) break;
    if (index == i) return entry[1];
  }
  return (cp_value){.type = CP_TYPE_HOLE};
}

/* Writes elements until one is a list, or the last one. */
static int go_on_with_array(writer *w) {
  for (size_t depth = w->depth; w->depth == depth;) {
    frame *f = &w->frames[depth - 1];
    if (f->next == f->object->length) {
      close_list(w);
      return 0;
    }
    if (f->next > 0) cp__buffer_byte(w->out, ',');
    int rc = put_value(w, next_element(f));
    if (rc != 0) return rc;
    if (is_too_long(w)) return fail_too_long(w);
  }
  return 0;
}

/* Writes properties likewise. */
static int go_on_with_object(writer *w) {
  for (size_t depth = w->depth; w->depth == depth;) {
    frame *f = &w->frames[depth - 1];
    if (f->next == f->object->table.count) {
      close_list(w);
      return 0;
    }
    const cp_value *entry = f->object->table.slots + (size_t)f->next++ * 2;
    if (is_undefined(entry[1])) continue;
    if (f->entry++ > 0) cp__buffer_byte(w->out, ',');
    put_string(w->out, entry[0], ':');
    int rc = put_value(w, entry[1]);
    if (rc != 0) return rc;
    if (is_too_long(w)) return fail_too_long(w);
  }
  return 0;
}

static int write_all(writer *w, cp_value value) {
  if (is_undefined(value)) return fail(w, CP_ECLONE, "JSON has no undefined");
  int rc = put_value(w, value);
  while (rc == 0 && w->depth > 0 && !w->out->failed) {
    bool is_array = w->frames[w->depth - 1].object->type == CP_TYPE_ARRAY;
    rc = is_array ? go_on_with_array(w) : go_on_with_object(w);
  }
  return rc == 0 && w->out->failed ? fail_memory(w) : rc;
}

int cp__json_write(cp__buffer *out, cp_value value, cp_error *error) {
  cp_heap *heap = cp__has_identity(value) ? value.as.object->heap : NULL;
  writer w; /* not zeroed: most of it is never used */
  w.out = out;
  w.error = error;
  w.start = out->length;
  w.mark = heap != NULL ? heap->marks++ : 0;
  w.depth = 0;
  w.frames = w.first;
  w.capacity = sizeof w.first / sizeof *w.first;
  int rc = write_all(&w, value);
  if (w.frames != w.first) free(w.frames);
  if (rc != 0) out->length = w.start;
  return rc;
}

int cp_value_to_json(char **out, size_t *length, cp_value value, cp_error *error) {
  cp__buffer buffer = {0};
  int rc = cp__json_write(&buffer, value, error);
  if (rc == 0) cp__buffer_byte(&buffer, '\0');
  if (rc == 0 && buffer.failed) rc = cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  if (rc != 0) {
    cp__buffer_free(&buffer);
    return rc;
  }
  *out = (char *)buffer.bytes;
  if (length != NULL) *length = buffer.length - 1;
  return 0;
}
