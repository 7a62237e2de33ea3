/* pipe.c - how fast bytes come out of a child. The same writer feeds all subjects. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "pipe_subjects.h"
#include "report.h"
#include "worker.h"

enum { SUBJECTS_MAX = 12, ROUNDS = 11, QUICK_ROUNDS = 5, REQUEST_BYTES = 64 };

typedef struct route {
  const char *name;
  const char *request; /* what the workers are asked for */
  long min_mib, max_mib;
} route;

static const route routes[PIPE_ROUTES] = {
    [PIPE_CALLBACK] = {"callback", "callback", 64, 4096}, [PIPE_NULL] = {"to /dev/null", "null", 64, 8192},
    [PIPE_FILE] = {"to a file", "file", 64, 512},         [PIPE_PIPE] = {"to a pipe", "pipe", 64, 4096},
    [PIPE_JOIN] = {"child to child", "join", 64, 4096},   [PIPE_CAPTURE] = {"capture 64 MiB", "capture", 64, 64},
};

typedef struct local {
  const pipe_method *method;
  const pipe_job *job;
} local;

typedef struct foreign {
  bench_worker *worker;
  const char *request;
} foreign;

static double measure_local(void *data, long mib) {
  const local *l = data;
  uint64_t start_ns = bench_now_ns();
  if (l->method->move(l->job, mib) != 0) return -1;
  return (double)mib * 1e9 / (double)(bench_now_ns() - start_ns);
}

static double measure_foreign(void *data, long mib) {
  const foreign *f = data;
  char request[REQUEST_BYTES];
  (void)snprintf(request, sizeof request, "%s %ld", f->request, mib);
  return worker_ask(f->worker, request);
}

static size_t add_locals(bench_subject *subjects, local *locals, pipe_route wanted, const pipe_job *job) {
  size_t count = 0;
  for (int i = 0; i < pipe_method_count; i++) {
    if (pipe_methods[i].route != wanted) continue;
    locals[count] = (local){&pipe_methods[i], job};
    subjects[count] = (bench_subject){.measure = measure_local, .data = &locals[count]};
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s", pipe_methods[i].name);
    count++;
  }
  return count;
}

static size_t add_foreigners(bench_subject *subjects, foreign *foreigners, pipe_route wanted,
                             bench_worker *const *workers) {
  size_t count = 0;
  for (int i = 0; i < BENCH_PEER_COUNT; i++) {
    if (workers[i] == NULL) continue;
    foreigners[count] = (foreign){workers[i], routes[wanted].request};
    subjects[count] = (bench_subject){.measure = measure_foreign, .data = &foreigners[count]};
    worker_name(workers[i], wanted == PIPE_CAPTURE, subjects[count].name, sizeof subjects[count].name);
    count++;
  }
  return count;
}

static void run_route(const bench_options *options, pipe_route wanted, const pipe_job *job,
                      bench_worker *const *workers) {
  bench_subject subjects[SUBJECTS_MAX];
  local locals[SUBJECTS_MAX];
  foreign foreigners[BENCH_PEER_COUNT];
  int rounds = options->quick ? QUICK_ROUNDS : ROUNDS;
  bench_case c = {.bench = "pipe",
                  .unit = "MiB/s",
                  .rate = true,
                  .slices = 1,
                  .budget_us = options->quick ? 60000 : 300000,
                  .min_n = routes[wanted].min_mib,
                  .max_n = routes[wanted].max_mib,
                  .rounds = options->rounds > 0 ? options->rounds : rounds,
                  .only = options->only};
  (void)snprintf(c.name, sizeof c.name, "%s", routes[wanted].name);
  size_t count = add_locals(subjects, locals, wanted, job);
  if (wanted != PIPE_PIPE) count += add_foreigners(subjects + count, foreigners, wanted, workers);
  bench_run(&c, subjects, count);
}

static int make_file(char *path, size_t size) {
  (void)snprintf(path, size, "/tmp/bench-pipe-XXXXXX");
  int fd = mkstemp(path);
  if (fd < 0) return -1;
  (void)close(fd);
  return 0;
}

int main(int argc, char **argv) {
  bench_options options;
  uv_loop_t loop;
  char file[64];
  bench_worker *workers[BENCH_PEER_COUNT];
  bench_options_read(&options, argc, argv);
  if (uv_loop_init(&loop) != 0 || make_file(file, sizeof file) != 0) return 1;
  pipe_job job = {.loop = &loop, .writer = BENCH_PROGRAMS "/writer", .file = file};
  for (int i = 0; i < BENCH_PEER_COUNT; i++)
    workers[i] = worker_start_peer(&bench_peers[i], BENCH_WORKERS, "pipe", job.writer, file);
  for (pipe_route wanted = PIPE_CALLBACK; wanted < PIPE_ROUTES; wanted++) run_route(&options, wanted, &job, workers);
  for (int i = 0; i < BENCH_PEER_COUNT; i++) worker_stop(workers[i]);
  report_print(options.json);
  (void)unlink(file);
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}
