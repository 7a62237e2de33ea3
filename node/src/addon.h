/*
 * addon.h - the parts of the addon, and what they share.
 *
 * The glue converts: JavaScript values to the options of child_process.h, and its callbacks to calls of JavaScript. What
 * an option means is decided in lib/ or in the library. Nothing is global: each environment (the main thread, each
 * worker) has an `addon` of its own.
 */
#ifndef CP_NODE_ADDON_H
#define CP_NODE_ADDON_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>
#include <stdbool.h>

#include "child_process.h"

typedef struct node_addon node_addon;
typedef struct node_process node_process;
typedef struct node_channel node_channel;
typedef struct node_pool node_pool;

/* The functions of native.setCallbacks(), in the order of their names in addon.c. */
typedef enum callback {
  CALLBACK_EXIT,
  CALLBACK_MESSAGES,
  CALLBACK_MESSAGE,
  CALLBACK_SENT,
  CALLBACK_DISCONNECT,
  CALLBACK_CHANNEL_ERROR,
  CALLBACK_POOL_RESULTS,
  CALLBACK_POOL_FAILURE,
  CALLBACK_POOL_PROGRESS,
  CALLBACK_POOL_WORKER,
  CALLBACK_POOL_MESSAGE,
  CALLBACK_POOL_OUTPUT,
  CALLBACK_POOL_DRAIN,
  CALLBACK_POOL_IDLE,
  CALLBACK_POOL_ERROR,
  CALLBACK_POOL_CLOSED,
  CALLBACK_COUNT
} callback;

enum { INBOX_BYTES = 64 * 1024, OUTBOX_BYTES = 1024 * 1024 };

/* One environment. */
struct node_addon {
  napi_env env;
  uv_loop_t *loop;
  unsigned references; /* the environment, each process */
  bool ending;         /* the environment is being taken down: no JavaScript any more */
  napi_ref callbacks[CALLBACK_COUNT];
  napi_ref channel_class;
  napi_ref runner;              /* see call.c */
  const struct node_call *call; /* that runs now */
  node_channel *nascent;        /* whose JavaScript object is being made */
  node_process *processes;      /* those with a child */
  node_pool *pools;             /* those that are open */
  uv_check_t turn;              /* the end of a turn of the loop, where pools tell what they have gathered ... */
  uv_idle_t hurry;              /* ... and which comes without waiting for anything; both: only once there is a pool */
  bool has_turns;
  char *inbox;   /* memory of native.inbox, where JavaScript finds small batches of clone bytes */
  char *outbox;  /* memory of native.outbox, where JavaScript lays a message of few values as clone bytes */
  char *scratch; /* for the text of what is sent */
  size_t scratch_size;
  napi_async_cleanup_hook_handle hook;
  uv_timer_t farewell; /* our last handle */
};

/* A process and its channel are one piece of memory, which lives as long as somebody needs it. */
struct node_process {
  node_addon *addon;
  unsigned references; /* the JavaScript objects, the child, running callbacks */
  napi_ref self;       /* its JavaScript object: strong while `held`; NULL: gone */
  bool held;
  napi_async_context context;
  napi_ref table;  /* the plan's, with the fds that JavaScript has not taken; NULL: none */
  cp_child *child; /* NULL: not started, or done with */
  node_channel *channel;
  cp_error *error; /* why it was not started; NULL: no reason */
  cp_usage usage;  /* once it has ended */
  bool spawned, refused, ended, unrefed;
  bool given_up;              /* close() was called */
  node_process *next, **link; /* in addon->processes */
};

/* addon.c */
void addon_release(node_addon *addon);

/* call.c: a call of JavaScript from the loop. Values for it are made between call_begin() and call_end(). */
typedef struct node_call {
  node_addon *addon;
  napi_async_context context;
  napi_handle_scope scope;
  napi_value object, function; /* from here on: while it runs */
  size_t count;
  const napi_value *arguments;
} node_call;
/* Makes what all calls go through. False: the environment refused it. */
bool call_init(napi_env env, node_addon *addon);
/* False: nobody is there to be called, and call_end() must not be. */
bool call_begin(node_call *call, node_addon *addon, napi_async_context context);
/* Calls, with `object` as the receiver, reports what it throws, and closes the scope. Not called where a value is NULL:
   then it returns false. */
bool call_end(node_call *call, napi_value object, callback which, size_t count, const napi_value *arguments);
/* As call_begin() and call_end(): of the process, which is held in between. */
bool process_call_begin(node_call *call, node_process *process);
void process_call_end(node_call *call, node_process *process, callback which, size_t count,
                      const napi_value *arguments);

/* process.c */
napi_value process_define(napi_env env, node_addon *addon);
void process_hold(node_process *process);
void process_release(node_process *process);
/* Lets go of the child: nothing of it is told any more. */
void process_drop(node_process *process);
/* Its channel is closed: a process that was given up goes now. */
void process_channel_closed(node_process *process);

/* channel.c */
napi_value channel_define(napi_env env, node_addon *addon);
/* The JavaScript object of the process's channel, made on the first call; NULL: an exception is pending. */
napi_value channel_object(napi_env env, node_process *process);
/* What came before something else is told, is told before it. */
void channel_tell_batch(node_channel *channel);
void channel_tell_error(node_channel *channel, const cp_error *error);
void channel_flush(const node_process *process); /* writes what can be written now */
bool channel_is_open(const node_channel *channel);
void channel_detach(node_channel *channel); /* the child goes */
void channel_free(node_channel *channel);   /* with its process; takes NULL */

/* payload.c: messages in the serialization of a channel */
typedef struct node_payload {
  const void *bytes; /* valid until payload_done() */
  size_t length;
} node_payload;
/* JSON text; clone bytes in a Buffer; or how many bytes of the outbox. UV_ENOMEM; UV_EINVAL: none of these, which is
   thrown. */
int payload_read(node_addon *addon, napi_value value, node_payload *out);
void payload_done(node_addon *addon);
/* A string or a Buffer; NULL: too large for JavaScript. */
napi_value payload_make(napi_env env, bool is_text, const void *bytes, size_t length);

/* pool.c */
napi_value pool_define(napi_env env, node_addon *addon);
/* Lets go of the workers: nothing of them is told any more. */
void pool_drop(node_pool *pool);
void pool_close_turns(node_addon *addon);

/* sync.c */
napi_value spawn_sync(napi_env env, napi_callback_info info);

#endif
