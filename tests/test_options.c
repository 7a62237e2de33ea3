/* test_options.c - nonsense: each is refused with a code and a sentence that names the option; nothing is left. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_message(const cp_error *error, int code, const char *word) {
  assert_int_equal(error->code, code);
  assert_int_equal(error->stage, CP_STAGE_OPTIONS);
  if (strstr(error->message, word) == NULL) fail_msg("\"%s\" does not say \"%s\"", error->message, word);
  assert_null(strchr(error->message, '\n'));
}

/* Every verb refuses these options, and says why. */
static void refused_as(int code, const char *word, cp_options options) {
  cp_error error = {0};
  cp_child *child = NULL;
  cp_result result;
  options.error = &error;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), code);
  check_message(&error, code, word);
  assert_null(child);
  error = (cp_error){0};
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, NULL, &options), code);
  check_message(&error, code, word);
  error = (cp_error){0};
  assert_int_equal(cp_exec(&child, test_loop(), "true", &options), code);
  check_message(&error, code, word);
  assert_null(child);
  error = (cp_error){0};
  assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &options), code);
  check_message(&error, code, word);
  check_message(&result.error, code, word);
  assert_int_equal(result.pid, 0);
  assert_int_equal(result.exit.code, code);
  assert_int_equal(result.exit.reason, CP_REASON_ERROR);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_sync(&result, "true", &options), code);
  check_message(&result.error, code, word);
  cp_result_dispose(&result);
  options.error = NULL; /* nobody wants to know */
  assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, NULL, &options), code);
}

#define REFUSED(word, ...) refused_as(UV_EINVAL, (word), (cp_options){__VA_ARGS__})

static void a_file_is_needed(void **state) {
  (void)state;
  cp_error error;
  cp_child *child = NULL;
  cp_result result;
  cp_options options = {.error = &error};
  assert_int_equal(cp_spawn(&child, test_loop(), NULL, NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "file");
  assert_int_equal(cp_spawn(&child, test_loop(), "", NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "file");
  assert_int_equal(cp_spawn(&child, test_loop(), NULL, NULL, NULL), UV_EINVAL);
  assert_int_equal(cp_exec(&child, test_loop(), NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "NULL");
  assert_int_equal(cp_exec(&child, test_loop(), "", &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "empty");
  assert_int_equal(cp_exec_file(&child, test_loop(), NULL, NULL, NULL), UV_EINVAL);
  assert_int_equal(cp_spawn_sync(&result, NULL, NULL, NULL), UV_EINVAL);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_sync(&result, NULL, NULL), UV_EINVAL);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_file_sync(&result, "", NULL, NULL), UV_EINVAL);
  cp_result_dispose(&result);
  assert_null(child);
}

static void a_loop_is_needed(void **state) {
  (void)state;
  cp_error error;
  cp_child *child = NULL;
  cp_options options = {.error = &error};
  assert_int_equal(cp_spawn(&child, NULL, HELPER, NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "loop");
  assert_int_equal(cp_exec(&child, NULL, "true", &options), UV_EINVAL);
  assert_int_equal(cp_exec_file(&child, NULL, HELPER, NULL, NULL), UV_EINVAL);
  assert_null(child);
}

static void a_result_is_needed(void **state) {
  (void)state;
  cp_error error;
  cp_options options = {.error = &error};
  assert_int_equal(cp_spawn_sync(NULL, HELPER, NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "result");
  assert_int_equal(cp_exec_sync(NULL, "true", NULL), UV_EINVAL);
  assert_int_equal(cp_exec_file_sync(NULL, HELPER, NULL, NULL), UV_EINVAL);
}

static void empty_strings_are_refused(void **state) {
  (void)state;
  REFUSED("options.cwd", .cwd = "");
  REFUSED("options.shell", .shell = "");
}

static void environment_entries_need_a_name_and_a_value(void **state) {
  (void)state;
  REFUSED("options.env[1]", .env = CP_ARGS("A=1", "NOVALUE"));
  REFUSED("options.env[0]", .env = CP_ARGS("=1"));
  REFUSED("options.env[2]", .env = CP_ARGS("A=1", "B=", ""));
  REFUSED("options.env_overlay[0]", .env_overlay = CP_ARGS("=x"));
  REFUSED("options.env_overlay[1]", .env_overlay = CP_ARGS("A", ""));
}

static void positional_arguments_need_a_shell(void **state) {
  (void)state;
  cp_error error;
  cp_child *child = NULL;
  cp_options options = {.shell_positional = true, .error = &error};
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), UV_EINVAL);
  check_message(&error, UV_EINVAL, "options.shell_positional");
  assert_null(child);
}

static void bad_signals_are_refused(void **state) {
  (void)state;
  static const int signals[] = {-1, 65, 1000, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    REFUSED("options.kill_signal", .kill_signal = signals[i]);
    REFUSED("options.die_with_parent", .die_with_parent = signals[i]);
  }
}

static void negative_and_huge_ids_are_refused(void **state) {
  (void)state;
  static const int64_t ids[] = {-1, INT64_MIN, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    const cp_id groups[] = {CP_ID(1), CP_ID(ids[i])};
    REFUSED("options.uid", .uid = CP_ID(ids[i]));
    REFUSED("options.gid", .gid = CP_ID(ids[i]));
    REFUSED("options.groups", .groups = groups, .group_count = 2);
  }
}

static void groups_must_be_there_and_given(void **state) {
  (void)state;
  static const cp_id groups[2] = {{true, 1}, {false, 2}};
  REFUSED("options.groups", .groups = NULL, .group_count = 1);
  REFUSED("options.groups[1]", .groups = groups, .group_count = 2);
  REFUSED("options.group_count", .groups = groups, .group_count = SIZE_MAX);
}

static void nice_mask_and_limits_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const cp_rlimit crossed[] = {{RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, 2, 1}}, unknown = {1000, 0, 0};
  REFUSED("options.nice", .nice = 40);
  REFUSED("options.nice", .nice = INT32_MIN);
  REFUSED("options.umask", .umask = CP_ID(01000));
  REFUSED("options.umask", .umask = CP_ID(-1));
  REFUSED("options.rlimits is NULL", .rlimit_count = 1);
  REFUSED("options.rlimit_count", .rlimits = crossed, .rlimit_count = SIZE_MAX);
  REFUSED("options.rlimits[1]", .rlimits = crossed, .rlimit_count = 2);
  REFUSED("options.rlimits[0]: 1000", .rlimits = &unknown, .rlimit_count = 1);
}

static void values_outside_an_enum_are_refused(void **state) {
  (void)state;
  REFUSED("options.overflow", .overflow = (cp_overflow)4);
  REFUSED("options.overflow", .overflow = (cp_overflow)-1);
  REFUSED("options.encoding", .encoding = (cp_encoding)2);
  REFUSED("options.encoding", .encoding = (cp_encoding)-1);
  REFUSED("options.stdio[1]", .stdio = CP_STDIO(CP_PIPE, {.kind = (cp_stdio_kind)99}));
  REFUSED("options.stdio[0]", .stdio = CP_STDIO({.kind = (cp_stdio_kind)-1}));
}

static void a_negative_pipe_size_is_refused(void **state) {
  (void)state;
  REFUSED("options.pipe_size_bytes", .pipe_size_bytes = -1);
  REFUSED("options.pipe_size_bytes", .pipe_size_bytes = INT32_MIN);
}

static void input_that_is_not_there_is_refused(void **state) {
  (void)state;
  REFUSED("options.input", .input = NULL, .input_length = 1);
}

static void stdio_entries_must_be_there(void **state) {
  (void)state;
  REFUSED("options.stdio.entries", .stdio = {NULL, 3});
  REFUSED("options.stdio.entries", .stdio = {NULL, SIZE_MAX});
}

static void too_many_stdio_entries_are_refused(void **state) {
  (void)state;
  static cp_stdio entries[CP_STDIO_MAX + 1];
  REFUSED("options.stdio", .stdio = {entries, CP_STDIO_MAX + 1});
  REFUSED("options.stdio", .stdio = {entries, SIZE_MAX});
  REFUSED("options.stdio", .stdio = {entries, (size_t)UINT32_MAX + 2});
}

static void the_full_number_of_stdio_entries_is_accepted(void **state) {
  (void)state;
  static cp_stdio entries[CP_STDIO_MAX];
  entries[CP_STDIO_MAX - 1] = CP_PIPE;
  cp_result result;
  cp_options options = {.stdio = {entries, CP_STDIO_MAX}};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1023", "last"), &options), 0);
  assert_int_equal(result.output_count, CP_STDIO_MAX);
  assert_string_equal(result.output[CP_STDIO_MAX - 1].bytes, "last");
  cp_result_dispose(&result);
}

static void same_as_must_name_an_entry_of_its_own(void **state) {
  (void)state;
  REFUSED("options.stdio[2]", .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_SAME_AS(2)));               /* itself */
  REFUSED("options.stdio[1]", .stdio = CP_STDIO(CP_PIPE, CP_SAME_AS(2), CP_SAME_AS(1)));         /* a circle */
  REFUSED("options.stdio[2]", .stdio = CP_STDIO(CP_PIPE, CP_SAME_AS(0), CP_SAME_AS(1)));         /* a chain */
  REFUSED("options.stdio[2]", .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_SAME_AS(3)));               /* beyond the end */
  REFUSED("options.stdio[0]", .stdio = CP_STDIO(CP_SAME_AS(-1)));                                /* before it */
  REFUSED("options.stdio[0]", .stdio = CP_STDIO(CP_SAME_AS(INT32_MAX), CP_PIPE, CP_SAME_AS(0))); /* far away */
}

static void fds_must_be_open(void **state) {
  (void)state;
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(fd);
  refused_as(UV_EBADF, "options.stdio[1]", (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_FD(fd))});
  refused_as(UV_EBADF, "options.stdio[0]", (cp_options){.stdio = CP_STDIO(CP_FD(INT32_MAX))});
  REFUSED("options.stdio[0]", .stdio = CP_STDIO(CP_FD(-1)));
}

static void fds_of_the_call_itself_do_not_count_as_open(void **state) {
  (void)state;
  int fds[4]; /* the numbers that its pipes will get */
  for (int i = 0; i < 4; i++) fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < 4; i++) close(fds[i]);
  for (int i = 0; i < 4; i++)
    refused_as(UV_EBADF, "options.stdio[2]", (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_OVERLAPPED, CP_FD(fds[i]))});
}

static void streams_must_be_open(void **state) {
  (void)state;
  uv_pipe_t pipe;
  uv_tcp_t tcp;
  assert_int_equal(uv_pipe_init(test_loop(), &pipe, 0), 0);
  assert_int_equal(uv_tcp_init(test_loop(), &tcp), 0);
  refused_as(UV_EBADF, "options.stdio[1]", (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_STREAM(&pipe))});
  refused_as(UV_EBADF, "options.stdio[0]", (cp_options){.stdio = CP_STDIO(CP_STREAM(&tcp))});
  uv_close((uv_handle_t *)&pipe, NULL);
  uv_close((uv_handle_t *)&tcp, NULL);
  refused_as(UV_EBADF, "options.stdio[0]", (cp_options){.stdio = CP_STDIO(CP_STREAM(&tcp))});
  run_loop();
  REFUSED("options.stdio[0]", .stdio = CP_STDIO(CP_STREAM(NULL)));
}

static void files_need_a_path(void **state) {
  (void)state;
  REFUSED("options.stdio[0]", .stdio = CP_STDIO(CP_READ_FILE(NULL)));
  REFUSED("options.stdio[1]", .stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE("")));
  REFUSED("options.stdio[3]", .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_APPEND_FILE(NULL)));
}

static void there_is_one_channel_at_most(void **state) {
  (void)state;
  REFUSED("options.stdio[1]", .stdio = CP_STDIO(CP_PIPE, CP_IPC, CP_PIPE, CP_IPC));
}

static void options_of_messages_are_checked(void **state) {
  (void)state;
  REFUSED("options.serialization", .serialization = (cp_serialization)2);
  REFUSED("options.limits.max_depth", .limits = {.max_depth = CP_DEPTH_MAX + 1});
}

static void no_file_is_touched_for_options_that_are_refused(void **state) {
  (void)state;
  char *kept = strdup(temp_path("kept")), *fresh = strdup(temp_path("fresh"));
  write_file(kept, "precious", 0644);
  REFUSED("options.stdio[2]", .stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE(kept), CP_SAME_AS(9)));
  refused_as(UV_EBADF, "options.stdio[2]",
             (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE(fresh), CP_FD(INT32_MAX))});
  REFUSED("options.kill_signal", .stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE(kept)), .kill_signal = 99);
  char *text = read_file(kept);
  assert_string_equal(text, "precious");
  assert_int_equal(access(fresh, F_OK), -1);
  free(text);
  free(kept);
  free(fresh);
}

static void extreme_numbers_are_accepted(void **state) {
  (void)state;
  static const size_t buffers[] = {1, SIZE_MAX / 2, SIZE_MAX - 2, CP_BUFFER_NONE, CP_BUFFER_UNLIMITED};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
    cp_options options = {.timeout_ms = UINT64_MAX,
                          .grace_ms = UINT64_MAX,
                          .drain_timeout_ms = UINT64_MAX,
                          .max_buffer_bytes = buffers[i],
                          .pipe_size_bytes = INT32_MAX,
                          .kill_signal = 64};
    cp_child *child;
    cp_result result;
    assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1", ""), &options), 0);
    cp_result_dispose(&result);
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), 0);
    run_loop();
    assert_int_equal(cp_child_exit_code(child), 0);
    cp_child_free(child);
    assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, NULL, &options), 0);
    run_loop();
    assert_int_equal(cp_child_exit_code(child), 0);
    cp_child_free(child);
  }
}

static void an_argument_of_a_megabyte_is_an_error_of_the_kernel_not_a_crash(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  enum { SIZE = 1 << 20 };
  event_log log;
  cp_options options = log_options(&log);
  char *big = malloc(SIZE + 1);
  assert_non_null(big);
  memset(big, 'x', SIZE);
  big[SIZE] = '\0';
  run_helper(&log, HELPER_ARGS("args", big), &options);
  assert_int_equal(log.error.code, UV_E2BIG);
  options = log_options(&log);
  options.argv0 = big;
  run_helper(&log, HELPER_ARGS("args"), &options);
  assert_int_equal(log.error.code, UV_E2BIG);
  cp_result result; /* as a name, a directory, a command */
  assert_int_equal(cp_spawn_sync(&result, big, NULL, NULL), UV_ENAMETOOLONG);
  assert_int_equal(strlen(result.error.path), sizeof result.error.path - 1);
  cp_result_dispose(&result);
  assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &(cp_options){.cwd = big}), UV_ENAMETOOLONG);
  assert_int_equal(result.error.stage, CP_STAGE_CHDIR);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_sync(&result, big, NULL), UV_E2BIG);
  cp_result_dispose(&result);
  cp_options files = {.stdio = CP_STDIO(CP_READ_FILE(big))};
  assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &files), UV_ENAMETOOLONG);
  assert_int_equal(result.error.stage, CP_STAGE_OPEN);
  cp_result_dispose(&result);
  free(big);
}

static void many_arguments_arrive(void **state) {
  (void)state;
  enum { COUNT = 5000 };
  static const char *args[COUNT + 2];
  args[0] = "args";
  for (int i = 1; i <= COUNT; i++) args[i] = "word";
  char *text = helper_output(args, NULL);
  assert_int_equal(count_lines(text, "[word]"), COUNT);
  free(text);
}

static void options_that_other_verbs_use_are_ignored(void **state) {
  (void)state;
  cp_result result;
  cp_abort *abort = cp_abort_new();
  cp_abort_trigger(abort);
  cp_options options = {.signal = abort, .windows_hide = true, .windows_verbatim_arguments = true, .detached = true};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("exit", "3"), &options), 0);
  assert_int_equal(result.exit.code, 3);
  cp_result_dispose(&result);
  cp_abort_free(abort);
}

static void the_callers_error_is_not_touched_when_the_call_succeeds(void **state) {
  (void)state;
  cp_error error = {.code = 12345, .message = "mine"};
  cp_child *child;
  cp_options options = {.error = &error};
  assert_int_equal(cp_spawn(&child, test_loop(), "/no/such", NULL, &options), 0);
  run_loop();
  cp_child_free(child);
  options.stdio = CP_STDIO(CP_READ_FILE("/no/such"));
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), 0);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), UV_ENOENT);
  cp_child_free(child);
  assert_int_equal(error.code, 12345);
  assert_string_equal(error.message, "mine");
}

static void a_disposed_result_can_be_disposed_again(void **state) {
  (void)state;
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("echo", "x"), NULL), 0);
  cp_result_dispose(&result);
  assert_null(result.output);
  cp_result_dispose(&result);
  cp_result_dispose(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_file_is_needed),
      TEST(a_loop_is_needed),
      TEST(a_result_is_needed),
      TEST(empty_strings_are_refused),
      TEST(environment_entries_need_a_name_and_a_value),
      TEST(positional_arguments_need_a_shell),
      TEST(bad_signals_are_refused),
      TEST(negative_and_huge_ids_are_refused),
      TEST(groups_must_be_there_and_given),
      TEST(nice_mask_and_limits_that_make_no_sense_are_refused),
      TEST(values_outside_an_enum_are_refused),
      TEST(a_negative_pipe_size_is_refused),
      TEST(input_that_is_not_there_is_refused),
      TEST(stdio_entries_must_be_there),
      TEST(too_many_stdio_entries_are_refused),
      TEST(the_full_number_of_stdio_entries_is_accepted),
      TEST(same_as_must_name_an_entry_of_its_own),
      TEST(fds_must_be_open),
      TEST(fds_of_the_call_itself_do_not_count_as_open),
      TEST(streams_must_be_open),
      TEST(files_need_a_path),
      TEST(there_is_one_channel_at_most),
      TEST(options_of_messages_are_checked),
      TEST(no_file_is_touched_for_options_that_are_refused),
      TEST(extreme_numbers_are_accepted),
      TEST(an_argument_of_a_megabyte_is_an_error_of_the_kernel_not_a_crash),
      TEST(many_arguments_arrive),
      TEST(options_that_other_verbs_use_are_ignored),
      TEST(the_callers_error_is_not_touched_when_the_call_succeeds),
      TEST(a_disposed_result_can_be_disposed_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
