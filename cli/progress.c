/*
 * progress.c - how far it is.
 *
 * A terminal that is too narrow loses the parts that tell least first: the cells, then the bar, then the rate, then the
 * time that is left; what still does not fit is cut. The last column stays free, since many terminals wrap there.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "message.h"

enum { FRAME_MS = 100, LINE_MS = 10000, BAR_COLUMNS_MIN = 10, BAR_COLUMNS_MAX = 40, COLUMNS_DEFAULT = 80 };

/* ---------------------------------------------------------------- numbers */

static double seconds_since(const progress *self, uint64_t now_ns) {
  return now_ns > self->started_ns ? (double)(now_ns - self->started_ns) / 1e9 : 0;
}

static double rate_of(const progress *self, double seconds) {
  return seconds > 0 ? (double)(self->tally->succeeded + self->tally->failed) / seconds : 0;
}

/* Of 0 to 1; negative: unknown. A file that has grown meanwhile is not more than done. */
static double share_done(const tally *t) {
  if (t->total_bytes == 0) return -1;
  double share = (double)(t->done_bytes + t->skipped_bytes) / (double)t->total_bytes;
  return share < 1 ? share : 1;
}

/* Seconds that the rest takes if it goes on like this; negative: unknown. Lines that were skipped cost no time. */
static double seconds_left(const tally *t, double seconds) {
  uint64_t passed = t->done_bytes + t->skipped_bytes;
  if (t->total_bytes == 0 || t->done_bytes == 0) return -1;
  return passed < t->total_bytes ? seconds * (double)(t->total_bytes - passed) / (double)t->done_bytes : 0;
}

static void format_rate(char out[32], double rate) { (void)snprintf(out, 32, rate < 10 ? "%.1f" : "%.0f", rate); }

static void format_time(char out[32], double seconds) {
  uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : (uint64_t)1e9;
  if (s < 3600)
    (void)snprintf(out, 32, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
  else
    (void)snprintf(out, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
}

/* ---------------------------------------------------------------- the bar */

/* A part of the line, if it fits into what is left. */
static bool append(char *out, size_t *length, size_t columns, const char *part) {
  size_t more = strlen(part);
  if (*length + more > columns) return false;
  memcpy(out + *length, part, more + 1);
  *length += more;
  return true;
}

/* "[####    ]  " at the beginning, in the columns that are left over. */
static void prepend_bar(char *out, size_t length, size_t columns, double share) {
  size_t room = columns - length, width = room > BAR_COLUMNS_MAX + 3 ? BAR_COLUMNS_MAX : room - 3;
  size_t filled = (size_t)(share * (double)width);
  memmove(out + width + 3, out, length + 1);
  out[0] = '[';
  memset(out + 1, '#', filled);
  memset(out + 1 + filled, ' ', width - filled);
  memcpy(out + 1 + width, "] ", 2);
}

/* "|##.+|": one cell a place. */
static void append_cells(const progress *self, char *out, size_t *length, size_t columns) {
  if (self->cell == NULL || *length + self->places + 4 > columns) return;
  char *to = out + *length;
  memcpy(to, "  |", 3);
  for (unsigned i = 0; i < self->places; i++) to[3 + i] = self->cell(i, self->data);
  memcpy(to + 3 + self->places, "|", 2);
  *length += self->places + 4;
}

void progress_format(const progress *self, uint64_t now_ns, unsigned columns, char out[PROGRESS_COLUMNS_MAX + 1]) {
  const tally *t = self->tally;
  char part[96], number[32];
  double seconds = seconds_since(self, now_ns), share = share_done(t), left = seconds_left(t, seconds);
  size_t length = 0, room = columns < PROGRESS_COLUMNS_MAX ? columns : PROGRESS_COLUMNS_MAX;
  out[0] = '\0';
  if (share >= 0) (void)snprintf(part, sizeof part, "%3d%%  ", (int)(share * 100));
  if (share >= 0) (void)append(out, &length, room, part);
  (void)snprintf(part, sizeof part, "%" PRIu64 " done, %" PRIu64 " failed", t->succeeded, t->failed);
  if (!append(out, &length, room, part)) {
    (void)snprintf(out + length, room - length + 1, "%s", part);
    return;
  }
  format_time(number, left);
  (void)snprintf(part, sizeof part, "  ETA %s", number);
  if (left >= 0) (void)append(out, &length, room, part);
  format_rate(number, rate_of(self, seconds));
  (void)snprintf(part, sizeof part, "  %s/s", number);
  (void)append(out, &length, room, part);
  if (share >= 0 && room >= length + BAR_COLUMNS_MIN + 3) {
    size_t cells = self->cell != NULL ? self->places + 4 : 0;
    bool both = room >= length + BAR_COLUMNS_MIN + 3 + cells;
    prepend_bar(out, length, both ? room - cells : room, share);
    length = strlen(out);
  }
  append_cells(self, out, &length, room);
}

static unsigned terminal_columns(void) {
  struct winsize size;
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col - 1U : COLUMNS_DEFAULT - 1;
}

/* One write, so that nothing of another process comes in between. */
static void draw(progress *self, const char *end) {
  char line[PROGRESS_COLUMNS_MAX + 1], all[sizeof line + 16];
  progress_format(self, uv_hrtime(), terminal_columns(), line);
  int length = snprintf(all, sizeof all, "\r%s\033[K%s", line, end);
  (void)fwrite(all, 1, (size_t)length, stderr);
  (void)fflush(stderr);
  self->shown = *end == '\0';
}

void progress_hide(void *progress_) {
  progress *self = progress_;
  if (!self->shown) return;
  self->shown = false;
  (void)fputs("\r\033[K", stderr);
  (void)fflush(stderr);
}

/* ---------------------------------------------------------------- lines */

/* ", 2 replaced"; what has not happened is not told. */
static void add_part(char *out, size_t size, uint64_t number, const char *what) {
  size_t length = strlen(out);
  if (number > 0) (void)snprintf(out + length, size - length, ", %" PRIu64 " %s", number, what);
}

static void print_line(const progress *self, bool last) {
  const tally *t = self->tally;
  char line[256], number[32];
  double seconds = seconds_since(self, uv_hrtime());
  format_rate(number, rate_of(self, seconds));
  (void)snprintf(line, sizeof line, "%" PRIu64 " done, %" PRIu64 " failed, %.1f s, %s tasks/s", t->succeeded, t->failed,
                 seconds, number);
  if (last)
    (void)snprintf(number, sizeof number, ", %u %s", self->places,
                   self->places == 1 ? self->place_name : self->places_name);
  if (last) (void)strncat(line, number, sizeof line - strlen(line) - 1);
  add_part(line, sizeof line, t->replaced, "replaced");
  add_part(line, sizeof line, t->skipped, "skipped");
  add_part(line, sizeof line, t->dropped, "aborted");
  say("%s", line);
}

void progress_summary(const progress *self) { print_line(self, true); }

/* ---------------------------------------------------------------- the life of it */

static void on_timer(uv_timer_t *handle) {
  progress *self = handle->data;
  if (self->bar)
    draw(self, "");
  else
    print_line(self, false);
}

int progress_start(progress *self, uv_loop_t *loop) {
  self->started_ns = uv_hrtime();
  self->open = false;
  if (!self->bar && !self->lines) return 0;
  int rc = uv_timer_init(loop, &self->timer);
  if (rc != 0) return rc;
  self->open = true;
  self->timer.data = self;
  uv_unref((uv_handle_t *)&self->timer);
  uint64_t period = self->bar ? FRAME_MS : LINE_MS;
  return uv_timer_start(&self->timer, on_timer, self->bar ? 0 : period, period);
}

void progress_stop(progress *self) {
  if (!self->open) return;
  self->open = false;
  if (self->bar) draw(self, "\n");
  uv_close((uv_handle_t *)&self->timer, NULL);
}
