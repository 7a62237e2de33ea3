/*
 * The twin of "Example: sending a server object": a listening socket in two processes, and both may accept from it.
 *
 *   const server = require('net').createServer();
 *   server.on('connection', (socket) => { socket.end('handled by parent'); });
 *   server.listen(1337, () => { subprocess.send('server', server); });
 *
 * While both accept, nobody can say who handles a connection. So that it is the same each time, the parent handles the
 * first one, then sends the server and closes its own. The child is this program again, or the argument:
 * `send_server ./send_server.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct app {
  uv_tcp_t server;
  const char *text; /* for each connection */
  cp_child *child;  /* the rest is the parent's */
  int port, clients;
} app;

static void on_closed(uv_handle_t *socket) { free(socket); }

/* socket.end(text): so few bytes a new connection takes at once. */
static void on_connection(uv_stream_t *server, int status) {
  const app *a = server->data;
  uv_tcp_t *socket = malloc(sizeof *socket);
  if (socket == NULL) abort();
  uv_tcp_init(server->loop, socket);
  uv_buf_t text = uv_buf_init((char *)a->text, (unsigned)strlen(a->text));
  if (uv_accept(server, (uv_stream_t *)socket) == 0) uv_try_write((uv_stream_t *)socket, &text, 1);
  uv_close((uv_handle_t *)socket, on_closed);
}

static int listen_as(app *a, const char *text) {
  a->text = text;
  return uv_listen((uv_stream_t *)&a->server, 128, on_connection);
}

static void close_server(app *a) {
  if (!uv_is_closing((uv_handle_t *)&a->server)) uv_close((uv_handle_t *)&a->server, NULL);
}

/* ---- The child */

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  app *a = data;
  int fd = cp_message_take_fd(message, 0);
  if (fd >= 0 && uv_tcp_open(&a->server, fd) == 0) listen_as(a, "handled by child");
}

static void child_on_disconnect(cp_channel *parent, void *data) { close_server(data); }

/* ---- The parent */

static int send_server(app *a) {
  cp_handle handle = {.type = CP_HANDLE_SERVER};
  uv_fileno((uv_handle_t *)&a->server, &handle.fd);
  cp_heap *heap = cp_heap_new(NULL);
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  int rc = cp_send(cp_child_channel(a->child), cp_string(heap, "server"), &options);
  cp_heap_free(heap);
  return rc;
}

static int start_client(app *a);

static void on_answer(cp_child *client, const cp_error *error, const cp_result *result, void *data) {
  app *a = data;
  printf("client %d: %s\n", ++a->clients, error ? error->message : result->out.bytes);
  bool again = a->clients == 1 && send_server(a) >= 0;
  close_server(a); /* what was sent is a duplicate */
  if (!again || start_client(a) < 0) cp_channel_disconnect(cp_child_channel(a->child));
}

/* Any client will do: bash has one built in. */
static int start_client(app *a) {
  char command[64];
  snprintf(command, sizeof command, "cat </dev/tcp/127.0.0.1/%d", a->port);
  return cp_exec(NULL, a->server.loop, command, &(cp_options){.shell = "/bin/bash", .on_result = on_answer, .data = a});
}

static int listen_on_any_port(app *a) {
  struct sockaddr_in address;
  int length = sizeof address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int rc = uv_tcp_bind(&a->server, (struct sockaddr *)&address, 0);
  if (rc == 0) rc = listen_as(a, "handled by parent");
  if (rc == 0) rc = uv_tcp_getsockname(&a->server, (struct sockaddr *)&address, &length);
  a->port = ntohs(address.sin_port);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(app *a, const char *module) {
  int rc = listen_on_any_port(a);
  if (rc == 0) rc = cp_fork(&a->child, a->server.loop, module, NULL, &(cp_options){.on_error = on_error});
  if (rc == 0) rc = start_client(a);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  if (rc < 0) close_server(a);
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  app a = {.server.data = &a};
  uv_tcp_init(loop, &a.server);
  cp_channel *parent = NULL;
  cp_channel_options options = {.on_message = child_on_message, .on_disconnect = child_on_disconnect, .data = &a};
  int rc = cp_parent_channel(&parent, loop, &options);
  if (rc < 0) rc = run_parent(&a, argc > 1 ? argv[1] : argv[0]);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(parent);
  cp_child_free(a.child);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
