/*
 * The twin of "child_process.execSync()": a shell command, waited for. Where the reference throws, the code is negative
 * and the result is still complete: "The Error object will contain the entire result".
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static void run(const char *command, const cp_options *options) {
  cp_result result;
  int rc = cp_exec_sync(&result, command, options);
  printf("$ %s\n%s", command, result.out.bytes ? result.out.bytes : "");
  if (rc < 0) printf("%s, status %d: %s\n", cp_err_name(rc), result.exit.code, result.error.message);
  cp_result_dispose(&result);
}

int main(void) {
  run("echo $((6 * 7))", NULL);
  run("tr a-z A-Z", &(cp_options){.input = "from the parent\n", .input_length = 16});
  run("echo some output; echo 'and a complaint' >&2; exit 3", NULL); /* stderr shows on ours, too */
  run("exec sleep 300", &(cp_options){.timeout_ms = 50}); /* exec: the signal ends the shell, not what it runs */
  return EXIT_SUCCESS;
}
