/*
 * The twin of "Example: sending a socket object": the parent accepts connections and gives each to one of two children,
 * by the address that it comes from: 127.0.0.2 is special.
 *
 *   const normal = fork('subprocess.js', ['normal']);
 *   const special = fork('subprocess.js', ['special']);
 *   server.on('connection', (socket) => { ... special.send('socket', socket); ... normal.send('socket', socket); });
 *
 * pauseOnConnect has no twin: a libuv socket is not read from before uv_read_start(). The children are this program again,
 * or the argument: `send_socket ./send_socket.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The children: `name` is "normal" or "special" */

static void child_on_message(cp_channel *parent, cp_message *message, void *name) {
  int fd = cp_message_take_fd(message, 0);
  if (fd < 0) return; /* the socket may have been closed on its way here: check that it exists */
  char text[64];
  int length = snprintf(text, sizeof text, "Request handled with %s priority", (const char *)name);
  (void)!send(fd, text, (size_t)length, MSG_NOSIGNAL); /* the client may have gone since */
  close(fd);
}

static int run_child(uv_loop_t *loop, cp_channel *parent, char *name) {
  cp_channel_on_message(parent, child_on_message, name);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(parent);
  return 0;
}

/* ---- The parent */

typedef struct app {
  uv_tcp_t server;
  cp_child *normal, *special;
  int port, clients;
} app;

static bool is_special(const uv_tcp_t *socket) {
  struct sockaddr_in address;
  int length = sizeof address;
  if (uv_tcp_getpeername(socket, (struct sockaddr *)&address, &length) < 0) return false;
  return ntohl(address.sin_addr.s_addr) == INADDR_LOOPBACK + 1;
}

static void send_socket(cp_child *child, const uv_tcp_t *socket) {
  cp_handle handle = {.type = CP_HANDLE_SOCKET};
  uv_fileno((const uv_handle_t *)socket, &handle.fd);
  cp_heap *heap = cp_heap_new(NULL);
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  int rc = cp_send(cp_child_channel(child), cp_string(heap, "socket"), &options);
  if (rc < 0) fprintf(stderr, "send: %s\n", cp_strerror(rc));
  cp_heap_free(heap);
}

static void on_closed(uv_handle_t *socket) { free(socket); }

static void on_connection(uv_stream_t *server, int status) {
  app *a = server->data;
  uv_tcp_t *socket = malloc(sizeof *socket);
  if (socket == NULL) abort();
  uv_tcp_init(server->loop, socket);
  if (uv_accept(server, (uv_stream_t *)socket) == 0) send_socket(is_special(socket) ? a->special : a->normal, socket);
  uv_close((uv_handle_t *)socket, on_closed); /* what was sent is a duplicate */
}

static int start_client(app *a, const char *address);

static void on_answer(cp_child *client, const cp_error *error, const cp_result *result, void *data) {
  app *a = data;
  printf("%s\n", error ? error->message : result->out.bytes);
  if (++a->clients == 1 && start_client(a, "127.0.0.2") == 0) return;
  uv_close((uv_handle_t *)&a->server, NULL);
  cp_channel_disconnect(cp_child_channel(a->normal));
  cp_channel_disconnect(cp_child_channel(a->special));
}

static int start_client(app *a, const char *address) {
  char port[16];
  snprintf(port, sizeof port, "%d", a->port);
  static const char script[] =
      "import socket, sys\n"
      "to, source = ('127.0.0.1', int(sys.argv[1])), (sys.argv[2], 0)\n"
      "sys.stdout.write(socket.create_connection(to, source_address=source).makefile().read())";
  return cp_exec_file(NULL, a->server.loop, "python3", CP_ARGS("-c", script, port, address),
                      &(cp_options){.on_result = on_answer, .data = a});
}

static int listen_on_any_port(app *a) {
  struct sockaddr_in address;
  int length = sizeof address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int rc = uv_tcp_bind(&a->server, (struct sockaddr *)&address, 0);
  if (rc == 0) rc = uv_listen((uv_stream_t *)&a->server, 128, on_connection);
  if (rc == 0) rc = uv_tcp_getsockname(&a->server, (struct sockaddr *)&address, &length);
  a->port = ntohs(address.sin_port);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  app a = {.server.data = &a};
  uv_tcp_init(loop, &a.server);
  int rc = listen_on_any_port(&a);
  if (rc == 0) rc = cp_fork(&a.normal, loop, module, CP_ARGS("normal"), &(cp_options){.on_error = on_error});
  if (rc == 0) rc = cp_fork(&a.special, loop, module, CP_ARGS("special"), &(cp_options){.on_error = on_error});
  if (rc == 0) rc = start_client(&a, "127.0.0.1");
  if (rc == 0)
    uv_run(loop, UV_RUN_DEFAULT);
  else
    uv_close((uv_handle_t *)&a.server, NULL);
  cp_child_free(a.normal);
  cp_child_free(a.special);
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here; `a` is still in use */
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, NULL) == 0 ? run_child(loop, parent, argv[1])
                                                       : run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  uv_run(loop, UV_RUN_DEFAULT);
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
