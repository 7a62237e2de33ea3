/*
 * clone_tool.c - reads structured clone bytes and writes them again, for clone_against_node.js to compare.
 *
 *   clone_tool channel|v8 IN OUT
 *
 * Reads frames from the fd IN, a length of 32 bits, big-endian, and so many bytes; writes one to the fd OUT for each,
 * without bytes if they cannot be read. These are the frames of a channel, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "child_process.h"

static bool read_whole(int fd, void *bytes, size_t length) {
  for (size_t got = 0; got < length;) {
    ssize_t n = read(fd, (char *)bytes + got, length - got);
    if (n <= 0) return false;
    got += (size_t)n;
  }
  return true;
}

static void write_whole(int fd, const void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, (const char *)bytes + done, length - done);
    if (n <= 0) exit(1);
    done += (size_t)n;
  }
}

static void write_frame(int fd, const void *bytes, size_t length) {
  uint8_t head[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
  write_whole(fd, head, sizeof head);
  write_whole(fd, bytes, length);
}

static void answer(int fd, const void *bytes, size_t length, cp_clone_format format) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  cp_error error;
  void *again = NULL;
  size_t again_length = 0;
  if (cp_value_from_clone(&value, heap, bytes, length, format, &error) == 0 &&
      cp_value_to_clone(&again, &again_length, value, format, &error) != 0)
    (void)fprintf(stderr, "clone_tool: %s\n", error.message);
  write_frame(fd, again, again_length);
  cp_free(again);
  cp_heap_free(heap);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  cp_clone_format format = strcmp(argv[1], "v8") == 0 ? CP_CLONE_V8 : CP_CLONE_CHANNEL;
  int in = (int)strtol(argv[2], NULL, 10), out = (int)strtol(argv[3], NULL, 10);
  for (uint8_t head[4]; read_whole(in, head, sizeof head);) {
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    void *bytes = malloc(length > 0 ? length : 1);
    if (bytes == NULL || !read_whole(in, bytes, length)) return 1;
    answer(out, bytes, length, format);
    free(bytes);
  }
  return 0;
}
