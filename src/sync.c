/* sync.c - the synchronous forms: no event loop, one poll(2) over the pipes, the process and the deadline. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "fail.h"
#include "io.h"
#include "process.h"
#include "result.h"
#include "signum.h"
#include "stdio_table.h"

enum { READ_BYTES = 65536, READS_PER_ROUND = 16, BLIND_POLL_MS = 5 };

static const cp_options defaults;

/* One run from start to end. */
typedef struct sync_run {
  const cp_options *options;
  cp_result *result;
  cp__arena arena;
  cp__stdio stdio;
  cp__capture *captures; /* one per entry */
  cp__process process;
  struct pollfd *polls; /* of what is open, and one for the process */
  bool *ready;          /* for each entry: poll(2) has seen something */
  int open_outputs;
  size_t total, total_limit; /* bytes of all outputs together; SIZE_MAX: each has a limit of its own */
  size_t input_sent;
  bool strict, ended, timed_out, signalled;
  cp_reason reason;
  uint64_t started_ns, timeout_ns, grace_ns, drain_ns; /* points in time; UINT64_MAX: never */
} sync_run;

static uint64_t after_ms(uint64_t from_ns, uint64_t milliseconds) {
  if (milliseconds > (UINT64_MAX - from_ns) / 1000000) return UINT64_MAX;
  return from_ns + milliseconds * 1000000;
}

static void close_end(sync_run *run, int i) {
  cp__end_fd *end = &run->stdio.ends[i];
  if (end->fd < 0) return;
  if (end->readable) run->open_outputs--;
  cp__close(end->fd);
  end->fd = -1;
}

static void close_outputs(sync_run *run) {
  for (int i = 0; i < run->stdio.count; i++)
    if (run->stdio.ends[i].readable) close_end(run, i);
}

static void stop(sync_run *run, cp_reason reason) {
  if (run->reason == CP_REASON_NONE) run->reason = reason;
  int rc = cp__process_kill(&run->process, cp__kill_signal(run->options), run->options->process_group);
  run->signalled = run->signalled || rc == 0;
  if (rc != 0 && rc != UV_ESRCH)
    (void)cp__fail_plain(&run->result->error, rc, CP_STAGE_KILL, -1, cp_signal_name(cp__kill_signal(run->options)));
  if (run->options->grace_ms > 0 && run->grace_ns == UINT64_MAX)
    run->grace_ns = after_ms(cp__now_ns(), run->options->grace_ms);
}

/* ---------------------------------------------------------------- the pipes */

/* Input ends when all of it is sent, or when the child does not want the rest. */
static void send_input(sync_run *run) {
  const cp_options *options = run->options;
  size_t left = options->input_length - run->input_sent;
  ssize_t n = left > 0 ? cp__write(run->stdio.ends[0].fd, (const char *)options->input + run->input_sent, left) : 0;
  if (n == UV_EAGAIN) return;
  if (n >= 0) run->input_sent += (size_t)n;
  if (n >= 0 && run->input_sent < options->input_length) return;
  run->result->input_unread = n < 0;
  close_end(run, 0);
}

/* So many bytes of an entry were read. Returns whether that is too much. */
static bool count_output(sync_run *run, cp__capture *capture, size_t length, bool kept) {
  run->total += length;
  if (kept)
    cp__capture_commit(capture, length);
  else if (cp__capture_drop(capture, length))
    return true;
  return run->total > run->total_limit;
}

/* Reads once. Returns whether more may wait. */
static bool read_output(sync_run *run, int i) {
  char scratch[READ_BYTES];
  size_t room;
  cp__capture *capture = &run->captures[i];
  char *space = cp__capture_room(capture, &room);
  if (space == NULL && room > 0) {
    (void)cp__fail_plain(&run->result->error, UV_ENOMEM, CP_STAGE_MEMORY, i, NULL);
    stop(run, CP_REASON_MAX_BUFFER);
    close_outputs(run);
    return false;
  }
  size_t size = space != NULL ? room : sizeof scratch;
  if (run->total_limit != SIZE_MAX && size > READ_BYTES) size = READ_BYTES; /* so much beyond it at most */
  ssize_t n = cp__read(run->stdio.ends[i].fd, space != NULL ? space : scratch, size);
  if (n == UV_EAGAIN) return false;
  if (n < 0 && n != UV_ECONNRESET) (void)cp__fail_plain(&run->result->error, (int)n, CP_STAGE_READ, i, NULL);
  if (n <= 0) {
    close_end(run, i);
    return false;
  }
  if (count_output(run, capture, (size_t)n, space != NULL)) {
    stop(run, CP_REASON_MAX_BUFFER);
    close_outputs(run);
    return false;
  }
  return (size_t)n == size;
}

/* A fair share, so that a child that writes without end cannot outrun the deadline. */
static void read_outputs(sync_run *run, bool all) {
  for (int i = 0; i < run->stdio.count; i++) {
    bool more = run->stdio.ends[i].readable && run->stdio.ends[i].fd >= 0 && (all || run->ready[i]);
    for (int n = 0; more && n < READS_PER_ROUND; n++) more = read_output(run, i);
  }
}

static void serve_pipes(sync_run *run) {
  read_outputs(run, false);
  if (run->ready[0] && run->stdio.ends[0].fd >= 0 && !run->stdio.ends[0].readable) send_input(run);
}

/* ---------------------------------------------------------------- the process and time */

/* Nobody is left to read it. poll(2) may have told the end of the process before the end of its pipe. */
static void end_of_input(sync_run *run) {
  const cp__end_fd *end = &run->stdio.ends[0];
  if (end->fd < 0 || end->readable) return;
  if (run->input_sent < run->options->input_length) run->result->input_unread = true;
  close_end(run, 0);
}

static void note_end(sync_run *run, int waited, const cp__end *end) {
  cp_exit *exit = &run->result->exit;
  *exit = (cp_exit){.code = waited > 0 ? end->code : -1,
                    .signal = end->signal,
                    .core_dumped = end->core_dumped,
                    .duration_us = (cp__now_ns() - run->started_ns) / 1000,
                    .usage = end->usage};
  run->ended = true;
  run->grace_ns = UINT64_MAX;
  if (waited == CP_ESTATUSLOST) run->reason = CP_REASON_LOST;
  end_of_input(run);
  if (run->options->drain_timeout_ms > 0) run->drain_ns = after_ms(cp__now_ns(), run->options->drain_timeout_ms);
}

static void check_process(sync_run *run, bool block) {
  cp__end end = {.code = -1};
  bool stops_group = run->options->process_group && run->options->grace_ms > 0 && run->reason != CP_REASON_NONE;
  if (stops_group && !run->ended) cp__process_kill_survivors(&run->process);
  int waited = run->ended ? 0 : cp__process_wait(&run->process, block, &end);
  if (waited != 0) note_end(run, waited, &end);
}

static void check_deadlines(sync_run *run) {
  uint64_t now = cp__now_ns();
  /* We may be late ourselves: what it left is read, and then the end of it. */
  for (int i = 0; i < 2 && run->ended && run->timeout_ns <= now; i++) read_outputs(run, true);
  if (run->ended && run->open_outputs == 0) return;
  if (run->timeout_ns <= now) {
    run->timeout_ns = UINT64_MAX;
    run->timed_out = true; /* also if only a grandchild is left, that holds the pipes */
    if (!run->ended) stop(run, CP_REASON_TIMEOUT);
    if (run->reason == CP_REASON_NONE) run->reason = CP_REASON_TIMEOUT;
  }
  if (run->grace_ns <= now) {
    run->grace_ns = UINT64_MAX;
    (void)cp__process_kill(&run->process, SIGKILL, run->options->process_group);
  }
  if (run->drain_ns <= now) {
    run->result->exit.stdio_timed_out = run->open_outputs > 0;
    close_outputs(run);
  }
  if (!run->ended || !run->timed_out) return;
  read_outputs(run, true); /* what it wrote before it ended; nobody waits for others that hold its pipes */
  close_outputs(run);
}

static uint64_t next_deadline(const sync_run *run) {
  uint64_t next = run->timeout_ns < run->grace_ns ? run->timeout_ns : run->grace_ns;
  return run->drain_ns < next ? run->drain_ns : next;
}

/* Milliseconds for poll(2), rounded up, so that it does not return just before the deadline. */
static int poll_timeout(const sync_run *run, bool blind) {
  uint64_t deadline = next_deadline(run), now = cp__now_ns();
  uint64_t ms = deadline <= now ? 0 : (deadline - now - 1) / 1000000 + 1;
  if (blind && ms > BLIND_POLL_MS) ms = BLIND_POLL_MS;
  if (deadline == UINT64_MAX && !blind) return -1;
  return ms > 1000000000 ? 1000000000 : (int)ms;
}

/* Only what is open is asked for: poll(2) refuses more entries than there may be fds. */
static void wait_for_something(sync_run *run) {
  nfds_t count = 0;
  for (int i = 0; i < run->stdio.count; i++) {
    const cp__end_fd *end = &run->stdio.ends[i];
    if (end->fd >= 0) run->polls[count++] = (struct pollfd){.fd = end->fd, .events = end->readable ? POLLIN : POLLOUT};
  }
  int process_fd = run->ended ? -1 : cp__process_poll_fd(&run->process);
  if (process_fd >= 0) run->polls[count++] = (struct pollfd){.fd = process_fd, .events = POLLIN};
  int rc = poll(run->polls, count, poll_timeout(run, !run->ended && process_fd < 0));
  bool failed = rc < 0 && errno != EINTR; /* out of memory: then the reads themselves must tell */
  count = 0;
  for (int i = 0; i < run->stdio.count; i++)
    run->ready[i] = run->stdio.ends[i].fd >= 0 && (run->polls[count++].revents != 0 || failed);
}

static bool has_deadline(const sync_run *run) { return next_deadline(run) != UINT64_MAX; }

static void run_to_end(sync_run *run) {
  while (!run->ended || run->open_outputs > 0) {
    if (run->open_outputs == 0 && run->stdio.ends[0].fd < 0 && !has_deadline(run)) {
      check_process(run, true); /* nothing but the end is left to wait for */
      continue;
    }
    wait_for_something(run);
    serve_pipes(run);
    check_process(run, false);
    check_deadlines(run);
  }
}

/* ---------------------------------------------------------------- start and report */

static int start(sync_run *run, const cp__plan *plan) {
  cp__failure failure;
  run->started_ns = cp__now_ns();
  int rc = cp__process_start(&run->process, NULL, plan, &failure);
  if (rc != 0) return cp__plan_explain(plan, &failure, &run->result->error);
  cp__stdio_close_child_side(&run->stdio);
  if (run->options->timeout_ms > 0) run->timeout_ns = after_ms(run->started_ns, run->options->timeout_ms);
  return 0;
}

/* Whether there ever was a new program: a launch that came to nothing ended like any process. */
static int settle(sync_run *run, const cp__plan *plan) {
  cp__failure failure;
  int rc = cp__process_finish_start(&run->process, &failure);
  if (rc != 0) return cp__plan_explain(plan, &failure, &run->result->error);
  run->result->pid = run->process.pid;
  return 0;
}

/* Nobody will write there: the child reads end-of-file. */
static void end_input(sync_run *run, int i) {
  if (run->stdio.ends[i].readable)
    (void)shutdown(run->stdio.ends[i].fd, SHUT_WR);
  else
    close_end(run, i);
}

static int prepare(sync_run *run) {
  cp_error *error = &run->result->error;
  int count = run->stdio.count;
  run->captures = cp__arena_alloc(&run->arena, (size_t)count * sizeof *run->captures);
  run->polls = cp__arena_alloc(&run->arena, ((size_t)count + 1) * sizeof *run->polls);
  run->ready = cp__arena_alloc(&run->arena, (size_t)count * sizeof *run->ready);
  if (run->captures == NULL || run->polls == NULL || run->ready == NULL || cp__result_init(run->result, count) != 0)
    return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  if (run->options->overflow == CP_OVERFLOW_KILL_TOTAL)
    run->total_limit = cp__capture_limit(run->options->max_buffer_bytes);
  for (int i = 0; i < count; i++) {
    cp__end_fd *end = &run->stdio.ends[i];
    if (end->writable && (i > 0 || run->options->input == NULL)) end_input(run, i);
    if (end->fd >= 0 && end->readable) run->open_outputs++;
    cp__capture_init(&run->captures[i], run->options->max_buffer_bytes, run->options->overflow);
  }
  return 0;
}

static int report(sync_run *run, const cp__plan *plan) {
  char command[300] = "";
  cp_result *result = run->result;
  for (int i = 0; i < run->stdio.count; i++) {
    if (!run->stdio.ends[i].readable) continue;
    if (cp__capture_take(&run->captures[i], run->options->encoding, &result->output[i]) != 0)
      (void)cp__fail_plain(&result->error, UV_ENOMEM, CP_STAGE_MEMORY, i, NULL);
  }
  cp__result_alias(result);
  cp_exit *exit = &result->exit;
  exit->reason = run->reason;
  if (exit->reason == CP_REASON_NONE) exit->reason = exit->signal != 0 ? CP_REASON_SIGNALLED : CP_REASON_EXITED;
  if (result->error.code != 0) return result->error.code;
  cp__result_describe(plan->argv, run->options->shell != NULL, command, sizeof command);
  return cp__result_judge(result, command, run->options, run->signalled, run->strict);
}

static void no_op(cp__process *process) { (void)process; }

static void finish(sync_run *run) {
  for (int i = 0; run->captures != NULL && i < run->stdio.count; i++) cp__capture_free(&run->captures[i]);
  cp__stdio_close(&run->stdio);
  cp__process_close(&run->process, no_op);
  cp__arena_free(&run->arena);
}

static int run_plan(sync_run *run, cp__plan *plan) {
  int rc = cp__stdio_open(&run->stdio, &run->arena, run->options, &run->result->error);
  if (rc != 0) return rc;
  plan->fds = run->stdio.fds;
  plan->fd_count = run->stdio.count;
  if (run->stdio.channel >= 0)
    return cp__fail(&run->result->error, UV_EINVAL, CP_STAGE_OPTIONS, run->stdio.channel, NULL,
                    "options.stdio[%d]: CP_IPC needs an event loop, and the sync forms have none", run->stdio.channel);
  rc = prepare(run);
  if (rc == 0) rc = start(run, plan);
  if (rc != 0) return rc;
  run_to_end(run);
  rc = settle(run, plan);
  return rc == 0 ? report(run, plan) : rc;
}

static int not_started(cp_result *result, const cp_options *options) {
  result->input_unread = false;
  result->exit = (cp_exit){.code = result->error.code, .reason = CP_REASON_ERROR};
  if (options->error != NULL) *options->error = result->error;
  return result->error.code;
}

/* `strict`: a non-zero status or a signal is an error, too. */
static int run_sync(cp_result *result, const char *file, const char *const *args, const cp_options *options,
                    bool strict) {
  if (result == NULL) return cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, "result: NULL");
  sync_run run = {.options = options,
                  .result = result,
                  .strict = strict,
                  .total_limit = SIZE_MAX,
                  .timeout_ns = UINT64_MAX,
                  .grace_ns = UINT64_MAX,
                  .drain_ns = UINT64_MAX};
  cp__plan plan;
  *result = (cp_result){.error = {.index = -1}};
  cp__result_alias(result);
  run.process.pidfd = -1;
  run.stdio.null_fd = -1;
  int rc = cp__plan_make(&plan, &run.arena, file, args, options, false, &result->error);
  if (rc == 0) rc = run_plan(&run, &plan);
  finish(&run);
  if (rc != 0 && result->pid == 0) return not_started(result, options);
  if (rc != 0 && options->error != NULL) *options->error = result->error;
  return rc;
}

int cp_spawn_sync(cp_result *result, const char *file, const char *const *args, const cp_options *options) {
  return run_sync(result, file, args, options != NULL ? options : &defaults, false);
}

/* The reference: stderr goes to the parent's, unless the caller has said where. */
static void pass_stderr(const cp_result *result, const cp_options *options) {
  if (options->stdio.entries != NULL) return;
  cp__write_all(STDERR_FILENO, result->err.bytes, result->err.length);
}

static int run_command(cp_result *result, const char *file, const char *const *args, const cp_options *options) {
  int rc = run_sync(result, file, args, options, true);
  if (result != NULL) pass_stderr(result, options);
  return rc;
}

int cp_exec_file_sync(cp_result *result, const char *file, const char *const *args, const cp_options *options) {
  return run_command(result, file, args, options != NULL ? options : &defaults);
}

int cp_exec_sync(cp_result *result, const char *command, const cp_options *options) {
  cp_options shell = {0};
  if (options != NULL) shell = *options;
  if (shell.shell == NULL) shell.shell = CP_SHELL;
  return run_command(result, command, NULL, &shell);
}
