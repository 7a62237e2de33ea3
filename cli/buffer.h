/* buffer.h - bytes that grow. */
#ifndef CLI_BUFFER_H
#define CLI_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: empty. */
typedef struct buffer {
  char *bytes;
  size_t length, size;
  bool failed; /* out of memory: something is missing */
} buffer;

void buffer_add(buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(buffer *buffer, const char *text);
void buffer_format(buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empty again. The memory is kept, unless it is much. */
void buffer_clear(buffer *buffer);

void buffer_dispose(buffer *buffer);

#endif
