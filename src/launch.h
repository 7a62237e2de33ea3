/* launch.h - starting a plan on Linux: clone, then the child's steps up to execve. No policy in here. */
#ifndef CP_LAUNCH_H
#define CP_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

/*
 * Starts it and returns when the child has become the new program, or could not.
 * @param pid, pidfd  take the process; *pidfd is -1 where the kernel has none.
 * @return 0, or the negative code that is also in *failure: no process is left then.
 */
int cp__launch(const cp__plan *plan, pid_t *pid, int *pidfd, cp__failure *failure);

/*
 * The child's side, in launch_child_linux.c: runs on memory that it may share with the parent, so it makes raw system
 * calls only and touches nothing but *failure. `report` is a pipe's end to write *failure to, where memory is not
 * shared, or -1. `last_signal`: signals 1 to this one get their default action.
 */
typedef struct cp__launch_child {
  const cp__plan *plan;
  cp__failure *failure;
  pid_t parent;
  int report;
  int last_signal;
  uint64_t mask; /* signal mask of the new program */
} cp__launch_child;

int cp__launch_child_main(void *launch_child);

#endif
