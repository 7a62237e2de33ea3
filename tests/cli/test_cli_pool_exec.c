/* test_cli_pool_exec.c - pool --exec: each line is a command. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli_support.h"

/* Runs `child-process pool` with this on its stdin. */
static const cp_result *pool_with(const void *input, size_t length, const char *const *args) {
  const cp_options options = {.input = input, .input_length = length};
  return run_cli_with(args, &options);
}
#define POOL(input, ...) pool_with(input, strlen(input), CP_ARGS("pool", __VA_ARGS__))
#define ONE "-n", "1"

static void assert_sorted_out(const cp_result *r, const char *const *lines, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    length += strlen(lines[i]);
    if (strstr(r->out.bytes, lines[i]) == NULL) fail_msg("%s is not in %s", lines[i], r->out.bytes);
  }
  assert_int_equal(r->out.length, length);
}

/* ---------------------------------------------------------------- the command */

static void the_line_is_put_where_the_braces_are(void **state) {
  (void)state;
  const cp_result *r = POOL("a\nb c\n", ONE, "--exec", HELPER " args x{}y {}");
  assert_status(r, 0);
  assert_out(r, "[xay]\n[a]\n[xb cy]\n[b c]\n");
}

static void without_braces_it_is_the_last_word(void **state) {
  (void)state;
  const cp_result *r = POOL("a\nb c", ONE, "--exec", HELPER " args 'one word'");
  assert_status(r, 0);
  assert_out(r, "[one word]\n[a]\n[one word]\n[b c]\n");
}

static const char hostile[] = "'; echo $(echo pwned) `id` \"x\" \\ * ~ {} $1 #";

static void a_hostile_line_is_only_a_word(void **state) {
  (void)state;
  char expected[128];
  (void)snprintf(expected, sizeof expected, "[%s]\n", hostile);
  assert_out(POOL(hostile, ONE, "--exec", HELPER " args {}"), expected);
  assert_out(POOL(hostile, ONE, "--shell", "--exec", HELPER " args {}"), expected);
  assert_out(POOL(hostile, ONE, "--shell", "--exec", HELPER " args \"{}\""), expected);
  assert_out(POOL(hostile, ONE, "--shell", "--exec", HELPER " args '{}'"), expected);
  assert_out(POOL(hostile, ONE, "--shell", "--exec", HELPER " args"), expected);
}

static void a_shell_runs_the_command_only_if_it_is_asked_for(void **state) {
  (void)state;
  assert_out(POOL("a\n", ONE, "--exec", HELPER " args {} | cat"), "[a]\n[|]\n[cat]\n");
  assert_out(POOL("a\n", ONE, "--shell", "--exec", "echo x{}y | cat; exit 0"), "xay\n");
}

static void lines_may_end_with_nul(void **state) {
  (void)state;
  const char input[] = "a\nb\0c\0"; /* and one that is empty */
  const cp_result *r = pool_with(input, sizeof input, CP_ARGS("pool", ONE, "-0", "--exec", HELPER " args"));
  assert_status(r, 0);
  assert_out(r, "[a\nb]\n[c]\n[]\n");
}

static void empty_lines_are_skipped(void **state) {
  (void)state;
  assert_out(POOL("\na\n\n \n", ONE, "--exec", HELPER " args"), "[a]\n[ ]\n");
}

static void a_nul_in_a_line_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = pool_with("a\0b\nc\n", 6, CP_ARGS("pool", ONE, "--exec", HELPER " args"));
  assert_status(r, 123);
  assert_out(r, "[c]\n");
  assert_err_has(r, "child-process: line 1: it holds a NUL byte, which no argument can\n");
}

static void its_stdin_is_empty(void **state) {
  (void)state;
  assert_out(POOL("0\n0\n", ONE, "--exec", HELPER " count"), "0\n0\n");
}

static void options_of_the_environment_reach_it(void **state) {
  (void)state;
  const cp_result *r = POOL("MARK\n", ONE, "-e", "MARK=x", "-C", "/", "--exec", HELPER " env {} -- cwd");
  assert_out(r, "MARK=x\n/\n");
}

/* ---------------------------------------------------------------- outputs */

static void outputs_are_printed_whole_in_the_order_of_the_ends(void **state) {
  (void)state;
  const cp_result *r =
      POOL("700\n0\n", "-n", "2", "--exec", HELPER " echo one {} -- sleep {} -- echo two {} -- write 2 err{}\n");
  assert_status(r, 0);
  assert_out(r, "one 0\ntwo 0\none 700\ntwo 700\n");
  assert_err_has(r, "err0");
  assert_err_has(r, "err700");
}

static void ordered_prints_in_the_order_of_the_lines(void **state) {
  (void)state;
  const cp_result *r = POOL("700\n0\n1\n300\n2\n", "-n", "3", "--ordered", "--exec", HELPER " sleep {} -- echo {}");
  assert_status(r, 0);
  assert_out(r, "700\n0\n1\n300\n2\n");
}

static void more_than_a_pipe_holds_is_captured(void **state) {
  (void)state;
  const cp_result *r = POOL("300000\n200000\n", "-n", "2", "--exec", HELPER " fill 1 {} -- fill 2 {}");
  assert_status(r, 0);
  assert_int_equal(r->out.length, 500000);
  assert_true(r->err.length > 500000);
}

static void json_prints_a_report_for_each(void **state) {
  (void)state;
  const cp_result *r = POOL("3\n", ONE, "--json", "--exec", HELPER " write 1 out -- write 2 err -- exit {}");
  assert_status(r, 123);
  const cJSON *report = report_of(r);
  assert_int_equal(number_at(report, "line"), 1);
  assert_int_equal(number_at(report, "attempts"), 1);
  assert_int_equal(number_at(report, "status"), 3);
  assert_int_equal(number_at(report, "code"), 3);
  assert_string_equal(text_at(report, "stdout"), "out");
  assert_string_equal(text_at(report, "stderr"), "err");
  assert_err_has(r, "child-process: 0 done, 1 failed, ");
  assert_int_equal(count_lines(r->err.bytes, "child-process: "), 1);
}

static void max_buffer_limits_what_is_captured(void **state) {
  (void)state;
  const cp_result *r =
      POOL("x\n", ONE, "--max-buffer", "4", "--overflow", "truncate", "--exec", HELPER " write 1 abcdefg");
  assert_status(r, 0);
  assert_out(r, "abcd");
  r = POOL("x\n", ONE, "--max-buffer", "4", "--exec", HELPER " write 1 abcdefg -- pause");
  assert_status(r, 123);
}

/* ---------------------------------------------------------------- failures */

static void a_failure_is_told_with_its_line_and_is_123(void **state) {
  (void)state;
  const cp_result *r = POOL("0\n3\n0\n", ONE, "--exec", HELPER " write 1 {} -- exit {}");
  assert_status(r, 123);
  assert_out(r, "030");
  assert_err_has(r, "child-process: line 2: exited with 3\n");
  assert_err_has(r, "child-process: 2 done, 1 failed, ");
  r = POOL("9\n", ONE, "--exec", HELPER " raise {}");
  assert_status(r, 123);
  assert_err_has(r, "child-process: line 1: ended by SIGKILL\n");
}

static void a_timeout_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = POOL("x\n", ONE, "--timeout", "200ms", "--exec", HELPER " pause");
  assert_status(r, 123);
  assert_err_has(r, "child-process: line 1: timed out after 0.2 s\n");
}

static void a_timeout_reaches_descendants(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  const cp_result *r = POOL("x\n", ONE, "--timeout", "500ms", "--exec", HELPER " fork pause -- pause");
  assert_status(r, 123);
}

static void retries_try_again_and_tell_the_last_attempt(void **state) {
  (void)state;
  char command[512];
  (void)snprintf(command, sizeof command, "test -e %s || { echo no; : > %s; exit 1; }; echo {}", temp_path("once"),
                 temp_path("once"));
  const cp_result *r = POOL("a\n", ONE, "--retries", "1", "--shell", "--exec", command);
  assert_status(r, 0);
  assert_out(r, "a\n");
  r = POOL("4\n", ONE, "--retries", "2", "--exec", HELPER " exit {}");
  assert_status(r, 123);
  assert_err_has(r, "child-process: line 1: exited with 4, 3 times\n");
}

static void halt_soon_begins_nothing_new(void **state) {
  (void)state;
  const cp_result *r = POOL("0\n1\n0\n", ONE, "--halt", "soon", "--exec", HELPER " echo {} -- exit {}");
  assert_status(r, 123);
  assert_out(r, "0\n1\n");
}

static void halt_now_ends_what_runs(void **state) {
  (void)state;
  const cp_result *r = POOL("pause\nexit\n", "-n", "2", "--halt", "now", "--exec", HELPER " {} 1");
  assert_status(r, 123);
  assert_err_has(r, "0 done, 1 failed, ");
  assert_err_has(r, "1 aborted");
}

static void a_command_that_is_not_there_ends_it_all(void **state) {
  (void)state;
  const cp_result *r = POOL("a\nb\nc\n", "-n", "2", "--exec", "/no/such/program {}");
  assert_status(r, 127);
  assert_int_equal(count_lines(r->err.bytes, "child-process: "), 2);
  assert_status(POOL("a\n", ONE, "--exec", "/etc/passwd {}"), 126);
  assert_status(POOL("a\n", ONE, "-C", "/no/such", "--exec", HELPER " args"), 125);
}

static void if_lines_name_the_program_a_missing_one_is_its_own_failure(void **state) {
  (void)state;
  const cp_result *r = POOL("/no/such\n" HELPER "\n", ONE, "--exec", "{} echo ok");
  assert_status(r, 123);
  assert_out(r, "ok\n");
  assert_err_has(r, "child-process: line 1: ");
}

/* ---------------------------------------------------------------- files */

static void joblog_is_as_that_of_gnu_parallel(void **state) {
  (void)state;
  const char *path = temp_path("log");
  double started, runtime;
  char command[256];
  int seq, exit_value, signum;
  size_t received;
  (void)POOL("0\nb c\n", ONE, "--joblog", path, "--exec", HELPER " echo {} -- exit 3");
  char *text = read_file(path);
  assert_int_equal(count_lines(text, "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"), 1);
  const char *line = strstr(text, "\n2\t:\t");
  assert_non_null(line);
  assert_int_equal(sscanf(line, "\n%d\t:\t%lf\t%lf\t0\t%zu\t%d\t%d\t%255[^\n]", &seq, &started, &runtime, &received,
                          &exit_value, &signum, command),
                   7);
  assert_true(started > 1e9 && runtime >= 0 && received == 4 && exit_value == 3 && signum == 0);
  assert_string_equal(command, HELPER " echo 'b c' -- exit 3");
  free(text);
}

static void a_file_that_cannot_be_written_is_told_before_anything_runs(void **state) {
  (void)state;
  static const char *const options[] = {"--joblog", "--trace"};
  for (int i = 0; i < 2; i++) {
    const cp_result *r = POOL("a\n", options[i], "/no/such/file", "--exec", HELPER " echo");
    assert_status(r, 125);
    assert_out(r, "");
    assert_err_has(r, options[i]);
  }
}

/* How many slices of the trace overlap at most. Freed here. */
static int most_at_once(cJSON *trace) {
  const cJSON *events = cJSON_GetObjectItem(trace, "traceEvents"), *a, *b;
  int most = 0;
  cJSON_ArrayForEach(a, events) {
    int count = 0;
    if (strcmp(text_at(a, "ph"), "X") != 0) continue;
    cJSON_ArrayForEach(b, events) {
      if (strcmp(text_at(b, "ph"), "X") != 0) continue;
      double start = number_at(a, "ts");
      if (number_at(b, "ts") <= start && number_at(b, "ts") + number_at(b, "dur") > start) count++;
    }
    if (count > most) most = count;
  }
  cJSON_Delete(trace);
  return most;
}

static void no_more_than_n_run_at_a_time(void **state) {
  (void)state;
  const char *path = temp_path("trace");
  assert_status(POOL("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "-n", "3", "--trace", path, "--exec", HELPER " sleep {}0"), 0);
  char *text = read_file(path);
  int most = most_at_once(cJSON_Parse(text));
  free(text);
  assert_true(most >= 2 && most <= 3);
}

static void resume_skips_what_has_exited_with_0(void **state) {
  (void)state;
  const char *path = temp_path("results");
  const cp_result *r = POOL("0\n3\n0\n", ONE, "--json", "--exec", HELPER " exit {}");
  write_file(path, r->out.bytes, 0644);
  r = POOL("0\n3\n0\n", ONE, "--resume", path, "--exec", HELPER " exit {}");
  assert_status(r, 123);
  assert_int_equal(number_at(report_of(r), "line"), 2);
  assert_err_has(r, "0 done, 1 failed, ");
  assert_err_has(r, "2 skipped");
}

/* ---------------------------------------------------------------- signals */

static void the_first_interrupt_lets_what_runs_come_to_its_end(void **state) {
  (void)state;
  const cue cues[] = {{"|##|", SIGINT}, {NULL, 0}};
  const event_log *log = run_cli_cued(CP_ARGS("pool", "-n", "2", "--progress", "--exec", HELPER " sleep {} -- echo {}"),
                                      "1200\n1201\n1\n2\n", false, cues);
  assert_int_equal(log->exit.code, 128 + SIGINT);
  assert_non_null(strstr(log->out, "1200\n"));
  assert_non_null(strstr(log->out, "1201\n"));
  assert_int_equal(log->out_length, 10);
  assert_non_null(strstr(log->err, "SIGINT: no line after 2 is begun, and 2 running are finished"));
  assert_non_null(strstr(log->err, "2 done, 0 failed"));
}

static void the_second_one_aborts(void **state) {
  (void)state;
  const cue cues[] = {{"|#|", SIGTERM}, {"once more", SIGTERM}, {NULL, 0}};
  const event_log *log =
      run_cli_cued(CP_ARGS("pool", ONE, "--progress=always", "--exec", HELPER " pause"), "1\n2\n", true, cues);
  assert_int_equal(log->exit.code, 128 + SIGTERM);
  assert_non_null(strstr(log->err, "SIGTERM: 1 running are aborted"));
  assert_non_null(strstr(log->err, "0 done, 0 failed"));
  assert_non_null(strstr(log->err, "1 aborted"));
}

/* What a command has left behind holds its pipes, in a session of its own: nothing that we start with reaches it. */
static void the_third_one_waits_for_nobody(void **state) {
  (void)state;
  const cue cues[] = {{"|#|", SIGHUP}, {"once more", SIGHUP}, {"are aborted", SIGHUP}, {NULL, 0}};
  const event_log *log = run_cli_cued(
      CP_ARGS("pool", ONE, "--progress", "--shell", "--exec", "setsid sleep 3 & echo {}"), "1\n", true, cues);
  assert_int_equal(log->exit.code, 128 + SIGHUP);
  assert_non_null(strstr(log->err, "1 aborted"));
}

static void an_interrupt_ends_the_wait_for_stdin(void **state) {
  (void)state;
  const cue cues[] = {{"|.|", SIGINT}, {NULL, 0}};
  const event_log *log = run_cli_cued(CP_ARGS("pool", ONE, "--progress", "--exec", HELPER " echo"), "", true, cues);
  assert_int_equal(log->exit.code, 128 + SIGINT);
}

/* ---------------------------------------------------------------- stdout */

/* The reader goes away after the first output; there would be two hundred more. */
static void a_reader_that_goes_away_ends_it_quietly(void **state) {
  (void)state;
  int pipe_fds[2];
  char input[2048] = "", first;
  for (int i = 0; i < 200; i++) (void)strcat(input, "100000\n");
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  const cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_FD(pipe_fds[1]), CP_PIPE)};
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), CLI, CP_ARGS("pool", "-q", "--exec", HELPER " fill 1 {}"), &options),
                   0);
  (void)close(pipe_fds[1]);
  (void)cp_stream_write(cp_child_stdin(child), input, strlen(input), NULL, NULL);
  assert_int_equal(cp_child_pid(child) > 0, 1);
  assert_int_equal(read(pipe_fds[0], &first, 1), 1);
  (void)close(pipe_fds[0]);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 125);
  cp_child_free(child);
}

static void usage_is_checked(void **state) {
  (void)state;
  static const struct {
    const char *words[4], *says;
  } cases[] = {
      {{"--exec", "true", "worker"}, "--exec has the whole command: 'true' is too much"},
      {{"--exec", "true", "--envelope"}, "--envelope is for workers: with --exec there are none"},
      {{"--joblog", "x", "worker"}, "--joblog needs --exec: it is about commands"},
      {{"-0", "worker"}, "--null needs --exec"},
      {{"--exec", "'a"}, "--exec: a quote is not closed"},
      {{"--exec", " "}, "--exec: it is empty"},
      {{"--exec", "true", "--halt", "later"}, "--halt: 'later' is not one of never, soon, now"},
      {{"--exec", "true", "-n", "0"}, "--size: '0' is not a number, 1 to 4096"},
      {{"--exec", "true", "--progress=maybe"}, "--progress: 'maybe' is not one of auto, always, never"},
      {{"--exce", "true"}, "unknown option '--exce'; did you mean '--exec'? (child-process pool --help)"},
      {{NULL}, "no worker given (child-process pool --help)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *const *w = cases[i].words;
    const cp_result *r =
        CLI_RUN("pool", w[0], w[0] != NULL ? w[1] : NULL, w[0] != NULL && w[1] != NULL ? w[2] : NULL, w[3]);
    assert_status(r, 125);
    assert_out(r, "");
    assert_err_has(r, cases[i].says);
  }
}

static void many_lines_go_through(void **state) {
  (void)state;
  char input[1024] = "";
  const char *lines[100];
  static char texts[100][8];
  for (int i = 0; i < 100; i++) {
    (void)snprintf(texts[i], sizeof texts[i], "<%d>\n", i);
    (void)strcat(input, texts[i]);
    lines[i] = texts[i];
  }
  const cp_result *r = POOL(input, "-n", "4", "--exec", HELPER " echo {}");
  assert_status(r, 0);
  assert_sorted_out(r, lines, 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(the_line_is_put_where_the_braces_are),
      CLI_TEST(without_braces_it_is_the_last_word),
      CLI_TEST(a_hostile_line_is_only_a_word),
      CLI_TEST(a_shell_runs_the_command_only_if_it_is_asked_for),
      CLI_TEST(lines_may_end_with_nul),
      CLI_TEST(empty_lines_are_skipped),
      CLI_TEST(a_nul_in_a_line_is_a_failure),
      CLI_TEST(its_stdin_is_empty),
      CLI_TEST(options_of_the_environment_reach_it),
      CLI_TEST(outputs_are_printed_whole_in_the_order_of_the_ends),
      CLI_TEST(ordered_prints_in_the_order_of_the_lines),
      CLI_TEST(more_than_a_pipe_holds_is_captured),
      CLI_TEST(json_prints_a_report_for_each),
      CLI_TEST(max_buffer_limits_what_is_captured),
      CLI_TEST(a_failure_is_told_with_its_line_and_is_123),
      CLI_TEST(a_timeout_is_a_failure),
      CLI_TEST(a_timeout_reaches_descendants),
      CLI_TEST(retries_try_again_and_tell_the_last_attempt),
      CLI_TEST(halt_soon_begins_nothing_new),
      CLI_TEST(halt_now_ends_what_runs),
      CLI_TEST(a_command_that_is_not_there_ends_it_all),
      CLI_TEST(if_lines_name_the_program_a_missing_one_is_its_own_failure),
      CLI_TEST(joblog_is_as_that_of_gnu_parallel),
      CLI_TEST(a_file_that_cannot_be_written_is_told_before_anything_runs),
      CLI_TEST(no_more_than_n_run_at_a_time),
      CLI_TEST(resume_skips_what_has_exited_with_0),
      CLI_TEST(the_first_interrupt_lets_what_runs_come_to_its_end),
      CLI_TEST(the_second_one_aborts),
      CLI_TEST(the_third_one_waits_for_nobody),
      CLI_TEST(an_interrupt_ends_the_wait_for_stdin),
      CLI_TEST(a_reader_that_goes_away_ends_it_quietly),
      CLI_TEST(usage_is_checked),
      CLI_TEST(many_lines_go_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
