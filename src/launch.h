/* launch.h - starting a plan on Linux: clone, then the child's steps up to execve. No policy in here. */
#ifndef CP_LAUNCH_H
#define CP_LAUNCH_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

/* What the child reads. */
typedef struct cp__launch_child {
  const cp__plan *plan;
  cp__failure *failure;  /* where it says what failed; in memory that it may share with the parent */
  int report;            /* a pipe to write *failure to as well, closed by execve; -1: none */
  bool handlers_cleared; /* clone3 has reset all signal handlers */
  uint64_t mask;         /* the signal mask of the new program */
  pid_t parent;          /* for the death signal */
} cp__launch_child;

/* One launch. It must stay where it is until it is finished. */
typedef struct cp__launch {
  cp__launch_child child;
  cp__failure failure;
  pid_t pid;
  int pidfd; /* -1 where the kernel has none */
  _Atomic int
      sharing;   /* 1 while a child beside us uses our memory; the kernel clears it when execve or the exit is done */
  int report_fd; /* of a child that does not share our memory; else -1 */
  char *stack;   /* of a child beside us; ours to free */
} cp__launch;

/*
 * Starts the plan. In the background, where that is possible, the caller goes on at once while the child still is on
 * its way to execve: the plan must be owned and live until cp__launch_finish() has said how it went.
 * @return 0: started, or under way. Else the code that is also in launch->failure: nothing is left, nothing to finish.
 */
int cp__launch_start(cp__launch *launch, const cp__plan *plan, bool background);

/* True while the outcome is open. */
bool cp__launch_under_way(const cp__launch *launch);

/* Waits for the outcome, if need be. 0, or the code in launch->failure: the process has been reaped then. */
int cp__launch_finish(cp__launch *launch);

/* The child's side, in launch_child_linux.c: raw system calls only, and nothing is written but *failure. */
int cp__launch_child_main(void *launch_child);

#endif
