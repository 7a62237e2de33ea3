/* pid_file.c - the file that names the running command: written beside its place, then renamed into it. */
#include "pid_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int pid_file_open(pid_file *file, const char *path) {
  *file = (pid_file){.path = path, .fd = -1};
  if (path == NULL) return 0;
  if (asprintf(&file->temporary, "%s.XXXXXX", path) < 0) {
    file->temporary = NULL;
    return -1;
  }
  file->fd = mkostemp(file->temporary, O_CLOEXEC);
  return file->fd >= 0 ? 0 : -1;
}

int pid_file_write(pid_file *file, int pid) {
  if (file->path == NULL) return 0;
  if (dprintf(file->fd, "%d\n", pid) < 0 || fchmod(file->fd, 0644) != 0) return -1;
  if (rename(file->temporary, file->path) != 0) return -1;
  (void)close(file->fd);
  file->fd = -1;
  file->pid = pid;
  return 0;
}

void pid_file_remove(pid_file *file) {
  char text[32] = "";
  FILE *stream = file->pid != 0 ? fopen(file->path, "re") : NULL;
  if (stream == NULL) return;
  bool found = fgets(text, sizeof text, stream) != NULL && strtol(text, NULL, 10) == file->pid;
  (void)fclose(stream);
  if (found) (void)unlink(file->path);
}

void pid_file_dispose(pid_file *file) {
  if (file->fd >= 0) {
    (void)close(file->fd);
    (void)unlink(file->temporary);
  }
  free(file->temporary);
  *file = (pid_file){.fd = -1};
}
