/* test_cli_run.c - child-process run and exec: what is started, and how. */
#include "cli_support.h"

static void run_starts_a_file_with_its_arguments_untouched(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--", HELPER, "args", "a b", "$HOME", "'", "");
  assert_out(r, "[a b]\n[$HOME]\n[']\n[]\n");
  assert_err(r, "");
  assert_status(r, 0);
}

static void options_end_at_the_first_operand(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", HELPER, "args", "--json", "-i", "--timeout");
  assert_out(r, "[--json]\n[-i]\n[--timeout]\n");
  assert_status(r, 0);
}

static void stdin_is_inherited(void **state) {
  (void)state;
  const cp_options options = {.input = "from outside", .input_length = 12};
  const cp_result *r = run_cli_with(CP_ARGS("run", "--", HELPER, "cat"), &options);
  assert_out(r, "from outside");
}

static void stderr_is_inherited(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--", HELPER, "write", "2", "oops");
  assert_out(r, "");
  assert_err(r, "oops");
}

static void exec_runs_a_shell_command(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("exec", "echo one | tr o 0; exit 3");
  assert_out(r, "0ne\n");
  assert_status(r, 3);
}

static void exec_hands_operands_to_the_script_as_positional_parameters(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("exec", "printf '<%s>' \"$1\" \"$2\"", "a; echo b", "$(date)");
  assert_out(r, "<a; echo b><$(date)>");
  assert_status(r, 0);
}

static void run_with_shell_quotes_the_arguments(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--shell", "--", "printf '<%s>'", "a; echo b", "$(date)");
  assert_out(r, "<a; echo b><$(date)>");
}

static void shell_names_the_shell(void **state) {
  (void)state;
  const char *path = temp_path("shell");
  write_file(path, "#!/bin/sh\necho \"my shell: $1 $2\"\n", 0755);
  char option[300];
  (void)snprintf(option, sizeof option, "--shell=%s", path);
  const cp_result *r = CLI_RUN("exec", option, "some script");
  assert_out(r, "my shell: -c some script\n");
}

static void argv0_is_what_the_command_sees(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--argv0", "other", "--", HELPER, "argv0");
  assert_out(r, "other\n");
}

static void cwd_is_where_it_runs(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "-C", "/usr", "--", HELPER, "cwd");
  assert_out(r, "/usr\n");
}

static void die_with_parent_sends_kill_unless_told_otherwise(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  assert_out(CLI_RUN("run", "--", HELPER, "deathsig"), "0\n");
  assert_out(CLI_RUN("run", "--die-with-parent", "--", HELPER, "deathsig"), "9\n");
  assert_out(CLI_RUN("run", "--die-with-parent=HUP", "--", HELPER, "deathsig"), "1\n");
}

static void time_reports_on_stderr(void **state) {
  (void)state;
  double real, user, sys;
  unsigned long long rss;
  const cp_result *r = CLI_RUN("run", "--time", "--", HELPER, "burn", "30", "--", "exit", "4");
  assert_status(r, 4);
  int n = sscanf(r->err.bytes, "real %lf s user %lf s sys %lf s max RSS %llu KiB", &real, &user, &sys, &rss);
  assert_int_equal(n, 4);
  assert_true(real >= 0.03);
#ifdef CP_LAUNCHER_LINUX
  assert_true(user + sys >= 0.029);
  assert_true(rss > 0);
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(run_starts_a_file_with_its_arguments_untouched),
      CLI_TEST(options_end_at_the_first_operand),
      CLI_TEST(stdin_is_inherited),
      CLI_TEST(stderr_is_inherited),
      CLI_TEST(exec_runs_a_shell_command),
      CLI_TEST(exec_hands_operands_to_the_script_as_positional_parameters),
      CLI_TEST(run_with_shell_quotes_the_arguments),
      CLI_TEST(shell_names_the_shell),
      CLI_TEST(argv0_is_what_the_command_sees),
      CLI_TEST(cwd_is_where_it_runs),
      CLI_TEST(die_with_parent_sends_kill_unless_told_otherwise),
      CLI_TEST(time_reports_on_stderr),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
