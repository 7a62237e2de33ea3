/* test_spawn.c - cp_spawn(): starting, the order of events, and what the child object tells. */
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

static cp_child *start_helper(const char *const *args, const cp_options *options) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

static void on_tick(uv_timer_t *timer) { (void)timer; }

/* Runs the loop until this process has `count` children. What reaps them does not keep the loop alive; a timer does. */
static void wait_for_children(int count) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_tick, 1, 1), 0);
  while (count_children() != count) (void)uv_run(test_loop(), UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
}

static void each_exit_code_is_told_as_it_is(void **state) {
  (void)state;
  static const int codes[] = {0, 1, 2, 126, 127, 128, 137, 143, 254, 255};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    event_log log;
    char word[8];
    cp_options options = log_options(&log);
    (void)snprintf(word, sizeof word, "%d", codes[i]);
    run_helper(&log, HELPER_ARGS("exit", word), &options);
    assert_int_equal(log.exit.code, codes[i]);
    assert_int_equal(log.exit.signal, 0);
    assert_int_equal(log.close.code, codes[i]);
  }
}

static void a_signal_ends_it_with_that_signal_and_no_code(void **state) {
  (void)state;
  static const int signals[] = {SIGHUP, SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, 34, 64};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    event_log log;
    char word[8];
    cp_options options = log_options(&log);
    (void)snprintf(word, sizeof word, "%d", signals[i]);
    run_helper(&log, HELPER_ARGS("raise", word), &options);
    assert_int_equal(log.exit.code, -1);
    assert_int_equal(log.exit.signal, signals[i]);
    assert_int_equal(log.exit.reason, CP_REASON_SIGNALLED);
    assert_false(log.exit.core_dumped);
  }
}

static void it_runs_without_options_and_arguments(void **state) {
  (void)state;
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, NULL), 0);
  assert_null(cp_child_exit(child));
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 0);
  cp_child_free(child);
}

static void nothing_is_told_inside_the_call(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("echo", "x"), &options);
  assert_string_equal(log.text, "");
  run_loop();
  cp_child_free(child);
}

static void the_pid_is_the_childs_and_stays(void **state) {
  (void)state;
  event_log log;
  char line[64];
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("tree"), &options);
  int pid = cp_child_pid(child);
  assert_true(pid > 0);
  run_loop();
  (void)snprintf(line, sizeof line, "pid=%d ppid=%d ", pid, (int)getpid());
  assert_int_equal(strncmp(log.out, line, strlen(line)), 0);
  assert_int_equal(cp_child_pid(child), pid);
  cp_child_free(child);
}

static void file_arguments_data_and_loop_can_be_asked(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  char file[] = HELPER, word[] = "args";
  const char *args[] = {word, "a b", "", NULL};
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), file, args, &options), 0);
  memset(word, '?', strlen(word)); /* what was borrowed for the call */
  memset(file, '?', strlen(file));
  assert_string_equal(cp_child_spawn_file(child), HELPER);
  assert_string_equal(cp_child_spawn_args(child)[0], HELPER);
  assert_string_equal(cp_child_spawn_args(child)[1], "args");
  assert_string_equal(cp_child_spawn_args(child)[2], "a b");
  assert_string_equal(cp_child_spawn_args(child)[3], "");
  assert_null(cp_child_spawn_args(child)[4]);
  assert_ptr_equal(cp_child_data(child), &log);
  assert_ptr_equal(cp_child_loop(child), test_loop());
  run_loop();
  assert_string_equal(log.out, "[a b]\n[]\n");
  cp_child_free(child);
}

static void arguments_arrive_byte_for_byte(void **state) {
  (void)state;
  static char all[256];
  for (int i = 1; i < 256; i++) all[i - 1] = (char)i;
  char *text = helper_output(HELPER_ARGS("args", all, "--x", "$HOME", "*", "\xff\xfe"), NULL);
  char expected[600];
  (void)snprintf(expected, sizeof expected, "[%s]\n[--x]\n[$HOME]\n[*]\n[\xff\xfe]\n", all);
  assert_string_equal(text, expected);
  free(text);
}

static void argv0_replaces_the_name_only(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.argv0 = "another name";
  cp_child *child = start_helper(HELPER_ARGS("argv0"), &options);
  assert_string_equal(cp_child_spawn_file(child), HELPER);
  assert_string_equal(cp_child_spawn_args(child)[0], "another name");
  run_loop();
  assert_string_equal(log.out, "another name\n");
  cp_child_free(child);
  options = log_options(&log);
  options.argv0 = "";
  run_helper(&log, HELPER_ARGS("argv0"), &options);
}

static void without_argv0_it_is_the_file_as_given(void **state) {
  (void)state;
  char *text = helper_output(HELPER_ARGS("argv0"), NULL);
  assert_string_equal(text, HELPER "\n");
  free(text);
}

static void the_working_directory_is_the_parents_or_cwd(void **state) {
  (void)state;
  char here[4096], expected[4100];
  assert_non_null(getcwd(here, sizeof here));
  (void)snprintf(expected, sizeof expected, "%s\n", here);
  char *text = helper_output(HELPER_ARGS("cwd"), NULL);
  assert_string_equal(text, expected);
  free(text);
  text = helper_output(HELPER_ARGS("cwd"), &(cp_options){.cwd = "/"});
  assert_string_equal(text, "/\n");
  free(text);
  char again[4096];
  assert_string_equal(getcwd(again, sizeof again), here);
}

static void cpu_time_and_memory_of_the_child_are_told(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("burn", "60", "--", "touch", "48"), &options);
  const cp_usage *usage = &log.exit.usage;
  assert_true(usage->user_us + usage->system_us >= 50000);
  assert_true(usage->max_rss_kib >= 48 * 1024);
  assert_true(usage->minor_faults > 0);
  assert_true(log.exit.duration_us >= 50000);
  options = log_options(&log);
  run_helper(&log, HELPER_ARGS("exit", "0"), &options);
  assert_true(log.exit.usage.user_us + log.exit.usage.system_us < 50000);
}

static void the_sync_form_tells_usage_too(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("burn", "40"), NULL), 0);
  assert_true(result.pid > 0);
  assert_true(result.exit.usage.user_us + result.exit.usage.system_us >= 30000);
  assert_true(result.exit.duration_us >= 30000);
  cp_result_dispose(&result);
}

static void kill_sends_sigterm_for_0(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill(child, 0), 0);
  assert_true(cp_child_killed(child));
  run_loop();
  assert_string_equal(log.text, "spawn exit:SIGTERM close:SIGTERM");
  assert_int_equal(cp_child_signal_code(child), SIGTERM);
  assert_int_equal(cp_child_exit_code(child), -1);
  cp_child_free(child);
}

static void kill_sends_the_signal_that_is_asked_for(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("trap", "12", "--", "write", "1", "ready", "--", "pause"), &options);
  run_until(&log.talked);
  assert_int_equal(cp_child_kill(child, SIGUSR2), 0);
  assert_true(cp_child_killed(child));
  assert_null(cp_child_exit(child)); /* killed does not mean ended */
  run_loop();
  assert_string_equal(log.out, "readysignal 12\n");
  assert_int_equal(log.exit.code, 9);
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
  cp_child_free(child);
}

static void a_realtime_signal_has_its_number(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  assert_int_equal(cp_child_kill(child, 40), 0);
  run_loop();
  assert_int_equal(log.exit.signal, 40);
  assert_int_equal(log.exit.code, -1);
  cp_child_free(child);
}

static void kill_refuses_what_is_no_signal(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  assert_int_equal(cp_child_kill(child, -1), UV_EINVAL);
  assert_int_equal(cp_child_kill(child, 65), UV_EINVAL);
  assert_int_equal(cp_child_kill(child, INT32_MAX), UV_EINVAL);
  assert_int_equal(cp_child_kill(child, INT32_MIN), UV_EINVAL);
  assert_int_equal(cp_child_kill(NULL, SIGTERM), UV_EINVAL);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
}

static void kill_after_the_exit_is_esrch(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("exit", "0"), &options);
  run_until(&log.exited);
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  assert_false(cp_child_killed(child));
  run_loop();
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  cp_child_free(child);
}

static void kill_of_what_never_started_is_esrch(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), "/no/such", NULL, &options), 0);
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  assert_int_equal(cp_child_pidfd(child), -1);
  assert_null(cp_child_stdin(child));
  assert_null(cp_child_stdout(child));
  run_loop();
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  assert_int_equal(cp_child_exit(child)->reason, CP_REASON_ERROR);
  assert_int_equal(log.closed, 1);
  assert_int_equal(log.exited, 0);
  cp_child_free(child);
}

static void several_children_end_each_with_their_own_code(void **state) {
  (void)state;
  enum { COUNT = 20 };
  static event_log logs[COUNT];
  cp_child *children[COUNT];
  for (int i = 0; i < COUNT; i++) {
    char word[8];
    cp_options options = log_options(&logs[i]);
    (void)snprintf(word, sizeof word, "%d", i);
    children[i] = start_helper(HELPER_ARGS("exit", word), &options);
  }
  run_loop();
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(logs[i].exit.code, i);
    assert_int_equal(logs[i].closed, 1);
    cp_child_free(children[i]);
  }
}

static void a_child_freed_while_it_runs_goes_on_and_leaves_no_zombie(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  int before = count_children();
  cp_child *child = start_helper(HELPER_ARGS("count"), &options);
  cp_child_free(child); /* its stdin reads end-of-file now, so it ends by itself */
  assert_int_equal(count_children(), before + 1);
  wait_for_children(before);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(log.text, "");
}

static void a_child_freed_while_it_runs_does_not_hold_the_loop(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  int before = count_children();
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  run_until(&log.spawned);
  int pid = cp_child_pid(child);
  cp_child_free(child);
  run_loop(); /* would hang */
  assert_int_equal(kill(pid, 0), 0);
  assert_int_equal(kill(pid, SIGKILL), 0);
  wait_for_children(before);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(log.text, "spawn");
}

static void a_failed_child_can_be_freed_before_its_error(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), "/no/such", NULL, &options), 0);
  cp_child_free(child);
  run_loop();
  assert_string_equal(log.text, "");
  cp_child_free(NULL);
}

static void free_now(cp_child *child, void *data) {
  note(data, "freed");
  cp_child_free(child);
}

static void free_at_exit(cp_child *child, const cp_exit *exit, void *data) {
  (void)exit;
  free_now(child, data);
}

static void free_at_error(cp_child *child, const cp_error *error, void *data) {
  (void)error;
  free_now(child, data);
}

static void a_child_can_be_freed_in_each_of_its_events(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  options.on_spawn = free_now;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("count"), &options), 0);
  int before = count_children() - 1;
  run_loop();
  wait_for_children(before);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(log.text, "freed");

  options = log_options(&log);
  options.on_exit = free_at_exit;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "spawn freed");

  options = log_options(&log);
  options.on_close = free_at_exit;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 freed");

  options = log_options(&log);
  options.on_error = free_at_error;
  assert_int_equal(cp_spawn(&child, test_loop(), "/no/such", NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "freed");
}

static void without_out_the_child_frees_itself_after_its_close(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, HELPER_ARGS("exit", "3"), &options), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:3 close:3");
  options = log_options(&log);
  assert_int_equal(cp_spawn(NULL, test_loop(), "/no/such", NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "error:ENOENT:execve close:-2");
}

static void a_child_that_frees_itself_can_be_given_up_earlier(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.on_spawn = free_now;
  assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, HELPER_ARGS("count"), &options), 0);
  int before = count_children() - 1;
  run_loop();
  wait_for_children(before);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(log.text, "freed"); /* no callback any more */

  options = log_options(&log);
  options.on_close = free_at_exit;
  assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, NULL, &options), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 freed");
}

static void an_unrefed_child_lets_the_loop_end(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_ALL_IGNORE;
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  cp_child_unref(child);
  cp_child_unref(child);
  run_loop(); /* would hang */
  assert_null(cp_child_exit(child));
  assert_string_equal(log.text, "spawn"); /* told all the same */
  cp_child_ref(child);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:SIGKILL close:SIGKILL");
  cp_child_free(child);
}

static void unref_after_the_start_and_ref_again(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_ALL_IGNORE;
  cp_child *child = start_helper(HELPER_ARGS("exit", "0"), &options);
  cp_child_unref(child);
  cp_child_ref(child);
  cp_child_ref(child);
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 close:0");
  cp_child_unref(child);
  cp_child_ref(child);
  cp_child_free(child);
}

static void numbers_of(const char *text, int *pid, int *ppid, int *pgid, int *sid) {
  assert_int_equal(sscanf(text, "pid=%d ppid=%d pgid=%d sid=%d", pid, ppid, pgid, sid), 4);
}

static void a_child_is_in_the_parents_group_and_session(void **state) {
  (void)state;
  int pid, ppid, pgid, sid;
  char *text = helper_output(HELPER_ARGS("tree"), NULL);
  numbers_of(text, &pid, &ppid, &pgid, &sid);
  assert_int_equal(ppid, getpid());
  assert_int_equal(pgid, getpgrp());
  assert_int_equal(sid, getsid(0));
  free(text);
}

static void detached_leads_a_session_and_a_group(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int pid, ppid, pgid, sid;
  char *text = helper_output(HELPER_ARGS("tree"), &(cp_options){.detached = true});
  numbers_of(text, &pid, &ppid, &pgid, &sid);
  assert_int_equal(pgid, pid);
  assert_int_equal(sid, pid);
  free(text);
  text = helper_output(HELPER_ARGS("tree"), &(cp_options){.detached = true, .process_group = true});
  numbers_of(text, &pid, &ppid, &pgid, &sid);
  assert_int_equal(sid, pid);
  free(text);
}

static void process_group_leads_a_group_in_the_parents_session(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int pid, ppid, pgid, sid;
  char *text = helper_output(HELPER_ARGS("tree"), &(cp_options){.process_group = true});
  numbers_of(text, &pid, &ppid, &pgid, &sid);
  assert_int_equal(pgid, pid);
  assert_int_equal(sid, getsid(0));
  free(text);
}

/* The grandchild holds stdout: only its death lets the close come. */
static void kill_a_whole_group(bool detached) {
  event_log log;
  cp_options options = log_options(&log);
  options.detached = detached;
  options.process_group = !detached;
  const char *const *args = HELPER_ARGS("fork", "pause", "--", "write", "1", "ready", "--", "pause");
  cp_child *child = start_helper(args, &options);
  run_until(&log.talked);
  assert_int_equal(cp_child_kill_group(child, 65), UV_EINVAL);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill_group(child, 0), 0);
  assert_true(cp_child_killed(child));
  run_loop();
  assert_string_equal(log.text, "spawn out exit:SIGTERM close:SIGTERM");
  assert_int_equal(cp_child_kill_group(child, 0), UV_ESRCH);
  cp_child_free(child);
}

static void kill_group_reaches_the_grandchildren(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  kill_a_whole_group(false);
  kill_a_whole_group(true);
}

static void kill_group_is_only_for_leaders(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  assert_int_equal(cp_child_kill_group(child, SIGKILL), UV_EINVAL); /* it would be our own group */
  assert_int_equal(cp_child_kill_group(NULL, SIGKILL), UV_EINVAL);
  assert_false(cp_child_killed(child));
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
}

static void loop_release_lets_the_loop_close_while_freed_children_run(void **state) {
  (void)state;
  enum { COUNT = 3 };
  int before = count_children();
  long heap = heap_blocks();
  pid_t pids[COUNT];
  for (int i = 0; i < COUNT; i++) {
    cp_child *child;
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), NULL), 0);
    pids[i] = cp_child_pid(child);
    cp_child_free(child);
  }
  run_loop();
  assert_int_equal(uv_loop_close(test_loop()), UV_EBUSY);
  assert_int_equal(cp_loop_release(test_loop()), 0);
  run_loop();
  assert_int_equal(uv_loop_close(test_loop()), 0);
  assert_int_equal(count_children(), before + COUNT);
  for (int i = COUNT - 1; i >= 0; i--) assert_int_equal(kill(pids[i], SIGKILL), 0);
  while (count_children() != before) (void)poll(NULL, 0, 1); /* the helper thread reaps them */
  assert_int_equal(uv_loop_init(test_loop()), 0);
  while (heap_blocks() > heap) (void)poll(NULL, 0, 1); /* and goes away */
}

static void loop_release_spares_children_that_are_still_owned(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("exit", "4"), &options);
  assert_int_equal(cp_loop_release(test_loop()), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:4 close:4");
  cp_child_free(child);
  assert_int_equal(cp_loop_release(test_loop()), 0);
  assert_int_equal(cp_loop_release(NULL), UV_EINVAL);
}

static void die_with_parent_sets_the_death_signal(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  char *text = helper_output(HELPER_ARGS("deathsig"), &(cp_options){.die_with_parent = SIGUSR1});
  assert_string_equal(text, "10\n");
  free(text);
  text = helper_output(HELPER_ARGS("deathsig"), NULL);
  assert_string_equal(text, "0\n");
  free(text);
}

static void start_and_die(void *data) {
  int *fds = data;
  cp_child *child;
  uv_loop_t loop;
  CHECK(uv_loop_init(&loop) == 0);
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_FD(fds[1]), CP_IGNORE), .die_with_parent = SIGKILL};
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("write", "1", "alive", "--", "pause"), &options) == 0);
  char word[5];
  CHECK(read(fds[0], word, 5) == 5 && memcmp(word, "alive", 5) == 0);
  /* apart() ends the process with _exit(): nobody tells the child but the kernel. */
}

static void a_child_dies_with_its_parent(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  int fds[2];
  char c;
  assert_int_equal(pipe(fds), 0);
  apart(start_and_die, fds);
  close(fds[1]);
  assert_int_equal(read(fds[0], &c, 1), 0); /* the last holder of the other end is gone */
  close(fds[0]);
}

/* A new PID namespace needs a first process, which lives until the writing end of `hold` is closed. */
static pid_t start_init(int *hold) {
  char c;
  CHECK(pipe2(hold, O_CLOEXEC) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid > 0) return pid;
  close(hold[1]);
  (void)!read(hold[0], &c, 1);
  _exit(0);
}

/* The parent is in no namespace that the child sees: its number is 0 there. */
static void start_in_a_new_pid_namespace(void *data) {
  (void)data;
  int hold[2];
  cp_result result;
  if (unshare(CLONE_NEWPID) != 0) SKIP_APART();
  pid_t init = start_init(hold);
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("deathsig"), &(cp_options){.die_with_parent = SIGKILL});
  close(hold[1]);
  CHECK(waitpid(init, NULL, 0) == init);
  CHECK(rc == 0);
  CHECK(result.exit.code == 0 && result.exit.signal == 0);
  CHECK(strcmp(result.out.bytes, "9\n") == 0);
  cp_result_dispose(&result);
}

static void die_with_parent_spares_the_child_in_a_new_pid_namespace(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  apart(start_in_a_new_pid_namespace, NULL);
}

/* A long table of fds keeps the child busy before it asks for its death signal. */
static void start_and_leave(void *data) {
  static cp_stdio entries[CP_STDIO_MAX];
  for (int i = 0; i < CP_STDIO_MAX; i++) entries[i] = CP_IGNORE;
  cp_options options = log_options(data);
  options.stdio = (cp_stdio_list){entries, CP_STDIO_MAX};
  options.die_with_parent = SIGKILL;
  (void)cp_spawn(NULL, test_loop(), HELPER, HELPER_ARGS("sleep", "5000"), &options);
}

static void a_child_dies_with_its_thread_that_ends_right_after_the_start(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  for (int i = 0; i < 5; i++) {
    event_log log;
    uv_thread_t thread;
    assert_int_equal(uv_thread_create(&thread, start_and_leave, &log), 0);
    assert_int_equal(uv_thread_join(&thread), 0);
    run_loop();
    assert_string_equal(log.text, "spawn exit:SIGKILL close:SIGKILL");
  }
}

static void the_pidfd_is_the_childs_until_it_is_reaped(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("pause"), &options);
  int fd = cp_child_pidfd(child);
  if (fd < 0) { /* an old kernel, or the portable launcher */
    assert_int_equal(cp_child_kill(child, SIGUSR1), 0);
    run_loop();
    cp_child_free(child);
    skip();
  }
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&poll_fd, 1, 0), 0);
  assert_int_equal(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0), 0);
  assert_int_equal(poll(&poll_fd, 1, -1), 1);
  assert_false(cp_child_killed(child)); /* not through us */
  run_loop();
  assert_int_equal(log.exit.signal, SIGUSR1);
  assert_int_equal(cp_child_pidfd(child), -1);
  cp_child_free(child);
}

static void a_child_that_somebody_else_reaped_is_not_waited_for_for_ever(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  event_log log;
  int status;
  cp_options options = log_options(&log);
  cp_child *child = start_helper(HELPER_ARGS("exit", "5"), &options);
  assert_int_equal(waitpid(cp_child_pid(child), &status, 0), cp_child_pid(child));
  run_loop();
  assert_int_equal(log.closed, 1);
  if (log.exit.reason == CP_REASON_LOST)
    assert_int_equal(log.exit.code, -1);
  else
    assert_int_equal(log.exit.code, 5); /* Linux 6.15 still tells it */
  assert_int_equal(cp_child_kill(child, SIGTERM), UV_ESRCH);
  cp_child_free(child);
}

static void ignoring_sigchld_does_not_lose_the_child(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  event_log log;
  cp_options options = log_options(&log);
  void (*old)(int) = signal(SIGCHLD, SIG_IGN);
  cp_child *child = start_helper(HELPER_ARGS("exit", "6"), &options);
  run_loop();
  cp_result result;
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("exit", "6"), NULL);
  (void)signal(SIGCHLD, old);
  assert_int_equal(log.closed, 1);
  if (log.exit.reason != CP_REASON_LOST) assert_int_equal(log.exit.code, 6);
  if (rc != CP_ESTATUSLOST) assert_int_equal(result.exit.code, 6);
  cp_result_dispose(&result);
  cp_child_free(child);
}

static void other_children_of_the_program_are_left_alone(void **state) {
  (void)state;
  event_log log;
  int status;
  cp_options options = log_options(&log);
  pid_t other = fork();
  assert_true(other >= 0);
  if (other == 0) _exit(77);
  run_helper(&log, HELPER_ARGS("exit", "1"), &options);
  options = log_options(&log);
  run_helper(&log, HELPER_ARGS("exit", "2"), &options);
  assert_int_equal(waitpid(other, &status, 0), other);
  assert_int_equal(WEXITSTATUS(status), 77);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(events_come_in_order),
      TEST(a_missing_program_is_an_error_event_and_a_close),
      TEST(the_exit_code_is_told),
      TEST(each_exit_code_is_told_as_it_is),
      TEST(a_signal_ends_it_with_that_signal_and_no_code),
      TEST(it_runs_without_options_and_arguments),
      TEST(nothing_is_told_inside_the_call),
      TEST(the_pid_is_the_childs_and_stays),
      TEST(file_arguments_data_and_loop_can_be_asked),
      TEST(arguments_arrive_byte_for_byte),
      TEST(argv0_replaces_the_name_only),
      TEST(without_argv0_it_is_the_file_as_given),
      TEST(the_working_directory_is_the_parents_or_cwd),
      TEST(cpu_time_and_memory_of_the_child_are_told),
      TEST(the_sync_form_tells_usage_too),
      TEST(kill_sends_sigterm_for_0),
      TEST(kill_sends_the_signal_that_is_asked_for),
      TEST(a_realtime_signal_has_its_number),
      TEST(kill_refuses_what_is_no_signal),
      TEST(kill_after_the_exit_is_esrch),
      TEST(kill_of_what_never_started_is_esrch),
      TEST(several_children_end_each_with_their_own_code),
      TEST(a_child_freed_while_it_runs_goes_on_and_leaves_no_zombie),
      TEST(a_child_freed_while_it_runs_does_not_hold_the_loop),
      TEST(a_failed_child_can_be_freed_before_its_error),
      TEST(a_child_can_be_freed_in_each_of_its_events),
      TEST(without_out_the_child_frees_itself_after_its_close),
      TEST(a_child_that_frees_itself_can_be_given_up_earlier),
      TEST(an_unrefed_child_lets_the_loop_end),
      TEST(unref_after_the_start_and_ref_again),
      TEST(a_child_is_in_the_parents_group_and_session),
      TEST(detached_leads_a_session_and_a_group),
      TEST(process_group_leads_a_group_in_the_parents_session),
      TEST(kill_group_reaches_the_grandchildren),
      TEST(kill_group_is_only_for_leaders),
      TEST(loop_release_lets_the_loop_close_while_freed_children_run),
      TEST(loop_release_spares_children_that_are_still_owned),
      TEST(die_with_parent_sets_the_death_signal),
      TEST(a_child_dies_with_its_parent),
      TEST(die_with_parent_spares_the_child_in_a_new_pid_namespace),
      TEST(a_child_dies_with_its_thread_that_ends_right_after_the_start),
      TEST(the_pidfd_is_the_childs_until_it_is_reaped),
      TEST(a_child_that_somebody_else_reaped_is_not_waited_for_for_ever),
      TEST(ignoring_sigchld_does_not_lose_the_child),
      TEST(other_children_of_the_program_are_left_alone),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
