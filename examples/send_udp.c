/*
 * The twin of "dgram module servers use exactly the same workflow" of "Example: sending a server object": a UDP socket
 * that the parent reads from first, and the child when it has got it. The child tells what it receives.
 *
 *   const server = require('dgram').createSocket('udp4');
 *   server.on('message', ...); server.bind(1337, () => { subprocess.send('server', server); });
 *
 * The child is this program again, or the argument: `send_udp ./send_udp.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct app {
  uv_udp_t socket;
  cp_channel *channel; /* to the other process */
  cp_child *child;     /* the rest is the parent's */
  int port;
  char buffer[1024]; /* one datagram at a time */
} app;

static void allocate(uv_handle_t *socket, size_t suggested, uv_buf_t *buffer) {
  app *a = socket->data;
  *buffer = uv_buf_init(a->buffer, sizeof a->buffer);
}

static void close_socket(app *a) {
  if (!uv_is_closing((uv_handle_t *)&a->socket)) uv_close((uv_handle_t *)&a->socket, NULL);
}

/* ---- The child */

static void child_on_datagram(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer, const struct sockaddr *from,
                              unsigned flags) {
  app *a = socket->data;
  if (from == NULL || length < 0) return; /* nothing there */
  cp_heap *heap = cp_heap_new(NULL);
  int rc = cp_send(a->channel, cp_string_n(heap, buffer->base, (size_t)length), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  app *a = data;
  int fd = cp_message_take_fd(message, 0);
  if (fd >= 0 && uv_udp_open(&a->socket, fd) == 0) uv_udp_recv_start(&a->socket, allocate, child_on_datagram);
}

static void child_on_disconnect(cp_channel *parent, void *data) { close_socket(data); }

/* ---- The parent */

/* Any sender will do: bash has one built in. */
static void send_datagram(app *a, const char *text) {
  char command[64];
  snprintf(command, sizeof command, "printf %s >/dev/udp/127.0.0.1/%d", text, a->port);
  int rc = cp_exec(NULL, a->socket.loop, command, &(cp_options){.shell = "/bin/bash"});
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
}

static void send_socket(app *a) {
  cp_handle handle = {.type = CP_HANDLE_UDP};
  uv_fileno((uv_handle_t *)&a->socket, &handle.fd);
  cp_heap *heap = cp_heap_new(NULL);
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  int rc = cp_send(a->channel, cp_string(heap, "server"), &options);
  if (rc < 0) fprintf(stderr, "send: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void on_datagram(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags) {
  app *a = socket->data;
  if (from == NULL || length < 0) return;
  printf("The parent got: %.*s\n", (int)length, buffer->base);
  send_socket(a);
  close_socket(a); /* what was sent is a duplicate; what comes in the meantime waits in it */
  send_datagram(a, "two");
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  printf("The child got: %s\n", cp_value_string(cp_message_value(message), NULL));
  cp_channel_disconnect(cp_child_channel(child));
}

static int bind_to_any_port(app *a) {
  struct sockaddr_in address;
  int length = sizeof address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int rc = uv_udp_bind(&a->socket, (struct sockaddr *)&address, 0);
  if (rc == 0) rc = uv_udp_recv_start(&a->socket, allocate, on_datagram);
  if (rc == 0) rc = uv_udp_getsockname(&a->socket, (struct sockaddr *)&address, &length);
  a->port = ntohs(address.sin_port);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(app *a, const char *module) {
  int rc = bind_to_any_port(a);
  if (rc == 0)
    rc = cp_fork(&a->child, a->socket.loop, module, NULL,
                 &(cp_options){.on_error = on_error, .on_message = on_message, .data = a});
  if (rc < 0) {
    fprintf(stderr, "%s\n", cp_strerror(rc));
    close_socket(a);
    return rc;
  }
  a->channel = cp_child_channel(a->child);
  send_datagram(a, "one");
  return 0;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  app a = {.socket.data = &a};
  uv_udp_init(loop, &a.socket);
  cp_channel_options options = {.on_message = child_on_message, .on_disconnect = child_on_disconnect, .data = &a};
  bool is_child = cp_parent_channel(&a.channel, loop, &options) == 0;
  int rc = is_child ? 0 : run_parent(&a, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT);
  if (is_child) cp_channel_free(a.channel);
  cp_child_free(a.child);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
