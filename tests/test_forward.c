/* test_forward.c - from one child to another, to files, pipes and sockets; and fds taken out of streams. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

enum { MUCH = 50 * 1024 * 1024 };
#define MUCH_TEXT "52428800"

static cp_child *start(const cp_options *options, const char *const *args) {
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, options), 0);
  return child;
}

typedef struct told {
  int count, status;
} told;

static void on_forwarded(cp_stream *stream, int status, void *data) {
  told *t = data;
  assert_non_null(stream);
  t->count++;
  t->status = status;
}

/* The hash of what `fill` writes. */
static uint64_t sum_of_fill(size_t length) {
  static char block[26 * 1024];
  uint64_t sum = SUM_START;
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)('a' + i % 26);
  for (; length > 0; length -= length < sizeof block ? length : sizeof block)
    sum = sum_bytes(sum, block, length < sizeof block ? length : sizeof block);
  return sum;
}

static void assert_filled(const char *text, size_t length) {
  char expected[64];
  (void)snprintf(expected, sizeof expected, "%zu %016llx\n", length, (unsigned long long)sum_of_fill(length));
  assert_string_equal(text, expected);
}

static bool blocks(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

/* ---------------------------------------------------------------- to another child */

static void run_two_children(cp_stdio_list source_stdio, cp_stdio_list target_stdio) {
  told t = {0};
  event_log log;
  cp_options from = {.stdio = source_stdio}, to = log_options(&log);
  to.stdio = target_stdio;
  cp_child *source = start(&from, HELPER_ARGS("fill", "1", MUCH_TEXT));
  cp_child *target = start(&to, HELPER_ARGS("sum"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t), 0);
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, 0);
  assert_filled(log.out, MUCH);
  cp_child_free(source);
  cp_child_free(target);
}

static void fifty_mebibytes_go_from_child_to_child_through_pipes(void **state) {
  (void)state;
  run_two_children(CP_ALL_PIPE, CP_ALL_PIPE);
}
static void fifty_mebibytes_go_from_child_to_child_through_sockets(void **state) {
  (void)state;
  run_two_children(CP_ALL_OVERLAPPED, CP_ALL_OVERLAPPED);
}
static void fifty_mebibytes_go_from_a_pipe_to_a_socket(void **state) {
  (void)state;
  run_two_children(CP_ALL_PIPE, CP_ALL_OVERLAPPED);
}
static void fifty_mebibytes_go_from_a_socket_to_a_pipe(void **state) {
  (void)state;
  run_two_children(CP_ALL_OVERLAPPED, CP_ALL_PIPE);
}

static void the_end_goes_on_through_three_children(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *a = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
  cp_child *b = start(NULL, HELPER_ARGS("cat"));
  cp_child *c = start(NULL, HELPER_ARGS("cat"));
  cp_child *d = start(&options, HELPER_ARGS("sum"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(a), cp_child_stdin(b), NULL, NULL), 0);
  assert_int_equal(cp_stream_forward(cp_child_stdout(b), cp_child_stdin(c), NULL, NULL), 0);
  assert_int_equal(cp_stream_forward(cp_child_stdout(c), cp_child_stdin(d), NULL, NULL), 0);
  run_loop();
  assert_filled(log.out, 3000000);
  cp_child_free(a);
  cp_child_free(b);
  cp_child_free(c);
  cp_child_free(d);
}

static void what_was_written_before_goes_first(void **state) {
  (void)state;
  static char head[500000];
  event_log log;
  cp_options options = log_options(&log);
  for (size_t i = 0; i < sizeof head; i++) head[i] = (char)('a' + i % 26);
  size_t length = sizeof head - sizeof head % 26;
  cp_child *target = start(&options, HELPER_ARGS("sum"));
  assert_int_equal(cp_stream_write(cp_child_stdin(target), head, length, NULL, NULL), 1);
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "1000"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), NULL, NULL), 0);
  run_loop();
  assert_filled(log.out, length + 1000);
  cp_child_free(source);
  cp_child_free(target);
}

static void what_is_written_meanwhile_is_not_lost(void **state) {
  (void)state;
  static char block[300000];
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "1000000"));
  cp_child *target = start(&options, HELPER_ARGS("count"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), NULL, NULL), 0);
  for (int i = 0; i < 3; i++) {
    assert_true(cp_stream_write(cp_child_stdin(target), block, sizeof block, NULL, NULL) >= 0);
    uv_run(test_loop(), UV_RUN_ONCE);
  }
  run_loop();
  assert_string_equal(log.out, "1900000\n");
  cp_child_free(source);
  cp_child_free(target);
}

/* Two duplex entries joined both ways; one side says first that it writes no more. */
static void a_half_closed_duplex_source_still_gets_the_answer(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *client =
      start(&options, HELPER_ARGS("write", "3", "question", "--", "shutdown", "3", "1", "--", "cat", "3", "1"));
  cp_options silent = {.stdio = options.stdio};
  cp_child *server = start(&silent, HELPER_ARGS("cat", "3", "3", "--", "write", "3", " answer"));
  cp_stream *a = cp_child_stream(client, 3), *b = cp_child_stream(server, 3);
  told there = {0}, back = {0};
  assert_int_equal(cp_stream_forward(a, b, on_forwarded, &there), 0);
  assert_int_equal(cp_stream_forward(b, a, on_forwarded, &back), 0);
  run_loop();
  assert_string_equal(log.out, "question answer");
  assert_int_equal(there.count, 1);
  assert_int_equal(there.status, 0);
  assert_int_equal(back.count, 1);
  assert_int_equal(back.status, 0);
  cp_child_free(client);
  cp_child_free(server);
}

static void a_duplex_stream_may_be_forwarded_to_itself(void **state) {
  (void)state;
  event_log log;
  told t = {0};
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *child =
      start(&options, HELPER_ARGS("write", "3", "echo", "--", "shutdown", "3", "1", "--", "cat", "3", "1"));
  assert_int_equal(cp_stream_forward(cp_child_stream(child, 3), cp_child_stream(child, 3), on_forwarded, &t), 0);
  run_loop();
  assert_string_equal(log.out, "echo");
  assert_int_equal(t.count, 1);
  cp_child_free(child);
  child = start(&options, HELPER_ARGS("pause"));
  assert_int_equal(cp_stream_forward(cp_child_stream(child, 3), cp_child_stream(child, 3), on_forwarded, &t), 0);
  cp_stream_close(cp_child_stream(child, 3));
  assert_int_equal(t.count, 1);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(t.count, 2);
  cp_child_free(child);
}

/* ---------------------------------------------------------------- to fds */

static void a_child_is_forwarded_to_a_file(void **state) {
  (void)state;
  const char *path = temp_path("out");
  told t = {0};
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  cp_child *child = start(NULL, HELPER_ARGS("fill", "1", "1000000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fd, on_forwarded, &t), 0);
  close(fd); /* the library has its own */
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, 0);
  char *text = read_file(path);
  assert_int_equal(strlen(text), 1000000);
  assert_true(sum_bytes(SUM_START, text, 1000000) == sum_of_fill(1000000));
  free(text);
  cp_child_free(child);
}

/* A file cannot be waited for: a source that was empty for a moment must not be taken for a full target. */
static void files_that_cannot_be_polled_are_never_full(void **state) {
  (void)state;
  const char *const paths[] = {temp_path("out"), "/dev/null"};
  for (int i = 0; i < 40; i++) {
    told t = {0};
    int fd = open(paths[i % 2], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cp_child *child = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
    assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fd, on_forwarded, &t), 0);
    close(fd);
    run_loop();
    assert_int_equal(t.status, 0);
    assert_int_equal(cp_child_exit_code(child), 0);
    cp_child_free(child);
  }
}

static void a_child_is_appended_to_a_file(void **state) {
  (void)state;
  const char *path = temp_path("out");
  write_file(path, "before ", 0600);
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  cp_child *child = start(NULL, HELPER_ARGS("write", "1", "after", "--", "fill", "1", "300000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fd, NULL, NULL), 0);
  close(fd);
  run_loop();
  char *text = read_file(path);
  assert_int_equal(strlen(text), 7 + 5 + 300000);
  assert_memory_equal(text, "before afterabc", 15);
  free(text);
  cp_child_free(child);
}

static void a_full_disk_is_told(void **state) {
  (void)state;
  told t = {0};
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0) skip();
  cp_child *child = start(NULL, HELPER_ARGS("fill", "1", "1000000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fd, on_forwarded, &t), 0);
  close(fd);
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, UV_ENOSPC);
  assert_int_equal(cp_child_signal_code(child), SIGPIPE);
  cp_child_free(child);
}

/* Reads all that comes from `fd` while the loop runs, in steps. Returns how much. */
static size_t drain_beside_the_loop(int fd, uint64_t *sum) {
  static char block[70000];
  size_t total = 0;
  *sum = SUM_START;
  for (bool open = true; open;) {
    uv_run(test_loop(), UV_RUN_NOWAIT);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 1) <= 0) continue; /* nothing yet, or SIGCHLD */
    ssize_t n = read(fd, block, sizeof block);
    assert_true(n >= 0);
    open = n > 0;
    *sum = sum_bytes(*sum, block, (size_t)n);
    total += (size_t)n;
  }
  return total;
}

/* Runs the loop until what waits in the source's own pipe stays there: the target takes no more. */
static void wait_until_stuck(cp_stream *source) {
  for (int before = 0, same = 0; same < 20;) {
    int pending = 0;
    uv_run(test_loop(), UV_RUN_NOWAIT);
    assert_int_equal(ioctl(cp_stream_fd(source), FIONREAD, &pending), 0);
    same = pending > 0 && pending == before ? same + 1 : 0;
    before = pending;
    (void)poll(NULL, 0, 1);
  }
}

static void run_to_a_full_fd(int reader, int writer) {
  told t = {0};
  uint64_t sum;
  bool blocking = blocks(writer);
  cp_child *child = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), writer, on_forwarded, &t), 0);
  wait_until_stuck(cp_child_stdout(child)); /* nobody reads: it must not hold up the loop */
  assert_int_equal(t.count, 0);
  assert_int_equal(blocks(writer), blocking);
  close(writer);
  assert_int_equal(drain_beside_the_loop(reader, &sum), 3000000);
  assert_true(sum == sum_of_fill(3000000));
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, 0);
  close(reader);
  cp_child_free(child);
}

static void a_full_pipe_is_waited_for_and_stays_in_its_mode(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  run_to_a_full_fd(fds[0], fds[1]);
  assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  assert_int_equal(fcntl(fds[0], F_SETFL, 0), 0);
  run_to_a_full_fd(fds[0], fds[1]);
}

static void a_full_socket_is_waited_for(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
  run_to_a_full_fd(fds[0], fds[1]);
}

/* Set-ups in which the target is full when its child or the source's is given up. */
static void freeing_the_source_ends_a_forward_that_waits(void **state) {
  (void)state;
  int fds[2];
  told t = {0};
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  cp_child *child = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fds[1], on_forwarded, &t), 0);
  wait_until_stuck(cp_child_stdout(child));
  cp_child_free(child);
  assert_int_equal(t.count, 0);
  reap_freed();
  assert_int_equal(t.count, 0);
  close(fds[0]);
  close(fds[1]);
}

static void freeing_the_target_ends_the_forward_with_epipe(void **state) {
  (void)state;
  told t = {0};
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(&options, HELPER_ARGS("fill", "1", MUCH_TEXT));
  cp_child *target = start(NULL, HELPER_ARGS("read", "1", "--", "pause"));
  int pid = cp_child_pid(target);
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t), 0);
  wait_until_stuck(cp_child_stdout(source));
  cp_child_free(target);
  assert_int_equal(t.count, 0);
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, UV_EPIPE);
  assert_int_equal(log.exit.signal, SIGPIPE);
  kill(pid, SIGKILL);
  cp_child_free(source);
  reap_freed();
}

/* ---------------------------------------------------------------- targets that die */

static void the_target_dies_and_the_source_gets_sigpipe(void **state) {
  (void)state;
  told t = {0};
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(&options, HELPER_ARGS("fill", "1", MUCH_TEXT));
  cp_child *target = start(NULL, HELPER_ARGS("read", "100", "--", "exit", "0"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t), 0);
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, UV_EPIPE);
  assert_string_equal(log.text, "spawn exit:SIGPIPE close:SIGPIPE");
  cp_child_free(source);
  cp_child_free(target);
}

static void a_source_that_ignores_sigpipe_gets_epipe(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(&options, HELPER_ARGS("ignore", "13", "--", "fill", "1", MUCH_TEXT));
  cp_child *target = start(NULL, HELPER_ARGS("exit", "0"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), NULL, NULL), 0);
  run_loop();
  assert_int_equal(log.exit.code, 126); /* the helper's write failed */
  cp_child_free(source);
  cp_child_free(target);
}

static void no_sigpipe_reaches_this_process(void **state) {
  (void)state;
  int fds[2];
  told t = {0};
  struct sigaction old, dfl = {.sa_handler = SIG_DFL};
  sigaction(SIGPIPE, &dfl, &old);
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  close(fds[0]);
  cp_child *child = start(NULL, HELPER_ARGS("write", "1", "x"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(child), fds[1], on_forwarded, &t), 0);
  close(fds[1]);
  run_loop();
  assert_int_equal(t.status, UV_EPIPE);
  cp_child_free(child);
  sigaction(SIGPIPE, &old, NULL);
}

/* The target's reader is gone for what was written to it; the forward behind must not wait for ever. */
static void a_forward_behind_a_failed_write_ends_with_epipe(void **state) {
  (void)state;
  static char block[2000000];
  told t = {0}, w = {0};
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE);
  cp_child *target =
      start(&options, HELPER_ARGS("read", "1", "--", "shutdown", "3", "0", "--", "count", "3", "--", "read", "1"));
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "1000000"));
  cp_stream *to = cp_child_stream(target, 3);
  assert_int_equal(cp_stream_write(to, block, sizeof block, on_forwarded, &w), 1);
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), to, on_forwarded, &t), 0);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(cp_stream_write(cp_child_stdin(target), "x", 1, NULL, NULL), 0);
  run_until(&w.count);
  assert_int_equal(w.status, UV_EPIPE);
  run_until(&t.count);
  assert_int_equal(t.status, UV_EPIPE);
  assert_int_equal(log.exited, 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(target)), 0);
  run_loop();
  cp_child_free(source);
  cp_child_free(target);
}

/* ---------------------------------------------------------------- control */

static void a_paused_source_is_not_forwarded(void **state) {
  (void)state;
  told t = {0};
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(NULL, HELPER_ARGS("write", "1", "later"));
  cp_child *target = start(&options, HELPER_ARGS("cat"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t), 0);
  cp_stream_pause(cp_child_stdout(source));
  for (int i = 0; i < 100; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(log.out_length, 0);
  assert_int_equal(t.count, 0);
  cp_stream_resume(cp_child_stdout(source));
  run_loop();
  assert_string_equal(log.out, "later");
  assert_int_equal(t.count, 1);
  cp_child_free(source);
  cp_child_free(target);
}

/* Reads all that `fd`, in non-blocking mode, has just now. */
static size_t drain_pipe(int fd) {
  static char block[70000];
  size_t total = 0;
  for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;) total += (size_t)n;
  return total;
}

/* The target was full and takes more again, at whose other end `reader` is; the source was paused in between. */
static void assert_paused(cp_stream *source, int reader) {
  wait_until_stuck(source);
  cp_stream_pause(source);
  assert_true(drain_pipe(reader) > 0);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(drain_pipe(reader), 0);
  cp_stream_resume(source);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_true(drain_pipe(reader) > 0);
}

/* The test empties the pipe itself, instead of the child that it leads to. */
static void a_paused_source_is_not_forwarded_to_a_stream_that_takes_more(void **state) {
  (void)state;
  char path[32];
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
  cp_child *target = start(NULL, HELPER_ARGS("pause"));
  cp_stream *input = cp_child_stdin(target);
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", cp_stream_fd(input));
  int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(reader >= 0);
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), input, NULL, NULL), 0);
  assert_paused(cp_child_stdout(source), reader);
  close(reader);
  assert_int_equal(cp_child_kill(source, SIGKILL), 0);
  assert_int_equal(cp_child_kill(target, SIGKILL), 0);
  run_loop();
  cp_child_free(source);
  cp_child_free(target);
}

static void a_paused_source_is_not_forwarded_to_an_fd_that_takes_more(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "3000000"));
  assert_int_equal(cp_stream_forward_fd(cp_child_stdout(source), fds[1], NULL, NULL), 0);
  assert_paused(cp_child_stdout(source), fds[0]);
  close(fds[0]);
  close(fds[1]);
  assert_int_equal(cp_child_kill(source, SIGKILL), 0);
  run_loop();
  cp_child_free(source);
}

static void assert_loop_is_alive(bool alive) {
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(uv_loop_alive(test_loop()), alive);
}

/* Neither if it is full already, nor if it fills up later. */
static void a_forward_to_a_full_fd_does_not_keep_the_loop_of_an_unrefed_stream(void **state) {
  (void)state;
  for (int late = 0; late < 2; late++) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE)};
    cp_child *child = start(&options, HELPER_ARGS("fill", "1", "3000000"));
    cp_stream *output = cp_child_stdout(child);
    assert_int_equal(cp_stream_forward_fd(output, fds[1], NULL, NULL), 0);
    if (late) cp_stream_unref(output);
    wait_until_stuck(output);
    cp_stream_unref(output);
    cp_child_unref(child);
    assert_loop_is_alive(false);
    cp_stream_ref(output);
    assert_loop_is_alive(true);
    cp_child_free(child);
    close(fds[0]);
    close(fds[1]);
    reap_freed();
  }
}

typedef struct hand_over {
  cp_stream *to;
  size_t length;
  uint64_t sum;
} hand_over;

static void on_first_bytes_forward(cp_child *child, const char *bytes, size_t length, void *data) {
  hand_over *h = data;
  h->sum = sum_bytes(h->sum, bytes, length);
  h->length += length;
  if (h->to == NULL) return;
  assert_int_equal(cp_stream_forward(cp_child_stdout(child), h->to, NULL, NULL), 0);
  h->to = NULL;
}

static void on_rest(cp_child *child, const char *bytes, size_t length, void *data) {
  hand_over *h = data;
  (void)child;
  h->sum = sum_bytes(h->sum, bytes, length);
  h->length += length;
}

/* First read by callbacks, then forwarded: each byte goes exactly one way, and they are in order. */
static void forwarding_may_begin_in_the_middle_of_reading(void **state) {
  (void)state;
  hand_over h = {.sum = SUM_START};
  cp_options to = {.on_stdout = on_rest, .data = &h}, from = {.on_stdout = on_first_bytes_forward, .data = &h};
  cp_child *target = start(&to, HELPER_ARGS("cat"));
  cp_child *source = start(&from, HELPER_ARGS("fill", "1", "5000000"));
  h.to = cp_child_stdin(target);
  run_loop();
  assert_null(h.to);
  assert_int_equal(h.length, 5000000);
  assert_true(h.sum == sum_of_fill(5000000));
  cp_child_free(source);
  cp_child_free(target);
}

/* The next in a pipeline must not wait for ever. The portable launcher knows before: it refuses the forward. */
static void a_source_whose_child_never_starts_ends_the_target(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  told t = {0};
  event_log log;
  cp_child *source;
  cp_options options = log_options(&log);
  assert_int_equal(cp_spawn(&source, test_loop(), "no-such-program", NULL, NULL), 0);
  cp_child *target = start(&options, HELPER_ARGS("count"));
  int rc = cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t);
  assert_int_equal(rc, 0);
  run_loop();
  assert_int_equal(t.count, 1);
  assert_int_equal(t.status, UV_ECANCELED);
  assert_string_equal(log.out, "0\n");
  cp_child_free(source);
  cp_child_free(target);
}

static void closing_the_source_cancels_and_ends_the_target(void **state) {
  (void)state;
  told t = {0};
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(NULL, HELPER_ARGS("pause"));
  cp_child *target = start(&options, HELPER_ARGS("count"));
  assert_int_equal(cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, &t), 0);
  run_until(&log.spawned);
  cp_stream_close(cp_child_stdout(source));
  assert_int_equal(t.count, 0);
  run_until(&t.count);
  assert_int_equal(t.status, UV_ECANCELED);
  assert_int_equal(cp_child_kill(source, SIGKILL), 0);
  run_loop();
  assert_string_equal(log.out, "0\n");
  cp_child_free(source);
  cp_child_free(target);
}

static void what_cannot_be_forwarded_says_so(void **state) {
  (void)state;
  cp_child *a = start(NULL, HELPER_ARGS("pause")), *b = start(NULL, HELPER_ARGS("pause"));
  cp_stream *out = cp_child_stdout(a), *in = cp_child_stdin(b);
  assert_int_equal(cp_stream_forward(NULL, in, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward(out, NULL, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward(in, in, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward(out, cp_child_stdout(b), NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward_fd(out, -1, NULL, NULL), UV_EBADF);
  assert_int_equal(cp_stream_forward(out, in, NULL, NULL), 0);
  assert_int_equal(cp_stream_forward(out, in, NULL, NULL), UV_EBUSY);
  assert_int_equal(cp_stream_forward_fd(out, 1, NULL, NULL), UV_EBUSY);
  assert_int_equal(cp_stream_forward(cp_child_stderr(a), in, NULL, NULL), UV_EBUSY);
  assert_int_equal(cp_stream_take_fd(out), UV_EBUSY);
  assert_int_equal(cp_stream_take_fd(in), UV_EBUSY);
  assert_int_equal(cp_stream_end(cp_child_stdin(a)), 0);
  assert_int_equal(cp_stream_forward(cp_child_stderr(a), cp_child_stdin(a), NULL, NULL), UV_EBADF);
  assert_int_equal(cp_child_kill(a, SIGKILL), 0);
  assert_int_equal(cp_child_kill(b, SIGKILL), 0);
  run_loop();
  cp_child_free(a);
  cp_child_free(b);
}

/* ---------------------------------------------------------------- taking the fd */

static void two_children_are_joined_by_a_taken_fd(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *source = start(NULL, HELPER_ARGS("fill", "1", "10000000"));
  int fd = cp_stream_take_fd(cp_child_stdout(source));
  assert_true(fd >= 0);
  assert_true(blocks(fd));
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  options.stdio = CP_STDIO(CP_FD(fd), CP_PIPE, CP_PIPE);
  cp_child *target = start(&options, HELPER_ARGS("sum"));
  close(fd);
  run_loop();
  assert_filled(log.out, 10000000);
  cp_child_free(source);
  cp_child_free(target);
}

static void a_taken_stream_is_closed_and_does_not_hold_up_the_close(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child = start(&options, HELPER_ARGS("write", "1", "mine", "--", "write", "2", "yours"));
  run_until(&log.spawned);
  if (log.out_length == 0) {
    char text[8] = "";
    int fd = cp_stream_take_fd(cp_child_stdout(child));
    assert_int_equal(cp_stream_take_fd(cp_child_stdout(child)), UV_EBADF);
    run_loop();
    assert_int_equal(log.closed, 1);
    assert_int_equal(read(fd, text, sizeof text), 4);
    assert_string_equal(text, "mine");
    close(fd);
  }
  run_loop();
  assert_string_equal(log.err, "yours");
  cp_child_free(child);
}

static void an_fd_cannot_be_taken_while_writes_wait(void **state) {
  (void)state;
  static char block[200000];
  cp_child *child = start(NULL, HELPER_ARGS("count"));
  assert_int_equal(cp_stream_write(cp_child_stdin(child), block, sizeof block, NULL, NULL), 1);
  assert_int_equal(cp_stream_take_fd(cp_child_stdin(child)), UV_EBUSY);
  cp_stream_close(cp_child_stdin(child));
  assert_int_equal(cp_stream_take_fd(cp_child_stdin(child)), UV_EBADF);
  assert_int_equal(cp_stream_take_fd(NULL), UV_EBADF);
  run_loop();
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(fifty_mebibytes_go_from_child_to_child_through_pipes),
      TEST(fifty_mebibytes_go_from_child_to_child_through_sockets),
      TEST(fifty_mebibytes_go_from_a_pipe_to_a_socket),
      TEST(fifty_mebibytes_go_from_a_socket_to_a_pipe),
      TEST(the_end_goes_on_through_three_children),
      TEST(what_was_written_before_goes_first),
      TEST(what_is_written_meanwhile_is_not_lost),
      TEST(a_half_closed_duplex_source_still_gets_the_answer),
      TEST(a_duplex_stream_may_be_forwarded_to_itself),
      TEST(a_child_is_forwarded_to_a_file),
      TEST(files_that_cannot_be_polled_are_never_full),
      TEST(a_child_is_appended_to_a_file),
      TEST(a_full_disk_is_told),
      TEST(a_full_pipe_is_waited_for_and_stays_in_its_mode),
      TEST(a_full_socket_is_waited_for),
      TEST(freeing_the_source_ends_a_forward_that_waits),
      TEST(freeing_the_target_ends_the_forward_with_epipe),
      TEST(the_target_dies_and_the_source_gets_sigpipe),
      TEST(a_source_that_ignores_sigpipe_gets_epipe),
      TEST(no_sigpipe_reaches_this_process),
      TEST(a_forward_behind_a_failed_write_ends_with_epipe),
      TEST(a_paused_source_is_not_forwarded),
      TEST(a_paused_source_is_not_forwarded_to_a_stream_that_takes_more),
      TEST(a_paused_source_is_not_forwarded_to_an_fd_that_takes_more),
      TEST(a_forward_to_a_full_fd_does_not_keep_the_loop_of_an_unrefed_stream),
      TEST(forwarding_may_begin_in_the_middle_of_reading),
      TEST(a_source_whose_child_never_starts_ends_the_target),
      TEST(closing_the_source_cancels_and_ends_the_target),
      TEST(what_cannot_be_forwarded_says_so),
      TEST(two_children_are_joined_by_a_taken_fd),
      TEST(a_taken_stream_is_closed_and_does_not_hold_up_the_close),
      TEST(an_fd_cannot_be_taken_while_writes_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
