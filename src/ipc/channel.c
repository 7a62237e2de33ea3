/* channel.c - the life of a channel: opening, listening, disconnecting. */
#include "channel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "deadline.h"
#include "fail.h"
#include "io.h"

enum {
  BACKLOG_BYTES = 1 << 20,      /* messages that nobody takes hold up the peer beyond this */
  BACKLOG_MAX_BYTES = 64 << 20, /* or beyond this, if something else is expected of it */
  PATIENCE_MS = 1000            /* how long a disconnect waits for what the peer owes */
};

/* ---------------------------------------------------------------- memory */

void cp__channel_hold(cp_channel *channel) { channel->references++; }

void cp__channel_release(cp_channel *channel) {
  if (--channel->references > 0) return;
  cp__framer_free(&channel->framer);
  cp__outbox_free(&channel->outbox);
  cp__requests_free(&channel->requests);
  cp__sockets_free(&channel->sockets);
  cp_heap_free(channel->spare_heap);
  cp_heap_free(channel->scratch);
  free(channel);
}

static void on_handle_closed(uv_handle_t *handle) { cp__channel_release(handle->data); }

/* ---------------------------------------------------------------- listening */

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_idle(uv_idle_t *idle);
static void on_timer(uv_timer_t *timer);

static bool listens(const cp_channel *channel) {
  return channel->on_message != NULL || channel->on_disconnect != NULL || channel->requests.waiting > 0;
}

static bool keeps_loop_alive(const cp_channel *channel) {
  if (!cp__outbox_is_empty(&channel->outbox)) return true;
  if (channel->explicit_ref) return channel->refed;
  return !channel->refed_by_listeners || listens(channel);
}

/*
 * Too much waits for the program: the peer is held up, unless something is expected of it. Confirmations are only so
 * many if the peer asks for them and does not read them.
 */
bool cp__channel_is_held_up(const cp_channel *channel) {
  bool expects = channel->outbox.awaiting_ack || channel->requests.waiting > 0 || channel->state == CP__CHANNEL_CLOSING;
  size_t limit = expects ? BACKLOG_MAX_BYTES : BACKLOG_BYTES;
  return channel->backlog_bytes > limit || channel->outbox.replies.length > BACKLOG_BYTES;
}

/* The end of the peer is seen, and the loop kept alive, even while nothing is read. */
static int wanted_events(const cp_channel *channel) {
  return (cp__channel_is_held_up(channel) ? UV_DISCONNECT : UV_READABLE) | (channel->full ? UV_WRITABLE : 0);
}

void cp__channel_update(cp_channel *channel) {
  if (channel->fd < 0 || channel->failure != 0) return;
  int events = wanted_events(channel);
  if (events != channel->armed) {
    channel->armed = events;
    int rc = events != 0 ? uv_poll_start(&channel->poll, events, on_poll) : uv_poll_stop(&channel->poll);
    if (rc != 0) {
      channel->failure = rc; /* told from the loop: this may be inside a call of the user's */
      cp__channel_make_due(channel, CP__DUE_FAILURE);
    }
  }
  if (keeps_loop_alive(channel))
    uv_ref((uv_handle_t *)&channel->poll);
  else
    uv_unref((uv_handle_t *)&channel->poll);
}

void cp__channel_make_due(cp_channel *channel, unsigned what) {
  if (channel->freed || !channel->attached) return;
  channel->due |= what;
  (void)uv_idle_start(&channel->idle, on_idle);
}

static uint64_t next_deadline(const cp_channel *channel) {
  const uint64_t deadlines[] = {channel->requests.next_deadline, channel->sockets.check_at, channel->close_at,
                                channel->retry_at};
  return cp__deadline_first(deadlines, sizeof deadlines / sizeof *deadlines);
}

void cp__channel_arm_timer(cp_channel *channel) {
  if (channel->freed) return;
  uint64_t next = next_deadline(channel), now = uv_now(channel->loop);
  if (next == 0)
    (void)uv_timer_stop(&channel->timer);
  else
    (void)uv_timer_start(&channel->timer, on_timer, next > now ? next - now : 0, 0);
}

/* ---------------------------------------------------------------- closing */

/* Takes the fd out of the loop. */
static void shut(cp_channel *channel) {
  if (channel->fd < 0) return;
  uv_close((uv_handle_t *)&channel->poll, on_handle_closed); /* first: epoll forgets an fd only while it is open */
  cp__close(channel->fd);
  channel->fd = -1;
  channel->full = false;
  cp__fds_free(channel->arrived);
  channel->arrived = NULL;
  cp__outbox_fail(&channel->outbox, CP_ECHANNELCLOSED);
}

void cp__channel_close(cp_channel *channel) {
  if (channel->state >= CP__CHANNEL_CLOSED) return;
  channel->state = CP__CHANNEL_CLOSED;
  shut(channel);
  cp__channel_make_due(channel, CP__DUE_DISCONNECT);
}

void cp__channel_free_backlog(cp_channel *channel) {
  while (channel->backlog != NULL) {
    cp_message *message = channel->backlog;
    channel->backlog = message->next;
    cp_message_free(message);
  }
  channel->backlog_end = &channel->backlog;
  channel->backlog_bytes = 0;
}

void cp__channel_give_up(cp_channel *channel) {
  channel->paused = false;
  cp__channel_free_backlog(channel);
  cp__channel_close(channel);
  if (channel->state == CP__CHANNEL_CLOSED) cp__channel_make_due(channel, CP__DUE_DISCONNECT);
}

void cp__channel_silence(cp_channel *channel) {
  if (channel == NULL || channel->freed) return;
  channel->freed = true;
  channel->state = CP__CHANNEL_ENDED;
  shut(channel);
  cp__channel_free_backlog(channel);
  channel->due = 0;
  if (channel->attached) {
    uv_close((uv_handle_t *)&channel->idle, on_handle_closed);
    uv_close((uv_handle_t *)&channel->timer, on_handle_closed);
  }
}

/* The last event: what was sent is told first, then who waits for a reply, then the end. */
static void tell_disconnect(cp_channel *channel) {
  cp__channel_tell_sent(channel);
  if (channel->state == CP__CHANNEL_CLOSED) cp__requests_check(channel);
  if (channel->state != CP__CHANNEL_CLOSED) return;
  channel->state = CP__CHANNEL_ENDED;
  if (channel->on_disconnect != NULL) channel->on_disconnect(channel, channel->disconnect_data);
  if (!channel->freed && channel->owner.ended != NULL) channel->owner.ended(channel->owner.data);
}

/* What the peer owes: the rest of a message that has begun, and the confirmation of a handle. */
static bool expects_more(const cp_channel *channel) {
  return cp__framer_is_inside(&channel->framer) || channel->outbox.awaiting_ack;
}

/* All is written: what has come up to now is delivered, and what is still expected, if it comes soon. */
static void finish_disconnect(cp_channel *channel) {
  if (!cp__outbox_is_empty(&channel->outbox)) { /* called again when it is */
    if (cp__channel_is_held_up(channel)) cp__channel_close(channel);
    return;
  }
  cp__channel_receive(channel, true);
  if (channel->state != CP__CHANNEL_CLOSING) return;
  if (expects_more(channel) && channel->close_at == 0) {
    channel->close_at = uv_now(channel->loop) + PATIENCE_MS;
    cp__channel_arm_timer(channel);
  }
  channel->due &= ~(unsigned)CP__DUE_DISCONNECT; /* what comes, and the timer, come back here */
  if (!expects_more(channel) || channel->close_at <= uv_now(channel->loop)) cp__channel_close(channel);
}

static void serve_disconnect(cp_channel *channel) {
  if (channel->state == CP__CHANNEL_CLOSING) finish_disconnect(channel);
  bool waits = channel->paused && channel->backlog != NULL; /* cp_channel_resume() comes back here */
  if (channel->state == CP__CHANNEL_CLOSED && !waits) tell_disconnect(channel);
}

int cp_channel_disconnect(cp_channel *channel) {
  if (channel == NULL || channel->state != CP__CHANNEL_OPEN) return CP_ECHANNELCLOSED;
  channel->state = CP__CHANNEL_CLOSING;
  if (channel->corks > 0) cp__channel_pump(channel);
  cp__channel_make_due(channel, CP__DUE_DISCONNECT);
  return 0;
}

/* What a program gathers comes before what went wrong after it. */
void cp__channel_tell_error(cp_channel *channel, const cp_error *error) {
  cp__channel_end_batch(channel);
  if (channel->on_error != NULL && !channel->freed) channel->on_error(channel, error, channel->error_data);
}

void cp__channel_break(cp_channel *channel, const cp_error *error) {
  cp__channel_hold(channel);
  cp__channel_tell_error(channel, error);
  cp__channel_close(channel);
  cp__channel_release(channel);
}

static void tell_failure(cp_channel *channel) {
  cp_error error;
  cp_stage stage = channel->write_error != 0 ? CP_STAGE_SEND : CP_STAGE_WATCH;
  (void)cp__fail(&error, channel->failure, stage, -1, NULL, "%s: the IPC channel: %s", cp_stage_name(stage),
                 cp_strerror(channel->failure));
  cp__channel_break(channel, &error);
}

/* ---------------------------------------------------------------- what the loop says */

static bool take_due(cp_channel *channel, unsigned what) {
  bool is_due = channel->due & what;
  channel->due &= ~what;
  return is_due;
}

static void on_idle(uv_idle_t *idle) {
  cp_channel *channel = idle->data;
  cp__channel_hold(channel); /* NOLINTBEGIN(clang-analyzer-unix.Malloc): so it is not freed before the last line */
  if (take_due(channel, CP__DUE_FAILURE)) tell_failure(channel);
  if (take_due(channel, CP__DUE_SENT)) cp__channel_tell_sent(channel);
  if (take_due(channel, CP__DUE_MESSAGES)) cp__channel_deliver_backlog(channel);
  if (take_due(channel, CP__DUE_DISCONNECT)) serve_disconnect(channel);
  if (channel->due == 0 && !channel->freed) (void)uv_idle_stop(&channel->idle);
  cp__channel_release(channel); /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static void on_timer(uv_timer_t *timer) {
  cp_channel *channel = timer->data;
  uint64_t now = uv_now(channel->loop);
  cp__channel_hold(channel);
  cp__requests_check(channel);
  if (!channel->freed && channel->sockets.check_at != 0 && channel->sockets.check_at <= now) cp__sockets_check(channel);
  if (!channel->freed && channel->close_at != 0 && channel->close_at <= now) {
    channel->close_at = 0;
    cp__channel_close(channel);
  }
  if (!channel->freed && channel->retry_at != 0 && channel->retry_at <= now) {
    channel->retry_at = 0;
    cp__channel_pump(channel);
  }
  cp__channel_arm_timer(channel);
  cp__channel_update(channel);
  cp__channel_release(channel);
}

/* POLLERR: libuv has stopped the handle; reading tells what it is. */
static void on_poll(uv_poll_t *poll, int status, int events) {
  cp_channel *channel = poll->data;
  cp__channel_hold(channel);
  if (channel->owner.readable != NULL) channel->owner.readable(channel->owner.data);
  if (status < 0) {
    events = UV_READABLE | UV_WRITABLE;
    channel->armed = 0;
  }
  if (channel->fd >= 0 && (events & UV_WRITABLE)) cp__channel_pump(channel);
  if (channel->fd >= 0 && (events & UV_READABLE)) cp__channel_receive(channel, false);
  if (channel->fd >= 0 && (events & UV_DISCONNECT)) cp__channel_receive(channel, true);
  cp__channel_update(channel);
  cp__channel_release(channel);
}

void cp__channel_process_ended(cp_channel *channel) {
  if (channel->state == CP__CHANNEL_ENDED) return;
  cp__channel_hold(channel);
  channel->draining = true; /* what nobody listens to does not hold up the end */
  if (channel->state != CP__CHANNEL_CLOSED) cp__channel_receive(channel, true); /* else its end was read just now */
  if (take_due(channel, CP__DUE_MESSAGES)) cp__channel_deliver_backlog(channel);
  if (!channel->freed) serve_disconnect(channel);
  cp__channel_release(channel);
}

bool cp__channel_holds_close(const cp_channel *channel) {
  return channel != NULL && channel->attached && channel->state != CP__CHANNEL_ENDED;
}

/* ---------------------------------------------------------------- opening */

/* Raw messages are not decoded here: whoever does that has limits of his own. */
static cp_limits limits_of(const cp_channel_options *options) {
  cp_limits limits = options->limits;
  if (options->raw_messages && limits.max_values == 0) limits.max_values = SIZE_MAX;
  if (options->raw_messages && limits.max_depth == 0) limits.max_depth = CP_DEPTH_MAX;
  return cp__limits_resolve(&limits);
}

cp_channel *cp__channel_new(uv_loop_t *loop, const cp_channel_options *options) {
  cp_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) return NULL;
  channel->loop = loop;
  channel->fd = -1;
  channel->references = 1; /* the user's */
  channel->serialization = options->serialization;
  channel->limits = limits_of(options);
  channel->max_queued = options->max_queued_bytes > 0 ? options->max_queued_bytes : CP_SEND_QUEUE_MAX;
  channel->raw = options->raw_messages;
  channel->peer_is_library = options->peer_is_library && !channel->raw;
  channel->on_message = options->on_message;
  channel->on_disconnect = options->on_disconnect;
  channel->on_error = options->on_error;
  channel->message_data = channel->disconnect_data = channel->error_data = options->data;
  channel->backlog_end = &channel->backlog;
  cp__framer_init(&channel->framer, channel->serialization, channel->limits.max_bytes);
  return channel;
}

void cp__channel_discard(cp_channel *channel) {
  if (channel != NULL) cp__channel_release(channel);
}

int cp__channel_attach(cp_channel *channel, int fd) {
  int rc = uv_poll_init(channel->loop, &channel->poll, fd);
  if (rc != 0) return rc;
  (void)uv_idle_init(channel->loop, &channel->idle);
  (void)uv_timer_init(channel->loop, &channel->timer);
  uv_unref((uv_handle_t *)&channel->timer);
  channel->poll.data = channel->idle.data = channel->timer.data = channel;
  channel->references += 3;
  channel->attached = true;
  channel->fd = fd;
  channel->carries_fds = cp__socket_option(fd, SO_DOMAIN) == AF_UNIX;
  cp__channel_update(channel);
  return 0;
}

int cp__channel_check_options(cp_serialization serialization, const cp_limits *limits, cp_error *error) {
  if ((unsigned)serialization > CP_SERIALIZATION_ADVANCED)
    return cp__fail(error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL,
                    "options.serialization: %d is none of CP_SERIALIZATION_*", (int)serialization);
  if (limits->max_depth > CP_DEPTH_MAX)
    return cp__fail(error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, "options.limits.max_depth: %u, the limit is %d",
                    limits->max_depth, CP_DEPTH_MAX);
  return 0;
}

static int check_options(const cp_channel_options *options, uv_loop_t *loop) {
  if (loop == NULL) return cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, "loop: NULL");
  return cp__channel_check_options(options->serialization, &options->limits, options->error);
}

/* The value of an option of a socket; -1: it has none. */
int cp__socket_option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/* Frames need a stream: in packets they would be cut. */
static int check_socket(int fd, cp_error *error) {
  int code = 0;
  if (fcntl(fd, F_GETFD) < 0)
    code = UV_EBADF;
  else if (cp__socket_option(fd, SO_TYPE) < 0)
    code = UV_ENOTSOCK;
  if (code != 0) return cp__fail(error, code, CP_STAGE_OPTIONS, fd, NULL, "fd %d: %s", fd, cp_strerror(code));
  if (cp__socket_option(fd, SO_TYPE) != SOCK_STREAM)
    return cp__fail(error, UV_EINVAL, CP_STAGE_OPTIONS, fd, NULL, "fd %d: a channel needs a stream socket", fd);
  return 0;
}

int cp_channel_open(cp_channel **out, uv_loop_t *loop, int fd, const cp_channel_options *options) {
  static const cp_channel_options defaults;
  if (options == NULL) options = &defaults;
  int rc = check_options(options, loop);
  if (rc == 0) rc = check_socket(fd, options->error);
  if (rc != 0) return rc;
  cp_channel *channel = cp__channel_new(loop, options);
  if (channel == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  rc = cp__set_nonblocking(fd, true);
  if (rc == 0) rc = cp__set_cloexec(fd);
  if (rc == 0) rc = cp__channel_attach(channel, fd);
  if (rc != 0) {
    cp__channel_discard(channel);
    return cp__fail(options->error, rc, CP_STAGE_WATCH, fd, NULL, "watch: fd %d: %s", fd, cp_strerror(rc));
  }
  *out = channel;
  return 0;
}

void cp_channel_free(cp_channel *channel) {
  if (channel == NULL || channel->freed || channel->owner.child != NULL) return; /* a child's goes with the child */
  cp__channel_silence(channel);
  cp__channel_release(channel);
}

/* ---------------------------------------------------------------- what users ask and say */

bool cp_channel_connected(const cp_channel *channel) { return channel != NULL && channel->state == CP__CHANNEL_OPEN; }

static void decide_ref(cp_channel *channel, bool refed) {
  if (channel == NULL) return;
  channel->explicit_ref = true;
  channel->refed = refed;
  cp__channel_update(channel);
}

void cp_channel_ref(cp_channel *channel) { decide_ref(channel, true); }
void cp_channel_unref(cp_channel *channel) { decide_ref(channel, false); }

void cp_channel_pause(cp_channel *channel) {
  if (channel != NULL) channel->paused = true;
}

void cp_channel_resume(cp_channel *channel) {
  if (channel == NULL || !channel->paused) return;
  channel->paused = false;
  cp__channel_make_due(channel, CP__DUE_MESSAGES);
  if (channel->state == CP__CHANNEL_CLOSED) cp__channel_make_due(channel, CP__DUE_DISCONNECT);
}

void cp_channel_on_message(cp_channel *channel, cp_message_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_message = cb;
  channel->message_data = data;
  cp__channel_update(channel);
  if (cb != NULL && channel->backlog != NULL) cp__channel_make_due(channel, CP__DUE_MESSAGES);
}

void cp_channel_on_disconnect(cp_channel *channel, cp_channel_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_disconnect = cb;
  channel->disconnect_data = data;
  cp__channel_update(channel);
}

void cp_channel_on_internal(cp_channel *channel, cp_message_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_internal = cb;
  channel->internal_data = data;
}

void cp_channel_on_drain(cp_channel *channel, cp_channel_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_drain = cb;
  channel->drain_data = data;
}

void cp_channel_on_trace(cp_channel *channel, cp_trace_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_trace = cb;
  channel->trace_data = data;
}

void cp_channel_on_batch_end(cp_channel *channel, cp_channel_cb cb, void *data) {
  if (channel == NULL) return;
  channel->on_batch_end = cb;
  channel->batch_end_data = data;
}

/* Not from inside a callback that reads on: the batch goes on behind it. */
void cp__channel_end_batch(cp_channel *channel) {
  if (!channel->in_batch || channel->holding || channel->freed) return;
  channel->in_batch = false;
  if (channel->on_batch_end != NULL) channel->on_batch_end(channel, channel->batch_end_data);
}

void cp__channel_trace(cp_channel *channel, const cp_trace *trace) {
  if (!channel->freed) channel->on_trace(channel, trace, channel->trace_data);
}

size_t cp_channel_queued_bytes(const cp_channel *channel) {
  return channel != NULL ? cp__outbox_queued(&channel->outbox) : 0;
}

size_t cp_channel_queued_messages(const cp_channel *channel) { return channel != NULL ? channel->outbox.count : 0; }

cp_serialization cp_channel_serialization(const cp_channel *channel) {
  return channel != NULL ? channel->serialization : CP_SERIALIZATION_JSON;
}

int cp_channel_fd(const cp_channel *channel) { return channel != NULL ? channel->fd : -1; }
uv_loop_t *cp_channel_loop(const cp_channel *channel) { return channel != NULL ? channel->loop : NULL; }
cp_child *cp_channel_child(const cp_channel *channel) { return channel != NULL ? channel->owner.child : NULL; }

bool cp_channel_peer_is_library(const cp_channel *channel) { return channel != NULL && channel->peer_is_library; }

const cp_limits *cp__channel_limits(const cp_channel *channel) { return &channel->limits; }
cp_channel *cp__channel_if_open(cp_channel *channel) { return channel->freed ? NULL : channel; }
