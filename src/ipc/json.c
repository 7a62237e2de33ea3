/* json.c - makes sure that a text is JSON, and takes the white space out of one, without building anything. */
#include <limits.h>

#include "../fail.h"
#include "json.h"
#include "json_scan.h"
#include "text.h"

/* The walk is made twice, for texts that need to look out for their end and for those that do not. */
#define INLINE inline __attribute__((always_inline))

int cp__json_malformed(cp_error *error, const cp__json_text *json, cp__json_at bad) {
  cp__json_at text = json->begin, end = json->end;
  size_t at = (size_t)(bad - text);
  int index = at < INT_MAX ? (int)at : INT_MAX;
  if (bad == end)
    return cp__fail(error, CP_EMESSAGE, CP_STAGE_DECODE, index, NULL, "the JSON text ends too early, after %zu bytes",
                    at);
  if (at == 0 && end - text >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
    return cp__fail(error, CP_EMESSAGE, CP_STAGE_DECODE, 0, NULL, "the JSON text begins with a byte order mark");
  if (*bad > ' ' && *bad < 0x7F)
    return cp__fail(error, CP_EMESSAGE, CP_STAGE_DECODE, index, NULL, "no JSON: unexpected '%c' at byte %zu", *bad, at);
  return cp__fail(error, CP_EMESSAGE, CP_STAGE_DECODE, index, NULL, "no JSON: unexpected byte %02X at byte %zu", *bad,
                  at);
}

int cp__json_too_big(cp_error *error, size_t at, const char *limit) {
  return cp__fail(error, CP_ETOOBIG, CP_STAGE_DECODE, at < INT_MAX ? (int)at : INT_MAX, NULL,
                  "the JSON text has more than limits.%s allows, at byte %zu", limit, at);
}

/* ---------------------------------------------------------------- is it internal? */

/* Behind `word`, which may be written with escapes; NULL: something else is there. */
static cp__json_at skip_spelled(cp__json_at p, cp__json_at end, const char *word) {
  enum { ESCAPE = 6 };
  for (; *word != '\0'; word++) {
    unsigned unit = cp__json_peek(p, end);
    size_t length = 1;
    if (unit == '\\') {
      if (end - p < ESCAPE || p[1] != 'u') return NULL; /* letters have no shorter escape */
      unit = cp__json_hex(p + 2);
      length = ESCAPE;
    }
    if (unit != (unsigned char)*word) return NULL;
    p += length;
  }
  return p;
}

static bool is_cmd(cp__json_at key, cp__json_at end) {
  cp__json_at behind = skip_spelled(key, end, "cmd");
  return behind != NULL && cp__json_peek(behind, end) == '"';
}

static bool is_node_string(cp__json_at value, cp__json_at end) {
  if (cp__json_peek(value, end) != '"') return false;
  if (end - value > 1 && value[1] != 'N' && value[1] != '\\') return false;
  cp__json_at behind = skip_spelled(value + 1, end, "NODE_");
  return behind != NULL && behind < end && *behind != '"';
}

/* ---------------------------------------------------------------- checking */

/* A walk over a text. */
typedef struct walk {
  cp__json_text text;
  const char *limit; /* the one that it was beyond at text.bad, else NULL */
  bool has_newline, is_internal;
  size_t max_values;
  unsigned max_depth;
  char closers[CP_DEPTH_MAX + 1]; /* of what is open, from 1 on */
} walk;

static cp__json_at fail(walk *w, cp__json_at p, const char *limit) {
  w->text.bad = p;
  w->limit = limit;
  return NULL;
}

/*
 * What comes at `p`; 0 at the end. A text is fenced if its last byte is a closing bracket: only strings, which look
 * out for the end themselves, and closing brackets go over one, so that everywhere else there is a byte to look at.
 */
#define PEEK(p) (fenced || (p) < end ? *(p) : 0)

/* Behind a number; NULL: none, *bad is where. */
static INLINE cp__json_at skip_number(cp__json_at p, cp__json_at end, const bool fenced, cp__json_at *bad) {
  cp__json_at digits = p + (*p == '-');
  p = PEEK(digits) == '0' ? digits + 1 : cp__json_skip_digits(digits, end);
  if (p == digits) goto bad;
  if (PEEK(p) == '.') {
    digits = p + 1;
    if ((p = cp__json_skip_digits(digits, end)) == digits) goto bad;
  }
  if ((PEEK(p) | 0x20) != 'e') return p;
  p++;
  digits = p + (PEEK(p) == '+' || PEEK(p) == '-');
  if ((p = cp__json_skip_digits(digits, end)) > digits) return p;
bad:
  *bad = p;
  return NULL;
}

/* Behind a value that begins with `first` and has no others inside. */
static INLINE cp__json_at skip_scalar(walk *w, cp__json_at p, uint8_t first, const bool fenced) {
  cp__json_at end = w->text.end;
  if (first == '"') return cp__json_skip_string(&w->text, p + 1);
  if (cp__json_is_digit(first) || first == '-') return skip_number(p, end, fenced, &w->text.bad);
  if (first == 't') return cp__json_skip_word(p, end, "true", &w->text.bad);
  if (first == 'f') return cp__json_skip_word(p, end, "false", &w->text.bad);
  if (first == 'n') return cp__json_skip_word(p, end, "null", &w->text.bad);
  return fail(w, p, NULL);
}

static INLINE cp__json_at skip_white(walk *w, cp__json_at p, const bool fenced) {
  const cp__json_at end = w->text.end;
  return PEEK(p) > ' ' ? p : cp__json_skip_white(p, end, &w->has_newline);
}

/* Looks whether a property of the outermost object says that the message is internal. */
static INLINE void note_property(walk *w, cp__json_at key, cp__json_at value) {
  const cp__json_at end = w->text.end;
  bool plain = end - key >= 4 && memcmp(key, "cmd\"", 4) == 0;
  if (plain || (w->text.has_escape && is_cmd(key, end))) w->is_internal = is_node_string(value, end);
}

/* Behind the value at `p`; NULL: text.bad and limit tell. A loop, since strangers nest as they like. */
static INLINE cp__json_at skip_value(walk *w, cp__json_at p, const bool fenced) {
  const cp__json_at end = w->text.end;
  size_t values = 0, max_values = w->max_values;
  unsigned depth = 0;
  uint8_t closer = 0, byte;
  cp__json_at key;

value:
  if (values++ == max_values) return fail(w, p, "max_values");
  byte = PEEK(p);
  if (byte == '{' || byte == '[') {
    if (depth == w->max_depth) return fail(w, p, "max_depth");
    w->closers[depth++] = (char)closer;
    closer = byte + 2; /* so it is in ASCII */
    p = skip_white(w, p + 1, fenced);
    if (PEEK(p) == closer) goto close;
    if (closer == ']') goto value;
    goto key;
  }
  if ((p = skip_scalar(w, p, byte, fenced)) == NULL) return NULL;

next:
  if (depth == 0) return p;
  p = skip_white(w, p, fenced);
  if (PEEK(p) != ',') goto close;
  p = skip_white(w, p + 1, fenced);
  if (closer == ']') goto value;

key:
  if (values++ == max_values) return fail(w, p, "max_values");
  if (PEEK(p) != '"') return fail(w, p, NULL);
  key = p + 1;
  if ((p = cp__json_skip_string(&w->text, key)) == NULL) return NULL;
  p = skip_white(w, p, fenced);
  if (PEEK(p) != ':') return fail(w, p, NULL);
  p = skip_white(w, p + 1, fenced);
  if (depth == 1) note_property(w, key, p);
  goto value;

close:
  if (PEEK(p) != closer) return fail(w, p, NULL);
  p++;
  closer = (uint8_t)w->closers[--depth];
  if (p == end && depth > 0) return fail(w, p, NULL);
  goto next;
}

static cp__json_at skip_fenced(walk *w, cp__json_at p) { return skip_value(w, p, true); }
static cp__json_at skip_unfenced(walk *w, cp__json_at p) { return skip_value(w, p, false); }

static bool is_fenced(const char *text, size_t length) {
  return length > 0 && (text[length - 1] == '}' || text[length - 1] == ']');
}

int cp__json_check_text(cp__json_check *check, const char *text, size_t length, const cp_limits *limits,
                        cp_error *error) {
  if (length > limits->max_bytes) return cp__json_too_big(error, limits->max_bytes, "max_bytes");
  cp__json_at begin = (cp__json_at)text, end = begin + length;
  walk w; /* not zeroed: most of it is never used */
  w.text = (cp__json_text){.begin = begin, .end = end};
  w.limit = NULL;
  w.has_newline = w.is_internal = false;
  w.max_values = limits->max_values;
  w.max_depth = limits->max_depth < CP_DEPTH_MAX ? limits->max_depth : CP_DEPTH_MAX;

  bool ignored;
  cp__json_at start = cp__json_skip_white(begin, end, &ignored);
  cp__json_at behind = is_fenced(text, length) ? skip_fenced(&w, start) : skip_unfenced(&w, start);
  if (behind == NULL && w.limit != NULL) return cp__json_too_big(error, (size_t)(w.text.bad - begin), w.limit);
  if (behind == NULL) return cp__json_malformed(error, &w.text, w.text.bad);
  cp__json_at rest = cp__json_skip_white(behind, end, &ignored);
  if (rest != end) return cp__json_malformed(error, &w.text, rest);
  *check = (cp__json_check){.start = (size_t)(start - begin),
                            .end = (size_t)(behind - begin),
                            .has_newline = w.has_newline,
                            .is_internal = w.is_internal,
                            .is_utf8 = !w.text.is_bad_utf8};
  return 0;
}

/* ---------------------------------------------------------------- compacting */

int cp__json_compact(cp__buffer *out, const char *text, size_t length) {
  uint8_t *to = cp__buffer_room(out, length);
  if (to == NULL) return UV_ENOMEM;
  cp__json_text all = {.begin = (cp__json_at)text, .end = (cp__json_at)text + length};
  for (cp__json_at p = all.begin, from; p < all.end; to += p - from) {
    while (p < all.end && *p <= ' ') p++;
    from = p;
    while (p<all.end && * p> ' ') {
      if (*p++ != '"') continue;
      p = cp__json_skip_string(&all, p);
      if (p == NULL) p = all.end; /* it has been checked, so this does not happen */
    }
    memcpy(to, from, (size_t)(p - from));
  }
  out->length = (size_t)(to - out->bytes);
  return 0;
}

void cp__json_add_line(cp__buffer *out, const char *text, const cp__json_check *check) {
  size_t length = check->end - check->start;
  text += check->start;
  if (check->has_newline) {
    (void)cp__json_compact(out, text, length);
  } else if (check->is_utf8) {
    cp__buffer_add(out, text, length);
  } else {
    uint8_t *room = cp__buffer_room(out, length * 3);
    if (room != NULL) out->length += cp__text_repair((char *)room, text, length);
  }
}
