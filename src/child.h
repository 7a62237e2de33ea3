/* child.h - one child: its state, events, limits and end. */
#ifndef CP_CHILD_H
#define CP_CHILD_H

#include "abort.h"
#include "ipc/channel.h"
#include "process.h"
#include "stdio_table.h"
#include "stream.h"

typedef enum cp__child_state {
  CP__STARTING, /* launched or failed, on_spawn or on_error not told yet */
  CP__RUNNING,
  CP__ENDED, /* on_exit told, or on_error for what never started */
  CP__CLOSED /* on_close told: nothing more comes */
} cp__child_state;

/* What still has to be told from the loop. */
enum { CP__DUE_START = 1, CP__DUE_ABORT = 2, CP__DUE_STREAMS = 4, CP__DUE_CLOSE = 8 };

/* What exec adds to a child. Each may be NULL. */
typedef struct cp__child_hooks {
  void (*prepare)(cp_child *child, void *data); /* before anything is read */
  void (*closed)(cp_child *child, void *data);  /* after on_close */
  void (*freed)(void *data);                    /* the child is gone */
  bool stops_outputs; /* after a timeout or an abort the exit is enough: do not wait for pipes that others hold */
  void *data;
} cp__child_hooks;

struct cp_child {
  cp_options events; /* only the callbacks, data, and the numbers are used after the start */
  cp__child_hooks hooks;

  uv_loop_t *loop;
  cp__arena arena;
  cp__plan plan; /* owned: the launch may still read it */
  cp__process process;
  cp__child_state state;
  cp_exit exit;
  cp_error start_error;
  cp_reason reason; /* why we sent a signal, before the exit says what it did */
  bool killed, unrefed, handles_open, leads_group;
  bool waits_for_readers; /* the end was seen, and is told in the next round */
  bool input_unread;      /* the child did not want all of options.input */
  int capture_error;      /* captured output is incomplete: reading it has failed */
  bool freed;             /* by the user: no callback any more */
  bool frees_itself;      /* after on_close; the user has no handle */

  uv_timer_t timer; /* the start, and the next deadline */
  uv_idle_t idle;   /* what is due */
  unsigned due;
  unsigned start_wait_ms;                              /* how long until the next look at a launch under way */
  uint64_t started_ns, timeout_at, grace_at, drain_at; /* loop time, milliseconds; 0: none */
  cp__abort_listener abort;

  cp_channel *channel; /* NULL: none */
  int channel_fd;      /* of a channel that is not in the loop yet; -1: none */
  cp_stream *streams;  /* one per stdio entry */
  int stream_count;
  unsigned references; /* user, process, handles, running callbacks */
};

/* A started child, events to come. See cp_spawn() for what it returns. */
int cp__child_start(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                    const cp_options *options, const cp__child_hooks *hooks);

/* The steps of starting, for spawn.c. */
cp_child *cp__child_new(uv_loop_t *loop, const cp_options *options);
void cp__child_discard(cp_child *child); /* nothing of it is in the loop yet */
int cp__child_take_streams(cp_child *child, cp__stdio *stdio, const cp_options *options); /* UV_ENOMEM: takes nothing */
void cp__child_not_started(cp_child *child, const cp_error *error);
void cp__child_begin(cp_child *child, const cp_options *options); /* launched, or start_error is set */

/* For its channel. */
void cp__child_tell_start(cp_child *child); /* what is still to be told before anything else */
void cp__child_tell_error(cp_child *child, const cp_error *error);
void cp__child_check_close(cp_child *child);

/* child_channel.c. Taking: UV_ENOMEM. Attaching puts it into the loop, if there is one: what the loop says. */
int cp__child_take_channel(cp_child *child, cp__end_fd *end, const cp_options *options);
int cp__child_attach_channel(cp_child *child);

/* The child of a process that was given up with cp_child_free() while it ran; NULL: not given up. */
cp_child *cp__child_of_abandoned(cp__process *process);

/* Lets go of it: its memory goes once the handle is closed. */
void cp__child_let_go(cp_child *child);

#endif
