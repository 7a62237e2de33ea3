/* options.c - reads the words after the name of a command, by the table in option_table.c. */
#include "options.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "pool_options.h"
#include "split.h"
#include "suggest.h"

enum { FIRST_VALUE = 256 };

/* ---------------------------------------------------------------- getopt_long */

/* '+': operands end the options, so that the command's own are left alone. ':': a missing value is told apart. */
static void fill_tables(const cli_command *command, struct option *longs, char *shorts) {
  *shorts++ = '+';
  *shorts++ = ':';
  for (const option_spec *spec = next_option(command, NULL); spec != NULL; spec = next_option(command, spec)) {
    *longs++ = (struct option){spec->name, spec->argument, NULL, FIRST_VALUE + (int)(spec - option_specs)};
    if (spec->letter == 0) continue;
    *shorts++ = spec->letter;
    if (spec->argument == required_argument) *shorts++ = ':';
  }
  *longs = (struct option){0};
  *shorts = '\0';
}

static const option_spec *find_letter(const cli_command *command, int letter) {
  for (const option_spec *spec = next_option(command, NULL); spec != NULL; spec = next_option(command, spec))
    if (spec->letter == letter) return spec;
  return NULL;
}

static const option_spec *find_name(const cli_command *command, const char *name, size_t length) {
  for (const option_spec *spec = next_option(command, NULL); spec != NULL; spec = next_option(command, spec))
    if (strlen(spec->name) == length && strncmp(spec->name, name, length) == 0) return spec;
  return NULL;
}

static const char *suggest_name(const cli_command *command, const char *name) {
  const char *best = NULL;
  size_t best_distance = SIZE_MAX;
  for (const option_spec *spec = next_option(command, NULL); spec != NULL; spec = next_option(command, spec)) {
    size_t distance = edit_distance(name, spec->name);
    if (distance >= best_distance || !is_slip(distance, strlen(name))) continue;
    best = spec->name;
    best_distance = distance;
  }
  return best;
}

/* `word` is the whole argument, "--timout=5". getopt_long() guesses at prefixes; we only ask. */
static int refuse_word(const cli_command *command, const char *word) {
  char name[64] = "";
  size_t length = strcspn(word + 2, "=");
  if (length < sizeof name) memcpy(name, word + 2, length);
  const char *near = suggest_name(command, name);
  const option_spec *spec = length > 0 ? next_option(command, NULL) : NULL;
  for (; near == NULL && spec != NULL; spec = next_option(command, spec))
    if (strncmp(spec->name, word + 2, length) == 0) near = spec->name;
  if (near != NULL)
    say_usage(command->name, "unknown option '%.*s'; did you mean '--%s'?", (int)length + 2, word, near);
  else
    say_usage(command->name, "unknown option '%.*s'", (int)length + 2, word);
  return -1;
}

static int refuse(const cli_command *command, int kind, const char *word) {
  bool is_long = strncmp(word, "--", 2) == 0;
  const option_spec *known =
      is_long ? find_name(command, word + 2, strcspn(word + 2, "=")) : find_letter(command, optopt);
  if (known == NULL && is_long) return refuse_word(command, word);
  if (known == NULL)
    say_usage(command->name, "unknown option '-%c'", optopt);
  else if (kind == ':')
    say_usage(command->name, "--%s needs %s", known->name, known->form != NULL ? known->form : known->value);
  else
    say_usage(command->name, "--%s takes no value", known->name);
  return -1;
}

static int apply(run_options *options, const cli_command *command, const option_spec *spec, const char *value) {
  options->problem = NULL;
  if (spec->commands & OF_WORKERS) options->pool.of_workers = spec->name;
  if (spec->commands & OF_COMMANDS) options->pool.of_commands = spec->name;
  if (spec->set(options, value) == 0) return 0;
  if (options->problem != NULL)
    say_usage(command->name, "--%s '%s': fd %zu %s", spec->name, value, options->problem_index, options->problem);
  else
    say_usage(command->name, "--%s: '%s' is not %s", spec->name, value, spec->form);
  return -1;
}

/* The option that getopt_long() found; NULL if it took an abbreviation for it, which we do not. */
static const option_spec *found_spec(const cli_command *command, int found, const char *word) {
  if (found < FIRST_VALUE) return find_letter(command, found);
  const option_spec *spec = &option_specs[found - FIRST_VALUE];
  return strlen(spec->name) == strcspn(word + 2, "=") ? spec : NULL;
}

/* Room for `more` words and a NULL after them. */
static int reserve(const char ***list, size_t used, int more) {
  size_t count = used + (size_t)more + 1;
  const char **words = realloc(*list, count * sizeof *words);
  if (words == NULL) return -1;
  for (size_t i = used; i < count; i++) words[i] = NULL;
  *list = words;
  return 0;
}

/* For options that may be repeated: as many values as there may be options. */
static int reserve_lists(run_options *options, int argc) {
  if (reserve(&options->changes, options->change_count, argc) != 0) return -1;
  return reserve(&options->fork.exec_argv, options->fork.exec_argv_count, argc);
}

/* Memory that is freed with the options. Takes `block`, which may be NULL, on failure too. */
static int keep_block(run_options *options, void *block) {
  void **blocks = realloc(options->blocks, (options->block_count + 1) * sizeof *blocks);
  if (blocks != NULL) options->blocks = blocks;
  if (blocks == NULL || block == NULL) {
    free(block);
    say("out of memory");
    return -1;
  }
  blocks[options->block_count++] = block;
  return 0;
}

/*
 * --split-string: its words stand in the place of the option. What came before them is read already, so a list of argv[0],
 * the words and the rest is read from its beginning.
 */
static int split_string(run_options *options, const cli_command *command, int *argc, char ***argv) {
  char **words;
  size_t count, rest = (size_t)(*argc - optind);
  const char *problem = split_words(optarg, &words, &count);
  if (problem != NULL) {
    say_usage(command->name, "--split-string: %s: '%s'", problem, optarg);
    return -1;
  }
  if (keep_block(options, words) != 0) return -1;
  char **list = calloc(count + rest + 2, sizeof *list);
  if (keep_block(options, list) != 0) return -1;
  list[0] = (*argv)[0];
  memcpy(list + 1, words, count * sizeof *list);
  memcpy(list + 1 + count, *argv + optind, rest * sizeof *list);
  *argv = list;
  *argc = (int)(count + rest + 1);
  optind = 1;
  return reserve_lists(options, *argc);
}

static int parse_words(run_options *options, const cli_command *command, int *count, char ***list) {
  struct option longs[OPTION_LIMIT + 1];
  char shorts[2 * OPTION_LIMIT + 3];
  fill_tables(command, longs, shorts);
  opterr = 0;
  optind = 1;
  for (;;) {
    int argc = *count;
    char **argv = *list;
    const char *word = optind < argc ? argv[optind] : "";
    int found = getopt_long(argc, argv, shorts, longs, NULL);
    if (found == -1) return 0;
    if (found == '?' || found == ':') return refuse(command, found, word);
    const option_spec *spec = found_spec(command, found, word);
    if (spec == NULL) return refuse_word(command, word);
    if (spec->letter == 'S') {
      if (split_string(options, command, count, list) != 0) return -1;
      continue;
    }
    if (apply(options, command, spec, optarg) != 0) return -1;
    if (options->help) return 0;
  }
}

/* ---------------------------------------------------------------- all of them together */

static bool has_pipe(const run_options *o) {
  for (size_t i = 0; i < o->stdio.count; i++)
    if (o->stdio.entries[i].kind == CP_STDIO_PIPE) return true;
  return false;
}

static int check_together(const run_options *o, const cli_command *command) {
  if (command->kind == FOR_POOL) return 0; /* has its own */
  const struct {
    bool wrong;
    const char *text;
  } rules[] = {
      {o->json && o->events, "--json and --events exclude each other"},
      {o->limits_output && !o->json && !o->events,
       "--max-buffer and --overflow need --json or --events: nothing is captured without them"},
      {o->events && o->child.overflow != CP_OVERFLOW_KILL, "--overflow truncate and tail need --json"},
      {o->child.grace_ms > 0 && o->child.timeout_ms == 0 && !o->limits_output,
       "--grace needs --timeout or --max-buffer"},
      {o->child.detached && o->child.timeout_ms > 0, "--detached does not wait: --timeout has no effect"},
      {o->child.detached && o->time, "--detached does not wait: --time has no effect"},
      {o->child.detached && o->events, "--detached does not wait: --events has no effect"},
      {o->child.detached && o->child.die_with_parent != 0, "--detached and --die-with-parent exclude each other"},
      {o->child.detached && has_pipe(o), "--detached does not wait: a pipe would have no other end"},
      {o->fork.wait && o->fork.has_idle, "--wait and --idle exclude each other"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (!rules[i].wrong) continue;
    say_usage(command->name, "%s", rules[i].text);
    return -1;
  }
  return 0;
}

/* What is not said is inherited, captured if there is a report, and dropped if nobody waits. */
static cp_stdio default_entry(const run_options *o, size_t index) {
  if (o->child.detached) return CP_IGNORE;
  return (o->json || o->events) && index > 0 ? CP_PIPE : CP_INHERIT;
}

static void complete_stdio(run_options *o) {
  if (o->input != NULL) o->stdio.entries[0] = strcmp(o->input, "-") == 0 ? CP_INHERIT : CP_READ_FILE(o->input);
  for (size_t i = 0; i < 3; i++)
    if (o->stdio.entries[i].kind == CP_STDIO_DEFAULT) o->stdio.entries[i] = default_entry(o, i);
  o->child.stdio = (cp_stdio_list){o->stdio.entries, o->stdio.count};
}

/* Whether a command that keeps our signals differs from one with a clean slate. Not every launcher can keep them, so it
 * is asked for only then. */
static bool has_unusual_signals(void) {
  sigset_t blocked;
  struct sigaction action;
  (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
  for (int signum = 1; signum < NSIG; signum++) {
    if (sigismember(&blocked, signum) == 1) return true;
    if (sigaction(signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN) return true;
  }
  return false;
}

/* Its stdin is empty: ours is messages. Its stdout is kept apart from ours, which is messages too, unless asked for. */
static void complete_fork(run_options *o) {
  fork_options *fork = &o->fork;
  bool ignored = fork->stdio == WORKER_IGNORE;
  fork->entries[0] = CP_IGNORE;
  fork->entries[1] = ignored ? CP_IGNORE : fork->stdio == WORKER_INHERIT ? CP_INHERIT : CP_FD(STDERR_FILENO);
  fork->entries[2] = ignored ? CP_IGNORE : CP_INHERIT;
  fork->entries[3] = CP_IPC;
  o->child.stdio = (cp_stdio_list){fork->entries, sizeof fork->entries / sizeof *fork->entries};
  o->child.exec_argv = fork->exec_argv;
  if (!fork->has_idle) fork->idle_ms = DEFAULT_IDLE_MS;
}

static void complete(run_options *o, const cli_command *command, char **operands) {
  bool shell = command->kind == FOR_EXEC;
  static const char *const empty[] = {NULL};
  o->command = (const char **)operands;
  if (o->clear_env) o->child.env = empty;
  o->child.env_overlay = o->changes;
  o->child.groups = o->groups;
  o->child.rlimits = o->rlimits;
  if (!o->child.gid.given) o->child.gid = o->primary_group;
  if (shell && o->child.shell == NULL) o->child.shell = CP_SHELL;
  o->child.shell_positional = shell;
  o->child.keep_signals = !o->default_signals && has_unusual_signals();
  o->child.encoding = CP_ENCODING_UTF8;
  if (command->kind == FOR_FORK)
    complete_fork(o);
  else if (command->kind == FOR_POOL)
    pool_options_complete(o);
  else
    complete_stdio(o);
}

/* What the first operand is. */
static const char *operand_name(const cli_command *command) {
  static const char *const names[] = {
      [FOR_RUN] = "file", [FOR_EXEC] = "shell command", [FOR_FORK] = "worker", [FOR_POOL] = "worker"};
  return names[command->kind];
}

int options_parse(run_options *options, const cli_command *command, int argc, char **argv) {
  *options = (run_options){0};
  if (reserve_lists(options, argc) != 0 || stdio_spec_init(&options->stdio) != 0) {
    say("out of memory");
    return -1;
  }
  if (parse_words(options, command, &argc, &argv) != 0) return -1;
  if (options->help) return 0;
  if (optind >= argc && options->pool.exec == NULL) {
    say_usage(command->name, "no %s given", operand_name(command));
    return -1;
  }
  if (check_together(options, command) != 0) return -1;
  if (command->kind == FOR_POOL && pool_options_check(options, command, argc - optind) != 0) return -1;
  complete(options, command, argv + optind);
  return 0;
}

void options_dispose(run_options *options) {
  stdio_spec_dispose(&options->stdio);
  free(options->changes);
  free(options->fork.exec_argv);
  free(options->groups);
  for (size_t i = 0; i < options->block_count; i++) free(options->blocks[i]);
  free(options->blocks);
}
