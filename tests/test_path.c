/* test_path.c - where a program is looked for: the PATH of the child's environment, as execvp(3) does; cp_which(). */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

/* A directory below the test's own, and what teardown does not remove there: its files. */
static char *make_directory(const char *name) {
  char *path = strdup(temp_path(name));
  assert_non_null(path);
  assert_int_equal(mkdir(path, 0755), 0);
  return path;
}

static void remove_file(const char *directory, const char *name) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  assert_int_equal(unlink(path), 0);
}

static void make_script(const char *directory, const char *name, const char *content, int mode) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  write_file(path, content, mode);
}

static void drop_directory(char *path) {
  assert_int_equal(rmdir(path), 0);
  free(path);
}

/* Runs `file` with that PATH (NULL: none) and returns the code; what it printed goes to `out`. */
static int run_in_path(const char *file, const char *path, const char *cwd, char *out, size_t size, cp_error *error) {
  char entry[2048];
  (void)snprintf(entry, sizeof entry, "PATH=%s", path != NULL ? path : "");
  const char *env[] = {path != NULL ? entry : "OTHER=1", NULL};
  cp_result result;
  int rc = cp_spawn_sync(&result, file, NULL, &(cp_options){.env = env, .cwd = cwd});
  (void)snprintf(out, size, "%s", result.out.bytes != NULL ? result.out.bytes : "");
  if (rc == 0) rc = result.exit.code;
  *error = result.error;
  cp_result_dispose(&result);
  return rc;
}

extern char **environ;

/* Replaces the whole environment of this process, "PATH=..." or NULL; setenv() would keep memory. Returns the old one.
 */
static char **replace_environment(char *path) {
  static char *list[2];
  char **old = environ;
  list[0] = path;
  environ = list;
  return old;
}

#define SCRIPT(word) "#!/bin/sh\necho " word "\n"

static void the_path_of_the_childs_environment_counts(void **state) {
  (void)state;
  char out[256], entry[512];
  cp_error error;
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", SCRIPT("found"), 0755);
  assert_int_equal(run_in_path("cp-prog", directory, NULL, out, sizeof out, &error), 0);
  assert_string_equal(out, "found\n");
  assert_int_equal(run_in_path("cp-prog", "/bin:/usr/bin", NULL, out, sizeof out, &error), UV_ENOENT);

  (void)snprintf(entry, sizeof entry, "PATH=%s", directory); /* by the overlay */
  cp_result result;
  cp_options options = {.env_overlay = CP_ARGS(entry)};
  assert_int_equal(cp_spawn_sync(&result, "cp-prog", NULL, &options), 0);
  assert_string_equal(result.out.bytes, "found\n");
  cp_result_dispose(&result);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void without_options_env_the_parents_path_counts(void **state) {
  (void)state;
  char entry[512], *directory = make_directory("bin");
  cp_result result;
  make_script(directory, "cp-prog", SCRIPT("found"), 0755);
  (void)snprintf(entry, sizeof entry, "PATH=%s", directory);
  char **old = replace_environment(entry);
  int rc = cp_spawn_sync(&result, "cp-prog", NULL, NULL);
  environ = old;
  assert_int_equal(rc, 0);
  assert_string_equal(result.out.bytes, "found\n");
  cp_result_dispose(&result);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void without_any_path_it_is_bin_and_usr_bin(void **state) {
  (void)state;
  char out[256];
  cp_error error;
  assert_int_equal(run_in_path("true", NULL, NULL, out, sizeof out, &error), 0);
  const char *empty[] = {NULL};
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, "true", NULL, &(cp_options){.env = empty}), 0);
  cp_result_dispose(&result);
  cp_options options = {.env_overlay = CP_ARGS("PATH")}; /* unset */
  assert_int_equal(cp_spawn_sync(&result, "true", NULL, &options), 0);
  cp_result_dispose(&result);
}

static void the_first_directory_that_has_it_wins(void **state) {
  (void)state;
  char out[256], path[1024];
  cp_error error;
  char *one = make_directory("one"), *two = make_directory("two");
  make_script(one, "cp-prog", SCRIPT("one"), 0755);
  make_script(two, "cp-prog", SCRIPT("two"), 0755);
  (void)snprintf(path, sizeof path, "/no/such:%s:%s", two, one);
  assert_int_equal(run_in_path("cp-prog", path, NULL, out, sizeof out, &error), 0);
  assert_string_equal(out, "two\n");
  remove_file(one, "cp-prog");
  remove_file(two, "cp-prog");
  drop_directory(one);
  drop_directory(two);
}

static void an_empty_element_is_the_childs_working_directory(void **state) {
  (void)state;
  static const char *const paths[] = {"", ":", ":/no/such", "/no/such:", "/no/such::/no/such"};
  char out[256];
  cp_error error;
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", SCRIPT("here"), 0755);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    assert_int_equal(run_in_path("cp-prog", paths[i], directory, out, sizeof out, &error), 0);
    assert_string_equal(out, "here\n");
    assert_int_equal(run_in_path("cp-prog", paths[i], "/", out, sizeof out, &error), UV_ENOENT);
  }
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void relative_names_are_relative_to_cwd(void **state) {
  (void)state;
  char out[256], up[256];
  cp_error error;
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", SCRIPT("here"), 0755);
  (void)snprintf(up, sizeof up, "%s/..", directory);
  assert_int_equal(run_in_path("./cp-prog", "/bin", directory, out, sizeof out, &error), 0);
  assert_string_equal(out, "here\n");
  assert_int_equal(run_in_path("bin/cp-prog", "/bin", up, out, sizeof out, &error), 0);
  assert_int_equal(run_in_path("cp-prog", "bin", up, out, sizeof out, &error), 0);
  assert_int_equal(run_in_path("cp-prog", "./bin", up, out, sizeof out, &error), 0);
  assert_int_equal(run_in_path("./cp-prog", directory, "/", out, sizeof out, &error), UV_ENOENT);
  assert_int_equal(run_in_path("cp-prog", "bin", "/", out, sizeof out, &error), UV_ENOENT);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void a_name_with_a_slash_is_not_searched(void **state) {
  (void)state;
  char out[256];
  cp_error error;
  char *directory = make_directory("bin"), *below = make_directory("bin/sub");
  make_script(below, "cp-prog", SCRIPT("below"), 0755);
  assert_int_equal(run_in_path("sub/cp-prog", directory, "/", out, sizeof out, &error), UV_ENOENT);
  assert_string_equal(error.path, "sub/cp-prog");
  assert_int_equal(error.stage, CP_STAGE_EXEC);
  remove_file(below, "cp-prog");
  drop_directory(below);
  drop_directory(directory);
}

static void denied_is_remembered_over_missing(void **state) {
  (void)state;
  char out[256], path[1024], denied[512];
  cp_error error;
  char *one = make_directory("one"), *two = make_directory("two");
  make_script(one, "cp-prog", SCRIPT("one"), 0644);
  (void)snprintf(path, sizeof path, "/no/such:%s:/no/such/either", one);
  (void)snprintf(denied, sizeof denied, "%s/cp-prog", one);
  assert_int_equal(run_in_path("cp-prog", path, NULL, out, sizeof out, &error), UV_EACCES);
  assert_string_equal(error.path, denied);
  make_script(two, "cp-prog", SCRIPT("two"), 0755); /* but the search goes on */
  (void)snprintf(path, sizeof path, "%s:%s", one, two);
  assert_int_equal(run_in_path("cp-prog", path, NULL, out, sizeof out, &error), 0);
  assert_string_equal(out, "two\n");
  remove_file(one, "cp-prog");
  remove_file(two, "cp-prog");
  drop_directory(one);
  drop_directory(two);
}

static void a_directory_of_that_name_is_passed_over(void **state) {
  (void)state;
  char out[256], path[1024];
  cp_error error;
  char *one = make_directory("one"), *trap = make_directory("one/cp-prog"), *two = make_directory("two");
  make_script(two, "cp-prog", SCRIPT("two"), 0755);
  (void)snprintf(path, sizeof path, "%s:%s", one, two);
  assert_int_equal(run_in_path("cp-prog", path, NULL, out, sizeof out, &error), 0);
  assert_string_equal(out, "two\n");
  remove_file(two, "cp-prog");
  drop_directory(trap);
  drop_directory(one);
  drop_directory(two);
}

static void an_element_that_is_a_file_is_passed_over(void **state) {
  (void)state;
  char out[256], path[1024];
  cp_error error;
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", SCRIPT("found"), 0755);
  (void)snprintf(path, sizeof path, "/etc/passwd:%s", directory);
  assert_int_equal(run_in_path("cp-prog", path, NULL, out, sizeof out, &error), 0);
  assert_string_equal(out, "found\n");
  assert_int_equal(run_in_path("cp-prog", "/etc/passwd:/no/such", NULL, out, sizeof out, &error), UV_ENOENT);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void a_script_without_interpreter_line_is_run_by_sh(void **state) {
  (void)state;
  char out[256], expected[600], file[512];
  cp_error error;
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", "echo \"$0\" \"$1\" \"$2\"\n", 0755);
  (void)snprintf(file, sizeof file, "%s/cp-prog", directory);
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, file, CP_ARGS("a b", "c"), NULL), 0);
  (void)snprintf(expected, sizeof expected, "%s a b c\n", file);
  assert_string_equal(result.out.bytes, expected);
  cp_result_dispose(&result);
  assert_int_equal(run_in_path("cp-prog", directory, NULL, out, sizeof out, &error), 0); /* found in PATH as well */
  (void)snprintf(expected, sizeof expected, "%s  \n", file);
  assert_string_equal(out, expected);
  make_script(directory, "cp-prog", "", 0755); /* an empty script does nothing */
  assert_int_equal(run_in_path("cp-prog", directory, NULL, out, sizeof out, &error), 0);
  make_script(directory, "cp-prog", "exit 7\n", 0755);
  assert_int_equal(run_in_path("cp-prog", directory, NULL, out, sizeof out, &error), 7);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

static void a_long_path_and_a_long_name_do_no_harm(void **state) {
  (void)state;
  enum { SIZE = 60000 };
  char *entry = malloc(SIZE + 64), name[300];
  assert_non_null(entry);
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  (void)snprintf(entry, SIZE, "PATH=");
  for (size_t i = 5; i < SIZE; i++) entry[i] = ':';
  (void)snprintf(entry + SIZE, 64, "/bin:/usr/bin");
  const char *env[] = {entry, NULL};
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, "true", NULL, &(cp_options){.env = env, .cwd = "/"}), 0);
  cp_result_dispose(&result);
  int rc = cp_spawn_sync(&result, name, NULL, NULL);
  assert_true(rc == UV_ENAMETOOLONG || rc == UV_ENOENT);
  assert_int_equal(result.error.stage, CP_STAGE_EXEC);
  cp_result_dispose(&result);
  free(entry);
}

/* ---------------------------------------------------------------- cp_which */

static void which(const char *file, const char *path, int expected_rc, const char *expected) {
  char *out = (char *)"untouched";
  int rc = cp_which(&out, file, path);
  assert_int_equal(rc, expected_rc);
  if (rc != 0) {
    assert_string_equal(out, "untouched");
    return;
  }
  assert_string_equal(out, expected);
  cp_free(out);
}

static void which_finds_what_spawn_would_start(void **state) {
  (void)state;
  char path[1024], found[512];
  char *one = make_directory("one"), *two = make_directory("two"), *trap = make_directory("one/cp-trap");
  make_script(one, "cp-prog", "", 0644);
  make_script(two, "cp-prog", "", 0755);
  make_script(two, "cp-trap", "", 0755);
  (void)snprintf(path, sizeof path, "/no/such:%s:%s", one, two);
  (void)snprintf(found, sizeof found, "%s/cp-prog", two);
  which("cp-prog", path, 0, found);
  which(found, "", 0, found);
  (void)snprintf(found, sizeof found, "%s/cp-trap", two);
  which("cp-trap", path, 0, found);
  which("cp-prog", one, UV_EACCES, NULL);
  which("cp-none", path, UV_ENOENT, NULL);
  which("/no/such", path, UV_ENOENT, NULL);
  which("cp-prog", "/etc/passwd", UV_ENOENT, NULL);
  which(one, NULL, UV_EACCES, NULL);
  remove_file(one, "cp-prog");
  remove_file(two, "cp-prog");
  remove_file(two, "cp-trap");
  drop_directory(trap);
  drop_directory(one);
  drop_directory(two);
}

static void which_searches_this_process_path_by_default(void **state) {
  (void)state;
  char *sh, no_such[] = "PATH=/no/such";
  assert_int_equal(cp_which(&sh, "sh", NULL), 0);
  assert_int_equal(sh[0], '/');
  cp_free(sh);
  char **old = replace_environment(no_such);
  int rc = cp_which(&sh, "sh", NULL);
  (void)replace_environment(NULL);
  int without = cp_which(&sh, "sh", NULL);
  environ = old;
  assert_int_equal(rc, UV_ENOENT);
  assert_int_equal(without, 0);
  assert_string_equal(sh, "/bin/sh");
  cp_free(sh);
}

static void which_in_an_empty_element_is_the_bare_name(void **state) {
  (void)state;
  char here[4096];
  assert_non_null(getcwd(here, sizeof here));
  write_file(temp_path("cp-prog"), "", 0755);
  char *directory = strdup(temp_path("x"));
  *strrchr(directory, '/') = '\0';
  assert_int_equal(chdir(directory), 0);
  which("cp-prog", "", 0, "cp-prog");
  which("cp-prog", "/no/such:", 0, "cp-prog");
  assert_int_equal(chdir(here), 0);
  free(directory);
}

static void which_refuses_nonsense(void **state) {
  (void)state;
  which(NULL, NULL, UV_EINVAL, NULL);
  which("", NULL, UV_EINVAL, NULL);
  assert_int_equal(cp_which(NULL, "sh", NULL), UV_EINVAL);
  cp_free(NULL);
}

static void denied_apart(void *data) {
  char *out;
  cp_error error;
  char text[8];
  if (setgid(65534) != 0 || setuid(65534) != 0) SKIP_APART();
  CHECK(run_in_path("cp-prog", data, "/", text, sizeof text, &error) == UV_EACCES);
  CHECK(cp_which(&out, "cp-prog", data) == UV_EACCES);
}

static void a_directory_that_may_not_be_searched_is_denied_in_both(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  char *directory = make_directory("bin");
  make_script(directory, "cp-prog", "", 0755);
  assert_int_equal(chmod(directory, 0700), 0);
  apart(denied_apart, directory);
  remove_file(directory, "cp-prog");
  drop_directory(directory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_path_of_the_childs_environment_counts),
      TEST(without_options_env_the_parents_path_counts),
      TEST(without_any_path_it_is_bin_and_usr_bin),
      TEST(the_first_directory_that_has_it_wins),
      TEST(an_empty_element_is_the_childs_working_directory),
      TEST(relative_names_are_relative_to_cwd),
      TEST(a_name_with_a_slash_is_not_searched),
      TEST(denied_is_remembered_over_missing),
      TEST(a_directory_of_that_name_is_passed_over),
      TEST(an_element_that_is_a_file_is_passed_over),
      TEST(a_script_without_interpreter_line_is_run_by_sh),
      TEST(a_long_path_and_a_long_name_do_no_harm),
      TEST(which_finds_what_spawn_would_start),
      TEST(which_searches_this_process_path_by_default),
      TEST(which_in_an_empty_element_is_the_bare_name),
      TEST(which_refuses_nonsense),
      TEST(a_directory_that_may_not_be_searched_is_denied_in_both),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
