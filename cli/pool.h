/* pool.h - the two kinds of pool. */
#ifndef CLI_POOL_H
#define CLI_POOL_H

#include "options.h"

/* Lines are tasks for workers. The exit status. */
int pool_of_workers(const run_options *options);

/* Each line is a command: --exec. The exit status. */
int pool_of_commands(const run_options *options);

#endif
