/* buffer.c - bytes that grow at their end. */
#include "buffer.h"

#include <stdlib.h>

#include "pages.h"

bool cp__buffer_grow(cp__buffer *buffer, size_t size) {
  enum { SMALLEST = 256 };
  if (buffer->failed || size > SIZE_MAX / 2 - buffer->length) {
    buffer->failed = true;
    return false;
  }
  size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
  capacity += capacity / 2;
  size_t needed = buffer->length + size;
  if (capacity < needed) capacity = needed + needed / 16 + SMALLEST; /* what is large comes once, and little after it */
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) {
    buffer->failed = true;
    return false;
  }
  cp__pages_hint(bytes, capacity);
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

void cp__buffer_free(cp__buffer *buffer) {
  free(buffer->bytes);
  *buffer = (cp__buffer){0};
}
