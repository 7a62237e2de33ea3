/* child.c - the life of a child. Starting is in spawn.c. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "fail.h"
#include "io.h"
#include "signum.h"

void cp__child_tell_error(cp_child *child, const cp_error *error) {
  if (child->events.on_error != NULL) child->events.on_error(child, error, child->events.data);
}

/* ---------------------------------------------------------------- memory */

static void hold(cp_child *child) { child->references++; }

static void release(cp_child *child) {
  if (--child->references > 0) return;
  for (int i = 0; i < child->stream_count; i++) cp__stream_dispose(&child->streams[i]);
  cp__close(child->channel_fd);
  if (child->channel != NULL) cp__channel_release(child->channel);
  if (child->hooks.freed != NULL) child->hooks.freed(child->hooks.data);
  cp__arena_free(&child->arena);
  free(child->streams);
  free(child);
}

static cp_child *child_of(cp__process *process) { return (cp_child *)((char *)process - offsetof(cp_child, process)); }

static void on_process_closed(cp__process *process) { release(child_of(process)); }

/*
 * The outcome of a launch that went on beside us. It is a matter of microseconds; a child that stands still on its way
 * (stopped, or on a file system that does not answer) must not hold up the loop for long: false then, it is still open.
 */
static bool settle_start(cp_child *child) {
  enum { PATIENCE_MS = 50 };
  cp__failure failure;
  cp_error error;
  if (!cp__process_await_start(&child->process, PATIENCE_MS)) return false;
  if (cp__process_finish_start(&child->process, &failure) == 0) return true;
  (void)cp__plan_explain(&child->plan, &failure, &error);
  cp__process_close(&child->process, on_process_closed);
  child->timeout_at = 0;
  cp__abort_unlisten(&child->abort);
  cp__child_not_started(child, &error);
  return true;
}

static void on_handle_closed(uv_handle_t *handle) { release(handle->data); }

static void close_handles(cp_child *child) {
  if (!child->handles_open) return;
  child->handles_open = false;
  uv_close((uv_handle_t *)&child->timer, on_handle_closed);
  uv_close((uv_handle_t *)&child->idle, on_handle_closed);
}

/* ---------------------------------------------------------------- what is due, and deadlines */

static void on_timer(uv_timer_t *timer);
static void on_idle(uv_idle_t *idle);

static uint64_t next_deadline(const cp_child *child) {
  const uint64_t deadlines[] = {child->timeout_at, child->grace_at, child->drain_at};
  return cp__deadline_first(deadlines, sizeof deadlines / sizeof *deadlines);
}

/*
 * Something due keeps the loop alive, whatever the user said: it comes in the next round. Not by a timer, which would
 * come once more in the same round when a callback makes something due: a loop with nothing but that would starve.
 */
static void arm(cp_child *child) {
  if (!child->handles_open) return;
  uint64_t next = next_deadline(child), now = uv_now(child->loop);
  uv_handle_t *timer = (uv_handle_t *)&child->timer;
  if (child->due & CP__DUE_START) { /* the rest after it */
    uv_ref(timer);
    (void)uv_timer_start(&child->timer, on_timer, child->start_wait_ms, 0);
    return;
  }
  if (child->due != 0)
    (void)uv_idle_start(&child->idle, on_idle);
  else
    (void)uv_idle_stop(&child->idle);
  if (child->unrefed)
    uv_unref(timer);
  else
    uv_ref(timer);
  if (next == 0)
    (void)uv_timer_stop(&child->timer);
  else
    (void)uv_timer_start(&child->timer, on_timer, next > now ? next - now : 0, 0);
}

static void make_due(cp_child *child, unsigned what) {
  if ((child->due & what) == what) return;
  child->due |= what;
  arm(child);
}

/* ---------------------------------------------------------------- signals */

typedef enum reach { REACH_CHILD, REACH_GROUP, REACH_TREE } reach;

/* What never started cannot be signalled; what stands still on its way can. */
static int signal_child(cp_child *child, int signum, reach whom) {
  if (signum == 0) signum = SIGTERM;
  if (!cp__signal_valid(signum)) return UV_EINVAL;
  (void)settle_start(child);
  bool sent = false;
  int rc = whom == REACH_TREE ? cp__process_kill_tree(&child->process, signum, child->leads_group, &sent)
                              : cp__process_kill(&child->process, signum, whom == REACH_GROUP);
  child->killed = child->killed || sent || rc == 0;
  return rc;
}

int cp_child_kill(cp_child *child, int signum) {
  return child != NULL ? signal_child(child, signum, REACH_CHILD) : UV_EINVAL;
}

int cp_child_kill_group(cp_child *child, int signum) {
  return child != NULL && child->leads_group ? signal_child(child, signum, REACH_GROUP) : UV_EINVAL;
}

int cp_child_kill_tree(cp_child *child, int signum) {
  return child != NULL ? signal_child(child, signum, REACH_TREE) : UV_EINVAL;
}

/* Our own signals reach the whole group of a child that was given one. */
static int send_stop(cp_child *child, int signum) {
  return child->events.process_group ? cp_child_kill_group(child, signum) : cp_child_kill(child, signum);
}

/* Ends the child for `reason`; the first reason counts. Returns whether the signal was sent. */
static bool stop(cp_child *child, cp_reason reason) {
  int rc = send_stop(child, cp__kill_signal(&child->events));
  if (rc == 0) {
    if (child->reason == CP_REASON_NONE) child->reason = reason;
    if (child->events.grace_ms > 0 && child->grace_at == 0)
      child->grace_at = cp__deadline_in(child->loop, child->events.grace_ms);
    arm(child);
  } else if (rc != UV_ESRCH) {
    cp_error error;
    (void)cp__fail(&error, rc, CP_STAGE_KILL, -1, child->plan.file, "kill %s: %s",
                   cp__signal_label(cp__kill_signal(&child->events)), cp_strerror(rc));
    cp__child_tell_error(child, &error);
  }
  return rc == 0;
}

static void on_abort(cp__abort_listener *listener) {
  cp_child *child = (cp_child *)((char *)listener - offsetof(cp_child, abort));
  make_due(child, CP__DUE_ABORT);
}

static void abort_now(cp_child *child) {
  if (!stop(child, CP_REASON_ABORTED)) return;
  cp_error error;
  (void)cp__fail(&error, CP_EABORTED, CP_STAGE_RUN, -1, child->plan.file, "%s: %s", child->plan.file,
                 cp_strerror(CP_EABORTED));
  cp__child_tell_error(child, &error);
}

/* ---------------------------------------------------------------- close */

static bool all_at_end(const cp_child *child) {
  for (int i = 0; i < child->stream_count; i++)
    if (cp__stream_holds_close(&child->streams[i])) return false;
  return !cp__channel_holds_close(child->channel);
}

void cp__child_check_close(cp_child *child) {
  if (child->state == CP__ENDED && all_at_end(child)) make_due(child, CP__DUE_CLOSE);
}

static void tick_streams(cp_child *child) {
  for (int i = 0; i < child->stream_count; i++) cp__stream_tick(&child->streams[i]);
}

static void close_streams(cp_child *child) {
  for (int i = 0; i < child->stream_count; i++) cp_stream_close(&child->streams[i]);
}

static void close_now(cp_child *child) {
  close_streams(child);
  tick_streams(child); /* their callbacks come before on_close */
  if (child->state == CP__CLOSED) return;
  child->state = CP__CLOSED;
  close_handles(child);
  cp__channel_silence(child->channel);
  if (child->events.on_close != NULL) child->events.on_close(child, &child->exit, child->events.data);
  if (child->hooks.closed != NULL) child->hooks.closed(child, child->hooks.data);
  if (child->frees_itself) release(child);
}

/* ---------------------------------------------------------------- the end of the process */

static void close_outputs(cp_child *child) {
  for (int i = 0; i < child->stream_count; i++)
    if (cp__stream_holds_close(&child->streams[i])) cp_stream_close(&child->streams[i]);
  if (child->channel != NULL) cp__channel_give_up(child->channel);
}

static cp_reason end_reason(const cp_child *child, int waited) {
  if (waited == CP_ESTATUSLOST) return CP_REASON_LOST;
  if (child->reason != CP_REASON_NONE) return child->reason;
  return child->exit.signal != 0 ? CP_REASON_SIGNALLED : CP_REASON_EXITED;
}

static void record_exit(cp_child *child, int waited, const cp__end *end) {
  child->exit.code = waited > 0 ? end->code : -1;
  child->exit.signal = end->signal;
  child->exit.core_dumped = end->core_dumped;
  child->exit.usage = end->usage;
  child->exit.duration_us = (cp__now_ns() - child->started_ns) / 1000;
  child->exit.reason = end_reason(child, waited);
}

static void end_streams(cp_child *child) {
  for (int i = 0; i < child->stream_count; i++) cp__stream_process_ended(&child->streams[i]);
}

/* As in Node, the timeout of exec is for the pipes that others hold too. One round is left to see an end that came. */
static void limit_drain(cp_child *child, uint64_t deadline) {
  uint64_t soon = cp__deadline_in(child->loop, 1);
  if (deadline < soon) deadline = soon;
  if (child->drain_at == 0 || deadline < child->drain_at) child->drain_at = deadline;
}

/* The process is over: no deadline, no abort, no handle any more; what it wrote is delivered before on_exit. */
static void process_ended(cp_child *child, int waited, const cp__end *end) {
  uint64_t timeout_at = child->timeout_at;
  record_exit(child, waited, end);
  child->timeout_at = child->grace_at = 0;
  cp__abort_unlisten(&child->abort);
  child->due &= ~(unsigned)CP__DUE_ABORT;
  end_streams(child);
  if (child->channel != NULL) cp__channel_process_ended(child->channel);
  if (child->state == CP__CLOSED) return;
  bool stopped = child->reason == CP_REASON_TIMEOUT || child->reason == CP_REASON_ABORTED;
  if (child->hooks.stops_outputs && stopped) close_outputs(child);
  child->state = CP__ENDED;
  if (child->events.on_exit != NULL) child->events.on_exit(child, &child->exit, child->events.data);
  if (child->state != CP__ENDED) return;
  if (child->events.drain_timeout_ms > 0)
    child->drain_at = cp__deadline_in(child->loop, child->events.drain_timeout_ms);
  if (child->hooks.stops_outputs && timeout_at != 0) limit_drain(child, timeout_at);
  arm(child);
  cp__child_check_close(child);
}

/* A group that we have stopped, with SIGKILL to follow, does not outlive its leader. */
static bool stops_group(const cp_child *child) {
  return child->events.process_group && child->events.grace_ms > 0 && child->reason != CP_REASON_NONE;
}

static void check_process(cp_child *child) {
  if (!settle_start(child)) return;
  if (stops_group(child) && !child->process.reaped) cp__process_kill_survivors(&child->process);
  cp__end end = {.code = -1};
  int waited = child->process.reaped ? 0 : cp__process_wait(&child->process, false, &end);
  if (waited == 0) return;
  bool abandoned = child->state == CP__CLOSED;
  cp__process_close(&child->process, on_process_closed);
  if (!abandoned) process_ended(child, waited, &end);
}

/*
 * Whoever took the fds of its streams and reads them in this loop gets what it wrote before its end is told, as from
 * streams of ours: the end may be the first event of a round. A pidfd tells it again in the next one; SIGCHLD comes once,
 * but libuv deals with signals last.
 */
static bool leaves_readers_a_round(cp_child *child) {
  bool taken = false;
  for (int i = 0; i < child->stream_count; i++) taken = taken || child->streams[i].taken;
  bool leaves = taken && child->process.pidfd >= 0 && !child->waits_for_readers;
  child->waits_for_readers = leaves;
  return leaves;
}

/* A loop that is run with UV_RUN_ONCE may poll before its timers: on_spawn still comes first. */
static void on_process_end(cp__process *process) {
  cp_child *child = child_of(process);
  hold(child);
  cp__child_tell_start(child);
  if (!leaves_readers_a_round(child)) check_process(child);
  release(child);
}

/* ---------------------------------------------------------------- what is due */

static void fail_to_start(cp_child *child) {
  child->state = CP__ENDED;
  cp__child_tell_error(child, &child->start_error);
  cp__child_check_close(child);
}

static bool take_due(cp_child *child, unsigned what) {
  bool is_due = child->due & what;
  child->due &= ~what;
  return is_due;
}

/* Not known yet: look again soon, unless the process or a stream calls before. */
static bool start_is_open(cp_child *child) {
  enum { LONGEST_WAIT_MS = 8 };
  if (!(child->due & CP__DUE_START) || !cp__process_is_starting(&child->process)) return false;
  child->start_wait_ms = child->start_wait_ms == 0 ? 1 : child->start_wait_ms * 2;
  if (child->start_wait_ms > LONGEST_WAIT_MS) child->start_wait_ms = LONGEST_WAIT_MS;
  return true;
}

/* on_spawn first; only then may the loop bring data or the exit. */
void cp__child_tell_start(cp_child *child) {
  if (!(child->due & CP__DUE_START) || !settle_start(child)) return;
  (void)take_due(child, CP__DUE_START);
  if (child->start_error.code != 0) {
    fail_to_start(child);
    return;
  }
  child->state = CP__RUNNING;
  if (child->events.on_spawn != NULL) child->events.on_spawn(child, child->events.data);
  if (child->state != CP__RUNNING) return;
  for (int i = 0; i < child->stream_count; i++) cp__stream_start(&child->streams[i]);
  arm(child);
  if (child->process.pidfd < 0) check_process(child); /* it may have ended before anybody watched */
}

static bool is_past(uint64_t *deadline, uint64_t now) {
  if (*deadline == 0 || *deadline > now) return false;
  *deadline = 0;
  return true;
}

/* Telling an error may free the child, which forgets its deadlines: abandon(). */
static void check_deadlines(cp_child *child) {
  uint64_t now = uv_now(child->loop);
  if (is_past(&child->timeout_at, now)) (void)stop(child, CP_REASON_TIMEOUT);
  if (is_past(&child->grace_at, now)) (void)send_stop(child, SIGKILL);
  if (is_past(&child->drain_at, now)) {
    child->exit.stdio_timed_out = !all_at_end(child);
    close_outputs(child);
  }
}

static bool is_to_be_stopped(const cp_child *child) {
  bool late = child->timeout_at != 0 && child->timeout_at <= uv_now(child->loop);
  return late || (child->due & CP__DUE_ABORT);
}

static void serve(cp_child *child) {
  hold(child);
  if (start_is_open(child)) {
    check_deadlines(child); /* it may stand still on its way: stopped, or on a file system that does not answer */
    arm(child);
    release(child);
    return;
  }
  cp__child_tell_start(child);
  if (child->state == CP__RUNNING && is_to_be_stopped(child)) check_process(child); /* the loop may be late */
  if (child->state == CP__RUNNING && take_due(child, CP__DUE_ABORT)) abort_now(child);
  if (take_due(child, CP__DUE_STREAMS)) tick_streams(child);
  if (child->state < CP__CLOSED) check_deadlines(child);
  if (child->state < CP__CLOSED && take_due(child, CP__DUE_CLOSE)) close_now(child);
  arm(child);
  release(child);
}

static void on_timer(uv_timer_t *timer) { serve(timer->data); }
static void on_idle(uv_idle_t *idle) { serve(idle->data); }

/* ---------------------------------------------------------------- what streams tell */

/* What can be read was written by the new program, or ends because there is none: the outcome is known. */
static void stream_readable(cp_stream *stream) { cp__child_tell_start(stream->child); }

static void stream_closed(cp_stream *stream) { cp__child_check_close(stream->child); }
static void stream_held(cp_stream *stream) { hold(stream->child); }
static void stream_released(cp_stream *stream) { release(stream->child); }
static void stream_deferred(cp_stream *stream) { make_due(stream->child, CP__DUE_STREAMS); }

static void stream_overflowed(cp_stream *stream) {
  cp_child *child = stream->child;
  if (child->reason == CP_REASON_NONE) child->reason = CP_REASON_MAX_BUFFER;
  if (child->exit.reason != CP_REASON_NONE) child->exit.reason = child->reason; /* found in what it left behind */
  (void)stop(child, CP_REASON_MAX_BUFFER);                                      /* first: else SIGPIPE may be quicker */
  close_outputs(child);
}

static void stream_failed(cp_stream *stream, int code) {
  cp_child *child = stream->child;
  cp_error error;
  if (stream->capture != NULL) child->capture_error = code;
  (void)cp__fail(&error, code, CP_STAGE_READ, stream->index, NULL, "read: stdio[%d] of %s: %s", stream->index,
                 child->plan.file, cp_strerror(code));
  cp__child_tell_error(child, &error);
}

static const cp__stream_owner owner = {.readable = stream_readable,
                                       .closed = stream_closed,
                                       .released = stream_released,
                                       .held = stream_held,
                                       .defer = stream_deferred,
                                       .overflow = stream_overflowed,
                                       .failed = stream_failed};

/* ---------------------------------------------------------------- beginning */

cp_child *cp__child_new(uv_loop_t *loop, const cp_options *options) {
  cp_child *child = calloc(1, sizeof *child);
  if (child == NULL) return NULL;
  child->loop = loop;
  child->events = *options;
  child->process.pidfd = child->channel_fd = -1;
  child->exit.code = -1;
  child->references = 1; /* the user's */
  child->leads_group = options->detached || options->process_group;
  child->abort.on_abort = on_abort;
  return child;
}

/* Forgets a child that never came to anything: nothing of it is in the loop. */
void cp__child_discard(cp_child *child) {
  for (int i = 0; i < child->stream_count; i++)
    if (child->streams[i].owner != NULL) cp_stream_close(&child->streams[i]); /* else there was no memory before it */
  release(child);
}

static uint64_t stream_limit(const cp_options *options) {
  size_t max = options->max_buffer_bytes;
  if (max == 0 || max == CP_BUFFER_UNLIMITED) return UINT64_MAX;
  return max == CP_BUFFER_NONE ? 0 : max;
}

/* ---------------------------------------------------------------- its streams and channel */

int cp__child_take_streams(cp_child *child, cp__stdio *stdio, const cp_options *options) {
  child->streams = calloc((size_t)stdio->count, sizeof *child->streams);
  if (child->streams == NULL) return UV_ENOMEM;
  child->stream_count = stdio->count;
  if (stdio->channel >= 0 && cp__child_take_channel(child, &stdio->ends[stdio->channel], options) != 0)
    return UV_ENOMEM;
  for (int i = 0; i < stdio->count; i++) {
    cp_stream *stream = &child->streams[i];
    cp__end_fd *end = &stdio->ends[i];
    stream->child = child;
    stream->index = i;
    cp__stream_open(stream, &owner, child->loop, end->fd, end->readable, end->writable);
    stream->limit = stream_limit(options);
    stream->decode = options->encoding == CP_ENCODING_UTF8 && (i == 1 || i == 2);
    end->fd = -1;
  }
  return 0;
}

void cp__child_not_started(cp_child *child, const cp_error *error) {
  child->start_error = *error;
  child->exit = (cp_exit){.code = error->code, .reason = CP_REASON_ERROR};
  for (int i = 0; i < child->stream_count; i++) {
    child->streams[i].exists = false;
    cp_stream_close(&child->streams[i]);
  }
}

static void on_stdout(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  cp_child *child = data;
  (void)stream;
  if (length > 0 && child->events.on_stdout != NULL)
    child->events.on_stdout(child, bytes, (size_t)length, child->events.data);
}

static void on_stderr(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  cp_child *child = data;
  (void)stream;
  if (length > 0 && child->events.on_stderr != NULL)
    child->events.on_stderr(child, bytes, (size_t)length, child->events.data);
}

static void on_input_written(cp_stream *stream, int status, void *data) {
  cp_child *child = data;
  (void)stream;
  if (status < 0 && status != UV_ECANCELED) child->input_unread = true;
}

/* What comes before the user can touch the streams: the readers, and the input. UV_ENOMEM. */
static int prepare_streams(cp_child *child, const cp_options *options) {
  cp_stream *input = cp_child_stdin(child);
  if (options->on_stdout != NULL) (void)cp_stream_read(cp_child_stdout(child), on_stdout, child);
  if (options->on_stderr != NULL) (void)cp_stream_read(cp_child_stderr(child), on_stderr, child);
  if (options->input == NULL) return 0;
  int rc = cp_stream_write(input, options->input, options->input_length, on_input_written, child);
  if (rc == UV_ENOMEM) return rc;
  if (rc < 0) child->input_unread = true; /* a child that is gone already: its exit tells the story */
  (void)cp_stream_end(input);
  return 0;
}

/* It cannot be watched or fed (out of memory, or of epoll's watches): then it must not run either. */
static void give_up(cp_child *child, int code) {
  cp__end end;
  cp_error error;
  (void)cp__process_kill(&child->process, SIGKILL, false);
  while (!settle_start(child)) { /* SIGKILL ends the launch, too */
  }
  if (child->start_error.code != 0) return;
  (void)cp__process_wait(&child->process, true, &end);
  cp__process_close(&child->process, on_process_closed);
  child->process.pid = 0;
  (void)cp__fail_plain(&error, code, CP_STAGE_WATCH, -1, child->plan.file);
  cp__child_not_started(child, &error);
}

void cp__child_begin(cp_child *child, const cp_options *options) {
  (void)uv_timer_init(child->loop, &child->timer);
  (void)uv_idle_init(child->loop, &child->idle);
  child->timer.data = child->idle.data = child;
  child->handles_open = true;
  hold(child);
  hold(child);
  make_due(child, CP__DUE_START);
  int attached = cp__child_attach_channel(child);
  if (child->process.pid == 0) return;
  hold(child); /* until the process is reaped and its handle closed */
  int rc = cp__process_watch(&child->process, child->loop, on_process_end);
  if (rc == 0) rc = attached;
  if (rc == 0) rc = prepare_streams(child, options);
  if (rc != 0) {
    give_up(child, rc);
    return;
  }
  if (child->hooks.prepare != NULL) child->hooks.prepare(child, child->hooks.data);
  for (int i = 0; i < child->stream_count; i++) cp__stream_listen(&child->streams[i]);
  if (options->timeout_ms > 0) child->timeout_at = cp__deadline_in(child->loop, options->timeout_ms);
  if (options->signal != NULL) cp__abort_listen(options->signal, &child->abort);
}

/* ---------------------------------------------------------------- what users ask and say */

/* Silent from now on; a process that still runs stays watched, without keeping the loop alive. */
static void abandon(cp_child *child) {
  child->state = CP__CLOSED;
  child->timeout_at = child->grace_at = child->drain_at = 0;
  (void)settle_start(child); /* if it is still open, the end of the process settles it */
  cp__abort_unlisten(&child->abort);
  for (int i = 0; i < child->stream_count; i++) cp__stream_silence(&child->streams[i]);
  close_streams(child);
  cp__channel_silence(child->channel);
  child->due = 0;
  close_handles(child);
  cp__process_ref(&child->process, false);
}

void cp_child_free(cp_child *child) {
  if (child == NULL || child->freed) return;
  child->freed = true;
  child->frees_itself = false; /* then it is not done once more after on_close */
  memset(&child->events, 0, sizeof child->events);
  child->hooks.closed = NULL;
  if (child->state != CP__CLOSED) abandon(child);
  release(child);
}

cp_child *cp__child_of_abandoned(cp__process *process) {
  cp_child *child = child_of(process);
  return child->state == CP__CLOSED ? child : NULL;
}

void cp__child_let_go(cp_child *child) { cp__process_close(&child->process, on_process_closed); }

/* A launch that is under way has a process already, but it may come to nothing: whoever asks, waits for the outcome. */
int cp_child_pid(cp_child *child) {
  (void)settle_start(child);
  return child->process.pid;
}

int cp_child_started(cp_child *child, cp_error *error) {
  if (!settle_start(child)) return UV_EALREADY;
  if (error != NULL && child->start_error.code != 0) *error = child->start_error;
  return child->start_error.code;
}

int cp_child_pidfd(cp_child *child) {
  (void)settle_start(child);
  return child->process.pidfd;
}

void cp_child_unref(cp_child *child) {
  child->unrefed = true;
  cp__process_ref(&child->process, false);
  arm(child);
}

void cp_child_ref(cp_child *child) {
  child->unrefed = false;
  cp__process_ref(&child->process, true);
  arm(child);
}
