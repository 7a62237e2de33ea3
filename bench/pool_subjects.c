/* pool_subjects.c - pools of this library, and the bare channels below them. */
#include "pool_subjects.h"

#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { WORKERS_MAX = 64, IN_FLIGHT = 100 };

struct pool_run {
  const pool_method *method;
  const pool_job *job;
  uv_loop_t loop;
  cp_pool *pool;
  cp_child *children[WORKERS_MAX]; /* POOL_CHANNELS */
  long to_submit, to_finish;
  bool failed;
};

static void fail(pool_run *run, const char *what) {
  (void)fprintf(stderr, "pool: %s: %s\n", run->method->name, what);
  run->failed = true;
  uv_stop(&run->loop);
}

static size_t make_task(const pool_run *run, char *text, size_t size) {
  return (size_t)snprintf(text, size, "{\"ms\":%d,\"n\":%ld}", run->job->ms, run->to_submit);
}

static void count_one(pool_run *run) {
  if (--run->to_finish == 0) uv_stop(&run->loop);
}

/* ---------------------------------------------------------------- pools */

static void submit_next(pool_run *run);

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  pool_run *run = data;
  size_t length;
  (void)pool;
  if (outcome->status != 0 || cp_outcome_json(outcome, &length) == NULL) {
    fail(run, outcome->status != 0 ? outcome->error : "no result");
    return;
  }
  if (run->to_submit > 0) submit_next(run);
  count_one(run);
}

static void submit_next(pool_run *run) {
  char text[64];
  size_t length = make_task(run, text, sizeof text);
  run->to_submit--;
  int rc = cp_pool_submit_json(run->pool, text, length, &(cp_task_options){.cb = on_outcome, .data = run});
  if (rc < 0) fail(run, cp_strerror(rc));
}

static int open_pool(pool_run *run, const char *module, const char *const *args, const cp_options *worker) {
  cp_pool_options options = {.size = run->job->workers, .worker = worker, .high_water = SIZE_MAX};
  if (run->method->way == POOL_MANY) {
    options.protocol = CP_POOL_ENVELOPE;
    options.in_flight = IN_FLIGHT;
  }
  return cp_pool_open(&run->pool, &run->loop, module, args, &options);
}

/* ---------------------------------------------------------------- bare channels */

static bool send_next(pool_run *run, cp_channel *channel) {
  char text[64];
  size_t length = make_task(run, text, sizeof text);
  run->to_submit--;
  if (cp_send_json(channel, text, length, NULL) >= 0) return true;
  fail(run, "send");
  return false;
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  pool_run *run = data;
  (void)message;
  if (run->to_submit > 0) (void)send_next(run, cp_child_channel(child));
  count_one(run);
}

static int open_channels(pool_run *run, const char *module, const cp_options *worker) {
  cp_options options = *worker;
  options.on_message = on_message;
  options.data = run;
  for (unsigned i = 0; i < run->job->workers; i++) {
    int rc = cp_fork(&run->children[i], &run->loop, module, NULL, &options);
    if (rc != 0) return rc;
  }
  return 0;
}

/* ---------------------------------------------------------------- runs */

pool_run *pool_start(const pool_method *method, const pool_job *job) {
  pool_run *run = calloc(1, sizeof *run);
  if (run == NULL || uv_loop_init(&run->loop) != 0) abort();
  run->method = method;
  run->job = job;
  bool many = method->way == POOL_MANY;
  const char *script = many ? BENCH_WORKERS "/pool/envelope.js" : BENCH_WORKERS "/pool/plain.js";
  const char *module = method->program != NULL ? script : BENCH_PROGRAMS "/pool_worker";
  const char *const *args = many && method->program == NULL ? CP_ARGS("envelope") : NULL;
  cp_options worker = {.exec_path = method->program, .die_with_parent = SIGKILL};
  int rc = method->way == POOL_CHANNELS ? open_channels(run, module, &worker) : open_pool(run, module, args, &worker);
  if (rc == 0 && pool_measure(run, 200) > 0) return run; /* the workers have started */
  if (rc != 0) fail(run, cp_strerror(rc));
  pool_stop(run);
  return NULL;
}

static void begin(pool_run *run) {
  if (run->method->way == POOL_CHANNELS) {
    for (unsigned i = 0; i < run->job->workers && run->to_submit > 0; i++)
      (void)send_next(run, cp_child_channel(run->children[i]));
    return;
  }
  for (long i = run->job->window; i > 0 && run->to_submit > 0; i--) submit_next(run);
}

double pool_measure(pool_run *run, long n) {
  uint64_t start = bench_now_ns();
  run->to_submit = run->to_finish = n;
  begin(run);
  while (!run->failed && run->to_finish > 0) (void)uv_run(&run->loop, UV_RUN_DEFAULT);
  return run->failed ? -1 : (double)n * 1e9 / (double)(bench_now_ns() - start);
}

void pool_stop(pool_run *run) {
  if (run == NULL) return;
  cp_pool_free(run->pool);
  for (unsigned i = 0; i < run->job->workers; i++) {
    if (run->children[i] == NULL) continue;
    (void)cp_child_kill(run->children[i], SIGKILL);
    cp_child_free(run->children[i]);
  }
  (void)cp_loop_release(&run->loop);
  (void)uv_run(&run->loop, UV_RUN_DEFAULT);
  (void)uv_loop_close(&run->loop);
  free(run);
}

/* ---------------------------------------------------------------- the CPUs alone */

static void spin(const pool_job *job, long n) {
  for (; n > 0; n--) {
    uint64_t end = bench_now_ns() + (uint64_t)job->ms * 1000000;
    while (bench_now_ns() < end) {
    }
  }
}

double pool_cpus(const pool_job *job, long n) {
  uint64_t start = bench_now_ns();
  pid_t pids[WORKERS_MAX];
  for (unsigned i = 0; i < job->workers; i++) {
    pids[i] = fork();
    if (pids[i] < 0) return -1;
    if (pids[i] > 0) continue;
    spin(job, n / job->workers + (i < n % job->workers ? 1 : 0));
    _exit(0);
  }
  for (unsigned i = 0; i < job->workers; i++) (void)waitpid(pids[i], NULL, 0);
  return (double)n * 1e9 / (double)(bench_now_ns() - start);
}
