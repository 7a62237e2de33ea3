/* dispatch.c - tasks on their way: from the queues to the workers, and back. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "fail.h"
#include "pool.h"

/* ---------------------------------------------------------------- queues */

static bool is_own(const cp__task *task) { return task->queue != &task->pool->shared; }

static void enqueue(cp__task *task) {
  cp_pool *pool = task->pool;
  task->state = CP__TASK_WAITING;
  cp__queue_push(task->queue, task);
  pool->waiting++;
  if (is_own(task)) pool->own_waiting++;
}

static void dequeue(cp__task *task) {
  cp_pool *pool = task->pool;
  cp__queue_remove(task->queue, task);
  pool->waiting--;
  if (is_own(task)) pool->own_waiting--;
}

static void take_back(cp__task *task) {
  task->stopped_ns = uv_hrtime();
  task->pool->stats.busy_ns += task->stopped_ns - task->started_ns;
  cp__worker_take_back(task->worker, task);
  task->pool->running--;
}

void cp__pool_requeue(cp__task *task) {
  take_back(task);
  enqueue(task);
}

void cp__pool_drop(cp__task *task) {
  if (task->state == CP__TASK_WAITING)
    dequeue(task);
  else
    take_back(task);
}

/* ---------------------------------------------------------------- giving */

static bool is_free(const cp_pool *pool, const cp__worker *worker) {
  return worker != NULL && cp__worker_is_free(worker, pool->options.in_flight);
}

/* The same, and it can be reached as far as that is known. */
static bool has_room(const cp_pool *pool, cp__worker *worker) {
  if (worker != NULL && worker->state == CP_WORKER_READY) cp__worker_check_channel(worker);
  return is_free(pool, worker);
}

/* Idle first, then the least loaded; of equal ones the first place, so that the last ones can shrink. */
static cp__place *find_place(cp_pool *pool) {
  cp__place *best = NULL;
  for (unsigned i = 0; i < pool->options.size; i++) {
    cp__place *place = &pool->places[i];
    if (!has_room(pool, place->worker)) continue;
    if (place->worker->running_count == 0) return place;
    if (best == NULL || place->worker->running_count < best->worker->running_count) best = place;
  }
  return best;
}

/* The place that the program chooses for the task; NULL: none of those that there are. */
static cp__place *ask_for_place(cp_pool *pool, const cp__task *task) {
  const cp_task_info info = {task->id, task->priority, task->data, task->attempts};
  size_t count = 0;
  for (unsigned i = 0; i < pool->options.size; i++)
    if (has_room(pool, pool->places[i].worker)) cp__worker_info(pool->places[i].worker, &pool->candidates[count++]);
  if (count == 0) return NULL;
  pool->choosing = true;
  size_t chosen = pool->options.choose(pool, &info, pool->candidates, count, pool->options.data);
  pool->choosing = false;
  return chosen < count ? &pool->places[pool->candidates[chosen].place] : NULL;
}

static cp__place *place_for(cp_pool *pool, const cp__task *task) {
  return pool->candidates != NULL ? ask_for_place(pool, task) : find_place(pool);
}

/* What a place begins next: its own task, or one for all. Where the program chooses, it is asked for the latter. */
static cp__task *next_for(const cp_pool *pool, const cp__place *place) {
  cp__task *own = cp__queue_first(&place->own), *shared = cp__queue_first(&pool->shared);
  if (own == NULL || shared == NULL) return own != NULL ? own : shared;
  if (pool->candidates != NULL) return own;
  return cp__task_is_before(own, shared) ? own : shared;
}

/* False: this worker takes nothing now. */
static bool give(cp__worker *worker, cp__task *task) {
  cp_error error;
  cp_pool *pool = task->pool;
  int rc = cp__worker_give(worker, task, &error);
  if (rc >= 0) {
    dequeue(task);
    pool->running++;
    cp__pool_wake(pool, task->deadline);
    cp__worker_check_channel(worker);
    cp__pool_check_wear(worker);
    return true;
  }
  if (cp__worker_is_to_blame(rc)) return false; /* it is about to end: the task stays where it is */
  dequeue(task);
  cp__task_over(task, &(cp__verdict){.status = rc, .error = error.message});
  return true;
}

static void dispatch_own(cp_pool *pool) {
  for (unsigned i = 0; i < pool->options.size && pool->own_waiting > 0; i++) {
    const cp__place *place = &pool->places[i];
    while (place->own.count > 0 && is_free(pool, place->worker))
      if (!give(place->worker, next_for(pool, place))) break;
  }
}

/* One that cannot be reached has lost its channel, and is not found again; else the queue of its channel is full. */
void cp__pool_dispatch(cp_pool *pool) {
  if (pool->own_waiting > 0) dispatch_own(pool);
  while (pool->shared.count > 0) {
    const cp__place *place = place_for(pool, cp__queue_first(&pool->shared));
    if (place == NULL || !give(place->worker, next_for(pool, place))) return;
  }
}

/* ---------------------------------------------------------------- answers */

static cp__task *find_running(const cp__worker *worker, uint64_t id) {
  cp__task *task = cp__task_table_find(&worker->pool->tasks, id);
  return task != NULL && task->state == CP__TASK_RUNNING && task->worker == worker ? task : NULL;
}

static void tell_other(cp__worker *worker, cp_message *message) {
  cp_pool *pool = worker->pool;
  cp_worker_info info;
  pool->stats.stray++;
  if (pool->options.on_message == NULL) return;
  cp__worker_info(worker, &info);
  pool->options.on_message(pool, &info, message, pool->options.data);
}

/* The worker gets its next task before the program looks at the answer. */
static void answered(cp__worker *worker, cp__task *task, cp_message *message, bool failed) {
  cp_pool *pool = worker->pool;
  char sentence[256];
  cp__verdict verdict = {.status = failed ? CP_EREPLY : 0, .message = message};
  if (task->cancelled) {
    pool->stats.cancelled++;
    verdict = (cp__verdict){.status = CP_EABORTED};
  } else if (failed) {
    const char *text = cp_value_string(cp_value_get(cp_message_value(message), "error"), NULL);
    (void)snprintf(sentence, sizeof sentence, "%s", text != NULL ? text : cp_strerror(CP_EREPLY));
    verdict.error = sentence;
  }
  take_back(task);
  task->ended_ns = task->stopped_ns; /* before the next one is begun */
  worker->done++;
  worker->proven = pool->ever_proven = true;
  pool->failed_starts = 0;
  cp__pool_check_wear(worker);
  cp__pool_dispatch(pool);
  cp__task_answered(task, &verdict);
}

static void answer_plain(cp__worker *worker, cp_message *message) {
  if (worker->running == NULL)
    tell_other(worker, message);
  else
    answered(worker, worker->running, message, false);
}

/* Nobody knows whose answer it is, and it does not come again: as if the worker had died before it. */
static void give_up_answer(cp__worker *worker) {
  if (worker->error.code == 0) (void)cp__fail_plain(&worker->error, UV_ENOMEM, CP_STAGE_DECODE, -1, NULL);
  (void)cp_child_kill(worker->child, SIGKILL);
}

static void answer_envelope(cp__worker *worker, cp_message *message) {
  cp_value value = cp_message_value(message);
  if (cp_value_is(value, CP_TYPE_NONE)) {
    give_up_answer(worker);
    return;
  }
  int64_t id = cp_value_integer(cp_value_get(value, "id"), 0);
  cp__task *task = id > 0 ? find_running(worker, (uint64_t)id) : NULL;
  bool has_result = cp_value_has(value, "result");
  bool failed =
      cp_value_has(value, "error") && !(has_result && cp_value_is(cp_value_get(value, "error"), CP_TYPE_NULL));
  if (task == NULL && cp_value_has(value, "id"))
    worker->pool->stats.stray++; /* late, a second time, or of another worker */
  else if (task == NULL)
    tell_other(worker, message);
  else if (failed || has_result || !cp_value_has(value, "progress"))
    answered(worker, task, message, failed); /* JSON leaves out a result that is undefined */
  else if (task->on_progress != NULL && !task->cancelled)
    task->on_progress(worker->pool, task->id, cp_value_get(value, "progress"), task->data);
}

void cp__pool_answer(cp__worker *worker, cp_message *message) {
  if (worker->pool->options.protocol == CP_POOL_PLAIN)
    answer_plain(worker, message);
  else
    answer_envelope(worker, message);
}

/* ---------------------------------------------------------------- tries */

static bool try_again(cp__task *task) {
  if (task->retries == 0 || task->pool->state >= CP__POOL_ABORTING || task->cancelled) return false;
  task->retries--;
  task->pool->stats.retried++;
  cp__pool_requeue(task);
  return true;
}

/* The task is taken from its worker, and is over. */
static void end_running(cp__task *task, const cp__verdict *verdict) {
  take_back(task);
  if (task->cancelled) task->pool->stats.cancelled++;
  cp__task_over(task, task->cancelled ? &(cp__verdict){.status = CP_EABORTED} : verdict);
}

/* What was written last was not all: that was this task, if it has no other. */
static bool never_got(const cp__worker *worker) {
  return worker->pool->options.protocol == CP_POOL_PLAIN && cp__worker_write_failed(worker);
}

void cp__pool_worker_died(cp__worker *worker, const cp_exit *exit, const char *sentence) {
  const cp__verdict verdict = {
      .status = CP_EWORKER, .error = sentence, .exit = exit, .err = worker->tail, .err_length = worker->tail_length};
  for (cp__task *task = worker->running, *next; task != NULL; task = next) {
    next = task->next;
    if (never_got(worker) && task->pool->state < CP__POOL_ABORTING && !task->cancelled)
      cp__pool_requeue(task);
    else if (!try_again(task))
      end_running(task, &verdict);
  }
}

/* Others that it has are begun again elsewhere: that is not their fault. */
static void terminate(cp__worker *worker) {
  static const cp__verdict verdict = {
      .status = CP_EWORKER,
      .error = "the worker was ended because of another task, and this one may not be begun twice"};
  for (cp__task *task = worker->running, *next; task != NULL; task = next) {
    next = task->next;
    if (task->cancelled || task->once)
      end_running(task, &verdict);
    else
      cp__pool_requeue(task);
  }
  cp__pool_dismiss(worker, true);
}

static void time_out(cp__task *task) {
  char sentence[96];
  cp__worker *worker = task->worker;
  const cp__verdict verdict = {
      .status = CP_ETIMEDOUT, .error = sentence, .err = worker->tail, .err_length = worker->tail_length};
  (void)snprintf(sentence, sizeof sentence, "the task took longer than %llu ms", (unsigned long long)task->timeout_ms);
  bool again = task->pool->options.retry_timeouts && !task->cancelled && try_again(task);
  if (!again) end_running(task, &verdict);
  terminate(worker);
}

static void check_worker(cp__worker *worker, uint64_t now) {
  for (cp__task *task = worker->running; task != NULL; task = task->next) {
    if (task->deadline != 0 && task->deadline <= now) {
      time_out(task);
      return; /* it has no tasks any more */
    }
    cp__pool_wake(task->pool, task->deadline);
  }
}

void cp__pool_check_deadlines(cp_pool *pool, uint64_t now) {
  for (unsigned i = 0; i < pool->options.size; i++)
    if (pool->places[i].worker != NULL) check_worker(pool->places[i].worker, now);
  for (cp__worker *worker = pool->leaving; worker != NULL; worker = worker->next) check_worker(worker, now);
}

/* ---------------------------------------------------------------- submitting */

#define REFUSE(code, ...) cp__fail(options->error, (code), CP_STAGE_OPTIONS, -1, NULL, __VA_ARGS__)

static void on_abort(cp__abort_listener *listener);

static cp__queue *queue_for(cp_pool *pool, const char *key) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  if (key == NULL) return &pool->shared;
  for (; *key != '\0'; key++) hash = (hash ^ (uint8_t)*key) * 1099511628211u;
  return &pool->places[hash % pool->options.size].own;
}

static int check(const cp_pool *pool, const cp__task_source *source, const cp_task_options *options) {
  if (pool->choosing) return REFUSE(UV_EBUSY, "a task cannot be submitted by options.choose");
  if (pool->given_up) return REFUSE(CP_EPOOL, "%s", pool->give_up_error.message);
  if (pool->state != CP__POOL_OPEN) return REFUSE(CP_EPOOL, "the pool is closed");
  size_t limit = pool->options.max_queue;
  if (limit > 0 && pool->waiting >= limit)
    return REFUSE(UV_ENOBUFS, "%zu tasks wait already, options.max_queue is %zu", pool->waiting, limit);
  if (options->max_retries < CP_RETRY_NEVER)
    return REFUSE(UV_EINVAL, "options.max_retries: %d is no number of tries", options->max_retries);
  bool has_bytes = source->text != NULL || source->raw != NULL;
  if (!has_bytes && cp_value_type(source->value) == CP_TYPE_UNDEFINED)
    return REFUSE(CP_ECLONE, "task: undefined is no message");
  return 0;
}

static void fill(cp__task *task, cp_pool *pool, cp__queue *queue, const cp_task_options *options) {
  task->pool = pool;
  task->queue = queue;
  task->priority = options->priority;
  task->cb = options->cb;
  task->on_progress = options->on_progress;
  task->data = options->data;
  task->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : pool->options.timeout_ms;
  int retries = options->max_retries != 0 ? options->max_retries : pool->options.max_retries;
  task->once = retries == CP_RETRY_NEVER;
  task->retries = task->once ? 0 : retries;
  task->queued_ns = uv_hrtime();
  task->abort.on_abort = on_abort;
}

static int make_task(cp__task **out, cp_pool *pool, const cp__task_source *source, const cp_task_options *options) {
  const cp__task_form form = {.serialization = pool->plan.options.serialization,
                              .has_envelope = pool->options.protocol == CP_POOL_ENVELOPE,
                              .id = pool->stats.submitted + 1};
  cp__queue *queue = queue_for(pool, options->key);
  if (!cp__task_table_reserve(&pool->tasks) || !cp__queue_reserve(queue))
    return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  int rc = cp__task_new(out, source, &form, options);
  if (rc == 0)
    fill(*out, pool, queue, options);
  else
    cp__queue_release(queue);
  return rc;
}

static int submit(cp_pool *pool, const cp__task_source *source, const cp_task_options *options) {
  static const cp_task_options defaults;
  cp__task *task = NULL;
  if (options == NULL) options = &defaults;
  if (pool == NULL) return REFUSE(UV_EINVAL, "pool: NULL");
  int rc = check(pool, source, options);
  if (rc == 0) rc = make_task(&task, pool, source, options);
  if (task == NULL) return rc;
  pool->stats.submitted++;
  pool->busy = true;
  cp__task_table_add(&pool->tasks, task);
  enqueue(task);
  if (options->id != NULL) *options->id = task->id;
  if (options->signal != NULL) cp__abort_listen(options->signal, &task->abort);
  cp__pool_dispatch(pool);
  if (pool->waiting > 0 && pool->occupied < pool->options.size) {
    pool->unbalanced = true;
    cp__pool_make_due(pool);
  }
  cp__pool_update(pool);
  if (pool->waiting + pool->held <= pool->options.high_water) return 0;
  pool->above = true;
  return 1;
}

static size_t length_of(const char *text, size_t length) {
  return text != NULL && length == SIZE_MAX ? strlen(text) : length;
}

int cp_pool_submit(cp_pool *pool, cp_value task, const cp_task_options *options) {
  return submit(pool, &(cp__task_source){.value = task}, options);
}

int cp_pool_submit_json(cp_pool *pool, const char *json, size_t length, const cp_task_options *options) {
  const cp__task_source source = {.text = json != NULL ? json : "",
                                  .length = length_of(json, json != NULL ? length : 0)};
  return submit(pool, &source, options);
}

int cp_pool_submit_raw(cp_pool *pool, const void *payload, size_t length, const cp_task_options *options) {
  cp__task_source source = {.raw = payload, .length = length};
  if (payload == NULL || length == 0)
    return cp__fail(options != NULL ? options->error : NULL, UV_EINVAL, CP_STAGE_OPTIONS, -1, NULL, "payload: %s",
                    payload == NULL ? "NULL" : "0 bytes");
  bool is_text = pool != NULL && pool->plan.options.serialization == CP_SERIALIZATION_JSON;
  if (is_text && pool->options.protocol == CP_POOL_ENVELOPE)
    source = (cp__task_source){.text = payload, .length = length};
  return submit(pool, &source, options);
}

/* ---------------------------------------------------------------- cancelling */

/* With an envelope the worker may see to it; else nothing but its end stops it. */
static void cancel_running(cp__task *task) {
  char text[64];
  cp__worker *worker = task->worker;
  cp_pool *pool = task->pool;
  if (task->cancelled) return;
  task->cancelled = true;
  if (pool->options.protocol == CP_POOL_PLAIN) {
    terminate(worker);
    return;
  }
  (void)snprintf(text, sizeof text, "{\"id\":%llu,\"cancel\":true}", (unsigned long long)task->id);
  (void)cp_send_json(cp_child_channel(worker->child), text, SIZE_MAX, NULL);
  task->deadline = cp__deadline_in(pool->loop, pool->plan.grace_ms);
  cp__pool_wake(pool, task->deadline);
}

static void cancel(cp__task *task) {
  if (task->state == CP__TASK_RUNNING) {
    cancel_running(task);
  } else if (task->state == CP__TASK_WAITING) {
    dequeue(task);
    task->pool->stats.cancelled++;
    cp__task_over(task, &(cp__verdict){.status = CP_EABORTED});
  }
}

static void on_abort(cp__abort_listener *listener) {
  cancel((cp__task *)(void *)((char *)listener - offsetof(cp__task, abort)));
}

int cp_pool_cancel(cp_pool *pool, uint64_t id) {
  cp__task *task = pool != NULL ? cp__task_table_find(&pool->tasks, id) : NULL;
  if (task == NULL || task->state == CP__TASK_OVER) return UV_ENOENT;
  cancel(task);
  return 0;
}

size_t cp_pool_cancel_waiting(cp_pool *pool) {
  size_t cancelled = 0;
  for (size_t i = 0; pool != NULL && i < pool->tasks.size; i++) {
    for (cp__task *task = pool->tasks.buckets[i]; task != NULL; task = task->next_same_hash) {
      if (task->state != CP__TASK_WAITING) continue;
      cancel(task);
      cancelled++;
    }
  }
  return cancelled;
}

void cp__pool_abort_tasks(cp_pool *pool) {
  for (size_t i = 0; i < pool->tasks.size; i++) {
    for (cp__task *task = pool->tasks.buckets[i]; task != NULL; task = task->next_same_hash) {
      if (task->state == CP__TASK_OVER) continue;
      if (task->cancelled) pool->stats.cancelled++;
      cp__pool_drop(task);
      pool->report.aborted++;
      cp__task_over(task,
                    &(cp__verdict){.status = CP_EABORTED, .error = "the pool was closed before the task was done"});
    }
  }
}
