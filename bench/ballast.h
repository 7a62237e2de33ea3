/* ballast.h - memory that the parent of the spawned processes holds. */
#ifndef BENCH_BALLAST_H
#define BENCH_BALLAST_H

/**
 * Makes this process hold so many GiB of touched memory in 4 KiB pages, instead of what it held before. Huge pages are
 * switched off here and in every program that is started from here on: they would hide what page tables cost.
 * @return 0, or -1 with errno: there is not so much memory.
 */
int ballast_hold(int gib);

#endif
