/*
 * process.h - one running process: signalling it, watching for its end, reaping it. One header, two implementations:
 * process_linux.c on pidfds, process_uv.c on uv_spawn.
 */
#ifndef CP_PROCESS_H
#define CP_PROCESS_H

#include "plan.h"

typedef struct cp__process cp__process;

/* Called once on the loop's thread when the process may have ended: ask cp__process_wait(). */
typedef void (*cp__process_cb)(cp__process *process);

struct cp__process {
  struct cp__launch *launch; /* under way; NULL: the outcome is known */
  pid_t pid;                 /* 0: not started */
  bool reaped;
  bool waits_by_number; /* the kernel has pidfds but cannot wait for them */
  int pidfd;            /* -1: none */
  cp__process_cb on_end, on_closed;
  union {
    uv_handle_t handle;
    uv_poll_t poll;     /* on the pidfd */
    uv_signal_t signal; /* SIGCHLD, where there is no pidfd */
  } watch;
  bool watching;
  struct cp__uv_process *uv; /* process_uv.c's */
};

/* How it ended, from wait status and rusage. */
typedef struct cp__end {
  int code, signal;
  bool core_dumped;
  cp_usage usage;
} cp__end;

/*
 * Starts the plan. `loop` is where it will be watched; NULL: it will be waited for by cp__process_wait(). The start may
 * still be under way on return: the plan must live until cp__process_finish_start().
 */
int cp__process_start(cp__process *process, uv_loop_t *loop, const cp__plan *plan, cp__failure *failure);

/* Is the outcome of the start still open? */
bool cp__process_is_starting(const cp__process *process);

/* Waits for it, but not longer than so many milliseconds. True: it is known. */
bool cp__process_await_start(const cp__process *process, unsigned milliseconds);

/* Waits for it, if need be. 0: started. Else the code, *failure is filled, and the process is gone. */
int cp__process_finish_start(cp__process *process, cp__failure *failure);

/* 0, UV_ESRCH (it has been reaped or never ran), UV_EPERM, UV_EINVAL. `group`: the whole group that it leads. */
int cp__process_kill(cp__process *process, int signum, bool group);

/* To it and all its descendants. As cp_child_kill_tree(); *sent tells whether it has reached the process itself. */
int cp__process_kill_tree(cp__process *process, int signum, bool leads_group, bool *sent);

/*
 * If it has ended, but is not reaped yet, its number still stands for its group: SIGKILL to whoever is left in it. Just
 * before cp__process_wait().
 */
void cp__process_kill_survivors(const cp__process *process);

/* Whether a start can have a death signal: options.die_with_parent. */
bool cp__process_can_die_with_parent(void);

/* Reaps it. 1: it has ended, *end is filled. 0: it runs (only without `block`). CP_ESTATUSLOST: ended, status unknown.
 */
int cp__process_wait(cp__process *process, bool block, cp__end *end);

/* An fd that becomes readable when it is worth to ask cp__process_wait(); -1: there is none, ask now and then. */
int cp__process_poll_fd(const cp__process *process);

/* Calls on_end when it has ended. The watch keeps the loop alive until unref. */
int cp__process_watch(cp__process *process, uv_loop_t *loop, cp__process_cb on_end);
void cp__process_ref(cp__process *process, bool ref);

/* Ends the watch and gives up the fds; on_closed comes from the loop if it was watched, else at once. It is not killed.
 */
void cp__process_close(cp__process *process, cp__process_cb on_closed);

/* The process that a handle of the loop watches; NULL: not one of ours. */
cp__process *cp__process_of_handle(uv_handle_t *handle);

#endif
