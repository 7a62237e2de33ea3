/* deadline.h - points in a loop's time, in milliseconds; 0: none. */
#ifndef CP_DEADLINE_H
#define CP_DEADLINE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* So many milliseconds from now, by a clock that is read now: the loop's time is that of its last round. */
uint64_t cp__deadline_in(uv_loop_t *loop, uint64_t milliseconds);

/* So many milliseconds after a point in time. */
uint64_t cp__deadline_after(uint64_t at, uint64_t milliseconds);

/* The earliest of those that are set; 0: none is. */
uint64_t cp__deadline_first(const uint64_t *deadlines, size_t count);

#endif
