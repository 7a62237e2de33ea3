/* rlimit.h - the resources that the kernel limits. */
#ifndef CP_RLIMIT_H
#define CP_RLIMIT_H

#include <stdbool.h>

bool cp__rlimit_valid(int resource);

/* "RLIMIT_NOFILE"; of one that is not valid "". */
const char *cp__rlimit_name(int resource);

#endif
