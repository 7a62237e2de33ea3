/* table.c - the tasks of a pool by their numbers. */
#include "table.h"

#include <stdlib.h>

static cp__task **bucket(const cp__task_table *table, uint64_t id) { return &table->buckets[id & (table->size - 1)]; }

/* Numbers that follow each other fill the buckets evenly. */
bool cp__task_table_reserve(cp__task_table *table) {
  enum { FIRST_SIZE = 64 };
  if (table->count < table->size) return true;
  cp__task_table larger = {.count = table->count, .size = table->size > 0 ? table->size * 2 : FIRST_SIZE};
  larger.buckets = calloc(larger.size, sizeof(cp__task *));
  if (larger.buckets == NULL) return false;
  for (size_t i = 0; i < table->size; i++) {
    for (cp__task *task = table->buckets[i], *next; task != NULL; task = next) {
      next = task->next_same_hash;
      task->next_same_hash = *bucket(&larger, task->id);
      *bucket(&larger, task->id) = task;
    }
  }
  free(table->buckets);
  *table = larger;
  return true;
}

void cp__task_table_add(cp__task_table *table, cp__task *task) {
  task->next_same_hash = *bucket(table, task->id);
  *bucket(table, task->id) = task;
  table->count++;
}

void cp__task_table_remove(cp__task_table *table, const cp__task *task) {
  cp__task **at = bucket(table, task->id);
  while (*at != task) at = &(*at)->next_same_hash;
  *at = task->next_same_hash;
  table->count--;
}

cp__task *cp__task_table_find(const cp__task_table *table, uint64_t id) {
  if (table->size == 0) return NULL;
  cp__task *task = *bucket(table, id);
  while (task != NULL && task->id != id) task = task->next_same_hash;
  return task;
}

void cp__task_table_unlisten(const cp__task_table *table) {
  for (size_t i = 0; i < table->size; i++)
    for (cp__task *task = table->buckets[i]; task != NULL; task = task->next_same_hash)
      cp__abort_unlisten(&task->abort);
}

void cp__task_table_free(cp__task_table *table) {
  for (size_t i = 0; i < table->size; i++) {
    for (cp__task *task = table->buckets[i], *next; task != NULL; task = next) {
      next = task->next_same_hash;
      cp__task_free(task);
    }
  }
  free(table->buckets);
  *table = (cp__task_table){0};
}
