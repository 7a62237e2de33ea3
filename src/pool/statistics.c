/* statistics.c - what can be asked of a pool. */
#include "pool.h"

/* What is not in the counters yet: of a worker that there is, and of the tasks that it has. */
static void add_times(cp_pool_stats *stats, const cp__worker *worker, uint64_t now) {
  if (worker == NULL || worker->ready_ns == 0) return;
  stats->ready_ns += now - worker->ready_ns;
  for (const cp__task *task = worker->running; task != NULL; task = task->next)
    stats->busy_ns += now - task->started_ns;
}

static void add_all_times(cp_pool_stats *stats, const cp_pool *pool) {
  uint64_t now = uv_hrtime();
  for (unsigned i = 0; i < pool->options.size; i++) {
    add_times(stats, pool->places[i].worker, now);
    add_times(stats, pool->places[i].successor, now);
  }
  for (const cp__worker *worker = pool->leaving; worker != NULL; worker = worker->next) add_times(stats, worker, now);
}

void cp_pool_stats_get(const cp_pool *pool, cp_pool_stats *out) {
  *out = pool->stats;
  out->waiting = pool->waiting;
  out->running = pool->running;
  out->held = pool->held;
  for (unsigned i = 0; i < pool->options.size; i++) {
    const cp__worker *worker = pool->places[i].worker;
    if (worker == NULL || worker->state != CP_WORKER_READY) continue;
    out->workers++;
    if (worker->running_count == 0) out->idle++;
  }
  add_all_times(out, pool);
}

uint64_t cp_pool_percentile_ns(const cp_pool *pool, cp_pool_phase phase, double percent) {
  return cp__histogram_percentile(&pool->times[phase == CP_POOL_RUN ? CP_POOL_RUN : CP_POOL_QUEUED], percent);
}

double cp_pool_utilization(const cp_pool *pool, const cp_pool_stats *stats) {
  double share = 0;
  if (stats->ready_ns > 0) share = (double)stats->busy_ns / (double)stats->ready_ns / pool->options.in_flight;
  return share < 1 ? share : 1;
}

cp_worker_info cp_pool_worker(const cp_pool *pool, unsigned place) {
  cp_worker_info info = {.place = place};
  if (pool == NULL || place >= pool->options.size || pool->places[place].worker == NULL) return info;
  cp__worker_info(pool->places[place].worker, &info);
  return info;
}

unsigned cp_pool_size(const cp_pool *pool) { return pool->options.size; }
uv_loop_t *cp_pool_loop(const cp_pool *pool) { return pool->loop; }
void *cp_pool_data(const cp_pool *pool) { return pool->options.data; }

const char *cp_worker_state_name(cp_worker_state state) {
  static const char *const names[] = {"none", "starting", "ready", "leaving", "ended"};
  return (unsigned)state < sizeof names / sizeof *names ? names[state] : names[0];
}
