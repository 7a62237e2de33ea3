/* pool_chaos.c - very many tasks for a pool whose workers fail by chance. */
#include "pool_chaos.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AT_ONCE = 6, ENOUGH = 1000, TICK_MS = 7 }; /* tasks for each worker; attempts */

typedef enum kind { SQUARE, DIES, NEVER_AGAIN, STOPS, READS, PROGRESSES, CANCELLED, KINDS } kind;

typedef struct chaos_task {
  struct chaos *chaos;
  uint64_t id, order;
  uint8_t kind, told;
  bool cancelled, submitted;
} chaos_task;

typedef struct chaos {
  const chaos_options *options;
  chaos_report *report;
  chaos_task *tasks;
  cp_pool *pool;
  uv_timer_t timer;
  uint64_t seed, last_id;
  unsigned next, under_way;
  bool closed;
} chaos;

static const char *const deaths[] = {"exit", "kill", "disconnect", "hangup", "garbage", "complain", "noise"};

static uint32_t chance(chaos *c, uint32_t below) {
  c->seed = c->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(c->seed >> 33) % below;
}

/* The first problem counts. */
static void complain(chaos *c, const chaos_task *t, const char *what, const char *more) {
  if (c->report->problem[0] != '\0') return;
  (void)snprintf(c->report->problem, sizeof c->report->problem, "seed %llu: task %u (kind %d): %s%s%s",
                 (unsigned long long)c->options->seed, t != NULL ? (unsigned)(t - c->tasks) : 0,
                 t != NULL ? t->kind : -1, what, more != NULL ? ": " : "", more != NULL ? more : "");
}

/* ---------------------------------------------------------------- outcomes */

static void submit_more(chaos *c);

static bool may_end_with(const chaos_task *t, int status) {
  if (t->cancelled) return status == CP_EABORTED;
  if (status == 0) return true;
  if (t->kind == NEVER_AGAIN) return status == CP_EWORKER || status == CP_ETIMEDOUT;
  return false;
}

static void check_result(chaos *c, const chaos_task *t, const cp_outcome *outcome) {
  double n = (double)(t - c->tasks);
  cp_value value = cp_outcome_value(outcome);
  char text[32];
  (void)snprintf(text, sizeof text, "%u", (unsigned)(t - c->tasks));
  if (t->kind == READS ? !cp_value_string_is(value, text) : cp_value_number(value) != n * n)
    complain(c, t, "the result is another", cp_outcome_json(outcome, NULL));
}

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  chaos_task *t = data;
  chaos *c = t->chaos;
  chaos_report *r = c->report;
  (void)pool;
  if (t->told++ != 0) complain(c, t, "a second outcome", NULL);
  if (outcome->id != t->id) complain(c, t, "an outcome of another number", NULL);
  if (!may_end_with(t, outcome->status)) complain(c, t, "such an end is impossible", outcome->error);
  if (outcome->status == 0) check_result(c, t, outcome);
  if (c->options->ordered && outcome->id != c->last_id + 1) complain(c, t, "out of order", NULL);
  c->last_id = outcome->id;
  r->outcomes++;
  r->succeeded += outcome->status == 0;
  r->died += outcome->status == CP_EWORKER;
  r->timed_out += outcome->status == CP_ETIMEDOUT;
  r->cancelled += outcome->status == CP_EABORTED;
  c->under_way--;
  submit_more(c);
}

static void on_progress(cp_pool *pool, uint64_t id, cp_value progress, void *data) {
  chaos_task *t = data;
  (void)pool;
  if (id != t->id || t->told != 0) complain(t->chaos, t, "progress of another task", NULL);
  if (!cp_value_is(progress, CP_TYPE_NUMBER)) complain(t->chaos, t, "progress that is no number", NULL);
}

/* ---------------------------------------------------------------- tasks */

static kind choose_kind(chaos *c) {
  const chaos_options *o = c->options;
  if (o->stop_every > 0 && chance(c, o->stop_every) == 0) return STOPS;
  static const uint8_t kinds[] = {SQUARE, SQUARE, SQUARE, SQUARE, SQUARE,      SQUARE, SQUARE,     SQUARE,
                                  SQUARE, SQUARE, DIES,   DIES,   NEVER_AGAIN, READS,  PROGRESSES, CANCELLED};
  kind chosen = (kind)kinds[chance(c, sizeof kinds)];
  return chosen == PROGRESSES && o->protocol == CP_POOL_PLAIN ? SQUARE : chosen;
}

static void write_task(chaos *c, const chaos_task *t, char *out, size_t size) {
  unsigned n = (unsigned)(t - c->tasks);
  const char *death = deaths[chance(c, sizeof deaths / sizeof *deaths)];
  switch ((kind)t->kind) {
    case DIES:
      (void)snprintf(out, size, "{\"do\":\"%s\",\"n\":%u,\"times\":%u,\"bytes\":9000}", death, n, 1 + chance(c, 2));
      break;
    case NEVER_AGAIN:
      (void)snprintf(out, size, "{\"do\":\"%s\",\"n\":%u}", death, n);
      break;
    case STOPS:
      (void)snprintf(out, size, "{\"do\":\"stop\",\"n\":%u,\"times\":1}", n);
      break;
    case READS:
      (void)snprintf(out, size, "{\"do\":\"read\",\"n\":%u%s}", n, chance(c, 2) ? ",\"first\":\"exit\"" : "");
      break;
    case PROGRESSES:
      (void)snprintf(out, size, "{\"do\":\"progress\",\"n\":%u,\"count\":3}", n);
      break;
    default:
      (void)snprintf(out, size, "{\"do\":\"square\",\"n\":%u}", n);
      break;
  }
}

/* A file in which the number can be read at any time: a pipe would be empty after the first attempt. */
static int open_number(const chaos *c, const chaos_task *t) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/number", c->options->directory);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  (void)unlink(path);
  if (dprintf(fd, "%u", (unsigned)(t - c->tasks)) < 0 || lseek(fd, 0, SEEK_SET) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static void cancel(chaos *c, chaos_task *t) {
  int rc = cp_pool_cancel(c->pool, t->id);
  if (rc == 0) t->cancelled = true;
  if (rc != 0 && t->told == 0 && !c->options->ordered) complain(c, t, "it cannot be cancelled", cp_strerror(rc));
}

static void submit_one(chaos *c) {
  static const char *const keys[] = {"a", "b", "c", NULL, NULL, NULL, NULL, NULL};
  char text[256];
  chaos_task *t = &c->tasks[c->next++];
  cp_error error = {0};
  *t = (chaos_task){.chaos = c, .kind = (uint8_t)choose_kind(c)};
  write_task(c, t, text, sizeof text);
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = t->kind == READS ? open_number(c, t) : -1};
  cp_task_options options = {.cb = on_outcome,
                             .on_progress = on_progress,
                             .data = t,
                             .id = &t->id,
                             .error = &error,
                             .key = keys[chance(c, 8)],
                             .priority = c->options->ordered ? 0 : (int)chance(c, 3),
                             .handles = &handle,
                             .handle_count = t->kind == READS,
                             .max_retries = t->kind == NEVER_AGAIN ? CP_RETRY_NEVER : 0};
  int rc = cp_pool_submit_json(c->pool, text, SIZE_MAX, &options);
  if (handle.fd >= 0) close(handle.fd);
  if (rc < 0) complain(c, t, "it is refused", error.message);
  t->submitted = rc >= 0;
  c->under_way += t->submitted;
  if (t->kind == CANCELLED && chance(c, 2)) cancel(c, t);
}

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) {
  chaos *c = data;
  cp_pool_stats_get(pool, &c->report->stats);
  if (report->aborted != 0) complain(c, NULL, "tasks were aborted at the end", NULL);
  c->closed = true;
  uv_close((uv_handle_t *)&c->timer, NULL);
}

static void submit_more(chaos *c) {
  if (c->report->problem[0] != '\0') c->next = c->options->tasks;
  while (c->next < c->options->tasks && c->under_way < AT_ONCE * c->options->workers) submit_one(c);
  if (c->next == c->options->tasks && c->under_way == 0) {
    if (cp_pool_close(c->pool, CP_POOL_FINISH, 0, on_closed, c) != 0) complain(c, NULL, "it cannot be closed", NULL);
  }
}

/* ---------------------------------------------------------------- what happens to the workers */

static void on_tick(uv_timer_t *timer) {
  chaos *c = timer->data;
  cp_worker_info worker = cp_pool_worker(c->pool, chance(c, c->options->workers));
  uint32_t what = chance(c, 100);
  if (what < 30 && worker.child != NULL) c->report->kills += cp_child_kill(worker.child, SIGKILL) == 0;
  if (what == 30 && c->options->stop_every > 0 && worker.child != NULL)
    c->report->stops += cp_child_kill(worker.child, SIGSTOP) == 0;
  if (what == 31) cp_pool_recycle(c->pool);
  for (unsigned i = c->next > 20 ? c->next - 20 : 0; what < 60 && i < c->next; i++) {
    chaos_task *t = &c->tasks[i];
    if (t->kind == CANCELLED && t->submitted && t->told == 0 && !t->cancelled) cancel(c, t);
  }
}

static void on_error(cp_pool *pool, const cp_error *error, void *data) {
  (void)pool;
  complain(data, NULL, "the pool has given up", error->message);
}

static void check_end(chaos *c) {
  const cp_pool_stats *s = &c->report->stats;
  if (!c->closed) complain(c, NULL, "the loop has ended before the pool", NULL);
  for (unsigned i = 0; i < c->next && c->tasks[i].submitted; i++)
    if (c->tasks[i].told != 1) complain(c, &c->tasks[i], "no outcome", NULL);
  if (s->submitted != s->succeeded + s->failed) complain(c, NULL, "the numbers do not add up", NULL);
  if (s->succeeded != c->report->succeeded) complain(c, NULL, "successes are counted wrongly", NULL);
  if (s->waiting + s->running + s->held + s->workers != 0) complain(c, NULL, "something is left", NULL);
}

static void be_quiet(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child, (void)bytes, (void)length, (void)data;
}

bool run_chaos(chaos_report *report, uv_loop_t *loop, const char *worker, const chaos_options *options) {
  char entry[512];
  bool envelope = options->protocol == CP_POOL_ENVELOPE;
  cp_error error = {0};
  *report = (chaos_report){.outcomes = 0};
  chaos c = {.options = options, .report = report, .seed = options->seed};
  (void)snprintf(entry, sizeof entry, "POOL_DIR=%s", options->directory);
  const char *const overlay[] = {entry, NULL}, *const args[] = {envelope ? "envelope" : "plain", NULL};
  cp_options workers = {.env_overlay = overlay,
                        .serialization = options->serialization,
                        .peer_is_library = true,
                        .on_stderr = be_quiet,
                        .grace_ms = 50};
  cp_pool_options pool = {.size = options->workers,
                          .protocol = options->protocol,
                          .in_flight = envelope ? 3 : 0,
                          .ordered = options->ordered,
                          .timeout_ms = options->timeout_ms,
                          .retry_timeouts = true,
                          .max_retries = ENOUGH,
                          .max_tasks = 37,
                          .max_failed_starts = 1000000,
                          .worker = &workers,
                          .on_error = on_error,
                          .data = &c,
                          .error = &error};
  c.tasks = calloc(options->tasks, sizeof *c.tasks);
  if (c.tasks == NULL || cp_pool_open(&c.pool, loop, worker, args, &pool) != 0) {
    complain(&c, NULL, "it cannot be opened", error.message);
  } else {
    (void)uv_timer_init(loop, &c.timer);
    c.timer.data = &c;
    (void)uv_timer_start(&c.timer, on_tick, TICK_MS, TICK_MS);
    uv_unref((uv_handle_t *)&c.timer);
    submit_more(&c);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    check_end(&c);
    cp_pool_free(c.pool);
    (void)uv_run(loop, UV_RUN_DEFAULT);
  }
  free(c.tasks);
  return report->problem[0] == '\0';
}
