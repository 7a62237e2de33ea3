/* plan.c - from arguments and options to a plan: the one place that validates. */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "fail.h"
#include "ipc/channel.h"
#include "ipc/environment.h"
#include "path.h"
#include "rlimit.h"
#include "shell.h"
#include "signum.h"

extern char **environ;

#define INVALID(error, index, ...) cp__fail((error), UV_EINVAL, CP_STAGE_OPTIONS, (index), NULL, __VA_ARGS__)

static int out_of_memory(cp_error *error) { return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL); }

static int check_signal(int signum, const char *option, cp_error *error) {
  if (signum == 0 || cp__signal_valid(signum)) return 0;
  return INVALID(error, -1, "options.%s: %d is not a signal (1 to 64, or 0)", option, signum);
}

static int check_id(cp_id id, const char *option, int index, cp_error *error) {
  if (!id.given || (id.id >= 0 && id.id < UINT32_MAX)) return 0;
  return INVALID(error, index, "options.%s: %lld is not an id (0 to 4294967294)", option, (long long)id.id);
}

static int check_not_empty(const char *text, const char *option, cp_error *error) {
  if (text == NULL || *text != '\0') return 0;
  return INVALID(error, -1, "options.%s: an empty string", option);
}

static int check_env(const char *const *env, const char *option, bool needs_value, cp_error *error) {
  for (int i = 0; env != NULL && env[i] != NULL; i++) {
    if (*env[i] == '\0' || *env[i] == '=') return INVALID(error, i, "options.%s[%d]: no name before '='", option, i);
    if (needs_value && strchr(env[i], '=') == NULL)
      return INVALID(error, i, "options.%s[%d]: \"%.100s\" is not NAME=value", option, i, env[i]);
  }
  return 0;
}

static int check_groups(const cp_options *options, cp_error *error) {
  enum { MAX_GROUPS = 65536 }; /* NGROUPS_MAX of Linux */
  if (options->group_count == 0) return 0;
  if (options->groups == NULL)
    return INVALID(error, -1, "options.groups is NULL, but options.group_count is %zu", options->group_count);
  if (options->group_count > MAX_GROUPS)
    return INVALID(error, -1, "options.group_count: %zu, the limit is %d", options->group_count, MAX_GROUPS);
  for (size_t i = 0; i < options->group_count; i++) {
    if (!options->groups[i].given) return INVALID(error, (int)i, "options.groups[%zu] is not given", i);
    int rc = check_id(options->groups[i], "groups", (int)i, error);
    if (rc != 0) return rc;
  }
  return 0;
}

static int check_rlimits(const cp_options *options, cp_error *error) {
  enum { MAX_LIMITS = 64 }; /* there are not so many resources */
  if (options->rlimit_count > 0 && options->rlimits == NULL)
    return INVALID(error, -1, "options.rlimits is NULL, but options.rlimit_count is %zu", options->rlimit_count);
  if (options->rlimit_count > MAX_LIMITS)
    return INVALID(error, -1, "options.rlimit_count: %zu, the limit is %d", options->rlimit_count, MAX_LIMITS);
  for (size_t i = 0; i < options->rlimit_count; i++) {
    const cp_rlimit *limit = &options->rlimits[i];
    if (!cp__rlimit_valid(limit->resource))
      return INVALID(error, (int)i, "options.rlimits[%zu]: %d is no resource", i, limit->resource);
    if (limit->soft > limit->hard)
      return INVALID(error, (int)i, "options.rlimits[%zu]: the soft limit is above the hard one", i);
  }
  return 0;
}

static int check_usage(const cp_options *options, cp_error *error) {
  enum { NICE_MOST = 39, MASK_MOST = 0777 };
  if (options->nice < -NICE_MOST || options->nice > NICE_MOST)
    return INVALID(error, -1, "options.nice: %d is not between %d and %d", options->nice, -NICE_MOST, NICE_MOST);
  if (options->umask.given && (options->umask.id < 0 || options->umask.id > MASK_MOST))
    return INVALID(error, -1, "options.umask: %lld is no mask (0 to 0777)", (long long)options->umask.id);
  return check_rlimits(options, error);
}

static int check_ids(const cp_options *options, cp_error *error) {
  int rc = check_id(options->uid, "uid", -1, error);
  if (rc == 0) rc = check_id(options->gid, "gid", -1, error);
  return rc == 0 ? check_groups(options, error) : rc;
}

static int check_limits(const cp_options *options, cp_error *error) {
  if ((unsigned)options->overflow > CP_OVERFLOW_KILL_TOTAL)
    return INVALID(error, -1, "options.overflow: %d is none of CP_OVERFLOW_*", (int)options->overflow);
  if ((unsigned)options->encoding > CP_ENCODING_UTF8)
    return INVALID(error, -1, "options.encoding: %d is none of CP_ENCODING_*", (int)options->encoding);
  if (options->pipe_size_bytes < 0)
    return INVALID(error, -1, "options.pipe_size_bytes: %d is negative", options->pipe_size_bytes);
  if (options->input == NULL && options->input_length > 0)
    return INVALID(error, -1, "options.input is NULL, but options.input_length is %zu", options->input_length);
  return 0;
}

static int check(const char *file, const cp_options *options, cp_error *error) {
  const char *noun = options->shell != NULL ? "command" : "file";
  if (file == NULL || *file == '\0')
    return INVALID(error, -1, "%s: %s", noun, file == NULL ? "NULL" : "an empty string");
  if (options->shell_positional && options->shell == NULL)
    return INVALID(error, -1, "options.shell_positional is set, but options.shell is NULL");
  int rc = check_not_empty(options->cwd, "cwd", error);
  if (rc == 0) rc = check_not_empty(options->shell, "shell", error);
  if (rc == 0) rc = check_env(options->env, "env", true, error);
  if (rc == 0) rc = check_env(options->env_overlay, "env_overlay", false, error);
  if (rc == 0) rc = check_signal(options->kill_signal, "kill_signal", error);
  if (rc == 0) rc = check_signal(options->die_with_parent, "die_with_parent", error);
  if (rc == 0) rc = check_ids(options, error);
  if (rc == 0) rc = check_usage(options, error);
  if (rc == 0) rc = check_limits(options, error);
  if (rc == 0) rc = cp__channel_check_options(options->serialization, &options->limits, error);
  return rc;
}

/* argv: first, middle... (NULL-terminated, may be NULL), args... (likewise). */
static const char **make_argv(cp__arena *arena, const char *first, const char *const *middle, const char *const *args) {
  size_t n = 1, count = 2;
  for (const char *const *p = middle; p != NULL && *p != NULL; p++) count++;
  for (const char *const *p = args; p != NULL && *p != NULL; p++) count++;
  const char **argv = cp__arena_alloc(arena, count * sizeof *argv);
  if (argv == NULL) return NULL;
  argv[0] = first;
  for (const char *const *p = middle; p != NULL && *p != NULL; p++) argv[n++] = *p;
  for (const char *const *p = args; p != NULL && *p != NULL; p++) argv[n++] = *p;
  return argv;
}

/* sh -c SCRIPT sh ARGS..., or sh -c "SCRIPT 'ARG' ...". */
static const char **make_shell_argv(cp__arena *arena, const char *file, const char *const *args,
                                    const cp_options *options) {
  const char *first = options->argv0 != NULL ? options->argv0 : options->shell;
  if (options->shell_positional)
    return make_argv(arena, first, (const char *const[]){"-c", file, options->shell, NULL}, args);
  const char *line = args == NULL || *args == NULL ? file : cp__shell_join(arena, file, args);
  if (line == NULL) return NULL;
  return make_argv(arena, first, (const char *const[]){"-c", line, NULL}, NULL);
}

static int make_groups(cp__plan *plan, cp__arena *arena, const cp_options *options) {
  if (options->group_count == 0) return 0;
  gid_t *groups = cp__arena_alloc(arena, options->group_count * sizeof *groups);
  if (groups == NULL) return UV_ENOMEM;
  for (size_t i = 0; i < options->group_count; i++) groups[i] = (gid_t)options->groups[i].id;
  plan->groups = groups;
  plan->group_count = options->group_count;
  return 0;
}

static int make_command(cp__plan *plan, cp__arena *arena, const char *file, const char *const *args,
                        const cp_options *options) {
  plan->file = options->shell != NULL ? options->shell : file;
  if (options->shell != NULL)
    plan->argv = make_shell_argv(arena, file, args, options);
  else
    plan->argv = make_argv(arena, options->argv0 != NULL ? options->argv0 : file, NULL, args);
  static const char *const nothing[] = {NULL};
  const char *const *base = options->env != NULL ? options->env : (const char *const *)environ;
  if (base == NULL) base = nothing; /* after clearenv() */
  plan->envp = cp__env_make(arena, base, options->env_overlay);
  return plan->argv == NULL || plan->envp == NULL ? UV_ENOMEM : 0;
}

static int own_rlimits(cp__plan *plan, cp__arena *arena) {
  if (plan->rlimit_count == 0) return 0;
  size_t size = plan->rlimit_count * sizeof *plan->rlimits;
  cp_rlimit *rlimits = cp__arena_alloc(arena, size);
  if (rlimits == NULL) return UV_ENOMEM;
  memcpy(rlimits, plan->rlimits, size);
  plan->rlimits = rlimits;
  return 0;
}

static int own_command(cp__plan *plan, cp__arena *arena) {
  bool moves = plan->cwd != NULL;
  plan->file = cp__arena_string(arena, plan->file);
  plan->argv = cp__arena_list(arena, plan->argv);
  plan->envp = cp__arena_list(arena, plan->envp);
  if (moves) plan->cwd = cp__arena_string(arena, plan->cwd);
  bool complete = plan->file != NULL && plan->argv != NULL && plan->envp != NULL && (!moves || plan->cwd != NULL);
  return complete ? 0 : UV_ENOMEM;
}

static int make_candidates(cp__plan *plan, cp__arena *arena) {
  plan->candidates = cp__path_candidates(arena, plan->file, cp__env_get(plan->envp, "PATH"));
  plan->script_argv = make_argv(arena, "/bin/sh", (const char *const[]){"", NULL}, plan->argv + 1);
  return plan->candidates == NULL || plan->script_argv == NULL ? UV_ENOMEM : 0;
}

int cp__plan_make(cp__plan *plan, cp__arena *arena, const char *file, const char *const *args,
                  const cp_options *options, bool own, cp_error *error) {
  *plan = (cp__plan){
      .cwd = options->cwd,
      .new_session = options->detached,
      .new_group = options->process_group,
      .set_uid = options->uid.given,
      .set_gid = options->gid.given,
      .uid = (uid_t)options->uid.id,
      .gid = (gid_t)options->gid.id,
      .nice = options->nice,
      .umask = options->umask.given ? (int)options->umask.id : -1,
      .rlimits = options->rlimits,
      .rlimit_count = options->rlimit_count,
      .death_signal = options->die_with_parent,
      .keep_fds = options->keep_fds,
      .keep_signals = options->keep_signals,
  };
  int rc = check(file, options, error);
  if (rc != 0) return rc;
  rc = make_command(plan, arena, file, args, options);
  if (rc == 0 && own) rc = own_command(plan, arena);
  if (rc == 0 && own) rc = own_rlimits(plan, arena);
  if (rc == 0) rc = make_candidates(plan, arena);
  if (rc == 0) rc = make_groups(plan, arena, options);
  return rc == 0 ? 0 : out_of_memory(error);
}

int cp__plan_add_channel(cp__plan *plan, cp__arena *arena, int channel, int fd, const cp_options *options) {
  enum { ROOM = sizeof CP__ENV_LIBRARY + CP__SOCKET_NAME_MAX };
  char number[ROOM], socket[ROOM], name[CP__SOCKET_NAME_MAX];
  bool advanced = options->serialization == CP_SERIALIZATION_ADVANCED;
  (void)snprintf(number, sizeof number, CP__ENV_FD "=%d", channel);
  if (cp__socket_name(name, fd) != 0) *name = '\0';
  (void)snprintf(socket, sizeof socket, CP__ENV_LIBRARY "=%s", name);
  const char *const overlay[] = {cp__arena_string(arena, number),
                                 advanced ? CP__ENV_MODE "=advanced" : CP__ENV_MODE "=json",
                                 options->raw_messages ? CP__ENV_LIBRARY : cp__arena_string(arena, socket), NULL};
  if (overlay[0] == NULL || overlay[2] == NULL) return UV_ENOMEM;
  plan->envp = cp__env_make(arena, plan->envp, overlay);
  return plan->envp != NULL ? 0 : UV_ENOMEM;
}
