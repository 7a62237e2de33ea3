/* pool.c - opening, closing and freeing a pool, and the round in which all that is due is done. */
#include "pool.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "deadline.h"
#include "fail.h"
#include "fork.h"
#include "options.h"
#include "process.h"

enum { DEFAULT_RETRIES = 2, DEFAULT_HIGH_WATER = 1024, DEFAULT_FAILED_STARTS = 10 };
enum { DEFAULT_GRACE_MS = 1000, DEFAULT_START_MS = 30000 };

/* ---------------------------------------------------------------- life */

void cp__pool_hold(cp_pool *pool) { pool->references++; }

void cp__pool_release(cp_pool *pool) {
  if (--pool->references > 0) return;
  cp__task_table_free(&pool->tasks);
  for (unsigned i = 0; pool->places != NULL && i < pool->options.size; i++) cp__queue_free(&pool->places[i].own);
  cp__queue_free(&pool->shared);
  cp__arena_free(&pool->arena);
  free(pool->places);
  free(pool->candidates);
  free(pool);
}

static void on_handle_closed(uv_handle_t *handle) { cp__pool_release(handle->data); }

static void free_workers(cp_pool *pool) {
  for (unsigned i = 0; i < pool->options.size; i++) {
    cp__place *place = &pool->places[i];
    if (place->successor != NULL) cp__worker_free(place->successor);
    if (place->worker != NULL) cp__worker_free(place->worker);
    place->worker = place->successor = NULL;
  }
  while (pool->leaving != NULL) cp__worker_free(pool->leaving);
}

/* Workers whose callback runs are freed behind it. */
void cp_pool_free(cp_pool *pool) {
  if (pool == NULL) return;
  pool->freed = true;
  pool->state = CP__POOL_CLOSED;
  cp__task_table_unlisten(&pool->tasks); /* they live until the handles are closed */
  free_workers(pool);
  uv_close((uv_handle_t *)&pool->timer, on_handle_closed);
  uv_close((uv_handle_t *)&pool->idle, on_handle_closed);
  uv_close((uv_handle_t *)&pool->anchor, on_handle_closed);
  cp__pool_release(pool);
}

/* ---------------------------------------------------------------- rounds */

static bool is_empty(const cp_pool *pool) {
  if (pool->leaving != NULL) return false;
  for (unsigned i = 0; i < pool->options.size; i++)
    if (pool->places[i].worker != NULL || pool->places[i].successor != NULL) return false;
  return true;
}

/* The last step: nobody is there any more. */
static void finish_closing(cp_pool *pool) {
  cp_pool_close_cb cb = pool->close_cb;
  pool->state = CP__POOL_CLOSED;
  cp__pool_update(pool);
  if (cb != NULL) cb(pool, &pool->report, pool->close_data);
}

static void go_on_closing(cp_pool *pool) {
  if (pool->freed || (pool->state != CP__POOL_CLOSING && pool->state != CP__POOL_ABORTING)) return;
  if (pool->tasks.count > 0) return;
  if (pool->state == CP__POOL_CLOSING) cp__pool_dismiss_all(pool, false);
  if (is_empty(pool)) finish_closing(pool);
}

/* Before the tasks that fail by it: who submits from their outcomes knows then. */
static void tell_error(cp_pool *pool) {
  const cp_pool_options *options = &pool->options;
  if (!pool->owes_error || pool->freed) return;
  pool->owes_error = false;
  if (options->on_error != NULL) options->on_error(pool, &pool->give_up_error, options->data);
}

static void tell_pool(cp_pool *pool) {
  const cp_pool_options *options = &pool->options;
  if (pool->above && !pool->freed && pool->waiting + pool->held <= options->low_water) {
    pool->above = false;
    if (options->on_drain != NULL) options->on_drain(pool, options->data);
  }
  if (pool->busy && !pool->freed && pool->tasks.count == 0) {
    pool->busy = false;
    if (options->on_idle != NULL) options->on_idle(pool, options->data);
  }
}

void cp__pool_settle(cp_pool *pool) {
  if (pool->freed) return;
  if (pool->unbalanced) cp__pool_balance(pool);
  cp__pool_dispatch(pool);
  cp__pool_fail_returned(pool);
  if (pool->unbalanced) cp__pool_make_due(pool);
  cp__pool_tell_states(pool);
  tell_error(pool);
  cp__pool_tell(pool);
  tell_pool(pool);
  go_on_closing(pool);
  if (!pool->freed) cp__pool_update(pool);
}

static void on_idle(uv_idle_t *idle) {
  cp_pool *pool = idle->data;
  (void)uv_idle_stop(idle);
  cp__pool_hold(pool);
  cp__pool_settle(pool);
  cp__pool_release(pool);
}

void cp__pool_make_due(cp_pool *pool) {
  if (!pool->freed) (void)uv_idle_start(&pool->idle, on_idle);
}

static void abort_all(cp_pool *pool) {
  if (pool->state >= CP__POOL_ABORTING) return;
  pool->state = CP__POOL_ABORTING;
  pool->close_at = 0;
  cp__pool_abort_tasks(pool);
  cp__pool_dismiss_all(pool, true);
  cp__pool_make_due(pool);
}

static void on_timer(uv_timer_t *timer) {
  cp_pool *pool = timer->data;
  uint64_t now = uv_now(pool->loop);
  cp__pool_hold(pool);
  pool->wake_at = 0;
  cp__pool_check_deadlines(pool, now);
  cp__pool_check_staff(pool, now);
  if (pool->close_at != 0 && pool->close_at <= now)
    abort_all(pool);
  else
    cp__pool_wake(pool, pool->close_at);
  cp__pool_settle(pool);
  cp__pool_release(pool);
}

void cp__pool_wake(cp_pool *pool, uint64_t at) {
  if (at == 0 || pool->freed || (pool->wake_at != 0 && pool->wake_at <= at)) return;
  uint64_t now = uv_now(pool->loop);
  pool->wake_at = at;
  (void)uv_timer_start(&pool->timer, on_timer, at > now ? at - now : 0, 0);
}

static void on_prepare(uv_prepare_t *anchor) { (void)anchor; }

/* What is due, and what workers do, counts for nothing: tasks do, and a close that is under way. */
void cp__pool_update(cp_pool *pool) {
  bool closing = pool->state == CP__POOL_CLOSING || pool->state == CP__POOL_ABORTING;
  bool open = pool->state == CP__POOL_OPEN && !pool->unrefed;
  uv_handle_t *anchor = (uv_handle_t *)&pool->anchor;
  if (pool->tasks.count > 0 || closing || open)
    uv_ref(anchor);
  else
    uv_unref(anchor);
}

void cp_pool_ref(cp_pool *pool) {
  if (pool == NULL) return;
  pool->unrefed = false;
  cp__pool_update(pool);
}

void cp_pool_unref(cp_pool *pool) {
  if (pool == NULL) return;
  pool->unrefed = true;
  cp__pool_update(pool);
}

/* ---------------------------------------------------------------- opening */

#define INVALID(...) cp__fail(options->error, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, __VA_ARGS__)

static int check(const uv_loop_t *loop, const cp_pool_options *options) {
  if (loop == NULL) return INVALID("loop: NULL");
  if (options->size > CP_POOL_WORKERS_MAX)
    return INVALID("options.size: %u, the limit is %d", options->size, CP_POOL_WORKERS_MAX);
  if (options->min_size > CP_POOL_WORKERS_MAX)
    return INVALID("options.min_size: %u, the limit is %d", options->min_size, CP_POOL_WORKERS_MAX);
  if (options->size > 0 && options->min_size > options->size)
    return INVALID("options.min_size: %u is more than options.size, %u", options->min_size, options->size);
  if (options->protocol != CP_POOL_PLAIN && options->protocol != CP_POOL_ENVELOPE)
    return INVALID("options.protocol: %d is none of CP_POOL_*", (int)options->protocol);
  if (options->protocol == CP_POOL_PLAIN && options->in_flight > 1)
    return INVALID("options.in_flight: %u tasks at a time need options.protocol CP_POOL_ENVELOPE", options->in_flight);
  if (options->max_retries < CP_RETRY_NEVER)
    return INVALID("options.max_retries: %d is no number of tries", options->max_retries);
  size_t high_water = options->high_water > 0 ? options->high_water : DEFAULT_HIGH_WATER;
  if (options->low_water > high_water)
    return INVALID("options.low_water: %zu is more than options.high_water, %zu", options->low_water, high_water);
  return 0;
}

/* Zero is a default; from here on nothing is. */
static void resolve(cp_pool_options *options) {
  if (options->size == 0) {
    unsigned cpus = cp_available_cpus();
    options->size = cpus > options->min_size ? cpus : options->min_size;
  }
  if (options->min_size == 0 && options->idle_ms == 0) options->min_size = options->size;
  if (options->in_flight == 0) options->in_flight = 1;
  if (options->max_retries == 0) options->max_retries = DEFAULT_RETRIES;
  if (options->high_water == 0) options->high_water = DEFAULT_HIGH_WATER;
  if (options->low_water == 0) options->low_water = options->high_water / 4;
  if (options->start_timeout_ms == 0) options->start_timeout_ms = DEFAULT_START_MS;
  if (options->max_failed_starts == 0) options->max_failed_starts = DEFAULT_FAILED_STARTS;
}

/* Workers share neither stdin nor, where it is wanted for outcomes, stderr with the parent. */
static void resolve_worker(cp_options *options) {
  static const cp_stdio loud[] = {
      {.kind = CP_STDIO_IGNORE}, {.kind = CP_STDIO_INHERIT}, {.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_IPC}};
  static const cp_stdio silent[] = {
      {.kind = CP_STDIO_IGNORE}, {.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_PIPE}, {.kind = CP_STDIO_IPC}};
  if (options->stdio.entries == NULL && options->stdio.count == 0)
    options->stdio = (cp_stdio_list){options->silent || options->on_stdout != NULL ? silent : loud, 4};
  if (options->die_with_parent == 0 && cp__process_can_die_with_parent()) options->die_with_parent = SIGKILL;
  options->timeout_ms = options->grace_ms = options->drain_timeout_ms = 0;
  options->max_buffer_bytes = 0;
  options->overflow = CP_OVERFLOW_KILL;
  options->signal = NULL;
  options->input = NULL;
  options->input_length = 0;
  options->raw_messages = false;
}

static int make_plan(cp_pool *pool, const char *module, const char *const *args, cp_error *error) {
  static const cp_options defaults;
  cp__worker_plan *plan = &pool->plan;
  const cp_options *given = pool->options.worker != NULL ? pool->options.worker : &defaults;
  int rc = cp__options_copy(&plan->options, &pool->arena, given);
  if (rc == 0 && module != NULL) plan->module = cp__arena_string(&pool->arena, module);
  if (rc == 0 && args != NULL) plan->args = cp__arena_list(&pool->arena, args);
  bool failed = (module != NULL && plan->module == NULL) || (args != NULL && plan->args == NULL);
  if (rc != 0 || failed) return cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  resolve_worker(&plan->options);
  plan->loop = pool->loop;
  plan->grace_ms = given->grace_ms > 0 ? given->grace_ms : DEFAULT_GRACE_MS;
  plan->start_timeout_ms = pool->options.start_timeout_ms;
  plan->ready_message = pool->options.ready_message;
  plan->drops_stderr = plan->options.silent;
  plan->events = &cp__pool_worker_events;
  cp_options checked = plan->options;
  checked.error = error;
  return cp__fork_check(plan->module, plan->args, &checked);
}

static int make_places(cp_pool *pool, cp_error *error) {
  bool chooses = pool->options.choose != NULL;
  pool->places = calloc(pool->options.size, sizeof *pool->places);
  if (chooses) pool->candidates = calloc(pool->options.size, sizeof *pool->candidates);
  bool complete = pool->places != NULL && (pool->candidates != NULL) == chooses;
  return complete ? 0 : cp__fail_plain(error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
}

/* These do not fail: they open nothing. */
static void attach(cp_pool *pool) {
  (void)uv_timer_init(pool->loop, &pool->timer);
  (void)uv_idle_init(pool->loop, &pool->idle);
  (void)uv_prepare_init(pool->loop, &pool->anchor);
  pool->timer.data = pool->idle.data = pool->anchor.data = pool;
  pool->references = 4; /* the three handles and the user */
  (void)uv_prepare_start(&pool->anchor, on_prepare);
  uv_unref((uv_handle_t *)&pool->timer);
  uv_unref((uv_handle_t *)&pool->idle);
}

int cp_pool_open(cp_pool **out, uv_loop_t *loop, const char *module, const char *const *args,
                 const cp_pool_options *options) {
  static const cp_pool_options defaults;
  if (options == NULL) options = &defaults;
  if (out == NULL) return INVALID("out: NULL");
  int rc = check(loop, options);
  if (rc != 0) return rc;
  cp_pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  *pool = (cp_pool){.options = *options, .loop = loop, .references = 1, .next_told = 1, .unbalanced = true};
  pool->over_end = &pool->over;
  resolve(&pool->options);
  rc = make_plan(pool, module, args, options->error);
  if (rc == 0) rc = make_places(pool, options->error);
  if (rc != 0) {
    cp__pool_release(pool);
    return rc;
  }
  pool->options.worker = NULL; /* the caller's; the plan has a copy */
  pool->options.error = NULL;
  attach(pool);
  cp__pool_make_due(pool);
  *out = pool;
  return 0;
}

/* ---------------------------------------------------------------- closing */

static void set_deadline(cp_pool *pool, uint64_t deadline_ms) {
  if (deadline_ms == 0) return;
  uint64_t at = cp__deadline_in(pool->loop, deadline_ms);
  if (pool->close_at != 0 && pool->close_at <= at) return;
  pool->close_at = at;
  cp__pool_wake(pool, at);
}

int cp_pool_close(cp_pool *pool, cp_pool_end end, uint64_t deadline_ms, cp_pool_close_cb cb, void *data) {
  if (pool == NULL || pool->state == CP__POOL_CLOSED) return UV_EALREADY;
  if (cb != NULL) {
    pool->close_cb = cb;
    pool->close_data = data;
  }
  if (pool->state == CP__POOL_OPEN) pool->state = CP__POOL_CLOSING;
  if (end == CP_POOL_ABORT)
    abort_all(pool);
  else if (pool->state == CP__POOL_CLOSING)
    set_deadline(pool, deadline_ms);
  cp__pool_make_due(pool);
  cp__pool_update(pool);
  return 0;
}

/* ---------------------------------------------------------------- telling all */

/* 1: sent; 0: it is not ready, or cannot be reached; else the message is to blame. */
static int send_to(const cp__worker *worker, cp_value message) {
  if (worker == NULL || worker->state != CP_WORKER_READY) return 0;
  int rc = cp_send(cp_child_channel(worker->child), message, NULL);
  if (rc >= 0) return 1;
  return cp__worker_is_to_blame(rc) ? 0 : rc;
}

int cp_pool_broadcast(cp_pool *pool, cp_value message) {
  int sent = 0;
  for (unsigned i = 0; pool != NULL && i < pool->options.size; i++) {
    const cp__worker *const workers[] = {pool->places[i].worker, pool->places[i].successor};
    for (int k = 0; k < 2; k++) {
      int rc = send_to(workers[k], message);
      if (rc < 0 && sent == 0) return rc;
      if (rc > 0) sent++;
    }
  }
  return sent;
}
