/* pool.h - class Pool: a pool of workers as JavaScript sees it. */
#ifndef CP_NODE_POOL_H
#define CP_NODE_POOL_H

#include "plan.h"

enum { BATCH_MOST = 64 };

/* Answers that are told together, at the end of the loop's turn: crossing over costs more than a small one. */
typedef struct node_batch {
  char *bytes; /* INBOX_BYTES; NULL: nothing has been gathered yet */
  size_t length;
  uint32_t count, slots[BATCH_MOST];
  uint32_t lengths[BATCH_MOST];
  unsigned places[BATCH_MOST]; /* of the workers that have answered */
} node_batch;

struct node_pool {
  node_addon *addon;
  unsigned references; /* the JavaScript object, the workers, running callbacks */
  napi_ref self;       /* its JavaScript object: strong while `held`; NULL: gone */
  bool held;
  napi_async_context context;
  cp_pool *core; /* NULL: not open, or done with */
  bool is_text;
  bool is_shared;    /* a worker may have several tasks at a time */
  bool watches_idle; /* somebody wants to know: else each task that comes alone would cost a call more */
  cp_error error;    /* of the last call that failed */
  node_batch batch;
  node_pool *next, **link; /* in addon->pools */
};

void pool_hold(node_pool *pool);
void pool_release(node_pool *pool);

/* pool_options.c: false: an exception is pending. pool_options_free() in any case. */
typedef struct node_pool_options {
  node_plan plan; /* of the workers */
  cp_pool_options options;
} node_pool_options;
bool pool_options_read(node_pool_options *out, napi_env env, napi_value object);
void pool_options_free(node_pool_options *options);

/* pool_events.c: what the workers tell. */
void pool_set_events(node_pool *pool, node_pool_options *options);
void pool_on_outcome(cp_pool *core, const cp_outcome *outcome, void *slot);
void pool_on_progress(cp_pool *core, uint64_t id, cp_value progress, void *slot);
void pool_on_closed(cp_pool *core, const cp_pool_report *report, void *data);
bool pool_open_turns(node_addon *addon);

#endif
