/* memory.h - how much memory a process has come to hold. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

typedef struct memory_mark {
  int pid;
  size_t before; /* bytes */
} memory_mark;

/** Notes what the process holds now, and forgets the most that it has ever held. `pid` 0: this process. */
memory_mark memory_begin(int pid);

/** The most that it has held since then beyond what it held before, in bytes; 0: it is not known. */
size_t memory_peak(const memory_mark *mark);

#endif
