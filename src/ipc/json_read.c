/* json_read.c - the value of a JSON text. It goes through a text in the same steps as the check in json.c. */
#include <stdlib.h>

#include "../fail.h"
#include "../utf8.h"
#include "json.h"
#include "json_scan.h"
#include "number.h"

/*
 * Values wait on a stack until the bracket comes that closes their list: then their number is known, and the list takes
 * exactly the memory that it needs. Beneath the values of each open list lies a marker.
 */
typedef struct reader {
  cp__json_text text;
  cp_heap *heap;
  const char *limit;  /* the one that the text was beyond at text.bad, else NULL */
  bool out_of_memory; /* instead */
  unsigned depth;
  size_t values;
  uint32_t count, capacity, base; /* base: the first value of the innermost list */
  cp_value *stack;                /* malloc()ed if it is not `first` */
  cp_value first[64];
} reader;

static cp__json_at fail(reader *r, cp__json_at p, const char *limit) {
  r->text.bad = p;
  r->limit = limit;
  return NULL;
}

static cp__json_at fail_memory(reader *r) {
  r->out_of_memory = true;
  return NULL;
}

/* ---------------------------------------------------------------- the stack */

static bool grow(reader *r) {
  enum { MOST = 1 << 30 };
  if (r->capacity >= MOST) return false;
  bool moves = r->stack == r->first;
  cp_value *stack = realloc(moves ? NULL : r->stack, (size_t)r->capacity * 2 * sizeof *stack);
  if (stack == NULL) return false;
  if (moves) memcpy(stack, r->first, sizeof r->first);
  r->stack = stack;
  r->capacity *= 2;
  return true;
}

/* Room for one more value; NULL: out of memory. */
static inline cp_value *push(reader *r) {
  if (r->count == r->capacity && !grow(r)) return NULL;
  return &r->stack[r->count++];
}

static bool open_list(reader *r, uint8_t closer) {
  cp_value *marker = push(r);
  if (marker == NULL) return false;
  *marker = (cp_value){.type = closer, .length = r->base};
  r->base = r->count;
  r->depth++;
  return true;
}

/* The bracket that closes the innermost list; 0: none is open. */
static inline uint8_t closer(const reader *r) { return r->depth > 0 ? r->stack[r->base - 1].type : 0; }

static bool fill_array(cp__object *array, const cp_value *values, uint32_t count) {
  if (count == 0) return true;
  cp_value *items = cp__heap_alloc(array->heap, count * sizeof *items);
  if (items == NULL) return false;
  array->as.array.items = memcpy(items, values, count * sizeof *items);
  array->as.array.item_count = array->as.array.item_capacity = array->length = count;
  return true;
}

static bool fill_object(cp__object *object, const cp_value *values, uint32_t count) {
  bool twice;
  if (!cp__table_adopt(object->heap, &object->table, values, count / 2, 2, &twice)) return false;
  cp__object_note_keys(object);
  return true;
}

/* Makes a value of the innermost list, and leaves it on the stack. */
static bool close_list(reader *r) {
  cp_value *marker = &r->stack[r->base - 1];
  bool is_array = marker->type == ']';
  cp__object *object = cp__object_new(r->heap, is_array ? CP_TYPE_ARRAY : CP_TYPE_OBJECT);
  uint32_t count = r->count - r->base;
  if (object == NULL || !(is_array ? fill_array : fill_object)(object, marker + 1, count)) return false;
  r->count = r->base;
  r->base = marker->length;
  r->depth--;
  *marker = cp__object_value(object);
  return true;
}

/* ---------------------------------------------------------------- strings */

static bool is_high_surrogate(unsigned unit) { return unit >> 10 == 0xD800 >> 10; }
static bool is_low_surrogate(unsigned unit) { return unit >> 10 == 0xDC00 >> 10; }

/* A character, or half of a pair, as its bytes. */
static char *put_character(char *out, unsigned c) {
  if (c < 0x80) {
    *out++ = (char)c;
    return out;
  }
  if (c < 0x800) {
    *out++ = (char)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *out++ = (char)(0xE0 | c >> 12);
    } else {
      *out++ = (char)(0xF0 | c >> 18);
      *out++ = (char)(0x80 | (c >> 12 & 0x3F));
    }
    *out++ = (char)(0x80 | (c >> 6 & 0x3F));
  }
  *out++ = (char)(0x80 | (c & 0x3F));
  return out;
}

/* The character of the escape at *p, or of the two that are a pair. */
static unsigned read_escape(cp__json_at *p, cp__json_at end) {
  static const char letters[] = "b\bf\fn\nr\rt\t";
  enum { LENGTH = 6 };
  uint8_t letter = (*p)[1];
  if (letter != 'u') {
    const char *found = memchr(letters, letter, sizeof letters - 1);
    *p += 2;
    return found != NULL ? (uint8_t)found[1] : letter;
  }
  unsigned unit = cp__json_hex(*p + 2);
  *p += LENGTH;
  if (!is_high_surrogate(unit) || end - *p < LENGTH || (*p)[0] != '\\' || (*p)[1] != 'u') return unit;
  unsigned low = cp__json_hex(*p + 2);
  if (!is_low_surrogate(low)) return unit;
  *p += LENGTH;
  return 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
}

/* Takes the escapes out of a string; no escape is shorter than its character. Returns the length. */
static size_t unescape(char *out, cp__json_at p, cp__json_at end) {
  char *begin = out;
#ifdef __SSE2__
  while (end - p >= 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)p);
    int escapes = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    int plain = escapes != 0 ? __builtin_ctz((unsigned)escapes) : 16;
    _mm_storeu_si128((__m128i *)out, bytes);
    p += plain;
    out += plain;
    if (escapes != 0) out = put_character(out, read_escape(&p, end));
  }
#endif
  while (p < end) {
    if (*p == '\\')
      out = put_character(out, read_escape(&p, end));
    else
      *out++ = (char)*p++;
  }
  return (size_t)(out - begin);
}

/* A string that is not what its bytes are. False: out of memory. */
static bool make_string(reader *r, cp_value *out, cp__json_at p, size_t length) {
  size_t size = r->text.is_bad_utf8 ? 3 * length : length, used = length;
  char *text = cp__heap_text(r->heap, size + 1);
  if (text == NULL) return false;
  if (r->text.is_bad_utf8) {
    cp__utf8 state = {0};
    used = cp__utf8_decode(&state, (const char *)p, length, true, text);
    p = (cp__json_at)text;
  }
  if (r->text.has_escape) {
    char *copy = r->text.is_bad_utf8 ? malloc(used) : text;
    if (copy == NULL) return false;
    size_t unescaped = unescape(copy, p, p + used);
    if (copy != text) {
      memcpy(text, copy, unescaped);
      free(copy);
    }
    used = unescaped;
  }
  if (used > UINT32_MAX) return false;
  text[used] = '\0';
  text = cp__heap_text_trim(r->heap, text, size + 1, used + 1);
  *out = cp__string_value(text, (uint32_t)used);
  return true;
}

/* memcpy() that is quick for a few bytes: two pieces that overlap. */
static inline void copy_text(char *out, cp__json_at p, size_t length) {
  uint64_t first, last;
  uint32_t begin, end;
  if (length > 16) {
    memcpy(out, p, length);
  } else if (length >= 8) {
    memcpy(&first, p, 8);
    memcpy(&last, p + length - 8, 8);
    memcpy(out, &first, 8);
    memcpy(out + length - 8, &last, 8);
  } else if (length >= 4) {
    memcpy(&begin, p, 4);
    memcpy(&end, p + length - 4, 4);
    memcpy(out, &begin, 4);
    memcpy(out + length - 4, &end, 4);
  } else if (length > 0) {
    out[0] = (char)p[0];
    out[length / 2] = (char)p[length / 2];
    out[length - 1] = (char)p[length - 1];
  }
}

/* Behind the string whose text begins at `p`, which goes on the stack. */
static inline cp__json_at read_string(reader *r, cp__json_at p) {
  r->text.has_escape = r->text.is_bad_utf8 = false;
  cp__json_at behind = cp__json_skip_string(&r->text, p);
  if (behind == NULL) return NULL;
  size_t length = (size_t)(behind - p) - 1;
  if (length > UINT32_MAX / 3) return fail(r, p, "max_bytes"); /* no limit of it can be larger than a string can be */
  cp_value *value = push(r);
  if (value == NULL) return fail_memory(r);
  if (r->text.has_escape || r->text.is_bad_utf8) return make_string(r, value, p, length) ? behind : fail_memory(r);
  char *text = cp__heap_text(r->heap, length + 1);
  if (text == NULL) return fail_memory(r);
  copy_text(text, p, length);
  text[length] = '\0';
  *value = cp__string_value(text, (uint32_t)length);
  return behind;
}

/* ---------------------------------------------------------------- other values */

static inline cp__json_at push_value(reader *r, cp_value value, cp__json_at behind) {
  cp_value *room = push(r);
  if (room == NULL) return fail_memory(r);
  *room = value;
  return behind;
}

static inline cp__json_at read_word(reader *r, cp__json_at p, const char *word, cp_value value) {
  p = cp__json_skip_word(p, r->text.end, word, &r->text.bad);
  return p != NULL ? push_value(r, value, p) : NULL;
}

static inline cp_value number_value(double number) {
  cp_value value = {.type = CP_TYPE_NUMBER};
  value.as.number = number;
  return value;
}

static cp__json_at read_number(reader *r, cp__json_at p) {
  enum { FEW = 9 };
  cp__json_at end = r->text.end, digit = p;
  uint32_t integer = 0;
  for (; digit < end && digit - p < FEW && cp__json_is_digit(*digit); digit++)
    integer = integer * 10 + (uint32_t)(*digit - '0');
  uint8_t next = cp__json_peek(digit, end);
  bool is_short = digit > p && !cp__json_is_digit(next) && next != '.' && (next | 0x20) != 'e';
  if (is_short && (*p != '0' || digit == p + 1)) return push_value(r, number_value(integer), digit);

  double number;
  const char *bad, *behind = cp__number_read((const char *)p, (const char *)end, &number, &bad);
  if (behind == NULL) return fail(r, (cp__json_at)bad, NULL);
  return push_value(r, number_value(number), (cp__json_at)behind);
}

/* Behind a value that has no others inside. */
static inline cp__json_at read_scalar(reader *r, cp__json_at p) {
  uint8_t first = cp__json_peek(p, r->text.end);
  if (first == '"') return read_string(r, p + 1);
  if (cp__json_is_digit(first) || first == '-') return read_number(r, p);
  if (first == 't') return read_word(r, p, "true", (cp_value){.type = CP_TYPE_BOOLEAN, .flag = true});
  if (first == 'f') return read_word(r, p, "false", (cp_value){.type = CP_TYPE_BOOLEAN});
  if (first == 'n') return read_word(r, p, "null", (cp_value){.type = CP_TYPE_NULL});
  return fail(r, p, NULL);
}

static inline cp__json_at skip_white(reader *r, cp__json_at p) {
  bool ignored;
  return cp__json_peek(p, r->text.end) > ' ' ? p : cp__json_skip_white(p, r->text.end, &ignored);
}

static inline bool comes(const reader *r, cp__json_at p, uint8_t byte) { return p < r->text.end && *p == byte; }

/* From a key to its value. */
static inline cp__json_at read_key(reader *r, cp__json_at p) {
  if (r->values++ == r->heap->limits.max_values) return fail(r, p, "max_values");
  if (!comes(r, p, '"')) return fail(r, p, NULL);
  if ((p = read_string(r, p + 1)) == NULL) return NULL;
  p = skip_white(r, p);
  return comes(r, p, ':') ? skip_white(r, p + 1) : fail(r, p, NULL);
}

/* Behind the value at `p`, which goes on the stack. A loop, since strangers nest as they like. */
static cp__json_at read_value(reader *r, cp__json_at p) {
  const cp_limits *limits = &r->heap->limits;

value:
  if (r->values++ == limits->max_values) return fail(r, p, "max_values");
  if (comes(r, p, '{') || comes(r, p, '[')) {
    uint8_t end = *p + 2; /* so it is in ASCII */
    if (r->depth >= limits->max_depth) return fail(r, p, "max_depth");
    if (!open_list(r, end)) return fail_memory(r);
    p = skip_white(r, p + 1);
    if (comes(r, p, end)) goto close;
    if (end == '}' && (p = read_key(r, p)) == NULL) return NULL;
    goto value;
  }
  if ((p = read_scalar(r, p)) == NULL) return NULL;

next:
  if (r->depth == 0) return p;
  p = skip_white(r, p);
  if (comes(r, p, ',')) {
    p = skip_white(r, p + 1);
    if (closer(r) == '}' && (p = read_key(r, p)) == NULL) return NULL;
    goto value;
  }

close:
  if (!comes(r, p, closer(r))) return fail(r, p, NULL);
  if (!close_list(r)) return fail_memory(r);
  p++;
  goto next;
}

static int fail_read(const reader *r, cp_error *error) {
  if (r->out_of_memory) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_DECODE, -1, NULL);
  if (r->limit != NULL) return cp__json_too_big(error, (size_t)(r->text.bad - r->text.begin), r->limit);
  return cp__json_malformed(error, &r->text, r->text.bad);
}

int cp__json_read(cp_value *out, cp_heap *heap, const char *text, size_t length, cp_error *error) {
  if (length > heap->limits.max_bytes) return cp__json_too_big(error, heap->limits.max_bytes, "max_bytes");
  reader r; /* not zeroed: most of it is never used */
  r.text = (cp__json_text){.begin = (cp__json_at)text, .end = (cp__json_at)text + length};
  r.heap = heap;
  r.limit = NULL;
  r.out_of_memory = false;
  r.depth = r.count = r.base = 0;
  r.values = 0;
  r.stack = r.first;
  r.capacity = sizeof r.first / sizeof *r.first;

  cp__json_at p = read_value(&r, skip_white(&r, r.text.begin));
  if (p != NULL && (p = skip_white(&r, p)) != r.text.end) p = fail(&r, p, NULL);
  int rc = p != NULL ? 0 : fail_read(&r, error);
  if (rc == 0) *out = r.stack[0];
  if (r.stack != r.first) free(r.stack);
  return rc;
}

int cp_value_from_json(cp_value *out, cp_heap *heap, const char *text, size_t length, cp_error *error) {
  if (heap == NULL) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_DECODE, -1, NULL);
  return cp__json_read(out, heap, text, text != NULL ? length : 0, error);
}
