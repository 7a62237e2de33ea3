/* forward.c - from one stream to another stream or fd, with splice(2). */
#include "forward.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"

enum { MOVE_BYTES = 1 << 20, MOVES_PER_EVENT = 16 };

typedef struct cp__forward {
  cp_stream *from;
  cp_stream *to; /* NULL: to an fd of our own */
  int fd;        /* of the target */
  bool waits_for_target;
  bool copying;
  cp__rest rest;
  struct cp__write *told; /* the user's callback, which comes from the loop */
  uv_poll_t poll;         /* on our own fd, made when the target is first full */
  bool polling;
} forward;

static void free_forward(forward *f) {
  cp__rest_free(&f->rest);
  free(f);
}

static void on_poll_closed(uv_handle_t *handle) { free_forward(handle->data); }

/* Ends it: lets go of both sides, then tells. */
static void finish(forward *f, int status) {
  cp_stream *from = f->from, *to = f->to;
  int own_fd = to == NULL ? f->fd : -1;
  from->forward = NULL;
  if (to != NULL) to->source = NULL;
  cp__stream_finish_write(from, f->told, status);
  if (f->polling)
    uv_close((uv_handle_t *)&f->poll, on_poll_closed);
  else
    free_forward(f);
  cp__close(own_fd);
  if (to != NULL && to->fd >= 0) (void)cp_stream_end(to); /* however it ended: the next in a pipeline must not wait */
}

static void move(forward *f);

static void on_target_poll(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  forward *f = poll->data;
  cp_stream *from = f->from;
  from->owner->held(from);
  (void)uv_poll_stop(poll);
  if (!from->paused) { /* else it goes on waiting: cp__forward_paused() */
    f->waits_for_target = false;
    move(f);
  }
  if (from->fd >= 0) cp__stream_update(from);
  from->owner->released(from);
}

static void set_poll_ref(forward *f) {
  uv_handle_t *handle = (uv_handle_t *)&f->poll;
  if (f->from->unrefed)
    uv_unref(handle);
  else
    uv_ref(handle);
}

/* uv_poll_init() sets O_NONBLOCK, which whoever else has that pipe or terminal open would share: it is put back. */
static int open_poll(forward *f) {
  bool blocks = !(fcntl(f->fd, F_GETFL) & O_NONBLOCK);
  int rc = uv_poll_init(f->from->loop, &f->poll, f->fd);
  if (rc != 0) return rc;
  if (blocks) (void)cp__set_nonblocking(f->fd, false);
  f->polling = true;
  f->poll.data = f;
  set_poll_ref(f);
  return 0;
}

/* The target is full: wait until it takes more, and leave the source alone until then. */
static int wait_for_target(forward *f) {
  f->waits_for_target = true;
  if (f->to != NULL) {
    cp__stream_update(f->to);
    return 0;
  }
  int rc = f->polling ? 0 : open_poll(f);
  if (rc == UV_EPERM) { /* a file: it is never full, so the source was empty, but is no more */
    f->waits_for_target = false;
    return 0;
  }
  if (rc != 0) return rc;
  return uv_poll_start(&f->poll, UV_WRITABLE, on_target_poll);
}

/* The source's end, or a failure: finish() ends the target. A source that is also written to stays open for that. */
static void source_ended(forward *f, int status) {
  cp_stream *from = f->from;
  finish(f, status);
  if (from->fd < 0) return;
  if (status == 0)
    cp__stream_finish_reading(from);
  else
    cp_stream_close(from);
}

static bool has_rest(const forward *f) { return f->rest.start < f->rest.end; }

/* Moves until the source is empty, the target is full, or a fair share has gone. */
static void move(forward *f) {
  for (int i = 0; i < MOVES_PER_EVENT; i++) {
    ssize_t n = cp__move(f->from->fd, f->fd, MOVE_BYTES, &f->copying, &f->rest);
    if (n > 0) continue;
    int rc = (int)n;
    if (n == UV_EAGAIN) {
      if (!has_rest(f) && cp__pending(f->from->fd) == 0) return;
      rc = wait_for_target(f);
      if (rc == 0) return;
    }
    source_ended(f, rc);
    return;
  }
}

int cp__forward_events(const cp_stream *stream) {
  int events = 0;
  const forward *in = stream->forward, *out = stream->source;
  if (in != NULL && !in->waits_for_target && !stream->paused && (in->to == NULL || in->to->queue == NULL))
    events |= UV_READABLE;
  if (out != NULL && out->waits_for_target && !out->from->paused) events |= UV_WRITABLE;
  return events;
}

static void target_ready(forward *f) {
  cp_stream *from = f->from;
  if (!f->waits_for_target || f->to->queue != NULL || from->paused) return;
  from->owner->held(from);
  f->waits_for_target = false;
  move(f);
  if (from->fd >= 0) cp__stream_update(from);
  from->owner->released(from);
}

void cp__forward_ready(cp_stream *stream, int events) {
  if (stream->source != NULL && (events & UV_WRITABLE)) target_ready(stream->source);
  forward *f = stream->forward;
  if (stream->fd < 0 || f == NULL || !(events & UV_READABLE) || stream->paused || f->waits_for_target) return;
  move(f);
}

void cp__forward_paused(cp_stream *stream) {
  forward *f = stream->forward;
  if (f == NULL || stream->fd < 0) return;
  if (f->to != NULL)
    cp__stream_update(f->to);
  else if (f->polling && f->waits_for_target && !stream->paused)
    (void)uv_poll_start(&f->poll, UV_WRITABLE, on_target_poll);
}

void cp__forward_ref(cp_stream *stream) {
  if (stream->forward != NULL && stream->forward->polling) set_poll_ref(stream->forward);
}

void cp__forward_target_idle(cp_stream *target) {
  if (target->source != NULL) cp__stream_update(target->source->from);
}

void cp__forward_stream_closed(cp_stream *stream, int status) {
  if (stream->forward != NULL) finish(stream->forward, status);
  forward *out = stream->source; /* only now: a stream may have been forwarded to itself */
  if (out == NULL) return;
  cp_stream *from = out->from;
  from->owner->held(from);
  finish(out, UV_EPIPE);
  if (from->fd >= 0) cp_stream_close(from);
  from->owner->released(from);
}

static int begin(cp_stream *from, cp_stream *to, int fd, cp_write_cb cb, void *data) {
  struct cp__write *told = cp__stream_new_write(cb, data, 0);
  forward *f = told != NULL ? calloc(1, sizeof *f) : NULL;
  if (f == NULL) {
    free(told);
    return UV_ENOMEM;
  }
  *f = (forward){.from = from, .to = to, .fd = fd, .told = told};
  from->forward = f;
  from->read_cb = NULL;
  from->reading = false;
  if (to != NULL) to->source = f;
  cp__stream_update(from);
  return 0;
}

static int check_source(const cp_stream *from) {
  if (from == NULL || from->fd < 0 || !from->readable) return UV_EBADF;
  return from->forward != NULL ? UV_EBUSY : 0;
}

int cp_stream_forward(cp_stream *from, cp_stream *to, cp_write_cb cb, void *data) {
  int rc = check_source(from);
  if (rc != 0) return rc;
  if (to == NULL || to->fd < 0 || !to->writable || to->ending || to->loop != from->loop) return UV_EBADF;
  if (to->source != NULL) return UV_EBUSY;
  return begin(from, to, to->fd, cb, data);
}

int cp_stream_forward_fd(cp_stream *from, int fd, cp_write_cb cb, void *data) {
  int rc = check_source(from);
  if (rc != 0) return rc;
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return CP__ERRNO(errno);
  rc = begin(from, NULL, copy, cb, data);
  if (rc != 0) cp__close(copy);
  return rc;
}
