/* options.c - the options of run and exec: one table, read by getopt_long(), by --help and by the messages. */
#include "options.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "split.h"
#include "suggest.h"
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

/* ---------------------------------------------------------------- the table */

#define DURATION_FORM "a duration: seconds, or a number with ms, s, m, h or d (5, 1.5, 500ms, 2m)"
#define SIGNAL_FORM "a signal: a name or number (TERM, SIGTERM, 15)"

const option_spec option_specs[] = {
    {"timeout", 0, required_argument, "DURATION", DURATION_FORM, "send the kill signal after this long; 0: never",
     "Limits", set_timeout},
    {"kill-signal", 's', required_argument, "SIG", SIGNAL_FORM,
     "the signal for --timeout and --max-buffer (default: TERM)", NULL, set_kill_signal},
    {"grace", 'k', required_argument, "DURATION", DURATION_FORM,
     "then send KILL this long after the kill signal (also --kill-after)", NULL, set_grace},
    {"kill-after", 0, required_argument, "DURATION", DURATION_FORM, NULL, NULL, set_grace},
    {"group", 'g', no_argument, NULL, NULL, "signals reach its descendants too: it leads a process group of its own",
     NULL, set_group},
    {"drain-timeout", 0, required_argument, "DURATION", DURATION_FORM,
     "after the end wait this long for output of descendants; 0: for ever", NULL, set_drain_timeout},
    {"max-buffer", 0, required_argument, "BYTES", "a size: bytes, or a number with K, M or G, or unlimited",
     "limit of each captured stream (default: 1M with --json, none with --events)", NULL, set_max_buffer},
    {"overflow", 0, required_argument, "HOW", "one of kill, truncate, tail",
     "beyond it: kill; truncate: drop the rest; tail: keep the last bytes", NULL, set_overflow},

    {"cwd", 'C', required_argument, "DIR", "a directory", "run it in DIR", "Environment", set_cwd},
    {"env", 'e', required_argument, "NAME=VALUE", "NAME=VALUE", "set a variable; may be repeated", NULL, set_env},
    {"unset", 'u', required_argument, "NAME", "the name of a variable", "remove a variable; may be repeated", NULL,
     set_unset},
    {"clear-env", 'i', no_argument, NULL, NULL, "begin with an empty environment", NULL, set_clear_env},
    {"split-string", 'S', required_argument, "STRING", "words",
     "read the words of STRING here, as options and operands", NULL, NULL},
    {"argv0", 0, required_argument, "NAME", NULL, "what the command sees as its own name", NULL, set_argv0},
    {"shell", 0, optional_argument, "PATH", "the path of a shell", "run it through a shell (default: /bin/sh)", NULL,
     set_shell},
    {"keep-fds", 0, no_argument, NULL, NULL, "let it inherit open fds beyond --stdio", NULL, set_keep_fds},
    {"default-signals", 0, no_argument, NULL, NULL, "no ignored or blocked signals (nohup(1) has no effect)", NULL,
     set_default_signals},

    {"uid", 0, required_argument, "USER", "a user: an id, or a name that this system knows",
     "run as USER; a name also sets its main group, unless --gid does", "Identity", set_uid},
    {"gid", 0, required_argument, "GROUP", "a group: an id, or a name that this system knows", "run in GROUP", NULL,
     set_gid},
    {"groups", 0, required_argument, "LIST", "a list of groups, joined with commas (20,audio)",
     "supplementary groups (default: none with --uid or --gid)", NULL, set_groups},

    {"input", 0, required_argument, "FILE", "a file, or - for the stdin of child-process", "its stdin (-: ours)",
     "Input and output", set_input},
    {"stdio", 0, required_argument, "SPEC", NULL,
     "fd 0,1,2,...: inherit ignore pipe FD <FILE >FILE >>FILE &FD (same as)", NULL, set_stdio},

    {"detached", 0, no_argument, NULL, NULL, "start it in a session of its own, print its pid, do not wait", "Lifetime",
     set_detached},
    {"pid-file", 0, required_argument, "FILE", "a file", "write its pid to FILE; removed when it ends", NULL,
     set_pid_file},
    {"die-with-parent", 0, optional_argument, "SIG", SIGNAL_FORM, "it gets SIG (default: KILL) when child-process dies",
     NULL, set_die_with_parent},

    {"json", 0, no_argument, NULL, NULL, "capture its output; print one JSON report at the end", "Reports", set_json},
    {"events", 0, no_argument, NULL, NULL, "print a line of JSON for each event as it happens", NULL, set_events},
    {"time", 0, no_argument, NULL, NULL, "print times and memory on stderr at the end", NULL, set_time},
    {"preserve-status", 0, no_argument, NULL, NULL, "exit as the command did, even if a limit ended it", NULL,
     set_preserve_status},
    {"quiet", 'q', no_argument, NULL, NULL, "print no messages of child-process itself", NULL, set_quiet},
    {"help", 'h', no_argument, NULL, NULL, "print this help", NULL, set_help},
    {0},
};

enum { OPTION_COUNT = sizeof option_specs / sizeof *option_specs - 1, FIRST_VALUE = 256 };

/* ---------------------------------------------------------------- getopt_long */

/* '+': operands end the options, so that the command's own are left alone. ':': a missing value is told apart. */
static void fill_tables(struct option *longs, char *shorts) {
  *shorts++ = '+';
  *shorts++ = ':';
  for (int i = 0; i < OPTION_COUNT; i++) {
    const option_spec *spec = &option_specs[i];
    longs[i] = (struct option){spec->name, spec->argument, NULL, FIRST_VALUE + i};
    if (spec->letter == 0) continue;
    *shorts++ = spec->letter;
    if (spec->argument == required_argument) *shorts++ = ':';
  }
  longs[OPTION_COUNT] = (struct option){0};
  *shorts = '\0';
}

static const option_spec *find_letter(int letter) {
  for (const option_spec *spec = option_specs; spec->name != NULL; spec++)
    if (spec->letter == letter) return spec;
  return NULL;
}

static const option_spec *find_name(const char *name, size_t length) {
  for (const option_spec *spec = option_specs; spec->name != NULL; spec++)
    if (strlen(spec->name) == length && strncmp(spec->name, name, length) == 0) return spec;
  return NULL;
}

static const char *suggest_name(const char *name) {
  const char *best = NULL;
  size_t best_distance = SIZE_MAX;
  for (const option_spec *spec = option_specs; spec->name != NULL; spec++) {
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
  const char *near = suggest_name(name);
  for (const option_spec *spec = option_specs; near == NULL && spec->name != NULL && length > 0; spec++)
    if (strncmp(spec->name, word + 2, length) == 0) near = spec->name;
  if (near != NULL)
    say_usage(command->name, "unknown option '%.*s'; did you mean '--%s'?", (int)length + 2, word, near);
  else
    say_usage(command->name, "unknown option '%.*s'", (int)length + 2, word);
  return -1;
}

static int refuse(const cli_command *command, int kind, const char *word) {
  bool is_long = strncmp(word, "--", 2) == 0;
  const option_spec *known = is_long ? find_name(word + 2, strcspn(word + 2, "=")) : find_letter(optopt);
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
  if (spec->set(options, value) == 0) return 0;
  if (options->problem != NULL)
    say_usage(command->name, "--%s '%s': fd %zu %s", spec->name, value, options->problem_index, options->problem);
  else
    say_usage(command->name, "--%s: '%s' is not %s", spec->name, value, spec->form);
  return -1;
}

/* The option that getopt_long() found; NULL if it took an abbreviation for it, which we do not. */
static const option_spec *found_spec(int found, const char *word) {
  if (found < FIRST_VALUE) return find_letter(found);
  const option_spec *spec = &option_specs[found - FIRST_VALUE];
  return strlen(spec->name) == strcspn(word + 2, "=") ? spec : NULL;
}

/* Room for as many changes of the environment as there may be options. */
static int reserve_changes(run_options *options, int argc) {
  size_t count = options->change_count + (size_t)argc + 1;
  const char **changes = realloc(options->changes, count * sizeof *changes);
  if (changes == NULL) return -1;
  for (size_t i = options->change_count; i < count; i++) changes[i] = NULL;
  options->changes = changes;
  return 0;
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
  return reserve_changes(options, *argc);
}

static int parse_words(run_options *options, const cli_command *command, int *count, char ***list) {
  struct option longs[OPTION_COUNT + 1];
  char shorts[2 * OPTION_COUNT + 3];
  fill_tables(longs, shorts);
  opterr = 0;
  optind = 1;
  for (;;) {
    int argc = *count;
    char **argv = *list;
    const char *word = optind < argc ? argv[optind] : "";
    int found = getopt_long(argc, argv, shorts, longs, NULL);
    if (found == -1) return 0;
    if (found == '?' || found == ':') return refuse(command, found, word);
    const option_spec *spec = found_spec(found, word);
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

static void complete(run_options *o, bool shell, char **operands) {
  static const char *const empty[] = {NULL};
  o->command = (const char **)operands;
  if (o->clear_env) o->child.env = empty;
  o->child.env_overlay = o->changes;
  o->child.groups = o->groups;
  if (!o->child.gid.given) o->child.gid = o->primary_group;
  if (shell && o->child.shell == NULL) o->child.shell = CP_SHELL;
  o->child.shell_positional = shell;
  o->child.keep_signals = !o->default_signals && has_unusual_signals();
  o->child.encoding = CP_ENCODING_UTF8;
  complete_stdio(o);
}

int options_parse(run_options *options, const cli_command *command, bool shell, int argc, char **argv) {
  *options = (run_options){0};
  if (reserve_changes(options, argc) != 0 || stdio_spec_init(&options->stdio) != 0) {
    say("out of memory");
    return -1;
  }
  if (parse_words(options, command, &argc, &argv) != 0) return -1;
  if (options->help) return 0;
  if (optind >= argc) {
    say_usage(command->name, "%s", shell ? "no shell command given" : "no file given");
    return -1;
  }
  if (check_together(options, command) != 0) return -1;
  complete(options, shell, argv + optind);
  return 0;
}

void options_dispose(run_options *options) {
  stdio_spec_dispose(&options->stdio);
  free(options->changes);
  free(options->groups);
  for (size_t i = 0; i < options->block_count; i++) free(options->blocks[i]);
  free(options->blocks);
}
