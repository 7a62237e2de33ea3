/* forward.h - moving a stream's bytes to another stream or fd, as far as possible inside the kernel. */
#ifndef CP_FORWARD_H
#define CP_FORWARD_H

#include "stream.h"

/* Called by stream.c. */

/* The events that forwarding wants of this stream, as a source or a target. */
int cp__forward_events(const cp_stream *stream);

/* These events have come for it. */
void cp__forward_ready(cp_stream *stream, int events);

/* The stream's fd is gone. */
void cp__forward_stream_closed(cp_stream *stream, int status);

/* The source was paused or resumed; it was ref'd or unref'd. */
void cp__forward_paused(cp_stream *stream);
void cp__forward_ref(cp_stream *stream);

/* What was written before has left the queue of the target. */
void cp__forward_target_idle(cp_stream *target);

/* Provided by stream.c for forward.c. */
void cp__stream_update(cp_stream *stream);
void cp__stream_finish_reading(cp_stream *stream);

/* A callback that cp__stream_finish_write() brings from the loop. NULL: out of memory. */
struct cp__write *cp__stream_new_write(cp_write_cb cb, void *data, size_t length);
void cp__stream_finish_write(cp_stream *stream, struct cp__write *write, int status);

#endif
