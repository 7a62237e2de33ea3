/* test_cli_pool_resume.c - pool --resume: going on where an earlier run has ended, however that was. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli_support.h"

/* Runs `child-process pool` with this on its stdin. */
static const cp_result *pool_with(const char *input, const char *const *args) {
  const cp_options options = {CP_INPUT(input)};
  return run_cli_with(args, &options);
}
#define POOL(input, ...) pool_with(input, CP_ARGS("pool", __VA_ARGS__))
#define ONE "-n", "1"
#define OBEY FORK_WORKER, "obey"

static void resume_skips_what_has_results(void **state) {
  (void)state;
  const char *path = temp_path("results");
  write_file(path,
             "{\"line\":3,\"result\":30}\n{\"line\":1,\"result\":null}\n"
             "{\"line\":2,\"task\":1,\"error\":{\"code\":\"CP_EWORKER\"}}\n",
             0644);
  char *before = read_file(path);
  const cp_result *r = POOL("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n", ONE, "--resume", path, OBEY);
  assert_status(r, 0);
  assert_out(r, "{\"line\":2,\"result\":2}\n{\"line\":4,\"result\":4}\n");
  assert_err_has(r, "2 done, 0 failed, ");
  assert_err_has(r, "2 skipped");
  char *after = read_file(path);
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void resume_of_a_file_that_is_not_there_does_all(void **state) {
  (void)state;
  assert_out(POOL("5\n", "--resume", temp_path("none"), OBEY), "{\"line\":1,\"result\":5}\n");
}

/* What a shell does with >> FILE. */
static void resume_into(const char *path, int flags, const char *before, const char *input, const char *expected) {
  write_file(path, before, 0644);
  int fd = open(path, flags | O_CLOEXEC);
  const cp_options options = {CP_INPUT(input), .stdio = CP_STDIO(CP_PIPE, CP_FD(fd), CP_PIPE)};
  assert_status(run_cli_with(CP_ARGS("pool", ONE, "--resume", path, OBEY), &options), 0);
  (void)close(fd);
  char *after = read_file(path);
  assert_string_equal(after, expected);
  free(after);
}

static void a_torn_last_line_is_cut_off_and_done_again(void **state) {
  (void)state;
  const char *path = temp_path("results");
  static const char all[] = "{\"line\":1,\"result\":1}\n{\"line\":2,\"result\":2}\n",
                    whole[] = "{\"line\":2,\"result\":2}";
  char before[128];
  for (size_t cut = 1; cut < sizeof whole; cut++) {
    (void)snprintf(before, sizeof before, "{\"line\":1,\"result\":1}\n%.*s", (int)cut, whole);
    resume_into(path, cut % 2 ? O_RDWR : O_WRONLY | O_APPEND, before, "1\n2\n", all);
  }
}

/* 1<> FILE */
static void nothing_is_overwritten(void **state) {
  (void)state;
  resume_into(temp_path("results"), O_RDWR, "{\"line\":1,\"result\":1}\n", "1\n2\n",
              "{\"line\":1,\"result\":1}\n{\"line\":2,\"result\":2}\n");
}

static void a_torn_line_in_a_file_that_is_not_written_stays(void **state) {
  (void)state;
  const char *path = temp_path("results"), *text = "{\"line\":1,\"result\":1}\n{\"line\":2,\"res";
  write_file(path, text, 0644);
  assert_out(POOL("1\n2\n", "--resume", path, OBEY), "{\"line\":2,\"result\":2}\n");
  char *after = read_file(path);
  assert_string_equal(after, text);
  free(after);
}

static void a_file_of_something_else_is_refused_and_stays(void **state) {
  (void)state;
  const char *path = temp_path("results");
  static const char *const texts[] = {"1\n",
                                      "{\"line\":0,\"result\":1}\n",
                                      "{\"line\":1.5,\"result\":1}\n",
                                      "{\"result\":1}\n",
                                      "{\"line\":1,\"result\":1}\nmy notes",
                                      "{\"line\":1}\n",
                                      "{\"line\":1e300,\"result\":1}\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_file(path, texts[i], 0644);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    const cp_options options = {.input = "1\n", .input_length = 2, .stdio = CP_STDIO(CP_PIPE, CP_FD(fd), CP_PIPE)};
    const cp_result *r = run_cli_with(CP_ARGS("pool", "--resume", path, OBEY), &options);
    (void)close(fd);
    assert_status(r, 125);
    assert_err_has(r, "is no result of this command");
    char *after = read_file(path);
    assert_string_equal(after, texts[i]);
    free(after);
  }
}

typedef struct killed {
  int frames; /* of the bar, ten a second */
} killed;

static void kill_it(cp_child *child, const char *bytes, size_t length, void *data) {
  killed *k = data;
  (void)bytes, (void)length;
  if (++k->frames == 4) (void)cp_child_kill(child, SIGKILL);
}

/* Killed in the middle, wherever that is, and resumed: each line once, with its own result. */
static void after_a_kill_each_line_is_done_exactly_once(void **state) {
  (void)state;
  enum { LINES = 2000 };
  static char seen[LINES + 1];
  memset(seen, 0, sizeof seen);
  const char *in = temp_path("in"), *out = temp_path("out");
  char *tasks = malloc(LINES * 32), *end = tasks;
  for (int i = 1; i <= LINES; i++) end += sprintf(end, "{\"n\":%d,\"ms\":1}\n", i * 3);
  write_file(in, tasks, 0644);
  free(tasks);
  for (int run = 0; run < 2; run++) {
    killed k = {.frames = run == 0 ? 0 : 1000};
    const cp_options options = {
        .stdio = CP_STDIO(CP_READ_FILE(in), CP_APPEND_FILE(out), CP_PIPE), .on_stderr = kill_it, .data = &k};
    cp_child *child;
    assert_int_equal(
        cp_spawn(&child, test_loop(), CLI, CP_ARGS("pool", "-n", "2", "--progress", "--resume", out, OBEY), &options),
        0);
    run_loop();
    if (run == 1) assert_int_equal(cp_child_exit_code(child), 0);
    cp_child_free(child);
  }
  char *results = read_file(out);
  for (char *line = strtok(results, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    int number, result;
    assert_int_equal(sscanf(line, "{\"line\":%d,\"result\":%d}", &number, &result), 2);
    assert_true(number >= 1 && number <= LINES && !seen[number]);
    assert_int_equal(result, number * 3);
    seen[number] = 1;
  }
  free(results);
  for (int i = 1; i <= LINES; i++) assert_true(seen[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(resume_skips_what_has_results),
      CLI_TEST(resume_of_a_file_that_is_not_there_does_all),
      CLI_TEST(a_torn_last_line_is_cut_off_and_done_again),
      CLI_TEST(nothing_is_overwritten),
      CLI_TEST(a_torn_line_in_a_file_that_is_not_written_stays),
      CLI_TEST(a_file_of_something_else_is_refused_and_stays),
      CLI_TEST(after_a_kill_each_line_is_done_exactly_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
