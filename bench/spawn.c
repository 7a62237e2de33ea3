/*
 * spawn.c - what starting a process costs.
 *
 * Cases: {sync, async, stall} x {a program without libc, /bin/true} x {stdio ignored, piped} x the parent's memory.
 * The foreign runtimes hold as much memory as this process does. Where that is much, one of them is alive at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballast.h"
#include "harness.h"
#include "report.h"
#include "spawn_subjects.h"
#include "worker.h"

enum { SUBJECTS_MAX = 16, REQUEST_BYTES = 1024, TOGETHER_MAX_GIB = 1, ROUNDS = 11, QUICK_ROUNDS = 5 };

static const char *const tiny = BENCH_PROGRAMS "/tiny";

typedef struct program {
  const char *name, *path;
} program;

/* A worker that does the job of the case. */
typedef struct foreign {
  bench_worker *worker;
  const spawn_job *job;
} foreign;

typedef struct local {
  const spawn_method *method;
  const spawn_job *job;
} local;

/* Who takes part. */
typedef struct group {
  int gib;
  bench_worker *workers[BENCH_PEER_COUNT];
  bool only_workers; /* the C subjects have been measured already: only the limit and ours go along */
} group;

static double measure_local(void *data, long n) {
  const local *l = data;
  return spawn_measure(l->method, l->job, n);
}

static double measure_foreign(void *data, long n) {
  const foreign *f = data;
  char request[REQUEST_BYTES];
  (void)snprintf(request, sizeof request, "%s %s %ld %s", spawn_kind_names[f->job->kind],
                 f->job->pipes ? "pipe" : "ignore", n, f->job->program);
  return worker_ask(f->worker, request);
}

static bench_case make_case(const bench_options *options) {
  int rounds = options->quick ? QUICK_ROUNDS : ROUNDS;
  return (bench_case){.bench = "spawn",
                      .unit = "us",
                      .budget_us = options->quick ? 20000 : 100000,
                      .min_n = 3,
                      .slices = 5,
                      .max_n = 2000,
                      .rounds = options->rounds > 0 ? options->rounds : rounds,
                      .only = options->only};
}

/* ---------------------------------------------------------------- one case */

static size_t add_locals(bench_subject *subjects, local *locals, const group *g, const spawn_job *job) {
  size_t count = 0;
  for (int i = 0; i < spawn_method_count; i++) {
    const spawn_method *method = &spawn_methods[i];
    bool wanted = i == 0 || method == spawn_own_method(job->kind) || !g->only_workers;
    if (!method->kinds[job->kind] || !wanted) continue;
    locals[count] = (local){method, job};
    subjects[count] = (bench_subject){.measure = measure_local, .data = &locals[count], .unlisted = g->only_workers};
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s", method->name);
    count++;
  }
  return count;
}

static size_t add_foreigners(bench_subject *subjects, foreign *foreigners, const group *g, const spawn_job *job) {
  size_t count = 0;
  for (int i = 0; i < BENCH_PEER_COUNT; i++) {
    if (g->workers[i] == NULL) continue;
    foreigners[count] = (foreign){g->workers[i], job};
    subjects[count] = (bench_subject){.measure = measure_foreign, .data = &foreigners[count]};
    worker_name(g->workers[i], job->kind == SPAWN_SYNC, subjects[count].name, sizeof subjects[count].name);
    count++;
  }
  return count;
}

static void run_case(const bench_options *options, const group *g, const spawn_job *job, const program *p) {
  bench_subject subjects[SUBJECTS_MAX];
  local locals[SUBJECTS_MAX];
  foreign foreigners[BENCH_PEER_COUNT];
  bench_case c = make_case(options);
  (void)snprintf(c.name, sizeof c.name, "%s %s %s rss=%d", spawn_kind_names[job->kind], p->name,
                 job->pipes ? "pipe" : "ignore", g->gib);
  size_t count = add_locals(subjects, locals, g, job);
  count += add_foreigners(subjects + count, foreigners, g, job);
  bench_run(&c, subjects, count);
}

/* The loop is blocked for as long whatever the program does later, so one program is enough there. */
static void run_cases(const bench_options *options, const group *g, uv_loop_t *loop) {
  const program programs[] = {{"tiny", tiny}, {"true", "/bin/true"}};
  for (spawn_kind kind = SPAWN_SYNC; kind < SPAWN_KINDS; kind++)
    for (int i = 0; i < (kind == SPAWN_STALL ? 1 : 2); i++)
      for (int pipes = 0; pipes < 2; pipes++) {
        spawn_job job = {.kind = kind, .program = programs[i].path, .pipes = pipes, .loop = loop};
        run_case(options, g, &job, &programs[i]);
      }
}

/* ---------------------------------------------------------------- the parent's memory */

static bench_worker *start_peer(int index, int gib) {
  char size[16];
  (void)snprintf(size, sizeof size, "%d", gib);
  return worker_start_peer(&bench_peers[index], BENCH_WORKERS, "spawn", size, NULL);
}

static void run_together(const bench_options *options, int gib, uv_loop_t *loop) {
  group g = {.gib = gib};
  for (int i = 0; i < BENCH_PEER_COUNT; i++) g.workers[i] = start_peer(i, gib);
  run_cases(options, &g, loop);
  for (int i = 0; i < BENCH_PEER_COUNT; i++) worker_stop(g.workers[i]);
}

static void run_in_turn(const bench_options *options, int gib, uv_loop_t *loop) {
  run_cases(options, &(group){.gib = gib}, loop);
  for (int i = 0; i < BENCH_PEER_COUNT; i++) {
    group g = {.gib = gib, .only_workers = true};
    g.workers[i] = start_peer(i, gib);
    if (g.workers[i] != NULL) run_cases(options, &g, loop);
    worker_stop(g.workers[i]);
  }
}

static void run_size(const bench_options *options, int gib, uv_loop_t *loop) {
  if (ballast_hold(gib) != 0) {
    (void)fprintf(stderr, "skipped: rss=%d: there is not so much memory\n", gib);
    return;
  }
  if (gib <= TOGETHER_MAX_GIB)
    run_together(options, gib, loop);
  else
    run_in_turn(options, gib, loop);
  report_print(options->json);
}

/* ---------------------------------------------------------------- growth: ours against itself */

static void run_growth_case(const bench_options *options, bench_worker *const *workers, spawn_kind kind) {
  bench_subject subjects[BENCH_RSS_MAX];
  foreign foreigners[BENCH_RSS_MAX];
  spawn_job job = {.kind = kind, .program = tiny};
  bench_case c = make_case(options);
  (void)snprintf(c.name, sizeof c.name, "growth %s tiny ignore", spawn_kind_names[kind]);
  for (int i = 0; i < options->rss_count; i++) {
    foreigners[i] = (foreign){workers[i], &job};
    subjects[i] = (bench_subject){.measure = measure_foreign, .data = &foreigners[i]};
    (void)snprintf(subjects[i].name, sizeof subjects[i].name, "%s rss=%d", spawn_own_method(kind)->name,
                   options->rss_gib[i]);
  }
  bench_run(&c, subjects, (size_t)options->rss_count);
}

/* Copies of this program, each with another size, take turns within each round. */
static void run_growth(const bench_options *options, const char *self) {
  bench_worker *workers[BENCH_RSS_MAX] = {0};
  bool ready = ballast_hold(0) == 0;
  for (int i = 0; ready && i < options->rss_count; i++) {
    char size[16];
    (void)snprintf(size, sizeof size, "%d", options->rss_gib[i]);
    const char *const args[] = {"--worker", size, NULL};
    workers[i] = worker_start(self, args);
    ready = workers[i] != NULL;
  }
  for (spawn_kind kind = SPAWN_SYNC; ready && kind < SPAWN_KINDS; kind++) run_growth_case(options, workers, kind);
  for (int i = 0; i < options->rss_count; i++) worker_stop(workers[i]);
  report_print(options->json);
}

/* ---------------------------------------------------------------- as a worker */

static double answer(char *request, uv_loop_t *loop) {
  char kind[16], stdio[16], path[REQUEST_BYTES];
  long n;
  spawn_job job = {.program = path, .loop = loop};
  if (sscanf(request, "%15s %15s %ld %1023[^\n]", kind, stdio, &n, path) != 4) return -1;
  while (job.kind < SPAWN_STALL && strcmp(kind, spawn_kind_names[job.kind]) != 0) job.kind++;
  job.pipes = strcmp(stdio, "pipe") == 0;
  return spawn_measure(spawn_own_method(job.kind), &job, n);
}

static int serve(uv_loop_t *loop, int gib) {
  char request[REQUEST_BYTES * 2];
  if (ballast_hold(gib) != 0) return 1;
  puts("ready libchild_process - cp_spawn_sync cp_spawn");
  while (fflush(stdout) == 0 && fgets(request, sizeof request, stdin) != NULL) printf("%f\n", answer(request, loop));
  return 0;
}

int main(int argc, char **argv) {
  bench_options options;
  uv_loop_t loop;
  bench_options_read(&options, argc, argv);
  if (uv_loop_init(&loop) != 0) return 1;
  if (options.worker_gib >= 0) return serve(&loop, options.worker_gib);
  for (int i = 0; i < options.rss_count; i++) run_size(&options, options.rss_gib[i], &loop);
  if (options.rss_count > 1) run_growth(&options, "/proc/self/exe");
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}
