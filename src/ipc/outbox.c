/* outbox.c - writing messages and what goes along with them. */
#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "fail.h"
#include "io.h"

enum { KEPT_BYTES = 9 << 20 /* an empty buffer that is larger is given back */ };

void cp__fds_free(cp__fds *fds) {
  for (int i = 0; fds != NULL && i < fds->count; i++) cp__close(fds->fds[i]);
  free(fds);
}

/* ---------------------------------------------------------------- the queue */

static cp__outgoing *entry(const cp__outbox *outbox, size_t i) {
  return &outbox->ring[(outbox->first + i) & (outbox->capacity - 1)];
}

static bool grow_ring(cp__outbox *outbox) {
  enum { FIRST_CAPACITY = 32 };
  size_t capacity = outbox->capacity > 0 ? outbox->capacity * 2 : FIRST_CAPACITY;
  cp__outgoing *ring = malloc(capacity * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < outbox->count; i++) ring[i] = *entry(outbox, i);
  free(outbox->ring);
  outbox->ring = ring;
  outbox->first = 0;
  outbox->capacity = capacity;
  return true;
}

/* Room for the callbacks of all that waits is made here, so that nothing can fail later. */
static bool grow_done(cp__outbox *outbox) {
  size_t needed = outbox->done_count + outbox->count + 1;
  if (needed <= outbox->done_capacity) return true;
  cp__sent *done = realloc(outbox->done, needed * 2 * sizeof *done);
  if (done == NULL) return false;
  outbox->done = done;
  outbox->done_capacity = needed * 2;
  return true;
}

int cp__outbox_push(cp__outbox *outbox, const cp__outgoing *message) {
  if (outbox->count == outbox->capacity && !grow_ring(outbox)) return UV_ENOMEM;
  if (!grow_done(outbox)) return UV_ENOMEM;
  cp__outgoing *last = entry(outbox, outbox->count++);
  *last = *message;
  last->end = outbox->origin + outbox->bytes.length;
  return 0;
}

static void finish(cp__outbox *outbox, const cp__outgoing *message, int status) {
  cp__fds_free(message->fds);
  if (message->cb == NULL) return;
  outbox->done[outbox->done_count++] = (cp__sent){.cb = message->cb, .data = message->data, .status = status};
}

/* Takes out the messages that are written. */
static void pop_sent(cp__outbox *outbox) {
  while (outbox->count > 0 && entry(outbox, 0)->end <= outbox->sent) {
    cp__outgoing *message = entry(outbox, 0);
    outbox->boundary = message->end;
    outbox->awaiting_ack = outbox->awaiting_ack || message->needs_ack;
    finish(outbox, message, 0);
    outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
    outbox->count--;
  }
}

/* Gives back what is written, when that is cheap: all of it, or more than what is left. */
static void forget_sent(cp__outbox *outbox) {
  size_t written = (size_t)(outbox->sent - outbox->origin), left = outbox->bytes.length - written;
  if (left > 0 && (written < KEPT_BYTES || written < left)) return;
  if (left > 0) memmove(outbox->bytes.bytes, outbox->bytes.bytes + written, left);
  outbox->bytes.length = left;
  outbox->origin = outbox->sent;
  if (left == 0 && outbox->bytes.capacity > KEPT_BYTES) cp__buffer_free(&outbox->bytes);
}

/* ---------------------------------------------------------------- writing */

static void attach(struct msghdr *message, char *control, const cp__fds *fds) {
  size_t size = (size_t)fds->count * sizeof(int);
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE(size);
  memset(control, 0, CMSG_SPACE(size));
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(header), fds->fds, size);
}

static ssize_t send_bytes(int fd, const uint8_t *bytes, size_t length, const cp__fds *fds) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof fds->fds)];
  } control;
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t n;
  if (fds != NULL) attach(&message, control.bytes, fds);
  do n = fds != NULL ? sendmsg(fd, &message, MSG_NOSIGNAL) : send(fd, bytes, length, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? CP__ERRNO(errno) : n;
}

static int write_replies(cp__outbox *outbox, int fd) {
  cp__buffer *replies = &outbox->replies;
  while (outbox->replies_sent < replies->length) {
    ssize_t n = send_bytes(fd, replies->bytes + outbox->replies_sent, replies->length - outbox->replies_sent, NULL);
    if (n < 0) return (int)n;
    outbox->replies_sent += (size_t)n;
  }
  replies->length = outbox->replies_sent = 0;
  return 0;
}

/* Messages up to the next one that is more than bytes. Kept in run_end: there may be very many. */
static uint64_t find_run_end(cp__outbox *outbox) {
  if (outbox->run_end > outbox->sent) return outbox->run_end;
  for (size_t i = 0; i < outbox->count; i++) {
    const cp__outgoing *message = entry(outbox, i);
    if (message->fds != NULL && i > 0) break;
    outbox->run_end = message->end;
    if (message->fds != NULL || message->needs_ack) break;
  }
  return outbox->run_end;
}

static int write_run(cp__outbox *outbox, int fd) {
  cp__outgoing *message = entry(outbox, 0);
  uint64_t end = find_run_end(outbox);
  if (outbox->replies.length > 0) end = message->end;
  const uint8_t *from = outbox->bytes.bytes + (outbox->sent - outbox->origin);
  ssize_t n = send_bytes(fd, from, (size_t)(end - outbox->sent), message->fds);
  if (n < 0) return (int)n;
  outbox->sent += (uint64_t)n;
  cp__fds_free(message->fds); /* the kernel has them now */
  message->fds = NULL;
  pop_sent(outbox);
  return 0;
}

int cp__outbox_write(cp__outbox *outbox, int fd) {
  int rc = 0;
  while (rc == 0) {
    bool between = outbox->sent == outbox->boundary || outbox->replies_sent > 0;
    if (outbox->replies.length > 0 && between)
      rc = write_replies(outbox, fd);
    else if (outbox->count > 0 && !outbox->awaiting_ack)
      rc = write_run(outbox, fd);
    else
      break;
  }
  forget_sent(outbox);
  return rc;
}

void cp__outbox_forget_done(cp__outbox *outbox, size_t count) {
  outbox->done_count -= count;
  if (outbox->done_count > 0) memmove(outbox->done, outbox->done + count, outbox->done_count * sizeof *outbox->done);
}

void cp__outbox_fail(cp__outbox *outbox, int status) {
  while (outbox->count > 0) {
    finish(outbox, entry(outbox, 0), status);
    outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
    outbox->count--;
  }
  outbox->origin = outbox->sent = outbox->boundary = outbox->run_end = 0;
  cp__buffer_free(&outbox->bytes);
  cp__buffer_free(&outbox->replies);
  outbox->replies_sent = 0;
}

void cp__outbox_free(cp__outbox *outbox) {
  cp__outbox_fail(outbox, UV_ECANCELED);
  free(outbox->ring);
  free(outbox->done);
  *outbox = (cp__outbox){0};
}
