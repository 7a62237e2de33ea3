/* test_shell.c - running through a shell, quoting for it, and words that need none. */
#include "support.h"

#include <unistd.h>

static void output_is(const char *expected, const char *script, const char *const *args, cp_options options) {
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, script, args, &options), 0);
  assert_string_equal(result.err.bytes, "");
  assert_string_equal(result.out.bytes, expected);
  assert_int_equal(result.exit.code, 0);
  cp_result_dispose(&result);
}

#define OUTPUT(expected, script, args, ...) output_is((expected), (script), (args), (cp_options){__VA_ARGS__})

static void a_shell_runs_the_script(void **state) {
  (void)state;
  OUTPUT("a\nb\n", "echo a; echo b", NULL, .shell = CP_SHELL);
  OUTPUT("3\n", "echo hi there you | wc -w | tr -d ' '", NULL, .shell = CP_SHELL);
}

static void arguments_are_quoted_and_appended(void **state) {
  (void)state;
  OUTPUT("a b|$HOME|'x'||", "printf '%s|'", CP_ARGS("a b", "$HOME", "'x'", ""), .shell = CP_SHELL);
  OUTPUT("|", "printf '%s|'", CP_ARGS(""), .shell = CP_SHELL);
}

static void positional_arguments_are_never_text_of_the_script(void **state) {
  (void)state;
  OUTPUT("2:a b:; echo gotcha\n", "echo \"$#:$1:$2\"", CP_ARGS("a b", "; echo gotcha"), .shell = CP_SHELL,
         .shell_positional = true);
  OUTPUT("0\n", "echo $#", NULL, .shell = CP_SHELL, .shell_positional = true);
}

static void the_shell_is_what_was_started(void **state) {
  (void)state;
  cp_child *child;
  cp_options options = {.shell = CP_SHELL};
  assert_int_equal(cp_spawn(&child, test_loop(), "false", CP_ARGS("word"), &options), 0);
  assert_string_equal(cp_child_spawn_file(child), "/bin/sh");
  const char *const *args = cp_child_spawn_args(child);
  assert_string_equal(args[0], "/bin/sh");
  assert_string_equal(args[1], "-c");
  assert_string_equal(args[2], "false 'word'");
  assert_null(args[3]);
  run_loop();
  assert_int_not_equal(cp_child_exit_code(child), 0);
  cp_child_free(child);
}

static void another_shell_can_be_named(void **state) {
  (void)state;
  const char *script = temp_path("shell");
  write_file(script, "#!/bin/sh\necho \"mine: $1 $2\"\n", 0755);
  OUTPUT("mine: -c the script\n", "the script", NULL, .shell = script);
  OUTPUT("found\n", "echo found", NULL, .shell = "sh"); /* in PATH */
  if (access("/bin/bash", X_OK) != 0) return;
  OUTPUT("b\n", "x=(a b); echo ${x[1]}", NULL, .shell = "/bin/bash");
}

static void argv0_names_the_shell(void **state) {
  (void)state;
  OUTPUT("my name\n", "echo $0", NULL, .shell = CP_SHELL, .argv0 = "my name");
}

static void exec_uses_the_default_shell(void **state) {
  (void)state;
  cp_result result;
  assert_int_equal(cp_exec_sync(&result, "echo $0", NULL), 0);
  assert_string_equal(result.out.bytes, "/bin/sh\n");
  cp_result_dispose(&result);
}

static void a_script_may_have_any_byte_and_lines(void **state) {
  (void)state;
  OUTPUT("\xff\xfe|\n", "printf '%s|\n' '\xff\xfe'\n# the end\n", NULL, .shell = CP_SHELL);
}

static void a_missing_command_is_the_shells_127(void **state) {
  (void)state;
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, "cp-no-such-command", NULL, &(cp_options){.shell = CP_SHELL}), 0);
  assert_int_equal(result.exit.code, 127);
  cp_result_dispose(&result);
}

static void quoting_of_known_words(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"", "''"},       {"a", "'a'"},
                                        {"a b", "'a b'"}, {"it's", "'it'\\''s'"},
                                        {"'", "''\\'''"}, {"$x`y`\\\"\n", "'$x`y`\\\"\n'"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *quoted = cp_shell_quote(rows[i][0]);
    assert_string_equal(quoted, rows[i][1]);
    cp_free(quoted);
  }
  assert_null(cp_shell_quote(NULL));
}

/* Random bytes, rich in those that mean something to a shell. */
static void random_word(char *word, size_t length, unsigned *seed) {
  static const char special[] = "'\"\\$`!*?[]{}()<>|&;#~ \t\n=%-";
  for (size_t i = 0; i < length; i++) {
    *seed = *seed * 1103515245U + 12345U;
    unsigned n = *seed >> 16;
    word[i] = n & 1 ? special[(n >> 1) % (sizeof special - 1)] : (char)(1 + (n >> 1) % 255);
  }
  word[length] = '\0';
}

/* Each word is quoted into a script, passed as an argument of a shell, and as a positional one: all arrive alike. */
static void random_bytes_come_through_a_real_shell(void **state) {
  (void)state;
  enum { WORDS = 60, ROUNDS = 8, LONGEST = 40 };
  unsigned seed = 20240229;
  for (int round = 0; round < ROUNDS; round++) {
    static char words[WORDS][LONGEST + 1], expected[WORDS * (LONGEST + 4)], script[WORDS * LONGEST * 5];
    const char *args[WORDS + 1] = {NULL};
    char *end = expected, *text = stpcpy(script, "printf '[%s]\n'");
    for (int i = 0; i < WORDS; i++) {
      random_word(words[i], (size_t)(i * 7 + round) % LONGEST, &seed);
      args[i] = words[i];
      end += sprintf(end, "[%s]\n", words[i]);
      char *quoted = cp_shell_quote(words[i]);
      assert_non_null(quoted);
      text += sprintf(text, " %s", quoted);
      cp_free(quoted);
    }
    OUTPUT(expected, script, NULL, .shell = CP_SHELL);
    OUTPUT(expected, "printf '[%s]\n'", args, .shell = CP_SHELL);
    OUTPUT(expected, "printf '[%s]\n' \"$@\"", args, .shell = CP_SHELL, .shell_positional = true);
  }
}

static void every_single_byte_comes_through(void **state) {
  (void)state;
  char words[255][2], expected[255 * 4 + 1], *end = expected;
  const char *args[256] = {NULL};
  for (int i = 0; i < 255; i++) {
    words[i][0] = (char)(i + 1);
    words[i][1] = '\0';
    args[i] = words[i];
    end += sprintf(end, "[%c]\n", i + 1);
  }
  OUTPUT(expected, "printf '[%s]\n'", args, .shell = CP_SHELL);
}

static void safe_words(void **state) {
  (void)state;
  static const char *const safe[] = {"a", "A-Z", "a_b.c", "/usr/bin/env", "0", "x-", "./-", "..", "_", ".hidden"};
  static const char *const unsafe[] = {"",   "-", "-rf", "--x", "a b", "a\n", "$x",       "`x`", "a;b", "a'b",
                                       "a*", "~", "a=b", "a,b", "a:b", "a@b", "\xc3\xa4", "a\"", "#x",  "%"};
  for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
    if (!cp_shell_arg_is_safe(safe[i])) fail_msg("\"%s\" should be safe", safe[i]);
  for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
    if (cp_shell_arg_is_safe(unsafe[i])) fail_msg("\"%s\" should not be safe", unsafe[i]);
  assert_false(cp_shell_arg_is_safe(NULL));
}

static void each_byte_is_safe_or_not(void **state) {
  (void)state;
  for (int c = 1; c < 256; c++) {
    const char word[] = {'x', (char)c, '\0'};
    bool expected = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                    c == '-' || c == '.' || c == '/';
    assert_int_equal(cp_shell_arg_is_safe(word), expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_shell_runs_the_script),
      TEST(arguments_are_quoted_and_appended),
      TEST(positional_arguments_are_never_text_of_the_script),
      TEST(the_shell_is_what_was_started),
      TEST(another_shell_can_be_named),
      TEST(argv0_names_the_shell),
      TEST(exec_uses_the_default_shell),
      TEST(a_script_may_have_any_byte_and_lines),
      TEST(a_missing_command_is_the_shells_127),
      TEST(quoting_of_known_words),
      TEST(random_bytes_come_through_a_real_shell),
      TEST(every_single_byte_comes_through),
      TEST(safe_words),
      TEST(each_byte_is_safe_or_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
