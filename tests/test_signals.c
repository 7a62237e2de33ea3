/* test_signals.c - signals: the child's clean slate, the parent's untouched one, names and numbers. */
#include "support.h"

#include <signal.h>
#include <unistd.h>

typedef struct slate {
  unsigned long long blocked, ignored, caught;
} slate;

static slate slate_of(const cp_options *options) {
  slate s;
  char *text = helper_output(HELPER_ARGS("signals"), options);
  assert_int_equal(sscanf(text, "SigBlk: %llx SigIgn: %llx SigCgt: %llx", &s.blocked, &s.ignored, &s.caught), 3);
  free(text);
  return s;
}

#define BIT(signum) (1ULL << ((signum)-1))

static void on_signal(int signum) { (void)signum; }

/* Ignores some signals, catches one, blocks one. Put back by restore(). */
typedef struct disturbance {
  struct sigaction old[65];
  sigset_t mask;
} disturbance;

static void disturb(disturbance *d) {
  static const int ignored[] = {SIGPIPE, SIGINT, SIGQUIT, SIGHUP, 36, 64};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, catch = {.sa_handler = on_signal};
  sigset_t block;
  for (int i = 1; i <= 64; i++) (void)sigaction(i, NULL, &d->old[i]);
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    assert_int_equal(sigaction(ignored[i], &ignore, NULL), 0);
  assert_int_equal(sigaction(SIGUSR1, &catch, NULL), 0);
  assert_int_equal(sigaction(40, &catch, NULL), 0);
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  sigaddset(&block, 50);
  assert_int_equal(sigprocmask(SIG_SETMASK, &block, &d->mask), 0);
}

static void restore(const disturbance *d) {
  for (int i = 1; i <= 64; i++) (void)sigaction(i, &d->old[i], NULL);
  assert_int_equal(sigprocmask(SIG_SETMASK, &d->mask, NULL), 0);
}

static void the_child_has_a_clean_slate(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  disturbance d;
  disturb(&d);
  slate s = slate_of(NULL);
  restore(&d);
  assert_int_equal(s.blocked, 0);
  assert_int_equal(s.ignored & 0x7fffffff, 0);
  assert_int_equal(s.ignored,
                   BIT(36) | BIT(64)); /* real-time signals stay ignored, as in Node: see options.keep_signals */
#ifndef CP_SANITIZED                   /* whose runtime catches some in the helper */
  assert_int_equal(s.caught & ~(BIT(32) | BIT(33)), 0);
#endif
}

static void the_event_form_gives_a_clean_slate_too(void **state) {
  (void)state;
  disturbance d;
  event_log log;
  slate s;
  cp_options options = log_options(&log);
  disturb(&d);
  run_helper(&log, HELPER_ARGS("signals"), &options);
  restore(&d);
  assert_int_equal(sscanf(log.out, "SigBlk: %llx SigIgn: %llx SigCgt: %llx", &s.blocked, &s.ignored, &s.caught), 3);
  assert_int_equal(s.blocked, 0);
  assert_int_equal(s.ignored & 0x7fffffff, 0);
}

static void keep_signals_keeps_mask_and_ignored_ones(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  disturbance d;
  disturb(&d);
  slate s = slate_of(&(cp_options){.keep_signals = true});
  restore(&d);
  assert_int_equal(s.blocked, BIT(SIGTERM) | BIT(50));
  unsigned long long expected = BIT(SIGPIPE) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGHUP) | BIT(36) | BIT(64);
  assert_int_equal(s.ignored & expected, expected);
  assert_int_equal(s.ignored & (BIT(SIGUSR1) | BIT(40)), 0); /* caught ones cannot be kept: default */
}

static void the_parents_mask_and_handlers_are_as_before(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  disturbance d;
  sigset_t before, after;
  struct sigaction was, is;
  cp_result result;
  event_log log;
  cp_options options = log_options(&log);
  disturb(&d);
  assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
  struct sigaction old[65];
  for (int i = 1; i <= 64; i++) (void)sigaction(i, NULL, &old[i]);
  for (int round = 0; round < 2; round++) {
    cp_options sync_options = {.keep_signals = round == 1};
    assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, &sync_options), 0);
    cp_result_dispose(&result);
    assert_int_equal(cp_spawn_sync(&result, "/no/such", NULL, &sync_options), UV_ENOENT);
    cp_result_dispose(&result);
  }
  run_helper(&log, NULL, &options);
  assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
  for (int i = 1; i <= 64; i++) {
    was = old[i];
    if (sigaction(i, NULL, &is) != 0) continue;
    assert_ptr_equal(is.sa_handler, was.sa_handler);
    assert_int_equal(is.sa_flags, was.sa_flags);
    assert_int_equal(sigismember(&after, i), sigismember(&before, i));
  }
  restore(&d);
}

static int handled;
static void count_signal(int signum) { handled += signum == SIGUSR1; }

static void a_signal_of_the_parent_is_delivered_once_and_to_the_parent(void **state) {
  (void)state;
  struct sigaction catch = {.sa_handler = count_signal}, old;
  cp_result result;
  handled = 0;
  assert_int_equal(sigaction(SIGUSR1, &catch, &old), 0);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(cp_spawn_sync(&result, HELPER, NULL, NULL), 0);
    assert_int_equal(result.exit.code, 0);
    cp_result_dispose(&result);
  }
  assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
  assert_int_equal(handled, 20);
}

static void a_blocked_signal_that_is_pending_stays_the_parents(void **state) {
  (void)state;
  sigset_t block, old, pending;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  assert_int_equal(sigprocmask(SIG_BLOCK, &block, &old), 0);
  assert_int_equal(raise(SIGTERM), 0);
  slate s = slate_of(NULL); /* it runs: the signal is not its own */
  assert_int_equal(s.blocked, 0);
  assert_int_equal(sigpending(&pending), 0);
  assert_true(sigismember(&pending, SIGTERM));
  struct timespec at_once = {0};
  assert_int_equal(sigtimedwait(&block, NULL, &at_once), SIGTERM);
  assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void no_handler_of_ours_is_left_behind(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  struct sigaction is;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, NULL, &options);
  assert_int_equal(sigaction(SIGCHLD, NULL, &is), 0);
  assert_true(is.sa_handler == SIG_DFL);
}

/* ---------------------------------------------------------------- names and numbers */

static void names_of_signals(void **state) {
  (void)state;
  static const struct {
    int number;
    const char *name;
  } rows[] = {
      {SIGHUP, "SIGHUP"},       {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"},   {SIGILL, "SIGILL"},
      {SIGTRAP, "SIGTRAP"},     {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},     {SIGFPE, "SIGFPE"},
      {SIGKILL, "SIGKILL"},     {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"},   {SIGUSR2, "SIGUSR2"},
      {SIGPIPE, "SIGPIPE"},     {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},   {SIGCHLD, "SIGCHLD"},
      {SIGCONT, "SIGCONT"},     {SIGSTOP, "SIGSTOP"}, {SIGTSTP, "SIGTSTP"},   {SIGTTIN, "SIGTTIN"},
      {SIGTTOU, "SIGTTOU"},     {SIGURG, "SIGURG"},   {SIGXCPU, "SIGXCPU"},   {SIGXFSZ, "SIGXFSZ"},
      {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"}, {SIGSYS, "SIGSYS"},
      {34, "SIGRTMIN"},         {35, "SIGRTMIN+1"},   {49, "SIGRTMIN+15"},    {50, "SIGRTMAX-14"},
      {64, "SIGRTMAX"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_string_equal(cp_signal_name(rows[i].number), rows[i].name);
    assert_int_equal(cp_signal_number(rows[i].name), rows[i].number);
  }
}

static void every_name_leads_back_to_its_number(void **state) {
  (void)state;
  for (int i = 1; i <= 64; i++) {
    const char *name = cp_signal_name(i);
    if (i == 32 || i == 33)
      assert_null(name); /* libc's own */
    else
      assert_int_equal(cp_signal_number(name), i);
  }
}

static void numbers_that_are_no_signal_have_no_name(void **state) {
  (void)state;
  static const int numbers[] = {0, -1, 65, 1000, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) assert_null(cp_signal_name(numbers[i]));
}

static void names_are_read_in_any_case_with_or_without_sig(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int number;
  } rows[] = {{"SIGTERM", SIGTERM}, {"sigterm", SIGTERM}, {"TERM", SIGTERM},
              {"Term", SIGTERM},    {"15", 15},           {"1", 1},
              {"64", 64},           {"33", 33},           {"SIGIO", SIGIO},
              {"POLL", SIGPOLL},    {"SIGIOT", SIGABRT},  {"rtmin", 34},
              {"SIGRTMIN+2", 36},   {"RTMAX", 64},        {"sigrtmax-1", 63}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(cp_signal_number(rows[i].name), rows[i].number);
}

static void what_is_no_name_is_refused(void **state) {
  (void)state;
  static const char *const names[] = {"",
                                      "SIG",
                                      "SIGSIGTERM",
                                      "SIGTERM ",
                                      " SIGTERM",
                                      "TER",
                                      "SIGNOPE",
                                      "0",
                                      "65",
                                      "-1",
                                      "+15",
                                      "15x",
                                      " 15",
                                      "1e1",
                                      "0x0f",
                                      "4294967311",
                                      "99999999999999999999",
                                      "SIGRTMIN+99",
                                      "RT",
                                      "\xff",
                                      "T"};
  assert_int_equal(cp_signal_number(NULL), UV_EINVAL);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (cp_signal_number(names[i]) != UV_EINVAL) fail_msg("\"%s\" is taken for a signal", names[i]);
}

static void libcs_own_signals_can_be_sent_though_they_have_no_name(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.timeout_ms = 1, .kill_signal = 33};
  assert_int_equal(cp_spawn_sync(&result, HELPER, HELPER_ARGS("pause"), &options), CP_ETIMEDOUT);
  assert_int_equal(result.exit.signal, 33);
  assert_null(strstr(result.error.message, "null"));
  cp_result_dispose(&result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_child_has_a_clean_slate),
      TEST(the_event_form_gives_a_clean_slate_too),
      TEST(keep_signals_keeps_mask_and_ignored_ones),
      TEST(the_parents_mask_and_handlers_are_as_before),
      TEST(a_signal_of_the_parent_is_delivered_once_and_to_the_parent),
      TEST(a_blocked_signal_that_is_pending_stays_the_parents),
      TEST(no_handler_of_ours_is_left_behind),
      TEST(names_of_signals),
      TEST(every_name_leads_back_to_its_number),
      TEST(numbers_that_are_no_signal_have_no_name),
      TEST(names_are_read_in_any_case_with_or_without_sig),
      TEST(what_is_no_name_is_refused),
      TEST(libcs_own_signals_can_be_sent_though_they_have_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
