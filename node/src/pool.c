/* pool.c - class Pool: its life and its methods. */
#include "pool.h"

#include <stdlib.h>

enum { PERCENTILES = 6 };

/* ---------------------------------------------------------------- life */

void pool_hold(node_pool *pool) { pool->references++; }

void pool_release(node_pool *pool) {
  if (--pool->references > 0) return;
  node_addon *addon = pool->addon;
  free(pool->batch.bytes);
  free(pool);
  addon_release(addon);
}

static void finalize(napi_env env, void *data, void *hint) {
  node_pool *pool = data;
  (void)hint;
  (void)napi_delete_reference(env, pool->self);
  pool->self = NULL;
  pool_release(pool);
}

static void enlist(node_pool *pool) {
  node_addon *addon = pool->addon;
  pool->next = addon->pools;
  pool->link = &addon->pools;
  if (pool->next != NULL) pool->next->link = &pool->next;
  addon->pools = pool;
}

static void delist(node_pool *pool) {
  *pool->link = pool->next;
  if (pool->next != NULL) pool->next->link = pool->link;
}

void pool_drop(node_pool *pool) {
  napi_env env = pool->addon->env;
  cp_pool *core = pool->core;
  if (core == NULL) return;
  pool->core = NULL;
  delist(pool);
  cp_pool_free(core);
  if (pool->context != NULL) (void)napi_async_destroy(env, pool->context);
  pool->context = NULL;
  if (pool->held && pool->self != NULL) (void)napi_reference_unref(env, pool->self, NULL);
  pool->held = false;
  pool_release(pool);
}

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value object;
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, &data) != napi_ok) return NULL;
  node_pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) {
    (void)napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  pool->addon = data;
  pool->references = 1; /* the object's, until it is finalized */
  pool->addon->references++;
  if (napi_wrap(env, object, pool, finalize, NULL, &pool->self) == napi_ok) return object;
  pool_release(pool);
  return NULL;
}

/* Node-API checks the receivers of methods. */
static node_pool *receiver(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments,
                           napi_value *object) {
  napi_value own;
  void *data = NULL;
  if (object == NULL) object = &own;
  if (napi_get_cb_info(env, info, count, arguments, object, NULL) != napi_ok) return NULL;
  if (napi_unwrap(env, *object, &data) == napi_ok) return data;
  (void)must_be(env, "this", "a Pool");
  return NULL;
}

/* ---------------------------------------------------------------- opening */

/* The flags before the module are words as the others. */
static int open_core(node_pool *pool, node_pool_options *given) {
  const char *const *words = given->plan.args;
  given->options.error = &pool->error;
  pool->is_text = given->plan.options.serialization == CP_SERIALIZATION_JSON;
  pool->is_shared = given->options.in_flight > 1;
  if (words == NULL || !pool_open_turns(pool->addon)) return UV_EINVAL;
  pool_set_events(pool, given);
  plan_clear_nonblocking(&given->plan);
  return cp_pool_open(&pool->core, pool->addon->loop, words[0], words + 1, &given->options);
}

static int open_pool(node_pool *pool, napi_value object, node_pool_options *given) {
  napi_env env = pool->addon->env;
  napi_value name = NULL;
  int rc = open_core(pool, given);
  if (rc != 0) return rc;
  pool_hold(pool); /* the workers' */
  enlist(pool);
  (void)napi_create_string_latin1(env, "PROCESSPOOL", NAPI_AUTO_LENGTH, &name);
  pool->held = napi_async_init(env, object, name, &pool->context) == napi_ok &&
               napi_reference_ref(env, pool->self, NULL) == napi_ok;
  if (pool->held) return 0;
  pool_drop(pool);
  return UV_ENOMEM;
}

static napi_value open_it(napi_env env, napi_callback_info info) {
  napi_value object, argument;
  size_t count = 1;
  node_pool_options given;
  node_pool *pool = receiver(env, info, &count, &argument, &object);
  if (pool == NULL) return NULL;
  bool readable = pool_options_read(&given, env, argument); /* its getters may do anything, such as to call open() */
  int rc = 0;
  if (pool->core != NULL)
    rc = UV_EALREADY;
  else if (pool->addon->ending)
    rc = UV_ECANCELED;
  else if (readable)
    rc = open_pool(pool, object, &given);
  pool_options_free(&given);
  return readable ? make_int(env, rc) : NULL; /* a TypeError is pending */
}

static napi_value failure(napi_env env, napi_callback_info info) {
  node_pool *pool = receiver(env, info, NULL, NULL, NULL);
  return pool != NULL ? make_string(env, pool->error.message) : NULL;
}

/* ---------------------------------------------------------------- tasks */

enum { PAYLOAD, SLOT, TIMEOUT, RETRIES, PRIORITY, KEY, PROGRESS, ARGUMENTS };

/* Those of a task that has options of its own; all are given then. */
static bool read_settings(napi_env env, const napi_value *arguments, node_text *text, cp_task_options *options) {
  double timeout;
  bool has_progress;
  bool done = napi_get_value_double(env, arguments[TIMEOUT], &timeout) == napi_ok &&
              napi_get_value_int32(env, arguments[RETRIES], &options->max_retries) == napi_ok &&
              napi_get_value_int32(env, arguments[PRIORITY], &options->priority) == napi_ok &&
              napi_get_value_bool(env, arguments[PROGRESS], &has_progress) == napi_ok;
  if (!done) return must_be(env, "the options of a task", "numbers and a boolean");
  options->timeout_ms = to_count(timeout);
  if (has_progress) options->on_progress = pool_on_progress;
  if (is_absent(env, arguments[KEY])) return true;
  options->key = text_string(text, env, arguments[KEY]);
  return options->key != NULL || must_be(env, "key", "a string");
}

static int submit_payload(node_pool *pool, napi_value value, const cp_task_options *options) {
  node_payload payload;
  int rc = payload_read(pool->addon, value, &payload);
  if (rc == 0) rc = cp_pool_submit_raw(pool->core, payload.bytes, payload.length, options);
  payload_done(pool->addon);
  return rc;
}

static napi_value submit(napi_env env, napi_callback_info info) {
  napi_value arguments[ARGUMENTS];
  size_t count = ARGUMENTS;
  node_text text;
  uint32_t slot;
  node_pool *pool = receiver(env, info, &count, arguments, NULL);
  if (pool == NULL) return NULL;
  if (pool->core == NULL) return make_int(env, CP_EPOOL);
  if (napi_get_value_uint32(env, arguments[SLOT], &slot) != napi_ok) {
    (void)must_be(env, "slot", "a number");
    return NULL;
  }
  cp_task_options options = {.cb = pool_on_outcome, .data = (void *)(uintptr_t)slot, .error = &pool->error};
  text_init(&text);
  bool readable = count <= SLOT + 1 || read_settings(env, arguments, &text, &options);
  int rc = readable ? submit_payload(pool, arguments[PAYLOAD], &options) : UV_EINVAL;
  text_free(&text);
  return make_int(env, rc);
}

/* The library sends it to each in its own frames: it needs the value. */
static int broadcast_payload(node_pool *pool, const node_payload *payload) {
  cp_value value;
  cp_heap *heap = cp_heap_new(NULL);
  if (heap == NULL) return UV_ENOMEM;
  int rc = pool->is_text
               ? cp_value_from_json(&value, heap, payload->bytes, payload->length, &pool->error)
               : cp_value_from_clone(&value, heap, payload->bytes, payload->length, CP_CLONE_CHANNEL, &pool->error);
  if (rc == 0) rc = cp_pool_broadcast(pool->core, value);
  cp_heap_free(heap);
  return rc;
}

static napi_value broadcast(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  node_payload payload;
  node_pool *pool = receiver(env, info, &count, &argument, NULL);
  if (pool == NULL) return NULL;
  if (pool->core == NULL) return make_int(env, 0);
  int rc = payload_read(pool->addon, argument, &payload);
  if (rc == 0) rc = broadcast_payload(pool, &payload);
  payload_done(pool->addon);
  return make_int(env, rc);
}

static napi_value cancel(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  double id;
  node_pool *pool = receiver(env, info, &count, &argument, NULL);
  if (pool == NULL) return NULL;
  if (napi_get_value_double(env, argument, &id) != napi_ok) {
    (void)must_be(env, "id", "a number");
    return NULL;
  }
  return make_int(env, cp_pool_cancel(pool->core, to_count(id)));
}

/* ---------------------------------------------------------------- the pool as a whole */

static napi_value close_it(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  bool finishes;
  double deadline;
  node_pool *pool = receiver(env, info, &count, arguments, NULL);
  if (pool == NULL) return NULL;
  if (napi_get_value_bool(env, arguments[0], &finishes) != napi_ok ||
      napi_get_value_double(env, arguments[1], &deadline) != napi_ok) {
    (void)must_be(env, "the arguments", "a boolean and a number");
    return NULL;
  }
  cp_pool_end end = finishes ? CP_POOL_FINISH : CP_POOL_ABORT;
  return make_int(env, cp_pool_close(pool->core, end, to_count(deadline), pool_on_closed, pool));
}

static napi_value apply(napi_env env, napi_callback_info info, void (*function)(cp_pool *core)) {
  node_pool *pool = receiver(env, info, NULL, NULL, NULL);
  if (pool != NULL) function(pool->core);
  return NULL;
}

static napi_value ref(napi_env env, napi_callback_info info) { return apply(env, info, cp_pool_ref); }
static napi_value unref(napi_env env, napi_callback_info info) { return apply(env, info, cp_pool_unref); }
static napi_value recycle(napi_env env, napi_callback_info info) { return apply(env, info, cp_pool_recycle); }

static napi_value watch_idle(napi_env env, napi_callback_info info) {
  node_pool *pool = receiver(env, info, NULL, NULL, NULL);
  if (pool != NULL) pool->watches_idle = true;
  return NULL;
}

static napi_value size(napi_env env, napi_callback_info info) {
  const node_pool *pool = receiver(env, info, NULL, NULL, NULL);
  if (pool == NULL) return NULL;
  return make_int(env, pool->core != NULL ? (int)cp_pool_size(pool->core) : 0);
}

static double in_ms(uint64_t nanoseconds) {
  const double ns_per_ms = 1e6;
  return (double)nanoseconds / ns_per_ms;
}

/* The shortest, four between, the longest. */
static void fill_percentiles(double *numbers, const cp_pool *pool, cp_pool_phase phase) {
  static const double percents[PERCENTILES] = {0, 50, 75, 90, 99, 100};
  for (int i = 0; i < PERCENTILES; i++) numbers[i] = in_ms(cp_pool_percentile_ns(pool, phase, percents[i]));
}

/* In the order of the names in lib/pool.js. */
static napi_value stats(napi_env env, napi_callback_info info) {
  enum { NUMBERS = 19 };
  cp_pool_stats all;
  const node_pool *pool = receiver(env, info, NULL, NULL, NULL);
  if (pool == NULL) return NULL;
  if (pool->core == NULL) return make_undefined(env);
  cp_pool_stats_get(pool->core, &all);
  double numbers[NUMBERS + 2 * PERCENTILES] = {(double)all.waiting,
                                               (double)all.running,
                                               (double)all.held,
                                               all.workers,
                                               all.idle,
                                               (double)all.submitted,
                                               (double)all.succeeded,
                                               (double)all.failed,
                                               (double)all.retried,
                                               (double)all.timed_out,
                                               (double)all.cancelled,
                                               (double)all.stray,
                                               (double)all.started,
                                               (double)all.crashed,
                                               (double)all.recycled,
                                               (double)all.shrunk,
                                               in_ms(all.queued_ns),
                                               in_ms(all.run_ns),
                                               cp_pool_utilization(pool->core, &all)};
  fill_percentiles(numbers + NUMBERS, pool->core, CP_POOL_QUEUED);
  fill_percentiles(numbers + NUMBERS + PERCENTILES, pool->core, CP_POOL_RUN);
  return make_numbers(env, numbers, sizeof numbers / sizeof *numbers);
}

/* [pid, running, done, recycled, state]; undefined: there is none in this place. */
static napi_value worker(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  uint32_t place;
  const node_pool *pool = receiver(env, info, &count, &argument, NULL);
  if (pool == NULL) return NULL;
  if (napi_get_value_uint32(env, argument, &place) != napi_ok) {
    (void)must_be(env, "place", "a number");
    return NULL;
  }
  const cp_worker_info one = cp_pool_worker(pool->core, place);
  if (one.state == CP_WORKER_NONE) return make_undefined(env);
  const double numbers[] = {one.child != NULL ? cp_child_pid(one.child) : 0, one.running, (double)one.done,
                            one.recycled, one.state};
  return make_numbers(env, numbers, sizeof numbers / sizeof *numbers);
}

napi_value pool_define(napi_env env, node_addon *addon) {
#define METHOD(name, function)                                                                                         \
  { (name), NULL, (function), NULL, NULL, NULL, napi_default_method, NULL }
  const napi_property_descriptor methods[] = {
      METHOD("open", open_it),
      METHOD("failure", failure),
      METHOD("submit", submit),
      METHOD("cancel", cancel),
      METHOD("broadcast", broadcast),
      METHOD("close", close_it),
      METHOD("ref", ref),
      METHOD("unref", unref),
      METHOD("recycle", recycle),
      METHOD("watchIdle", watch_idle),
      METHOD("size", size),
      METHOD("stats", stats),
      METHOD("worker", worker),
  };
  napi_value class = NULL;
  (void)napi_define_class(env, "Pool", NAPI_AUTO_LENGTH, construct, addon, sizeof methods / sizeof *methods, methods,
                          &class);
  return class;
}
