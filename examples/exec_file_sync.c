/*
 * The twin of "child_process.execFileSync()": a program, waited for, without a shell. A child that ignores SIGTERM
 * would hold the call for ever ("the parent process will still wait"); grace_ms sets an end to that.
 */
#include <child_process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  cp_result result;
  int rc = cp_exec_file_sync(&result, "printf", CP_ARGS("%s\n", "$HOME; no shell", "reads this"), NULL);
  fputs(rc == 0 ? result.out.bytes : result.error.message, stdout);
  cp_result_dispose(&result);

  signal(SIGTERM, SIG_IGN); /* keep_signals: the child ignores it from its first moment on */
  rc = cp_exec_file_sync(&result, "sleep", CP_ARGS("300"),
                         &(cp_options){.timeout_ms = 50, .grace_ms = 50, .keep_signals = true, .stdio = CP_ALL_IGNORE});
  printf("%s, ended by %s, reason %s\n", cp_err_name(rc), cp_signal_name(result.exit.signal),
         cp_reason_name(result.exit.reason));
  cp_result_dispose(&result);
  return EXIT_SUCCESS;
}
