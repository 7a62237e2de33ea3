/* test_cli_pool_progress.c - what pool shows of its way: the bar on a terminal, and the trace. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli_support.h"

#define ONE "-n", "1"
#define OBEY FORK_WORKER, "obey"

/* ---------------------------------------------------------------- --trace */

static void a_trace_has_a_slice_for_each_task(void **state) {
  (void)state;
  const char *path = temp_path("trace");
  int slices = 0, lines = 0, instants = 0;
  const cJSON *event;
  const cp_options options = {CP_INPUT("1\n{\"exit\":3}\n3\n")};
  const char *const *args = CP_ARGS("pool", "-n", "2", "--retries", "0", "--trace", path, OBEY);
  assert_status(run_cli_with(args, &options), 123);
  char *text = read_file(path);
  cJSON *trace = cJSON_Parse(text);
  assert_non_null(trace);
  cJSON_ArrayForEach(event, member(trace, "traceEvents")) {
    if (strcmp(text_at(event, "ph"), "i") == 0) instants++;
    if (strcmp(text_at(event, "ph"), "X") != 0) continue;
    slices++;
    lines += (int)number_at(event, "args.line");
    assert_true(number_at(event, "dur") >= 0);
    assert_true(number_at(event, "tid") >= 1 && number_at(event, "tid") <= 2);
    assert_string_equal(text_at(event, "args.status"), number_at(event, "args.line") == 2 ? "CP_EWORKER" : "OK");
  }
  assert_int_equal(slices, 3);
  assert_int_equal(lines, 1 + 2 + 3);
  assert_true(instants >= 4); /* starts and ends of two workers */
  cJSON_Delete(trace);
  free(text);
}

/* ---------------------------------------------------------------- --progress */

/* Runs it with a terminal of so many columns as stderr; what came there, NUL-terminated. */
static const char *on_terminal(unsigned short columns, const char *input, const char *const *args) {
  static char text[65536];
  size_t length = 0;
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  assert_true(master >= 0);
  assert_int_equal(grantpt(master) | unlockpt(master), 0);
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const struct winsize size = {.ws_row = 24, .ws_col = columns};
  assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
  const char *path = temp_path("tasks");
  write_file(path, input, 0644);
  const cp_options options = {.stdio = CP_STDIO(CP_READ_FILE(path), CP_PIPE, CP_FD(slave))};
  const cp_result *r = run_cli_with(args, &options);
  (void)close(slave);
  for (ssize_t n; (n = read(master, text + length, sizeof text - 1 - length)) > 0;) length += (size_t)n;
  text[length] = '\0';
  (void)close(master);
  assert_status(r, 0);
  return text;
}

/* No frame may wrap: what stands between a return and the end of a frame is shorter than the terminal is wide. */
static int count_frames(const char *text, size_t columns) {
  int frames = 0;
  for (const char *at = text; (at = strchr(at, '\r')) != NULL;) {
    size_t length = strcspn(++at, "\033\r\n");
    if (length == 0 || at[length] != '\033') continue;
    if (length >= columns) fail_msg("a frame of %zu columns: %.*s", length, (int)length, at);
    frames++;
  }
  return frames;
}

static const char slow_tasks[] =
    "{\"n\":1,\"ms\":150}\n{\"n\":2,\"ms\":150}\n{\"n\":3,\"ms\":150}\n{\"n\":4,\"ms\":150}\n";

static void on_a_terminal_there_is_a_bar(void **state) {
  (void)state;
  const char *text = on_terminal(100, slow_tasks, CP_ARGS("pool", ONE, OBEY));
  assert_true(count_frames(text, 100) >= 3);
  assert_non_null(strstr(text, "|#|"));
  assert_null(strstr(text, "\r\033[K")); /* results on another stdout do not take it away */
  assert_non_null(strstr(text, "100%  4 done, 0 failed"));
  assert_non_null(strstr(text, "[########################################] 100%"));
  assert_non_null(strstr(text, "ETA 0:0"));
  assert_non_null(strstr(text, "child-process: 4 done, 0 failed, "));
}

static void a_narrow_terminal_gets_a_narrow_bar(void **state) {
  (void)state;
  static const unsigned short columns[] = {1, 5, 12, 21, 30, 40, 55, 79};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    (void)count_frames(on_terminal(columns[i], "1\n2\n", CP_ARGS("pool", ONE, OBEY)), columns[i]);
}

/* A line of a worker does not begin behind the bar. */
static void other_lines_take_the_bar_away(void **state) {
  (void)state;
  const char *text =
      on_terminal(80, "{\"n\":1,\"ms\":300}\n{\"n\":2,\"say\":\"a word\\n\"}\n", CP_ARGS("pool", ONE, OBEY));
  const char *word = strstr(text, "a word");
  assert_non_null(word);
  assert_true(word - text >= 4);
  assert_memory_equal(word - 4, "\r\033[K", 4);
}

static void never_means_no_bar_on_a_terminal_either(void **state) {
  (void)state;
  const char *text = on_terminal(80, slow_tasks, CP_ARGS("pool", "--progress=never", ONE, OBEY));
  assert_int_equal(count_frames(text, 80), 0);
  assert_non_null(strstr(text, "4 done, 0 failed"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_trace_has_a_slice_for_each_task),       CLI_TEST(on_a_terminal_there_is_a_bar),
      CLI_TEST(a_narrow_terminal_gets_a_narrow_bar),     CLI_TEST(other_lines_take_the_bar_away),
      CLI_TEST(never_means_no_bar_on_a_terminal_either),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
