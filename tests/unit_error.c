/* unit_error.c - codes, names and sentences; filling a cp_error. */
#include "fail.h"

#include "support.h"

static void every_code_has_a_name_and_a_sentence(void **state) {
  (void)state;
  static const struct {
    int code;
    const char *name;
  } codes[] = {
#define ENTRY(name, value, text) {name, #name},
      CP_ERRORS(ENTRY)
#undef ENTRY
#define ENTRY(name, text) {UV_##name, #name},
          UV_ERRNO_MAP(ENTRY)
#undef ENTRY
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    const char *text = cp_strerror(codes[i].code);
    assert_true(codes[i].code < 0);
    assert_string_equal(cp_err_name(codes[i].code), codes[i].name);
    assert_true(strlen(text) > 3);
    assert_true(text[strlen(text) - 1] != '.' && strchr(text, '\n') == NULL);
    assert_string_not_equal(text, cp_strerror(-1234567));
  }
}

static void success_and_unknown_codes(void **state) {
  (void)state;
  static const int unknown[] = {1, 42, -20000, -20099, -1234567, INT32_MAX, INT32_MIN};
  assert_string_equal(cp_err_name(0), "OK");
  assert_string_equal(cp_strerror(0), "success");
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    assert_string_equal(cp_err_name(unknown[i]), "UNKNOWN");
    assert_non_null(strstr(cp_strerror(unknown[i]), "unknown"));
  }
}

static void our_codes_are_none_of_libuvs(void **state) {
  (void)state;
  char unknown[64];
#define ENTRY(name, value, text) assert_non_null(strstr(uv_strerror_r(value, unknown, sizeof unknown), "nknown"));
  CP_ERRORS(ENTRY)
#undef ENTRY
  assert_int_equal(CP_EFAILED, -20001);
  assert_int_equal(CP_EENDED, -20006);
}

static void every_stage_has_a_name(void **state) {
  (void)state;
  assert_string_equal(cp_stage_name(CP_STAGE_NONE), "");
  assert_string_equal(cp_stage_name(CP_STAGE_CHDIR), "chdir");
  assert_string_equal(cp_stage_name(CP_STAGE_RUN), "run");
  for (int i = 1; i < CP_STAGE_COUNT; i++) {
    assert_true(strlen(cp_stage_name((cp_stage)i)) > 0);
    for (int k = 0; k < i; k++) assert_string_not_equal(cp_stage_name((cp_stage)i), cp_stage_name((cp_stage)k));
  }
  assert_string_equal(cp_stage_name(CP_STAGE_COUNT), "");
  assert_string_equal(cp_stage_name((cp_stage)-1), "");
  assert_string_equal(cp_stage_name((cp_stage)INT32_MAX), "");
}

static void every_reason_has_a_name(void **state) {
  (void)state;
  static const char *const names[] = {"running", "exited",     "signalled", "timeout",
                                      "aborted", "max_buffer", "error",     "lost"};
  for (int i = 0; i <= CP_REASON_LOST; i++) assert_string_equal(cp_reason_name((cp_reason)i), names[i]);
  assert_non_null(cp_reason_name((cp_reason)99));
  assert_non_null(cp_reason_name((cp_reason)-1));
}

static void the_version_is_the_headers(void **state) {
  (void)state;
  char expected[32];
  (void)snprintf(expected, sizeof expected, "%d.%d.%d", CP_VERSION_MAJOR, CP_VERSION_MINOR, CP_VERSION_PATCH);
  assert_string_equal(cp_version(), expected);
  assert_string_equal(CP_VERSION_STRING, expected);
}

static void a_sentence_is_one_line_and_fits(void **state) {
  (void)state;
  cp_error error;
  char huge[2000];
  memset(huge, 'x', sizeof huge - 1);
  huge[sizeof huge - 1] = '\0';
  huge[100] = '\n';
  huge[101] = '\r';
  assert_int_equal(cp__fail(&error, UV_EPERM, CP_STAGE_KILL, 7, huge, "%s", huge), UV_EPERM);
  assert_int_equal(error.code, UV_EPERM);
  assert_int_equal(error.stage, CP_STAGE_KILL);
  assert_int_equal(error.index, 7);
  assert_int_equal(strlen(error.path), sizeof error.path - 1);
  assert_int_equal(strlen(error.message), sizeof error.message - 1);
  assert_null(strpbrk(error.message, "\r\n"));
}

static void the_usual_sentence(void **state) {
  (void)state;
  cp_error error;
  (void)cp__fail_plain(&error, UV_ENOENT, CP_STAGE_CHDIR, -1, "/x");
  assert_string_equal(error.message, "chdir /x: no such file or directory");
  (void)cp__fail_plain(&error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  assert_string_equal(error.message, "malloc: not enough memory");
  assert_string_equal(error.path, "");
  assert_int_equal(cp__fail_plain(NULL, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL), UV_ENOMEM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_code_has_a_name_and_a_sentence),
      TEST(success_and_unknown_codes),
      TEST(our_codes_are_none_of_libuvs),
      TEST(every_stage_has_a_name),
      TEST(every_reason_has_a_name),
      TEST(the_version_is_the_headers),
      TEST(a_sentence_is_one_line_and_fits),
      TEST(the_usual_sentence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
