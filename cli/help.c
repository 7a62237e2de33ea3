/* help.c - what --help prints, from the same tables that parse. */
#include "help.h"

#include <stdio.h>

#include "options.h"

static const char exit_status[] =
    "Exit status:\n"
    "  the command's own, or\n"
    "  124      it timed out (with --preserve-status: the command's)\n"
    "  125      child-process failed: usage, an option that the kernel refused, --max-buffer,\n"
    "           a message that fork could not pass on\n"
    "  126      the file was found, but cannot be run\n"
    "  127      the file was not found\n"
    "  128+N    signal N ended it; 137 also after a timeout, if it had to be killed\n";

static const char pool_notes[] =
    "Workers: a line of stdin is a task, one message to a worker; its next message is the result, one line of\n"
    "stdout. Results come as they are done. A worker that ends is replaced, and its task tried again. What\n"
    "workers print is on stderr.\n"
    "\n"
    "Commands (--exec): split into words once, as by env -S; {} in a word is the line, without any {} the line\n"
    "is the last word. No shell, unless --shell: then {} is \"$1\", never pasted text. stdin is empty; what a\n"
    "command prints comes whole when it has ended.\n"
    "\n"
    "Failures are a line on stderr. So is a summary at the end, and on a terminal a bar in between: of the\n"
    "workers # has a task, . has none, + is starting, - is leaving.\n"
    "\n"
    "SIGINT, SIGTERM and SIGHUP: the first begins nothing new and lets what runs come to its end, the second\n"
    "aborts it. Neither reaches workers or commands from the terminal: each is in a session of its own.\n";

static const char pool_status[] =
    "Exit status:\n"
    "  0        all was done\n"
    "  123      tasks or commands failed\n"
    "  125      child-process failed: usage, stdin, stdout, a file of an option\n"
    "  126      the worker, or the command, was found, but cannot be run\n"
    "  127      it was not found\n"
    "  128+N    signal N interrupted child-process (130: Ctrl-C)\n";

void print_help(const cli_command *commands) {
  puts("Usage: child-process COMMAND [options] ...\n\nStarts a process, with limits, and tells how it ended.\n");
  puts("Commands:");
  for (; commands->name != NULL; commands++) printf("  %-6s %s\n", commands->name, commands->summary);
  puts("\nOptions:\n  --help     print this help\n  --version  print the version\n");
  printf("%s\nMore: child-process run --help\n", exit_status);
}

static void print_option(const option_spec *spec, bool needs_exec) {
  char left[48], letter[8] = "    ";
  if (spec->letter != 0) (void)snprintf(letter, sizeof letter, "-%c, ", spec->letter);
  const char *open = spec->argument == optional_argument ? "[=" : spec->value != NULL ? " " : "";
  (void)snprintf(left, sizeof left, "%s--%s%s%s%s", letter, spec->name, open, spec->value != NULL ? spec->value : "",
                 spec->argument == optional_argument ? "]" : "");
  printf("  %-28s %s%s\n", left, spec->help, needs_exec ? " (--exec)" : "");
}

void print_command_help(const cli_command *command) {
  const char *group = NULL, *printed = NULL;
  printf("Usage: child-process %s [options] [--] %s\n\n%s.\n", command->name, command->operands, command->summary);
  for (const option_spec *spec = option_specs; spec->name != NULL; spec++) {
    if (spec->group != NULL) group = spec->group;
    if (spec->help == NULL || (spec->commands & command->kind) == 0) continue;
    if (group != printed) printf("\n%s:\n", group);
    printed = group;
    print_option(spec, command->kind == FOR_POOL && (spec->commands & OF_COMMANDS) != 0);
  }
  if (command->kind == FOR_POOL)
    printf("\n%s", pool_notes);
  else
    printf("\nSIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 go on to the %s.\n",
           command->kind == FOR_FORK ? "worker" : "command");
  printf("\nExamples:\n%s\n%s", command->examples, command->kind == FOR_POOL ? pool_status : exit_status);
}
