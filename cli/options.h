/* options.h - the options of run, exec, fork and pool. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "child_process.h"
#include "command.h"
#include "stdio_spec.h"

/* Where the outputs of a forked worker go. */
typedef enum worker_stdio { WORKER_STDERR, WORKER_INHERIT, WORKER_IGNORE } worker_stdio;

enum { DEFAULT_IDLE_MS = 1000, OPTION_LIMIT = 96, RLIMIT_MOST = 32 };

/* What only fork has. */
typedef struct fork_options {
  const char **exec_argv; /* child.exec_argv */
  size_t exec_argv_count;
  cp_stdio entries[4]; /* child.stdio */
  worker_stdio stdio;
  const char *trace_file;
  uint64_t replies; /* 0: not limited */
  uint64_t idle_ms;
  bool has_idle, wait, inspect, trace;
} fork_options;

/* Whether a progress bar is drawn: on a terminal, in any case, or not at all. */
typedef enum pool_progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER } pool_progress;

/* What a failure does to what is not done: nothing, it is not begun, or what runs is ended, too. */
typedef enum pool_halt { HALT_NEVER, HALT_SOON, HALT_NOW } pool_halt;

/* What only pool has. */
typedef struct pool_options {
  const char *exec; /* the command; NULL: there are workers */
  const char *resume_file, *trace_file, *job_log_file;
  uint64_t size, in_flight; /* 0: the default */
  uint64_t retries, max_tasks, max_age_ms, start_timeout_ms;
  size_t max_rss_bytes;
  pool_progress progress;
  pool_halt halt;
  bool has_retries, retry_timeouts, envelope, ordered, keyed, json_errors, ready_message, null_ended;
  const char *of_workers, *of_commands; /* the last option given that only the one or the other has; NULL */
} pool_options;

typedef struct run_options {
  cp_options child;     /* what the library is told */
  const char **command; /* the operands as given, NULL-terminated: the file or script, then the arguments */
  const char **changes; /* child.env_overlay */
  size_t change_count;
  stdio_spec stdio;
  fork_options fork;
  pool_options pool;
  cp_id *groups;
  cp_rlimit rlimits[RLIMIT_MOST]; /* child.rlimits: one for each resource at most */
  cp_id primary_group;            /* of a user given by name */
  const char *input;
  const char *pid_file;
  void **blocks; /* memory of --split-string, into which `command` and others point */
  size_t block_count;
  bool clear_env, default_signals, json, events, time, quiet, preserve_status, help;
  bool limits_output;  /* --max-buffer or --overflow was given */
  const char *problem; /* why a value was refused, if there is more to say than its form */
  size_t problem_index;
} run_options;

/* Marks of options that pool has for workers only, or for commands (--exec) only. */
enum { OF_WORKERS = 256, OF_COMMANDS = 512 };

/* One row of the table: what getopt_long(), --help and the messages know about an option. */
typedef struct option_spec {
  const char *name;
  char letter;                                         /* 0: none */
  int argument;                                        /* no_argument, required_argument, optional_argument */
  const char *value;                                   /* its name in --help: "DURATION" */
  const char *form;                                    /* completes "'x' is not ..." */
  const char *help;                                    /* one line; NULL: an alias, not listed */
  const char *group;                                   /* the heading above it; NULL: the same as the one before */
  int (*set)(run_options *options, const char *value); /* -1: not of that form */
  unsigned commands;                                   /* the kinds that have it, and OF_* */
} option_spec;

/* Ends with a row without a name. */
extern const option_spec option_specs[];

/* The next one that the command has, after `spec`; NULL: the first one. NULL: there is none. */
const option_spec *next_option(const cli_command *command, const option_spec *spec);

/**
 * Reads the words after the command's name.
 * @param options  takes all; options_dispose(), also after a failure.
 * @return 0, or -1 after one line on stderr.
 */
int options_parse(run_options *options, const cli_command *command, int argc, char **argv);

void options_dispose(run_options *options);

#endif
