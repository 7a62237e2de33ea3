/* status.c - the exit status, and what is said about it. */
#include "status.h"

#include <signal.h>

#include "message.h"

int status_of_error(const cp_error *error) {
  if (error->stage != CP_STAGE_EXEC) return STATUS_FAILED;
  return error->code == UV_ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE;
}

static int own_status(const cp_exit *exit) {
  return exit->signal != 0 ? STATUS_SIGNAL_BASE + exit->signal : exit->code;
}

int status_of_exit(const cp_exit *exit, bool preserve) {
  bool killed = exit->signal == SIGKILL;
  switch (exit->reason) {
    case CP_REASON_TIMEOUT: /* 137 tells that it had to be killed, as timeout(1) does */
      return preserve || killed ? own_status(exit) : STATUS_TIMED_OUT;
    case CP_REASON_MAX_BUFFER:
      return preserve ? own_status(exit) : STATUS_FAILED;
    case CP_REASON_EXITED:
    case CP_REASON_SIGNALLED:
      return own_status(exit);
    default:
      return STATUS_FAILED;
  }
}

void say_limit(const cp_options *options, const cp_exit *exit) {
  const char *name = cp_signal_name(options->kill_signal != 0 ? options->kill_signal : SIGTERM);
  bool forced = exit->signal == SIGKILL && options->grace_ms > 0;
  if (exit->reason == CP_REASON_TIMEOUT)
    say("timed out after %g s: %s sent%s", (double)options->timeout_ms / 1000, name, forced ? ", then SIGKILL" : "");
  if (exit->reason == CP_REASON_LOST) say("%s", cp_strerror(CP_ESTATUSLOST));
}
