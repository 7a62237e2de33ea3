/* process.c - class Process: a child as JavaScript sees it. */
#include <signal.h>
#include <stdlib.h>

#include "plan.h"

/* ---------------------------------------------------------------- memory */

void process_hold(node_process *process) { process->references++; }

void process_release(node_process *process) {
  if (--process->references > 0) return;
  node_addon *addon = process->addon;
  channel_free(process->channel);
  free(process->error);
  free(process);
  addon_release(addon);
}

/* The garbage collector's, or the end of the environment. The reference is ours to delete now. */
static void finalize(napi_env env, void *data, void *hint) {
  node_process *process = data;
  (void)hint;
  (void)napi_delete_reference(env, process->self);
  process->self = NULL;
  process_release(process);
}

/* While there is something to be told, JavaScript's object lives. */
static void keep_alive(node_process *process) {
  if (process->held || process->self == NULL) return;
  process->held = napi_reference_ref(process->addon->env, process->self, NULL) == napi_ok;
}

static void let_go(node_process *process) {
  if (process->held && process->self != NULL) (void)napi_reference_unref(process->addon->env, process->self, NULL);
  process->held = false;
}

static void enlist(node_process *process) {
  node_addon *addon = process->addon;
  process->next = addon->processes;
  process->link = &addon->processes;
  if (process->next != NULL) process->next->link = &process->next;
  addon->processes = process;
}

static void delist(node_process *process) {
  *process->link = process->next;
  if (process->next != NULL) process->next->link = process->link;
}

/* JavaScript takes each fd at once; but a worker may be terminated, or a stream fail to be made, in between. */
static void close_untaken(node_process *process) {
  napi_env env = process->addon->env;
  napi_handle_scope scope;
  napi_value array = NULL;
  if (process->table == NULL || napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, process->table, &array) == napi_ok && array != NULL) table_close_fds(env, array);
  (void)napi_close_handle_scope(env, scope);
  (void)napi_delete_reference(env, process->table);
  process->table = NULL;
}

void process_drop(node_process *process) {
  cp_child *child = process->child;
  close_untaken(process);
  if (child == NULL) return;
  process->child = NULL;
  delist(process);
  if (process->channel != NULL) channel_detach(process->channel);
  cp_child_free(child);
  if (process->context != NULL) (void)napi_async_destroy(process->addon->env, process->context);
  process->context = NULL;
  let_go(process);
  process_release(process);
}

/* ---------------------------------------------------------------- what the child tells */

static napi_value object_of(const node_process *process) {
  napi_value object = NULL;
  (void)napi_get_reference_value(process->addon->env, process->self, &object);
  return object;
}

static void tell_exit(node_process *process, const cp_exit *exit) {
  node_call call;
  napi_env env = process->addon->env;
  if (!process_call_begin(&call, process)) return;
  bool has_code = exit->code >= 0 || exit->reason == CP_REASON_ERROR;
  const napi_value arguments[] = {object_of(process), has_code ? make_int(env, exit->code) : make_null(env),
                                  make_int(env, exit->signal), make_string(env, cp_reason_name(exit->reason))};
  process_call_end(&call, process, CALLBACK_EXIT, 4, arguments);
}

static void child_ended(cp_child *child, const cp_exit *exit, void *data) {
  node_process *process = data;
  (void)child;
  process->ended = true;
  process->usage = exit->usage;
  process_hold(process);
  if (process->channel != NULL) channel_tell_batch(process->channel);
  tell_exit(process, exit);
  process_release(process);
}

static void child_closed(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  process_drop(data);
}

static void keep_error(node_process *process, const cp_error *error) {
  if (process->error == NULL) process->error = malloc(sizeof *process->error);
  if (process->error != NULL) *process->error = *error;
}

/* Either it was refused so late that spawn() did not know yet (its file system was slow), or its channel is broken. */
static void child_failed(cp_child *child, const cp_error *error, void *data) {
  node_process *process = data;
  if (cp_child_started(child, NULL) == 0) {
    if (process->channel != NULL) channel_tell_error(process->channel, error);
    return;
  }
  if (process->refused) return;
  process->refused = true;
  keep_error(process, error);
  tell_exit(process, cp_child_exit(child));
}

void process_channel_closed(node_process *process) {
  if (process->given_up) process_drop(process);
}

/* ---------------------------------------------------------------- spawn */

static int begin(node_process *process, napi_value object) {
  napi_env env = process->addon->env;
  napi_value name;
  (void)napi_create_string_latin1(env, "PROCESSWRAP", NAPI_AUTO_LENGTH, &name);
  if (napi_async_init(env, object, name, &process->context) != napi_ok) return UV_ENOMEM;
  keep_alive(process);
  return 0;
}

static void set_events(node_process *process, cp_options *options, cp_error *error) {
  options->on_exit = child_ended;
  options->on_close = child_closed;
  options->on_error = child_failed;
  options->data = process;
  options->error = error;
}

/* Begins: the kernel has it from now on. */
static int start(node_process *process, napi_value object, node_plan *plan) {
  cp_error error;
  set_events(process, &plan->options, &error);
  plan_clear_nonblocking(plan);
  int rc = cp_spawn(&process->child, process->addon->loop, plan->file, plan->args, &plan->options);
  int pipes = plan_take_fds(plan, process->child);
  if (pipes > 0) (void)napi_create_reference(process->addon->env, plan->array, 1, &process->table);
  if (rc != 0) {
    keep_error(process, &error);
    return rc;
  }
  process->spawned = true;
  process_hold(process);
  enlist(process);
  rc = begin(process, object);
  if (rc == 0) return 0;
  (void)cp_child_kill(process->child, SIGKILL); /* nobody could ever be told of it */
  process_drop(process);
  return rc;
}

/* As Node, whose program takes it for certain, we wait. But a file system that does not answer must not take all for ever. */
static int await_start(cp_child *child, cp_error *error) {
  enum { LOOKS = 100 }; /* of 50 ms */
  int rc = UV_EALREADY;
  for (int i = 0; i < LOOKS && rc == UV_EALREADY; i++) rc = cp_child_started(child, error);
  return rc == UV_EALREADY ? 0 : rc; /* a refusal that comes later is an event */
}

/* Of a child that was refused there may still be a channel, whose end is told: it goes when it has been. */
static int settle(node_process *process) {
  cp_error error;
  if (process->child == NULL) return UV_ECANCELED;
  int rc = await_start(process->child, &error);
  process->refused = rc != 0;
  if (rc != 0) keep_error(process, &error);
  return rc != 0 ? rc : cp_child_pid(process->child);
}

/* ---------------------------------------------------------------- methods */

/* `this` is an instance: Node-API checks the receivers of methods. But the class may be asked for other things. */
static node_process *receiver(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments,
                              napi_value *object) {
  napi_value own;
  void *data = NULL;
  if (object == NULL) object = &own;
  if (napi_get_cb_info(env, info, count, arguments, object, NULL) != napi_ok) return NULL;
  if (napi_unwrap(env, *object, &data) == napi_ok) return data;
  (void)must_be(env, "this", "a Process");
  return NULL;
}

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value object, target = NULL;
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, &data) != napi_ok) return NULL;
  (void)napi_get_new_target(env, info, &target);
  if (target == NULL) {
    (void)napi_throw_type_error(env, NULL, "Process needs new");
    return NULL;
  }
  node_process *process = calloc(1, sizeof *process);
  if (process == NULL || napi_wrap(env, object, process, finalize, NULL, &process->self) != napi_ok) {
    free(process);
    (void)napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  process->addon = data;
  process->addon->references++;
  process->references = 1;
  return object;
}

static napi_value spawn(napi_env env, napi_callback_info info) {
  napi_value object, argument;
  size_t count = 1;
  node_plan plan;
  node_process *process = receiver(env, info, &count, &argument, &object);
  if (process == NULL) return NULL;
  bool readable = plan_read(&plan, env, argument); /* its getters may do anything, such as to call spawn() */
  int rc = 0;
  if (process->spawned)
    rc = UV_EALREADY;
  else if (process->addon->ending)
    rc = UV_ECANCELED;
  else if (readable)
    rc = start(process, object, &plan);
  plan_free(&plan);
  return readable ? make_int(env, rc) : NULL; /* a TypeError is pending */
}

static napi_value started(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  return process != NULL ? make_int(env, settle(process)) : NULL;
}

static napi_value failure(napi_env env, napi_callback_info info) {
  napi_value object;
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  if (process->error == NULL) return make_undefined(env);
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  set_failure(env, object, process->error);
  return object;
}

static napi_value channel_of(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  return process != NULL ? channel_object(env, process) : NULL;
}

static bool signal_argument(napi_env env, napi_callback_info info, node_process **process, int *signum) {
  napi_value argument;
  size_t count = 1;
  *process = receiver(env, info, &count, &argument, NULL);
  if (*process == NULL) return false;
  return napi_get_value_int32(env, argument, signum) == napi_ok || must_be(env, "signal", "a number");
}

/* Signal 0 asks only. */
static int send_signal(const node_process *process, int signum, bool to_tree) {
  if (process->child == NULL) return UV_ESRCH;
  if (signum == 0) return cp_child_exit(process->child) == NULL ? 0 : UV_ESRCH;
  return to_tree ? cp_child_kill_tree(process->child, signum) : cp_child_kill(process->child, signum);
}

static napi_value kill_it(napi_env env, napi_callback_info info) {
  node_process *process;
  int signum;
  return signal_argument(env, info, &process, &signum) ? make_int(env, send_signal(process, signum, false)) : NULL;
}

static napi_value kill_tree(napi_env env, napi_callback_info info) {
  node_process *process;
  int signum;
  return signal_argument(env, info, &process, &signum) ? make_int(env, send_signal(process, signum, true)) : NULL;
}

static napi_value ref(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  process->unrefed = false;
  if (process->child != NULL) cp_child_ref(process->child);
  return NULL;
}

static napi_value unref(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  process->unrefed = true;
  if (process->child != NULL) cp_child_unref(process->child);
  return NULL;
}

static napi_value has_ref(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  bool runs = process->child != NULL && cp_child_exit(process->child) == NULL;
  return make_bool(env, runs && !process->unrefed);
}

/* A channel that is still open has things to tell. */
static napi_value close_it(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  process->given_up = true;
  close_untaken(process);
  if (process->channel == NULL || !channel_is_open(process->channel)) process_drop(process);
  return NULL;
}

static napi_value usage(napi_env env, napi_callback_info info) {
  node_process *process = receiver(env, info, NULL, NULL, NULL);
  if (process == NULL) return NULL;
  return process->ended ? make_usage(env, &process->usage) : make_undefined(env);
}

napi_value process_define(napi_env env, node_addon *addon) {
#define METHOD(name, function)                                                                                         \
  { (name), NULL, (function), NULL, NULL, NULL, napi_default_method, NULL }
  const napi_property_descriptor methods[] = {
      METHOD("spawn", spawn),     METHOD("started", started),
      METHOD("failure", failure), METHOD("channel", channel_of),
      METHOD("kill", kill_it),    METHOD("killTree", kill_tree),
      METHOD("ref", ref),         METHOD("unref", unref),
      METHOD("hasRef", has_ref),  METHOD("close", close_it),
      METHOD("usage", usage),
  };
  napi_value class = NULL;
  (void)napi_define_class(env, "Process", NAPI_AUTO_LENGTH, construct, addon, sizeof methods / sizeof *methods, methods,
                          &class);
  return class;
}
