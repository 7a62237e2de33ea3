/* help.h - what --help prints. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

/* The program's own help: its commands, up to the row without a name. */
void print_help(const cli_command *commands);

/* All about one command. */
void print_command_help(const cli_command *command);

#endif
