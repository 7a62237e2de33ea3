/* pool_options.h - the options of pool, all of them together. */
#ifndef CLI_POOL_OPTIONS_H
#define CLI_POOL_OPTIONS_H

#include "options.h"

/* Whether they go together. 0, or -1 after one line on stderr. */
int pool_options_check(const run_options *options, const cli_command *command, int operands);

/* What follows from what was said. */
void pool_options_complete(run_options *options);

#endif
