/* stream.c - reading, writing and closing one stdio end. Forwarding is in forward.c. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"
#include "forward.h"

enum { READ_BYTES = 65536, READS_PER_EVENT = 16 };

/* A write whose bytes wait, or whose callback does. */
typedef struct cp__write {
  struct cp__write *next;
  cp_write_cb cb;
  void *data;
  int status;
  size_t length, sent;
  char bytes[];
} cp__write_request;

/* ---------------------------------------------------------------- the poll handle */

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_poll_closed(uv_handle_t *handle) {
  cp_stream *stream = handle->data;
  stream->owner->released(stream);
}

static int open_poll(cp_stream *stream) {
  int rc = uv_poll_init(stream->loop, &stream->poll, stream->fd);
  if (rc != 0) return rc;
  stream->poll.data = stream;
  stream->polling = true;
  stream->owner->held(stream);
  if (stream->unrefed) uv_unref((uv_handle_t *)&stream->poll);
  return 0;
}

static int wanted_events(const cp_stream *stream) {
  if (stream->fd < 0 || !stream->listening) return 0;
  int events = stream->started ? cp__forward_events(stream) : 0;
  bool reads = stream->readable && !stream->paused && stream->forward == NULL;
  if (reads && (stream->reading || stream->drain)) events |= UV_READABLE;
  if (stream->queue != NULL && stream->started) events |= UV_WRITABLE;
  return events;
}

void cp__stream_update(cp_stream *stream) {
  int events = wanted_events(stream);
  if (events == stream->armed || stream->failure != 0) return;
  int rc = stream->polling ? 0 : open_poll(stream);
  if (rc == 0) {
    stream->armed = events;
    rc = events != 0 ? uv_poll_start(&stream->poll, events, on_poll) : uv_poll_stop(&stream->poll);
  }
  if (rc == 0) return;
  stream->failure = rc; /* told from the loop: this may be inside a call of the user's */
  stream->owner->defer(stream);
}

/* Takes the fd out of the loop and the stream. */
static int release_fd(cp_stream *stream) {
  int fd = stream->fd;
  stream->fd = -1;
  stream->armed = 0;
  if (stream->polling) {
    stream->polling = false;
    uv_close((uv_handle_t *)&stream->poll, on_poll_closed);
  }
  return fd;
}

/* ---------------------------------------------------------------- closing */

static void defer(cp_stream *stream) { stream->owner->defer(stream); }

cp__write_request *cp__stream_new_write(cp_write_cb cb, void *data, size_t length) {
  cp__write_request *write = malloc(sizeof *write + length);
  if (write != NULL) *write = (cp__write_request){.cb = cb, .data = data, .length = length};
  return write;
}

void cp__stream_finish_write(cp_stream *stream, cp__write_request *write, int status) {
  stream->queued -= write->length - write->sent;
  write->status = status;
  if (write->cb == NULL) {
    free(write);
    return;
  }
  write->next = NULL;
  *stream->done_end = write;
  stream->done_end = &write->next;
  defer(stream);
}

static void fail_writes(cp_stream *stream, int status) {
  while (stream->queue != NULL) {
    cp__write_request *write = stream->queue;
    stream->queue = write->next;
    cp__stream_finish_write(stream, write, status);
  }
  stream->queue_end = &stream->queue;
}

static void shut(cp_stream *stream, int write_status) {
  if (stream->fd < 0) return;
  stream->owner->held(stream);
  cp__close(release_fd(stream));
  fail_writes(stream, write_status);
  cp__forward_stream_closed(stream, write_status);
  stream->owner->closed(stream);
  stream->owner->released(stream);
}

void cp_stream_close(cp_stream *stream) {
  if (stream == NULL) return;
  shut(stream, UV_ECANCELED);
}

/* Reads nothing any more; a stream that is also written to stays open for that. */
void cp__stream_finish_reading(cp_stream *stream) {
  bool drained = stream->drain && !stream->reading;
  bool stays = stream->writable && !drained; /* finish_end() clears `writable` when all is written */
  stream->readable = false;
  if (!stays) {
    shut(stream, UV_EPIPE);
    return;
  }
  cp__stream_update(stream);
  stream->owner->closed(stream);
}

/* ---------------------------------------------------------------- reading */

static void call_reader(cp_stream *stream, const char *bytes, ssize_t length) {
  if (stream->read_cb != NULL) stream->read_cb(stream, bytes, length, stream->read_data);
}

static void pass_on(const char *bytes, size_t length, void *data) {
  cp_stream *stream = data;
  if (stream->fd >= 0) call_reader(stream, bytes, (ssize_t)length);
}

/*
 * One call of the reader for one read, so that what it does (pausing, forwarding) holds from the next byte on. Text that
 * needs no repair is handed on where it is.
 */
static void deliver_text(cp_stream *stream, const char *bytes, size_t length) {
  if (cp__utf8_is_one_piece(&stream->utf8, bytes, length)) {
    cp__utf8_feed(&stream->utf8, bytes, length, pass_on, stream);
    return;
  }
  char *text = malloc(length * 3 + sizeof stream->utf8.held);
  if (text == NULL) {
    cp__utf8_feed(&stream->utf8, bytes, length, pass_on, stream); /* in pieces, then */
    return;
  }
  size_t decoded = cp__utf8_decode(&stream->utf8, bytes, length, false, text);
  if (decoded > 0) call_reader(stream, text, (ssize_t)decoded);
  free(text);
}

static void deliver(cp_stream *stream, const char *bytes, size_t length) {
  if (stream->read_cb == NULL) return;
  if (stream->decode)
    deliver_text(stream, bytes, length);
  else
    call_reader(stream, bytes, (ssize_t)length);
}

static void end_reading(cp_stream *stream, ssize_t status) {
  if (stream->decode) cp__utf8_end(&stream->utf8, pass_on, stream);
  if (stream->fd < 0) return;
  cp_read_cb cb = stream->read_cb;
  stream->read_cb = NULL;
  stream->readable = false;
  if (cb != NULL) cb(stream, NULL, status, stream->read_data);
  if (stream->fd >= 0) cp__stream_finish_reading(stream);
}

static void fail(cp_stream *stream, int code) {
  stream->owner->failed(stream, code);
  if (stream->readable)
    end_reading(stream, code);
  else
    shut(stream, code);
}

/* Streams that nobody captures may have a limit too: the bytes up to it are delivered. */
static size_t within_limit(cp_stream *stream, size_t length) {
  uint64_t left = stream->limit - stream->total;
  stream->total += length;
  return length <= left ? length : (size_t)left;
}

/*
 * One read(2), into the capture itself where there is room. Returns what read(2) did; *full tells whether the buffer
 * was filled, so that more may wait.
 */
static ssize_t read_once(cp_stream *stream, char *scratch, size_t most, bool *full) {
  size_t room = READ_BYTES;
  char *to = scratch;
  bool keeps = false;
  if (stream->capture != NULL) {
    char *space = cp__capture_room(stream->capture, &room);
    if (space == NULL && room > 0) return UV_ENOMEM;
    keeps = space != NULL;
    if (keeps)
      to = space;
    else
      room = READ_BYTES;
  }
  if (room > most) room = most;
  ssize_t n = cp__read(stream->fd, to, room);
  *full = n == (ssize_t)room;
  if (n <= 0 || !stream->reading) return n; /* what is drained is nobody's: it counts for nothing */
  if (keeps) cp__capture_commit(stream->capture, (size_t)n);
  bool over = stream->capture != NULL && !keeps && cp__capture_drop(stream->capture, (size_t)n);
  size_t length = stream->capture != NULL ? (size_t)n : within_limit(stream, (size_t)n);
  over = over || length < (size_t)n;
  if (length > 0 && !(over && stream->capture != NULL)) deliver(stream, to, length);
  if (over && stream->fd >= 0) stream->owner->overflow(stream);
  return n;
}

static bool may_read(const cp_stream *stream) {
  return stream->fd >= 0 && stream->readable && !stream->paused && stream->forward == NULL &&
         (stream->reading || stream->drain);
}

/* Reads until nothing is left or `most` bytes are read; without that limit, a fair share. */
static void read_some(cp_stream *stream, size_t most) {
  char scratch[READ_BYTES];
  bool full = true, fair = most == SIZE_MAX;
  for (int i = 0; (i < READS_PER_EVENT || !fair) && full && most > 0 && may_read(stream); i++) {
    ssize_t n = read_once(stream, scratch, most, &full);
    if (n == UV_EAGAIN) return;
    if (n == 0 || n == UV_ECONNRESET) {
      if (stream->fd >= 0) end_reading(stream, 0);
      return;
    }
    if (n < 0) {
      fail(stream, (int)n);
      return;
    }
    most -= (size_t)n;
  }
}

int cp_stream_read(cp_stream *stream, cp_read_cb cb, void *data) {
  if (stream == NULL || stream->fd < 0 || !stream->readable) return UV_EBADF;
  if (stream->forward != NULL) return UV_EBUSY;
  stream->read_cb = cb;
  stream->read_data = data;
  stream->reading = cb != NULL || stream->capture != NULL;
  cp__stream_update(stream);
  return 0;
}

void cp__stream_capture(cp_stream *stream, cp__capture *capture) {
  stream->capture = capture;
  stream->reading = true;
}

void cp_stream_pause(cp_stream *stream) {
  if (stream == NULL) return;
  stream->paused = true;
  cp__stream_update(stream);
  cp__forward_paused(stream);
}

void cp_stream_resume(cp_stream *stream) {
  if (stream == NULL) return;
  stream->paused = false;
  cp__stream_update(stream);
  cp__forward_paused(stream);
}

/* ---------------------------------------------------------------- writing */

static void finish_end(cp_stream *stream) {
  if (!stream->ending || stream->queue != NULL || stream->fd < 0 || !stream->writable) return;
  stream->writable = false;
  if (stream->readable)
    (void)shutdown(stream->fd, SHUT_WR);
  else
    shut(stream, UV_ECANCELED);
}

static void note_drained(cp_stream *stream) {
  if (!stream->wants_drain || stream->queued > 0) return;
  stream->wants_drain = false;
  stream->drain_due = true;
  defer(stream);
}

static void write_some(cp_stream *stream) {
  while (stream->queue != NULL) {
    cp__write_request *write = stream->queue;
    ssize_t n = cp__write(stream->fd, write->bytes + write->sent, write->length - write->sent);
    if (n == UV_EAGAIN) return;
    if (n < 0) {
      stream->writable = false;
      fail_writes(stream, (int)n);
      if (stream->readable)
        cp__stream_update(stream);
      else
        shut(stream, (int)n);
      cp__forward_target_idle(stream); /* a forward that waits behind these writes meets the same error */
      return;
    }
    write->sent += (size_t)n;
    stream->queued -= (size_t)n;
    if (write->sent < write->length) continue;
    stream->queue = write->next;
    if (stream->queue == NULL) stream->queue_end = &stream->queue;
    cp__stream_finish_write(stream, write, 0);
  }
  note_drained(stream);
  finish_end(stream);
  cp__forward_target_idle(stream);
}

static void enqueue(cp_stream *stream, cp__write_request *write) {
  *stream->queue_end = write;
  stream->queue_end = &write->next;
  stream->queued += write->length - write->sent;
}

int cp_stream_write(cp_stream *stream, const void *bytes, size_t length, cp_write_cb cb, void *data) {
  if (stream == NULL) return UV_EBADF;
  if (bytes == NULL && length > 0) return UV_EINVAL;
  if (stream->ending) return CP_EENDED;
  if (stream->fd < 0 || !stream->writable) return UV_EBADF;
  if (length > SIZE_MAX / 2) return UV_ENOMEM;
  cp__write_request *write = cp__stream_new_write(cb, data, length);
  if (write == NULL) return UV_ENOMEM;
  if (stream->queue == NULL && stream->source == NULL && length > 0) {
    ssize_t n = cp__write(stream->fd, bytes, length);
    if (n < 0 && n != UV_EAGAIN) {
      free(write);
      return (int)n;
    }
    if (n > 0) write->sent = (size_t)n;
  }
  if (write->sent == length && stream->queue == NULL) {
    cp__stream_finish_write(stream, write, 0);
    return 0;
  }
  if (write->sent < length) memcpy(write->bytes + write->sent, (const char *)bytes + write->sent, length - write->sent);
  enqueue(stream, write);
  cp__stream_update(stream);
  bool full = stream->queued > CP_WRITE_HIGH_WATER;
  stream->wants_drain = stream->wants_drain || full;
  return full ? 1 : 0;
}

void cp_stream_on_drain(cp_stream *stream, cp_write_cb cb, void *data) {
  if (stream == NULL) return;
  stream->drain_cb = cb;
  stream->drain_data = data;
}

size_t cp_stream_queued(const cp_stream *stream) { return stream != NULL ? stream->queued : 0; }

int cp_stream_end(cp_stream *stream) {
  if (stream == NULL) return UV_EBADF;
  if (stream->ending) return 0;
  if (stream->fd < 0 || !stream->writable) return UV_EBADF;
  stream->ending = true;
  finish_end(stream);
  return 0;
}

void cp__stream_tick(cp_stream *stream) {
  if (stream->failure != 0 && stream->fd >= 0) fail(stream, stream->failure);
  cp__write_request *done = stream->done; /* only these: a callback may write on and on */
  stream->done = NULL;
  stream->done_end = &stream->done;
  while (done != NULL) {
    cp__write_request *write = done;
    done = write->next;
    if (!stream->silent) write->cb(stream, write->status, write->data);
    free(write);
  }
  if (!stream->drain_due) return;
  stream->drain_due = false;
  if (stream->drain_cb != NULL) stream->drain_cb(stream, 0, stream->drain_data);
}

/* ---------------------------------------------------------------- the rest */

static void on_poll(uv_poll_t *poll, int status, int events) {
  cp_stream *stream = poll->data;
  stream->owner->held(stream);
  if (!stream->started) stream->owner->readable(stream);
  /* POLLERR: libuv has stopped the handle. The reader of a pipe has gone, or a real error: read or write will tell. */
  if (status < 0) {
    events = stream->armed;
    stream->armed = 0;
  }
  if (stream->fd >= 0 && (events & UV_WRITABLE) && stream->queue != NULL) write_some(stream);
  if (stream->fd >= 0) cp__forward_ready(stream, events);
  if (stream->fd >= 0 && (events & UV_READABLE)) read_some(stream, SIZE_MAX);
  if (stream->fd >= 0) cp__stream_update(stream);
  stream->owner->released(stream);
}

void cp__stream_open(cp_stream *stream, const cp__stream_owner *owner, uv_loop_t *loop, int fd, bool readable,
                     bool writable) {
  stream->owner = owner;
  stream->loop = loop;
  stream->fd = fd;
  stream->readable = readable;
  stream->writable = writable;
  stream->exists = fd >= 0;
  stream->queue_end = &stream->queue;
  stream->done_end = &stream->done;
  stream->limit = UINT64_MAX;
}

void cp__stream_silence(cp_stream *stream) {
  stream->silent = true;
  stream->read_cb = NULL;
  stream->drain_cb = NULL;
}

void cp__stream_dispose(cp_stream *stream) {
  while (stream->done != NULL) {
    cp__write_request *write = stream->done;
    stream->done = write->next;
    free(write);
  }
}

void cp__stream_listen(cp_stream *stream) {
  stream->listening = true;
  if (stream->fd >= 0) cp__stream_update(stream);
}

void cp__stream_start(cp_stream *stream) {
  stream->listening = stream->started = true;
  if (stream->fd >= 0) cp__stream_update(stream);
}

void cp__stream_process_ended(cp_stream *stream) {
  if (stream->fd < 0) return;
  stream->owner->held(stream);
  if (may_read(stream) && stream->reading) read_some(stream, cp__pending(stream->fd));
  if (stream->fd >= 0) {
    stream->drain = true;
    if (!stream->readable && stream->source == NULL)
      shut(stream, UV_EPIPE);
    else
      cp__stream_update(stream);
  }
  stream->owner->released(stream);
}

bool cp__stream_holds_close(const cp_stream *stream) { return stream->fd >= 0 && stream->readable; }

int cp_stream_take_fd(cp_stream *stream) {
  if (stream == NULL || stream->fd < 0) return UV_EBADF;
  if (stream->queue != NULL || stream->forward != NULL || stream->source != NULL) return UV_EBUSY;
  int fd = release_fd(stream);
  stream->taken = true;
  (void)cp__set_nonblocking(fd, false);
  stream->owner->closed(stream);
  return fd;
}

cp_child *cp_stream_child(const cp_stream *stream) { return stream != NULL ? stream->child : NULL; }
int cp_stream_index(const cp_stream *stream) { return stream != NULL ? stream->index : -1; }
int cp_stream_fd(const cp_stream *stream) { return stream != NULL ? stream->fd : -1; }

static void set_ref(cp_stream *stream, bool ref) {
  if (stream == NULL) return;
  stream->unrefed = !ref;
  cp__forward_ref(stream);
  if (!stream->polling) return;
  if (ref)
    uv_ref((uv_handle_t *)&stream->poll);
  else
    uv_unref((uv_handle_t *)&stream->poll);
}

void cp_stream_unref(cp_stream *stream) { set_ref(stream, false); }
void cp_stream_ref(cp_stream *stream) { set_ref(stream, true); }
