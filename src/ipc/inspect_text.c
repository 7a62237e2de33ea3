/* inspect_text.c - strings, keys, numbers and bytes as util.inspect() prints them. */
#include <math.h>

#include "inspect.h"
#include "number.h"

void cp__inspect_add(cp__inspection *ins, const char *text) { cp__buffer_add(&ins->out, text, strlen(text)); }

/* ---------------------------------------------------------------- numbers */

void cp__inspect_integer(cp__inspection *ins, uint64_t integer) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + integer % 10);
  while ((integer /= 10) > 0);
  cp__buffer_add(&ins->out, digits + at, sizeof digits - at);
}

void cp__inspect_number(cp__inspection *ins, double number) {
  char text[CP__NUMBER_MAX];
  if (number == 0 && signbit(number)) cp__buffer_byte(&ins->out, '-');
  cp__buffer_add(&ins->out, text, cp__number_write(text, number));
}

/* Division by 10^9 until nothing is left: the digits come from the back, nine at a time. Returns where they begin. */
static char *divide_out(uint32_t *halves, size_t count, char *end) {
  while (count > 0 && halves[count - 1] == 0) count--;
  while (count > 0) {
    uint64_t rest = 0;
    for (size_t i = count; i-- > 0;) {
      rest = rest << 32 | halves[i];
      halves[i] = (uint32_t)(rest / 1000000000);
      rest %= 1000000000;
    }
    while (count > 0 && halves[count - 1] == 0) count--;
    for (int i = 0; i < 9 && (rest > 0 || count > 0); i++, rest /= 10) *--end = (char)('0' + rest % 10);
  }
  return end;
}

/* Time grows with the square of the digits, so the largest are hexadecimal, which JavaScript reads as well. */
static void add_hexadecimal(cp__inspection *ins, const uint64_t *words, size_t count) {
  uint8_t *room = cp__buffer_room(&ins->out, 2 + 16 * count);
  size_t at = 2;
  if (room == NULL) return;
  memcpy(room, "0x", 2);
  for (size_t digit = 16 * count; digit-- > 0;) {
    unsigned value = (unsigned)(words[digit / 16] >> (digit % 16 * 4)) & 15;
    if (at > 2 || value > 0) room[at++] = (uint8_t) "0123456789abcdef"[value];
  }
  ins->out.length += at;
}

void cp__inspect_bigint(cp__inspection *ins, cp_value value) {
  enum { WORDS_MAX = 512, DIGITS_MAX = WORDS_MAX * 20 }; /* 9864 digits: not more than strings may have by default */
  bool is_negative = false;
  size_t count = 0;
  uint32_t halves[2 * WORDS_MAX];
  char digits[DIGITS_MAX];
  const uint64_t *words = cp_value_bigint(value, &is_negative, &count);
  if (is_negative) cp__buffer_byte(&ins->out, '-');
  if (count == 0) cp__buffer_byte(&ins->out, '0');
  if (count > WORDS_MAX) {
    add_hexadecimal(ins, words, count);
  } else if (count > 0) {
    for (size_t i = 0; i < 2 * count; i++) halves[i] = (uint32_t)(words[i / 2] >> (i % 2 * 32));
    char *first = divide_out(halves, 2 * count, digits + DIGITS_MAX);
    cp__buffer_add(&ins->out, first, (size_t)(digits + DIGITS_MAX - first));
  }
  cp__buffer_byte(&ins->out, 'n');
}

/* ---------------------------------------------------------------- strings */

size_t cp__inspect_units(const void *text, size_t length) {
  const uint8_t *bytes = text;
  size_t units = 0;
  for (size_t i = 0; i < length; i++) units += ((bytes[i] & 0xc0) != 0x80) + (bytes[i] >= 0xf0);
  return units;
}

static bool contains(const char *text, size_t length, char c) { return memchr(text, c, length) != NULL; }

static bool contains_template(const char *text, size_t length) {
  for (const char *end = text + length; (text = memchr(text, '$', (size_t)(end - text))) != NULL; text++)
    if (text + 1 < end && text[1] == '{') return true;
  return false;
}

/* Single quotes unless others need fewer escapes. */
static char choose_quote(const char *text, size_t length) {
  if (!contains(text, length, '\'')) return '\'';
  if (!contains(text, length, '"')) return '"';
  if (!contains(text, length, '`') && !contains_template(text, length)) return '`';
  return '\'';
}

static void add_escape(cp__inspection *ins, unsigned code) {
  static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
  char text[7] = {'\\', 0};
  size_t length = 2;
  if (code == '\\' || code == '\'') {
    text[1] = (char)code;
  } else if (code < sizeof letters && letters[code] != 0) {
    text[1] = letters[code];
  } else if (code < 0x100) {
    const char *digits = "0123456789ABCDEF";
    memcpy(text, (char[]){'\\', 'x', digits[code >> 4], digits[code & 15]}, length = 4);
  } else {
    const char *digits = "0123456789abcdef";
    memcpy(
        text,
        (char[]){'\\', 'u', digits[code >> 12 & 15], digits[code >> 8 & 15], digits[code >> 4 & 15], digits[code & 15]},
        length = 6);
  }
  cp__buffer_add(&ins->out, text, length);
}

/* The bytes of a character that must be escaped, its code in *code; 0: it stands for itself. */
static size_t escaped(const uint8_t *text, size_t left, char quote, unsigned *code) {
  *code = text[0];
  if (text[0] < 0x20 || text[0] == 0x7f || text[0] == '\\') return 1;
  if (text[0] == '\'') return quote == '\'';
  if (text[0] == 0xc2 && left > 1 && text[1] < 0xa0) { /* U+0080 to U+009F */
    *code = text[1];
    return 2;
  }
  if (text[0] == 0xed && left > 2 && text[1] >= 0xa0) { /* half of a surrogate pair */
    *code = 0xd000 | (text[1] & 0x3fU) << 6 | (text[2] & 0x3fU);
    return 3;
  }
  return 0;
}

/* Text between the quotes. */
static void add_escaped(cp__inspection *ins, const char *text, size_t length, char quote) {
  const uint8_t *bytes = (const uint8_t *)text;
  size_t done = 0;
  for (size_t i = 0; i < length;) {
    unsigned code;
    size_t size = escaped(bytes + i, length - i, quote, &code);
    if (size == 0) {
      i++;
      continue;
    }
    cp__buffer_add(&ins->out, bytes + done, i - done);
    add_escape(ins, code);
    done = i += size;
  }
  cp__buffer_add(&ins->out, bytes + done, length - done);
}

void cp__inspect_quoted(cp__inspection *ins, const char *text, size_t length) {
  char quote = choose_quote(text, length);
  cp__buffer_byte(&ins->out, (uint8_t)quote);
  add_escaped(ins, text, length, quote);
  cp__buffer_byte(&ins->out, (uint8_t)quote);
}

/* The bytes of the first `units` UTF-16 code units; *half is the first half of a pair that the end lies in, else 0. */
static size_t cut(const uint8_t *text, size_t length, size_t units, unsigned *half) {
  size_t i = 0;
  *half = 0;
  while (i < length && units > 0) {
    size_t size = text[i] >= 0xf0 ? 4 : text[i] >= 0xe0 ? 3 : text[i] >= 0xc0 ? 2 : 1;
    if (size > length - i) return length;
    if (size == 4 && units == 1) {
      unsigned code = (text[i] & 7U) << 18 | (text[i + 1] & 0x3fU) << 12 | (text[i + 2] & 0x3fU) << 6;
      *half = 0xd800 + ((code - 0x10000) >> 10);
      return i;
    }
    units -= size == 4 ? 2 : 1;
    i += size;
  }
  return i;
}

/* Each line of the text in quotes of its own. `half` comes behind the last one. */
static void add_lines(cp__inspection *ins, const char *text, size_t length, unsigned half, bool is_split) {
  for (;;) {
    const char *newline = is_split ? memchr(text, '\n', length) : NULL;
    size_t line = newline != NULL ? (size_t)(newline + 1 - text) : length;
    bool is_last = line == length && (half == 0 || newline == NULL);
    char quote = choose_quote(text, line);
    cp__buffer_byte(&ins->out, (uint8_t)quote);
    add_escaped(ins, text, line, quote);
    if (is_last && half != 0) add_escape(ins, half);
    cp__buffer_byte(&ins->out, (uint8_t)quote);
    if (is_last) return;
    cp__inspect_add(ins, " +\n");
    cp__inspect_indent(ins);
    cp__inspect_add(ins, "  ");
    text += line;
    length -= line;
  }
}

void cp__inspect_string(cp__inspection *ins, cp_value string) {
  enum { NEVER_SPLIT = 16, MARGIN = 4 };
  const char *text = string.as.bytes;
  size_t length = string.length, more = 0;
  unsigned half = 0;
  if (length > ins->max_string) { /* in bytes, so perhaps in characters */
    size_t units = cp__inspect_units(text, length);
    more = units > ins->max_string ? units - ins->max_string : 0;
    if (more > 0) length = cut((const uint8_t *)text, length, ins->max_string, &half);
  }
  size_t units = length > NEVER_SPLIT ? cp__inspect_units(text, length) + (half != 0) : 0;
  bool is_long =
      units > NEVER_SPLIT && ins->break_length != SIZE_MAX && units + 2 * ins->depth + MARGIN > ins->break_length;
  add_lines(ins, text, length, half, is_long);
  if (more == 0) return;
  cp__inspect_add(ins, "... ");
  cp__inspect_integer(ins, more);
  cp__inspect_add(ins, more > 1 ? " more characters" : " more character");
}

static bool is_name(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!is_letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return length > 0;
}

void cp__inspect_key(cp__inspection *ins, cp_value key) {
  size_t length = key.length;
  if (length == 9 && memcmp(key.as.bytes, "__proto__", 9) == 0)
    cp__inspect_add(ins, "['__proto__']");
  else if (is_name(key.as.bytes, length))
    cp__buffer_add(&ins->out, key.as.bytes, length);
  else
    cp__inspect_quoted(ins, key.as.bytes, length);
  cp__buffer_add(&ins->out, ": ", 2);
}

void cp__inspect_raw(cp__inspection *ins, const char *text, size_t length) {
  size_t done = 0;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = (uint8_t)text[i];
    bool is_half = byte == 0xed && length - i > 2 && (uint8_t)text[i + 1] >= 0xa0;
    if (byte != '\n' && byte != '\0' && !is_half) continue;
    size_t kept = i + (byte == '\n');
    cp__buffer_add(&ins->out, text + done, kept - done);
    if (byte == '\n') cp__inspect_indent(ins);
    if (byte == '\0') cp__inspect_add(ins, "\\x00");
    if (is_half) cp__inspect_add(ins, "\xef\xbf\xbd");
    i += is_half ? 2 : 0;
    done = i + 1;
  }
  cp__buffer_add(&ins->out, text + done, length - done);
}

/* ---------------------------------------------------------------- bytes */

void cp__inspect_bytes(cp__inspection *ins, const uint8_t *bytes, size_t length, size_t shown) {
  size_t count = length < shown ? length : shown;
  uint8_t *room = count < SIZE_MAX / 3 ? cp__buffer_room(&ins->out, 3 * count) : NULL;
  if (room == NULL) return;
  for (size_t i = 0; i < count; i++) {
    room[3 * i] = (uint8_t) "0123456789abcdef"[bytes[i] >> 4];
    room[3 * i + 1] = (uint8_t) "0123456789abcdef"[bytes[i] & 15];
    room[3 * i + 2] = ' ';
  }
  ins->out.length += count > 0 ? 3 * count - 1 : 0;
  if (length == count) return;
  cp__inspect_add(ins, " ... ");
  cp__inspect_integer(ins, length - count);
  cp__inspect_add(ins, length - count > 1 ? " more bytes" : " more byte");
}

static double from_half(uint16_t bits) {
  unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
  double number = exponent == 0 ? fraction * 0x1p-24 : (fraction + 1024) * 0x1p-25 * (double)(1U << exponent);
  if (exponent == 31) number = fraction == 0 ? INFINITY : NAN;
  return bits >> 15 ? -number : number;
}

static void add_big_element(cp__inspection *ins, uint64_t bits, bool is_negative) {
  if (is_negative) cp__buffer_byte(&ins->out, '-');
  cp__inspect_integer(ins, is_negative ? 0 - bits : bits);
  cp__buffer_byte(&ins->out, 'n');
}

/* The number whose bits these are. */
static double element(unsigned kind, uint64_t bits) {
  float single;
  double number;
  switch (kind) {
    case CP_VIEW_INT8:
      return (int8_t)bits;
    case CP_VIEW_INT16:
      return (int16_t)bits;
    case CP_VIEW_INT32:
      return (int32_t)bits;
    case CP_VIEW_FLOAT16:
      return from_half((uint16_t)bits);
    case CP_VIEW_FLOAT32:
      memcpy(&single, &(uint32_t){(uint32_t)bits}, sizeof single);
      return (double)single;
    case CP_VIEW_FLOAT64:
      memcpy(&number, &bits, sizeof number);
      return number;
    default:
      return (double)bits;
  }
}

/* Elements have the machine's byte order; views of bytes need not be aligned. */
static uint64_t load(const uint8_t *bytes, size_t size) {
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  switch (size) {
    case 1:
      return *bytes;
    case 2:
      memcpy(&two, bytes, sizeof two);
      return two;
    case 4:
      memcpy(&four, bytes, sizeof four);
      return four;
    default:
      memcpy(&eight, bytes, sizeof eight);
      return eight;
  }
}

void cp__inspect_element(cp__inspection *ins, const cp__object *view, size_t i) {
  size_t size = cp__view_element_size(view->kind);
  uint64_t bits = load(view->as.buffer.bytes + i * size, size);
  if (view->kind == CP_VIEW_BIGINT64 || view->kind == CP_VIEW_BIGUINT64)
    add_big_element(ins, bits, view->kind == CP_VIEW_BIGINT64 && bits >> 63);
  else
    cp__inspect_number(ins, element(view->kind, bits));
}
