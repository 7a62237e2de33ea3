/* cmd_pool.c - pool: lines of stdin are tasks for workers, or, with --exec, a command each. */
#include "command.h"
#include "help.h"
#include "line_output.h"
#include "message.h"
#include "options.h"
#include "pool.h"
#include "status.h"

int cmd_pool(const cli_command *command, int argc, char **argv) {
  run_options options;
  int status = STATUS_FAILED;
  if (options_parse(&options, command, argc, argv) == 0) {
    if (options.quiet) say_nothing();
    line_output_survive_broken_pipes();
    status = 0;
    if (options.help)
      print_command_help(command);
    else
      status = options.pool.exec != NULL ? pool_of_commands(&options) : pool_of_workers(&options);
  }
  options_dispose(&options);
  return status;
}
