/* buffer.h - bytes that grow at their end. */
#ifndef CP_IPC_BUFFER_H
#define CP_IPC_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct cp__buffer {
  uint8_t *bytes; /* malloc()ed; NULL while nothing was written */
  size_t length, capacity;
  bool failed; /* out of memory: what was written since is lost */
} cp__buffer;

/* Makes room for `size` more bytes; false: failed. */
bool cp__buffer_grow(cp__buffer *buffer, size_t size);

/* Room for `size` bytes at the end, which the caller fills before he adds to buffer->length; NULL: failed. */
static inline uint8_t *cp__buffer_room(cp__buffer *buffer, size_t size) {
  if (buffer->capacity - buffer->length < size && !cp__buffer_grow(buffer, size)) return NULL;
  return buffer->bytes + buffer->length;
}

static inline void cp__buffer_add(cp__buffer *buffer, const void *bytes, size_t length) {
  uint8_t *room = cp__buffer_room(buffer, length);
  if (room == NULL || bytes == NULL) return;
  memcpy(room, bytes, length);
  buffer->length += length;
}

static inline void cp__buffer_byte(cp__buffer *buffer, uint8_t byte) {
  uint8_t *room = cp__buffer_room(buffer, 1);
  if (room == NULL) return;
  *room = byte;
  buffer->length++;
}

void cp__buffer_free(cp__buffer *buffer);

#endif
