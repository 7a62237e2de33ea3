/* plan.h - the plan of spawn() and spawnSync(): a plain object, read into options. */
#ifndef CP_NODE_PLAN_H
#define CP_NODE_PLAN_H

#include "convert.h"

typedef struct node_plan {
  const char *file;
  const char *const *args; /* without argv[0], which is options.argv0 */
  cp_options options;
  napi_value array; /* the plan's Int32Array: kind and fd of each entry */
  int32_t *table;   /* its memory */
  int count;        /* of entries */
  node_text text;
} node_plan;

/* Reads each property once. False: an exception is pending. plan_free() in any case. */
bool plan_read(node_plan *plan, napi_env env, napi_value object);
void plan_free(node_plan *plan);

/* What Node does for a child's fd 0, 1 and 2, and with that for everybody who has the same file open. */
void plan_clear_nonblocking(const node_plan *plan);

/* Writes our ends of the pipes into the table; -1 where there is none. NULL: no child. Returns how many there are. */
int plan_take_fds(node_plan *plan, cp_child *child);

/* Closes those that are in a table still. */
void table_close_fds(napi_env env, napi_value array);

#endif
