/* buffer.c - bytes that grow. */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256, KEPT_BYTES = 1 << 20 };

/* False: out of memory. */
static bool make_room(buffer *self, size_t more) {
  if (self->size - self->length >= more) return true;
  size_t size = self->size * 2 > FIRST_BYTES ? self->size * 2 : FIRST_BYTES;
  if (size < self->length + more) size = self->length + more;
  char *bytes = realloc(self->bytes, size);
  if (bytes == NULL) {
    self->failed = true;
    return false;
  }
  self->bytes = bytes;
  self->size = size;
  return true;
}

void buffer_add(buffer *self, const void *bytes, size_t length) {
  if (length == 0 || !make_room(self, length)) return;
  memcpy(self->bytes + self->length, bytes, length);
  self->length += length;
}

void buffer_add_text(buffer *self, const char *text) { buffer_add(self, text, strlen(text)); }

void buffer_format(buffer *self, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0) self->failed = true;
  if (length > 0 && make_room(self, (size_t)length + 1)) {
    (void)vsnprintf(self->bytes + self->length, (size_t)length + 1, format, again);
    self->length += (size_t)length;
  }
  va_end(again);
  va_end(arguments);
}

void buffer_clear(buffer *self) {
  if (self->size > KEPT_BYTES) buffer_dispose(self);
  self->length = 0;
  self->failed = false;
}

void buffer_dispose(buffer *self) {
  free(self->bytes);
  *self = (buffer){0};
}
