/* result.h - what exec and the sync forms report. */
#ifndef CP_RESULT_H
#define CP_RESULT_H

#include "child_process.h"

/* Makes room for `count` entries, at least three. UV_ENOMEM: the result is empty, but can be asked and disposed. */
int cp__result_init(cp_result *result, int count);

/* Makes `out` and `err` say what entries 1 and 2 captured, or "" if they did not. */
void cp__result_alias(cp_result *result);

/*
 * What a person would call the command: of a shell (sh -c SCRIPT ...) its script, else the arguments joined with blanks,
 * cut to fit.
 */
void cp__result_describe(const char *const *argv, bool shell, char *text, size_t size);

/*
 * Fills result->error from result->exit: limits and aborts are errors; a non-zero status or a signal is one too if
 * `strict`. `sent`: a signal of ours has reached it. `command` is what ran, for the message. Returns the code.
 */
int cp__result_judge(cp_result *result, const char *command, const cp_options *options, bool sent, bool strict);

#endif
