/* ipc_subjects.h - the ways that messages take from a program in C to its child. */
#ifndef BENCH_IPC_SUBJECTS_H
#define BENCH_IPC_SUBJECTS_H

#include <child_process.h>

typedef enum ipc_route {
  IPC_TRIP,     /* one message at a time, there and back: microseconds each */
  IPC_ECHO,     /* there and back, many under way at a time: messages a second */
  IPC_ONE_WAY,  /* there, their number at the end: messages a second */
  IPC_SIZE,     /* there, a short answer to each: microseconds each */
  IPC_SENDER,   /* the most memory that one message takes here, */
  IPC_RECEIVER, /* and in the child: as a multiple of the message */
  IPC_HANDLES,  /* messages with a socket each, there: messages a second */
  IPC_ROUTES
} ipc_route;

extern const char *const ipc_route_names[IPC_ROUTES]; /* as the workers are asked for them */

/* What a message is for the programs. */
typedef enum ipc_form {
  IPC_RAW,   /* bytes on a socket pair: the limit */
  IPC_TEXT,  /* JSON text, which neither side takes apart */
  IPC_VALUE, /* an object, built and taken apart */
  IPC_BUFFER /* a Buffer */
} ipc_form;

/* Who sends and who receives. */
typedef struct ipc_method {
  const char *name;
  ipc_form form;
  cp_serialization serialization;
  const char *program; /* the child's runtime; NULL: ipc_child */
} ipc_method;

typedef struct ipc_link ipc_link;

enum { IPC_WINDOW = 1000 /* messages under way at a time */ };

/** False: it makes no sense, or it would say the same as another. */
bool ipc_has(const ipc_method *method, ipc_route route);

/** A link that is not connected yet. ipc_close() it. */
ipc_link *ipc_open(const ipc_method *method, ipc_route route, size_t bytes);

/** Connects it if need be, and measures `n` messages. The unit is the route's; negative: it failed. */
double ipc_measure(ipc_link *link, long n);

/** Ends the child. */
void ipc_close(ipc_link *link);

#endif
