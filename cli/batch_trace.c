/*
 * batch_trace.c - --trace: which line was done in which place when.
 *
 * A place that has several tasks at a time has as many lanes, for slices of one lane must not overlap. Tasks are told at
 * their end, so each takes the lane that was free last when it began.
 */
#include "batch_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

static int lane_number(const batch_trace *self, unsigned place, unsigned lane) {
  return (int)(place * self->lanes + lane) + 1;
}

int batch_trace_open(batch_trace *self, const char *path, unsigned places) {
  char name[64];
  if (self->lanes == 0) self->lanes = 1;
  self->ends = calloc((size_t)places * self->lanes, sizeof *self->ends);
  if (self->ends == NULL) {
    errno = ENOMEM;
    return -1;
  }
  if (trace_file_open(&self->file, path, self->title) != 0) return -1;
  for (unsigned i = 0; i < places * self->lanes; i++) {
    if (self->lanes > 1)
      (void)snprintf(name, sizeof name, "%s %u, task %u", self->name, i / self->lanes + 1, i % self->lanes + 1);
    else
      (void)snprintf(name, sizeof name, "%s %u", self->name, i + 1);
    trace_file_lane(&self->file, (int)i + 1, name);
  }
  return fflush(self->file.file) == 0 ? 0 : -1; /* as trace_file_open() */
}

/* The lane that has been free for the shortest time; if there is none, the one that is free first. */
static unsigned find_lane(const batch_trace *self, const traced_task *task) {
  const uint64_t *ends = self->ends + (size_t)task->place * self->lanes;
  unsigned best = 0;
  for (unsigned i = 1; i < self->lanes; i++) {
    bool fits = ends[i] <= task->started_ns, best_fits = ends[best] <= task->started_ns;
    if (fits ? !best_fits || ends[i] > ends[best] : !best_fits && ends[i] < ends[best]) best = i;
  }
  return best;
}

void batch_trace_task(batch_trace *self, const traced_task *task) {
  if (self->file.file == NULL || task->started_ns == 0 || task->place == UINT_MAX) return;
  unsigned lane = find_lane(self, task);
  self->ends[(size_t)task->place * self->lanes + lane] = task->ended_ns;
  trace_file_event(&self->file, "X", lane_number(self, task->place, lane), task->started_ns);
  (void)fprintf(self->file.file,
                ",\"dur\":%.3f,\"cat\":\"task\",\"name\":\"line %" PRIu64 "\",\"args\":{\"line\":%" PRIu64
                ",\"attempts\":%u,\"status\":\"%s\"}}",
                (double)(task->ended_ns - task->started_ns) / 1e3, task->line, task->line, task->attempts,
                task->status);
}

void batch_trace_moment(batch_trace *self, unsigned place, const char *what) {
  if (self->file.file == NULL) return;
  trace_file_instant(&self->file, lane_number(self, place, 0), uv_hrtime(), "worker", what);
}

int batch_trace_close(batch_trace *self) {
  free(self->ends);
  self->ends = NULL;
  return trace_file_close(&self->file);
}
