/* addon.c - the module: what it exports, the state of each environment, and its end. */
#include "addon.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "convert.h"

static const char *const callback_names[CALLBACK_COUNT] = {
    [CALLBACK_EXIT] = "exit",
    [CALLBACK_MESSAGES] = "messages",
    [CALLBACK_MESSAGE] = "message",
    [CALLBACK_SENT] = "sent",
    [CALLBACK_DISCONNECT] = "disconnect",
    [CALLBACK_CHANNEL_ERROR] = "channelError",
    [CALLBACK_POOL_RESULTS] = "poolResults",
    [CALLBACK_POOL_FAILURE] = "poolFailure",
    [CALLBACK_POOL_PROGRESS] = "poolProgress",
    [CALLBACK_POOL_WORKER] = "poolWorker",
    [CALLBACK_POOL_MESSAGE] = "poolMessage",
    [CALLBACK_POOL_OUTPUT] = "poolOutput",
    [CALLBACK_POOL_DRAIN] = "poolDrain",
    [CALLBACK_POOL_IDLE] = "poolIdle",
    [CALLBACK_POOL_ERROR] = "poolError",
    [CALLBACK_POOL_CLOSED] = "poolClosed",
};

void addon_release(node_addon *addon) {
  if (--addon->references > 0) return;
  free(addon->scratch);
  free(addon);
}

/* ---------------------------------------------------------------- the end of an environment */

static void end(uv_handle_t *handle) {
  node_addon *addon = handle->data;
  napi_async_cleanup_hook_handle hook = addon->hook;
  addon_release(addon);
  (void)napi_remove_async_cleanup_hook(hook);
}

/*
 * The loop must be empty at the end: all that is closing now is closed in the round that closes our handle. Where no
 * thread can take the children over (no fd is left for it) we try again: others give theirs back in the meantime, and
 * children end.
 */
static void on_farewell(uv_timer_t *timer) {
  enum { RETRY_MS = 10 };
  const node_addon *addon = timer->data;
  if (cp_loop_release(addon->loop) == 0)
    uv_close((uv_handle_t *)timer, end);
  else
    (void)uv_timer_start(timer, on_farewell, RETRY_MS, 0);
}

static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data) {
  node_addon *addon = data;
  addon->ending = true;
  addon->hook = hook;
  addon->references++;
  while (addon->processes != NULL) process_drop(addon->processes);
  while (addon->pools != NULL) pool_drop(addon->pools);
  pool_close_turns(addon);
  (void)uv_timer_init(addon->loop, &addon->farewell);
  addon->farewell.data = addon;
  on_farewell(&addon->farewell);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  addon_release(data);
}

/*
 * A worker that ends unloads what it alone had loaded, but the thread that reaps the children it left behind runs on in
 * our code.
 */
static void stay_loaded(void) {
  Dl_info info;
  static const char here;
  if (dladdr(&here, &info) != 0) (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* ---------------------------------------------------------------- what is exported */

/* Those that are named: each part of lib/ has its own. */
static napi_value set_callbacks(napi_env env, napi_callback_info info) {
  napi_value object, function;
  size_t count = 1;
  void *data;
  if (napi_get_cb_info(env, info, &count, &object, NULL, &data) != napi_ok) return NULL;
  node_addon *addon = data;
  for (int i = 0; i < CALLBACK_COUNT; i++) {
    napi_valuetype type;
    napi_ref reference;
    if (napi_get_named_property(env, object, callback_names[i], &function) != napi_ok) return NULL;
    if (is_absent(env, function)) continue;
    if (napi_typeof(env, function, &type) != napi_ok || type != napi_function) {
      (void)must_be(env, callback_names[i], "a function");
      return NULL;
    }
    if (napi_create_reference(env, function, 1, &reference) != napi_ok) return NULL;
    if (addon->callbacks[i] != NULL) (void)napi_delete_reference(env, addon->callbacks[i]);
    addon->callbacks[i] = reference;
  }
  return NULL;
}

static napi_value close_fd(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int fd;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &fd) != napi_ok) {
    (void)must_be(env, "fd", "a number");
    return NULL;
  }
  if (fd >= 0) (void)close(fd);
  return NULL;
}

typedef struct constant {
  const char *name;
  int value;
} constant;

static napi_value make_constants(napi_env env, const constant *constants, size_t count) {
  napi_value object = NULL;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  for (size_t i = 0; i < count; i++) (void)set(env, object, constants[i].name, make_int(env, constants[i].value));
  (void)napi_object_freeze(env, object);
  return object;
}

static napi_value make_kinds(napi_env env) {
  static const constant kinds[] = {{"PIPE", CP_STDIO_PIPE}, {"OVERLAPPED", CP_STDIO_OVERLAPPED},
                                   {"IPC", CP_STDIO_IPC},   {"IGNORE", CP_STDIO_IGNORE},
                                   {"FD", CP_STDIO_FD},     {"SAME_AS", CP_STDIO_SAME_AS}};
  return make_constants(env, kinds, sizeof kinds / sizeof *kinds);
}

static napi_value make_codes(napi_env env) {
#define CODE(name, value, text) {#name, value},
  static const constant codes[] = {CP_ERRORS(CODE)};
#undef CODE
  return make_constants(env, codes, sizeof codes / sizeof *codes);
}

static napi_value make_function(napi_env env, const char *name, napi_callback function, node_addon *addon) {
  napi_value value = NULL;
  (void)napi_create_function(env, name, NAPI_AUTO_LENGTH, function, addon, &value);
  return value;
}

/* A Buffer that lives as long as the environment. */
static napi_value make_box(napi_env env, size_t size, char **out) {
  napi_value buffer = NULL;
  napi_ref keeper;
  void *memory;
  if (napi_create_buffer(env, size, &memory, &buffer) != napi_ok) return NULL;
  if (napi_create_reference(env, buffer, 1, &keeper) != napi_ok) return NULL;
  *out = memory;
  return buffer;
}

static bool export_all(napi_env env, napi_value exports, node_addon *addon) {
  napi_value class = channel_define(env, addon);
  if (class == NULL || napi_create_reference(env, class, 1, &addon->channel_class) != napi_ok) return false;
  if (!call_init(env, addon)) return false;
  return set(env, exports, "Process", process_define(env, addon)) &&
         set(env, exports, "Pool", pool_define(env, addon)) &&
         set(env, exports, "spawnSync", make_function(env, "spawnSync", spawn_sync, addon)) &&
         set(env, exports, "setCallbacks", make_function(env, "setCallbacks", set_callbacks, addon)) &&
         set(env, exports, "closeFd", make_function(env, "closeFd", close_fd, addon)) &&
         set(env, exports, "inbox", make_box(env, INBOX_BYTES, &addon->inbox)) &&
         set(env, exports, "outbox", make_box(env, OUTBOX_BYTES, &addon->outbox)) &&
         set(env, exports, "stdio", make_kinds(env)) && set(env, exports, "codes", make_codes(env)) &&
         set(env, exports, "version", make_string(env, cp_version()));
}

#ifdef NODE_API_MODULE_GET_API_VERSION
NAPI_MODULE_EXPORT int32_t NODE_API_MODULE_GET_API_VERSION(void); /* the macro defines it, but does not declare it */
#endif

NAPI_MODULE_INIT() {
  stay_loaded();
  node_addon *addon = calloc(1, sizeof *addon);
  bool owned = false;
  if (addon != NULL) {
    addon->env = env;
    addon->references = 1;
    owned = napi_set_instance_data(env, addon, finalize, NULL) == napi_ok;
  }
  bool done = owned && napi_get_uv_event_loop(env, &addon->loop) == napi_ok &&
              napi_add_async_cleanup_hook(env, on_cleanup, addon, NULL) == napi_ok && export_all(env, exports, addon);
  if (done) return exports;
  if (!owned) free(addon);
  (void)napi_throw_error(env, NULL, "child_process.node: the environment refused it");
  return NULL;
}
