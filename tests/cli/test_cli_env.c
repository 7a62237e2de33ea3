/* test_cli_env.c - the environment, and who runs it. */
#include <unistd.h>

#include "cli_support.h"

static const cp_result *with_env(const char *const *args) {
  const cp_options options = {.input = "", .env = CP_ARGS("KEPT=1", "GONE=2", "PATH=/usr/bin:/bin")};
  return run_cli_with(args, &options);
}

static void the_environment_is_inherited(void **state) {
  (void)state;
  assert_out(with_env(CP_ARGS("run", "--", HELPER, "env")), "KEPT=1\nGONE=2\nPATH=/usr/bin:/bin\n");
}

static void env_sets_and_unset_removes(void **state) {
  (void)state;
  const cp_result *r = with_env(CP_ARGS("run", "-e", "NEW=a=b", "--env", "KEPT=", "--unset", "GONE", "-u", "NEVER",
                                        "--", HELPER, "env", "NEW", "KEPT", "GONE"));
  assert_out(r, "NEW=a=b\nKEPT=\nGONE unset\n");
}

static void the_last_word_about_a_variable_counts(void **state) {
  (void)state;
  const cp_result *r = with_env(CP_ARGS("run", "-e", "A=1", "-u", "A", "-e", "B=1", "-e", "B=2", "-u", "KEPT", "-e",
                                        "KEPT=3", "--", HELPER, "env", "A", "B", "KEPT"));
  assert_out(r, "A unset\nB=2\nKEPT=3\n");
}

static void split_string_reads_options_and_operands(void **state) {
  (void)state;
  const char *options = "-i -e A='x y' -e \"B=\\\"q\\\"\" -e C=\\ z --";
  assert_out(with_env(CP_ARGS("run", "-S", options, HELPER, "env")), "A=x y\nB=\"q\"\nC= z\n");
  assert_out(with_env(CP_ARGS("run", "-q", "--split-string=" HELPER " args a", "b c")), "[a]\n[b c]\n");
}

static void split_string_refuses_what_is_not_closed(void **state) {
  (void)state;
  assert_status(with_env(CP_ARGS("run", "-S", "echo 'open")), 125);
  assert_status(with_env(CP_ARGS("run", "-S", "echo \\")), 125);
  assert_status(with_env(CP_ARGS("run", "-S", "")), 125);
}

static void clear_env_begins_with_nothing(void **state) {
  (void)state;
  assert_out(with_env(CP_ARGS("run", "-i", "--", HELPER, "env")), "");
  assert_out(with_env(CP_ARGS("run", "-i", "-e", "ONLY=1", "--", HELPER, "env")), "ONLY=1\n");
}

static void the_path_of_the_command_is_searched(void **state) {
  (void)state;
  assert_status(with_env(CP_ARGS("run", "-e", "PATH=/no/such", "--", "true")), 127);
  assert_status(with_env(CP_ARGS("run", "-i", "--", "true")), 0);
}

static void ids_and_groups_are_set(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  if (getuid() != 0) return;
  const cp_result *r = CLI_RUN("run", "--uid", "0", "--gid", "12", "--groups", "3,4", "--", HELPER, "ids");
  assert_out(r, "uid=0 gid=12 euid=0 egid=12 groups=3,4\n");
}

static void supplementary_groups_are_dropped_with_an_id(void **state) {
  (void)state;
  if (getuid() != 0) return;
  assert_out(CLI_RUN("run", "--gid", "12", "--", HELPER, "ids"), "uid=0 gid=12 euid=0 egid=12 groups=\n");
}

static void a_user_by_name_brings_the_main_group(void **state) {
  (void)state;
  if (getuid() != 0) return;
  assert_out(CLI_RUN("run", "--uid", "root", "--", HELPER, "ids"), "uid=0 gid=0 euid=0 egid=0 groups=\n");
  assert_out(CLI_RUN("run", "--gid", "7", "--uid", "root", "--", HELPER, "ids"), "uid=0 gid=7 euid=0 egid=7 groups=\n");
}

static void ids_that_the_kernel_refuses_are_125(void **state) {
  (void)state;
  if (getuid() == 0) return;
  const cp_result *r = CLI_RUN("run", "--uid", "0", "--", HELPER, "ids");
  assert_status(r, 125);
}

/* ---------------------------------------------------------------- use of the machine */

static void nice_mask_and_limits_are_the_commands(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) skip();
  const cp_result *r = CLI_RUN("run", "--nice", "39", "--umask", "27", "--rlimit", "nofile=64:128", "--rlimit",
                               "core=1K", "--rlimit", "core=0", "--rlimit", "CPU=1K:unlimited", "--", HELPER, "limits");
  assert_out(r, "nice=19 umask=027 nofile=64:128 cpu=1024:-1 core=0:0\n");
}

static void what_the_kernel_refuses_names_the_option(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER || getuid() == 0) skip();
  const cp_result *r = CLI_RUN("run", "--nice", "-39", "--", HELPER, "limits");
  assert_status(r, 125);
  assert_err_has(r, "options.nice");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(the_environment_is_inherited),
      CLI_TEST(env_sets_and_unset_removes),
      CLI_TEST(split_string_reads_options_and_operands),
      CLI_TEST(split_string_refuses_what_is_not_closed),
      CLI_TEST(the_last_word_about_a_variable_counts),
      CLI_TEST(clear_env_begins_with_nothing),
      CLI_TEST(the_path_of_the_command_is_searched),
      CLI_TEST(ids_and_groups_are_set),
      CLI_TEST(supplementary_groups_are_dropped_with_an_id),
      CLI_TEST(a_user_by_name_brings_the_main_group),
      CLI_TEST(ids_that_the_kernel_refuses_are_125),
      CLI_TEST(nice_mask_and_limits_are_the_commands),
      CLI_TEST(what_the_kernel_refuses_names_the_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
