/* ipc_link.h - one child and the way to it; inside of ipc_subjects.c and ipc_limit.c. */
#ifndef BENCH_IPC_LINK_H
#define BENCH_IPC_LINK_H

#include "ipc_subjects.h"

struct ipc_link {
  const ipc_method *method;
  uv_loop_t loop; /* of its own: others have open channels */
  ipc_route route;
  size_t bytes; /* of a message as JSON text */
  cp_child *child;
  bool closed, failed;

  char *text; /* the message, and its string inside of it */
  const char *string;
  size_t string_length;

  int fd;         /* IPC_RAW: the socket */
  int sockets[2]; /* IPC_HANDLES: what is sent, and its other end */
  char *scratch;  /* IPC_RAW: as large as the window */
  cp_heap *heap;
  cp_channel *channel;
  long to_send, to_receive;
  bool ends;     /* after to_send comes the string that asks for the number */
  double answer; /* of a verb that answers with a number */
};

/* The limits: bytes on a socket pair, blocking. False: it failed. */
bool ipc_raw_connect(ipc_link *link);
bool ipc_raw_exchange(ipc_link *link, long n);
bool ipc_raw_one_way(ipc_link *link, long n);
bool ipc_raw_move(ipc_link *link);
bool ipc_raw_handles(ipc_link *link, long n);

#endif
