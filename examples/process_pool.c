/*
 * The twin of ProcessPool of the internals page: a queue of tasks, and the next one goes to whichever worker is free.
 *
 *   execute(task) { return new Promise(...); }
 *   processQueue() { const worker = this.getAvailableWorker(); ...; worker.send(task); }
 *   destroy() { this.workers.forEach(w => w.kill()); }
 *
 * The worker is this program again, or the argument: `process_pool ./process_pool.js`.
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, TASKS = 10 };

typedef struct task {
  double number, square;
} task;

typedef struct worker {
  struct pool *pool;
  cp_child *child;
  task *current; /* NULL: it is free */
} worker;

typedef struct pool {
  worker workers[WORKERS];
  task queue[TASKS];
  int next, done; /* the first task that nobody has; how many are done */
} pool;

static void process_queue(pool *p) {
  for (int i = 0; i < WORKERS && p->next < TASKS; i++) {
    worker *w = &p->workers[i];
    if (w->current || cp_send(cp_child_channel(w->child), cp_number(p->queue[p->next].number), NULL) < 0) continue;
    w->current = &p->queue[p->next++];
  }
}

static void destroy(pool *p) {
  for (int i = 0; i < WORKERS; i++)
    if (p->workers[i].child) cp_child_kill(p->workers[i].child, SIGTERM);
}

static void on_message(cp_child *child, cp_message *result, void *data) {
  worker *w = data;
  if (w->current == NULL) return; /* nobody asked */
  w->current->square = cp_value_number(cp_message_value(result));
  w->current = NULL;
  if (++w->pool->done == TASKS)
    destroy(w->pool);
  else
    process_queue(w->pool);
}

/* A worker that dies takes its task along, and this sample gives up. A pool for real forks another and tries again. */
static void on_close(cp_child *child, const cp_exit *ended, void *data) {
  worker *w = data;
  if (w->current == NULL) return;
  fprintf(stderr, "A worker died at %.0f: %s\n", w->current->number, cp_reason_name(ended->reason));
  destroy(w->pool);
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_pool(uv_loop_t *loop, const char *module) {
  pool p = {.next = 0};
  int rc = 0;
  for (int i = 0; i < TASKS; i++) p.queue[i].number = i + 1;
  for (int i = 0; rc == 0 && i < WORKERS; i++) {
    cp_error error;
    worker *w = &p.workers[i];
    w->pool = &p;
    cp_options options = {
        .on_error = on_error, .on_message = on_message, .on_close = on_close, .data = w, .error = &error};
    rc = cp_fork(&w->child, loop, module, NULL, &options);
    if (rc < 0) fprintf(stderr, "%s\n", error.message);
  }
  if (rc == 0)
    process_queue(&p);
  else
    destroy(&p);
  uv_run(loop, UV_RUN_DEFAULT);
  for (int i = 0; p.done == TASKS && i < TASKS; i++)
    printf("%.0f squared is %.0f\n", p.queue[i].number, p.queue[i].square);
  for (int i = 0; i < WORKERS; i++) cp_child_free(p.workers[i].child);
  return rc;
}

/* A task is a number, its result the square of it. */
static void worker_on_message(cp_channel *parent, cp_message *message, void *data) {
  double number = cp_value_number(cp_message_value(message));
  int rc = cp_send(parent, cp_number(number * number), NULL);
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = worker_on_message});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = run_pool(loop, argc > 1 ? argv[1] : argv[0]);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
