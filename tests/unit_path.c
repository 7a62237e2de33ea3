/* unit_path.c - the candidates of a PATH search, and the lookup in an environment. */
#include "path.h"

#include "env.h"
#include "support.h"

static void candidates_are(const char *file, const char *path, const char *expected) {
  cp__arena arena = {0};
  char joined[512] = "";
  const char *const *list = cp__path_candidates(&arena, file, path);
  assert_non_null(list);
  for (; *list != NULL; list++) {
    if (joined[0] != '\0') strcat(joined, " ");
    strcat(joined, *list);
  }
  assert_string_equal(joined, expected);
  cp__arena_free(&arena);
}

static void one_candidate_for_each_element(void **state) {
  (void)state;
  candidates_are("p", "/a:/b/c", "/a/p /b/c/p");
  candidates_are("p", "/a", "/a/p");
  candidates_are("p", "/a/", "/a//p");
  candidates_are("p", "rel", "rel/p");
}

static void an_empty_element_is_the_bare_name(void **state) {
  (void)state;
  candidates_are("p", "", "p");
  candidates_are("p", ":", "p p");
  candidates_are("p", ":/a", "p /a/p");
  candidates_are("p", "/a:", "/a/p p");
  candidates_are("p", "/a::/b", "/a/p p /b/p");
}

static void a_slash_means_no_search(void **state) {
  (void)state;
  candidates_are("./p", "/a:/b", "./p");
  candidates_are("/p", "", "/p");
  candidates_are("p/", NULL, "p/");
}

static void without_path_the_default(void **state) {
  (void)state;
  candidates_are("p", NULL, "/bin/p /usr/bin/p");
}

static void a_variable_is_found_by_its_whole_name(void **state) {
  (void)state;
  const char *const env[] = {"PATHX=1", "XPATH=2", "PATH=first", "PATH=second", "EMPTY=", "NOVALUE", NULL};
  assert_string_equal(cp__env_get(env, "PATH"), "first");
  assert_string_equal(cp__env_get(env, "EMPTY"), "");
  assert_null(cp__env_get(env, "PAT"));
  assert_null(cp__env_get(env, "NOVALUE"));
  assert_null(cp__env_get(env, "path"));
}

static void an_overlay_that_changes_nothing_copies_nothing(void **state) {
  (void)state;
  cp__arena arena = {0};
  const char *const base[] = {"A=1", NULL}, *const none[] = {NULL};
  assert_ptr_equal(cp__env_make(&arena, base, NULL), base);
  assert_ptr_equal(cp__env_make(&arena, base, none), base);
  cp__arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_candidate_for_each_element),
      TEST(an_empty_element_is_the_bare_name),
      TEST(a_slash_means_no_search),
      TEST(without_path_the_default),
      TEST(a_variable_is_found_by_its_whole_name),
      TEST(an_overlay_that_changes_nothing_copies_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
