/* test_stress.c - very many children: at once, in a row, with no fds left, and killed and freed at random moments. */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "support.h"

#ifdef CP_SANITIZED
enum { AT_ONCE = 300, IN_A_ROW = 500, STORM = 300 };
#else
enum { AT_ONCE = 2000, IN_A_ROW = 5000, STORM = 1500 };
#endif
enum { FDS_PER_CHILD = 6, FDS_TO_SPARE = 100 };

/* Raises the soft limit of open files; returns for how many children it is enough. */
static int children_within_limits(void) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  long fit = ((long)limit.rlim_cur - FDS_TO_SPARE) / FDS_PER_CHILD;
  return fit < AT_ONCE ? (int)fit : AT_ONCE;
}

typedef struct tally {
  int spawned, failed, exited, closed, code;
  size_t bytes;
} tally;

static void on_spawned(cp_child *child, void *data) {
  (void)child;
  ((tally *)data)->spawned++;
}
static void on_failed(cp_child *child, const cp_error *error, void *data) {
  tally *t = data;
  (void)child;
  t->failed++;
  t->code = error->code;
}
static void on_bytes(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child;
  (void)bytes;
  ((tally *)data)->bytes += length;
}
static void on_exited(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ((tally *)data)->exited++;
}
static void on_closed(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ((tally *)data)->closed++;
}

static cp_options tally_options(tally *t) {
  *t = (tally){0};
  return (cp_options){.on_spawn = on_spawned,
                      .on_error = on_failed,
                      .on_stdout = on_bytes,
                      .on_exit = on_exited,
                      .on_close = on_closed,
                      .data = t};
}

static void thousands_at_once(void **state) {
  (void)state;
  static cp_child *children[AT_ONCE];
  int count = children_within_limits();
  tally t;
  cp_options options = tally_options(&t);
  if (count < 10) skip();
  for (int i = 0; i < count; i++)
    assert_int_equal(cp_spawn(&children[i], test_loop(), HELPER, HELPER_ARGS("cat"), &options), 0);
  while (t.spawned + t.failed < count) uv_run(test_loop(), UV_RUN_NOWAIT);
  for (int i = 0; i < count; i++) {
    assert_true(cp_stream_write(cp_child_stdin(children[i]), "hello", 5, NULL, NULL) >= 0);
    assert_int_equal(cp_stream_end(cp_child_stdin(children[i])), 0);
  }
  run_loop();
  assert_int_equal(t.spawned, count);
  assert_int_equal(t.closed, count);
  assert_int_equal(t.bytes, (size_t)count * 5);
  for (int i = 0; i < count; i++) cp_child_free(children[i]);
}

static void thousands_in_a_row(void **state) {
  (void)state;
  tally t;
  cp_options options = tally_options(&t);
  for (int i = 0; i < IN_A_ROW; i++) {
    assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, HELPER_ARGS("write", "1", "x"), &options), 0);
    if (i % 4 == 3) run_loop(); /* four at a time */
  }
  run_loop();
  assert_int_equal(t.closed, IN_A_ROW);
  assert_int_equal(t.bytes, IN_A_ROW);
}

/* Each of these limits stops the start at another step. */
static void with_few_fds_some_fail_cleanly_and_the_rest_run(void **state) {
  (void)state;
  struct rlimit old, low;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  for (rlim_t spare = 0; spare < 60; spare++) {
    enum { TRIED = 12 };
    cp_child *children[TRIED];
    tally t;
    cp_options options = tally_options(&t);
    low = old;
    low.rlim_cur = (rlim_t)count_fds() + spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int i = 0; i < TRIED; i++)
      assert_int_equal(cp_spawn(&children[i], test_loop(), HELPER, HELPER_ARGS("cat"), &options), 0);
    assert_int_equal(t.failed, 0); /* an event, not a return value, and not inside the call */
    for (int i = 0; i < TRIED; i++) cp_stream_close(cp_child_stdin(children[i]));
    run_loop();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(t.closed, TRIED);
    assert_int_equal(t.spawned + t.failed, TRIED);
    assert_int_equal(t.exited, t.spawned);
    if (t.failed > 0) assert_int_equal(t.code, UV_EMFILE);
    if (spare < 5) assert_int_equal(t.failed, TRIED);
    for (int i = 0; i < TRIED; i++) cp_child_free(children[i]);
    run_loop();
  }
}

static void with_few_fds_sync_calls_fail_cleanly(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER(); /* uv_loop_init() of libuv 1.44 keeps an fd when it fails for want of fds */
  struct rlimit old, low;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  int failed = 0, ran = 0;
  for (rlim_t spare = 0; spare < 20; spare++) {
    cp_result result;
    low = old;
    low.rlim_cur = (rlim_t)count_fds() + spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("echo", "x"), NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_true(rc == 0 || rc == UV_EMFILE);
    if (rc == 0) assert_string_equal(result.out.bytes, "x\n");
    failed += rc != 0;
    ran += rc == 0;
    cp_result_dispose(&result);
  }
  assert_true(failed > 0);
  assert_true(ran > 0);
}

/* ---------------------------------------------------------------- the storm */

static unsigned seed;

static unsigned random_below(unsigned n) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % n;
}

typedef struct victim {
  cp_child *child;
  int closed;
} victim;

static void on_victim_closed(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ((victim *)data)->closed++;
}

static void on_victim_exit(cp_child *child, const cp_exit *exit, void *data) {
  victim *v = data;
  (void)exit;
  if (random_below(4) != 0) return;
  cp_child_free(child);
  v->child = NULL;
}

static void on_victim_bytes(cp_child *child, const char *bytes, size_t length, void *data) {
  victim *v = data;
  (void)bytes;
  (void)length;
  if (random_below(50) == 0) (void)cp_child_kill(child, SIGKILL);
  if (random_below(200) != 0) return;
  (void)cp_child_kill(child, SIGKILL);
  cp_child_free(child);
  v->child = NULL;
}

static const int signals[] = {SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGUSR1, SIGSTOP, SIGCONT};

static void torment(victim *v) {
  static char block[100000];
  if (v->child == NULL) return;
  cp_stream *input = cp_child_stdin(v->child), *out = cp_child_stdout(v->child);
  switch (random_below(12)) {
    case 0:
    case 1:
      (void)cp_child_kill(v->child, signals[random_below(sizeof signals / sizeof *signals)]);
      break;
    case 2:
      (void)cp_stream_write(input, block, random_below(sizeof block), NULL, NULL);
      break;
    case 3:
      cp_stream_pause(out);
      break;
    case 4:
      cp_stream_resume(out);
      break;
    case 5:
      cp_stream_close(random_below(2) ? input : out);
      break;
    case 6:
      (void)cp_stream_forward(out, input, NULL, NULL);
      break;
    case 7:
      (void)cp_stream_end(input);
      break;
    case 8:
      (void)cp_child_kill(v->child, SIGKILL);
      cp_child_free(v->child);
      v->child = NULL;
      break;
    default:
      uv_run(test_loop(), UV_RUN_NOWAIT);
  }
}

static void put_out_of_misery(victim *v) {
  if (v->child == NULL) return;
  cp_stream_resume(cp_child_stdout(v->child));
  (void)cp_child_kill(v->child, SIGKILL);
}

static void kills_and_frees_at_random_moments_leave_nothing(void **state) {
  (void)state;
  enum { ALIVE = 40 };
  static victim victims[ALIVE];
  const char *given = getenv("CP_TEST_SEED");
  seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20240607u;
  print_message("CP_TEST_SEED=%u\n", seed);
  memset(victims, 0, sizeof victims);
  for (int started = 0; started < STORM;) {
    victim *v = &victims[random_below(ALIVE)];
    if (v->child == NULL || v->closed > 0) {
      cp_child_free(v->child);
      *v = (victim){0};
      cp_options options = {.on_stdout = on_victim_bytes,
                            .on_exit = on_victim_exit,
                            .on_close = on_victim_closed,
                            .timeout_ms = random_below(5) == 0 ? 1 + random_below(20) : 0,
                            .grace_ms = 5,
                            .data = v};
      const char *const *args = random_below(2) ? HELPER_ARGS("cat") : HELPER_ARGS("fill", "1", "100000");
      const char *file = random_below(20) == 0 ? "no-such-program" : HELPER;
      assert_int_equal(cp_spawn(&v->child, test_loop(), file, args, &options), 0);
      started++;
    }
    for (unsigned n = random_below(6); n > 0; n--) torment(&victims[random_below(ALIVE)]);
  }
  for (int i = 0; i < ALIVE; i++) put_out_of_misery(&victims[i]);
  run_loop();
  for (int i = 0; i < ALIVE; i++) {
    if (victims[i].child != NULL) assert_int_equal(victims[i].closed, 1);
    cp_child_free(victims[i].child);
  }
  reap_freed();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(thousands_at_once),
      TEST(thousands_in_a_row),
      TEST(with_few_fds_some_fail_cleanly_and_the_rest_run),
      TEST(with_few_fds_sync_calls_fail_cleanly),
      TEST(kills_and_frees_at_random_moments_leave_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
