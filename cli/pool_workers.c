/*
 * pool_workers.c - pool: each line is a task, a worker's answer to it a line on stdout.
 *
 * The library's pool orders nothing here and queues nothing: a task is submitted when there is a worker for it, so
 * that the first Ctrl-C finds only tasks that are under way.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "message.h"
#include "pool.h"
#include "report.h"
#include "status.h"
#include "worker_log.h"

typedef struct worker_pool {
  batch *batch;
  const run_options *options;
  cp_pool *pool;
  worker_log log;
  bool *used;           /* places that have had a worker: the next one there replaces it */
  buffer line;          /* of stdout, put together */
  cp_error start_error; /* why the last worker that did not start did not */
  bool closed;
  bool strayed; /* that there are messages that answer nothing has been said */
} worker_pool;

/* ---------------------------------------------------------------- failures */

/* The end of what it said on stderr tells most. malloc()ed; NULL: it said nothing. */
static char *last_line(const cp_outcome *outcome) {
  if (outcome->err == NULL) return NULL;
  size_t end = outcome->err_length;
  while (end > 0 && strchr(" \t\r\n", outcome->err[end - 1]) != NULL) end--;
  const char *newline = memrchr(outcome->err, '\n', end);
  size_t begin = newline != NULL ? (size_t)(newline - outcome->err) + 1 : 0;
  return end > begin ? strndup(outcome->err + begin, end - begin) : NULL;
}

static void add_failure_text(buffer *out, const batch_job *job, const cp_outcome *outcome) {
  char *said = last_line(outcome);
  bool is_new = said != NULL && strstr(outcome->error, said) == NULL;
  buffer_format(out, "line %" PRIu64 ": %s%s%s", job->line, outcome->error, is_new ? ": " : "", is_new ? said : "");
  buffer_add(out, "", 1);
  free(said);
}

/* Also what the pool has not even taken: `outcome` says no more than a status and a sentence then. */
static void fail_job(worker_pool *self, batch_job *job, const cp_outcome *outcome) {
  job_result result = {.succeeded = false};
  buffer_clear(&self->line);
  if (self->options->pool.json_errors) {
    char *text = report_failure(job->line, job->text, outcome);
    if (text != NULL) buffer_add_text(&self->line, text);
    buffer_add(&self->line, "\n", 1);
    self->line.failed = self->line.failed || text == NULL;
    free(text);
    result.out = self->line.bytes;
    result.out_length = self->line.length;
  } else {
    add_failure_text(&self->line, job, outcome);
    result.message = self->line.bytes;
  }
  if (self->line.failed) result = (job_result){.message = "out of memory: a failure is not told in full"};
  batch_finish(job, &result);
}

/* ---------------------------------------------------------------- outcomes */

/* An answer without a result is null, as undefined is in an array of JSON. NULL: JSON has no such value. */
static const char *result_json(const cp_outcome *outcome, size_t *length) {
  *length = 4;
  if (cp_value_type(cp_outcome_value(outcome)) == CP_TYPE_UNDEFINED) return "null";
  return cp_outcome_json(outcome, length);
}

static void print_result(worker_pool *self, batch_job *job, const char *json, size_t length) {
  bool keyed = self->options->pool.keyed;
  buffer_clear(&self->line);
  if (keyed) buffer_format(&self->line, "{\"line\":%" PRIu64 ",\"result\":", job->line);
  buffer_add(&self->line, json, length);
  buffer_add_text(&self->line, keyed ? "}\n" : "\n");
  if (self->line.failed)
    fail_job(self, job, &(cp_outcome){.status = UV_ENOMEM, .error = cp_strerror(UV_ENOMEM), .err = ""});
  else
    batch_finish(job, &(job_result){.succeeded = true, .out = self->line.bytes, .out_length = self->line.length});
}

static void trace_outcome(worker_pool *self, const batch_job *job, const cp_outcome *outcome) {
  batch_trace_task(&self->batch->trace, &(traced_task){.line = job->line,
                                                       .place = outcome->place,
                                                       .attempts = outcome->attempts,
                                                       .started_ns = outcome->started_ns,
                                                       .ended_ns = outcome->ended_ns,
                                                       .status = cp_err_name(outcome->status)});
}

/* Structured clone has values that JSON does not have: then the task has failed, for stdout stays JSON. */
static void take_answer(worker_pool *self, batch_job *job, const cp_outcome *outcome) {
  size_t length;
  const char *json = result_json(outcome, &length);
  cp_outcome failure = *outcome;
  failure.status = CP_ECLONE;
  failure.error = "the result is a value that JSON does not have, or is too large";
  if (json != NULL)
    print_result(self, job, json, length);
  else
    fail_job(self, job, &failure);
}

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  batch_job *job = data;
  worker_pool *self = cp_pool_data(pool);
  trace_outcome(self, job, outcome);
  if (outcome->status == CP_EPOOL) batch_stop(self->batch); /* on_pool_error() tells why, when all tasks are told */
  if (outcome->status == 0)
    take_answer(self, job, outcome);
  else if (outcome->status == CP_EABORTED || outcome->status == CP_EPOOL)
    batch_finish(job, &(job_result){.dropped = true});
  else
    fail_job(self, job, outcome);
}

/* ---------------------------------------------------------------- what is no answer */

/* Said once: whoever waits for an answer that will never be one shall know why. */
static void on_stray(cp_pool *pool, const cp_worker_info *info, cp_message *message, void *data) {
  worker_pool *self = data;
  (void)pool, (void)message;
  bool is_ready_message = self->options->pool.ready_message && info->done == 0 && info->running == 0;
  if (is_ready_message || self->strayed) return;
  self->strayed = true;
  say("worker %u sent a message that answers no task: it is dropped", info->place + 1);
}

/* ---------------------------------------------------------------- the engine */

static void begin(batch_job *job) {
  worker_pool *self = job->batch->data;
  cp_error error = {.code = 0};
  const cp_task_options options = {.cb = on_outcome, .data = job, .error = &error};
  int rc = cp_pool_submit_json(self->pool, job->text, job->length, &options);
  if (rc >= 0) return;
  const char *why = error.code != 0 ? error.message : cp_strerror(rc);
  if (rc == CP_EPOOL) batch_stop(job->batch);
  if (rc == CP_EPOOL)
    batch_finish(job, &(job_result){.dropped = true});
  else
    fail_job(self, job, &(cp_outcome){.status = rc, .error = why, .err = ""});
}

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) {
  worker_pool *self = data;
  (void)pool, (void)report;
  self->closed = true;
}

static void end_pool(worker_pool *self, cp_pool_end end) {
  if (self->pool != NULL && !self->closed) (void)cp_pool_close(self->pool, end, 0, on_closed, self);
}

static void close_pool(void *data) { end_pool(data, CP_POOL_FINISH); }
static void abort_pool(void *data) { end_pool(data, CP_POOL_ABORT); }

static char cell(unsigned place, void *data) {
  const worker_pool *self = data;
  cp_worker_info info = cp_pool_worker(self->pool, place);
  switch (info.state) {
    case CP_WORKER_STARTING:
      return CELL_STARTING;
    case CP_WORKER_READY:
      return info.running > 0 ? CELL_BUSY : CELL_IDLE;
    case CP_WORKER_LEAVING:
      return CELL_LEAVING;
    default:
      return CELL_NONE;
  }
}

/* ---------------------------------------------------------------- workers */

static void trace_worker(worker_pool *self, const cp_worker_info *info) {
  char text[64];
  const char *state = cp_worker_state_name(info->state);
  const char *name = info->exit != NULL && info->exit->signal != 0 ? cp_signal_name(info->exit->signal) : NULL;
  if (info->state == CP_WORKER_STARTING && info->child != NULL)
    (void)snprintf(text, sizeof text, "%s, pid %d", state, cp_child_pid(info->child));
  else if (info->exit != NULL && name != NULL)
    (void)snprintf(text, sizeof text, "%s by %s", state, name);
  else if (info->exit != NULL)
    (void)snprintf(text, sizeof text, "%s with %d", state, info->exit->code);
  else
    (void)snprintf(text, sizeof text, "%s%s", state, info->recycled ? ": recycled" : "");
  batch_trace_moment(&self->batch->trace, info->place, text);
}

static void on_worker(cp_pool *pool, const cp_worker_info *info, void *data) {
  worker_pool *self = data;
  (void)pool;
  if (self->batch->trace.file.file != NULL) trace_worker(self, info);
  if (info->state == CP_WORKER_STARTING) {
    if (self->used[info->place]) self->batch->tally.replaced++;
    self->used[info->place] = true;
  }
  if (info->state != CP_WORKER_ENDED || info->child == NULL) return;
  if (info->exit == NULL) (void)cp_child_started(info->child, &self->start_error);
  worker_log_end(&self->log, info->child);
}

/* The workers do not start: whatever is not done will never be. What kept the last one from it decides the status. */
static void on_pool_error(cp_pool *pool, const cp_error *error, void *data) {
  worker_pool *self = data;
  (void)pool;
  say("%s", error->message);
  batch_fail(self->batch, self->start_error.code != 0 ? status_of_error(&self->start_error) : STATUS_FAILED);
  batch_stop(self->batch);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  worker_pool *self = data;
  worker_log_add(&self->log, child, STDOUT_FILENO, bytes, length);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  worker_pool *self = data;
  worker_log_add(&self->log, child, STDERR_FILENO, bytes, length);
}

static void print_lines(const char *lines, size_t length, void *data) {
  worker_pool *self = data;
  batch_print_err(self->batch, lines, length);
}

/* ---------------------------------------------------------------- starting */

static int open_pool(batch *b) {
  worker_pool *self = b->data;
  const run_options *options = self->options;
  const pool_options *pool = &options->pool;
  cp_options worker = options->child;
  cp_error error;
  bool prints = options->fork.stdio != WORKER_IGNORE;
  worker.on_stdout = options->fork.stdio == WORKER_STDERR ? on_stdout : NULL;
  worker.on_stderr = prints ? on_stderr : NULL;
  worker.data = self;
  worker.timeout_ms = 0;
  const cp_pool_options all = {.size = (unsigned)pool->size,
                               .protocol = pool->envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN,
                               .in_flight = (unsigned)pool->in_flight,
                               .timeout_ms = options->child.timeout_ms,
                               .retry_timeouts = pool->retry_timeouts,
                               .max_retries = pool->retries > 0 ? (int)pool->retries : CP_RETRY_NEVER,
                               .max_tasks = pool->max_tasks,
                               .max_age_ms = pool->max_age_ms,
                               .max_rss_kib = (pool->max_rss_bytes + 1023) / 1024,
                               .ready_message = pool->ready_message,
                               .start_timeout_ms = pool->start_timeout_ms,
                               .worker = &worker,
                               .on_worker = on_worker,
                               .on_message = on_stray,
                               .on_error = on_pool_error,
                               .data = self,
                               .error = &error};
  int rc = cp_pool_open(&self->pool, &b->loop, options->command[0], options->command + 1, &all);
  if (rc != 0) say("%s", error.message);
  return rc;
}

/* Nothing runs any more; half a line may be left of what the workers have said. */
static void free_pool(void *data) {
  worker_pool *self = data;
  worker_log_end(&self->log, NULL);
  cp_pool_free(self->pool);
  self->pool = NULL;
}

static void dispose(worker_pool *self) {
  worker_log_dispose(&self->log);
  buffer_dispose(&self->line);
  free(self->used);
}

int pool_of_workers(const run_options *options) {
  static const batch_engine engine = {.begin = begin,
                                      .abort = abort_pool,
                                      .close = close_pool,
                                      .free = free_pool,
                                      .cell = cell,
                                      .place = "worker",
                                      .places = "workers",
                                      .skips_blanks = true};
  uint64_t in_flight = options->pool.in_flight, slots = options->pool.size * in_flight;
  worker_pool self = {.options = options, .used = calloc(options->pool.size, sizeof *self.used)};
  batch b = {.options = options,
             .engine = &engine,
             .data = &self,
             .slots = (unsigned)slots,
             .trace = {.lanes = (unsigned)in_flight, .name = "worker", .title = options->command[0]}};
  self.batch = &b;
  self.log = (worker_log){.print = print_lines, .data = &self};
  if (self.used == NULL) {
    say("out of memory");
    return STATUS_FAILED;
  }
  int status = batch_run(&b, open_pool);
  dispose(&self);
  return status;
}
