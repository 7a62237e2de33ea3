/*
 * progress.h - how far it is: a bar on a terminal, drawn at most ten times a second; a line every ten seconds elsewhere;
 * a summary at the end.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "child_process.h"

/* What is counted. */
typedef struct tally {
  uint64_t succeeded, failed;
  uint64_t skipped;                   /* lines that an earlier run has done */
  uint64_t dropped;                   /* begun, but aborted before they were done */
  uint64_t replaced;                  /* workers */
  uint64_t total_bytes;               /* of the input; 0: unknown */
  uint64_t done_bytes, skipped_bytes; /* of lines that are done; of those that nobody had to do */
} tally;

typedef struct progress {
  /* Set them before progress_start(). */
  const tally *tally;
  unsigned places;                          /* that do tasks */
  const char *place_name, *places_name;     /* of one, of several: "worker", "workers" */
  char (*cell)(unsigned place, void *data); /* what one does: a character, as in the CELL_* below */
  void *data;
  bool bar;   /* draw one */
  bool lines; /* print lines */

  uv_timer_t timer;
  uint64_t started_ns;
  bool open, shown;
} progress;

enum { CELL_NONE = ' ', CELL_IDLE = '.', CELL_BUSY = '#', CELL_STARTING = '+', CELL_LEAVING = '-' };

/* Begins to tell; it keeps no loop alive. 0 or a negative code. */
int progress_start(progress *progress, uv_loop_t *loop);

/* Takes the bar away: something else is printed. It comes back by itself. Fits say_after(). */
void progress_hide(void *progress);

/* The bar a last time, for good. Safe to repeat; the loop must run once more. */
void progress_stop(progress *progress);

/* "1000 done, 0 failed, 12.3 s, 81 tasks/s, 4 workers, 2 replaced" by say(). */
void progress_summary(const progress *progress);

/* The bar for a terminal of so many columns, in plain ASCII, NUL-terminated, never longer than that. */
#define PROGRESS_COLUMNS_MAX 1000
void progress_format(const progress *progress, uint64_t now_ns, unsigned columns, char out[PROGRESS_COLUMNS_MAX + 1]);

#endif
