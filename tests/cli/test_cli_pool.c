/* test_cli_pool.c - pool: lines of JSON are tasks for workers, their answers lines of stdout. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli_support.h"

/* Runs `child-process pool` with this on its stdin. */
static const cp_result *pool_with(const char *input, const char *const *args) {
  const cp_options options = {CP_INPUT(input)};
  return run_cli_with(args, &options);
}
#define POOL(input, ...) pool_with(input, CP_ARGS("pool", __VA_ARGS__))
#define ONE "-n", "1"
#define OBEY FORK_WORKER, "obey"

/* Every line of `lines` is in `text`, and nothing else. Each ends with a newline. */
static void assert_same_lines(const char *text, const char *lines) {
  assert_int_equal(strlen(text), strlen(lines));
  while (*lines != '\0') {
    int length = (int)strcspn(lines, "\n") + 1;
    char line[256];
    (void)snprintf(line, sizeof line, "%.*s", length, lines);
    if (count_lines(text, line) == 0) fail_msg("%s is not in %s", line, text);
    lines += length;
  }
}

/* "1\n2\n3\n"..., malloc()ed. */
static char *numbers(int last, size_t *length) {
  char *text = malloc((size_t)last * 8 + 1), *end = text;
  assert_non_null(text);
  for (int i = 1; i <= last; i++) end += sprintf(end, "%d\n", i);
  *length = (size_t)(end - text);
  return text;
}

/* ---------------------------------------------------------------- results */

static void a_line_is_a_task_and_the_answer_a_line(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"n\":1}\n[2, 3]\n\"x\"", ONE, OBEY);
  assert_status(r, 0);
  assert_out(r, "1\n[2,3]\n\"x\"\n");
  assert_err_has(r, "child-process: 3 done, 0 failed, ");
  assert_err_has(r, " tasks/s, 1 worker\n");
}

static void several_workers_share_the_tasks(void **state) {
  (void)state;
  size_t length;
  char *text = numbers(500, &length);
  const cp_result *r = POOL(text, "-n", "3", WORKER, "echo");
  assert_status(r, 0);
  assert_same_lines(r->out.bytes, text);
  free(text);
}

static void results_come_as_they_are_done(void **state) {
  (void)state;
  assert_out(POOL("{\"n\":1,\"ms\":700}\n{\"n\":2}\n", "-n", "2", OBEY), "2\n1\n");
}

static void ordered_they_come_in_the_order_of_the_lines(void **state) {
  (void)state;
  const cp_result *r =
      POOL("{\"n\":1,\"ms\":500}\n{\"n\":2}\n{\"n\":3,\"ms\":100}\n{\"n\":4}\n", "-n", "3", "--ordered", OBEY);
  assert_status(r, 0);
  assert_out(r, "1\n2\n3\n4\n");
}

static void blank_lines_are_skipped(void **state) {
  (void)state;
  const cp_result *r = POOL("\n \t\r\n1\n\n", ONE, OBEY);
  assert_status(r, 0);
  assert_out(r, "1\n");
}

static void keyed_names_the_line(void **state) {
  (void)state;
  const cp_result *r = POOL("\n{\"n\":7}\n{\"n\":null}\n", ONE, "--keyed", OBEY);
  assert_out(r, "{\"line\":2,\"result\":7}\n{\"line\":3,\"result\":null}\n");
}

static void quiet_says_nothing(void **state) {
  (void)state;
  assert_err(POOL("1\n", "-q", OBEY), "");
}

/* ---------------------------------------------------------------- the envelope */

static void in_flight_gives_a_worker_several_tasks(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"n\":1,\"ms\":600}\n{\"n\":2}\n{\"n\":3}\n", ONE, "--in-flight", "2", OBEY);
  assert_status(r, 0);
  assert_out(r, "2\n3\n1\n");
}

static void an_error_that_is_answered_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"error\":\"no such key\"}\n{\"n\":2}\n", ONE, "--envelope", OBEY);
  assert_status(r, 123);
  assert_out(r, "2\n");
  assert_err_has(r, "child-process: line 1: ");
  assert_err_has(r, "no such key");
}

/* The worker sends back what it gets: the number, and no result. */
static void an_answer_with_an_id_and_no_result_is_null(void **state) {
  (void)state;
  const cp_result *r = POOL("1\n2\n", ONE, "--envelope", WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "null\nnull\n");
}

static void structured_clone_travels_too(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"n\":{\"a\":[1]}}\n", ONE, "--serialization", "advanced", OBEY);
  assert_status(r, 0);
  assert_out(r, "{\"a\":[1]}\n");
}

static void an_answer_that_json_does_not_have_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = POOL("1\n", ONE, "--serialization", "advanced", FORK_WORKER, "odd");
  assert_out(r, "null\n"); /* undefined; what follows unasked is dropped */
}

/* ---------------------------------------------------------------- failures */

static void a_line_that_is_no_json_is_a_failed_task(void **state) {
  (void)state;
  const cp_result *r = POOL("1\nbad\n{\"a\":\n2\n", ONE, OBEY);
  assert_status(r, 123);
  assert_out(r, "1\n2\n");
  assert_err_has(r, "child-process: line 2: no JSON: unexpected 'b'");
  assert_err_has(r, "child-process: line 3: ");
  assert_err_has(r, "2 done, 2 failed, ");
}

static void a_worker_that_dies_is_told_with_its_last_words(void **state) {
  (void)state;
  const cp_result *r =
      POOL("{\"n\":1}\n{\"say\":\"first\\nlast words\\n\",\"exit\":3}\n{\"n\":2}\n", ONE, "--retries", "0", OBEY);
  assert_status(r, 123);
  assert_out(r, "1\n2\n");
  const char *line = strstr(r->err.bytes, "child-process: line 2: ");
  assert_non_null(line);
  assert_non_null(strstr(line, "exited with code 3"));
  assert_non_null(strstr(line, "last words\n"));
  assert_err_has(r, "2 done, 1 failed, ");
  assert_err_has(r, "1 replaced");
}

static void its_task_is_tried_again(void **state) {
  (void)state;
  char task[512];
  (void)snprintf(task, sizeof task, "{\"n\":1,\"once\":\"%s\",\"kill\":true}\n", temp_path("once"));
  const cp_result *r = POOL(task, ONE, OBEY);
  assert_status(r, 0);
  assert_out(r, "1\n");
  assert_err_has(r, "1 replaced");
  r = POOL("{\"kill\":true}\n", ONE, "--json-errors", "--retries", "1", OBEY);
  assert_int_equal(number_at(report_of(r), "error.attempts"), 2);
}

static void json_errors_have_what_the_worker_answered(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"error\":\"no such key\"}\n", ONE, "--envelope", "--json-errors", OBEY);
  assert_string_equal(text_at(report_of(r), "error.code"), "CP_EREPLY");
  assert_string_equal(text_at(report_of(r), "error.reply"), "no such key");
}

static void json_errors_are_lines_of_stdout(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"exit\":3,\"say\":\"why\"}\n", ONE, "--json-errors", "--retries", "0", OBEY);
  assert_status(r, 123);
  const cJSON *report = report_of(r);
  assert_int_equal(number_at(report, "line"), 1);
  assert_string_equal(text_at(report, "task.say"), "why");
  assert_string_equal(text_at(report, "error.code"), "CP_EWORKER");
  assert_int_equal(number_at(report, "error.exitCode"), 3);
  assert_null_at(report, "error.signal");
  assert_int_equal(number_at(report, "error.attempts"), 1);
  assert_string_equal(text_at(report, "error.stderr"), "why");
  assert_null(strstr(r->err.bytes, "line 1"));
  report = report_of(POOL("{\"kill\":true}\n", ONE, "--json-errors", "--retries", "0", OBEY));
  assert_string_equal(text_at(report, "error.signal"), "SIGKILL");
  assert_null_at(report, "error.exitCode");
  report = report_of(POOL("bad \"line\n", ONE, "--json-errors", OBEY));
  assert_null_at(report, "task");
  assert_string_equal(text_at(report, "text"), "bad \"line");
  assert_string_equal(text_at(report, "error.code"), "CP_EMESSAGE");
}

static void a_timeout_is_a_failure_and_the_rest_goes_on(void **state) {
  (void)state;
  const cp_result *r = POOL("{\"ms\":60000}\n{\"n\":2}\n", ONE, "--timeout", "300ms", "--json-errors", OBEY);
  assert_status(r, 123);
  assert_non_null(strstr(r->out.bytes, "\"code\":\"CP_ETIMEDOUT\""));
  assert_non_null(strstr(r->out.bytes, "\n2\n"));
}

static void halt_soon_begins_nothing_new(void **state) {
  (void)state;
  const cp_result *r = POOL("1\nbad\n2\n", ONE, "--halt", "soon", OBEY);
  assert_status(r, 123);
  assert_out(r, "1\n");
}

static void a_worker_that_cannot_be_run_ends_it_all(void **state) {
  (void)state;
  const cp_result *r = POOL("1\n2\n", "-n", "2", "--exec-path", "/no/such/program", "worker.js");
  assert_status(r, 127);
  assert_out(r, "");
  assert_status(POOL("1\n", "--exec-path", "/etc/passwd", "worker.js"), 126);
}

static void workers_that_only_die_end_it_all(void **state) {
  (void)state;
  const cp_result *r = POOL("1\n2\n3\n", ONE, HELPER, "exit", "3");
  assert_true(status_of(r) == 125 || status_of(r) == 123);
  assert_out(r, "");
}

/* ---------------------------------------------------------------- workers */

static void what_workers_print_comes_by_lines_on_stderr(void **state) {
  (void)state;
  const cp_result *r =
      POOL("{\"n\":1,\"print\":\"on stdout\\nhalf \",\"say\":\"on stderr\\n\"}\n{\"n\":2,\"print\":\"whole\\n\"}\n",
           ONE, OBEY);
  assert_out(r, "1\n2\n");
  assert_err_has(r, "on stdout\n");
  assert_err_has(r, "on stderr\n");
  assert_err_has(r, "half whole\n");
  r = POOL("{\"n\":1,\"print\":\"on stdout\\n\",\"say\":\"on stderr\\n\"}\n", ONE, "--worker-stdio", "ignore", OBEY);
  assert_null(strstr(r->err.bytes, "on std"));
  r = POOL("{\"n\":1,\"print\":\"on stdout\\n\"}\n", ONE, "--worker-stdio", "inherit", OBEY);
  assert_same_lines(r->out.bytes, "on stdout\n1\n");
}

/* The worker that says at once that it is ready, with its arguments and a variable: no result. */
static void ready_message_is_no_result(void **state) {
  (void)state;
  const cp_result *r = POOL("", ONE, "--ready-message", FORK_WORKER, "arguments");
  assert_status(r, 0);
  assert_out(r, "");
}

static void max_tasks_replaces_workers(void **state) {
  (void)state;
  const cp_result *r = POOL("1\n2\n3\n4\n", ONE, "--max-tasks", "2", OBEY);
  assert_status(r, 0);
  assert_same_lines(r->out.bytes, "1\n2\n3\n4\n");
  assert_err_has(r, " replaced\n");
}

/* ---------------------------------------------------------------- how much */

static long peak_kib(int lines) {
  size_t length;
  char *text = numbers(lines, &length);
  const char *path = temp_path("tasks");
  write_file(path, text, 0644);
  const cp_options options = {.stdio = CP_STDIO(CP_READ_FILE(path), CP_IGNORE, CP_PIPE)};
  const cp_result *r = run_cli_with(CP_ARGS("pool", "-n", "2", "--in-flight", "8", OBEY), &options);
  free(text);
  assert_status(r, 0);
  return (long)r->exit.usage.max_rss_kib;
}

static void memory_does_not_grow_with_the_input(void **state) {
  (void)state;
#ifdef CP_SANITIZED
  skip(); /* a sanitizer keeps what is freed */
#endif
  long small = peak_kib(1000), large = peak_kib(60000);
  if (large > small + 2048) fail_msg("%ld KiB with 60000 lines, %ld with 1000", large, small);
}

typedef struct flood {
  size_t came;
  uv_timer_t timer;
  cp_child *child;
  size_t waiting; /* bytes for stdin that were not taken while nobody read stdout */
} flood;

static void count_bytes(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  flood *f = data;
  (void)stream, (void)bytes;
  if (length > 0) f->came += (size_t)length;
}

static void begin_to_read(uv_timer_t *timer) {
  flood *f = timer->data;
  f->waiting = cp_stream_queued(cp_child_stdin(f->child));
  assert_int_equal(cp_stream_read(cp_child_stdout(f->child), count_bytes, f), 0);
  uv_close((uv_handle_t *)timer, NULL);
}

/* The timer only gives it the time to make the mistake of reading on. */
static void nothing_is_read_while_results_wait_for_their_reader(void **state) {
  (void)state;
  enum { LINE = 1000, LINES = 20000 };
  static flood f;
  f = (flood){0};
  char *text = malloc((size_t)LINE * LINES);
  memset(text, 'x', (size_t)LINE * LINES);
  for (size_t i = 0; i < LINES; i++) {
    text[i * LINE] = text[i * LINE + LINE - 2] = '"';
    text[i * LINE + LINE - 1] = '\n';
  }
  assert_int_equal(cp_spawn(&f.child, test_loop(), CLI, CP_ARGS("pool", "-q", "-n", "2", OBEY), NULL), 0);
  (void)cp_stream_write(cp_child_stdin(f.child), text, (size_t)LINE * LINES, NULL, NULL);
  (void)cp_stream_end(cp_child_stdin(f.child));
  free(text);
  (void)uv_timer_init(test_loop(), &f.timer);
  f.timer.data = &f;
  (void)uv_timer_start(&f.timer, begin_to_read, 1000, 0);
  run_loop();
  assert_int_equal(cp_child_exit_code(f.child), 0);
  cp_child_free(f.child);
  assert_int_equal(f.came, LINE * LINES);
  assert_true(f.waiting > (size_t)LINE * LINES / 2);
}

static void stdin_and_stdout_may_be_files(void **state) {
  (void)state;
  size_t length;
  char *text = numbers(3000, &length);
  const char *in = temp_path("in"), *out = temp_path("out");
  write_file(in, text, 0644);
  const cp_options options = {.stdio = CP_STDIO(CP_READ_FILE(in), CP_WRITE_FILE(out), CP_PIPE)};
  assert_status(run_cli_with(CP_ARGS("pool", "-n", "2", "--ordered", OBEY), &options), 0);
  char *after = read_file(out);
  assert_string_equal(after, text);
  free(after);
  free(text);
}

static void a_stdout_that_takes_nothing_is_told(void **state) {
  (void)state;
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_true(full >= 0);
  const cp_options options = {.input = "1\n2\n", .input_length = 4, .stdio = CP_STDIO(CP_PIPE, CP_FD(full), CP_PIPE)};
  const cp_result *r = run_cli_with(CP_ARGS("pool", ONE, OBEY), &options);
  (void)close(full);
  assert_status(r, 125);
  assert_err_has(r, "child-process: stdout: no space left");
}

/* ---------------------------------------------------------------- signals */

static void the_first_interrupt_lets_tasks_come_to_their_end(void **state) {
  (void)state;
  const cue cues[] = {{"|##|", SIGINT}, {NULL, 0}};
  const event_log *log =
      run_cli_cued(CP_ARGS("pool", "-n", "2", "--progress", OBEY),
                   "{\"n\":1,\"ms\":1200}\n{\"n\":2,\"ms\":1200}\n{\"n\":3}\n{\"n\":4}\n", true, cues);
  assert_int_equal(log->exit.code, 128 + SIGINT);
  assert_same_lines(log->out, "1\n2\n");
  assert_non_null(strstr(log->err, "SIGINT: no line after 2 is begun, and 2 running are finished"));
  assert_non_null(strstr(log->err, "2 done, 0 failed"));
}

/* A trace is whole all the same. */
static void the_second_one_aborts(void **state) {
  (void)state;
  const char *path = temp_path("trace");
  const cue cues[] = {{"|#|", SIGTERM}, {"once more", SIGTERM}, {NULL, 0}};
  const event_log *log = run_cli_cued(CP_ARGS("pool", ONE, "--progress", "--trace", path, OBEY),
                                      "{\"ms\":60000}\n{\"n\":2}\n", true, cues);
  assert_int_equal(log->exit.code, 128 + SIGTERM);
  assert_string_equal(log->out, "");
  assert_non_null(strstr(log->err, "1 aborted"));
  char *text = read_file(path);
  cJSON *trace = cJSON_Parse(text);
  assert_non_null(trace);
  cJSON_Delete(trace);
  free(text);
}

static void a_reader_that_goes_away_ends_it_quietly(void **state) {
  (void)state;
  int pipe_fds[2];
  char first;
  cp_child *child;
  size_t length;
  char *text = numbers(200000, &length);
  static event_log log;
  log = (event_log){.closed = 0};
  cp_options options = log_options(&log);
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  options.stdio = CP_STDIO(CP_PIPE, CP_FD(pipe_fds[1]), CP_PIPE);
  assert_int_equal(cp_spawn(&child, test_loop(), CLI, CP_ARGS("pool", "-n", "2", OBEY), &options), 0);
  assert_true(cp_child_pid(child) > 0);
  (void)close(pipe_fds[1]);
  (void)cp_stream_write(cp_child_stdin(child), text, length, NULL, NULL);
  free(text);
  assert_int_equal(read(pipe_fds[0], &first, 1), 1);
  (void)close(pipe_fds[0]);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 125);
  assert_null(strstr(log.err, "stdout"));
  assert_int_equal(count_lines(log.err, "child-process: "), 1); /* the summary */
  cp_child_free(child);
}

/* ---------------------------------------------------------------- words */

static void usage_is_checked(void **state) {
  (void)state;
  static const struct {
    const char *option, *value, *says;
  } cases[] = {
      {"--in-flight", "0", "--in-flight: '0' is not a number, 1 to 4096"},
      {"--retries", "-1", "--retries: '-1' is not a number, 0 to 1000000"},
      {"--max-rss", "unlimited", "--max-rss: 'unlimited' is not a size"},
      {"--max-tasks", "x", "--max-tasks: 'x' is not a number, 1 or more"},
      {"--resume", "", "--resume: '' is not a file"},
      {"--joblog", "x", "--joblog needs --exec: it is about commands"},
      {"--inflight", "2", "unknown option '--inflight'; did you mean '--in-flight'?"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const cp_result *r = CLI_RUN("pool", cases[i].option, cases[i].value, OBEY);
    assert_status(r, 125);
    assert_out(r, "");
    assert_err_has(r, cases[i].says);
  }
}

static void help_tells_all_of_it_in_lines_that_fit(void **state) {
  (void)state;
  static const char *const words[] = {
      "-n, --size N", "--resume FILE", "--in-flight N",  "--joblog FILE", "--progress[=WHEN]",
      "--trace FILE", "-0, --null",    "--exec COMMAND", "123 ",          "SIGINT"};
  const cp_result *r = CLI_RUN("help", "pool");
  assert_status(r, 0);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(r->out.bytes, words[i]) == NULL) fail_msg("%s is not in the help", words[i]);
  for (const char *line = r->out.bytes; *line != '\0'; line += strcspn(line, "\n") + 1)
    assert_true(strcspn(line, "\n") <= 120);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_line_is_a_task_and_the_answer_a_line),
      CLI_TEST(several_workers_share_the_tasks),
      CLI_TEST(results_come_as_they_are_done),
      CLI_TEST(ordered_they_come_in_the_order_of_the_lines),
      CLI_TEST(blank_lines_are_skipped),
      CLI_TEST(keyed_names_the_line),
      CLI_TEST(quiet_says_nothing),
      CLI_TEST(in_flight_gives_a_worker_several_tasks),
      CLI_TEST(an_error_that_is_answered_is_a_failure),
      CLI_TEST(an_answer_with_an_id_and_no_result_is_null),
      CLI_TEST(structured_clone_travels_too),
      CLI_TEST(an_answer_that_json_does_not_have_is_a_failure),
      CLI_TEST(a_line_that_is_no_json_is_a_failed_task),
      CLI_TEST(a_worker_that_dies_is_told_with_its_last_words),
      CLI_TEST(its_task_is_tried_again),
      CLI_TEST(json_errors_are_lines_of_stdout),
      CLI_TEST(json_errors_have_what_the_worker_answered),
      CLI_TEST(a_timeout_is_a_failure_and_the_rest_goes_on),
      CLI_TEST(halt_soon_begins_nothing_new),
      CLI_TEST(a_worker_that_cannot_be_run_ends_it_all),
      CLI_TEST(workers_that_only_die_end_it_all),
      CLI_TEST(what_workers_print_comes_by_lines_on_stderr),
      CLI_TEST(ready_message_is_no_result),
      CLI_TEST(max_tasks_replaces_workers),
      CLI_TEST(memory_does_not_grow_with_the_input),
      CLI_TEST(nothing_is_read_while_results_wait_for_their_reader),
      CLI_TEST(stdin_and_stdout_may_be_files),
      CLI_TEST(a_stdout_that_takes_nothing_is_told),
      CLI_TEST(the_first_interrupt_lets_tasks_come_to_their_end),
      CLI_TEST(the_second_one_aborts),
      CLI_TEST(a_reader_that_goes_away_ends_it_quietly),
      CLI_TEST(usage_is_checked),
      CLI_TEST(help_tells_all_of_it_in_lines_that_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
