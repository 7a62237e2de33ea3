/* test_cli_stdio.c - --stdio, --input, --keep-fds. */
#include "cli_support.h"

static const char *spec(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *spec(const char *format, ...) {
  static char text[1024];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

static void assert_file(const char *path, const char *text) {
  char *content = read_file(path);
  assert_string_equal(content, text);
  free(content);
}

static void ignore_alone_is_for_all_three(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--stdio", "ignore", "--", HELPER, "echo", "x", "--", "write", "2", "y");
  assert_out(r, "");
  assert_err(r, "");
  assert_status(r, 0);
}

static void pipe_alone_is_for_all_three_and_goes_on_to_ours(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--stdio", "pipe", "--", HELPER, "fds", "--", "cat", "--", "write", "2", "err");
  assert_ptr_equal(strstr(r->out.bytes, "0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n"), r->out.bytes);
  assert_err(r, "err");
}

static void much_output_through_a_pipe_is_complete(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--stdio", ",pipe", "--", HELPER, "fill", "1", "3000000");
  assert_int_equal(r->out.length, 3000000);
  assert_status(r, 0);
}

static void an_entry_left_out_keeps_its_default(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--stdio", ",ignore", "--", HELPER, "echo", "x", "--", "write", "2", "y");
  assert_out(r, "");
  assert_err(r, "y");
}

static void output_goes_to_files_and_stderr_along(void **state) {
  (void)state;
  const char *path = temp_path("log");
  write_file(path, "old, longer than the new\n", 0644);
  const cp_result *r =
      CLI_RUN("run", "--stdio", spec("ignore,>%s,&1", path), "--", HELPER, "echo", "out", "--", "write", "2", "err");
  assert_status(r, 0);
  assert_out(r, "");
  assert_file(path, "out\nerr");
}

static void appending_keeps_what_was_there(void **state) {
  (void)state;
  const char *path = temp_path("log");
  write_file(path, "old\n", 0644);
  assert_status(CLI_RUN("run", "--stdio", spec(",>>%s", path), "--", HELPER, "echo", "new"), 0);
  assert_file(path, "old\nnew\n");
}

static void input_comes_from_a_file(void **state) {
  (void)state;
  const char *path = temp_path("in");
  write_file(path, "content\n", 0644);
  assert_out(CLI_RUN("run", "--stdio", spec("<%s", path), "--", HELPER, "cat"), "content\n");
  assert_out(CLI_RUN("run", "--input", path, "--", HELPER, "cat"), "content\n");
}

static void input_names_are_relative_to_our_directory_not_the_commands(void **state) {
  (void)state;
  const char *path = temp_path("in");
  write_file(path, "content\n", 0644);
  char directory[256];
  (void)snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
  const cp_options options = {.input = "", .cwd = directory};
  const cp_result *r = run_cli_with(CP_ARGS("run", "--input", "in", "--cwd", "/", "--", HELPER, "cat"), &options);
  assert_out(r, "content\n");
}

static void input_dash_is_our_stdin(void **state) {
  (void)state;
  const cp_options options = {.input = "mine", .input_length = 4};
  const char *const *args =
      CP_ARGS("run", "--json", "--stdio", "ignore,pipe,pipe", "--input", "-", "--", HELPER, "cat");
  assert_string_equal(text_at(report_of(run_cli_with(args, &options)), "stdout"), "mine");
}

static void an_fd_may_be_named_and_moved(void **state) {
  (void)state;
  const cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_SAME_AS(1))};
  const cp_result *r = run_cli_with(
      CP_ARGS("run", "--stdio", ",3,,inherit", "--", HELPER, "echo", "a", "--", "write", "3", "b"), &options);
  assert_out(r, "a\nb");
}

static void other_fds_are_closed_unless_kept(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  const cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_SAME_AS(1))};
  const cp_result *r = run_cli_with(CP_ARGS("run", "--", HELPER, "fds"), &options);
  assert_int_equal(count_lines(r->out.bytes, "3 "), 0);
  r = run_cli_with(CP_ARGS("run", "--keep-fds", "--", HELPER, "fds"), &options);
  assert_int_equal(count_lines(r->out.bytes, "3 pipe"), 1);
}

static void no_fd_of_the_program_itself_leaks(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  const char *const modes[] = {"--time", "--json", "--events"};
  for (int i = 0; i < 3; i++) {
    const cp_result *r = CLI_RUN("run", modes[i], "--keep-fds", "--stdio", "ignore,pipe,ignore", "--", HELPER, "fds");
    assert_null(strstr(r->out.bytes, "\n3 "));
    assert_null(strstr(r->out.bytes, "\\n3 "));
  }
}

static void bad_entries_are_named(void **state) {
  (void)state;
  static const struct {
    const char *spec, *says;
  } cases[] = {
      {"inherit,nonsense", "fd 1 is none of inherit, ignore, pipe, FD, <FILE, >FILE, >>FILE, &FD"},
      {"inherit,>", "fd 1 lacks the name of its file"},
      {",,,pipe", "fd 3 can be no pipe"},
      {",,200", "fd 2 is given an fd that is not open"},
      {",,,,,inherit", "fd 5 is not open here"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const cp_result *r = CLI_RUN("run", "--stdio", cases[i].spec, "--", HELPER);
    assert_status(r, 125);
    assert_err_has(r, cases[i].says);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(ignore_alone_is_for_all_three),
      CLI_TEST(pipe_alone_is_for_all_three_and_goes_on_to_ours),
      CLI_TEST(much_output_through_a_pipe_is_complete),
      CLI_TEST(an_entry_left_out_keeps_its_default),
      CLI_TEST(output_goes_to_files_and_stderr_along),
      CLI_TEST(appending_keeps_what_was_there),
      CLI_TEST(input_comes_from_a_file),
      CLI_TEST(input_names_are_relative_to_our_directory_not_the_commands),
      CLI_TEST(input_dash_is_our_stdin),
      CLI_TEST(an_fd_may_be_named_and_moved),
      CLI_TEST(other_fds_are_closed_unless_kept),
      CLI_TEST(no_fd_of_the_program_itself_leaks),
      CLI_TEST(bad_entries_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
