/* cpus.c - how many CPUs this process may use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child_process.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* "max 100000" or "150000 100000": microseconds of CPU time in a period. 0: no quota. */
static unsigned quota_of(const char *directory) {
  char path[4200];
  unsigned long long quota, period;
  (void)snprintf(path, sizeof path, CGROUP_ROOT "%s/cpu.max", directory);
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  int count = fscanf(file, "%llu %llu", &quota, &period);
  (void)fclose(file);
  if (count != 2 || period == 0) return 0;
  unsigned long long cpus = (quota + period - 1) / period;
  return cpus > 0 && cpus < UINT32_MAX ? (unsigned)cpus : 1;
}

/* The group of the unified hierarchy, "0::/path"; false: there is none. */
static bool find_group(char *directory, size_t size) {
  char line[4100];
  bool found = false;
  FILE *file = fopen("/proc/self/cgroup", "re");
  if (file == NULL) return false;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "0::/", 4) != 0) continue;
    line[strcspn(line, "\n")] = '\0';
    found = (size_t)snprintf(directory, size, "%s", line + 3) < size;
  }
  (void)fclose(file);
  return found;
}

/* The tightest quota of the group and of those around it. */
static unsigned by_quota(void) {
  char directory[4096];
  unsigned least = 0;
  if (!find_group(directory, sizeof directory)) return 0;
  for (;;) {
    unsigned quota = quota_of(directory);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    char *slash = strrchr(directory, '/');
    if (slash == NULL) return least;
    *slash = '\0';
  }
}

unsigned cp_available_cpus(void) {
  unsigned cpus = uv_available_parallelism(), quota = by_quota(); /* libuv knows the affinity */
  return quota > 0 && quota < cpus ? quota : cpus;
}
