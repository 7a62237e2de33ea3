/* pool_commands.c - pool --exec: each line is a command, of which so many run at a time; what they print is kept apart. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "job_log.h"
#include "message.h"
#include "pool.h"
#include "report.h"
#include "status.h"
#include "template.h"

typedef struct command_place {
  batch_job *job; /* NULL: it is free */
} command_place;

typedef struct command_pool {
  batch *batch;
  const run_options *options;
  template command;
  cp_abort *abort;
  command_place *places;
  job_log log;
  buffer text; /* of stdout or a message, put together */
} command_pool;

/* The command of a line, over all attempts. */
typedef struct command_run {
  cp_child *child; /* of the last attempt; NULL: it was refused */
  char **words;
  run_report report; /* of the last attempt */
  unsigned place;
} command_run;

/* ---------------------------------------------------------------- places */

/* There is one: no more run than there are places. */
static unsigned take_place(command_pool *self, batch_job *job) {
  unsigned place = 0;
  while (self->places[place].job != NULL) place++;
  self->places[place].job = job;
  return place;
}

static char cell(unsigned place, void *data) {
  const command_pool *self = data;
  return self->places[place].job != NULL ? CELL_BUSY : CELL_IDLE;
}

/* ---------------------------------------------------------------- the end of a command */

/* Its place is free for whatever is begun in batch_finish(); the result may be the child's. */
static void finish(batch_job *job, const job_result *result) {
  command_pool *self = job->batch->data;
  command_run *run = job->run;
  cp_child *child = NULL;
  if (run != NULL) {
    self->places[run->place].job = NULL;
    child = run->child;
    free(run->words);
    free(run);
  }
  batch_finish(job, result);
  cp_child_free(child);
}

static void refuse(batch_job *job, const char *why) {
  command_pool *self = job->batch->data;
  buffer_clear(&self->text);
  buffer_format(&self->text, "line %" PRIu64 ": %s", job->line, why);
  buffer_add(&self->text, "", 1);
  finish(job, &(job_result){.message = self->text.failed ? why : self->text.bytes});
}

/* How it ended, in few words: what it said itself is on stderr. */
static void add_end(buffer *out, const cp_options *options, const cp_result *result) {
  const cp_exit *exit = &result->exit;
  const char *name = cp_signal_name(exit->signal);
  if (exit->reason == CP_REASON_TIMEOUT)
    buffer_format(out, "timed out after %g s", (double)options->timeout_ms / 1000);
  else if (exit->reason == CP_REASON_SIGNALLED && name != NULL)
    buffer_format(out, "ended by %s", name);
  else if (exit->reason == CP_REASON_EXITED && exit->code != 0)
    buffer_format(out, "exited with %d", exit->code);
  else
    buffer_add_text(out, result->error.message);
}

static int status_of(const cp_result *result) {
  if (result->error.code == 0) return 0;
  return result->pid != 0 ? status_of_exit(&result->exit, false) : status_of_error(&result->error);
}

static void finish_with_report(command_pool *self, batch_job *job, const cp_result *result) {
  const command_run *run = job->run;
  char *text = report_text(&run->report, result, status_of(result));
  buffer_clear(&self->text);
  if (text != NULL) buffer_add_text(&self->text, text);
  buffer_add(&self->text, "\n", 1);
  bool complete = text != NULL && !self->text.failed;
  free(text);
  if (complete)
    finish(job, &(job_result){
                    .succeeded = result->error.code == 0, .out = self->text.bytes, .out_length = self->text.length});
  else
    refuse(job, "out of memory for its report");
}

static void finish_with_output(command_pool *self, batch_job *job, const cp_result *result) {
  const command_run *run = job->run;
  job_result end = {.succeeded = result->error.code == 0,
                    .out = result->out.bytes,
                    .out_length = result->out.length,
                    .err = result->err.bytes,
                    .err_length = result->err.length};
  if (!end.succeeded) {
    buffer_clear(&self->text);
    buffer_format(&self->text, "line %" PRIu64 ": ", job->line);
    add_end(&self->text, &self->options->child, result);
    if (run->report.attempts > 1) buffer_format(&self->text, ", %u times", run->report.attempts);
    buffer_add(&self->text, "", 1);
    end.message = self->text.failed ? "out of memory: a failure is not told in full" : self->text.bytes;
  }
  finish(job, &end);
}

/* ---------------------------------------------------------------- attempts */

/* Every other command would fail in the same way. */
static bool is_hopeless(const command_pool *self, const cp_result *result) {
  const cp_error *error = &result->error;
  if (result->pid != 0) return false;
  if (error->stage == CP_STAGE_EXEC)
    return template_is_constant(&self->command) && error->code != UV_E2BIG && error->code != UV_ENOMEM;
  return error->stage == CP_STAGE_CHDIR || error->stage == CP_STAGE_SETUID || error->stage == CP_STAGE_SETGID ||
         error->stage == CP_STAGE_SETGROUPS;
}

static void give_up(batch *b, const cp_error *error) {
  if (b->fatal == 0) say("%s", error->message);
  batch_fail(b, status_of_error(error));
  batch_stop(b);
}

static void note_end(command_pool *self, const batch_job *job, const cp_result *result) {
  const command_run *run = job->run;
  job_log_add(&self->log, &(job_entry){.line = job->line,
                                       .started = run->report.started,
                                       .result = result,
                                       .words = (const char *const *)run->words});
  batch_trace_task(&self->batch->trace, &(traced_task){.line = job->line,
                                                       .place = run->place,
                                                       .attempts = run->report.attempts,
                                                       .started_ns = run->report.started_ns,
                                                       .ended_ns = uv_hrtime(),
                                                       .status = cp_err_name(result->error.code)});
}

static void attempt(batch_job *job);

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  batch_job *job = data;
  batch *b = job->batch;
  command_pool *self = b->data;
  const command_run *run = job->run;
  (void)child;
  note_end(self, job, result);
  if (error != NULL && is_hopeless(self, result)) give_up(b, error);
  if (error != NULL && (b->aborting || b->fatal != 0))
    finish(job, &(job_result){.dropped = true});
  else if (error != NULL && run->report.attempts <= self->options->pool.retries)
    attempt(job);
  else if (self->options->json)
    finish_with_report(self, job, result);
  else
    finish_with_output(self, job, result);
}

static void attempt(batch_job *job) {
  command_pool *self = job->batch->data;
  command_run *run = job->run;
  cp_options options = self->options->child;
  cp_error error = {.code = 0};
  cp_child_free(run->child);
  run->child = NULL;
  options.signal = self->abort;
  options.on_result = on_result;
  options.data = job;
  options.error = &error;
  run->report.attempts++;
  report_begin(&run->report, (const char *const *)run->words);
  int rc = cp_exec_file(&run->child, &job->batch->loop, run->words[0], (const char *const *)run->words + 1, &options);
  if (rc != 0) refuse(job, error.code != 0 ? error.message : cp_strerror(rc));
}

static void begin(batch_job *job) {
  command_pool *self = job->batch->data;
  command_run *run = NULL;
  if (memchr(job->text, '\0', job->length) != NULL) {
    refuse(job, "it holds a NUL byte, which no argument can");
    return;
  }
  run = calloc(1, sizeof *run);
  if (run != NULL) run->words = template_expand(&self->command, job->text);
  if (run == NULL || run->words == NULL) {
    free(run);
    refuse(job, cp_strerror(UV_ENOMEM));
    return;
  }
  run->report.line = job->line;
  run->place = take_place(self, job);
  job->run = run;
  attempt(job);
}

/* ---------------------------------------------------------------- the life of it */

static void abort_all(void *data) {
  command_pool *self = data;
  cp_abort_trigger(self->abort);
}

static void close_nothing(void *data) { (void)data; }

/* Only after the third signal there is still something: what does not end, and what has ended but for its pipes. */
static void free_all(void *data) {
  command_pool *self = data;
  for (uint64_t i = 0; self->places != NULL && i < self->options->pool.size; i++) {
    if (self->places[i].job == NULL) continue;
    const command_run *run = self->places[i].job->run;
    (void)cp_child_kill(run->child, SIGKILL);
    finish(self->places[i].job, &(job_result){.dropped = true});
  }
  (void)cp_loop_release(&self->batch->loop);
}

static int open_pool(batch *b) {
  command_pool *self = b->data;
  const pool_options *pool = &self->options->pool;
  self->abort = cp_abort_new();
  self->places = calloc(pool->size, sizeof *self->places);
  if (self->abort != NULL && self->places != NULL) return 0;
  say("out of memory");
  return -1;
}

static int open_log(command_pool *self) {
  const char *path = self->options->pool.job_log_file;
  if (path == NULL || job_log_open(&self->log, path) == 0) return 0;
  say("--joblog %s: it cannot be written", path);
  return -1;
}

static int close_log(command_pool *self) {
  if (job_log_close(&self->log) == 0) return 0;
  say("--joblog %s: it could not be written", self->options->pool.job_log_file);
  return -1;
}

static void dispose(command_pool *self) {
  cp_abort_free(self->abort);
  free(self->places);
  buffer_dispose(&self->text);
  template_dispose(&self->command);
}

int pool_of_commands(const run_options *options) {
  static const batch_engine engine = {.begin = begin,
                                      .abort = abort_all,
                                      .close = close_nothing,
                                      .free = free_all,
                                      .cell = cell,
                                      .place = "at a time",
                                      .places = "at a time"};
  command_pool self = {.options = options};
  batch b = {.options = options,
             .engine = &engine,
             .data = &self,
             .slots = (unsigned)options->pool.size,
             .trace = {.name = "place", .title = options->pool.exec}};
  self.batch = &b;
  const char *problem = template_parse(&self.command, options->pool.exec, options->child.shell != NULL);
  if (problem != NULL) say_usage("pool", "--exec: %s: '%s'", problem, options->pool.exec);
  int status = STATUS_FAILED;
  if (problem == NULL && open_log(&self) == 0) {
    status = batch_run(&b, open_pool);
    if (close_log(&self) != 0 && status == 0) status = STATUS_FAILED;
  }
  dispose(&self);
  return status;
}
