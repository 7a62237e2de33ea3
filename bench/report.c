/* report.c - the rows that were measured: a table, or one JSON object a line. */
#include "report.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bench_row *rows;
static size_t row_count;

void report_add(const bench_row *row) {
  bench_row *grown = realloc(rows, (row_count + 1) * sizeof *rows);
  if (grown == NULL) abort();
  rows = grown;
  rows[row_count++] = *row;
}

/* Three decimals, or four digits of what is small: more would be noise. */
static void add_number(cJSON *object, const char *key, double value) {
  double unit = value != 0 && fabs(value) < 1 ? pow(10, floor(log10(fabs(value))) - 3) : 0.001;
  (void)cJSON_AddNumberToObject(object, key, round(value / unit) * unit);
}

static void print_json(const bench_row *row) {
  cJSON *object = cJSON_CreateObject();
  (void)cJSON_AddStringToObject(object, "bench", row->bench);
  (void)cJSON_AddStringToObject(object, "case", row->name);
  (void)cJSON_AddStringToObject(object, "subject", row->subject);
  add_number(object, "value", row->value);
  (void)cJSON_AddStringToObject(object, "unit", row->unit);
  add_number(object, "min", row->min);
  add_number(object, "max", row->max);
  add_number(object, "rounds", row->rounds);
  add_number(object, "ratio", row->ratio);
  (void)cJSON_AddStringToObject(object, "to", row->to);
  add_number(object, "ratio_q1", row->ratio_q1);
  add_number(object, "ratio_q3", row->ratio_q3);
  char *line = cJSON_PrintUnformatted(object);
  if (line == NULL) abort();
  puts(line);
  cJSON_free(line);
  cJSON_Delete(object);
}

static void print_heading(const bench_row *row) {
  printf("\n%s: %s\n  %-40s %10s %10s %10s   %s\n", row->bench, row->name, "subject", row->unit, "min", "max",
         "ratio (quartiles)");
}

static void print_line(const bench_row *row) {
  int decimals = row->ratio < 0.1 ? 4 : 2;
  printf("  %-40s %10.1f %10.1f %10.1f   %.*f (%.*f - %.*f) of %s\n", row->subject, row->value, row->min, row->max,
         decimals, row->ratio, decimals, row->ratio_q1, decimals, row->ratio_q3, row->to);
}

/* The first row of a case brings all others of it along. */
static void print_case(size_t first, bool json) {
  for (size_t i = 0; i < first; i++)
    if (strcmp(rows[i].name, rows[first].name) == 0) return;
  if (!json) print_heading(&rows[first]);
  for (size_t i = first; i < row_count; i++) {
    if (strcmp(rows[i].name, rows[first].name) != 0) continue;
    if (json)
      print_json(&rows[i]);
    else
      print_line(&rows[i]);
  }
}

void report_print(bool json) {
  for (size_t i = 0; i < row_count; i++) print_case(i, json);
  (void)fflush(stdout);
  free(rows);
  rows = NULL;
  row_count = 0;
}
