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

void print_help(const cli_command *commands) {
  puts("Usage: child-process COMMAND [options] ...\n\nStarts a process, with limits, and tells how it ended.\n");
  puts("Commands:");
  for (; commands->name != NULL; commands++) printf("  %-6s %s\n", commands->name, commands->summary);
  puts("\nOptions:\n  --help     print this help\n  --version  print the version\n");
  printf("%s\nMore: child-process run --help\n", exit_status);
}

static void print_option(const option_spec *spec) {
  char left[48], letter[8] = "    ";
  if (spec->letter != 0) (void)snprintf(letter, sizeof letter, "-%c, ", spec->letter);
  const char *open = spec->argument == optional_argument ? "[=" : spec->value != NULL ? " " : "";
  (void)snprintf(left, sizeof left, "%s--%s%s%s%s", letter, spec->name, open, spec->value != NULL ? spec->value : "",
                 spec->argument == optional_argument ? "]" : "");
  printf("  %-28s %s\n", left, spec->help);
}

void print_command_help(const cli_command *command) {
  const char *group = NULL, *printed = NULL;
  printf("Usage: child-process %s [options] [--] %s\n\n%s.\n", command->name, command->operands, command->summary);
  for (const option_spec *spec = option_specs; spec->name != NULL; spec++) {
    if (spec->group != NULL) group = spec->group;
    if (spec->help == NULL || (spec->commands & command->kind) == 0) continue;
    if (group != printed) printf("\n%s:\n", group);
    printed = group;
    print_option(spec);
  }
  printf("\nSIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 go on to the %s.\n",
         command->kind == FOR_FORK ? "worker" : "command");
  printf("\nExamples:\n%s\n%s", command->examples, exit_status);
}
