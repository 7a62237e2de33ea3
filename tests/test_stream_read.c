/* test_stream_read.c - reading a child's output: pausing, callbacks of one's own, extra pipes, UTF-8. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

typedef struct reader {
  char text[4096];
  size_t length, calls;
  int ended;
  ssize_t status;
} reader;

static void on_read(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  reader *r = data;
  (void)stream;
  assert_int_equal(r->ended, 0);
  if (length <= 0) {
    assert_null(bytes);
    r->ended = 1;
    r->status = length;
    return;
  }
  r->calls++;
  for (ssize_t i = 0; i < length && r->length + 1 < sizeof r->text; i++) r->text[r->length++] = bytes[i];
}

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

static void turn_the_loop(int rounds) {
  for (int i = 0; i < rounds; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
}

/* ---------------------------------------------------------------- pausing */

static void on_first_bytes_pause(cp_child *child, const char *bytes, size_t length, void *data) {
  event_log *log = data;
  (void)bytes;
  log->out_length += length;
  log->failed = 1;
  cp_stream_pause(cp_child_stdout(child));
}

/* The helper says on stderr that all is written: it cannot, while nobody reads. */
static void a_paused_stream_blocks_the_child(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.on_stdout = on_first_bytes_pause;
  cp_child *child = start(&options, HELPER_ARGS("fill", "1", "1000000", "--", "write", "2", "all is written"));
  run_until(&log.failed);
  size_t before = log.out_length;
  turn_the_loop(50);
  assert_int_equal(log.out_length, before);
  assert_int_equal(log.err_length, 0);
  assert_int_equal(log.exited, 0);
  while (log.closed == 0) {
    cp_stream_resume(cp_child_stdout(child));
    uv_run(test_loop(), UV_RUN_ONCE);
  }
  assert_int_equal(log.out_length, 1000000);
  assert_string_equal(log.err, "all is written");
  cp_child_free(child);
  run_loop();
}

static void pausing_may_be_repeated_and_one_resume_is_enough(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("echo", "x"));
  for (int i = 0; i < 3; i++) cp_stream_pause(cp_child_stdout(child));
  run_until(&log.exited);
  turn_the_loop(20);
  assert_string_equal(log.text, "spawn exit:0");
  cp_stream_resume(cp_child_stdout(child));
  cp_stream_resume(cp_child_stdout(child));
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 out close:0");
  assert_string_equal(log.out, "x\n");
  cp_child_free(child);
}

static void the_close_waits_for_a_paused_stream_that_nobody_reads(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.on_stdout = NULL;
  cp_child *child = start(&options, HELPER_ARGS("echo", "x"));
  cp_stream_pause(cp_child_stdout(child));
  run_until(&log.exited);
  turn_the_loop(20);
  assert_int_equal(log.closed, 0);
  cp_stream_resume(cp_child_stdout(child));
  run_loop();
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

static void unread_streams_do_not_hold_up_the_close(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.on_stdout = NULL;
  options.on_stderr = NULL;
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE);
  run_helper(&log,
             HELPER_ARGS("fill", "1", "60000", "--", "fill", "2", "60000", "--", "fill", "3", "60000", "--", "fill",
                         "4", "60000"),
             &options);
  assert_string_equal(log.text, "spawn exit:0 close:0");
}

/* ---------------------------------------------------------------- callbacks */

static void cp_stream_read_replaces_on_stdout(void **state) {
  (void)state;
  event_log log;
  reader r = {0};
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("write", "1", "out", "--", "write", "2", "err"));
  assert_int_equal(cp_stream_read(cp_child_stdout(child), on_read, &r), 0);
  run_loop();
  assert_string_equal(r.text, "out");
  assert_int_equal(r.ended, 1);
  assert_int_equal(r.status, 0);
  assert_int_equal(log.out_length, 0);
  assert_string_equal(log.err, "err");
  cp_child_free(child);
}

static void on_bytes_hand_over(cp_child *child, const char *bytes, size_t length, void *data) {
  reader *r = data;
  for (size_t i = 0; i < length; i++) r->text[r->length++] = bytes[i];
  assert_int_equal(cp_stream_read(cp_child_stdout(child), on_read, r), 0);
  assert_true(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL) >= 0);
}

static void a_callback_may_hand_over_to_another(void **state) {
  (void)state;
  reader r = {0};
  cp_options options = {.on_stdout = on_bytes_hand_over, .data = &r};
  cp_child *child = start(&options, HELPER_ARGS("write", "1", "one ", "--", "read", "1", "--", "write", "1", " two"));
  run_loop();
  assert_string_equal(r.text, "one x two");
  assert_int_equal(r.ended, 1);
  cp_child_free(child);
}

static void try_to_read_on(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  (void)bytes;
  if (length > 0) return;
  *(int *)data = cp_stream_read(stream, on_read, NULL);
}

static void at_the_end_there_is_nothing_to_read_any_more(void **state) {
  (void)state;
  int rc = 1;
  cp_child *child = start(NULL, HELPER_ARGS("echo", "x"));
  assert_int_equal(cp_stream_read(cp_child_stdout(child), try_to_read_on, &rc), 0);
  run_loop();
  assert_int_equal(rc, UV_EBADF);
  assert_int_equal(cp_stream_read(cp_child_stdout(child), on_read, NULL), UV_EBADF);
  cp_child_free(child);
}

static void what_cannot_be_read_says_so(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("pause"));
  cp_stream *out = cp_child_stdout(child);
  assert_int_equal(cp_stream_read(cp_child_stdin(child), on_read, NULL), UV_EBADF);
  assert_int_equal(cp_stream_read(NULL, on_read, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward_fd(out, 1, NULL, NULL), 0);
  assert_int_equal(cp_stream_read(out, on_read, NULL), UV_EBUSY);
  cp_stream_close(out);
  cp_stream_close(out);
  assert_int_equal(cp_stream_read(out, on_read, NULL), UV_EBADF);
  assert_int_equal(cp_stream_fd(out), -1);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
}

static void a_stream_can_be_read_after_the_exit(void **state) {
  (void)state;
  event_log log;
  reader r = {0};
  cp_options options = log_options(&log);
  options.on_stdout = NULL;
  cp_child *child = start(&options, HELPER_ARGS("echo", "kept"));
  cp_stream_pause(cp_child_stdout(child));
  run_until(&log.exited);
  assert_int_equal(cp_stream_read(cp_child_stdout(child), on_read, &r), 0);
  cp_stream_resume(cp_child_stdout(child));
  run_loop();
  assert_string_equal(r.text, "kept\n");
  assert_int_equal(r.ended, 1);
  cp_child_free(child);
}

static void reading_nothing_after_the_exit_lets_the_close_come(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("echo", "x"));
  cp_stream_pause(cp_child_stdout(child));
  run_until(&log.exited);
  assert_int_equal(cp_stream_read(cp_child_stdout(child), NULL, NULL), 0);
  cp_stream_resume(cp_child_stdout(child));
  run_loop();
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

static void streams_know_their_child_and_index(void **state) {
  (void)state;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_IGNORE, CP_PIPE, CP_PIPE)};
  cp_child *child = start(&options, HELPER_ARGS("exit", "0"));
  assert_null(cp_child_stdout(child));
  assert_null(cp_child_stream(child, 4));
  assert_null(cp_child_stream(child, -1));
  for (int fd = 0; fd < 4; fd++) {
    cp_stream *stream = cp_child_stream(child, fd);
    if (fd == 1) continue;
    assert_ptr_equal(cp_stream_child(stream), child);
    assert_int_equal(cp_stream_index(stream), fd);
    assert_true(cp_stream_fd(stream) >= 0);
  }
  run_loop();
  cp_child_free(child);
}

/* ---------------------------------------------------------------- extra pipes */

static void run_extra_pipe(int fd) {
  cp_stdio entries[10];
  char from[8];
  reader r = {0};
  event_log log;
  cp_options options = log_options(&log);
  for (int i = 0; i < 10; i++) entries[i] = i < 3 || i == fd ? CP_PIPE : CP_IGNORE;
  options.stdio = (cp_stdio_list){entries, (size_t)fd + 1};
  (void)snprintf(from, sizeof from, "%d", fd);
  cp_child *child = start(&options, HELPER_ARGS("cat", from, from, "--", "write", "1", "eof"));
  cp_stream *stream = cp_child_stream(child, fd);
  assert_int_equal(cp_stream_read(stream, on_read, &r), 0);
  assert_int_equal(cp_stream_write(stream, "there and ", 10, NULL, NULL), 0);
  assert_int_equal(cp_stream_write(stream, "back", 4, NULL, NULL), 0);
  assert_int_equal(cp_stream_end(stream), 0);
  run_loop();
  assert_string_equal(r.text, "there and back");
  assert_int_equal(r.ended, 1);
  assert_string_equal(log.out, "eof");
  cp_child_free(child);
}

static void an_extra_pipe_at_fd_3_goes_both_ways(void **state) {
  (void)state;
  run_extra_pipe(3);
}
static void an_extra_pipe_at_fd_9_goes_both_ways(void **state) {
  (void)state;
  run_extra_pipe(9);
}

/* The child says that it writes no more, and reads on. */
static void a_duplex_entry_that_the_child_half_closed_can_still_be_written(void **state) {
  (void)state;
  reader r = {0};
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *child = start(&options, HELPER_ARGS("write", "3", "bye", "--", "shutdown", "3", "1", "--", "count", "3"));
  cp_stream *stream = cp_child_stream(child, 3);
  assert_int_equal(cp_stream_read(stream, on_read, &r), 0);
  run_until(&r.ended);
  assert_string_equal(r.text, "bye");
  assert_int_equal(cp_stream_write(stream, "12345", 5, NULL, NULL), 0);
  assert_int_equal(cp_stream_end(stream), 0);
  run_loop();
  assert_string_equal(log.out, "5\n");
  cp_child_free(child);
}

static void a_duplex_entry_that_the_parent_half_closed_can_still_be_read(void **state) {
  (void)state;
  reader r = {0};
  cp_options options = {.stdio = CP_STDIO(CP_OVERLAPPED, CP_PIPE, CP_PIPE)};
  cp_child *child = start(&options, HELPER_ARGS("cat", "0", "0", "--", "write", "0", "!"));
  cp_stream *stream = cp_child_stdin(child);
  assert_int_equal(cp_stream_read(stream, on_read, &r), 0);
  assert_int_equal(cp_stream_write(stream, "echo", 4, NULL, NULL), 0);
  assert_int_equal(cp_stream_end(stream), 0);
  run_loop();
  assert_string_equal(r.text, "echo!");
  cp_child_free(child);
}

/* ---------------------------------------------------------------- UTF-8 */

static void assert_decoded(const char *const *args, const char *expected) {
  event_log log;
  cp_options options = log_options(&log);
  options.encoding = CP_ENCODING_UTF8;
  run_helper(&log, args, &options);
  assert_string_equal(log.out, expected);
}

typedef struct split_log {
  event_log log;
  int pieces;
  int fd;
} split_log;

static void on_piece(cp_child *child, const char *bytes, size_t length, void *data) {
  split_log *split = data;
  memcpy(split->log.out + split->log.out_length, bytes, length);
  split->log.out_length += length;
  split->pieces++;
  (void)child;
}

static void bytes_of_one_character_are_held_back_until_it_is_whole(void **state) {
  (void)state;
  static split_log split;
  cp_options options = log_options(&split.log);
  split.pieces = 0;
  options.on_stdout = on_piece;
  options.encoding = CP_ENCODING_UTF8;
  cp_child *child = start(
      &options, HELPER_ARGS("hex", "1", "41e4b8", "--", "write", "2", "1", "--", "read", "1", "--", "hex", "1", "42"));
  run_until(&split.pieces);
  while (split.log.err_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_string_equal(split.log.out, "A");
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "\xad", 1, NULL, NULL), 0);
  run_loop();
  assert_string_equal(split.log.out,
                      "A\xe4\xb8\xad"
                      "B");
  cp_child_free(child);
}

static void bad_bytes_become_replacement_characters(void **state) {
  (void)state;
  assert_decoded(HELPER_ARGS("hex", "1", "61ff62"),
                 "a\xef\xbf\xbd"
                 "b");
  assert_decoded(HELPER_ARGS("hex", "1", "c080"), "\xef\xbf\xbd\xef\xbf\xbd");
  assert_decoded(HELPER_ARGS("hex", "1", "e4b861"),
                 "\xef\xbf\xbd"
                 "a");
}

static void an_unfinished_character_at_the_end_becomes_one_replacement(void **state) {
  (void)state;
  assert_decoded(HELPER_ARGS("hex", "1", "61f09f98"), "a\xef\xbf\xbd");
}

/* 10001 bytes with a bad one in the middle, longer runs around it than are gathered; all in the pipe before a read. */
static cp_child *start_broken(split_log *split, void (*on_stdout)(cp_child *, const char *, size_t, void *)) {
  siginfo_t info;
  cp_options options = log_options(&split->log);
  split->pieces = 0;
  options.on_stdout = on_stdout;
  options.encoding = CP_ENCODING_UTF8;
  cp_child *child =
      start(&options, HELPER_ARGS("fill", "1", "5000", "--", "hex", "1", "ff", "--", "fill", "1", "5000"));
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
  return child;
}

enum { DECODED = 5000 + 3 + 5000 };

static void on_piece_pause(cp_child *child, const char *bytes, size_t length, void *data) {
  on_piece(child, bytes, length, data);
  cp_stream_pause(cp_child_stdout(child));
}

static void after_a_pause_in_the_callback_no_more_of_broken_text_comes(void **state) {
  (void)state;
  static split_log split;
  cp_child *child = start_broken(&split, on_piece_pause);
  run_until(&split.log.exited);
  turn_the_loop(20);
  assert_int_equal(split.pieces, 1);
  while (split.log.closed == 0) {
    cp_stream_resume(cp_child_stdout(child));
    uv_run(test_loop(), UV_RUN_ONCE);
  }
  assert_int_equal(split.log.out_length, DECODED);
  cp_child_free(child);
  run_loop();
}

static void on_piece_forward(cp_child *child, const char *bytes, size_t length, void *data) {
  on_piece(child, bytes, length, data);
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), ((split_log *)data)->fd, NULL, NULL), 0);
}

/* Each byte goes exactly one way. */
static void a_forward_that_begins_in_the_middle_of_broken_text_loses_nothing(void **state) {
  (void)state;
  static split_log split;
  split.fd = open(temp_path("rest"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_true(split.fd >= 0);
  cp_child *child = start_broken(&split, on_piece_forward);
  run_loop();
  assert_int_equal(split.pieces, 1);
  assert_int_equal(split.log.out_length + (size_t)lseek(split.fd, 0, SEEK_END), DECODED);
  assert_memory_equal(split.log.out + 4998,
                      "gh\xef\xbf\xbd"
                      "ab",
                      7);
  close(split.fd);
  cp_child_free(child);
}

static void without_an_encoding_bytes_come_as_they_are(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("hex", "1", "61ff00e4"), &options);
  assert_int_equal(log.out_length, 4);
  assert_memory_equal(log.out, "a\xff\0\xe4", 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_paused_stream_blocks_the_child),
      TEST(pausing_may_be_repeated_and_one_resume_is_enough),
      TEST(the_close_waits_for_a_paused_stream_that_nobody_reads),
      TEST(unread_streams_do_not_hold_up_the_close),
      TEST(cp_stream_read_replaces_on_stdout),
      TEST(a_callback_may_hand_over_to_another),
      TEST(at_the_end_there_is_nothing_to_read_any_more),
      TEST(what_cannot_be_read_says_so),
      TEST(a_stream_can_be_read_after_the_exit),
      TEST(reading_nothing_after_the_exit_lets_the_close_come),
      TEST(streams_know_their_child_and_index),
      TEST(an_extra_pipe_at_fd_3_goes_both_ways),
      TEST(an_extra_pipe_at_fd_9_goes_both_ways),
      TEST(a_duplex_entry_that_the_child_half_closed_can_still_be_written),
      TEST(a_duplex_entry_that_the_parent_half_closed_can_still_be_read),
      TEST(bytes_of_one_character_are_held_back_until_it_is_whole),
      TEST(bad_bytes_become_replacement_characters),
      TEST(an_unfinished_character_at_the_end_becomes_one_replacement),
      TEST(after_a_pause_in_the_callback_no_more_of_broken_text_comes),
      TEST(a_forward_that_begins_in_the_middle_of_broken_text_loses_nothing),
      TEST(without_an_encoding_bytes_come_as_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
