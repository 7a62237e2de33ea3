/*
 * outbox.h - what waits to be written to a channel's socket, in order.
 *
 * The bytes of all messages lie in one buffer, so that one system call takes many of them. Handles go with the first
 * byte of their message, by a system call of their own. After a handle for Node nothing may follow until the peer has
 * confirmed it, but our own confirmations: they go before the next message, wherever that is.
 */
#ifndef CP_IPC_OUTBOX_H
#define CP_IPC_OUTBOX_H

#include "buffer.h"
#include "child_process.h"

/* Open files that go along with a message; they belong to whoever holds this. */
typedef struct cp__fds {
  int count;
  int fds[CP_HANDLES_MAX + 1]; /* one more than handles: shared memory */
} cp__fds;

void cp__fds_free(cp__fds *fds); /* closes them; takes NULL */

typedef struct cp__outgoing {
  uint64_t end; /* where the message ends in the stream of all bytes */
  cp_send_cb cb;
  void *data;
  cp__fds *fds; /* not sent yet; NULL: none */
  bool needs_ack;
} cp__outgoing;

typedef struct cp__sent {
  cp_send_cb cb;
  void *data;
  int status;
} cp__sent;

typedef struct cp__outbox {
  cp__buffer bytes; /* bytes[0] is byte `origin` of the stream */
  uint64_t origin, sent, boundary,
      run_end;        /* boundary: the end of the last message that is out; run_end: bytes up to here go plainly */
  cp__outgoing *ring; /* messages that are not out; capacity is a power of two */
  size_t first, count, capacity;
  cp__buffer replies; /* confirmations, which overtake */
  size_t replies_sent;
  bool awaiting_ack;
  cp__sent *done; /* callbacks to call */
  size_t done_count, done_capacity;
} cp__outbox;

/* The message whose frame was added to outbox->bytes is one. Takes `fds` on success. UV_ENOMEM. */
int cp__outbox_push(cp__outbox *outbox, const cp__outgoing *message);

/* Writes what can be written now. 0: nothing is left that may be; UV_EAGAIN: the socket is full; else what failed. */
int cp__outbox_write(cp__outbox *outbox, int fd);

/* The first `count` callbacks have been called. */
void cp__outbox_forget_done(cp__outbox *outbox, size_t count);

/* Everything that waits fails with `status`. */
void cp__outbox_fail(cp__outbox *outbox, int status);

void cp__outbox_free(cp__outbox *outbox);

static inline size_t cp__outbox_queued(const cp__outbox *outbox) {
  return (size_t)(outbox->origin + outbox->bytes.length - outbox->sent);
}

static inline bool cp__outbox_is_empty(const cp__outbox *outbox) {
  return outbox->count == 0 && outbox->replies.length == 0;
}

#endif
