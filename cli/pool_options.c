/* pool_options.c - the options of pool, all of them together. */
#include "pool_options.h"

#include <signal.h>

#include "message.h"

enum { GRACE_MS = 1000, COMMAND_RETRIES = 0, WORKER_RETRIES = 2 };

/* Groups of processes and the signal of a dying parent are there with the Linux launcher only. */
#ifdef CP_LAUNCHER_LINUX
enum { HAS_GROUPS = true };
#else
enum { HAS_GROUPS = false };
#endif

int pool_options_check(const run_options *o, const cli_command *command, int operands) {
  const pool_options *pool = &o->pool;
  if (pool->exec != NULL && operands > 0)
    say_usage(command->name, "--exec has the whole command: '%s' is too much", o->pool.exec);
  else if (pool->exec != NULL && pool->of_workers != NULL)
    say_usage(command->name, "--%s is for workers: with --exec there are none", pool->of_workers);
  else if (pool->exec == NULL && pool->of_commands != NULL)
    say_usage(command->name, "--%s needs --exec: it is about commands", pool->of_commands);
  else
    return 0;
  return -1;
}

/*
 * A session of its own: Ctrl-C on the terminal, whose first one lets what runs come to its end, reaches only us; and
 * who asks the terminal for a password fails at once, instead of being stopped for ever as a group in the background.
 */
static void detach(cp_options *child) {
  child->detached = true;
  child->process_group = HAS_GROUPS;
  if (HAS_GROUPS && child->die_with_parent == 0) child->die_with_parent = SIGKILL;
  if (child->grace_ms == 0) child->grace_ms = GRACE_MS;
}

static void complete_commands(run_options *o) {
  for (int i = 0; i < 3; i++) o->stdio.entries[i] = i == 0 ? CP_IGNORE : CP_PIPE;
  o->child.stdio = (cp_stdio_list){o->stdio.entries, o->stdio.count};
  o->child.shell_positional = o->child.shell != NULL;
  o->json = o->json || o->pool.resume_file != NULL;
  o->child.encoding = o->json ? CP_ENCODING_UTF8 : CP_ENCODING_BYTES;
  if (o->child.max_buffer_bytes == 0) o->child.max_buffer_bytes = CP_BUFFER_UNLIMITED;
}

/* Without --worker-stdio inherit its stdout is a pipe of ours, as its stderr is: stdout is for results. */
static void complete_workers(run_options *o) {
  o->child.silent = o->fork.stdio != WORKER_INHERIT;
  o->child.exec_argv = o->fork.exec_argv;
  o->child.encoding = CP_ENCODING_BYTES;
  if (o->pool.in_flight == 0) o->pool.in_flight = 1;
  o->pool.envelope = o->pool.envelope || o->pool.in_flight > 1;
  o->pool.keyed = o->pool.keyed || o->pool.resume_file != NULL;
}

void pool_options_complete(run_options *o) {
  pool_options *pool = &o->pool;
  detach(&o->child);
  if (pool->size == 0) pool->size = cp_available_cpus();
  if (!pool->has_retries) pool->retries = pool->exec != NULL ? COMMAND_RETRIES : WORKER_RETRIES;
  if (pool->exec != NULL)
    complete_commands(o);
  else
    complete_workers(o);
}
