/* call.c - calls of JavaScript from the loop. */
#include "addon.h"

bool call_begin(node_call *call, node_addon *addon, napi_async_context context) {
  *call = (node_call){.addon = addon, .context = context};
  return !addon->ending && napi_open_handle_scope(addon->env, &call->scope) == napi_ok;
}

static void report_exception(napi_env env) {
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) (void)napi_fatal_exception(env, error);
}

/*
 * What napi_make_callback() calls: the function that is meant. What that throws is reported here, inside of the scope, as Node
 * does it: who asks in 'uncaughtException' where it has come from learns it.
 */
static napi_value run_call(napi_env env, napi_callback_info info) {
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, NULL, &data) != napi_ok) return NULL;
  const node_call *call = ((node_addon *)data)->call;
  if (call == NULL) return NULL; /* somebody has got hold of it, and calls it himself */
  (void)napi_call_function(env, call->object, call->function, call->count, call->arguments, NULL);
  report_exception(env);
  return NULL;
}

bool call_init(napi_env env, node_addon *addon) {
  napi_value function;
  if (napi_create_function(env, "call", NAPI_AUTO_LENGTH, run_call, addon, &function) != napi_ok) return false;
  return napi_create_reference(env, function, 1, &addon->runner) == napi_ok;
}

static void run_in_scope(node_call *call) {
  node_addon *addon = call->addon;
  const node_call *outer = addon->call;
  napi_value runner = NULL;
  (void)napi_get_reference_value(addon->env, addon->runner, &runner);
  addon->call = call;
  (void)napi_make_callback(addon->env, call->context, call->object, runner, 0, NULL, NULL);
  addon->call = outer;
}

/* A worker that is being terminated runs nothing any more: then the call fails, and nobody misses it. */
bool call_end(node_call *call, napi_value object, callback which, size_t count, const napi_value *arguments) {
  const node_addon *addon = call->addon;
  napi_value function = NULL;
  bool complete = true;
  for (size_t i = 0; i < count; i++) complete = complete && arguments[i] != NULL;
  if (addon->callbacks[which] != NULL) (void)napi_get_reference_value(addon->env, addon->callbacks[which], &function);
  call->object = object;
  call->function = function;
  call->count = count;
  call->arguments = arguments;
  if (complete && function != NULL && object != NULL) run_in_scope(call);
  report_exception(addon->env); /* of the ticks that ran at the end of it; of values that could not be made */
  (void)napi_close_handle_scope(addon->env, call->scope);
  return complete;
}

bool process_call_begin(node_call *call, node_process *process) {
  if (process->context == NULL || process->self == NULL) return false;
  if (!call_begin(call, process->addon, process->context)) return false;
  process_hold(process);
  return true;
}

void process_call_end(node_call *call, node_process *process, callback which, size_t count,
                      const napi_value *arguments) {
  napi_value object = NULL;
  (void)napi_get_reference_value(process->addon->env, process->self, &object);
  (void)call_end(call, object, which, count, arguments);
  process_release(process);
}
