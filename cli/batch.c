/* batch.c - lines of stdin as jobs, so many at a time, and their results. */
#include "batch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "resume.h"
#include "status.h"

/* Ordered results that may wait for a slow one; beyond either nothing new is begun. */
enum { HELD_JOBS_MAX = 4096, HELD_BYTES_MAX = 16 << 20 };

/* ---------------------------------------------------------------- the end */

void batch_fail(batch *b, int status) {
  if (b->fatal == 0) b->fatal = status;
}

static void check_end(batch *b) {
  if (b->closed || b->active > 0 || !(b->input_ended || b->stopping)) return;
  b->closed = true;
  line_input_stop(&b->input);
  b->engine->close(b->data);
}

void batch_stop(batch *b) {
  b->stopping = true;
  line_input_stop(&b->input);
  check_end(b);
}

void batch_abort(batch *b) {
  if (b->aborting) return;
  b->aborting = true;
  b->stopping = true;
  line_input_stop(&b->input);
  if (!b->closed) b->engine->abort(b->data);
  check_end(b);
}

/*
 * The first signal ends in order, the second what runs. One more waits for nobody: not for who does not read stdout, nor
 * for who holds the pipes of a command that has ended.
 */
static void on_signal(int signum, void *data) {
  batch *b = data;
  const char *name = cp_signal_name(signum);
  bool first = b->signum == 0;
  if (first) b->signum = signum;
  if (first && !b->closed) {
    say("%s: no line after %" PRIu64 " is begun, and %u running are finished; once more aborts them", name,
        b->input.number, b->active);
    batch_stop(b);
  } else if (!first && !b->aborting && b->active > 0) {
    say("%s: %u running are aborted", name, b->active);
    batch_abort(b);
  } else if (!first) {
    uv_stop(&b->loop);
  }
}

/* ---------------------------------------------------------------- results */

void batch_print_err(batch *b, const char *bytes, size_t length) {
  if (length == 0) return;
  progress_hide(&b->progress);
  (void)fwrite(bytes, 1, length, stderr);
  (void)fflush(stderr);
}

static void fail_for_memory(batch *b) {
  if (b->fatal == 0) say("out of memory");
  batch_fail(b, STATUS_FAILED);
  batch_abort(b);
}

static void print_result(batch *b, const job_result *result) {
  if (!line_output_add_bytes(&b->output, result->out, result->out_length)) fail_for_memory(b);
  batch_print_err(b, result->err, result->err_length);
  if (result->message != NULL) say("%s", result->message);
}

static void dispose_job(batch_job *job) {
  buffer_dispose(&job->out);
  buffer_dispose(&job->err);
  buffer_dispose(&job->message);
  free(job);
}

static size_t held_bytes(const batch_job *job) { return job->length + job->out.length + job->err.length; }

/* An earlier line is not done yet. */
static void hold(batch *b, batch_job *job, const job_result *result) {
  job->finished = true;
  buffer_add(&job->out, result->out, result->out_length);
  buffer_add(&job->err, result->err, result->err_length);
  if (result->message != NULL) buffer_add(&job->message, result->message, strlen(result->message) + 1);
  if (job->out.failed || job->err.failed || job->message.failed) fail_for_memory(b);
  b->held++;
  b->held_bytes += held_bytes(job);
}

static void remove_first(batch *b) {
  batch_job *job = b->first;
  b->first = job->next;
  if (b->first == NULL) b->last = &b->first;
  dispose_job(job);
}

static void print_held(batch *b) {
  while (b->first != NULL && b->first->finished) {
    const batch_job *job = b->first;
    print_result(b, &(job_result){.out = job->out.bytes,
                                  .out_length = job->out.length,
                                  .err = job->err.bytes,
                                  .err_length = job->err.length,
                                  .message = job->message.bytes});
    b->held--;
    b->held_bytes -= held_bytes(job);
    remove_first(b);
  }
}

static void take_result(batch *b, batch_job *job, const job_result *result) {
  if (!b->options->pool.ordered) {
    print_result(b, result);
    dispose_job(job);
  } else if (job == b->first) {
    print_result(b, result);
    remove_first(b);
    print_held(b);
  } else {
    hold(b, job, result);
  }
}

static void count(batch *b, const batch_job *job, const job_result *result) {
  tally *t = &b->tally;
  b->active--;
  t->done_bytes += job->bytes;
  if (result->dropped)
    t->dropped++;
  else if (result->succeeded)
    t->succeeded++;
  else
    t->failed++;
}

/* ---------------------------------------------------------------- lines */

static bool has_room(const batch *b) {
  return b->active < b->slots && b->held < HELD_JOBS_MAX && b->held_bytes < HELD_BYTES_MAX &&
         !line_output_is_full(&b->output);
}

/* A job that ends in the call that began it comes back here while lines are given out: they go on by themselves. */
static void go_on(batch *b) {
  if (b->going_on) return;
  b->going_on = true;
  if (has_room(b)) line_input_resume(&b->input);
  b->going_on = false;
  check_end(b);
}

void batch_finish(batch_job *job, const job_result *result) {
  static const job_result nothing = {.dropped = true};
  batch *b = job->batch;
  pool_halt halt = b->options->pool.halt;
  bool failed = !result->dropped && !result->succeeded;
  count(b, job, result);
  take_result(b, job, result->dropped ? &nothing : result);
  if (failed && halt == HALT_NOW) batch_abort(b);
  if (failed && halt == HALT_SOON) batch_stop(b);
  go_on(b);
}

static bool is_skipped(const batch *b, const char *line, size_t length, uint64_t number) {
  if (line_set_has(&b->done, number)) return true;
  if (line == NULL || b->options->pool.null_ended) return false;
  return b->engine->skips_blanks ? line_is_blank(line, length) : length == 0;
}

/* NULL: out of memory. */
static batch_job *add_job(batch *b, const char *line, size_t length, uint64_t number) {
  batch_job *job = calloc(1, sizeof *job + length + 1);
  if (job == NULL) return NULL;
  job->batch = b;
  job->line = number;
  job->bytes = length + 1;
  job->length = length;
  if (length > 0) memcpy(job->text, line, length);
  if (!b->options->pool.ordered) return job;
  *b->last = job;
  b->last = &job->next;
  return job;
}

static void refuse_long_line(batch_job *job) {
  char text[64];
  (void)snprintf(text, sizeof text, "line %" PRIu64 ": longer than 2 GiB", job->line);
  batch_finish(job, &(job_result){.message = text});
}

static void on_line(const char *line, size_t length, uint64_t number, void *data) {
  batch *b = data;
  if (is_skipped(b, line, length, number)) {
    b->tally.skipped += line_set_has(&b->done, number);
    b->tally.skipped_bytes += length + 1;
    return;
  }
  batch_job *job = add_job(b, line, length, number);
  if (job == NULL) {
    fail_for_memory(b);
    return;
  }
  b->active++;
  if (line != NULL)
    b->engine->begin(job);
  else
    refuse_long_line(job);
  if (!has_room(b)) line_input_pause(&b->input);
}

static void on_input_end(int status, void *data) {
  batch *b = data;
  b->input_ended = true;
  if (status != 0) say("stdin: %s", cp_strerror(status));
  if (status != 0) batch_fail(b, STATUS_FAILED);
  check_end(b);
}

/* ---------------------------------------------------------------- stdout */

static void on_room(void *data) { go_on(data); }

/* A reader that has what it wants is no reason for words. */
static void on_output_error(int status, void *data) {
  batch *b = data;
  if (status != UV_EPIPE) say("stdout: %s", cp_strerror(status));
  batch_fail(b, STATUS_FAILED);
  batch_abort(b);
}

/* The bar and the results may share a terminal. */
static void before_write(void *data) {
  batch *b = data;
  progress_hide(&b->progress);
}

/* ---------------------------------------------------------------- the life of it */

/* Bytes of stdin that are still to be read, if it is a file; 0: who knows. */
static uint64_t input_bytes(void) {
  struct stat info;
  if (fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
  return at >= 0 && info.st_size > at ? (uint64_t)(info.st_size - at) : 0;
}

static int start_progress(batch *b) {
  const run_options *options = b->options;
  bool terminal = isatty(STDERR_FILENO) == 1, never = options->pool.progress == PROGRESS_NEVER;
  bool bar = options->pool.progress == PROGRESS_ALWAYS || (terminal && !never && !options->quiet);
  b->tally.total_bytes = input_bytes();
  b->progress = (progress){.tally = &b->tally,
                           .places = (unsigned)options->pool.size,
                           .place_name = b->engine->place,
                           .places_name = b->engine->places,
                           .cell = b->engine->cell,
                           .data = b->data,
                           .bar = bar,
                           .lines = !bar && !never};
  if (bar) say_after(progress_hide, &b->progress);
  int rc = progress_start(&b->progress, &b->loop);
  if (rc != 0) say("the progress: %s", cp_strerror(rc));
  return rc;
}

static int start_streams(batch *b) {
  b->input =
      (line_input){.on_line = on_line, .on_end = on_input_end, .data = b, .null_ended = b->options->pool.null_ended};
  b->output = (line_output){.on_room = on_room, .on_error = on_output_error, .data = b};
  if (isatty(STDOUT_FILENO) == 1) b->output.before_write = before_write;
  int rc = line_output_start(&b->output, &b->loop, STDOUT_FILENO);
  if (rc != 0) say("stdout: %s", cp_strerror(rc));
  if (rc != 0) return rc;
  rc = line_input_start(&b->input, &b->loop, STDIN_FILENO);
  if (rc != 0) say("stdin: %s", cp_strerror(rc));
  return rc;
}

static int start(batch *b, int (*open)(struct batch *self)) {
  b->last = &b->first;
  b->interrupter = (interrupter){.on_signal = on_signal, .data = b};
  int rc = interrupter_start(&b->interrupter, &b->loop);
  if (rc != 0) say("signals: %s", cp_strerror(rc));
  if (rc == 0) rc = open(b);
  if (rc == 0) rc = start_streams(b);
  return rc == 0 ? start_progress(b) : rc;
}

static void stop_handles(batch *b) {
  interrupter_stop(&b->interrupter);
  progress_stop(&b->progress);
  say_after(NULL, NULL);
  line_input_stop(&b->input);
  line_output_stop(&b->output);
}

/* The second run closes; what waits for stdout is written by the first one. */
static void run_loop(batch *b, int (*open)(struct batch *self)) {
  bool started = start(b, open) == 0;
  if (!started) batch_fail(b, STATUS_FAILED);
  if (!started) batch_abort(b);
  (void)uv_run(&b->loop, UV_RUN_DEFAULT);
  stop_handles(b);
  b->engine->free(b->data);
  (void)uv_run(&b->loop, UV_RUN_DEFAULT);
  b->tally.dropped += b->active; /* left behind */
  if (started) progress_summary(&b->progress);
  line_input_dispose(&b->input);
  line_output_dispose(&b->output);
}

static int status_of(const batch *b) {
  if (b->signum != 0) return STATUS_SIGNAL_BASE + b->signum;
  if (b->fatal != 0) return b->fatal;
  return b->tally.failed > 0 ? STATUS_SOME_FAILED : 0;
}

static int open_files(batch *b) {
  const pool_options *pool = &b->options->pool;
  if (pool->resume_file != NULL && resume_read(pool->resume_file, STDOUT_FILENO, &b->done) != 0) return -1;
  if (pool->trace_file == NULL || batch_trace_open(&b->trace, pool->trace_file, (unsigned)pool->size) == 0) return 0;
  say("--trace %s: %s", pool->trace_file, strerror(errno));
  return -1;
}

static void close_files(batch *b) {
  if (batch_trace_close(&b->trace) != 0) {
    say("--trace %s: it could not be written", b->options->pool.trace_file);
    batch_fail(b, STATUS_FAILED);
  }
  line_set_dispose(&b->done);
}

int batch_run(batch *b, int (*open)(struct batch *self)) {
  int rc = open_files(b) == 0 ? uv_loop_init(&b->loop) : -1;
  if (rc == 0) {
    run_loop(b, open);
    (void)uv_loop_close(&b->loop);
  } else {
    batch_fail(b, STATUS_FAILED);
  }
  close_files(b);
  return status_of(b);
}
