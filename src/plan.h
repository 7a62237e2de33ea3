/* plan.h - one finished plan of a process: everything is resolved and checked, nothing is left to decide. */
#ifndef CP_PLAN_H
#define CP_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "arena.h"
#include "child_process.h"

typedef struct cp__plan {
  const char *file;              /* what the caller asked for; with a shell: the shell */
  const char *const *argv;       /* NULL-terminated */
  const char *const *envp;       /* NULL-terminated */
  const char *const *candidates; /* files to try, NULL-terminated */
  const char **script_argv; /* "/bin/sh", (candidate), argv[1]...: for a file that is neither binary nor #! script */
  const char *cwd;          /* NULL: stay */
  const int *fds;           /* for each fd of the child: the parent's fd that it becomes; -1: closed */
  int fd_count;
  bool new_session, new_group;
  bool set_uid, set_gid;
  uid_t uid;
  gid_t gid;
  const gid_t *groups;
  size_t group_count;
  int nice;
  int umask; /* -1: stays */
  const cp_rlimit *rlimits;
  size_t rlimit_count;
  int death_signal; /* 0: none */
  bool keep_fds, keep_signals;
} cp__plan;

/* Which step failed, on what: the fd for CP_STAGE_DUP, the candidate for CP_STAGE_EXEC, the entry for CP_STAGE_LIMIT. */
typedef struct cp__failure {
  int code; /* negative */
  cp_stage stage;
  int index;
} cp__failure;

/*
 * Checks every argument and option and fills the plan, all but its fds. What the plan points to lives in the arena or,
 * unless `own`, is the caller's: own it to let it outlast the call. Returns 0, UV_EINVAL, UV_ENOMEM.
 */
int cp__plan_make(cp__plan *plan, cp__arena *arena, const char *file, const char *const *args,
                  const cp_options *options, bool own, cp_error *error);

/*
 * Tells the child of its channel: fd number `channel`, which is `fd` here. Of this library it is told unless the
 * messages are raw. Older variables of these names are taken out. UV_ENOMEM.
 */
int cp__plan_add_channel(cp__plan *plan, cp__arena *arena, int channel, int fd, const cp_options *options);

/* Says what failed, in a sentence with a remedy where one is known. Returns failure->code. */
int cp__plan_explain(const cp__plan *plan, const cp__failure *failure, cp_error *error);

#endif
