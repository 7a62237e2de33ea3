/* sync.c - spawnSync(): the whole life of a child in one call. */
#include "plan.h"

enum { COPIED_BYTES = 65536 }; /* more output than this becomes a Buffer's memory as it is */

/* What only spawnSync() has. The input is borrowed: no JavaScript runs until the child has ended. */
static size_t limit_of(double bytes) {
  if (!(bytes > 0) || bytes >= 9007199254740992.0) return CP_BUFFER_UNLIMITED;
  return bytes >= 1 ? (size_t)bytes : CP_BUFFER_NONE;
}

static uint64_t milliseconds_of(double number) { return number >= 1 && number < 1e15 ? (uint64_t)number : 0; }

static bool read_limits(cp_options *options, napi_env env, napi_value object) {
  double timeout, signum, limit, grace, drain;
  bool done = get_number(env, object, "timeout", &timeout) && get_number(env, object, "killSignal", &signum) &&
              get_number(env, object, "maxBuffer", &limit) && get_number(env, object, "grace", &grace) &&
              get_number(env, object, "drainTimeout", &drain);
  if (!done) return false;
  options->timeout_ms = milliseconds_of(timeout > 0 && timeout < 1 ? 1 : timeout);
  options->kill_signal = signum >= 0 && signum <= 64 ? (int)signum : -1;
  options->max_buffer_bytes = limit_of(limit);
  options->overflow = CP_OVERFLOW_KILL_TOTAL;
  options->grace_ms = milliseconds_of(grace);
  options->drain_timeout_ms = milliseconds_of(drain);
  return true;
}

/* Getters of the plan may do anything: memory that is borrowed is asked for when all of them have run. */
static bool read_plan(node_plan *plan, napi_env env, napi_value object) {
  cp_options limits = {0};
  napi_value input = NULL;
  void *bytes = NULL;
  size_t length = 0;
  napi_valuetype type;
  text_init(&plan->text);
  if (napi_typeof(env, object, &type) != napi_ok || type != napi_object) return must_be(env, "plan", "an object");
  if (!read_limits(&limits, env, object) || napi_get_named_property(env, object, "input", &input) != napi_ok)
    return false;
  if (!plan_read(plan, env, object)) return false;
  if (!is_absent(env, input) && !bytes_of(env, input, &bytes, &length))
    return must_be(env, "plan.input", "a Uint8Array");
  cp_options *options = &plan->options;
  options->timeout_ms = limits.timeout_ms;
  options->kill_signal = limits.kill_signal;
  options->max_buffer_bytes = limits.max_buffer_bytes;
  options->overflow = limits.overflow;
  options->grace_ms = limits.grace_ms;
  options->drain_timeout_ms = limits.drain_timeout_ms;
  options->input = length > 0 ? bytes : NULL;
  options->input_length = length;
  return true;
}

/* ---------------------------------------------------------------- the result */

static void free_output(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  cp_free(data);
}

/* Some builds of V8 have no buffers of foreign memory. */
static napi_value make_output(napi_env env, cp_bytes *output) {
  napi_value buffer = NULL;
  if (output->bytes == NULL) return make_null(env);
  if (output->length > COPIED_BYTES &&
      napi_create_external_buffer(env, output->length, output->bytes, free_output, NULL, &buffer) == napi_ok) {
    output->bytes = NULL;
    return buffer;
  }
  (void)napi_create_buffer_copy(env, output->length, output->bytes, NULL, &buffer);
  return buffer;
}

static napi_value make_outputs(napi_env env, cp_result *result) {
  napi_value array = NULL;
  if (result->pid == 0) return make_null(env);
  if (napi_create_array_with_length(env, result->output_count, &array) != napi_ok) return NULL;
  for (size_t i = 0; i < result->output_count; i++)
    (void)napi_set_element(env, array, (uint32_t)i, make_output(env, &result->output[i]));
  return array;
}

/* Ours in libuv's words. What became of the input counts least. */
static int error_code(const cp_result *result) {
  switch (result->error.code) {
    case CP_ETIMEDOUT:
      return UV_ETIMEDOUT;
    case CP_EMAXBUFFER:
      return UV_ENOBUFS;
    case CP_ESTATUSLOST:
      return UV_ESRCH;
    case 0:
      return result->input_unread ? UV_EPIPE : 0;
    default:
      return result->error.code;
  }
}

static napi_value make_result(napi_env env, cp_result *result) {
  napi_value object;
  const cp_exit *exit = &result->exit;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  bool has_status = result->pid != 0 && exit->code >= 0;
  (void)set(env, object, "pid", make_int(env, result->pid));
  (void)set(env, object, "status", has_status ? make_int(env, exit->code) : make_null(env));
  (void)set(env, object, "signal", make_int(env, exit->signal));
  (void)set(env, object, "output", make_outputs(env, result));
  (void)set(env, object, "errno", make_int(env, error_code(result)));
  set_failure(env, object, &result->error);
  (void)set(env, object, "reason", make_string(env, cp_reason_name(exit->reason)));
  (void)set(env, object, "usage", make_usage(env, &exit->usage));
  return object;
}

/* ---------------------------------------------------------------- the call */

/* The child may wait for what was sent to others, or they for each other. */
static void flush_channels(const node_addon *addon) {
  for (const node_process *process = addon->processes; process != NULL; process = process->next) channel_flush(process);
}

napi_value spawn_sync(napi_env env, napi_callback_info info) {
  napi_value argument, object = NULL;
  size_t count = 1;
  void *addon;
  node_plan plan;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, &addon) != napi_ok) return NULL;
  if (read_plan(&plan, env, argument)) {
    cp_result result;
    plan_clear_nonblocking(&plan);
    flush_channels(addon);
    (void)cp_spawn_sync(&result, plan.file, plan.args, &plan.options);
    object = make_result(env, &result);
    cp_result_dispose(&result);
  }
  plan_free(&plan);
  return object;
}
