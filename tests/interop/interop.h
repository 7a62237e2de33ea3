/* interop.h - what the tests of C parents share. The runtime to test is told by the environment: CP_NODE, CP_NODE_ARGS. */
#ifndef INTEROP_H
#define INTEROP_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support.h"

/* Who the child is: child.js, run by the runtime, or child.c. Tests get a pointer to it as their state. */
typedef enum peer { PEER_NODE, PEER_C } peer;
extern peer node_peer, c_peer;
#define TEST_NODE(f) cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, &node_peer)
#define TEST_C(f) cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, &c_peer)
#define TEST_BOTH(f) TEST_NODE(f), TEST_C(f)
#define PEER(state) (*(const peer *)*(state))

/* What the events write down. The words of messages are their JSON, if it is short. */
typedef struct talk {
  event_log log;
  cp_child *child;
  cp_channel *channel;
  int messages, disconnects, drains;
  char last[4096];  /* the JSON of the last message */
  int sent, unsent; /* callbacks of sends, by status */
} talk;

cp_options talk_options(talk *t);

/* Starts the peer with a verb and its arguments. t->child is to be freed by the test, or by finish(). */
void start(talk *t, peer kind, const char *const *args, const cp_options *options);

void send_text(talk *t, const char *json);
void send_handle(talk *t, const char *json, cp_handle_type type, int fd);

/* For cp_send_options.cb; data is the talk. */
void on_sent(cp_channel *channel, int status, void *data);

/* Runs the loop until t->messages is `count`. */
void await_messages(talk *t, int count);

/* Disconnects, runs the loop to its end, frees the child. It must have exited with 0. */
void finish(talk *t);

/* Sockets; the addresses are of this machine. */
int listen_tcp(struct sockaddr_in *address);
int listen_unix(const char *path);
int bind_udp(struct sockaddr_in *address);
int connect_tcp(int port);
int connect_unix(const char *path);
void make_pair(int pair[2]);

/* Reads to the end in the loop; the fd is closed then. */
typedef struct reading {
  uv_poll_t poll;
  int fd, done;
  char text[256];
  size_t length;
} reading;
void read_to_end(reading *r, int fd);
void read_some(reading *r, int fd); /* at least one byte */

#endif
