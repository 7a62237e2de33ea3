/* deadline.c - points in a loop's time. */
#include "deadline.h"

uint64_t cp__deadline_in(uv_loop_t *loop, uint64_t milliseconds) {
  uv_update_time(loop); /* a slow callback would shorten the wait */
  uint64_t now = uv_now(loop);
  return milliseconds < UINT64_MAX - now ? now + milliseconds : UINT64_MAX;
}

uint64_t cp__deadline_first(const uint64_t *deadlines, size_t count) {
  uint64_t first = 0;
  for (size_t i = 0; i < count; i++)
    if (deadlines[i] != 0 && (first == 0 || deadlines[i] < first)) first = deadlines[i];
  return first;
}
