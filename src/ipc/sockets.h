/*
 * sockets.h - how many sockets that came from a Node server are still open here: what its server.getConnections() and
 * server.close() ask for. The program owns the fds and tells nobody when it closes them, so they are counted when
 * asked.
 */
#ifndef CP_IPC_SOCKETS_H
#define CP_IPC_SOCKETS_H

#include "handle.h"

typedef struct cp__sockets {
  struct cp__socket_group *groups;
  uint64_t check_at; /* loop time: look again whether all are closed; 0: nobody waits for that */
  uint64_t told;     /* messages that the program was told: it may have closed some since */
} cp__sockets;

/* Remembers a socket that came with a key. What does not fit in memory is not counted. */
void cp__sockets_add(cp__sockets *sockets, const cp_handle *handle);

/* Answers NODE_SOCKET_GET_COUNT and NODE_SOCKET_NOTIFY_CLOSE; keys that never came get no answer, as in Node. */
void cp__sockets_asked(cp_channel *channel, const cp__internal *question);

/* The time has come to look again. */
void cp__sockets_check(cp_channel *channel);

void cp__sockets_free(cp__sockets *sockets);

#endif
