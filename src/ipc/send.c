/* send.c - from a value to the socket. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "channel.h"
#include "clone.h"
#include "deadline.h"
#include "fail.h"
#include "io.h"
#include "json.h"
#include "shared.h"

enum {
  FLUSH_STEP_MS = 5,     /* how soon a flush tries again where the socket cannot tell when */
  CORK_BYTES = 65536,    /* while corked, so much is written at once all the same */
  SHARED_BYTES = 4 << 20 /* larger payloads go through shared memory: fresh pages once, instead of at both ends */
};

static const cp_send_options no_options;

#define REFUSE(code, ...) cp__fail(options->error, (code), CP_STAGE_SEND, -1, NULL, __VA_ARGS__)

cp_heap *cp__channel_scratch(cp_channel *channel) {
  if (channel->scratch == NULL)
    channel->scratch = cp_heap_new(&channel->limits);
  else
    cp_heap_reset(channel->scratch);
  return channel->scratch;
}

/* ---------------------------------------------------------------- writing */

static void note_drained(cp_channel *channel) {
  if (channel->wants_drain && cp__outbox_is_empty(&channel->outbox)) cp__channel_make_due(channel, CP__DUE_SENT);
}

/* The kernel lets a user have only so many fds under way: peers must read first, and the socket does not tell when. */
static void retry_soon(cp_channel *channel) {
  enum { RETRY_MS = 5 };
  channel->retry_at = cp__deadline_in(channel->loop, RETRY_MS);
  cp__channel_arm_timer(channel);
}

/* A peer that does not read any more may still have written: its end comes by reading. */
void cp__channel_pump(cp_channel *channel) {
  if (channel->fd < 0 || channel->write_error != 0) return;
  int rc = cp__outbox_write(&channel->outbox, channel->fd);
  if (channel->gathering) channel->written_tick = cp__last_tick_ns();
  if (rc == CP__ERRNO(ETOOMANYREFS)) {
    retry_soon(channel);
  } else if (rc < 0 && rc != UV_EAGAIN) {
    channel->write_error = rc;
    cp__outbox_fail(&channel->outbox, rc);
    if (rc != UV_EPIPE && rc != UV_ECONNRESET) { /* no memory in the kernel: the peer knows nothing of it */
      channel->failure = rc;
      cp__channel_make_due(channel, CP__DUE_FAILURE);
    }
  }
  channel->full = rc == UV_EAGAIN;
  if (channel->outbox.done_count > 0) cp__channel_make_due(channel, CP__DUE_SENT);
  note_drained(channel);
  if (channel->state == CP__CHANNEL_CLOSING) cp__channel_make_due(channel, CP__DUE_DISCONNECT);
  cp__channel_update(channel);
}

void cp__channel_tell_sent(cp_channel *channel) {
  cp__outbox *outbox = &channel->outbox;
  size_t count = outbox->done_count; /* callbacks may send: theirs come in the next round */
  for (size_t i = 0; i < count && !channel->freed; i++) {
    cp__sent sent = outbox->done[i];
    sent.cb(channel, sent.status, sent.data);
  }
  cp__outbox_forget_done(outbox, count);
  if (!channel->wants_drain || channel->freed || !cp__outbox_is_empty(outbox) || channel->fd < 0) return;
  channel->wants_drain = false;
  if (channel->on_drain != NULL) channel->on_drain(channel, channel->drain_data);
}

/* A disconnect holds nothing back any more. */
static bool is_held_back(const cp_channel *channel) { return channel->corks > 0 && channel->state == CP__CHANNEL_OPEN; }

bool cp__channel_write_failed(const cp_channel *channel) { return channel->write_error != 0; }

bool cp__channel_is_corked(const cp_channel *channel) { return channel->gathering || is_held_back(channel); }

static bool may_wait(const cp_channel *channel) {
  if (!cp__channel_is_corked(channel) || cp__outbox_queued(&channel->outbox) >= CORK_BYTES) return false;
  return is_held_back(channel) || cp__last_tick_ns() == channel->written_tick;
}

void cp_channel_cork(cp_channel *channel) {
  if (channel != NULL) channel->corks++;
}

void cp_channel_uncork(cp_channel *channel) {
  if (channel == NULL || channel->corks == 0 || --channel->corks > 0) return;
  if (!channel->gathering && !cp__outbox_is_empty(&channel->outbox)) cp__channel_pump(channel);
}

/* ---------------------------------------------------------------- encoding */

static int encode(cp_channel *channel, cp__buffer *out, cp_value value, cp_error *error) {
  return channel->serialization == CP_SERIALIZATION_JSON ? cp__json_write(out, value, error)
                                                         : cp__clone_write(out, value, CP_CLONE_CHANNEL, error);
}

/* Appends a whole frame; on failure nothing. */
static int add_frame(cp_channel *channel, cp__buffer *out, cp_value value, cp_error *error) {
  size_t begin = cp__frame_begin(out, channel->serialization);
  int rc = out->failed ? UV_ENOMEM : encode(channel, out, value, error);
  if (rc == 0) rc = cp__frame_end(out, channel->serialization, begin);
  if (rc == 0) return 0;
  out->length = begin;
  out->failed = false;
  return rc == UV_ENOMEM || rc == CP_ETOOBIG ? cp__fail_plain(error, rc, CP_STAGE_ENCODE, -1, NULL) : rc;
}

/* The trace is told of a copy, when all else is done: its callback may send, or free the channel. */
static int copy_for_trace(const cp_channel *channel, size_t begin, cp__buffer *copy) {
  size_t length;
  if (channel->on_trace == NULL) return 0;
  const uint8_t *payload = cp__frame_payload(&channel->outbox.bytes, channel->serialization, begin, &length);
  cp__buffer_add(copy, payload, length);
  return copy->failed ? UV_ENOMEM : 0;
}

static void tell_trace(cp_channel *channel, const cp__buffer *copy, size_t fds, bool internal) {
  if (copy->length == 0) return;
  cp_trace trace = {.outgoing = true,
                    .internal = internal,
                    .time_ns = cp__now_ns(),
                    .payload = copy->bytes,
                    .length = copy->length,
                    .fds = fds};
  cp__channel_trace(channel, &trace);
}

/* The frame from `begin` on is a message: queues it, and writes if it is time. 0 or 1, or UV_ENOMEM. */
static int post(cp_channel *channel, size_t begin, const cp__outgoing *message) {
  cp__outbox *outbox = &channel->outbox;
  int rc = cp__outbox_push(outbox, message);
  if (rc != 0) {
    outbox->bytes.length = begin;
    return rc;
  }
  if (!channel->full && !may_wait(channel))
    cp__channel_pump(channel);
  else if (!cp__channel_is_corked(channel))
    cp__channel_update(channel);
  bool above = cp__outbox_queued(outbox) > CP_SEND_HIGH_WATER;
  channel->wants_drain = channel->wants_drain || above;
  return above ? 1 : 0;
}

/* ---------------------------------------------------------------- handles */

static bool is_pipe(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode);
}

static cp_handle_type type_of(const uv_handle_t *handle, int fd) {
  switch (handle->type) {
    case UV_TCP:
    case UV_NAMED_PIPE:
      return cp__socket_option(fd, SO_ACCEPTCONN) == 1 ? CP_HANDLE_SERVER : CP_HANDLE_SOCKET;
    case UV_UDP:
      return CP_HANDLE_UDP;
    default:
      return (cp_handle_type)0;
  }
}

int cp_handle_of(cp_handle *out, const uv_handle_t *handle) {
  uv_os_fd_t fd = -1;
  if (handle == NULL) return UV_EINVAL;
  int rc = uv_fileno(handle, &fd);
  if (rc != 0) return rc;
  cp_handle_type type = type_of(handle, fd);
  if (type == 0) return UV_EINVAL;
  *out = (cp_handle){.type = type, .fd = fd};
  return 0;
}

/* Node aborts, or wedges its channel for ever, on what is not of the kind that the message says. */
static bool is_of_type(const cp_handle *handle) {
  int type = cp__socket_option(handle->fd, SO_TYPE), family = cp__socket_option(handle->fd, SO_DOMAIN);
  switch (handle->type) {
    case CP_HANDLE_SERVER:
      return type == SOCK_STREAM && cp__socket_option(handle->fd, SO_ACCEPTCONN) == 1;
    case CP_HANDLE_SOCKET:
    case CP_HANDLE_NATIVE:
      return type == SOCK_STREAM || is_pipe(handle->fd);
    case CP_HANDLE_BOUND_SOCKET:
      return type == SOCK_STREAM && family != AF_UNIX;
    case CP_HANDLE_UDP:
    case CP_HANDLE_UDP_NATIVE:
      return type == SOCK_DGRAM && family != AF_UNIX;
    default:
      return true;
  }
}

static int check_handle(const cp_channel *channel, const cp_send_options *options, size_t i) {
  const cp_handle *handle = &options->handles[i];
  const char *name = cp_handle_type_name(handle->type);
  if (*name == '\0')
    return REFUSE(UV_EINVAL, "options.handles[%zu].type: %d is none of CP_HANDLE_*", i, (int)handle->type);
  if (handle->fd < 0 || fcntl(handle->fd, F_GETFD) < 0)
    return REFUSE(UV_EBADF, "options.handles[%zu].fd: %d is not open", i, handle->fd);
  if (handle->unread == NULL && handle->unread_length > 0)
    return REFUSE(UV_EINVAL, "options.handles[%zu].unread is NULL, but unread_length is %zu", i, handle->unread_length);
  if (!is_of_type(handle)) return REFUSE(UV_EINVAL, "options.handles[%zu]: fd %d is no %s", i, handle->fd, name);
  if (channel->peer_is_library) return 0;
  if (handle->type == CP_HANDLE_FD || handle->unread_length > 0)
    return REFUSE(UV_ENOTSUP,
                  "options.handles[%zu]: %s can be received by this library only, and the peer is not known to be it",
                  i, handle->type == CP_HANDLE_FD ? "an fd of any kind" : "unread bytes");
  return 0;
}

static int check_handles(const cp_channel *channel, const cp_send_options *options) {
  if (options->handle_count == 0) return 0;
  if (options->handles == NULL)
    return REFUSE(UV_EINVAL, "options.handles is NULL, but options.handle_count is %zu", options->handle_count);
  if (options->handle_count > CP_HANDLES_MAX)
    return REFUSE(UV_EINVAL, "options.handle_count: %zu, the limit is %d", options->handle_count, CP_HANDLES_MAX);
  if (options->handle_count > 1 && !channel->peer_is_library)
    return REFUSE(UV_ENOTSUP, "options.handle_count: %zu, and the peer, not known to be this library, takes one",
                  options->handle_count);
  if (!channel->carries_fds) return REFUSE(UV_ENOTSUP, "options.handles: only a Unix socket carries handles");
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < options->handle_count; i++) rc = check_handle(channel, options, i);
  return rc;
}

/* Copies of the fds, which are the message's: the caller may close his at once. */
static int copy_fds(cp__fds **out, const cp_send_options *options, bool for_node) {
  cp__fds *fds = calloc(1, sizeof *fds);
  if (fds == NULL) return UV_ENOMEM;
  for (size_t i = 0; i < options->handle_count; i++) {
    int fd = fcntl(options->handles[i].fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
      int code = CP__ERRNO(errno);
      cp__fds_free(fds);
      return code;
    }
    fds->fds[fds->count++] = fd;
    if (for_node) (void)cp__set_nonblocking(fd, true); /* Node takes it for granted */
  }
  *out = fds;
  return 0;
}

static bool is_ipv6(int fd) { return cp__socket_option(fd, SO_DOMAIN) == AF_INET6; }

static cp_heap *heap_of(cp_channel *channel, cp_value value) {
  return cp__has_identity(value) ? value.as.object->heap : cp__channel_scratch(channel);
}

/* ---------------------------------------------------------------- shared memory */

/*
 * Puts a payload into shared memory, and its envelope behind what is queued, from `begin` on: the payload may be what
 * lies there. 1: done, *fds has the memory; 0: there is no such memory here, nothing has changed.
 */
static int share(cp_channel *channel, size_t begin, const void *payload, size_t length, cp__fds **fds) {
  cp_heap *heap = cp__channel_scratch(channel);
  cp__fds *memory = calloc(1, sizeof *memory);
  if (heap == NULL || memory == NULL) {
    free(memory);
    return UV_ENOMEM;
  }
  memory->fds[0] = cp__shared_make(payload, length);
  if (memory->fds[0] < 0) {
    free(memory);
    return 0;
  }
  memory->count = 1;
  *fds = memory;
  channel->outbox.bytes.length = begin;
  int rc =
      add_frame(channel, &channel->outbox.bytes, cp__library_message(heap, NULL, 0, &length, cp_undefined()), NULL);
  return rc == 0 ? 1 : rc;
}

static bool is_to_be_shared(const cp_channel *channel, size_t length, const cp_send_options *options) {
  bool may = channel->peer_is_library && channel->carries_fds;
  return may && options->handle_count == 0 && length > SHARED_BYTES;
}

/* ---------------------------------------------------------------- sending */

static int check_state(const cp_channel *channel, const cp_send_options *options) {
  if (!cp_channel_connected(channel)) return REFUSE(CP_ECHANNELCLOSED, "send: %s", cp_strerror(CP_ECHANNELCLOSED));
  if (channel->write_error != 0) return REFUSE(channel->write_error, "send: %s", cp_strerror(channel->write_error));
  size_t queued = cp__outbox_queued(&channel->outbox);
  if (queued >= channel->max_queued)
    return REFUSE(UV_ENOBUFS, "send: %zu bytes wait already, the limit is %zu", queued, channel->max_queued);
  return 0;
}

static int check(const cp_channel *channel, const cp_send_options *options) {
  int rc = check_state(channel, options);
  return rc == 0 ? check_handles(channel, options) : rc;
}

/* The frame of the message, or of the envelope around it and its handles. */
static int frame_value(cp_channel *channel, cp_value value, const cp_send_options *options) {
  cp__buffer *bytes = &channel->outbox.bytes;
  if (options->handle_count == 0) return add_frame(channel, bytes, value, options->error);
  cp_heap *heap = heap_of(channel, value);
  if (heap == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  cp__heap_place place = cp__heap_save(heap);
  cp_value envelope = channel->peer_is_library
                          ? cp__library_message(heap, options->handles, options->handle_count, NULL, value)
                          : cp__handle_message(heap, options->handles, is_ipv6(options->handles[0].fd), value);
  int rc = add_frame(channel, bytes, envelope, options->error);
  cp__heap_restore(heap, place);
  return rc;
}

/* Queues the frame from `begin` on, with what goes along; takes `fds`. */
static int send_with(cp_channel *channel, size_t begin, cp__fds *fds, bool needs_ack, const cp_send_options *options) {
  cp__outgoing message = {.cb = options->cb, .data = options->data, .fds = fds, .needs_ack = needs_ack};
  int rc = post(channel, begin, &message);
  if (rc >= 0) return rc; /* NOLINT(clang-analyzer-unix.Malloc): the outbox has the fds */
  cp__fds_free(fds);
  return cp__fail_plain(options->error, rc, CP_STAGE_SEND, -1, NULL);
}

/* `raw`: the message is as the program made it, and its handle as for Node. */
static int send_frame(cp_channel *channel, size_t begin, const cp_send_options *options, bool raw) {
  size_t length;
  const uint8_t *payload = cp__frame_payload(&channel->outbox.bytes, channel->serialization, begin, &length);
  bool for_node = options->handle_count > 0 && (raw || !channel->peer_is_library);
  cp__fds *fds = NULL;
  cp__buffer traced = {0};
  int rc = copy_for_trace(channel, begin, &traced);
  if (rc == 0 && options->handle_count > 0)
    rc = copy_fds(&fds, options, for_node);
  else if (rc == 0 && is_to_be_shared(channel, length, options))
    rc = share(channel, begin, payload, length, &fds);
  if (rc >= 0) {
    rc = send_with(channel, begin, fds, for_node, options);
  } else {
    channel->outbox.bytes.length = begin;
    cp__fds_free(fds);
    rc = cp__fail_plain(options->error, rc, CP_STAGE_SEND, -1, NULL);
  }
  if (rc >= 0) tell_trace(channel, &traced, options->handle_count, false);
  cp__buffer_free(&traced);
  return rc;
}

int cp_send(cp_channel *channel, cp_value value, const cp_send_options *options) {
  if (options == NULL) options = &no_options;
  int rc = check(channel, options);
  if (rc != 0) return rc;
  size_t begin = channel->outbox.bytes.length;
  rc = frame_value(channel, value, options);
  return rc == 0 ? send_frame(channel, begin, options, false) : rc;
}

int cp__channel_send_made(cp_channel *channel, cp_value value, cp_heap *heap, cp__heap_place place) {
  int rc = check(channel, &no_options);
  size_t begin = channel->outbox.bytes.length;
  if (rc == 0) rc = add_frame(channel, &channel->outbox.bytes, value, NULL);
  cp__heap_restore(heap, place);
  return rc == 0 ? send_frame(channel, begin, &no_options, false) : rc;
}

static int frame_text(cp_channel *channel, const char *json, const cp__json_check *check, cp_error *error) {
  cp__buffer *out = &channel->outbox.bytes;
  size_t begin = out->length;
  cp__json_add_line(out, json, check);
  int rc = cp__frame_end(out, CP_SERIALIZATION_JSON, begin);
  if (rc == 0) return 0;
  out->length = begin;
  out->failed = false;
  return cp__fail_plain(error, rc, CP_STAGE_ENCODE, -1, NULL);
}

/* As the value that it means. */
static int send_parsed(cp_channel *channel, const char *json, size_t length, const cp_send_options *options) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  if (heap == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  int rc = cp__json_read(&value, heap, json, length, options->error);
  if (rc == 0) rc = cp_send(channel, value, options);
  cp_heap_free(heap);
  return rc;
}

/* Large text goes into shared memory from where it is. False: it has to go another way; else *rc is the result. */
static bool share_text(cp_channel *channel, const char *json, const cp__json_check *check,
                       const cp_send_options *options, int *rc) {
  size_t begin = channel->outbox.bytes.length, length = check->end - check->start;
  bool is_line = !check->has_newline && check->is_utf8;
  if (!is_line || channel->on_trace != NULL || !is_to_be_shared(channel, length, options)) return false;
  cp__fds *fds = NULL;
  *rc = share(channel, begin, json + check->start, length, &fds);
  if (*rc == 0) return false;
  if (*rc > 0) {
    *rc = send_with(channel, begin, fds, false, options);
  } else {
    cp__fds_free(fds);
    *rc = cp__fail_plain(options->error, *rc, CP_STAGE_SEND, -1, NULL);
  }
  return true;
}

int cp_send_json(cp_channel *channel, const char *json, size_t length, const cp_send_options *options) {
  static const cp_limits limits = {.max_bytes = INT32_MAX, .max_values = SIZE_MAX, .max_depth = CP_DEPTH_DEFAULT};
  if (options == NULL) options = &no_options;
  int rc = check(channel, options);
  if (rc != 0) return rc;
  if (json != NULL && length == SIZE_MAX) length = strlen(json);
  if (json == NULL && length > 0) return REFUSE(UV_EINVAL, "json is NULL, but its length is %zu", length);
  if (channel->serialization != CP_SERIALIZATION_JSON || options->handle_count > 0)
    return send_parsed(channel, json, length, options);
  cp__json_check checked;
  rc = cp__json_check_text(&checked, json, length, &limits, options->error);
  if (rc != 0) return rc;
  if (share_text(channel, json, &checked, options, &rc)) return rc;
  size_t begin = channel->outbox.bytes.length;
  rc = frame_text(channel, json, &checked, options->error);
  return rc == 0 ? send_frame(channel, begin, options, false) : rc;
}

/* Of the type of a handle its message tells, which is not ours. */
static int check_raw(const cp_channel *channel, const void *payload, size_t length, const cp_send_options *options) {
  if (payload == NULL || length == 0) return REFUSE(UV_EINVAL, "payload: %s", payload == NULL ? "NULL" : "0 bytes");
  if (length > INT32_MAX) return cp__fail_plain(options->error, CP_ETOOBIG, CP_STAGE_SEND, -1, NULL);
  if (options->handle_count == 0) return 0;
  if (options->handle_count > 1)
    return REFUSE(UV_ENOTSUP, "options.handle_count: %zu, a raw message takes one", options->handle_count);
  if (options->handles == NULL) return REFUSE(UV_EINVAL, "options.handles is NULL, but options.handle_count is 1");
  if (!channel->carries_fds) return REFUSE(UV_ENOTSUP, "options.handles: only a Unix socket carries handles");
  if (options->handles->unread_length > 0)
    return REFUSE(UV_ENOTSUP, "options.handles[0].unread: a raw message takes none along");
  if (options->handles->fd < 0 || fcntl(options->handles->fd, F_GETFD) < 0)
    return REFUSE(UV_EBADF, "options.handles[0].fd: %d is not open", options->handles->fd);
  return 0;
}

int cp_send_raw(cp_channel *channel, const void *payload, size_t length, const cp_send_options *options) {
  if (options == NULL) options = &no_options;
  int rc = check_state(channel, options);
  if (rc == 0) rc = check_raw(channel, payload, length, options);
  if (rc != 0) return rc;
  cp__buffer *out = &channel->outbox.bytes;
  size_t begin = cp__frame_begin(out, channel->serialization);
  cp__buffer_add(out, payload, length);
  rc = cp__frame_end(out, channel->serialization, begin);
  if (rc == 0) return send_frame(channel, begin, options, true);
  out->length = begin;
  out->failed = false;
  return cp__fail_plain(options->error, rc, CP_STAGE_SEND, -1, NULL);
}

/* A message of the protocol. One that overtakes confirms what came: it waits only for the message under way. */
int cp__channel_send_internal(cp_channel *channel, cp_value message, bool overtakes) {
  if (channel->fd < 0) return CP_ECHANNELCLOSED;
  if (channel->write_error != 0)
    return overtakes ? 0 : channel->write_error; /* nobody waits for a confirmation any more */
  if (overtakes) {
    int rc = add_frame(channel, &channel->outbox.replies, message, NULL);
    if (rc == 0 && !cp__channel_is_corked(channel)) cp__channel_pump(channel);
    return rc;
  }
  if (cp__outbox_queued(&channel->outbox) >= channel->max_queued) return UV_ENOBUFS; /* it asks, and does not read */
  cp__buffer traced = {0};
  size_t begin = channel->outbox.bytes.length;
  int rc = add_frame(channel, &channel->outbox.bytes, message, NULL);
  if (rc != 0) return rc;
  if (copy_for_trace(channel, begin, &traced) != 0) cp__buffer_free(&traced); /* then it goes untold */
  rc = post(channel, begin, &(cp__outgoing){0});
  if (rc >= 0) tell_trace(channel, &traced, 0, true);
  cp__buffer_free(&traced);
  return rc;
}

/* ---------------------------------------------------------------- flushing */

/* Messages that come in the meantime wait: no callback is called from here. */
int cp_channel_flush(cp_channel *channel, uint64_t timeout_ms) {
  if (channel == NULL || channel->fd < 0) return CP_ECHANNELCLOSED;
  uint64_t start = cp__now_ns(), limit = timeout_ms;
  bool was_holding = channel->holding;
  int rc = 0;
  channel->holding = true;
  cp__channel_hold(channel);
  for (;;) {
    cp__channel_pump(channel);
    if (channel->fd < 0 || channel->write_error != 0) rc = CP_ECHANNELCLOSED;
    if (rc != 0 || cp__outbox_is_empty(&channel->outbox)) break;
    uint64_t passed = (cp__now_ns() - start) / 1000000;
    if (passed >= limit) {
      rc = UV_ETIMEDOUT;
      break;
    }
    bool reads = cp__channel_may_read(channel) && !cp__channel_is_held_up(channel);
    struct pollfd wait = {.fd = channel->fd, .events = (short)((channel->full ? POLLOUT : 0) | (reads ? POLLIN : 0))};
    uint64_t left = limit - passed, most = channel->retry_at != 0 ? FLUSH_STEP_MS : INT32_MAX;
    (void)poll(&wait, 1, (int)(left < most ? left : most));
    if (reads && (wait.revents & ~POLLOUT)) cp__channel_receive(channel, false);
    if (!reads && (wait.revents & (POLLHUP | POLLERR))) rc = CP_ECHANNELCLOSED;
  }
  channel->holding = was_holding;
  if (channel->backlog != NULL && !channel->holding) cp__channel_make_due(channel, CP__DUE_MESSAGES);
  cp__channel_release(channel);
  return rc;
}
