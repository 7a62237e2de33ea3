/* pool_options.c - the options of a pool: a plain object, read into those of the library. */
#include <limits.h>

#include "pool.h"

static bool get_count(napi_env env, napi_value object, const char *name, uint64_t *out) {
  double number;
  if (!get_number(env, object, name, &number)) return false;
  *out = to_count(number);
  return true;
}

static bool get_size(napi_env env, napi_value object, const char *name, size_t *out) {
  uint64_t count;
  if (!get_count(env, object, name, &count)) return false;
  *out = (size_t)count;
  return true;
}

static bool get_unsigned(napi_env env, napi_value object, const char *name, unsigned *out) {
  uint64_t count;
  if (!get_count(env, object, name, &count)) return false;
  *out = count <= UINT_MAX ? (unsigned)count : UINT_MAX;
  return true;
}

/* Of those that may be negative, too: -1 is all that is. */
static bool get_int(napi_env env, napi_value object, const char *name, int *out) {
  double number;
  if (!get_number(env, object, name, &number)) return false;
  *out = number >= -1 && number <= INT_MAX ? (int)number : -1;
  return true;
}

static bool read_workforce(cp_pool_options *options, cp_options *worker, napi_env env, napi_value object) {
  return get_unsigned(env, object, "size", &options->size) &&
         get_unsigned(env, object, "minSize", &options->min_size) &&
         get_count(env, object, "idleTimeout", &options->idle_ms) &&
         get_count(env, object, "maxTasks", &options->max_tasks) &&
         get_count(env, object, "maxAge", &options->max_age_ms) &&
         get_count(env, object, "maxRssKib", &options->max_rss_kib) &&
         get_count(env, object, "startTimeout", &options->start_timeout_ms) &&
         get_unsigned(env, object, "maxFailedStarts", &options->max_failed_starts) &&
         get_int(env, object, "killSignal", &worker->kill_signal) && get_count(env, object, "grace", &worker->grace_ms);
}

static bool read_limits(cp_pool_options *options, napi_env env, napi_value object) {
  return get_unsigned(env, object, "inFlight", &options->in_flight) &&
         get_count(env, object, "timeout", &options->timeout_ms) &&
         get_int(env, object, "maxRetries", &options->max_retries) &&
         get_size(env, object, "maxQueue", &options->max_queue) &&
         get_size(env, object, "highWaterMark", &options->high_water) &&
         get_size(env, object, "lowWaterMark", &options->low_water);
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
  return read_workforce(&out->options, worker, env, object) && read_limits(&out->options, env, object) &&
         read_switches(&out->options, worker, env, object);
}

void pool_options_free(node_pool_options *options) { plan_free(&options->plan); }
