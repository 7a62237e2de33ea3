/* test_limits.c - what a child may use: nice, umask, rlimits. */
#include "support.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* This is in the child's line. */
static void child_says(const char *expected, const cp_options *options) {
  char *text = helper_output(HELPER_ARGS("limits"), options);
  if (strstr(text, expected) == NULL) fail_msg("\"%s\" is not in: %s", expected, text);
  free(text);
}

static int refusal_of(const cp_options *options, cp_error *error) {
  cp_result result;
  int rc = cp_spawn_sync(&result, HELPER, CP_ARGS("limits"), options);
  *error = result.error;
  cp_result_dispose(&result);
  return rc;
}

static void without_options_all_is_as_in_the_parent(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL(); /* valgrind has limits of its own */
  char expected[128];
  struct rlimit files;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
  (void)snprintf(expected, sizeof expected, "nofile=%lld:%lld", (long long)files.rlim_cur, (long long)files.rlim_max);
  child_says(expected, NULL);
}

static void nice_is_added_to_the_parents(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  char expected[32];
  int own = getpriority(PRIO_PROCESS, 0);
  (void)snprintf(expected, sizeof expected, "nice=%d ", own + 3 > 19 ? 19 : own + 3);
  child_says(expected, &(cp_options){.nice = 3});
  child_says("nice=19 ", &(cp_options){.nice = 39});
  assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
}

static void a_negative_nice_needs_a_privilege(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  cp_error error;
  const cp_options options = {.nice = -39};
  int rc = refusal_of(&options, &error);
  if (rc == 0) {
    child_says("nice=-20 ", &options);
    return;
  }
  assert_int_equal(rc, UV_EACCES);
  assert_int_equal(error.stage, CP_STAGE_NICE);
  assert_non_null(strstr(error.message, "options.nice"));
}

static void the_mask_is_the_childs_alone(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  mode_t own = umask(0137);
  child_says("umask=137 ", NULL);
  child_says("umask=077 ", &(cp_options){.umask = CP_ID(077)});
  child_says("umask=000 ", &(cp_options){.umask = CP_ID(0)});
  assert_int_equal(umask(own), 0137);
}

static void limits_are_the_childs_alone(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL(); /* valgrind has limits of its own */
  NEEDS_LINUX_LAUNCHER();
  struct rlimit before, after;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  const cp_rlimit limits[] = {{RLIMIT_NOFILE, 20, 30}, {RLIMIT_CPU, 100, CP_RLIMIT_INFINITY}, {RLIMIT_CORE, 0, 0}};
  child_says("nofile=20:30 cpu=100:-1 core=0:0", &(cp_options){.rlimits = limits, .rlimit_count = 3});
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
  assert_memory_equal(&after, &before, sizeof before);
}

static void a_limit_ends_a_child_that_goes_beyond_it(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  const cp_rlimit limit = {RLIMIT_CPU, 1, 1};
  cp_result result;
  const cp_options options = {.rlimits = &limit, .rlimit_count = 1};
  assert_int_equal(cp_spawn_sync(&result, HELPER, CP_ARGS("burn", "60000"), &options), 0);
  assert_true(result.exit.signal == SIGKILL || result.exit.signal == SIGXCPU);
  assert_int_equal(result.exit.reason, CP_REASON_SIGNALLED);
  cp_result_dispose(&result);
}

/* What the table needs is placed before, so that a limit below it is no obstacle. */
static void a_limit_of_open_files_below_the_table(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  NEEDS_A_REAL_KERNEL(); /* valgrind has limits of its own */
  const cp_rlimit limit = {RLIMIT_NOFILE, 6, 6};
  const cp_options options = {
      .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_IGNORE, CP_PIPE),
      .rlimits = &limit,
      .rlimit_count = 1};
  char *text = helper_output(HELPER_ARGS("fds"), &options);
  assert_non_null(strstr(text, "2 pipe w blocking\n8 socket rw blocking\n"));
  free(text);
}

static void beyond_the_hard_limit_needs_a_privilege(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  struct rlimit own;
  cp_error error;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
  const cp_rlimit limits[] = {{RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, own.rlim_cur, own.rlim_max + 1}};
  int rc = refusal_of(&(cp_options){.rlimits = limits, .rlimit_count = 2}, &error);
  if (rc == 0) return; /* we have it */
  assert_int_equal(rc, UV_EPERM);
  assert_int_equal(error.stage, CP_STAGE_LIMIT);
  assert_int_equal(error.index, 1);
  assert_non_null(strstr(error.message, "RLIMIT_NOFILE"));
  assert_non_null(strstr(error.message, "options.rlimits[1]"));
}

/* They are set while the privileges of the parent are there. */
static void limits_are_raised_before_the_user_is_changed(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  struct rlimit own;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
  if (getuid() != 0 || own.rlim_max > 1000000) skip();
  char expected[64];
  const cp_rlimit limit = {RLIMIT_NOFILE, 100, own.rlim_max + 1};
  (void)snprintf(expected, sizeof expected, "nofile=100:%lld", (long long)own.rlim_max + 1);
  cp_error error;
  const cp_options options = {.uid = CP_ID(1234), .rlimits = &limit, .rlimit_count = 1};
  if (refusal_of(&options, &error) == UV_EPERM && error.stage == CP_STAGE_LIMIT) skip(); /* root, but not privileged */
  child_says(expected, &options);
}

static void the_limits_are_copied(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL(); /* valgrind has limits of its own */
  NEEDS_LINUX_LAUNCHER();
  cp_rlimit limit = {RLIMIT_NOFILE, 25, 25};
  event_log log = {0};
  cp_options options = log_options(&log);
  options.rlimits = &limit;
  options.rlimit_count = 1;
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("limits"), &options), 0);
  limit.soft = 1;
  run_loop();
  assert_non_null(strstr(log.out, "nofile=25:25"));
  cp_child_free(child);
}

static void the_portable_launcher_refuses_them(void **state) {
  (void)state;
#ifdef CP_LAUNCHER_LINUX
  skip();
#endif
  const cp_rlimit limit = {RLIMIT_CORE, 0, 0};
  const struct {
    cp_options options;
    const char *word;
  } cases[] = {{{.nice = 1}, "options.nice"},
               {{.umask = CP_ID(0)}, "options.umask"},
               {{.rlimits = &limit, .rlimit_count = 1}, "options.rlimits"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cp_error error;
    assert_int_equal(refusal_of(&cases[i].options, &error), UV_ENOTSUP);
    assert_non_null(strstr(error.message, cases[i].word));
  }
}

static void resources_have_names(void **state) {
  (void)state;
  assert_int_equal(cp_rlimit_number("nofile"), RLIMIT_NOFILE);
  assert_int_equal(cp_rlimit_number("RLIMIT_AS"), RLIMIT_AS);
  assert_int_equal(cp_rlimit_number("Cpu"), RLIMIT_CPU);
  assert_int_equal(cp_rlimit_number("nofiles"), UV_EINVAL);
  assert_int_equal(cp_rlimit_number(""), UV_EINVAL);
  assert_int_equal(cp_rlimit_number(NULL), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(without_options_all_is_as_in_the_parent),
      TEST(nice_is_added_to_the_parents),
      TEST(a_negative_nice_needs_a_privilege),
      TEST(the_mask_is_the_childs_alone),
      TEST(limits_are_the_childs_alone),
      TEST(a_limit_ends_a_child_that_goes_beyond_it),
      TEST(a_limit_of_open_files_below_the_table),
      TEST(beyond_the_hard_limit_needs_a_privilege),
      TEST(limits_are_raised_before_the_user_is_changed),
      TEST(the_limits_are_copied),
      TEST(the_portable_launcher_refuses_them),
      TEST(resources_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
