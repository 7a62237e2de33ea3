/* report.h - what --json, --events and --time print. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <time.h>

#include "child_process.h"

/* What all reports of one run have in common. */
typedef struct run_report {
  const char *const *command; /* borrowed */
  struct timespec started;    /* the time of day */
  uint64_t started_ns;        /* uv_hrtime() */
  uint64_t line;              /* pool: of the input; 0: there is none */
  unsigned attempts;          /* likewise */
} run_report;

void report_begin(run_report *report, const char *const *command);

/* Each prints one line of JSON on stdout. 0, or -1: out of memory. That the line could be written, ferror() tells. */
int report_result(const run_report *report, const cp_result *result, int status);
int report_spawn(const run_report *report, int pid);
int report_output(const run_report *report, const char *stream, const char *bytes, size_t length);
int report_error(const run_report *report, const cp_error *error);

/* "exit", or, with the status that the program will exit with, "close". */
int report_exit(const run_report *report, const cp_exit *exit);
int report_close(const run_report *report, const cp_exit *exit, int status);

/* The report of report_result() as text, without a newline; free() it. NULL: out of memory. */
char *report_text(const run_report *report, const cp_result *result, int status);

/**
 * {"line","task","error":{"code","message","exitCode","signal","attempts","stderr"}}: a task that failed; also "reply",
 * if a worker answered with an error.
 * @param task  JSON; if it is none, "task" is null, and "text" says what it is.
 * @return as report_text().
 */
char *report_failure(uint64_t line, const char *task, const cp_outcome *outcome);

/* Times and memory, for a person, on stderr. */
void report_time(const cp_exit *exit);

/* Arguments and paths may hold any byte; JSON is UTF-8. Bad bytes become U+FFFD. malloc()ed; NULL: out of memory. */
char *new_utf8(const char *bytes);

#endif
