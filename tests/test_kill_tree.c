/* test_kill_tree.c - cp_child_kill_tree(): a signal to a child and all its descendants. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

enum { MOST = 64 };

/* A child, and the processes that have told their numbers on its stdout. All of them hold it: its end is theirs. */
typedef struct tree {
  event_log log;
  cp_child *child;
  int pids[MOST], count;
} tree;

static void start(tree *t, const char *const *args, const cp_options *more) {
  cp_options options = log_options(&t->log);
  if (more != NULL) {
    options.process_group = more->process_group;
    options.detached = more->detached;
  }
  assert_int_equal(cp_spawn(&t->child, test_loop(), HELPER, args, &options), 0);
  t->count = 0;
}

/* Runs the loop until so many lines of that kind are there. */
static void wait_for(tree *t, const char *start_of_line, int lines) {
  while (count_lines(t->log.out, start_of_line) < lines) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
}

static void learn_pids(tree *t, int count) {
  wait_for(t, "pid ", count);
  for (const char *line = t->log.out; (line = strstr(line, "pid ")) != NULL && t->count < MOST; line++)
    t->pids[t->count++] = atoi(line + 4);
}

static char state_of(int pid) {
  char path[64], line[512] = "";
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  if (file == NULL) return '-';
  (void)fgets(line, sizeof line, file);
  (void)fclose(file);
  const char *rest = strrchr(line, ')');
  return rest != NULL ? rest[2] : '-';
}

static bool has_ended(int pid) { return strchr("-ZX", state_of(pid)) != NULL; }

/*
 * The end of stdout comes when nobody holds it any more: a survivor would keep it open until the deadline. A process
 * that ends closes its files first, and is gone a moment later.
 */
static void all_have_ended(tree *t, int signum) {
  run_loop();
  assert_int_equal(t->log.closed, 1);
  assert_int_equal(t->log.exit.signal, signum);
  assert_int_equal(t->log.exit.reason, CP_REASON_SIGNALLED);
  for (int i = 0; i < t->count; i++)
    while (!has_ended(t->pids[i])) (void)poll(NULL, 0, 1);
  cp_child_free(t->child);
}

static void a_deep_tree_is_reached_to_its_leaves(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  static const int signals[] = {0, SIGTERM, SIGKILL};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    tree t;
    start(&t, HELPER_ARGS("chain", "30"), NULL); /* more than the first piece of memory has room for */
    learn_pids(&t, 30);
    assert_false(cp_child_killed(t.child));
    assert_int_equal(cp_child_kill_tree(t.child, signals[i]), 0);
    assert_true(cp_child_killed(t.child));
    all_have_ended(&t, signals[i] == 0 ? SIGTERM : signals[i]);
  }
}

static void members_in_sessions_of_their_own_are_reached(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  static const int signals[] = {SIGTERM, SIGKILL};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    tree t;
    start(&t, HELPER_ARGS("chain", "5", "sid"), &(cp_options){.process_group = true});
    learn_pids(&t, 5);
    for (int k = 0; k < 5; k++)
      if (t.pids[k] != cp_child_pid(t.child)) assert_int_equal(getpgid(t.pids[k]), t.pids[k]);
    assert_int_equal(cp_child_kill_tree(t.child, signals[i]), 0);
    all_have_ended(&t, signals[i]);
  }
}

/* A real-time signal is queued: one that was sent twice would be told twice. */
static void each_member_gets_it_once(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  static const cp_options groups[] = {{.process_group = false}, {.process_group = true}, {.detached = true}};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    for (int sessions = 0; sessions <= 1; sessions++) {
      tree t;
      const char *const args[] = {"tally", "40", "--", "chain", "6", sessions ? "sid" : NULL, NULL};
      start(&t, args, &groups[i]);
      learn_pids(&t, 6);
      assert_int_equal(cp_child_kill_tree(t.child, 40), 0);
      wait_for(&t, "got", 6);
      assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), 0);
      all_have_ended(&t, SIGKILL);
      assert_int_equal(count_lines(t.log.out, "got"), 6);
    }
  }
}

static void nobody_else_is_hit(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  tree first, second;
  start(&first, HELPER_ARGS("tally", "40", "--", "chain", "3"), NULL);
  start(&second, HELPER_ARGS("chain", "3"), NULL);
  learn_pids(&first, 3);
  learn_pids(&second, 3);
  assert_int_equal(cp_child_kill_tree(second.child, SIGKILL), 0);
  while (second.log.closed == 0) (void)uv_run(test_loop(), UV_RUN_ONCE);
  assert_int_equal(first.log.exited, 0);
  assert_int_equal(cp_child_kill_tree(first.child, 40), 0); /* all of the first answer still */
  wait_for(&first, "got", 3);
  assert_int_equal(cp_child_kill_tree(first.child, SIGKILL), 0);
  cp_child_free(second.child);
  all_have_ended(&first, SIGKILL);
}

static void a_tree_that_grows_is_caught_whole(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  for (int i = 0; i < 5; i++) {
    tree t;
    start(&t, HELPER_ARGS("storm", "30"), NULL);
    wait_for(&t, "pid ", 1 + i * 7); /* in the middle of it */
    assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), 0);
    all_have_ended(&t, SIGKILL);
  }
}

static void a_stopped_tree_stands_still_and_goes_on(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  tree t;
  start(&t, HELPER_ARGS("tally", "40", "--", "chain", "4", "sid"), &(cp_options){.process_group = true});
  learn_pids(&t, 4);
  assert_int_equal(cp_child_kill_tree(t.child, SIGSTOP), 0);
  for (int i = 0; i < t.count; i++) assert_int_equal(state_of(t.pids[i]), 'T');
  assert_int_equal(cp_child_kill_tree(t.child, 40), 0); /* waits in each of them */
  assert_int_equal(cp_child_kill_tree(t.child, SIGCONT), 0);
  wait_for(&t, "got", 4);
  assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), 0);
  all_have_ended(&t, SIGKILL);
}

static void an_orphan_is_reached_in_the_childs_group(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  tree t;
  start(&t, HELPER_ARGS("orphan", "--", "pause"), &(cp_options){.process_group = true});
  learn_pids(&t, 1);
  assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), 0);
  all_have_ended(&t, SIGKILL);
}

static void an_orphan_elsewhere_is_not(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  tree t;
  start(&t, HELPER_ARGS("orphan", "--", "pause"), NULL);
  learn_pids(&t, 1);
  assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), 0);
  run_until(&t.log.exited);
  assert_int_equal(kill(t.pids[0], SIGKILL), 0);
  all_have_ended(&t, SIGKILL);
}

static void what_cannot_be_signalled_is_told(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_child_kill_tree(NULL, SIGTERM), UV_EINVAL);
  assert_int_equal(cp_spawn(&child, test_loop(), "/no/such/program", NULL, &options), 0);
  assert_int_equal(cp_child_kill_tree(child, SIGTERM), UV_ESRCH);
  run_loop();
  cp_child_free(child);
  options = log_options(&log);
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("exit", "0"), &options), 0);
  assert_int_equal(cp_child_kill_tree(child, 65), UV_EINVAL);
  assert_int_equal(cp_child_kill_tree(child, -1), UV_EINVAL);
  run_loop();
  assert_int_equal(cp_child_kill_tree(child, SIGKILL), UV_ESRCH);
  assert_false(cp_child_killed(child));
  cp_child_free(child);
}

static void without_fds_the_child_is_signalled_and_the_rest_is_told(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  tree t;
  int fds[256], count = 0;
  struct rlimit old, low;
  start(&t, HELPER_ARGS("chain", "3"), NULL);
  learn_pids(&t, 3);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  low = old;
  low.rlim_cur = 200;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
  while (count < 256 && (fds[count] = fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 0) count++;
  assert_int_equal(errno, EMFILE);
  assert_int_equal(cp_child_kill_tree(t.child, SIGKILL), UV_EMFILE);
  assert_true(cp_child_killed(t.child));
  while (count > 0) close(fds[--count]);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  run_until(&t.log.exited);
  for (int i = 0; i < t.count; i++) (void)kill(t.pids[i], SIGKILL); /* they were not found: nobody looked */
  all_have_ended(&t, SIGKILL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_deep_tree_is_reached_to_its_leaves),
      TEST(members_in_sessions_of_their_own_are_reached),
      TEST(each_member_gets_it_once),
      TEST(nobody_else_is_hit),
      TEST(a_tree_that_grows_is_caught_whole),
      TEST(a_stopped_tree_stands_still_and_goes_on),
      TEST(an_orphan_is_reached_in_the_childs_group),
      TEST(an_orphan_elsewhere_is_not),
      TEST(what_cannot_be_signalled_is_told),
      TEST(without_fds_the_child_is_signalled_and_the_rest_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
