/* spawn.c - cp_spawn(): options to a plan, a table of fds, a process, a child. */
#include "child.h"
#include "fail.h"

/* Launches; a refusal of the kernel becomes the child's start_error. */
static void launch(cp_child *child, const cp__stdio *stdio) {
  cp__failure failure;
  cp_error error;
  child->plan.fds = stdio->fds;
  child->plan.fd_count = stdio->count;
  child->started_ns = cp__now_ns();
  if (cp__process_start(&child->process, child->loop, &child->plan, &failure) == 0) return;
  (void)cp__plan_explain(&child->plan, &failure, &error);
  cp__child_not_started(child, &error);
}

static int open_and_launch(cp_child *child, const cp_options *options, cp_error *error) {
  cp__stdio stdio;
  cp_error refusal;
  int rc = cp__stdio_open(&stdio, &child->arena, options, &refusal);
  if (rc != 0 && (refusal.stage == CP_STAGE_OPTIONS || refusal.stage == CP_STAGE_MEMORY)) {
    *error = refusal;
    return rc;
  }
  if (rc != 0) { /* no fds left, no such file: the kernel's no is an event */
    cp__child_not_started(child, &refusal);
    return 0;
  }
  rc = cp__child_take_streams(child, &stdio, options);
  if (rc == 0 && stdio.channel >= 0)
    rc = cp__plan_add_channel(&child->plan, &child->arena, stdio.channel, stdio.fds[stdio.channel], options);
  if (rc == 0) launch(child, &stdio);
  cp__stdio_close(&stdio);
  return rc;
}

static int prepare(cp_child *child, const char *file, const char *const *args, const cp_options *options,
                   cp_error *error) {
  int rc = cp__plan_make(&child->plan, &child->arena, file, args, options, true, error);
  return rc == 0 ? open_and_launch(child, options, error) : rc;
}

int cp__child_start(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                    const cp_options *options, const cp__child_hooks *hooks) {
  cp_error scratch, *error = options->error != NULL ? options->error : &scratch;
  if (loop == NULL) return cp__fail(error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, "loop: NULL");
  cp_child *child = cp__child_new(loop, options);
  int rc = child == NULL ? UV_ENOMEM : prepare(child, file, args, options, error);
  if (rc != 0) {
    if (child != NULL) cp__child_discard(child);
    if (rc == UV_ENOMEM) (void)cp__fail_plain(error, rc, CP_STAGE_MEMORY, -1, NULL);
    return rc;
  }
  if (hooks != NULL) child->hooks = *hooks;
  child->frees_itself = out == NULL;
  cp__child_begin(child, options);
  if (out != NULL) *out = child;
  return 0;
}

int cp_spawn(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args, const cp_options *options) {
  static const cp_options defaults;
  if (options == NULL) options = &defaults;
  if (options->overflow != CP_OVERFLOW_KILL)
    return cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL,
                    "options.overflow: cp_spawn() captures nothing; cp_exec_file() does");
  return cp__child_start(out, loop, file, args, options, NULL);
}
