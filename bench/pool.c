/*
 * pool.c - what a pool of workers costs, and what commands run for each line of a list do.
 *
 * Cases: empty tasks and tasks of 1 ms with as many workers as there are CPUs, 1000 tasks submitted at a time; one empty
 * task at a time with one worker; and /bin/true for each line.
 */
#include <child_process.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "pool_subjects.h"
#include "report.h"
#include "worker.h"

enum { ROUNDS = 9, QUICK_ROUNDS = 3, SUBJECTS_MAX = 20, LINE_BYTES = 512, LINES = 400 };

static const pool_method methods[] = {
    {"cp_fork, no pool", POOL_CHANNELS, NULL},
    {"cp_pool, C workers", POOL_PLAIN, NULL},
    {"cp_pool, C workers, 100 in flight", POOL_MANY, NULL},
    {"cp_fork, no pool, node workers", POOL_CHANNELS, "node"},
    {"cp_pool, node workers", POOL_PLAIN, "node"},
    {"cp_pool, node workers, 100 in flight", POOL_MANY, "node"},
};
enum { METHODS = sizeof methods / sizeof *methods };

/* Pools of other runtimes, and ours in Node.js. */
static const struct foreign_pool {
  const char *program, *script, *name;
} foreign_pools[] = {
    {"node", "pool.js", "drop-in"},
    {"node", "pool.js", "drop-in-envelope"},
    {"node", "pool.js", "tinypool"},
    {"node", "pool.js", "workerpool"},
    {"node", "pool.js", "jest-worker"},
    {"python3", "pool.py", "multiprocessing.Pool"},
    {"python3", "pool.py", "concurrent.futures"},
};
enum { FOREIGN_POOLS = sizeof foreign_pools / sizeof *foreign_pools };

typedef struct foreign {
  bench_worker *worker;
  const pool_job *job;
} foreign;

static double measure_own(void *data, long n) { return pool_measure(data, n); }
static double measure_cpus(void *data, long n) { return pool_cpus(data, n); }

static double measure_foreign(void *data, long n) {
  const foreign *f = data;
  char request[64];
  (void)snprintf(request, sizeof request, "%d %d %ld", f->job->ms, f->job->window, n);
  return worker_ask(f->worker, request);
}

/* ---------------------------------------------------------------- tasks */

static bench_case make_case(const bench_options *options, const char *name) {
  bench_case c = {.bench = "pool",
                  .unit = "tasks/s",
                  .rate = true,
                  .budget_us = options->quick ? 200000 : 500000,
                  .min_n = 200,
                  .max_n = 1000000,
                  .rounds = options->rounds > 0 ? options->rounds
                            : options->quick    ? QUICK_ROUNDS
                                                : ROUNDS,
                  .slices = 1,
                  .only = options->only};
  (void)snprintf(c.name, sizeof c.name, "%s", name);
  return c;
}

static bench_worker *start_foreign(const struct foreign_pool *pool, unsigned workers) {
  char script[LINE_BYTES], size[16];
  (void)snprintf(script, sizeof script, "%s/%s", BENCH_WORKERS, pool->script);
  (void)snprintf(size, sizeof size, "%u", workers);
  const char *const args[] = {script, pool->name, BENCH_PEERS, size, NULL};
  return worker_start(pool->program, args);
}

static size_t add_own(bench_subject *subjects, pool_run **runs, const pool_job *job) {
  size_t count = 0;
  for (int i = 0; i < METHODS; i++) {
    pool_run *run = pool_start(&methods[i], job);
    if (run == NULL) continue;
    subjects[count] = (bench_subject){.measure = measure_own, .data = run};
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s", methods[i].name);
    runs[count++] = run;
  }
  return count;
}

static size_t add_foreign(bench_subject *subjects, foreign *foreigners, const pool_job *job) {
  size_t count = 0;
  for (int i = 0; i < FOREIGN_POOLS; i++) {
    bench_worker *worker = start_foreign(&foreign_pools[i], job->workers);
    if (worker == NULL) continue;
    foreigners[count] = (foreign){worker, job};
    subjects[count] = (bench_subject){.measure = measure_foreign, .data = &foreigners[count]};
    worker_name(worker, true, subjects[count].name, sizeof subjects[count].name);
    count++;
  }
  return count;
}

static void run_tasks(const bench_options *options, const char *name, const pool_job *job) {
  bench_subject subjects[SUBJECTS_MAX];
  pool_run *runs[METHODS];
  foreign foreigners[FOREIGN_POOLS];
  bench_case c = make_case(options, name);
  if (options->only != NULL && strstr(name, options->only) == NULL) return;
  size_t first = 0;
  if (job->ms > 0) subjects[first++] = (bench_subject){"CPUs", measure_cpus, (void *)job, false};
  size_t own = add_own(subjects + first, runs, job);
  size_t others = add_foreign(subjects + first + own, foreigners, job);
  bench_run(&c, subjects, first + own + others);
  for (size_t i = 0; i < own; i++) pool_stop(runs[i]);
  for (size_t i = 0; i < others; i++) worker_stop(foreigners[i].worker);
  report_print(options->json);
}

/* ---------------------------------------------------------------- commands */

typedef struct command {
  const char *name, *line; /* a script; $1: so many lines, $2: so many at a time */
} command;

static const command commands[] = {
    {"xargs -P", "seq \"$1\" | xargs -P \"$2\" -n 1 /bin/true"},
    {"cp child-process pool --exec", "seq \"$1\" | " BENCH_CLI " pool --exec '/bin/true {}' -n \"$2\" --quiet"},
    {"parallel", "seq \"$1\" | parallel --will-cite -j \"$2\" /bin/true"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static double measure_command(void *data, long n) {
  const command *c = data;
  char lines[16], jobs[16];
  cp_result result;
  (void)snprintf(lines, sizeof lines, "%ld", n);
  (void)snprintf(jobs, sizeof jobs, "%u", cp_available_cpus());
  uint64_t start = bench_now_ns();
  cp_options options = {.shell = CP_SHELL, .shell_positional = true};
  int rc = cp_exec_file_sync(&result, c->line, CP_ARGS(lines, jobs), &options);
  cp_result_dispose(&result);
  return rc == 0 ? (double)n * 1e9 / (double)(bench_now_ns() - start) : -1;
}

static bool is_there(const command *c) {
  char *path = NULL;
  bool there = strcmp(c->name, "parallel") != 0 || cp_which(&path, "parallel", NULL) == 0;
  if (!there) (void)fputs("parallel is not there and is left out (script/bench --peers)\n", stderr);
  cp_free(path);
  return there;
}

static void run_commands(const bench_options *options) {
  bench_subject subjects[COMMANDS];
  size_t count = 0;
  bench_case c = make_case(options, "/bin/true for each line");
  c.unit = "commands/s";
  c.min_n = LINES;
  for (int i = 0; i < COMMANDS; i++) {
    if (!is_there(&commands[i])) continue;
    subjects[count] = (bench_subject){.measure = measure_command, .data = (void *)&commands[i]};
    (void)snprintf(subjects[count++].name, sizeof subjects[0].name, "%s", commands[i].name);
  }
  bench_run(&c, subjects, count);
  report_print(options->json);
}

int main(int argc, char **argv) {
  bench_options options;
  bench_options_read(&options, argc, argv);
  unsigned cpus = cp_available_cpus();
  const pool_job empty = {cpus, 0, POOL_WINDOW}, work = {cpus, 1, POOL_WINDOW}, single = {1, 0, 1};
  run_tasks(&options, "empty tasks", &empty);
  run_tasks(&options, "tasks of 1 ms", &work);
  run_tasks(&options, "one empty task at a time", &single);
  run_commands(&options);
  return 0;
}
