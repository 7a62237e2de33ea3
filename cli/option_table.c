/* option_table.c - the options of all commands: one table, read by getopt_long(), by --help and by the messages. */
#include <signal.h>
#include <string.h>

#include "options.h"
#include "values.h"

/* ---------------------------------------------------------------- what each option does */

/* An option without a value; one whose value is any text but none at all. */
#define FLAG(name, member)                                                                                             \
  static int name(run_options *o, const char *value) {                                                                 \
    (void)value;                                                                                                       \
    o->member = true;                                                                                                  \
    return 0;                                                                                                          \
  }
#define TEXT(name, member)                                                                                             \
  static int name(run_options *o, const char *value) {                                                                 \
    o->member = value;                                                                                                 \
    return *value != '\0' ? 0 : -1;                                                                                    \
  }

/* The place of `value` among `count` names; -1: it is none of them. */
static int find_choice(const char *value, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcmp(value, names[i]) == 0) return i;
  return -1;
}

static int set_timeout(run_options *o, const char *value) { return parse_duration(value, &o->child.timeout_ms); }
static int set_kill_signal(run_options *o, const char *value) { return parse_signal(value, &o->child.kill_signal); }
static int set_grace(run_options *o, const char *value) { return parse_duration(value, &o->child.grace_ms); }

static int set_drain_timeout(run_options *o, const char *value) {
  return parse_duration(value, &o->child.drain_timeout_ms);
}

static int set_max_buffer(run_options *o, const char *value) {
  o->limits_output = true;
  return parse_size(value, &o->child.max_buffer_bytes);
}

static int set_overflow(run_options *o, const char *value) {
  static const char *const names[] = {"kill", "truncate", "tail"}; /* in the order of cp_overflow */
  int choice = find_choice(value, names, 3);
  o->limits_output = true;
  if (choice >= 0) o->child.overflow = (cp_overflow)choice;
  return choice >= 0 ? 0 : -1;
}

FLAG(set_group, child.process_group)
FLAG(set_preserve_status, preserve_status)

TEXT(set_cwd, child.cwd)

static int set_env(run_options *o, const char *value) {
  o->changes[o->change_count++] = value;
  return *value != '=' && strchr(value, '=') != NULL ? 0 : -1;
}

static int set_unset(run_options *o, const char *value) {
  o->changes[o->change_count++] = value;
  return *value != '\0' && strchr(value, '=') == NULL ? 0 : -1;
}

FLAG(set_clear_env, clear_env)

static int set_argv0(run_options *o, const char *value) {
  o->child.argv0 = value;
  return 0;
}

static int set_shell(run_options *o, const char *value) {
  o->child.shell = value != NULL ? value : CP_SHELL;
  return *o->child.shell != '\0' ? 0 : -1;
}

FLAG(set_keep_fds, child.keep_fds)
FLAG(set_default_signals, default_signals)

static int set_uid(run_options *o, const char *value) {
  o->primary_group = (cp_id){0};
  return parse_user(value, &o->child.uid, &o->primary_group);
}

static int set_gid(run_options *o, const char *value) { return parse_group(value, &o->child.gid); }

static int set_groups(run_options *o, const char *value) {
  return parse_groups(value, &o->groups, &o->child.group_count);
}

static int set_nice(run_options *o, const char *value) { return parse_nice(value, &o->child.nice); }
static int set_umask(run_options *o, const char *value) { return parse_umask(value, &o->child.umask); }

/* The last one for a resource counts. */
static int set_rlimit(run_options *o, const char *value) {
  cp_rlimit limit;
  size_t i = 0;
  if (parse_rlimit(value, &limit) != 0) return -1;
  while (i < o->child.rlimit_count && o->rlimits[i].resource != limit.resource) i++;
  if (i == RLIMIT_MOST) return -1;
  if (i == o->child.rlimit_count) o->child.rlimit_count++;
  o->rlimits[i] = limit;
  return 0;
}

TEXT(set_input, input)

static int set_stdio(run_options *o, const char *value) {
  return stdio_spec_parse(value, &o->stdio, &o->problem, &o->problem_index);
}

FLAG(set_detached, child.detached)

TEXT(set_pid_file, pid_file)

static int set_die_with_parent(run_options *o, const char *value) {
  o->child.die_with_parent = SIGKILL;
  return value != NULL ? parse_signal(value, &o->child.die_with_parent) : 0;
}

FLAG(set_json, json)
FLAG(set_events, events)
FLAG(set_time, time)
FLAG(set_quiet, quiet)
FLAG(set_help, help)

/* ---------------------------------------------------------------- of fork */

static int set_serialization(run_options *o, const char *value) {
  o->child.serialization = strcmp(value, "advanced") == 0 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  return strcmp(value, "json") == 0 || strcmp(value, "advanced") == 0 ? 0 : -1;
}

FLAG(set_inspect, fork.inspect)

static int set_replies(run_options *o, const char *value) { return parse_count(value, &o->fork.replies); }

static int set_idle(run_options *o, const char *value) {
  o->fork.has_idle = true;
  return parse_duration(value, &o->fork.idle_ms);
}

FLAG(set_wait, fork.wait)

static int set_max_message(run_options *o, const char *value) {
  size_t bytes;
  if (parse_size(value, &bytes) != 0 || bytes == CP_BUFFER_NONE) return -1;
  o->child.limits.max_bytes = bytes == CP_BUFFER_UNLIMITED ? 0 : bytes;
  return 0;
}

TEXT(set_exec_path, child.exec_path)

static int set_exec_argv(run_options *o, const char *value) {
  o->fork.exec_argv[o->fork.exec_argv_count++] = value;
  return 0;
}

static int set_worker_stdio(run_options *o, const char *value) {
  static const char *const names[] = {"stderr", "inherit", "ignore"}; /* in the order of worker_stdio */
  int choice = find_choice(value, names, 3);
  if (choice >= 0) o->fork.stdio = (worker_stdio)choice;
  return choice >= 0 ? 0 : -1;
}

FLAG(set_trace, fork.trace)

TEXT(set_trace_file, fork.trace_file)

/* ---------------------------------------------------------------- of pool */

enum { IN_FLIGHT_MAX = 4096, RETRIES_MAX = 1000000 };

TEXT(set_exec, pool.exec)

static int set_size(run_options *o, const char *value) {
  return parse_count(value, &o->pool.size) == 0 && o->pool.size <= CP_POOL_WORKERS_MAX ? 0 : -1;
}

static int set_in_flight(run_options *o, const char *value) {
  return parse_count(value, &o->pool.in_flight) == 0 && o->pool.in_flight <= IN_FLIGHT_MAX ? 0 : -1;
}

static int set_retries(run_options *o, const char *value) {
  o->pool.has_retries = true;
  return parse_whole(value, &o->pool.retries) == 0 && o->pool.retries <= RETRIES_MAX ? 0 : -1;
}

FLAG(set_retry_timeouts, pool.retry_timeouts)
FLAG(set_envelope, pool.envelope)
FLAG(set_ready_message, pool.ready_message)

static int set_start_timeout(run_options *o, const char *value) {
  return parse_duration(value, &o->pool.start_timeout_ms);
}

static int set_max_tasks(run_options *o, const char *value) { return parse_count(value, &o->pool.max_tasks); }
static int set_max_age(run_options *o, const char *value) { return parse_duration(value, &o->pool.max_age_ms); }

static int set_max_rss(run_options *o, const char *value) {
  if (parse_size(value, &o->pool.max_rss_bytes) != 0) return -1;
  return o->pool.max_rss_bytes < CP_BUFFER_NONE ? 0 : -1;
}

FLAG(set_ordered, pool.ordered)
FLAG(set_keyed, pool.keyed)
FLAG(set_json_errors, pool.json_errors)

TEXT(set_resume, pool.resume_file)

FLAG(set_null, pool.null_ended)

static int set_halt(run_options *o, const char *value) {
  static const char *const names[] = {"never", "soon", "now"}; /* in the order of pool_halt */
  int choice = find_choice(value, names, 3);
  if (choice >= 0) o->pool.halt = (pool_halt)choice;
  return choice >= 0 ? 0 : -1;
}

TEXT(set_job_log, pool.job_log_file)
TEXT(set_pool_trace, pool.trace_file)

static int set_progress(run_options *o, const char *value) {
  static const char *const names[] = {"auto", "always", "never"}; /* in the order of pool_progress */
  int choice = value != NULL ? find_choice(value, names, 3) : PROGRESS_ALWAYS;
  if (choice >= 0) o->pool.progress = (pool_progress)choice;
  return choice >= 0 ? 0 : -1;
}

/* ---------------------------------------------------------------- the table */

#define DURATION_FORM "a duration: seconds, or a number with ms, s, m, h or d (5, 1.5, 500ms, 2m)"
#define SIGNAL_FORM "a signal: a name or number (TERM, SIGTERM, 15)"
#define SIZE_FORM "a size: bytes, or a number with K, M or G, or unlimited"

enum {
  PLAIN = FOR_RUN | FOR_EXEC,
  FORK = FOR_FORK,
  POOL = FOR_POOL,
  WORKERS = FOR_POOL | OF_WORKERS,
  COMMANDS = FOR_POOL | OF_COMMANDS,
  TALKS = FOR_FORK | WORKERS, /* whatever has workers */
  RUNS = PLAIN | COMMANDS,    /* whatever runs commands */
  BUT_POOL = PLAIN | FOR_FORK,
  ALL = BUT_POOL | FOR_POOL
};

const option_spec option_specs[] = {
    {"size", 'n', required_argument, "N", "a number, 1 to 4096",
     "so many workers, or commands, at a time (default: the CPUs)", "Pool", set_size, POOL},
    {"exec", 0, required_argument, "COMMAND", "a command", "no workers: run COMMAND for each line, which {} stands for",
     NULL, set_exec, POOL},
    {"ordered", 0, no_argument, NULL, NULL, "print results in the order of the lines (default: as they come)", NULL,
     set_ordered, POOL},
    {"retries", 0, required_argument, "N", "a number, 0 to 1000000",
     "try a task again so often: when its worker died (2), when its command failed (0)", NULL, set_retries, POOL},
    {"halt", 0, required_argument, "WHEN", "one of never, soon, now",
     "after a failure begin nothing new (soon), or end what runs, too (now)", NULL, set_halt, POOL},
    {"keyed", 0, no_argument, NULL, NULL, "print {\"line\":N,\"result\":...}", NULL, set_keyed, WORKERS},
    {"json-errors", 0, no_argument, NULL, NULL, "print failures on stdout: {\"line\":N,\"task\":...,\"error\":{...}}",
     NULL, set_json_errors, WORKERS},
    {"resume", 0, required_argument, "FILE", "a file", "skip lines whose keyed results (--keyed, --json) are in FILE",
     NULL, set_resume, POOL},
    {"null", '0', no_argument, NULL, NULL, "lines of stdin end with NUL, not with a newline", NULL, set_null, COMMANDS},

    {"envelope", 0, no_argument, NULL, NULL, "number tasks: {id, ...task}, answered by {id, result} or {id, error}",
     "Tasks and workers", set_envelope, WORKERS},
    {"in-flight", 0, required_argument, "N", "a number, 1 to 4096",
     "tasks that a worker has at a time (1); more: --envelope", NULL, set_in_flight, WORKERS},
    {"retry-timeouts", 0, no_argument, NULL, NULL, "a task that timed out is tried again, too", NULL,
     set_retry_timeouts, WORKERS},
    {"max-tasks", 0, required_argument, "N", "a number, 1 or more", "replace a worker after N tasks", NULL,
     set_max_tasks, WORKERS},
    {"max-age", 0, required_argument, "DURATION", DURATION_FORM, "replace a worker after this long", NULL, set_max_age,
     WORKERS},
    {"max-rss", 0, required_argument, "BYTES", "a size: bytes, or a number with K, M or G",
     "replace a worker that has more memory", NULL, set_max_rss, WORKERS},
    {"ready-message", 0, no_argument, NULL, NULL, "a worker is ready after its first message, which is no result", NULL,
     set_ready_message, WORKERS},
    {"start-timeout", 0, required_argument, "DURATION", DURATION_FORM, "a worker must be ready by then (30s)", NULL,
     set_start_timeout, WORKERS},

    {"serialization", 0, required_argument, "HOW", "json or advanced",
     "how messages travel: json (default), or advanced: structured clone", "Messages", set_serialization, TALKS},
    {"inspect-style", 0, no_argument, NULL, NULL, "print messages as console.log() does, not as JSON", NULL,
     set_inspect, FORK},
    {"replies", 0, required_argument, "N", "a number, 1 or more",
     "disconnect after N messages of the worker; fewer are a failure", NULL, set_replies, FORK},
    {"idle", 0, required_argument, "DURATION", DURATION_FORM,
     "disconnect when stdin has ended and the worker is silent this long (1s)", NULL, set_idle, FORK},
    {"wait", 0, no_argument, NULL, NULL, "never disconnect: wait until the worker does, or exits", NULL, set_wait,
     FORK},
    {"max-message", 0, required_argument, "BYTES", SIZE_FORM, "limit of a message of the worker (default: 2G)", NULL,
     set_max_message, TALKS},

    {"exec-path", 0, required_argument, "FILE", "a program", "what runs the worker (default: itself, or node)",
     "Worker", set_exec_path, TALKS},
    {"exec-argv", 0, required_argument, "WORD", NULL, "an argument before the worker's name; may be repeated", NULL,
     set_exec_argv, TALKS},
    {"worker-stdio", 0, required_argument, "WHERE", "one of stderr, inherit, ignore",
     "its stdout: our stderr (default), our stdout, or nowhere (with its stderr)", NULL, set_worker_stdio, TALKS},

    {"trace", 0, no_argument, NULL, NULL, "print start, end and every message, in and out, on stderr", "Trace",
     set_trace, FORK},
    {"trace-file", 0, required_argument, "FILE", "a file", "write the same for Perfetto or chrome://tracing", NULL,
     set_trace_file, FORK},
    {"trace", 0, required_argument, "FILE", "a file", "write who did what when, for Perfetto or chrome://tracing", NULL,
     set_pool_trace, POOL},
    {"trace-file", 0, required_argument, "FILE", "a file", NULL, NULL, set_pool_trace, POOL},

    {"timeout", 0, required_argument, "DURATION", DURATION_FORM, "send the kill signal after this long; 0: never",
     "Limits", set_timeout, BUT_POOL},
    {"timeout", 0, required_argument, "DURATION", DURATION_FORM,
     "a task has failed after this long; its worker is killed, a command gets the kill signal", NULL, set_timeout,
     POOL},
    {"kill-signal", 's', required_argument, "SIG", SIGNAL_FORM, "the signal that a limit sends (default: TERM)", NULL,
     set_kill_signal, ALL},
    {"grace", 'k', required_argument, "DURATION", DURATION_FORM,
     "then send KILL this long after the kill signal (also --kill-after)", NULL, set_grace, ALL},
    {"kill-after", 0, required_argument, "DURATION", DURATION_FORM, NULL, NULL, set_grace, ALL},
    {"group", 'g', no_argument, NULL, NULL, "signals reach its descendants too: it leads a process group of its own",
     NULL, set_group, BUT_POOL},
    {"drain-timeout", 0, required_argument, "DURATION", DURATION_FORM,
     "after the end wait this long for output of descendants; 0: for ever", NULL, set_drain_timeout, RUNS},
    {"max-buffer", 0, required_argument, "BYTES", SIZE_FORM,
     "limit of each captured stream (default: 1M with --json, none with --events)", NULL, set_max_buffer, PLAIN},
    {"max-buffer", 0, required_argument, "BYTES", SIZE_FORM, "limit of each stream of a command (default: none)", NULL,
     set_max_buffer, COMMANDS},
    {"overflow", 0, required_argument, "HOW", "one of kill, truncate, tail",
     "beyond it: kill; truncate: drop the rest; tail: keep the last bytes", NULL, set_overflow, RUNS},

    {"cwd", 'C', required_argument, "DIR", "a directory", "run it in DIR", "Environment", set_cwd, ALL},
    {"env", 'e', required_argument, "NAME=VALUE", "NAME=VALUE", "set a variable; may be repeated", NULL, set_env, ALL},
    {"unset", 'u', required_argument, "NAME", "the name of a variable", "remove a variable; may be repeated", NULL,
     set_unset, ALL},
    {"clear-env", 'i', no_argument, NULL, NULL, "begin with an empty environment", NULL, set_clear_env, ALL},
    {"split-string", 'S', required_argument, "STRING", "words",
     "read the words of STRING here, as options and operands", NULL, NULL, ALL},
    {"argv0", 0, required_argument, "NAME", NULL, "what the command sees as its own name", NULL, set_argv0, PLAIN},
    {"shell", 0, optional_argument, "PATH", "the path of a shell", "run it through a shell (default: /bin/sh)", NULL,
     set_shell, RUNS},
    {"keep-fds", 0, no_argument, NULL, NULL, "let it inherit open fds beyond --stdio", NULL, set_keep_fds, ALL},
    {"default-signals", 0, no_argument, NULL, NULL, "no ignored or blocked signals (nohup(1) has no effect)", NULL,
     set_default_signals, ALL},

    {"uid", 0, required_argument, "USER", "a user: an id, or a name that this system knows",
     "run as USER; a name also sets its main group, unless --gid does", "Identity", set_uid, ALL},
    {"gid", 0, required_argument, "GROUP", "a group: an id, or a name that this system knows", "run in GROUP", NULL,
     set_gid, ALL},
    {"groups", 0, required_argument, "LIST", "a list of groups, joined with commas (20,audio)",
     "supplementary groups (default: none with --uid or --gid)", NULL, set_groups, ALL},

    {"nice", 0, required_argument, "N", "a number, -39 to 39", "add N to its nice value; below 0 needs a privilege",
     "Use of the machine", set_nice, ALL},
    {"umask", 0, required_argument, "MODE", "an octal number, 0 to 777", "its file mode creation mask", NULL, set_umask,
     ALL},
    {"rlimit", 0, required_argument, "NAME=SOFT[:HARD]",
     "a limit: NAME=SOFT[:HARD], as nofile=1024, as=2G, cpu=10:20, core=unlimited",
     "limit a resource (nofile, as, cpu, nproc, core, ...)", NULL, set_rlimit, ALL},

    {"input", 0, required_argument, "FILE", "a file, or - for the stdin of child-process", "its stdin (-: ours)",
     "Input and output", set_input, PLAIN},
    {"stdio", 0, required_argument, "SPEC", NULL,
     "fd 0,1,2,...: inherit ignore pipe FD <FILE >FILE >>FILE &FD (same as)", NULL, set_stdio, PLAIN},

    {"detached", 0, no_argument, NULL, NULL, "start it in a session of its own, print its pid, do not wait", "Lifetime",
     set_detached, PLAIN},
    {"pid-file", 0, required_argument, "FILE", "a file", "write its pid to FILE; removed when it ends", NULL,
     set_pid_file, PLAIN},
    {"die-with-parent", 0, optional_argument, "SIG", SIGNAL_FORM, "it gets SIG (default: KILL) when child-process dies",
     NULL, set_die_with_parent, ALL},

    {"json", 0, no_argument, NULL, NULL, "capture its output; print one JSON report at the end", "Reports", set_json,
     PLAIN},
    {"json", 0, no_argument, NULL, NULL, "print a JSON report for each command, instead of what it prints", NULL,
     set_json, COMMANDS},
    {"joblog", 0, required_argument, "FILE", "a file", "write a line for each command, as GNU parallel's", NULL,
     set_job_log, COMMANDS},
    {"progress", 0, optional_argument, "WHEN", "one of auto, always, never",
     "a bar on stderr: on a terminal (auto, default), always, never", NULL, set_progress, POOL},
    {"events", 0, no_argument, NULL, NULL, "print a line of JSON for each event as it happens", NULL, set_events,
     PLAIN},
    {"time", 0, no_argument, NULL, NULL, "print times and memory on stderr at the end", NULL, set_time, BUT_POOL},
    {"preserve-status", 0, no_argument, NULL, NULL, "exit as the command did, even if a limit ended it", NULL,
     set_preserve_status, BUT_POOL},
    {"quiet", 'q', no_argument, NULL, NULL, "print no messages of child-process itself", NULL, set_quiet, ALL},
    {"help", 'h', no_argument, NULL, NULL, "print this help", NULL, set_help, ALL},
    {0},
};

_Static_assert(sizeof option_specs / sizeof *option_specs <= OPTION_LIMIT + 1, "OPTION_LIMIT is too small");

const option_spec *next_option(const cli_command *command, const option_spec *spec) {
  for (spec = spec != NULL ? spec + 1 : option_specs; spec->name != NULL; spec++)
    if (spec->commands & command->kind) return spec;
  return NULL;
}
