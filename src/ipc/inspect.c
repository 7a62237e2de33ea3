/*
 * inspect.c - values as text for people: what Node's util.inspect() prints, without colours.
 *
 * "<ref *1>" stands before an object whose text is needed to know that it is circular. So where there is a circle,
 * all is printed twice, the second time with what the first has found out.
 */
#include <stdlib.h>

#include "inspect.h"
#include "number.h"

static cp__frame *top(cp__inspection *ins) { return &ins->frames[ins->depth - 1]; }

static size_t shown_of(const cp__inspection *ins) { return ins->entry_count - ins->frames[ins->depth - 1].first_entry; }

static bool is_typed_array(const cp__object *object) {
  return object->type == CP_TYPE_VIEW && object->kind != CP_VIEW_DATA && object->kind != CP_VIEW_BUFFER;
}

static size_t element_count(const cp__object *object) {
  if (object->type == CP_TYPE_ARRAY) return object->length;
  if (object->type != CP_TYPE_VIEW) return object->table.count;
  size_t size = cp__view_element_size(object->kind);
  return size > 0 ? object->as.buffer.length / size : 0;
}

static const char *class_name(const cp__object *object) {
  static const char *const views[] = {[CP_VIEW_INT8] = "Int8Array",
                                      [CP_VIEW_UINT8] = "Uint8Array",
                                      [CP_VIEW_UINT8_CLAMPED] = "Uint8ClampedArray",
                                      [CP_VIEW_INT16] = "Int16Array",
                                      [CP_VIEW_UINT16] = "Uint16Array",
                                      [CP_VIEW_INT32] = "Int32Array",
                                      [CP_VIEW_UINT32] = "Uint32Array",
                                      [CP_VIEW_FLOAT32] = "Float32Array",
                                      [CP_VIEW_FLOAT64] = "Float64Array",
                                      [CP_VIEW_DATA] = "DataView",
                                      [CP_VIEW_BUFFER] = "Buffer",
                                      [CP_VIEW_BIGINT64] = "BigInt64Array",
                                      [CP_VIEW_BIGUINT64] = "BigUint64Array",
                                      [CP_VIEW_FLOAT16] = "Float16Array"};
  if (object->type == CP_TYPE_ERROR) return cp__error_name(object->kind);
  if (object->type == CP_TYPE_VIEW && object->kind < sizeof views / sizeof *views) return views[object->kind];
  return cp_type_name((cp_type)object->type);
}

/* ---------------------------------------------------------------- circles */

/* Twice the number of the circle, if it has one, plus one while the object is being printed. */
static uint64_t tag(const cp__inspection *ins, const cp__object *object) {
  return object->mark > ins->mark ? object->mark - ins->mark : 0;
}

/* An object inside of itself: gives it a number if it has none. */
static void add_circular(cp__inspection *ins, cp__object *object) {
  if (tag(ins, object) < 2) object->mark += 2 * ++ins->circular_index;
  cp__inspect_add(ins, "[Circular *");
  cp__inspect_integer(ins, tag(ins, object) / 2);
  cp__buffer_byte(&ins->out, ']');
}

static void note_circular(cp__inspection *ins, uint64_t serial, uint64_t index) {
  if (ins->circular_count == ins->circular_capacity) {
    size_t capacity = ins->circular_capacity > 0 ? ins->circular_capacity * 2 : 16;
    cp__circular *circulars = realloc(ins->circulars, capacity * sizeof *circulars);
    ins->failed |= circulars == NULL;
    if (circulars == NULL) return;
    ins->circulars = circulars;
    ins->circular_capacity = capacity;
  }
  ins->circulars[ins->circular_count++] = (cp__circular){serial, index};
}

/* "<ref *1>" for the container that is printed as number `serial`, if that is known to be circular. */
static bool add_reference(cp__inspection *ins, uint64_t serial) {
  if (!ins->is_second_run || ins->circular_next == ins->circular_count) return false;
  if (ins->circulars[ins->circular_next].serial != serial) return false;
  size_t before = ins->out.length;
  cp__inspect_add(ins, "<ref *");
  cp__inspect_integer(ins, ins->circulars[ins->circular_next++].index);
  cp__buffer_byte(&ins->out, '>');
  ins->unbudgeted = ins->out.length - before; /* both runs must use up the budget at the same place */
  return true;
}

/* ---------------------------------------------------------------- opening and closing */

static bool grow_frames(cp__inspection *ins) {
  size_t capacity = ins->frame_capacity > 0 ? ins->frame_capacity * 2 : 16;
  cp__frame *frames = realloc(ins->frames, capacity * sizeof *frames);
  ins->failed |= frames == NULL;
  if (frames == NULL) return false;
  ins->frames = frames;
  ins->frame_capacity = capacity;
  return true;
}

/* What stands before the entries, with the brace. */
static void add_head(cp__inspection *ins, const cp__object *object, cp__frame *frame) {
  frame->has_base = add_reference(ins, frame->serial);
  if (object->type == CP_TYPE_ERROR) {
    if (frame->has_base) cp__buffer_byte(&ins->out, ' ');
    cp__inspect_error(ins, object);
    frame->has_base = true;
  }
  if (frame->has_base) cp__buffer_byte(&ins->out, ' ');
  bool is_plain = object->type == CP_TYPE_OBJECT || object->type == CP_TYPE_ARRAY || object->type == CP_TYPE_ERROR;
  bool has_size = object->type == CP_TYPE_MAP || object->type == CP_TYPE_SET || is_typed_array(object);
  if (!is_plain) cp__inspect_add(ins, class_name(object));
  if (has_size) {
    cp__buffer_byte(&ins->out, '(');
    cp__inspect_integer(ins, element_count(object));
    cp__buffer_byte(&ins->out, ')');
  }
  if (!is_plain) cp__buffer_byte(&ins->out, ' ');
  cp__buffer_byte(&ins->out, frame->is_list ? '[' : '{');
}

/* A container whose entries come next. False: out of memory. */
static bool open_frame(cp__inspection *ins, cp__object *object) {
  if (ins->depth == ins->frame_capacity && !grow_frames(ins)) return false;
  bool is_list = object->type == CP_TYPE_ARRAY || is_typed_array(object);
  size_t count = element_count(object);
  cp__frame frame = {.object = object,
                     .start = ins->out.length,
                     .first_entry = ins->entry_count,
                     .serial = ins->serial++,
                     .is_list = is_list,
                     .brace = is_list ? ']' : '}'};
  frame.shown = (uint32_t)(count < ins->max_elements ? count : ins->max_elements);
  add_head(ins, object, &frame);
  frame.body = ins->out.length;
  object->mark = ins->mark + (tag(ins, object) | 1);
  ins->deepest = ins->depth;
  ins->frames[ins->depth++] = frame;
  return true;
}

static void close_frame(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  uint64_t index = tag(ins, frame->object) / 2;
  if (index > 0 && !ins->is_second_run) note_circular(ins, frame->serial, index);
  frame->object->mark = ins->mark + 2 * index;
  cp__inspect_close(ins);
}

/* ---------------------------------------------------------------- what has no entries */

static void add_date(cp__inspection *ins, const cp__object *date) {
  char text[CP__NUMBER_MAX];
  size_t length = cp__date_write(text, date->as.date);
  if (length == 0)
    cp__inspect_add(ins, "Invalid Date");
  else
    cp__buffer_add(&ins->out, text, length);
}

static void add_regexp(cp__inspection *ins, const cp__object *regexp) {
  static const struct {
    unsigned flag;
    char letter;
  } flags[] = {{CP_REGEXP_D, 'd'}, {CP_REGEXP_G, 'g'}, {CP_REGEXP_I, 'i'}, {CP_REGEXP_M, 'm'},
               {CP_REGEXP_S, 's'}, {CP_REGEXP_U, 'u'}, {CP_REGEXP_V, 'v'}, {CP_REGEXP_Y, 'y'}};
  cp_value source = regexp->as.primitive;
  bool is_empty = source.type != CP_TYPE_STRING || source.length == 0;
  cp__buffer_byte(&ins->out, '/');
  cp__inspect_raw(ins, is_empty ? "(?:)" : source.as.bytes, is_empty ? 4 : source.length);
  cp__buffer_byte(&ins->out, '/');
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (regexp->flags & flags[i].flag) cp__buffer_byte(&ins->out, (uint8_t)flags[i].letter);
}

static void add_primitive(cp__inspection *ins, cp_value value) {
  switch (value.type) {
    case CP_TYPE_NULL:
      cp__inspect_add(ins, "null");
      break;
    case CP_TYPE_BOOLEAN:
      cp__inspect_add(ins, value.flag ? "true" : "false");
      break;
    case CP_TYPE_NUMBER:
      cp__inspect_number(ins, value.as.number);
      break;
    case CP_TYPE_BIGINT:
      cp__inspect_bigint(ins, value);
      break;
    case CP_TYPE_STRING:
      cp__inspect_string(ins, value);
      break;
    default:
      cp__inspect_add(ins, "undefined");
  }
}

static void add_boxed(cp__inspection *ins, cp_value primitive) {
  const char *name = primitive.type == CP_TYPE_STRING    ? "[String: "
                     : primitive.type == CP_TYPE_NUMBER  ? "[Number: "
                     : primitive.type == CP_TYPE_BOOLEAN ? "[Boolean: "
                                                         : "[BigInt: ";
  cp__inspect_add(ins, name);
  add_primitive(ins, primitive);
  cp__buffer_byte(&ins->out, ']');
}

static void add_buffer(cp__inspection *ins, const cp__object *buffer) {
  enum { SHOWN = 50 }; /* buffer.INSPECT_MAX_BYTES */
  cp__inspect_add(ins, "<Buffer ");
  cp__inspect_bytes(ins, buffer->as.buffer.bytes, buffer->as.buffer.length, SHOWN);
  cp__buffer_byte(&ins->out, '>');
}

/* A container without entries, or an error with nothing but its stack. False: it has entries. */
static bool add_empty(cp__inspection *ins, cp__object *object) {
  bool is_empty = element_count(object) == 0;
  switch (object->type) {
    case CP_TYPE_OBJECT:
      if (is_empty) cp__inspect_add(ins, "{}");
      return is_empty;
    case CP_TYPE_ARRAY:
      is_empty = is_empty && object->table.count == 0;
      if (is_empty) cp__inspect_add(ins, "[]");
      return is_empty;
    case CP_TYPE_ERROR:
      is_empty = !cp_value_has(cp__object_value(object), "cause");
      if (is_empty) cp__inspect_error(ins, object);
      return is_empty;
    case CP_TYPE_ARRAY_BUFFER:
      return false;
    default:
      if (!is_empty || (object->type == CP_TYPE_VIEW && !is_typed_array(object))) return false;
      cp__inspect_add(ins, class_name(object));
      cp__inspect_add(ins, is_typed_array(object) ? "(0) []" : "(0) {}");
      return true;
  }
}

/* ---------------------------------------------------------------- any value */

static bool is_too_deep(const cp__inspection *ins) {
  return ins->depth > ins->depth_max || ins->work > CP__INSPECT_BUDGET;
}

static void add_name(cp__inspection *ins, const char *name) {
  cp__buffer_byte(&ins->out, '[');
  cp__inspect_add(ins, name);
  cp__buffer_byte(&ins->out, ']');
}

/* Prints an object that has an identity, or opens it: then its entries come next. */
static void add_object(cp__inspection *ins, cp__object *object) {
  if (object->type == CP_TYPE_DATE) {
    add_date(ins, object);
  } else if (object->type == CP_TYPE_REGEXP) {
    add_regexp(ins, object);
  } else if (object->type == CP_TYPE_BOXED) {
    add_boxed(ins, object->as.primitive);
  } else if (object->type == CP_TYPE_VIEW && object->kind == CP_VIEW_BUFFER) {
    add_buffer(ins, object);
  } else if (tag(ins, object) & 1) {
    add_circular(ins, object);
  } else if (!add_empty(ins, object)) {
    if (is_too_deep(ins))
      add_name(ins, class_name(object));
    else if (!cp__object_sort(object) || !open_frame(ins, object))
      ins->failed = true;
  }
}

static void add_value(cp__inspection *ins, cp_value value) {
  size_t before = ins->out.length;
  if (cp__has_identity(value))
    add_object(ins, value.as.object);
  else
    add_primitive(ins, value);
  ins->work += ins->out.length - before - ins->unbudgeted;
  ins->unbudgeted = 0;
}

/* ---------------------------------------------------------------- entries */

/* Each of these prints the next entry of the last frame, or a part of it. False: there is none. */

static bool next_property(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  const cp__table *table = &frame->object->table;
  if (frame->slot == table->count) return false;
  const cp_value *slot = table->slots + (size_t)frame->slot++ * 2;
  cp__inspect_entry(ins);
  cp__inspect_key(ins, slot[0]);
  ins->work += slot[0].length;
  add_value(ins, slot[1]);
  return true;
}

static void add_more(cp__inspection *ins, uint64_t count) {
  if (count == 0) return;
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "... ");
  cp__inspect_integer(ins, count);
  cp__inspect_add(ins, count > 1 ? " more items" : " more item");
}

static void add_holes(cp__inspection *ins, uint32_t count) {
  cp__inspect_entry(ins);
  cp__buffer_byte(&ins->out, '<');
  cp__inspect_integer(ins, count);
  cp__inspect_add(ins, count > 1 ? " empty items>" : " empty item>");
}

/* Goes on to the next element that is none of the holes; its index and value. False: there is no more. */
static bool find_element(cp__inspection *ins, uint32_t *index, cp_value *value) {
  cp__frame *frame = top(ins);
  const cp__object *array = frame->object;
  for (; frame->item < array->as.array.item_count; frame->item++, ins->work++) {
    *index = frame->item;
    *value = array->as.array.items[frame->item];
    if (value->type != CP_TYPE_HOLE) return true;
  }
  for (; array->index_keys && frame->slot < array->table.count; frame->slot++) {
    const cp_value *slot = array->table.slots + (size_t)frame->slot * 2;
    *value = slot[1];
    if (!cp__is_index(slot[0].as.bytes, slot[0].length, index)) return false;
    if (value->type != CP_TYPE_HOLE) return true;
  }
  return false;
}

/* The elements that are not shown any more: goes past those that the table has. */
static void end_elements(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  const cp__table *table = &frame->object->table;
  uint32_t index;
  frame->elements_done = true;
  if (!frame->object->index_keys) return;
  for (; frame->slot < table->count; frame->slot++, ins->work++) {
    cp_value key = table->slots[(size_t)frame->slot * 2];
    if (!cp__is_index(key.as.bytes, key.length, &index)) return;
  }
}

/* An element, or the holes before it: these are one entry. */
static bool next_element(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  uint32_t index, left = frame->object->length - (uint32_t)frame->next;
  cp_value value;
  if (frame->elements_done) return next_property(ins);
  if (shown_of(ins) == frame->shown || !find_element(ins, &index, &value)) {
    bool is_full = shown_of(ins) == frame->shown;
    end_elements(ins);
    if (is_full)
      add_more(ins, left);
    else if (left > 0)
      add_holes(ins, left);
    return true;
  }
  if (index > frame->next) {
    add_holes(ins, index - (uint32_t)frame->next);
    frame->next = index;
    return true;
  }
  frame->next++;
  if (index < frame->object->as.array.item_count)
    frame->item++;
  else
    frame->slot++;
  cp__inspect_entry(ins);
  add_value(ins, value);
  return true;
}

/* A key, then its value, then the next key; a set has keys only. */
static bool next_member(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  const cp__table *table = &frame->object->table;
  uint64_t at = frame->next++;
  uint32_t entry = (uint32_t)(at / table->stride);
  if (at % table->stride == 1) {
    cp__inspect_add(ins, " => ");
  } else if (entry == frame->shown) {
    add_more(ins, table->count - entry);
    return false;
  } else {
    cp__inspect_entry(ins);
  }
  add_value(ins, table->slots[at]);
  return true;
}

static bool all_elements(cp__inspection *ins) {
  const cp__object *view = top(ins)->object;
  uint32_t shown = top(ins)->shown;
  for (uint32_t i = 0; i < shown; i++) {
    cp__inspect_entry(ins);
    cp__inspect_element(ins, view, i);
  }
  add_more(ins, element_count(view) - shown);
  return false;
}

static void add_byte_length(cp__inspection *ins, const cp__object *object) {
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "byteLength: ");
  cp__inspect_integer(ins, object->as.buffer.length);
}

static bool all_of_buffer(cp__inspection *ins) {
  const cp__object *object = top(ins)->object;
  size_t before = ins->out.length;
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "[Uint8Contents]: <");
  cp__inspect_bytes(ins, object->as.buffer.bytes, object->as.buffer.length, ins->max_elements);
  cp__buffer_byte(&ins->out, '>');
  add_byte_length(ins, object);
  ins->work += ins->out.length - before;
  return false;
}

/* A DataView shows the buffer under it, which is as large as itself here. */
static bool next_of_data(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  if (frame->next++ > 0) return false;
  add_byte_length(ins, frame->object);
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "byteOffset: 0");
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "buffer: ");
  if (is_too_deep(ins)) {
    add_name(ins, "ArrayBuffer");
    return false;
  }
  cp__object buffer = {.type = CP_TYPE_ARRAY_BUFFER};
  buffer.as.buffer = frame->object->as.buffer;
  if (!open_frame(ins, &buffer)) return false;
  all_of_buffer(ins);
  close_frame(ins);
  return false;
}

static bool next_of_error(cp__inspection *ins) {
  cp__frame *frame = top(ins);
  if (frame->next++ > 0) return false;
  cp__inspect_entry(ins);
  cp__inspect_add(ins, "[cause]: ");
  add_value(ins, cp_value_get(cp__object_value(frame->object), "cause"));
  return true;
}

static bool next(cp__inspection *ins) {
  const cp__object *object = top(ins)->object;
  switch (object->type) {
    case CP_TYPE_OBJECT:
      return next_property(ins);
    case CP_TYPE_ARRAY:
      return next_element(ins);
    case CP_TYPE_MAP:
    case CP_TYPE_SET:
      return next_member(ins);
    case CP_TYPE_ERROR:
      return next_of_error(ins);
    case CP_TYPE_ARRAY_BUFFER:
      return all_of_buffer(ins);
    default:
      return object->kind == CP_VIEW_DATA ? next_of_data(ins) : all_elements(ins);
  }
}

/* ---------------------------------------------------------------- the whole */

static size_t option(int given, size_t usual) {
  if (given == 0) return usual;
  return given < 0 ? SIZE_MAX : (size_t)given;
}

static void resolve(cp__inspection *ins, const cp_inspect_options *options) {
  cp_inspect_options none = {0};
  if (options == NULL) options = &none;
  ins->depth_max = option(options->depth, 2);
  if (ins->depth_max > CP_DEPTH_MAX) ins->depth_max = CP_DEPTH_MAX;
  ins->break_length = option(options->break_length, 80);
  ins->max_elements = option(options->max_elements, 100);
  ins->max_string = option(options->max_string, 10000);
}

static void run(cp__inspection *ins, cp_value value) {
  cp_heap *heap = cp__has_identity(value) ? value.as.object->heap : NULL;
  if (heap != NULL) ins->mark = heap->marks;
  ins->out.length = ins->serial = ins->work = ins->circular_index = 0;
  add_value(ins, value);
  while (ins->depth > 0 && !ins->failed && !ins->out.failed)
    if (!next(ins)) close_frame(ins);
  if (heap != NULL) heap->marks = ins->mark + 2 * ins->circular_index + 1;
}

static int by_serial(const void *a, const void *b) {
  uint64_t left = ((const cp__circular *)a)->serial, right = ((const cp__circular *)b)->serial;
  return (left > right) - (left < right);
}

char *cp_value_inspect(cp_value value, const cp_inspect_options *options) {
  cp__inspection ins = {0};
  if (value.type == CP_TYPE_NONE) return NULL;
  resolve(&ins, options);
  run(&ins, value);
  if (ins.circular_count > 0 && !ins.failed && !ins.out.failed) {
    qsort(ins.circulars, ins.circular_count, sizeof *ins.circulars, by_serial);
    ins.is_second_run = true;
    run(&ins, value);
  }
  cp__buffer_byte(&ins.out, '\0');
  if (ins.failed || ins.out.failed) cp__buffer_free(&ins.out);
  cp__buffer_free(&ins.scratch);
  free(ins.frames);
  free(ins.entries);
  free(ins.circulars);
  return (char *)ins.out.bytes;
}
