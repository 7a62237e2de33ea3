/* status.h - the exit status of the program, as users of timeout(1) and env(1) expect it. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <stdbool.h>

#include "child_process.h"

enum {
  STATUS_SOME_FAILED = 123, /* pool: tasks failed, as xargs(1) has it */
  STATUS_TIMED_OUT = 124,
  STATUS_FAILED = 125, /* we failed, not the command */
  STATUS_NOT_RUNNABLE = 126,
  STATUS_NOT_FOUND = 127,
  STATUS_SIGNAL_BASE = 128
};

/* For a command that could not be started. */
int status_of_error(const cp_error *error);

/* For a command that has ended. `preserve`: its own status, even if a limit ended it. */
int status_of_exit(const cp_exit *exit, bool preserve);

/* A line on stderr for an end that a limit brought. */
void say_limit(const cp_options *options, const cp_exit *exit);

#endif
