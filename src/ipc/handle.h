/* handle.h - the internal messages, whose `cmd` begins with NODE_: handles, their confirmation, and our own. Pure. */
#ifndef CP_IPC_HANDLE_H
#define CP_IPC_HANDLE_H

#include "value.h"

typedef enum cp__internal_kind {
  CP__INTERNAL_OTHER,        /* somebody else's: cluster */
  CP__INTERNAL_HANDLE,       /* NODE_HANDLE: a message with one handle */
  CP__INTERNAL_ACK,          /* it has arrived */
  CP__INTERNAL_NACK,         /* it has arrived without its fd */
  CP__INTERNAL_GET_COUNT,    /* how many sockets of that key are open there? */
  CP__INTERNAL_NOTIFY_CLOSE, /* say when none is */
  CP__INTERNAL_HELLO,        /* the peer is this library */
  CP__INTERNAL_LIBRARY       /* a message between ends of this library: any handles, and shared memory */
} cp__internal_kind;

typedef struct cp__internal {
  cp__internal_kind kind;
  cp_value message;    /* what is for the program; undefined: there is none */
  const char *key;     /* of the count messages; NULL: none */
  bool has_memory;     /* the message itself is in shared memory ... */
  size_t memory_bytes; /* ... of that many bytes */
  size_t handle_count;
  cp_handle handles[CP_HANDLES_MAX]; /* without fds; what they point to is in the heap */
} cp__internal;

/* What an internal message says. CP_EMESSAGE: one of ours or NODE_HANDLE that says nonsense; UV_ENOMEM. */
int cp__internal_read(cp__internal *out, cp_heap *heap, cp_value message);

/* Whether a value is an internal message. */
bool cp__is_internal(cp_value message);

/* Builders. `heap` takes the new objects, and is that of `message` if that is an object. */
cp_value cp__handle_message(cp_heap *heap, const cp_handle *handle, bool ipv6, cp_value message);
cp_value cp__library_message(cp_heap *heap, const cp_handle *handles, size_t count, const size_t *memory_bytes,
                             cp_value message);
cp_value cp__simple_internal(cp_heap *heap, const char *cmd);
cp_value cp__count_answer(cp_heap *heap, const char *cmd, const char *key, int64_t count); /* count -1: left out */

#define CP__ACK "NODE_HANDLE_ACK"
#define CP__HELLO "NODE_CHILD_PROCESS_C_HELLO"

#endif
