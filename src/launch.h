/* launch.h - starting a plan on Linux: clone, then the child's steps up to execve. No policy in here. */
#ifndef CP_LAUNCH_H
#define CP_LAUNCH_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

enum { CP__LAST_STANDARD_SIGNAL = 31 };
#define CP__IGNORED_KNOWN ((uint64_t)1 << 63)

/* What the child reads. */
typedef struct cp__launch_child {
  const cp__plan *plan;
  cp__failure *failure;     /* where it says what failed; in memory that it may share with the parent */
  int report;               /* a pipe to write *failure to as well, closed by execve; -1: none */
  bool handlers_cleared;    /* clone3 has reset all signal handlers */
  bool helped;              /* the parent will fill `ignored` soon */
  _Atomic uint64_t ignored; /* from an idle parent: bit N for the standard signal N that it ignores, and KNOWN */
  uint64_t mask;            /* the signal mask of the new program */
  pid_t parent;             /* for the death signal */
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

typedef enum cp__launch_mode {
  CP__LAUNCH_WAIT,       /* return when the outcome is known */
  CP__LAUNCH_BESIDE,     /* return at once, while the child still is on its way to execve */
  CP__LAUNCH_BESIDE_IDLE /* the same, for a caller that would only wait: it takes work from the child before */
} cp__launch_mode;

/*
 * Starts the plan, which must live until cp__launch_finish() has said how it went. Where a child beside us is not
 * possible, it waits.
 * @return 0: started, or under way. Else the code that is also in launch->failure: nothing is left, nothing to finish.
 */
int cp__launch_start(cp__launch *launch, const cp__plan *plan, cp__launch_mode mode);

/* True while the outcome is open; the other one waits for it, but not longer than so many milliseconds. */
bool cp__launch_under_way(const cp__launch *launch);
bool cp__launch_await(const cp__launch *launch, unsigned milliseconds);

/* Waits for the outcome, if need be. 0, or the code in launch->failure: the process has been reaped then. */
int cp__launch_finish(cp__launch *launch);

/* The child's side, in launch_child_linux.c: raw system calls only; it writes *failure and plan->script_argv[1]. */
int cp__launch_child_main(void *launch_child);

#endif
