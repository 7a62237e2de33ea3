/* task.h - one task: its message, who waits for it, and where it is. No I/O. */
#ifndef CP_POOL_TASK_H
#define CP_POOL_TASK_H

#include "abort.h"
#include "ipc/outbox.h"
#include "queue.h"

typedef enum cp__task_state {
  CP__TASK_WAITING, /* in a queue */
  CP__TASK_RUNNING, /* with a worker */
  CP__TASK_OVER     /* its outcome is known, but not told yet */
} cp__task_state;

struct cp__task {
  uint64_t id;
  int priority;
  cp__task_state state;
  size_t position;          /* in its queue */
  cp__queue *queue;         /* where it waits, and goes back to */
  cp__task *next, **link;   /* in the list of its worker, or of those that are over */
  cp__task *next_same_hash; /* in the table */
  cp_pool *pool;
  struct cp__worker *worker; /* RUNNING */

  cp_outcome_cb cb;
  cp_progress_cb on_progress;
  void *data;
  cp__abort_listener abort;
  uint64_t timeout_ms, deadline; /* deadline: loop time; 0: none */
  int retries;                   /* that are left */
  unsigned attempts, place;
  int pid;
  bool once;      /* it must not be begun again, for whatever reason */
  bool cancelled; /* RUNNING, over for the program: its worker has been asked to leave it */
  uint64_t queued_ns, ended_ns;
  uint64_t started_ns, stopped_ns; /* of the last attempt; stopped_ns: once it is over */

  /* OVER */
  int status;
  char *error, *err; /* malloc()ed; NULL: a plain sentence; nothing */
  size_t err_length;
  cp_message *answer; /* kept */
  bool has_exit;
  cp_exit exit;

  cp_handle *handles; /* malloc()ed, with their unread bytes and keys; the fds are the task's */
  size_t handle_count;
  size_t length;
  char payload[]; /* JSON text or structured clone bytes, the envelope included; a NUL follows */
};

/* What a task is made from: text, or a value, or bytes of the serialization. */
typedef struct cp__task_source {
  const char *text; /* JSON; NULL: not that */
  const void *raw;  /* NULL: not that */
  size_t length;
  cp_value value;
} cp__task_source;

/* How the message is written. */
typedef struct cp__task_form {
  cp_serialization serialization;
  bool has_envelope;
  uint64_t id;
} cp__task_form;

/* A new task, owned; its options are checked. As cp_pool_submit(). */
int cp__task_new(cp__task **out, const cp__task_source *source, const cp__task_form *form,
                 const cp_task_options *options);
void cp__task_free(cp__task *task);

/* Sends its message, with its handles. As cp_send(). */
int cp__task_send(const cp__task *task, cp_channel *channel, cp_error *error);

/* Lists. */
void cp__task_link(cp__task *task, cp__task **list);
void cp__task_unlink(cp__task *task);

#endif
