/* writer.c - writes as many bytes to stdout as its argument says, as fast as it can. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK_BYTES = 128 * 1024 };

int main(int argc, char **argv) {
  static char chunk[CHUNK_BYTES];
  unsigned long long left = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  while (left > 0) {
    ssize_t n = write(STDOUT_FILENO, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 1;
    left -= (unsigned long long)n;
  }
  return 0;
}
