/* test_abort.c - abort controllers. */
#include <signal.h>

#include "support.h"

enum { MANY = 20 };

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

static void one_controller_ends_many_children(void **state) {
  (void)state;
  static event_log logs[MANY];
  cp_child *children[MANY];
  cp_abort *abort = cp_abort_new();
  for (int i = 0; i < MANY; i++) {
    cp_options options = log_options(&logs[i]);
    options.signal = abort;
    children[i] = start(&options, HELPER_ARGS("pause"));
  }
  assert_false(cp_abort_triggered(abort));
  cp_abort_trigger(abort);
  assert_true(cp_abort_triggered(abort));
  for (int i = 0; i < MANY; i++) assert_string_equal(logs[i].text, "");
  run_loop();
  for (int i = 0; i < MANY; i++) {
    assert_string_equal(logs[i].text, "spawn error:CP_EABORTED:run exit:SIGTERM close:SIGTERM");
    assert_int_equal(logs[i].exit.reason, CP_REASON_ABORTED);
    assert_true(cp_child_killed(children[i]));
    cp_child_free(children[i]);
  }
  cp_abort_free(abort);
}

static void a_child_started_with_a_triggered_controller_is_started_and_killed(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_abort *abort = cp_abort_new();
  options.signal = abort;
  options.kill_signal = SIGKILL;
  cp_abort_trigger(abort);
  run_helper(&log, HELPER_ARGS("pause"), &options);
  assert_string_equal(log.text, "spawn error:CP_EABORTED:run exit:SIGKILL close:SIGKILL");
  cp_abort_free(abort);
}

static void only_the_first_trigger_counts(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_abort *abort = cp_abort_new();
  options.signal = abort;
  cp_child *child =
      start(&options, HELPER_ARGS("ignore", "15", "--", "write", "1", "x", "--", "read", "1", "--", "exit", "3"));
  while (log.out_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  cp_abort_trigger(abort);
  cp_abort_trigger(abort);
  run_until(&log.failed);
  cp_abort_trigger(abort);
  for (int i = 0; i < 10; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(log.failed, 1);
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), 0);
  run_loop();
  assert_int_equal(log.exit.code, 3);
  assert_int_equal(log.exit.reason, CP_REASON_ABORTED);
  assert_int_equal(log.failed, 1);
  cp_child_free(child);
  cp_abort_free(abort);
}

static void children_go_on_when_the_controller_is_freed(void **state) {
  (void)state;
  event_log a, b;
  cp_abort *abort = cp_abort_new();
  cp_options options = log_options(&a);
  options.signal = abort;
  cp_child *one = start(&options, HELPER_ARGS("count"));
  options.data = memset(&b, 0, sizeof b);
  cp_child *two = start(&options, HELPER_ARGS("count"));
  cp_abort_free(abort);
  cp_stream_close(cp_child_stdin(one));
  cp_stream_close(cp_child_stdin(two));
  run_loop();
  assert_string_equal(a.text, "spawn out exit:0 close:0");
  assert_string_equal(b.text, "spawn out exit:0 close:0");
  cp_child_free(one);
  cp_child_free(two);
}

static void a_trigger_still_counts_if_the_controller_is_freed_after_it(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_abort *abort = cp_abort_new();
  options.signal = abort;
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  cp_abort_trigger(abort);
  cp_abort_free(abort);
  run_loop();
  assert_int_equal(log.exit.reason, CP_REASON_ABORTED);
  cp_child_free(child);
}

static void children_may_be_freed_before_the_trigger(void **state) {
  (void)state;
  event_log logs[3];
  cp_child *children[3];
  cp_abort *abort = cp_abort_new();
  for (int i = 0; i < 3; i++) {
    cp_options options = log_options(&logs[i]);
    options.signal = abort;
    children[i] = start(&options, HELPER_ARGS("cat"));
  }
  cp_child_free(children[1]);
  cp_abort_trigger(abort);
  cp_child_free(children[2]); /* between the trigger and its event */
  run_loop();
  reap_freed();
  assert_string_equal(logs[0].text, "spawn error:CP_EABORTED:run exit:SIGTERM close:SIGTERM");
  assert_string_equal(logs[1].text, "");
  assert_string_equal(logs[2].text, "");
  cp_child_free(children[0]);
  cp_abort_free(abort);
}

static void a_trigger_after_the_end_changes_nothing(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_abort *abort = cp_abort_new();
  options.signal = abort;
  cp_child *child = start(&options, HELPER_ARGS("exit", "0"));
  run_until(&log.exited);
  cp_abort_trigger(abort);
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 close:0");
  assert_int_equal(log.close.reason, CP_REASON_EXITED);
  cp_child_free(child);
  cp_abort_free(abort);
}

static void a_child_that_could_not_start_is_not_aborted(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  cp_abort *abort = cp_abort_new();
  options.signal = abort;
  cp_abort_trigger(abort);
  assert_int_equal(cp_spawn(&child, test_loop(), "no-such-program", NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "error:ENOENT:execve close:-2");
  cp_child_free(child);
  cp_abort_free(abort);
}

/* ---------------------------------------------------------------- from callbacks */

typedef struct ring {
  cp_abort *abort;
  event_log *log;
  cp_child *to_free;
  bool frees_abort;
} ring;

static void trigger_now(ring *r) {
  if (r->abort == NULL) return;
  cp_abort_trigger(r->abort);
  if (r->frees_abort) cp_abort_free(r->abort);
  if (r->frees_abort) r->abort = NULL;
}

static void on_spawn_trigger(cp_child *child, void *data) {
  (void)child;
  trigger_now(data);
}
static void on_exit_trigger(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  trigger_now(data);
}
static void on_error_free(cp_child *child, const cp_error *error, void *data) {
  ring *r = data;
  (void)child;
  assert_int_equal(error->code, CP_EABORTED);
  cp_child_free(r->to_free);
  r->to_free = NULL;
}

static void a_callback_may_trigger_and_free_the_controller(void **state) {
  (void)state;
  event_log log;
  ring r = {.abort = cp_abort_new(), .frees_abort = true};
  cp_options other = log_options(&log), options = {.on_spawn = on_spawn_trigger, .data = &r};
  other.signal = options.signal = r.abort;
  cp_child *a = start(&options, HELPER_ARGS("pause"));
  cp_child *b = start(&other, HELPER_ARGS("pause"));
  run_loop();
  assert_int_equal(cp_child_exit(a)->reason, CP_REASON_ABORTED);
  assert_int_equal(log.exit.reason, CP_REASON_ABORTED);
  cp_child_free(a);
  cp_child_free(b);
}

static void the_end_of_one_may_abort_the_others(void **state) {
  (void)state;
  event_log log;
  ring r = {.abort = cp_abort_new()};
  cp_options other = log_options(&log), options = {.on_exit = on_exit_trigger, .data = &r};
  other.signal = options.signal = r.abort;
  cp_child *b = start(&other, HELPER_ARGS("pause"));
  cp_child *a = start(&options, HELPER_ARGS("exit", "1"));
  run_loop();
  assert_int_equal(cp_child_exit(a)->reason, CP_REASON_EXITED);
  assert_int_equal(log.exit.reason, CP_REASON_ABORTED);
  cp_child_free(a);
  cp_child_free(b);
  cp_abort_free(r.abort);
}

static void on_error_may_free_the_child_at_hand_and_others(void **state) {
  (void)state;
  ring a = {0}, b = {0};
  cp_abort *abort = cp_abort_new();
  cp_options options = {.on_error = on_error_free, .signal = abort, .data = &a};
  cp_child *one = start(&options, HELPER_ARGS("pause"));
  options.data = &b;
  cp_child *two = start(&options, HELPER_ARGS("pause"));
  a.to_free = one;
  b.to_free = two;
  cp_abort_trigger(abort);
  run_loop();
  reap_freed();
  assert_null(a.to_free);
  assert_null(b.to_free);
  cp_abort_free(abort);
}

static void null_controllers_are_ignored(void **state) {
  (void)state;
  cp_abort_trigger(NULL);
  cp_abort_free(NULL);
  assert_false(cp_abort_triggered(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_controller_ends_many_children),
      TEST(a_child_started_with_a_triggered_controller_is_started_and_killed),
      TEST(only_the_first_trigger_counts),
      TEST(children_go_on_when_the_controller_is_freed),
      TEST(a_trigger_still_counts_if_the_controller_is_freed_after_it),
      TEST(children_may_be_freed_before_the_trigger),
      TEST(a_trigger_after_the_end_changes_nothing),
      TEST(a_child_that_could_not_start_is_not_aborted),
      TEST(a_callback_may_trigger_and_free_the_controller),
      TEST(the_end_of_one_may_abort_the_others),
      TEST(on_error_may_free_the_child_at_hand_and_others),
      TEST(null_controllers_are_ignored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
