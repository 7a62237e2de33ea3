/* clone_text.c - strings and keys of structured clone bytes, read into WTF-8. */
#include "../utf8.h"
#include "ascii.h"
#include "clone_reader.h"
#include "number.h"
#include "text.h"

enum {
  KEY_LENGTH = 24, /* of a key that is remembered, at most */
  SHORT_UNITS = 64
};

/* Of a number that V8 sees go on at its fifth byte, it wants a sixth to be there, but does not read it. */
int64_t cp__clone_long_varint(cp__clone_reader *r) {
  uint32_t sum = 0;
  uint8_t byte = 0x80;
  for (int shift = 0; shift < 35 && byte >= 0x80; shift += 7) {
    if (!cp__clone_byte(r, &byte)) return CP__CLONE_CUT;
    sum |= (uint32_t)(byte & 0x7F) << shift;
  }
  if (byte < 0x80 || r->at != r->end) return sum;
  (void)cp__clone_malformed(r, "it ends too early");
  return CP__CLONE_CUT;
}

/* ---------------------------------------------------------------- strings */

/* Room for a text and its NUL; a cp_value counts with 32 bits. */
static char *text_room(cp__clone_reader *r, size_t size) {
  if (size >= UINT32_MAX) {
    (void)cp__clone_fails(r, CP_ETOOBIG, "a string is longer than 4 GiB");
    return NULL;
  }
  char *text = cp__heap_text(r->heap, size + 1);
  if (text == NULL) (void)cp__clone_out_of_memory(r);
  return text;
}

static bool end_text(cp_value *out, char *text, size_t length) {
  text[length] = '\0';
  *out = cp__string_value(text, (uint32_t)length);
  return true;
}

static bool copy_text(cp__clone_reader *r, const char *from, size_t length, cp_value *out) {
  char *text = text_room(r, length);
  if (text == NULL) return false;
  memcpy(text, from, length);
  return end_text(out, text, length);
}

/* A short one is copied while it is looked at, and gives its room back if it needs more. */
static bool short_text(cp__clone_reader *r, const uint8_t *bytes, size_t count, cp_value *out) {
  char local[2 * CP__ASCII_SHORT], *text = text_room(r, count);
  if (text == NULL) return false;
  if (cp__ascii_copy(text, bytes, count)) return end_text(out, text, count);
  (void)cp__heap_text_trim(r->heap, text, count + 1, 0);
  return copy_text(r, local, cp__text_from_latin1(local, bytes, count), out);
}

static bool latin1_text(cp__clone_reader *r, const uint8_t *bytes, size_t count, cp_value *out) {
  if (count <= CP__ASCII_SHORT) return short_text(r, bytes, count, out);
  if (cp__text_is_ascii((const char *)bytes, count)) {
    char *text = text_room(r, count);
    if (text == NULL) return false;
    memcpy(text, bytes, count);
    return end_text(out, text, count);
  }
  char *text = text_room(r, cp__text_size_of_latin1(bytes, count));
  return text != NULL && end_text(out, text, cp__text_from_latin1(text, bytes, count));
}

bool cp__clone_one_byte(cp__clone_reader *r, cp_value *out) {
  uint32_t count;
  const uint8_t *bytes;
  return cp__clone_varint(r, &count) && cp__clone_bytes(r, count, &bytes) && latin1_text(r, bytes, count, out);
}

bool cp__clone_two_byte(cp__clone_reader *r, cp_value *out) {
  char local[3 * SHORT_UNITS]; /* of a short one: copying is quicker than looking at it twice */
  uint32_t length;
  const uint8_t *bytes;
  if (!cp__clone_varint(r, &length)) return false;
  if (length % 2 != 0) return cp__clone_malformed(r, "a string has half a character");
  if (!cp__clone_bytes(r, length, &bytes)) return false;
  if (length <= 2 * SHORT_UNITS) return copy_text(r, local, cp__text_from_utf16(local, bytes, length / 2), out);
  char *text = text_room(r, cp__text_size_of_utf16(bytes, length / 2));
  return text != NULL && end_text(out, text, cp__text_from_utf16(text, bytes, length / 2));
}

/* V8 takes no lone surrogates here: each bad byte becomes U+FFFD. */
bool cp__clone_utf8(cp__clone_reader *r, cp_value *out) {
  uint32_t length;
  const uint8_t *bytes;
  if (!cp__clone_varint(r, &length) || !cp__clone_bytes(r, length, &bytes)) return false;
  bool valid = cp__utf8_valid((const char *)bytes, length) == length;
  char *text = text_room(r, valid ? length : 3 * (size_t)length + 4);
  if (text == NULL) return false;
  if (!valid) return end_text(out, text, cp__utf8_decode(&(cp__utf8){0}, (const char *)bytes, length, true, text));
  memcpy(text, bytes, length);
  return end_text(out, text, length);
}

/* ---------------------------------------------------------------- keys */

/* Where a key is remembered, if it is. Keys of a record differ in their length, their beginning or their end. */
static cp_value *remembered(cp__clone_reader *r, const uint8_t *bytes, size_t length) {
  if (!r->keys_ready) memset(r->keys, 0, sizeof r->keys);
  r->keys_ready = true;
  uint32_t head = 0, tail = 0;
  if (length >= sizeof head) {
    memcpy(&head, bytes, sizeof head);
    memcpy(&tail, bytes + length - sizeof tail, sizeof tail);
  } else if (length > 0) {
    head = bytes[0];
    tail = (uint32_t)bytes[length - 1] << 8 | bytes[length / 2];
  }
  uint32_t hash = (head ^ (tail << 5 | tail >> 27) ^ (uint32_t)length) * UINT32_C(0x9E3779B1);
  return &r->keys[hash >> 26];
}

/* A one-byte string: of a key that was met before, the text is used again. */
static bool read_one_byte_key(cp__clone_reader *r, cp_value *key) {
  uint32_t length;
  const uint8_t *bytes;
  if (!cp__clone_varint(r, &length) || !cp__clone_bytes(r, length, &bytes)) return false;
  if (length > KEY_LENGTH) return latin1_text(r, bytes, length, key);
  cp_value *known = remembered(r, bytes, length);
  if (known->type != CP_TYPE_NONE && known->length == length && memcmp(known->as.bytes, bytes, length) == 0) {
    *key = *known;
    return true;
  }
  if (!latin1_text(r, bytes, length, key)) return false;
  if (key->length == length) *known = *key;
  return true;
}

/* A number in JavaScript's decimal. */
bool cp__clone_number_key(cp__clone_reader *r, double number, cp_value *key) {
  char digits[CP__NUMBER_MAX];
  size_t length = cp__number_write(digits, number);
  char *text = text_room(r, length);
  if (text == NULL) return false;
  memcpy(text, digits, length);
  return end_text(key, text, length);
}

static bool begins_with_digit(cp_value string) {
  return string.length > 0 && string.as.bytes[0] >= '0' && string.as.bytes[0] <= '9';
}

/* The key of an object is always a string. *index says that it could be an array index. */
bool cp__clone_object_key(cp__clone_reader *r, cp_value *key, bool *index) {
  if (*r->at == '"') {
    if (r->values_left-- == 0) return cp__clone_too_many(r);
    r->at++;
    if (!read_one_byte_key(r, key)) return false;
  } else {
    if (!cp__clone_value(r, key)) return false;
    if (key->type == CP_TYPE_NUMBER && !cp__clone_number_key(r, key->as.number, key)) return false;
    if (key->type != CP_TYPE_STRING) return cp__clone_malformed(r, "a key is neither a string nor a number");
  }
  *index |= begins_with_digit(*key);
  return true;
}

static bool is_index(double number) { return number >= 0 && number < UINT32_MAX && number == (uint32_t)number; }

/* The key of an array is a number if it is an index, else a string. */
bool cp__clone_array_key(cp__clone_reader *r, cp_value *key) {
  if (!cp__clone_value(r, key)) return false;
  if (key->type == CP_TYPE_NUMBER) return is_index(key->as.number) || cp__clone_number_key(r, key->as.number, key);
  if (key->type != CP_TYPE_STRING) return cp__clone_malformed(r, "a key is neither a string nor a number");
  uint32_t index;
  if (begins_with_digit(*key) && cp__is_index(key->as.bytes, key->length, &index))
    *key = (cp_value){.type = CP_TYPE_NUMBER, .as.number = index};
  if (key->type == CP_TYPE_STRING && key->length == 6 && memcmp(key->as.bytes, "length", 6) == 0)
    return cp__clone_malformed(r, "an array has a property \"length\"");
  return true;
}
