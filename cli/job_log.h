/* job_log.h - --joblog: a line for each command that has ended, separated by tabs, as GNU parallel writes it. */
#ifndef CLI_JOB_LOG_H
#define CLI_JOB_LOG_H

#include <stdio.h>
#include <time.h>

#include "child_process.h"

typedef struct job_log {
  FILE *file; /* NULL: none */
} job_log;

/* One command. */
typedef struct job_entry {
  uint64_t line;            /* of the input */
  struct timespec started;  /* the time of day */
  const cp_result *result;  /* how it ended */
  const char *const *words; /* the command, NULL-terminated */
} job_entry;

/* Begins a file with its headings. 0, or -1: errno tells. */
int job_log_open(job_log *log, const char *path);

void job_log_add(job_log *log, const job_entry *entry);

/* 0, or -1: it could not be written. Without a file: 0. */
int job_log_close(job_log *log);

#endif
