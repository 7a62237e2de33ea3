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

/* ---------------------------------------------------------------- before execve */

/* The child that was started last, as /proc says: cp_child_pid() would wait until it is past execve. */
static int newest_child(void) {
  char path[64], *end = NULL;
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  char *text = read_file(path);
  int pid = 0;
  for (char *at = text; *at != '\0'; at = end) {
    long number = strtol(at, &end, 10);
    if (end == at) break;
    pid = (int)number;
  }
  free(text);
  return pid;
}

/* Stopped, and still by our own name? */
static bool is_stopped_before_execve(int pid) {
  char path[64], name[32];
  bool stopped = false;
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  while (!stopped) {
    char *text = read_file(path);
    assert_int_equal(sscanf(text, "%*d (%31[^)])", name), 1);
    stopped = strstr(text, ") T ") != NULL;
    free(text);
  }
  return strcmp(name, "helper") != 0;
}

/* A long table of fds keeps the child busy before its execve. NULL: it was quicker, time and again. */
static cp_child *start_stopped(cp_options *options, int *pid) {
  static cp_stdio entries[CP_STDIO_MAX];
  for (int i = 0; i < CP_STDIO_MAX; i++) entries[i] = CP_IGNORE;
  options->stdio = (cp_stdio_list){entries, CP_STDIO_MAX};
  for (int i = 0; i < 50; i++) {
    (void)log_options(options->data); /* forgets the try before */
    cp_child *child = start(options, HELPER_ARGS("pause"));
    *pid = newest_child();
    assert_true(*pid > 0);
    assert_int_equal(kill(*pid, SIGSTOP), 0);
    if (is_stopped_before_execve(*pid)) return child;
    assert_int_equal(cp_child_kill(child, SIGKILL), 0);
    run_loop();
    cp_child_free(child);
  }
  return NULL;
}

static void a_child_that_is_stopped_before_execve_can_be_killed(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  int pid;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_stopped(&options, &pid);
  if (child == NULL) skip();
  assert_int_equal(cp_child_kill(child, SIGKILL), 0); /* would hang */
  assert_true(cp_child_killed(child));
  run_loop();
  assert_int_equal(log.exit.signal, SIGKILL);
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

static void a_child_that_is_stopped_before_execve_can_be_freed(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  int pid;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_stopped(&options, &pid);
  if (child == NULL) skip();
  cp_child_free(child); /* would hang */
  assert_int_equal(kill(pid, SIGKILL), 0);
  reap_freed();
  assert_string_equal(log.text, "");
}

static void a_child_that_is_stopped_before_execve_has_its_timeout(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  int pid;
  event_log log;
  cp_options options = log_options(&log);
  options.timeout_ms = ENOUGH_MS;
  options.kill_signal = SIGKILL;
  cp_child *child = start_stopped(&options, &pid);
  if (child == NULL) skip();
  run_loop();
  assert_int_equal(log.exit.signal, SIGKILL);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  cp_child_free(child);
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

/* Its grandchild ignores SIGTERM, which the leader obeys, and holds the writing end of the pipe `alive`. */
static void run_with_stubborn_grandchild(bool sync) {
  int alive[2];
  char text[64];
  size_t length = 0;
  assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_IGNORE, CP_FD(alive[1]), CP_IGNORE);
  options.process_group = true;
  options.timeout_ms = ENOUGH_MS;
  options.grace_ms = 50000; /* nobody waits for it: the leader has ended before */
  const char *const *args = HELPER_ARGS("ignore", "15", "--", "fork", "pause", "--", "trap", "15", "--", "pause");
  if (sync) {
    cp_result result;
    assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), CP_ETIMEDOUT);
    log.exit = result.exit;
    cp_result_dispose(&result);
  } else {
    run_helper(&log, args, &options);
  }
  assert_int_equal(log.exit.code, 9);
  assert_int_equal(log.exit.reason, CP_REASON_TIMEOUT);
  close(alive[1]);
  for (ssize_t n; (n = read(alive[0], text + length, sizeof text - length)) > 0;) length += (size_t)n; /* would hang */
  assert_int_equal(length, strlen("signal 15\n"));
  close(alive[0]);
}

static void with_a_grace_nobody_of_a_group_outlives_its_leader(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  run_with_stubborn_grandchild(false);
}

static void with_a_grace_nobody_of_a_group_outlives_its_leader_in_sync(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  run_with_stubborn_grandchild(true);
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
      TEST(a_child_that_is_stopped_before_execve_can_be_killed),
      TEST(a_child_that_is_stopped_before_execve_can_be_freed),
      TEST(a_child_that_is_stopped_before_execve_has_its_timeout),
      TEST(the_whole_group_is_reached),
      TEST(one_signal_reaches_the_child_alone),
      TEST(with_a_grace_nobody_of_a_group_outlives_its_leader),
      TEST(with_a_grace_nobody_of_a_group_outlives_its_leader_in_sync),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
