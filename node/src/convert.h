/* convert.h - JavaScript values to C values, and back. */
#ifndef CP_NODE_CONVERT_H
#define CP_NODE_CONVERT_H

#include "addon.h"

/* Strings for one call: the first bytes need no allocation, all are freed at once. */
typedef struct node_text {
  char *at, *end;
  struct text_block *blocks;
  _Alignas(sizeof(void *)) char first[8192];
} node_text;

void text_init(node_text *text);
void text_free(node_text *text);
void *text_alloc(node_text *text, size_t size); /* aligned for pointers; NULL: out of memory */

/* The UTF-8 of a string, NUL-terminated. NULL: `value` is no string, or out of memory. */
const char *text_string(node_text *text, napi_env env, napi_value value);

/* Throws a TypeError: "plan.cwd must be a string". An exception that is pending stays. Returns false. */
bool must_be(napi_env env, const char *name, const char *what);

/* Properties of `plan`. False: an exception is pending. Absent means undefined. */
bool get_string(napi_env env, napi_value plan, const char *name, node_text *text, const char **out);
bool get_optional_string(napi_env env, napi_value plan, const char *name, node_text *text, const char **out);
bool get_strings(napi_env env, napi_value plan, const char *name, node_text *text, const char *const **out);
bool get_optional_strings(napi_env env, napi_value plan, const char *name, node_text *text, const char *const **out);
bool get_bool(napi_env env, napi_value plan, const char *name, bool *out);     /* absent: false */
bool get_number(napi_env env, napi_value plan, const char *name, double *out); /* absent: 0 */
uint64_t to_count(double number);                                              /* what is none: 0 */
bool get_optional_id(napi_env env, napi_value plan, const char *name, cp_id *out);

/* The bytes of a Uint8Array or Buffer; false: it is none, and nothing is thrown. */
bool bytes_of(napi_env env, napi_value value, void **bytes, size_t *length);

bool is_absent(napi_env env, napi_value value);

napi_value make_undefined(napi_env env);
napi_value make_null(napi_env env);
napi_value make_int(napi_env env, int number);
napi_value make_number(napi_env env, double number);
napi_value make_numbers(napi_env env, const double *numbers, size_t count); /* a Float64Array */
napi_value make_bool(napi_env env, bool boolean);
napi_value make_string(napi_env env, const char *text);               /* "": undefined */
napi_value make_text(napi_env env, const char *bytes, size_t length); /* UTF-8; quick for ASCII */
napi_value make_usage(napi_env env, const cp_usage *usage);
bool set(napi_env env, napi_value object, const char *name, napi_value value);

/* {stage, path, message, index} */
void set_failure(napi_env env, napi_value object, const cp_error *error);

#endif
