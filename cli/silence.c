/*
 * silence.c - Node's channel has no way to say "that was all", and closing it makes every answer impossible that is still
 * to come. So the end is guessed. A worker that is still starting has not read its messages; one that computes an answer
 * uses the processor: neither is silent, however long it takes.
 */
#include "silence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

enum { LOOK_MS = 100 };

/* Whether there is something that the worker has not read, or that we have not: this program may have stood still. */
static bool has_unread(cp_child *child) {
  cp_channel *channel = cp_child_channel(child);
  int fd = cp_channel_fd(channel), unread = 0;
  if (cp_channel_queued_bytes(channel) > 0) return true;
  if (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0) return true;
#ifdef SIOCOUTQ
  if (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0) return true;
#endif
  return false;
}

typedef struct activity {
  char state;      /* 'R': it runs, or would if there were a processor for it */
  uint64_t cpu_ms; /* that it has used */
} activity;

/* Zeros where nobody tells. */
static activity activity_of(cp_child *child) {
  char path[64], text[512];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", cp_child_pid(child));
  FILE *file = fopen(path, "re");
  if (file == NULL) return (activity){0};
  size_t length = fread(text, 1, sizeof text - 1, file);
  (void)fclose(file);
  text[length] = '\0';
  const char *field = strrchr(text, ')'); /* the name before it may hold anything */
  if (field == NULL || strlen(field) < 3) return (activity){0};
  activity seen = {.state = field[2]};
  for (int i = 2; field != NULL && i < 14; i++) field = strchr(field + 1, ' ');
  if (field == NULL) return (activity){0};
  char *rest;
  uint64_t ticks = strtoull(field, &rest, 10);
  ticks += strtoull(rest, NULL, 10);
  seen.cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
  return seen;
}

/* It runs now, or has run for more than a tenth of the time since the last look. */
static bool is_computing(silence *self, uint64_t now) {
  activity seen = activity_of(self->child);
  uint64_t used = seen.cpu_ms - self->cpu_ms, passed = now - self->seen_at;
  self->cpu_ms = seen.cpu_ms;
  self->seen_at = now;
  return seen.state == 'R' || used * 10 > passed;
}

static void look(uv_timer_t *timer) {
  silence *self = timer->data;
  uint64_t now = uv_now(timer->loop);
  bool computes = is_computing(self, now);
  if (computes || has_unread(self->child)) self->since = now;
  uint64_t silent = now - self->since;
  if (silent >= self->limit_ms) {
    self->waiting = false;
    self->on_silence(self->data);
    return;
  }
  uint64_t left = self->limit_ms - silent;
  (void)uv_timer_start(timer, look, left < LOOK_MS ? left : LOOK_MS, 0);
}

int silence_init(silence *self, uv_loop_t *loop) {
  int rc = uv_timer_init(loop, &self->timer);
  if (rc != 0) return rc;
  self->timer.data = self;
  self->open = true;
  return 0;
}

void silence_await(silence *self) {
  if (!self->open) return;
  uv_update_time(self->timer.loop);
  self->waiting = true;
  self->since = self->seen_at = uv_now(self->timer.loop);
  self->cpu_ms = activity_of(self->child).cpu_ms;
  (void)uv_timer_start(&self->timer, look, self->limit_ms < LOOK_MS ? self->limit_ms : LOOK_MS, 0);
}

void silence_touch(silence *self) {
  if (self->waiting) self->since = uv_now(self->timer.loop);
}

void silence_pause(silence *self) {
  self->waiting = false;
  if (self->open) (void)uv_timer_stop(&self->timer);
}

void silence_stop(silence *self) {
  if (!self->open) return;
  self->open = self->waiting = false;
  uv_close((uv_handle_t *)&self->timer, NULL);
}
