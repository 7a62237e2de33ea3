/* test_cli_timeout.c - --timeout, --kill-signal, --grace, --preserve-status. SIGWINCH does nothing by default: it
 * stands for a signal that the command ignores, without a race against its setting that up. */
#include <signal.h>

#include "cli_support.h"

static void a_timeout_is_124(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--timeout", "50ms", "--", HELPER, "pause");
  assert_status(r, 124);
  assert_err(r, "child-process: timed out after 0.05 s: SIGTERM sent\n");
}

static void a_command_that_is_in_time_keeps_its_status(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--timeout", "1h", "-k", "1d", "--", HELPER, "exit", "7");
  assert_status(r, 7);
  assert_err(r, "");
}

static void a_timeout_of_0_never_comes(void **state) {
  (void)state;
  assert_status(CLI_RUN("run", "--timeout", "0", "--", HELPER, "sleep", "20"), 0);
}

static void preserve_status_tells_the_commands_own(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--timeout", "0.05", "--preserve-status", "--", HELPER, "pause");
  assert_status(r, 128 + SIGTERM);
}

static void kill_signal_is_the_one_that_is_sent(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--timeout", "50ms", "-s", "int", "--preserve-status", "--", HELPER, "pause");
  assert_status(r, 128 + SIGINT);
  assert_err_has(r, "SIGINT sent");
}

static void grace_kills_what_does_not_end_and_that_is_137(void **state) {
  (void)state;
  const char *const names[] = {"--grace", "--kill-after", "-k"};
  for (int i = 0; i < 3; i++) {
    const cp_result *r = CLI_RUN("run", "--timeout", "20ms", "-s", "WINCH", names[i], "20ms", "--", HELPER, "pause");
    assert_status(r, 137);
    assert_err_has(r, "SIGWINCH sent, then SIGKILL");
  }
}

static void quiet_hides_the_message(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "-q", "--timeout", "20ms", "--", HELPER, "pause");
  assert_status(r, 124);
  assert_err(r, "");
}

static void the_report_tells_the_timeout_and_the_real_end(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--timeout", "50ms", "--", HELPER, "echo", "hi", "--", "pause");
  assert_status(r, 124);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "reason"), "timeout");
  assert_string_equal(text_at(report, "signal"), "SIGTERM");
  assert_null_at(report, "code");
  assert_string_equal(text_at(report, "error.code"), "CP_ETIMEDOUT");
  assert_true(number_at(report, "duration_ms") >= 49); /* the loop counts whole milliseconds */
  assert_int_equal((int)number_at(report, "status"), 124);
}

/* The descendant keeps the pipe open for two minutes; this test has one. */
static void a_timeout_does_not_wait_for_descendants_that_hold_the_output(void **state) {
  (void)state;
  const char *const modes[] = {"--json", "--events"};
  for (int i = 0; i < 2; i++) {
    const cp_result *r = CLI_RUN("run", modes[i], "--timeout", "50ms", "--stdio", "ignore,pipe,ignore", "--", HELPER,
                                 "fork", "pause", "--", "pause");
    assert_status(r, 124);
  }
}

/* The descendant holds the stdout of the test's own pipe: its end is seen only when the descendant is gone too. */
static void group_ends_the_descendants_too(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  assert_status(CLI_RUN("run", "--group", "--timeout", "50ms", "--", HELPER, "fork", "pause", "--", "pause"), 124);
}

static void drain_timeout_ends_the_wait_for_descendants(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--json", "--drain-timeout", "20ms", "--stdio", "ignore,pipe,ignore", "--",
                               HELPER, "fork", "pause", "--", "echo", "done");
  assert_status(r, 0);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "stdout"), "done\n");
  assert_true(cJSON_IsTrue(member(report, "stdio_timed_out")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_timeout_is_124),
      CLI_TEST(a_command_that_is_in_time_keeps_its_status),
      CLI_TEST(a_timeout_of_0_never_comes),
      CLI_TEST(preserve_status_tells_the_commands_own),
      CLI_TEST(kill_signal_is_the_one_that_is_sent),
      CLI_TEST(grace_kills_what_does_not_end_and_that_is_137),
      CLI_TEST(quiet_hides_the_message),
      CLI_TEST(the_report_tells_the_timeout_and_the_real_end),
      CLI_TEST(a_timeout_does_not_wait_for_descendants_that_hold_the_output),
      CLI_TEST(group_ends_the_descendants_too),
      CLI_TEST(drain_timeout_ends_the_wait_for_descendants),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
