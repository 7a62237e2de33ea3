/* table.h - the tasks of a pool by their numbers. */
#ifndef CP_POOL_TABLE_H
#define CP_POOL_TABLE_H

#include "task.h"

typedef struct cp__task_table {
  cp__task **buckets;
  size_t count, size; /* size: a power of two, or 0 */
} cp__task_table;

bool cp__task_table_reserve(cp__task_table *table); /* for one more; false: out of memory */
void cp__task_table_add(cp__task_table *table, cp__task *task);
void cp__task_table_remove(cp__task_table *table, const cp__task *task);
cp__task *cp__task_table_find(const cp__task_table *table, uint64_t id);
void cp__task_table_unlisten(const cp__task_table *table); /* no controller reaches the tasks any more */
void cp__task_table_free(cp__task_table *table);           /* the tasks, too */

#endif
