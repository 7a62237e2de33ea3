/* fork.h - for who forks later, and wants to know now whether that makes sense. */
#ifndef CP_FORK_H
#define CP_FORK_H

#include "child_process.h"

/* What cp_fork() would refuse before it tries anything: UV_EINVAL, UV_ENOMEM, with options->error filled. */
int cp__fork_check(const char *module, const char *const *args, const cp_options *options);

#endif
