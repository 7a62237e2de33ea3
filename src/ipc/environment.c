/* environment.c - naming a socket. */
#include "environment.h"

#include <stdio.h>
#include <sys/stat.h>
#include <uv.h>

int cp__socket_name(char out[CP__SOCKET_NAME_MAX], int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) return UV_EBADF;
  (void)snprintf(out, CP__SOCKET_NAME_MAX, "%llu:%llu", (unsigned long long)file.st_dev,
                 (unsigned long long)file.st_ino);
  return 0;
}
