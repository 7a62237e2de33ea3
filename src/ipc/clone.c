/*
 * clone.c - reading V8's structured clone bytes. A value is a tag and what belongs to it; an object ends with a tag
 * of its own and the count of what was in it. docs/protocol.md has the table.
 *
 * The bytes may come from anybody: no length is believed that the rest of them could not fill, and memory is taken in
 * proportion to what was read. What is in an object that has not ended yet lies on one stack of slots.
 */
#include "clone.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "../fail.h"
#include "clone_reader.h"

enum { VERSION_MIN = 13, VERSION_MAX = 16 }; /* 16, which Deno writes, is 15 for what is smaller than 4 GiB */

typedef cp__clone_reader reader;

/* ---------------------------------------------------------------- growing */

/* Doubles an array that began on the C stack. */
static void *grown(void *array, void *local, size_t *capacity, size_t size) {
  void *more = realloc(array == local ? NULL : array, 2 * *capacity * size);
  if (more == NULL) return NULL;
  if (array == local) memcpy(more, local, *capacity * size);
  *capacity *= 2;
  return more;
}

static bool push(reader *r, cp_value value) {
  if (r->slot_count == r->slot_capacity) {
    cp_value *slots = grown(r->slots, r->local_slots, &r->slot_capacity, sizeof *slots);
    if (slots == NULL) return cp__clone_out_of_memory(r);
    r->slots = slots;
  }
  r->slots[r->slot_count++] = value;
  return true;
}

static bool add_id(reader *r, cp__object *object) {
  if (r->id_count == r->id_capacity) {
    cp__object **ids =
        grown((void *)r->ids, (void *)r->local_ids, &r->id_capacity, sizeof r->local_ids / CP__CLONE_IDS);
    if (ids == NULL) return cp__clone_out_of_memory(r);
    r->ids = ids;
  }
  r->ids[r->id_count++] = object;
  return true;
}

static bool too_deep(reader *r) { return cp__clone_fails(r, CP_ETOOBIG, "it is nested deeper than limits.max_depth"); }

cp__object *cp__clone_begin(reader *r, cp_type type, cp_value *out) {
  cp__object *object = cp__object_new(r->heap, type);
  if (object == NULL) {
    (void)cp__clone_out_of_memory(r);
    return NULL;
  }
  if (!add_id(r, object)) return NULL;
  *out = cp__object_value(object);
  return object;
}

/* ---------------------------------------------------------------- bytes */

/* The next tag, which stays: padding before it is gone. */
static inline bool peek_tag(reader *r, uint8_t *tag) {
  while (r->at != r->end && *r->at == 0) r->at++;
  if (r->at == r->end) return cp__clone_malformed(r, "it ends too early");
  *tag = *r->at;
  return true;
}

static bool read_count(reader *r, size_t count) {
  uint32_t told;
  if (!cp__clone_varint(r, &told)) return false;
  return told == count || cp__clone_malformed(r, "an object does not have as many entries as it says");
}

/* ---------------------------------------------------------------- primitives */

static bool read_int32(reader *r, cp_value *out) {
  uint32_t bits;
  if (!cp__clone_varint(r, &bits)) return false;
  *out = (cp_value){.type = CP_TYPE_NUMBER, .as.number = (int32_t)((bits >> 1) ^ (0 - (bits & 1)))};
  return true;
}

static bool read_uint32(reader *r, cp_value *out) {
  uint32_t number;
  if (!cp__clone_varint(r, &number)) return false;
  *out = (cp_value){.type = CP_TYPE_NUMBER, .as.number = number};
  return true;
}

static bool read_double(reader *r, cp_value *out) {
  const uint8_t *bytes;
  if (!cp__clone_bytes(r, sizeof(double), &bytes)) return false;
  double number;
  memcpy(&number, bytes, sizeof number);
  *out = (cp_value){.type = CP_TYPE_NUMBER, .as.number = isnan(number) ? NAN : number};
  return true;
}

/* The lowest bit of its header is the sign, the highest nothing, those between the count of bytes. */
static bool read_bigint(reader *r, cp_value *out) {
  uint32_t header;
  const uint8_t *bytes;
  if (!cp__clone_varint(r, &header)) return false;
  uint32_t length = header >> 1 & 0x3FFFFFFF;
  bool negative = (header & 1) != 0;
  if (length == 0 && negative) return cp__clone_malformed(r, "a bigint is a negative zero");
  if (!cp__clone_bytes(r, length, &bytes)) return false;
  *out = cp__bigint_bytes(r->heap, negative, bytes, length);
  return out->type != CP_TYPE_NONE || cp__clone_out_of_memory(r);
}

static bool read_string(reader *r, cp_value *out) {
  if (!cp__clone_value(r, out)) return false;
  return out->type == CP_TYPE_STRING || cp__clone_malformed(r, "something else stands where a string must");
}

/* ---------------------------------------------------------------- objects */

/* Makes the slots from `base` on the entries of an object. */
static bool adopt(reader *r, cp__object *object, size_t base, uint8_t stride, bool *twice) {
  size_t count = (r->slot_count - base) / stride;
  r->slot_count = base;
  if (count == 0) return true;
  if (count > INT32_MAX) return cp__clone_too_many(r);
  if (cp__table_adopt(r->heap, &object->table, r->slots + base, (uint32_t)count, stride, twice)) return true;
  return cp__clone_out_of_memory(r);
}

static bool fill_object(reader *r, cp__object *object) {
  size_t base = r->slot_count;
  bool index = false, twice = false;
  for (uint8_t tag;;) {
    cp_value key, value;
    if (!peek_tag(r, &tag)) return false;
    if (tag == '{') break;
    if (!cp__clone_object_key(r, &key, &index) || !cp__clone_value(r, &value) || !push(r, key) || !push(r, value))
      return false;
  }
  r->at++;
  if (!read_count(r, (r->slot_count - base) / 2) || !adopt(r, object, base, 2, &twice)) return false;
  if (twice) return cp__clone_malformed(r, "an object has a key twice");
  if (index) cp__object_note_keys(object);
  return true;
}

/* Map and Set: -0 is 0 as a key, and what comes twice is no error. */
static bool fill_collection(reader *r, cp__object *object, uint8_t end, uint8_t stride) {
  size_t base = r->slot_count;
  bool twice;
  for (uint8_t tag;;) {
    cp_value key, value;
    if (!peek_tag(r, &tag)) return false;
    if (tag == end) break;
    if (!cp__clone_value(r, &key)) return false;
    if (key.type == CP_TYPE_NUMBER && key.as.number == 0) key.as.number = 0;
    if (!push(r, key)) return false;
    if (stride == 2 && (!cp__clone_value(r, &value) || !push(r, value))) return false;
  }
  r->at++;
  return read_count(r, r->slot_count - base) && adopt(r, object, base, stride, &twice);
}

static bool read_error_part(reader *r, cp__object *object, uint8_t part) {
  static const struct {
    const char *name;
    uint8_t length, tag;
  } parts[] = {{"message", 7, 'm'}, {"stack", 5, 's'}, {"cause", 5, 'c'}};
  static const char kinds[] = "ERFSTU"; /* in the order of cp_error_kind, which begins with CP_ERROR_PLAIN */
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    cp_value value;
    if (part != parts[i].tag) continue;
    if (part == 'c' ? !cp__clone_value(r, &value) : !read_string(r, &value)) return false;
    cp_value key = cp__string_value(parts[i].name, parts[i].length);
    return cp__table_set(r->heap, &object->table, key, value) || cp__clone_out_of_memory(r);
  }
  const char *kind = part != '\0' ? strchr(kinds, part) : NULL;
  if (kind == NULL) return cp__clone_malformed(r, "an unknown part of an Error");
  object->kind = (uint8_t)(kind - kinds + 1);
  return true;
}

/* Node 20 writes the cause before the stack, later ones after it: any order will do. */
static bool fill_error(reader *r, cp__object *object) {
  for (uint8_t part;;) {
    if (!cp__clone_part(r, &part)) return false;
    if (part == '.') return true;
    if (!read_error_part(r, object, part)) return false;
  }
}

/* ---------------------------------------------------------------- arrays */

static bool read_array_pairs(reader *r, uint8_t end) {
  for (uint8_t tag;;) {
    cp_value key, value;
    if (!peek_tag(r, &tag)) return false;
    if (tag == end) break;
    if (!cp__clone_array_key(r, &key) || !cp__clone_value(r, &value) || !push(r, key) || !push(r, value)) return false;
  }
  r->at++;
  return true;
}

/* The properties with indices that lie in the elements go there; the others become entries of the table. */
static bool place_pairs(reader *r, cp__object *array, size_t base) {
  bool twice = false, indices = false;
  size_t kept = base;
  for (size_t i = base; i < r->slot_count; i += 2) {
    cp_value key = r->slots[i], value = r->slots[i + 1];
    if (key.type == CP_TYPE_NUMBER) {
      uint32_t index = (uint32_t)key.as.number;
      if (index >= array->length) array->length = index + 1;
      if (index < array->as.array.item_count) {
        cp_value *item = &array->as.array.items[index];
        if (item->type != CP_TYPE_HOLE) return cp__clone_malformed(r, "an array has an element twice");
        *item = value;
        continue;
      }
      indices = true;
      if (!cp__clone_number_key(r, index, &key)) return false;
    }
    r->slots[kept++] = key;
    r->slots[kept++] = value;
  }
  r->slot_count = kept;
  if (!adopt(r, array, base, 2, &twice)) return false;
  if (twice) return cp__clone_malformed(r, "an array has a key twice");
  if (indices) cp__object_note_keys(array);
  return true;
}

/* What stands behind the elements: properties, how many, and the length again. */
static bool end_array(reader *r, uint8_t end, uint32_t length, size_t base) {
  uint32_t again;
  if (!read_array_pairs(r, end) || !read_count(r, (r->slot_count - base) / 2)) return false;
  if (!cp__clone_varint(r, &again)) return false;
  return again == length || cp__clone_malformed(r, "an array does not end with the length that it began with");
}

static bool new_items(reader *r, cp__object *array, uint32_t count) {
  if (count == 0) return true;
  if ((uint64_t)count * sizeof(cp_value) > SIZE_MAX / 2) return cp__clone_out_of_memory(r);
  array->as.array.items = cp__heap_alloc(r->heap, count * sizeof(cp_value));
  if (array->as.array.items == NULL) return cp__clone_out_of_memory(r);
  array->as.array.item_count = array->as.array.item_capacity = count;
  return true;
}

/* The numbers that stand together, as in most arrays that are long. Returns how many it has read. */
static uint32_t read_numbers(reader *r, cp_value *items, uint32_t count) {
  enum { LONGEST = 1 + sizeof(double) };
  const uint8_t *at = r->at;
  uint32_t i = 0;
  for (; i < count && r->end - at >= LONGEST; i++) {
    double number;
    if (*at == 'I') {
      uint32_t bits;
      size_t length = cp__clone_peek_varint(at + 1, &bits);
      if (length == 0) break;
      number = (int32_t)((bits >> 1) ^ (0 - (bits & 1)));
      at += 1 + length;
    } else if (*at == 'N') {
      memcpy(&number, at + 1, sizeof number);
      if (isnan(number)) number = NAN;
      at += LONGEST;
    } else {
      break;
    }
    items[i] = (cp_value){.type = CP_TYPE_NUMBER, .as.number = number};
  }
  r->at = at;
  return i;
}

static bool read_hole(reader *r, cp__object *array, cp_value *item) {
  r->at++;
  *item = (cp_value){.type = CP_TYPE_HOLE};
  array->has_holes = true;
  return true;
}

static bool read_items(reader *r, cp__object *array, uint32_t count) {
  cp_value *items = array->as.array.items;
  for (uint32_t i = 0; i < count;) {
    uint8_t tag;
    uint32_t most = count - i < r->values_left ? count - i : (uint32_t)r->values_left;
    uint32_t numbers = read_numbers(r, items + i, most);
    i += numbers;
    r->owed -= numbers;
    r->values_left -= numbers;
    if (i == count) break;
    if (!peek_tag(r, &tag)) return false;
    r->owed--;
    if (!(tag == '-' ? read_hole(r, array, &items[i]) : cp__clone_value(r, &items[i]))) return false;
    i++;
  }
  return true;
}

static bool fill_dense(reader *r, cp__object *array) {
  uint32_t length;
  if (!cp__clone_varint(r, &length)) return false;
  if (cp__clone_left(r) < r->owed || length > cp__clone_left(r) - r->owed)
    return cp__clone_malformed(r, "an array is longer than the message");
  if (length > r->values_left) return cp__clone_too_many(r);
  if (!new_items(r, array, length)) return false;
  array->length = length;
  r->owed += length;
  if (!read_items(r, array, length)) return false;
  size_t base = r->slot_count;
  if (!end_array(r, '$', length, base) || !place_pairs(r, array, base)) return false;
  array->has_holes |= array->length != length;
  return true;
}

/* How many elements, from the first, get an item each: never many more than there are. */
static uint32_t worth_items(const cp_value *slots, size_t count) {
  enum { SPARE = 8 };
  uint32_t worth = 0, seen = 0;
  for (size_t i = 0; i < count; i += 2) {
    if (slots[i].type != CP_TYPE_NUMBER) continue;
    uint32_t index = (uint32_t)slots[i].as.number;
    if (++seen < UINT32_MAX / 4 && index < 2 * seen + SPARE && index >= worth) worth = index + 1;
  }
  return worth;
}

/* It stays sparse when it is written again, as in V8, even if it has all its elements. */
static bool fill_sparse(reader *r, cp__object *array) {
  uint32_t length;
  if (!cp__clone_varint(r, &length)) return false;
  array->length = length;
  array->has_holes = true;
  size_t base = r->slot_count;
  if (!end_array(r, '@', length, base)) return false;
  if (!new_items(r, array, worth_items(r->slots + base, r->slot_count - base))) return false;
  for (uint32_t i = 0; i < array->as.array.item_count; i++) array->as.array.items[i] = (cp_value){.type = CP_TYPE_HOLE};
  return place_pairs(r, array, base);
}

/* ---------------------------------------------------------------- other objects */

static bool read_date(reader *r, cp_value *out) {
  static const double furthest = 8.64e15;
  cp_value number;
  cp__object *date = cp__clone_begin(r, CP_TYPE_DATE, out);
  if (date == NULL || !read_double(r, &number)) return false;
  double ms = number.as.number;
  date->as.date = fabs(ms) <= furthest ? (double)(int64_t)ms : NAN;
  return true;
}

static bool read_boxed(reader *r, uint8_t tag, cp_value *out) {
  cp__object *boxed = cp__clone_begin(r, CP_TYPE_BOXED, out);
  if (boxed == NULL) return false;
  cp_value *primitive = &boxed->as.primitive;
  if (tag == 'n') return read_double(r, primitive);
  if (tag == 'z') return read_bigint(r, primitive);
  if (tag == 's') return read_string(r, primitive);
  *primitive = cp_boolean(tag == 'y');
  return true;
}

static bool read_regexp(reader *r, cp_value *out) {
  enum { KNOWN = 0x1BF }; /* all bits up to 256 but 64, which V8 keeps for itself */
  uint32_t flags;
  cp__object *regexp = cp__clone_begin(r, CP_TYPE_REGEXP, out);
  if (regexp == NULL || !read_string(r, &regexp->as.primitive) || !cp__clone_varint(r, &flags)) return false;
  if (flags & ~(uint32_t)KNOWN || (flags & CP_REGEXP_U && flags & CP_REGEXP_V))
    return cp__clone_malformed(r, "a regular expression has flags that cannot be");
  if (regexp->as.primitive.length == 0) regexp->as.primitive = cp__string_value("(?:)", 4); /* as new RegExp("") */
  regexp->flags = (uint16_t)flags;
  return true;
}

static bool read_reference(reader *r, cp_value *out) {
  uint32_t id;
  if (!cp__clone_varint(r, &id)) return false;
  if (id >= r->id_count || r->ids[id] == NULL)
    return cp__clone_malformed(r, "a reference to an object that was not there yet");
  *out = cp__object_value(r->ids[id]);
  return true;
}

/* An object that Node could not send as it is, sent as a plain one: both have an id. */
static bool read_host_object(reader *r, cp_value *out) {
  size_t id = r->id_count;
  if (!add_id(r, NULL)) return false;
  if (r->depth_left == 0) return too_deep(r);
  r->depth_left--;
  if (!cp__clone_value(r, out)) return false;
  r->depth_left++;
  if (!cp__has_identity(*out)) return cp__clone_malformed(r, "a primitive stands where an object must");
  r->ids[id] = out->as.object;
  return true;
}

static bool read_host(reader *r, cp_value *out) {
  uint32_t kind = 0;
  if (r->channel && !cp__clone_varint(r, &kind)) return false;
  if (kind == 0) return cp__clone_host_view(r, out);
  return kind == 1 ? read_host_object(r, out) : cp__clone_malformed(r, "an unknown kind of host object");
}

/* ---------------------------------------------------------------- values */

/* What may have other values in it. */
static bool read_container(reader *r, uint8_t tag, cp_type type, cp_value *out) {
  cp__object *object = cp__clone_begin(r, type, out);
  if (object == NULL) return false;
  if (r->depth_left == 0) return too_deep(r);
  r->depth_left--;
  bool filled = false;
  switch (tag) {
    case 'o':
      filled = fill_object(r, object);
      break;
    case 'A':
      filled = fill_dense(r, object);
      break;
    case 'a':
      filled = fill_sparse(r, object);
      break;
    case ';':
      filled = fill_collection(r, object, ':', 2);
      break;
    case '\'':
      filled = fill_collection(r, object, ',', 1);
      break;
    default:
      filled = fill_error(r, object);
      break;
  }
  r->depth_left++;
  return filled;
}

static bool read_object(reader *r, uint8_t tag, cp_value *out) {
  switch (tag) {
    case 'o':
      return read_container(r, tag, CP_TYPE_OBJECT, out);
    case 'A':
    case 'a':
      return read_container(r, tag, CP_TYPE_ARRAY, out);
    case ';':
      return read_container(r, tag, CP_TYPE_MAP, out);
    case '\'':
      return read_container(r, tag, CP_TYPE_SET, out);
    case 'r':
      return read_container(r, tag, CP_TYPE_ERROR, out);
    case 'D':
      return read_date(r, out);
    case 'x':
    case 'y':
    case 'n':
    case 'z':
    case 's':
      return read_boxed(r, tag, out);
    case 'R':
      return read_regexp(r, out);
    case '\\':
      return read_host(r, out);
    case 'B':
    case 'C': /* immutable, since Node 26 */
    case '~':
      return cp__clone_array_buffer(r, tag == '~', out) && cp__clone_view_behind(r, out);
    case '^':
      return read_reference(r, out) && (out->type != CP_TYPE_ARRAY_BUFFER || cp__clone_view_behind(r, out));
    default:
      r->at--;
      return cp__clone_malformed(r, "an unknown tag");
  }
}

static bool simple(cp_value *out, cp_type type) {
  *out = (cp_value){.type = (uint8_t)type};
  return true;
}

bool cp__clone_value(reader *r, cp_value *out) {
  if (r->values_left-- == 0) return cp__clone_too_many(r);
  for (uint32_t ignored;;) {
    if (r->at == r->end) return cp__clone_malformed(r, "it ends too early");
    uint8_t tag = *r->at++;
    switch (tag) {
      case 0:
        continue;
      case '?': /* once a count of objects */
        if (!cp__clone_varint(r, &ignored)) return false;
        continue;
      case '_':
        return simple(out, CP_TYPE_UNDEFINED);
      case '0':
        return simple(out, CP_TYPE_NULL);
      case 'T':
      case 'F':
        *out = cp_boolean(tag == 'T');
        return true;
      case 'I':
        return read_int32(r, out);
      case 'U':
        return read_uint32(r, out);
      case 'N':
        return read_double(r, out);
      case 'Z':
        return read_bigint(r, out);
      case 'S':
        return cp__clone_utf8(r, out);
      case '"':
        return cp__clone_one_byte(r, out);
      case 'c':
        return cp__clone_two_byte(r, out);
      default:
        return read_object(r, tag, out);
    }
  }
}

/* ---------------------------------------------------------------- the whole */

static bool read_header(reader *r, uint32_t *version) {
  if (cp__clone_left(r) == 0 || *r->at != 0xFF) return cp__clone_malformed(r, "it does not begin with a version");
  r->at++;
  if (!cp__clone_varint(r, version)) return false;
  return (*version >= VERSION_MIN && *version <= VERSION_MAX) ||
         cp__clone_malformed(r, "its version is none of 13, 14, 15, 16");
}

static bool read_root(reader *r, cp_value *out) {
  r->slot_count = r->id_count = r->owed = 0;
  r->values_left = r->heap->limits.max_values;
  r->depth_left = r->heap->limits.max_depth;
  return cp__clone_value(r, out);
}

/* There is a version 13 without flags behind views, and, by mistake, one with: V8 tries both, too. */
static bool read_all(reader *r, cp_value *out) {
  uint32_t version;
  if (cp__clone_left(r) > r->heap->limits.max_bytes)
    return cp__clone_fails(r, CP_ETOOBIG, "it is longer than limits.max_bytes");
  if (!read_header(r, &version)) return false;
  const uint8_t *at = r->at;
  r->view_flags = version > VERSION_MIN;
  if (read_root(r, out)) return true;
  if (version > VERSION_MIN || r->code != CP_EMESSAGE) return false;
  r->view_flags = true;
  r->at = at;
  return read_root(r, out);
}

int cp__clone_read(cp_value *out, cp_heap *heap, const uint8_t *bytes, size_t length, cp_clone_format format,
                   cp_error *error) {
  reader r;
  cp_value value;
  r.start = r.at = bytes;
  r.end = bytes + length;
  r.heap = heap;
  r.slots = r.local_slots;
  r.slot_capacity = CP__CLONE_SLOTS;
  r.ids = r.local_ids;
  r.id_capacity = CP__CLONE_IDS;
  r.channel = format == CP_CLONE_CHANNEL;
  r.keys_ready = false;
  r.code = 0;
  bool read = read_all(&r, &value);
  if (r.slots != r.local_slots) free(r.slots);
  if (r.ids != r.local_ids) free((void *)r.ids);
  if (read) {
    *out = value;
    return 0;
  }
  size_t at = (size_t)(r.at - r.start);
  int index = r.code == UV_ENOMEM ? -1 : at < INT_MAX ? (int)at : INT_MAX;
  return cp__fail(error, r.code, CP_STAGE_DECODE, index, NULL, "decode: byte %zu of structured clone data: %s", at,
                  r.why);
}

int cp_value_from_clone(cp_value *out, cp_heap *heap, const void *bytes, size_t length, cp_clone_format format,
                        cp_error *error) {
  return cp__clone_read(out, heap, bytes, length, format, error);
}
