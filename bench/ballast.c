/* ballast.c - memory that the parent of the spawned processes holds. */
#include "ballast.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { PAGE_BYTES = 4096 };

static char *held;
static size_t held_bytes;

int ballast_hold(int gib) {
  size_t bytes = (size_t)gib << 30;
  (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  if (held != NULL) (void)munmap(held, held_bytes);
  held = NULL;
  if (bytes == 0) return 0;
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -1;
  (void)madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < bytes; i += PAGE_BYTES) memory[i] = 1;
  held = memory;
  held_bytes = bytes;
  return 0;
}
