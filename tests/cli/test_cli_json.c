/* test_cli_json.c - --json: one report. */
#include "cli_support.h"

static void a_report_tells_how_it_ended(void **state) {
  (void)state;
  const cp_result *r =
      CLI_RUN("run", "--json", "--", HELPER, "echo", "hi", "--", "write", "2", "err", "--", "exit", "3");
  assert_status(r, 3);
  assert_err(r, "");
  const cJSON *report = report_of(r);
  assert_string_equal(cJSON_GetArrayItem(member(report, "command"), 0)->valuestring, HELPER);
  assert_string_equal(cJSON_GetArrayItem(member(report, "command"), 2)->valuestring, "hi");
  assert_int_equal(cJSON_GetArraySize(member(report, "command")), 10);
  assert_true(number_at(report, "pid") > 1);
  assert_int_equal((int)number_at(report, "code"), 3);
  assert_int_equal((int)number_at(report, "status"), 3);
  assert_null_at(report, "signal");
  assert_string_equal(text_at(report, "reason"), "exited");
  assert_string_equal(text_at(report, "stdout"), "hi\n");
  assert_string_equal(text_at(report, "stderr"), "err");
  assert_string_equal(text_at(report, "error.code"), "CP_EFAILED");
}

static void success_has_no_error(void **state) {
  (void)state;
  const cJSON *report = report_of(CLI_RUN("run", "--json", "--", HELPER, "echo"));
  assert_null_at(report, "error");
  assert_int_equal((int)number_at(report, "code"), 0);
}

static void a_signal_is_named(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--", HELPER, "raise", "15");
  assert_status(r, 143);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "signal"), "SIGTERM");
  assert_string_equal(text_at(report, "reason"), "signalled");
  assert_null_at(report, "code");
}

static void times_and_usage_have_units_in_their_names(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--", HELPER, "burn", "30");
  const cJSON *report = report_of(r);
  const char *started = text_at(report, "started");
  assert_int_equal(strlen(started), strlen("2025-01-02T03:04:05.678Z"));
  assert_int_equal(started[23], 'Z');
  assert_true(number_at(report, "duration_ms") >= 29);
  assert_true(number_at(report, "duration_ms") < 60000);
  assert_true(number_at(report, "usage.user_ms") >= 0);
  assert_true(number_at(report, "usage.system_ms") >= 0);
  assert_true(number_at(report, "usage.max_rss_kib") >= 0);
#ifdef CP_LAUNCHER_LINUX
  assert_true(number_at(report, "usage.user_ms") + number_at(report, "usage.system_ms") >= 29);
#endif
}

static void a_failed_start_is_reported_with_its_step(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--cwd", "/no/such", "--", HELPER);
  assert_status(r, 125);
  assert_err(r, "");
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "error.code"), "ENOENT");
  assert_string_equal(text_at(report, "error.stage"), "chdir");
  assert_string_equal(text_at(report, "error.path"), "/no/such");
  assert_true(strlen(text_at(report, "error.message")) > 0);
  assert_string_equal(text_at(report, "reason"), "error");
  assert_null_at(report, "pid");
  assert_null_at(report, "code");
  assert_null_at(report, "duration_ms");
}

static void a_missing_program_is_reported_and_is_127(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--", "no-such-program");
  assert_status(r, 127);
  assert_string_equal(text_at(report_of(r), "error.stage"), "execve");
}

static void what_the_library_refuses_is_reported_too(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--stdio", ",,&7", "--", HELPER);
  assert_status(r, 125);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "error.code"), "EINVAL");
  assert_string_equal(text_at(report, "error.stage"), "options");
}

/* 00 is a NUL, ff no UTF-8, e282ac a euro sign. cJSON cannot read a NUL, so this looks at the text. */
static void output_is_utf8_whatever_the_command_writes(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--", HELPER, "hex", "1", "6100ffe282ac0a");
  assert_non_null(strstr(r->out.bytes, "\"stdout\":\"a\\u0000\xEF\xBF\xBD\xE2\x82\xAC\\n\""));
}

static void arguments_that_are_no_utf8_do_not_spoil_the_report(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--", HELPER, "args", "a\xFF\xE2\x82\xACz");
  const cJSON *report = report_of(r);
  assert_string_equal(cJSON_GetArrayItem(member(report, "command"), 2)->valuestring, "a\xEF\xBF\xBD\xE2\x82\xACz");
  assert_string_equal(text_at(report, "stdout"), "[a\xEF\xBF\xBD\xE2\x82\xACz]\n");
}

static void max_buffer_kills_by_default_and_that_is_125(void **state) {
  (void)state;
  const cp_result *r =
      CLI_RUN("run", "--json", "--max-buffer", "1K", "--", HELPER, "fill", "1", "100000", "--", "pause");
  assert_status(r, 125);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "reason"), "max_buffer");
  assert_string_equal(text_at(report, "error.code"), "CP_EMAXBUFFER");
  assert_int_equal(strlen(text_at(report, "stdout")), 1024);
}

static void overflow_truncate_keeps_the_first_bytes(void **state) {
  (void)state;
  const cp_result *r =
      CLI_RUN("run", "--json", "--max-buffer", "10", "--overflow", "truncate", "--", HELPER, "fill", "1", "100010");
  assert_status(r, 0);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "stdout"), "abcdefghij");
  assert_int_equal((int)number_at(report, "stdout_dropped_bytes"), 100000);
  assert_int_equal((int)number_at(report, "stderr_dropped_bytes"), 0);
}

static void overflow_tail_keeps_the_last_bytes(void **state) {
  (void)state;
  const cp_result *r =
      CLI_RUN("run", "--json", "--max-buffer", "10", "--overflow", "tail", "--", HELPER, "fill", "1", "26");
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "stdout"), "qrstuvwxyz");
  assert_int_equal((int)number_at(report, "stdout_dropped_bytes"), 16);
}

static void unlimited_output_is_captured_whole(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--max-buffer", "unlimited", "--", HELPER, "fill", "1", "3000000");
  assert_status(r, 0);
  assert_int_equal(strlen(text_at(report_of(r), "stdout")), 3000000);
}

static void what_is_not_captured_is_null(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--stdio", ",,inherit", "--", HELPER, "write", "2", "direct");
  assert_err(r, "direct");
  const cJSON *report = report_of(r);
  assert_null_at(report, "stderr");
  assert_string_equal(text_at(report, "stdout"), "");
}

static void stdin_is_still_inherited(void **state) {
  (void)state;
  const cp_options options = {.input = "12345", .input_length = 5};
  const cp_result *r = run_cli_with(CP_ARGS("run", "--json", "--", HELPER, "count"), &options);
  assert_string_equal(text_at(report_of(r), "stdout"), "5\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_report_tells_how_it_ended),
      CLI_TEST(success_has_no_error),
      CLI_TEST(a_signal_is_named),
      CLI_TEST(times_and_usage_have_units_in_their_names),
      CLI_TEST(a_failed_start_is_reported_with_its_step),
      CLI_TEST(a_missing_program_is_reported_and_is_127),
      CLI_TEST(what_the_library_refuses_is_reported_too),
      CLI_TEST(output_is_utf8_whatever_the_command_writes),
      CLI_TEST(arguments_that_are_no_utf8_do_not_spoil_the_report),
      CLI_TEST(max_buffer_kills_by_default_and_that_is_125),
      CLI_TEST(overflow_truncate_keeps_the_first_bytes),
      CLI_TEST(overflow_tail_keeps_the_last_bytes),
      CLI_TEST(unlimited_output_is_captured_whole),
      CLI_TEST(what_is_not_captured_is_null),
      CLI_TEST(stdin_is_still_inherited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
