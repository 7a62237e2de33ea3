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

/* A worker that is being terminated runs nothing any more: then the call fails, and nobody misses it. */
bool call_end(node_call *call, napi_value object, callback which, size_t count, const napi_value *arguments) {
  node_addon *addon = call->addon;
  napi_value function = NULL;
  bool complete = true;
  for (size_t i = 0; i < count; i++) complete = complete && arguments[i] != NULL;
  if (addon->callbacks[which] != NULL) (void)napi_get_reference_value(addon->env, addon->callbacks[which], &function);
  if (complete && function != NULL && object != NULL)
    (void)napi_make_callback(addon->env, call->context, object, function, count, arguments, NULL);
  report_exception(addon->env);
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
