/* signum.h - which numbers are signals. */
#ifndef CP_SIGNUM_H
#define CP_SIGNUM_H

#include <stdbool.h>

#include "child_process.h"

/* True for 1 to 64 (the kernel's last), whether they have a name or not. */
bool cp__signal_valid(int signum);

/* options.kill_signal, or SIGTERM. */
int cp__kill_signal(const cp_options *options);

/* For sentences: the name, or "a signal" for the two that have none. */
const char *cp__signal_label(int signum);

#endif
