/* worker.c - a forked child that takes tasks. */
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deadline.h"
#include "fail.h"
#include "io.h"
#include "ipc/channel.h"

enum {
  GONE_MS = 100 /* a worker that has closed its channel is about to end: it may take so long before it is made to */
};

/* ---------------------------------------------------------------- output */

/* Only the last bytes are kept; without memory for them none are. */
static void keep_tail(cp__worker *worker, const char *bytes, size_t length) {
  if (worker->tail == NULL) worker->tail = malloc(CP_POOL_STDERR_TAIL + 1);
  if (worker->tail == NULL) return;
  if (length > CP_POOL_STDERR_TAIL) {
    bytes += length - CP_POOL_STDERR_TAIL;
    length = CP_POOL_STDERR_TAIL;
  }
  size_t kept = worker->tail_length < CP_POOL_STDERR_TAIL - length ? worker->tail_length : CP_POOL_STDERR_TAIL - length;
  memmove(worker->tail, worker->tail + worker->tail_length - kept, kept);
  memcpy(worker->tail + kept, bytes, length);
  worker->tail_length = kept + length;
  worker->tail[worker->tail_length] = '\0';
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  cp__worker *worker = data;
  const cp__worker_plan *plan = worker->plan;
  keep_tail(worker, bytes, length);
  if (plan->options.on_stderr != NULL)
    plan->options.on_stderr(child, bytes, length, plan->options.data);
  else if (!plan->drops_stderr)
    cp__write_all(STDERR_FILENO, bytes, length);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  const cp__worker_plan *plan = ((cp__worker *)data)->plan;
  if (plan->options.on_stdout != NULL) plan->options.on_stdout(child, bytes, length, plan->options.data);
}

/* ---------------------------------------------------------------- events */

static void become_ready(cp__worker *worker, cp_message *message) {
  worker->state = CP_WORKER_READY;
  worker->ready_ns = uv_hrtime();
  worker->was_ready = true;
  worker->ready_by = 0;
  worker->idle_at = uv_now(worker->plan->loop);
  worker->proven = message != NULL;
  worker->plan->events->ready(worker, message);
}

static void on_spawn(cp_child *child, void *data) {
  cp__worker *worker = data;
  (void)child;
  if (worker->state == CP_WORKER_STARTING && !worker->plan->ready_message) become_ready(worker, NULL);
}

static void on_error(cp_child *child, const cp_error *error, void *data) {
  cp__worker *worker = data;
  if (worker->error.code == 0) worker->error = *error;
  /* A message is lost, which may have been an answer: who waits for that would wait for ever. */
  if (error->stage == CP_STAGE_RECEIVE && worker->running_count > 0) (void)cp_child_kill(child, SIGKILL);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  cp__worker *worker = data;
  (void)child;
  if (worker->doomed)
    worker->plan->events->late(worker, message);
  else if (worker->state == CP_WORKER_STARTING && worker->plan->ready_message)
    become_ready(worker, message);
  else
    worker->plan->events->message(worker, message);
}

static void lose_channel(cp__worker *worker) {
  worker->parting = CP__PARTING_CLOSED;
  worker->part_at = cp__deadline_in(worker->plan->loop, GONE_MS);
  worker->plan->events->broken(worker);
}

static void on_disconnect(cp_child *child, void *data) {
  cp__worker *worker = data;
  (void)child;
  if (worker->parting == CP__PARTING_NONE) lose_channel(worker);
}

/* Frees the worker, and with it the child: who holds its pipes is not waited for. */
static void end(cp__worker *worker, const cp_exit *exit) {
  worker->ready_by = worker->part_at = 0;
  worker->plan->events->ended(worker, exit);
}

static void on_exit_event(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  end(data, exit);
}

/* Only what never started comes to its close without an exit. */
static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  cp__worker *worker = data;
  (void)child;
  (void)exit;
  worker->never_started = true;
  end(worker, NULL);
}

/* ---------------------------------------------------------------- starting */

static size_t count(const char *const *list) {
  size_t n = 0;
  while (list != NULL && list[n] != NULL) n++;
  return n;
}

static int fork_worker(cp__worker *worker, cp_options *options, cp_error *error) {
  const cp__worker_plan *plan = worker->plan;
  char id[48];
  size_t given = count(options->env_overlay);
  const char **overlay = calloc(given + 2, sizeof *overlay);
  if (overlay == NULL) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  if (given > 0) memcpy(overlay, options->env_overlay, given * sizeof *overlay);
  (void)snprintf(id, sizeof id, "CHILD_PROCESS_WORKER_ID=%u", worker->place + 1);
  overlay[given] = id;
  options->env_overlay = overlay;
  int rc = cp_fork(&worker->child, plan->loop, plan->module, plan->args, options);
  free(overlay);
  return rc;
}

/* The pool keeps the loop alive by itself: that depends on its tasks, not on its workers. */
static void unref(cp__worker *worker) {
  cp_child_unref(worker->child);
  cp_channel_unref(cp_child_channel(worker->child));
  for (int fd = 0; fd < 3; fd++) {
    cp_stream *stream = cp_child_stream(worker->child, fd);
    if (stream != NULL) cp_stream_unref(stream);
  }
}

int cp__worker_start(cp__worker **out, cp_pool *pool, const cp__worker_plan *plan, unsigned place, cp_error *error) {
  cp__worker *worker = calloc(1, sizeof *worker);
  if (worker == NULL) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  *worker = (cp__worker){.pool = pool, .plan = plan, .place = place, .state = CP_WORKER_STARTING};
  cp_options options = plan->options;
  options.on_spawn = on_spawn;
  options.on_error = on_error;
  options.on_stdout = on_stdout;
  options.on_stderr = on_stderr;
  options.on_exit = on_exit_event;
  options.on_close = on_close;
  options.on_result = NULL;
  options.on_message = on_message;
  options.on_disconnect = on_disconnect;
  options.data = worker;
  options.error = error;
  int rc = fork_worker(worker, &options, error);
  if (rc != 0) {
    free(worker);
    return rc;
  }
  unref(worker);
  worker->born_at = uv_now(plan->loop);
  worker->ready_by = cp__deadline_in(plan->loop, plan->start_timeout_ms);
  *out = worker;
  return 0;
}

/* ---------------------------------------------------------------- tasks */

bool cp__worker_write_failed(const cp__worker *worker) {
  return cp__channel_write_failed(cp_child_channel(worker->child));
}

static bool can_send(const cp__worker *worker) {
  return cp_child_connected(worker->child) && !cp__worker_write_failed(worker);
}

bool cp__worker_is_to_blame(int rc) {
  return rc == CP_ECHANNELCLOSED || rc == UV_EPIPE || rc == UV_ECONNRESET || rc == UV_ENOBUFS;
}

/* One that does not read must not take what others could do. */
static bool has_room(const cp__worker *worker) {
  size_t queued = cp_channel_queued_bytes(cp_child_channel(worker->child));
  return queued < (worker->running_count == 0 ? CP_SEND_QUEUE_MAX / 2 : CP_SEND_HIGH_WATER);
}

bool cp__worker_is_free(const cp__worker *worker, unsigned in_flight) {
  return worker->state == CP_WORKER_READY && worker->running_count < in_flight && can_send(worker) && has_room(worker);
}

/* It does not read any more, or the kernel had no memory for it: in either case it has not got all that it was sent. */
void cp__worker_check_channel(cp__worker *worker) {
  if (worker->parting == CP__PARTING_NONE && cp__worker_write_failed(worker)) lose_channel(worker);
}

int cp__worker_give(cp__worker *worker, cp__task *task, cp_error *error) {
  int rc = cp__task_send(task, cp_child_channel(worker->child), error);
  if (rc < 0) return rc;
  task->state = CP__TASK_RUNNING;
  task->worker = worker;
  task->place = worker->place;
  task->pid = cp_child_pid(worker->child);
  task->attempts++;
  task->started_ns = uv_hrtime();
  task->deadline = task->timeout_ms > 0 ? cp__deadline_in(worker->plan->loop, task->timeout_ms) : 0;
  cp__task_link(task, &worker->running);
  worker->running_count++;
  worker->given++;
  return 0;
}

void cp__worker_take_back(cp__worker *worker, cp__task *task) {
  cp__task_unlink(task);
  task->worker = NULL;
  task->deadline = 0;
  if (--worker->running_count == 0) worker->idle_at = uv_now(worker->plan->loop);
}

/* ---------------------------------------------------------------- parting */

static void send_signal(cp__worker *worker, int signum) {
  if (worker->plan->options.process_group)
    (void)cp_child_kill_group(worker->child, signum);
  else
    (void)cp_child_kill(worker->child, signum);
}

/* The next step of making it go, and when the one after that is due. */
static void part(cp__worker *worker, cp__parting step) {
  const cp__worker_plan *plan = worker->plan;
  int kill_signal = plan->options.kill_signal != 0 ? plan->options.kill_signal : SIGTERM;
  worker->parting = step;
  if (step == CP__PARTING_CLOSED) (void)cp_channel_disconnect(cp_child_channel(worker->child));
  if (step == CP__PARTING_SIGNALLED) send_signal(worker, kill_signal);
  if (step == CP__PARTING_KILLED) send_signal(worker, SIGKILL);
  worker->part_at = step < CP__PARTING_KILLED ? cp__deadline_in(plan->loop, plan->grace_ms) : 0;
}

void cp__worker_leave(cp__worker *worker) {
  worker->state = CP_WORKER_LEAVING;
  worker->ready_by = 0;
  if (worker->running_count > 0 || worker->parting != CP__PARTING_NONE) return;
  worker->doomed = true;
  part(worker, CP__PARTING_CLOSED);
}

void cp__worker_terminate(cp__worker *worker) {
  worker->state = CP_WORKER_LEAVING;
  worker->ready_by = 0;
  worker->doomed = true;
  if (worker->parting < CP__PARTING_SIGNALLED) part(worker, CP__PARTING_SIGNALLED);
}

static void start_timed_out(cp__worker *worker) {
  if (worker->error.code == 0)
    (void)cp__fail(&worker->error, CP_ETIMEDOUT, CP_STAGE_RUN, -1, NULL, "the worker was not ready after %llu ms",
                   (unsigned long long)worker->plan->start_timeout_ms);
  cp__worker_terminate(worker);
}

uint64_t cp__worker_check(cp__worker *worker, uint64_t now) {
  if (worker->ready_by != 0 && worker->ready_by <= now) start_timed_out(worker);
  if (worker->part_at != 0 && worker->part_at <= now) part(worker, worker->parting + 1);
  const uint64_t deadlines[] = {worker->ready_by, worker->part_at};
  return cp__deadline_first(deadlines, sizeof deadlines / sizeof *deadlines);
}

/* ---------------------------------------------------------------- asking */

void cp__worker_info(const cp__worker *worker, cp_worker_info *out) {
  *out = (cp_worker_info){.place = worker->place,
                          .state = worker->state,
                          .child = worker->child,
                          .running = worker->running_count,
                          .done = worker->done,
                          .recycled = worker->recycled};
}

void cp__worker_describe_end(const cp__worker *worker, const cp_exit *exit, char *out, size_t size) {
  const char *when = worker->running_count > 0 ? " before it had answered" : "";
  if (exit == NULL)
    (void)snprintf(out, size, "%s", worker->error.message);
  else if (worker->error.code != 0)
    (void)snprintf(out, size, "the worker has ended%s: %s", when, worker->error.message);
  else if (exit->signal != 0)
    (void)snprintf(out, size, "the worker was ended by %s%s", cp_signal_name(exit->signal), when);
  else
    (void)snprintf(out, size, "the worker exited with code %d%s", exit->code, when);
}

uint64_t cp__worker_rss_kib(const cp__worker *worker) {
  char path[48], text[64];
  unsigned long long pages;
  (void)snprintf(path, sizeof path, "/proc/%d/statm", cp_child_pid(worker->child));
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  bool found = fgets(text, sizeof text, file) != NULL && sscanf(text, "%*u %llu", &pages) == 1;
  (void)fclose(file);
  return found ? pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

void cp__worker_link(cp__worker *worker, cp__worker **list) {
  worker->next = *list;
  worker->link = list;
  if (worker->next != NULL) worker->next->link = &worker->next;
  *list = worker;
}

void cp__worker_unlink(cp__worker *worker) {
  if (worker->link == NULL) return;
  *worker->link = worker->next;
  if (worker->next != NULL) worker->next->link = worker->link;
  worker->link = NULL;
}

void cp__worker_free(cp__worker *worker) {
  cp__worker_unlink(worker);
  if (cp_child_exit(worker->child) == NULL && !worker->never_started) send_signal(worker, SIGKILL);
  cp_child_free(worker->child);
  free(worker->tail);
  free(worker);
}
