/* memory.c - how much memory a process has come to hold. */
#include "memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 256 };

static void path_of(char *path, int pid, const char *file) {
  if (pid == 0)
    (void)snprintf(path, PATH_BYTES, "/proc/self/%s", file);
  else
    (void)snprintf(path, PATH_BYTES, "/proc/%d/%s", pid, file);
}

/* A field of the status, in bytes; 0: there is none. */
static size_t field_of(int pid, const char *name) {
  char path[PATH_BYTES], line[LINE_BYTES];
  size_t kib = 0;
  path_of(path, pid, "status");
  FILE *status = fopen(path, "re");
  if (status == NULL) return 0;
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) (void)sscanf(line + strlen(name), ":%zu", &kib);
  (void)fclose(status);
  return kib * 1024;
}

memory_mark memory_begin(int pid) {
  char path[PATH_BYTES];
  path_of(path, pid, "clear_refs");
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool cleared = fd >= 0 && write(fd, "5", 1) == 1;
  if (fd >= 0) (void)close(fd);
  return (memory_mark){.pid = pid, .before = cleared ? field_of(pid, "VmRSS") : 0};
}

size_t memory_peak(const memory_mark *mark) {
  size_t peak = field_of(mark->pid, "VmHWM");
  return mark->before > 0 && peak > mark->before ? peak - mark->before : 0;
}
