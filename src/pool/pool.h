/* pool.h - a pool: its places for workers, its tasks, and what is due. */
#ifndef CP_POOL_POOL_H
#define CP_POOL_POOL_H

#include "arena.h"
#include "histogram.h"
#include "table.h"
#include "worker.h"

typedef enum cp__pool_state {
  CP__POOL_OPEN,
  CP__POOL_CLOSING,  /* what is there is finished */
  CP__POOL_ABORTING, /* nothing is left but workers */
  CP__POOL_CLOSED
} cp__pool_state;

typedef struct cp__place {
  cp__worker *worker, *successor; /* successor: starts before the worker leaves; NULL: none */
  cp__queue own;                  /* tasks with keys */
} cp__place;

struct cp_pool {
  cp_pool_options options; /* resolved: nothing stands for a default any more */
  cp__worker_plan plan;
  cp__arena arena; /* of the plan */
  uv_loop_t *loop;
  cp__pool_state state;
  bool freed, unrefed;
  unsigned references; /* the user, handles, running callbacks */

  cp__place *places;
  unsigned occupied; /* places that have a worker */
  cp__worker *leaving;
  bool unbalanced;           /* a place may need a worker */
  bool states_changed;       /* a worker's state has not been told */
  bool given_up, owes_error; /* its workers do not start; that has not been told */
  bool ever_proven;          /* a worker has answered */
  bool ever_ready;           /* a worker has started before */
  unsigned failed_starts;    /* one after the other */
  uint64_t start_at;         /* loop time: no start before; 0: any time */

  cp__task_table tasks; /* all that are not told yet */
  cp__queue shared;     /* tasks for any place */
  size_t waiting, running, held, own_waiting;
  cp__task *over, **over_end; /* to be told soon */
  uint64_t next_told;         /* ordered: the number of the next outcome */
  bool above;                 /* a submit has returned 1 */
  bool busy;                  /* on_idle is owed */

  uv_timer_t timer;
  uv_idle_t idle;      /* something is due */
  uv_prepare_t anchor; /* keeps the loop alive */
  unsigned open_handles;
  uint64_t wake_at; /* what the timer is set to; 0: nothing */

  uint64_t close_at; /* loop time: what is left then is aborted; 0: never */
  cp_pool_close_cb close_cb;
  void *close_data;
  cp_pool_report report;
  cp_pool_stats stats; /* the counters */
  cp__histogram times[CP_POOL_RUN + 1];

  cp_worker_info *candidates; /* for options.choose, one for each place; NULL: nobody chooses */
  bool choosing;
  cp_error give_up_error;
};

/* What is known of a task that is over. */
typedef struct cp__verdict {
  int status;
  const char *error; /* NULL: the code's own sentence */
  cp_message *message;
  const cp_exit *exit;
  const char *err;
  size_t err_length;
} cp__verdict;

/* pool.c */
void cp__pool_hold(cp_pool *pool);
void cp__pool_release(cp_pool *pool);
void cp__pool_wake(cp_pool *pool, uint64_t at); /* loop time: looks what is due then, at the latest; 0: nothing */
void cp__pool_make_due(cp_pool *pool);          /* looks what is due in the next round */
void cp__pool_settle(cp_pool *pool);            /* from the loop: does and tells what is due */
void cp__pool_update(cp_pool *pool);            /* whether it keeps the loop alive */

/* staff.c: starting, replacing and dismissing workers */
extern const cp__worker_events cp__pool_worker_events;
void cp__pool_balance(cp_pool *pool);
void cp__pool_fail_returned(cp_pool *pool);               /* tasks that wait although it has given up */
void cp__pool_dismiss(cp__worker *worker, bool by_force); /* from its place; by force: it has no tasks */
void cp__pool_dismiss_all(cp_pool *pool, bool by_force);
void cp__pool_check_staff(cp_pool *pool, uint64_t now); /* deadlines of workers */
void cp__pool_check_wear(cp__worker *worker);           /* it has got a task or done one: is it time to replace it? */
void cp__pool_tell_states(cp_pool *pool);

/* dispatch.c: from the queues to the workers */
void cp__pool_dispatch(cp_pool *pool);
void cp__pool_requeue(cp__task *task); /* taken back from its worker */
void cp__pool_drop(cp__task *task);    /* out of its queue, or from its worker */
void cp__pool_check_deadlines(cp_pool *pool, uint64_t now);
void cp__pool_abort_tasks(cp_pool *pool);
void cp__pool_answer(cp__worker *worker, cp_message *message);
void cp__pool_worker_died(cp__worker *worker, const cp_exit *exit,
                          const char *sentence); /* its tasks are retried, or fail */

/* outcome.c */
/* The task, which nobody has any more, is over. It is told in cp__pool_tell(). */
void cp__task_over(cp__task *task, const cp__verdict *verdict);
/* The same from the loop, with a message that lives only now: told at once if its turn has come. */
void cp__task_answered(cp__task *task, const cp__verdict *verdict);
void cp__pool_tell(cp_pool *pool);

#endif
