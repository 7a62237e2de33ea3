/* test_spawn.c - cp_spawn(): starting, the order of events, and what the child object tells. */
#include "support.h"

static void events_come_in_order(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("echo", "hello"), &options);
  assert_string_equal(log.text, "spawn out exit:0 close:0");
  assert_string_equal(log.out, "hello\n");
}

static void a_missing_program_is_an_error_event_and_a_close(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), "no-such-program", NULL, &options), 0);
  assert_string_equal(log.text, "");
  run_loop();
  assert_string_equal(log.text, "error:ENOENT:execve close:-2");
  assert_int_equal(cp_child_pid(child), 0);
  assert_int_equal(cp_child_exit_code(child), UV_ENOENT);
  cp_child_free(child);
}

static void the_exit_code_is_told(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("exit", "42"), &options);
  assert_int_equal(log.exit.code, 42);
  assert_int_equal(log.exit.signal, 0);
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(events_come_in_order),
      TEST(a_missing_program_is_an_error_event_and_a_close),
      TEST(the_exit_code_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
