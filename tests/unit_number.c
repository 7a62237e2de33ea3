/* unit_number.c - numbers and dates as text: tables, strtod(), and the Node of this machine if there is one. */
#include "ipc/number.h"

#include <math.h>

#include "support.h"

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static uint64_t bits_of(double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

static double from_bits(uint64_t bits) {
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static const char *written(double number) {
  static char text[CP__NUMBER_MAX + 1];
  size_t length = cp__number_write(text, number);
  assert_true(length <= CP__NUMBER_MAX);
  text[length] = '\0';
  return text;
}

/* Reads a text, which must be a number to its end; from memory of exactly its size. */
static double read_whole(const char *text) {
  size_t length = strlen(text);
  char *copy = malloc(length);
  const char *bad;
  double number = 0;
  assert_non_null(copy);
  memcpy(copy, text, length);
  const char *end = cp__number_read(copy, copy + length, &number, &bad);
  if (end != copy + length) fail_msg("%.100s: reads up to %td", text, end != NULL ? end - copy : bad - copy);
  free(copy);
  return number;
}

/* Numbers of many kinds: any bits, subnormals, powers of two and their neighbours, integers, short decimals. */
static double random_number(uint64_t *state) {
  uint64_t bits = next_random(state), kind = next_random(state) % 8;
  if (kind == 0) bits &= UINT64_C(0x800FFFFFFFFFFFFF);
  if (kind == 1) bits = (bits % 2046 << 52) + (bits >> 32) % 3 - 1;
  double number = from_bits(bits);
  if (kind == 2) number = (double)(int64_t)(bits >> bits % 64);
  if (kind == 3) number = (double)(bits >> 40) / 1000;
  return isfinite(number) ? number : 1.5;
}

/* ---------------------------------------------------------------- writing */

static void numbers_are_written_as_javascript_does(void **state) {
  (void)state;
  static const struct {
    double number;
    const char *text;
  } rows[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1, "-1"},
      {0.1, "0.1"},
      {-0.1, "-0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {100, "100"},
      {123456789, "123456789"},
      {9007199254740991, "9007199254740991"},
      {9007199254740992, "9007199254740992"},
      {-9007199254740993.0, "-9007199254740992"},
      {123456789012345680000.0, "123456789012345680000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {-1e21, "-1e+21"},
      {1.5e21, "1.5e+21"},
      {1e22, "1e+22"},
      {1e23, "1e+23"},
      {9.999999999999997e22, "9.999999999999997e+22"},
      {0.001, "0.001"},
      {0.000001, "0.000001"},
      {0.00000123, "0.00000123"},
      {1e-7, "1e-7"},
      {1.5e-7, "1.5e-7"},
      {1.2345678901234567, "1.2345678901234567"},
      {12345.678, "12345.678"},
      {123e-20, "1.23e-18"},
      {5e-324, "5e-324"},
      {1e-323, "1e-323"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {2.225073858507201e-308, "2.225073858507201e-308"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {4294967296, "4294967296"},
      {1e15 + 0.5, "1000000000000000.5"},
      {2e-44, "2e-44"},
      {9.5e-307, "9.5e-307"},
      {NAN, "NaN"},
      {INFINITY, "Infinity"},
      {-INFINITY, "-Infinity"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_string_equal(written(rows[i].number), rows[i].text);
}

static void every_power_of_ten_and_of_two_is_written_short(void **state) {
  (void)state;
  for (int power = -323; power <= 308; power++) {
    char text[32], expected[32];
    (void)snprintf(text, sizeof text, "1e%d", power);
    (void)snprintf(expected, sizeof expected, power < 0 ? "1e%d" : "1e+%d", power);
    const char *out = written(strtod(text, NULL));
    if (power > 20 || power < -6) assert_string_equal(out, expected);
    assert_int_equal(bits_of(read_whole(out)), bits_of(strtod(text, NULL)));
  }
  for (int power = -1074; power <= 1023; power++)
    assert_int_equal(bits_of(read_whole(written(ldexp(1, power)))), bits_of(ldexp(1, power)));
}

static void integers_are_written_whole(void **state) {
  (void)state;
  static const int64_t rows[] = {
      0, 1, -1, 9, 10, 99, 100, 101, 999, 1000, 9999, 10000, 99999, 100000, 123456789012345678, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[CP__NUMBER_MAX + 1], expected[32];
    text[cp__integer_write(text, rows[i])] = '\0';
    (void)snprintf(expected, sizeof expected, "%lld", (long long)rows[i]);
    assert_string_equal(text, expected);
  }
}

/* printf() with so many digits is correct; if fewer of them read back as the number, ours may not have more. */
static bool has_shorter_form(double number, int digits) {
  char text[64];
  (void)snprintf(text, sizeof text, "%.*e", digits - 2, number);
  return digits > 1 && strtod(text, NULL) == number;
}

static int count_digits(const char *text) {
  int digits = 0, zeros = 0;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text < '0' || (*text == '0' && digits == 0)) continue;
    digits++;
    zeros = *text == '0' ? zeros + 1 : 0;
  }
  return digits - zeros;
}

static void what_is_written_reads_back_the_same_and_is_shortest(void **state) {
  (void)state;
  uint64_t random = 1;
  for (int round = 0; round < 200000; round++) {
    double number = random_number(&random);
    const char *text = written(number);
    if (number == 0) continue;
    if (bits_of(strtod(text, NULL)) != bits_of(number)) fail_msg("%a is written as %s", number, text);
    if (bits_of(read_whole(text)) != bits_of(number)) fail_msg("%s is read as %a", text, read_whole(text));
    if (has_shorter_form(number, count_digits(text))) fail_msg("%s is not the shortest form", text);
  }
}

/* ---------------------------------------------------------------- reading */

static void what_json_does_not_have_is_no_number(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int bad;
  } rows[] = {{"", 0},     {"-", 1},        {"+1", 0},        {".5", 0},      {"-.5", 1}, {"1.", 2},
              {"1.e5", 2}, {"1e", 2},       {"1e+", 3},       {"1E-x", 3},    {"abc", 0}, {"NaN", 0},
              {"-NaN", 1}, {"Infinity", 0}, {"-Infinity", 1}, {"--1", 1},     {" 1", 0},  {"0.", 2},
              {"0e", 2},   {"0.x", 2},      {"1ee5", 2},      {"\xC2\xB2", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double number;
    const char *bad = NULL, *text = rows[i].text;
    if (cp__number_read(text, text + strlen(text), &number, &bad) != NULL) fail_msg("%s is read", text);
    assert_int_equal(bad - text, rows[i].bad);
  }
}

static void a_number_ends_where_it_cannot_go_on(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double number;
    int length;
  } rows[] = {{"0123", 0, 1}, {"00", 0, 1},      {"-012", 0, 2},    {"1,2", 1, 1},
              {"12]", 12, 2}, {"1.5.5", 1.5, 3}, {"1e5e5", 1e5, 3}, {"0x10", 0, 1},
              {"1_0", 1, 1},  {"1 ", 1, 1},      {"1-", 1, 1},      {"12345678x", 12345678, 8}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double number;
    const char *bad, *text = rows[i].text, *end = cp__number_read(text, text + strlen(text), &number, &bad);
    assert_int_equal(end - text, rows[i].length);
    assert_true(number == rows[i].number);
  }
}

static void numbers_are_rounded_correctly(void **state) {
  (void)state;
  static const char *const rows[] = {
      "0",
      "-0",
      "0.0",
      "-0.0e99999999999999999999",
      "0e-99999999999999999999",
      "1e400",
      "-1e400",
      "1e-400",
      "-1e-400",
      "1e309",
      "1.7976931348623157e308",
      "1.7976931348623158e308",
      "1.7976931348623159e308",
      "179769313486231580793e289",
      "4.9e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "2.47032822920623272e-324",
      "2e-324",
      "3e-324",
      "2.4703282292062327208e-324",
      "2.2250738585072011e-308",
      "2.2250738585072012e-308",
      "2.2250738585072014e-308",
      "9007199254740993",
      "9007199254740992.99999999999",
      "9007199254740993.00000000000000000000000000000000001",
      "9007199254740995",
      "18014398509481986",
      "36028797018963972",
      "9223372036854775807",
      "9223372036854776832",
      "9223372036854776833",
      "18446744073709551615",
      "18446744073709551616",
      "99999999999999999999",
      "1.00000000000000011102230246251565404236316680908203125",
      "1.00000000000000011102230246251565404236316680908203124",
      "1.00000000000000011102230246251565404236316680908203126",
      "1.00000000000000011102230246251565404236316680908203125000000000000000000000000000000000000000000000000000001",
      "7.2057594037927933e16",
      "7.2057594037927945e16",
      "123456789012345678901234567890e-10",
      "0.1e1",
      "0.10e-1",
      "6929495644600919.5",
      "3.2378839133029012e-319",
      "8.4e-45",
      "5.0e-324",
      "1234567890123456789e-330",
      "10000000000000000000000000000000000000000e-40",
      "0.000000000000000000000000000000000000000000000000001e51",
      "123456789e-9",
      "12345678901234567e5",
      "1e22",
      "1e23",
      "8.5e22",
      "9e-23",
      "1E5",
      "1e+5",
      "1e-05",
      "1e0000000000005"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double number = read_whole(rows[i]);
    if (bits_of(number) != bits_of(strtod(rows[i], NULL))) fail_msg("%s is read as %a", rows[i], number);
  }
}

/* Digits make up for an exponent however large it is. */
static void long_texts_with_huge_exponents_are_ordinary_numbers(void **state) {
  (void)state;
  enum { ZEROS = 100000 };
  static char text[ZEROS + 64];
  memset(text, '0', sizeof text);
  memcpy(text, "0.", 2);
  (void)snprintf(text + ZEROS, 64, "25e%d", ZEROS);
  assert_true(read_whole(text) == 25);
  memset(text, '0', ZEROS);
  text[0] = '7';
  (void)snprintf(text + ZEROS, 64, "e-%d", ZEROS - 2);
  assert_true(read_whole(text) == 70);
  (void)snprintf(text + ZEROS, 64, "e-%d", ZEROS + 20000);
  assert_true(read_whole(text) == 0);
}

/* A number near or at the middle between two doubles, with many digits. */
static void random_middle(char *text, size_t size, uint64_t *random) {
  double low = fabs(random_number(random));
  long double middle = ((long double)low + (long double)from_bits(bits_of(low) + 1)) / 2;
  if (!isfinite((double)middle)) middle = 1.5L;
  int digits = (int)(next_random(random) % 800);
  (void)snprintf(text, size, next_random(random) % 2 ? "%.*Le" : "%.*Lf", digits, middle);
  char *last = strchr(text, 'e') != NULL ? strchr(text, 'e') - 1 : text + strlen(text) - 1;
  if (next_random(random) % 2 && *last != '.') *last = (char)('0' + next_random(random) % 10);
}

static void random_decimal(char *text, size_t size, uint64_t *random) {
  unsigned long long a = next_random(random) >> next_random(random) % 64, b = next_random(random);
  int exponent = (int)(next_random(random) % 700) - 350;
  switch (next_random(random) % 4) {
    case 0:
      (void)snprintf(text, size, "%llu%llue%d", a % 1000000 + 1, b, exponent);
      break;
    case 1:
      (void)snprintf(text, size, "-%llu.%llue%d", a % 10, b, exponent);
      break;
    case 2:
      (void)snprintf(text, size, "%llue%d", a, exponent / 10);
      break;
    default:
      random_middle(text, size, random);
  }
}

static void random_decimals_are_read_as_strtod_reads_them(void **state) {
  (void)state;
  uint64_t random = 2;
  static char text[2048];
  for (int round = 0; round < 200000; round++) {
    random_decimal(text, sizeof text, &random);
    double number = read_whole(text);
    if (bits_of(number) != bits_of(strtod(text, NULL))) fail_msg("%s is read as %a", text, number);
  }
}

/* ---------------------------------------------------------------- dates */

static void dates_are_written_as_iso_strings(void **state) {
  (void)state;
  static const struct {
    double time;
    const char *text;
  } rows[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-0.0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {951868799999, "2000-02-29T23:59:59.999Z"},
      {-2203891200001, "1900-02-28T23:59:59.999Z"},
      {-2203891200000, "1900-03-01T00:00:00.000Z"},
      {1709210096789, "2024-02-29T12:34:56.789Z"},
      {1704067199999, "2023-12-31T23:59:59.999Z"},
      {253402300799999, "9999-12-31T23:59:59.999Z"},
      {253402300800000, "+010000-01-01T00:00:00.000Z"},
      {-62167219200000, "0000-01-01T00:00:00.000Z"},
      {-62167219200001, "-000001-12-31T23:59:59.999Z"},
      {8.64e15, "+275760-09-13T00:00:00.000Z"},
      {-8.64e15, "-271821-04-20T00:00:00.000Z"},
      {8.64e15 + 1, ""},
      {-8.64e15 - 1, ""},
      {NAN, ""},
      {INFINITY, ""},
      {-INFINITY, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[CP__NUMBER_MAX + 1];
    size_t length = cp__date_write(text, rows[i].time);
    assert_true(length <= CP__NUMBER_MAX);
    text[length] = '\0';
    assert_string_equal(text, rows[i].text);
  }
}

/* ---------------------------------------------------------------- Node */

enum { LINE = 64, LINES = 20000 };

static void need_node(void) {
  cp_result result;
  bool missing = cp_spawn_sync(&result, "node", CP_ARGS("--version"), NULL) != 0;
  cp_result_dispose(&result);
  if (missing) skip();
}

/* What Node prints for a program and its input; cp_result_dispose(). */
static cp_result node(const char *program, const char *input) {
  cp_result result;
  cp_options options = {CP_INPUT(input), .max_buffer_bytes = 64 << 20};
  assert_int_equal(cp_spawn_sync(&result, "node", CP_ARGS("-e", program), &options), 0);
  assert_int_equal(result.exit.code, 0);
  return result;
}

#define EACH_LINE "require('fs').readFileSync(0, 'latin1').trim().split('\\n')"

static void node_writes_the_same_texts(void **state) {
  (void)state;
  need_node();
  char *input = malloc(LINE * LINES), *expected = malloc(LINE * LINES), *in = input, *out = expected;
  assert_non_null(input);
  assert_non_null(expected);
  uint64_t random = 3;
  for (int i = 0; i < LINES; i++) {
    double number =
        i < 2 * 2046 ? from_bits(((uint64_t)(i / 2) << 52) - (uint64_t)(i % 2) + 1) : random_number(&random);
    double date = (double)(int64_t)(from_bits((bits_of(number) >> 12) | UINT64_C(0x3FF0000000000000)) * 8e15 - 12e15);
    char iso[CP__NUMBER_MAX + 1];
    iso[cp__date_write(iso, date)] = '\0';
    in += snprintf(in, LINE, "%016llx %.0f\n", (unsigned long long)bits_of(number), date);
    out += snprintf(out, LINE * 2, "%s %s\n", written(number), iso);
  }
  cp_result result = node("const b = Buffer.alloc(8); console.log(" EACH_LINE
                          ".map((line) => {"
                          "const [bits, date] = line.split(' '); b.writeBigUInt64LE(BigInt('0x' + bits));"
                          "return `${b.readDoubleLE()} ${new Date(Number(date)).toISOString()}`}).join('\\n'))",
                          input);
  assert_string_equal(result.out.bytes, expected);
  cp_result_dispose(&result);
  free(input);
  free(expected);
}

static void node_reads_the_same_numbers(void **state) {
  (void)state;
  need_node();
  static char text[2048];
  size_t size = (size_t)LINES * 1024;
  char *input = malloc(size), *expected = malloc(LINE * LINES), *in = input, *out = expected;
  assert_non_null(input);
  assert_non_null(expected);
  uint64_t random = 4;
  for (int i = 0; i < LINES; i++) {
    do random_decimal(text, sizeof text, &random);
    while (strlen(text) > 1000);
    in += sprintf(in, "%s\n", text);
    out += sprintf(out, "%016llx\n", (unsigned long long)bits_of(read_whole(text)));
  }
  cp_result result = node("const b = Buffer.alloc(8); console.log(" EACH_LINE
                          ".map((line) => {"
                          "b.writeDoubleBE(JSON.parse(line)); return b.toString('hex')}).join('\\n'))",
                          input);
  assert_string_equal(result.out.bytes, expected);
  cp_result_dispose(&result);
  free(input);
  free(expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(numbers_are_written_as_javascript_does),
      TEST(every_power_of_ten_and_of_two_is_written_short),
      TEST(integers_are_written_whole),
      TEST(what_is_written_reads_back_the_same_and_is_shortest),
      TEST(what_json_does_not_have_is_no_number),
      TEST(a_number_ends_where_it_cannot_go_on),
      TEST(numbers_are_rounded_correctly),
      TEST(long_texts_with_huge_exponents_are_ordinary_numbers),
      TEST(random_decimals_are_read_as_strtod_reads_them),
      TEST(dates_are_written_as_iso_strings),
      TEST(node_writes_the_same_texts),
      TEST(node_reads_the_same_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
