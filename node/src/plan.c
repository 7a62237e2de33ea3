/* plan.c - the plan of spawn() and spawnSync(): a plain object, read into options. */
#include "plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* argv[0] is the first of `args`; without any it is the file. */
static bool read_command(node_plan *plan, napi_env env, napi_value object) {
  node_text *text = &plan->text;
  cp_options *options = &plan->options;
  const char *const *args;
  if (!get_string(env, object, "file", text, &plan->file)) return false;
  if (!get_strings(env, object, "args", text, &args)) return false;
  options->argv0 = args[0];
  plan->args = args[0] != NULL ? args + 1 : NULL;
  return get_optional_string(env, object, "cwd", text, &options->cwd) &&
         get_optional_strings(env, object, "env", text, &options->env);
}

static bool read_settings(node_plan *plan, napi_env env, napi_value object) {
  cp_options *options = &plan->options;
  double death_signal;
  bool advanced;
  bool done = get_bool(env, object, "detached", &options->detached) &&
              get_optional_id(env, object, "uid", &options->uid) &&
              get_optional_id(env, object, "gid", &options->gid) &&
              get_bool(env, object, "processGroup", &options->process_group) &&
              get_number(env, object, "dieWithParent", &death_signal) && get_bool(env, object, "advanced", &advanced);
  if (!done) return false;
  options->die_with_parent = death_signal >= 0 && death_signal <= 64 ? (int)death_signal : -1;
  options->serialization = advanced ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  return true;
}

static uint64_t amount_of(const char *text) {
  return *text == 'u' ? CP_RLIMIT_INFINITY : strtoull(text, NULL, 10); /* "unlimited" */
}

/* Name, soft, hard of each. A name that this system does not know is a number that the library refuses. */
static bool read_rlimits(node_plan *plan, napi_env env, napi_value object) {
  const char *const *words;
  size_t count = 0;
  if (!get_strings(env, object, "rlimits", &plan->text, &words)) return false;
  while (words[count] != NULL) count++;
  cp_rlimit *rlimits = text_alloc(&plan->text, (count / 3 + 1) * sizeof *rlimits);
  if (rlimits == NULL) return must_be(env, "plan.rlimits", "shorter: out of memory");
  for (size_t i = 0; i < count / 3; i++) {
    const char *const *word = words + 3 * i;
    rlimits[i] = (cp_rlimit){cp_rlimit_number(word[0]), amount_of(word[1]), amount_of(word[2])};
  }
  plan->options.rlimits = rlimits;
  plan->options.rlimit_count = count / 3;
  return true;
}

static bool read_machine_use(node_plan *plan, napi_env env, napi_value object) {
  double nice, umask;
  napi_value use;
  if (napi_get_named_property(env, object, "machineUse", &use) != napi_ok) return false;
  if (is_absent(env, use)) return true;
  if (!get_number(env, use, "nice", &nice) || !get_number(env, use, "umask", &umask)) return false;
  plan->options.nice = (int)nice;
  if (umask >= 0) plan->options.umask = CP_ID((int64_t)umask);
  return read_rlimits(plan, env, use);
}

static bool table_of(napi_env env, napi_value array, int32_t **table, int *count) {
  napi_typedarray_type type;
  size_t length;
  void *memory;
  if (napi_get_typedarray_info(env, array, &type, &length, &memory, NULL, NULL) != napi_ok) return false;
  if (type != napi_int32_array || length % 2 != 0 || length / 2 > CP_STDIO_MAX) return false;
  *table = memory;
  *count = (int)(length / 2);
  return true;
}

/* The last property: from here on no JavaScript runs that could take the memory of the array away. */
static bool read_table(node_plan *plan, napi_env env, napi_value object) {
  if (napi_get_named_property(env, object, "stdio", &plan->array) != napi_ok) return false;
  return table_of(env, plan->array, &plan->table, &plan->count) || must_be(env, "plan.stdio", "an Int32Array of pairs");
}

static bool make_entries(node_plan *plan, napi_env env) {
  cp_stdio *entries = text_alloc(&plan->text, ((size_t)plan->count + 1) * sizeof *entries);
  if (entries == NULL) return must_be(env, "plan.stdio", "shorter: out of memory");
  for (int i = 0; i < plan->count; i++)
    entries[i] = (cp_stdio){.kind = (cp_stdio_kind)plan->table[2 * i], .fd = plan->table[2 * i + 1]};
  plan->options.stdio = (cp_stdio_list){entries, (size_t)plan->count};
  return true;
}

/* Node's own pipes are sockets, which hold more than a pipe does by default: writer and reader would change turns too often. */
enum { PIPE_BYTES = 128 * 1024 };

bool plan_read(node_plan *plan, napi_env env, napi_value object) {
  text_init(&plan->text);
  plan->args = NULL;
  plan->options = (cp_options){
      .keep_fds = true, .raw_messages = true, .pipe_size_bytes = PIPE_BYTES, .limits = {.max_bytes = UINT32_MAX}};
  napi_valuetype type;
  if (napi_typeof(env, object, &type) != napi_ok || type != napi_object) return must_be(env, "plan", "an object");
  return read_command(plan, env, object) && read_settings(plan, env, object) && read_machine_use(plan, env, object) &&
         read_table(plan, env, object) && make_entries(plan, env);
}

void plan_free(node_plan *plan) { text_free(&plan->text); }

void plan_clear_nonblocking(const node_plan *plan) {
  const cp_stdio_list *stdio = &plan->options.stdio;
  for (size_t i = 0; i < 3 && i < stdio->count; i++) {
    if (stdio->entries[i].kind != CP_STDIO_FD) continue;
    int flags = fcntl(stdio->entries[i].fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK)) (void)fcntl(stdio->entries[i].fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

static bool is_pipe(int32_t kind) { return kind == CP_STDIO_PIPE || kind == CP_STDIO_OVERLAPPED; }

int plan_take_fds(node_plan *plan, cp_child *child) {
  int taken = 0;
  for (int i = 0; i < plan->count; i++) {
    if (!is_pipe(plan->table[2 * i])) continue;
    cp_stream *stream = child != NULL ? cp_child_stream(child, i) : NULL;
    int fd = cp_stream_take_fd(stream);
    plan->table[2 * i + 1] = fd >= 0 ? fd : -1;
    taken += fd >= 0;
  }
  return taken;
}

void table_close_fds(napi_env env, napi_value array) {
  int32_t *table;
  int count;
  if (!table_of(env, array, &table, &count)) return;
  for (int i = 0; i < count; i++) {
    if (!is_pipe(table[2 * i]) || table[2 * i + 1] < 0) continue;
    (void)close(table[2 * i + 1]);
    table[2 * i + 1] = -1;
  }
}
