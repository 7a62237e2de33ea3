/* queue.h - tasks that wait: the highest priority first, and of equal ones the oldest. */
#ifndef CP_POOL_QUEUE_H
#define CP_POOL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cp__task cp__task;

/* A binary heap. Who has reserved room can put a task back whatever happens to memory. */
typedef struct cp__queue {
  cp__task **tasks;
  size_t count, capacity, reserved;
} cp__queue;

/* Room for one more task, until it is released. False: out of memory. */
bool cp__queue_reserve(cp__queue *queue);
void cp__queue_release(cp__queue *queue);

void cp__queue_push(cp__queue *queue, cp__task *task);
void cp__queue_remove(cp__queue *queue, cp__task *task);
cp__task *cp__queue_first(const cp__queue *queue); /* NULL: it is empty */
void cp__queue_free(cp__queue *queue);

/* Whether `a` is to be begun before `b`. */
bool cp__task_is_before(const cp__task *a, const cp__task *b);

#endif
