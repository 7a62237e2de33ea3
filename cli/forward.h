/* forward.h - signals that the program gets go on to the command. */
#ifndef CLI_FORWARD_H
#define CLI_FORWARD_H

#include "signal_watch.h"

typedef struct forwarder {
  signal_watch watch;
  cp_child *child; /* who gets them; set it before the loop runs */
  bool to_group;   /* its descendants get them too */
} forwarder;

/* Begins to catch; call it before the command starts, so that no signal comes in between. 0 or a negative code. */
int forwarder_start(forwarder *forwarder, uv_loop_t *loop, bool to_group);

/* After the end of the command only a descendant can hold us up, by keeping its output open: no more waiting for that.
 */
void close_outputs(cp_child *child);

/* Safe to repeat; the loop must run once more. */
void forwarder_stop(forwarder *forwarder);

#endif
