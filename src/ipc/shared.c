/* shared.c - large payloads in sealed shared memory. */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"

#ifdef F_ADD_SEALS

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int fill(int fd, const char *bytes, size_t length) {
  if (ftruncate(fd, (off_t)length + 1) != 0) return CP__ERRNO(errno); /* one more: the NUL */
  for (size_t done = 0; done < length;) {
    ssize_t n = cp__write(fd, bytes + done, length - done);
    if (n < 0) return (int)n;
    done += (size_t)n;
  }
  return fcntl(fd, F_ADD_SEALS, SEALS) == 0 ? 0 : CP__ERRNO(errno);
}

int cp__shared_make(const void *bytes, size_t length) {
  int fd = memfd_create("child_process message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return CP__ERRNO(errno);
  int rc = fill(fd, bytes, length);
  if (rc == 0) return fd;
  cp__close(fd);
  return rc;
}

static bool is_sealed(int fd, size_t length) {
  struct stat file;
  int seals = fcntl(fd, F_GET_SEALS);
  const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
  return seals >= 0 && (seals & needed) == needed && fstat(fd, &file) == 0 && (uint64_t)file.st_size == length + 1;
}

int cp__shared_map(uint8_t **bytes, int fd, size_t length) {
  if (!is_sealed(fd, length)) return CP_EMESSAGE;
  uint8_t *map = mmap(NULL, length + 1, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (map == MAP_FAILED) return CP__ERRNO(errno);
  if (map[length] != '\0') {
    cp__shared_unmap(map, length);
    return CP_EMESSAGE;
  }
  *bytes = map;
  return 0;
}

void cp__shared_unmap(uint8_t *bytes, size_t length) {
  if (bytes != NULL) (void)munmap(bytes, length + 1);
}

#else

int cp__shared_make(const void *bytes, size_t length) {
  (void)bytes, (void)length;
  return UV_ENOSYS;
}

int cp__shared_map(uint8_t **bytes, int fd, size_t length) {
  (void)bytes, (void)fd, (void)length;
  return CP_EMESSAGE;
}

void cp__shared_unmap(uint8_t *bytes, size_t length) { (void)bytes, (void)length; }

#endif
