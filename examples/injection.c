/*
 * The twin of "Security - Command Injection via Shell" of the course, "Shell injection via exec()" of the answer and
 * "Security" of the article: what a hostile file name does in a command, and three ways that are safe with any input.
 *
 *   exec(`cat ${userInput}`, ...);                // DANGER
 *   spawn('cat', [userInput], { shell: false });  // SAFE
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void report(const char *how, cp_result *result) {
  printf("%s: %s%s", how, result->out.bytes ? result->out.bytes : "", result->err.bytes ? result->err.bytes : "");
  cp_result_dispose(result);
}

int main(void) {
  const char *user_input = "missing; echo INJECTED";
  cp_options piped = {.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE)};
  cp_result result;
  char command[256];

  snprintf(command, sizeof command, "cat %s", user_input);
  cp_exec_sync(&result, command, &piped); /* DANGER: never do this */
  report("pasted into a command", &result);

  cp_exec_file_sync(&result, "cat", CP_ARGS("--", user_input), &piped); /* "--": it cannot be an option either */
  report("as an argument", &result);

  cp_options positional = piped; /* where a shell is needed: the script is fixed, the input is its "$1" */
  positional.shell = CP_SHELL;
  positional.shell_positional = true;
  cp_exec_file_sync(&result, "cat -- \"$1\" | wc -c", CP_ARGS(user_input), &positional);
  report("as $1 of a fixed script", &result);

  char *quoted = cp_shell_quote(user_input); /* where only a string will do */
  if (quoted == NULL) return EXIT_FAILURE;
  snprintf(command, sizeof command, "cat -- %s", quoted);
  cp_free(quoted);
  cp_exec_sync(&result, command, &piped);
  report("quoted", &result);
  return EXIT_SUCCESS;
}
