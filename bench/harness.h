/*
 * harness.h - rounds, medians and ratios.
 *
 * A case is measured in rounds, and each round measures every subject once, in an order that moves on by one from
 * round to round: whatever the machine does meanwhile hits all alike. A subject is compared with the limit, the first
 * subject, within each round; the median of these ratios is its result.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_NAME_BYTES 96
#define BENCH_RSS_MAX 8

/*
 * Measures `n` operations: microseconds per operation, or operations per second if the case is a rate. < 0: it failed.
 * 0: it has no way to do this, and takes no part.
 */
typedef double (*bench_measure)(void *data, long n);

typedef struct bench_subject {
  char name[BENCH_NAME_BYTES];
  bench_measure measure;
  void *data;
  bool unlisted; /* measured to compare with, but it gets no row */
} bench_subject;

typedef struct bench_case {
  const char *bench;
  char name[BENCH_NAME_BYTES];
  const char *unit;
  bool rate;         /* the value is n per second, more is better; else microseconds per n */
  double budget_us;  /* how long one subject should take in one round */
  long min_n, max_n; /* bounds of n */
  int rounds;
  int slices;       /* the budget of a round is used in so many turns, if that leaves min_n for each; not for rates */
  const char *only; /* run it only if this is part of its name; NULL: run it */
} bench_case;

typedef struct bench_options {
  bool json, quick, large;
  int rounds; /* 0: the benchmark's own default */
  int rss_gib[BENCH_RSS_MAX];
  int rss_count;
  const char *only; /* part of the names of the cases to run; NULL: all */
  int worker_gib;   /* spawn only: serve as a worker that holds so much; -1: do not */
} bench_options;

/** Reads the command line; prints what is wrong or the usage, and exits, if it makes no sense. */
void bench_options_read(bench_options *options, int argc, char **argv);

/** Runs the rounds of a case over subjects[0], the limit, and the others, and adds their rows to the report. */
void bench_run(const bench_case *c, const bench_subject *subjects, size_t count);

uint64_t bench_now_ns(void);

#endif
