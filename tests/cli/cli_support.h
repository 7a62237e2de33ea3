/* cli_support.h - runs the program child-process and keeps what it said. */
#ifndef CLI_SUPPORT_H
#define CLI_SUPPORT_H

#include "support.h"
/* support.h comes first: cmocka's order */
#include <cjson/cJSON.h>

/* Runs it to its end, with an empty stdin; the result is disposed by the next call and by cli_dispose(). */
const cp_result *run_cli(const char *const *args);

/* The same, with more said about how it starts; `options` may be NULL. */
const cp_result *run_cli_with(const char *const *args, const cp_options *options);

/* Run it with these words: CLI_RUN("run", "--", HELPER, "echo", "hi"). */
#define CLI_RUN(...) run_cli(CP_ARGS(__VA_ARGS__))

/* A signal that is sent when a word has come on stdout or stderr. */
typedef struct cue {
  const char *word;
  int signum;
} cue;

/*
 * Runs it in a process group of its own, as a shell does, with `input` on its stdin, and sends that group one signal after
 * the other, as a terminal does. The list ends with a word NULL. `keep_open`: stdin is not ended.
 */
const event_log *run_cli_cued(const char *const *args, const char *input, bool keep_open, const cue *cues);

/* How it ended. A signal that ended the program itself fails the test. */
int status_of(const cp_result *result);

/* Says what was expected if it did not end like this. */
void assert_status(const cp_result *result, int status);

/* stdout is exactly this. */
void assert_out(const cp_result *result, const char *text);

/* stderr holds this; it is exactly this line. */
void assert_err_has(const cp_result *result, const char *text);
void assert_err(const cp_result *result, const char *text);

/* The one JSON object on stdout, freed by cli_dispose(). Fails if there is more or less than one line. */
const cJSON *report_of(const cp_result *result);

/* A member of an object, with a '.' for each level: "error.code". Fails if there is none. */
const cJSON *member(const cJSON *object, const char *path);
const char *text_at(const cJSON *object, const char *path);
double number_at(const cJSON *object, const char *path);
void assert_null_at(const cJSON *object, const char *path);

/* A setup and teardown around those of the other tests. */
int cli_dispose(void **state);
#define CLI_TEST(f) cmocka_unit_test_setup_teardown(f, setup, cli_dispose)

/* What the portable launcher cannot do is tested with the Linux launcher only: groups of processes and of users, signals
 * that are inherited, fds that others left open. */
#ifdef CP_LAUNCHER_LINUX
enum { LINUX_LAUNCHER = true };
#else
enum { LINUX_LAUNCHER = false };
#endif

#endif
