/*
 * frame.h - where one message ends and the next begins. Pure: bytes in, payloads out, however the bytes are cut.
 *
 * JSON: a text and a newline. Advanced: four bytes of length, most significant first, and the payload.
 */
#ifndef CP_IPC_FRAME_H
#define CP_IPC_FRAME_H

#include "buffer.h"
#include "child_process.h"

typedef struct cp__framer {
  cp_serialization serialization;
  size_t max_bytes; /* of one payload */
  uint8_t *bytes;   /* NULL: nothing was ever read */
  size_t capacity;
  size_t start, end; /* what has come and was not given out */
  size_t searched;   /* JSON: no newline before this */
} cp__framer;

void cp__framer_init(cp__framer *framer, cp_serialization serialization, size_t max_bytes);
void cp__framer_free(cp__framer *framer);

/*
 * Where to put the next bytes, *room of them at least 1. Memory grows with what has come, never with what a length
 * field promises. Ends the life of payloads that were given out. NULL: out of memory.
 */
uint8_t *cp__framer_room(cp__framer *framer, size_t *room);

/* Gives memory back that a large message has left behind, if nothing is in it. */
void cp__framer_trim(cp__framer *framer);

/* `length` bytes were put there. */
void cp__framer_commit(cp__framer *framer, size_t length);

/*
 * The next payload, which lives until the next cp__framer_room(). A NUL follows a JSON text. 1: there is one; 0: not
 * yet; CP_ETOOBIG.
 */
int cp__framer_next(cp__framer *framer, uint8_t **payload, size_t *length);

/* A message has begun and is not whole. */
bool cp__framer_is_inside(const cp__framer *framer);

/*
 * Hands the memory that `payload` lies in to the caller, who free()s it, and goes on with the rest elsewhere: for a
 * large payload that must be kept. NULL: out of memory.
 */
uint8_t *cp__framer_steal(cp__framer *framer);

/* Begins and ends a frame in a buffer: what is added between is the payload. The end: 0, CP_ETOOBIG, UV_ENOMEM. */
size_t cp__frame_begin(cp__buffer *out, cp_serialization serialization);
int cp__frame_end(cp__buffer *out, cp_serialization serialization, size_t begin);

/* The payload of the frame from `begin` to the end of the buffer. */
const uint8_t *cp__frame_payload(const cp__buffer *out, cp_serialization serialization, size_t begin, size_t *length);

#endif
