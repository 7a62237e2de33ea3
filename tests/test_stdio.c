/* test_stdio.c - what the child finds at its fds, and what it does not find there. */
#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAR_FD = 300 };

/* The helper's table of fds goes to a file, so that none of them is needed for it. */
static char *table_of(cp_options options, cp_stdio_list list, const char *path) {
  cp_stdio entries[CP_STDIO_MAX];
  memcpy(entries, list.entries, list.count * sizeof *entries);
  entries[1] = CP_WRITE_FILE(path);
  options.stdio = (cp_stdio_list){entries, list.count};
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fds"), &options), 0);
  assert_int_equal(result.exit.code, 0);
  cp_result_dispose(&result);
  return read_file(path);
}

static void finds(const char *expected, cp_stdio_list list) {
  char *text = table_of((cp_options){0}, list, temp_path("table"));
  assert_string_equal(text, expected);
  free(text);
}

static void the_default_is_three_pipes(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  char *text = helper_output(HELPER_ARGS("fds"), NULL);
  assert_string_equal(text, "0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n");
  free(text);
  const cp_stdio nothing[1];
  memset((void *)(uintptr_t)nothing, 0, sizeof nothing);
  cp_options options = {.stdio = {nothing, 0}};
  text = helper_output(HELPER_ARGS("fds"), &options);
  assert_int_equal(count_lines(text, "2 pipe w"), 1);
  free(text);
}

static void missing_entries_have_their_default(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  finds("0 null rw blocking\n1 file w blocking\n2 pipe w blocking\n", CP_STDIO(CP_IGNORE, CP_DEFAULT));
  finds("0 pipe r blocking\n1 file w blocking\n2 pipe w blocking\n",
        CP_STDIO(CP_DEFAULT, CP_DEFAULT, CP_DEFAULT, CP_DEFAULT, CP_DEFAULT));
}

static void each_kind_at_0_to_2(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  char *file = strdup(temp_path("file"));
  write_file(file, "", 0644);
  finds("0 null rw blocking\n1 file w blocking\n2 null rw blocking\n", CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE));
  finds("0 socket rw blocking\n1 file w blocking\n2 socket rw blocking\n",
        CP_STDIO(CP_OVERLAPPED, CP_PIPE, CP_OVERLAPPED));
  finds("0 file r blocking\n1 file w blocking\n2 file w blocking\n",
        CP_STDIO(CP_READ_FILE(file), CP_PIPE, CP_WRITE_FILE(file)));
  finds("0 file r blocking\n1 file w blocking\n2 file w blocking\n",
        CP_STDIO(CP_READ_FILE(file), CP_PIPE, CP_APPEND_FILE(file)));
  finds("0 file w blocking\n1 file w blocking\n2 file w blocking\n", CP_STDIO(CP_SAME_AS(1), CP_PIPE, CP_SAME_AS(1)));
  free(file);
}

static void each_kind_at_3_and_up(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  char *file = strdup(temp_path("file"));
  write_file(file, "", 0644);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  finds(
      "0 null rw blocking\n1 file w blocking\n2 null rw blocking\n3 socket rw blocking\n4 socket rw blocking\n"
      "6 null r blocking\n7 file r blocking\n8 file w blocking\n9 file w blocking\n10 file w blocking\n",
      CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE, CP_PIPE, CP_OVERLAPPED, CP_IGNORE, CP_FD(null), CP_READ_FILE(file),
               CP_WRITE_FILE(file), CP_APPEND_FILE(file), CP_SAME_AS(1)));
  close(null);
  free(file);
}

static void an_entry_may_stand_at_any_fd_and_gaps_are_closed(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  static const int places[] = {3, 9, 63, 255, FAR_FD, CP_STDIO_MAX - 1};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    cp_stdio entries[CP_STDIO_MAX] = {CP_IGNORE, CP_PIPE, CP_IGNORE};
    char expected[256];
    entries[places[i]] = CP_PIPE;
    (void)snprintf(expected, sizeof expected,
                   "0 null rw blocking\n1 file w blocking\n2 null rw blocking\n%d socket rw blocking\n", places[i]);
    finds(expected, (cp_stdio_list){entries, (size_t)places[i] + 1});
  }
}

static void extra_pipes_carry_bytes_both_ways(void **state) {
  (void)state;
  cp_stdio entries[FAR_FD + 1] = {CP_IGNORE, CP_PIPE, CP_PIPE};
  entries[9] = CP_PIPE;
  entries[FAR_FD] = CP_OVERLAPPED;
  cp_result result;
  cp_options options = {.stdio = {entries, FAR_FD + 1}};
  const char *const *args = HELPER_ARGS("write", "9", "nine", "--", "write", "300", "far", "--", "cat", "300", "1");
  assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), 0);
  assert_string_equal(result.output[9].bytes, "nine");
  assert_string_equal(result.output[FAR_FD].bytes, "far");
  assert_null(result.output[5].bytes);
  assert_null(result.output[0].bytes);
  assert_int_equal(result.output_count, FAR_FD + 1);
  cp_result_dispose(&result);
}

static void one_stream_for_two_keeps_the_order(void **state) {
  (void)state;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_SAME_AS(1))};
  char *text = helper_output(
      HELPER_ARGS("write", "1", "a", "--", "write", "2", "b", "--", "write", "1", "c", "--", "write", "2", "d"),
      &options);
  assert_string_equal(text, "abcd");
  free(text);
}

static void stdout_may_be_whatever_stderr_is(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_SAME_AS(2), CP_PIPE)};
  const char *const *args = HELPER_ARGS("write", "1", "a", "--", "write", "2", "b");
  assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), 0);
  assert_null(result.output[1].bytes);
  assert_string_equal(result.err.bytes, "ab");
  cp_result_dispose(&result);
}

static void same_as_a_closed_entry_is_closed(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  finds("0 null rw blocking\n1 file w blocking\n2 null rw blocking\n",
        CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE, CP_IGNORE, CP_SAME_AS(3)));
}

static void ignore_reads_nothing_and_swallows_all(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_IGNORE, CP_PIPE)};
  const char *const *args = HELPER_ARGS("cat", "0", "2", "--", "fill", "1", "1000000", "--", "write", "2", "end");
  assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), 0);
  assert_int_equal(result.exit.code, 0);
  assert_string_equal(result.err.bytes, "end");
  assert_null(result.output[1].bytes);
  cp_result_dispose(&result);
}

static void a_read_file_is_read_from_its_beginning(void **state) {
  (void)state;
  char *path = strdup(temp_path("in"));
  write_file(path, "content", 0644);
  cp_options options = {.stdio = CP_STDIO(CP_READ_FILE(path), CP_PIPE, CP_PIPE)};
  char *text = helper_output(HELPER_ARGS("cat"), &options);
  assert_string_equal(text, "content");
  free(text);
  free(path);
}

static void a_write_file_is_created_or_cut(void **state) {
  (void)state;
  char *path = strdup(temp_path("out")), *text;
  struct stat st;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_WRITE_FILE(path), CP_PIPE)};
  mode_t mask = umask(027);
  free(helper_output(HELPER_ARGS("write", "1", "first, and long"), &options));
  (void)umask(mask);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0640);
  free(helper_output(HELPER_ARGS("write", "1", "second"), &options));
  text = read_file(path);
  assert_string_equal(text, "second");
  free(text);
  free(path);
}

static void an_append_file_is_created_or_kept(void **state) {
  (void)state;
  char *path = strdup(temp_path("log")), *text;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_APPEND_FILE(path), CP_SAME_AS(1))};
  free(helper_output(HELPER_ARGS("write", "1", "one "), &options));
  free(helper_output(HELPER_ARGS("write", "2", "two "), &options));
  free(helper_output(HELPER_ARGS("write", "1", "three"), &options));
  text = read_file(path);
  assert_string_equal(text, "one two three");
  free(text);
  free(path);
}

static void files_are_relative_to_the_parents_directory(void **state) {
  (void)state;
  char here[4096];
  assert_non_null(getcwd(here, sizeof here));
  write_file(temp_path("in"), "here", 0644);
  char *directory = strdup(temp_path("x"));
  *strrchr(directory, '/') = '\0';
  assert_int_equal(chdir(directory), 0);
  cp_options options = {.cwd = "/", .stdio = CP_STDIO(CP_READ_FILE("in"), CP_PIPE, CP_PIPE)};
  char *text = helper_output(HELPER_ARGS("cat"), &options);
  assert_int_equal(chdir(here), 0);
  assert_string_equal(text, "here");
  free(text);
  free(directory);
}

static void a_file_that_cannot_be_opened_is_an_error_event(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_READ_FILE("/no/such/file"));
  run_helper(&log, NULL, &options);
  assert_string_equal(log.text, "error:ENOENT:open close:-2");
  assert_string_equal(log.error.path, "/no/such/file");
  assert_int_equal(log.error.index, 3);
  assert_non_null(strstr(log.error.message, "options.stdio[3]"));
  cp_result result;
  options.stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE("/"));
  assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &options), UV_EISDIR);
  assert_int_equal(result.error.stage, CP_STAGE_OPEN);
  cp_result_dispose(&result);
}

/* Two pipes of the test's own; the child writes "one" to fd `a` and "two" to fd `b`. */
static void writes_arrive(cp_stdio_list list, const int *pipes, const char *a, const char *b) {
  char text[16] = "";
  cp_result result;
  cp_options options = {.stdio = list};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", a, "one", "--", "write", b, "two"), &options),
                   0);
  assert_int_equal(result.exit.code, 0);
  assert_int_equal(read(pipes[0], text, sizeof text), 3);
  assert_string_equal(text, "one");
  assert_int_equal(read(pipes[2], text, sizeof text), 3);
  assert_string_equal(text, "two");
  cp_result_dispose(&result);
}

static void an_fd_of_the_parent_stands_where_it_is_put(void **state) {
  (void)state;
  int pipes[4];
  assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
  assert_int_equal(pipe2(pipes + 2, O_CLOEXEC), 0);
  writes_arrive(CP_STDIO(CP_IGNORE, CP_FD(pipes[1]), CP_FD(pipes[3])), pipes, "1", "2");
  writes_arrive(CP_STDIO(CP_IGNORE, CP_FD(pipes[3]), CP_FD(pipes[1])), pipes, "2", "1");
  writes_arrive(CP_STDIO(CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_FD(pipes[1]), CP_IGNORE, CP_FD(pipes[3])), pipes, "3",
                "5");
  writes_arrive(CP_STDIO(CP_IGNORE, CP_FD(pipes[1]), CP_FD(pipes[3]), CP_SAME_AS(2), CP_SAME_AS(1)), pipes, "4", "3");
  assert_true(fcntl(pipes[1], F_GETFD) & FD_CLOEXEC); /* the parent's own is as it was */
  for (int i = 0; i < 4; i++) close(pipes[i]);
}

/* Low fds of the parent that the table overwrites before it uses them. The copies have nothing else to lose. */
static void permute_apart(void *data) {
  (void)data;
  enum { COUNT = 6 };
  static const int orders[][COUNT] = {
      {0, 1, 2, 3, 4, 5}, {0, 2, 1, 3, 4, 5}, {1, 0, 2, 3, 4, 5}, {1, 2, 0, 4, 5, 3},
      {5, 4, 3, 2, 1, 0}, {2, 2, 2, 0, 0, 0}, {5, 5, 5, 5, 5, 5}, {1, 2, 3, 4, 5, 0},
      {5, 0, 1, 2, 3, 4}, {3, 3, 0, 1, 1, 2}, {0, 0, 0, 0, 0, 0}, {4, 3, 4, 3, 0, 1},
  };
  char path[COUNT][64], text[COUNT][8], expected[8];
  int files[COUNT];
  for (int i = 0; i < COUNT; i++) {
    (void)snprintf(path[i], sizeof path[i], "/tmp/cp-permute-%d-%d", (int)getpid(), i);
    int fd = open(path[i], O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK(unlink(path[i]) == 0);
    files[i] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    CHECK(files[i] >= 0);
    (void)close(fd);
  }
  for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
    cp_stdio entries[COUNT];
    cp_result result;
    for (int i = 0; i < COUNT; i++) {
      CHECK(dup2(files[i], i) == i); /* the parent's fd i is file i */
      CHECK(ftruncate(files[i], 0) == 0 && lseek(files[i], 0, SEEK_SET) == 0);
      entries[i] = CP_FD(orders[o][i]);
    }
    const char *const *args = HELPER_ARGS("write", "0", "a", "--", "write", "1", "b", "--", "write", "2", "c", "--",
                                          "write", "3", "d", "--", "write", "4", "e", "--", "write", "5", "f");
    CHECK(cp_spawn_sync(&result, HELPER, args, &(cp_options){.stdio = {entries, COUNT}}) == 0);
    CHECK(result.exit.code == 0);
    cp_result_dispose(&result);
    for (int i = 0; i < COUNT; i++) {
      char *end = expected;
      for (int k = 0; k < COUNT; k++)
        if (orders[o][k] == i) *end++ = (char)('a' + k);
      *end = '\0';
      memset(text[i], 0, sizeof text[i]);
      CHECK(pread(files[i], text[i], sizeof text[i] - 1, 0) >= 0);
      CHECK(strcmp(text[i], expected) == 0);
    }
  }
}

static void fds_may_be_swapped_turned_and_doubled_in_place(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  apart(permute_apart, NULL);
}

static void high_fds_apart(void *data) {
  (void)data;
  enum { COUNT = 33000 }; /* more than a short can count */
  struct rlimit limit = {COUNT + 100, COUNT + 100};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) SKIP_APART();
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
  CHECK(pipe2(pipes, O_CLOEXEC) == 0);
  CHECK(dup2(pipes[1], 1) == 1);
  for (int fd = null; fd < COUNT; fd = dup(null)) CHECK(fd >= 0);
  cp_result result;
  cp_options options = {.stdio = CP_STDIO(CP_FD(1), CP_FD(null), CP_FD(1))};
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "2", "x"), &options) == 0);
  CHECK(result.exit.code == 0);
  char c;
  CHECK(read(pipes[0], &c, 1) == 1 && c == 'x');
}

static void fds_can_be_swapped_in_a_parent_with_very_many(void **state) {
  (void)state;
  apart(high_fds_apart, NULL);
}

static void inherited_apart(void *data) {
  int *pipes = data;
  CHECK(dup2(pipes[1], 1) == 1);
  CHECK(dup2(pipes[3], 7) == 7);
  cp_result result;
  cp_stdio entries[] = {CP_IGNORE, CP_INHERIT, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_INHERIT};
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1", "one", "--", "write", "7", "two"),
                      &(cp_options){.stdio = {entries, 8}}) == 0);
  CHECK(result.exit.code == 0);
}

static void inherit_is_the_parents_fd_of_the_same_number(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  int pipes[4];
  char text[8] = "";
  assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
  assert_int_equal(pipe2(pipes + 2, O_CLOEXEC), 0);
  apart(inherited_apart, pipes);
  assert_int_equal(read(pipes[0], text, sizeof text), 3);
  assert_string_equal(text, "one");
  assert_int_equal(read(pipes[2], text, sizeof text), 3);
  assert_string_equal(text, "two");
  for (int i = 0; i < 4; i++) close(pipes[i]);
}

static void a_pipe_handle_can_be_an_entry(void **state) {
  (void)state;
  int fds[2];
  uv_pipe_t pipe;
  char text[8] = "";
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  assert_int_equal(uv_pipe_init(test_loop(), &pipe, 0), 0);
  assert_int_equal(uv_pipe_open(&pipe, fds[1]), 0);
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_STREAM(&pipe), CP_IGNORE)};
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1", "hello"), &options), 0);
  assert_int_equal(read(fds[0], text, sizeof text), 5);
  assert_string_equal(text, "hello");
  assert_null(result.output[1].bytes);
  cp_result_dispose(&result);
  uv_close((uv_handle_t *)&pipe, NULL);
  run_loop();
  close(fds[0]);
}

static int connected_pair(int *other) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(server, 1), 0);
  assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
  assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
  *other = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  assert_true(*other >= 0);
  close(server);
  return client;
}

static void a_tcp_handle_can_be_an_entry(void **state) {
  (void)state;
  uv_tcp_t tcp;
  event_log log;
  char text[8] = "";
  int other, fd = connected_pair(&other);
  assert_int_equal(uv_tcp_init(test_loop(), &tcp), 0);
  assert_int_equal(uv_tcp_open(&tcp, fd), 0);
  cp_options options = log_options(&log);
  options.stdio = CP_STDIO(CP_STREAM(&tcp), CP_STREAM(&tcp), CP_PIPE);
  assert_int_equal(write(other, "in", 2), 2);
  run_helper(&log, HELPER_ARGS("write", "1", "hello"), &options);
  assert_string_equal(log.text, "spawn exit:0 close:0");
  assert_int_equal(read(other, text, sizeof text), 5);
  assert_string_equal(text, "hello");
  uv_close((uv_handle_t *)&tcp, NULL);
  run_loop();
  close(other);
}

static void fds_without_close_on_exec_do_not_leak(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int fd = open("/dev/null", O_RDONLY), far = fcntl(fd, F_DUPFD, 1500);
  char *text = helper_output(HELPER_ARGS("fds"), NULL);
  assert_string_equal(text, "0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n");
  free(text);
  assert_int_equal(fcntl(fd, F_GETFD), 0); /* still without, in the parent */
  close(fd);
  close(far);
}

static void keep_fds_hands_them_on(void **state) {
  (void)state;
  int fd = open("/dev/null", O_RDONLY), hidden = open("/dev/null", O_RDONLY | O_CLOEXEC),
      far = fcntl(fd, F_DUPFD, 1500);
  char *text = helper_output(HELPER_ARGS("fds"), &(cp_options){.keep_fds = true}), line[64];
  (void)snprintf(line, sizeof line, "%d null r", fd);
  assert_int_equal(count_lines(text, line), 1);
  assert_int_equal(count_lines(text, "1500 null r"), 1);
  (void)snprintf(line, sizeof line, "%d ", hidden);
  assert_int_equal(count_lines(text, line), 0);
  free(text);
  close(fd);
  close(hidden);
  close(far);
}

static void children_do_not_hold_each_others_pipes(void **state) {
  (void)state;
  event_log first, second;
  cp_options options = log_options(&first);
  cp_child *one, *two;
  assert_int_equal(cp_spawn(&one, test_loop(), HELPER, HELPER_ARGS("count"), &options), 0);
  options = log_options(&second);
  assert_int_equal(cp_spawn(&two, test_loop(), HELPER, HELPER_ARGS("count"), &options), 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(one)), 0);
  run_until(&first.closed); /* would hang if the second had the first's stdin */
  assert_string_equal(first.out, "0\n");
  assert_int_equal(second.exited, 0);
  assert_int_equal(cp_stream_end(cp_child_stdin(two)), 0);
  run_loop();
  cp_child_free(one);
  cp_child_free(two);
}

static void stdin_and_stdout_can_be_opened_anew(void **state) {
  (void)state;
  char *text = helper_output(HELPER_ARGS("reopen", "/dev/stdout"), NULL);
  assert_string_equal(text, "ok");
  free(text);
  text = helper_output(HELPER_ARGS("reopen", "/proc/self/fd/1"), NULL);
  assert_string_equal(text, "ok");
  free(text);
  text = helper_output(HELPER_ARGS("load", "/dev/stdin"), &(cp_options){.input = "fed", .input_length = 3});
  assert_string_equal(text, "fed");
  free(text);
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("reopen", "/dev/stderr"), NULL), 0);
  assert_string_equal(result.err.bytes, "ok");
  cp_result_dispose(&result);
}

static void the_parents_own_fds_keep_their_mode(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int fds[2], modes[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  for (int i = 0; i < 2; i++) modes[i] = fcntl(fds[i], F_GETFL);
  cp_options options = {.stdio = CP_STDIO(CP_FD(fds[0]), CP_PIPE, CP_FD(fds[1]))};
  char *text = helper_output(HELPER_ARGS("fds"), &options);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(fcntl(fds[i], F_GETFL), modes[i]);
    assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
    close(fds[i]);
  }
  assert_int_equal(count_lines(text, "1 pipe w blocking"), 1);
  free(text);
  for (int fd = 0; fd < 3; fd++) modes[0] = fcntl(fd, F_GETFL);
  free(helper_output(HELPER_ARGS("fds"), &(cp_options){.stdio = CP_STDIO(CP_INHERIT, CP_PIPE, CP_INHERIT)}));
  assert_int_equal(fcntl(2, F_GETFL), modes[0]);
}

static void without_fds_apart(void *data) {
  const char *const *args = HELPER_ARGS("cat", "--", "write", "2", "err", "--", "fds");
  int closed = *(int *)data;
  cp_result result;
  uv_loop_t loop; /* libuv wants its own fds above 2 */
  CHECK(uv_loop_init(&loop) == 0);
  for (int fd = 0; fd < 3; fd++)
    if (closed & 1 << fd) (void)close(fd);
  cp_options options = {.input = "in\n", .input_length = 3};
  CHECK(cp_spawn_sync(&result, HELPER, args, &options) == 0);
  CHECK(result.exit.code == 0);
  CHECK(strcmp(result.out.bytes, "in\n0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n") == 0);
  CHECK(strcmp(result.err.bytes, "err") == 0);
  cp_result_dispose(&result);

  event_log log;
  cp_child *child;
  options = log_options(&log);
  options.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE);
  CHECK(cp_spawn(&child, &loop, HELPER, args, &options) == 0);
  CHECK(cp_stream_write(cp_child_stdin(child), "in\n", 3, NULL, NULL) == 0);
  CHECK(cp_stream_end(cp_child_stdin(child)) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.out, "in\n0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n3 socket rw blocking\n") == 0);
  CHECK(strcmp(log.err, "err") == 0);
  cp_child_free(child);
  CHECK(uv_loop_close(&loop) == 0);
}

static void a_parent_without_some_of_fds_0_to_2_can_spawn(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  for (int closed = 1; closed < 8; closed++) apart(without_fds_apart, &closed);
}

static void inherit_closed_apart(void *data) {
  int *fds = data;
  for (int fd = 0; fd < 3; fd++) (void)close(fd);
  cp_result result; /* stdin is a pipe that gets the numbers 0 and 1 in the parent */
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_INHERIT, CP_INHERIT, CP_FD(fds[1]))};
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("close", "1", "--", "close", "2"), &options) == 0);
  CHECK(result.exit.code == 0);
  cp_result_dispose(&result);
  CHECK(cp_spawn_sync(&result, "/bin/sh", CP_ARGS("-c", "ls /proc/self/fd/1 >&3 2>&3; echo x >&3"), &options) == 0);
  cp_result_dispose(&result);
}

static void an_inherited_fd_that_is_closed_stays_closed(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  int fds[2];
  char text[256] = "";
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  apart(inherit_closed_apart, fds);
  close(fds[1]);
  size_t length = 0;
  for (ssize_t n; (n = read(fds[0], text + length, sizeof text - 1 - length)) > 0;) length += (size_t)n;
  assert_non_null(strstr(text, "x\n"));
  close(fds[0]);
}

static void the_same_fd_may_serve_several_entries(void **state) {
  (void)state;
  int fds[2];
  char text[8] = "";
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_FD(fds[1]), CP_FD(fds[1]), CP_FD(fds[1]))};
  cp_result result;
  const char *const *args = HELPER_ARGS("write", "1", "a", "--", "write", "3", "b", "--", "write", "2", "c");
  assert_int_equal(cp_spawn_sync(&result, HELPER, args, &options), 0);
  assert_int_equal(read(fds[0], text, sizeof text), 3);
  assert_string_equal(text, "abc");
  cp_result_dispose(&result);
  close(fds[0]);
  close(fds[1]);
}

static void input_overrides_the_first_entry(void **state) {
  (void)state;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_IGNORE), .input = "given", .input_length = 5};
  char *text = helper_output(HELPER_ARGS("cat"), &options);
  assert_string_equal(text, "given");
  free(text);
}

static void a_pipe_can_be_larger_or_smaller(void **state) {
  (void)state;
  static const int sizes[] = {1, 4096, 1 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    cp_child *child;
    cp_options options = {.pipe_size_bytes = sizes[i]};
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("count"), &options), 0);
    int capacity = fcntl(cp_stream_fd(cp_child_stdin(child)), F_GETPIPE_SZ);
    assert_true(capacity >= sizes[i]);
    assert_true(i > 0 || capacity == 4096);
    cp_stream_close(cp_child_stdin(child));
    run_loop();
    cp_child_free(child);
  }
}

static void the_table_beyond_the_limit_of_fds_is_an_error_event(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  struct rlimit old, limit;
  event_log log;
  static cp_stdio entries[201];
  entries[200] = CP_PIPE;
  cp_options options = log_options(&log);
  options.stdio = (cp_stdio_list){entries, 201};
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  limit = (struct rlimit){100, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  run_helper(&log, NULL, &options);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_int_equal(log.error.stage, CP_STAGE_DUP);
  assert_int_equal(log.error.index, 200);
  assert_int_equal(log.error.code, UV_EMFILE);
  assert_non_null(strstr(log.error.message, "options.stdio[200]"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_default_is_three_pipes),
      TEST(missing_entries_have_their_default),
      TEST(each_kind_at_0_to_2),
      TEST(each_kind_at_3_and_up),
      TEST(an_entry_may_stand_at_any_fd_and_gaps_are_closed),
      TEST(extra_pipes_carry_bytes_both_ways),
      TEST(one_stream_for_two_keeps_the_order),
      TEST(stdout_may_be_whatever_stderr_is),
      TEST(same_as_a_closed_entry_is_closed),
      TEST(ignore_reads_nothing_and_swallows_all),
      TEST(a_read_file_is_read_from_its_beginning),
      TEST(a_write_file_is_created_or_cut),
      TEST(an_append_file_is_created_or_kept),
      TEST(files_are_relative_to_the_parents_directory),
      TEST(a_file_that_cannot_be_opened_is_an_error_event),
      TEST(an_fd_of_the_parent_stands_where_it_is_put),
      TEST(fds_may_be_swapped_turned_and_doubled_in_place),
      TEST(fds_can_be_swapped_in_a_parent_with_very_many),
      TEST(inherit_is_the_parents_fd_of_the_same_number),
      TEST(a_pipe_handle_can_be_an_entry),
      TEST(a_tcp_handle_can_be_an_entry),
      TEST(fds_without_close_on_exec_do_not_leak),
      TEST(keep_fds_hands_them_on),
      TEST(children_do_not_hold_each_others_pipes),
      TEST(stdin_and_stdout_can_be_opened_anew),
      TEST(the_parents_own_fds_keep_their_mode),
      TEST(a_parent_without_some_of_fds_0_to_2_can_spawn),
      TEST(an_inherited_fd_that_is_closed_stays_closed),
      TEST(the_same_fd_may_serve_several_entries),
      TEST(input_overrides_the_first_entry),
      TEST(a_pipe_can_be_larger_or_smaller),
      TEST(the_table_beyond_the_limit_of_fds_is_an_error_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
