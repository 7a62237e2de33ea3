/* test_env.c - the child's environment: exact, the parent's, or changed by an overlay. */
#include "support.h"

#include <unistd.h>

extern char **environ;

static char *env_of(const cp_options *options) { return helper_output(HELPER_ARGS("env"), options); }

static void the_environment_is_exactly_options_env(void **state) {
  (void)state;
  char *text = env_of(&(cp_options){.env = CP_ARGS("B=2", "A=1", "EMPTY=", "WITH==two=signs", "LINE=a b\tc")});
  assert_string_equal(text, "B=2\nA=1\nEMPTY=\nWITH==two=signs\nLINE=a b\tc\n");
  free(text);
}

static void an_empty_environment_is_empty(void **state) {
  (void)state;
  const char *none[] = {NULL};
  char *text = env_of(&(cp_options){.env = none});
  assert_string_equal(text, "");
  free(text);
}

static void duplicates_in_options_env_are_passed_as_they_are(void **state) {
  (void)state;
  char *text = env_of(&(cp_options){.env = CP_ARGS("A=1", "A=2", "A=1")});
  assert_string_equal(text, "A=1\nA=2\nA=1\n"); /* as Node: no de-duplication on POSIX */
  free(text);
}

static void any_byte_may_stand_in_a_value(void **state) {
  (void)state;
  char entry[260] = "BYTES=", expected[270];
  for (int i = 1; i < 250; i++) entry[5 + i] = (char)i;
  entry[5 + 250] = '\0';
  char *text = env_of(&(cp_options){.env = CP_ARGS(entry)});
  (void)snprintf(expected, sizeof expected, "%s\n", entry);
  assert_string_equal(text, expected);
  free(text);
}

static void without_options_it_is_the_parents_environment(void **state) {
  (void)state;
  char one[] = "CP_ONE=1", two[] = "CP_TWO=2", *list[] = {one, two, NULL}, **old = environ;
  environ = list;
  cp_result result;
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("env"), NULL);
  environ = old;
  assert_int_equal(rc, 0);
  assert_string_equal(result.out.bytes, "CP_ONE=1\nCP_TWO=2\n");
  cp_result_dispose(&result);
}

static void a_parent_without_environment_gives_an_empty_one(void **state) {
  (void)state;
  char **old = environ;
  cp_result result, overlaid;
  environ = NULL; /* as after clearenv() */
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("env"), NULL);
  int rc_overlaid = cp_spawn_sync(&overlaid, HELPER, HELPER_ARGS("env"), &(cp_options){.env_overlay = CP_ARGS("A=1")});
  environ = old;
  assert_int_equal(rc, 0);
  assert_string_equal(result.out.bytes, "");
  assert_int_equal(rc_overlaid, 0);
  assert_string_equal(overlaid.out.bytes, "A=1\n");
  cp_result_dispose(&result);
  cp_result_dispose(&overlaid);
}

static void an_overlay_sets_replaces_and_unsets(void **state) {
  (void)state;
  char *text = env_of(&(cp_options){.env = CP_ARGS("KEEP=1", "CHANGE=old", "DROP=1", "LAST=1"),
                                    .env_overlay = CP_ARGS("CHANGE=new", "DROP", "ADD=1", "ABSENT")});
  assert_string_equal(text, "KEEP=1\nLAST=1\nCHANGE=new\nADD=1\n");
  free(text);
}

static void an_overlay_lies_on_the_parents_environment(void **state) {
  (void)state;
  char one[] = "CP_ONE=1", two[] = "CP_TWO=2", *list[] = {one, two, NULL}, **old = environ;
  environ = list;
  cp_result result;
  cp_options options = {.env_overlay = CP_ARGS("CP_TWO", "CP_THREE=3")};
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("env"), &options);
  environ = old;
  assert_int_equal(rc, 0);
  assert_string_equal(result.out.bytes, "CP_ONE=1\nCP_THREE=3\n");
  assert_ptr_equal(list[1], two); /* the parent's own is untouched */
  cp_result_dispose(&result);
}

static void the_later_change_of_a_name_wins(void **state) {
  (void)state;
  char *text = env_of(&(cp_options){.env = CP_ARGS("Z=0"), .env_overlay = CP_ARGS("A=1", "A=2")});
  assert_string_equal(text, "Z=0\nA=2\n");
  free(text);
  text = env_of(&(cp_options){.env = CP_ARGS("A=0"), .env_overlay = CP_ARGS("A=1", "A")});
  assert_string_equal(text, "");
  free(text);
  text = env_of(&(cp_options){.env = CP_ARGS("A=0"), .env_overlay = CP_ARGS("A", "A=1")});
  assert_string_equal(text, "A=1\n");
  free(text);
}

static void an_overlay_replaces_every_duplicate(void **state) {
  (void)state;
  char *text = env_of(&(cp_options){.env = CP_ARGS("A=1", "B=1", "A=2"), .env_overlay = CP_ARGS("A=3")});
  assert_string_equal(text, "B=1\nA=3\n");
  free(text);
}

static void names_that_begin_alike_are_told_apart(void **state) {
  (void)state;
  char *text = env_of(
      &(cp_options){.env = CP_ARGS("AB=1", "A=1", "ABC=1"), .env_overlay = CP_ARGS("AB=2", "ABCD", "a=lower case")});
  assert_string_equal(text, "A=1\nABC=1\nAB=2\na=lower case\n");
  free(text);
}

static void an_empty_overlay_changes_nothing(void **state) {
  (void)state;
  const char *none[] = {NULL};
  char *text = env_of(&(cp_options){.env = CP_ARGS("A=1"), .env_overlay = none});
  assert_string_equal(text, "A=1\n");
  free(text);
}

static void a_shell_sees_the_same_environment(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.env = CP_ARGS("A=1"), .env_overlay = CP_ARGS("B=a 'quoted' $word")};
  assert_int_equal(cp_exec_sync(&result, "printf '%s|%s|' \"$A\" \"$B\"", &options), 0);
  assert_string_equal(result.out.bytes, "1|a 'quoted' $word|");
  cp_result_dispose(&result);
}

static void a_thousand_entries_arrive(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  static char entries[COUNT][32];
  static const char *env[COUNT + 1], *overlay[COUNT + 1];
  for (int i = 0; i < COUNT; i++) {
    (void)snprintf(entries[i], sizeof entries[i], "NAME%d=%d", i, i);
    env[i] = overlay[i] = entries[i];
  }
  char *text = env_of(&(cp_options){.env = env, .env_overlay = overlay});
  assert_int_equal(count_lines(text, "NAME"), COUNT);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_environment_is_exactly_options_env),
      TEST(an_empty_environment_is_empty),
      TEST(duplicates_in_options_env_are_passed_as_they_are),
      TEST(any_byte_may_stand_in_a_value),
      TEST(without_options_it_is_the_parents_environment),
      TEST(a_parent_without_environment_gives_an_empty_one),
      TEST(an_overlay_sets_replaces_and_unsets),
      TEST(an_overlay_lies_on_the_parents_environment),
      TEST(the_later_change_of_a_name_wins),
      TEST(an_overlay_replaces_every_duplicate),
      TEST(names_that_begin_alike_are_told_apart),
      TEST(an_empty_overlay_changes_nothing),
      TEST(a_shell_sees_the_same_environment),
      TEST(a_thousand_entries_arrive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
