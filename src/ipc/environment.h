/* environment.h - the variables that tell a child about its channel. */
#ifndef CP_IPC_ENVIRONMENT_H
#define CP_IPC_ENVIRONMENT_H

#define CP__ENV_FD "NODE_CHANNEL_FD"
#define CP__ENV_MODE "NODE_CHANNEL_SERIALIZATION_MODE"
#define CP__ENV_LIBRARY "CHILD_PROCESS_CHANNEL" /* which socket's other end is this library's */

enum { CP__SOCKET_NAME_MAX = 64 };

/* What identifies a socket in all processes that hold it. UV_EBADF. */
int cp__socket_name(char out[CP__SOCKET_NAME_MAX], int fd);

#endif
