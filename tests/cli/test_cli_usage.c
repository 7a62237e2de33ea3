/* test_cli_usage.c - help, and what is said about wrong words: one line each, and 125. */
#include "cli_support.h"

static void assert_refused(const char *const *args, const char *says) {
  const cp_result *r = run_cli(args);
  assert_status(r, 125);
  assert_out(r, "");
  assert_err_has(r, says);
  assert_int_equal(strncmp(r->err.bytes, "child-process: ", 15), 0);
  assert_ptr_equal(strchr(r->err.bytes, '\n'), r->err.bytes + r->err.length - 1);
}

static void an_unknown_option_is_refused_with_a_hint(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--timout", "5", "--", HELPER);
  assert_status(r, 125);
  assert_err(r, "child-process: unknown option '--timout'; did you mean '--timeout'? (child-process run --help)\n");
  assert_refused(CP_ARGS("exec", "--jsno", "true"), "did you mean '--json'? (child-process exec --help)");
  assert_refused(CP_ARGS("run", "--xyzzyx", "true"), "unknown option '--xyzzyx' (");
  assert_refused(CP_ARGS("run", "-Z", "true"), "unknown option '-Z'");
}

static void abbreviations_are_no_options(void **state) {
  (void)state;
  assert_refused(CP_ARGS("run", "--timeou", "5", "true"), "did you mean '--timeout'?");
  assert_refused(CP_ARGS("run", "--preserve", "true"), "did you mean '--preserve-status'?");
  assert_refused(CP_ARGS("run", "--e", "A=1", "true"), "unknown option '--e'");
}

static void bad_values_name_the_option_and_the_form(void **state) {
  (void)state;
  static const struct {
    const char *option, *value, *says;
  } cases[] = {
      {"--timeout", "soon", "--timeout: 'soon' is not a duration"},
      {"--timeout", "-5", "--timeout: '-5' is not a duration"},
      {"--timeout", "1e3", "is not a duration"},
      {"--timeout", "inf", "is not a duration"},
      {"--timeout", "0x10", "is not a duration"},
      {"--timeout", "1.2.3", "is not a duration"},
      {"--timeout", "", "is not a duration"},
      {"--grace", "5 s", "is not a duration"},
      {"--kill-signal", "SIGNOPE", "--kill-signal: 'SIGNOPE' is not a signal"},
      {"--kill-signal", "0", "is not a signal"},
      {"--kill-signal", "65", "is not a signal"},
      {"--max-buffer", "10X", "--max-buffer: '10X' is not a size"},
      {"--max-buffer", "-1", "is not a size"},
      {"--overflow", "wrap", "--overflow: 'wrap' is not one of kill, truncate, tail"},
      {"--env", "NOVALUE", "--env: 'NOVALUE' is not NAME=VALUE"},
      {"--env", "=x", "is not NAME=VALUE"},
      {"--unset", "A=B", "--unset: 'A=B' is not the name of a variable"},
      {"--uid", "no-such-user", "--uid: 'no-such-user' is not a user"},
      {"--uid", "4294967295", "is not a user"},
      {"--gid", "no-such-group", "--gid: 'no-such-group' is not a group"},
      {"--groups", "0,no-such-group", "is not a list of groups"},
      {"--nice", "40", "is not a number, -39 to 39"},
      {"--nice", "-", "is not a number"},
      {"--umask", "8", "is not an octal number"},
      {"--umask", "1000", "is not an octal number"},
      {"--rlimit", "nofile", "is not a limit"},
      {"--rlimit", "nofiles=3", "is not a limit"},
      {"--rlimit", "nofile=4:3", "is not a limit"},
      {"--rlimit", "nofile=3:", "is not a limit"},
      {"--rlimit", "nofile=", "is not a limit"},
      {"--rlimit", "cpu=0.5", "is not a limit"},
      {"--cwd", "", "--cwd: '' is not a directory"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_refused(CP_ARGS("run", cases[i].option, cases[i].value, "--", HELPER), cases[i].says);
}

static void good_values_are_taken(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"--timeout", "5"},        {"--timeout", "1.5"},       {"--timeout", "2m"},          {"--timeout", "5000ms"},
      {"--timeout", "1h"},       {"--timeout", "99999999d"}, {"--timeout", ".5m"},         {"--kill-signal", "SIGTERM"},
      {"--kill-signal", "usr1"}, {"--kill-signal", "9"},     {"--kill-signal", "RTMIN+1"}, {"--env", "A="},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_status(CLI_RUN("run", cases[i][0], cases[i][1], "--", HELPER), 0);
  const char *const sizes[] = {"4096", "64K", "1.5M", "2G", "1KiB", "8B", "unlimited"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    assert_status(CLI_RUN("run", "--json", "--max-buffer", sizes[i], "--", HELPER), 0);
}

static void missing_and_needless_values_are_told(void **state) {
  (void)state;
  assert_refused(CP_ARGS("run", "--timeout"), "--timeout needs a duration");
  assert_refused(CP_ARGS("run", "-s"), "--kill-signal needs a signal");
  assert_refused(CP_ARGS("run", "--json=yes", "true"), "--json takes no value");
}

static void options_that_do_not_go_together_are_refused(void **state) {
  (void)state;
  assert_refused(CP_ARGS("run", "--json", "--events", "true"), "--json and --events exclude each other");
  assert_refused(CP_ARGS("run", "--max-buffer", "1K", "true"), "need --json or --events");
  assert_refused(CP_ARGS("run", "--events", "--overflow", "tail", "true"), "--overflow truncate and tail need --json");
  assert_refused(CP_ARGS("run", "--grace", "5", "true"), "--grace needs --timeout");
  assert_refused(CP_ARGS("run", "--detached", "--timeout", "5", "true"), "--detached does not wait");
  assert_refused(CP_ARGS("run", "--detached", "--stdio", "pipe", "true"), "--detached does not wait");
}

static void missing_words_are_told(void **state) {
  (void)state;
  assert_refused(CP_ARGS(NULL), "no command given (child-process --help)");
  assert_refused(CP_ARGS("run"), "no file given (child-process run --help)");
  assert_refused(CP_ARGS("run", "--json", "--"), "no file given");
  assert_refused(CP_ARGS("exec"), "no shell command given (child-process exec --help)");
  assert_refused(CP_ARGS("rnu", "true"), "unknown command 'rnu'; did you mean 'run'?");
  assert_refused(CP_ARGS("dance"), "unknown command 'dance' (child-process --help)");
  assert_refused(CP_ARGS("--vresion"), "unknown option '--vresion'");
}

/* Every option stands in --help, on a line of its own that fits a terminal of 120. */
static void help_lists_every_option_on_one_line(void **state) {
  (void)state;
  static const char *const names[] = {"--timeout DURATION",
                                      "-s, --kill-signal SIG",
                                      "-k, --grace DURATION",
                                      "-g, --group",
                                      "--drain-timeout DURATION",
                                      "--max-buffer BYTES",
                                      "--overflow HOW",
                                      "-C, --cwd DIR",
                                      "-e, --env NAME=VALUE",
                                      "-u, --unset NAME",
                                      "-i, --clear-env",
                                      "--argv0 NAME",
                                      "--shell[=PATH]",
                                      "--uid USER",
                                      "--gid GROUP",
                                      "--groups LIST",
                                      "--nice N",
                                      "--umask MODE",
                                      "--rlimit NAME=SOFT",
                                      "--input FILE",
                                      "--stdio SPEC",
                                      "--detached",
                                      "--pid-file FILE",
                                      "--die-with-parent[=SIG]",
                                      "--json",
                                      "--events",
                                      "--time ",
                                      "--preserve-status",
                                      "-q, --quiet",
                                      "-h, --help",
                                      "Exit status:",
                                      "Examples:"};
  const cp_result *r = CLI_RUN("run", "--help");
  assert_status(r, 0);
  assert_err(r, "");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(r->out.bytes, names[i]) == NULL) fail_msg("%s is not in --help", names[i]);
  for (const char *line = r->out.bytes; *line != '\0'; line += strcspn(line, "\n") + 1)
    assert_true(strcspn(line, "\n") <= 120);
}

static void help_is_the_same_whichever_way_it_is_asked_for(void **state) {
  (void)state;
  char *direct = strdup(CLI_RUN("exec", "-h")->out.bytes);
  assert_out(CLI_RUN("help", "exec"), direct);
  free(direct);
  char *all = strdup(CLI_RUN("--help")->out.bytes);
  assert_out(CLI_RUN("help"), all);
  assert_non_null(strstr(all, "  run "));
  free(all);
}

static void version_names_the_program_and_libuv(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("--version");
  assert_status(r, 0);
  assert_int_equal(strncmp(r->out.bytes, "child-process " CP_VERSION_STRING " (libuv ", 20), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(an_unknown_option_is_refused_with_a_hint),
      CLI_TEST(abbreviations_are_no_options),
      CLI_TEST(bad_values_name_the_option_and_the_form),
      CLI_TEST(good_values_are_taken),
      CLI_TEST(missing_and_needless_values_are_told),
      CLI_TEST(options_that_do_not_go_together_are_refused),
      CLI_TEST(missing_words_are_told),
      CLI_TEST(help_lists_every_option_on_one_line),
      CLI_TEST(help_is_the_same_whichever_way_it_is_asked_for),
      CLI_TEST(version_names_the_program_and_libuv),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
