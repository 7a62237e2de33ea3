/* capture.h - gathering output in memory, within a limit. No I/O. */
#ifndef CP_CAPTURE_H
#define CP_CAPTURE_H

#include "child_process.h"

typedef struct cp__capture {
  char *bytes;
  size_t length, capacity, limit;
  size_t start; /* KEEP_TAIL: where the oldest byte is, once the ring is full */
  cp_overflow overflow;
  uint64_t dropped;
} cp__capture;

/* The limit that options.max_buffer_bytes stands for, CP_BUFFER_* included; 0 is CP_BUFFER_DEFAULT. */
size_t cp__capture_limit(size_t max_buffer_bytes);

/* `max` is options.max_buffer_bytes. With CP_OVERFLOW_KILL_TOTAL the caller counts, and all that comes is kept. */
void cp__capture_init(cp__capture *capture, size_t max, cp_overflow overflow);

/*
 * Room for the next bytes; cp__capture_commit() says how many came. *size is 0 where nothing more is kept: then read
 * into something else and tell cp__capture_drop(). NULL with *size > 0: out of memory.
 */
char *cp__capture_room(cp__capture *capture, size_t *size);
void cp__capture_commit(cp__capture *capture, size_t length);

/* So many bytes were thrown away. Returns true if that is against the rules (CP_OVERFLOW_KILL). */
bool cp__capture_drop(cp__capture *capture, size_t length);

/* Hands the bytes over, in order and NUL-terminated, decoded if asked. UV_ENOMEM: the capture still has them. */
int cp__capture_take(cp__capture *capture, cp_encoding encoding, cp_bytes *out);

void cp__capture_free(cp__capture *capture);

#endif
