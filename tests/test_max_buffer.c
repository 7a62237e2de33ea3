/* test_max_buffer.c - options.max_buffer_bytes and options.overflow, of spawn, exec and the sync forms. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

/* The result of exec, kept beyond on_result. */
typedef struct outcome {
  int count;
  cp_error error;
  cp_exit exit;
  char out[8192], err[8192];
  size_t out_length, err_length;
  uint64_t out_dropped, err_dropped;
  size_t tee;
} outcome;

static void keep(char *to, size_t size, const cp_bytes *from) {
  memcpy(to, from->bytes, from->length < size ? from->length + 1 : size);
  assert_int_equal(from->bytes[from->length], '\0');
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  outcome *o = data;
  (void)child;
  o->count++;
  assert_int_equal(error != NULL, result->error.code != 0);
  o->error = result->error;
  o->exit = result->exit;
  o->out_length = result->out.length;
  o->err_length = result->err.length;
  o->out_dropped = result->out.dropped;
  o->err_dropped = result->err.dropped;
  keep(o->out, sizeof o->out, &result->out);
  keep(o->err, sizeof o->err, &result->err);
}

static void on_tee(cp_child *child, const char *bytes, size_t length, void *data) {
  outcome *o = data;
  (void)child;
  (void)bytes;
  o->tee += length;
}

static outcome *run_exec(const char *const *args, const cp_options *base) {
  static outcome o;
  cp_options options = *base;
  memset(&o, 0, sizeof o);
  options.on_result = on_result;
  options.data = &o;
  assert_int_equal(cp_exec_file(NULL, test_loop(), HELPER, args, &options), 0);
  run_loop();
  assert_int_equal(o.count, 1);
  return &o;
}

/* ---------------------------------------------------------------- exec */

static void exactly_the_limit_is_fine(void **state) {
  (void)state;
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1000"), &(cp_options){.max_buffer_bytes = 1000});
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_length, 1000);
  assert_int_equal(o->out_dropped, 0);
}

static void one_byte_more_is_too_much(void **state) {
  (void)state;
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1001", "--", "pause"), &(cp_options){.max_buffer_bytes = 1000});
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_int_equal(o->exit.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(o->exit.signal, SIGTERM);
  assert_int_equal(o->out_length, 1000);
  assert_memory_equal(o->out, "abcdef", 6);
  assert_true(o->out_dropped >= 1);
}

static void the_limit_is_per_stream(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 1000};
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1000", "--", "fill", "2", "1000"), &options);
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_length, 1000);
  assert_int_equal(o->err_length, 1000);
  o = run_exec(HELPER_ARGS("fill", "2", "1001", "--", "pause"), &options);
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_int_equal(o->err_length, 1000);
}

static void the_default_is_one_mebibyte(void **state) {
  (void)state;
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1048576"), &(cp_options){0});
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_length, 1048576);
  o = run_exec(HELPER_ARGS("fill", "1", "1048577", "--", "pause"), &(cp_options){0});
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_int_equal(o->out_length, 1048576);
}

static void unlimited_has_no_limit(void **state) {
  (void)state;
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "5000000"), &(cp_options){.max_buffer_bytes = CP_BUFFER_UNLIMITED});
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_length, 5000000);
}

static void none_allows_no_output_at_all(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = CP_BUFFER_NONE};
  outcome *o = run_exec(HELPER_ARGS("exit", "0"), &options);
  assert_int_equal(o->error.code, 0);
  o = run_exec(HELPER_ARGS("write", "2", "x", "--", "pause"), &options);
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_int_equal(o->err_length, 0);
  assert_string_equal(o->err, "");
}

static void the_kill_signal_is_used(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 10, .kill_signal = SIGKILL};
  outcome *o =
      run_exec(HELPER_ARGS("ignore", "15", "--", "ignore", "13", "--", "fill", "1", "11", "--", "pause"), &options);
  assert_int_equal(o->exit.signal, SIGKILL);
}

static void after_the_grace_comes_sigkill(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 10, .grace_ms = 20};
  outcome *o =
      run_exec(HELPER_ARGS("ignore", "15", "--", "ignore", "13", "--", "fill", "1", "11", "--", "pause"), &options);
  assert_int_equal(o->exit.signal, SIGKILL);
  assert_int_equal(o->exit.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
}

/* Everything is in the pipe already when the parent looks, and the process has ended. */
static void an_overflow_noticed_after_the_exit_is_one(void **state) {
  (void)state;
  static outcome o;
  siginfo_t info;
  cp_child *child;
  memset(&o, 0, sizeof o);
  cp_options options = {.max_buffer_bytes = 1000, .on_result = on_result, .data = &o};
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, HELPER_ARGS("fill", "1", "50000"), &options), 0);
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
  run_loop();
  assert_int_equal(o.error.code, CP_EMAXBUFFER);
  assert_int_equal(o.exit.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(o.exit.code, 0);
  assert_int_equal(o.out_length, 1000);
  cp_child_free(child);
}

static void truncate_keeps_the_beginning_and_is_no_error(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 26, .overflow = CP_OVERFLOW_TRUNCATE, .on_stdout = on_tee};
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1000000"), &options);
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->exit.reason, CP_REASON_EXITED);
  assert_string_equal(o->out, "abcdefghijklmnopqrstuvwxyz");
  assert_int_equal(o->out_dropped, 1000000 - 26);
  assert_int_equal(o->tee, 1000000);
}

static void keep_tail_keeps_the_end_and_is_no_error(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 10, .overflow = CP_OVERFLOW_KEEP_TAIL, .on_stdout = on_tee};
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "26000"), &options);
  assert_int_equal(o->error.code, 0);
  assert_string_equal(o->out, "qrstuvwxyz");
  assert_int_equal(o->out_dropped, 26000 - 10);
  assert_int_equal(o->tee, 26000);
  for (int length = 1; length < 40; length++) { /* the ring at each of its positions */
    char text[16];
    (void)snprintf(text, sizeof text, "%d", length);
    o = run_exec(HELPER_ARGS("fill", "1", text), &options);
    for (size_t i = 0; i < o->out_length; i++)
      assert_int_equal(o->out[i], 'a' + (length - (int)o->out_length + (int)i) % 26);
    assert_int_equal(o->out_length, length < 10 ? length : 10);
    assert_int_equal(o->out_dropped, length < 10 ? 0 : length - 10);
  }
}

static void keep_tail_and_truncate_of_nothing_keep_nothing(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = CP_BUFFER_NONE, .overflow = CP_OVERFLOW_KEEP_TAIL};
  outcome *o = run_exec(HELPER_ARGS("fill", "1", "1000"), &options);
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_length, 0);
  assert_int_equal(o->out_dropped, 1000);
  options.overflow = CP_OVERFLOW_TRUNCATE;
  o = run_exec(HELPER_ARGS("fill", "1", "1000"), &options);
  assert_int_equal(o->error.code, 0);
  assert_int_equal(o->out_dropped, 1000);
}

static void note_tee_at_exit(cp_child *child, const cp_exit *exit, void *data) {
  outcome *o = data;
  (void)child;
  (void)exit;
  o->err_dropped = o->tee; /* kept aside */
}

/* Small reads into the ring must not leave output behind that was written before the exit. */
static void with_a_small_tail_all_output_comes_before_on_exit(void **state) {
  (void)state;
  static outcome o;
  memset(&o, 0, sizeof o);
  cp_options options = {.max_buffer_bytes = 10,
                        .overflow = CP_OVERFLOW_KEEP_TAIL,
                        .on_stdout = on_tee,
                        .on_exit = note_tee_at_exit,
                        .data = &o};
  siginfo_t info;
  cp_child *child;
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, HELPER_ARGS("fill", "1", "60000"), &options), 0);
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
  run_loop();
  assert_int_equal(o.err_dropped, 60000);
  cp_child_free(child);
}

/* "U+4E2D U+6587 U+6D4B U+8BD5": 4 characters, 12 bytes, and a newline. The limit counts bytes. */
#define CHINESE "\xe4\xb8\xad\xe6\x96\x87\xe6\xb5\x8b\xe8\xaf\x95"

static void the_limit_counts_bytes_not_characters(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 13};
  outcome *o = run_exec(HELPER_ARGS("echo", CHINESE), &options);
  assert_int_equal(o->error.code, 0);
  assert_string_equal(o->out, CHINESE "\n");
  options.max_buffer_bytes = 12;
  o = run_exec(HELPER_ARGS("echo", CHINESE), &options);
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_string_equal(o->out, CHINESE);
}

static void with_utf8_a_character_that_the_limit_cuts_is_left_out(void **state) {
  (void)state;
  cp_options options = {.max_buffer_bytes = 4, .encoding = CP_ENCODING_UTF8};
  outcome *o = run_exec(HELPER_ARGS("write", "1", CHINESE), &options);
  assert_int_equal(o->error.code, CP_EMAXBUFFER);
  assert_string_equal(o->out, "\xe4\xb8\xad");
  options.overflow = CP_OVERFLOW_KEEP_TAIL;
  o = run_exec(HELPER_ARGS("write", "1", CHINESE), &options);
  assert_int_equal(o->error.code, 0);
  assert_string_equal(o->out, "\xe8\xaf\x95");
}

/* ---------------------------------------------------------------- spawn */

static void spawn_delivers_up_to_the_limit_and_kills(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.max_buffer_bytes = 100;
  run_helper(&log, HELPER_ARGS("fill", "1", "101", "--", "pause"), &options);
  assert_int_equal(log.out_length, 100);
  assert_string_equal(log.text, "spawn out exit:SIGTERM close:SIGTERM");
  assert_int_equal(log.exit.reason, CP_REASON_MAX_BUFFER);
}

static void spawn_allows_exactly_the_limit_on_each_stream(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.max_buffer_bytes = 100;
  run_helper(&log, HELPER_ARGS("fill", "1", "100", "--", "fill", "2", "100"), &options);
  assert_int_equal(log.out_length, 100);
  assert_int_equal(log.err_length, 100);
  assert_int_equal(log.exit.reason, CP_REASON_EXITED);
}

static void spawn_has_no_limit_by_default(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("fill", "1", "3000000"), &options);
  assert_int_equal(log.out_length, 3000000);
}

static void spawn_with_none_allows_nothing(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.max_buffer_bytes = CP_BUFFER_NONE;
  run_helper(&log, HELPER_ARGS("write", "1", "x", "--", "pause"), &options);
  assert_int_equal(log.out_length, 0);
  assert_int_equal(log.exit.reason, CP_REASON_MAX_BUFFER);
}

static void spawn_tells_an_overflow_after_the_exit_in_the_close(void **state) {
  (void)state;
  event_log log;
  siginfo_t info;
  cp_child *child;
  cp_options options = log_options(&log);
  options.max_buffer_bytes = 100;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("fill", "1", "5000"), &options), 0);
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
  run_loop();
  assert_int_equal(log.out_length, 100);
  assert_int_equal(log.close.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(log.close.code, 0);
  cp_child_free(child);
}

/* Nobody reads stderr: what it left there is dropped at the exit. A grandchild still has something to say on stdout. */
static void unread_output_that_is_dropped_after_the_exit_does_not_count(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  int hold[2];
  cp_options options = log_options(&log);
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  options.stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE);
  options.on_stderr = NULL;
  options.max_buffer_bytes = 1000;
  const char *const *args = HELPER_ARGS("fork", "cat", "--", "fill", "2", "5000", "--", "exit", "3");
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, &options), 0);
  close(hold[0]);
  run_until(&log.exited);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(write(hold[1], "late", 4), 4);
  close(hold[1]);
  run_loop();
  assert_string_equal(log.text, "spawn exit:3 out close:3");
  assert_string_equal(log.out, "late");
  assert_int_equal(log.close.reason, CP_REASON_EXITED);
  cp_child_free(child);
}

static void spawn_refuses_overflow_policies_for_what_it_does_not_capture(void **state) {
  (void)state;
  static const cp_overflow policies[] = {CP_OVERFLOW_TRUNCATE, CP_OVERFLOW_KEEP_TAIL, CP_OVERFLOW_KILL_TOTAL};
  for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
    cp_error error;
    cp_child *child;
    cp_options options = {.max_buffer_bytes = 10, .overflow = policies[i], .error = &error};
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), UV_EINVAL);
    assert_int_equal(error.code, UV_EINVAL);
    assert_int_equal(error.stage, CP_STAGE_OPTIONS);
    assert_non_null(strstr(error.message, "options.overflow"));
  }
}

/* ---------------------------------------------------------------- sync */

static void sync_keeps_the_limit_too(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.max_buffer_bytes = 1000};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fill", "1", "1000"), &options), 0);
  assert_int_equal(result.out.length, 1000);
  cp_result_dispose(&result);
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fill", "1", "1001", "--", "pause"), &options),
                   CP_EMAXBUFFER);
  assert_int_equal(result.out.length, 1000);
  assert_int_equal(result.exit.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(result.exit.signal, SIGTERM);
  assert_int_equal(result.error.code, CP_EMAXBUFFER);
  cp_result_dispose(&result);
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fill", "1", "1048577", "--", "pause"), NULL),
                   CP_EMAXBUFFER);
  assert_int_equal(result.out.length, 1048576);
  cp_result_dispose(&result);
  options = (cp_options){.max_buffer_bytes = 26, .overflow = CP_OVERFLOW_TRUNCATE};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fill", "1", "3000000"), &options), 0);
  assert_string_equal(result.out.bytes, "abcdefghijklmnopqrstuvwxyz");
  assert_int_equal(result.out.dropped, 3000000 - 26);
  cp_result_dispose(&result);
  options.overflow = CP_OVERFLOW_KEEP_TAIL;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fill", "1", "26027"), &options), 0);
  assert_string_equal(result.out.bytes, "bcdefghijklmnopqrstuvwxyza");
  cp_result_dispose(&result);
}

/* The first reason counts, as in the other forms. */
static void in_sync_an_overflow_stays_the_reason_when_the_timeout_comes_later(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.max_buffer_bytes = 10, .timeout_ms = ENOUGH_MS, .grace_ms = ENOUGH_MS * 2};
  const char *const *args = HELPER_ARGS("ignore", "15", "--", "ignore", "13", "--", "fill", "1", "11", "--", "pause");
  assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), CP_EMAXBUFFER);
  assert_int_equal(result.exit.signal, SIGKILL);
  cp_result_dispose(&result);
}

/* ---------------------------------------------------------------- one limit of all streams together */

static int run_total(cp_result *result, size_t limit, const char *const *args) {
  cp_options options = {.max_buffer_bytes = limit, .overflow = CP_OVERFLOW_KILL_TOTAL};
  options.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_PIPE);
  return cp_spawn_sync(result, HELPER, args, &options);
}

static void the_total_may_be_exactly_the_limit(void **state) {
  (void)state;
  cp_result result;
  const char *const *args = HELPER_ARGS("fill", "1", "500", "--", "fill", "2", "300", "--", "fill", "3", "200");
  assert_int_equal(run_total(&result, 1000, args), 0);
  assert_int_equal(result.exit.reason, CP_REASON_EXITED);
  assert_int_equal(result.out.length, 500);
  assert_int_equal(result.err.length, 300);
  assert_int_equal(result.output[3].length, 200);
  cp_result_dispose(&result);
}

/* No stream alone is beyond it. The second comes when the first has been read. */
static void one_byte_more_than_the_total_is_too_much_and_all_of_it_is_kept(void **state) {
  (void)state;
  cp_result result;
  const char *const *args =
      HELPER_ARGS("fill", "1", "500", "--", "fill", "2", "300", "--", "fill", "3", "201", "--", "pause");
  assert_int_equal(run_total(&result, 1000, args), CP_EMAXBUFFER);
  assert_int_equal(result.error.code, CP_EMAXBUFFER);
  assert_int_equal(result.exit.reason, CP_REASON_MAX_BUFFER);
  assert_int_equal(result.exit.signal, SIGTERM);
  assert_int_equal(result.out.length, 500);
  assert_int_equal(result.err.length, 300);
  assert_int_equal(result.output[3].length, 201);
  assert_memory_equal(result.output[3].bytes, "abcdef", 6);
  assert_int_equal(result.out.dropped + result.err.dropped + result.output[3].dropped, 0);
  cp_result_dispose(&result);
}

/* What is beyond the limit is what one read brought. The streams are closed: the child cannot go on. */
static void a_flood_is_ended_soon_behind_the_total(void **state) {
  (void)state;
  enum { LIMIT = 300000, ONE_READ = 65536 };
  cp_result result;
  const char *const *args = HELPER_ARGS("ignore", "15", "--", "fill", "1", "100000000");
  assert_int_equal(run_total(&result, LIMIT, args), CP_EMAXBUFFER);
  assert_int_equal(result.exit.signal, SIGPIPE);
  assert_true(result.out.length > LIMIT);
  assert_true(result.out.length <= LIMIT + ONE_READ);
  cp_result_dispose(&result);
}

static void a_total_found_after_the_exit_counts_too(void **state) {
  (void)state;
  cp_result result;
  assert_int_equal(run_total(&result, 1, HELPER_ARGS("write", "1", "this is all")), CP_EMAXBUFFER);
  assert_string_equal(result.out.bytes, "this is all");
  assert_int_equal(result.exit.reason, CP_REASON_MAX_BUFFER);
  cp_result_dispose(&result);
}

static void the_total_has_the_same_special_limits(void **state) {
  (void)state;
  cp_result result;
  assert_int_equal(run_total(&result, CP_BUFFER_UNLIMITED, HELPER_ARGS("fill", "1", "3000000")), 0);
  assert_int_equal(result.out.length, 3000000);
  cp_result_dispose(&result);
  assert_int_equal(run_total(&result, 0, HELPER_ARGS("fill", "1", "1048576")), 0);
  assert_int_equal(result.out.length, 1048576);
  cp_result_dispose(&result);
  assert_int_equal(run_total(&result, 0, HELPER_ARGS("fill", "1", "1048576", "--", "write", "2", "x", "--", "pause")),
                   CP_EMAXBUFFER);
  assert_int_equal(result.out.length, 1048576);
  assert_string_equal(result.err.bytes, "x");
  cp_result_dispose(&result);
  assert_int_equal(run_total(&result, CP_BUFFER_NONE, HELPER_ARGS("exit", "0")), 0);
  cp_result_dispose(&result);
  assert_int_equal(run_total(&result, CP_BUFFER_NONE, HELPER_ARGS("write", "2", "x", "--", "pause")), CP_EMAXBUFFER);
  assert_string_equal(result.err.bytes, "x");
  cp_result_dispose(&result);
}

static void exec_has_no_total(void **state) {
  (void)state;
  cp_error error = {0};
  cp_child *child;
  cp_options options = {.overflow = CP_OVERFLOW_KILL_TOTAL, .error = &error};
  assert_int_equal(cp_exec_file(&child, test_loop(), HELPER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "options.overflow"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(exactly_the_limit_is_fine),
      TEST(one_byte_more_is_too_much),
      TEST(the_limit_is_per_stream),
      TEST(the_default_is_one_mebibyte),
      TEST(unlimited_has_no_limit),
      TEST(none_allows_no_output_at_all),
      TEST(the_kill_signal_is_used),
      TEST(after_the_grace_comes_sigkill),
      TEST(an_overflow_noticed_after_the_exit_is_one),
      TEST(truncate_keeps_the_beginning_and_is_no_error),
      TEST(keep_tail_keeps_the_end_and_is_no_error),
      TEST(keep_tail_and_truncate_of_nothing_keep_nothing),
      TEST(with_a_small_tail_all_output_comes_before_on_exit),
      TEST(the_limit_counts_bytes_not_characters),
      TEST(with_utf8_a_character_that_the_limit_cuts_is_left_out),
      TEST(spawn_delivers_up_to_the_limit_and_kills),
      TEST(spawn_allows_exactly_the_limit_on_each_stream),
      TEST(spawn_has_no_limit_by_default),
      TEST(spawn_with_none_allows_nothing),
      TEST(spawn_tells_an_overflow_after_the_exit_in_the_close),
      TEST(unread_output_that_is_dropped_after_the_exit_does_not_count),
      TEST(spawn_refuses_overflow_policies_for_what_it_does_not_capture),
      TEST(sync_keeps_the_limit_too),
      TEST(in_sync_an_overflow_stays_the_reason_when_the_timeout_comes_later),
      TEST(the_total_may_be_exactly_the_limit),
      TEST(one_byte_more_than_the_total_is_too_much_and_all_of_it_is_kept),
      TEST(a_flood_is_ended_soon_behind_the_total),
      TEST(a_total_found_after_the_exit_counts_too),
      TEST(the_total_has_the_same_special_limits),
      TEST(exec_has_no_total),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
