/* worker.h - one worker of a pool: its start, its tasks, its leaving and its end. */
#ifndef CP_POOL_WORKER_H
#define CP_POOL_WORKER_H

#include "task.h"

typedef struct cp__worker cp__worker;

/* What the pool is told, all from the loop. */
typedef struct cp__worker_events {
  void (*ready)(cp__worker *worker, cp_message *message);   /* message: that says so; NULL: it has been started */
  void (*message)(cp__worker *worker, cp_message *message); /* from one that is not doomed */
  void (*late)(cp__worker *worker, cp_message *message);    /* from one that is */
  void (*broken)(cp__worker *worker);                       /* its channel has gone, though nobody asked it to leave */
  void (*ended)(cp__worker *worker, const cp_exit *exit);   /* exit NULL: it never started */
} cp__worker_events;

/* How workers are started. */
typedef struct cp__worker_plan {
  uv_loop_t *loop;
  const char *module;
  const char *const *args;
  cp_options options; /* stdio and signals filled in; the callbacks and data are the user's */
  uint64_t grace_ms, start_timeout_ms;
  bool ready_message, drops_stderr;
  const cp__worker_events *events;
} cp__worker_plan;

/* How far it has been asked to go. */
typedef enum cp__parting {
  CP__PARTING_NONE,
  CP__PARTING_CLOSED,    /* the channel is closed */
  CP__PARTING_SIGNALLED, /* kill_signal is sent */
  CP__PARTING_KILLED     /* SIGKILL is sent */
} cp__parting;

struct cp__worker {
  cp_pool *pool;
  const cp__worker_plan *plan;
  unsigned place;
  cp_worker_state state, told; /* told: what the program knows */
  cp__parting parting;
  cp_child *child;
  cp__worker *next, **link; /* in the pool's list of those that leave; link NULL: in a place */

  cp__task *running;
  unsigned running_count;
  uint64_t given, done;              /* tasks */
  uint64_t born_at, idle_at, rss_at; /* loop time: started, without a task since, looked at its memory */
  uint64_t ready_by, part_at;        /* loop time; 0: no deadline */
  uint64_t ready_ns;                 /* uv_hrtime(); 0: it never was ready */
  bool recycled, shrunk;             /* why it leaves */
  bool worn;                         /* READY, but its replacement is on its way */
  bool doomed;                       /* it has no tasks any more, and what it says does not count */
  bool never_started, was_ready;
  bool proven; /* it has answered, or said that it is ready */

  cp_error error; /* the first that was told; code 0: none */
  char *tail;     /* the end of its stderr, NUL-terminated; NULL: nothing */
  size_t tail_length;
};

/* Forks one. As cp_fork(). */
int cp__worker_start(cp__worker **out, cp_pool *pool, const cp__worker_plan *plan, unsigned place, cp_error *error);

/* It has not got all that it was sent. */
bool cp__worker_write_failed(const cp__worker *worker);

/* What sending to it has ended with is about the worker, not about the message. */
bool cp__worker_is_to_blame(int rc);

/* May it be given a task, with so many at most at a time? */
bool cp__worker_is_free(const cp__worker *worker, unsigned in_flight);

/* If a write has failed, it is made to end. */
void cp__worker_check_channel(cp__worker *worker);

/* Sends it a task, which runs then. As cp_send(). */
int cp__worker_give(cp__worker *worker, cp__task *task, cp_error *error);

/* The task is not its task any more. */
void cp__worker_take_back(cp__worker *worker, cp__task *task);

/* It gets no new tasks; when it has none it is asked to go, and made to after the grace. */
void cp__worker_leave(cp__worker *worker);

/* It is made to go now: kill_signal, then SIGKILL. It has no tasks. */
void cp__worker_terminate(cp__worker *worker);

/* Does what is due. Returns when to ask again; 0: never. */
uint64_t cp__worker_check(cp__worker *worker, uint64_t now);

void cp__worker_link(cp__worker *worker, cp__worker **list);
void cp__worker_unlink(cp__worker *worker);
void cp__worker_info(const cp__worker *worker, cp_worker_info *out);

/* "the worker exited with code 3 ..." exit NULL: it never started. */
void cp__worker_describe_end(const cp__worker *worker, const cp_exit *exit, char *out, size_t size);

/* Resident memory in KiB; 0: not known. */
uint64_t cp__worker_rss_kib(const cp__worker *worker);

/* Frees it; a process that is left gets SIGKILL. */
void cp__worker_free(cp__worker *worker);

#endif
