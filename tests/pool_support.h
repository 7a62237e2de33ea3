/*
 * pool_support.h - what the tests of pools share: tasks and what became of them, and the gates at which the workers of
 * pool_worker.c wait for the test.
 */
#ifndef POOL_SUPPORT_H
#define POOL_SUPPORT_H

#include "support.h"

/* The fixture of support.h, with the gates open. */
int pool_setup(void **state);
int pool_teardown(void **state);
#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

/* One step of the loop: what has happened, else a wait for something. */
void take_turn(void);
void take_nap(void);
/* Runs the loop until it is so. Fails if the loop has nothing to do any more. */
#define RUN_UNTIL(condition)                                                                                           \
  while (!(condition)) {                                                                                               \
    take_turn();                                                                                                       \
    if (!(condition)) take_nap();                                                                                      \
  }

/* A task, and what became of it. */
typedef struct task {
  uint64_t id;
  int told, progress, order; /* order: the how manieth outcome it was in this test */
  int status;
  double result;             /* of a number */
  char text[512], json[512]; /* of a string; of anything; cut to fit */
  char error[512];
  bool ended; /* outcome->exit was there: */
  cp_exit exit;
  char err[CP_POOL_STDERR_TAIL + 1];
  size_t err_length;
  unsigned attempts, place;
  int pid, fd; /* fd: the handle that came along; -1 */
  uint64_t queued_ns, started_ns, ended_ns;
} task;

/* What the events of a pool were. */
typedef struct events {
  int drained, idle, messages, errors, closed;
  int starting, ready, leaving, ended, recycled,
      complaints; /* states told; ended ones that were recycled, had an error */
  char last[512]; /* the last message */
  cp_error error;
  cp_pool_report report;
  char text[8192]; /* "starting:0 ready:0 ..." */
} events;

/* Options whose callbacks write the events down. The worker's environment knows the gates. */
cp_pool_options pool_options(events *e, unsigned size);

/* Opens a pool of pool_worker WORDS; one of plain workers, one of workers with numbers. */
cp_pool *open_pool(const cp_pool_options *options, const char *const *words);
cp_pool *open_plain(events *e, unsigned size);
cp_pool *open_envelope(events *e, unsigned size, unsigned in_flight, const char *const *words);
extern const char *const plain_words[], *const envelope_words[];

/* The four ways to talk: two protocols in two serializations. */
enum { WAYS = 4 };
cp_pool_protocol protocol_of(int way);
cp_serialization serialization_of(int way);
cp_pool *open_way(events *e, unsigned size, int way);

/* Task options whose callbacks write the task down. */
cp_task_options task_options(task *t);

/* Submits JSON text with these options, or task_options() if they are NULL. It must be accepted; returns 0 or 1. */
int submit(cp_pool *pool, task *t, const char *json);
int submit_with(cp_pool *pool, task *t, const char *json, const cp_task_options *options);
char *json_of(const char *verb, long n, const char *more); /* {"do":verb,"n":n, more}; static, of the last 8 calls */

/* True inside the calls above: no callback may come then. For calls that these do not make. */
extern bool inside;
#define INSIDE(call) (inside = true, inside_result = (call), inside = false, inside_result)
extern int inside_result;

/* Runs until all have been told, each once; and checks that they were answered with the square of 0, 1, 2, ... */
void await_tasks(const task *tasks, size_t count);
void check_squares(const task *tasks, size_t count);

/* Closes, runs the loop until the callback has come, and frees. The report is in the events. */
void close_pool(cp_pool *pool, events *e, cp_pool_end end);
void on_pool_closed(cp_pool *pool, const cp_pool_report *report, void *data); /* writes it there */

cp_pool_stats stats_of(const cp_pool *pool);
bool all_idle(const cp_pool *pool, unsigned count); /* so many workers are ready, and none has a task */

/* The gates: FIFOs "gate", "start", "other" in the test's directory. */
void let_go(const char *gate, int count);
const char *pool_directory(void);

/* What a worker has said that it begins. */
typedef struct beginning {
  int pid;
  unsigned place;
  char verb[32];
  long n;
} beginning;
beginning next_beginning(void); /* runs the loop until there is one */
bool has_begun(beginning *out); /* one that is there already */
int attempts_begun(long n);     /* how often a worker has got the task n */

bool is_alive(int pid); /* a process, not a zombie */

#endif
