/*
 * codec.c - values into bytes and back: structured clone beside v8.serialize() and v8.deserialize(), JSON beside
 * JSON.stringify(), JSON.parse() and cJSON. All of them work on the same bytes; rates count those.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec_tables.h"
#include "harness.h"
#include "report.h"
#include "worker.h"

enum {
  SUBJECTS_MAX = 8,
  NODES = 2 /* the first peers */,
  PATH_BYTES = 64,
  REQUEST_BYTES = 128,
  ROUNDS = 11,
  QUICK = 5
};

typedef enum verb { CLONE_READ, CLONE_WRITE, JSON_READ, JSON_WRITE, VERBS } verb;

static const char *const verb_names[VERBS] = {"clone-read", "clone-write", "json-read", "json-write"};
static const char *const own_names[VERBS] = {"cp_value_from_clone", "cp_value_to_clone", "cp_value_from_json",
                                             "cp_value_to_json"};
static const char *const node_names[VERBS] = {"v8.deserialize", "v8.serialize", "JSON.parse", "JSON.stringify"};

/* One table in one encoding. */
typedef struct sample {
  verb verb;
  char path[PATH_BYTES]; /* the same bytes, for the workers */
  char *bytes;
  size_t length;
  cp_heap *heap; /* of the value */
  cp_heap *work; /* of what is read */
  cp_value value;
  cJSON *tree;
} sample;

typedef struct foreign {
  bench_worker *worker;
  const sample *sample;
} foreign;

/* ---------------------------------------------------------------- ours, and cJSON */

static int run_own(sample *s) {
  cp_value value;
  void *bytes = NULL;
  char *text = NULL;
  size_t length;
  int rc = 0;
  cp_heap_reset(s->work);
  if (s->verb == CLONE_READ) rc = cp_value_from_clone(&value, s->work, s->bytes, s->length, CP_CLONE_V8, NULL);
  if (s->verb == CLONE_WRITE) rc = cp_value_to_clone(&bytes, &length, s->value, CP_CLONE_V8, NULL);
  if (s->verb == JSON_READ) rc = cp_value_from_json(&value, s->work, s->bytes, s->length, NULL);
  if (s->verb == JSON_WRITE) rc = cp_value_to_json(&text, &length, s->value, NULL);
  cp_free(bytes);
  cp_free(text);
  return rc;
}

static int run_cjson(sample *s) {
  if (s->verb == JSON_READ) {
    cJSON *tree = cJSON_ParseWithLength(s->bytes, s->length);
    cJSON_Delete(tree);
    return tree != NULL ? 0 : -1;
  }
  char *text = cJSON_PrintUnformatted(s->tree);
  cJSON_free(text);
  return text != NULL ? 0 : -1;
}

/* MB a second. */
static double measure(sample *s, long mb, int (*run)(sample *)) {
  size_t times = ((size_t)mb * 1000000 + s->length - 1) / s->length;
  uint64_t start_ns = bench_now_ns();
  for (size_t i = 0; i < times; i++)
    if (run(s) != 0) return -1;
  return (double)(times * s->length) * 1e3 / (double)(bench_now_ns() - start_ns);
}

static double measure_own(void *data, long mb) { return measure(data, mb, run_own); }

static double measure_cjson(void *data, long mb) { return measure(data, mb, run_cjson); }

static double measure_foreign(void *data, long mb) {
  const foreign *f = data;
  char request[REQUEST_BYTES];
  (void)snprintf(request, sizeof request, "%s %s %ld", verb_names[f->sample->verb], f->sample->path, mb);
  return worker_ask(f->worker, request);
}

/* ---------------------------------------------------------------- samples */

static void write_file(sample *s) {
  (void)snprintf(s->path, sizeof s->path, "/tmp/bench-codec-XXXXXX");
  int fd = mkstemp(s->path);
  if (fd < 0 || write(fd, s->bytes, s->length) != (ssize_t)s->length) abort();
  (void)close(fd);
}

static void make_sample(sample *s, verb v, codec_table table) {
  bool json = v == JSON_READ || v == JSON_WRITE;
  *s = (sample){.verb = v, .heap = cp_heap_new(NULL), .work = cp_heap_new(NULL)};
  s->value = codec_make(s->heap, table, json);
  void *clone = NULL;
  int rc = json ? cp_value_to_json(&s->bytes, &s->length, s->value, NULL)
                : cp_value_to_clone(&clone, &s->length, s->value, CP_CLONE_V8, NULL);
  if (rc != 0) abort();
  if (!json) s->bytes = clone;
  if (json) s->tree = cJSON_ParseWithLength(s->bytes, s->length);
  write_file(s);
}

static void free_sample(sample *s) {
  (void)unlink(s->path);
  cJSON_Delete(s->tree);
  cp_free(s->bytes);
  cp_heap_free(s->heap);
  cp_heap_free(s->work);
}

/* ---------------------------------------------------------------- cases */

static size_t add_foreigners(bench_subject *subjects, foreign *foreigners, bench_worker *const *workers,
                             const sample *s) {
  size_t count = 0;
  for (int i = 0; i < NODES; i++) {
    char name[BENCH_NAME_BYTES / 2];
    if (workers[i] == NULL) continue;
    worker_name(workers[i], false, name, sizeof name);
    char *last = strrchr(name, ' ');
    if (last != NULL) *last = '\0';
    foreigners[count] = (foreign){workers[i], s};
    subjects[count] = (bench_subject){.measure = measure_foreign, .data = &foreigners[count]};
    (void)snprintf(subjects[count].name, sizeof subjects[count].name, "%s %s", name, node_names[s->verb]);
    count++;
  }
  return count;
}

static void add_local(bench_subject *subject, const char *name, bench_measure measure_it, sample *s) {
  *subject = (bench_subject){.measure = measure_it, .data = s};
  (void)snprintf(subject->name, sizeof subject->name, "%s", name);
}

static void run_case(const bench_options *options, bench_worker *const *workers, verb v, codec_table table) {
  bench_subject subjects[SUBJECTS_MAX];
  foreign foreigners[NODES];
  sample s;
  int rounds = options->quick ? QUICK : ROUNDS;
  bench_case c = {.bench = "codec",
                  .unit = "MB/s",
                  .rate = true,
                  .slices = 1,
                  .budget_us = options->quick ? 40000 : 150000,
                  .min_n = 1,
                  .max_n = 100000,
                  .rounds = options->rounds > 0 ? options->rounds : rounds,
                  .only = options->only};
  (void)snprintf(c.name, sizeof c.name, "%s %s", verb_names[v], codec_table_names[table]);
  make_sample(&s, v, table);
  size_t count = add_foreigners(subjects, foreigners, workers, &s);
  add_local(&subjects[count++], own_names[v], measure_own, &s);
  if (v == JSON_READ) add_local(&subjects[count++], "cJSON_ParseWithLength", measure_cjson, &s);
  if (v == JSON_WRITE) add_local(&subjects[count++], "cJSON_PrintUnformatted", measure_cjson, &s);
  bench_run(&c, subjects, count);
  report_print(options->json);
  free_sample(&s);
}

int main(int argc, char **argv) {
  bench_options options;
  bench_worker *workers[NODES];
  bench_options_read(&options, argc, argv);
  for (int i = 0; i < NODES; i++) workers[i] = worker_start_peer(&bench_peers[i], BENCH_WORKERS, "codec", NULL, NULL);
  for (verb v = CLONE_READ; v < VERBS; v++)
    for (codec_table table = CODEC_MIXED; table < CODEC_TABLES; table++) run_case(&options, workers, v, table);
  for (int i = 0; i < NODES; i++) worker_stop(workers[i]);
  return 0;
}
