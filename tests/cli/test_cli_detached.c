/* test_cli_detached.c - --detached and --pid-file. A command whose stdout is inherited keeps the pipe of the test
 * open: the end of the run is the end of both. */
#include <signal.h>
#include <unistd.h>

#include "cli_support.h"

static void a_detached_command_leads_a_session_and_its_pid_is_printed(void **state) {
  (void)state;
  int printed = 0, pid = 0, ppid, pgid = 0, sid = 0;
  const cp_result *r = CLI_RUN("run", "--detached", "--stdio", ",inherit", "--", HELPER, "tree");
  assert_status(r, 0);
  const char *tree = strstr(r->out.bytes, "pid=");
  assert_non_null(tree);
  assert_int_equal(sscanf(tree, "pid=%d ppid=%d pgid=%d sid=%d", &pid, &ppid, &pgid, &sid), 4);
  assert_int_equal(pgid, pid);
  assert_int_equal(sid, pid);
  const char *number = tree == r->out.bytes ? strchr(tree, '\n') + 1 : r->out.bytes;
  assert_int_equal(sscanf(number, "%d\n", &printed), 1);
  assert_int_equal(printed, pid);
}

/* Were its stdout inherited, this would wait for two minutes; the test has one. */
static void it_is_not_waited_for_and_holds_no_stdio(void **state) {
  (void)state;
  int pid = 0;
  const cp_result *r = CLI_RUN("run", "--detached", "--", HELPER, "pause");
  assert_status(r, 0);
  assert_int_equal(sscanf(r->out.bytes, "%d\n", &pid), 1);
  assert_int_equal(kill(pid, SIGKILL), 0);
}

static void json_reports_that_it_runs(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--detached", "--json", "--", HELPER, "pause");
  assert_status(r, 0);
  const cJSON *report = report_of(r);
  assert_string_equal(text_at(report, "reason"), "running");
  assert_null_at(report, "code");
  assert_null_at(report, "duration_ms");
  assert_int_equal(kill((int)number_at(report, "pid"), SIGKILL), 0);
}

static void a_failed_start_is_told(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--detached", "--", "no-such-program");
  assert_status(r, 127);
  assert_out(r, "");
  assert_err_has(r, "no-such-program");
  r = CLI_RUN("run", "--detached", "--json", "--", "no-such-program");
  assert_status(r, 127);
  assert_string_equal(text_at(report_of(r), "error.code"), "ENOENT");
}

static void the_pid_file_of_a_detached_command_stays(void **state) {
  (void)state;
  const char *path = temp_path("pid");
  const cp_result *r = CLI_RUN("run", "--detached", "--pid-file", path, "--", HELPER, "pause");
  assert_status(r, 0);
  char *content = read_file(path);
  assert_out(r, content);
  assert_int_equal(kill(atoi(content), SIGKILL), 0);
  free(content);
}

/* The command waits for its stdin's end, so the file is seen while it runs: its own shell reads it. */
static void the_pid_file_is_there_while_it_runs_and_gone_afterwards(void **state) {
  (void)state;
  const char *path = temp_path("pid");
  write_file(path, "stale\n", 0644);
  const cp_result *r = CLI_RUN("exec", "--pid-file", path,
                               "while ! read -r pid < \"$1\" || [ \"$pid\" = stale ]; do :; done; "
                               "[ \"$pid\" = $$ ] && echo same",
                               path);
  assert_out(r, "same\n");
  assert_int_equal(access(path, F_OK), -1);
}

static void a_pid_file_of_another_process_is_left_alone(void **state) {
  (void)state;
  const char *path = temp_path("pid");
  const cp_result *r = CLI_RUN("exec", "--pid-file", path, "while ! [ -s \"$1\" ]; do :; done; echo 1 > \"$1\"", path);
  assert_status(r, 0);
  char *content = read_file(path);
  assert_string_equal(content, "1\n");
  free(content);
}

static void a_pid_file_that_cannot_be_made_is_125_before_anything_runs(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--pid-file", "/no/such/pid", "--", HELPER, "echo", "ran");
  assert_status(r, 125);
  assert_out(r, "");
  assert_err(r, "child-process: --pid-file /no/such/pid: No such file or directory\n");
}

static void a_failed_start_leaves_no_pid_file(void **state) {
  (void)state;
  const char *path = temp_path("pid");
  assert_status(CLI_RUN("run", "--pid-file", path, "--", "no-such-program"), 127);
  char directory[256];
  (void)snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
  assert_int_equal(rmdir(directory), 0); /* it is empty */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_detached_command_leads_a_session_and_its_pid_is_printed),
      CLI_TEST(it_is_not_waited_for_and_holds_no_stdio),
      CLI_TEST(json_reports_that_it_runs),
      CLI_TEST(a_failed_start_is_told),
      CLI_TEST(the_pid_file_of_a_detached_command_stays),
      CLI_TEST(the_pid_file_is_there_while_it_runs_and_gone_afterwards),
      CLI_TEST(a_pid_file_of_another_process_is_left_alone),
      CLI_TEST(a_pid_file_that_cannot_be_made_is_125_before_anything_runs),
      CLI_TEST(a_failed_start_leaves_no_pid_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
