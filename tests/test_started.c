/* test_started.c - cp_child_started(): whether it was started, asked before the loop has told. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static cp_child *start(event_log *log, const char *file, const char *const *args, cp_options more) {
  cp_child *child;
  cp_options options = log_options(log);
  options.cwd = more.cwd;
  options.stdio = more.stdio;
  assert_int_equal(cp_spawn(&child, test_loop(), file, args, &options), 0);
  return child;
}

static void a_start_that_worked_is_0_and_writes_no_error(void **state) {
  (void)state;
  event_log log;
  cp_error error = {.code = 12345};
  cp_child *child = start(&log, HELPER, HELPER_ARGS("exit", "3"), (cp_options){0});
  assert_int_equal(cp_child_started(child, &error), 0);
  assert_int_equal(error.code, 12345);
  assert_string_equal(log.text, ""); /* the events are still to come */
  run_loop();
  assert_string_equal(log.text, "spawn exit:3 close:3");
  assert_int_equal(cp_child_started(child, &error), 0); /* that it has ended changes nothing */
  assert_int_equal(error.code, 12345);
  cp_child_free(child);
}

/* The same as on_error is going to tell, and as it has told. */
static void fails(const char *file, int code, cp_stage stage, cp_options options) {
  event_log log;
  cp_error error = {0}, again = {0};
  cp_child *child = start(&log, file, NULL, options);
  assert_int_equal(cp_child_started(child, NULL), code);
  assert_int_equal(cp_child_started(child, &error), code);
  assert_int_equal(error.code, code);
  assert_int_equal(error.stage, stage);
  assert_int_equal(cp_child_pid(child), 0);
  assert_string_equal(log.text, "");
  run_loop();
  assert_int_equal(log.failed, 1);
  assert_int_equal(log.closed, 1);
  assert_string_equal(log.error.message, error.message);
  assert_string_equal(log.error.path, error.path);
  assert_int_equal(cp_child_started(child, &again), code);
  assert_string_equal(again.message, error.message);
  cp_child_free(child);
}

static void a_missing_program_is_told_at_once(void **state) {
  (void)state;
  fails("/no/such/program", UV_ENOENT, CP_STAGE_EXEC, (cp_options){0});
}

static void a_missing_directory_is_told_at_once(void **state) {
  (void)state;
  fails(HELPER, UV_ENOENT, CP_STAGE_CHDIR, (cp_options){.cwd = "/no/such/directory"});
}

static void so_is_what_failed_before_there_was_a_process(void **state) {
  (void)state;
  fails(HELPER, UV_ENOENT, CP_STAGE_OPEN,
        (cp_options){.stdio = CP_STDIO(CP_IGNORE, CP_WRITE_FILE("/no/such/directory/file"), CP_IGNORE)});
}

static void take_all(cp_child *child, int fds[3]) {
  for (int i = 0; i < 3; i++) {
    fds[i] = cp_stream_take_fd(cp_child_stream(child, i));
    assert_true(fds[i] >= 0);
    assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
  }
}

static void close_all(const int fds[3]) {
  for (int i = 0; i < 3; i++) assert_int_equal(close(fds[i]), 0);
}

static void the_streams_can_be_taken_while_the_start_is_under_way(void **state) {
  (void)state;
  event_log log;
  int fds[3];
  char text[16] = "";
  cp_child *child = start(&log, HELPER, HELPER_ARGS("read", "5", "--", "write", "2", "err"), (cp_options){0});
  take_all(child, fds);
  assert_int_equal(cp_child_started(child, NULL), 0);
  assert_int_equal(write(fds[0], "hello", 5), 5);
  for (size_t got = 0; got < 5;) {
    ssize_t n = read(fds[1], text + got, sizeof text - 1 - got);
    assert_true(n > 0);
    got += (size_t)n;
  }
  assert_string_equal(text, "hello");
  assert_int_equal(read(fds[2], text, sizeof text), 3);
  run_loop();
  assert_string_equal(log.text, "spawn exit:0 close:0"); /* nothing is left that close would wait for */
  assert_int_equal(read(fds[1], text, sizeof text), 0);
  close_all(fds);
  cp_child_free(child);
}

#ifdef CP_LAUNCHER_LINUX
static void check_ends(const int fds[3]) {
  char byte = 'x';
  assert_int_equal(read(fds[1], &byte, 1), 0);
  assert_int_equal(read(fds[2], &byte, 1), 0);
  assert_int_equal(write(fds[0], &byte, 1), -1);
  assert_int_equal(errno, EPIPE);
}

static void streams_that_were_taken_outlive_a_failed_start_and_are_at_their_end(void **state) {
  (void)state;
  static const cp_stdio kinds[] = {{.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_OVERLAPPED}};
  void (*old)(int) = signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    event_log log;
    int fds[3];
    cp_child *child =
        start(&log, "/no/such/program", NULL, (cp_options){.stdio = CP_STDIO(kinds[i], kinds[i], kinds[i])});
    take_all(child, fds);
    assert_int_equal(cp_child_started(child, NULL), UV_ENOENT);
    assert_null(cp_child_stdout(child));
    check_ends(fds);
    run_loop();
    assert_int_equal(log.failed, 1);
    assert_int_equal(log.closed, 1);
    check_ends(fds);
    close_all(fds);
    cp_child_free(child);
  }
  (void)signal(SIGPIPE, old);
}

static void copy_file(const char *from, const char *to) {
  char bytes[65536];
  int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  assert_true(in >= 0 && out >= 0);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) assert_int_equal(write(out, bytes, (size_t)n), n);
  assert_int_equal(fchmod(out, 0755), 0);
  assert_int_equal(close(in) + close(out), 0);
}

/* A write lease makes execve(2) wait until it is given back. */
static void a_start_that_stands_still_is_told_apart(void **state) {
  (void)state;
  event_log log;
  char path[] = "/tmp/cp-started-XXXXXX";
  int made = mkstemp(path);
  assert_true(made >= 0);
  assert_int_equal(close(made), 0);
  copy_file(HELPER, path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  void (*old)(int) = signal(SIGIO, SIG_IGN);
  assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
  cp_child *child = start(&log, path, HELPER_ARGS("exit", "3"), (cp_options){0});
  assert_int_equal(cp_child_started(child, NULL), UV_EALREADY);
  assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
  int rc;
  while ((rc = cp_child_started(child, NULL)) == UV_EALREADY) {
  }
  assert_int_equal(rc, 0);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 3);
  cp_child_free(child);
  assert_int_equal(close(fd), 0);
  assert_int_equal(unlink(path), 0);
  (void)signal(SIGIO, old);
}
#endif

static int polled;
static void on_poll(uv_poll_t *poll, int status, int events) {
  (void)events;
  assert_int_equal(status, 0);
  polled++;
  uv_close((uv_handle_t *)poll, NULL);
}

/* Whoever took the fd watches it in the same loop, in which the stream's own watch has just ended. */
static void a_taken_stream_can_be_watched_in_the_same_loop(void **state) {
  (void)state;
  event_log log;
  uv_poll_t poll;
  char byte;
  cp_child *child = start(&log, HELPER, HELPER_ARGS("write", "1", "x"),
                          (cp_options){.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE)});
  int fd = cp_stream_take_fd(cp_child_stdout(child));
  polled = 0;
  assert_true(fd >= 0);
  assert_int_equal(uv_poll_init(test_loop(), &poll, fd), 0);
  assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_poll), 0);
  assert_int_equal(cp_child_started(child, NULL), 0);
  run_loop();
  assert_int_equal(polled, 1);
  assert_int_equal(read(fd, &byte, 1), 1);
  assert_int_equal(close(fd), 0);
  cp_child_free(child);
}

static const event_log *told;

static void on_readable(uv_poll_t *poll, int status, int events) {
  assert_int_equal(status, 0);
  assert_true(events & UV_READABLE);
  assert_string_equal(told->text, "spawn");
  uv_close((uv_handle_t *)poll, NULL);
  polled++;
}

/* The loop watches the process already when the fd comes to it, so its end is the first event of the round. */
static void what_it_wrote_can_be_read_from_a_taken_stream_before_on_exit(void **state) {
  (void)state;
  event_log log;
  uv_poll_t poll;
  siginfo_t info;
  cp_child *child = start(&log, HELPER, HELPER_ARGS("write", "1", "x"),
                          (cp_options){.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE)});
  int fd = cp_stream_take_fd(cp_child_stdout(child));
  told = &log;
  polled = 0;
  assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
  assert_int_equal(uv_poll_init(test_loop(), &poll, fd), 0);
  assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
  run_loop();
  assert_int_equal(polled, 1);
  assert_string_equal(log.text, "spawn exit:0 close:0");
  assert_int_equal(close(fd), 0);
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_start_that_worked_is_0_and_writes_no_error),
      TEST(a_missing_program_is_told_at_once),
      TEST(a_missing_directory_is_told_at_once),
      TEST(so_is_what_failed_before_there_was_a_process),
      TEST(the_streams_can_be_taken_while_the_start_is_under_way),
#ifdef CP_LAUNCHER_LINUX /* uv_spawn() waits as long as it takes: there is no start under way */
      TEST(streams_that_were_taken_outlive_a_failed_start_and_are_at_their_end),
      TEST(a_start_that_stands_still_is_told_apart),
#endif
      TEST(a_taken_stream_can_be_watched_in_the_same_loop),
      TEST(what_it_wrote_can_be_read_from_a_taken_stream_before_on_exit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
