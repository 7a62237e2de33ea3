/*
 * The twin of "child_process.execFileSync()": a program, waited for, without a shell. A child that ignores SIGTERM
 * would hold the call for ever ("the parent process will still wait"); grace_ms sets an end to that.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  cp_result result;
  int rc = cp_exec_file_sync(&result, "printf", CP_ARGS("%s\n", "$HOME; no shell", "reads this"), NULL);
  fputs(rc == 0 ? result.out.bytes : result.error.message, stdout);
  cp_result_dispose(&result);

  const char *stubborn = "trap '' TERM; while :; do sleep 1; done";
  rc = cp_exec_file_sync(&result, "sh", CP_ARGS("-c", stubborn),
                         &(cp_options){.timeout_ms = 200, .grace_ms = 100, .stdio = CP_ALL_IGNORE});
  printf("%s, ended by %s, reason %s\n", cp_err_name(rc), cp_signal_name(result.exit.signal),
         cp_reason_name(result.exit.reason));
  cp_result_dispose(&result);
  return EXIT_SUCCESS;
}
