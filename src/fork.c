/* fork.c - cp_fork(): cp_spawn() of a worker with a channel. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "fork.h"
#include "plan.h"
#include "stdio_table.h"

#define INVALID(...) cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, __VA_ARGS__)

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_script_of_node(const char *module) {
  return ends_with(module, ".js") || ends_with(module, ".mjs") || ends_with(module, ".cjs");
}

static const char *join(cp__arena *arena, const char *directory, const char *file) {
  size_t base = strlen(directory), length = strlen(file);
  char *path = cp__arena_alloc(arena, base + length + 2);
  if (path == NULL) return NULL;
  memcpy(path, directory, base);
  path[base] = '/';
  memcpy(path + base + 1, file, length + 1);
  return path;
}

static bool is_program(const char *path) {
  struct stat file;
  return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

static size_t count(const char *const *list) {
  size_t n = 0;
  while (list != NULL && list[n] != NULL) n++;
  return n;
}

/* exec_argv, the module, the arguments. */
static const char *const *worker_args(cp__arena *arena, const char *module, const char *const *args,
                                      const char *const *exec_argv) {
  size_t n = 0;
  const char **list = cp__arena_alloc(arena, (count(exec_argv) + count(args) + 2) * sizeof *list);
  if (list == NULL) return NULL;
  for (const char *const *p = exec_argv; p != NULL && *p != NULL; p++) list[n++] = *p;
  list[n++] = module;
  for (const char *const *p = args; p != NULL && *p != NULL; p++) list[n++] = *p;
  return list;
}

/* Which program with which arguments. A name without a slash would be searched in PATH, so it gets one. UV_ENOMEM. */
static int make_command(const char **file, const char *const **list, cp__arena *arena, const char *module,
                        const char *const *args, const cp_options *options) {
  const char *path = *module == '/' || options->cwd == NULL ? module : join(arena, options->cwd, module);
  if (path == NULL) return UV_ENOMEM;
  if (options->exec_path == NULL && !is_script_of_node(module) && is_program(path)) {
    *file = strchr(module, '/') != NULL ? module : join(arena, ".", module);
    *list = args;
    return *file != NULL ? 0 : UV_ENOMEM;
  }
  *file = options->exec_path != NULL ? options->exec_path : "node";
  *list = worker_args(arena, module, args, options->exec_argv);
  return *list != NULL ? 0 : UV_ENOMEM;
}

static int check(const char *module, const cp_options *options) {
  if (module == NULL || *module == '\0') return INVALID("module: %s", module == NULL ? "NULL" : "an empty string");
  if (options->exec_path != NULL && *options->exec_path == '\0') return INVALID("options.exec_path: an empty string");
  if (options->stdio.entries != NULL && cp__stdio_count_channels(options) == 0)
    return INVALID("options.stdio: a forked worker needs one CP_IPC entry, and there is none");
  return 0;
}

static cp_options without_shell(const cp_options *options) {
  cp_options own = *options;
  own.shell = NULL;
  own.shell_positional = false;
  return own;
}

/* The plan is made as for a start, and thrown away. */
int cp__fork_check(const char *module, const char *const *args, const cp_options *options) {
  const char *file = NULL, *const *list = NULL;
  cp__arena arena = {0};
  cp__plan plan;
  int rc = check(module, options);
  if (rc != 0) return rc;
  rc = make_command(&file, &list, &arena, module, args, options);
  const cp_options own = without_shell(options);
  if (rc == 0) rc = cp__plan_make(&plan, &arena, file, list, &own, false, options->error);
  if (rc == UV_ENOMEM) (void)cp__fail_plain(options->error, rc, CP_STAGE_MEMORY, -1, NULL);
  cp__arena_free(&arena);
  return rc;
}

int cp_fork(cp_child **out, uv_loop_t *loop, const char *module, const char *const *args, const cp_options *options) {
  static const cp_options defaults;
  if (options == NULL) options = &defaults;
  int rc = check(module, options);
  if (rc != 0) return rc;
  const cp_stdio ours = {.kind = options->silent ? CP_STDIO_PIPE : CP_STDIO_INHERIT};
  const cp_stdio stdio[] = {ours, ours, ours, {.kind = CP_STDIO_IPC}};
  const char *file = NULL, *const *list = NULL;
  cp__arena arena = {0};
  cp_options own = without_shell(options);
  if (own.stdio.entries == NULL && own.stdio.count == 0)
    own.stdio = (cp_stdio_list){stdio, sizeof stdio / sizeof *stdio};
  rc = make_command(&file, &list, &arena, module, args, options);
  if (rc != 0) rc = cp__fail_plain(options->error, rc, CP_STAGE_MEMORY, -1, NULL);
  if (rc == 0) rc = cp_spawn(out, loop, file, list, &own);
  cp__arena_free(&arena);
  return rc;
}
