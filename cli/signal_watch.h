/* signal_watch.h - signals that the program catches in its loop. */
#ifndef CLI_SIGNAL_WATCH_H
#define CLI_SIGNAL_WATCH_H

#include "child_process.h"

enum { WATCHED_SIGNALS_MAX = 6 };

typedef struct signal_watch {
  uv_signal_t handles[WATCHED_SIGNALS_MAX];
  int count; /* handles that are open */
} signal_watch;

/*
 * Begins to catch `count` signals, at most WATCHED_SIGNALS_MAX; `data` becomes each handle's. What is ignored, as by nohup(1),
 * stays ignored, and children inherit that. Keeps no loop alive. 0 or a negative code; signal_watch_stop() in any case.
 */
int signal_watch_start(signal_watch *watch, uv_loop_t *loop, const int *signals, int count, uv_signal_cb cb,
                       void *data);

/* Safe to repeat; the loop must run once more. */
void signal_watch_stop(signal_watch *watch);

#endif
