/* pool_events.c - what the workers of a pool tell, handed on to JavaScript. */
#include <stdlib.h>

#include "pool.h"

enum { ALONE_BYTES = 16 * 1024 /* a larger answer goes by itself: it is copied once less */ };

/* ---------------------------------------------------------------- calls */

static bool begin(node_call *call, node_pool *pool) {
  if (pool->context == NULL || pool->self == NULL) return false;
  if (!call_begin(call, pool->addon, pool->context)) return false;
  pool_hold(pool);
  return true;
}

static napi_value object_of(const node_pool *pool) {
  napi_value object = NULL;
  if (pool->self != NULL) (void)napi_get_reference_value(pool->addon->env, pool->self, &object);
  return object;
}

static bool end(node_call *call, node_pool *pool, callback which, size_t count, const napi_value *arguments) {
  bool told = call_end(call, object_of(pool), which, count, arguments);
  pool_release(pool);
  return told;
}

/* ---------------------------------------------------------------- payloads */

typedef struct value_payload {
  void *bytes; /* cp_free() */
  size_t length;
} value_payload;

/* A part of a message, in the serialization that the message had. */
static value_payload encode(const node_pool *pool, cp_value value) {
  value_payload payload = {NULL, 0};
  if (pool->is_text)
    (void)cp_value_to_json((char **)&payload.bytes, &payload.length, value, NULL);
  else
    (void)cp_value_to_clone(&payload.bytes, &payload.length, value, CP_CLONE_CHANNEL, NULL);
  return payload;
}

static napi_value make_value(const node_pool *pool, cp_value value) {
  value_payload payload = encode(pool, value);
  napi_value made = NULL;
  if (payload.bytes != NULL) made = payload_make(pool->addon->env, pool->is_text, payload.bytes, payload.length);
  cp_free(payload.bytes);
  return made;
}

/* A message that came with a handle is wrapped into what the channel needs for that; the handle is not taken. */
static napi_value make_message(const node_pool *pool, cp_message *message) {
  size_t length;
  if (message == NULL) return make_undefined(pool->addon->env);
  if (cp_message_handle_count(message) > 0) return make_value(pool, cp_message_value(message));
  const void *bytes = cp_message_payload(message, &length);
  return payload_make(pool->addon->env, pool->is_text, bytes, length);
}

/* ---------------------------------------------------------------- answers */

/* Text comes as strings; clone bytes lie in the inbox one behind the other, and their numbers are told. */
static void add_answers(node_pool *pool, napi_value *arguments) {
  node_batch *batch = &pool->batch;
  napi_env env = pool->addon->env;
  const char *at = batch->bytes;
  if (!pool->is_text) memcpy(pool->addon->inbox, batch->bytes, batch->length);
  for (uint32_t i = 0; i < batch->count; at += batch->lengths[i++]) {
    arguments[2 * i] = make_int(env, (int)batch->slots[i]);
    arguments[2 * i + 1] =
        pool->is_text ? make_text(env, at, batch->lengths[i]) : make_int(env, (int)batch->lengths[i]);
  }
}

/*
 * Who gets results often has the next tasks at hand: those for one worker are written together. The channels live until
 * the loop goes on.
 */
static size_t cork(const node_pool *pool, cp_channel **channels) {
  const node_batch *batch = &pool->batch;
  size_t count = 0;
  if (!pool->is_shared || batch->count < 2) return 0;
  for (uint32_t i = 0; i < batch->count; i++) {
    const cp_worker_info worker = cp_pool_worker(pool->core, batch->places[i]);
    cp_channel *channel = worker.child != NULL ? cp_child_channel(worker.child) : NULL;
    if (channel == NULL) continue;
    cp_channel_cork(channel);
    channels[count++] = channel;
  }
  return count;
}

static void uncork(cp_channel *const *channels, size_t count) {
  for (size_t i = 0; i < count; i++) cp_channel_uncork(channels[i]);
}

/* What came before something else is told, is told before it. */
static void tell_answers(node_pool *pool) {
  node_call call;
  napi_value arguments[1 + 2 * BATCH_MOST];
  cp_channel *channels[BATCH_MOST];
  uint32_t count = pool->batch.count;
  if (count == 0) return;
  bool begun = begin(&call, pool);
  if (begun) {
    arguments[0] = object_of(pool);
    add_answers(pool, arguments + 1);
  }
  size_t corked = begun ? cork(pool, channels) : 0;
  pool->batch.length = pool->batch.count = 0;
  if (begun) (void)end(&call, pool, CALLBACK_POOL_RESULTS, 1 + 2 * (size_t)count, arguments);
  uncork(channels, corked);
}

static void on_turn(uv_check_t *turn) {
  node_addon *addon = turn->data;
  (void)uv_check_stop(turn);
  (void)uv_idle_stop(&addon->hurry);
  for (node_pool *pool = addon->pools; pool != NULL;) {
    if (pool->batch.count == 0) {
      pool = pool->next;
      continue;
    }
    pool_hold(pool);
    tell_answers(pool);
    pool_release(pool);
    pool = addon->pools; /* JavaScript may have closed any of them */
  }
}

static void on_hurry(uv_idle_t *hurry) { (void)hurry; }

bool pool_open_turns(node_addon *addon) {
  if (addon->has_turns) return true;
  if (uv_check_init(addon->loop, &addon->turn) != 0 || uv_idle_init(addon->loop, &addon->hurry) != 0) return false;
  addon->turn.data = addon->hurry.data = addon;
  addon->has_turns = true;
  return true;
}

static void on_handle_closed(uv_handle_t *handle) { addon_release(handle->data); }

void pool_close_turns(node_addon *addon) {
  if (!addon->has_turns) return;
  addon->has_turns = false;
  addon->references += 2;
  uv_close((uv_handle_t *)&addon->turn, on_handle_closed);
  uv_close((uv_handle_t *)&addon->hurry, on_handle_closed);
}

/* False: out of memory. */
static bool gather(node_pool *pool, uint32_t slot, unsigned place, const void *bytes, size_t length) {
  node_batch *batch = &pool->batch;
  if (batch->bytes == NULL) batch->bytes = malloc(INBOX_BYTES);
  if (batch->bytes == NULL) return false;
  if (batch->count == BATCH_MOST || batch->length + length > INBOX_BYTES) tell_answers(pool);
  memcpy(batch->bytes + batch->length, bytes, length);
  batch->slots[batch->count] = slot;
  batch->places[batch->count] = place;
  batch->lengths[batch->count++] = (uint32_t)length;
  batch->length += length;
  if (batch->count > 1) return true;
  (void)uv_check_start(&pool->addon->turn, on_turn);
  (void)uv_idle_start(&pool->addon->hurry, on_hurry);
  return true;
}

/* False: too large for JavaScript. */
static bool tell_answer(node_pool *pool, uint32_t slot, cp_message *message) {
  node_call call;
  tell_answers(pool);
  if (!begin(&call, pool)) return true;
  const napi_value arguments[] = {object_of(pool), make_int(pool->addon->env, (int)slot), make_message(pool, message)};
  return end(&call, pool, CALLBACK_POOL_RESULTS, 3, arguments);
}

/* ---------------------------------------------------------------- failures */

static napi_value make_code(napi_env env, const cp_exit *exit) {
  return exit != NULL && exit->code >= 0 ? make_int(env, exit->code) : make_null(env);
}

/* False: the answer is too large for JavaScript. */
static bool tell_failure(node_pool *pool, uint32_t slot, const cp_outcome *outcome) {
  node_call call;
  napi_env env = pool->addon->env;
  tell_answers(pool);
  if (!begin(&call, pool)) return true;
  const cp_exit *exit = outcome->exit;
  const napi_value arguments[] = {object_of(pool),
                                  make_int(env, (int)slot),
                                  make_int(env, outcome->status),
                                  make_string(env, outcome->error),
                                  make_message(pool, outcome->message),
                                  make_code(env, exit),
                                  make_int(env, exit != NULL ? exit->signal : 0),
                                  make_text(env, outcome->err, outcome->err_length),
                                  make_int(env, (int)outcome->attempts),
                                  make_int(env, outcome->pid)};
  return end(&call, pool, CALLBACK_POOL_FAILURE, 10, arguments);
}

static void refuse(node_pool *pool, uint32_t slot, const cp_outcome *outcome, int code) {
  cp_outcome refused = *outcome;
  refused.status = code;
  refused.error = cp_strerror(code);
  refused.message = NULL;
  (void)tell_failure(pool, slot, &refused);
}

static bool is_small(cp_message *message, const void **bytes, size_t *length) {
  *bytes = cp_message_payload(message, length);
  return *bytes != NULL && *length <= ALONE_BYTES && cp_message_handle_count(message) == 0;
}

void pool_on_outcome(cp_pool *core, const cp_outcome *outcome, void *data) {
  node_pool *pool = cp_pool_data(core);
  uint32_t slot = (uint32_t)(uintptr_t)data;
  const void *bytes;
  size_t length;
  pool_hold(pool);
  bool told = outcome->status == 0 && is_small(outcome->message, &bytes, &length) &&
              gather(pool, slot, outcome->place, bytes, length);
  if (!told && outcome->status == 0) told = tell_answer(pool, slot, outcome->message);
  if (!told && outcome->status != 0) told = tell_failure(pool, slot, outcome);
  if (!told) refuse(pool, slot, outcome, CP_ETOOBIG);
  pool_release(pool);
}

void pool_on_progress(cp_pool *core, uint64_t id, cp_value progress, void *data) {
  node_pool *pool = cp_pool_data(core);
  node_call call;
  (void)id;
  tell_answers(pool);
  if (!begin(&call, pool)) return;
  const napi_value arguments[] = {object_of(pool), make_int(pool->addon->env, (int)(uintptr_t)data),
                                  make_value(pool, progress)};
  (void)end(&call, pool, CALLBACK_POOL_PROGRESS, 3, arguments);
}

/* ---------------------------------------------------------------- events */

static int pid_of(const cp_worker_info *worker) { return worker->child != NULL ? cp_child_pid(worker->child) : 0; }

static void on_worker(cp_pool *core, const cp_worker_info *worker, void *data) {
  node_pool *pool = data;
  napi_env env = pool->addon->env;
  node_call call;
  (void)core;
  tell_answers(pool);
  if (!begin(&call, pool)) return;
  const cp_exit *exit = worker->exit;
  const napi_value arguments[] = {object_of(pool),
                                  make_int(env, (int)worker->place),
                                  make_string(env, cp_worker_state_name(worker->state)),
                                  make_int(env, pid_of(worker)),
                                  make_int(env, (int)worker->running),
                                  make_number(env, (double)worker->done),
                                  make_bool(env, worker->recycled),
                                  make_code(env, exit),
                                  make_int(env, exit != NULL ? exit->signal : 0),
                                  make_string(env, worker->error != NULL ? worker->error : "")};
  (void)end(&call, pool, CALLBACK_POOL_WORKER, 10, arguments);
}

static void on_message(cp_pool *core, const cp_worker_info *worker, cp_message *message, void *data) {
  node_pool *pool = data;
  napi_env env = pool->addon->env;
  node_call call;
  (void)core;
  tell_answers(pool);
  if (!begin(&call, pool)) return;
  const napi_value arguments[] = {object_of(pool), make_message(pool, message), make_int(env, (int)worker->place),
                                  make_int(env, pid_of(worker))};
  (void)end(&call, pool, CALLBACK_POOL_MESSAGE, 4, arguments);
}

static void tell_output(node_pool *pool, cp_child *child, int fd, const char *bytes, size_t length) {
  napi_env env = pool->addon->env;
  node_call call;
  if (!begin(&call, pool)) return;
  const napi_value arguments[] = {object_of(pool), make_int(env, fd), payload_make(env, false, bytes, length),
                                  make_int(env, cp_child_pid(child))};
  (void)end(&call, pool, CALLBACK_POOL_OUTPUT, 4, arguments);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  tell_output(data, child, 1, bytes, length);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  tell_output(data, child, 2, bytes, length);
}

static void tell_plain(node_pool *pool, callback which) {
  node_call call;
  tell_answers(pool);
  if (!begin(&call, pool)) return;
  const napi_value arguments[] = {object_of(pool)};
  (void)end(&call, pool, which, 1, arguments);
}

static void on_drain(cp_pool *core, void *data) {
  (void)core;
  tell_plain(data, CALLBACK_POOL_DRAIN);
}

static void on_idle(cp_pool *core, void *data) {
  node_pool *pool = data;
  (void)core;
  if (pool->watches_idle) tell_plain(pool, CALLBACK_POOL_IDLE);
}

static void on_error(cp_pool *core, const cp_error *error, void *data) {
  node_pool *pool = data;
  node_call call;
  (void)core;
  tell_answers(pool);
  if (!begin(&call, pool)) return;
  const napi_value arguments[] = {object_of(pool), make_string(pool->addon->env, error->message)};
  (void)end(&call, pool, CALLBACK_POOL_ERROR, 2, arguments);
}

void pool_on_closed(cp_pool *core, const cp_pool_report *report, void *data) {
  node_pool *pool = data;
  napi_env env = pool->addon->env;
  node_call call;
  (void)core;
  pool_hold(pool);
  tell_answers(pool);
  if (begin(&call, pool)) {
    const napi_value arguments[] = {object_of(pool), make_number(env, (double)report->aborted),
                                    make_int(env, (int)report->terminated), make_int(env, (int)report->killed)};
    (void)end(&call, pool, CALLBACK_POOL_CLOSED, 4, arguments);
  }
  pool_drop(pool);
  pool_release(pool);
}

/* What silent workers write is told; the library itself sees to that of the others. */
void pool_set_events(node_pool *pool, node_pool_options *options) {
  cp_options *worker = &options->plan.options;
  if (worker->silent) {
    worker->on_stdout = on_stdout;
    worker->on_stderr = on_stderr;
    worker->data = pool;
  }
  options->options.on_drain = on_drain;
  options->options.on_idle = on_idle;
  options->options.on_worker = on_worker;
  options->options.on_message = on_message;
  options->options.on_error = on_error;
  options->options.data = pool;
}
