/* outcome.c - telling what became of tasks, each exactly once. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/message.h"
#include "pool.h"

/* ---------------------------------------------------------------- what the program asks */

cp_value cp_outcome_value(const cp_outcome *outcome) {
  if (outcome == NULL || outcome->message == NULL) return cp_undefined();
  cp_value value = cp_message_value(outcome->message);
  if (outcome->part == NULL) return value;
  return cp_value_get(value, outcome->part);
}

/* A part of a message has no text of its own: it is made once, and lives as long as the message. */
const char *cp_outcome_json(const cp_outcome *outcome, size_t *length) {
  if (outcome == NULL || outcome->message == NULL) return NULL;
  if (outcome->part == NULL) return cp_message_json(outcome->message, length);
  return cp__message_part_json(outcome->message, outcome->part, length);
}

/* ---------------------------------------------------------------- keeping */

static char *copy_text(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/* Without memory for the answer the outcome is that; without memory for words there are only plain ones. */
static void keep(cp__task *task, const cp__verdict *verdict) {
  task->status = verdict->status;
  if (verdict->message != NULL) {
    task->answer = cp_message_keep(verdict->message);
    if (task->answer == NULL) task->status = UV_ENOMEM;
  }
  if (verdict->error != NULL) task->error = copy_text(verdict->error, strlen(verdict->error));
  if (verdict->err_length > 0) task->err = copy_text(verdict->err, verdict->err_length);
  if (task->err != NULL) task->err_length = verdict->err_length;
  task->has_exit = verdict->exit != NULL;
  if (task->has_exit) task->exit = *verdict->exit;
}

static cp__verdict kept(const cp__task *task) {
  return (cp__verdict){.status = task->status,
                       .error = task->error,
                       .message = task->answer,
                       .exit = task->has_exit ? &task->exit : NULL,
                       .err = task->err,
                       .err_length = task->err_length};
}

/* ---------------------------------------------------------------- telling */

static const char *part_of(const cp_pool *pool, int status) {
  if (pool->options.protocol == CP_POOL_PLAIN) return NULL;
  return status == CP_EREPLY ? "error" : "result";
}

/* The task is out of everything; it is freed behind its callback. */
static void tell(cp__task *task, const cp__verdict *verdict) {
  cp_pool *pool = task->pool;
  cp__task_table_remove(&pool->tasks, task);
  if (task->cb != NULL) {
    const char *sentence = verdict->error != NULL ? verdict->error : cp_strerror(verdict->status);
    const cp_outcome outcome = {.id = task->id,
                                .status = verdict->status,
                                .error = verdict->status != 0 ? sentence : NULL,
                                .message = verdict->message,
                                .part = part_of(pool, verdict->status),
                                .exit = verdict->exit,
                                .err = verdict->err != NULL ? verdict->err : "",
                                .err_length = verdict->err_length,
                                .attempts = task->attempts,
                                .place = task->place,
                                .pid = task->pid,
                                .queued_ns = task->queued_ns,
                                .started_ns = task->started_ns,
                                .ended_ns = task->ended_ns,
                                .data = task->data};
    task->cb(pool, &outcome, task->data);
  }
  cp__task_free(task);
}

static void count_times(const cp__task *task) {
  cp_pool *pool = task->pool;
  bool was_begun = task->started_ns != 0;
  uint64_t queued_ns = (was_begun ? task->started_ns : task->ended_ns) - task->queued_ns;
  pool->stats.queued_ns += queued_ns;
  cp__histogram_add(&pool->times[CP_POOL_QUEUED], queued_ns);
  if (!was_begun) return;
  pool->stats.run_ns += task->stopped_ns - task->started_ns;
  cp__histogram_add(&pool->times[CP_POOL_RUN], task->stopped_ns - task->started_ns);
}

static void count(const cp__task *task, int status) {
  cp_pool_stats *stats = &task->pool->stats;
  if (status == 0)
    stats->succeeded++;
  else
    stats->failed++;
  if (status == CP_ETIMEDOUT) stats->timed_out++;
  count_times(task);
}

static void finish(cp__task *task, int status) {
  task->state = CP__TASK_OVER;
  if (task->ended_ns == 0) task->ended_ns = uv_hrtime();
  cp__abort_unlisten(&task->abort);
  cp__queue_release(task->queue);
  count(task, status);
}

void cp__task_over(cp__task *task, const cp__verdict *verdict) {
  cp_pool *pool = task->pool;
  keep(task, verdict);
  finish(task, task->status);
  cp__pool_make_due(pool);
  if (pool->options.ordered) {
    pool->held++;
    return;
  }
  task->next = NULL;
  *pool->over_end = task;
  pool->over_end = &task->next;
}

void cp__task_answered(cp__task *task, const cp__verdict *verdict) {
  cp_pool *pool = task->pool;
  if (pool->options.ordered && task->id != pool->next_told) {
    cp__task_over(task, verdict);
    return;
  }
  finish(task, verdict->status);
  pool->next_told++;
  tell(task, verdict);
}

static cp__task *next_over(cp_pool *pool) {
  cp__task *task = pool->over;
  if (pool->options.ordered) {
    task = cp__task_table_find(&pool->tasks, pool->next_told);
    if (task == NULL || task->state != CP__TASK_OVER) return NULL;
    pool->next_told++;
    pool->held--;
    return task;
  }
  if (task == NULL) return NULL;
  pool->over = task->next;
  if (pool->over == NULL) pool->over_end = &pool->over;
  return task;
}

void cp__pool_tell(cp_pool *pool) {
  while (!pool->freed) {
    cp__task *task = next_over(pool);
    if (task == NULL) return;
    cp__verdict verdict = kept(task);
    tell(task, &verdict);
  }
}
