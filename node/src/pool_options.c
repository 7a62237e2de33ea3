/* pool_options.c - the options of a pool: a plain object, read into those of the library. */
#include "pool.h"

typedef struct number {
  const char *name;
  double value;
} number;

/* In the order of their names below. */
enum {
  SIZE,
  MIN_SIZE,
  IDLE,
  IN_FLIGHT,
  TIMEOUT,
  RETRIES,
  QUEUE,
  HIGH,
  LOW,
  TASKS,
  AGE,
  RSS,
  START,
  FAILED,
  SIGNAL,
  GRACE
};

static bool read_numbers(cp_pool_options *options, cp_options *worker, napi_env env, napi_value object) {
  number all[] = {{"size", 0},         {"minSize", 0},         {"idleTimeout", 0}, {"inFlight", 0},
                  {"timeout", 0},      {"maxRetries", 0},      {"maxQueue", 0},    {"highWaterMark", 0},
                  {"lowWaterMark", 0}, {"maxTasks", 0},        {"maxAge", 0},      {"maxRssKib", 0},
                  {"startTimeout", 0}, {"maxFailedStarts", 0}, {"killSignal", 0},  {"grace", 0}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!get_number(env, object, all[i].name, &all[i].value)) return false;
  options->size = (unsigned)all[SIZE].value;
  options->min_size = (unsigned)all[MIN_SIZE].value;
  options->idle_ms = (uint64_t)all[IDLE].value;
  options->in_flight = (unsigned)all[IN_FLIGHT].value;
  options->timeout_ms = (uint64_t)all[TIMEOUT].value;
  options->max_retries = (int)all[RETRIES].value;
  options->max_queue = (size_t)all[QUEUE].value;
  options->high_water = (size_t)all[HIGH].value;
  options->low_water = (size_t)all[LOW].value;
  options->max_tasks = (uint64_t)all[TASKS].value;
  options->max_age_ms = (uint64_t)all[AGE].value;
  options->max_rss_kib = (uint64_t)all[RSS].value;
  options->start_timeout_ms = (uint64_t)all[START].value;
  options->max_failed_starts = (unsigned)all[FAILED].value;
  worker->kill_signal = (int)all[SIGNAL].value;
  worker->grace_ms = (uint64_t)all[GRACE].value;
  return true;
}

static bool read_switches(cp_pool_options *options, cp_options *worker, napi_env env, napi_value object) {
  bool has_envelope;
  if (!get_bool(env, object, "hasEnvelope", &has_envelope)) return false;
  options->protocol = has_envelope ? CP_POOL_ENVELOPE : CP_POOL_PLAIN;
  return get_bool(env, object, "ordered", &options->ordered) &&
         get_bool(env, object, "retryTimeouts", &options->retry_timeouts) &&
         get_bool(env, object, "readyMessage", &options->ready_message) &&
         get_bool(env, object, "silent", &worker->silent);
}

/* A pool keeps no table of JavaScript's: an empty one stands for the library's default. */
bool pool_options_read(node_pool_options *out, napi_env env, napi_value object) {
  cp_options *worker = &out->plan.options;
  out->options = (cp_pool_options){.worker = worker};
  if (!plan_read(&out->plan, env, object)) return false;
  if (worker->stdio.count == 0) worker->stdio = (cp_stdio_list){NULL, 0};
  worker->exec_path = out->plan.file;
  worker->limits.max_values = SIZE_MAX;
  worker->limits.max_depth = CP_DEPTH_MAX;
  return read_numbers(&out->options, worker, env, object) && read_switches(&out->options, worker, env, object);
}

void pool_options_free(node_pool_options *options) { plan_free(&options->plan); }
