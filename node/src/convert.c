/* convert.c - JavaScript values to C values, and back. */
#include "convert.h"

#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- text */

struct text_block {
  struct text_block *next;
  _Alignas(sizeof(void *)) char bytes[];
};

void text_init(node_text *text) {
  text->at = text->first;
  text->end = text->first + sizeof text->first;
  text->blocks = NULL;
}

void text_free(node_text *text) {
  while (text->blocks != NULL) {
    struct text_block *block = text->blocks;
    text->blocks = block->next;
    free(block);
  }
}

/* Room for `size` bytes at text->at. What is left of the block before is not used any more. */
static bool text_reserve(node_text *text, size_t size) {
  enum { BLOCK = 65536 };
  if ((size_t)(text->end - text->at) >= size) return true;
  size_t room = size > BLOCK ? size : BLOCK;
  struct text_block *block = malloc(sizeof *block + room);
  if (block == NULL) return false;
  block->next = text->blocks;
  text->blocks = block;
  text->at = block->bytes;
  text->end = block->bytes + room;
  return true;
}

void *text_alloc(node_text *text, size_t size) {
  size_t gap = -(uintptr_t)text->at % sizeof(void *);
  if (!text_reserve(text, size + gap)) return NULL;
  char *memory = text->at + -(uintptr_t)text->at % sizeof(void *);
  text->at = memory + size;
  return memory;
}

/*
 * One call as a rule. Whole characters are written only, of four bytes at most: what leaves more than that unused was not
 * cut.
 */
const char *text_string(node_text *text, napi_env env, napi_value value) {
  enum { LARGEST = 4 };
  size_t room = (size_t)(text->end - text->at), length;
  if (napi_get_value_string_utf8(env, value, text->at, room, &length) != napi_ok) return NULL;
  if (length + LARGEST >= room) {
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
    if (!text_reserve(text, length + 1)) return NULL;
    if (napi_get_value_string_utf8(env, value, text->at, length + 1, &length) != napi_ok) return NULL;
  }
  char *string = text->at;
  text->at += length + 1;
  return string;
}

/* ---------------------------------------------------------------- from JavaScript */

bool must_be(napi_env env, const char *name, const char *what) {
  char message[128];
  bool pending = false;
  (void)napi_is_exception_pending(env, &pending);
  if (pending) return false;
  (void)snprintf(message, sizeof message, "%s must be %s", name, what);
  (void)napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

static bool wrong_property(napi_env env, const char *name, const char *what) {
  char full[64];
  (void)snprintf(full, sizeof full, "plan.%s", name);
  return must_be(env, full, what);
}

bool is_absent(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

static bool get(napi_env env, napi_value plan, const char *name, napi_value *out) {
  return napi_get_named_property(env, plan, name, out) == napi_ok;
}

static bool read_string(napi_env env, napi_value value, const char *name, node_text *text, const char **out) {
  *out = text_string(text, env, value);
  return *out != NULL || wrong_property(env, name, "a string");
}

bool get_string(napi_env env, napi_value plan, const char *name, node_text *text, const char **out) {
  napi_value value;
  return get(env, plan, name, &value) && read_string(env, value, name, text, out);
}

bool get_optional_string(napi_env env, napi_value plan, const char *name, node_text *text, const char **out) {
  napi_value value;
  if (!get(env, plan, name, &value)) return false;
  return is_absent(env, value) || read_string(env, value, name, text, out);
}

static bool read_strings(napi_env env, napi_value array, const char *name, node_text *text, const char *const **out) {
  uint32_t count;
  if (napi_get_array_length(env, array, &count) != napi_ok) return wrong_property(env, name, "an array of strings");
  const char **strings = text_alloc(text, ((size_t)count + 1) * sizeof *strings);
  if (strings == NULL) return wrong_property(env, name, "shorter: out of memory");
  for (uint32_t i = 0; i < count; i++) {
    napi_handle_scope scope;
    napi_value value;
    (void)napi_open_handle_scope(env, &scope); /* else each string of the environment costs a handle until we return */
    strings[i] = napi_get_element(env, array, i, &value) == napi_ok ? text_string(text, env, value) : NULL;
    (void)napi_close_handle_scope(env, scope);
    if (strings[i] == NULL) return wrong_property(env, name, "an array of strings");
  }
  strings[count] = NULL;
  *out = strings;
  return true;
}

bool get_strings(napi_env env, napi_value plan, const char *name, node_text *text, const char *const **out) {
  napi_value value;
  return get(env, plan, name, &value) && read_strings(env, value, name, text, out);
}

bool get_optional_strings(napi_env env, napi_value plan, const char *name, node_text *text, const char *const **out) {
  napi_value value;
  if (!get(env, plan, name, &value)) return false;
  return is_absent(env, value) || read_strings(env, value, name, text, out);
}

bool get_bool(napi_env env, napi_value plan, const char *name, bool *out) {
  napi_value value;
  if (!get(env, plan, name, &value)) return false;
  if (napi_get_value_bool(env, value, out) == napi_ok) return true;
  *out = false;
  return is_absent(env, value) || wrong_property(env, name, "a boolean");
}

bool get_number(napi_env env, napi_value plan, const char *name, double *out) {
  napi_value value;
  if (!get(env, plan, name, &value)) return false;
  if (napi_get_value_double(env, value, out) == napi_ok) return true;
  *out = 0;
  return is_absent(env, value) || wrong_property(env, name, "a number");
}

/* The largest integer that is sure to be one. */
uint64_t to_count(double number) {
  const double largest = 9007199254740991;
  return number > 0 && number <= largest ? (uint64_t)number : 0;
}

bool get_optional_id(napi_env env, napi_value plan, const char *name, cp_id *out) {
  napi_value value;
  if (!get(env, plan, name, &value)) return false;
  out->given = napi_get_value_int64(env, value, &out->id) == napi_ok;
  return out->given || is_absent(env, value) || wrong_property(env, name, "a number");
}

bool bytes_of(napi_env env, napi_value value, void **bytes, size_t *length) {
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, length, bytes, NULL, NULL) != napi_ok) return false;
  return type == napi_uint8_array;
}

/* ---------------------------------------------------------------- to JavaScript */

/* Making one of these fails only when the environment is beyond all help: then the NULL is passed on. */
napi_value make_undefined(napi_env env) {
  napi_value value = NULL;
  (void)napi_get_undefined(env, &value);
  return value;
}

napi_value make_null(napi_env env) {
  napi_value value = NULL;
  (void)napi_get_null(env, &value);
  return value;
}

napi_value make_int(napi_env env, int number) {
  napi_value value = NULL;
  (void)napi_create_int32(env, number, &value);
  return value;
}

napi_value make_number(napi_env env, double number) {
  napi_value value = NULL;
  (void)napi_create_double(env, number, &value);
  return value;
}

napi_value make_numbers(napi_env env, const double *numbers, size_t count) {
  napi_value buffer, array = NULL;
  void *memory;
  if (napi_create_arraybuffer(env, count * sizeof *numbers, &memory, &buffer) != napi_ok) return NULL;
  memcpy(memory, numbers, count * sizeof *numbers);
  (void)napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &array);
  return array;
}

napi_value make_bool(napi_env env, bool boolean) {
  napi_value value = NULL;
  (void)napi_get_boolean(env, boolean, &value);
  return value;
}

napi_value make_string(napi_env env, const char *text) {
  return *text == '\0' ? make_undefined(env) : make_text(env, text, strlen(text));
}

static uint64_t word_at(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

static bool is_ascii(const char *bytes, size_t length) {
  uint64_t all = 0;
  size_t i = 0;
  for (; i + sizeof all <= length; i += sizeof all) all |= word_at(bytes + i);
  for (; i < length; i++) all |= (unsigned char)bytes[i];
  return (all & 0x8080808080808080) == 0;
}

napi_value make_text(napi_env env, const char *bytes, size_t length) {
  napi_value value = NULL;
  if (is_ascii(bytes, length))
    (void)napi_create_string_latin1(env, bytes, length, &value);
  else
    (void)napi_create_string_utf8(env, bytes, length, &value);
  return value;
}

napi_value make_usage(napi_env env, const cp_usage *usage) {
  const double numbers[] = {
      (double)usage->user_us,      (double)usage->system_us,          (double)usage->max_rss_kib,
      (double)usage->minor_faults, (double)usage->major_faults,       (double)usage->blocks_in,
      (double)usage->blocks_out,   (double)usage->voluntary_switches, (double)usage->involuntary_switches};
  return make_numbers(env, numbers, sizeof numbers / sizeof *numbers);
}

bool set(napi_env env, napi_value object, const char *name, napi_value value) {
  return value != NULL && napi_set_named_property(env, object, name, value) == napi_ok;
}

void set_failure(napi_env env, napi_value object, const cp_error *error) {
  (void)set(env, object, "stage", make_string(env, cp_stage_name(error->stage)));
  (void)set(env, object, "path", make_string(env, error->path));
  (void)set(env, object, "message", make_string(env, error->message));
  (void)set(env, object, "index", make_int(env, error->index));
}
