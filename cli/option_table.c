/* option_table.c - the options of all commands: one table, read by getopt_long(), by --help and by the messages. */
#include <signal.h>
#include <string.h>

#include "options.h"
#include "values.h"

/* ---------------------------------------------------------------- what each option does */

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
  o->limits_output = true;
  for (int i = 0; i < 3; i++) {
    if (strcmp(value, names[i]) != 0) continue;
    o->child.overflow = (cp_overflow)i;
    return 0;
  }
  return -1;
}

static int set_group(run_options *o, const char *value) {
  (void)value;
  o->child.process_group = true;
  return 0;
}

static int set_preserve_status(run_options *o, const char *value) {
  (void)value;
  o->preserve_status = true;
  return 0;
}

static int set_cwd(run_options *o, const char *value) {
  o->child.cwd = value;
  return *value != '\0' ? 0 : -1;
}

static int set_env(run_options *o, const char *value) {
  o->changes[o->change_count++] = value;
  return *value != '=' && strchr(value, '=') != NULL ? 0 : -1;
}

static int set_unset(run_options *o, const char *value) {
  o->changes[o->change_count++] = value;
  return *value != '\0' && strchr(value, '=') == NULL ? 0 : -1;
}

static int set_clear_env(run_options *o, const char *value) {
  (void)value;
  o->clear_env = true;
  return 0;
}

static int set_argv0(run_options *o, const char *value) {
  o->child.argv0 = value;
  return 0;
}

static int set_shell(run_options *o, const char *value) {
  o->child.shell = value != NULL ? value : CP_SHELL;
  return *o->child.shell != '\0' ? 0 : -1;
}

static int set_keep_fds(run_options *o, const char *value) {
  (void)value;
  o->child.keep_fds = true;
  return 0;
}

static int set_default_signals(run_options *o, const char *value) {
  (void)value;
  o->default_signals = true;
  return 0;
}

static int set_uid(run_options *o, const char *value) {
  o->primary_group = (cp_id){0};
  return parse_user(value, &o->child.uid, &o->primary_group);
}

static int set_gid(run_options *o, const char *value) { return parse_group(value, &o->child.gid); }

static int set_groups(run_options *o, const char *value) {
  return parse_groups(value, &o->groups, &o->child.group_count);
}

static int set_input(run_options *o, const char *value) {
  o->input = value;
  return *value != '\0' ? 0 : -1;
}

static int set_stdio(run_options *o, const char *value) {
  return stdio_spec_parse(value, &o->stdio, &o->problem, &o->problem_index);
}

static int set_detached(run_options *o, const char *value) {
  (void)value;
  o->child.detached = true;
  return 0;
}

static int set_pid_file(run_options *o, const char *value) {
  o->pid_file = value;
  return *value != '\0' ? 0 : -1;
}

static int set_die_with_parent(run_options *o, const char *value) {
  o->child.die_with_parent = SIGKILL;
  return value != NULL ? parse_signal(value, &o->child.die_with_parent) : 0;
}

static int set_json(run_options *o, const char *value) {
  (void)value;
  o->json = true;
  return 0;
}

static int set_events(run_options *o, const char *value) {
  (void)value;
  o->events = true;
  return 0;
}

static int set_time(run_options *o, const char *value) {
  (void)value;
  o->time = true;
  return 0;
}

static int set_quiet(run_options *o, const char *value) {
  (void)value;
  o->quiet = true;
  return 0;
}

static int set_help(run_options *o, const char *value) {
  (void)value;
  o->help = true;
  return 0;
}

/* ---------------------------------------------------------------- of fork */

static int set_serialization(run_options *o, const char *value) {
  o->child.serialization = strcmp(value, "advanced") == 0 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  return strcmp(value, "json") == 0 || strcmp(value, "advanced") == 0 ? 0 : -1;
}

static int set_inspect(run_options *o, const char *value) {
  (void)value;
  o->fork.inspect = true;
  return 0;
}

static int set_replies(run_options *o, const char *value) { return parse_count(value, &o->fork.replies); }

static int set_idle(run_options *o, const char *value) {
  o->fork.has_idle = true;
  return parse_duration(value, &o->fork.idle_ms);
}

static int set_wait(run_options *o, const char *value) {
  (void)value;
  o->fork.wait = true;
  return 0;
}

static int set_max_message(run_options *o, const char *value) {
  size_t bytes;
  if (parse_size(value, &bytes) != 0 || bytes == CP_BUFFER_NONE) return -1;
  o->child.limits.max_bytes = bytes == CP_BUFFER_UNLIMITED ? 0 : bytes;
  return 0;
}

static int set_exec_path(run_options *o, const char *value) {
  o->child.exec_path = value;
  return *value != '\0' ? 0 : -1;
}

static int set_exec_argv(run_options *o, const char *value) {
  o->fork.exec_argv[o->fork.exec_argv_count++] = value;
  return 0;
}

static int set_worker_stdio(run_options *o, const char *value) {
  static const char *const names[] = {"stderr", "inherit", "ignore"}; /* in the order of worker_stdio */
  for (int i = 0; i < 3; i++) {
    if (strcmp(value, names[i]) != 0) continue;
    o->fork.stdio = (worker_stdio)i;
    return 0;
  }
  return -1;
}

static int set_trace(run_options *o, const char *value) {
  (void)value;
  o->fork.trace = true;
  return 0;
}

static int set_trace_file(run_options *o, const char *value) {
  o->fork.trace_file = value;
  return *value != '\0' ? 0 : -1;
}

/* ---------------------------------------------------------------- the table */

#define DURATION_FORM "a duration: seconds, or a number with ms, s, m, h or d (5, 1.5, 500ms, 2m)"
#define SIGNAL_FORM "a signal: a name or number (TERM, SIGTERM, 15)"
#define SIZE_FORM "a size: bytes, or a number with K, M or G, or unlimited"

enum { ALL = FOR_RUN | FOR_EXEC | FOR_FORK, NOT_FORK = FOR_RUN | FOR_EXEC, FORK = FOR_FORK };

const option_spec option_specs[] = {
    {"serialization", 0, required_argument, "HOW", "json or advanced",
     "how messages travel: json (default), or advanced: structured clone", "Messages", set_serialization, FORK},
    {"inspect-style", 0, no_argument, NULL, NULL, "print messages as console.log() does, not as JSON", NULL,
     set_inspect, FORK},
    {"replies", 0, required_argument, "N", "a number, 1 or more",
     "disconnect after N messages of the worker; fewer are a failure", NULL, set_replies, FORK},
    {"idle", 0, required_argument, "DURATION", DURATION_FORM,
     "disconnect when stdin has ended and the worker is silent this long (1s)", NULL, set_idle, FORK},
    {"wait", 0, no_argument, NULL, NULL, "never disconnect: wait until the worker does, or exits", NULL, set_wait,
     FORK},
    {"max-message", 0, required_argument, "BYTES", SIZE_FORM, "limit of a message of the worker (default: 2G)", NULL,
     set_max_message, FORK},

    {"exec-path", 0, required_argument, "FILE", "a program", "what runs the worker (default: itself, or node)",
     "Worker", set_exec_path, FORK},
    {"exec-argv", 0, required_argument, "WORD", NULL, "an argument before the worker's name; may be repeated", NULL,
     set_exec_argv, FORK},
    {"worker-stdio", 0, required_argument, "WHERE", "one of stderr, inherit, ignore",
     "its stdout: our stderr (default), our stdout, or nowhere (with its stderr)", NULL, set_worker_stdio, FORK},

    {"trace", 0, no_argument, NULL, NULL, "print start, end and every message, in and out, on stderr", "Trace",
     set_trace, FORK},
    {"trace-file", 0, required_argument, "FILE", "a file", "write the same for Perfetto or chrome://tracing", NULL,
     set_trace_file, FORK},

    {"timeout", 0, required_argument, "DURATION", DURATION_FORM, "send the kill signal after this long; 0: never",
     "Limits", set_timeout, ALL},
    {"kill-signal", 's', required_argument, "SIG", SIGNAL_FORM, "the signal that a limit sends (default: TERM)", NULL,
     set_kill_signal, ALL},
    {"grace", 'k', required_argument, "DURATION", DURATION_FORM,
     "then send KILL this long after the kill signal (also --kill-after)", NULL, set_grace, ALL},
    {"kill-after", 0, required_argument, "DURATION", DURATION_FORM, NULL, NULL, set_grace, ALL},
    {"group", 'g', no_argument, NULL, NULL, "signals reach its descendants too: it leads a process group of its own",
     NULL, set_group, ALL},
    {"drain-timeout", 0, required_argument, "DURATION", DURATION_FORM,
     "after the end wait this long for output of descendants; 0: for ever", NULL, set_drain_timeout, NOT_FORK},
    {"max-buffer", 0, required_argument, "BYTES", SIZE_FORM,
     "limit of each captured stream (default: 1M with --json, none with --events)", NULL, set_max_buffer, NOT_FORK},
    {"overflow", 0, required_argument, "HOW", "one of kill, truncate, tail",
     "beyond it: kill; truncate: drop the rest; tail: keep the last bytes", NULL, set_overflow, NOT_FORK},

    {"cwd", 'C', required_argument, "DIR", "a directory", "run it in DIR", "Environment", set_cwd, ALL},
    {"env", 'e', required_argument, "NAME=VALUE", "NAME=VALUE", "set a variable; may be repeated", NULL, set_env, ALL},
    {"unset", 'u', required_argument, "NAME", "the name of a variable", "remove a variable; may be repeated", NULL,
     set_unset, ALL},
    {"clear-env", 'i', no_argument, NULL, NULL, "begin with an empty environment", NULL, set_clear_env, ALL},
    {"split-string", 'S', required_argument, "STRING", "words",
     "read the words of STRING here, as options and operands", NULL, NULL, ALL},
    {"argv0", 0, required_argument, "NAME", NULL, "what the command sees as its own name", NULL, set_argv0, NOT_FORK},
    {"shell", 0, optional_argument, "PATH", "the path of a shell", "run it through a shell (default: /bin/sh)", NULL,
     set_shell, NOT_FORK},
    {"keep-fds", 0, no_argument, NULL, NULL, "let it inherit open fds beyond --stdio", NULL, set_keep_fds, ALL},
    {"default-signals", 0, no_argument, NULL, NULL, "no ignored or blocked signals (nohup(1) has no effect)", NULL,
     set_default_signals, ALL},

    {"uid", 0, required_argument, "USER", "a user: an id, or a name that this system knows",
     "run as USER; a name also sets its main group, unless --gid does", "Identity", set_uid, ALL},
    {"gid", 0, required_argument, "GROUP", "a group: an id, or a name that this system knows", "run in GROUP", NULL,
     set_gid, ALL},
    {"groups", 0, required_argument, "LIST", "a list of groups, joined with commas (20,audio)",
     "supplementary groups (default: none with --uid or --gid)", NULL, set_groups, ALL},

    {"input", 0, required_argument, "FILE", "a file, or - for the stdin of child-process", "its stdin (-: ours)",
     "Input and output", set_input, NOT_FORK},
    {"stdio", 0, required_argument, "SPEC", NULL,
     "fd 0,1,2,...: inherit ignore pipe FD <FILE >FILE >>FILE &FD (same as)", NULL, set_stdio, NOT_FORK},

    {"detached", 0, no_argument, NULL, NULL, "start it in a session of its own, print its pid, do not wait", "Lifetime",
     set_detached, NOT_FORK},
    {"pid-file", 0, required_argument, "FILE", "a file", "write its pid to FILE; removed when it ends", NULL,
     set_pid_file, NOT_FORK},
    {"die-with-parent", 0, optional_argument, "SIG", SIGNAL_FORM, "it gets SIG (default: KILL) when child-process dies",
     NULL, set_die_with_parent, ALL},

    {"json", 0, no_argument, NULL, NULL, "capture its output; print one JSON report at the end", "Reports", set_json,
     NOT_FORK},
    {"events", 0, no_argument, NULL, NULL, "print a line of JSON for each event as it happens", NULL, set_events,
     NOT_FORK},
    {"time", 0, no_argument, NULL, NULL, "print times and memory on stderr at the end", NULL, set_time, ALL},
    {"preserve-status", 0, no_argument, NULL, NULL, "exit as the command did, even if a limit ended it", NULL,
     set_preserve_status, ALL},
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
