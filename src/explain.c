/* explain.c - why a process could not be started, in words that help: looks again at what the kernel refused. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "plan.h"
#include "rlimit.h"

enum { MAX_ARGUMENT_BYTES = 131072 }; /* the kernel's MAX_ARG_STRLEN: one argument or environment entry */

/* The path as the child saw it: relative to its working directory. False: too long. */
static bool locate(const cp__plan *plan, const char *path, char *full, size_t size) {
  bool relative = path[0] != '/' && plan->cwd != NULL;
  int n = snprintf(full, size, "%s%s%s", relative ? plan->cwd : "", relative ? "/" : "", path);
  return n >= 0 && (size_t)n < size;
}

/* The interpreter that a script's first line names; "" if it has none. */
static void read_interpreter(const char *path, char *interpreter, size_t size) {
  char line[256] = "";
  interpreter[0] = '\0';
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  ssize_t n = read(fd, line, sizeof line - 1);
  (void)close(fd);
  if (n < 3 || line[0] != '#' || line[1] != '!') return;
  const char *start = line + 2 + strspn(line + 2, " \t");
  (void)snprintf(interpreter, size, "%.*s", (int)strcspn(start, " \t\r\n"), start);
}

static int explain_missing(const cp__plan *plan, const char *path, const char *full, cp_error *error) {
  char interpreter[256];
  struct stat st;
  if (stat(full, &st) != 0) {
    if (strchr(plan->file, '/') == NULL)
      return cp__fail(error, UV_ENOENT, CP_STAGE_EXEC, -1, plan->file,
                      "execve %.200s: no such program in the PATH of the child", plan->file);
    return cp__fail(error, UV_ENOENT, CP_STAGE_EXEC, -1, path, "execve %.300s: no such file", path);
  }
  read_interpreter(full, interpreter, sizeof interpreter);
  if (interpreter[0] != '\0')
    return cp__fail(error, UV_ENOENT, CP_STAGE_EXEC, -1, path,
                    "execve %.200s: the file is there, but its interpreter \"%.200s\" (first line, #!) is not", path,
                    interpreter);
  return cp__fail(error, UV_ENOENT, CP_STAGE_EXEC, -1, path,
                  "execve %.300s: the file is there, but the loader that it asks for is not (another libc or machine?)",
                  path);
}

static int explain_denied(const char *path, const char *full, cp_error *error) {
  struct stat st;
  const char *why = "permission denied on the way to the file";
  if (stat(full, &st) == 0) {
    if (S_ISDIR(st.st_mode))
      why = "it is a directory, not a program";
    else if (!S_ISREG(st.st_mode))
      why = "it is not a regular file";
    else if ((st.st_mode & 0111) == 0)
      why = "the file is not executable (chmod +x)";
    else
      why = "permission denied, or its file system is mounted noexec, or its interpreter may not be run";
  }
  return cp__fail(error, UV_EACCES, CP_STAGE_EXEC, -1, path, "execve %.300s: %s", path, why);
}

typedef struct extent {
  size_t total, longest;
  int where;
} extent;

static extent measure(const char *const *list) {
  extent e = {0};
  for (int i = 0; list[i] != NULL; i++) {
    size_t length = strlen(list[i]) + 1;
    e.total += length + sizeof *list;
    if (length <= e.longest) continue;
    e.longest = length;
    e.where = i;
  }
  return e;
}

static int explain_too_big(const cp__plan *plan, const char *path, cp_error *error) {
  extent args = measure(plan->argv), env = measure(plan->envp);
  if (args.longest > MAX_ARGUMENT_BYTES)
    return cp__fail(error, UV_E2BIG, CP_STAGE_EXEC, args.where, path,
                    "execve %.200s: argument %d has %zu bytes, one may have %d; pass it through stdin or a file", path,
                    args.where, args.longest, MAX_ARGUMENT_BYTES);
  if (env.longest > MAX_ARGUMENT_BYTES)
    return cp__fail(error, UV_E2BIG, CP_STAGE_EXEC, env.where, path,
                    "execve %.200s: the environment variable %.*s has %zu bytes, one may have %d", path,
                    (int)strcspn(plan->envp[env.where], "="), plan->envp[env.where], env.longest, MAX_ARGUMENT_BYTES);
  struct rlimit stack = {0};
  (void)getrlimit(RLIMIT_STACK, &stack);
  return cp__fail(
      error, UV_E2BIG, CP_STAGE_EXEC, -1, path,
      "execve %.200s: arguments (%zu bytes, longest %d) and environment (%zu bytes) exceed the limit of %llu", path,
      args.total, args.where, env.total, (unsigned long long)stack.rlim_cur / 4);
}

/* The first candidate that is there all the same: then it is something that it needs which is missing. */
static const char *find_present(const cp__plan *plan, char *full, size_t size) {
  struct stat st;
  for (int i = 0; plan->candidates[i] != NULL; i++)
    if (locate(plan, plan->candidates[i], full, size) && stat(full, &st) == 0 && S_ISREG(st.st_mode))
      return plan->candidates[i];
  return NULL;
}

static int explain_exec(const cp__plan *plan, const cp__failure *failure, cp_error *error) {
  const char *path = plan->candidates[failure->index];
  char full[PATH_MAX];
  if (path == NULL) path = plan->file;
  if (failure->code == UV_E2BIG) return explain_too_big(plan, path, error);
  const char *present = failure->code == UV_ENOENT ? find_present(plan, full, sizeof full) : NULL;
  if (present != NULL) path = present;
  if (locate(plan, path, full, sizeof full)) {
    if (failure->code == UV_ENOENT) return explain_missing(plan, path, full, error);
    if (failure->code == UV_EACCES) return explain_denied(path, full, error);
  }
  return cp__fail_plain(error, failure->code, CP_STAGE_EXEC, -1, path);
}

static const char *hint(const cp__failure *failure) {
  switch (failure->stage) {
    case CP_STAGE_CHDIR:
      return " (options.cwd)";
    case CP_STAGE_NICE:
      return " (options.nice: only a privileged process may go below its own)";
    case CP_STAGE_LIMIT:
      return failure->code == UV_EPERM ? " (only a privileged process may go beyond its own hard limit)" : "";
    case CP_STAGE_SETUID:
      return " (options.uid: only a privileged process may become another user)";
    case CP_STAGE_SETGID:
      return " (options.gid: only a privileged process may change its group)";
    case CP_STAGE_SETGROUPS:
      return " (options.groups: only a privileged process may change its groups)";
    case CP_STAGE_DUP:
      return failure->code == UV_EMFILE ? " (the limit of open files in the child: ulimit -n)" : "";
    case CP_STAGE_CLONE:
      if (failure->code == UV_EAGAIN) return " (the limit of processes is reached: ulimit -u, pids cgroup, pid_max)";
      return "";
    default:
      return "";
  }
}

/* What the launcher on uv_spawn() cannot do, by the option that asked for it; NULL: something else. */
static const char *unsupported_option(cp_stage stage) {
  switch (stage) {
    case CP_STAGE_GROUP:
      return "process_group";
    case CP_STAGE_SETGROUPS:
      return "groups";
    case CP_STAGE_NICE:
      return "nice";
    case CP_STAGE_LIMIT:
      return "rlimits";
    case CP_STAGE_UMASK:
      return "umask";
    case CP_STAGE_DEATHSIG:
      return "die_with_parent";
    case CP_STAGE_SIGNALS:
      return "keep_signals";
    default:
      return NULL;
  }
}

int cp__plan_explain(const cp__plan *plan, const cp__failure *failure, cp_error *error) {
  int code = failure->code;
  if (error == NULL) return code;
  if (code == UV_ENOTSUP && unsupported_option(failure->stage) != NULL)
    return cp__fail(error, code, failure->stage, -1, NULL, "options.%s: not supported by the launcher on uv_spawn()",
                    unsupported_option(failure->stage));
  switch (failure->stage) {
    case CP_STAGE_EXEC:
      return explain_exec(plan, failure, error);
    case CP_STAGE_CHDIR:
      return cp__fail(error, code, failure->stage, -1, plan->cwd, "chdir %.300s: %s%s", plan->cwd, cp_strerror(code),
                      hint(failure));
    case CP_STAGE_DUP:
      return cp__fail(error, code, failure->stage, failure->index, NULL, "dup2: options.stdio[%d]: %s%s",
                      failure->index, cp_strerror(code), hint(failure));
    case CP_STAGE_LIMIT:
      return cp__fail(error, code, failure->stage, failure->index, NULL, "setrlimit %s: %s%s (options.rlimits[%d])",
                      cp__rlimit_name(plan->rlimits[failure->index].resource), cp_strerror(code), hint(failure),
                      failure->index);
    default:
      return cp__fail(error, code, failure->stage, failure->index, plan->file, "%s: %s%s",
                      cp_stage_name(failure->stage), cp_strerror(code), hint(failure));
  }
}
