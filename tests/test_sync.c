/* test_sync.c - the synchronous forms. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static cp_result result;

static int run(const char *const *args, const cp_options *options) {
  return cp_spawn_sync(&result, HELPER, args, options);
}

/* Reads `fd` to its end. */
static size_t read_all(int fd, char *text, size_t size) {
  size_t total = 0;
  for (ssize_t n; (n = read(fd, text + total, size - 1 - total)) > 0;) total += (size_t)n;
  text[total] = '\0';
  return total;
}

/* ---------------------------------------------------------------- results */

static void all_fields_of_a_success(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("write", "1", "to out", "--", "write", "2", "to err"), NULL), 0);
  assert_true(result.pid > 0);
  assert_int_equal(result.exit.code, 0);
  assert_int_equal(result.exit.signal, 0);
  assert_int_equal(result.exit.reason, CP_REASON_EXITED);
  assert_false(result.exit.core_dumped);
  assert_false(result.exit.stdio_timed_out);
  assert_true(result.exit.duration_us > 0);
  assert_int_equal(result.output_count, 3);
  assert_null(result.output[0].bytes);
  assert_string_equal(result.out.bytes, "to out");
  assert_int_equal(result.out.length, 6);
  assert_ptr_equal(result.out.bytes, result.output[1].bytes);
  assert_string_equal(result.err.bytes, "to err");
  assert_ptr_equal(result.err.bytes, result.output[2].bytes);
  assert_int_equal(result.error.code, 0);
  assert_int_equal(result.error.index, -1);
  assert_false(result.input_unread);
  cp_result_dispose(&result);
  assert_null(result.output);
  cp_result_dispose(&result);
  cp_result_dispose(NULL);
}

static void a_status_is_no_error_of_spawn_but_of_exec(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("exit", "7"), NULL), 0);
  assert_int_equal(result.exit.code, 7);
  assert_int_equal(result.error.code, 0);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_file_sync(&result, HELPER, HELPER_ARGS("exit", "7"), NULL), CP_EFAILED);
  assert_int_equal(result.exit.code, 7);
  assert_int_equal(result.error.code, CP_EFAILED);
  assert_non_null(strstr(result.error.message, "exit code 7"));
  cp_result_dispose(&result);
}

static void a_signal_is_no_error_of_spawn_but_of_exec(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("raise", "9"), NULL), 0);
  assert_int_equal(result.exit.signal, SIGKILL);
  assert_int_equal(result.exit.code, -1);
  assert_int_equal(result.exit.reason, CP_REASON_SIGNALLED);
  cp_result_dispose(&result);
  cp_error error;
  assert_int_equal(cp_exec_sync(&result, "kill -9 $$", &(cp_options){.error = &error}), CP_EFAILED);
  assert_int_equal(error.code, CP_EFAILED);
  assert_non_null(strstr(error.message, "SIGKILL"));
  cp_result_dispose(&result);
}

static void a_missing_program_is_an_error_and_nothing_is_left(void **state) {
  (void)state;
  cp_error error = {0};
  assert_int_equal(cp_spawn_sync(&result, "no-such-program", NULL, &(cp_options){.error = &error}), UV_ENOENT);
  assert_int_equal(result.pid, 0);
  assert_int_equal(result.exit.code, UV_ENOENT);
  assert_int_equal(result.exit.reason, CP_REASON_ERROR);
  assert_int_equal(result.error.code, UV_ENOENT);
  assert_int_equal(result.error.stage, CP_STAGE_EXEC);
  assert_int_equal(error.code, UV_ENOENT);
  assert_string_equal(result.out.bytes, "");
  cp_result_dispose(&result);
}

static void a_missing_cwd_is_an_error(void **state) {
  (void)state;
  assert_int_equal(cp_exec_sync(&result, "echo x", &(cp_options){.cwd = "/no/such"}), UV_ENOENT);
  assert_int_equal(result.error.stage, CP_STAGE_CHDIR);
  cp_result_dispose(&result);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  cp_error error;
  cp_options options = {.error = &error};
  assert_int_equal(cp_spawn_sync(NULL, HELPER, NULL, &options), UV_EINVAL);
  assert_int_equal(cp_exec_sync(NULL, "x", &options), UV_EINVAL);
  assert_int_equal(cp_spawn_sync(&result, NULL, NULL, &options), UV_EINVAL);
  assert_int_equal(result.error.code, UV_EINVAL);
  cp_result_dispose(&result);
  assert_int_equal(cp_exec_sync(&result, "", &options), UV_EINVAL);
  cp_result_dispose(&result);
  options.stdio = CP_STDIO(CP_FD(9999));
  assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &options), UV_EBADF);
  cp_result_dispose(&result);
}

static void utf8_repairs_the_output(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("hex", "1", "61ff62"), &(cp_options){.encoding = CP_ENCODING_UTF8}), 0);
  assert_string_equal(result.out.bytes,
                      "a\xef\xbf\xbd"
                      "b");
  cp_result_dispose(&result);
}

/* ---------------------------------------------------------------- input and output */

static void input_and_output_larger_than_the_pipes_do_not_deadlock(void **state) {
  (void)state;
  size_t size = 20000000;
  char *input = malloc(size);
  for (size_t i = 0; i < size; i++) input[i] = (char)(i * 31 % 251);
  cp_options options = {.input = input, .input_length = size, .max_buffer_bytes = CP_BUFFER_UNLIMITED};
  assert_int_equal(run(HELPER_ARGS("cat"), &options), 0);
  assert_int_equal(result.out.length, size);
  assert_memory_equal(result.out.bytes, input, size);
  assert_false(result.input_unread);
  cp_result_dispose(&result);
  free(input);
}

static void much_on_both_outputs_does_not_deadlock(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = CP_BUFFER_UNLIMITED};
  assert_int_equal(
      run(HELPER_ARGS("fill", "1", "5000000", "--", "fill", "2", "3000000", "--", "fill", "1", "26"), &options), 0);
  assert_int_equal(result.out.length, 5000026);
  assert_int_equal(result.err.length, 3000000);
  cp_result_dispose(&result);
}

static void without_input_stdin_is_empty(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("count"), NULL), 0);
  assert_string_equal(result.out.bytes, "0\n");
  cp_result_dispose(&result);
  assert_int_equal(run(HELPER_ARGS("count"), &(cp_options){.input = "", .input_length = 0}), 0);
  assert_string_equal(result.out.bytes, "0\n");
  cp_result_dispose(&result);
}

static void input_overrides_the_first_entry(void **state) {
  (void)state;
  cp_options options = {.input = "abc", .input_length = 3, .stdio = CP_STDIO(CP_IGNORE, CP_PIPE)};
  assert_int_equal(run(HELPER_ARGS("cat"), &options), 0);
  assert_string_equal(result.out.bytes, "abc");
  cp_result_dispose(&result);
}

static void unread_input_is_no_error_but_told(void **state) {
  (void)state;
  size_t size = 1000000;
  char *input = calloc(1, size);
  cp_options options = {.input = input, .input_length = size};
  for (int i = 0; i < 20; i++) {
    assert_int_equal(run(HELPER_ARGS("exit", "0"), &options), 0);
    assert_true(result.input_unread);
    cp_result_dispose(&result);
  }
  assert_int_equal(run(HELPER_ARGS("close", "0", "--", "fill", "1", "300000"), &options), 0);
  assert_true(result.input_unread);
  assert_int_equal(result.out.length, 300000);
  cp_result_dispose(&result);
  free(input);
}

static void no_sigpipe_comes_of_unread_input(void **state) {
  (void)state;
  struct sigaction old, dfl = {.sa_handler = SIG_DFL};
  sigaction(SIGPIPE, &dfl, &old);
  unread_input_is_no_error_but_told(state);
  sigaction(SIGPIPE, &old, NULL);
}

static void extra_pipes_are_captured_and_the_rest_is_not(void **state) {
  (void)state;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_IGNORE, CP_PIPE, CP_PIPE, CP_IGNORE, CP_PIPE)};
  const char *const *args =
      HELPER_ARGS("write", "3", "three", "--", "fill", "5", "300000", "--", "count", "3", "--", "write", "2", "e");
  assert_int_equal(run(args, &options), 0);
  assert_int_equal(result.output_count, 6);
  assert_null(result.output[0].bytes);
  assert_null(result.output[1].bytes);
  assert_string_equal(result.out.bytes, "");
  assert_string_equal(result.err.bytes, "e");
  assert_string_equal(result.output[3].bytes, "three");
  assert_null(result.output[4].bytes);
  assert_int_equal(result.output[5].length, 300000);
  cp_result_dispose(&result);
}

static void a_two_way_stdin_is_captured(void **state) {
  (void)state;
  for (int i = 0; i < 20; i++) {
    cp_options options = {.stdio = CP_STDIO(CP_OVERLAPPED, CP_PIPE, CP_PIPE)};
    assert_int_equal(run(HELPER_ARGS("count", "--", "write", "0", "back"), &options), 0);
    assert_string_equal(result.output[0].bytes, "back");
    cp_result_dispose(&result);
  }
}

enum { ALL_FDS = 64 };

/* poll(2) takes no more entries than there may be fds. */
static void use_all_fds(void *data) {
  (void)data;
  struct rlimit fds = {ALL_FDS, ALL_FDS}, cpu = {2, 2};
  cp_stdio entries[ALL_FDS];
  for (int i = 0; i < ALL_FDS; i++) entries[i] = CP_DEFAULT;
  cp_options options = {.stdio = {entries, ALL_FDS}};
  CHECK(setrlimit(RLIMIT_NOFILE, &fds) == 0);
  CHECK(setrlimit(RLIMIT_CPU, &cpu) == 0); /* it has to wait, not to spin */
  CHECK(run(HELPER_ARGS("write", "1", "out", "--", "write", "2", "err"), &options) == 0);
  CHECK(result.output_count == ALL_FDS);
  CHECK(strcmp(result.out.bytes, "out") == 0 && strcmp(result.err.bytes, "err") == 0);
  cp_result_dispose(&result);
}

static void as_many_entries_as_there_may_be_fds_work(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  apart(use_all_fds, NULL);
}

/* ---------------------------------------------------------------- time */

static void a_timeout_reports_the_output_so_far_and_the_real_exit(void **state) {
  (void)state;
  cp_options options = {.timeout_ms = ENOUGH_MS};
  assert_int_equal(run(HELPER_ARGS("write", "1", "so far", "--", "pause"), &options), CP_ETIMEDOUT);
  assert_int_equal(result.exit.reason, CP_REASON_TIMEOUT);
  assert_int_equal(result.exit.signal, SIGTERM);
  assert_string_equal(result.out.bytes, "so far");
  assert_int_equal(result.error.code, CP_ETIMEDOUT);
  cp_result_dispose(&result);
  assert_int_equal(run(HELPER_ARGS("trap", "15", "--", "pause"), &options), CP_ETIMEDOUT);
  assert_int_equal(result.exit.code, 9);
  assert_string_equal(result.out.bytes, "signal 15\n");
  cp_result_dispose(&result);
}

static void a_child_that_ignores_the_signal_is_killed_after_the_grace(void **state) {
  (void)state;
  cp_options options = {.timeout_ms = ENOUGH_MS, .grace_ms = 30};
  assert_int_equal(run(HELPER_ARGS("ignore", "15", "--", "write", "1", "x", "--", "pause"), &options), CP_ETIMEDOUT);
  assert_int_equal(result.exit.signal, SIGKILL);
  assert_int_equal(result.exit.reason, CP_REASON_TIMEOUT);
  assert_true(result.exit.duration_us >= (ENOUGH_MS + 29) * 1000);
  cp_result_dispose(&result);
}

static void without_grace_a_child_that_ignores_the_signal_is_waited_for(void **state) {
  (void)state;
  char later[16];
  (void)snprintf(later, sizeof later, "%d", ENOUGH_MS * 2);
  cp_options options = {.timeout_ms = ENOUGH_MS};
  const char *const *args = HELPER_ARGS("ignore", "15", "--", "ignore", "13", "--", "sleep", later, "--", "exit", "6");
  assert_int_equal(run(args, &options), CP_ETIMEDOUT);
  assert_int_equal(result.exit.code, 6);
  cp_result_dispose(&result);
}

/* It has closed all its pipes: only the process is waited for. */
static void a_timeout_comes_though_all_pipes_are_closed(void **state) {
  (void)state;
  cp_options options = {.timeout_ms = ENOUGH_MS};
  assert_int_equal(run(HELPER_ARGS("close", "0", "--", "close", "1", "--", "close", "2", "--", "pause"), &options),
                   CP_ETIMEDOUT);
  assert_int_equal(result.exit.signal, SIGTERM);
  cp_result_dispose(&result);
}

static void a_child_in_time_does_not_wait_for_the_deadline(void **state) {
  (void)state;
  cp_options options = {.timeout_ms = 50000, .grace_ms = 50000, .drain_timeout_ms = 50000};
  assert_int_equal(run(HELPER_ARGS("echo", "x"), &options), 0);
  cp_result_dispose(&result);
  options = (cp_options){.timeout_ms = UINT64_MAX, .grace_ms = UINT64_MAX, .drain_timeout_ms = UINT64_MAX};
  assert_int_equal(run(HELPER_ARGS("echo", "x"), &options), 0);
  cp_result_dispose(&result);
}

/* 'R' running, 'T' stopped, 'Z' ended: what /proc says. */
static char state_of(int pid) {
  char path[32], text[256] = "";
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  (void)read_all(fd, text, sizeof text);
  close(fd);
  char *end = strrchr(text, ')'); /* of the name */
  return end != NULL && end[1] == ' ' ? end[2] : '?';
}

static void wait_for_state(int pid, char wanted) {
  while (state_of(pid) != wanted) (void)poll(NULL, 0, 1);
}

/* Stops `parent` from the moment when its child has told its pid until that has ended and the timeout has passed. */
static void stop_until_late(int parent, int from_child, int to_child) {
  char text[64] = "";
  CHECK(read(from_child, text, sizeof text - 1) > 0);
  int child = (int)strtol(text + 4, NULL, 10); /* "pid=123 ..." */
  uint64_t late = now_ms() + ENOUGH_MS;
  CHECK(kill(parent, SIGSTOP) == 0);
  wait_for_state(parent, 'T');
  CHECK(write(to_child, "x", 1) == 1);
  wait_for_state(child, 'Z');
  while (now_ms() <= late) (void)poll(NULL, 0, 10);
}

static void be_late(void *data) {
  (void)data;
  int there[2], back[2];
  CHECK(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
  int self = (int)getpid(), watcher = (int)fork();
  CHECK(watcher >= 0);
  if (watcher == 0) {
    stop_until_late(self, back[0], there[1]);
    _exit(kill(self, SIGCONT));
  }
  cp_options options = {.stdio = CP_STDIO(CP_FD(there[0]), CP_FD(back[1]), CP_PIPE), .timeout_ms = ENOUGH_MS};
  const char *const *args = HELPER_ARGS("tree", "--", "read", "1", "--", "write", "2", "in time");
  CHECK(run(args, &options) == 0);
  CHECK(waitpid(watcher, NULL, 0) == watcher);
  CHECK(result.exit.code == 0 && result.exit.reason == CP_REASON_EXITED);
  CHECK(result.exit.duration_us >= ENOUGH_MS * 1000); /* it was late indeed */
  CHECK(strcmp(result.err.bytes, "in time") == 0);
  cp_result_dispose(&result);
}

static void a_child_that_ended_in_time_is_no_timeout_for_a_parent_that_comes_late(void **state) {
  (void)state;
  apart(be_late, NULL);
}

static void output_without_end_does_not_outrun_the_timeout(void **state) {
  (void)state;
  cp_options options = {.timeout_ms = ENOUGH_MS, .max_buffer_bytes = 100, .overflow = CP_OVERFLOW_TRUNCATE};
  assert_int_equal(run(HELPER_ARGS("fill", "1", "1000000000000"), &options), CP_ETIMEDOUT);
  assert_int_equal(result.out.length, 100);
  cp_result_dispose(&result);
}

/* ---------------------------------------------------------------- grandchildren */

static void a_grandchild_that_holds_the_pipe_is_waited_for(void **state) {
  (void)state;
  assert_int_equal(run(HELPER_ARGS("fork", "sleep", "100", "--", "exit", "2"), NULL), 0);
  assert_true(result.exit.duration_us < 5000000);
  assert_int_equal(result.exit.code, 2);
  cp_result_dispose(&result);
}

static void run_held(cp_options options, int expected, cp_reason reason, bool timed_out) {
  int hold[2];
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  options.stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE);
  assert_int_equal(run(HELPER_ARGS("fork", "cat", "--", "write", "1", "early"), &options), expected);
  assert_string_equal(result.out.bytes, "early");
  assert_int_equal(result.exit.code, 0);
  assert_int_equal(result.exit.reason, reason);
  assert_int_equal(result.exit.stdio_timed_out, timed_out);
  cp_result_dispose(&result);
  close(hold[0]);
  close(hold[1]);
}

static void the_drain_timeout_ends_the_waiting_for_it(void **state) {
  (void)state;
  run_held((cp_options){.drain_timeout_ms = 20}, 0, CP_REASON_EXITED, true);
}

/* As Node's spawnSync(). */
static void the_timeout_ends_the_waiting_for_it_and_is_an_error(void **state) {
  (void)state;
  run_held((cp_options){.timeout_ms = ENOUGH_MS}, CP_ETIMEDOUT, CP_REASON_TIMEOUT, false);
}

static void the_earlier_of_both_deadlines_counts(void **state) {
  (void)state;
  run_held((cp_options){.timeout_ms = 50000, .drain_timeout_ms = 20}, 0, CP_REASON_EXITED, true);
  run_held((cp_options){.timeout_ms = ENOUGH_MS, .drain_timeout_ms = 50000}, CP_ETIMEDOUT, CP_REASON_TIMEOUT, false);
}

/* ---------------------------------------------------------------- stderr is passed on */

/* What cp_exec_sync() writes to this process's stderr. */
typedef struct passing {
  const char *command;
  const cp_options *options;
  const char *expected;
  size_t expected_length;
} passing;

static void check_passing(void *data) {
  passing *p = data;
  int fds[2];
  CHECK(pipe2(fds, O_CLOEXEC) == 0);
  CHECK(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
  int old = dup(2);
  CHECK(dup2(fds[1], 2) == 2);
  (void)cp_exec_sync(&result, p->command, p->options);
  CHECK(dup2(old, 2) == 2);
  close(fds[1]);
  static char text[1 << 20];
  size_t length = read_all(fds[0], text, sizeof text);
  if (p->expected != NULL) CHECK(strcmp(text, p->expected) == 0);
  if (p->expected == NULL) CHECK(length == p->expected_length);
  if (p->expected == NULL) CHECK(result.err.length == p->expected_length);
}

static void assert_passed(const char *command, const cp_options *options, const char *expected) {
  passing p = {command, options, expected, 0};
  apart(check_passing, &p);
}

static void exec_sync_passes_stderr_on(void **state) {
  (void)state;
  assert_passed("echo out; echo err >&2", NULL, "err\n");
  assert_passed("echo err >&2; exit 3", NULL, "err\n");
  assert_passed("echo err >&2; exit 3", &(cp_options){.cwd = "/"}, "err\n");
}

static void exec_sync_with_stdio_does_not_pass_stderr_on(void **state) {
  (void)state;
  assert_passed("echo err >&2", &(cp_options){.stdio = CP_ALL_PIPE}, "");
}

static void all_of_a_long_stderr_is_passed_on(void **state) {
  (void)state;
  passing p = {"head -c 900000 /dev/zero >&2", NULL, NULL, 900000};
  apart(check_passing, &p);
}

static void check_without_stderr(void *data) {
  (void)data;
  int old = dup(2);
  close(2);
  int rc = cp_exec_sync(&result, "echo out; echo err >&2", NULL);
  dup2(old, 2);
  CHECK(rc == 0);
  CHECK(strcmp(result.err.bytes, "err\n") == 0);
}

static void exec_sync_works_without_a_stderr_of_its_own(void **state) {
  (void)state;
  apart(check_without_stderr, NULL);
}

/* ---------------------------------------------------------------- threads */

enum { THREADS = 8, ROUNDS = 25 };

static void *run_in_thread(void *data) {
  intptr_t id = (intptr_t)data, failures = 0;
  for (int i = 0; i < ROUNDS; i++) {
    cp_result mine;
    char text[32];
    (void)snprintf(text, sizeof text, "%d-%d", (int)id, i);
    const char *const args[] = {"cat", "--", "write", "2", text, NULL};
    cp_options options = {.input = text, .input_length = strlen(text)};
    failures += cp_spawn_sync(&mine, HELPER, args, &options) != 0;
    failures += strcmp(mine.out.bytes, text) != 0;
    failures += strcmp(mine.err.bytes, text) != 0;
    cp_result_dispose(&mine);
  }
  return (void *)failures;
}

static void many_threads_may_call_it_at_once(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  for (intptr_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, (void *)i), 0);
  for (int i = 0; i < THREADS; i++) {
    void *failures;
    assert_int_equal(pthread_join(threads[i], &failures), 0);
    assert_null(failures);
  }
}

/* For programs that hand output on to somebody else without a copy. */
static void output_can_be_taken_out_of_a_result(void **state) {
  (void)state;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1", "out", "--", "write", "2", "err"), NULL),
                   0);
  char *bytes = result.output[1].bytes;
  size_t length = result.output[1].length;
  result.output[1].bytes = NULL;
  cp_result_dispose(&result);
  assert_null(result.output);
  assert_int_equal(length, 3);
  assert_string_equal(bytes, "out");
  cp_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(all_fields_of_a_success),
      TEST(a_status_is_no_error_of_spawn_but_of_exec),
      TEST(a_signal_is_no_error_of_spawn_but_of_exec),
      TEST(a_missing_program_is_an_error_and_nothing_is_left),
      TEST(a_missing_cwd_is_an_error),
      TEST(nonsense_is_refused),
      TEST(utf8_repairs_the_output),
      TEST(input_and_output_larger_than_the_pipes_do_not_deadlock),
      TEST(much_on_both_outputs_does_not_deadlock),
      TEST(without_input_stdin_is_empty),
      TEST(input_overrides_the_first_entry),
      TEST(unread_input_is_no_error_but_told),
      TEST(no_sigpipe_comes_of_unread_input),
      TEST(extra_pipes_are_captured_and_the_rest_is_not),
      TEST(a_two_way_stdin_is_captured),
      TEST(as_many_entries_as_there_may_be_fds_work),
      TEST(a_timeout_reports_the_output_so_far_and_the_real_exit),
      TEST(a_child_that_ignores_the_signal_is_killed_after_the_grace),
      TEST(without_grace_a_child_that_ignores_the_signal_is_waited_for),
      TEST(a_timeout_comes_though_all_pipes_are_closed),
      TEST(a_child_in_time_does_not_wait_for_the_deadline),
      TEST(a_child_that_ended_in_time_is_no_timeout_for_a_parent_that_comes_late),
      TEST(output_without_end_does_not_outrun_the_timeout),
      TEST(a_grandchild_that_holds_the_pipe_is_waited_for),
      TEST(the_drain_timeout_ends_the_waiting_for_it),
      TEST(the_timeout_ends_the_waiting_for_it_and_is_an_error),
      TEST(the_earlier_of_both_deadlines_counts),
      TEST(exec_sync_passes_stderr_on),
      TEST(exec_sync_with_stdio_does_not_pass_stderr_on),
      TEST(all_of_a_long_stderr_is_passed_on),
      TEST(exec_sync_works_without_a_stderr_of_its_own),
      TEST(many_threads_may_call_it_at_once),
      TEST(output_can_be_taken_out_of_a_result),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
