/* ipc.c - messages between a program and its child: how long one takes, how many a second, how large, how much memory. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "ipc_subjects.h"
#include "report.h"
#include "worker.h"

enum {
  METHODS_MAX = 16,
  SUBJECTS_MAX = 40,
  PEERS = BENCH_PEER_COUNT + 1, /* and Deno */
  ROUNDS = 11,
  SLOW_ROUNDS = 5,
  QUICK_ROUNDS = 5,
  QUICK_SLOW_ROUNDS = 3,
  REQUEST_BYTES = 96,
  MIN_TRIPS = 20,
  LARGE_BYTES = 1 << 20 /* from here on messages are slow */
};

static const char *const deno = BENCH_PEERS "/@deno/linux-x64-glibc/deno";
static const char *const serializations[] = {"json", "advanced"};

/* The first is the limit. Those to Node come when it is known which there are. */
static ipc_method methods[METHODS_MAX] = {
    {"socketpair", IPC_RAW, CP_SERIALIZATION_JSON, NULL},
    {"cp_fork json text", IPC_TEXT, CP_SERIALIZATION_JSON, NULL},
    {"cp_fork json", IPC_VALUE, CP_SERIALIZATION_JSON, NULL},
    {"cp_fork advanced", IPC_VALUE, CP_SERIALIZATION_ADVANCED, NULL},
    {"cp_fork advanced Buffer", IPC_BUFFER, CP_SERIALIZATION_ADVANCED, NULL},
};
static size_t method_count = 5;
static char names[METHODS_MAX][BENCH_NAME_BYTES];

typedef struct row_case {
  const char *name, *unit;
  ipc_route route;
  size_t bytes;
  bool rate;
  bool optional; /* only with --large */
} row_case;

static const row_case cases[] = {
    {"round trip 100 B", "us", IPC_TRIP, 100, false, false},
    {"echo 100 B, 1000 under way", "messages/s", IPC_ECHO, 100, true, false},
    {"one way 100 B", "messages/s", IPC_ONE_WAY, 100, true, false},
    {"transfer 100 B", "us", IPC_SIZE, 100, false, false},
    {"transfer 10 kB", "us", IPC_SIZE, 10000, false, false},
    {"transfer 1 MB", "us", IPC_SIZE, 1000000, false, false},
    {"transfer 64 MB", "us", IPC_SIZE, 64000000, false, false},
    {"transfer 1 GB", "us", IPC_SIZE, 1000000000, false, true},
    {"memory of the sender, 64 MB", "messages", IPC_SENDER, 64000000, false, false},
    {"memory of the receiver, 64 MB", "messages", IPC_RECEIVER, 64000000, false, false},
    {"memory of the sender, 1 GB", "messages", IPC_SENDER, 1000000000, false, true},
    {"memory of the receiver, 1 GB", "messages", IPC_RECEIVER, 1000000000, false, true},
    {"sockets", "sockets/s", IPC_HANDLES, 20, true, false},
};

typedef struct foreign {
  bench_worker *worker;
  const row_case *row;
  int serialization;
} foreign;

static double measure_local(void *data, long n) { return ipc_measure(data, n); }

static double measure_foreign(void *data, long n) {
  const foreign *f = data;
  char request[REQUEST_BYTES];
  (void)snprintf(request, sizeof request, "%s %s %zu %ld", ipc_route_names[f->row->route],
                 serializations[f->serialization], f->row->bytes, n);
  return worker_ask(f->worker, request);
}

/* Ends the worker's child: it is in nobody's way then. */
static void rest(bench_worker *worker) {
  if (worker != NULL) (void)worker_ask(worker, "rest json 0 0");
}

static size_t add_locals(bench_subject *subjects, const row_case *row) {
  size_t count = 0;
  for (size_t i = 0; i < method_count; i++) {
    if (!ipc_has(&methods[i], row->route)) continue;
    subjects[count].data = ipc_open(&methods[i], row->route, row->bytes);
    subjects[count].measure = measure_local;
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s", methods[i].name);
    count++;
  }
  return count;
}

static size_t add_foreigners(bench_subject *subjects, foreign *foreigners, bench_worker *const *workers,
                             const row_case *row) {
  size_t count = 0;
  for (int i = 0; i < PEERS * 2; i++) {
    bench_worker *worker = workers[i / 2];
    char name[BENCH_NAME_BYTES / 2];
    if (worker == NULL) continue;
    foreigners[count] = (foreign){worker, row, i % 2};
    subjects[count] = (bench_subject){.measure = measure_foreign, .data = &foreigners[count]};
    worker_name(worker, false, name, sizeof name);
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s %s", name, serializations[i % 2]);
    count++;
  }
  return count;
}

static int rounds_of(const bench_options *options, const row_case *row) {
  bool slow = row->bytes >= LARGE_BYTES;
  if (options->rounds > 0) return options->rounds;
  if (options->quick) return slow ? QUICK_SLOW_ROUNDS : QUICK_ROUNDS;
  return slow ? SLOW_ROUNDS : ROUNDS;
}

static long min_n_of(const row_case *row) {
  if (row->rate) return IPC_WINDOW;
  return row->bytes < LARGE_BYTES ? MIN_TRIPS : 1;
}

static void run_case(const bench_options *options, bench_worker *const *workers, const row_case *row) {
  bench_subject subjects[SUBJECTS_MAX] = {0};
  foreign foreigners[PEERS * 2];
  bool is_memory = row->route == IPC_SENDER || row->route == IPC_RECEIVER;
  if (row->optional && !options->large) return;
  if (options->only != NULL && strstr(row->name, options->only) == NULL) return;
  bench_case c = {.bench = "ipc",
                  .unit = row->unit,
                  .rate = row->rate,
                  .slices = 1,
                  .budget_us = options->quick ? 40000 : 150000,
                  .min_n = min_n_of(row),
                  .max_n = is_memory ? 1 : 1000000,
                  .rounds = rounds_of(options, row)};
  (void)snprintf(c.name, sizeof c.name, "%s", row->name);
  size_t locals = add_locals(subjects, row);
  size_t count = locals + add_foreigners(subjects + locals, foreigners, workers, row);
  bench_run(&c, subjects, count);
  for (size_t i = 0; i < locals; i++) ipc_close(subjects[i].data);
  for (int i = 0; i < PEERS; i++) rest(workers[i]);
  report_print(options->json);
}

/* From this program to the runtime of the worker, if that is a Node. */
static void add_methods(const bench_worker *worker, const char *program) {
  char name[BENCH_NAME_BYTES / 2];
  if (worker == NULL) return;
  worker_name(worker, false, name, sizeof name);
  char *last = strrchr(name, ' ');
  if (last != NULL) *last = '\0';
  for (int i = 0; i < 2; i++) {
    (void)snprintf(names[method_count], sizeof *names, "cp_fork to %s %s", name, serializations[i]);
    methods[method_count] = (ipc_method){names[method_count], IPC_VALUE, (cp_serialization)i, program};
    method_count++;
  }
}

int main(int argc, char **argv) {
  enum { NODES = 2 /* the first peers */ };
  bench_options options;
  bench_worker *workers[PEERS];
  bench_options_read(&options, argc, argv);
  for (int i = 0; i < BENCH_PEER_COUNT; i++)
    workers[i] = worker_start_peer(&bench_peers[i], BENCH_WORKERS, "ipc", NULL, NULL);
  workers[BENCH_PEER_COUNT] =
      worker_start(deno, CP_ARGS("run", "--allow-all", "--unstable-detect-cjs", BENCH_WORKERS "/ipc.js"));
  for (int i = 0; i < NODES; i++) add_methods(workers[i], bench_peers[i].program);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) run_case(&options, workers, &cases[i]);
  for (int i = 0; i < PEERS; i++) worker_stop(workers[i]);
  return 0;
}
