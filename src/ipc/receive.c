/* receive.c - from the socket to the callbacks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"
#include "clone.h"
#include "fail.h"
#include "io.h"
#include "json.h"
#include "shared.h"
#include "text.h"

enum { READS_PER_EVENT = 32 };

/* ---------------------------------------------------------------- errors */

static void malformed(cp_channel *channel, int code, const char *what) {
  cp_error error;
  (void)cp__fail(&error, code, CP_STAGE_RECEIVE, -1, NULL, "receive: %s", what);
  cp__channel_break(channel, &error);
}

/* The channel goes on. */
static void complain(cp_channel *channel, int code, const char *what) {
  cp_error error;
  (void)cp__fail(&error, code, CP_STAGE_RECEIVE, -1, NULL, "receive: %s", what);
  cp__channel_tell_error(channel, &error);
}

/* ---------------------------------------------------------------- fds */

static void gather_fds(cp_channel *channel, const int *fds, size_t count) {
  cp__fds *arrived = channel->arrived;
  if (arrived == NULL) arrived = channel->arrived = calloc(1, sizeof *arrived);
  size_t room = arrived != NULL ? CP_HANDLES_MAX + 1 - (size_t)arrived->count : 0;
  for (size_t i = 0; i < count; i++) {
    if (i < room)
      arrived->fds[arrived->count++] = fds[i];
    else
      cp__close(fds[i]);
  }
  if (count > room) malformed(channel, arrived != NULL ? CP_EMESSAGE : UV_ENOMEM, "more open files than messages name");
}

static int take_fd(cp_channel *channel) {
  cp__fds *arrived = channel->arrived;
  if (arrived == NULL || arrived->count == 0) return -1;
  int fd = arrived->fds[0];
  arrived->count--;
  memmove(arrived->fds, arrived->fds + 1, (size_t)arrived->count * sizeof *arrived->fds);
  return fd;
}

/* One read. What does not fit into the room for fds is closed by the kernel, as where this process has no fd left. */
static ssize_t read_once(cp_channel *channel, uint8_t *room, size_t size) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * (CP_HANDLES_MAX + 1))];
  } control;
  struct iovec part = {.iov_base = room, .iov_len = size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = sizeof control;
  ssize_t n;
  do n = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0) return CP__ERRNO(errno);
  channel->fds_lost = channel->fds_lost || (message.msg_flags & MSG_CTRUNC);
  if (message.msg_controllen == 0) return n;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
      gather_fds(channel, (int *)(void *)CMSG_DATA(header), (header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  return n;
}

/* ---------------------------------------------------------------- delivery */

/*
 * What a message that waits costs, in bytes: its values may take fifty times its length, and open files are scarcer than
 * memory. It stays the same while it waits.
 */
static size_t weight(const cp_message *message) {
  enum { HANDLE = 32768 };
  size_t values = message->heap != NULL ? cp__heap_bytes(message->heap) : 0;
  return sizeof *message + message->length + values + message->handle_count * HANDLE;
}

static void store(cp_channel *channel, cp_message *message) {
  cp_message *kept = cp__message_detach(message);
  if (kept == NULL) {
    malformed(channel, UV_ENOMEM, "out of memory");
    return;
  }
  *channel->backlog_end = kept;
  channel->backlog_end = &kept->next;
  channel->backlog_bytes += weight(kept);
}

/* From here on the program has the message: it may read on from its callback, by a flush. */
static void note_told(cp_channel *channel) {
  channel->sockets.told++;
  if (channel->lease != NULL) channel->lease->told = true;
}

/* One message to whoever wants it. False: nobody does yet. */
static bool offer(cp_channel *channel, cp_message *message) {
  note_told(channel);
  if (message->is_internal) {
    if (channel->on_internal == NULL || channel->freed) return true;
    channel->in_batch = true;
    channel->on_internal(channel, message, channel->internal_data);
    return true;
  }
  if (channel->requests.first_id != 0 && cp__requests_answer(channel, message)) return true;
  if (channel->on_message == NULL || channel->freed) return channel->freed;
  channel->in_batch = true;
  channel->on_message(channel, message, channel->message_data);
  return true;
}

/* Replies and internal messages do not wait behind messages that nobody takes. */
static void deliver(cp_channel *channel, cp_message *message) {
  bool flows = !channel->paused && !channel->holding;
  if (channel->freed || (message->is_internal && !channel->holding && offer(channel, message))) return;
  if (flows && channel->backlog == NULL && offer(channel, message)) return;
  if (flows && channel->requests.first_id != 0 && cp__requests_answer(channel, message)) return;
  if (!channel->freed) store(channel, message);
}

static cp_message *take_from_backlog(cp_channel *channel) {
  cp_message *message = channel->backlog;
  channel->backlog = message->next;
  if (channel->backlog == NULL) channel->backlog_end = &channel->backlog;
  channel->backlog_bytes -= weight(message);
  return message;
}

/* Puts messages that nobody took back to the front. */
static void put_back(cp_channel *channel, cp_message *first, cp_message **end) {
  *end = channel->backlog;
  if (channel->backlog == NULL) channel->backlog_end = end;
  channel->backlog = first;
}

/* Without a listener the replies among them are still told. The callback of one may set a listener: back to the front. */
void cp__channel_deliver_backlog(cp_channel *channel) {
  cp_message *left = NULL, **left_end = &left;
  for (;;) {
    if (left != NULL && channel->on_message != NULL) {
      put_back(channel, left, left_end);
      left = NULL;
      left_end = &left;
    }
    if (channel->backlog == NULL || channel->paused || channel->freed) break;
    cp_message *message = take_from_backlog(channel);
    if (offer(channel, message)) {
      cp_message_free(message);
      continue;
    }
    message->next = NULL;
    *left_end = message;
    left_end = &message->next;
    channel->backlog_bytes += weight(message);
  }
  if (left != NULL) put_back(channel, left, left_end);
  cp__channel_end_batch(channel);
  if (channel->freed) cp__channel_free_backlog(channel);
  if (!channel->freed && channel->fd >= 0) cp__channel_update(channel);
}

/* ---------------------------------------------------------------- internal messages */

static void trace(cp_channel *channel, const cp_message *message, bool internal) {
  cp_trace trace = {.internal = internal,
                    .time_ns = cp__now_ns(),
                    .payload = message->payload,
                    .length = message->length,
                    .fds = channel->arrived != NULL ? (size_t)channel->arrived->count : 0};
  cp__channel_trace(channel, &trace);
}

/* The handles with what they point to, in one block; the fds are taken. */
static cp_handle *own_handles(cp_channel *channel, const cp__internal *internal) {
  size_t size = internal->handle_count * sizeof(cp_handle);
  for (size_t i = 0; i < internal->handle_count; i++) {
    const cp_handle *handle = &internal->handles[i];
    size += handle->unread_length + (handle->key != NULL ? strlen(handle->key) + 1 : 0);
  }
  cp_handle *handles = malloc(size);
  if (handles == NULL) return NULL;
  char *rest = (char *)(handles + internal->handle_count);
  for (size_t i = 0; i < internal->handle_count; i++) {
    handles[i] = internal->handles[i];
    handles[i].fd = take_fd(channel);
    if (handles[i].unread != NULL) {
      handles[i].unread = memcpy(rest, handles[i].unread, handles[i].unread_length);
      rest += handles[i].unread_length;
    }
    if (handles[i].key == NULL) continue;
    size_t length = strlen(handles[i].key) + 1;
    handles[i].key = memcpy(rest, handles[i].key, length);
    rest += length;
  }
  return handles;
}

static bool take_handles(cp_channel *channel, cp_message *message, const cp__internal *internal) {
  if (internal->handle_count == 0) return true;
  message->handles = own_handles(channel, internal);
  if (message->handles == NULL) {
    malformed(channel, UV_ENOMEM, "out of memory");
    return false;
  }
  message->handle_count = internal->handle_count;
  bool missing = false;
  for (size_t i = 0; i < message->handle_count; i++) {
    missing = missing || message->handles[i].fd < 0;
    cp__sockets_add(&channel->sockets, &message->handles[i]);
  }
  if (!missing) return true;
  complain(channel, channel->fds_lost ? UV_EMFILE : CP_EMESSAGE, "a message came without the open file that it names");
  channel->fds_lost = false;
  return !channel->freed;
}

static void deliver_envelope(cp_channel *channel, cp_message *message, const cp__internal *internal) {
  message->value = internal->message;
  message->has_value = message->is_envelope = true;
  message->is_internal = cp__is_internal(message->value);
  deliver(channel, message);
}

/* The confirmation first: the peer's next message waits for it, for ever if it does not come. */
static void take_node_handle(cp_channel *channel, cp_message *message, const cp__internal *internal) {
  cp_heap *heap = cp__channel_scratch(channel);
  if (heap == NULL || cp__channel_send_internal(channel, cp__simple_internal(heap, CP__ACK), true) != 0) {
    malformed(channel, UV_ENOMEM, "no memory to confirm a handle");
    return;
  }
  if (take_handles(channel, message, internal)) deliver_envelope(channel, message, internal);
}

static bool inspect(cp_channel *channel, cp_message *message, bool *internal);

/* The message lies in shared memory: it is one like any other, with the handles of its envelope. */
static void take_shared(cp_channel *channel, cp_message *envelope, size_t length) {
  cp_message message = {.channel = channel, .serialization = channel->serialization, .length = length};
  bool internal = false;
  int fd = take_fd(channel);
  if (fd < 0 && channel->fds_lost) {
    channel->fds_lost = false;
    complain(channel, UV_EMFILE, "no open file is left for a message in shared memory: it is lost");
    return;
  }
  int rc = fd < 0 || length > channel->limits.max_bytes ? CP_EMESSAGE : cp__shared_map(&message.mapped, fd, length);
  cp__close(fd);
  if (rc != 0) {
    malformed(channel, rc, "shared memory that is not what the message says");
    return;
  }
  message.payload = message.mapped;
  message.mapped_length = length;
  message.handles = envelope->handles;
  message.handle_count = envelope->handle_count;
  envelope->handles = NULL;
  envelope->handle_count = 0;
  if (inspect(channel, &message, &internal)) {
    if (channel->on_trace != NULL) trace(channel, &message, internal);
    message.is_internal = internal;
    deliver(channel, &message);
  }
  cp__message_dispose(&message);
  cp_heap_free(message.heap);
}

static void take_library(cp_channel *channel, cp_message *message, const cp__internal *internal) {
  if (!take_handles(channel, message, internal)) return;
  if (internal->has_memory)
    take_shared(channel, message, internal->memory_bytes);
  else
    deliver_envelope(channel, message, internal);
}

static void take_ack(cp_channel *channel, bool arrived) {
  channel->outbox.awaiting_ack = false;
  if (!arrived) complain(channel, CP_EREPLY, "the peer says that a handle did not arrive; its message is lost");
  if (!channel->freed && !cp__channel_is_corked(channel)) cp__channel_pump(channel);
}

/* 0; UV_ENOMEM, CP_EMESSAGE: nonsense. Between raw ends the library's own messages are like any stranger's. */
static int read_internal(const cp_channel *channel, cp_message *message, cp__internal *internal) {
  cp_value value = cp_message_value(message);
  if (value.type == CP_TYPE_NONE) return UV_ENOMEM;
  int rc = cp__internal_read(internal, message->heap, value);
  if (!channel->raw || internal->kind != CP__INTERNAL_LIBRARY) return rc;
  internal->kind = CP__INTERNAL_OTHER;
  return 0;
}

static void take_internal(cp_channel *channel, cp_message *message) {
  cp__internal internal;
  int rc = read_internal(channel, message, &internal);
  if (rc != 0) {
    malformed(channel, rc, "an internal message that makes no sense");
    return;
  }
  switch (internal.kind) {
    case CP__INTERNAL_HANDLE:
      take_node_handle(channel, message, &internal);
      return;
    case CP__INTERNAL_LIBRARY:
      take_library(channel, message, &internal);
      return;
    case CP__INTERNAL_ACK:
    case CP__INTERNAL_NACK:
      take_ack(channel, internal.kind == CP__INTERNAL_ACK);
      return;
    case CP__INTERNAL_GET_COUNT:
    case CP__INTERNAL_NOTIFY_CLOSE:
      cp__sockets_asked(channel, &internal);
      return;
    case CP__INTERNAL_HELLO:
      channel->peer_is_library = !channel->raw;
      return;
    case CP__INTERNAL_OTHER:
      message->is_internal = true;
      deliver(channel, message);
      return;
  }
}

/* ---------------------------------------------------------------- one frame */

/* Bad UTF-8 is replaced, as Node does. */
static int repair(cp_message *message) {
  uint8_t *text = malloc(message->length * 3 + 1);
  if (text == NULL) return UV_ENOMEM;
  message->length = cp__text_repair((char *)text, (const char *)message->payload, message->length);
  text[message->length] = '\0';
  message->owned = text;
  message->payload = text;
  return 0;
}

static int inspect_text(cp_channel *channel, cp_message *message, bool *internal, cp_error *error) {
  cp__json_check check;
  const char *text = (const char *)message->payload;
  int rc = cp__json_check_text(&check, text, message->length, &channel->limits, error);
  if (rc != 0) return rc;
  *internal = check.is_internal;
  if (message->mapped == NULL) {      /* a line may have blanks around it */
    ((char *)text)[check.end] = '\0'; /* NOLINT(clang-analyzer-core.NullDereference): JSON is not empty */
    message->payload += check.start;
    message->length = check.end - check.start;
  }
  rc = check.is_utf8 ? 0 : repair(message);
  return rc == 0 ? 0 : cp__fail_plain(error, rc, CP_STAGE_MEMORY, -1, NULL);
}

static int inspect_clone(cp_channel *channel, cp_message *message, bool *internal, cp_error *error) {
  if (message->heap == NULL) message->heap = cp_heap_new(&channel->limits);
  if (message->heap == NULL) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  int rc = cp__clone_read(&message->value, message->heap, message->payload, message->length, CP_CLONE_CHANNEL, error);
  if (rc != 0) return rc;
  message->has_value = true;
  *internal = cp__is_internal(message->value);
  return 0;
}

/* How internal messages begin. One step of memchr(3) for most bytes: memmem(3) takes many times as long. */
static bool names_node(const uint8_t *bytes, size_t length) {
  static const char prefix[] = "NODE_";
  const uint8_t *end = bytes + length;
  for (const uint8_t *at = bytes; (at = memchr(at, prefix[0], (size_t)(end - at))) != NULL; at++)
    if ((size_t)(end - at) >= sizeof prefix - 1 && memcmp(at, prefix, sizeof prefix - 1) == 0) return true;
  return false;
}

static bool has_hex_escape(const uint8_t *text, size_t length) {
  const uint8_t *end = text + length;
  for (const uint8_t *at = text; (at = memchr(at, '\\', (size_t)(end - at))) != NULL; at++)
    if (end - at >= 2 && at[1] == 'u') return true;
  return false;
}

/* Only who has set limits wants to know what is inside before it is decoded. */
static bool has_text_limits(const cp_limits *limits) {
  return limits->max_depth < CP_DEPTH_MAX || limits->max_values < SIZE_MAX;
}

/* JSON that the program decodes itself, and finds the faults of: only what may be an internal message is looked at. */
static void inspect_raw_text(cp_channel *channel, cp_message *message, bool *internal) {
  cp__json_check check;
  cp_error ignored;
  char *text = (char *)message->payload;
  if (message->mapped == NULL) text[message->length] = '\0'; /* where the line break was */
  if (!names_node(message->payload, message->length) && !has_hex_escape(message->payload, message->length)) return;
  if (cp__json_check_text(&check, text, message->length, &channel->limits, &ignored) == 0)
    *internal = check.is_internal;
}

/*
 * Structured clone that the program decodes itself: only what may be an internal message is decoded here. Those are
 * written with a byte for a character. What cannot be decoded is none of them.
 */
static int inspect_raw_clone(cp_channel *channel, cp_message *message, bool *internal, cp_error *error) {
  if (!names_node(message->payload, message->length)) return 0;
  int rc = inspect_clone(channel, message, internal, error);
  if (rc == UV_ENOMEM) return rc;
  if (rc != 0) cp_heap_reset(message->heap);
  return 0;
}

/* Makes sure that it is a message, as far as that is our business. False: it was not, and the channel is closed. */
static bool inspect(cp_channel *channel, cp_message *message, bool *internal) {
  cp_error error;
  bool is_text = channel->serialization == CP_SERIALIZATION_JSON;
  int rc = 0;
  if (is_text && channel->raw && !has_text_limits(&channel->limits))
    inspect_raw_text(channel, message, internal);
  else if (is_text)
    rc = inspect_text(channel, message, internal, &error);
  else if (channel->raw)
    rc = inspect_raw_clone(channel, message, internal, &error);
  else
    rc = inspect_clone(channel, message, internal, &error);
  if (rc == 0) return true;
  error.stage = CP_STAGE_RECEIVE;
  cp__channel_break(channel, &error);
  return false;
}

static void take_frame(cp_channel *channel, uint8_t *payload, size_t length) {
  cp_message message = {.channel = channel,
                        .serialization = channel->serialization,
                        .payload = payload,
                        .length = length,
                        .heap = channel->spare_heap};
  bool internal = false;
  cp__lease lease = {.payload = payload, .outer = channel->lease};
  channel->lease = &lease;
  channel->spare_heap = NULL;
  if (inspect(channel, &message, &internal)) {
    if (channel->on_trace != NULL) trace(channel, &message, internal);
    if (channel->freed) {
    } else if (internal)
      take_internal(channel, &message);
    else
      deliver(channel, &message);
  }
  cp__message_dispose(&message);
  channel->lease = lease.outer;
  free(lease.memory);
  if (channel->spare_heap != NULL) {
    cp_heap_free(message.heap);
  } else {
    if (message.heap != NULL) cp_heap_reset(message.heap);
    channel->spare_heap = message.heap;
  }
}

/* ---------------------------------------------------------------- reading */

static bool is_open(const cp_channel *channel) { return channel->fd >= 0 && !channel->freed; }

/* Whole frames. An fd comes with a byte of its message: when no message is under way, none may be left. */
static void take_frames(cp_channel *channel) {
  uint8_t *payload;
  size_t length;
  int rc = 0;
  while (is_open(channel) && (rc = cp__framer_next(&channel->framer, &payload, &length)) > 0)
    take_frame(channel, payload, length);
  if (!is_open(channel)) return;
  bool inside = cp__framer_is_inside(&channel->framer);
  if (rc < 0)
    malformed(channel, rc, "a message that is longer than options.limits.max_bytes");
  else if (!inside && channel->arrived != NULL && channel->arrived->count > 0)
    malformed(channel, CP_EMESSAGE, "an open file that no message names");
}

/* What came before the end was delivered; half a message at the end is dropped, as in Node. */
static void end(cp_channel *channel) { cp__channel_close(channel); }

static bool lends_input(const cp_channel *channel, const uint8_t *payload) {
  const cp__framer *framer = &channel->framer;
  return framer->bytes != NULL && payload >= framer->bytes && payload < framer->bytes + framer->capacity;
}

bool cp__channel_may_read(const cp_channel *channel) { return channel->lease == NULL || channel->lease->told; }

/* False: nothing may be read now, or out of memory. */
static bool secure_lease(cp_channel *channel) {
  cp__lease *lease = channel->lease;
  if (!cp__channel_may_read(channel)) return false;
  if (lease == NULL || !lends_input(channel, lease->payload)) return true;
  lease->memory = cp__framer_steal(&channel->framer);
  return lease->memory != NULL;
}

/* False: nothing more for now. */
static bool receive_once(cp_channel *channel, size_t *got) {
  size_t room;
  uint8_t *bytes = cp__framer_room(&channel->framer, &room);
  if (bytes == NULL) {
    malformed(channel, UV_ENOMEM, "out of memory");
    return false;
  }
  ssize_t n = read_once(channel, bytes, room);
  if (!is_open(channel) || n == UV_EAGAIN) return false;
  if (n <= 0) {
    end(channel);
    return false;
  }
  *got += (size_t)n;
  cp__framer_commit(&channel->framer, (size_t)n);
  take_frames(channel);
  return is_open(channel) && ((size_t)n == room || channel->draining);
}

void cp__channel_receive(cp_channel *channel, bool all) {
  if (!secure_lease(channel)) return;
  size_t got = 0, most = all ? cp__pending(channel->fd) : SIZE_MAX;
  bool was_gathering = channel->gathering, was_draining = channel->draining;
  cp__channel_hold(channel);
  channel->gathering = !channel->raw;
  channel->draining = channel->draining || all;
  for (int i = 0; (all || i < READS_PER_EVENT) && got <= most && is_open(channel); i++)
    if (!receive_once(channel, &got) || (!all && cp__channel_is_held_up(channel))) break;
  cp__channel_end_batch(channel);
  channel->gathering = was_gathering;
  channel->draining = was_draining;
  if (channel->lease == NULL) cp__framer_trim(&channel->framer);
  if (is_open(channel) && !cp__channel_is_corked(channel)) cp__channel_pump(channel);
  cp__channel_release(channel);
}

uint8_t *cp__channel_steal_input(cp_channel *channel, const uint8_t *payload) {
  return lends_input(channel, payload) ? cp__framer_steal(&channel->framer) : NULL;
}
