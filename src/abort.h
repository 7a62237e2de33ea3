/* abort.h - who listens to an abort controller. */
#ifndef CP_ABORT_H
#define CP_ABORT_H

#include "child_process.h"

/* One listener; it lives inside the child. */
typedef struct cp__abort_listener {
  struct cp__abort_listener *next, **link; /* link NULL: not listening */
  void (*on_abort)(struct cp__abort_listener *listener);
} cp__abort_listener;

/* Listens; if it has been triggered already, on_abort is called at once. */
void cp__abort_listen(cp_abort *abort, cp__abort_listener *listener);
void cp__abort_unlisten(cp__abort_listener *listener);

#endif
