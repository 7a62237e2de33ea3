/* test_cli_status.c - the exit status of child-process. */
#include <signal.h>

#include "cli_support.h"

static void the_status_of_the_command_is_handed_on(void **state) {
  (void)state;
  assert_status(CLI_RUN("run", "--", HELPER, "exit", "0"), 0);
  assert_status(CLI_RUN("run", "--", HELPER, "exit", "42"), 42);
  assert_status(CLI_RUN("exec", "exit 255"), 255);
}

static void a_signal_becomes_128_and_its_number(void **state) {
  (void)state;
  assert_status(CLI_RUN("run", "--", HELPER, "raise", "15"), 128 + SIGTERM);
  assert_status(CLI_RUN("run", "--", HELPER, "raise", "9"), 128 + SIGKILL);
}

static void a_missing_file_is_127(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--", "no-such-program");
  assert_status(r, 127);
  assert_out(r, "");
  assert_err(r, "child-process: execve no-such-program: no such program in the PATH of the child\n");
  assert_status(CLI_RUN("run", "--", "/no/such/file"), 127);
  assert_status(CLI_RUN("exec", "--shell=/no/such/shell", "true"), 127);
}

static void a_file_that_cannot_be_run_is_126(void **state) {
  (void)state;
  const char *path = temp_path("plain");
  write_file(path, "text\n", 0644);
  const cp_result *r = CLI_RUN("run", "--", path);
  assert_status(r, 126);
  assert_err_has(r, "not executable");
  assert_status(CLI_RUN("run", "--", "/usr"), 126);
}

static void a_missing_cwd_is_125_and_not_taken_for_a_missing_program(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--cwd", "/no/such", "--", HELPER, "echo");
  assert_status(r, 125);
  assert_err_has(r, "chdir /no/such");
}

static void a_missing_input_file_is_125(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--input", "/no/such", "--", HELPER, "echo");
  assert_status(r, 125);
  assert_err_has(r, "open /no/such");
}

static void quiet_says_nothing_and_keeps_the_status(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--quiet", "--", "no-such-program");
  assert_status(r, 127);
  assert_err(r, "");
}

static void a_report_that_cannot_be_written_is_125(void **state) {
  (void)state;
  const cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_WRITE_FILE("/dev/full"), CP_PIPE)};
  const cp_result *r = run_cli_with(CP_ARGS("run", "--json", "--", HELPER, "echo"), &options);
  assert_status(r, 125);
  assert_err_has(r, "stdout");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(the_status_of_the_command_is_handed_on),
      CLI_TEST(a_signal_becomes_128_and_its_number),
      CLI_TEST(a_missing_file_is_127),
      CLI_TEST(a_file_that_cannot_be_run_is_126),
      CLI_TEST(a_missing_cwd_is_125_and_not_taken_for_a_missing_program),
      CLI_TEST(a_missing_input_file_is_125),
      CLI_TEST(quiet_says_nothing_and_keeps_the_status),
      CLI_TEST(a_report_that_cannot_be_written_is_125),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
