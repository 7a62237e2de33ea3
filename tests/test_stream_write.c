/* test_stream_write.c - writing to a child: callbacks, backpressure, the end, and readers that go away. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

enum { BIG = 1 << 20 };

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

static char *big_block(void) {
  static char block[BIG];
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 31 % 251);
  return block;
}

/* Numbers of the writes whose callbacks came, and their statuses. */
typedef struct write_log {
  int order[32], status[32], count;
  int drains;
} write_log;

typedef struct numbered {
  write_log *log;
  int number;
} numbered;

static void on_written(cp_stream *stream, int status, void *data) {
  numbered *n = data;
  (void)stream;
  n->log->order[n->log->count] = n->number;
  n->log->status[n->log->count++] = status;
}

static void on_drain(cp_stream *stream, int status, void *data) {
  write_log *log = data;
  assert_int_equal(status, 0);
  assert_int_equal(cp_stream_queued(stream), 0);
  log->drains++;
}

/* ---------------------------------------------------------------- callbacks */

static void callbacks_come_in_the_order_of_the_writes(void **state) {
  (void)state;
  write_log log = {0};
  numbered n[6];
  event_log events;
  cp_options options = log_options(&events);
  cp_child *child = start(&options, HELPER_ARGS("sum"));
  for (int i = 0; i < 6; i++) {
    n[i] = (numbered){&log, i};
    assert_true(cp_stream_write(cp_child_stdin(child), big_block(), i % 2 ? BIG : 3, on_written, &n[i]) >= 0);
  }
  assert_int_equal(log.count, 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(child)), 0);
  run_loop();
  assert_int_equal(log.count, 6);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(log.order[i], i);
    assert_int_equal(log.status[i], 0);
  }
  assert_int_equal(strtoul(events.out, NULL, 10), 3 * BIG + 9);
  cp_child_free(child);
}

static void an_empty_write_is_told_too(void **state) {
  (void)state;
  write_log log = {0};
  numbered n = {&log, 0};
  cp_child *child = start(NULL, HELPER_ARGS("count"));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), NULL, 0, on_written, &n), 0);
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "", 0, NULL, NULL), 0);
  assert_int_equal(log.count, 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(child)), 0);
  run_loop();
  assert_int_equal(log.count, 1);
  assert_int_equal(log.status[0], 0);
  cp_child_free(child);
}

/* ---------------------------------------------------------------- backpressure */

static void more_than_the_high_water_mark_asks_to_wait_for_drain(void **state) {
  (void)state;
  write_log log = {0};
  cp_child *child = start(NULL, HELPER_ARGS("read", "1", "--", "count"));
  cp_stream *input = cp_child_stdin(child);
  cp_stream_on_drain(input, on_drain, &log);
  assert_int_equal(cp_stream_write(input, big_block(), 100, NULL, NULL), 0);
  assert_int_equal(cp_stream_queued(input), 0);
  assert_int_equal(cp_stream_write(input, big_block(), 65536 + 1000, NULL, NULL), 0); /* about 1100 bytes wait */
  assert_in_range(cp_stream_queued(input), 1, CP_WRITE_HIGH_WATER);
  assert_int_equal(cp_stream_write(input, big_block(), BIG, NULL, NULL), 1);
  assert_in_range(cp_stream_queued(input), BIG, BIG + CP_WRITE_HIGH_WATER);
  assert_int_equal(log.drains, 0);
  assert_int_equal(cp_stream_end(input), 0);
  run_loop();
  assert_int_equal(log.drains, 1);
  cp_child_free(child);
}

/* The child takes 8 KiB: 1 MiB less that much would still be too much, 64 KiB and a bit is not. */
static void a_queue_below_the_mark_takes_more_and_still_drains(void **state) {
  (void)state;
  write_log log = {0};
  event_log events;
  cp_options options = log_options(&events);
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *child = start(&options, HELPER_ARGS("read", "8192", "--", "count", "3", "--", "count"));
  cp_stream *input = cp_child_stdin(child);
  cp_stream_on_drain(input, on_drain, &log);
  assert_int_equal(cp_stream_write(input, big_block(), 65536 + CP_WRITE_HIGH_WATER + 8, NULL, NULL), 1);
  assert_int_equal(cp_stream_write(input, "x", 1, NULL, NULL), 1);
  while (cp_stream_queued(input) > CP_WRITE_HIGH_WATER) uv_run(test_loop(), UV_RUN_ONCE);
  assert_true(cp_stream_queued(input) > 0);
  assert_int_equal(cp_stream_write(input, "x", 1, NULL, NULL), 0);
  assert_int_equal(log.drains, 0);
  assert_int_equal(cp_stream_end(cp_child_stream(child, 3)), 0);
  assert_int_equal(cp_stream_end(input), 0);
  run_loop();
  assert_int_equal(log.drains, 1);
  cp_child_free(child);
}

static void a_small_queue_has_no_drain(void **state) {
  (void)state;
  write_log log = {0};
  cp_child *child = start(NULL, HELPER_ARGS("count"));
  cp_stream *input = cp_child_stdin(child);
  cp_stream_on_drain(input, on_drain, &log);
  assert_int_equal(cp_stream_write(input, big_block(), 1000, NULL, NULL), 0);
  assert_int_equal(cp_stream_end(input), 0);
  run_loop();
  assert_int_equal(log.drains, 0);
  cp_child_free(child);
}

static void drain_may_be_given_up(void **state) {
  (void)state;
  write_log log = {0};
  cp_child *child = start(NULL, HELPER_ARGS("count"));
  cp_stream *input = cp_child_stdin(child);
  cp_stream_on_drain(input, on_drain, &log);
  assert_int_equal(cp_stream_write(input, big_block(), BIG, NULL, NULL), 1);
  cp_stream_on_drain(input, NULL, NULL);
  assert_int_equal(cp_stream_end(input), 0);
  run_loop();
  assert_int_equal(log.drains, 0);
  cp_child_free(child);
}

/* Writes on and on from its own callback: the loop must still get to its other work. */
typedef struct pump {
  bool stop;
  long writes;
  size_t length;
} pump;

static void on_pumped(cp_stream *stream, int status, void *data) {
  pump *p = data;
  if (status != 0 || p->stop) return;
  p->writes++;
  assert_true(cp_stream_write(stream, big_block(), p->length, on_pumped, p) >= 0);
}

static void on_stop(uv_timer_t *timer) {
  pump *p = timer->data;
  p->stop = true;
  uv_close((uv_handle_t *)timer, NULL);
}

static void run_pump(size_t length) {
  pump p = {.length = length};
  uv_timer_t timer;
  cp_child *child = start(NULL, HELPER_ARGS("count"));
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  timer.data = &p;
  assert_int_equal(uv_timer_start(&timer, on_stop, 20, 0), 0);
  on_pumped(cp_child_stdin(child), 0, &p);
  while (!p.stop) uv_run(test_loop(), UV_RUN_ONCE);
  assert_true(p.writes > 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(child)), 0);
  run_loop();
  cp_child_free(child);
}

static void writing_on_from_the_callback_does_not_starve_the_loop(void **state) {
  (void)state;
  run_pump(10);
  run_pump(BIG);
  run_pump(0);
}

/* ---------------------------------------------------------------- the end */

static void after_the_end_writes_are_refused(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("count"));
  cp_stream *input = cp_child_stdin(child);
  assert_int_equal(cp_stream_write(input, big_block(), BIG, NULL, NULL), 1);
  assert_int_equal(cp_stream_end(input), 0);
  assert_int_equal(cp_stream_end(input), 0);
  assert_int_equal(cp_stream_write(input, "x", 1, NULL, NULL), CP_EENDED);
  run_loop();
  assert_int_equal(cp_stream_write(input, "x", 1, NULL, NULL), CP_EENDED);
  assert_string_equal(log.out, "1048576\n");
  cp_child_free(child);
}

static void what_cannot_be_written_says_so(void **state) {
  (void)state;
  cp_child *child = start(NULL, HELPER_ARGS("cat"));
  assert_int_equal(cp_stream_write(cp_child_stdout(child), "x", 1, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_end(cp_child_stdout(child)), UV_EBADF);
  cp_stream_close(cp_child_stdin(child));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_end(cp_child_stdin(child)), UV_EBADF);
  assert_int_equal(cp_stream_end(NULL), UV_EBADF);
  run_loop();
  cp_child_free(child);
}

static void without_a_stream_there_is_nothing_to_write_to(void **state) {
  (void)state;
  cp_child *child;
  assert_int_equal(cp_stream_write(NULL, "x", 1, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_write(NULL, NULL, 1, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_spawn(&child, test_loop(), "no-such-program", NULL, NULL), 0);
  run_loop();
  assert_null(cp_child_stdin(child));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), UV_EBADF);
  cp_child_free(child);
}

static void closing_cancels_the_writes_that_wait(void **state) {
  (void)state;
  write_log log = {0};
  numbered n[3] = {{&log, 0}, {&log, 1}, {&log, 2}};
  cp_child *child = start(NULL, HELPER_ARGS("pause"));
  cp_stream *input = cp_child_stdin(child);
  assert_int_equal(cp_stream_write(input, "first", 5, on_written, &n[0]), 0);
  assert_int_equal(cp_stream_write(input, big_block(), BIG, on_written, &n[1]), 1);
  assert_int_equal(cp_stream_write(input, "x", 1, on_written, &n[2]), 1);
  cp_stream_close(input);
  assert_int_equal(log.count, 0);
  assert_int_equal(cp_stream_queued(input), 0);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.count, 3);
  assert_int_equal(log.status[0], 0);
  assert_int_equal(log.status[1], UV_ECANCELED);
  assert_int_equal(log.status[2], UV_ECANCELED);
  cp_child_free(child);
}

static void freeing_the_child_drops_the_writes_that_wait(void **state) {
  (void)state;
  write_log log = {0};
  numbered n = {&log, 0};
  cp_child *child = start(NULL, HELPER_ARGS("pause"));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), big_block(), BIG, on_written, &n), 1);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  cp_child_free(child);
  reap_freed();
  assert_int_equal(log.count, 0);
}

/* ---------------------------------------------------------------- readers that go away */

static volatile sig_atomic_t sigpipes;
static void count_sigpipe(int signum) {
  (void)signum;
  sigpipes++;
}

/* With SIGPIPE's default action the test would die of it. */
static void write_to_a_reader_that_goes_away(void) {
  write_log log = {0};
  numbered n = {&log, 0};
  event_log events;
  cp_options options = log_options(&events);
  cp_child *child = start(&options, HELPER_ARGS("read", "1", "--", "close", "0", "--", "pause"));
  cp_stream *input = cp_child_stdin(child);
  assert_int_equal(cp_stream_write(input, big_block(), BIG, on_written, &n), 1);
  while (log.count == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(log.status[0], UV_EPIPE);
  assert_true(cp_stream_write(input, "x", 1, NULL, NULL) < 0);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.count, 1);
  cp_child_free(child);
}

static void write_at_once_to_a_reader_that_has_gone(void) {
  event_log events;
  cp_options options = log_options(&events);
  cp_child *child = start(&options, HELPER_ARGS("close", "0", "--", "write", "1", "x", "--", "pause"));
  while (events.out_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), UV_EPIPE);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  cp_child_free(child);
}

static void epipe_is_a_result_and_no_signal_with_the_default_action(void **state) {
  (void)state;
  struct sigaction old, dfl = {.sa_handler = SIG_DFL};
  sigaction(SIGPIPE, &dfl, &old);
  write_to_a_reader_that_goes_away();
  write_at_once_to_a_reader_that_has_gone();
  sigaction(SIGPIPE, &old, NULL);
}

static void epipe_is_a_result_and_no_signal_with_a_handler(void **state) {
  (void)state;
  struct sigaction old, counting = {.sa_handler = count_sigpipe};
  sigaction(SIGPIPE, &counting, &old);
  write_to_a_reader_that_goes_away();
  write_at_once_to_a_reader_that_has_gone();
  assert_int_equal(sigpipes, 0);
  raise(SIGPIPE); /* the program's own still come */
  assert_int_equal(sigpipes, 1);
  sigaction(SIGPIPE, &old, NULL);
}

/* A SIGPIPE of the program's own that waits, blocked, is not taken away by ours. */
static void a_pending_sigpipe_of_the_program_stays(void **state) {
  (void)state;
  sigset_t set, old, pending;
  struct timespec at_once = {0};
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, &old);
  raise(SIGPIPE);
  write_at_once_to_a_reader_that_has_gone();
  sigpending(&pending);
  assert_int_equal(sigismember(&pending, SIGPIPE), 1);
  assert_int_equal(sigtimedwait(&set, NULL, &at_once), SIGPIPE);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void a_child_that_exits_without_reading_fails_the_writes(void **state) {
  (void)state;
  write_log log = {0};
  numbered n = {&log, 0};
  event_log events;
  cp_options options = log_options(&events);
  cp_child *child = start(&options, HELPER_ARGS("exit", "3"));
  int rc = cp_stream_write(cp_child_stdin(child), big_block(), BIG, on_written, &n);
  assert_true(rc == 1 || rc == UV_EPIPE);
  run_loop();
  assert_int_equal(log.count, rc == 1);
  if (rc == 1) assert_int_equal(log.status[0], UV_EPIPE);
  assert_string_equal(events.text, "spawn exit:3 close:3");
  cp_child_free(child);
}

static void on_written_note(cp_stream *stream, int status, void *data) {
  (void)stream;
  note(data, "written:%s", cp_err_name(status));
}

static void callbacks_of_writes_come_before_the_close(void **state) {
  (void)state;
  event_log events;
  cp_options options = log_options(&events);
  cp_child *child = start(&options, HELPER_ARGS("read", "1", "--", "exit", "0"));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), big_block(), BIG, on_written_note, &events), 1);
  run_loop();
  assert_non_null(strstr(events.text, "written:EPIPE"));
  assert_non_null(strstr(events.text, " close:0"));
  assert_true(strstr(events.text, "written:EPIPE") < strstr(events.text, "close:0"));
  cp_child_free(child);
}

static void a_duplex_entry_whose_reader_shut_down_can_still_be_read(void **state) {
  (void)state;
  event_log events;
  cp_options options = log_options(&events);
  options.stdio = CP_STDIO(CP_PIPE, CP_OVERLAPPED, CP_PIPE);
  cp_child *child = start(&options, HELPER_ARGS("shutdown", "1", "0", "--", "write", "2", "x", "--", "read", "1", "--",
                                                "write", "1", "still here"));
  while (events.err_length == 0) uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(cp_stream_write(cp_child_stdout(child), "x", 1, NULL, NULL), UV_EPIPE);
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "y", 1, NULL, NULL), 0);
  run_loop();
  assert_string_equal(events.out, "ystill here");
  cp_child_free(child);
}

static void on_end_of_reading(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  (void)stream;
  (void)bytes;
  *(int *)data = length == 0;
}

/* The child says that it writes no more; that takes nothing from what was already written to it, and ended. */
static void writes_that_wait_reach_a_child_that_half_closed_its_side(void **state) {
  (void)state;
  write_log log = {0};
  numbered n = {&log, 0};
  int ended = 0;
  event_log events;
  cp_options options = log_options(&events);
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *child = start(&options, HELPER_ARGS("shutdown", "3", "1", "--", "read", "1", "--", "count", "3"));
  cp_stream *stream = cp_child_stream(child, 3);
  assert_int_equal(cp_stream_read(stream, on_end_of_reading, &ended), 0);
  assert_int_equal(cp_stream_write(stream, big_block(), BIG, on_written, &n), 1);
  assert_int_equal(cp_stream_end(stream), 0);
  run_until(&ended);
  assert_true(cp_stream_queued(stream) > 0); /* it reads nothing before it is told to */
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), 0);
  run_loop();
  assert_int_equal(log.count, 1);
  assert_int_equal(log.status[0], 0);
  assert_string_equal(events.out, "x1048576\n");
  cp_child_free(child);
}

/* ---------------------------------------------------------------- much */

enum { ROUNDS = 100 };

typedef struct relay {
  uint64_t sent_sum, got_sum;
  size_t got;
  int rounds;
} relay;

static void on_relay_drain(cp_stream *stream, int status, void *data) {
  relay *r = data;
  assert_int_equal(status, 0);
  for (int rc = 0; rc == 0 && r->rounds < ROUNDS; r->rounds++) {
    char *block = big_block();
    block[0] = (char)r->rounds;
    r->sent_sum = sum_bytes(r->sent_sum, block, BIG);
    rc = cp_stream_write(stream, block, BIG, NULL, NULL);
    assert_true(rc >= 0);
  }
  if (r->rounds == ROUNDS) assert_int_equal(cp_stream_end(stream), 0);
}

static void on_relay_bytes(cp_child *child, const char *bytes, size_t length, void *data) {
  relay *r = data;
  (void)child;
  r->got_sum = sum_bytes(r->got_sum, bytes, length);
  r->got += length;
}

static void run_relay(cp_stdio_list stdio) {
  relay r = {.sent_sum = SUM_START, .got_sum = SUM_START};
  cp_options options = {.on_stdout = on_relay_bytes, .stdio = stdio, .data = &r};
  cp_child *child = start(&options, HELPER_ARGS("cat"));
  cp_stream_on_drain(cp_child_stdin(child), on_relay_drain, &r);
  on_relay_drain(cp_child_stdin(child), 0, &r);
  run_loop();
  assert_int_equal(r.got, (size_t)ROUNDS * BIG);
  assert_true(r.got_sum == r.sent_sum);
  cp_child_free(child);
}

static void a_hundred_mebibytes_come_back_through_pipes(void **state) {
  (void)state;
  run_relay(CP_ALL_PIPE);
}
static void a_hundred_mebibytes_come_back_through_socket_pairs(void **state) {
  (void)state;
  run_relay(CP_ALL_OVERLAPPED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(callbacks_come_in_the_order_of_the_writes),
      TEST(an_empty_write_is_told_too),
      TEST(more_than_the_high_water_mark_asks_to_wait_for_drain),
      TEST(a_queue_below_the_mark_takes_more_and_still_drains),
      TEST(a_small_queue_has_no_drain),
      TEST(drain_may_be_given_up),
      TEST(after_the_end_writes_are_refused),
      TEST(what_cannot_be_written_says_so),
      TEST(without_a_stream_there_is_nothing_to_write_to),
      TEST(closing_cancels_the_writes_that_wait),
      TEST(freeing_the_child_drops_the_writes_that_wait),
      TEST(epipe_is_a_result_and_no_signal_with_the_default_action),
      TEST(epipe_is_a_result_and_no_signal_with_a_handler),
      TEST(a_pending_sigpipe_of_the_program_stays),
      TEST(a_child_that_exits_without_reading_fails_the_writes),
      TEST(callbacks_of_writes_come_before_the_close),
      TEST(a_duplex_entry_whose_reader_shut_down_can_still_be_read),
      TEST(writes_that_wait_reach_a_child_that_half_closed_its_side),
      TEST(a_hundred_mebibytes_come_back_through_pipes),
      TEST(a_hundred_mebibytes_come_back_through_socket_pairs),
      TEST(writing_on_from_the_callback_does_not_starve_the_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
