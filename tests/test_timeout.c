/* test_timeout.c - options.timeout_ms. */
#include <signal.h>
#include <sys/wait.h>

#include "support.h"

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

static void a_child_that_runs_too_long_gets_sigterm(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 30;
  uint64_t before = now_ms();
  run_helper(&log, HELPER_ARGS("pause"), &options);
  assert_string_equal(log.text, "spawn exit:SIGTERM close:SIGTERM");
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  assert_int_equal(log.close.reason, CP_REASON_TIMEOUT);
  assert_in_range(now_ms() - before, 30, 5000);
}

static void the_kill_signal_is_sent(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 10;
  options.kill_signal = SIGUSR2;
  run_helper(&log, HELPER_ARGS("pause"), &options);
  assert_string_equal(log.text, "spawn exit:SIGUSR2 close:SIGUSR2");
}

static void a_child_that_ends_in_time_is_left_alone(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 50000;
  run_helper(&log, HELPER_ARGS("exit", "3"), &options); /* and the loop does not wait for the deadline */
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
  assert_int_equal(log.exit.code, 3);
}

static void a_timeout_beyond_all_time_is_never(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = UINT64_MAX;
  options.grace_ms = UINT64_MAX;
  options.drain_timeout_ms = UINT64_MAX;
  run_helper(&log, HELPER_ARGS("exit", "3"), &options);
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
}

/* The child makes what it wants of the signal; the reason tells it from an end of its own. */
static void the_reason_stays_when_the_child_traps_the_signal(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = ENOUGH_MS;
  run_helper(&log, HELPER_ARGS("trap", "15", "--", "pause"), &options);
  assert_string_equal(log.out, "signal 15\n");
  assert_int_equal(log.exit.code, 9);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
}

static void a_plain_sigterm_is_not_a_timeout(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 50000;
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  assert_int_equal(cp_child_kill(child, 0), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:SIGTERM close:SIGTERM");
  assert_int_equal(log.exit.reason, CP_REASON_SIGNALLED);
  cp_child_free(child);
}

static void kill_after_a_timeout_that_did_not_help_keeps_the_reason(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 20;
  cp_child *child = start(&options, HELPER_ARGS("ignore", "15", "--", "write", "1", "x", "--", "pause"));
  while (!cp_child_killed(child)) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.exit.signal, SIGKILL);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  cp_child_free(child);
}

static void the_signal_is_sent_once(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 10;
  cp_child *child = start(&options, HELPER_ARGS("ignore", "15", "--", "read", "1", "--", "exit", "5"));
  while (!cp_child_killed(child)) uv_run(test_loop(), UV_RUN_ONCE);
  for (int i = 0; i < 5; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  /* the signal may have come before it was ignored: then there is nobody to write to */
  if (log.exited == 0) (void)cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL);
  run_loop();
  assert_true(log.exit.code == 5 || log.exit.signal == SIGTERM);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  cp_child_free(child);
}

/* libuv's idea of now is as old as the last round. */
static void the_time_counts_from_the_start_even_if_the_loop_was_busy_before(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  uv_update_time(test_loop());
  uint64_t until = now_ms() + ENOUGH_MS + 50;
  while (now_ms() < until) {
  }
  options.timeout_ms = ENOUGH_MS;
  cp_child *child = start(&options, HELPER_ARGS("write", "1", "x", "--", "exit", "0"));
  run_loop();
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
  cp_child_free(child);
}

static void wait_for_zombie(cp_child *child) {
  siginfo_t info;
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
}

/* It ended in time; only the loop was late. */
static void a_child_that_ended_in_time_is_no_timeout_though_the_loop_was_busy(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER(); /* libuv learns of the end from the loop only */
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 100;
  cp_child *child = start(&options, HELPER_ARGS("exit", "0"));
  wait_for_zombie(child);
  uint64_t until = now_ms() + 150;
  while (now_ms() < until) {
  }
  run_loop();
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
  assert_false(cp_child_killed(child));
  cp_child_free(child);
}

static void the_timer_does_not_keep_the_loop_of_an_unrefed_child(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 50000;
  options.stdio = CP_ALL_IGNORE;
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  cp_child_unref(child);
  run_loop();
  assert_string_equal(log.text, "spawn");
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  cp_child_ref(child);
  run_loop();
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

static void keep_alive(uv_timer_t *timer) { (void)timer; }

static void an_unrefed_child_is_still_timed_out_while_the_loop_runs(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = 20;
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  assert_int_equal(uv_timer_start(&timer, keep_alive, 10, 10), 0);
  cp_child_unref(child);
  while (log.closed == 0) uv_run(test_loop(), UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  run_loop();
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  cp_child_free(child);
}

static void a_freed_child_is_not_timed_out(void **state) {
  (void)state;
  const char *path = temp_path("out");
  cp_options options = {.timeout_ms = 20, .stdio = CP_STDIO(CP_IGNORE, CP_WRITE_FILE(path), CP_IGNORE)};
  cp_child *child = start(&options, HELPER_ARGS("sleep", "60", "--", "echo", "alive"));
  cp_child_free(child);
  reap_freed();
  char *text = read_file(path);
  assert_string_equal(text, "alive\n");
  free(text);
}

static void a_child_that_could_not_start_has_no_timeout(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  options.timeout_ms = 50000;
  assert_int_equal(cp_spawn(&child, test_loop(), "no-such-program", NULL, &options), 0);
  run_loop();
  assert_int_equal(log.close.reason, CP_REASON_ERROR);
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_child_that_runs_too_long_gets_sigterm),
      TEST(the_kill_signal_is_sent),
      TEST(a_child_that_ends_in_time_is_left_alone),
      TEST(a_timeout_beyond_all_time_is_never),
      TEST(the_reason_stays_when_the_child_traps_the_signal),
      TEST(a_plain_sigterm_is_not_a_timeout),
      TEST(kill_after_a_timeout_that_did_not_help_keeps_the_reason),
      TEST(the_signal_is_sent_once),
      TEST(the_time_counts_from_the_start_even_if_the_loop_was_busy_before),
      TEST(a_child_that_ended_in_time_is_no_timeout_though_the_loop_was_busy),
      TEST(the_timer_does_not_keep_the_loop_of_an_unrefed_child),
      TEST(an_unrefed_child_is_still_timed_out_while_the_loop_runs),
      TEST(a_freed_child_is_not_timed_out),
      TEST(a_child_that_could_not_start_has_no_timeout),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
