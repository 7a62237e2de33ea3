/* test_cli_signals.c - signals that the program gets. Each test waits for a word of the command before it sends one. */
#include <signal.h>
#include <unistd.h>

#include "cli_support.h"

typedef struct watched {
  event_log log;
  int signum;       /* sent when ... */
  const char *word; /* ... this has come */
  bool sent;
} watched;

static void send_when_ready(cp_child *child, const char *bytes, size_t length, void *data) {
  watched *w = data;
  memcpy(w->log.out + w->log.out_length, bytes, length);
  w->log.out_length += length;
  if (w->sent || strstr(w->log.out, w->word) == NULL) return;
  w->sent = true;
  assert_int_equal(cp_child_kill(child, w->signum), 0);
}

static void note_exit(cp_child *child, const cp_exit *exit, void *data) {
  watched *w = data;
  (void)child;
  w->log.exit = *exit;
}

/* Runs the program, sends it `signum` when `word` has come on its stdout, and waits for the end. */
static const watched *signal_at(const char *word, int signum, const char *const *args) {
  static watched w;
  w = (watched){.signum = signum, .word = word};
  const cp_options options = {.on_stdout = send_when_ready, .on_close = note_exit, .data = &w};
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), CLI, args, &options), 0);
  run_loop();
  cp_child_free(child);
  assert_true(w.sent);
  return &w;
}

static const watched *signal_cli(int signum, const char *const *args) { return signal_at("ready\n", signum, args); }

static void each_of_the_six_goes_on_to_the_command(void **state) {
  (void)state;
  const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  for (int i = 0; i < 6; i++) {
    char number[16], expected[64];
    (void)snprintf(number, sizeof number, "%d", signals[i]);
    (void)snprintf(expected, sizeof expected, "ready\nsignal %d\n", signals[i]);
    const watched *w =
        signal_cli(signals[i], CP_ARGS("run", "--", HELPER, "trap", number, "--", "echo", "ready", "--", "pause"));
    assert_string_equal(w->log.out, expected);
    assert_int_equal(w->log.exit.code, 9);
  }
}

static void the_end_by_a_forwarded_signal_decides_the_status(void **state) {
  (void)state;
  const watched *w = signal_cli(SIGTERM, CP_ARGS("run", "--", HELPER, "echo", "ready", "--", "pause"));
  assert_int_equal(w->log.exit.code, 128 + SIGTERM);
  assert_int_equal(w->log.exit.signal, 0);
}

static void with_group_descendants_get_it_too(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  const watched *w = signal_cli(
      SIGTERM, CP_ARGS("run", "--group", "--", HELPER, "fork", "pause", "--", "echo", "ready", "--", "pause"));
  assert_int_equal(w->log.exit.code, 128 + SIGTERM);
}

static void a_report_is_still_written(void **state) {
  (void)state;
  const watched *w = signal_cli(SIGTERM, CP_ARGS("run", "--json", "--stdio", "ignore,inherit,pipe", "--", HELPER,
                                                 "echo", "ready", "--", "write", "2", "kept", "--", "pause"));
  assert_non_null(strstr(w->log.out, "\"signal\":\"SIGTERM\",\"reason\":\"signalled\""));
  assert_int_equal(w->log.exit.code, 128 + SIGTERM);
}

/* The command has ended, its descendant holds the pipe for two minutes; this test has one. */
static void a_signal_ends_the_wait_for_descendants(void **state) {
  (void)state;
  const watched *w =
      signal_at("\"event\":\"exit\"", SIGTERM,
                CP_ARGS("run", "--events", "--stdio", "ignore,pipe,ignore", "--", HELPER, "fork", "pause"));
  assert_int_equal(w->log.exit.code, 0);
  assert_non_null(strstr(w->log.out, "\"close\""));
}

static void an_ignored_signal_stays_ignored_in_the_command_like_nohup(void **state) {
  (void)state;
  if (!LINUX_LAUNCHER) return;
  const cp_options options = {.input = "", .keep_signals = true};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  unsigned long long mask = 0, cleared = 0;
  (void)sigaction(SIGHUP, &ignore, &before);
  const cp_result *r = run_cli_with(CP_ARGS("run", "--", HELPER, "signals"), &options);
  assert_int_equal(sscanf(strstr(r->out.bytes, "SigIgn:"), "SigIgn: %llx", &mask), 1);
  r = run_cli_with(CP_ARGS("run", "--default-signals", "--", HELPER, "signals"), &options);
  assert_int_equal(sscanf(strstr(r->out.bytes, "SigIgn:"), "SigIgn: %llx", &cleared), 1);
  (void)sigaction(SIGHUP, &before, NULL);
  assert_true(mask & 1);
  assert_false(cleared & 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(each_of_the_six_goes_on_to_the_command),
      CLI_TEST(the_end_by_a_forwarded_signal_decides_the_status),
      CLI_TEST(with_group_descendants_get_it_too),
      CLI_TEST(a_report_is_still_written),
      CLI_TEST(a_signal_ends_the_wait_for_descendants),
      CLI_TEST(an_ignored_signal_stays_ignored_in_the_command_like_nohup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
