/* test_exec.c - cp_exec() and cp_exec_file(). */
#include <signal.h>

#include "support.h"

typedef struct outcome {
  int count;
  bool has_error;
  cp_error error;
  cp_exit exit;
  int pid;
  char out[4096], err[4096];
  size_t out_length, output_count, tee;
  bool input_unread;
  char events[256];
} outcome;

static void add(outcome *o, const char *word) {
  if (o->events[0] != '\0') strcat(o->events, " ");
  strcat(o->events, word);
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  outcome *o = data;
  assert_non_null(child);
  add(o, "result");
  o->count++;
  o->has_error = error != NULL;
  if (error != NULL) o->error = *error;
  assert_int_equal(result->error.code, error != NULL ? error->code : 0);
  o->exit = result->exit;
  o->pid = result->pid;
  o->out_length = result->out.length;
  o->output_count = result->output_count;
  o->input_unread = result->input_unread;
  (void)snprintf(o->out, sizeof o->out, "%s", result->out.bytes);
  (void)snprintf(o->err, sizeof o->err, "%s", result->err.bytes);
  assert_ptr_equal(result->output[0].bytes, NULL);
}

static void on_tee(cp_child *child, const char *bytes, size_t length, void *data) {
  outcome *o = data;
  (void)child;
  (void)bytes;
  if (o->tee == 0) add(o, "out");
  o->tee += length;
}
static void on_spawned(cp_child *child, void *data) {
  (void)child;
  add(data, "spawn");
}
static void on_failed(cp_child *child, const cp_error *error, void *data) {
  (void)child;
  (void)error;
  add(data, "error");
}
static void on_exited(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  add(data, "exit");
}
static void on_closed(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  add(data, "close");
}

static outcome *kept(void) {
  static outcome o;
  return &o;
}

static cp_options with_outcome(cp_options options) {
  memset(kept(), 0, sizeof *kept());
  options.on_result = on_result;
  options.data = kept();
  return options;
}

static outcome *run_file(const char *const *args, cp_options base) {
  cp_options options = with_outcome(base);
  assert_int_equal(cp_exec_file(NULL, test_loop(), HELPER, args, &options), 0);
  run_loop();
  assert_int_equal(kept()->count, 1);
  return kept();
}

static outcome *run_command(const char *command, cp_options base) {
  cp_options options = with_outcome(base);
  assert_int_equal(cp_exec(NULL, test_loop(), command, &options), 0);
  run_loop();
  assert_int_equal(kept()->count, 1);
  return kept();
}

#define NO_OPTIONS ((cp_options){0})

/* ---------------------------------------------------------------- results */

static void success_has_no_error_and_both_outputs(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("write", "1", "to out", "--", "write", "2", "to err"), NO_OPTIONS);
  assert_false(o->has_error);
  assert_string_equal(o->out, "to out");
  assert_string_equal(o->err, "to err");
  assert_int_equal(o->exit.code, 0);
  assert_int_equal(o->exit.reason, CP_REASON_EXITED);
  assert_true(o->pid > 0);
  assert_int_equal(o->output_count, 3);
}

static void a_status_is_an_error_that_quotes_the_command_and_its_last_words(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("write", "2", "first\nlast words\n", "--", "exit", "3"), NO_OPTIONS);
  assert_true(o->has_error);
  assert_int_equal(o->error.code, CP_EFAILED);
  assert_int_equal(o->error.stage, CP_STAGE_RUN);
  assert_int_equal(o->exit.code, 3);
  assert_non_null(strstr(o->error.message, "exit code 3"));
  assert_non_null(strstr(o->error.message, HELPER));
  assert_non_null(strstr(o->error.message, "last words"));
  assert_null(strchr(o->error.message, '\n'));
}

static void a_signal_is_an_error_that_names_it(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("raise", "9"), NO_OPTIONS);
  assert_int_equal(o->error.code, CP_EFAILED);
  assert_int_equal(o->exit.signal, SIGKILL);
  assert_int_equal(o->exit.code, -1);
  assert_non_null(strstr(o->error.message, "SIGKILL"));
}

static void a_command_line_goes_through_the_shell(void **state) {
  (void)state;
  outcome *o = run_command("echo one; echo two >&2; exit 5", NO_OPTIONS);
  assert_string_equal(o->out, "one\n");
  assert_string_equal(o->err, "two\n");
  assert_int_equal(o->exit.code, 5);
  assert_non_null(strstr(o->error.message, "echo one; echo two >&2; exit 5"));
}

static void a_command_that_the_shell_does_not_find_is_its_status(void **state) {
  (void)state;
  outcome *o = run_command("no-such-command-anywhere", NO_OPTIONS);
  assert_int_equal(o->error.code, CP_EFAILED);
  assert_int_equal(o->exit.code, 127);
  assert_non_null(strstr(o->error.message, "not found"));
}

static void exec_file_takes_words_as_they_are(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("args", "$HOME", "a b", "", "*", ";"), NO_OPTIONS);
  assert_string_equal(o->out, "[$HOME]\n[a b]\n[]\n[*]\n[;]\n");
}

static void exec_file_may_ask_for_a_shell(void **state) {
  (void)state;
  cp_options options = with_outcome((cp_options){.shell = CP_SHELL});
  assert_int_equal(cp_exec_file(NULL, test_loop(), "echo", CP_ARGS("$HOME;", "a b"), &options), 0);
  run_loop();
  assert_string_equal(kept()->out, "$HOME; a b\n"); /* quoted */
  options = with_outcome((cp_options){.shell = CP_SHELL, .shell_positional = true});
  assert_int_equal(cp_exec_file(NULL, test_loop(), "echo \"$2\" \"$1\"", CP_ARGS("a b", "$HOME"), &options), 0);
  run_loop();
  assert_string_equal(kept()->out, "$HOME a b\n");
}

static void another_shell_may_be_named(void **state) {
  (void)state;
  write_file(temp_path("shell"), "#!/bin/sh\necho \"shell $1 $2\"\n", 0755);
  char shell[256];
  (void)snprintf(shell, sizeof shell, "%s", temp_path("shell"));
  outcome *o = run_command("the script", (cp_options){.shell = shell});
  assert_string_equal(o->out, "shell -c the script\n");
}

static void env_and_cwd_are_those_of_the_command(void **state) {
  (void)state;
  const char *const env[] = {"GREETING=hello", "PATH=/usr/bin:/bin", NULL};
  outcome *o = run_command("echo $GREETING; pwd", (cp_options){.env = env, .cwd = "/"});
  assert_string_equal(o->out, "hello\n/\n");
}

/* ---------------------------------------------------------------- input */

static void input_is_written_and_ended(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("cat"), (cp_options){.input = "some input", .input_length = 10});
  assert_string_equal(o->out, "some input");
  assert_false(o->input_unread);
  o = run_file(HELPER_ARGS("count"), (cp_options){.input = "", .input_length = 0});
  assert_string_equal(o->out, "0\n");
}

static void input_larger_than_a_pipe_does_not_block(void **state) {
  (void)state;
  size_t size = 5000000;
  char *input = malloc(size);
  memset(input, 'x', size);
  outcome *o = run_file(HELPER_ARGS("cat"),
                        (cp_options){.input = input, .input_length = size, .max_buffer_bytes = CP_BUFFER_UNLIMITED});
  free(input);
  assert_int_equal(o->out_length, size);
  assert_false(o->input_unread);
}

static void input_that_is_not_read_is_no_error_but_told(void **state) {
  (void)state;
  size_t size = 1000000;
  char *input = calloc(1, size);
  outcome *o =
      run_file(HELPER_ARGS("read", "1", "--", "echo", "done"), (cp_options){.input = input, .input_length = size});
  assert_false(o->has_error);
  assert_true(o->input_unread);
  o = run_file(HELPER_ARGS("exit", "0"), (cp_options){.input = input, .input_length = size});
  assert_true(o->input_unread);
  free(input);
}

/* ---------------------------------------------------------------- limits */

static void a_timeout_is_an_error_with_the_output_so_far(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("write", "1", "so far", "--", "pause"), (cp_options){.timeout_ms = ENOUGH_MS});
  assert_int_equal(o->error.code, CP_ETIMEDOUT);
  assert_int_equal(o->exit.reason, CP_REASON_TIMEOUT);
  assert_int_equal(o->exit.signal, SIGTERM);
  assert_string_equal(o->out, "so far");
  assert_non_null(strstr(o->error.message, " ms "));
  assert_non_null(strstr(o->error.message, "SIGTERM"));
}

static void a_timeout_with_grace_ends_a_stubborn_command(void **state) {
  (void)state;
  outcome *o =
      run_file(HELPER_ARGS("ignore", "15", "--", "pause"), (cp_options){.timeout_ms = ENOUGH_MS, .grace_ms = 20});
  assert_int_equal(o->error.code, CP_ETIMEDOUT);
  assert_int_equal(o->exit.signal, SIGKILL);
}

static void after_a_timeout_nobody_waits_for_a_grandchild(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("fork", "sleep", "5000", "--", "write", "1", "x", "--", "pause"),
                        (cp_options){.timeout_ms = ENOUGH_MS});
  assert_int_equal(o->error.code, CP_ETIMEDOUT);
  assert_string_equal(o->out, "x");
}

static void an_abort_is_an_error_event_and_a_result(void **state) {
  (void)state;
  cp_abort *abort = cp_abort_new();
  cp_options options = with_outcome((cp_options){
      .signal = abort, .on_spawn = on_spawned, .on_error = on_failed, .on_exit = on_exited, .on_close = on_closed});
  assert_int_equal(cp_exec_file(NULL, test_loop(), HELPER, HELPER_ARGS("pause"), &options), 0);
  cp_abort_trigger(abort);
  run_loop();
  assert_int_equal(kept()->error.code, CP_EABORTED);
  assert_int_equal(kept()->exit.reason, CP_REASON_ABORTED);
  assert_string_equal(kept()->events, "spawn error exit close result");
  cp_abort_free(abort);
}

/* ---------------------------------------------------------------- the start */

static void a_missing_program_is_told_by_the_result_too(void **state) {
  (void)state;
  cp_options options = with_outcome(
      (cp_options){.on_spawn = on_spawned, .on_error = on_failed, .on_exit = on_exited, .on_close = on_closed});
  assert_int_equal(cp_exec_file(NULL, test_loop(), "no-such-program", NULL, &options), 0);
  assert_string_equal(kept()->events, "");
  run_loop();
  assert_int_equal(kept()->error.code, UV_ENOENT);
  assert_int_equal(kept()->error.stage, CP_STAGE_EXEC);
  assert_int_equal(kept()->exit.reason, CP_REASON_ERROR);
  assert_int_equal(kept()->exit.code, UV_ENOENT);
  assert_int_equal(kept()->pid, 0);
  assert_string_equal(kept()->out, "");
  assert_string_equal(kept()->err, "");
  assert_string_equal(kept()->events, "error close result");
}

static void a_missing_cwd_is_told_by_the_result_too(void **state) {
  (void)state;
  outcome *o = run_command("echo x", (cp_options){.cwd = "/no/such"});
  assert_int_equal(o->error.code, UV_ENOENT);
  assert_int_equal(o->error.stage, CP_STAGE_CHDIR);
}

static void nonsense_is_refused_by_the_call(void **state) {
  (void)state;
  cp_error error;
  cp_options options = with_outcome((cp_options){.error = &error});
  assert_int_equal(cp_exec(NULL, test_loop(), "", &options), UV_EINVAL);
  assert_int_equal(cp_exec(NULL, test_loop(), NULL, &options), UV_EINVAL);
  assert_int_equal(cp_exec(NULL, NULL, "x", &options), UV_EINVAL);
  run_loop();
  assert_int_equal(kept()->count, 0);
}

/* ---------------------------------------------------------------- the rest */

static void all_events_come_and_the_result_last(void **state) {
  (void)state;
  outcome *o =
      run_file(HELPER_ARGS("fill", "1", "200000"),
               (cp_options){.on_spawn = on_spawned, .on_stdout = on_tee, .on_exit = on_exited, .on_close = on_closed});
  assert_string_equal(o->events, "spawn out exit close result");
  assert_int_equal(o->tee, 200000);
  assert_int_equal(o->out_length, 200000);
}

static void utf8_repairs_the_captured_output(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("hex", "1", "61ff62e4b8"), (cp_options){.encoding = CP_ENCODING_UTF8});
  assert_string_equal(o->out,
                      "a\xef\xbf\xbd"
                      "b\xef\xbf\xbd");
  o = run_file(HELPER_ARGS("hex", "1", "61006200"), NO_OPTIONS);
  assert_int_equal(o->out_length, 4);
}

static void entries_that_are_no_pipes_are_not_captured(void **state) {
  (void)state;
  outcome *o = run_file(HELPER_ARGS("write", "1", "x", "--", "write", "2", "y"),
                        (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_IGNORE, CP_PIPE)});
  assert_string_equal(o->out, "");
  assert_string_equal(o->err, "y");
}

static void without_on_result_it_just_runs(void **state) {
  (void)state;
  cp_child *child;
  assert_int_equal(cp_exec(&child, test_loop(), "echo x; exit 3", NULL), 0);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 3);
  assert_string_equal(cp_child_spawn_file(child), "/bin/sh");
  assert_string_equal(cp_child_spawn_args(child)[1], "-c");
  cp_child_free(child);
  assert_int_equal(cp_exec_file(NULL, test_loop(), HELPER, HELPER_ARGS("fill", "1", "300000"), NULL), 0);
  run_loop();
}

static void a_freed_exec_has_no_result(void **state) {
  (void)state;
  cp_child *child;
  cp_options options = with_outcome(NO_OPTIONS);
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, HELPER_ARGS("cat"), &options), 0);
  cp_child_free(child);
  reap_freed();
  assert_int_equal(kept()->count, 0);
}

static void many_at_once_do_not_mix_their_outputs(void **state) {
  (void)state;
  enum { MANY = 100 };
  static outcome all[MANY];
  memset(all, 0, sizeof all);
  for (int i = 0; i < MANY; i++) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", i);
    cp_options options = {.on_result = on_result, .data = &all[i]};
    assert_int_equal(
        cp_exec_file(NULL, test_loop(), HELPER, HELPER_ARGS("write", "1", text, "--", "exit", text), &options), 0);
  }
  run_loop();
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(all[i].count, 1);
    assert_int_equal(all[i].exit.code, i);
    assert_int_equal(strtol(all[i].out, NULL, 10), i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(success_has_no_error_and_both_outputs),
      TEST(a_status_is_an_error_that_quotes_the_command_and_its_last_words),
      TEST(a_signal_is_an_error_that_names_it),
      TEST(a_command_line_goes_through_the_shell),
      TEST(a_command_that_the_shell_does_not_find_is_its_status),
      TEST(exec_file_takes_words_as_they_are),
      TEST(exec_file_may_ask_for_a_shell),
      TEST(another_shell_may_be_named),
      TEST(env_and_cwd_are_those_of_the_command),
      TEST(input_is_written_and_ended),
      TEST(input_larger_than_a_pipe_does_not_block),
      TEST(input_that_is_not_read_is_no_error_but_told),
      TEST(a_timeout_is_an_error_with_the_output_so_far),
      TEST(a_timeout_with_grace_ends_a_stubborn_command),
      TEST(after_a_timeout_nobody_waits_for_a_grandchild),
      TEST(an_abort_is_an_error_event_and_a_result),
      TEST(a_missing_program_is_told_by_the_result_too),
      TEST(a_missing_cwd_is_told_by_the_result_too),
      TEST(nonsense_is_refused_by_the_call),
      TEST(all_events_come_and_the_result_last),
      TEST(utf8_repairs_the_captured_output),
      TEST(entries_that_are_no_pipes_are_not_captured),
      TEST(without_on_result_it_just_runs),
      TEST(a_freed_exec_has_no_result),
      TEST(many_at_once_do_not_mix_their_outputs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
