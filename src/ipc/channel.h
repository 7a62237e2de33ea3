/* channel.h - one end of a channel, in a loop. Receiving is in receive.c, sending in send.c. */
#ifndef CP_IPC_CHANNEL_H
#define CP_IPC_CHANNEL_H

#include "frame.h"
#include "handle.h"
#include "message.h"
#include "outbox.h"
#include "request.h"
#include "sockets.h"

typedef enum cp__channel_state {
  CP__CHANNEL_OPEN,
  CP__CHANNEL_CLOSING, /* disconnect was asked for: what waits is still written */
  CP__CHANNEL_CLOSED,  /* the fd is gone; on_disconnect is still to come */
  CP__CHANNEL_ENDED    /* it has come, or nobody wants it: freed */
} cp__channel_state;

/* What still has to be told from the loop. */
enum { CP__DUE_SENT = 1, CP__DUE_MESSAGES = 2, CP__DUE_DISCONNECT = 4, CP__DUE_FAILURE = 8 };

/*
 * The message that is being delivered lies in the framer's memory. Who reads on before its callback has returned (a
 * flush) takes that memory away from the framer first: it is freed behind the callback.
 */
typedef struct cp__lease {
  const uint8_t *payload;
  uint8_t *memory; /* NULL: the framer has it still */
  bool told;       /* the program has it: before, nothing may be read that would come in front of it */
  struct cp__lease *outer;
} cp__lease;

/* What a child, or the parent's channel, adds. Each may be NULL. */
typedef struct cp__channel_owner {
  void (*readable)(void *data); /* before the first message: may tell the start, may close the channel */
  void (*ended)(void *data);    /* on_disconnect has been told, or the channel was closed in silence */
  cp_child *child;
  void *data;
} cp__channel_owner;

struct cp_channel {
  cp__channel_owner owner;
  uv_loop_t *loop;
  int fd; /* -1: closed */
  cp__channel_state state;
  bool carries_fds;    /* a Unix socket: the others drop them without a word */
  bool attached;       /* its handles are in the loop */
  bool freed;          /* by the user: no callback any more */
  unsigned references; /* user, open handles, running callbacks, kept messages */

  cp_serialization serialization;
  cp_limits limits;
  size_t max_queued;
  bool peer_is_library;
  bool raw; /* the program decodes: what comes is looked at only as far as the protocol needs it */

  cp_message_cb on_message, on_internal;
  cp_channel_cb on_disconnect, on_drain, on_batch_end;
  cp_trace_cb on_trace;
  void (*on_error)(cp_channel *channel, const cp_error *error, void *data);
  void *message_data, *internal_data, *disconnect_data, *drain_data, *trace_data, *error_data, *batch_end_data;

  uv_poll_t poll;
  uv_idle_t idle;
  uv_timer_t timer; /* requests, counts of sockets, a half message that holds up the disconnect */
  int armed;        /* the events that poll is started for */
  unsigned due;
  int failure;              /* what the loop said, told soon */
  bool refed_by_listeners;  /* the parent's: kept alive by listeners only */
  bool explicit_ref, refed; /* the user has decided, and how */

  cp__framer framer;
  cp__lease *lease;                   /* of the message that is being delivered; NULL: none */
  cp__fds *arrived;                   /* fds that no message has taken yet */
  cp_heap *spare_heap;                /* of the last message, for the next one */
  cp_message *backlog, **backlog_end; /* messages that wait for a listener */
  size_t backlog_bytes;
  bool paused, holding, fds_lost, draining;
  bool in_batch; /* a message was told since on_batch_end */

  cp__outbox outbox;
  unsigned corks;         /* cp_channel_cork() */
  bool gathering;         /* what callbacks send is written after the last of them ... */
  uint64_t written_tick;  /* ... or when time has passed since then: a callback may go on for long */
  bool wants_drain, full; /* full: the socket takes nothing now */
  int write_error;        /* the peer takes nothing any more */
  cp_heap *scratch;       /* for messages that are built here */

  cp__requests requests;
  cp__sockets sockets;
  uint64_t retry_at; /* loop time: the kernel had too many fds under way */
  uint64_t close_at; /* loop time: a half message is not waited for any longer */
};

/* What children and channels alike can get wrong. 0, UV_EINVAL. */
int cp__channel_check_options(cp_serialization serialization, const cp_limits *limits, cp_error *error);

cp_channel *cp__channel_new(uv_loop_t *loop, const cp_channel_options *options);
void cp__channel_discard(cp_channel *channel); /* nothing of it is in the loop yet */

/* Takes the fd, which is non-blocking. What the loop says. */
int cp__channel_attach(cp_channel *channel, int fd);

/* Closes at once, on_disconnect will come from the loop; nothing is read or written any more. */
void cp__channel_close(cp_channel *channel);

/* The same, and what still waits for the program is dropped. */
void cp__channel_give_up(cp_channel *channel);

/* Closes without a word. */
void cp__channel_silence(cp_channel *channel);

/* The peer's process has ended: what it left is delivered now. */
void cp__channel_process_ended(cp_channel *channel);

/* What the child's close waits for. */
bool cp__channel_holds_close(const cp_channel *channel);

/* ---------------------------------------------------------------- for the other parts */

void cp__channel_hold(cp_channel *channel);
void cp__channel_release(cp_channel *channel);
void cp__channel_make_due(cp_channel *channel, unsigned what);
void cp__channel_update(cp_channel *channel); /* what poll waits for, whether it keeps the loop alive, the timer */
bool cp__channel_is_held_up(
    const cp_channel *channel); /* too much waits for the program, or for the peer: read no more */
void cp__channel_arm_timer(cp_channel *channel);
const cp_limits *cp__channel_limits(const cp_channel *channel);
cp_channel *cp__channel_if_open(cp_channel *channel); /* NULL once it is freed */
void cp__channel_tell_error(cp_channel *channel, const cp_error *error);
void cp__channel_break(cp_channel *channel, const cp_error *error); /* tells it, closes */
void cp__channel_trace(cp_channel *channel, const cp_trace *trace);
void cp__channel_end_batch(cp_channel *channel);          /* tells it, if a message was told */
bool cp__channel_write_failed(const cp_channel *channel); /* the peer has not got all that was sent, and gets no more */
bool cp__channel_is_corked(const cp_channel *channel);

int cp__socket_option(int fd, int name);

void cp__channel_free_backlog(cp_channel *channel);

/* receive.c */
bool cp__channel_may_read(const cp_channel *channel); /* while a callback runs */
void cp__channel_receive(cp_channel *channel, bool all);
void cp__channel_deliver_backlog(cp_channel *channel);
uint8_t *cp__channel_steal_input(cp_channel *channel, const uint8_t *payload);

/* send.c */
void cp__channel_pump(cp_channel *channel); /* writes what can be written */
void cp__channel_tell_sent(cp_channel *channel);
/* cp_send() of a value that was made in a heap since `place`, where the heap is then put back to. */
int cp__channel_send_made(cp_channel *channel, cp_value value, cp_heap *heap, cp__heap_place place);
int cp__channel_send_internal(cp_channel *channel, cp_value message, bool overtakes);
cp_heap *cp__channel_scratch(cp_channel *channel); /* emptied; NULL: out of memory */

#endif
