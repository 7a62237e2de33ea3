/*
 * fault_target.c - the program whose system calls script/test-syscall-faults lets fail: a spawn with pipes, an exec and
 * a sync call. Exit code 0: each went well or said what failed, and nothing is left. 1: a lie, or a leak. 3: the loop,
 * which is not ours, could not be made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_process.h"

enum { BYTES = 100000, DEADLINE_SECONDS = 20 };
static char block[BYTES];
static int wrong;

static void expect(bool condition, const char *what) {
  if (condition) return;
  (void)fprintf(stderr, "fault_target: %s\n", what);
  wrong = 1;
}

/* ---------------------------------------------------------------- spawn */

typedef struct record {
  int spawned, failed, exited, closed, inside;
  int write_status, read_status;
  size_t out, extra;
  cp_exit exit;
} record;

static void on_spawned(cp_child *child, void *data) {
  record *r = data;
  (void)child;
  expect(!r->inside && !r->spawned && !r->failed && !r->closed, "on_spawn is not the first");
  r->spawned++;
}
static void on_failed(cp_child *child, const cp_error *error, void *data) {
  record *r = data;
  (void)child;
  expect(!r->inside && !r->closed, "on_error inside the call or after on_close");
  expect(error->code < 0 && error->message[0] != '\0', "an error that says nothing");
  r->failed++;
}
static void on_out(cp_child *child, const char *bytes, size_t length, void *data) {
  record *r = data;
  (void)child;
  expect(!r->inside && r->spawned && !r->closed, "on_stdout at the wrong time");
  expect(r->out + length <= BYTES && memcmp(bytes, block + r->out, length) == 0, "other bytes than were written");
  r->out += length;
}
static void on_extra(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  record *r = data;
  (void)stream;
  (void)bytes;
  if (length > 0) r->extra += (size_t)length;
  if (length < 0) r->read_status = (int)length;
}
static void on_written(cp_stream *stream, int status, void *data) {
  record *r = data;
  (void)stream;
  expect(!r->inside && !r->closed, "a write callback inside the call or after on_close");
  r->write_status = status;
}
static void on_exited(cp_child *child, const cp_exit *exit, void *data) {
  record *r = data;
  (void)child;
  expect(!r->inside && r->spawned && !r->exited, "on_exit at the wrong time");
  r->exited++;
  r->exit = *exit;
}
static void on_closed(cp_child *child, const cp_exit *exit, void *data) {
  record *r = data;
  (void)child;
  (void)exit;
  r->closed++;
}

static void run_spawn(uv_loop_t *loop) {
  record r = {.write_status = 1};
  cp_child *child;
  cp_error error = {0};
  cp_options options = {.on_spawn = on_spawned,
                        .on_error = on_failed,
                        .on_stdout = on_out,
                        .on_exit = on_exited,
                        .on_close = on_closed,
                        .data = &r,
                        .error = &error,
                        .cwd = "/",
                        .timeout_ms = 5000,
                        .kill_signal = 9,
                        .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_IGNORE, CP_PIPE)};
  r.inside++;
  int rc = cp_spawn(&child, loop, HELPER, CP_ARGS("write", "3", "extra", "--", "cat"), &options);
  if (rc != 0) {
    expect(error.code == rc, "options.error does not say what the call returned");
    return;
  }
  (void)cp_stream_read(cp_child_stream(child, 3), on_extra, &r);
  int written = cp_stream_write(cp_child_stdin(child), block, BYTES, on_written, &r);
  (void)cp_stream_end(cp_child_stdin(child));
  r.inside--;
  (void)uv_run(loop, UV_RUN_DEFAULT);
  expect(r.closed == 1, "on_close did not come once");
  expect(r.exited == r.spawned, "on_exit did not come once");
  expect(r.spawned || r.failed, "neither on_spawn nor on_error");
  bool fine = r.failed == 0 && r.exit.code == 0 && r.exit.reason == CP_REASON_EXITED && r.read_status == 0;
  expect(written < 0 || r.write_status != 1, "the write callback did not come");
  if (fine && written >= 0 && r.write_status == 0) expect(r.out == BYTES && r.extra == 5, "output is missing");
  cp_child_free(child);
  (void)uv_run(loop, UV_RUN_DEFAULT);
}

/* ---------------------------------------------------------------- exec and sync */

static void check_result(int code, const cp_result *result) {
  bool complete = result->out.length == BYTES && memcmp(result->out.bytes, block, BYTES) == 0;
  expect(code == result->error.code, "two different errors");
  expect(code == 0 || result->error.message[0] != '\0', "an error that says nothing");
  if (code == 0 && result->exit.code == 0 && !result->input_unread) expect(complete, "success, but output is missing");
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  (void)child;
  ++*(int *)data;
  check_result(error != NULL ? error->code : 0, result);
}

static void run_exec(uv_loop_t *loop) {
  int results = 0;
  cp_options options = {.on_result = on_result,
                        .data = &results,
                        .input = block,
                        .input_length = BYTES,
                        .timeout_ms = 5000,
                        .kill_signal = 9};
  int rc = cp_exec_file(NULL, loop, HELPER, CP_ARGS("cat"), &options);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  expect(results == (rc == 0), "on_result did not come once");
}

static void run_sync(void) {
  cp_result result;
  cp_options options = {.input = block, .input_length = BYTES, .timeout_ms = 5000, .kill_signal = 9};
  int rc = cp_spawn_sync(&result, HELPER, CP_ARGS("cat"), &options);
  check_result(rc, &result);
  cp_result_dispose(&result);
}

int main(void) {
  uv_loop_t loop;
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)('a' + i % 26);
  if (uv_loop_init(&loop) != 0) return 3;
  (void)alarm(DEADLINE_SECONDS);
  (void)access("/fault-target-begins", F_OK); /* for the script, which reads the trace */
  run_spawn(&loop);
  run_exec(&loop);
  run_sync();
  (void)access("/fault-target-ends", F_OK);
  expect(uv_loop_close(&loop) == 0, "handles are left in the loop");
  expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
  return wrong;
}
