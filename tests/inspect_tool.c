/*
 * inspect_tool.c - prints structured clone bytes as values, for inspect_against_node.js to compare.
 *
 * Reads frames from stdin: a length of 32 bits, then so many bytes: depth, break_length, max_elements and max_string of
 * 32 bits each, then what v8.serialize() made. Writes a length and a text to stdout for each; no text if the bytes cannot
 * be read. All numbers are big-endian.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child_process.h"

enum { HEAD = 4, OPTIONS = 16 };

static uint32_t number_at(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static char *inspect(cp_heap *heap, const uint8_t *bytes, size_t length) {
  cp_inspect_options options = {(int)number_at(bytes), (int)number_at(bytes + 4), (int)number_at(bytes + 8),
                                (int)number_at(bytes + 12)};
  cp_value value;
  cp_error error;
  if (cp_value_from_clone(&value, heap, bytes + OPTIONS, length - OPTIONS, CP_CLONE_V8, &error) == 0)
    return cp_value_inspect(value, &options);
  (void)fprintf(stderr, "inspect_tool: %s\n", error.message);
  return NULL;
}

static bool answer(const uint8_t *bytes, size_t length) {
  cp_heap *heap = cp_heap_new(NULL);
  char *text = inspect(heap, bytes, length);
  size_t size = text != NULL ? strlen(text) : 0;
  uint8_t head[HEAD] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
  bool is_written = fwrite(head, 1, HEAD, stdout) == HEAD && fwrite(text != NULL ? text : "", 1, size, stdout) == size;
  cp_free(text);
  cp_heap_free(heap);
  return is_written;
}

int main(void) {
  uint8_t head[HEAD];
  while (fread(head, 1, HEAD, stdin) == HEAD) {
    size_t length = number_at(head);
    uint8_t *bytes = length >= OPTIONS ? malloc(length) : NULL;
    if (bytes == NULL || fread(bytes, 1, length, stdin) != length || !answer(bytes, length)) return 1;
    free(bytes);
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
