/* queue.c - a binary heap whose members know their places in it. */
#include "queue.h"

#include <stdlib.h>

#include "task.h"

bool cp__queue_reserve(cp__queue *queue) {
  enum { FIRST_CAPACITY = 64 };
  if (queue->reserved == queue->capacity) {
    size_t capacity = queue->capacity > 0 ? queue->capacity * 2 : FIRST_CAPACITY;
    cp__task **tasks = realloc(queue->tasks, capacity * sizeof(cp__task *));
    if (tasks == NULL) return false;
    queue->tasks = tasks;
    queue->capacity = capacity;
  }
  queue->reserved++;
  return true;
}

void cp__queue_release(cp__queue *queue) { queue->reserved--; }

bool cp__task_is_before(const cp__task *a, const cp__task *b) {
  return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

static void put(cp__queue *queue, size_t i, cp__task *task) {
  queue->tasks[i] = task;
  task->position = i;
}

static void rise(cp__queue *queue, size_t i, cp__task *task) {
  for (; i > 0; i = (i - 1) / 2) {
    cp__task *parent = queue->tasks[(i - 1) / 2];
    if (!cp__task_is_before(task, parent)) break;
    put(queue, i, parent);
  }
  put(queue, i, task);
}

static void sink(cp__queue *queue, size_t i, cp__task *task) {
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= queue->count) break;
    if (child + 1 < queue->count && cp__task_is_before(queue->tasks[child + 1], queue->tasks[child])) child++;
    if (!cp__task_is_before(queue->tasks[child], task)) break;
    put(queue, i, queue->tasks[child]);
    i = child;
  }
  put(queue, i, task);
}

void cp__queue_push(cp__queue *queue, cp__task *task) { rise(queue, queue->count++, task); }

void cp__queue_remove(cp__queue *queue, cp__task *task) {
  size_t i = task->position;
  cp__task *last = queue->tasks[--queue->count];
  if (last == task) return;
  if (cp__task_is_before(last, task))
    rise(queue, i, last);
  else
    sink(queue, i, last);
}

cp__task *cp__queue_first(const cp__queue *queue) { return queue->count > 0 ? queue->tasks[0] : NULL; }

void cp__queue_free(cp__queue *queue) {
  free(queue->tasks);
  *queue = (cp__queue){0};
}
