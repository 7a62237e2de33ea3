/* staff.c - the workers of a pool as a whole: started where they are needed, replaced, dismissed. */
#include <stdio.h>

#include "deadline.h"
#include "fail.h"
#include "pool.h"

enum { FIRST_DELAY_MS = 10, LAST_DELAY_MS = 5000, RSS_INTERVAL_MS = 50 };

static cp__place *place_of(const cp__worker *worker) { return &worker->pool->places[worker->place]; }

/* ---------------------------------------------------------------- giving up */

/* It has answered, or it has been at its first task for longer than those that do not start live. */
static bool is_proven(const cp__worker *worker) {
  if (worker == NULL) return false;
  bool is_old = worker->state == CP_WORKER_READY && uv_now(worker->plan->loop) - worker->idle_at > LAST_DELAY_MS;
  return worker->proven || is_old;
}

static bool has_proven_worker(const cp_pool *pool) {
  for (unsigned i = 0; i < pool->options.size; i++)
    if (is_proven(pool->places[i].worker)) return true;
  return false;
}

/* A program that cannot be executed will not be the next time; the others may pass: no memory, no fds, too many processes. */
static bool is_final(int code) {
  return code < 0 && code != UV_EAGAIN && code != UV_ENOMEM && code != UV_EMFILE && code != UV_ENFILE &&
         code != UV_ETXTBSY && code != CP_ETIMEDOUT;
}

static void fail_waiting(cp_pool *pool, const cp__worker *last) {
  cp__verdict verdict = {.status = CP_EPOOL, .error = pool->give_up_error.message};
  if (last != NULL) {
    verdict.err = last->tail;
    verdict.err_length = last->tail_length;
  }
  for (size_t i = 0; i < pool->tasks.size; i++) {
    for (cp__task *task = pool->tasks.buckets[i]; task != NULL; task = task->next_same_hash) {
      if (task->state != CP__TASK_WAITING) continue;
      cp__pool_drop(task);
      cp__task_over(task, &verdict);
    }
  }
}

/* Workers that were started before may still have tasks: those that come back find nobody who would take them. */
void cp__pool_fail_returned(cp_pool *pool) {
  if (pool->given_up && pool->waiting > 0) fail_waiting(pool, NULL);
}

static void give_up(cp_pool *pool, const char *sentence, const cp__worker *last) {
  pool->given_up = pool->owes_error = true;
  cp_stage stage = last != NULL && last->never_started ? last->error.stage : CP_STAGE_RUN;
  char tries[64] = "";
  if (pool->failed_starts > 1)
    (void)snprintf(tries, sizeof tries, "%u have ended without an answer, the last one: ", pool->failed_starts);
  (void)cp__fail(&pool->give_up_error, CP_EPOOL, stage, -1, pool->plan.module, "the workers do not start: %s%s", tries,
                 sentence);
  fail_waiting(pool, last);
}

/* Each next start waits longer. Workers that have worked may well go on, whatever becomes of new ones. */
static void note_failed_start(cp_pool *pool, int code, const char *sentence, const cp__worker *worker) {
  unsigned failed = ++pool->failed_starts;
  uint64_t delay = failed < 10 ? (uint64_t)FIRST_DELAY_MS << (failed - 1) : LAST_DELAY_MS;
  pool->start_at = cp__deadline_in(pool->loop, delay < LAST_DELAY_MS ? delay : LAST_DELAY_MS);
  pool->unbalanced = true;
  bool too_often = failed >= pool->options.max_failed_starts && !has_proven_worker(pool);
  if (!pool->given_up && (too_often || (is_final(code) && !pool->ever_ready))) give_up(pool, sentence, worker);
}

/* ---------------------------------------------------------------- starting */

static bool start(cp_pool *pool, unsigned place, cp__worker **out) {
  cp_error error;
  int rc = cp__worker_start(out, pool, &pool->plan, place, &error);
  if (rc != 0) {
    note_failed_start(pool, rc, error.message, NULL);
    return false;
  }
  pool->stats.started++;
  pool->states_changed = true;
  cp__pool_wake(pool, (*out)->ready_by);
  if (pool->options.max_age_ms > 0) cp__pool_wake(pool, cp__deadline_after((*out)->born_at, pool->options.max_age_ms));
  return true;
}

/* How many more tasks wait than the workers on their way will take. */
static size_t excess(const cp_pool *pool) {
  size_t expected = 0;
  for (unsigned i = 0; i < pool->options.size; i++) {
    const cp__place *place = &pool->places[i];
    if (place->worker == NULL || place->worker->state != CP_WORKER_STARTING) continue;
    if (place->own.count < pool->options.in_flight) expected += pool->options.in_flight - place->own.count;
  }
  return pool->shared.count > expected ? pool->shared.count - expected : 0;
}

static bool needs_successor(const cp_pool *pool, const cp__place *place) {
  return place->worker != NULL && place->worker->worn && place->successor == NULL && pool->state == CP__POOL_OPEN;
}

static bool needs_worker(const cp_pool *pool, const cp__place *place, size_t unserved) {
  if (place->worker != NULL) return false;
  bool too_few = pool->state == CP__POOL_OPEN && pool->occupied < pool->options.min_size;
  return too_few || place->own.count > 0 || unserved > 0;
}

void cp__pool_balance(cp_pool *pool) {
  pool->unbalanced = false;
  if (pool->given_up || pool->state >= CP__POOL_ABORTING) return;
  size_t unserved = excess(pool);
  for (unsigned i = 0; i < pool->options.size; i++) {
    cp__place *place = &pool->places[i];
    bool wants_successor = needs_successor(pool, place), wants_worker = needs_worker(pool, place, unserved);
    if (!wants_successor && !wants_worker) continue;
    if (pool->start_at != 0) { /* not yet */
      cp__pool_wake(pool, pool->start_at);
      return;
    }
    if (!start(pool, i, wants_worker ? &place->worker : &place->successor)) continue;
    if (!wants_worker) continue;
    pool->occupied++;
    unserved = unserved > pool->options.in_flight ? unserved - pool->options.in_flight : 0;
  }
}

/* ---------------------------------------------------------------- dismissing */

/* The place is free for its successor. */
static void vacate(cp__worker *worker) {
  cp_pool *pool = worker->pool;
  cp__place *place = place_of(worker);
  if (place->successor == worker) {
    place->successor = NULL;
    return;
  }
  place->worker = place->successor;
  place->successor = NULL;
  if (place->worker == NULL) pool->occupied--;
  pool->unbalanced = true;
}

void cp__pool_dismiss(cp__worker *worker, bool by_force) {
  cp_pool *pool = worker->pool;
  if (worker->link == NULL) {
    vacate(worker);
    cp__worker_link(worker, &pool->leaving);
  }
  if (by_force)
    cp__worker_terminate(worker);
  else
    cp__worker_leave(worker);
  pool->states_changed = true;
  cp__pool_wake(pool, worker->part_at);
  cp__pool_make_due(pool);
}

void cp__pool_dismiss_all(cp_pool *pool, bool by_force) {
  for (unsigned i = 0; i < pool->options.size; i++) {
    cp__place *place = &pool->places[i];
    if (place->successor != NULL) cp__pool_dismiss(place->successor, by_force);
    if (place->worker != NULL) cp__pool_dismiss(place->worker, by_force);
  }
  for (cp__worker *worker = pool->leaving; by_force && worker != NULL; worker = worker->next) {
    cp__worker_terminate(worker);
    cp__pool_wake(pool, worker->part_at);
  }
}

/* ---------------------------------------------------------------- wear */

static bool is_over_age(const cp__worker *worker, uint64_t now) {
  uint64_t limit = worker->pool->options.max_age_ms;
  return limit > 0 && now - worker->born_at >= limit;
}

static bool is_too_large(cp__worker *worker, uint64_t now) {
  uint64_t limit = worker->pool->options.max_rss_kib;
  if (limit == 0 || now - worker->rss_at < RSS_INTERVAL_MS) return false;
  worker->rss_at = now;
  return cp__worker_rss_kib(worker) > limit;
}

static bool is_exhausted(const cp__worker *worker) {
  uint64_t limit = worker->pool->options.max_tasks;
  return limit > 0 && worker->given >= limit;
}

static void wear_out(cp__worker *worker) {
  if (worker == NULL || worker->worn) return;
  worker->worn = worker->recycled = true;
  worker->pool->stats.recycled++;
  worker->pool->unbalanced = true;
  cp__pool_make_due(worker->pool);
}

static bool has_ready_successor(const cp__worker *worker) {
  const cp__worker *successor = place_of(worker)->successor;
  return successor != NULL && successor->state == CP_WORKER_READY;
}

static bool has_task_with_key(const cp__worker *worker) {
  const cp__task *task = worker->running;
  while (task != NULL && task->queue == &worker->pool->shared) task = task->next;
  return task != NULL;
}

/* Somebody has handed over this place, and has not done yet. */
static bool has_busy_predecessor(const cp__worker *worker) {
  const cp__worker *other = worker->pool->leaving;
  while (other != NULL && (other->place != worker->place || other->running_count == 0)) other = other->next;
  return other != NULL;
}

/*
 * Its successor may take its place before it has done what it has begun. Not where tasks of the same key may follow, which
 * come one after the other; and not again and again: no more tasks run at a time than there are places, but for a worker
 * that is too old or too large.
 */
static bool may_hand_over(const cp__worker *worker) {
  return has_ready_successor(worker) && !is_exhausted(worker) && !has_task_with_key(worker) &&
         !has_busy_predecessor(worker);
}

/* Its successor is ready, or it may have no more tasks: it goes when it has done what it has begun. */
static void stop_serving(cp__worker *worker) {
  worker->state = CP_WORKER_LEAVING;
  worker->pool->states_changed = true;
  if (worker->running_count == 0 || may_hand_over(worker)) cp__pool_dismiss(worker, false);
}

/* It has handed over its place. */
static void leave_if_done(cp__worker *worker) {
  if (worker->running_count > 0) return;
  cp__worker_leave(worker);
  cp__pool_wake(worker->pool, worker->part_at);
}

void cp__pool_check_wear(cp__worker *worker) {
  cp_pool *pool = worker->pool;
  uint64_t now = uv_now(pool->loop);
  if (worker->link != NULL) {
    leave_if_done(worker);
    return;
  }
  if (is_exhausted(worker) || is_over_age(worker, now) || is_too_large(worker, now)) wear_out(worker);
  bool is_replaced = worker->worn && has_ready_successor(worker);
  if (worker->state == CP_WORKER_LEAVING || is_exhausted(worker) || is_replaced)
    stop_serving(worker);
  else if (worker->running_count == 0 && pool->options.idle_ms > 0)
    cp__pool_wake(pool, cp__deadline_after(worker->idle_at, pool->options.idle_ms));
}

void cp_pool_recycle(cp_pool *pool) {
  if (pool == NULL || pool->state != CP__POOL_OPEN) return;
  for (unsigned i = 0; i < pool->options.size; i++) {
    wear_out(pool->places[i].worker);
    wear_out(pool->places[i].successor);
  }
}

/* ---------------------------------------------------------------- time */

static void check_idle(cp__worker *worker, uint64_t now) {
  cp_pool *pool = worker->pool;
  bool is_idle = worker->state == CP_WORKER_READY && worker->running_count == 0;
  if (!is_idle || pool->options.idle_ms == 0 || pool->occupied <= pool->options.min_size) return;
  uint64_t due = cp__deadline_after(worker->idle_at, pool->options.idle_ms);
  if (pool->shared.count > 0)
    due = cp__deadline_after(now, pool->options.idle_ms); /* the program declines them for now */
  if (due > now) {
    cp__pool_wake(pool, due);
    return;
  }
  worker->shrunk = true;
  pool->stats.shrunk++;
  cp__pool_dismiss(worker, false);
}

/* One that is not ready in time is terminated, but keeps its place until it has ended: that is a failed start. */
static void check_worker(cp__worker *worker, uint64_t now) {
  cp_pool *pool = worker->pool;
  cp__pool_wake(pool, cp__worker_check(worker, now));
  if (worker->link != NULL || worker->doomed) return;
  if (is_over_age(worker, now))
    wear_out(worker);
  else if (pool->options.max_age_ms > 0)
    cp__pool_wake(pool, cp__deadline_after(worker->born_at, pool->options.max_age_ms));
  check_idle(worker, now);
}

void cp__pool_check_staff(cp_pool *pool, uint64_t now) {
  if (pool->start_at != 0 && pool->start_at <= now) {
    pool->start_at = 0;
    pool->unbalanced = true;
  }
  cp__pool_wake(pool, pool->start_at);
  for (unsigned i = pool->options.size; i-- > 0;) {
    cp__place *place = &pool->places[i];
    if (place->successor != NULL) check_worker(place->successor, now);
    if (place->worker != NULL) check_worker(place->worker, now);
  }
  for (cp__worker *worker = pool->leaving; worker != NULL; worker = worker->next) check_worker(worker, now);
}

/* ---------------------------------------------------------------- telling */

static void tell(const cp__worker *worker, cp_worker_state state, const cp_exit *exit, const char *error) {
  cp_pool *pool = worker->pool;
  cp_worker_info info;
  if (pool->options.on_worker == NULL || pool->freed) return;
  cp__worker_info(worker, &info);
  info.state = state;
  info.exit = exit;
  info.error = error;
  pool->options.on_worker(pool, &info, pool->options.data);
}

/* Each state is told, and in this order: a worker may be exhausted as soon as it is ready. */
static cp_worker_state next_told(const cp__worker *worker) {
  if (worker->told == CP_WORKER_NONE) return CP_WORKER_STARTING;
  return worker->told == CP_WORKER_STARTING && worker->was_ready ? CP_WORKER_READY : worker->state;
}

/* False: all has been told. The callback may free the worker. */
static bool tell_state(cp__worker *worker) {
  if (worker == NULL || worker->told == worker->state) return false;
  worker->told = next_told(worker);
  tell(worker, worker->told, NULL, NULL);
  return true;
}

static bool tell_one(cp_pool *pool) {
  for (unsigned i = 0; i < pool->options.size; i++)
    if (tell_state(pool->places[i].worker) || tell_state(pool->places[i].successor)) return true;
  for (cp__worker *worker = pool->leaving; worker != NULL; worker = worker->next)
    if (tell_state(worker)) return true;
  return false;
}

void cp__pool_tell_states(cp_pool *pool) {
  if (!pool->states_changed) return;
  pool->states_changed = false;
  while (!pool->freed && tell_one(pool)) {
  }
}

/* ---------------------------------------------------------------- events of workers */

static void on_ready(cp__worker *worker, cp_message *message) {
  cp_pool *pool = worker->pool;
  cp__place *place = place_of(worker);
  cp__pool_hold(pool);
  pool->ever_ready = pool->states_changed = true;
  if (worker->proven) pool->failed_starts = 0;
  if (place->successor == worker)
    stop_serving(place->worker);
  else if (pool->options.idle_ms > 0)
    cp__pool_wake(pool, cp__deadline_after(worker->idle_at, pool->options.idle_ms));
  if (message != NULL && pool->options.on_message != NULL) {
    cp_worker_info info;
    cp__worker_info(worker, &info);
    pool->options.on_message(pool, &info, message, pool->options.data);
  }
  cp__pool_settle(pool);
  cp__pool_release(pool);
}

static void on_message(cp__worker *worker, cp_message *message) {
  cp_pool *pool = worker->pool;
  cp__pool_hold(pool);
  cp__pool_answer(worker, message);
  cp__pool_settle(pool);
  cp__pool_release(pool);
}

static void on_late(cp__worker *worker, cp_message *message) {
  (void)message;
  worker->pool->stats.stray++;
}

static void on_broken(cp__worker *worker) { cp__pool_wake(worker->pool, worker->part_at); }

static void count_end(cp__worker *worker) {
  cp_pool *pool = worker->pool;
  if (worker->state != CP_WORKER_LEAVING || worker->running_count > 0) pool->stats.crashed++;
  if (worker->ready_ns != 0) pool->stats.ready_ns += uv_hrtime() - worker->ready_ns;
  if (pool->state < CP__POOL_CLOSING) return;
  if (worker->parting >= CP__PARTING_SIGNALLED) pool->report.terminated++;
  if (worker->parting == CP__PARTING_KILLED) pool->report.killed++;
}

/*
 * It did not leave because it was asked to. Where others have worked, a task that it had is to blame rather than the
 * program, and pays with its attempts; unless it never got that task.
 */
static bool is_failed_start(const cp__worker *worker) {
  bool blames_task = worker->pool->ever_proven && worker->running_count > 0 && !cp__worker_write_failed(worker);
  if (worker->proven || blames_task) return false;
  return worker->state != CP_WORKER_LEAVING || worker->error.code == CP_ETIMEDOUT;
}

static void on_ended(cp__worker *worker, const cp_exit *exit) {
  cp_pool *pool = worker->pool;
  char sentence[768];
  cp__pool_hold(pool);
  cp__worker_describe_end(worker, exit, sentence, sizeof sentence);
  bool failed = is_failed_start(worker);
  bool expected = worker->state == CP_WORKER_LEAVING && worker->running_count == 0 && !failed;
  count_end(worker);
  if (worker->link == NULL)
    vacate(worker);
  else
    cp__worker_unlink(worker); /* it is nobody's now: the program may free the pool */
  cp__pool_worker_died(worker, exit, sentence);
  if (failed) note_failed_start(pool, exit == NULL ? worker->error.code : 0, sentence, worker);
  while (!pool->freed && tell_state(worker)) {
  }
  tell(worker, CP_WORKER_ENDED, exit, expected ? NULL : sentence);
  cp__worker_free(worker);
  pool->unbalanced = true;
  cp__pool_settle(pool);
  cp__pool_release(pool);
}

const cp__worker_events cp__pool_worker_events = {
    .ready = on_ready, .message = on_message, .late = on_late, .broken = on_broken, .ended = on_ended};
