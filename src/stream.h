/* stream.h - the parent's end of one stdio entry, in a loop. */
#ifndef CP_STREAM_H
#define CP_STREAM_H

#include "capture.h"
#include "child_process.h"
#include "io.h"
#include "utf8.h"

/* What a stream tells the child that it is part of. */
typedef struct cp__stream_owner {
  void (*readable)(cp_stream *stream);         /* before the first reading: may tell the start, may close the stream */
  void (*closed)(cp_stream *stream);           /* its fd is gone: end of file, an error, closed or taken */
  void (*released)(cp_stream *stream);         /* its handle has left the loop: paired with `held` */
  void (*held)(cp_stream *stream);             /* the memory of the stream is needed until `released` */
  void (*defer)(cp_stream *stream);            /* call cp__stream_tick() from the loop soon */
  void (*overflow)(cp_stream *stream);         /* more than max_buffer_bytes came */
  void (*failed)(cp_stream *stream, int code); /* reading failed, other than by the end */
} cp__stream_owner;

struct cp_stream {
  const cp__stream_owner *owner;
  cp_child *child;
  uv_loop_t *loop;
  int index;
  int fd;      /* -1: closed */
  bool exists; /* the entry is a pipe */
  bool readable, writable;
  bool taken;     /* cp_stream_take_fd(): somebody else reads it */
  bool silent;    /* the user has given the child up: no callback any more */
  bool listening; /* the loop may say that there is something to read */
  bool started;   /* on_spawn has been: everything may flow */
  bool paused;    /* by the user */
  bool reading;   /* there is somebody to read for */
  bool drain;     /* the process is over: what nobody reads is thrown away */
  bool unrefed;

  uv_poll_t poll; /* while polling; made when first needed */
  bool polling;
  int armed;   /* the events it is started for */
  int failure; /* the loop would not watch it: an error code, told soon */

  cp_read_cb read_cb;
  void *read_data;
  cp__capture *capture; /* instead of, or beside, read_cb */
  bool decode;
  cp__utf8 utf8;
  uint64_t limit, total; /* bytes that may come and that came; where nothing is captured */

  struct cp__write *queue, **queue_end, *done, **done_end;
  size_t queued;
  bool ending, wants_drain, drain_due;
  cp_write_cb drain_cb;
  void *drain_data;

  struct cp__forward *forward; /* as its source */
  struct cp__forward *source;  /* as its target */
};

/* `stream` is zeroed memory that outlives it until `released`. Takes the fd, which is non-blocking. */
void cp__stream_open(cp_stream *stream, const cp__stream_owner *owner, uv_loop_t *loop, int fd, bool readable,
                     bool writable);

/* The loop may wake us when there is something to read; owner->readable comes first then. */
void cp__stream_listen(cp_stream *stream);

/* on_spawn has been: everything may flow. */
void cp__stream_start(cp_stream *stream);

/* Captures into `capture` (borrowed). */
void cp__stream_capture(cp_stream *stream, cp__capture *capture);

/* The process has ended. Reads at once what it left behind; what nobody wants is thrown away. Closes pure input. */
void cp__stream_process_ended(cp_stream *stream);

/* Calls the callbacks that wait for the loop. */
void cp__stream_tick(cp_stream *stream);

/* No callback any more. */
void cp__stream_silence(cp_stream *stream);

/* Frees what a closed stream still has: callbacks that were never called. */
void cp__stream_dispose(cp_stream *stream);

/* Open and to be read: the child's close waits for it. */
bool cp__stream_holds_close(const cp_stream *stream);

#endif
