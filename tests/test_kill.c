/* test_kill.c - cp_child_kill(), cp_child_kill_group(), and options.grace_ms. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

/* A child that ignores SIGTERM, and has said so. */
static cp_child *start_stubborn(const cp_options *options, event_log *log) {
  cp_child *child = start(options, HELPER_ARGS("ignore", "15", "--", "write", "1", "ready", "--", "pause"));
  while (log->out_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  return child;
}

static void the_default_is_sigterm(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill(child, 0), 0);
  assert_true(cp_child_killed(child));
  assert_null(cp_child_exit(child));
  run_loop();
  assert_int_equal(log.exit.signal, SIGTERM);
  assert_int_equal(log.exit.reason, CP_REASON_SIGNALLED);
  assert_int_equal(cp_child_signal_code(child), SIGTERM);
  assert_int_equal(cp_child_exit_code(child), -1);
  cp_child_free(child);
}

static void killed_does_not_mean_ended(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_stubborn(&options, &log);
  assert_int_equal(cp_child_kill(child, SIGTERM), 0);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_true(cp_child_killed(child));
  assert_null(cp_child_exit(child));
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.exit.signal, SIGKILL);
  cp_child_free(child);
}

static void signals_that_do_not_end_it_are_delivered(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("trap", "10", "--", "write", "2", "ready", "--", "pause"));
  while (log.err_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_child_kill(child, SIGUSR1), 0);
  run_loop();
  assert_string_equal(log.out, "signal 10\n");
  assert_int_equal(log.exit.code, 9);
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
  cp_child_free(child);
}

static void an_ended_child_cannot_be_killed(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("exit", "0"));
  run_loop();
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  assert_int_equal(cp_child_kill(child, 0), UV_ESRCH);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_pidfd(child), -1);
  cp_child_free(child);
}

static void what_never_started_cannot_be_killed(void **state) {
  (void)state;
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), "no-such-program", NULL, NULL), 0);
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  run_loop();
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  assert_false(cp_child_killed(child));
  cp_child_free(child);
}

static void numbers_that_are_no_signal_are_refused(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  assert_int_equal(cp_child_kill(child, -1), UV_EINVAL);
  assert_int_equal(cp_child_kill(child, 65), UV_EINVAL);
  assert_int_equal(cp_child_kill(child, 1000), UV_EINVAL);
  assert_int_equal(cp_child_kill(NULL, SIGTERM), UV_EINVAL);
  assert_int_equal(cp_child_kill_group(child, SIGTERM), UV_EINVAL); /* leads none */
  assert_int_equal(cp_child_kill_group(NULL, SIGTERM), UV_EINVAL);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
}

static void a_real_time_signal_is_told_by_its_number(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  assert_int_equal(cp_child_kill(child, 40), 0);
  run_loop();
  assert_int_equal(log.exit.signal, 40);
  assert_int_equal(log.exit.code, -1);
  cp_child_free(child);
}

/* ---------------------------------------------------------------- grace */

static void after_the_grace_sigkill_ends_a_child_that_ignores_sigterm(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = ENOUGH_MS;
  options.grace_ms = 30;
  cp_child *child = start_stubborn(&options, &log);
  run_loop();
  assert_int_equal(log.exit.signal, SIGKILL);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  assert_true(log.exit.duration_us >= (ENOUGH_MS + 29) * 1000);
  cp_child_free(child);
}

static void a_child_that_obeys_needs_no_sigkill(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = ENOUGH_MS;
  options.grace_ms = 50000;
  cp_child *child = start(&options, HELPER_ARGS("trap", "15", "--", "pause"));
  run_loop(); /* and the loop does not wait for the grace */
  assert_int_equal(log.exit.code, 9);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  cp_child_free(child);
}

/* cp_child_kill() is the user's own: no grace, as nothing says that the child shall end. */
static void cp_child_kill_starts_no_grace(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.grace_ms = 1;
  cp_child *child = start_stubborn(&options, &log);
  uint64_t until = now_ms() + 30;
  assert_int_equal(cp_child_kill(child, SIGTERM), 0);
  while (now_ms() < until) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(log.exited, 0);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.exit.reason, CP_REASON_SIGNALLED);
  cp_child_free(child);
}

static void the_grace_does_not_keep_the_loop_of_an_unrefed_child(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_abort *abort = cp_abort_new();
  options.grace_ms = 50000;
  options.signal = abort;
  cp_child *child = start_stubborn(&options, &log);
  cp_stream_close(cp_child_stdout(child));
  cp_stream_close(cp_child_stderr(child));
  cp_child_unref(child);
  cp_abort_trigger(abort);
  run_loop();
  assert_int_equal(log.failed, 1);
  assert_int_equal(log.exited, 0);
  cp_child_ref(child);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
  cp_abort_free(abort);
}

/* ---------------------------------------------------------------- groups */

static void the_whole_group_is_reached(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  event_log log;
  cp_options options = log_options(&log);
  options.process_group = true;
  cp_child *child = start(&options, HELPER_ARGS("fork", "pause", "--", "write", "1", "x", "--", "pause"));
  while (log.out_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_child_kill_group(child, SIGKILL), 0);
  run_loop(); /* on_close waits for the grandchild, which holds the pipes */
  assert_int_equal(log.closed, 1);
  assert_int_equal(cp_child_kill_group(child, SIGKILL), UV_ESRCH);
  cp_child_free(child);
}

static void one_signal_reaches_the_child_alone(void **state) {
  (void)state;
  event_log log;
  int hold[2];
  cp_options options = log_options(&log);
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  options.detached = true;
  options.stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE);
  cp_child *child = start(&options, HELPER_ARGS("fork", "cat", "--", "write", "1", "x", "--", "pause"));
  close(hold[0]);
  while (log.out_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_until(&log.exited);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(log.closed, 0);                                 /* the grandchild lives and has the pipe */
  assert_int_equal(cp_child_kill_group(child, SIGKILL), UV_ESRCH); /* its leader has been reaped */
  close(hold[1]);
  run_loop();
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_default_is_sigterm),
      TEST(killed_does_not_mean_ended),
      TEST(signals_that_do_not_end_it_are_delivered),
      TEST(an_ended_child_cannot_be_killed),
      TEST(what_never_started_cannot_be_killed),
      TEST(numbers_that_are_no_signal_are_refused),
      TEST(a_real_time_signal_is_told_by_its_number),
      TEST(after_the_grace_sigkill_ends_a_child_that_ignores_sigterm),
      TEST(a_child_that_obeys_needs_no_sigkill),
      TEST(cp_child_kill_starts_no_grace),
      TEST(the_grace_does_not_keep_the_loop_of_an_unrefed_child),
      TEST(the_whole_group_is_reached),
      TEST(one_signal_reaches_the_child_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
