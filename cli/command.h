/* command.h - one row of the table of commands. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

typedef struct cli_command {
  const char *name;
  const char *operands; /* what follows the options, for --help */
  const char *summary;
  const char *examples;                                                 /* whole lines, or NULL */
  int (*run)(const struct cli_command *command, int argc, char **argv); /* argv[0] is the command's name */
} cli_command;

int cmd_run(const cli_command *command, int argc, char **argv);
int cmd_exec(const cli_command *command, int argc, char **argv);

#endif
