/* test_drain_timeout.c - options.drain_timeout_ms: pipes that a grandchild keeps open after the exit. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

/* A grandchild that copies `hold` to the child's stdout, until the test closes its end of it: that is returned. */
static int start_held(cp_child **child, cp_options *options, const char *const *args) {
  int hold[2];
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  options->stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE);
  assert_int_equal(cp_spawn(child, test_loop(), HELPER, args, options), 0);
  close(hold[0]);
  return hold[1];
}

#define HELD_ARGS HELPER_ARGS("fork", "cat", "--", "write", "1", "early", "--", "exit", "4")

static void pipes_that_a_grandchild_holds_are_given_up(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 30;
  int hold = start_held(&child, &options, HELD_ARGS);
  run_loop();
  assert_string_equal(log.text, "spawn out exit:4 close:4");
  assert_string_equal(log.out, "early");
  assert_false(log.exit.stdio_timed_out);
  assert_true(log.close.stdio_timed_out);
  assert_int_equal(log.close.reason, CP_REASON_EXITED);
  close(hold);
  cp_child_free(child);
}

static void what_the_grandchild_writes_in_time_is_delivered(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 50000;
  int hold = start_held(&child, &options, HELD_ARGS);
  run_until(&log.exited);
  assert_int_equal(write(hold, " late", 5), 5);
  close(hold);
  run_loop(); /* does not wait for the deadline */
  assert_string_equal(log.out, "early late");
  assert_false(log.close.stdio_timed_out);
  cp_child_free(child);
}

static void a_paused_stream_is_given_up_too(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 20;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("echo", "x"), &options), 0);
  cp_stream_pause(cp_child_stdout(child));
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 close:0");
  assert_true(log.close.stdio_timed_out);
  cp_child_free(child);
}

static void a_child_that_takes_its_pipes_along_closes_at_once(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 50000;
  run_helper(&log, HELPER_ARGS("echo", "x"), &options);
  assert_false(log.close.stdio_timed_out);
}

static void a_running_child_is_left_alone(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 1;
  run_helper(&log, HELPER_ARGS("sleep", "40", "--", "echo", "x"), &options);
  assert_string_equal(log.out, "x\n");
  assert_false(log.close.stdio_timed_out);
}

static void the_deadline_does_not_keep_the_loop_of_an_unrefed_child(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  options.drain_timeout_ms = 50000;
  int hold = start_held(&child, &options, HELD_ARGS);
  run_until(&log.exited);
  cp_child_unref(child);
  cp_stream_unref(cp_child_stdout(child));
  cp_stream_unref(cp_child_stderr(child));
  run_loop();
  assert_int_equal(log.closed, 0);
  close(hold);
  cp_child_free(child);
}

typedef struct outcome {
  int count, code;
  char out[64];
  cp_exit exit;
} outcome;

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  outcome *o = data;
  (void)child;
  o->count++;
  o->code = error != NULL ? error->code : 0;
  o->exit = result->exit;
  (void)snprintf(o->out, sizeof o->out, "%s", result->out.bytes);
}

static void exec_reports_what_it_has(void **state) {
  (void)state;
  outcome o = {0};
  int hold[2];
  cp_child *child;
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  cp_options options = {
      .drain_timeout_ms = 20, .on_result = on_result, .data = &o, .stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE)};
  const char *const *args = HELPER_ARGS("fork", "cat", "--", "write", "1", "early");
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, args, &options), 0);
  run_loop();
  assert_int_equal(o.count, 1);
  assert_int_equal(o.code, 0);
  assert_string_equal(o.out, "early");
  assert_true(o.exit.stdio_timed_out);
  close(hold[0]);
  close(hold[1]);
  cp_child_free(child);
}

/* As Node's execFile(): its timeout ends the waiting for the pipes too, and a status of 0 is no error. */
static void the_timeout_of_exec_ends_the_waiting_for_a_grandchild(void **state) {
  (void)state;
  outcome o = {0};
  int hold[2];
  cp_child *child;
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  cp_options options = {
      .timeout_ms = ENOUGH_MS, .on_result = on_result, .data = &o, .stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE)};
  const char *const *args = HELPER_ARGS("fork", "cat", "--", "write", "1", "early");
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, args, &options), 0);
  run_loop();
  assert_int_equal(o.count, 1);
  assert_int_equal(o.code, 0);
  assert_string_equal(o.out, "early");
  assert_true(o.exit.stdio_timed_out);
  close(hold[0]);
  close(hold[1]);
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(pipes_that_a_grandchild_holds_are_given_up),
      TEST(what_the_grandchild_writes_in_time_is_delivered),
      TEST(a_paused_stream_is_given_up_too),
      TEST(a_child_that_takes_its_pipes_along_closes_at_once),
      TEST(a_running_child_is_left_alone),
      TEST(the_deadline_does_not_keep_the_loop_of_an_unrefed_child),
      TEST(exec_reports_what_it_has),
      TEST(the_timeout_of_exec_ends_the_waiting_for_a_grandchild),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
