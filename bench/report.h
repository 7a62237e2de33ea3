/* report.h - the rows that were measured: a table, or one JSON object a line. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "harness.h"

typedef struct bench_row {
  const char *bench, *unit; /* static */
  char name[BENCH_NAME_BYTES], subject[BENCH_NAME_BYTES], to[BENCH_NAME_BYTES];
  double value, min, max;
  double ratio, ratio_q1, ratio_q3; /* median and quartiles over the rounds */
  int rounds;
} bench_row;

/** Keeps a copy of the row. */
void report_add(const bench_row *row);

/** Prints the rows that were added since the last call, those of one case together, and forgets them. */
void report_print(bool json);

#endif
