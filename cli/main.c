/* main.c - child-process: the table of commands. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "child_process.h"
#include "command.h"
#include "help.h"
#include "message.h"
#include "status.h"
#include "suggest.h"

static int cmd_help(const cli_command *command, int argc, char **argv);

static const cli_command commands[] = {
    {"run", "file [args...]", "Runs a file with arguments, without a shell unless --shell asks for one",
     "  child-process run --timeout 30 -k 5 -- make test\n"
     "  child-process run --json --max-buffer 64K --overflow tail -- ./noisy | jq .stdout\n"
     "  child-process run -i -e PATH=/usr/bin -C /tmp --stdio 'ignore,>log,&1' -- env\n"
     "  child-process run --detached --pid-file /run/d.pid --stdio 'ignore,>>d.log,&1' -- daemon\n",
     cmd_run, FOR_RUN},
    {"exec", "'shell command' [$1 $2...]", "Runs a command through a shell",
     "  child-process exec --timeout 1.5 --group 'make test | tail -1'\n"
     "  child-process exec 'grep -c \"$1\" \"$2\"' 'any; word' file\n"
     "  child-process exec --json --shell=/bin/bash 'set -o pipefail; false | true'\n",
     cmd_run, FOR_EXEC},
    {"fork", "worker [args...]", "Starts a worker with an IPC channel: lines of JSON on stdin and stdout are messages",
     "  echo '{\"cmd\":\"sum\",\"data\":[1,2]}' | child-process fork worker.js\n"
     "  echo '{\"id\":1}' | child-process fork --replies 1 --timeout 30 worker.js\n"
     "  child-process fork --trace --inspect-style --serialization advanced worker.js\n"
     "  child-process fork --trace-file t.json worker.js < messages > replies\n",
     cmd_fork, FOR_FORK},
    {"pool", "worker [args...] < tasks\n       child-process pool [options] --exec COMMAND < lines",
     "Lines of JSON are tasks for a pool of workers; with --exec each line is a command",
     "  child-process pool -n 4 worker.js < tasks.ndjson > results.ndjson\n"
     "  child-process pool --resume results.ndjson --timeout 30 worker.js < tasks.ndjson >> results.ndjson\n"
     "  child-process pool --in-flight 8 --json-errors --trace t.json ./worker < tasks.ndjson\n"
     "  find . -name '*.png' -print0 | child-process pool -0 --exec 'optipng -quiet {}'\n"
     "  child-process pool -n 8 --ordered --timeout 5 --retries 2 --exec 'curl -sf https://{}/' < hosts\n"
     "  child-process pool --shell --exec 'gzip -c {} > {}.gz' < names\n",
     cmd_pool, FOR_POOL},
    {"help", "[COMMAND]", "Prints help", NULL, cmd_help, FOR_NONE},
    {0},
};

static const cli_command *find_command(const char *name) {
  for (const cli_command *c = commands; c->name != NULL; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}

static int refuse(const char *name) {
  const char *kind = *name == '-' ? "option" : "command";
  for (const cli_command *c = commands; c->name != NULL; c++) {
    if (!is_slip(edit_distance(name, c->name), strlen(name))) continue;
    say_usage(NULL, "unknown %s '%s'; did you mean '%s'?", kind, name, c->name);
    return STATUS_FAILED;
  }
  say_usage(NULL, "unknown %s '%s'", kind, name);
  return STATUS_FAILED;
}

static int cmd_help(const cli_command *command, int argc, char **argv) {
  (void)command;
  if (argc < 2) {
    print_help(commands);
    return 0;
  }
  const cli_command *about = find_command(argv[1]);
  if (about == NULL) return refuse(argv[1]);
  if (about->examples != NULL)
    print_command_help(about);
  else
    print_help(commands);
  return 0;
}

static int print_version(void) {
  printf("child-process %s (libuv %s)\n", cp_version(), uv_version_string());
  return 0;
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    say_usage(NULL, "no command given");
    return STATUS_FAILED;
  }
  if (strcmp(argv[1], "--version") == 0) return print_version();
  const char *name = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help" : argv[1];
  const cli_command *command = find_command(name);
  return command != NULL ? command->run(command, argc - 1, argv + 1) : refuse(name);
}

/* A standard fd that came closed must not become one of the loop's, which the command would then inherit. The wrong
 * direction keeps it as useless as it was. */
static void occupy_standard_fds(void) {
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  occupy_standard_fds();
  (void)setlocale(LC_CTYPE, "C.UTF-8"); /* reports are UTF-8, whatever the user's terminal speaks */
  int status = dispatch(argc, argv);
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  say("stdout: the output could not be written");
  return STATUS_FAILED;
}
