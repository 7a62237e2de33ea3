/* status.c - the exit status. */
#include "status.h"

#include <signal.h>

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
