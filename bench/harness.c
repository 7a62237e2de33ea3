/* harness.c - rounds, medians and ratios; the command line. */
#include "harness.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* ---------------------------------------------------------------- the command line */

static _Noreturn void usage(const char *problem) {
  if (problem != NULL) (void)fprintf(stderr, "%s\n", problem);
  (void)fputs("options: [--json] [--quick] [--rss GIB,GIB,...] [--rounds N] [--only PART-OF-CASE] [--large]\n", stderr);
  exit(problem != NULL ? 2 : 0);
}

static int whole_number(const char *text, char **end) {
  long value = strtol(text, end, 10);
  if (*end == text || value < 0 || value > 100000) usage("not a number");
  return (int)value;
}

static void read_rss(bench_options *options, const char *list) {
  char *end;
  options->rss_count = 0;
  for (;; list = end + 1) {
    if (options->rss_count == BENCH_RSS_MAX) usage("--rss: too many sizes");
    options->rss_gib[options->rss_count++] = whole_number(list, &end);
    if (*end == '\0') return;
    if (*end != ',') usage("--rss: sizes in GiB, joined with commas");
  }
}

void bench_options_read(bench_options *options, int argc, char **argv) {
  enum { JSON, QUICK, LARGE, RSS, ROUNDS, ONLY, WORKER, HELP };
  static const struct option known[] = {{"json", no_argument, NULL, JSON},
                                        {"quick", no_argument, NULL, QUICK},
                                        {"rss", required_argument, NULL, RSS},
                                        {"rounds", required_argument, NULL, ROUNDS},
                                        {"worker", required_argument, NULL, WORKER},
                                        {"help", no_argument, NULL, HELP},
                                        {"only", required_argument, NULL, ONLY},
                                        {"large", no_argument, NULL, LARGE},
                                        {NULL, 0, NULL, 0}};
  int option;
  char *end;
  *options = (bench_options){.rss_gib = {0, 1, 4}, .rss_count = 3, .worker_gib = -1};
  while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
    if (option == JSON)
      options->json = true;
    else if (option == QUICK)
      options->quick = true;
    else if (option == LARGE)
      options->large = true;
    else if (option == RSS)
      read_rss(options, optarg);
    else if (option == ROUNDS)
      options->rounds = whole_number(optarg, &end);
    else if (option == ONLY)
      options->only = optarg;
    else if (option == WORKER)
      options->worker_gib = whole_number(optarg, &end);
    else
      usage(option == HELP ? NULL : "unknown option");
  }
  if (optind < argc) usage("unknown argument");
}

/* ---------------------------------------------------------------- rounds */

uint64_t bench_now_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What is known of one subject. */
typedef struct track {
  const bench_subject *subject;
  double *values; /* one a round */
  double *ratios;
  long n; /* of this round, in so many turns */
  int turns;
  double sum;
  double last; /* the newest value */
  bool out;    /* it takes no part, or no more */
} track;

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The value below which the part `part` of the sorted values lies. */
static double quantile(const double *sorted, int count, double part) {
  double place = part * (count - 1);
  int below = (int)place;
  int above = below + 1 < count ? below + 1 : below;
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/* As many operations as the budget holds, going by the last round. */
static long fitting_n(const bench_case *c, double last) {
  double n = c->rate ? last * c->budget_us / 1e6 : c->budget_us / last;
  if (!(n > (double)c->min_n)) return c->min_n;
  return n < (double)c->max_n ? (long)n : c->max_n;
}

static void measure(const bench_case *c, track *t, long n) {
  if (t->out) return;
  t->last = t->subject->measure(t->subject->data, n);
  t->out = !(t->last > 0);
  if (t->last < 0) (void)fprintf(stderr, "%s: %s: %s failed and is left out\n", c->bench, c->name, t->subject->name);
}

/* A turn of one subject. One that is too slow for many turns has but the first. */
static void take_turn(const bench_case *c, track *t, int turn) {
  if (turn == 0) {
    t->n = fitting_n(c, t->last);
    t->turns = t->n / c->slices < c->min_n ? 1 : c->slices;
    t->sum = 0;
  }
  if (turn >= t->turns) return;
  measure(c, t, t->n / t->turns);
  t->sum += t->last;
}

static void run_round(const bench_case *c, track *tracks, size_t count, int round) {
  for (int turn = 0; turn < c->slices; turn++)
    for (size_t i = 0; i < count; i++) take_turn(c, &tracks[(i + (size_t)(round + turn)) % count], turn);
  for (size_t i = 0; i < count; i++) tracks[i].values[round] = tracks[i].sum / tracks[i].turns;
  for (size_t i = 0; i < count; i++) tracks[i].ratios[round] = tracks[i].values[round] / tracks[0].values[round];
}

static void add_row(const bench_case *c, const track *t, const char *to) {
  bench_row row = {.bench = c->bench, .unit = c->unit, .rounds = c->rounds};
  qsort(t->values, (size_t)c->rounds, sizeof *t->values, compare);
  qsort(t->ratios, (size_t)c->rounds, sizeof *t->ratios, compare);
  (void)snprintf(row.name, sizeof row.name, "%s", c->name);
  (void)snprintf(row.subject, sizeof row.subject, "%s", t->subject->name);
  (void)snprintf(row.to, sizeof row.to, "%s", to);
  row.value = quantile(t->values, c->rounds, 0.5);
  row.min = t->values[0];
  row.max = t->values[c->rounds - 1];
  row.ratio = quantile(t->ratios, c->rounds, 0.5);
  row.ratio_q1 = quantile(t->ratios, c->rounds, 0.25);
  row.ratio_q3 = quantile(t->ratios, c->rounds, 0.75);
  report_add(&row);
}

static void run_tracks(const bench_case *c, track *tracks, size_t count) {
  if (isatty(STDERR_FILENO)) (void)fprintf(stderr, "%s: %s ...\n", c->bench, c->name);
  for (size_t i = 0; i < count; i++) measure(c, &tracks[i], c->min_n); /* warms up, and tells how many fit */
  for (int round = 0; round < c->rounds; round++) run_round(c, tracks, count, round);
  if (tracks[0].out) return;
  for (size_t i = 0; i < count; i++)
    if (!tracks[i].out && !tracks[i].subject->unlisted) add_row(c, &tracks[i], tracks[0].subject->name);
}

void bench_run(const bench_case *c, const bench_subject *subjects, size_t count) {
  if (c->only != NULL && strstr(c->name, c->only) == NULL) return;
  size_t rounds = (size_t)c->rounds;
  track *tracks = calloc(count, sizeof *tracks);
  double *numbers = calloc(count * rounds * 2, sizeof *numbers);
  if (tracks == NULL || numbers == NULL) abort();
  for (size_t i = 0; i < count; i++)
    tracks[i] =
        (track){.subject = &subjects[i], .values = numbers + 2 * i * rounds, .ratios = numbers + (2 * i + 1) * rounds};
  run_tracks(c, tracks, count);
  free(numbers);
  free(tracks);
}
