/* exec.c - cp_exec(), cp_exec_file(): spawn, a buffer for each output, and one callback at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "fail.h"
#include "result.h"

enum { CAPTURED = 3 }; /* entries 0, 1, 2; the first is never captured */

typedef struct exec_call {
  cp__capture captures[CAPTURED];
  bool captured[CAPTURED];
  cp_options options; /* its numbers, on_result and data */
} exec_call;

static void free_exec(void *data) {
  exec_call *exec = data;
  for (int i = 0; i < CAPTURED; i++) cp__capture_free(&exec->captures[i]);
  free(exec);
}

static int collect(exec_call *exec, cp_child *child, cp_result *result) {
  int rc = cp__result_init(result, child->stream_count < CAPTURED ? CAPTURED : child->stream_count);
  for (int i = 0; rc == 0 && i < CAPTURED; i++)
    if (exec->captured[i]) rc = cp__capture_take(&exec->captures[i], exec->options.encoding, &result->output[i]);
  if (rc != 0) return rc;
  cp__result_alias(result);
  return 0;
}

static void on_closed(cp_child *child, void *data) {
  exec_call *exec = data;
  cp_result result;
  char command[300] = "";
  if (exec->options.on_result == NULL) return;
  int rc = collect(exec, child, &result);
  result.pid = cp_child_pid(child);
  result.exit = child->exit;
  result.input_unread = child->input_unread;
  cp__result_describe(cp_child_spawn_args(child), exec->options.shell != NULL, command, sizeof command);
  if (child->start_error.code != 0) result.error = child->start_error;
  if (rc != 0)
    (void)cp__fail_plain(&result.error, rc, CP_STAGE_MEMORY, -1, command);
  else if (child->capture_error != 0)
    (void)cp__fail_plain(&result.error, child->capture_error, CP_STAGE_READ, -1, command);
  else
    (void)cp__result_judge(&result, command, &exec->options, child->killed, true);
  exec->options.on_result(child, result.error.code != 0 ? &result.error : NULL, &result, exec->options.data);
  cp_result_dispose(&result);
}

static void capture_outputs(cp_child *child, void *data) {
  exec_call *exec = data;
  for (int i = 1; i < CAPTURED; i++) {
    cp_stream *stream = cp_child_stream(child, i);
    cp__capture_init(&exec->captures[i], exec->options.max_buffer_bytes, exec->options.overflow);
    exec->captured[i] = stream != NULL;
    if (stream != NULL) cp__stream_capture(stream, &exec->captures[i]);
  }
}

static int start(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                 const cp_options *options) {
  if (options->overflow == CP_OVERFLOW_KILL_TOTAL)
    return cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL,
                    "options.overflow: CP_OVERFLOW_KILL_TOTAL is for the sync forms");
  exec_call *exec = calloc(1, sizeof *exec);
  if (exec == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  exec->options = *options;
  const cp__child_hooks hooks = {
      .prepare = capture_outputs, .closed = on_closed, .freed = free_exec, .stops_outputs = true, .data = exec};
  int rc = cp__child_start(out, loop, file, args, options, &hooks);
  if (rc != 0) free_exec(exec);
  return rc;
}

int cp_exec_file(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                 const cp_options *options) {
  static const cp_options defaults;
  return start(out, loop, file, args, options != NULL ? options : &defaults);
}

int cp_exec(cp_child **out, uv_loop_t *loop, const char *command, const cp_options *options) {
  cp_options shell = {0};
  if (options != NULL) shell = *options;
  if (shell.shell == NULL) shell.shell = CP_SHELL;
  return start(out, loop, command, NULL, &shell);
}
