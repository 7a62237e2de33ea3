/* test_ids.c - uid, gid and groups. Only root may give them away. */
#include "support.h"

#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

static void ids_are(const char *expected, const cp_options *options) {
  if (getuid() != 0) skip();
  char *text = helper_output(HELPER_ARGS("ids"), options);
  assert_string_equal(text, expected);
  free(text);
}

static void without_options_the_ids_are_the_parents(void **state) {
  (void)state;
  char expected[64];
  (void)snprintf(expected, sizeof expected, "uid=%d gid=%d euid=%d egid=%d", (int)getuid(), (int)getgid(),
                 (int)geteuid(), (int)getegid());
  char *text = helper_output(HELPER_ARGS("ids"), NULL);
  assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
  free(text);
}

static void uid_drops_the_supplementary_groups(void **state) {
  (void)state;
  ids_are("uid=1234 gid=0 euid=1234 egid=0 groups=\n", &(cp_options){.uid = CP_ID(1234)});
}

static void gid_drops_them_too(void **state) {
  (void)state;
  ids_are("uid=0 gid=4321 euid=0 egid=4321 groups=\n", &(cp_options){.gid = CP_ID(4321)});
}

static void uid_and_gid_together(void **state) {
  (void)state;
  ids_are("uid=1234 gid=4321 euid=1234 egid=4321 groups=\n", &(cp_options){.uid = CP_ID(1234), .gid = CP_ID(4321)});
}

static void groups_are_set_with_uid_and_gid(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  const cp_id groups[] = {CP_ID(5), CP_ID(7), CP_ID(100000)};
  ids_are("uid=1234 gid=4321 euid=1234 egid=4321 groups=5,7,100000\n",
          &(cp_options){.uid = CP_ID(1234), .gid = CP_ID(4321), .groups = groups, .group_count = 3});
}

static void groups_alone(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  const cp_id groups[] = {CP_ID(8)};
  ids_are("uid=0 gid=0 euid=0 egid=0 groups=8\n", &(cp_options){.groups = groups, .group_count = 1});
}

static void ids_beyond_the_sign_bit(void **state) {
  (void)state;
  ids_are("uid=-2 gid=-3 euid=-2 egid=-3 groups=\n",
          &(cp_options){.uid = CP_ID(UINT32_MAX - 1), .gid = CP_ID(UINT32_MAX - 2)});
}

static void an_id_of_0_is_given_all_the_same(void **state) {
  (void)state;
  ids_are("uid=0 gid=0 euid=0 egid=0 groups=\n", &(cp_options){.uid = CP_ID(0), .gid = CP_ID(0)});
}

static void the_program_is_looked_up_with_the_new_ids(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  const char *script = temp_path("mine");
  write_file(script, "#!/bin/sh\n", 0700);
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, script, NULL, &(cp_options){.uid = CP_ID(1234)}), UV_EACCES);
  assert_int_equal(result.error.stage, CP_STAGE_EXEC);
  cp_result_dispose(&result);
}

/* As in Node: chdir(2) comes before setuid(2). */
static void the_working_directory_is_entered_with_the_old_ids(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  char *directory = strdup(temp_path("x")), expected[300];
  *strrchr(directory, '/') = '\0'; /* mkdtemp() made it 0700 */
  (void)snprintf(expected, sizeof expected, "%s\n", directory);
  char *text = helper_output(HELPER_ARGS("cwd"), &(cp_options){.uid = CP_ID(1234), .cwd = directory});
  assert_string_equal(text, expected);
  free(text);
  free(directory);
}

static void the_event_form_changes_ids_too(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  event_log log;
  cp_options options = log_options(&log);
  options.uid = CP_ID(1234);
  options.gid = CP_ID(4321);
  run_helper(&log, HELPER_ARGS("ids"), &options);
  assert_string_equal(log.text, "spawn out exit:0 close:0");
  assert_string_equal(log.out, "uid=1234 gid=4321 euid=1234 egid=4321 groups=\n");
}

static void the_parent_keeps_its_ids_and_stays_dumpable(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  gid_t before[64], after[64];
  int count = getgroups(64, before), dumpable = prctl(PR_GET_DUMPABLE);
  free(helper_output(NULL, &(cp_options){.uid = CP_ID(1234), .gid = CP_ID(4321)}));
  assert_int_equal(getuid() + geteuid() + getgid() + getegid(), 0);
  assert_int_equal(getgroups(64, after), count);
  for (int i = 0; i < count; i++) assert_int_equal(after[i], before[i]);
  assert_int_equal(prctl(PR_GET_DUMPABLE), dumpable);
  assert_int_equal(access("/proc/self/fd", R_OK | X_OK), 0);
}

enum { THREADS = 2, ROUNDS = 200 };

static void *start_with_another_uid(void *data) {
  for (int i = 0; i < ROUNDS; i++) {
    cp_result result;
    CHECK(cp_spawn_sync(&result, HELPER, NULL, &(cp_options){.uid = CP_ID(1234)}) == 0);
    cp_result_dispose(&result);
  }
  return data;
}

static void start_from_threads(void *data) {
  (void)data;
  pthread_t threads[THREADS];
  if (prctl(PR_GET_DUMPABLE) != 1) SKIP_APART();
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, start_with_another_uid, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(prctl(PR_GET_DUMPABLE) == 1);
}

/* Each start makes the process undumpable for a moment: a thread must not take that for what it was before. */
static void the_parent_stays_dumpable_though_its_threads_start_at_once(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  apart(start_from_threads, NULL);
}

static void a_child_with_other_ids_can_be_killed_by_its_parent(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  options.uid = CP_ID(1234);
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), &options), 0);
  assert_int_equal(cp_child_kill(child, 0), 0);
  run_loop();
  assert_int_equal(log.exit.signal, 15);
  cp_child_free(child);
}

static void die_with_parent_survives_the_change_of_ids(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  if (getuid() != 0) skip();
  char *text = helper_output(HELPER_ARGS("deathsig"), &(cp_options){.uid = CP_ID(1234), .die_with_parent = 12});
  assert_string_equal(text, "12\n");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(without_options_the_ids_are_the_parents),
      TEST(uid_drops_the_supplementary_groups),
      TEST(gid_drops_them_too),
      TEST(uid_and_gid_together),
      TEST(groups_are_set_with_uid_and_gid),
      TEST(groups_alone),
      TEST(ids_beyond_the_sign_bit),
      TEST(an_id_of_0_is_given_all_the_same),
      TEST(the_program_is_looked_up_with_the_new_ids),
      TEST(the_working_directory_is_entered_with_the_old_ids),
      TEST(the_event_form_changes_ids_too),
      TEST(the_parent_keeps_its_ids_and_stays_dumpable),
      TEST(the_parent_stays_dumpable_though_its_threads_start_at_once),
      TEST(a_child_with_other_ids_can_be_killed_by_its_parent),
      TEST(die_with_parent_survives_the_change_of_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
