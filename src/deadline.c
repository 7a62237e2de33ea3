/* deadline.c - points in a loop's time. */
#include "deadline.h"

uint64_t cp__deadline_in(uv_loop_t *loop, uint64_t milliseconds) {
  uv_update_time(loop); /* a slow callback would shorten the wait */
  return cp__deadline_after(uv_now(loop), milliseconds);
}

uint64_t cp__deadline_after(uint64_t at, uint64_t milliseconds) {
  return milliseconds < UINT64_MAX - at ? at + milliseconds : UINT64_MAX;
}

uint64_t cp__deadline_first(const uint64_t *deadlines, size_t count) {
  uint64_t first = 0;
  for (size_t i = 0; i < count; i++)
    if (deadlines[i] != 0 && (first == 0 || deadlines[i] < first)) first = deadlines[i];
  return first;
}
