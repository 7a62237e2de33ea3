/* command.h - one row of the table of commands. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

/* Which options it has, and what its first operand is. */
typedef enum command_kind { FOR_NONE, FOR_RUN = 1, FOR_EXEC = 2, FOR_FORK = 4, FOR_POOL = 8 } command_kind;

typedef struct cli_command {
  const char *name;
  const char *operands; /* what follows the options, for --help */
  const char *summary;
  const char *examples;                                                 /* whole lines, or NULL */
  int (*run)(const struct cli_command *command, int argc, char **argv); /* argv[0] is the command's name */
  command_kind kind;
} cli_command;

int cmd_run(const cli_command *command, int argc, char **argv); /* exec too */
int cmd_fork(const cli_command *command, int argc, char **argv);
int cmd_pool(const cli_command *command, int argc, char **argv);

#endif
