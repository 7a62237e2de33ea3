/* json.h - JSON text: checking, reading, writing. Pure: bytes in, values out, and back. */
#ifndef CP_IPC_JSON_H
#define CP_IPC_JSON_H

#include "buffer.h"
#include "value.h"

/* What a check has found out about a text. */
typedef struct cp__json_check {
  size_t start, end; /* the value without the white space around it */
  bool has_newline;  /* inside the value: it must be taken out before the text is a line */
  bool is_internal;  /* an object whose `cmd` (the last one counts) is a string that goes on after NODE_ */
  bool is_utf8;      /* false: it has bad bytes in strings, which are to become U+FFFD */
} cp__json_check;

/*
 * Makes sure that a text is exactly one JSON value, nested no deeper than limits->max_depth, with no more than
 * limits->max_values in it. Builds nothing: this is what each message of a JSON channel goes through. Bad UTF-8
 * inside of strings is no error. Returns 0, CP_EMESSAGE, CP_ETOOBIG; error->index is the byte.
 */
int cp__json_check_text(cp__json_check *check, const char *text, size_t length, const cp_limits *limits,
                        cp_error *error);

/* The value of a text. As cp_value_from_json(). */
int cp__json_read(cp_value *out, cp_heap *heap, const char *text, size_t length, cp_error *error);

/* Appends the text of a value. As cp_value_to_json(). After a failure the buffer is as long as before. */
int cp__json_write(cp__buffer *out, cp_value value, cp_error *error);

/* Appends a JSON text without the white space between its tokens. It has been checked. UV_ENOMEM. */
int cp__json_compact(cp__buffer *out, const char *text, size_t length);

/* Appends a text that has been checked, as one line of good UTF-8: as it is, if it is one. May fail: out->failed. */
void cp__json_add_line(cp__buffer *out, const char *text, const cp__json_check *check);

#endif
